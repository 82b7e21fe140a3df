"""How a quote differs from a page in words, and where a page comes nearest to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import pairwise

from .folding import folded
from .pagesearch import SearchablePage, Stretch
from .records import dataclass

_MOST_COMPARED = 2000  # letters, a long paragraph; the time grows with their square
_MOST_SHOWN = 4  # differences in a message
_LONGEST_SHOWN = 60  # characters of one difference
_LEAST_REPLACED = 0.5  # of the letters, for a word at the edge to be one of the page's, changed


@dataclass(frozen=True, slots=True)
class Nearest:
    """The passage most like a quote; ``likeness`` in percent only ranks, it proves nothing."""

    stretch: Stretch
    likeness: float


def nearest(
    letters: str, page: SearchablePage, least: float, within: Stretch | None = None
) -> Nearest | None:
    """The words of ``page`` that are most like ``letters``, if at least ``least`` percent are."""
    from rapidfuzz import fuzz

    low = max(within.start, 0) if within else 0
    searched = page.letters[low : within.end if within else None]
    if not letters or not searched or len(letters) > _MOST_COMPARED:
        return None
    found = fuzz.partial_ratio_alignment(letters, searched, score_cutoff=least)
    if not found:
        return None
    start, end = low + found.dest_start, low + found.dest_end
    while page.cuts_word(start):
        start -= 1
    while page.cuts_word(end):
        end += 1
    return Nearest(Stretch(page.number, start, end), found.score)


def difference(printed: str, quote: str) -> str:
    """The words by which ``quote`` differs: ``"images" → "pictures"``, ``+not``, ``-very``."""
    shown = list(_differences(printed, quote))
    more = [f"{len(shown) - _MOST_SHOWN} more"] if len(shown) > _MOST_SHOWN else []
    return ", ".join([*shown[:_MOST_SHOWN], *more])


def shared(printed: str, quote: str) -> float:
    """The share of the letters of ``quote`` that stand in words which ``printed`` has in the same
    order: high for a passage that was edited, low for one that is only spelt a little like it."""
    old, new = ([_key(word) for word in _words(text)] for text in (printed, quote))
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    same = sum(len(word) for _, first, size in blocks for word in new[first : first + size])
    return same / max(1, sum(map(len, new)))


def same_signs(printed: str, quote: str) -> bool:
    """Whether two texts of the same letters have the same signs that change a number's meaning:
    the point of a decimal fraction, per cent, and comparisons."""
    return _signs(printed) == _signs(quote)


_SIGN = re.compile(r"(?<=\d)\s*(\.)\s*(?=\d)|([<>≤≥±%])")
_LETTER = re.compile(r"[^\W_]")


def _signs(text: str) -> list[tuple[int, str]]:
    """Each sign between the first letter and the last, with the number of letters before it."""
    letters = [match.start() for match in _LETTER.finditer(text)]
    found = []
    for match in _SIGN.finditer(text, letters[0], letters[-1]) if letters else ():
        before = folded(text[: match.start()])
        found.append((len(before), match[1] or match[2]))
    return found


def _key(word: str) -> str:
    """What two words must share to be the same: their letters, and the signs in them."""
    marked = _SIGN.sub(lambda match: f"_{ord(match[1] or match[2])}_", word)
    return "".join(folded(part) or part for part in re.split(r"(_\d+_)", marked))


def _differences(printed: str, quote: str) -> Iterator[str]:
    old, new = _words(printed), _words(quote)
    keys = [_key(word) for word in old], [_key(word) for word in new]
    matcher = SequenceMatcher(None, *keys, autojunk=False)
    for low, high, first, last in _merged(matcher):
        if first == last and (low == 0 or high == len(old)):
            continue  # beside the quote, not in it
        before, after = "".join(keys[0][low:high]), "".join(keys[1][first:last])
        if before == after:
            continue
        is_edge = low == 0 or high == len(old)  # there the passage may hold words of its neighbours
        replaced = not is_edge or SequenceMatcher(None, before, after).ratio() >= _LEAST_REPLACED
        yield _shown(_trimmed(old[low:high]) if replaced else "", _trimmed(new[first:last]))


def _merged(matcher: SequenceMatcher[str]) -> Iterator[tuple[int, int, int, int]]:
    """What differs, from one word that agrees to the next."""
    blocks = [(0, 0, 0), *matcher.get_matching_blocks()]
    for (old, new, size), (next_old, next_new, _) in pairwise(blocks):
        if (old + size, new + size) != (next_old, next_new):
            yield old + size, next_old, new + size, next_new


def _words(text: str) -> list[str]:
    return [word for word in text.split() if folded(word) or _SIGN.search(word)]


def _trimmed(words: list[str]) -> str:
    text = " ".join(words).strip("*_=~.,;:“”\"'")
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1].rstrip() + "…"


def _shown(old: str, new: str) -> str:
    if old and new:
        return f'"{old}" → "{new}"'
    if " " in old + new:
        return f'-"{old}"' if old else f'+"{new}"'
    return f"-{old}" if old else f"+{new}"
