"""The last few results of a block are kept: an edit that is undone costs nothing."""

from __future__ import annotations

from vaults import Home, fence, ran


def test_an_edit_that_is_undone_runs_nothing(home: Home) -> None:
    home.write("N.md", fence("setup", "s", "n = 1") + "\n" + fence("run", "r", "print(n)"))
    home.session()
    before = home.read("N.md")
    for number in (2, 3, 2, 3):
        home.write("N.md", home.read("N.md").replace(f"n = {5 - number}", f"n = {number}"))
        home.write("N.md", home.read("N.md").replace("n = 1", "n = 2"))
        home.session()
        assert f"```text\n{number}\n```" in home.read("N.md")
    assert ran(home.session()) == set()
    home.write("N.md", before)
    assert ran(home.session()) == set()
    assert home.read("N.md") == before


def test_what_wrote_files_runs_again_when_its_edit_is_undone(home: Home) -> None:
    def write(number: int) -> None:
        home.write("W.md", fence("run", "w", f"_ = open('made.txt', 'w').write('{number}')"))

    home.write("R.md", fence("run", "r", "open('made.txt').read()"))
    for number in (1, 2, 1):
        write(number)
        home.session()
        assert str(number) in home.read("R.md")
        assert home.read("made.txt") == str(number)
