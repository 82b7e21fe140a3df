"""Text in the order of display -> the order in which pdf.js gives it out.

pdf.js puts every item with right-to-left characters through a part of the Unicode Bidirectional
Algorithm (UAX 9): one paragraph, no embeddings, no mirrored brackets. What is left out, and where
it deviates, is as in `src/core/bidi.js` of versions 4.10 and 6.5 (Apache-2.0).
"""

from __future__ import annotations

import unicodedata

from ..verdict import Profile

RIGHT_TO_LEFT = frozenset(("R", "AL", "AN"))
MOSTLY_LEFT = 0.3  # an item with fewer right-to-left characters than this runs to the right
FIRST_RIGHT_TO_LEFT = "\u0590"
SHORT = 4  # unless it is as short as this
ARABIC_LETTERS = ((0x0700, 0x08AC), (0xFB50, 0xFDFF), (0xFE70, 0xFEFF))


def reordered(text: str, profile: Profile) -> str:
    if not text or max(text) < FIRST_RIGHT_TO_LEFT:
        return text
    kinds = [_kind(char) for char in text]
    count = sum(kind in RIGHT_TO_LEFT for kind in kinds)
    if count == 0:
        return text
    level = 0 if count / len(text) < MOSTLY_LEFT and len(text) > SHORT else 1
    _resolve_weak(kinds, level)
    if profile is Profile.OLD:
        _resolve_neutral_by_neighbours(kinds, level)
    else:
        _resolve_neutral(kinds, level)
    chars = _reversed(text, [_level(kind, level) for kind in kinds])
    return "".join(char for char in chars if char not in "<>")


def _kind(char: str) -> str:
    """The bidirectional class of UAX 9, table 4, as far as pdf.js knows it."""
    code = ord(char)
    if code <= 0xFF or 0x0600 <= code <= 0x06FF:
        return unicodedata.bidirectional(char)
    if 0x0590 <= code <= 0x05F4:
        return "R"
    return "AL" if any(low <= code <= high for low, high in ARABIC_LETTERS) else "L"


def _resolve_weak(kinds: list[str], level: int) -> None:
    """Rules W1 to W7."""
    before = outside = _outside(level)
    for index, kind in enumerate(kinds):  # W1
        if kind == "NSM":
            kinds[index] = before
        before = kinds[index]
    strong = outside
    for index, kind in enumerate(kinds):  # W2, W3
        if kind == "EN" and strong == "AL":
            kinds[index] = "AN"
        elif kind in ("R", "L", "AL"):
            strong = kind
    kinds[:] = ["R" if kind == "AL" else kind for kind in kinds]
    for index in range(1, len(kinds) - 1):  # W4
        left, kind, right = kinds[index - 1 : index + 2]
        if (kind == "ES" and left == right == "EN") or (
            kind == "CS" and left in ("EN", "AN") and right == left
        ):
            kinds[index] = left
    _join_terminators(kinds)
    kinds[:] = ["ON" if kind in ("WS", "ES", "ET", "CS") else kind for kind in kinds]  # W6
    strong = outside
    for index, kind in enumerate(kinds):  # W7
        if kind == "EN" and strong == "L":
            kinds[index] = "L"
        elif kind in ("R", "L"):
            strong = kind


def _join_terminators(kinds: list[str]) -> None:
    """Rule W5: signs like % on either side of a number belong to it."""
    start = 0
    while start < len(kinds):
        end = start
        while end < len(kinds) and kinds[end] == "ET":
            end += 1
        if end > start:
            touches = kinds[start - 1 : start] == ["EN"] or kinds[end : end + 1] == ["EN"]
            if touches:
                kinds[start:end] = ["EN"] * (end - start)
        start = max(end, start + 1)


def _resolve_neutral_by_neighbours(kinds: list[str], level: int) -> None:
    """Rules N1 and N2 up to 5.4, which looks one character too far to the right."""
    outside = _outside(level)
    for start, end in _neutral_runs(kinds):
        before = kinds[start - 1] if start > 0 else outside
        after = kinds[end + 1] if end + 1 < len(kinds) else outside
        sides = {"L" if side == "L" else "R" for side in (before, after)}
        kinds[start:end] = [sides.pop() if len(sides) == 1 else outside] * (end - start)


def _resolve_neutral(kinds: list[str], level: int) -> None:
    """Rules N1 and N2 from 6.0 on, by the nearest characters with a direction."""
    outside = _outside(level)
    for start, end in _neutral_runs(kinds):
        before = _first_direction(kinds[start - 1 :: -1] if start else [], outside)
        after = _first_direction(kinds[end:], outside)
        kinds[start:end] = [before if before == after else outside] * (end - start)


def _first_direction(kinds: list[str], outside: str) -> str:
    for kind in kinds:
        if kind == "L":
            return "L"
        if kind in ("R", "EN", "AN"):
            return "R"
    return outside


def _neutral_runs(kinds: list[str]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for index, kind in enumerate(kinds):
        if kind != "ON":
            continue
        if runs and runs[-1][1] == index:
            runs[-1] = (runs[-1][0], index + 1)
        else:
            runs.append((index, index + 1))
    return runs


def _outside(level: int) -> str:
    return "R" if level else "L"


def _level(kind: str, level: int) -> int:
    """Rules I1 and I2."""
    if level == 0:
        return {"R": 1, "AN": 2, "EN": 2}.get(kind, 0)
    return 2 if kind in ("L", "AN", "EN") else 1


def _reversed(text: str, levels: list[int]) -> list[str]:
    """Rule L2."""
    chars = list(text)
    for level in range(max(levels), 0, -1):
        start = 0
        while start < len(chars):
            end = start
            while end < len(chars) and levels[end] >= level:
                end += 1
            chars[start:end] = chars[start:end][::-1]
            start = end + 1
    return chars
