"""Time limits, deaths, and nothing left behind: what the parent makes of its workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from lanes import a_pool, block, job, note, printed, run

from runner import scratch
from runner.job import Job, Mode, Step
from runner.pool import BlockDone, BlockOutput, BlockStarted, LaneEnded
from runner.result import Place, Status


def limited(folder: Path, *sources: str, seconds: float = 0.3) -> Job:
    """A note with the blocks ``b0``, ``b1``… which all have ``seconds``."""
    main = note(folder, "main", *(block("run", f"b{n}", s) for n, s in enumerate(sources)))
    steps = tuple(Step(code.id, Mode.RUN, timeout=seconds) for code in main.blocks)
    return job(main, steps=steps)


def at(id: str, line: int) -> str:
    return Place("vault.main", id, line).token()


HANGS = {
    "loop": ("print('begun')\nwhile True:\n    x = 1", {2, 3}),
    "sleep": ("import time\nprint('begun')\ntime.sleep(60)", {3}),
    "lock": ("import threading\nprint('begun')\nl = threading.Lock()\nl.acquire()\nl.acquire()", {5}),
    "child": ("import subprocess\nprint('begun')\nsubprocess.run(['sleep', '60'])", {3}),
    "stubborn": (
        "print('begun')\nwhile True:\n    try:\n        while True: pass\n"
        "    except BaseException: pass",
        {2, 3, 4, 5},
    ),
    "deaf": (
        "import ctypes, signal\nprint('begun')\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "while True: ctypes.PyDLL(None).sleep(60)",
        {4},
    ),
}  # fmt: skip


@pytest.mark.parametrize("id", HANGS)
def test_a_hanging_block_times_out_at_its_line(tmp_path: Path, id: str) -> None:
    source, lines = HANGS[id]
    with a_pool() as pool:
        ran = run(pool, limited(tmp_path, "print('first')", source, "print('never')"))
    assert not ran.finished
    assert set(ran.results) == {"b0", "b1"}
    result = ran["b1"]
    assert result.status is Status.TIMEOUT
    assert printed(result) == "begun\n"
    assert result.failure is not None
    place = result.failure.frames[-1].place
    assert place is not None
    assert place.line in lines
    assert result.reason == f"time limit of 0.3 s reached: still running at {place.token()}"


def test_a_test_that_hangs_times_out_at_its_line(tmp_path: Path) -> None:
    source = "import time\ndef test_fine(): pass\ndef test_hangs():\n    time.sleep(60)"
    main = note(tmp_path, "main", block("test", "t", source))
    with a_pool() as pool:
        ran = run(pool, job(main, steps=(Step("t", Mode.RUN, timeout=1.0),)))
    assert ran["t"].status is Status.TIMEOUT
    assert ran["t"].reason == f"time limit of 1 s reached: still running at {at('t', 4)}"


DEATHS = {
    "exit": ("print('begun')\nimport os\nos._exit(3)", "the process ended with exit code 3", 3),
    "segfault": (
        "print('begun')\nimport ctypes\ndef f():\n    ctypes.string_at(0)\nf()",
        "killed by SIGSEGV",
        4,
    ),
    "abort": ("print('begun')\nimport os\nos.abort()", "killed by SIGABRT", 3),
    "closed": (
        "print('begun')\nimport os, time\nos.closerange(3, 3000)\ntime.sleep(60)",
        "it closed the streams of its process",
        None,
    ),
}


@pytest.mark.parametrize("id", DEATHS)
def test_a_dying_worker_is_a_result(tmp_path: Path, id: str) -> None:
    source, what, line = DEATHS[id]
    with a_pool() as pool:
        ran = run(pool, limited(tmp_path, source, "print('never')", seconds=20))
        again = run(pool, limited(tmp_path, "print('alive')"))
    assert not ran.finished
    result = ran["b0"]
    assert result.status is Status.CRASHED
    assert printed(result) == "begun\n"
    assert result.reason.startswith(what)
    if line is not None:
        assert result.reason == f"{what} at {at('b0', line)}"
    assert printed(again["b0"]) == "alive\n"


def test_a_killed_worker_says_where_it_was_seen_last(tmp_path: Path) -> None:
    source = "import os, signal, time\ntime.sleep(0.5)\nos.kill(os.getpid(), signal.SIGKILL)"
    with a_pool() as pool:
        ran = run(pool, limited(tmp_path, source, seconds=20))
    killed = "killed by SIGKILL (as the system does when memory runs out)"
    assert ran["b0"].reason == f"{killed}, last seen at {at('b0', 2)}"


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody waited for counts."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


def soon(what: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if what():
            return True
        time.sleep(0.02)
    return False


linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
LEAVES_CHILD = (
    "import subprocess, os\np = subprocess.Popen(['sleep', '99'])\nprint(os.getpid(), p.pid)"
)


@linux
def test_children_of_a_finished_lane_are_ended(tmp_path: Path) -> None:
    with a_pool() as pool:
        ran = run(pool, limited(tmp_path, LEAVES_CHILD, seconds=20))
        assert ran.finished
        worker, child = map(int, printed(ran["b0"]).split())
        assert soon(lambda: gone(worker) and gone(child))


@linux
def test_close_ends_workers_at_work_and_their_children(tmp_path: Path) -> None:
    with a_pool() as pool:
        pool.submit(limited(tmp_path, LEAVES_CHILD, "while True: pass", seconds=60))
        while not isinstance(done := pool.next_event(60), BlockDone):
            assert done is not None
    worker, child = map(int, printed(done.result).split())
    assert gone(worker)
    assert soon(lambda: gone(child))


@linux
def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    work = limited(tmp_path, LEAVES_CHILD, "import time; time.sleep(60)", seconds=60)
    script = (
        "import sys, json\n"
        "from runner.pool import Pool\nfrom runner.job import Job\nfrom runner.result import decode\n"
        "pool = Pool(sys.executable)\n"
        "pool.submit(decode(Job, json.loads(sys.argv[1])))\n"
        "while True:\n"
        "    event = pool.next_event()\n"
        "    if type(event).__name__ == 'BlockDone':\n"
        "        print(event.result.outputs[0].text, flush=True)\n"
    )
    import json

    from runner.result import encode

    parent = subprocess.Popen(
        [sys.executable, "-c", script, json.dumps(encode(work))],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent,
    )
    assert parent.stdout is not None
    with parent.stdout:
        worker, child = map(int, parent.stdout.readline().split())
    parent.kill()
    parent.wait()
    assert soon(lambda: gone(worker) and gone(child))


def test_nothing_is_left_in_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(scratch, "temporary_folder", lambda: str(folder))
    with a_pool() as pool:
        run(pool, limited(tmp_path, "1"))
        run(pool, limited(tmp_path, "import os; os._exit(1)"))
        run(pool, limited(tmp_path, "while True: pass"))
        assert soon(lambda: any(folder.iterdir())), "a spare worker has its own"
    assert soon(lambda: not list(folder.iterdir()))


def test_lanes_run_beside_each_other(tmp_path: Path) -> None:
    """Each waits for a file that the other makes."""
    source = "import pathlib, time\npathlib.Path('{}').touch()\nwhile not pathlib.Path('{}').exists(): time.sleep(.01)"
    with a_pool(workers=2) as pool:
        works = [limited(tmp_path, source.format(*pair), seconds=30) for pair in ("xy", "yx")]
        lanes = [pool.submit(work) for work in works]
        ended = []
        while len(ended) < 2:
            event = pool.next_event(60)
            assert event is not None
            if isinstance(event, LaneEnded):
                ended.append(event)
    assert sorted((event.lane, event.finished) for event in ended) == [(n, True) for n in lanes]


def test_each_lane_has_a_fresh_process(tmp_path: Path) -> None:
    source = "import os, sys\nprint(os.getpid(), hasattr(sys, 'mark')); sys.mark = 1"
    with a_pool() as pool:
        texts = [printed(run(pool, limited(tmp_path, source))["b0"]).split() for _ in range(3)]
    assert len({pid for pid, _ in texts}) == 3
    assert {mark for _, mark in texts} == {"False"}


def test_cancel(tmp_path: Path) -> None:
    with a_pool() as pool:
        running = pool.submit(limited(tmp_path, "while True: pass", seconds=60))
        waiting = pool.submit(limited(tmp_path, "print(1)"))
        assert pool.next_event(60) == BlockStarted(running, "b0")
        pool.cancel(waiting)
        assert pool.next_event(60) == LaneEnded(waiting, False)
        pool.cancel(running)
        while isinstance(event := pool.next_event(60), BlockOutput):
            pass
        assert event == LaneEnded(running, False)
        assert printed(run(pool, limited(tmp_path, "print(1)"))["b0"]) == "1\n"


def test_the_latest_line_is_told_while_a_block_runs(tmp_path: Path) -> None:
    source = (
        "import time, os\nprint('step 1')\ntime.sleep(.4)\nos.system('echo step 2')\ntime.sleep(.4)"
    )
    with a_pool() as pool:
        ran = run(pool, limited(tmp_path, source, seconds=20))
    told = [(e.line, e.place) for e in ran.events if isinstance(e, BlockOutput)]
    assert ("step 1", at("b0", 3)) in told
    assert ("step 2", at("b0", 5)) in told
    assert isinstance(ran.events[0], BlockStarted)


def test_next_event_waits_no_longer_than_it_may() -> None:
    with a_pool() as pool:
        assert pool.next_event(0.01) is None


def test_modules_are_imported_ahead(tmp_path: Path) -> None:
    with a_pool(preload=("fractions", "no_such_module")) as pool:
        ran = run(pool, limited(tmp_path, "import sys\n'fractions' in sys.modules", seconds=20))
    assert printed(ran["b0"]) == "True"


@linux
def test_workers_are_forked_from_one_that_has_imported(tmp_path: Path) -> None:
    source = (
        "import os, sys\nprint(os.getppid(), os.getpid(), 'fractions' in sys.modules, os.getsid(0))"
    )
    with a_pool(preload=("fractions",)) as pool:
        said = [printed(run(pool, limited(tmp_path, source))["b0"]).split() for _ in range(3)]
        crashed = run(pool, limited(tmp_path, DEATHS["segfault"][0], seconds=20))
        stuck = run(pool, limited(tmp_path, HANGS["stubborn"][0]))
    assert len({parent for parent, *_ in said}) == 1
    assert len({own for _, own, *_ in said}) == 3
    assert all(loaded == "True" and own == session for _, own, loaded, session in said)
    assert crashed["b0"].reason == f"killed by SIGSEGV at {at('b0', 4)}"
    assert stuck["b0"].status is Status.TIMEOUT
    assert gone(int(said[0][0])), "the template ends with the pool"


@linux
def test_without_its_template_the_pool_goes_on(tmp_path: Path) -> None:
    source = "import os\nprint(os.getppid())"
    with a_pool(preload=("fractions",)) as pool:
        template = int(printed(run(pool, limited(tmp_path, source))["b0"]))
        os.kill(template, signal.SIGKILL)
        soon(lambda: gone(template))
        after = [printed(run(pool, limited(tmp_path, source, seconds=20))["b0"]) for _ in range(2)]
    assert {int(parent) for parent in after} == {os.getpid()}


@linux
def test_an_import_that_starts_a_thread_is_not_forked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "starts_thread.py").write_text(
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()\n",
        encoding="utf-8",
    )
    source = "import os, sys\nprint(os.getppid(), 'starts_thread' in sys.modules)"
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with a_pool(preload=("starts_thread",)) as pool:
        ran = run(pool, limited(tmp_path, source, seconds=20))
    assert printed(ran["b0"]).split() == [str(os.getpid()), "True"]


@linux
def test_the_kernel_would_take_workers_first(tmp_path: Path) -> None:
    with a_pool() as pool:
        ran = run(pool, limited(tmp_path, "print(open('/proc/self/oom_score_adj').read())"))
    assert printed(ran["b0"]).strip() == "1000"


@linux
def test_torch_computes_in_forked_workers(tmp_path: Path) -> None:
    source = "import torch\nx = torch.ones(1500, 1500)\n(x @ x).max().item(), torch.optim.SGD([torch.nn.Parameter(x)], lr=1).__class__"
    with a_pool(preload=("torch",), threads=2) as pool:
        texts = {printed(run(pool, limited(tmp_path, source, seconds=60))["b0"]) for _ in range(2)}
    assert texts == {"(1500.0, <class 'torch.optim.sgd.SGD'>)"}


def test_the_thread_count(tmp_path: Path) -> None:
    with a_pool(threads=2) as pool:
        ran = run(pool, limited(tmp_path, "import torch\ntorch.get_num_threads()", seconds=60))
    assert printed(ran["b0"]) == "2"
