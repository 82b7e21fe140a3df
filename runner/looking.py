"""Second looks while nothing else happens: a note run as a whole, and what that brings to light."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator

from .cache import Key as CacheKey
from .cache import Stored
from .outcome import Outcome
from .pool import Event, Pool
from .records import dataclass, field
from .runs import Run
from .secondlook import Candidates, confirmed, corrected, differing, problems_of
from .session import Session
from .wish import Wish

_LAST = 0  # the pool serves all others first


class _Drafts:
    """Results that nobody has decided to keep."""

    def __init__(self) -> None:
        self._rows: list[tuple[CacheKey, Stored]] = []

    def put_many(self, results: Iterable[tuple[CacheKey, Stored]]) -> None:
        self._rows.extend(results)

    def of(self, blocks: Collection[str]) -> list[tuple[CacheKey, Stored]]:
        return [(key, stored) for key, stored in self._rows if key.block in blocks]


@dataclass(slots=True)
class _Look:
    """A note under a look: what the last run knows of it, and, where the first whole run found
    something else, that run. ``run`` is the one that goes on."""

    path: str
    before: Outcome
    run: Run
    drafts: _Drafts
    first: Outcome | None = None


@dataclass(slots=True)
class Looking:
    """Begins a look when asked to, after ``rest`` seconds in which nothing happened.

    One note at a time, in fresh workers that nobody else waits for; whatever else happens ends it.
    """

    session: Session
    wish: Wish
    pool: Pool
    rest: float
    _candidates: Candidates
    _look: _Look | None = None
    _stopped: list[Run] = field(default_factory=list)
    _since: float = 0.0  # when something happened last, monotonic

    def weigh(self, outcome: Outcome, paths: Iterable[str]) -> None:
        """A batch is told: some of its notes may deserve a look."""
        self._since = time.monotonic()
        self._candidates.weigh(outcome, paths)

    def disturb(self, notes: Collection[str] = ()) -> None:
        """Somebody saved something, or a run begins; ``notes`` are planned anew for it.

        What was looked at comes to its turn again if it was a note that was saved. A run that
        files alone caused may be the look's own doing, which must not go on for ever.
        """
        self._since = time.monotonic()
        self._candidates.forget(notes)
        if self._look is None:
            return
        look, self._look = self._look, None
        look.run.give_up(look.run.undone())
        if not look.run.is_over:
            self._stopped.append(look.run)
        if not notes:
            self._candidates.settle(look.path, look.before)
        elif look.path not in notes:
            self._candidates.put_back(look.path, look.before)

    def move(self, pool: Pool) -> None:
        """Look in another pool from now on, with what is known by then: all of it may differ."""
        if self._look is not None:
            self._candidates.put_back(self._look.path, self._look.before)
        self._look = None
        self._stopped.clear()
        self.pool = pool
        self._since = time.monotonic()

    def due(self) -> float:
        """When the next look may begin, in monotonic seconds; else never."""
        waits = len(self._candidates) > 0 and self._look is None
        return self._since + self.rest if waits else float("inf")

    def begin(self) -> None:
        """Look at the next note; the caller knows that nothing else goes on."""
        path, before = self._candidates.take()
        self._run(path, before, None)

    def _run(self, path: str, before: Outcome, first: Outcome | None) -> None:
        """Run the whole note; ``first`` is what that found before, if this is to confirm it."""
        plans = self.session.planner.plan_anew(before.graph, self.wish, [path])
        outcome = Outcome(before.graph, [path], plans, keeps_broken=before.keeps_broken)
        drafts = _Drafts()
        run = self.session.begin(outcome, self.pool, lambda _: None, rank=_LAST, shelf=drafts)
        if run.is_over:  # nothing of it may run
            self._candidates.settle(path, before)
        else:
            self._look = _Look(path, before, run, drafts, first)

    def _runs(self) -> Iterator[Run]:
        """The run that goes on, and those that were stopped but have not said so yet."""
        if self._look is not None:
            yield self._look.run
        yield from self._stopped

    def owns(self, lane: int) -> bool:
        """Whether the pool's lane of that number belongs to a look."""
        return any(run.owns(lane) for run in self._runs())

    def hear(self, event: Event) -> Outcome | None:
        """Take in what the pool says of a lane that belongs to a look.

        Returns what is to be written and told of the note, if that was the end of its look and
        it brought something to light.
        """
        run = next(run for run in self._runs() if run.owns(event.lane))
        run.hear(event)
        if not run.is_over:
            return None
        if self._look is None or run is not self._look.run:
            self._stopped.remove(run)
            return None
        look, self._look = self._look, None
        self._since = time.monotonic()
        return self._judge(look)

    def _judge(self, look: _Look) -> Outcome | None:
        found, graph = look.run.outcome, look.before.graph
        look.run.keep_rest()
        if look.first is None:
            if self._candidates.unknown(graph, differing(look.before, found, look.path)):
                self._run(look.path, look.before, found)  # once more: is that its lasting outcome?
            else:
                self._candidates.settle(look.path, look.before)
            return None
        self._candidates.settle(look.path, look.before)
        spots = self._candidates.unknown(graph, differing(look.before, look.first, look.path))
        missed = confirmed(look.first, found, spots)
        unstable = self._candidates.learn(graph, spots - missed)
        told = tuple(problems_of(graph, missed, unstable))
        if not told and not missed:
            return None
        self.session.store.put_many(look.drafts.of({key[1] for _, key in missed}))
        outcome = corrected(look.before, found, look.path, missed)
        outcome.remarks[look.path] = told
        return outcome
