"""Results that wait to be written into watched notes: until each note rests, in small steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator

from .changes import Changes
from .outcome import Outcome
from .pace import Pace
from .records import dataclass, field
from .session import Session
from .sightings import Sightings
from .vault import VaultError
from .writing import Writer


@dataclass(frozen=True, slots=True)
class _Pending:
    """A note whose results wait to be written; the report on ``teller`` waits for that.

    ``is_table``: only its matrix.
    """

    outcome: Outcome
    writer: Writer
    teller: Outcome
    is_table: bool = False


@dataclass(slots=True)
class Outbox:
    """Tables follow when what they show is written. ``paths``: what is watched; nothing waits
    here unless the watch ``writes``. ``tell`` hears why something has to wait for the user."""

    session: Session
    sightings: Sightings
    changes: Changes
    pace: Pace
    paths: Collection[str]
    writes: bool
    tell: Callable[[str], None]
    _refused: dict[str, int] = field(default_factory=dict)  # why, and how often, of late
    _notes: dict[str, _Pending] = field(default_factory=dict)
    _tables: dict[str, _Pending] = field(default_factory=dict)

    def put(self, path: str, outcome: Outcome, writer: Writer, teller: Outcome) -> None:
        """A note is to show what is known of it, in place of what waited for it."""
        if self.writes:
            self._notes[path] = _Pending(outcome, writer, teller)

    def put_tables(self, outcome: Outcome, writer: Writer, touched: Iterable[str]) -> None:
        """The matrices that may tell of the notes ``touched`` are to be filled anew; once is
        enough for all that comes."""
        changed = [*touched]
        tables = self.sightings.scope(self.paths, self.sightings.tables) if self.writes else ()
        for path in tables:
            tells = self.sightings.scope([path.rpartition("/")[0]], changed)
            if tells and path not in self._tables:
                self._tables[path] = _Pending(outcome, writer, outcome, is_table=True)

    def forget(self, path: str) -> None:
        """The note is gone."""
        self._notes.pop(path, None)
        self._tables.pop(path, None)

    @property
    def is_empty(self) -> bool:
        return not (self._notes or self._tables)

    def tellers(self) -> Iterator[Outcome]:
        """The runs whose reports wait for something here."""
        yield from (pending.teller for pending in (*self._notes.values(), *self._tables.values()))

    def due(self) -> float:
        """When the next note may be written, in monotonic seconds; else never."""
        waiting = self._notes or self._tables  # which come when no note waits
        return min(map(self.pace.due, waiting), default=float("inf"))

    def write_due(self) -> None:
        """Write what waits, to notes that rest."""
        self._write_those(self._notes)
        if not self._notes:
            self._write_those(self._tables)

    def _write_those(self, waiting: dict[str, _Pending]) -> None:
        for path, pending in list(waiting.items()):
            if not self.pace.is_due(path):
                continue
            if not self.sightings.is_current(path):
                self.pace.edited(path)  # somebody just did, and the event is on its way, or lost
                self.changes.add(path)
            elif not self._write(path, pending):
                del waiting[path]

    def _write(self, path: str, pending: _Pending) -> bool:
        """Write what is known of a note; True if a further step is needed."""
        outcome, writer = pending.outcome, pending.writer
        try:
            if pending.is_table:
                outcome = Outcome(outcome.graph, [path], outcome.plans)
                more = self.session.fill_matrices(outcome, writer, self.sightings.neighbours)
            else:
                more = self.session.write(outcome, path, writer)
        except VaultError as error:
            return self._refuse(path, str(error))
        self._refused.clear()
        pending.teller.changed |= outcome.changed & {path}
        self.sightings.adopt(path, writer.last_bytes(path))
        if more:
            self.pace.stepped(path)
        return more

    def _refuse(self, path: str, why: str) -> bool:
        """Obsidian's settings cannot be read: all waits for that. They may just be being saved, so
        it is told at the second time."""
        times = self._refused.get(why, 0) + 1
        self._refused = {why: times}
        if times == 2:
            self.tell(f"{why} (what is to be written waits for that)")
        self.pace.edited(path)
        return True

    def drain(self, limit: float) -> None:
        """Write to the notes that come to rest within ``limit`` seconds."""
        end = time.monotonic() + limit
        while max(time.monotonic(), self.due()) < end:
            self.write_due()
            time.sleep(min(0.05, self.pace.manners.pause))
