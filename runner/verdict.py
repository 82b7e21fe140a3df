"""What a PDF says of a quote: the vocabulary of quote checking, as plain facts.

A *text item* is what pdf.js calls one entry of ``getTextContent().items``; a selection in a link
counts these items and UTF-16 units in them, its end exclusive.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from .records import dataclass

Selection = tuple[int, int, int, int]
"""First item, offset in it, last item, offset behind its last unit."""


class Profile(StrEnum):
    """Which pdf.js made the items: 3.6 to 5.4, as in Obsidian today, or 5.5 and later."""

    OLD = "3.6"
    NEW = "5.5"


class Verdict(StrEnum):
    """What the PDF says of a quote or a piece of one."""

    EXACT = "exact"
    EDITED = "edited"
    OFFSET = "offset"
    SHIFTED = "shifted"
    MOVED = "moved"
    OTHER_PAGE = "other-page"
    AMBIGUOUS = "ambiguous"
    NOT_FOUND = "not-found"
    UNREADABLE = "unreadable"
    NO_QUOTE = "no-quote"
    NO_TEXT = "no-text"
    NO_PDF = "no-pdf"

    @property
    def is_error(self) -> bool:
        return self not in _FINE and not self.is_warning

    @property
    def is_warning(self) -> bool:
        return self in _WARNINGS


_FINE = frozenset({Verdict.EXACT})
_WARNINGS = frozenset({Verdict.NO_PDF, Verdict.NO_TEXT, Verdict.NO_QUOTE})

WORST_FIRST = (
    Verdict.UNREADABLE,
    Verdict.NOT_FOUND,
    Verdict.EDITED,
    Verdict.OTHER_PAGE,
    Verdict.MOVED,
    Verdict.AMBIGUOUS,
    Verdict.SHIFTED,
    Verdict.OFFSET,
    Verdict.EXACT,
)
"""A link's verdict is the worst of its pieces."""


@dataclass(frozen=True, slots=True)
class Item:
    """One text item. ``ends_line``: pdf.js says ``hasEOL``; such an item may be empty."""

    text: str
    ends_line: bool = False


@dataclass(frozen=True, slots=True)
class PageText:
    """The text items of one page, in pdf.js's order; ``number`` counts from 1."""

    number: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a quote that is checked by itself. ``page``: where it stands, None if nowhere."""

    text: str
    verdict: Verdict
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The place in the PDF that a quote's link should name."""

    page: int
    selection: Selection


@dataclass(frozen=True, slots=True)
class LinkVerdict:
    """What the PDF says of one link of a note.

    ``quote`` is the text it was held against, "" if there is none. ``what`` there is to say, and
    the ``remedy`` where that is a fault. ``found`` is None where the link is right as it is or no
    one place is known.
    """

    note: str
    line: int
    pdf: str
    page: int | None
    selection: Selection | None
    quote: str
    verdict: Verdict
    what: str = ""
    remedy: str = ""
    pieces: tuple[Piece, ...] = ()
    found: Found | None = None

    @property
    def message(self) -> str:
        """What there is to say, and what to do about it."""
        return ("; " if ": " in self.what else ": ").join(filter(None, (self.what, self.remedy)))

    def to_json(self) -> Mapping[str, object]:
        return {
            "note": self.note,
            "line": self.line,
            "pdf": self.pdf,
            "page": self.page,
            "selection": list(self.selection) if self.selection else None,
            "quote": self.quote,
            "verdict": self.verdict.value,
            "message": self.message,
            "pieces": [
                {"text": piece.text, "verdict": piece.verdict.value, "page": piece.page}
                for piece in self.pieces
            ],
            "found": self.found
            and {"page": self.found.page, "selection": list(self.found.selection)},
        }
