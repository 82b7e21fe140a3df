"""The runs of a watch that go on side by side: what each still has to find, and who gives up what.

A block is run by one of them at most. When its text changes, or a file that it may have read, the
run that began it wants its result no more; what did not become stale goes on.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Collection, Iterator, Mapping

from .execution import Progress
from .graph import Graph
from .outcome import Outcome
from .plan import Action, Plan
from .pool import Pool
from .records import dataclass, field
from .resolve import DEFINING, Key
from .runs import Run
from .session import Session
from .sightings import News
from .wish import Wish


@dataclass(frozen=True, slots=True)
class Batch:
    """A run under way, since ``began`` (seconds since the epoch), because ``files`` changed.

    ``queued`` are the notes of it that were handed on to be written.
    """

    run: Run
    files: Collection[str]
    began: float
    queued: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Batches:
    """The batch that came last is served first. Iterating gives them as they began."""

    session: Session
    listen: Callable[[Progress], None]
    _going: list[Batch] = field(default_factory=list)
    _lately: dict[str, float] = field(default_factory=dict)  # what changed while something ran
    _ranks: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __iter__(self) -> Iterator[Batch]:
        return iter([*self._going])

    def __len__(self) -> int:
        return len(self._going)

    def begin(self, outcome: Outcome, pool: Pool, files: Collection[str]) -> Batch:
        """Have ``pool`` carry the plans out; the batch may be over already."""
        began = time.time()
        run = self.session.begin(outcome, pool, self.listen, rank=next(self._ranks))
        self._going.append(Batch(run, files, began))
        return self._going[-1]

    def owner(self, lane: int) -> Batch:
        """The batch to which the pool's lane of that number belongs."""
        return next(batch for batch in self._going if batch.run.owns(lane))

    def end(self, batch: Batch) -> None:
        """Keep what it found; no more is wanted of it."""
        self._going.remove(batch)
        batch.run.keep_rest()
        if not self._going:
            self._lately.clear()

    # --- what changes meanwhile

    def disown_note(self, path: str) -> None:
        """The note is gone."""
        for batch in self._going:
            batch.run.disown({key for key in batch.run.undone() if key[0] == path})

    def note_change(self, files: Collection[str]) -> None:
        """These files changed: something that runs may have read them before."""
        if self._going:
            self._lately |= dict.fromkeys(files, time.time())

    def changed_since(self, batch: Batch) -> set[str]:
        """The files that changed after the batch began."""
        return {file for file, when in self._lately.items() if when >= batch.began}

    def plan(
        self, graph: Graph, wish: Wish, scope: Collection[str], news: News
    ) -> Mapping[str, Plan]:
        """Plans for what older runs do not go on with; these give up what has become stale."""
        running = set[Key]()
        for batch in self._going:
            undone = {key for key in batch.run.undone() if key[0] in scope}
            # What began because of these files may be writing them itself: it goes on.
            known = news.files | news.notes <= set(batch.files)
            doubtful = frozenset[str]() if known else news.doubtful
            stale = {key for key in undone if _is_stale(key, batch.run, graph, doubtful)}
            batch.run.disown(stale)
            running |= undone - stale
        for batch in self._going:
            for path in batch.run.outcome.graph.notes.keys() & set(scope):
                batch.run.revise(path)
        while True:
            plans = self.session.plan(graph, wish, scope, running)
            wanted = _needed(graph, plans) & running
            if not wanted:
                return plans
            # Definitions are quickly made twice. What rests on another block that still runs
            # needs its objects, hence that block in the same process: all of it begins anew.
            definitions = {key for key in wanted if graph.nodes[key].block.role in DEFINING}
            running -= definitions
            for batch in self._going:
                running -= batch.run.give_up((wanted - definitions) & batch.run.undone())


def _is_stale(key: Key, run: Run, graph: Graph, doubtful: Collection[str]) -> bool:
    """Whether what ``run`` finds of a block would not be what the text now asks for."""
    before, now = run.outcome.graph.nodes[key], graph.nodes.get(key)
    same = now is not None and (now.digest, now.fault) == (before.digest, before.fault)
    return not same or key[0] in doubtful or not run.is_divisible


def _needed(graph: Graph, plans: Mapping[str, Plan]) -> set[Key]:
    """The blocks on which those rest that are to run."""
    return {
        other
        for decided in plans.values()
        for key, decision in decided.decisions.items()
        if decision.action is Action.RUN
        for other in (*graph.nodes[key].deps, *graph.nodes[key].swayed)
    }
