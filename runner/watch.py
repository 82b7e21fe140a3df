"""Run on every save: file events to batches, batches to runs, results to notes that are at rest.

Running does not wait, writing does: until the note has been quiet for a while, so that nobody's
typing is met. Our own writes are told from others by content, not by time. Several batches may run
side by side over one pool of workers: long training in one note delays no answer to another, and
the batch that came last is served first. When nothing happens, notes get a second look.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack

from . import claims
from .changes import Changes, observed
from .execution import Progress
from .graph import Graph, build
from .looking import Looking
from .outbox import Outbox
from .outcome import Outcome
from .pace import OBSIDIAN, PLAIN, Pace
from .plan import Action, Plan
from .pool import Pool
from .records import dataclass, field, replace
from .report import Report
from .resolve import DEFINING, Key
from .runs import Run
from .secondlook import Candidates
from .session import Session
from .sightings import News, Sightings
from .vault import Vault
from .wish import Wish
from .writing import Writer

_RESCAN = 60.0  # seconds between looks at every file, for events that were lost
_POLL = 1.0  # the same where there are no events
_ROOT_LOOK = 2.0  # seconds between looks whether the vault's folder still is the same
_POLL_SHARE = 0.05  # of the time may go into looking
_LAST_STEPS = 3.0  # seconds for long results after Ctrl-C
_REST = 2.0  # seconds in which nothing happens before a note gets a second look


def watch_vault(
    session: Session,
    paths: Collection[str],
    wish: Wish,
    listen: Callable[[Progress], None],
    *,
    quiet: float | None = None,
    polling: bool = False,
    changes: Changes | None = None,
    rest: float = _REST,
) -> Iterator[Report]:
    """Yield a report for each batch of changes under ``paths``, the first for what is stale now.

    ``quiet``: seconds of rest before a note is written. ``polling``: for drives without events.
    ``rest``: seconds in which nothing happens before a note gets a second look.
    ``KeyboardInterrupt`` ends it, after what is finished was written to notes that come to rest;
    a second one at once. Raises ``Claimed`` where another process watches the vault.
    """
    session.vault.app_settings()  # a broken one is told before anything runs
    changes = changes or Changes(session.vault.root)
    with ExitStack() as stack:
        stack.enter_context(claims.watching(session.vault.root))
        if not polling:
            stack.enter_context(observed(changes))
        sightings = Sightings(session.vault)
        sightings.look_at_all()
        related = sightings.neighbours.related(_scope(sightings.notes, paths))
        preload = session.preload(build(sightings.notes[path] for path in related))
        pool = stack.enter_context(session.pool(wish, preload, heard=changes.ring))
        rescan = _POLL if polling else _RESCAN
        pace = _pace(session.vault, quiet)
        outbox = Outbox(session, sightings, changes, pace)
        once = replace(wish, force=False)
        looking = Looking(session, once, pool, rest, Candidates(slow=wish.slow))
        watch = _Watch(
            session, paths, wish, listen, changes, sightings, pool, pace, rescan, outbox, looking
        )
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


@dataclass(frozen=True, slots=True)
class _Batch:
    """A run under way, since ``began`` (seconds since the epoch), because ``files`` changed.

    ``queued`` are the notes of it that were handed on to be written.
    """

    run: Run
    files: Collection[str]
    began: float
    queued: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Watch:
    """The state of a watch, driven by one thread: it sleeps nowhere but in ``Changes.wait``."""

    session: Session
    paths: Collection[str]
    wish: Wish
    listen: Callable[[Progress], None]
    changes: Changes
    sightings: Sightings
    pool: Pool
    pace: Pace
    rescan: float
    outbox: Outbox
    looking: Looking

    _batches: list[_Batch] = field(default_factory=list)
    _latest: dict[str, tuple[Outcome, Writer]] = field(default_factory=dict)  # by note
    _untold: list[Outcome] = field(default_factory=list)
    _lately: dict[str, float] = field(default_factory=dict)  # what changed while something ran
    _looked_at: float = 0.0
    _rescan_at: float = 0.0
    _ranks: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def reports(self) -> Iterator[Report]:
        for path in self.sightings.notes:
            self.pace.edited(path, self.sightings.age(path))
        self._looked_at = time.monotonic()
        self._rescan_at = self._looked_at + self.rescan
        try:
            self._bring_up_to_date(_scope(self.sightings.notes, self.paths), News())
            self.wish = replace(self.wish, force=False)  # it was meant for once
            while True:
                self.outbox.write_due()
                yield from self._told()
                self._look_again()
                self.changes.wait(self._patience())
                self._hear_workers()
                self._hear_changes()
        except KeyboardInterrupt:
            self._finish()
            yield from self._told()

    def _patience(self) -> float:
        looks = min(self._rescan_at, self.changes.due(), self.sightings.due())
        due = min(looks, self.outbox.due(), self.looking.due() if self._is_idle else looks)
        return min(_ROOT_LOOK, max(0.0, due - time.monotonic()))

    # --- what changed

    def _hear_changes(self) -> None:
        batch = self.changes.take()
        now = time.monotonic()
        everything = self.changes.renew() or batch.lost or now >= self._rescan_at
        if not (batch.paths or everything or now >= self.sightings.due()):
            return
        news = self.sightings.news(batch.paths, everything=everything)
        for path in news.notes:
            self._edited(path, batch.paths.get(path))
        if everything:
            took = time.monotonic() - now
            self._looked_at = now
            self._rescan_at = time.monotonic() + max(self.rescan, took / _POLL_SHARE)
        if self._batches:
            self._lately |= dict.fromkeys(news.notes | news.files, time.time())
        self._answer(news)

    def _edited(self, path: str, when: float | None) -> None:
        """A note is not as it was, since ``when`` (monotonic seconds) where that was heard."""
        now = time.monotonic()
        if when is None:  # found by looking, hence no older than the look before
            age = self.sightings.age(path)
            when = now - age if age <= now - self._looked_at else now
        self.pace.edited(path, now - when)
        if path not in self.sightings.notes:
            self.outbox.forget(path)
            for batch in self._batches:
                batch.run.disown({key for key in batch.run.undone() if key[0] == path})

    def _answer(self, news: News) -> None:
        if news.notes:
            self.looking.disturb(news.notes | news.concerned)
        scope = _scope(news.concerned, self.paths)
        self._bring_up_to_date(scope, news)
        if others := news.notes - {*scope}:  # they may hold quotes, or may have held blocks
            nothing = Outcome(build(()), (), {})
            self._want_tables(nothing, self._writer(nothing), others)

    # --- running

    def _bring_up_to_date(self, scope: list[str], news: News) -> None:
        """Plan and begin what is to be done in ``scope``.

        Where only files changed, nothing to do is not worth a report.
        """
        if not scope:
            return
        notes = self.sightings.notes
        graph = build(notes[path] for path in self.sightings.neighbours.related(scope))
        plans = self._plan(graph, scope, news)
        lanes = {lane.note for decided in plans.values() for lane in decided.lanes}
        if news.files and not news.notes and not lanes:
            return
        outcome = Outcome(graph, scope, plans, keeps_broken=True)
        writer = self._writer(outcome)
        self._untold.append(outcome)
        self._latest |= dict.fromkeys(scope, (outcome, writer))
        for path in graph.notes.keys() & set(scope) - lanes:
            self._queue(path, outcome)
        self._want_tables(outcome, writer, graph.notes.keys() - lanes)
        if lanes:
            if not news.notes:
                self.looking.disturb()
            began = time.time()
            run = self.session.begin(outcome, self.pool, self.listen, rank=next(self._ranks))
            self._batches.append(_Batch(run, news.files | news.notes, began))
            if run.is_over:
                self._end(self._batches[-1])

    def _plan(self, graph: Graph, scope: Collection[str], news: News) -> Mapping[str, Plan]:
        """Plans for what older runs do not go on with; these give up what has become stale."""
        running = set[Key]()
        for batch in self._batches:
            undone = {key for key in batch.run.undone() if key[0] in scope}
            # What began because of these files may be writing them itself: it goes on.
            known = news.files | news.notes <= set(batch.files)
            doubtful = frozenset[str]() if known else news.doubtful
            stale = {key for key in undone if self._is_stale(key, batch.run, graph, doubtful)}
            batch.run.disown(stale)
            running |= undone - stale
        for batch in self._batches:
            for path in batch.run.outcome.graph.notes.keys() & set(scope):
                batch.run.revise(path)
        while True:
            plans = self.session.plan(graph, self.wish, scope, running)
            wanted = _needed(graph, plans) & running
            if not wanted:
                return plans
            # Definitions are quickly made twice. What rests on another block that still runs
            # needs its objects, hence that block in the same process: all of it begins anew.
            definitions = {key for key in wanted if graph.nodes[key].block.role in DEFINING}
            running -= definitions
            for batch in self._batches:
                running -= batch.run.give_up((wanted - definitions) & batch.run.undone())

    def _is_stale(self, key: Key, run: Run, graph: Graph, doubtful: Collection[str]) -> bool:
        """Whether what ``run`` finds of a block would not be what the text now asks for."""
        before, now = run.outcome.graph.nodes[key], graph.nodes.get(key)
        same = now is not None and (now.digest, now.fault) == (before.digest, before.fault)
        return not same or key[0] in doubtful or not run.is_divisible

    def _hear_workers(self) -> None:
        while (event := self.pool.next_event(0.0)) is not None:
            if self.looking.owns(event.lane):
                self._take_correction(self.looking.hear(event))
                continue
            batch = next(batch for batch in self._batches if batch.run.owns(event.lane))
            path = batch.run.hear(event)
            if path is not None:
                self._done(batch, path)
                self._answer_late(batch, path)
            if batch.run.is_over:
                self._end(batch)

    def _end(self, batch: _Batch) -> None:
        """Account for the notes of a run that its workers never spoke of."""
        self._batches.remove(batch)
        batch.run.keep_rest()
        outcome = batch.run.outcome
        for path in sorted(outcome.graph.notes.keys() & set(outcome.scope) - batch.queued):
            self._done(batch, path)
        if not self._batches:
            self._lately.clear()

    def _done(self, batch: _Batch, path: str) -> None:
        """All is known of a note that this run will find."""
        batch.queued.add(path)
        own = batch.run.outcome
        latest, _ = self._latest[path]
        if path not in self.sightings.notes or path not in latest.graph.notes:
            return
        if latest is not own and not latest.learn(batch.run.found(path)):
            return  # it was planned anew, and nothing of it went on here
        self._queue(path, own)
        self._want_tables(own, self._writer(own), [path])
        self._note_files(path, latest)
        self.sightings.stirred(path, batch.files, batch.began)

    def _note_files(self, path: str, outcome: Outcome) -> None:
        results = (outcome.result(node) for node in outcome.graph.of_note(path))
        found = {file for result in results if result for file, _ in result.evidence.files}
        self.sightings.rests_on(path, found)

    def _answer_late(self, batch: _Batch, path: str) -> None:
        """Files may have changed after a note read them and before that was known."""
        late = {file for file, when in self._lately.items() if when >= batch.began}
        news = self.sightings.news_of(late & self.sightings.files_of(path))
        self._bring_up_to_date(_scope(news.concerned, self.paths), news)

    # --- looking again

    @property
    def _is_idle(self) -> bool:
        """Whether nothing runs, waits to be written or told, or is about to be heard."""
        busy = self._batches or self._untold or not self.outbox.is_empty
        return not busy and min(self.changes.due(), self.sightings.due()) == float("inf")

    def _look_again(self) -> None:
        if self._is_idle and time.monotonic() >= self.looking.due():
            self.looking.begin()

    def _take_correction(self, outcome: Outcome | None) -> None:
        """What a second look found is written and told as what a batch found."""
        if outcome is None:
            return
        writer = self._writer(outcome)
        self._untold.append(outcome)
        for path in outcome.scope:
            self._latest[path] = outcome, writer
            self._note_files(path, outcome)
            self._queue(path, outcome)
        self._want_tables(outcome, writer, outcome.scope)

    # --- writing

    def _queue(self, path: str, teller: Outcome) -> None:
        if self.wish.write:
            self.outbox.put(path, *self._latest[path], teller)

    def _want_tables(self, outcome: Outcome, writer: Writer, touched: Iterable[str]) -> None:
        """The matrices that may tell of the notes ``touched`` are to be filled anew."""
        changed = [*touched]
        for path in _scope(self.sightings.tables, self.paths) if self.wish.write else ():
            folder = path.rpartition("/")[0]
            if _scope(changed, [folder]):
                self.outbox.put_table(path, outcome, writer)

    def _writer(self, outcome: Outcome) -> Writer:
        longest = self.pace.manners.longest
        return self.session.writer(outcome.graph, longest, self.sightings.is_seen)

    def _told(self) -> Iterator[Report]:
        """Reports of the batches of which nothing runs or waits any more."""
        open_ = [*self.outbox.tellers()]
        open_ += [batch.run.outcome for batch in self._batches]
        told = [o for o in self._untold if not any(o is other for other in open_)]
        self._untold = [o for o in self._untold if not any(o is other for other in told)]
        for outcome in told:
            yield self.session.report(outcome)
            here = self.sightings.notes.keys() & {*outcome.scope}
            self.looking.weigh(outcome, (p for p in here if self._latest[p][0] is outcome))

    def _finish(self) -> None:
        """After Ctrl-C: what is finished still goes to the notes that come to rest in time."""
        self._hear_workers()  # what they have said already
        for batch in list(self._batches):
            batch.run.outcome.interrupted = True
            self._end(batch)
        self.pool.close()
        try:
            self.outbox.drain(self.pace.manners.quiet + _LAST_STEPS)
        except KeyboardInterrupt:  # the user insists
            return


def _needed(graph: Graph, plans: Mapping[str, Plan]) -> set[Key]:
    """The blocks on which those rest that are to run."""
    return {
        other
        for decided in plans.values()
        for key, decision in decided.decisions.items()
        if decision.action is Action.RUN
        for other in (*graph.nodes[key].deps, *graph.nodes[key].swayed)
    }
