"""New digits for links whose place moved; nothing else of a note changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .note import Link, Span
from .pagesearch import SearchablePage, Stretch
from .verdict import Found, LinkVerdict, PageText, Selection, Verdict

_SPREAD = "its sentences stand apart: give each its own quote and link"
_REASONS = {
    Verdict.EDITED: "the place is right, the words are not: correct the quote",
    Verdict.NOT_FOUND: "the PDF does not have these words",
    Verdict.AMBIGUOUS: "several places have these words: link the one you mean by `quotes link`",
    Verdict.OTHER_PAGE: _SPREAD,
    Verdict.MOVED: _SPREAD,
    Verdict.SHIFTED: _SPREAD,
    Verdict.OFFSET: _SPREAD,
    Verdict.UNREADABLE: "the PDF cannot be read",
}


def refusal(verdict: LinkVerdict) -> str:
    """Why there are no new digits for a link that is in error; "" where there are, or need be."""
    return "" if verdict.found or not verdict.verdict.is_error else _REASONS[verdict.verdict]


def rewritten(text: str, changes: Iterable[tuple[Link, Found]]) -> str:
    """``text`` with the digits of page and selection that its links have, and no others, renewed.

    The links' spans must be those of ``text``. A link without a page or a selection gets none.
    """
    for span, digits in sorted(
        (change for link, found in changes for change in _digits(link, found)), reverse=True
    ):
        text = text[: span.start] + digits + text[span.end :]
    return text


def _digits(link: Link, found: Found) -> Iterator[tuple[Span, str]]:
    if link.page_span and link.page != found.page:
        yield link.page_span, str(found.page)
    if link.selection_span and link.selection != found.selection:
        yield link.selection_span, selection_digits(found.selection)


def selection_digits(selection: Selection) -> str:
    """A selection as it stands in a link."""
    return ",".join(map(str, selection))


def migrated(selection: Selection, old: PageText, new: PageText) -> Selection | None:
    """The selection of the same words in the items that another pdf.js makes of the same page.

    ``None`` where the selection does not lie in ``old``, covers no letter, or ``new`` does not
    have its letters, or has them more than once and tells not which.
    """
    was, now = SearchablePage(old), SearchablePage(new)
    chosen = was.stretch_of(selection)
    if chosen is None or not len(chosen):
        return None
    same = _same_letters(was, now, chosen)
    if same is None:
        return None
    lead, tail = was.signs_around(chosen, selection)
    return now.selection_of(same, lead, tail)


def _same_letters(was: SearchablePage, now: SearchablePage, chosen: Stretch) -> Stretch | None:
    """Where ``now`` has the letters of ``chosen``: by what surrounds them, if they stand twice."""
    letters = was.letters[chosen.start : chosen.end]
    starts = list(_occurrences(now.letters, letters))
    if not starts:
        return None
    before, after = was.letters[: chosen.start], was.letters[chosen.end :]

    def agreement(start: int) -> int:
        return _common(before[::-1], now.letters[:start][::-1]) + _common(
            after, now.letters[start + len(letters) :]
        )

    ranked = sorted(starts, key=agreement)
    if len(ranked) > 1 and agreement(ranked[-1]) == agreement(ranked[-2]):
        return None
    return Stretch(now.number, ranked[-1], ranked[-1] + len(letters))


def _occurrences(text: str, part: str) -> Iterator[int]:
    start = text.find(part)
    while start >= 0:
        yield start
        start = text.find(part, start + 1)


def _common(one: str, other: str) -> int:
    """How many letters two texts share at their start."""
    count = min(len(one), len(other))
    return next((at for at in range(count) if one[at] != other[at]), count)
