"""Printed text as a note may show it: no control sequences, the last state of each line, a bound.

``clean`` keeps what a reader of a terminal would see at the end; ``cut`` keeps the first and the
last part of what is long.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .patterns import regex
from .result import bytes_gap

NOTE_LINES = 40
NOTE_CHARACTERS = 4_000
FILE_BYTES = 1_000_000
_GAP = 50  # characters that what is said of something left out takes up at most

# Each branch ends at the line's end at the latest, so that an unterminated sequence costs one
# line and matching stays linear.
_ESCAPE = regex(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # OSC: titles, links, clipboard
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c\n]*(?:\x1b\\|\x9c)?"  # DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]"
)

# Joiners (U+200C, U+200D) stay: scripts and emoji are spelled with them.
_CONTROL = regex(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
_SEPARATOR = regex("[\u2028\u2029]")
_SURROGATE = regex("[\ud800-\udfff]")
_ADDRESS = regex(r"\b0x7f[0-9a-fA-F]{6,12}\b|(?<=\bat )0x[0-9a-fA-F]{6,16}\b")


def clean(text: str) -> str:
    """``text`` as lines joined by newlines, without a first or last blank line.

    Terminal sequences, control, bidi and invisible characters go, tabs stay; of a line rewritten
    by carriage returns or backspaces the last state stays; memory addresses become ``0x…``.
    Templater runs ``<%`` anywhere in a file, fences included: a space breaks it.
    """
    if not text.replace("\n", "").isprintable():
        text = _SEPARATOR.sub("\n", re.sub(r"\r+\n", "\n", _ESCAPE.sub("", text)))
    lines = [_clean_line(line) for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    first = next((i for i, line in enumerate(lines) if line), 0)
    return "\n".join(lines[first:])


def clean_line(text: str) -> str:
    """``text`` cleaned and on one line, runs of white space as one space."""
    return " ".join(clean(text).split())


def _clean_line(line: str) -> str:
    if "\r" in line:
        line = line.rstrip("\r").rpartition("\r")[2]
    if "\b" in line:
        line = _erase(line)
    if not line.isprintable():
        line = _SURROGATE.sub("\ufffd", _CONTROL.sub("", line))
    line = _ADDRESS.sub("0x…", line) if "0x" in line else line
    return line.replace("<%", "< %").rstrip()


def _erase(line: str) -> str:
    kept: list[str] = []
    for character in line:
        if character != "\b":
            kept.append(character)
        elif kept:
            kept.pop()
    return "".join(kept)


def cut(
    lines: Sequence[str], limit: int = NOTE_LINES, characters: int = NOTE_CHARACTERS
) -> tuple[int, int, int]:
    """How many lines to keep from the start and from the end of ``lines``, and their width.

    The first two are 0-based counts; their sum is ``len(lines)`` where all fit. The line that says
    how much is left out counts against ``limit``. A kept line is to be shortened to the width
    (characters), so that one line alone cannot be too much.
    """
    costs = [len(line) + 1 for line in lines]
    if len(lines) <= limit and sum(costs) <= characters:
        return len(lines), 0, characters
    width = _width(len(lines), characters)
    costs = [min(cost, width + 1) for cost in costs]
    if len(lines) <= limit and sum(costs) <= characters:
        return len(lines), 0, width
    head = _fitting(costs, (limit - 1) // 2, characters // 2)
    tail = _fitting(costs[:head:-1], limit - 1 - head, characters // 2)
    return head, tail, width


def _width(count: int, characters: int) -> int:
    """What a line may take up: beside it the other end must fit, and a line that says what is
    missing between the two."""
    return max(_GAP, characters - 1 if count == 1 else characters // 2 - _GAP)


def _fitting(costs: Sequence[int], limit: int, characters: int) -> int:
    """How many of the first ``costs`` stay within both bounds; one at least where there is one."""
    total = 0
    for count, cost in enumerate(costs[: max(limit, 0)]):
        total += cost
        if total > characters:
            return max(count, 1)
    return min(len(costs), max(limit, 0))


def fair(sizes: Sequence[int], total: int) -> int:
    """The largest share for each of ``sizes`` with which all of them take up at most ``total``:
    what the small ones do not need goes to the large ones."""
    left = total
    for place, size in enumerate(ordered := sorted(sizes)):
        share = left // (len(ordered) - place)
        if size > share:
            return max(share, 0)
        left -= size
    return max(sizes, default=0)


def gap(count: int) -> str:
    """The line that stands for ``count`` left out."""
    return f"… {count:,} {'line' if count == 1 else 'lines'} left out …"


def shorten(line: str, width: int) -> str:
    """``line``, or its first and last part where it is longer than ``width`` characters."""
    if len(line) <= width:
        return line
    half = max((width - _GAP) // 2, 1)
    left_out = len(line) - 2 * half
    return f"{line[:half]} … {left_out:,} characters … {line[-half:]}"


def cut_file(text: str, left_out: Iterable[int] = ()) -> tuple[bytes, int]:
    """``text`` as the bytes of a file of at most ``FILE_BYTES``, its first and its last half; and
    the size in bytes that it had whole.

    ``left_out``: how much is missing from ``text`` already, at lines that say so (``bytes_gap``).
    Such a line near the middle becomes part of what is left out here.
    """
    data = text.encode("utf-8") + b"\n"
    gaps = _gaps(data, left_out)
    whole = len(data) + sum(missing - (end - start) for start, end, missing in gaps)
    if len(data) <= FILE_BYTES:
        return data, whole
    half = FILE_BYTES // 2 - _GAP
    first, last = half, len(data) - half
    for start, end, _ in gaps:  # none is cut in two
        if start < last and end > first:
            first, last = min(first, start), max(last, end)
    head = data[:first].decode("utf-8", "ignore").encode("utf-8")
    tail = data[last:].decode("utf-8", "ignore").encode("utf-8")
    missing = whole - len(head) - len(tail)
    missing -= sum(m - (e - s) for s, e, m in gaps if e <= first or s >= last)
    return b"%b\n%b\n%b" % (head, bytes_gap(missing).encode("utf-8"), tail), whole


def _gaps(data: bytes, left_out: Iterable[int]) -> list[tuple[int, int, int]]:
    """Where lines in ``data`` say what is missing, from the newline before each to the one behind
    it, and how much that is."""
    found = []
    at = 0
    for missing in left_out:
        line = b"\n%b\n" % bytes_gap(missing).encode("utf-8")
        start = data.find(line, at)
        if start >= 0:
            at = start + len(line)
            found.append((start, at, missing))
    return found
