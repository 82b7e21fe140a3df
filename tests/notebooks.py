"""Notes and notebooks turned into each other without a vault: the pure core alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from runner.graph import build
from runner.note import Block, Note, Region
from runner.notebook import Notebook, Output, read, write
from runner.notebooks.from_notebook import Imported, Place, from_notebook
from runner.notebooks.front_cells import Start
from runner.notebooks.outputs import of_region
from runner.notebooks.pieces import prefix_free
from runner.notebooks.region_text import Whole
from runner.notebooks.region_text import read as read_region
from runner.notebooks.showable import Elsewhere, edits
from runner.notebooks.to_notebook import Content, Picture, to_notebook
from runner.parse import parse
from runner.render import Surroundings, render

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PATH = "Folder/My note.md"
SURROUNDINGS = Surroundings(
    embed=lambda name: f"![[{name}]]",
    link=lambda name: f"[[{name}]]",
    locate=lambda place: f"Other.md:{place.line}",
)
ELSEWHERE = Elsewhere(
    url=lambda link: f"{link.target}.ipynb" if len(link.target) % 2 else "",
    attach=lambda link: link.target.rpartition("/")[2] if "here" in link.target else None,
)


def export(text: str, files: Mapping[str, bytes] = {}, path: str = PATH) -> Notebook:
    """The notebook of a note, as a program reads it that opens its file."""
    note = parse(path, text)
    changes = edits(note, ELSEWHERE)

    def outputs(block: Block, region: Region) -> tuple[Sequence[Output], Mapping[str, str]]:
        lines = prefix_free(region.span.of(note.text), block.prefix)[1:-1]
        pieces = read_region(lines)
        texts = {p.name: files[p.name].decode() for p in pieces if isinstance(p, Whole)}
        return of_region(pieces, region.status, files.get), texts

    content = Content(
        outputs,
        lambda link: Picture(ELSEWHERE.attach(link) or "", "image/png", PNG, link.target),
        files.get,
    )
    made = to_notebook(note, build([note]), changes, content, Start("", "..", frozenset()))
    return reopened(made)


def reopened(notebook: Notebook) -> Notebook:
    return read(json.loads(json.dumps(write(notebook))))


def bring_in(notebook: Notebook, *, runs: bool = True, path: str = PATH) -> tuple[str, Imported]:
    """The text of the note with its results, and what it was made of."""
    place = Place(
        path,
        "my.ipynb",
        SURROUNDINGS.embed,
        SURROUNDINGS.link,
        attach=lambda name: f"Attachments/{name}",
        redraw=lambda _: None,
    )
    made = from_notebook(notebook, place, runs=runs)
    return render(parse(path, made.text), made.results, SURROUNDINGS).text, made


def figures(made: Imported, path: str = PATH) -> dict[str, bytes]:
    """The files beside an imported note."""
    rendered = render(parse(path, made.text), made.results, SURROUNDINGS)
    return {**made.figures, **made.attachments, **rendered.files}


def notebook(*cells: Mapping[str, Any], language: str = "python", **metadata: Any) -> Notebook:
    """A notebook of some other program."""
    spec = {"kernelspec": {"name": "python3", "language": language}, **metadata}
    return read({"nbformat": 4, "nbformat_minor": 4, "metadata": spec, "cells": list(cells)})


def code(source: str, *outputs: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "metadata": {},
        "execution_count": 1,
        "source": source,
        "outputs": list(outputs),
        **fields,
    }


def text(source: str, **fields: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source, **fields}


def display(**data: Any) -> dict[str, Any]:
    """A bundle; ``text_plain`` stands for ``text/plain``."""
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {mime.replace("_", "/", 1): value for mime, value in data.items()},
    }


def stream(said: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": said}


def without_front(made: Notebook) -> Notebook:
    """The notebook without the cells that an export puts before the note's own."""
    return replace(made, cells=tuple(cell for cell in made.cells if "part" not in cell.ours))


def plain_note(note: Note) -> list[tuple[object, ...]]:
    return [(b.role, b.id, b.options, b.source) for b in note.blocks]
