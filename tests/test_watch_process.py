"""`watch` as a command: what it prints, how it ends, and what it costs in a large vault."""

from __future__ import annotations

import json
import os
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

from runner import parse as parsing
from runner.changes import Changes
from runner.session import Session, Wish
from runner.vault import Vault
from runner.watch import watch_vault

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


# --- cost -----------------------------------------------------------------------------------


class Counted(Changes):
    """Ends the watch when an edit was answered; makes the edit when the watch first waits."""

    def __init__(self, root: Path, edits: list[Any]) -> None:
        super().__init__(root)
        self.edits = edits
        self.waits = 0

    def wait(self, timeout: float) -> None:
        if self.edits:
            self.edits.pop(0)()
        elif self.waits > 3:
            raise KeyboardInterrupt
        self.waits += 1
        super().wait(min(timeout, 1.0))


def test_the_cost_of_an_edit_does_not_grow_with_the_vault(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in range(100):
        (home.vault / f"f{folder}").mkdir()
    for number in range(10_000):
        text = f"Words {number}\n"
        if number < 300:
            text = fence("component", f"c{number}", f"X = {number}")
        (home.vault / f"f{number % 100}" / f"n{number}.md").write_text(text)
    home.write("Table.md", "<!-- runner-matrix -->\n<!-- /runner -->\n")
    figure = "import matplotlib.pyplot as plt\nplt.plot([1, 2])"
    edited = home.write("f0/Edited.md", fence("run", "fig", figure))

    reads: list[str] = []
    parses: list[str] = []
    counting: list[bool] = []
    read_bytes, parse = Path.read_bytes, parsing.parse

    def counted_read(path: Path) -> bytes:
        if counting and path.suffix == ".md":
            reads.append(path.name)
        return read_bytes(path)

    def counted_parse(path: str, text: str) -> Any:
        if counting:
            parses.append(path)
        return parse(path, text)

    monkeypatch.setattr(Path, "read_bytes", counted_read)
    for module in ("runner.parse", "runner.vault", "runner.writing"):
        monkeypatch.setattr(f"{module}.parse", counted_parse, raising=False)
    scans: list[str] = []
    scandir = os.scandir

    def counted_scan(folder: Any = ".") -> Any:
        if counting and str(folder).startswith(str(home.vault)):
            scans.append(str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", counted_scan)

    def first() -> None:
        """The matrix has been filled once, so that every note was read for its quotes."""

    def edit() -> None:
        counting.append(True)
        text = edited.read_text()
        edited.write_text(text.replace("[1, 2]", "[1, 3]"))

    session = Session(Vault(home.vault, trusted=True))
    changes = Counted(home.vault, [first, edit])
    try:
        wish = Wish(workers=1)
        reports = list(watch_vault(session, [""], wish, lambda _: None, quiet=0.0, changes=changes))
    finally:
        session.close()
    assert [b.action for b in reports[-1].blocks() if b.id == "fig"] == ["run"]
    assert set(reads) <= {"Edited.md", "Table.md"}
    assert set(parses) <= {"f0/Edited.md", "Table.md"}
    assert len(reads) < 30
    assert scans == []
