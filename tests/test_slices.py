"""Slices: an edit executes what it must and nothing beside it, whatever the rest would cost."""

from __future__ import annotations

from pathlib import Path

import pytest
from vaults import Home, actions, fence, ran, statuses


class Log:
    """What was executed in which order, written down by the blocks themselves."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def line(self, word: str) -> str:
        return f"open({str(self._path)!r}, 'a').write('{word} ')"

    def take(self) -> list[str]:
        words = self._path.read_text().split() if self._path.exists() else []
        self._path.unlink(missing_ok=True)
        return words


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "log")


@pytest.fixture
def note(home: Home, log: Log) -> Home:
    """Two chains of blocks on common ground, and a test of one of them."""

    def block(role: str, id: str, *lines: str) -> str:
        return fence(role, id, f"einops.write({id!r})", *lines)

    # Under a name whose functions pass for pure, so that the log ties no blocks together.
    home.write("einops.py", f"def write(word):\n    {log.line('{word}')}\n".replace("'{", "f'{"))
    home.write(
        "N.md",
        fence("setup", "imports", "import einops")
        + block("component", "base", "BASE = 1")
        + block("run", "left", "x = BASE + 1", "print(x)")
        + block("run", "right", "y = BASE + 10", "print(y)")
        + block("run", "left_end", "print(x * 100)")
        + block("run", "apart", "print('apart')")
        + block("test", "check", "def test_it(): assert BASE == 1"),
    )
    home.session()
    log.take()
    return home


@pytest.mark.parametrize(
    ("old", "new", "run", "executed"),
    [
        ("print('apart')", "print('aside')", {"apart"}, ["apart"]),
        ("x * 100", "x * 200", {"left_end"}, ["base", "left", "left_end"]),
        ("y = BASE + 10", "y = BASE + 20", {"right"}, ["base", "right"]),
        ("assert BASE == 1", "assert 1 == BASE", {"check"}, ["base", "check"]),
        (
            "x = BASE + 1",
            "x = BASE + 2",
            {"left", "left_end"},
            ["base", "left", "left_end"],
        ),
        ("print(x)", "print(x)  # a word", set(), []),
    ],
)
def test_an_edit_executes_its_slice(
    note: Home, log: Log, old: str, new: str, run: set[str], executed: list[str]
) -> None:
    note.edit("N.md", old, new)
    report = note.session()
    assert ran(report) == run
    assert log.take() == executed
    assert set(statuses(report).values()) == {"ok"}
    assert {id for id, action in actions(report).items() if action == "replay"} == (
        {"imports", *executed} - run if executed else set()
    )


def test_after_any_slice_the_note_is_what_a_whole_run_leaves(note: Home) -> None:
    for old, new in (("x = BASE + 1", "x = BASE + 2"), ("y = BASE", "y = 3 * BASE")):
        note.edit("N.md", old, new)
        note.session()
    sliced = note.read("N.md")
    note.session(force=True)
    assert note.read("N.md") == sliced
