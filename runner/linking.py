"""Links made from words: where a PDF has them, and the Markdown that Obsidian would write."""

from __future__ import annotations

import re

from .pagesearch import Book, Stretch, selected_text
from .placing import Placer
from .quotetext import sentences
from .records import dataclass
from .requoting import selection_digits
from .verdict import Found

_CONTEXT = 50  # characters to each side of a place


@dataclass(frozen=True, slots=True)
class Spot:
    """A place that has the words: the page's own ``text``, and what stands around it."""

    found: Found
    text: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class LinkForms:
    """``link`` alone, as in Obsidian's "Copy link"; ``quote`` is its "Copy as quote"; ``callout``
    is PDF++'s "Quote in callout"."""

    link: str
    quote: str
    callout: str


def spots(text: str, book: Book, page: int | None = None) -> tuple[Spot, ...]:
    """Where ``book``, or its page ``page``, has the words of ``text``, in the order of the pages.

    Words that a page break parts have one spot, with the half on the first page. No spot means
    that the words stand nowhere as one passage.
    """
    parts = sentences(text)
    if not any(part.has_words for part in parts):
        return ()
    places = Placer(book, parts, page, None).places()
    if len(places) != 1 or (places[0].first, places[0].last) != (0, len(parts)):
        return ()
    (place,) = places
    found = {place.start, *place.others}
    kept = sorted(stretch for stretch in found if page in (None, stretch.page))
    return tuple(_spot(book, stretch, parts[0].lead, parts[-1].tail) for stretch in kept)


def _spot(book: Book, stretch: Stretch, lead: str, tail: str) -> Spot:
    page = book.page(stretch.page)
    selection = page.selection_of(stretch, lead, tail)
    before, after = page.around(stretch, _CONTEXT)
    text = selected_text(page.page, selection) or ""
    return Spot(Found(stretch.page, selection), text, before, after)


def link_forms(path: str, found: Found, text: str, name: str, color: str = "yellow") -> LinkForms:
    """The Markdown of a link to ``found`` in the PDF ``path``, which is called ``name``.

    ``text`` is what the page has there, its lines ended by ``\\n``.
    """
    place = f"{path}#page={found.page}&selection={selection_digits(found.selection)}"
    alias = re.sub(r"[\[\]|]", " ", name)
    link = f"[[{place}|{alias}, page {found.page}]]"
    colored = f"[[{place}&color={color}|{alias}, p.{found.page}]]"
    spaced = " ".join(text.split())
    joined = " ".join(re.sub(r"(?<=\S)-\n(?=[A-Za-z])", "", text).split())
    return LinkForms(
        link=link,
        quote=f"> {spaced}\n\n{link}\n",
        callout=f"> [!PDF|{color}] {colored}\n> > {joined}\n> \n> ",
    )
