"""New digits for old links, and new links for words."""

import pytest
from printed import Printed, core, page, quoted, verdict

from runner.linking import link_forms, spots
from runner.note import Link
from runner.pagesearch import selected_text
from runner.quotes import Book
from runner.requoting import migrated, refusal, rewritten
from runner.verdict import Found, Selection, Verdict

FOUND = Found(12, (3, 0, 4, 25))
REWRITTEN = {
    "[[f.pdf#page=1&selection=1,2,3,4|f, page 1]]": "[[f.pdf#page=12&selection=3,0,4,25|f, page 1]]",
    "[[f.pdf#page=1&selection=1,2,3,4&color=red|p.1]]": "[[f.pdf#page=12&selection=3,0,4,25&color=red|p.1]]",
    "[[f.pdf#selection=1,2,3,4&page=1]]": "[[f.pdf#selection=3,0,4,25&page=12]]",
    "[[f.pdf#page=1 |x]]": "[[f.pdf#page=12 |x]]",
    "[[f.pdf#page=12&selection=3,0,4,25]]": "[[f.pdf#page=12&selection=3,0,4,25]]",
    "[[f.pdf]]": "[[f.pdf]]",
    "[[f.pdf#page=1&rect=1,2,3,4]]": "[[f.pdf#page=12&rect=1,2,3,4]]",
    "[words](f%20g.pdf#page=1&selection=1,2,3,4)": "[words](f%20g.pdf#page=12&selection=3,0,4,25)",
}


def links(note: str) -> list[Link]:
    return [link for link, _ in quoted(note)]


@pytest.mark.parametrize("link", REWRITTEN)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_only_the_digits_of_the_link_change(link: str, newline: str) -> None:
    around = "\ufeffpage=1 selection=1,2,3,4\n\n> 😀 quoted words\n{}\n\n[[f.pdf#page=1]] end"
    text, expected = (around.format(one).replace("\n", newline) for one in (link, REWRITTEN[link]))
    (first,) = links(text)
    assert rewritten(text, [(first, FOUND)]) == expected


def test_several_links_of_one_note() -> None:
    text = core("some words", "page=9&selection=1,2,3,4") + core("other words", "page=7")
    one, other = links(text)
    assert rewritten(text, [(one, FOUND), (other, Found(10, (0, 0, 0, 1)))]) == (
        core("some words", "page=12&selection=3,0,4,25") + core("other words", "page=10")
    )
    assert rewritten(text, []) == text


BOOK = Book(
    Printed(
        "The model splits an image.\nIt is small. We call it tiny.",
        "A second page.\nWe call it tiny. We call it tiny.\nThe end (of it).",
    )
)
REFUSED = {
    "right": ("splits an image", "page=1&selection=0,10,0,25", ""),
    "moved": ("splits an image", "page=1&selection=1,0,1,5", ""),
    "no quote": ("—", "page=1", ""),
    "edited": ("splits no image", "page=1", "the place is right, the words are not"),
    "not found": ("ducks and drakes", "page=1", "the PDF does not have these words"),
    "ambiguous": ("We call it tiny", "", "several places have these words"),
    "in pieces": (
        "- The model splits an image.\n- The end",
        "page=1",
        "its sentences stand apart: give each its own quote and link",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusal(name: str) -> None:
    text, place, reason = REFUSED[name]
    said = verdict(core(text, place), BOOK)
    assert refusal(said).startswith(reason)
    assert bool(refusal(said)) == bool(reason)


# --- another pdf.js ------------------------------------------------------------------------------

OLD = page("We use [|13|] and the \nmodel, |see (Eq. |1|).\nWe use it. We use it not.")
NEW = page("We use [13]| and the \nmodel, see (Eq. 1|).\n\nWe use it. We |use it not.")

MIGRATED: dict[str, tuple[Selection, Selection | None]] = {
    "items that are one now": ((0, 0, 2, 1), (0, 0, 0, 11)),
    "within such an item": ((1, 0, 1, 2), (0, 8, 0, 10)),
    "over a line end": ((2, 2, 3, 5), (1, 1, 2, 5)),
    "with its signs": ((4, 4, 6, 2), (2, 11, 3, 2)),
    "without its signs": ((4, 5, 5, 1), (2, 12, 2, 17)),
    "the first of two": ((7, 0, 7, 6), (5, 0, 5, 6)),
    "the second of two": ((7, 11, 7, 17), (5, 11, 6, 3)),
    "ends at the next item": ((7, 18, 7, 24), (6, 4, 6, 10)),
    "no letter": ((2, 0, 2, 1), None),
    "not in the page": ((8, 0, 9, 0), None),
}


@pytest.mark.parametrize("name", MIGRATED)
def test_migrated(name: str) -> None:
    selection, expected = MIGRATED[name]
    assert migrated(selection, OLD, NEW) == expected


def test_words_that_another_page_lacks_do_not_migrate() -> None:
    assert migrated((4, 0, 4, 3), OLD, page("We use it.")) is None
    assert migrated((0, 0, 0, 6), page("x we use it"), page("we use it, we use it")) is None


# --- new links -----------------------------------------------------------------------------------


def test_words_that_stand_once() -> None:
    (spot,) = spots("a SECOND page", BOOK)
    assert (spot.found, spot.text) == (Found(2, (0, 0, 0, 13)), "A second page")


def test_words_that_stand_often_come_with_what_is_around_them() -> None:
    found = spots("call it tiny", BOOK)
    assert [(spot.found.page, spot.before, spot.after) for spot in found] == [
        (1, "The model splits an image. It is small. We", "."),
        (2, "A second page. We", ". We call it tiny. The end (of it)."),
        (2, "A second page. We call it tiny. We", ". The end (of it)."),
    ]
    assert [spot.found.page for spot in spots("call it tiny", BOOK, page=2)] == [2, 2]


@pytest.mark.parametrize("words", ["ducks", "", "—", "$x$"])
def test_words_without_a_place(words: str) -> None:
    assert spots(words, BOOK, page=1) == ()


def test_a_new_link_is_exact() -> None:
    (spot,) = spots("(of it).", BOOK)
    forms = link_forms("Papers/f.pdf", spot.found, spot.text, "f")
    assert forms.link == "[[Papers/f.pdf#page=2&selection=2,8,2,16|f, page 2]]"
    assert forms.quote == f"> (of it).\n\n{forms.link}\n"
    assert forms.callout == (
        "> [!PDF|yellow] [[Papers/f.pdf#page=2&selection=2,8,2,16&color=yellow|f, p.2]]\n"
        "> > (of it).\n> \n> "
    )
    for form in (forms.quote, forms.callout):
        assert verdict(form, BOOK).verdict is Verdict.EXACT


def test_line_ends_become_what_each_plugin_makes_of_them() -> None:
    book = Book(Printed("a Trans-\nformer of\n1-\n2 lines"))
    (spot,) = spots("Transformer of 1-2 lines", book)
    forms = link_forms("f.pdf", spot.found, spot.text, "a [b] | c")
    assert "> Trans- former of 1- 2 lines\n" in forms.quote
    assert "> > Transformer of 1- 2 lines\n" in forms.callout
    assert "|a  b    c, page 1]]" in forms.link


def test_found_places_of_the_verdict_can_be_selected() -> None:
    said = verdict(core("The end (of it).", "page=1&selection=0,0,0,3"), BOOK)
    assert said.found == Found(2, (2, 0, 2, 16))
    assert selected_text(BOOK.page(2).page, said.found.selection) == "The end (of it)."
