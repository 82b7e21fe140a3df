"""Run on every save: file events to batches, batches to runs, results to notes that are at rest.

Running does not wait, writing does: until the note has been quiet for a while, so that nobody's
typing is met. Our own writes are told from others by content, not by time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .changes import Changes, observed
from .execution import Progress
from .graph import build, neighbourhood
from .note import Note
from .outcome import Outcome
from .report import Report
from .session import Session, Wish
from .vault import is_note
from .writing import Writer

_BATCH = 0.1  # seconds without an event that end a batch of changes
_LONGEST_BATCH = 1.0  # seconds
_RESCAN = 60.0  # seconds between looks at every file, for events that were lost
_OBSIDIAN_QUIET = 2.5  # seconds; Obsidian saves every 2 while one types
_PLAIN_QUIET = 0.3
_STEP_PAUSE = 0.3  # seconds between two steps of a growing result
_LONGEST_STEP = 200  # characters by which one write may change a note that may be open
_TORN_READ = 0.2  # seconds to wait when a note is suddenly empty


@dataclass
class _Pending:
    """A note whose results wait to be written, from ``due`` (monotonic seconds) on."""

    outcome: Outcome
    writer: Writer
    due: float = 0.0


@dataclass
class _State:
    """What the watch knows: tagged notes, texts as last seen or written, who uses which file."""

    notes: dict[str, Note] = field(default_factory=dict)
    texts: dict[str, bytes] = field(default_factory=dict)
    edited: dict[str, float] = field(default_factory=dict)
    users: dict[str, set[str]] = field(default_factory=dict)
    pending: dict[str, _Pending] = field(default_factory=dict)
    unreported: list[Outcome] = field(default_factory=list)


def watch_vault(
    session: Session,
    paths: Collection[str],
    wish: Wish,
    listen: Callable[[Progress], None],
    *,
    quiet: float | None = None,
    polling: bool = False,
) -> Iterator[Report]:
    """Yield a report for each batch of changes under ``paths``, the first for what is stale now.

    Never ends by itself; ``KeyboardInterrupt`` ends it, with what is finished and at rest written.
    """
    changes = Changes(session.vault.root)
    with observed(changes, polling=polling):
        yield from _Watch(session, paths, wish, listen, quiet, changes).reports()


class _Watch:
    def __init__(
        self,
        session: Session,
        paths: Collection[str],
        wish: Wish,
        listen: Callable[[Progress], None],
        quiet: float | None,
        changes: Changes,
    ) -> None:
        self._session = session
        self._vault = session.vault
        self._paths = paths
        self._wish = wish
        self._listen = listen
        self._changes = changes
        usual = _OBSIDIAN_QUIET if self._vault.is_obsidian else _PLAIN_QUIET
        chosen = quiet if quiet is not None else self._vault.settings.quiet
        self._quiet = usual if chosen is None else chosen
        self._longest = _LONGEST_STEP if self._vault.is_obsidian else None
        self._state = _State()
        self._rescan_at = time.monotonic() + _RESCAN

    def reports(self) -> Iterator[Report]:
        self._state.notes = self._vault.notes()
        for path in self._state.notes:
            self._remember(path)
        self._run(self._in_scope(self._state.notes))
        try:
            while True:
                yield from self._write_due()
                changed = self._wait()
                if changed:
                    self._run(self._affected(changed))
        finally:
            for path in list(self._state.pending):
                if self._rests(path):
                    self._write(path)

    # --- what changed

    def _wait(self) -> set[str]:
        """The paths that really changed by the next batch; empty when a write is due first."""
        self._changes.wait(self._patience())
        first = time.monotonic()
        while self._changes.age() < _BATCH and time.monotonic() - first < _LONGEST_BATCH:
            time.sleep(_BATCH / 4)
        paths, lost = self._changes.take()
        if lost or time.monotonic() > self._rescan_at:
            self._rescan_at = time.monotonic() + _RESCAN
            paths |= self._missed()
        return {path for path in paths if self._is_news(path)}

    def _patience(self) -> float:
        now = time.monotonic()
        due = [pending.due for pending in self._state.pending.values()]
        return max(0.0, min([self._rescan_at, *due]) - now)

    def _missed(self) -> set[str]:
        """Notes that differ from what we know, found without events."""
        there = {path for path, _ in self._vault.files() if is_note(path)}
        return there | set(self._state.texts)

    def _is_news(self, path: str) -> bool:
        if not is_note(path):
            return path in self._state.users
        data = self._read(path)
        if data == self._state.texts.get(path):
            return False
        if not data and self._state.texts.get(path):
            time.sleep(_TORN_READ)  # an editor truncates before it writes
            data = self._read(path)
        self._note_edit(path, data)
        return True

    def _read(self, path: str) -> bytes | None:
        try:
            return (self._vault.root / path).read_bytes()
        except OSError:
            return None

    def _remember(self, path: str) -> None:
        data = self._read(path)
        if data is not None:
            self._state.texts[path] = data
            age = time.time() - (self._vault.root / path).stat().st_mtime
            self._state.edited[path] = time.monotonic() - max(0.0, age)

    def _note_edit(self, path: str, data: bytes | None) -> None:
        state = self._state
        state.edited[path] = time.monotonic()
        note = None if data is None else self._vault.note(path)
        if data is None:
            state.texts.pop(path, None)
            state.pending.pop(path, None)
        else:
            state.texts[path] = data
        if note is None:
            state.notes.pop(path, None)
        else:
            state.notes[path] = note

    def _affected(self, changed: Collection[str]) -> list[str]:
        """The notes to bring up to date: changed ones, importers, users of changed files."""
        users = {user for path in changed for user in self._state.users.get(path, ())}
        direct = {path for path in changed if is_note(path)} | users
        importers, _ = neighbourhood(self._state.notes, direct)
        return self._in_scope(importers)

    def _in_scope(self, paths: Collection[str]) -> list[str]:
        return sorted(
            path
            for path in paths
            if path in self._state.notes
            and any(not w or path == w or path.startswith(f"{w}/") for w in self._paths)
        )

    # --- running

    def _run(self, scope: list[str]) -> None:
        if not scope:
            return
        _, related = neighbourhood(self._state.notes, scope)
        graph = build(self._state.notes[path] for path in related)
        outcome = Outcome(graph, scope, self._session.plan(graph, self._wish, scope))
        outcome.keeps_broken = True
        writer = self._session.writer(graph, self._longest)
        done: set[str] = set()

        def finished(path: str) -> None:
            done.add(path)
            self._queue(path, outcome, writer)

        self._session.execute(outcome, self._wish, self._listen, finished, self._is_wanted)
        if outcome.interrupted:
            raise KeyboardInterrupt
        for path in scope:
            self._remember_users(path, outcome)
            if path not in done and path in graph.notes and self._is_wanted(path):
                self._queue(path, outcome, writer)
        self._state.unreported.append(outcome)

    def _is_wanted(self, path: str) -> bool:
        """Whether a running note is still as it was when it was planned."""
        return not self._changes.names(path) or self._read(path) == self._state.texts.get(path)

    def _remember_users(self, path: str, outcome: Outcome) -> None:
        if path not in outcome.graph.notes:
            return
        for node in outcome.graph.of_note(path):
            result = outcome.result(node)
            for file, _ in result.evidence.files if result else ():
                if Path(file).is_relative_to(self._vault.root):
                    relative = self._vault.relative(Path(file))
                    self._state.users.setdefault(relative, set()).add(path)

    # --- writing

    def _queue(self, path: str, outcome: Outcome, writer: Writer) -> None:
        if self._wish.write:
            due = self._state.edited.get(path, 0.0) + self._quiet
            self._state.pending[path] = _Pending(outcome, writer, due)

    def _rests(self, path: str) -> bool:
        return time.monotonic() >= self._state.edited.get(path, 0.0) + self._quiet

    def _write_due(self) -> Iterator[Report]:
        for path, pending in list(self._state.pending.items()):
            if time.monotonic() < pending.due:
                continue
            if not self._rests(path) or not self._is_wanted(path):
                pending.due = self._state.edited.get(path, 0.0) + self._quiet
                continue
            if self._write(path):
                pending.due = time.monotonic() + _STEP_PAUSE
        if self._state.pending or not self._state.unreported:
            return
        outcomes, self._state.unreported = self._state.unreported, []
        for outcome in outcomes:
            if self._wish.write:
                self._fill_matrices(outcome)
            yield self._session.report(outcome)

    def _write(self, path: str) -> bool:
        """Write what is known of a note; True if a further step is needed."""
        pending = self._state.pending[path]
        more = self._session.write(pending.outcome, path, pending.writer)
        self._adopt(path, pending.writer)
        if not more:
            self._state.pending.pop(path, None)
        return more

    def _adopt(self, path: str, writer: Writer) -> None:
        """What we wrote is no news."""
        data = writer.last_bytes(path)
        if data is not None and self._read(path) == data:
            self._state.texts[path] = data
            note = self._vault.note(path)
            if note is not None:
                self._state.notes[path] = note

    def _fill_matrices(self, outcome: Outcome) -> None:
        targets = self._in_scope([p for p, note in self._state.notes.items() if note.matrices])
        if targets:
            writer = self._session.writer(outcome.graph)
            whole = Outcome(outcome.graph, targets, outcome.plans)
            self._session.fill_matrices(whole, writer)
            outcome.changed |= whole.changed
            for path in targets:
                self._adopt(path, writer)
