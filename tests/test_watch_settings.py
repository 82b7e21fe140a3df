"""A watch whose `.runner.toml` is changed, broken, mended, replaced and removed meanwhile."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from vaults import Home, actions, fence, ran
from watches import SAVERS, Watching, watching, write_in_place

from runner.vault import Vault
from runner.watch import _manners

CONFIG = ".runner.toml"
FIGURE = fence("run", "fig", "import matplotlib.pyplot as plt", "plt.plot([1, 2])")
PLAIN = fence("run", "plain", "print('plain')")


def configured(home: Home, text: str) -> Path:
    return home.write(CONFIG, text)


def said(watch: Watching, words: str) -> None:
    watch.until(lambda: words in watch.words(), words)


@pytest.mark.parametrize("save", SAVERS)
def test_another_kind_of_figure_is_drawn_at_once(
    home: Home, save: Callable[[Path, str], None]
) -> None:
    path = configured(home, "# ours\nworkers = 2\n")
    home.write("A.md", FIGURE + PLAIN)
    with watching(home) as watch:
        save(path, '# ours\nworkers = 2\nfigures = "svg"\n')
        watch.until(lambda: len(watch.reports) > 1, "the report")
        assert "![[a-fig-1.svg]]" in home.read("A.md")
        assert not (home.vault / "a-fig-1.png").exists()
        assert actions(watch.reports[1]) == {"fig": "run", "plain": "reuse"}
        assert [notice.words for notice in watch.notices] == [
            ".runner.toml changed and holds from now on: figures"
        ]


@pytest.mark.parametrize("setting", ['figures = "svg"', "timeout = 77", 'launcher = ["env"]'])
def test_what_runs_begins_anew_by_the_new_file(home: Home, setting: str) -> None:
    if os.name == "nt" and "env" in setting:
        pytest.skip("no such program")
    wait = "while not os.path.exists('go'): time.sleep(0.02)"
    home.write(
        "A.md",
        FIGURE + fence("run", "one", "import os, time", "open('began', 'a').write('x')", wait),
    )
    watch = Watching(home)
    try:
        watch.until(lambda: (home.vault / "began").exists(), "the block that takes long")
        configured(home, f"{setting}\n")
        watch.until(lambda: home.read("began") == "xx", "the block that begins anew")
        home.write("go", "")
        watch.until(lambda: "<!-- runner:one" in home.read("A.md"), "its result")
        kind = "svg" if "svg" in setting else "png"
        assert f"![[a-fig-1.{kind}]]" in home.read("A.md")
        assert home.read("began") == "xx"
    finally:
        watch.stop()


def test_no_file_is_the_defaults(home: Home) -> None:
    path = configured(home, 'figures = "svg"\n')
    home.write("A.md", FIGURE)
    with watching(home) as watch:
        assert "![[a-fig-1.svg]]" in home.read("A.md")
        path.unlink()
        watch.until(lambda: "![[a-fig-1.png]]" in home.read("A.md"), "the figure")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("figures = \n", ".runner.toml is no TOML (Invalid value (at line 1, column 11)): mend it"),
        ('figures = "jpg"\n', '`figures` cannot be \'jpg\': write "png" or "svg"'),
        ("figure = 1\n", "has the unknown key `figure`: use one of"),
    ],
)
def test_a_broken_file_is_told_once_and_the_old_settings_hold(
    home: Home, text: str, fault: str
) -> None:
    configured(home, 'figures = "svg"\n')
    home.write("A.md", FIGURE)
    with watching(home) as watch:
        configured(home, text)
        said(watch, fault)
        home.edit("A.md", "[1, 2]", "[2, 1]")
        assert ran(watch.next()) == {"fig"}
        assert "![[a-fig-1.svg]]" in home.read("A.md")
        configured(home, 'figures = "svg"\n')
        said(watch, ".runner.toml is in order again")
        assert [notice.is_fault for notice in watch.notices] == [True, False]
        assert fault in watch.notices[0].words
        assert watch.notices[0].words.endswith("(until then the settings from before hold)")


def test_a_file_that_is_being_saved_changes_nothing(home: Home) -> None:
    """Cut off it would be a valid file with other settings, or a broken one."""
    text = 'figures = "svg"\nexclude = ["old"]\n'
    path = configured(home, text)
    home.write("A.md", FIGURE)
    with watching(home) as watch:
        for save in SAVERS:
            save(path, text)
        assert watch.rests()
        assert watch.notices == []


def test_excluded_notes_go_and_come_back(home: Home) -> None:
    home.write("A.md", fence("run", "a", "print('a')"))
    home.write("old/B.md", fence("run", "b", "print('b')"))
    with watching(home) as watch:
        configured(home, 'exclude = ["old"]\n')
        said(watch, "exclude")
        home.edit("old/B.md", "print('b')", "print('bb')")
        assert watch.rests()
        assert "\nbb\n" not in home.read("old/B.md")
        configured(home, "")
        watch.until(lambda: "\nbb\n" in home.read("old/B.md"), "the note that came back")
        assert {"a"}.isdisjoint(id for report in watch.reports[1:] for id in ran(report))


def test_other_workers_disturb_nothing(home: Home) -> None:
    home.write(
        "A.md",
        fence("run", "one", "import os, time", "open('began', 'a').write('x')")[:-5]
        + "\nwhile not os.path.exists('go'):\n    time.sleep(0.02)\n```\n",
    )
    home.write("B.md", fence("run", "two", "print('two')"))
    watch = Watching(home, workers=None)
    try:
        watch.until(lambda: (home.vault / "began").exists())
        configured(home, "workers = 5\nquiet = 0.1\n")
        said(watch, "quiet, workers")
        home.edit("B.md", "print('two')", "print('three')")
        watch.until(lambda: "\nthree\n" in home.read("B.md"), "the answer beside the long run")
        home.write("go", "")
        watch.until(lambda: "<!-- runner:one" in home.read("A.md"))
        assert home.read("began") == "x"
    finally:
        watch.stop()


def test_another_interpreter(home: Home, tmp_path: Path) -> None:
    """It takes over where it works; where not, it is told and the one before goes on."""
    home.write("A.md", fence("run", "who", "import sys", "print(sys.flags.utf8_mode)"))
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -X utf8 "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    if os.name == "nt":
        pytest.skip("starts a script")
    with watching(home) as watch:
        assert "\n0\n" in home.read("A.md") or "\n1\n" in home.read("A.md")
        configured(home, 'python = "/nowhere/python"\n')
        said(watch, "/nowhere/python cannot be started")
        home.edit("A.md", "import sys", "import sys  # again\nprint('still')")
        watch.until(lambda: "\nstill\n" in home.read("A.md"))
        configured(home, f'python = "{python}"\n')
        said(watch, "holds from now on: python")
        home.edit("A.md", "print('still')", "print('other')")
        watch.until(lambda: "\nother\n1\n" in home.read("A.md"), "a block of the other Python")


def test_a_time_limit_that_was_too_short(home: Home) -> None:
    configured(home, "timeout = 0.3\n")
    home.write("A.md", fence("run", "slow", "import time", "time.sleep(0.8)", "print('done')"))
    with watching(home) as watch:
        assert " timeout " in home.read("A.md")
        configured(home, "timeout = 30\n")
        watch.until(lambda: "\ndone\n" in home.read("A.md"))


def test_obsidian_may_open_a_vault_that_is_watched(home: Home) -> None:
    home.write("A.md", PLAIN)
    with watching(home) as watch:
        (home.vault / ".obsidian").mkdir()
        before = home.read("A.md")
        write_in_place(home.vault / "A.md", before.replace("print('plain')", "print('x' * 900)"))
        watch.until(lambda: "xxx" in home.read("A.md").partition("<!--")[2])
        assert _manners(Vault(home.vault), None).longest == 200
        assert len(watch.reports) == 1, "the report waits for the last of several steps"
