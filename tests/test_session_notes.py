"""The vault around a run: edits meanwhile, files that are odd, folders and links."""

from __future__ import annotations

from pathlib import Path

import pytest
from vaults import Home, fence, lines_named, statuses


def test_a_typed_line_during_a_run_is_kept(home: Home) -> None:
    """A block that edits its own note stands for the user who types meanwhile."""
    home.write(
        "N.md",
        fence(
            "run",
            "types",
            "from pathlib import Path",
            "note = Path('N.md')",
            "note.write_text('Typed.\\n\\n' + note.read_text(encoding='utf-8'), encoding='utf-8')",
            "print('typed')",
        )
        + fence("run", "fails", "1 / 0"),
    )
    home.session()
    text = home.read("N.md")
    assert text.startswith("Typed.\n\n```python")
    assert "runner:types" in text and "```text\ntyped\n```" in text
    assert lines_named(home, "N.md") == {"1 / 0"}


def test_what_fails_again_when_it_is_replayed_keeps_what_it_showed(home: Home) -> None:
    home.write(
        "N.md",
        fence("component", "c", "import matplotlib.pyplot as plt", "plt.plot([1, 2])", "1 / 0")
        + fence("run", "r", "print('beside')")
        + fence("test", "t", "assert True"),
    )
    home.session()
    assert "![[n-c-1.png]]" in home.read("N.md")


def test_what_a_definition_imports_says_nothing_there(home: Home) -> None:
    """Whether it is imported for the first time lies with the run blocks above."""
    home.write("Other.md", fence("component", "c", "print('defined')", "x = 1"))
    fails = fence("component", "fails", "from vault.other import x", "print('own')", "1 / 0")
    home.write("N.md", fails)
    home.write("M.md", fence("run", "r", "from vault.other import x") + fails)
    home.session()
    alone, below = (home.read(name).partition("runner:fails")[2] for name in ("N.md", "M.md"))
    assert "own" in alone and "defined" not in alone + below
    assert "defined" in home.read("M.md")


def test_a_block_changed_during_its_run_keeps_its_old_region(home: Home) -> None:
    home.write(
        "N.md",
        fence(
            "run",
            "types",
            "from pathlib import Path",
            "note = Path('N.md')",
            "text = note.read_text(encoding='utf-8').replace('\"old\"', '\"new\"')",
            "note.write_text(text, encoding='utf-8')",
            'print("old")',
        )
        + fence("run", "apart", "print('apart')"),
    )
    home.session()
    text = home.read("N.md")
    assert "runner:types" not in text and "runner:apart" in text


def test_notes_that_cannot_be_read_cost_themselves_only(home: Home) -> None:
    (home.vault / "Gone.md").symlink_to(home.vault / "nowhere.md")
    (home.vault / "Loop.md").symlink_to(home.vault / "Loop.md")
    (home.vault / "Folder.md").mkdir()
    (home.vault / "loop").symlink_to(home.vault, target_is_directory=True)
    home.write("Fine.md", fence("run", "fine", "print(1)"))
    assert statuses(home.session()) == {"fine": "ok"}


@pytest.mark.parametrize("size", [1, 3], ids=["up to 2 MB", "more"])
def test_long_notes(home: Home, size: int) -> None:
    prose = "All work and no play makes a dull note.\n" * (size * 700_000 // 40)
    home.write("Long.md", prose + "\n" + fence("run", "a", "print('a')"))
    report = home.session()
    if size == 1:
        assert statuses(report) == {"a": "ok"}
        assert home.read("Long.md").startswith(prose)
    else:
        (note,) = report.notes
        assert [p.what for p in note.errors] == ["the note is larger than 2 MB and was left alone"]


def test_a_note_of_two_megabytes_of_output_stays_readable(home: Home) -> None:
    home.write("N.md", fence("run", "flood", "for i in range(100_000): print('line', i)"))
    assert statuses(home.session()) == {"flood": "ok"}
    assert len(home.read("N.md")) < 5000
    assert len(home.files().data["n-flood.txt"]) <= 1024 * 1024


def test_sub_folders_and_dot_folders(home: Home) -> None:
    note = fence("run", "a", "print(1)")
    for path in (".trash/N.md", ".git/N.md", "node_modules/N.md", "N.sync-conflict-1.md"):
        home.write(path, note)
    home.write("deep/er/N.md", note)
    before = home.files()
    report = home.session()
    assert [found.note for found in report.notes] == ["deep/er/N.md"]
    assert before.changed(home.files()) == {"deep/er/N.md"}


def test_a_vault_that_is_a_symlink(home: Home, tmp_path: Path) -> None:
    home.write("N.md", fence("run", "a", "print(1)"))
    (tmp_path / "link").symlink_to(home.vault, target_is_directory=True)
    ran = home.command("run", str(tmp_path / "link"), "--trust", "--json")
    assert ran.code == 0, ran
    assert "runner:a" in home.read("N.md")
