"""``undo``: what a note held before our last writes comes back, byte for byte."""

from __future__ import annotations

from vaults import Home, fence


def test_a_run_can_be_taken_back_and_done_again(home: Home) -> None:
    home.write("N.md", "# T\r\n\r\n" + fence("run", "a", "print(1)") + "no last newline")
    before = (home.vault / "N.md").read_bytes()
    assert home.command("run", ".", "--trust").code == 0
    after = (home.vault / "N.md").read_bytes()
    done = home.command("undo", str(home.vault / "N.md"))
    assert done.code == 0 and "-<!-- runner:a" in done.out
    assert (home.vault / "N.md").read_bytes() == before
    again = home.command("undo", str(home.vault / "N.md"), "--json")
    assert again.json == {"note": "N.md", "changed": True}
    assert (home.vault / "N.md").read_bytes() == after


def test_what_cannot_be_undone_is_said(home: Home) -> None:
    home.write("N.md", "text\n")
    never = home.command("undo", str(home.vault / "N.md"))
    assert (never.code, "nothing is kept of" in never.err) == (2, True)
    missing = home.command("undo", str(home.vault / "Gone.md"))
    assert missing.code == 2 and "does not exist" in missing.err
