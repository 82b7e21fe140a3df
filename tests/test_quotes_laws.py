"""Laws: links made from a page verify, tampered quotes never do, repairs never mislead."""

import re
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st
from printed import Bound, core, quoted

from runner.folding import folded
from runner.linking import link_forms
from runner.pagesearch import SearchablePage, selected_text
from runner.quotes import Book, check
from runner.requoting import migrated, refusal, rewritten
from runner.verdict import Found, Item, LinkVerdict, PageText, Verdict

WORDS = (
    "the model a layers of attention is not trained we use efﬁcient ﬁne tuned 0.1 P2 self trans"
    " former U-Net Poincar´e 𝐱 naïve 图像 (Eq. 1) [12] BLEU. Figure results. Then e.g. it, it; 7%"
).split()


@st.composite
def pages(draw: st.DrawFn, number: int, least: int = 1) -> PageText:
    """Words in items as pdf.js cuts them: within words, between them, at line ends."""
    words = draw(st.lists(st.sampled_from(WORDS), min_size=least, max_size=40))
    glue = st.sampled_from([" "] * 6 + ["\n", "\n", "| |", " |", "|", "\n\n", "\n|"])
    text = "".join(word + draw(glue) for word in words)
    if draw(st.booleans()):  # a word parted by a line end or by a font
        at = draw(st.integers(0, len(text) - 1).filter(lambda at: text[at - 1] != "´"))
        text = text[:at] + draw(st.sampled_from(["-\n", "|"])) + text[at:]
    items = re.findall(r"([^|\n]*)([|\n]|$)", text)
    return PageText(number, tuple(Item(part, end == "\n") for part, end in items))


@st.composite
def books(draw: st.DrawFn) -> Book:
    count = draw(st.integers(1, 4))
    return Book(Bound([draw(pages(number)) for number in range(1, count + 1)]))


@st.composite
def passages(draw: st.DrawFn, least: int = 1) -> tuple[Book, Found, str]:
    """A book, a place in it that starts and ends with words, and what it says there."""
    book = draw(books())
    page = book.page(draw(st.integers(1, book.count)))
    borders = [at for at in range(len(page.letters) + 1) if not page.cuts_word(at)]
    assume(len(borders) > least)
    start = draw(st.integers(0, len(borders) - 1 - least))
    stop = draw(st.integers(start + least, len(borders) - 1))
    (stretch,) = (
        place
        for place in page.find(page.letters[borders[start] : borders[stop]])
        if place.start == borders[start]
    )
    selection = page.selection_of(stretch)
    text = selected_text(page.page, selection)
    assert text is not None
    return book, Found(page.number, selection), text


def place_of(found: Found) -> str:
    return f"page={found.page}&selection={','.join(map(str, found.selection))}"


def judged(note: str, book: Book) -> LinkVerdict:
    found = quoted(note)
    assume(found)
    return check("n.md", *found[0], book)


def stands(letters: str, book: Book) -> bool:
    """Whether a page has the letters, or two pages in a row have two halves of them."""
    texts = [book.page(number).letters for number in range(1, book.count + 1)]
    if any(letters in text for text in texts):
        return True
    halves = [(letters[:at], letters[at:]) for at in range(1, len(letters))]
    return any(
        one in here and other in there for here, there in pairwise(texts) for one, other in halves
    )


def one_line(text: str) -> str:
    return " ".join(text.split())


@given(passages())
def test_a_passage_verifies_in_every_form_of_its_link(made: tuple[Book, Found, str]) -> None:
    book, found, text = made
    forms = link_forms("f.pdf", found, text, "f")
    for note in (forms.quote, forms.callout, core(one_line(text), f"page={found.page}")):
        said = judged(note, book)
        assert (said.verdict, said.found) == (Verdict.EXACT, None)
        assert {piece.page for piece in said.pieces} == {found.page}


@given(passages(least=3), st.data())
def test_a_tampered_quote_is_never_exact(
    made: tuple[Book, Found, str], data: st.DataObject
) -> None:
    book, found, text = made
    words = text.split()
    assume(len(words) >= 3)
    at = data.draw(st.integers(1, len(words) - 2), "at")
    other = data.draw(st.integers(0, len(words) - 1), "other")
    swapped = list(words)
    swapped[at], swapped[other] = words[other], words[at]
    tampered = data.draw(
        st.sampled_from(
            [
                [*words[:at], "not", *words[at:]],
                [*words[:at], *words[at + 1 :]],
                [*words[:at], "pictures", *words[at + 1 :]],
                [*words[:at], words[at] + "n't", *words[at + 1 :]],
                swapped,
            ]
        ),
        "tampered",
    )
    quote = " ".join(tampered)
    # What the pages say somewhere, even over a page break, is no lie about them.
    assume(not stands(folded(quote), book))
    place = data.draw(st.sampled_from([place_of(found), f"page={found.page}", ""]), "place")
    assert judged(core(quote, place), book).verdict is not Verdict.EXACT


@given(passages(), books(), st.integers(1, 5))
def test_a_repair_leads_to_the_words_of_the_quote_and_is_done_once(
    made: tuple[Book, Found, str], other: Book, page: int
) -> None:
    book, found, text = made
    for target, old in ((other, found), (book, Found(page, found.selection))):
        note = core(one_line(text), place_of(old))
        said = judged(note, target)
        if said.found is None:
            assert said.verdict is Verdict.EXACT or refusal(said) or said.verdict.is_warning
            continue
        ((link, quote),) = quoted(note)
        repaired = rewritten(note, [(link, said.found)])
        assert re.sub(r"\d+", "0", repaired) == re.sub(r"\d+", "0", note)
        words = selected_text(target.page(said.found.page).page, said.found.selection)
        assert words is not None
        again = judged(repaired, target)
        assert (again.verdict, again.found) == (Verdict.EXACT, None)
        # A quote that a page break parts has its first half there.
        whole = folded(words) == folded(quote.text)
        assert whole or (again.message and folded(quote.text).startswith(folded(words)))


@given(passages(), st.data())
def test_another_cut_into_items_keeps_the_words(
    made: tuple[Book, Found, str], data: st.DataObject
) -> None:
    book, found, text = made
    old = book.page(found.page).page
    cut: list[Item] = []
    for item in old.items:
        at = data.draw(st.integers(0, len(item.text)))
        cut += [Item(item.text[:at]), Item(item.text[at:], item.ends_line)]
    new = PageText(old.number, tuple(cut))
    there = migrated(found.selection, old, new)
    assert there is not None
    assert selected_text(new, there) == text
    assert migrated(there, new, old) == found.selection


@given(books(), st.tuples(*[st.integers(0, 12)] * 4), st.text(max_size=40), st.integers(0, 5))
def test_any_link_and_quote_get_a_verdict(
    book: Book, selection: tuple[int, int, int, int], text: str, page: int
) -> None:
    note = core(" ".join(text.split()) or "x", place_of(Found(page, selection)))
    for link, quote in quoted(note):
        said = check("n.md", link, quote, book)
        assert said.verdict is Verdict.EXACT or said.message


@given(pages(1))
def test_every_word_is_found_where_it_stands(page: PageText) -> None:
    searchable = SearchablePage(page)
    for start in range(len(searchable.letters)):
        if not searchable.cuts_word(start):
            end = start + 1
            while searchable.cuts_word(end):
                end += 1
            starts = [place.start for place in searchable.find(searchable.letters[start:end])]
            assert start in starts
