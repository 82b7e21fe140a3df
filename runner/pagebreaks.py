"""Passages that a page break, a footnote or a figure parts, and how to tell."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from .pagesearch import Book, SearchablePage, Stretch

_LABEL = r"(?:figure|fig\.|table|algorithm|listing)\s*\d[\w.]*\s*[:.|\u2014\n]"
# At the start of a line, or glued to a letter of the figure, which pdf.js does not end a line at.
_CAPTION = re.compile(rf"(?:^\s*|(?<=[^\s(\[])){_LABEL}", re.I | re.M)
_FOOTNOTE = re.compile(rf"\s*(?:\d|[*∗†‡§¶©]|arxiv:|{_LABEL})", re.I)
_DIGITS = re.compile(r"\d+")
_SEEDS = (12, 6, 3)  # letters by which the first half is looked for
_LEAST_HEAD, _MOST_HEAD = 6, 400  # letters of a running head or foot
_MOST_FOOTNOTES = 1000  # letters; more is another column
_LEAST_FOOTNOTE = 20  # letters; less is an exponent with a line of its own


def halves_of(
    letters: str,
    first: SearchablePage,
    second: SearchablePage,
    book: Book,
    cuts: tuple[int, ...] = (),
) -> tuple[Stretch, Stretch] | None:
    """Where ``letters`` stand in two halves, parted by what is no running text.

    The first half ends with a line and the second begins one. Between them stand only a running
    head or foot, which other pages repeat, footnotes, or a figure or table with its caption. On
    one page (``first is second``) it is a footnote or a caption.
    """
    tried: set[int] = set()
    for seed in (letters[:length] for length in _SEEDS if length < len(letters)):
        start = first.letters.find(seed)
        while start >= 0:
            if start not in tried and (start in cuts or not first.cuts_word(start)):
                for end in _line_ends(first, letters, start):
                    for place in second.find(letters[end - start :]):
                        if continues(first, end, second, place.start, book):
                            return Stretch(first.number, start, end), place
            tried.add(start)
            start = first.letters.find(seed, start + 1)
    return None


def _line_ends(page: SearchablePage, letters: str, start: int) -> Iterator[int]:
    """Line ends that ``letters``, laid on the page at ``start``, reach in agreement; last first."""
    most = min(len(page.letters) - start, len(letters) - 1)
    agreeing = bisect_left(
        range(1, most + 1), True, key=lambda n: not page.letters.startswith(letters[:n], start)
    )
    reached = start + agreeing
    return (end for end in range(reached, start, -1) if page.ends_line(end))


def continues(
    first: SearchablePage, end: int, second: SearchablePage, start: int, book: Book
) -> bool:
    """Whether only furniture of the page stands between the two halves."""
    if not second.starts_line(start):
        return False
    if first is second:
        between = first.words(end, start) if end < start else ""
        return start - end >= _LEAST_FOOTNOTE and _FOOTNOTE.match(between) is not None
    return _is_foot(first, end, book) and _is_head(second, start, book)


def _is_foot(page: SearchablePage, at: int, book: Book) -> bool:
    rest = page.letters[at:]
    if not rest:
        return True
    if rest.startswith(str(page.number)):
        return True  # the page's number; what comes behind it was put on the page later
    if _FOOTNOTE.match(page.words(at, len(page.letters))):
        return len(rest) <= _MOST_FOOTNOTES
    plain = _DIGITS.sub("", rest)
    return _LEAST_HEAD <= len(plain) <= _MOST_HEAD and any(
        _DIGITS.sub("", other.letters).endswith(plain) for other in _beside(page, book)
    )


def _is_head(page: SearchablePage, at: int, book: Book) -> bool:
    head = page.letters[:at]
    plain = _DIGITS.sub("", head)
    if not plain or _CAPTION.search(page.between(0, at)):
        return True
    return _LEAST_HEAD <= len(plain) <= _MOST_HEAD and any(
        _DIGITS.sub("", other.letters[: at + 20]).startswith(plain) for other in _beside(page, book)
    )


def _beside(page: SearchablePage, book: Book) -> Iterator[SearchablePage]:
    """Pages that may have the same running head: odd and even ones can differ."""
    for step in (-1, 1, -2, 2):
        if 1 <= page.number + step <= book.count:
            yield book.page(page.number + step)
