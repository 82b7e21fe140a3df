"""Small printed pages for quote tests, written as one reads them."""

from __future__ import annotations

from collections.abc import Sequence

from runner.links import find_links, find_quotes
from runner.note import Link, Quote
from runner.parse import parse
from runner.quotes import Book, check
from runner.verdict import Item, LinkVerdict, PageText


def page(text: str, number: int = 1) -> PageText:
    """Each line ends an item with a line end; ``|`` ends one without."""
    items: list[Item] = []
    for line in text.split("\n"):
        *parts, last = line.split("|")
        items += [Item(part) for part in parts]
        items.append(Item(last, ends_line=True))
    return PageText(number, tuple(items))


class Bound:
    """The pages of a PDF that needs no file."""

    def __init__(self, pages: Sequence[PageText]) -> None:
        self._pages = pages

    @property
    def count(self) -> int:
        return len(self._pages)

    def page(self, number: int) -> PageText:
        return self._pages[number - 1]


class Printed(Bound):
    """Pages as one reads them; remembers which ones were asked for."""

    def __init__(self, *texts: str) -> None:
        super().__init__([page(text, number) for number, text in enumerate(texts, 1)])
        self.asked: list[int] = []

    def page(self, number: int) -> PageText:
        self.asked.append(number)
        return super().page(number)


def quoted(note: str) -> list[tuple[Link, Quote]]:
    """Every PDF link of a note that belongs to a quote, with it."""
    parsed = parse("n.md", note)
    found = find_quotes(parsed, find_links(parsed))
    return [(link, quote) for quote in found for link in quote.links]


def core(text: str, place: str) -> str:
    """A note with one quote, as Obsidian's "Copy as quote" leaves it."""
    lines = "\n".join(f"> {line}" for line in text.split("\n"))
    return f"{lines}\n\n[[f.pdf#{place}|f, page]]\n"


def verdict(note: str, book: Book, link: int = 0) -> LinkVerdict:
    """What the PDF says of a note's link number ``link``."""
    found = quoted(note)
    return check("n.md", *found[link], book)


# A paper of three pages: a running head, a page number, a footnote, two figures.
ONE = """Preprint
1 Introduction
We split an image into patches and provide the sequence of these patches to a Trans-
former. It uses no convolution. The first layer embeds the im-
ages, and the second one, with a ﬁxed rate of 0.1, drops some.
Large models lack some of the inductive biases
1Code and models are at example.org.
1"""
TWO = """Preprint
inherent to small ones, and do not generalize well when data is scarce.
However, training on more data helps. We call this scaling.
Figure 1: We split an image.
The end of a column that goes on
2 A footnote of some length.
over its footnote. It uses
2"""
THREE = """Preprint
Figure 2: What the model sees.
We call this scaling. It uses no recurrence [12]. The model shares weights, where p < 0.05
and so on. Results hold for x ∈ RH×W ×C and others. We call this scaling.
3"""
PAPER = (ONE, TWO, THREE)
