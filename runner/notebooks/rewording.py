"""A text that was translated and then edited by hand: the translation undone where it stands.

An edit in Jupyter of one sentence must not cost the links, block ids and comments of all others.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

Change = tuple[int, int, str]
"""Characters ``start`` to ``end`` of the original read otherwise in the translation."""

_LONGEST = 4_000  # characters of a changed passage that are compared one by one


def translated(original: str, changes: Sequence[Change]) -> str:
    """``original`` with its ``changes``, which are sorted and disjoint."""
    return "".join(text for text, _ in _pieces(original, changes))


def undone(original: str, changes: Sequence[Change], edited: str) -> str:
    """``edited``, once the translation of ``original``, with every passage that is still as it was
    translated as the original has it."""
    shown = translated(original, changes)
    if edited == shown:
        return original
    equal = list(_equal(shown, edited))
    pieces = []
    here = start = 0
    for text, old in _pieces(original, changes):
        end = start + len(text)
        block = next((b for b in equal if b[0] <= start and end <= b[0] + b[2]), None)
        if old is not None and block is not None:
            first = block[1] + start - block[0]
            if first >= here:
                pieces += [edited[here:first], old]
                here = first + len(text)
        start = end
    return "".join([*pieces, edited[here:]])


def _pieces(original: str, changes: Sequence[Change]) -> Iterator[tuple[str, str | None]]:
    """The translation cut at its changes, each with what the original has there."""
    here = 0
    for start, end, new in changes:
        yield original[here:start], None
        yield new, original[start:end]
        here = end
    yield original[here:], None


def _equal(left: str, right: str) -> Iterator[tuple[int, int, int]]:
    """Places in both texts from which so many characters are the same, in order.

    Whole lines are compared first, and what is left between them by characters.
    """
    rows, columns = left.splitlines(keepends=True), right.splitlines(keepends=True)
    at_row, at_column = _offsets(rows), _offsets(columns)
    matcher = difflib.SequenceMatcher(None, rows, columns, autojunk=False)
    for kind, i, j, k, m in matcher.get_opcodes():
        a, b, c, d = at_row[i], at_row[j], at_column[k], at_column[m]
        if kind == "equal":
            yield a, c, b - a
        elif kind == "replace" and max(b - a, d - c) <= _LONGEST:
            inner = difflib.SequenceMatcher(None, left[a:b], right[c:d], autojunk=False)
            for match in inner.get_matching_blocks():
                if match.size:
                    yield a + match.a, c + match.b, match.size


def _offsets(lines: Sequence[str]) -> list[int]:
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line))
    return offsets
