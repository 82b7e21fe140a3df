"""How much a note holds of a block's text: its first and last lines, and a file for the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .clean import NOTE_CHARACTERS, NOTE_LINES, cut, cut_file, gap, shorten
from .harmless import fence
from .records import dataclass
from .result import bytes_gap

_KEPT_LINES, _KEPT_CHARACTERS = NOTE_LINES // 2, NOTE_CHARACTERS // 2


@dataclass(frozen=True, slots=True)
class Passage:
    """Lines to be shown in a ``text`` fence; what is ``kept`` is never crowded out by others.

    ``left_out``: the bytes that are missing at lines which say so. ``brief``: what a note shows of
    the lines where that is not simply their beginning and end.
    """

    lines: Sequence[str]
    kept: bool = False
    left_out: tuple[int, ...] = ()
    brief: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Markdown:
    """Lines that are harmless as they stand."""

    lines: Sequence[str]


Piece = Passage | Markdown


def bounded(
    pieces: Sequence[Piece], name: str, link: Callable[[str], str]
) -> tuple[list[str], dict[str, bytes]]:
    """The pieces as lines, their text within a note's bounds; what is cut stands in a file.

    The file is called ``name``; ``link`` is that to a name, "" where there can be no such file.
    """
    passages = [piece for piece in pieces if isinstance(piece, Passage)]
    shown = _shown(passages)
    paragraphs = [
        fence(shown[id(p)]) if isinstance(p, Passage) else list(p.lines)
        for p in pieces
        if isinstance(p, Markdown) or shown[id(p)]
    ]
    whole = [list(passage.lines) for passage in passages]
    left_out = [missing for passage in passages for missing in passage.left_out]
    is_cut = left_out or whole != [shown[id(passage)] for passage in passages]
    if not is_cut or not (linked := link(name)):
        return stacked(paragraphs), {}
    data, size = cut_file("\n\n".join("\n".join(lines) for lines in whole), left_out)
    paragraphs.append([f"{_extent(sum(map(len, whole)), size, len(data))}: {linked}"])
    return stacked(paragraphs), {name: data}


def _extent(lines: int, size: int, kept: int) -> str:
    """How much of a text of ``size`` bytes its file holds."""
    if kept < size:
        return f"First and last half of {size:,} bytes"
    return f"All {lines:,} lines" if lines > 1 else "All of it"


def _shown(passages: Sequence[Passage]) -> dict[int, list[str]]:
    """The lines to show of each passage, by its ``id``: those at the start and end of them all."""
    shown = {id(p): _cut_alone(p.lines) for p in passages if p.kept}
    limit = NOTE_LINES - sum(map(len, shown.values()))
    characters = NOTE_CHARACTERS - sum(len(line) + 1 for kept in shown.values() for line in kept)
    others = [p for p in passages if not p.kept]
    everything = [line for p in others for line in p.brief or p.lines]
    head, tail, width = cut(everything, limit, characters)
    left_out = len(everything) - head - tail
    missing = _missing(everything[head : head + left_out], others)
    start = 0
    for passage in others:
        lines = passage.brief or passage.lines
        end = start + len(lines)
        between = [missing] if left_out and start <= head < end else []
        kept = [*lines[: max(0, head - start)], *between]
        kept += lines[max(0, head + left_out - start) :]
        shown[id(passage)] = [shorten(line, width) for line in kept]
        start = end
    return shown


def _missing(lines: Sequence[str], passages: Sequence[Passage]) -> str:
    """The line that stands for ``lines``; some of these may stand for bytes themselves."""
    said = {bytes_gap(count): count for passage in passages for count in passage.left_out}
    if said.keys().isdisjoint(lines):
        return gap(len(lines))
    sizes = [said.get(line, len(line.encode("utf-8")) + 1) for line in lines]
    # The newlines around such a line are its own, that of the line before included.
    return bytes_gap(sum(sizes) - sum(line in said for line in lines[1:]))


def _cut_alone(lines: Sequence[str]) -> list[str]:
    head, tail, width = cut(lines, _KEPT_LINES, _KEPT_CHARACTERS)
    left_out = len(lines) - head - tail
    between = [gap(left_out)] if left_out else []
    kept = [*lines[:head], *between, *lines[len(lines) - tail :]]
    return [shorten(line, width) for line in kept]


def stacked(paragraphs: Iterable[Sequence[str]]) -> list[str]:
    """The paragraphs as lines, a blank line between them."""
    lines: list[str] = []
    for paragraph in paragraphs:
        if lines:
            lines.append("")
        lines.extend(paragraph)
    return lines
