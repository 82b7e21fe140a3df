"""The state of each note in one line: quotes, components, tests, devices, last run."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterator, Sequence

from .graph import Graph
from .note import Note, Role
from .outcome import is_stale
from .records import dataclass
from .report import BlockReport
from .session import Session
from .wish import Wish


@dataclass(frozen=True, slots=True)
class NoteState:
    """``quotes_true``: the quotes whose links are all exact. ``last_run`` is an ISO time in UTC,
    "" if no result is stored."""

    note: str
    status: str
    quotes_true: int
    quotes: int
    components: int
    tests_passed: int
    tests: int
    devices: tuple[str, ...]
    last_run: str

    def to_json(self) -> dict[str, object]:
        return {
            "note": self.note,
            "status": self.status,
            "quotes": {"true": self.quotes_true, "all": self.quotes},
            "components": self.components,
            "tests": {"passed": self.tests_passed, "all": self.tests},
            "devices": list(self.devices),
            "last_run": self.last_run or None,
        }


def note_states(session: Session, scope: Collection[str]) -> list[NoteState]:
    """The state of every note in ``scope`` that has tagged blocks."""
    graph, checker = session.graph(), session.checker()
    report = session.check(scope, Wish())
    blocks = {found.note: found.blocks for found in report.notes}
    return [
        _state(session, graph, graph.notes[path], blocks.get(path, ()), checker.truth)
        for path in scope
        if path in graph.notes
    ]


def _state(
    session: Session,
    graph: Graph,
    note: Note,
    blocks: Sequence[BlockReport],
    truth: Callable[[Note], tuple[int, int]],
) -> NoteState:
    kept = session.store.get_note(note.path)
    tests = [test for stored in kept.values() for test in stored.result.tests]
    when = max((stored.when for stored in kept.values()), default=0.0)
    quotes_true, quotes = truth(note)
    return NoteState(
        note=note.path,
        status=_word(graph, note, [str(block.status) for block in blocks]),
        quotes_true=quotes_true,
        quotes=quotes,
        components=sum(block.role is Role.COMPONENT for block in note.blocks),
        tests_passed=sum(test.status in ("passed", "xfailed") for test in tests),
        tests=len(tests),
        devices=tuple(sorted({key.devices for key in kept})),
        last_run=_iso(when) if when else "",
    )


def _word(graph: Graph, note: Note, statuses: Sequence[str]) -> str:
    if any(status in ("failed", "timeout", "crashed") for status in statuses):
        return "failed"
    return "stale" if any(is_stale(node, note) for node in graph.of_note(note.path)) else "ok"


def _iso(when: float) -> str:
    return datetime.datetime.fromtimestamp(when, datetime.UTC).isoformat(timespec="seconds")


_HEADER = ("note", "status", "quotes", "components", "tests", "devices", "last run")


def as_table(states: Sequence[NoteState]) -> Iterator[str]:
    """The table for a terminal, columns aligned."""
    rows = [
        (
            state.note,
            state.status,
            f"{state.quotes_true}/{state.quotes}",
            str(state.components),
            f"{state.tests_passed}/{state.tests}",
            ",".join(state.devices) or "–",
            state.last_run or "never",
        )
        for state in states
    ]
    widths = [max(len(row[i]) for row in (_HEADER, *rows)) for i in range(len(_HEADER))]
    for row in (_HEADER, *rows):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
