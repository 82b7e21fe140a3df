"""`watch` as a command: what it prints, how it ends, and what it costs in a large vault."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from vaults import Home, fence

LIMIT = 60.0  # seconds


def _ignoring_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def command(
    home: Home, *arguments: str, before: str = "", ignores: bool = False
) -> Iterator[subprocess.Popen[str]]:
    """The command; ``before``: Python that it executes first; ``ignores``: Ctrl-C."""
    code = f"{before}\nfrom runner.cli import main\nmain()"
    start = ["-c", code] if before else ["-m", "runner"]
    process = subprocess.Popen(
        [sys.executable, *start, "watch", ".", "--trust", *arguments],
        preexec_fn=_ignoring_ctrl_c if ignores else None,
        cwd=home.vault,
        env={**home.env, "PYTHONPATH": str(Path(__file__).parents[1])},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def line(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def children(pid: int) -> set[int]:
    """All processes below ``pid``, from Linux's process table."""
    below: dict[int, set[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            below.setdefault(parent, set()).add(int(entry.name))
    found, pending = set[int](), [pid]
    while pending:
        for child in below.get(pending.pop(), ()):
            found.add(child)
            pending.append(child)
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_json_is_one_document_a_line(home: Home) -> None:
    home.write("A.md", fence("run", "one", "print('first')"))
    with command(home, "--json") as process:
        assert line(process)["summary"]["ran"] == 1
        home.edit("A.md", "print('first')", "print('second')")
        document = line(process)
        assert document["notes"][0]["blocks"][0]["action"] == "run"
        assert document["notes"][0]["changed"] is True
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=LIMIT)
        assert (process.returncode, rest, errors) == (0, "", "")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads Linux's process table")
def test_ctrl_c_during_a_run_writes_what_is_finished_and_leaves_no_process(home: Home) -> None:
    home.write("A.md", fence("run", "quick", "print('done')"))
    home.write("B.md", fence("run", "long", "import time", "time.sleep(300)"))
    with command(home, "--workers", "1") as process:
        until(lambda: "\ndone\n" in home.read("A.md") and children(process.pid))
        left = children(process.pid)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=LIMIT)
        assert process.returncode == 0, errors
        assert "Traceback" not in errors
        assert "<!--" not in home.read("B.md")
        until(lambda: not any(alive(pid) for pid in left))


SLOW_END = """
from runner.outbox import Outbox
drain = Outbox.drain
Outbox.drain = lambda box, limit: (open("ending", "w").close(), drain(box, limit))
"""


def test_ctrl_c_twice_ends_at_once(home: Home) -> None:
    home.write("A.md", fence("run", "mark", "open('mark', 'a').write('x')", "print('first')"))
    with command(home, "--quiet", "2.4", before=SLOW_END) as process:
        until(lambda: (home.vault / "mark").exists())
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        until(lambda: (home.vault / "ending").exists())
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=LIMIT)
        assert process.returncode == 0
        assert "<!--" not in home.read("A.md")


def test_notes_that_will_not_come_to_rest_in_time_are_not_waited_for(home: Home) -> None:
    home.write("A.md", fence("run", "mark", "open('mark', 'a').write('x')", "print('first')"))
    with command(home, "--quiet", "100") as process:
        until(lambda: (home.vault / "mark").exists())
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=LIMIT)
        assert process.returncode == 0


HANGS = {
    "a worker's end": "from runner.child import Worker\nWorker.kill = lambda _: time.sleep(1000)",
    "the observer": "from runner import changes\nchanges.Observer.stop = lambda _: time.sleep(1000)",
    "a step": "from runner.batches import Batches\nBatches.plan = lambda *_: time.sleep(1000)",
    "a system call": "import os\nfrom runner.batches import Batches\n"
    "Batches.plan = lambda *_: os.read(os.pipe()[0], 1)",
    "a lock": "import threading\nfrom runner.batches import Batches\n"
    "Batches.plan = lambda *_: [lock := threading.Lock(), lock.acquire(), lock.acquire()]",
    "all that is caught": """
from runner.batches import Batches
def plan(*_):
    while True:
        try:
            time.sleep(1000)
        except BaseException:
            pass
Batches.plan = plan
""",
}


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads Linux's process table")
@pytest.mark.parametrize("hang", HANGS)
def test_ctrl_c_ends_whatever_hangs(home: Home, hang: str) -> None:
    home.write("A.md", fence("run", "long", "while True: pass"))
    before = f"import time\n{HANGS[hang]}"
    with command(home, "--workers", "1", before=before) as process:
        until(lambda: children(process.pid))
        time.sleep(1)
        left = children(process.pid)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=LIMIT)
        assert process.returncode == 0 or "most recent call first" in errors
        until(lambda: not any(alive(pid) for pid in left))


def test_who_was_started_to_ignore_ctrl_c_ends_by_sigterm(home: Home) -> None:
    home.write("A.md", fence("run", "one", "print('first')"))
    with command(home, ignores=True) as process:
        until(lambda: "\nfirst\n" in home.read("A.md"))
        process.send_signal(signal.SIGINT)
        home.edit("A.md", "first')", "second')")
        until(lambda: "\nsecond\n" in home.read("A.md"))
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=LIMIT)
        assert process.returncode == 0
        assert f"(`kill {process.pid}` ends)" in errors


def test_an_unknown_vault_is_not_watched(home: Home) -> None:
    home.write("A.md", fence("run", "mark", "open('mark', 'w')"))
    done = home.command("watch", ".", "--json")
    assert done.code == 3
    assert "is not trusted" in json.loads(done.out)["error"]
    assert not (home.vault / "mark").exists()


def until(met: Any) -> None:
    end = time.monotonic() + LIMIT
    while not met():
        assert time.monotonic() < end
        time.sleep(0.02)
