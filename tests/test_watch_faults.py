"""A watch meets what it cannot read, run or write: it says so once, and goes on."""

from __future__ import annotations

import time

import pytest
from vaults import Home, fence, ran
from watches import Watching, watching

A = fence("run", "a", "print('a')")
APP = ".obsidian/app.json"


def prints(watch: Watching, home: Home, word: str, path: str = "A.md") -> None:
    watch.until(lambda: f"\n{word}\n" in home.read(path), word)


@pytest.mark.parametrize("broken", [b'{"attach', b"\xff\xfe"])
def test_settings_of_obsidian_that_cannot_be_read_are_waited_for(home: Home, broken: bytes) -> None:
    home.write(APP, "{}")
    home.write("A.md", A)
    with watching(home, quiet=0.3) as watch:
        home.write(APP, broken)
        home.edit("A.md", "print('a')", "print('b')")
        watch.until(lambda: ".obsidian/app.json is no JSON" in watch.words())
        time.sleep(1)
        assert len(watch.notices) == 1
        assert "\nb\n" not in home.read("A.md")
        home.write(APP, "{}")
        prints(watch, home, "b")


def test_settings_of_obsidian_that_are_being_saved_are_not_worth_a_word(home: Home) -> None:
    home.write(APP, "{}")
    home.write("A.md", A)
    with watching(home, quiet=1.0) as watch:
        home.write(APP, "")
        home.edit("A.md", "print('a')", "print('b')")
        time.sleep(1.5)
        home.write(APP, "{}")
        prints(watch, home, "b")
        assert watch.notices == []


def test_a_note_that_is_not_utf8_is_told_when_it_changes_and_runs_when_mended(home: Home) -> None:
    faulty = "é\n".encode("latin-1") + A.encode()
    home.write("A.md", faulty)
    home.write("B.md", fence("run", "b", "print('b')"))
    with watching(home) as watch:
        assert [p.what for n in watch.first().notes for p in n.problems] == [
            "the note is not UTF-8 (byte 0) and was left alone"
        ]
        home.edit("B.md", "print('b')", "print('bb')")
        assert [note.note for note in watch.next().notes] == ["B.md"]
        home.write("B.md", b"\n" + faulty)
        assert [p.what for n in watch.next().notes for p in n.problems] == [
            "the note is not UTF-8 (byte 1) and was left alone"
        ]
        home.write("B.md", b"\n" + faulty)
        assert watch.rests()
        home.write("A.md", A)
        assert ran(watch.next()) == {"a"}
        prints(watch, home, "a")


def test_a_folder_in_a_notes_place_is_no_note(home: Home) -> None:
    home.write("A.md", A)
    with watching(home) as watch:
        (home.vault / "A.md").unlink()
        (home.vault / "A.md").mkdir()
        time.sleep(1.5)
        assert not any(note.problems for report in watch.reports for note in report.notes)
        (home.vault / "A.md").rmdir()
        home.write("A.md", A.replace("'a'", "'again'"))
        prints(watch, home, "again")


def test_what_the_interpreter_lacks_does_not_end_the_watch(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runner.interpreter import Interpreter, InterpreterError

    def require(_: Interpreter, packages: object) -> None:
        if "torch" in set(packages):  # type: ignore[call-overload]
            raise InterpreterError("the `python` of .runner.toml has no torch: install it")

    monkeypatch.setattr(Interpreter, "require", require)
    home.write("A.md", A)
    with watching(home) as watch:
        home.edit("A.md", "print('a')", "import torch\nprint('torch')")
        watch.until(lambda: "has no torch: install it" in watch.words())
        home.edit("A.md", "import torch\nprint('torch')", "print('b')")
        prints(watch, home, "b")
