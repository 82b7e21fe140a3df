"""Where a block was when its process ended or stood still, and processes that say nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from lanes import a_pool, block, job, note, printed, run

from runner import underway
from runner.job import Job, Mode, Step
from runner.pool import LaneEnded, Pool
from runner.result import Place, Status

posix = pytest.mark.skipif(os.name == "nt", reason="signals")


def limited(folder: Path, *sources: str, seconds: float = 20) -> Job:
    main = note(folder, "main", *(block("run", f"b{n}", s) for n, s in enumerate(sources)))
    return job(main, steps=tuple(Step(c.id, Mode.RUN, timeout=seconds) for c in main.blocks))


def at(id: str, line: int) -> str:
    return Place("vault.main", id, line).token()


@posix
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGALRM", "SIGXCPU"])
def test_a_signal_that_ends_a_block_is_told_with_its_line(tmp_path: Path, name: str) -> None:
    source = f"import os, signal\n1 + 1\nos.kill(os.getpid(), signal.{name})\n2 + 2"
    with a_pool() as pool:
        ran = run(pool, limited(tmp_path, source))
    assert ran["b0"].reason == f"killed by {name} at {at('b0', 3)}"


@posix
def test_children_that_a_block_ends_say_nothing_of_it(tmp_path: Path) -> None:
    """They inherit what makes a process tell its line."""
    source = """
    import os, signal, time
    def child():
        time.sleep(60)
    if (pid := os.fork()) == 0: child()
    time.sleep(0.2)
    os.kill(pid, signal.SIGTERM); os.waitpid(pid, 0)
    os.kill(os.getpid(), signal.SIGKILL)
    """
    with a_pool() as pool:
        ran = run(pool, limited(tmp_path, source))
    assert ran["b0"].reason.startswith("killed by SIGKILL")
    assert at("b0", 3) not in ran["b0"].reason


@posix
def test_a_crash_is_told_with_the_line_of_its_thread(tmp_path: Path) -> None:
    """A dump begins with the youngest thread, which here is another one."""
    source = """
    import ctypes, threading, time
    def idle():
        time.sleep(60)
    threading.Thread(target=idle, daemon=True).start()
    time.sleep(0.1)
    ctypes.string_at(0)
    """
    with a_pool() as pool:
        ran = run(pool, limited(tmp_path, source))
    assert ran["b0"].reason == f"killed by SIGSEGV at {at('b0', 6)}"


@pytest.mark.skipif(sys.platform != "linux", reason="a stopped process is asked by a signal")
def test_a_block_that_stops_its_process_is_found_at_its_line(tmp_path: Path) -> None:
    source = "import os, signal\n1 + 1\nos.kill(os.getpid(), signal.SIGSTOP)\nwhile True: pass"
    with a_pool() as pool:
        ran = run(pool, limited(tmp_path, source, seconds=0.5))
    assert ran["b0"].status is Status.TIMEOUT
    found = {f"time limit of 0.5 s reached: still running at {at('b0', n)}" for n in (3, 4)}
    assert ran["b0"].reason in found


def test_a_block_that_closes_what_it_did_not_open_goes_on(tmp_path: Path) -> None:
    """As programs do that become daemons."""
    source = "import os\nprint('one')\nos.closerange(0, 256)\nprint('two')"
    with a_pool() as pool:
        ran = run(pool, limited(tmp_path, source, "print('three')"))
    assert ran.finished
    assert [printed(ran[id]) for id in ("b0", "b1")] == ["one\ntwo\n", "three\n"]


def test_a_process_that_cannot_be_heard_any_more_is_told(tmp_path: Path) -> None:
    with a_pool() as pool:
        ran = run(pool, limited(tmp_path, "import os\nos.closerange(3, 3000)"))
    assert ran["b0"].status is Status.CRASHED
    assert ran["b0"].reason == f"it closed the streams of its process, last seen at {at('b0', 1)}"


@posix
def test_a_process_that_does_not_end_costs_no_result(tmp_path: Path) -> None:
    stops = "import os, signal, threading\nthreading.Timer(0.01, os.kill, (os.getpid(), signal.SIGSTOP)).start()"
    with a_pool() as pool:
        ran = run(pool, limited(tmp_path, "print('one')", stops))
        again = run(pool, limited(tmp_path, "print('two')"))
    assert {result.status for result in ran.results.values()} <= {Status.OK}
    assert printed(again["b0"]) == "two\n"


@posix
def test_a_process_that_never_begins_its_next_block_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(underway, "START_LIMIT", 3.0)
    hinders = "import os, time\nprint('one')\nos.dup2 = lambda *_: time.sleep(60)"
    with a_pool() as pool:
        ran = run(pool, limited(tmp_path, hinders, "print('two')"))
    assert (printed(ran["b0"]), ran.finished) == ("one\n", False)
    assert "b1" not in ran.results
    end = ran.events[-1]
    assert isinstance(end, LaneEnded) and end.why.startswith("it said nothing for ")


@posix
def test_a_worker_that_is_killed_before_it_is_ready_is_replaced(tmp_path: Path) -> None:
    python, flag = tmp_path / "python", tmp_path / "killed"
    python.write_text(
        f'#!/bin/sh\n[ -e "{flag}" ] || {{ touch "{flag}"; kill -9 $$; }}\n'
        f'exec "{sys.executable}" "$@"\n',
        encoding="utf-8",
    )
    python.chmod(0o755)
    with Pool(str(python)) as pool:
        assert printed(run(pool, limited(tmp_path, "print('one')"))["b0"]) == "one\n"
    assert flag.exists()


def test_an_error_that_python_ignores_shows_the_blocks_own_lines(tmp_path: Path) -> None:
    source = "class A:\n    def __del__(self): raise ValueError('late')\na = A()\ndel a"
    with a_pool() as pool:
        text = printed(run(pool, limited(tmp_path, source))["b0"])
    assert text.startswith("Exception ignored in: <function A.__del__ at 0x")
    assert text.endswith("ValueError: late\n") and "worker" not in text
