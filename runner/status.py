"""The state of each note in one line: quotes, components, tests, devices, last run."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from .links import find_links, find_quotes
from .note import Note, Role
from .outcome import is_stale
from .session import Session
from .wish import Wish


@dataclass(frozen=True, slots=True)
class NoteState:
    """``last_run`` is an ISO time in UTC, "" if no result is stored."""

    note: str
    status: str
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
            "quotes": {"true": None, "all": self.quotes},
            "components": self.components,
            "tests": {"passed": self.tests_passed, "all": self.tests},
            "devices": list(self.devices),
            "last_run": self.last_run or None,
        }


def note_states(session: Session, scope: Collection[str]) -> list[NoteState]:
    """The state of every note in ``scope`` that has tagged blocks."""
    graph = session.graph()
    return [_state(session, graph.notes[path]) for path in scope if path in graph.notes]


def _state(session: Session, note: Note) -> NoteState:
    report = session.check([note.path], Wish())
    blocks = [block for found in report.notes for block in found.blocks]
    kept = session.store.get_note(note.path).values()
    tests = [test for stored in kept for test in stored.result.tests]
    when = max((stored.when for stored in kept), default=0.0)
    return NoteState(
        note=note.path,
        status=_word(session, note, [str(block.status) for block in blocks]),
        quotes=len(find_quotes(note, find_links(note))),
        components=sum(block.role is Role.COMPONENT for block in note.blocks),
        tests_passed=sum(test.status in ("passed", "xfailed") for test in tests),
        tests=len(tests),
        devices=tuple(sorted({key.devices for key in session.store.get_note(note.path)})),
        last_run=_iso(when) if when else "",
    )


def _word(session: Session, note: Note, statuses: Sequence[str]) -> str:
    if any(status in ("failed", "timeout", "crashed") for status in statuses):
        return "failed"
    graph = session.graph()
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
            f"–/{state.quotes}",
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
