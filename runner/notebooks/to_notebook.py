"""A note as a notebook: prose and blocks as cells, with what brings the same note back.

A cell's metadata keeps, under ``runner``, what its piece was in the note where the cell alone does
not tell, and what stood behind it; ``shown`` is the fingerprint of the source as we wrote it, so
that a cell that was edited since is taken as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..digest import canonical
from ..graph import Graph, Node
from ..note import Block, Link, Note, Region, Role, Span
from ..notebook import KEY, Cell, CellIds, Notebook, Output, fingerprint_of, plain_outputs
from ..records import dataclass
from .front_cells import Start, front_cells, note_seed, seeded
from .outputs import of_region
from .pieces import KeptCell, Piece, cut, keeping, outputs_below, separator, source_of, tagged
from .region_text import read as read_region
from .showable import Edit, properties, shown

FORMAT = 1
"""Of what we note in the metadata."""


@dataclass(frozen=True, slots=True)
class Content:
    """What cells show that the note's text alone does not tell.

    ``outputs`` of a block and its region, with the texts of the files that the region links;
    ``picture`` of an embed; ``file`` is what a figure or text file of a name holds.
    """

    outputs: Callable[[Block, Region], tuple[Sequence[Output], Mapping[str, str]]]
    picture: Callable[[Link], Picture]
    file: Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that a notebook carries: the ``name`` it has there, base64 ``data``, and the name
    of its ``file`` in the vault."""

    name: str
    mime: str
    data: str
    file: str


def to_notebook(
    note: Note, graph: Graph, edits: tuple[Edit, ...], content: Content, start: Start
) -> Notebook:
    """The notebook that shows ``note`` and runs as it does; ``import`` brings the note back."""
    ids = CellIds()
    head, pieces = cut(note)
    cells: list[Cell] = []
    last = "top"
    for piece, following in zip(pieces, [*pieces, None][1:], strict=True):
        if piece.block is not None:
            last = piece.block.id
            cell = _block_cell(note, piece, piece.block, graph, content, ids)
        elif piece.kept is not None:
            cell = _kept_cell(note, piece, piece.kept, content, ids)
        else:
            cell = _prose_cell(note, piece, edits, content, ids.unique(f"below-{last}"))
        usual = separator(piece.is_prose, following.is_prose if following else None)
        cells.append(cell if piece.after == usual else _noting(cell, after=piece.after))
    # The title comes first, if there is one.
    place = int(bool(pieces) and pieces[0].is_prose)
    cells[place:place] = front_cells(note, graph, start, ids)
    ours = {"format": FORMAT, "note": note.path, "module": note.name, "head": head}
    bare = Notebook(tuple(cells))
    metadata = {**_kernel(note), KEY: {**ours, "fingerprint": bare.fingerprint()}}
    return Notebook(bare.cells, metadata)


def _noting(cell: Cell, **facts: object) -> Cell:
    ours = {**cell.ours, **facts}
    metadata = {**cell.metadata, KEY: ours}
    return Cell(cell.kind, cell.source, cell.id, metadata, cell.outputs, cell.attachments)


def _kernel(note: Note) -> dict[str, Any]:
    """That of the notebook the note came from, else Python's."""
    given = properties(note)
    language, kernel = given.get("language"), given.get("kernel")
    if not (isinstance(language, str) and isinstance(kernel, str)):
        language, kernel = "python", "python3"
    spec = {"name": kernel, "display_name": kernel, "language": language}
    if kernel == "python3":
        spec["display_name"] = "Python 3"
    return {"kernelspec": spec, "language_info": {"name": language}}


# --- the note's own cells ------------------------------------------------------------------------


def _prose_cell(
    note: Note, piece: Piece, edits: tuple[Edit, ...], content: Content, id: str
) -> Cell:
    text = piece.span.of(note.text)
    source = shown(note.text, piece.span, edits).replace("\r\n", "\n").replace("\r", "\n")
    pictures = [
        content.picture(edit.picture)
        for edit in edits
        if edit.picture and piece.span.start <= edit.span.start < piece.span.end
    ]
    ours: dict[str, object] = {}
    if source != text:
        changes = [_change(piece, edit) for edit in edits if _is_in(edit.span, piece.span)]
        ours = {"markdown": text, "shown": fingerprint_of(source), "changes": changes}
    if pictures:
        ours["pictures"] = {picture.name: picture.file for picture in pictures}
    attachments = {picture.name: {picture.mime: picture.data} for picture in pictures}
    return Cell("markdown", source, id, {KEY: ours} if ours else {}, (), attachments)


def _is_in(span: Span, other: Span) -> bool:
    return other.start <= span.start and span.end <= other.end


def _change(piece: Piece, edit: Edit) -> list[object]:
    """An edit as the metadata has it: offsets in the piece (see ``rewording``)."""
    start = piece.span.start
    return [edit.span.start - start, edit.span.end - start, edit.new]


def _kept_cell(note: Note, piece: Piece, kept: KeptCell, content: Content, ids: CellIds) -> Cell:
    kind = kept.language if kept.language in ("markdown", "raw") else "code"
    ours: dict[str, object] = {"cell": kept.id}
    if kind == "code":
        ours["language"] = kept.language
    if keeping(kept) != piece.span.of(note.text):
        ours |= {"markdown": piece.span.of(note.text), "shown": fingerprint_of(kept.source)}
    below = Span(piece.span.end, piece.end).of(note.text)
    if below != outputs_below(kept):
        ours["below"] = below
    lines = kept.outputs or ()
    outputs = of_region(read_region(lines), kept.status, content.file) if lines else []
    return Cell(kind, kept.source, ids.unique(kept.id), {KEY: ours}, tuple(outputs))


def _block_cell(
    note: Note, piece: Piece, block: Block, graph: Graph, content: Content, ids: CellIds
) -> Cell:
    source = source_of(block)
    node = graph.nodes.get((note.path, block.id))
    magic = _magic(block, node, note_seed(note))
    whole = "\n".join(filter(None, (magic, source)))
    ours: dict[str, object] = {"role": block.role.value, "id": block.id}
    if options := canonical(block.options):
        ours["options"] = options
    text = piece.span.of(note.text)
    if tagged(block.role, block.id, source) != text:
        ours |= {"markdown": text, "shown": fingerprint_of(whole)}
    outputs: Sequence[Output] = ()
    if piece.region is not None:
        outputs, files = content.outputs(block, piece.region)
        ours |= _region(note, block, piece.region, outputs, files)
    metadata = {KEY: ours, **_tags(block)}
    return Cell("code", whole, ids.unique(block.id), metadata, tuple(outputs))


def _region(
    note: Note, block: Block, region: Region, outputs: Sequence[Output], files: Mapping[str, str]
) -> dict[str, object]:
    """What brings the region back as long as nobody changed the outputs."""
    whole = Span(block.span.end, region.span.end).of(note.text)
    return {
        "digest": region.digest,
        "status": region.status,
        "device": region.device,
        "region": whole,
        "outputs": fingerprint_of(plain_outputs(outputs)),
        **({"files": dict(files)} if files else {}),
    }


def _tags(block: Block) -> dict[str, object]:
    """Tags that nbclient, nbconvert and Jupyter know."""
    tags = []
    if block.options.raises and block.role is not Role.TEST:
        tags.append("raises-exception")
    if block.options.slow and block.role is not Role.TEST:
        tags.append("skip-execution")
    return {"tags": tags} if tags else {}


def _magic(block: Block, node: Node | None, seed: int) -> str:
    """The line above a block's source that lets the cell run as the block does; see `kernel`."""
    if node is None or block.fault or block.role is not Role.TEST:
        return ""
    words = [seeded(node, seed)]
    if block.options.slow:
        words.append("slow")
    if block.options.raises:
        words.append(f"raises={block.options.raises.rpartition('.')[2]}")
    return f"%%test {' '.join(words)}"
