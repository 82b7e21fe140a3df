"""Selections: what a link's four numbers cover, and which four numbers cover a passage."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from printed import page

from runner.folding import folded
from runner.pagesearch import SearchablePage, selected_text
from runner.verdict import Item, PageText, Selection

PAGE = page("The first| |line\nof 𝐱 and a fine-\n\ntuned mod|\nel.")
# 0 "The first", 1 " ", 2 "line"·, 3 "of 𝐱 and a fine-"·, 4 ""·, 5 "tuned mod", 6 ""·, 7 "el."·

SELECTED: dict[str, tuple[Selection, str | None]] = {
    "within an item": ((0, 4, 0, 9), "first"),
    "a whole item": ((2, 0, 2, 4), "line"),
    "over items of one line": ((0, 4, 2, 4), "first line"),
    "over a line end": ((2, 0, 3, 2), "line\nof"),
    "ends where an item starts": ((0, 0, 3, 0), "The first line"),
    "ends at an empty item": ((5, 0, 6, 0), "tuned mod"),
    "starts where an item ends": ((0, 9, 2, 4), " line"),
    "over empty items": ((3, 12, 5, 5), "fine-\n\ntuned"),
    "units behind a letter of two": ((3, 6, 3, 9), "and"),
    "a letter of two units": ((3, 3, 3, 5), "𝐱"),
    "half a letter": ((3, 3, 3, 4), "\ufffd"),
    "nothing": ((0, 3, 0, 3), ""),
    "the last item whole": ((7, 0, 7, 3), "el."),
    "an item too far": ((7, 0, 8, 0), None),
    "an offset too far": ((0, 4, 0, 10), None),
    "a start too far": ((0, 10, 2, 4), None),
    "backwards": ((2, 0, 0, 3), None),
    "backwards within an item": ((0, 5, 0, 3), None),
    "below zero": ((-1, 0, 2, 4), None),
}


@pytest.mark.parametrize("name", SELECTED)
def test_selected_text(name: str) -> None:
    selection, expected = SELECTED[name]
    assert selected_text(PAGE, selection) == expected


def test_an_empty_page_has_no_selection() -> None:
    assert selected_text(PageText(1, ()), (0, 0, 0, 0)) is None


# words -> the selection that pdf.js makes of them
MADE: dict[str, Selection] = {
    "first": (0, 4, 0, 9),
    "first line": (0, 4, 2, 4),
    "line of": (2, 0, 3, 2),
    "x and a": (3, 3, 3, 11),
    "fine-tuned": (3, 12, 5, 5),
    "model": (5, 6, 7, 2),
}


@pytest.mark.parametrize("words", MADE)
def test_selection_of_words(words: str) -> None:
    searchable = SearchablePage(PAGE)
    (stretch,) = searchable.find(folded(words))
    assert searchable.selection_of(stretch) == MADE[words]


def test_a_selection_grows_over_the_signs_of_its_quote_alone() -> None:
    searchable = SearchablePage(page("(see the |[1] .|) “Why”?"))
    (see,) = searchable.find(folded("see the [1]"))
    assert searchable.selection_of(see) == (0, 1, 1, 2)
    assert searchable.selection_of(see, "(", "].)") == (0, 0, 2, 1)
    assert searchable.selection_of(see, "[", "]!") == (0, 1, 1, 3)
    (why,) = searchable.find("why")
    assert searchable.selection_of(why, '"', '"') == (2, 2, 2, 7)


items = st.lists(
    st.builds(
        Item,
        st.text(st.sampled_from("aabcé ﬁ-.𝐱²\u0301文7"), max_size=8),
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


@st.composite
def selections(draw: st.DrawFn) -> tuple[PageText, Selection]:
    text = PageText(1, tuple(draw(items)))
    first = draw(st.integers(0, len(text.items) - 1))
    last = draw(st.integers(first, len(text.items) - 1))
    units = [len(item.text.encode("utf-16-le")) // 2 for item in text.items]
    begin = draw(st.integers(0, units[first]))
    end = draw(st.integers(begin if first == last else 0, units[last]))
    return text, (first, begin, last, end)


@given(selections())
def test_selected_text_is_what_utf16_slices_give(made: tuple[PageText, Selection]) -> None:
    text, (first, begin, last, end) = made
    units = [item.text.encode("utf-16-le") + b"\n\0" * item.ends_line for item in text.items]
    if first == last:
        expected = units[first][2 * begin : 2 * end]
    else:
        middle = units[first + 1 : last]
        expected = b"".join([units[first][2 * begin :], *middle, units[last][: 2 * end]])
    plain = expected.decode("utf-16-le", "replace").strip("\n")
    assert selected_text(*made) == plain


@given(selections())
def test_a_selection_made_of_letters_covers_them_and_starts_and_ends_with_one(
    made: tuple[PageText, Selection],
) -> None:
    text, selection = made
    searchable = SearchablePage(text)
    stretch = searchable.stretch_of(selection)
    assert stretch is not None
    assume(len(stretch))
    again = searchable.selection_of(stretch)
    covered = selected_text(text, again)
    assert covered
    assert folded(covered[0]) or folded(covered[:2])
    assert folded(covered[-1]) or covered[-1] == "\u0301"
    whole = searchable.stretch_of(again)
    assert whole is not None
    assert whole.holds(stretch)
    assert searchable.stretch_of(searchable.selection_of(whole)) == whole
