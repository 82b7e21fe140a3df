"""A vault whose commands run in this process, and whose PDFs are read once for all tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from small_pdfs import lines, pdf
from vaults import Home, Ran

from runner.cli import main

PAPER = pdf(
    lines(
        "On the care of pages",
        "Every sentence of a note has a place",
        "in the paper it was taken from.",
        "Links lead there, as long as nobody moves it.",
    ),
    lines("The second page says less.", "It says that all is well."),
)
EDITION = pdf(
    lines("A new first page, with a preface."),
    lines(
        "On the care of pages, second edition",
        "We thank the readers of the first one.",
        "Every sentence of a note has a place",
        "in the paper it was taken from.",
        "Links lead there, as long as nobody moves it.",
    ),
    lines("The last page says less.", "It says that all is well."),
)
TWO_LINES = "Every sentence of a note has a place in the paper it was taken from."


class Here(Home):
    """A vault whose commands run in this process: what they print is caught."""

    def __init__(self, home: Home, capture: pytest.CaptureFixture[str]) -> None:
        self.vault, self.state, self.env = home.vault, home.state, home.env
        self._capture = capture

    def command(self, *arguments: str, input: str = "", **env: str) -> Ran:
        """As for ``Home``; neither ``input`` nor ``env`` is wanted here."""
        assert not input and not env
        before, arguments_before = os.getcwd(), sys.argv
        os.chdir(self.vault)
        sys.argv = ["runner", *arguments]
        try:
            main()
        except SystemExit as ended:
            said = self._capture.readouterr()
            return Ran(int(ended.code or 0), said.out, said.err)
        finally:
            os.chdir(before)
            sys.argv = arguments_before
        raise AssertionError("the command did not end")


@pytest.fixture(scope="session")
def pages_kept_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all: pages are kept by what they hold."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def home(
    home: Home,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    pages_kept_once: Path,
) -> Home:
    home.env["RUNNER_CACHE"] = str(pages_kept_once)
    monkeypatch.setenv("RUNNER_CACHE", str(pages_kept_once))
    return Here(home, capsys)


def quoted(link: str, text: str, id: str = "") -> str:
    """A quote and its link, as Obsidian copies them."""
    mark = f" ^{id}" if id else ""
    return f"> {text}{mark}\n\n{link}\n\n"


def link_to(home: Home, text: str, name: str = "paper.pdf") -> str:
    return str(home.command("quotes", "link", name, text, "--json").json["link"])


@pytest.fixture
def vault(home: Home) -> Home:
    """A vault with a paper and a note that quotes it truly."""
    home.write("paper.pdf", PAPER)
    home.write("N.md", "# N\n\n" + quoted(link_to(home, TWO_LINES), TWO_LINES, "q-place"))
    return home
