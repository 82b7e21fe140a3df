"""Figures of ours that are removed, overwritten or moved while a watch runs."""

from __future__ import annotations

import os
import shutil
import time

import pytest
from vaults import Home, fence
from watches import Watching, watching

DRAWN = ("import matplotlib.pyplot as plt", "plt.plot([1, 2])")
FIGURE = fence("run", "fig", *DRAWN)
LONG = fence("run", "long", "print('\\n'.join(map(str, range(2000))))")


def comes_back(watch: Watching, home: Home, path: str, data: bytes) -> None:
    file = home.vault / path
    watch.until(lambda: file.exists() and file.read_bytes() == data, f"{path}")


@pytest.mark.parametrize("polling", [False, True])
def test_what_is_removed_or_overwritten_comes_back(home: Home, polling: bool) -> None:
    home.write("A.md", FIGURE + LONG)
    with watching(home, polling=polling) as watch:
        time.sleep(1.5)  # what comes and goes between two looks was never there
        note = home.read("A.md")
        for name in ("a-fig-1.png", "a-long.txt"):
            data = (home.vault / name).read_bytes()
            (home.vault / name).unlink()
            comes_back(watch, home, name, data)
            (home.vault / name).write_bytes(b"somebody else's")
            comes_back(watch, home, name, data)
        assert home.read("A.md") == note
        assert len(watch.reports) == 1, "nothing ran"
        assert watch.notices[0].words == (
            "a-fig-1.png was removed: it is written again, since A.md shows it"
        )
        assert watch.notices[1].words.startswith("a-fig-1.png was overwritten: ")


def test_a_folder_of_figures_that_is_removed_comes_back(home: Home) -> None:
    home.write(".obsidian/app.json", '{"attachmentFolderPath": "Figures"}')
    home.write("A.md", FIGURE)
    home.write("B.md", FIGURE)
    with watching(home, quiet=0.3) as watch:
        data = (home.vault / "Figures" / "a-fig-1.png").read_bytes()
        shutil.rmtree(home.vault / "Figures")
        comes_back(watch, home, "Figures/a-fig-1.png", data)
        comes_back(watch, home, "Figures/b-fig-1.png", data)


def test_what_was_moved_is_left_there(home: Home) -> None:
    home.write(".obsidian/app.json", '{"attachmentFolderPath": "Figures"}')
    home.write("A.md", FIGURE)
    with watching(home, quiet=0.3) as watch:
        (home.vault / "Figures").rename(home.vault / "Pictures")
        time.sleep(2.5)
        assert watch.rests()
        assert not (home.vault / "Figures").exists()
        assert watch.notices == []
        home.edit("A.md", "[1, 2]", "[2, 1]")
        watch.until(lambda: (home.vault / "Figures" / "a-fig-1.png").exists(), "with its note")


def test_it_goes_with_its_note(home: Home) -> None:
    home.write("old/A.md", FIGURE)
    home.write(".obsidian/app.json", '{"attachmentFolderPath": "./"}')
    with watching(home, quiet=0.3) as watch:
        assert (home.vault / "old" / "a-fig-1.png").exists()
        (home.vault / "old").rename(home.vault / "new")
        watch.next()
        (home.vault / "new" / "A.md").unlink()
        (home.vault / "new" / "a-fig-1.png").unlink()
        time.sleep(3)
        assert not (home.vault / "old").exists()
        assert not (home.vault / "new" / "a-fig-1.png").exists()
        assert watch.notices == []


def test_nobody_is_fought_for_ever(home: Home) -> None:
    home.write("A.md", FIGURE)
    with watching(home) as watch:
        figure = home.vault / "a-fig-1.png"
        data = figure.read_bytes()
        for _ in range(2):
            figure.unlink()
            comes_back(watch, home, figure.name, data)
        figure.unlink()
        watch.until(lambda: "again and again" in watch.words())
        assert watch.notices[-1].is_fault
        os.utime(home.vault)
        home.write("a-fig-1.png", b"mine")
        time.sleep(3)
        assert figure.read_bytes() == b"mine"
        assert len(watch.notices) == 3
        home.write("A.md", "Saved.\n\n" + home.read("A.md"))
        comes_back(watch, home, figure.name, data)


def test_nothing_comes_back_where_nothing_is_to_be_written(home: Home) -> None:
    home.write("A.md", FIGURE)
    home.session()
    with watching(home, write=False) as watch:
        (home.vault / "a-fig-1.png").unlink()
        time.sleep(2.5)
        assert watch.rests()
        assert not (home.vault / "a-fig-1.png").exists()
