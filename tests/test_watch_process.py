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


@contextmanager
def command(home: Home, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "watch", ".", "--trust", *arguments],
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


def test_ctrl_c_twice_ends_at_once(home: Home) -> None:
    home.write("A.md", fence("run", "mark", "open('mark', 'a').write('x')", "print('first')"))
    with command(home, "--quiet", "100") as process:
        until(lambda: (home.vault / "mark").exists())
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=LIMIT)
        assert time.monotonic() - began < LIMIT / 2
        assert process.returncode == 0


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
