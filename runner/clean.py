"""Printed text as a note may show it: no control sequences, the last state of each line, a bound.

``clean`` keeps what a reader of a terminal would see at the end; ``cut`` keeps the first and the
last part of what is long.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

NOTE_LINES = 40
NOTE_CHARACTERS = 4_000
FILE_BYTES = 1_000_000
_LINE_CHARACTERS = 1_000

# Each branch ends at the line's end at the latest, so that an unterminated sequence costs one
# line and matching stays linear.
_ESCAPE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # OSC: titles, links, clipboard
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c\n]*(?:\x1b\\|\x9c)?"  # DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]"
)

# Joiners (U+200C, U+200D) stay: scripts and emoji are spelled with them.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
_SEPARATOR = re.compile("[\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ADDRESS = re.compile(r"\b0x7f[0-9a-fA-F]{6,12}\b|(?<=\bat )0x[0-9a-fA-F]{6,16}\b")


def clean(text: str) -> str:
    """``text`` as lines joined by newlines, without a first or last blank line.

    Terminal sequences, control, bidi and invisible characters go, tabs stay; of a line rewritten
    by carriage returns or backspaces the last state stays; memory addresses become ``0x…``.
    Templater runs ``<%`` anywhere in a file, fences included: a space breaks it.
    """
    text = re.sub(r"\r+\n", "\n", _ESCAPE.sub("", text))
    lines = [_clean_line(line) for line in _SEPARATOR.sub("\n", text).split("\n")]
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
    line = _SURROGATE.sub("\ufffd", _CONTROL.sub("", line))
    return _ADDRESS.sub("0x…", line).replace("<%", "< %").rstrip()


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
) -> tuple[int, int]:
    """How many lines to keep from the start and from the end of ``lines``.

    Both are 0-based counts; their sum is ``len(lines)`` where all fit. The line that says how
    much is left out counts against ``limit``.
    """
    costs = [min(len(line), _LINE_CHARACTERS) + 1 for line in lines]
    if len(lines) <= limit and sum(costs) <= characters:
        return len(lines), 0
    head = _fitting(costs, (limit - 1) // 2, characters // 2)
    tail = _fitting(costs[:head:-1], limit - 1 - head, characters // 2)
    return head, tail


def _fitting(costs: Sequence[int], limit: int, characters: int) -> int:
    """How many of the first ``costs`` stay within both bounds; one at least where there is one."""
    total = 0
    for count, cost in enumerate(costs[: max(limit, 0)]):
        total += cost
        if total > characters:
            return max(count, 1)
    return min(len(costs), max(limit, 0))


def gap(count: int) -> str:
    """The line that stands for ``count`` left out."""
    return f"… {count:,} {'line' if count == 1 else 'lines'} left out …"


def shorten(line: str) -> str:
    """``line``, or its first and last part where it is longer than a note should hold."""
    if len(line) <= _LINE_CHARACTERS:
        return line
    half = _LINE_CHARACTERS // 2 - 25
    left_out = len(line) - 2 * half
    return f"{line[:half]} … {left_out:,} characters … {line[-half:]}"


def cut_file(text: str) -> bytes:
    """``text`` as the bytes of a file of at most ``FILE_BYTES``: its first and its last half."""
    data = text.encode("utf-8") + b"\n"
    if len(data) <= FILE_BYTES:
        return data
    half = FILE_BYTES // 2 - 50
    first = data[:half].decode("utf-8", "ignore").encode("utf-8")
    last = data[-half:].decode("utf-8", "ignore").encode("utf-8")
    left_out = len(data) - len(first) - len(last)
    return first + f"\n… {left_out:,} bytes left out …\n".encode() + last
