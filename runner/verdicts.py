"""Verdicts found before: the bytes of a PDF say the same of a quote and a link for ever."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from .edition import edition
from .kept import Kept
from .note import Link, Quote
from .quotes import heads, unchecked
from .records import dataclass, replace
from .verdict import Found, LinkVerdict, Piece, Verdict

SOURCES = (
    "quotes.py",
    "judging.py",
    "placing.py",
    "pagebreaks.py",
    "pagesearch.py",
    "quotetext.py",
    "wording.py",
    "folding.py",
    "verdict.py",
)
"""What a verdict is made by, besides the texts of pages."""
LIBRARIES = ("rapidfuzz",)

_UNREAD = frozenset({Verdict.UNREADABLE, Verdict.NO_PDF})


@dataclass(frozen=True, slots=True)
class Question:
    """A link and its quote, held against the PDF at ``pdf``, whose text has an ``identity``."""

    link: Link
    quote: Quote
    pdf: str
    identity: str

    @property
    def key(self) -> str:
        """The same for questions that have the same answer, wherever they stand."""
        others = [
            (other.page, other.selection)
            for other in self.quote.links
            if other != self.link and other.target == self.link.target
        ]
        asked = [
            edition(SOURCES, LIBRARIES),
            self.identity,
            self.quote.text,
            self.link.page,
            self.link.selection,
            others,
            heads(self.quote, self.link),
            self.quote.is_flat,
        ]
        return f"verdict {hashlib.blake2b(json.dumps(asked).encode(), digest_size=16).hexdigest()}"


class Verdicts:
    """What was said before, in ``kept``."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def recall(self, note: str, questions: Iterable[Question]) -> dict[Question, LinkVerdict]:
        """The answers that are known, as verdicts of links of ``note``."""
        keys = {question: question.key for question in questions}
        bodies = self._kept.get_many(set(keys.values())) if keys else {}
        return {
            question: _from(json.loads(bodies[key]), note, question)
            for question, key in keys.items()
            if key in bodies
        }

    def keep(self, answers: Mapping[Question, LinkVerdict]) -> None:
        """For good, but for what could not be read, which may be readable next time."""
        self._kept.put_many(
            {
                question.key: json.dumps(_body(said))
                for question, said in answers.items()
                if said.verdict not in _UNREAD
            }
        )


def _body(said: LinkVerdict) -> list[object]:
    pieces = [[piece.text, piece.verdict.value, piece.page] for piece in said.pieces]
    found = said.found and [said.found.page, said.found.selection]
    return [said.verdict.value, said.what, said.remedy, pieces, found]


def _from(body: list[Any], note: str, question: Question) -> LinkVerdict:
    verdict, what, remedy, pieces, found = body
    return replace(
        unchecked(note, question.link, question.quote, Verdict(verdict), what, remedy),
        pdf=question.pdf,
        pieces=tuple(Piece(text, Verdict(said), page) for text, said, page in pieces),
        found=Found(found[0], tuple(found[1])) if found else None,
    )
