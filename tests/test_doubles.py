"""What sync tools, editors and links leave beside a note is no note of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from vaults import Home, fence, statuses

from runner.vault import Vault, is_note

posix = pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
BLOCK = fence("run", "a", "print('done')")


@pytest.mark.parametrize(
    "name",
    """
    N (Conflicted copy MacBook 202411031200).md
    N (conflicted copy 2024-11-03 120000).md
    N (Anna's conflicted copy 2024-11-03).md
    N (Case Conflict).md
    N (case conflict 1).md
    N (Unicode Encoding Conflict).md
    N (In Konflikt stehende Kopie von Anna 2024-11-03).md
    N (copie en conflit de Anna 2024-11-03).md
    N (copia en conflicto de Anna 2024-11-03).md
    N (競合コピー 2024-11-03).md
    N.sync-conflict-20241103-120000-ABCDEFG.md
    N_conflict-20241103-120000.md
    N-conflict-20241103.md
    N (SFConflict anna@example.org 2024-11-03-12-00-00).md
    N-DESKTOP-AB12CD3.md
    N-LAPTOP-AB12CD34-2.md
    ~$N.md
    N.md~
    #N.md#
    N.md.orig
    N.md.tmp
    N.md.icloud
    N.md.crswap
    4913
    """.strip().split("\n"),
)
def test_what_a_tool_left_is_no_note(name: str) -> None:
    assert not is_note(f"deep/{name.strip()}")


@pytest.mark.parametrize(
    "name",
    """
    N.md
    N.MD
    N (1).md
    N (Kopie).md
    N 2.md
    Conflict.md
    On conflict (2024).md
    Sync conflicts (how to mend).md
    N-MacBook.md
    Desktop.md
    GPT-4.md
    Notes 2024-11-03.md
    """.strip().split("\n"),
)
def test_what_a_person_wrote_is_one(name: str) -> None:
    assert is_note(f"deep/{name.strip()}")


def test_hidden_temporary_files_are_not_even_seen(home: Home) -> None:
    home.write("N.md", BLOCK)
    for name in (".N.md.swp", ".#N.md", "._N.md", ".~N.md", ".syncthing.N.md.tmp", ".N.md.icloud"):
        home.write(name, BLOCK)
    assert [path for path, _ in Vault(home.vault).files()] == ["N.md"]


def test_icloud_numbers_its_copies(home: Home) -> None:
    home.write("deep/N.md", BLOCK + fence("run", "b", "print(2)"))
    home.write("deep/N 2.md", BLOCK + fence("run", "b", "print(2)") + "one more word")
    home.write("Part.md", BLOCK)
    home.write("Part 2.md", fence("run", "other", "print(2)"))
    home.write("Alone 2.md", fence("run", "c", "print(3)"))
    assert sorted(Vault(home.vault).notes()) == ["Alone 2.md", "Part 2.md", "Part.md", "deep/N.md"]
    told = home.command("run", "deep/N 2.md", "--trust")
    assert told.code == 2 and "over again" in told.err


@posix
def test_a_note_with_two_names_runs_under_one(home: Home) -> None:
    home.write("sub/N.md", BLOCK)
    (home.vault / "Link.md").symlink_to("sub/N.md")
    home.write("M.md", fence("run", "b", "print(2)"))
    os.link(home.vault / "M.md", home.vault / "Other.md")
    assert sorted(Vault(home.vault).notes()) == ["M.md", "sub/N.md"]
    assert statuses(home.session()) == {"a": "ok", "b": "ok"}
    assert home.checked().is_fine(stale_counts=True)
    assert (home.vault / "Link.md").is_symlink()
    assert (home.vault / "M.md").samefile(home.vault / "Other.md")
    told = home.command("run", "Link.md", "--trust")
    assert told.code == 2 and "over again" in told.err


@posix
def test_a_held_vault_knows_names_that_come_and_go(home: Home) -> None:
    home.write("A.md", BLOCK)
    vault = Vault(home.vault)
    vault.hold()
    os.link(home.vault / "A.md", home.vault / "B.md")
    (home.vault / "C.md").symlink_to("A.md")
    assert not vault.touch("B.md") and not vault.touch("C.md")
    assert list(vault.notes()) == ["A.md"]
    (home.vault / "A.md").unlink()
    assert vault.touch("A.md") and vault.touch("B.md")
    assert list(vault.notes()) == ["B.md"]


@posix
def test_a_link_out_of_the_vault_is_a_note_that_is_not_written(home: Home, tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text(BLOCK)
    (home.vault / "Out.md").symlink_to(outside)
    (report,) = home.session().notes
    assert any("out of the vault" in problem.what for problem in report.problems)
    assert outside.read_text() == BLOCK


@posix
def test_a_name_that_is_no_text_stops_no_other_note(home: Home) -> None:
    home.write("A.md", BLOCK)
    try:
        Path(os.fsdecode(os.fsencode(home.vault) + b"/bad\xff.md")).write_text(BLOCK)
    except OSError:
        pytest.skip("this file system has no such names")
    assert statuses(home.session()) == {"a": "ok"}


@posix
def test_a_note_that_becomes_a_pipe_keeps_nobody_waiting(home: Home) -> None:
    code = ["import os", "os.remove('A.md')", "os.mkfifo('A.md')", "print('done')"]
    home.write("A.md", fence("run", "a", *code))
    done = home.run()
    assert done.code == 1
    assert any("pipe" in problem for problem in done.problems())


def test_a_note_whose_folder_vanishes_is_told(home: Home) -> None:
    code = ["import os, shutil", "os.chdir('..')", "shutil.rmtree('deep')", "print('done')"]
    home.write("deep/A.md", fence("run", "a", *code))
    if sys.platform == "win32":
        pytest.skip("a folder in use cannot be removed there")
    done = home.run()
    assert done.code == 1
    assert any("moved or deleted meanwhile" in problem for problem in done.problems())
    assert not (home.vault / "deep").exists()


def test_a_name_as_long_as_names_may_be(home: Home) -> None:
    name = "n" * 252 + ".md"
    plot = ["import matplotlib.pyplot as plt", "plt.plot([1, 2])", "plt.show()"]
    try:
        home.write(name, fence("run", "a", "print('done')", *plot))
    except OSError:
        pytest.skip("this file system has shorter names")
    done = home.run()
    assert done.code == 1 and "\ndone\n" in home.read(name)
    assert any("`module:`" in problem for problem in done.problems())
    assert [path.name for path in home.vault.iterdir()] == [name]
