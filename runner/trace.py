"""From quote to component to test: which sentence of a paper is implemented and proved by what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .graph import Graph, Node
from .links import find_links, find_quotes
from .note import Note, Quote, Role
from .patterns import regex
from .records import dataclass
from .resolve import Key
from .result import Status


@dataclass(frozen=True, slots=True)
class Row:
    """A quote with the components that implement it and the tests that cover those."""

    note: str
    quote: Quote
    components: tuple[Key, ...]
    tests: tuple[Key, ...]


def rows(notes: Iterable[Note], graph: Graph) -> list[Row]:
    """A row for every quote of ``notes``, in the order of paths and lines."""
    found = []
    for note in sorted(notes, key=lambda n: n.path):
        quotes = find_quotes(note, find_links(note))
        implements = {
            node.key: _implemented(note, node, quotes) for node in _components(graph, note)
        }
        for quote in quotes:
            components = tuple(key for key, lines in implements.items() if quote.line in lines)
            found.append(Row(note.path, quote, components, _covering(graph, components)))
    return found


def _components(graph: Graph, note: Note) -> list[Node]:
    if note.path not in graph.notes:
        return []
    return [node for node in graph.of_note(note.path) if node.block.role is Role.COMPONENT]


def _implemented(note: Note, node: Node, quotes: Iterable[Quote]) -> set[int]:
    """Lines of the quotes a component implements: those it lists, else those above it in its
    own section."""
    listed = node.block.options.quotes
    if listed:
        return {quote.line for quote in quotes if quote.id in listed}
    section = note.section(node.block.line)
    return {
        quote.line
        for quote in quotes
        if quote.line < node.block.line
        and note.section(quote.line) == section
        and quote.no_code is None
    }


def _covering(graph: Graph, components: Iterable[Key]) -> tuple[Key, ...]:
    wanted = set(components)
    return tuple(
        node.key
        for path in sorted(graph.notes)
        for node in graph.of_note(path)
        if node.block.role is Role.TEST and not wanted.isdisjoint(node.deps)
    )


def unknown_quotes(note: Note, quotes: Iterable[Quote]) -> list[tuple[int, str, str]]:
    """(line, block, quote id) for every id in ``#| quotes:`` that no quote of the note bears."""
    known = {quote.id for quote in quotes}
    return [
        (block.line, block.id, id)
        for block in note.blocks
        for id in block.options.quotes
        if id not in known
    ]


def matrix(rows: Iterable[Row], statuses: Mapping[Key, Status | None], source: str) -> str:
    """The Markdown table for the note ``source``; "" without quotes.

    ``statuses`` holds what each component and test shows; None is stale.
    """
    lines = [_line(row, statuses, source) for row in rows]
    if not lines:
        return ""
    return "\n".join(["| Quote | Component | Tests | Status |", "|---|---|---|---|", *lines])


def _line(row: Row, statuses: Mapping[Key, Status | None], source: str) -> str:
    cells = (
        _quote_cell(row, source),
        ", ".join(f"`{id}`" for _, id in row.components) or "–",
        _tests_cell(row),
        _status(row, statuses),
    )
    return f"| {' | '.join(cells)} |"


_NO_TARGET = regex(r"[\[\]|#^\\<>`\x00-\x1f\x7f]|%%")  # no file name that a link can hold
_SHOWN = 60  # characters of a quote that a table cell can hold without wrapping too often


def _quote_cell(row: Row, source: str) -> str:
    words = " ".join(row.quote.text.split())
    short = words if len(words) <= _SHOWN else words[:_SHOWN].rsplit(" ", 1)[0] + " …"
    short = short.replace("[", "(").replace("]", ")")
    safe = "".join(" " if char in "|\\`<>*_#^%$" else char for char in short)
    safe = " ".join(safe.split()) or "quote"
    target = "" if row.note == source else row.note.rpartition("/")[2].removesuffix(".md")
    if _NO_TARGET.search(target):
        return safe
    if row.quote.id:
        return f"[[{target}#^{row.quote.id}\\|{safe}]]"
    return f"[[{target}\\|{safe}]]" if target else safe


def _tests_cell(row: Row) -> str:
    """The tests beside the components by name, those of other notes by number."""
    notes = {path for path, _ in row.components}
    near = [f"`{id}`" for path, id in row.tests if path in notes]
    far = len(row.tests) - len(near)
    return ", ".join([*near, *([f"{far} in other notes"] if far else [])]) or "–"


def _status(row: Row, statuses: Mapping[Key, Status | None]) -> str:
    if row.quote.no_code is not None:
        return f"no code: {_plain(row.quote.no_code)}"
    if not row.components:
        return "no component"
    if not row.tests:
        return "no test"
    shown = [statuses.get(key) for key in (*row.components, *row.tests)]
    for status in (Status.FAILED, Status.CRASHED, Status.TIMEOUT, Status.SKIPPED):
        if status in shown:
            return status.value
    return "stale" if None in shown else "ok"


def _plain(text: str) -> str:
    return " ".join("".join(" " if c in "|\\`<>%" else c for c in text).split())
