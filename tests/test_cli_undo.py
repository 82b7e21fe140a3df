"""``undo``: what a note held before our last writes comes back, byte for byte."""

from __future__ import annotations

import pytest
from vaults import Home, fence

BEFORE = "# T\r\n\r\n" + fence("run", "a", "print(1)") + "no last newline"


@pytest.fixture
def note(home: Home) -> str:
    """A note that a run has written."""
    home.write("N.md", BEFORE)
    assert home.command("run", ".", "--trust").code == 0
    assert "runner:a" in home.read("N.md")
    return str(home.vault / "N.md")


def test_a_run_can_be_taken_back_and_done_again(home: Home, note: str) -> None:
    after = home.read("N.md")
    done = home.command("undo", note)
    assert done.code == 0 and "-<!-- runner:a" in done.out and "was changed since" not in done.out
    assert home.read("N.md") == BEFORE
    again = home.command("undo", note, "--json")
    assert again.json == {"note": "N.md", "changed": True, "edited": False}
    assert home.read("N.md") == after


def test_what_was_typed_since_is_told_and_comes_back(home: Home, note: str) -> None:
    typed = home.read("N.md") + "\n\nthree paragraphs of mine"
    home.write("N.md", typed)
    done = home.command("undo", note)
    assert done.code == 0 and "was changed since our last write" in done.out
    assert home.read("N.md") == BEFORE
    assert home.command("undo", note, "--json").json["edited"] is False
    assert home.read("N.md") == typed


def test_several_runs_can_be_taken_back_one_by_one(home: Home, note: str) -> None:
    held = [BEFORE]
    for number in (2, 3):
        home.edit("N.md", f"print({number - 1})", f"print({number})")
        held.append(home.read("N.md"))
        assert home.command("run", ".", "--trust").code == 0
    listed = home.command("undo", note, "--list", "--json").json
    assert [row["version"] for row in listed["versions"]] == [1, 2, 3]
    assert [row["bytes"] for row in listed["versions"]] == [len(h.encode()) for h in held[::-1]]
    latest = home.read("N.md")
    assert home.command("undo", note, "--version", "3").code == 0
    assert home.read("N.md") == BEFORE
    assert home.command("undo", note).code == 0
    assert home.read("N.md") == latest


def test_a_note_that_was_deleted_is_made_again(home: Home, note: str) -> None:
    (home.vault / "N.md").unlink()
    done = home.command("undo", note)
    assert done.code == 0 and "is gone" in done.out
    assert home.read("N.md") == BEFORE


def test_writing_into_a_hard_linked_note_can_be_taken_back(home: Home) -> None:
    note = home.write("N.md", BEFORE)
    other = home.vault.parent / "other.md"
    other.hardlink_to(note)
    assert home.command("run", ".", "--trust").code == 0
    assert b"runner:a" in other.read_bytes()
    assert home.command("undo", str(note)).code == 0
    assert other.read_bytes() == note.read_bytes() == BEFORE.encode()


def test_what_cannot_be_undone_is_said(home: Home) -> None:
    home.write("N.md", "text\n")
    for arguments, words in (
        (["N.md"], "nothing is kept of"),
        (["Gone.md"], "nothing is kept of"),
        (["no/such/folder/Gone.md"], "does not exist"),
        (["."], "is no file"),
        (["../outside.md"], "nothing is kept of"),
    ):
        said = home.command("undo", *arguments)
        assert (said.code, said.out, "Traceback" in said.err) == (2, "", False)
        assert words in said.err


def test_a_version_that_is_not_kept_is_said(home: Home, note: str) -> None:
    said = home.command("undo", note, "--version", "9")
    assert said.code == 2 and "--list" in said.err
