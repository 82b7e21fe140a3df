"""The Python of notes, as those get it that execute them and have no parser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from .graph import Graph, Node
from .job import Code, NoteCode


def note_code(graph: Graph, path: str, root: Path) -> NoteCode:
    """The Python of one note, for a worker."""
    note = graph.notes[path]
    blocks = tuple(_code(graph, node, root) for node in graph.of_note(path) if node.fault is None)
    return NoteCode(note.module, path, str(root / path), blocks, graph.faults.get(path))


def _code(graph: Graph, node: Node, root: Path) -> Code:
    block = node.block
    every = [node, *(graph.nodes[key] for key in node.deps)]
    return Code(
        block.id,
        block.role.value,
        block.code_line,
        block.source,
        node.seed,
        node.names_device,
        node.digest,
        tuple(path for other in every for path in _data(other, root)),
        tuple(name for other in every for name in other.block.options.env),
    )


def _data(node: Node, root: Path) -> Iterator[str]:
    """The absolute paths of the files that a block declares."""
    for name in node.block.options.data:
        yield os.path.abspath((root / node.note).parent / name)
