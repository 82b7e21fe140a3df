"""Run on every save: file events to batches, batches to runs, results to notes that are at rest.

Running does not wait, writing does: until the note has been quiet for a while, so that nobody's
typing is met. Our own writes are told from others by content, not by time. Several batches may run
side by side over one pool of workers: long training in one note delays no answer to another, and
the batch that came last is served first. When nothing happens, notes get a second look.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack

from . import claims
from .batches import Batch, Batches
from .changes import Changes, observed
from .errors import UserError
from .execution import Progress
from .graph import build
from .looking import Looking
from .notices import Notice, take
from .outbox import Outbox
from .outcome import Outcome
from .pace import OBSIDIAN, Manners, Pace, manners_in
from .pool import Pool
from .records import dataclass, field, replace
from .regime import Regime
from .report import Report
from .restoring import Restoring
from .secondlook import Candidates
from .session import Session
from .settings import CONFIG
from .sightings import News, Sightings
from .vault import Vault
from .wish import Wish
from .writing import Writer

_RESCAN = 60.0  # seconds between looks at every file, for events that were lost
_POLL = 1.0  # the same where there are no events
_ROOT_LOOK = 2.0  # seconds between looks whether the vault's folder still is the same
_POLL_SHARE = 0.05  # of the time may go into looking
_LAST_STEPS = 3.0  # seconds for long results after Ctrl-C
_LAST_QUIET = OBSIDIAN.quiet  # the same for notes to come to rest
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
) -> Iterator[Report | Notice]:
    """Yield a report for each batch of changes under ``paths``, the first for what is stale now.

    ``quiet``: seconds of rest before a note is written. ``polling``: for drives without events.
    ``rest``: seconds in which nothing happens before a note gets a second look.
    ``KeyboardInterrupt`` ends it, after what is finished was written to notes that come to rest;
    a second one at once. Raises ``Claimed`` where another process watches the vault.
    """
    session.vault.app_settings()  # a broken one is told before anything runs
    regime = Regime(session)
    changes = changes or Changes(session.vault.root)
    with ExitStack() as stack:
        stack.enter_context(claims.watching(session.vault.root))
        if not polling:
            stack.enter_context(observed(changes))
        sightings = Sightings(session.vault)
        sightings.look_at_all()
        preload = _preload(session, sightings, paths)
        pool = stack.enter_context(session.pool(wish, preload, heard=changes.ring))
        pace = Pace(_manners(session.vault, quiet))
        notices: list[Notice] = []

        def tell(words: str) -> None:
            notices.append(Notice(words, is_fault=True))

        outbox = Outbox(session, sightings, changes, pace, paths, wish.write, tell)
        once = replace(wish, force=False)
        watch = _Watch(
            session,
            paths,
            wish,
            quiet,
            _POLL if polling else _RESCAN,
            changes,
            sightings,
            pool,
            pace,
            outbox,
            Looking(session, once, pool, rest, Candidates(slow=wish.slow)),
            Batches(session, listen),
            Restoring(session.vault, session.store.known_file),
            regime,
            notices,
        )
        stack.callback(lambda: watch.pool.close())  # it may be another one by then
        yield from watch.reports()


def _preload(session: Session, sightings: Sightings, paths: Collection[str]) -> tuple[str, ...]:
    """What the workers of a watch on ``paths`` should have ready."""
    related = sightings.neighbours.related(sightings.scope(paths))
    notes = (sightings.notes[path] for path in related)
    return session.preload(build(notes, session.beside.read))


def _manners(vault: Vault, quiet: float | None) -> Manners:
    chosen = vault.settings.quiet if quiet is None else quiet
    return manners_in(obsidian=vault.is_obsidian, quiet=chosen)


@dataclass(slots=True)
class _Watch:
    """The state of a watch, driven by one thread: it sleeps nowhere but in ``Changes.wait``."""

    session: Session
    paths: Collection[str]
    wish: Wish
    quiet: float | None
    rescan: float
    changes: Changes
    sightings: Sightings
    pool: Pool
    pace: Pace
    outbox: Outbox
    looking: Looking
    batches: Batches
    restoring: Restoring
    regime: Regime
    notices: list[Notice]

    _latest: dict[str, tuple[Outcome, Writer]] = field(default_factory=dict)  # by note
    _untold: list[Outcome] = field(default_factory=list)
    _looked_at: float = 0.0
    _rescan_at: float = 0.0

    def reports(self) -> Iterator[Report | Notice]:
        for path in self.sightings.notes:
            self.pace.edited(path, self.sightings.age(path))
        self._looked_at = time.monotonic()
        self._rescan_at = self._looked_at + self.rescan
        try:
            self._bring_up_to_date(self.sightings.scope(self.paths), News())
            self.wish = replace(self.wish, force=False)  # it was meant for once
            while True:
                self.outbox.write_due()
                self._restore()
                yield from self._told()
                self._look_again()
                self.changes.wait(self._patience())
                self._hear_workers()
                self._hear_changes()
        except KeyboardInterrupt:
            self._finish()
            yield from self._told()

    def _patience(self) -> float:
        looks = min(self._rescan_at, *self._news_due(), self.restoring.due())
        due = min(looks, self.outbox.due(), self.looking.due() if self._is_idle else looks)
        return min(_ROOT_LOOK, max(0.0, due - time.monotonic()))

    def _news_due(self) -> tuple[float, ...]:
        return self.changes.due(), self.sightings.due(), self.regime.due()

    # --- what changed

    def _hear_changes(self) -> None:
        batch = self.changes.take()
        now = time.monotonic()
        everything = self.changes.renew() or batch.lost or now >= self._rescan_at
        if everything or CONFIG in batch.paths or now >= self.regime.due():
            everything |= self._hear_settings(was_saved=CONFIG in batch.paths)
        if not (batch.paths or everything or now >= self.sightings.due()):
            return
        self.pace.manners = _manners(self.session.vault, self.quiet)  # it may be Obsidian's now
        news = self.sightings.news(batch.paths, everything=everything)
        for path in news.notes:
            self._edited(path, batch.paths.get(path))
        if everything:
            took = time.monotonic() - now
            self._looked_at = now
            self._rescan_at = time.monotonic() + max(self.rescan, took / _POLL_SHARE)
        self.batches.note_change(news.notes | news.files)
        self.restoring.hear(news.files | batch.paths.keys(), news.notes)
        self._answer(news)

    def _hear_settings(self, *, was_saved: bool) -> bool:
        """Take over what the file says now; whether all files are to be looked at for that."""
        try:
            change = self.regime.look(was_saved=was_saved)
            if change is None:
                return False
            pool = self.regime.enact(change, self.wish, self.pool, self._fresh_pool)
        except UserError as error:
            self._tell(f"{error} (until then the settings from before hold)", is_fault=True)
            return False
        if pool is not self.pool:
            self._stop_all()
            self.looking.move(pool)
            self.pool.close()
            self.pool = pool
        elif change.concerns_results:
            self.looking.disturb(self.sightings.notes)
            for batch in self.batches:
                batch.run.disown(batch.run.undone())
        self._tell(str(change))
        if change.concerns_results:
            self._keep_up(self.sightings.scope(self.paths), News())
        return change.concerns_files

    def _fresh_pool(self) -> Pool:
        preload = _preload(self.session, self.sightings, self.paths)
        self.session.world.interpreter.require(preload)
        return self.session.pool(self.wish, preload, heard=self.changes.ring)

    def _edited(self, path: str, when: float | None) -> None:
        """A note is not as it was, since ``when`` (monotonic seconds) where that was heard."""
        now = time.monotonic()
        if when is None:  # found by looking, hence no older than the look before
            age = self.sightings.age(path)
            when = now - age if age <= now - self._looked_at else now
        self.pace.edited(path, now - when)
        if path not in self.sightings.notes:
            self.outbox.forget(path)
            self.batches.disown_note(path)

    def _answer(self, news: News) -> None:
        if news.notes:
            self.looking.disturb(news.notes | news.concerned)
        scope = self.sightings.scope(self.paths, news.concerned)
        self._keep_up(scope, news)
        if others := news.notes - {*scope}:  # they may hold quotes, or may have held blocks
            nothing = Outcome(build(()), (), {})
            self.outbox.put_tables(nothing, self._writer(nothing), others)

    # --- running

    def _keep_up(self, scope: list[str], news: News) -> None:
        """The same after the start: a note that asks for what is not there ends no watch."""
        try:
            self._bring_up_to_date(scope, news)
        except UserError as error:
            self._tell(str(error), is_fault=True)

    def _bring_up_to_date(self, scope: list[str], news: News) -> None:
        """Plan and begin what is to be done in ``scope``.

        Where only files changed, nothing to do is not worth a report.
        """
        if not scope:
            return
        notes = self.sightings.notes
        related = self.sightings.neighbours.related(scope)
        graph = build((notes[path] for path in related), self.session.beside.read)
        plans = self.batches.plan(graph, self.wish, scope, news)
        lanes = {lane.note for decided in plans.values() for lane in decided.lanes}
        if news.files and not news.notes and not lanes:
            return
        outcome = Outcome(graph, scope, plans, keeps_broken=True)
        writer = self._writer(outcome)
        self._untold.append(outcome)
        self._latest |= dict.fromkeys(scope, (outcome, writer))
        for path in graph.notes.keys() & set(scope) - lanes:
            self._queue(path, outcome)
        self.outbox.put_tables(outcome, writer, graph.notes.keys() - lanes)
        if lanes:
            if not news.notes:
                self.looking.disturb()
            batch = self.batches.begin(outcome, self.pool, news.files | news.notes)
            if batch.run.is_over:
                self._end(batch)

    def _hear_workers(self) -> None:
        while (event := self.pool.next_event(0.0)) is not None:
            if self.looking.owns(event.lane):
                self._take_correction(self.looking.hear(event))
                continue
            batch = self.batches.owner(event.lane)
            path = batch.run.hear(event)
            if path is not None:
                self._done(batch, path)
                self._answer_late(batch, path)
            if batch.run.is_over:
                self._end(batch)

    def _end(self, batch: Batch) -> None:
        """Account for the notes of a run that its workers never spoke of."""
        self.batches.end(batch)
        outcome = batch.run.outcome
        for path in sorted(outcome.graph.notes.keys() & set(outcome.scope) - batch.queued):
            self._done(batch, path)

    def _stop_all(self) -> None:
        for batch in self.batches:
            self._end(batch)

    def _done(self, batch: Batch, path: str) -> None:
        """All is known of a note that this run will find."""
        batch.queued.add(path)
        own = batch.run.outcome
        latest, _ = self._latest[path]
        if path not in self.sightings.notes or path not in latest.graph.notes:
            return
        if latest is not own and not latest.learn(batch.run.found(path)):
            return  # it was planned anew, and nothing of it went on here
        self._queue(path, own)
        self.outbox.put_tables(own, self._writer(own), [path])
        self._note_files(path, latest)
        self.sightings.stirred(path, batch.files, batch.began)

    def _note_files(self, path: str, outcome: Outcome) -> None:
        results = (outcome.result(node) for node in outcome.graph.of_note(path))
        found = {file for result in results if result for file, _ in result.evidence.files}
        self.sightings.rests_on(path, found)

    def _answer_late(self, batch: Batch, path: str) -> None:
        """Files may have changed after a note read them and before that was known."""
        late = self.batches.changed_since(batch) & self.sightings.files_of(path)
        news = self.sightings.news_of(late)
        self._keep_up(self.sightings.scope(self.paths, news.concerned), news)

    # --- looking again

    @property
    def _is_idle(self) -> bool:
        """Whether nothing runs, waits to be written or told, or is about to be heard."""
        busy = self.batches or self._untold or not self.outbox.is_empty
        return not busy and min(self._news_due()) == float("inf")

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
        self.outbox.put_tables(outcome, writer, outcome.scope)

    # --- writing

    def _queue(self, path: str, teller: Outcome) -> None:
        self.outbox.put(path, *self._latest[path], teller)

    def _writer(self, outcome: Outcome) -> Writer:
        longest = self.pace.manners.longest
        return self.session.writer(outcome.graph, longest, self.sightings.is_seen)

    def _restore(self) -> None:
        """Write the notes again of which files are lost, unless there is news to hear first."""
        if not self.wish.write or min(self._news_due()) < float("inf"):
            return
        for lost in self.restoring.lost(self.sightings.notes):
            if lost.note in self._latest:
                self._tell(str(lost), is_fault=lost.for_good)
                if not lost.for_good:
                    self._queue(lost.note, self._latest[lost.note][0])

    # --- telling

    def _tell(self, words: str, *, is_fault: bool = False) -> None:
        self.notices.append(Notice(words, is_fault))

    def _told(self) -> Iterator[Report | Notice]:
        """What there is to say, and reports of the batches of which nothing runs or waits."""
        yield from (*self.notices, *take())
        self.notices.clear()
        open_ = [*self.outbox.tellers()]
        open_ += [batch.run.outcome for batch in self.batches]
        told = [o for o in self._untold if not any(o is other for other in open_)]
        self._untold = [o for o in self._untold if not any(o is other for other in told)]
        for outcome in told:
            yield self.session.report(outcome)
            here = self.sightings.notes.keys() & {*outcome.scope}
            self.looking.weigh(outcome, (p for p in here if self._latest[p][0] is outcome))

    def _finish(self) -> None:
        """After Ctrl-C: what is finished still goes to the notes that come to rest in time."""
        self._hear_workers()  # what they have said already
        for batch in self.batches:
            batch.run.outcome.interrupted = True
        self._stop_all()
        self.pool.close()
        try:
            self.outbox.drain(min(self.pace.manners.quiet, _LAST_QUIET) + _LAST_STEPS)
        except KeyboardInterrupt:  # the user insists
            return
