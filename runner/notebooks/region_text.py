"""What stands between a region's markers, read back: the inverse of ``body``."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from urllib.parse import unquote

from ..clean import clean
from ..harmless import cell, fence, markup, table
from ..records import dataclass

_FENCE = re.compile(r"(`{3,})text")
_EMBED = re.compile(r"!\[\[([^\]|#]+)\]\]|!\[[^\]]*\]\(<?([^)>]+)>?\)")
_LINKED = re.compile(
    r"(?:All (?:[\d,]+ lines|of it)|First and last half of [\d,]+ bytes): "
    r"(?:\[\[([^\]|#]+)\]\]|\[[^\]]*\]\(<?([^)>]+)>?\))"
)
_CALLOUT = re.compile(r"> \[!(success|failure|info)\] (.*)")
_RULE = re.compile(r"\|(?: -+ \|)+")
_CELL = re.compile(r"((?:\\.|[^|\\])*)\|")


@dataclass(frozen=True, slots=True)
class Fenced:
    """Text in a ``text`` fence."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Embedded:
    """A figure: the name of its file, and the line that shows it."""

    name: str
    line: str


@dataclass(frozen=True, slots=True)
class Whole:
    """The link to the file that holds the whole text of the region's fences."""

    name: str
    line: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A table, its cells as they read."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Callout:
    """The outcome of tests: ``title`` is ``1 failed, 4 passed``."""

    kind: str
    title: str
    pieces: tuple[Piece, ...]


Piece = Fenced | Embedded | Whole | Grid | Paragraph | Callout


def read(lines: Sequence[str]) -> tuple[Piece, ...]:
    """The pieces of a region's lines, markers and container prefix taken off. Never raises."""
    pieces: list[Piece] = []
    index = 0
    while index < len(lines):
        if not lines[index].strip():
            index += 1
            continue
        end = _end(lines, index)
        pieces.append(_piece(lines[index:end]))
        index = end
    return tuple(pieces)


def _end(lines: Sequence[str], start: int) -> int:
    """Behind the last line of the fence or paragraph that begins at ``start``."""
    opening = _FENCE.fullmatch(lines[start])
    for index in range(start + 1, len(lines)):
        if opening and lines[index] == opening[1]:
            return index + 1
        if not opening and not lines[index].strip():
            return index
    return len(lines)


def _piece(lines: Sequence[str]) -> Piece:
    first = lines[0]
    if _FENCE.fullmatch(first):
        return Fenced(tuple(lines[1:-1]))
    if head := _CALLOUT.fullmatch(first):
        inside = [line.removeprefix(">").removeprefix(" ") for line in lines[1:]]
        return Callout(head[1], head[2], read(inside))
    if len(lines) == 1 and (match := _EMBED.fullmatch(first)):
        return Embedded(_name(match), first)
    if len(lines) == 1 and (match := _LINKED.fullmatch(first)):
        return Whole(_name(match), first)
    if len(lines) > 1 and _RULE.fullmatch(lines[1]):
        header, _, *rows = map(_cells, lines)
        return Grid(header, tuple(rows))
    return Paragraph(tuple(lines))


def _name(match: re.Match[str]) -> str:
    target = match[1] or unquote(match[2])
    return target.strip().rpartition("/")[2]


def _cells(row: str) -> tuple[str, ...]:
    return tuple(plain(text.strip()) for text in _CELL.findall(row.strip().removeprefix("|")))


def plain(text: str) -> str:
    """An escaped cell as it reads."""
    return html.unescape(re.sub(r"\\(.)", r"\1", text))


def written(pieces: Sequence[Piece]) -> list[str]:
    """The lines that our renderer would write for ``pieces``."""
    lines: list[str] = []
    for piece in pieces:
        if lines:
            lines.append("")
        lines.extend(_lines_of(piece))
    return lines


def _lines_of(piece: Piece) -> list[str]:
    match piece:
        case Fenced():
            return fence(clean("\n".join(piece.lines)).split("\n"))
        case Embedded() | Whole():
            return [piece.line]
        case Grid():
            rows = [[cell(text) for text in row] for row in piece.rows]
            return table([cell(text) for text in piece.header], rows)
        case Callout():
            inside = written(piece.pieces)
            lines = [f"[!{piece.kind}] {piece.title}", *([""] if inside else []), *inside]
            return [f"> {line}".rstrip() for line in lines]
        case Paragraph():
            # One line can be what was cut off a table, which is a single escaped cell.
            if len(piece.lines) == 1 and cell(plain(piece.lines[0])) == piece.lines[0]:
                return list(piece.lines)
            return markup("\n".join(piece.lines)) or []


def is_ours(lines: Sequence[str]) -> bool:
    """Whether our renderer writes such lines: what it never writes, a region may not hold."""
    return written(read(lines)) == list(lines)
