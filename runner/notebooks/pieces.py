"""A note cut into the pieces that become cells, without a gap, and the text that pieces make.

A piece is a block (with its region), a fence that keeps a cell of another notebook as it was, or
prose. Two texts that are cells of their own have a comment line between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from .. import fences
from ..note import Block, Note, Region, Role, Span
from ..records import dataclass, replace

BORDER = "<!-- cell -->"

_BORDER = re.compile(r"^<!-- cell -->[ \t]*\r?$", re.M)
_BLANK_LINES = re.compile(r"(?:[ \t]*(?:\r\n|\r|\n))*")
_NOTHING = re.compile(r"[\s>]*")
_BETWEEN = re.compile(r"[\s>]*(?:<!-- cell -->[\s>]*)*")
_OUTPUT = re.compile(r"\s*^<!-- output:([A-Za-z0-9_-]{1,64}) (ok|failed) -->[ \t]*\r?$", re.M)
_OUTPUT_END = re.compile(r"^<!-- /output -->(?=[ \t]*\r?$)", re.M)
_KEPT = re.compile(r'(`{3,}|~{3,})([\w+#.-]*) \{cell="([A-Za-z0-9_-]{1,64})"\}[ \t]*(?:\r\n|\r|\n)')


@dataclass(frozen=True, slots=True)
class KeptCell:
    """What a fence ```` ```bash {cell="id"} ```` keeps: a cell that is no block.

    ``language`` is ``markdown`` or ``raw`` for cells of these kinds. ``outputs`` are the lines of
    Markdown that show its outputs, None where there are none.
    """

    language: str
    id: str
    source: str
    status: str = ""
    outputs: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """``span`` is the text of the piece, ``end`` where that of its results ends; ``after`` leads to
    the next piece."""

    span: Span
    end: int
    after: str = ""
    block: Block | None = None
    region: Region | None = None
    kept: KeptCell | None = None

    @property
    def is_prose(self) -> bool:
        return self.block is None and self.kept is None


def cut(note: Note) -> tuple[str, tuple[Piece, ...]]:
    """What stands above the first piece, and the pieces; together they are the note."""
    found = sorted(_pieces(note), key=lambda piece: piece.span)
    starts = [*(piece.span.start for piece in found), len(note.text)]
    pieces = tuple(
        replace(p, after=note.text[p.end : start])
        for p, start in zip(found, starts[1:], strict=True)
    )
    return note.text[: starts[0]], pieces


def _pieces(note: Note) -> Iterator[Piece]:
    fixed = [*(_block(note, block) for block in note.blocks), *_kept_cells(note)]
    fixed.sort(key=lambda piece: piece.span)
    yield from fixed
    ends = [_start(note), *(piece.end for piece in fixed)]
    starts = [*(piece.span.start for piece in fixed), len(note.text)]
    for low, high in zip(ends, starts, strict=True):
        yield from _prose(note, low, high)


def _start(note: Note) -> int:
    return note.frontmatter.end or int(note.text.startswith("\ufeff"))


def _block(note: Note, block: Block) -> Piece:
    region = next(
        (
            region
            for region in note.regions
            if region.block == block.id
            and region.span.start >= block.span.end
            and _NOTHING.fullmatch(note.text, block.span.end, region.span.start)
        ),
        None,
    )
    return Piece(block.span, (region or block).span.end, "", block, region)


def _kept_cells(note: Note) -> Iterator[Piece]:
    """The top-level fences that keep a cell; what stands in a region is ours."""
    written = fences.merge([region.span for region in note.regions], note.matrices)
    for span in note.code:
        opening = _KEPT.match(note.text, span.start, span.end)
        if not opening or not _starts_line(note.text, span.start):
            continue
        if fences.inside(written, span.start):
            continue
        inside, _, closing = _newlines(note.text[opening.end() : span.end]).rpartition("\n")
        if closing.strip() == opening[1]:
            kept, end = _with_outputs(note, KeptCell(opening[2], opening[3], inside), span.end)
            yield Piece(span, end, kept=kept)


def _with_outputs(note: Note, kept: KeptCell, end: int) -> tuple[KeptCell, int]:
    """The cell with the outputs that stand below it, and where they end."""
    opening = _OUTPUT.match(note.text, end)
    if not opening or opening[1] != kept.id:
        return kept, end
    closings = _OUTPUT_END.finditer(note.text, opening.end())
    closing = next((m for m in closings if not fences.inside(note.code, m.start())), None)
    if closing is None:
        return kept, end
    lines = _newlines(note.text[opening.end() : closing.start()]).strip("\n").split("\n")
    return replace(kept, status=opening[2], outputs=tuple(lines)), closing.end()


def _starts_line(text: str, offset: int) -> bool:
    return offset == 0 or text[offset - 1] in "\r\n\ufeff"


def _prose(note: Note, low: int, high: int) -> Iterator[Piece]:
    borders = [
        match.span()
        for match in _BORDER.finditer(note.text, low, high)
        if not fences.inside(note.code, match.start())
    ]
    for (_, start), (end, _) in pairwise([(low, low), *borders, (high, high)]):
        part = note.text[start:end]
        if not _NOTHING.fullmatch(part):
            blank = _BLANK_LINES.match(part)
            assert blank is not None
            span = Span(start + blank.end(), start + len(part.rstrip()))
            yield Piece(span, span.end)


# --- the other way -------------------------------------------------------------------------------


def separator(piece_is_prose: bool, next_is_prose: bool | None) -> str:
    """What stands behind a piece where nothing else is known; None: it is the last one."""
    if next_is_prose is None:
        return "\n"
    return f"\n\n{BORDER}\n\n" if piece_is_prose and next_is_prose else "\n\n"


def is_separator(text: str) -> bool:
    """Whether ``text`` can stand between two pieces and be no piece itself."""
    return _BETWEEN.fullmatch(text) is not None


def tagged(role: Role, id: str, source: str) -> str:
    """The block as it is best written."""
    return _fenced(f'python {{{role}="{id}"}}', source)


def keeping(cell: KeptCell) -> str:
    """The fence that keeps a cell, without its outputs."""
    return _fenced(f'{cell.language} {{cell="{cell.id}"}}', cell.source)


def outputs_below(cell: KeptCell) -> str:
    """What stands below the fence of a cell with outputs."""
    if cell.outputs is None:
        return ""
    opening = f"<!-- output:{cell.id} {cell.status} -->"
    return "\n".join(["\n", opening, "", *cell.outputs, "", "<!-- /output -->"])


def _fenced(info: str, source: str) -> str:
    longest = max(map(len, re.findall("`+", source)), default=0)
    ticks = "`" * max(3, longest + 1)
    return "\n".join([f"{ticks}{info}", *([source] if source else []), ticks])


def source_of(block: Block) -> str:
    """The source of a block as a cell has it: without the newline of its last line."""
    return block.source.removesuffix("\n")


def _newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def prefix_free(text: str, prefix: str) -> Sequence[str]:
    """The lines of ``text`` without the container prefix that they carry."""
    bare = prefix.rstrip()
    return [
        line.removeprefix(prefix) if line.startswith(prefix) else line.removeprefix(bare)
        for line in _newlines(text).split("\n")
    ]
