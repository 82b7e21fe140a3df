"""Verdicts of single quotes, and what is said of them."""

import pytest
from printed import PAPER, Printed, core, quoted

from runner.quotes import Book, check
from runner.verdict import Found

BOOK = Book(Printed(*PAPER))
SPLIT = "We split an image into patches"

# name -> (quote, place, verdict, message or its start, where the link should lead)
Row = tuple[str, str, str, str, tuple[int, tuple[int, int, int, int]] | None]
CASES: dict[str, Row] = {
    # The selection gives the quote.
    "the selection": (SPLIT, "page=1&selection=2,0,2,30", "exact", "", None),
    "a part of the selection": ("an image into", "page=1&selection=2,0,2,30", "exact", "", None),
    "over a line end": ("a Trans- former. It uses", "page=1&selection=2,76,3,15", "exact", "", None),
    "joined at a line end": ("a Transformer", "page=1&selection=2,76,3,6", "exact", "", None),
    "small and capital letters": ("we SPLIT an image", "page=1&selection=2,0,2,17", "exact", "", None),
    "ligature": ("with a fixed rate", "page=1&selection=4,26,4,42", "exact", "", None),
    "ends at the start of the next item": (
        "when data is scarce.", "page=2&selection=1,51,2,0", "exact", "", None,
    ),
    "cut off": (
        "We split an image into patc", "page=1&selection=2,0,2,27", "exact",
        "the selection ends in mid-word, in “patches”", None,
    ),
    "cut off at its start": (
        "plit an image", "page=1&selection=2,4,2,17", "exact",
        "the selection starts in mid-word, in “split”", None,
    ),
    "a heading with its number": ("1 Introduction", "page=1&selection=1,0,1,14", "exact", "", None),
    "a number that is not on the page": ("2. Introduction", "page=1", "edited", "", None),
    "markup": (
        "We **split** an ==image== into [[Patch|patches]]", "page=1&selection=2,0,2,30", "exact", "", None,
    ),
    "a footnote of the note": ("We split[^1] an image", "page=1&selection=2,0,2,30", "exact", "", None),
    # The page has the quote.
    "the page": (SPLIT, "page=1", "exact", "", None),
    "the page, twice": ("We call this scaling.", "page=3", "exact", "", None),
    "the file, once": (SPLIT, "", "exact", "the quote stands on page 1", None),
    "the file, often": (
        "We call this scaling", "", "ambiguous",
        "the quote stands 3 times, on pages 2, 3: link the one you mean", None,
    ),
    "the page, cut off": (
        "We split an image into patc", "page=1", "edited",
        'the quote differs from page 1: "patches" → "patc"; correct it', None,
    ),
    "the page, without a prefix": (
        "former. It uses no", "page=1", "exact", "", None,
    ),
    # Words differ.
    "a word": (
        "We split a picture into patches", "page=1&selection=2,0,2,30", "edited",
        'the quote differs from page 1: "an image" → "a picture"; correct it', None,
    ),
    "not": (
        "It uses not no convolution.", "page=1&selection=3,8,3,31", "edited",
        "the quote differs from page 1: +not; correct it", None,
    ),
    "words before the first": (
        "do not split an image into patches", "page=1&selection=2,0,2,30",
        "edited", 'the quote differs from page 1: +"do not"; correct it', None,
    ),
    "a word less": (
        "training on data helps", "page=2", "edited", "the quote differs from page 2: -more", None,
    ),
    "words swapped": ("the small to inherent ones, and do not generalize well", "page=2", "edited", "", None),
    "a decimal point": (
        "with a fixed rate of 01, drops", "page=1", "edited",
        'the quote differs from page 1: "0.1" → "01"', None,
    ),
    "a comparison": (
        "shares weights, where p > 0.05", "page=3", "edited",
        'the quote differs from page 3: "<" → ">"', None,
    ),
    "a decimal point, on another page": ("with a fixed rate of 01, drops", "page=3", "edited", "", None),
    "a decimal point, somewhere": ("with a fixed rate of 01, drops", "", "edited", "", None),
    "a sentence left out": (
        "However, training on more data helps. The end of a column that goes on", "page=2", "edited",
        "the page has “We call this scaling. Figure 1: We split an image” before", None,
    ),
    "sentences swapped": (
        "We call this scaling. However, training on more data helps.", "page=2", "edited",
        "“However, training on more data helps.” stands elsewhere on the page", None,
    ),
    # The selection is off.
    "behind its first item": (
        "former. It uses no convolution. The first layer embeds the im-",
        "page=1&selection=3,62,3,62", "offset", "the selection starts behind its first item",
        (1, (3, 0, 3, 62)),
    ),
    "behind its first item, and the words stand elsewhere too": (
        "We call this scaling", "page=2&selection=2,95,2,58", "moved", "", (2, (2, 38, 2, 58)),
    ),
    "far behind its first item": (
        SPLIT, "page=1&selection=2,999,2,30", "offset", "", (1, (2, 0, 2, 30)),
    ),
    "one item too far": (
        SPLIT, "page=1&selection=3,0,3,30", "shifted",
        "the selection is 1 item too far on, as links of Obsidian 1.8.0 are: correct the link", (1, (2, 0, 2, 30)),
    ),
    "three items too early": (
        "Large models", "page=1&selection=2,0,2,12", "shifted",
        "the selection is 3 items too far back: correct the link", (1, (5, 0, 5, 12)),
    ),
    "a little off": (
        SPLIT, "page=1&selection=2,3,2,35", "shifted", "the selection does not hold all of the quote: correct the link by `quotes repair`",
        (1, (2, 0, 2, 30)),
    ),
    "ends in mid-word": (
        SPLIT, "page=1&selection=2,0,2,27", "shifted", "the selection ends in mid-word",
        (1, (2, 0, 2, 30)),
    ),
    "elsewhere on the page": (
        SPLIT, "page=1&selection=5,0,5,20", "moved",
        "the quote stands on the page, outside the selection", (1, (2, 0, 2, 30)),
    ),
    "outside the page": (
        SPLIT, "page=1&selection=70,0,75,20", "moved",
        "the quote stands on the page, but the selection is not in the page", (1, (2, 0, 2, 30)),
    ),
    "its signs too": (
        "(It uses) no recurrence [12].", "page=3&selection=0,0,0,3", "moved", "", (3, (2, 22, 2, 49)),
    ),
    "nearest of two": (
        "We call this scaling", "page=3&selection=3,40,3,50", "moved", "", (3, (3, 52, 3, 72)),
    ),
    "none is nearest": (
        "We call this scaling", "page=3&selection=70,0,70,1", "ambiguous",
        "the quote stands 2 times, on page 3", None,
    ),
    # Another page.
    "another page": (
        SPLIT, "page=2&selection=2,0,2,30", "other-page",
        "the quote stands on page 1, not on page 2: correct the link by `quotes repair`",
        (1, (2, 0, 2, 30)),
    ),
    "another page, no selection": (SPLIT, "page=3", "other-page", "", (1, (2, 0, 2, 30))),
    "another page, often": (
        "We call this scaling", "page=1", "ambiguous", "the quote stands 3 times, on pages 2, 3", None,
    ),
    "no such page": (
        SPLIT, "page=9", "other-page",
        "the quote stands on page 1; the PDF has no page 9: correct the link by `quotes repair`", (1, (2, 0, 2, 30)),
    ),
    "no such page, often": ("We call this scaling", "page=9", "ambiguous", "", None),
    "page zero": (SPLIT, "page=0", "other-page", "the quote stands on page 1; the PDF has no page 0", (1, (2, 0, 2, 30))),
    # Nowhere.
    "nowhere": (
        "Ducks prefer rivers with slow water", "page=1", "not-found",
        "“Ducks prefer rivers with slow water” stands nowhere in the PDF: quote it anew", None,
    ),
    "nowhere, but nearly on another page": (
        "training on much more data helps", "page=1", "not-found",
        "“training on much more data helps” stands nowhere in the PDF; the nearest passage, on page 2, differs in +much: correct the words",
        None,
    ),
    "edited, but elsewhere": (
        "training on much more data helps", "page=2&selection=4,0,4,20", "not-found", "", None,
    ),
    "few letters": ("ducks", "page=1", "not-found", "", None),
    # Over a page break.
    "continues": (
        "Large models lack some of the inductive biases inherent to small ones, and do not",
        "page=1", "exact", "it continues on page 2", None,
    ),
    "continues, first half selected": (
        "Large models lack some of the inductive biases inherent to small ones, and do not",
        "page=1&selection=5,0,5,46", "exact", "it continues on page 2", None,
    ),
    "continues, first half moved": (
        "Large models lack some of the inductive biases inherent to small ones, and do not",
        "page=1&selection=1,0,2,46", "moved", "the quote stands on the page, outside the selection",
        (1, (5, 0, 5, 46)),
    ),
    "begins on the page before": (
        "some of the inductive biases inherent to small ones", "page=2", "exact", "it begins on page 1", None,
    ),
    "continues, linked elsewhere": (
        "some of the inductive biases inherent to small ones", "page=3", "other-page",
        "the quote stands on page 1, not on page 3", (1, (5, 18, 5, 46)),
    ),
    "continues, and goes on": (
        "Large models lack some of the inductive biases inherent to small ones, and do not generalize"
        " well when data is scarce. However, training on more data helps.",
        "page=1", "exact", "it continues on page 2", None,
    ),
    "words of the break itself": (
        "Large models lack some of the inductive biases Preprint inherent to small ones", "page=1",
        "exact", "it continues on page 2", None,
    ),
    "a break inside a line is none": ("Large models lack some of inherent to small ones", "page=1", "edited", "", None),
    "around a footnote": (
        "The end of a column that goes on over its footnote.", "page=2", "exact", "", None,
    ),
    "continues behind a figure": (
        "over its footnote. It uses We call this scaling.", "page=2", "exact", "it continues on page 3", None,
    ),
    # The author's words.
    "left out": (
        "We split an image […] to a Transformer.", "page=1", "exact", "`[…]` leaves words out", None,
    ),
    "left out, other dots": ("We split ... the sequence (...) to a Transformer", "page=1", "exact", "`...` leaves words out", None),
    "left out between sentences": (
        "However, training on more data helps. […] The end of a column", "page=2", "exact", "`[…]` leaves words out", None,
    ),
    "left out, in a sentence of its own": (
        "It uses no convolution.\n\n[…]\n\nLarge models lack", "page=1", "exact", "`[…]` leaves words out", None,
    ),
    "left out, no page": (
        "It uses no […] embeds the", "", "exact", "the quote stands on page 1; `[…]` leaves words out", None,
    ),
    "left out over a page break": (
        "Large models lack […] biases inherent to small ones […] when data is scarce", "page=1",
        "exact", "`[…]` leaves words out; it continues on page 2", None,
    ),
    "left out, wrong order": (
        "It uses no convolution […] We split an image into patches", "page=1", "edited", "", None,
    ),
    "added": ("It [the model] uses no convolution", "page=1", "exact", "`[the model]` is yours", None),
    "replaced": (
        "[The model] uses no convolution", "page=1", "exact", "`[The model]` is yours", None,
    ),
    "replaced in the middle": (
        "We [cut] an image into patches", "page=1", "exact", "`[cut]` is yours, for “split”", None,
    ),
    "a capital in brackets": ("[t]raining on more data helps", "page=2", "exact", "", None),
    "sic": ("no convolution [sic]. The first layer", "page=1", "exact", "`[sic]` is yours", None),
    "emphasis": ("training on **more** data helps (my emphasis)", "page=2", "exact", "`(my emphasis)` is yours", None),
    "the paper's brackets": ("It uses no recurrence [12].", "page=3", "exact", "", None),
    "the paper's brackets, changed": ("It uses no recurrence [21]. The model", "page=3", "edited", "", None),
    "the paper's brackets, words in them": ("It uses no recurrence [only 12]. The model", "page=3", "edited", "", None),
    "too much replaced": (
        "We [cut] patches to a Transformer", "page=1", "edited", "", None,
    ),
    "a word lost beside a mark": ("We […] image into to a Transformer", "page=1", "not-found", "", None),
    # Mathematics.
    "as copied": ("Results hold for x ∈ RH×W ×C and others.", "page=3", "exact", "", None),
    "LaTeX that agrees": (
        r"hold for $x \in \mathbb{R}^{H \times W \times C}$ and others", "page=3", "exact", "", None,
    ),
    "LaTeX that cannot be compared": (
        r"hold for $\mathbf{X}_{input}$ and others", "page=3", "exact",
        r"the formula `$\mathbf{X}_{input}$` was not compared", None,
    ),
    "LaTeX, and a word changed": (
        r"hold for $\mathbf{X}_{input}$ or others. We call", "page=3", "edited", "", None,
    ),
    "only LaTeX": (
        "$$E = mc^2$$", "page=3", "no-quote", "the quote is only a formula, which cannot be compared", None,
    ),
    "money": ("costs $5 and $6 a day", "page=3", "not-found", "", None),
    "only signs": ("—", "page=1", "no-quote", "the quote has no words, which cannot be compared", None),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_verdict(name: str) -> None:
    text, place, expected, message, found = CASES[name]
    links = quoted(core(text, place))
    said = check("n.md", *links[0], BOOK)
    assert (said.verdict.value, said.found) == (expected, found and Found(*found))
    assert said.message.startswith(message)
    assert bool(said.message) == bool(message or expected != "exact")
    assert bool(said.remedy) == (expected != "exact"), "each fault has its remedy, by itself"
    assert said.remedy not in said.what or not said.remedy
