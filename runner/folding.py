"""Text folded for comparison: what is left of a passage when its typesetting is taken away.

A PDF breaks lines and words, joins letters to ligatures, sets small capitals and has its own
spaces, hyphens and dashes. So two texts count as the same words where their letters, digits and
marks on letters agree, in this order, after Unicode's compatibility form NFKC. Case does not
count: titles stand in (small) capitals, which come out of a PDF as capitals, and a quote that
starts in mid-sentence gets a capital of its own. Accents do count, and TeX's loose ones ("´e") are
joined to their letters first.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from .records import dataclass

# Accents that TeX's old fonts print as signs of their own, in front of the letter. The grave one
# is missing: in a note it marks code.
_LOOSE = {
    "\u00b4": "\u0301",
    "\u00a8": "\u0308",
    "\u02c6": "\u0302",
    "\u02dc": "\u0303",
    "\u02c7": "\u030c",
    "\u02d8": "\u0306",
    "\u02d9": "\u0307",
    "\u02da": "\u030a",
    "\u00b8": "\u0327",
}
_DOTTED = {"\u0131": "i", "\u0237": "j"}


@dataclass(frozen=True, slots=True)
class Folded:
    """``text`` holds the folded letters; letter ``i`` comes from ``source[starts[i]:ends[i]]``."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


class _Letters(dict[str, str]):
    """What one character, or one letter with its marks, folds to."""

    def __missing__(self, cluster: str) -> str:
        if cluster in _LOOSE or unicodedata.category(cluster[0]) == "Sk":
            self[cluster] = ""  # an accent without a letter, as over a sign of mathematics
            return ""
        plain = unicodedata.normalize("NFKC", cluster).casefold()
        # Case folding can undo the composed form (U+01F0), so compose once more.
        plain = unicodedata.normalize("NFKC", plain)
        kept = "".join(letter for letter in plain if _counts(letter))
        self[cluster] = kept
        return kept


_LETTERS = _Letters()
_MOST_KEPT = 50_000  # clusters; hostile text must not fill the memory


def fold(text: str) -> Folded:
    """``text`` folded, with the way back to its characters."""
    if len(_LETTERS) > _MOST_KEPT:
        _LETTERS.clear()
    if any(map(_joins, set(text))):
        return _fold_clusters(_clusters(text))
    letters: list[str] = []
    starts: list[int] = []
    for offset, folded in enumerate(map(_LETTERS.__getitem__, text)):
        if folded:
            letters.append(folded)
            if len(folded) == 1:
                starts.append(offset)
            else:
                starts.extend([offset] * len(folded))
    return Folded("".join(letters), starts, [start + 1 for start in starts])


def folded(text: str) -> str:
    """The letters of ``text`` alone."""
    return fold(text).text


def _fold_clusters(clusters: Sequence[tuple[int, int, str]]) -> Folded:
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end, cluster in clusters:
        for letter in _LETTERS[cluster]:
            letters.append(letter)
            starts.append(start)
            ends.append(end)
    return Folded("".join(letters), starts, ends)


def _clusters(text: str) -> list[tuple[int, int, str]]:
    """Start, end and letters of each character with the marks that belong to it."""
    clusters: list[tuple[int, int, str]] = []
    offset = 0
    while offset < len(text):
        start, offset = offset, offset + 1
        letter = text[start]
        accent = _LOOSE.get(letter)
        if accent and offset < len(text) and _carries(text[offset], accent):
            base = _DOTTED.get(text[offset], text[offset])
            letter = base + accent
            offset += 1
        while offset < len(text) and _follows(text[offset]):
            letter += text[offset]
            offset += 1
        clusters.append((start, offset, letter))
    return clusters


def _carries(letter: str, accent: str) -> bool:
    base = _DOTTED.get(letter, letter)
    return base.isalpha() and len(unicodedata.normalize("NFC", base + accent)) == 1


def _joins(letter: str) -> bool:
    return letter in _LOOSE or _follows(letter)


def _follows(letter: str) -> bool:
    """Whether Unicode may compose ``letter`` with what stands before it."""
    return unicodedata.combining(letter) != 0 or "\u1160" <= letter <= "\u11ff"


def _counts(letter: str) -> bool:
    return letter.isalnum() or unicodedata.category(letter) in ("Mn", "Mc")
