"""A notebook as a note: the way back for one of ours, and the way in for any other.

Of our own export every cell that nobody changed becomes the text it was made of. All else is made
anew: a code cell a block or, where it is no Python that can run in a note, a fence that keeps it;
a Markdown cell the text it holds, unless that would be more than text here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from ..body import Setting, body
from ..frontmatter import locate
from ..note import Block, Note, Region, Role, Span
from ..notebook import Notebook, joined, storable
from ..parse import parse
from ..records import dataclass, replace
from ..render import Shown, linked_files
from ..result import Result, Status
from .cell_parts import Part, Reader, Remark, language
from .pieces import KeptCell, cut, is_separator, outputs_below, prefix_free, separator, source_of
from .region_text import Embedded, Whole, is_ours
from .region_text import read as read_region
from .results import Redraw, Spot, pictures, to_result
from .to_notebook import FORMAT

UNPROVEN = "00000000"
"""The digest of outputs that were not made here: never current, so that `check` says so."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the note will stand.

    ``path`` is that of the note, ``source`` the name of the notebook's file. ``embed`` is the text
    that shows a figure of a name, ``link`` that which names a text file, ``attach`` the address of
    an attachment; ``redraw`` makes any picture a PNG.
    """

    path: str
    source: str
    embed: Callable[[str], str]
    link: Callable[[str], str]
    attach: Callable[[str], str]
    redraw: Redraw


@dataclass(frozen=True, slots=True)
class Imported:
    """A note, the results to be rendered into it, its figures and attachments.

    The results that came back as they were stand in ``text`` already.
    """

    text: str
    results: Mapping[str, Shown]
    figures: Mapping[str, bytes]
    attachments: Mapping[str, bytes]
    remarks: tuple[Remark, ...]


def from_notebook(notebook: Notebook, place: Place, *, runs: bool = True) -> Imported:
    """``notebook`` as a note. ``runs``: code becomes blocks; else fences that only keep it."""
    stem = parse(place.path, "").name
    is_own = notebook.ours.get("format") == FORMAT
    head = _own_head(notebook) if is_own else _head(notebook, place)
    if runs and is_own:
        reader = Reader(notebook, stem, place.attach, runs)
        text, parts = _assembled(place, head, reader.own_parts())
        if _holds(parse(place.path, text), parts):
            return _imported(text, parts, place, reader)
    reader = Reader(notebook, stem, place.attach, runs)
    text, parts = _assembled(place, head or _head(notebook, place), reader.parts())
    assert _holds(parse(place.path, text), parts), "a cell became more than was meant"
    return _imported(text, parts, place, reader)


def _assembled(place: Place, head: str, parts: Sequence[Part]) -> tuple[str, list[Part]]:
    """The note's text, and its parts with what became of their regions."""
    kept = [_with_region(part, place) for part in parts]
    pieces = [head]
    for part, following in zip(kept, [*kept, None][1:], strict=True):
        usual = separator(part.is_prose, following.is_prose if following else None)
        pieces += [part.text, part.region, usual if part.after is None else part.after]
    return "".join(pieces), kept


def _holds(note: Note, parts: Sequence[Part]) -> bool:
    """Whether the note has the blocks and regions of ``parts``, and no others."""
    wanted = [(part.role, part.id, part.source) for part in parts if part.role is not None]
    found = [(block.role, block.id, source_of(block)) for block in note.blocks]
    regions = [part.id for part in parts if part.region and part.role is not None]
    return found == wanted and regions == [r.id for r in note.regions if r.block is not None]


def _imported(text: str, parts: Sequence[Part], place: Place, reader: Reader) -> Imported:
    module = parse(place.path, text).module
    results = {
        part.id: shown
        for part in parts
        if part.role is not None and not part.region and (shown := _shown(part, module, place))
    }
    figures = {name: data for part in parts for name, data in part.files.items()}
    remarks = tuple(reader.remarks)
    return Imported(text, results, figures, reader.attachments, remarks)


def _shown(part: Part, module: str, place: Place) -> Shown | None:
    assert part.role is not None
    spot = Spot(module, part.id, part.role, part.above)
    result = to_result(part.cell.outputs, spot, place.redraw)
    if result is None:
        return None
    if not part.is_proven:
        return Shown(UNPROVEN, result)
    return Shown(part.cell.ours["digest"], _as_noted(result, part))


def _as_noted(result: Result, part: Part) -> Result:
    """``result`` with the status and device that its region had."""
    status, device = part.cell.ours.get("status"), part.cell.ours.get("device")
    if status not in list(Status) or not isinstance(device, str):
        return result
    return replace(result, status=Status(status), device=device)


# --- regions of our own


def _with_region(part: Part, place: Place) -> Part:
    """``part`` with its region as it was, if its outputs still are and our renderer writes such."""
    if part.kept is not None:
        return _with_outputs(part, part.kept, place)
    text = storable(part.cell.ours.get("region"))
    if not part.is_proven or text is None:
        return part
    note = parse(place.path, part.text + text)
    region = note.region(part.id)
    if region is None or region.span.end != len(note.text) or len(note.regions) != 1:
        return part
    files = _files(part, note, region, place)
    return part if files is None else replace(part, region=text, files=files)


def _files(part: Part, note: Note, region: Region, place: Place) -> dict[str, bytes] | None:
    """The files that a region shows, None where the region or they are not what we write."""
    block = note.block(part.id)
    assert block is not None
    inside = prefix_free(region.span.of(note.text), block.prefix)[1:-1]
    inside = inside[1:-1] if len(inside) > 1 else inside
    if not is_ours([] if inside == [""] else inside):
        return None
    pieces = read_region(inside)
    embedded = [piece for piece in pieces if isinstance(piece, Embedded)]
    found = pictures(part.cell.outputs)
    if len(found) != len(embedded) or any(p.line != place.embed(p.name) for p in embedded):
        return None
    texts = part.cell.ours.get("files")
    files = {piece.name: data for piece, data in zip(embedded, found, strict=True)}
    for piece in pieces:
        if isinstance(piece, Whole):
            text = texts.get(piece.name) if isinstance(texts, Mapping) else None
            if not isinstance(text, str):
                return None
            files[piece.name] = text.encode("utf-8", "replace")
    return files if files.keys() == linked_files(note, part.id) else None


def _with_outputs(part: Part, kept: KeptCell, place: Place) -> Part:
    """A fence that keeps a cell, with the cell's outputs below it."""
    result = to_result(part.cell.outputs, Spot("", part.id, Role.RUN), place.redraw)
    if result is None:
        return part
    stem = f"{parse(place.path, '').name}-{part.id}"
    here = f"cell {part.id}"
    setting = Setting(stem, here, lambda at: f"{here}, line {at.line}", place.embed, place.link)
    block = Block(Role.RUN, part.id, 1, 1, Span(0, 0), part.source)
    shown = body(block, result, setting)
    if shown is None or not shown.lines:
        return part
    kept = replace(kept, status=result.status.value, outputs=tuple(shown.lines))
    below = storable(part.cell.ours.get("below"))
    text = below if below and _says(below, part, kept, place) else outputs_below(kept)
    return replace(part, region=text, files=shown.files)


def _says(below: str, part: Part, kept: KeptCell, place: Place) -> bool:
    """Whether the text that stood below a cell shows the same outputs in another layout."""
    _, pieces = cut(parse(place.path, part.text + below))
    return len(pieces) == 1 and pieces[0].kept == kept and not pieces[0].after


# --- properties


def _own_head(notebook: Notebook) -> str:
    """What stood above the first piece: byte order mark, properties, blank lines."""
    head = storable(notebook.ours.get("head"))
    if head is None:
        return ""
    span = locate(head)
    around = f"{head[: span.start]}{head[span.end :]}".removeprefix("\ufeff")
    return head if is_separator(around) else ""


def _head(notebook: Notebook, place: Place) -> str:
    """The notebook's metadata as properties, each a text in quotes."""
    spec = notebook.metadata.get("kernelspec")
    kernel = spec.get("name") if isinstance(spec, Mapping) else None
    authors = notebook.metadata.get("authors")
    names = [
        author.get("name")
        for author in (authors if isinstance(authors, list) else [])
        if isinstance(author, Mapping)
    ]
    given = {
        "notebook": place.source,
        "title": notebook.metadata.get("title"),
        "authors": joined(names, ", "),
        "kernel": kernel,
        "language": language(notebook),
    }
    lines = [
        f"{key}: {json.dumps(value.encode('utf-8', 'replace').decode(), ensure_ascii=False)}"
        for key, value in given.items()
        if isinstance(value, str) and value
    ]
    return "\n".join(["---", *lines, "---", "", ""])
