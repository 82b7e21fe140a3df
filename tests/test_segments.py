"""Text items equal those of pdf.js: on the corpus, kept and asked anew, and on real papers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from pdf_layouts import LAYOUTS
from pdfjs import Items, PdfJs, missing
from recorded import FOLDER, digest, recorded

from runner.segments import count_pages, page_text, page_texts
from runner.verdict import Profile

PAPERS = Path(os.environ.get("RUNNER_PAPERS", Path(__file__).parents[2] / "shared" / "papers"))
PAPER_NAMES = ["1512.03385v1", "1706.03762v5", "1706.03762v7", "1810.04805v2", "2010.11929v2"]


def our_items(pdf: bytes, profile: Profile) -> Items:
    pages = page_texts(pdf, profile)
    return [[[item.text, item.ends_line] for item in page.items] for page in pages]


@pytest.fixture(scope="module", params=list(Profile), ids=["old", "new"])
def pdf_js(request: pytest.FixtureRequest) -> Iterator[tuple[Profile, PdfJs]]:
    if reason := missing():
        pytest.skip(reason)
    with PdfJs(request.param) as process:
        yield request.param, process


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("name", LAYOUTS)
def test_items_are_those_that_pdf_js_gave(name: str, profile: Profile) -> None:
    kept = recorded(name)
    assert digest(LAYOUTS[name]) == kept["sha256"], "changed: run tests/oracle/record.py"
    assert our_items(LAYOUTS[name], profile) == kept[profile.value]


def test_every_record_has_its_layout() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(LAYOUTS)


@pytest.mark.parametrize("name", LAYOUTS)
def test_items_are_those_that_pdf_js_gives(pdf_js: tuple[Profile, PdfJs], name: str) -> None:
    profile, process = pdf_js
    assert our_items(LAYOUTS[name], profile) == process.items(LAYOUTS[name])


@pytest.mark.parametrize("name", PAPER_NAMES)
def test_items_of_papers_are_those_of_pdf_js(pdf_js: tuple[Profile, PdfJs], name: str) -> None:
    profile, process = pdf_js
    path = PAPERS / f"{name}.pdf"
    if not path.exists():
        pytest.skip(f"no {name}.pdf in the folder that RUNNER_PAPERS names")
    paper = path.read_bytes()
    for number, (ours, theirs) in enumerate(
        zip(our_items(paper, profile), process.items(paper), strict=True), 1
    ):
        assert ours == theirs, f"page {number}"


@cache
def two_pages() -> bytes:
    return LAYOUTS["plain"]


def test_pages_are_counted_and_numbered_from_one() -> None:
    assert count_pages(two_pages()) == 2
    assert [page.number for page in page_texts(two_pages())] == [1, 2]
    assert page_text(two_pages(), 2).items[0].text == "The second page."


def test_only_the_wanted_pages_are_read_in_the_order_of_the_file() -> None:
    columns = LAYOUTS["rotated-text"]
    assert [page.number for page in page_texts(columns, numbers=[4, 2, 4])] == [2, 4]
    assert list(page_texts(columns, numbers=[])) == []
    assert page_text(columns, 3) == list(page_texts(columns))[2]


@pytest.mark.parametrize("number", [0, -1, 3])
def test_a_page_that_is_not_there_is_the_callers_fault(number: int) -> None:
    with pytest.raises(ValueError, match=f"page {number} of a PDF of 2 pages"):
        page_text(two_pages(), number)


def test_a_line_break_is_an_item_of_its_own_only_where_no_text_is_open() -> None:
    assert our_items(two_pages(), Profile.OLD)[0] == [["One line.", True], ["Another line.", False]]
    empty = [item for item in our_items(LAYOUTS["fonts-in-line"], Profile.OLD)[0] if item[0] == ""]
    assert empty == []


def test_profiles_differ_where_a_font_is_set_again() -> None:
    old, new = (our_items(LAYOUTS["fonts-in-line"], profile)[1] for profile in Profile)
    assert len(new) < len(old)
