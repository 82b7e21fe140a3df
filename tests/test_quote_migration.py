"""``quotes repair --profile``: digits for another pdf.js, there and back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from quote_homes import home, pages_kept_once, quoted
from small_pdfs import pdf
from vaults import Home

__all__ = ["home", "pages_kept_once"]  # fixtures

PAPERS = Path(os.environ.get("RUNNER_PAPERS", Path(__file__).parents[1] / ".." / "shared/papers"))

# Two names of one font: pdf.js up to 5.4 begins an item at each, later ones only where the font is
# another one.
_TWICE = "BT /F1 12 Tf 1 0 0 1 72 {} Tm (Twice ) Tj /F2 12 Tf (it says) Tj ET"
PAPER = pdf(
    "BT /F1 12 Tf 1 0 0 1 72 700 Tm (Every sentence ) Tj /F2 12 Tf (of a note ) Tj"
    " /F1 12 Tf (has a place.) Tj ET " + _TWICE.format(650) + _TWICE.format(600)
)
OLD = {
    "of a note has a place": "[[paper.pdf#page=1&selection=2,0,4,11]]",
    "it says": "[[paper.pdf#page=1&selection=11,0,11,7]]",  # the second one
    "of my note has a place": "[[paper.pdf#page=1&selection=2,0,4,11]]",  # edited by its author
}


@pytest.fixture
def vault(home: Home) -> Home:
    home.write("paper.pdf", PAPER)
    home.write("N.md", "".join(quoted(link, text) for text, link in OLD.items()))
    return home


def verdicts(home: Home, profile: str) -> list[str]:
    ran = home.command("quotes", "check", ".", "--json", "--profile", profile)
    return [link["verdict"] for link in ran.json["links"]]


def digits(home: Home) -> list[str]:
    ran = home.command("quotes", "check", ".", "--json")
    return [",".join(map(str, link["selection"])) for link in ran.json["links"]]


def test_links_get_the_digits_of_the_other_pdf_js_and_back(vault: Home) -> None:
    before = vault.read("N.md")
    was = digits(vault)
    assert verdicts(vault, "3.6") == ["exact", "exact", "edited"]
    assert "exact" not in verdicts(vault, "5.5")
    dry = vault.command("quotes", "repair", ".", "--profile", "5.5")
    assert dry.code == 1 and vault.read("N.md") == before
    vault.command("quotes", "repair", ".", "--profile", "5.5", "--write")
    assert verdicts(vault, "5.5") == ["exact", "exact", "edited"]
    assert all(old != new for old, new in zip(was, digits(vault), strict=True))
    there = vault.read("N.md")
    again = vault.command("quotes", "repair", ".", "--profile", "5.5", "--write", "--json")
    assert again.json["changed"] == [] and vault.read("N.md") == there
    vault.command("quotes", "repair", ".", "--profile", "3.6", "--write")
    assert vault.read("N.md") == before


def test_a_link_without_a_quote_is_left_and_said(vault: Home) -> None:
    vault.write("N.md", "See [[paper.pdf#page=1&selection=1,0,2,11]] there.\n")
    before = vault.files()
    ran = vault.command("quotes", "repair", ".", "--profile", "5.5", "--write")
    assert "left N.md:1: no-quote: no quote tells for which pdf.js its digits are" in ran.out
    assert before.changed(vault.files()) == set()


def test_a_real_paper_goes_there_and_back(home: Home) -> None:
    file = PAPERS / "1706.03762v7.pdf"
    if not file.is_file():
        pytest.skip(f"{file} is not here: name its folder in RUNNER_PAPERS")
    home.write("paper.pdf", file.read_bytes())
    words = [
        "We propose a new simple network architecture, the Transformer",
        "dot products grow large in magnitude",
        "residual dropout",
        "the encoder maps an input sequence of symbol representations",
        "We trained on the standard WMT 2014 English-German dataset",
    ]
    made = [home.command("quotes", "link", "paper.pdf", text, "--json").json for text in words]
    home.write("N.md", "".join(one.get("quote", "") + "\n" for one in made))
    before = home.read("N.md")
    count = sum("quote" in one for one in made)
    assert count >= 4 and verdicts(home, "3.6") == ["exact"] * count
    for profile, expected in (("5.5", None), ("3.6", before)):
        home.command("quotes", "repair", ".", "--profile", profile, "--write")
        assert verdicts(home, profile) == ["exact"] * count
        assert expected is None or home.read("N.md") == expected
