"""A watch on a real folder with real file events: what runs when."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from vaults import Home, fence, ran, statuses
from watches import SAVERS, A, watching


def test_the_first_run_brings_everything_up_to_date(home: Home) -> None:
    home.write("A.md", A)
    with watching(home) as watch:
        assert ran(watch.first()) == {"start", "one"}
        assert "one 1" in home.read("A.md")


@pytest.mark.parametrize("save", SAVERS)
def test_every_way_to_save_runs_what_changed_once(
    home: Home, save: Callable[[Path, str], None]
) -> None:
    home.write("A.md", A)
    home.write("B.md", fence("run", "other", "print('other')"))
    with watching(home) as watch:
        save(home.vault / "A.md", home.read("A.md").replace("'one',", "'new',"))
        watch.until(lambda: "new 1" in home.read("A.md"), "the new output")
        watch.until(lambda: any("one" in ran(report) for report in watch.reports[1:]))
        assert "other" not in {id for report in watch.reports[1:] for id in ran(report)}
        assert watch.rests()
        assert [ran(report) for report in watch.reports[1:]].count({"one"}) == 1


def test_what_we_write_triggers_nothing(home: Home) -> None:
    figure = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nprint('drawn')"
    home.write("A.md", fence("run", "fig", figure))
    with watching(home) as watch:
        assert "![[a-fig-1.png]]" in home.read("A.md")
        assert watch.rests()
        assert len(watch.reports) == 1


def test_prose_runs_nothing(home: Home) -> None:
    home.write("A.md", A)
    with watching(home) as watch:
        home.write("A.md", "More words.\n\n" + home.read("A.md"))
        assert ran(watch.next()) == set()


def test_a_touch_or_the_same_text_again_is_no_news(home: Home) -> None:
    home.write("A.md", A)
    with watching(home) as watch:
        home.write("A.md", home.read("A.md"))
        os.utime(home.vault / "A.md")
        assert watch.rests()


def test_an_imported_note_runs_its_importers_again(home: Home) -> None:
    home.write("Base.md", fence("component", "value", "VALUE = 1"))
    home.write("User.md", fence("run", "use", "from vault.base import VALUE", "print(VALUE)"))
    with watching(home) as watch:
        home.edit("Base.md", "VALUE = 1", "VALUE = 2")
        watch.until(lambda: "```text\n2\n```" in home.read("User.md"))
        assert ran(watch.next() if len(watch.reports) < 2 else watch.reports[1]) == {"value", "use"}


def test_a_note_that_goes_and_comes_back_concerns_its_importers(home: Home) -> None:
    base = home.write("Base.md", fence("component", "value", "VALUE = 1"))
    home.write("User.md", fence("run", "use", "from vault.base import VALUE", "print(VALUE)"))
    with watching(home) as watch:
        text = base.read_bytes()
        base.unlink()
        assert statuses(watch.next()) == {"use": "failed"}
        base.write_bytes(text)
        watch.until(lambda: "```text\n1\n```" in home.read("User.md"))


@pytest.mark.parametrize(
    ("file", "before", "after", "code"),
    [
        ("helper.py", "WORD = 'old'\n", "WORD = 'fresh'\n", "import helper\nprint(helper.WORD)"),
        ("words.txt", "old", "fresh", "#| data: [words.txt]\nprint(open('words.txt').read())"),
        ("deep/words.txt", "old", "fresh", "print(open('deep/words.txt').read())"),
    ],
)
def test_a_file_that_a_block_uses_runs_it_again(
    home: Home, file: str, before: str, after: str, code: str
) -> None:
    home.write(file, before)
    home.write("A.md", fence("run", "other", "print('other')") + fence("run", "use", code))
    with watching(home) as watch:
        home.write(file, after)
        watch.until(lambda: "fresh" in home.read("A.md"))
        assert ran(watch.reports[1] if len(watch.reports) > 1 else watch.next()) == {"use"}


def test_a_block_that_changes_the_file_it_reads_comes_to_rest(home: Home) -> None:
    home.write("n.txt", "1")
    code = "n = int(open('n.txt').read())\nopen('n.txt', 'w').write(str(n + 1))\nprint(n)"
    home.write("A.md", fence("run", "count", code))
    with watching(home) as watch:
        watch.until(watch.rests)
        assert int(home.read("n.txt")) <= 3


def test_many_notes_saved_at_once_are_one_batch(home: Home) -> None:
    for number in range(20):
        home.write(f"N{number}.md", fence("run", f"r{number}", f"print({number})"))
    with watching(home) as watch:
        for number in range(20):
            home.write(f"N{number}.md", fence("run", f"r{number}", f"print('x{number}')"))
        assert ran(watch.next()) == {f"r{number}" for number in range(20)}
        assert watch.rests()


def test_new_folders_moved_folders_and_renamed_ones(home: Home) -> None:
    home.write("A.md", A)
    with watching(home) as watch:
        outside = home.vault.parent / "outside"
        (outside / "deep").mkdir(parents=True)
        (outside / "deep" / "New.md").write_text(fence("run", "new", "print('new')"))
        shutil.move(outside, home.vault / "came")
        assert ran(watch.next()) == {"new"}
        (home.vault / "came").rename(home.vault / "renamed")
        watch.until(
            lambda: any(r.notes[0].note == "renamed/deep/New.md" for r in watch.reports[2:])
        )
        home.edit("renamed/deep/New.md", "print('new')", "print('newer')")
        watch.until(lambda: "\nnewer\n" in home.read("renamed/deep/New.md"))


def test_lost_events_are_made_good_by_looking(home: Home) -> None:
    home.write("A.md", A)
    with watching(home) as watch:
        watch.changes.add = lambda _: None  # type: ignore[method-assign]  # nothing arrives
        home.edit("A.md", "'one',", "'found',")
        home.write("b/New.md", fence("run", "new", "print('new')"))
        time.sleep(0.3)
        watch.changes.lose()
        watch.until(lambda: "found 1" in home.read("A.md"))
        watch.until(lambda: "\nnew\n" in home.read("b/New.md"))


def test_polling_finds_what_changed(home: Home) -> None:
    home.write("A.md", A)
    with watching(home, polling=True) as watch:
        home.edit("A.md", "'one',", "'polled',")
        watch.until(lambda: "polled 1" in home.read("A.md"))
        assert ran(watch.reports[-1] if len(watch.reports) > 1 else watch.next()) == {"one"}


@pytest.mark.parametrize(
    "name",
    [
        "A.sync-conflict-20260101-120000-ABC.md",
        "A (Conflicted copy laptop 202601011200).md",
        "A (Ann's conflicted copy 2026-01-01).md",
        ".A.md.swp",
        "A.md~",
        "A.md.tmp",
        "4913",
        ".trash/A.md",
        ".obsidian/A.md",
        "node_modules/A.md",
    ],
)
def test_what_is_no_note_of_the_vault_is_left_alone(home: Home, name: str) -> None:
    home.write("A.md", A)
    with watching(home, quiet=0.0) as watch:
        home.write(name, fence("run", "copy", "print('copy')"))
        time.sleep(0.2)
        home.edit("A.md", "'one',", "'two',")
        watch.until(lambda: "two 1" in home.read("A.md"))
        assert {block.id for report in watch.reports for block in report.blocks()} == {
            "start",
            "one",
        }
