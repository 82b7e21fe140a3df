"""Run on every save: file events to batches, batches to runs, results to notes that are at rest.

Running does not wait, writing does: until the note has been quiet for a while, so that nobody's
typing is met. Our own writes are told from others by content, not by time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

from .changes import Changes, observed
from .execution import Progress
from .graph import build, neighbourhood
from .note import Note
from .outcome import Outcome
from .pace import OBSIDIAN, PLAIN, Pace
from .pool import Pool
from .report import Report
from .session import Session
from .sightings import Sightings
from .vault import Vault, is_note
from .wish import Wish
from .writing import Writer

_RESCAN = 60.0  # seconds between looks at every file, for events that were lost
_POLL = 1.0  # the same where there are no events
_POLL_SHARE = 0.05  # of the time may go into looking
_LAST_STEPS = 3.0  # seconds for long results after Ctrl-C


@dataclass
class _Pending:
    """A note whose results wait to be written; ``is_table``: only its matrix."""

    outcome: Outcome
    writer: Writer
    is_table: bool = False


def watch_vault(
    session: Session,
    paths: Collection[str],
    wish: Wish,
    listen: Callable[[Progress], None],
    *,
    quiet: float | None = None,
    polling: bool = False,
    changes: Changes | None = None,
) -> Iterator[Report]:
    """Yield a report for each batch of changes under ``paths``, the first for what is stale now.

    ``quiet``: seconds of rest before a note is written. ``polling``: for drives without events.
    ``KeyboardInterrupt`` ends it, after what is finished was written to notes that come to rest;
    a second one at once.
    """
    session.vault.app_settings()  # a broken one is told before anything runs
    changes = changes or Changes(session.vault.root)
    with ExitStack() as stack:
        if not polling:
            stack.enter_context(observed(changes))
        sightings = Sightings(session.vault)
        sightings.look_at_all()
        _, related = neighbourhood(sightings.notes, _scope(sightings.notes, paths))
        preload = session.preload(build(sightings.notes[path] for path in related))
        pool = stack.enter_context(session.pool(wish, preload))
        watch = _Watch(session, paths, listen, changes, sightings, pool, wish)
        watch.pace = _pace(session.vault, quiet)
        watch.rescan = _POLL if polling else _RESCAN
        yield from watch.reports()


def _pace(vault: Vault, quiet: float | None) -> Pace:
    manners = OBSIDIAN if vault.is_obsidian else PLAIN
    chosen = vault.settings.quiet if quiet is None else quiet
    return Pace(manners if chosen is None else replace(manners, quiet=chosen))


def _scope(notes: Collection[str], paths: Collection[str]) -> list[str]:
    return sorted(
        note
        for note in notes
        if any(not path or note == path or note.startswith(f"{path}/") for path in paths)
    )


class _Watch:
    pace: Pace
    rescan: float

    def __init__(
        self,
        session: Session,
        paths: Collection[str],
        listen: Callable[[Progress], None],
        changes: Changes,
        sightings: Sightings,
        pool: Pool,
        wish: Wish,
    ) -> None:
        self._session = session
        self._vault = session.vault
        self._paths = paths
        self._listen = listen
        self._changes = changes
        self._sightings = sightings
        self._pool = pool
        self._wish = wish
        self._pending: dict[str, _Pending] = {}
        self._tables: dict[str, _Pending] = {}
        self._untold: list[Outcome] = []
        self._rescan_at = 0.0

    def reports(self) -> Iterator[Report]:
        notes = self._sightings.notes
        for path in notes:
            self.pace.edited(path, self._sightings.age(path))
        self._rescan_at = time.monotonic() + self.rescan
        try:
            self._run(_scope(notes, self._paths), told=True)
            self._wish = replace(self._wish, force=False)  # it was meant for once
            while True:
                self._write_due()
                yield from self._told()
                self._answer(*self._wait())
        except KeyboardInterrupt:
            self._finish()
            yield from self._told()

    # --- what changed

    def _wait(self) -> tuple[dict[str, Note], set[str]]:
        """What changed by the next batch, with the notes before; none when a write is due first."""
        self._changes.wait(self._patience())
        paths, lost = self._changes.take()
        before = dict(self._sightings.notes)
        began = time.monotonic()
        everything = lost or began >= self._rescan_at
        news = self._sightings.news(paths, everything=everything)
        if everything:
            took = time.monotonic() - began
            self._rescan_at = time.monotonic() + max(self.rescan, took / _POLL_SHARE)
        return before, news

    def _patience(self) -> float:
        waiting = {**self._pending, **self._tables}
        due = min((self.pace.due(path) for path in waiting), default=float("inf"))
        return max(0.0, min(self._rescan_at, due) - time.monotonic())

    def _answer(self, before: dict[str, Note], changed: set[str]) -> None:
        for path in changed:
            if is_note(path):
                self.pace.edited(path)
            if path not in self._sightings.notes:
                self._pending.pop(path, None)
                self._tables.pop(path, None)
        if changed:
            concerned = self._sightings.concerned(before, changed)
            files = {path for path in changed if not is_note(path)}
            self._run(_scope(concerned, self._paths), files=files, told=files != changed)
            self._want_tables(Outcome(build(()), (), {}), changed)

    # --- running

    def _run(self, scope: list[str], *, told: bool, files: Collection[str] = ()) -> None:
        """Bring ``scope`` up to date. Unless ``told``, nothing to do is not worth a report."""
        if not scope:
            return
        notes = self._sightings.notes
        _, related = neighbourhood(notes, scope)
        graph = build(notes[path] for path in related)
        outcome = Outcome(graph, scope, self._session.plan(graph, self._wish, scope))
        if not told and not any(plan.lanes for plan in outcome.plans.values()):
            return
        outcome.keeps_broken = True
        self._execute(outcome, files)
        self._untold.append(outcome)
        self._want_tables(outcome, outcome.graph.notes)
        if outcome.interrupted:
            raise KeyboardInterrupt

    def _execute(self, outcome: Outcome, files: Collection[str]) -> None:
        writer = self._writer(outcome)
        lost: set[str] = set()
        began = time.time()

        def meanwhile() -> set[str]:
            self._write_due()
            lost.update(self._outdated(outcome))
            return lost

        def finished(path: str) -> None:
            self._queue(path, outcome, writer)

        self._session.execute(outcome, self._wish, self._listen, finished, meanwhile, self._pool)
        for path in outcome.graph.notes.keys() & outcome.scope:
            self._remember_files(path, outcome)
            self._sightings.stirred(path, files, began)
            if path not in lost:
                self._queue(path, outcome, writer)

    def _outdated(self, outcome: Outcome) -> set[str]:
        """Notes of a run that somebody changed since it was planned, and those that import them."""
        graph = outcome.graph
        changed = {path for path in graph.notes if not self._sightings.is_current(path)}
        return {path for path in outcome.scope if path in graph.notes} & (
            {path for path in graph.notes if not changed.isdisjoint(graph.reachable(path))}
            if changed
            else set()
        )

    def _remember_files(self, path: str, outcome: Outcome) -> None:
        results = (outcome.result(node) for node in outcome.graph.of_note(path))
        found = {file for result in results if result for file, _ in result.evidence.files}
        self._sightings.rests_on(path, found)

    # --- writing

    def _queue(self, path: str, outcome: Outcome, writer: Writer) -> None:
        if self._wish.write:
            self._pending[path] = _Pending(outcome, writer)

    def _want_tables(self, outcome: Outcome, touched: Iterable[str]) -> None:
        """The matrices that may tell of the notes ``touched`` are to be filled anew."""
        tables = [path for path, note in self._sightings.notes.items() if note.matrices]
        for path in _scope(tables, self._paths) if self._wish.write else ():
            folder = path.rpartition("/")[0]
            if path not in self._tables and _scope([*touched], [folder]):
                self._tables[path] = _Pending(outcome, self._writer(outcome), True)

    def _writer(self, outcome: Outcome) -> Writer:
        return self._session.writer(outcome.graph, self.pace.manners.longest)

    def _write_due(self) -> None:
        """Write what waits, to notes that rest. Tables follow when what they show is written."""
        self._write_those(self._pending)
        if not self._pending:
            self._write_those(self._tables)

    def _write_those(self, waiting: dict[str, _Pending]) -> None:
        for path, pending in list(waiting.items()):
            rests = self.pace.is_due(path) and self._sightings.is_current(path)
            if rests and not self._write(path, pending):
                del waiting[path]

    def _write(self, path: str, pending: _Pending) -> bool:
        """Write what is known of a note; True if a further step is needed."""
        outcome = pending.outcome
        if pending.is_table:
            whole = Outcome(outcome.graph, [path], outcome.plans)
            more = self._session.fill_matrices(whole, pending.writer)
            outcome.changed |= whole.changed
        else:
            more = self._session.write(outcome, path, pending.writer)
        self._sightings.adopt(path, pending.writer.last_bytes(path))
        if more:
            self.pace.stepped(path)
        return more

    def _told(self) -> Iterator[Report]:
        """Reports of the batches of which nothing waits any more, in their order."""
        open_ = [pending.outcome for pending in (*self._pending.values(), *self._tables.values())]
        while self._untold and not any(outcome is self._untold[0] for outcome in open_):
            yield self._session.report(self._untold.pop(0))

    def _finish(self) -> None:
        """After Ctrl-C: what is finished still goes to the notes that come to rest in time."""
        self._pool.close()
        end = time.monotonic() + self.pace.manners.quiet + _LAST_STEPS
        try:
            while (self._pending or self._tables) and time.monotonic() < end:
                self._write_due()
                time.sleep(min(0.05, self.pace.manners.pause))
        except KeyboardInterrupt:  # the user insists
            return
