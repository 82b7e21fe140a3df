"""A quote against its PDF: the verdict of each link, by equality of folded text.

Likeness only finds the passage that a message compares with; it never verifies.
"""

from __future__ import annotations

from collections.abc import Sequence

from .judging import Judge, Judged
from .note import Link, Quote
from .pagesearch import Book, Pages, selected_text
from .quotetext import Mark, Sentence, sentences
from .records import replace
from .verdict import WORST_FIRST, LinkVerdict, Piece, Verdict

__all__ = ["Book", "Pages", "check", "heads", "selected_text", "unchecked"]

_LONGEST = 10_000  # characters, some three pages; more are no passage
_MOST_TOLD = 3  # sentences of one link that a message names

_STRANGE = frozenset({Verdict.NOT_FOUND, Verdict.EDITED})

# Verdicts of links that other digits may mend.
_MENDABLE = frozenset({Verdict.OTHER_PAGE, Verdict.MOVED, Verdict.SHIFTED, Verdict.OFFSET})


def unchecked(
    note: str,
    link: Link,
    quote: Quote | None,
    verdict: Verdict,
    what: str,
    remedy: str = "",
) -> LinkVerdict:
    """The verdict of a link whose PDF could not be asked, or that has no quote."""
    return LinkVerdict(
        note=note,
        line=link.line,
        pdf=link.target,
        page=link.page,
        selection=link.selection,
        quote=quote.text if quote else "",
        verdict=verdict,
        what=what,
        remedy=remedy,
    )


def check(note: str, link: Link, quote: Quote | None, book: Book) -> LinkVerdict:
    """What the PDF says of ``quote`` at the place that ``link`` names.

    Where the quote has more links into the same PDF, each answers for the sentences that no
    other one holds. What ``book`` raises while it parses pages goes through.
    """
    if quote is None:
        what, remedy = "no quote stands beside this link", "quote what it leads to above it"
        return unchecked(note, link, None, Verdict.NO_QUOTE, what, remedy)
    base = unchecked(note, link, quote, Verdict.EXACT, "")
    if len(quote.text) > _LONGEST:
        what = f"the quote has more than {_LONGEST:,} characters"
        return _uncompared(base, Verdict.NO_QUOTE, what, "link its parts by themselves")
    by_line = heads(quote, link)
    parts = sentences(quote.text, by_line=by_line)
    if not any(part.has_words for part in parts):
        marks = {part.mark for sentence in parts for part in sentence.parts}
        what = "is only a formula" if Mark.FORMULA in marks else "has no words"
        what = f"the quote {what}, which cannot be compared"
        return _uncompared(base, Verdict.NO_QUOTE, what, "quote words of the page")
    if not _has_text(book, link):
        remedy = "put text behind its pages by text recognition"
        return _uncompared(base, Verdict.NO_TEXT, "the PDF has no text (a scan?)", remedy)
    judge = Judge(book, link, parts)
    may_be_all = quote.is_flat and (judge.home is None or bool(judge.home.letters))
    remarks = _remarks(parts, judge.judged, by_line, may_be_all)
    if len(remarks) == len(parts):
        what = "only words of your own stand beside this link"
        return _uncompared(base, Verdict.NO_QUOTE, what, "put the quoted words before them")
    quoted = [index for index in range(len(parts)) if index not in remarks]
    own = _not_held_by_others(quoted, judge, quote)
    said = _summed_up(base, judge, quoted, own)
    if said.verdict is Verdict.NOT_FOUND and judge.home and not judge.home.letters:
        what = f"page {link.page} has no text (a scan?)"
        return _uncompared(said, Verdict.NO_TEXT, what, "run a text recognition over it")
    return said


def _uncompared(base: LinkVerdict, verdict: Verdict, what: str, remedy: str) -> LinkVerdict:
    return replace(base, verdict=verdict, what=what, remedy=remedy)


def heads(quote: Quote, link: Link) -> bool:
    """Whether the link stands above the quote, as in PDF++'s flat callout."""
    return quote.is_flat or ("\n" in quote.text and link.line == quote.line)


def _has_text(book: Book, link: Link) -> bool:
    return any(page.letters for page in book.outward(link.page))


def _remarks(
    parts: Sequence[Sentence], judged: Sequence[Judged], by_line: bool, may_be_all: bool
) -> frozenset[int]:
    """The sentences at the end that are the author's, for the PDF has nothing like them.

    That is whom the quote is from, behind a dash, and any lines of a flat callout.
    """
    last = len(judged)
    while last and judged[last - 1].verdict in _STRANGE and not judged[last - 1].resembles:
        last -= 1  # one that resembles a passage is rather a changed quote
    if last == 0:
        return frozenset(range(len(parts)) if may_be_all else ())
    line = parts[last - 1].line
    rest = [index for index in range(last, len(parts)) if parts[index].line > line]
    is_signed = rest and parts[rest[0]].attributes and parts[rest[-1]].line == parts[rest[0]].line
    return frozenset(rest if by_line or is_signed else ())


def _not_held_by_others(quoted: Sequence[int], judge: Judge, quote: Quote) -> list[int]:
    """The sentences a link answers for: all but those that only other links hold."""
    held: set[int] = set()
    for link in quote.links:
        if link != judge.link and link.target == judge.link.target:
            judged = Judge(judge.book, link, judge.parts).judged
            held |= {index for index in quoted if judged[index].verdict is Verdict.EXACT}
    mine = {index for index in quoted if judge.judged[index].verdict is Verdict.EXACT}
    own = [index for index in quoted if index in mine or index not in held]
    return own or list(quoted)


def _summed_up(
    base: LinkVerdict, judge: Judge, quoted: Sequence[int], own: Sequence[int]
) -> LinkVerdict:
    judged = judge.judged
    verdict = min((judged[index].verdict for index in own), key=WORST_FIRST.index)
    worst = [judged[index] for index in own if judged[index].verdict is verdict]
    told = [one.what for one in worst]
    if verdict is Verdict.EXACT and len(quoted) < len(judged):
        told.append("what follows the quote counts as your own words")
    remedy, found = _together([one.remedy for one in worst]), None
    if verdict in _MENDABLE:
        found = judge.found(own)
        remedy = "correct the link by `quotes repair`" if found else "link it there, by itself"
    pieces = (
        Piece(judge.parts[index].text, judged[index].verdict, judged[index].page)
        for index in quoted
    )
    return replace(
        base,
        verdict=verdict,
        what=_together(told),
        remedy=remedy,
        pieces=tuple(pieces),
        found=found,
    )


def _together(messages: Sequence[str]) -> str:
    told = list(dict.fromkeys(filter(None, messages)))
    more = [f"and {len(told) - _MOST_TOLD} more like this"] if len(told) > _MOST_TOLD else []
    return "; ".join([*told[:_MOST_TOLD], *more])
