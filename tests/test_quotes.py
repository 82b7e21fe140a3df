"""Verdicts: what the PDF says of quotes of several sentences, in every layout, and of odd links."""

import pytest
from printed import ONE, PAPER, Printed, core, quoted, verdict

from runner.quotes import Book, check, unchecked
from runner.verdict import Found, Verdict

BOOK = Book(Printed(*PAPER))
SPLIT = "We split an image into patches"

PIECES = {
    "bullets far apart, none of them selected": (
        "- We split an image\n- 1Code and models are",
        "page=1&selection=3,30,3,40",
        "moved",
        [("moved", 1), ("moved", 1)],
        "“We split an image” stands on the page, outside the selection; “1Code and models are”"
        " stands on the page, outside the selection: link it there, by itself",
    ),
    "bullets on two pages": (
        "- We split an image\n- The first layer embeds the images\n\t- We call this scaling.",
        "page=1&selection=2,0,3,10",
        "other-page",
        [("exact", 1), ("moved", 1), ("other-page", 2)],
        "“We call this scaling.” stands on page 2, not on page 1: link it there, by itself",
    ),
    "a sentence that starts the next page": (
        "- It uses no convolution.\n- inherent to small ones",
        "page=1",
        "other-page",
        [("exact", 1), ("other-page", 2)],
        "“inherent to small ones” stands on page 2, not on page 1: link it there, by itself",
    ),
    "one sentence changed": (
        "It uses no convolution. The second layer embeds the images, and",
        "page=1",
        "edited",
        [("exact", 1), ("edited", 1)],
        'the quote differs from page 1: "first" → "second"',
    ),
    "the worst counts": (
        "- It uses few convolution.\n- Ducks prefer rivers with slow water.",
        "page=1",
        "not-found",
        [("edited", 1), ("not-found", None)],
        "“Ducks prefer rivers with slow water.” stands nowhere",
    ),
    "bullets need not touch": (
        "- We split an image\n- drops some.",
        "page=1",
        "exact",
        [("exact", 1), ("exact", 1)],
        "",
    ),
    "numbered": (
        "1. We split an image\n2. drops some.",
        "page=1",
        "exact",
        [("exact", 1), ("exact", 1)],
        "",
    ),
}


@pytest.mark.parametrize("name", PIECES)
def test_pieces(name: str) -> None:
    text, place, expected, pieces, message = PIECES[name]
    said = verdict(core(text, place), BOOK)
    assert [(piece.verdict.value, piece.page) for piece in said.pieces] == pieces
    assert said.verdict.value == expected
    assert said.message.startswith(message)


L = "[[f.pdf#page=1&selection=2,0,2,30|f, page 1]]"
LAYOUTS = {
    "PDF++ quote in callout, with a remark": f"> [!PDF|yellow] {L}\n> > {SPLIT}\n>\n> How odd!",
    "PDF++ callout, flat, with a remark": f"> [!PDF|yellow] {L}\n> {SPLIT}\n> \n> How odd of them!",
    "PDF++ callout, flat, remark on the next line": f"> [!PDF|yellow] {L}\n> {SPLIT}\n> How odd!",
    "PDF++ quote": f"> ({L})\n> {SPLIT}",
    "PDF++ quote with the colour's name": f"> [!PDF|red] {L}\n> > (light red) - {SPLIT}",
    "PDF++ quote, wrapped by hand": f"> ({L})\n> We split an image\n> into patches",
    "alias": f"- [[f.pdf#page=1&selection=2,0,2,30|{SPLIT}]]",
    "same line": f"- {SPLIT} ({L})",
    "link in a link": f"[{SPLIT}]({L})",
    "table": f"| a | b |\n|---|---|\n| {SPLIT} ({L.replace('|', chr(92) + '|')}) | c |",
    "nested": f"> [!note] x\n> > [!PDF|red] {L}\n> > > {SPLIT}",
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(name: str) -> None:
    said = verdict(LAYOUTS[name] + "\n", BOOK)
    assert said.verdict is Verdict.EXACT
    assert {piece.verdict for piece in said.pieces} == {Verdict.EXACT}
    remark = "what follows the quote counts as your own words" if "flat" in name else ""
    assert said.message == ("`(light red) -` is yours" if "colour" in name else remark)


def test_a_remark_below_a_quote_of_obsidian_is_part_of_it() -> None:
    said = verdict(core(f"{SPLIT}\n\nHow odd of them!", "page=1"), BOOK)
    assert said.verdict is Verdict.NOT_FOUND


@pytest.mark.parametrize("between", ["\n", "\n\n"])
def test_whom_the_quote_is_from_is_no_part_of_it(between: str) -> None:
    said = verdict(core(f"{SPLIT}{between}— Doe et al., 2021", "page=1"), BOOK)
    assert (said.verdict, len(said.pieces)) == (Verdict.EXACT, 1)
    assert said.message == "what follows the quote counts as your own words"


def test_a_dash_of_the_page_is_part_of_the_quote() -> None:
    book = Book(Printed("The model\n– a small one –\nworks."))
    for text in ("The model – a small one – works.", "The model\n– a small one –\nworks."):
        assert verdict(core(text, "page=1"), book).verdict is Verdict.EXACT
    assert verdict(core("The model\n– a tiny one –\nworks.", "page=1"), book).verdict.is_error


def test_a_page_that_is_a_picture() -> None:
    said = verdict(core("Ducks and drakes", "page=1"), Book(Printed("", ONE)))
    assert said.verdict is Verdict.NO_TEXT
    assert said.message.startswith("page 1 has no text")


def test_a_quote_of_many_pages() -> None:
    said = verdict(core("It is so. " * 1200, "page=1"), BOOK)
    assert said.verdict is Verdict.NO_QUOTE
    many = verdict(core("Ducks swim here. " * 3 + "It was never so. " * 500, "page=1"), BOOK)
    assert many.verdict is Verdict.NOT_FOUND
    assert len(many.message) < 500


def test_a_changed_line_in_a_flat_callout_is_no_remark() -> None:
    said = verdict(f"> [!PDF|red] {L}\n> {SPLIT}\n> It uses much convolution.\n", BOOK)
    assert said.verdict is Verdict.NOT_FOUND
    assert said.message.endswith('differs in "no" → "much": correct the words')


SELECTED = "[[f.pdf#page=1&selection=2,0,2,30&color=red|f, p.1]]"
COUNTS_AS_YOURS = "what follows the quote counts as your own words"
ONLY_YOURS = "only words of your own stand beside this link: put the quoted words before them"


@pytest.mark.parametrize(
    ("lines", "expected", "message"),
    [
        ((SPLIT, "comment of mine"), "exact", COUNTS_AS_YOURS),
        ((SPLIT, "a comment on patience"), "exact", COUNTS_AS_YOURS),  # spelt a little like it
        ((SPLIT, "", "which wins us later"), "exact", COUNTS_AS_YOURS),
        (("We split an image", "into patches", "an odd idea"), "exact", COUNTS_AS_YOURS),
        (("what a strange idea",), "no-quote", ONLY_YOURS),
        (("what a strange idea", "or is it?"), "no-quote", ONLY_YOURS),
        # A quote that was changed is no comment.
        (("We do not split an image into patches",), "edited", ""),
        ((SPLIT, "We do not split an image into patches"), "edited", ""),
        (("We cut an image into patches",), "edited", ""),
        (("what a strange idea", SPLIT), "not-found", ""),
    ],
)
def test_comments_in_a_flat_callout(lines: tuple[str, ...], expected: str, message: str) -> None:
    said = verdict("\n".join([f"> [!PDF|red] {SELECTED}", *(f"> {line}" for line in lines)]), BOOK)
    assert said.verdict.value == expected, said.message
    assert said.message.startswith(message)


def test_words_set_off_as_a_quote_are_no_comment() -> None:
    for note in (
        f"> [!PDF|red] {SELECTED}\n> > what a strange idea",
        f"> what a strange idea\n\n{L}",
    ):
        assert verdict(note, BOOK).verdict.is_error


def test_a_comment_on_a_page_without_text_is_on_a_scan() -> None:
    said = verdict(f"> [!PDF|red] {L}\n> what a strange idea", Book(Printed("", ONE)))
    assert said.verdict is Verdict.NO_TEXT


def test_each_link_of_a_quote_answers_for_what_no_other_holds() -> None:
    note = "> It uses no convolution.\n> - We call this scaling.\n\n[[f.pdf#page=1]] [[f.pdf#page=2]]\n"
    assert [verdict(note, BOOK, link).verdict.value for link in (0, 1)] == ["exact", "exact"]
    other = note.replace("page=2", "page=7")
    assert [verdict(other, BOOK, link).verdict.value for link in (0, 1)] == [
        "other-page",
        "other-page",
    ]


def test_the_selection_tells_which_of_two_places_is_meant() -> None:
    book = Book(Printed("Results\nare good.\nResults\nare better."))
    said = verdict(core("Results", "page=1&selection=2,7,2,7"), book)
    assert (said.verdict, said.found) == (Verdict.OFFSET, Found(1, (2, 0, 2, 7)))


def test_a_link_without_a_quote() -> None:
    ((link, _),) = quoted(core(SPLIT, "page=1"))
    said = check("n.md", link, None, BOOK)
    assert (said.verdict, said.quote, said.pieces) == (Verdict.NO_QUOTE, "", ())


def test_a_scan_has_no_text() -> None:
    said = verdict(core(SPLIT, "page=1"), Book(Printed("", "")))
    assert said.verdict is Verdict.NO_TEXT
    assert "text recognition" in said.message


def test_a_picture_page_among_others_is_no_scan() -> None:
    said = verdict(core(SPLIT, "page=1"), Book(Printed("", ONE)))
    assert (said.verdict, said.found) == (Verdict.OTHER_PAGE, Found(2, (2, 0, 2, 30)))


def test_a_link_whose_pdf_was_not_asked() -> None:
    ((link, quote),) = quoted(core(SPLIT, "page=4&selection=1,2,3,4"))
    said = unchecked("n.md", link, quote, Verdict.NO_PDF, "f.pdf is not in the vault")
    assert said.to_json() == {
        "note": "n.md", "line": 3, "pdf": "f.pdf", "page": 4, "selection": [1, 2, 3, 4],
        "quote": SPLIT, "verdict": "no-pdf", "message": "f.pdf is not in the vault",
        "pieces": [], "found": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("place", "asked"),
    [("page=2", [2]), ("page=2&selection=2,0,2,9", [2]), ("page=3", [3, 2, 1])],
)
def test_only_needed_pages_are_parsed(place: str, asked: list[int]) -> None:
    pages = Printed(*PAPER)
    verdict(core("However, training on more data helps", place), Book(pages))
    assert pages.asked == asked
