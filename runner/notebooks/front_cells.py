"""The cells that an export puts before a note's own: what they need to run as the note does."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator, Sequence

from ..digest import derive_seed
from ..graph import Graph, Node
from ..note import Note, Role
from ..notebook import KEY, Cell, CellIds, fingerprint_of
from ..records import dataclass
from .pieces import source_of

_TITLE = "# @title Setup of “{name}”: run this cell first"
_DEVICE = 'device = torch.device("cuda" if torch.cuda.is_available() else "cpu")'
_FOLDED = {"jupyter": {"source_hidden": True}, "cellView": "form", "tags": ["hide-input"]}


@dataclass(frozen=True, slots=True)
class Start:
    """What comes before the note's own cells.

    ``magics`` is the text of ``NoteMagics`` for a notebook that stands alone, "" for one that
    finds the vault at ``vault``. ``standard`` names the modules that every Python has.
    """

    magics: str
    vault: str
    standard: frozenset[str]


def front_cells(note: Note, graph: Graph, start: Start, ids: CellIds) -> Iterator[Cell]:
    """The paper, the first cell of code, and the blocks of other notes. An import drops them."""
    if line := _paper(note):
        yield Cell("markdown", line, ids.unique("paper"), {KEY: {"part": "paper"}})
    if not note.blocks:
        return
    nodes = [node for node in graph.of_note(note.path) if not node.fault]
    imported = _imported(note, graph, nodes) if start.magics else []
    source = _first(note, nodes, imported, start)
    yield Cell("code", source, ids.unique("setup"), {KEY: {"part": "setup"}, **_FOLDED})
    yield from _modules(note, graph, imported, ids)


def _paper(note: Note) -> str:
    """The paper that the note reads, in a line."""
    given = {key: note.properties.get(key) for key in ("paper", "authors", "year", "arxiv")}
    words = {key: " ".join(str(value).split()) for key, value in given.items() if value}
    if "paper" not in words:
        return ""
    if "arxiv" in words:
        words["arxiv"] = f"[arXiv:{words['arxiv']}](https://arxiv.org/abs/{words['arxiv']})"
    return ", ".join([f"*{words.pop('paper')}*", *words.values()])


# --- the first cell of code


def _first(note: Note, nodes: Sequence[Node], imported: Sequence[Node], start: Start) -> str:
    every = [*nodes, *imported]
    packages = {name for node in every for name in node.packages} - start.standard - {"vault"}
    if any(node.block.role is Role.TEST for node in nodes):
        packages.add("pytest")
    if not start.magics:
        packages.add("runner")
    names_device = any(node.names_device for node in every)
    lines = [_TITLE.format(name=note.path.removesuffix(".md"))]
    if packages:
        lines.append(f"# The cells below need {', '.join(sorted(packages))}.")
    if names_device or "torch" in packages:
        lines.append("import torch")  # what is not loaded cannot be seeded
    lines += _magics(start)
    arguments = [f"note_seed={note_seed(note)}"] if note_seed(note) else []
    if names_device:
        lines.append(_DEVICE)
        arguments.append("device=device")
    cells = [f'        "{name}": "{digest}",' for name, digest in _drawing(note, nodes).items()]
    if cells:
        arguments.append("\n".join(["cells={", *cells, "    }"]))
    inside = [f"    {argument}," for argument in arguments]
    return "\n".join([*lines, "_magics = NoteMagics(", *inside, ")"])


def _magics(start: Start) -> list[str]:
    if start.magics:
        return ["", start.magics.strip(), "", ""]
    return [
        "import runner",
        "from runner.notebooks.kernel import NoteMagics",
        "",
        f"runner.install({start.vault!r})  # allows this process to execute the vault's notes",
    ]


def _drawing(note: Note, nodes: Iterable[Node]) -> dict[str, str]:
    """The blocks that may draw random numbers, and the digests by which the kernel knows them."""
    found = {}
    for node in nodes:
        if node.block.role is not Role.TEST and _may_draw(node.block.source):
            source = source_of(node.block).strip().encode("utf-8", "replace")
            digest = hashlib.blake2b(source, digest_size=4).hexdigest()
            found[seeded(node, note_seed(note))] = digest
    return found


def _may_draw(source: str) -> bool:
    """Whether running ``source`` calls anything: definitions alone need no seed."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(node, ast.Call) for statement in tree.body for node in _now(statement))


def _now(node: ast.AST) -> Iterator[ast.AST]:
    """What is evaluated when ``node`` is: not the bodies of functions."""
    yield node
    for name, value in ast.iter_fields(node):
        is_body = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and name == "body"
        children = value if isinstance(value, list) else [value]
        for child in () if is_body or isinstance(node, ast.Lambda) else children:
            if isinstance(child, ast.AST):
                yield from _now(child)


# --- seeds


def note_seed(note: Note) -> int:
    """The seed that the note's properties state."""
    stated = note.properties.get("seed")
    return stated if isinstance(stated, int) else 0


def seeded(node: Node, stated: int) -> str:
    """A block's id, with its seed where that does not follow from the id and the seed stated."""
    follows = node.seed == derive_seed(stated, node.block.id)
    return node.block.id if follows else f"{node.block.id} seed={node.seed}"


# --- blocks of other notes


def _imported(note: Note, graph: Graph, nodes: Iterable[Node]) -> list[Node]:
    """The blocks of other notes that ``nodes`` rest on, in the order of execution."""
    keys = {key for node in nodes for key in node.deps if key[0] != note.path}
    return [node for path in graph.order for node in graph.of_note(path) if node.key in keys]


def _modules(note: Note, graph: Graph, nodes: Sequence[Node], ids: CellIds) -> Iterator[Cell]:
    above = ""
    for node in nodes:
        other = graph.notes[node.note]
        if other.path != above:
            above = other.path
            words = f"**From {other.path.removesuffix('.md')}**, which this note imports:"
            yield Cell("markdown", words, ids.unique(f"from-{other.name}"), {KEY: {"part": "note"}})
        magic = f"%%module {other.name} {seeded(node, note_seed(note))}"
        source = f"{magic}\n{source_of(node.block)}"
        place = {"note": other.path, "block": node.block.id}
        ours = {"part": "module", **place, "shown": fingerprint_of(source)}
        yield Cell("code", source, ids.unique(f"{other.name}-{node.block.id}"), {KEY: ours})
