"""A plan carried out: lanes to the pool, its events to results.

One ``Execution`` serves one plan. It hands lanes to the pool as what they rest on is known,
restarts what is left of a lane whose process died, and gives every block of the plan that did not
run because of another one its ``skipped`` result. It waits for nothing: whoever owns the pool
brings it the events of its lanes, so that several can share one.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from .devices import indices
from .doubts import Doubt, doubt_of, rest
from .environment import declared
from .graph import Graph, Node
from .job import Job, Mode
from .note import Problem, Role
from .notecode import note_code
from .outcome import Outcome
from .plan import Lane, Plan, lost_with
from .pool import BlockDone, BlockOutput, BlockStarted, Event, LaneEnded, Pool
from .records import dataclass, replace
from .resolve import Key
from .result import Result, Status
from .userdirs import checkpoint_folder


@dataclass(frozen=True, slots=True)
class Progress:
    """What is going on now: a block, and the last line it printed ("" so far)."""

    note: str
    block: str
    line: str = ""


@dataclass
class _Running:
    """``settles``: the doubt for which its last block runs in it with what it rests on alone;
    ``doubt``: one that came up in it."""

    index: int
    lane: Lane
    settles: Doubt | None = None
    begun: BlockStarted | None = None
    accompanied: bool = False  # by other lanes, at some time
    over: bool = False  # its process ended at a block that has its result
    doubt: Doubt | None = None
    dropped: bool = False


# Libraries that a worker may import before it knows what to do: importing them runs no code of
# the vault and starts no threads.
_HEAVY = {
    "torch": "torch",
    "numpy": "numpy",
    "matplotlib": "matplotlib.pyplot",
    "pandas": "pandas",
    "scipy": "scipy",
    "sklearn": "sklearn",
    "transformers": "transformers",
    "IPython": "IPython",
}


def heavy_imports(nodes: Iterable[Node]) -> tuple[str, ...]:
    """The heavy modules that executing ``nodes`` will import."""
    wanted: set[str] = set()
    for node in nodes:
        wanted |= {_HEAVY[name] for name in node.packages if name in _HEAVY}
        wanted |= {"torch"} if node.names_device else set()
        wanted |= {"pytest"} if node.block.role is Role.TEST else set()
    return tuple(sorted(wanted))


def _executed(graph: Graph, lane: Lane) -> Iterator[Node]:
    """The nodes that a lane executes, those of imported notes included."""
    for step in lane.steps:
        node = graph.nodes[lane.note, step.id]
        yield node
        yield from (graph.nodes[key] for key in node.deps)


def needed_imports(outcome: Outcome) -> Counter[str]:
    """The heavy modules that the lanes will import, with how many of them will."""
    lanes = [lane for decided in outcome.plans.values() for lane in decided.lanes]
    every = (heavy_imports(_executed(outcome.graph, lane)) for lane in lanes)
    return Counter(name for names in every for name in names)


def shared_imports(outcome: Outcome) -> tuple[str, ...]:
    """The heavy modules that several lanes will import; one lane imports its own itself."""
    counts = needed_imports(outcome)
    return tuple(sorted(name for name, count in counts.items() if count > 1))


class Execution:
    """``begin`` it, then let it ``hear`` the events of the lanes it ``owns`` until it ``is_over``.

    ``results`` grows meanwhile, and ``warnings`` by note. ``rank``: whom the pool serves first.
    """

    def __init__(
        self,
        graph: Graph,
        plan: Plan,
        root: Path,
        pool: Pool,
        *,
        threads: int,
        figures: str,
        listen: Callable[[Progress], None],
        rank: int = 1,
    ) -> None:
        self.results: dict[Key, Result] = {}
        self._graph = graph
        self._plan = plan
        self._root = root
        self._pool = pool
        self._threads = threads
        self._figures = figures
        self._listen = listen
        self._rank = rank
        self._waiting = list(range(len(plan.lanes)))
        self._running: dict[int, _Running] = {}
        self._ended: set[int] = set()
        self._unwanted: set[Key] = set()
        self._deadly: set[Key] = set()  # where processes ended: nobody replays them
        self.warnings: list[tuple[str, Problem]] = []
        self._rebuild = os.urandom(8).hex() if plan.force else ""

    def begin(self) -> None:
        """Hand the lanes that wait for nothing to the pool."""
        self._submit_ready()

    @property
    def is_over(self) -> bool:
        return not self._running

    def owns(self, lane: int) -> bool:
        """Whether the pool's lane of that number is one of this plan."""
        return lane in self._running

    def hear(self, event: Event) -> str | None:
        """Take in what the pool says of one of our lanes; the note's path if that was its end."""
        running = self._running[event.lane]
        if (running.dropped or running.doubt) and not isinstance(event, LaneEnded):
            return None
        match event:
            case BlockStarted(_, block):
                running.begun = event
                self._listen(Progress(running.lane.note, block))
            case BlockOutput(_, block, line):
                self._listen(Progress(running.lane.note, block, line))
            case BlockDone():
                self._take(running, event)
            case LaneEnded(number, finished, why):
                note = self._end(self._running.pop(number), finished, why)
                self._submit_ready()
                return note
        return None

    # --- giving up

    def undone(self) -> set[Key]:
        """The blocks that are to run for their result and have none yet."""
        return set().union(*(self._left_of(index) for index in self._open()))

    def disown(self, keys: Collection[Key]) -> None:
        """Want no result of ``keys`` any more; lanes with nothing else to run are stopped."""
        before = {index for index in self._open() if self._left_of(index)}
        self._unwanted.update(keys)
        self._stop({index for index in before if not self._left_of(index)})

    def drop(self, keys: Collection[Key]) -> set[Key]:
        """Stop the lanes that have one of ``keys`` to run, and those that wait for them.

        Returns all that was left to run there; it gets no result.
        """
        left = {index: self._left_of(index) for index in self._open()}
        lost = {index for index, wanted in left.items() if not wanted.isdisjoint(keys)}
        while more := {i for i in left.keys() - lost if lost & set(self._plan.lanes[i].after)}:
            lost |= more
        self._stop(lost)
        return set().union(*(left[index] for index in lost))

    def _stop(self, lanes: Collection[int]) -> None:
        self._waiting = [index for index in self._waiting if index not in lanes]
        for number, running in self._running.items():
            if running.index in lanes and not running.dropped:
                running.dropped = True
                self._pool.cancel(number)

    def _open(self) -> list[int]:
        running = (running.index for running in self._running.values() if not running.dropped)
        return [*self._waiting, *running]

    def _left_of(self, index: int) -> set[Key]:
        lane = self._plan.lanes[index]
        wanted = {(lane.note, step.id) for step in lane.steps if step.mode is Mode.RUN}
        return wanted - self.results.keys() - self._unwanted

    def _take(self, running: _Running, done: BlockDone) -> None:
        """Take in a result, unless it may be another block's doing."""
        key = (running.lane.note, done.block)
        fatal = done.spent or done.result.status in (Status.TIMEOUT, Status.CRASHED)
        settled = running.settles
        if settled is None and running.begun is not None:
            others = running.accompanied
            running.doubt = doubt_of(self._graph, running.lane, running.begun, done, others)
        elif settled is not None and settled.block == done.block and not fatal:
            self.warnings.append((key[0], settled.problem(self._graph, key[0])))
        if running.doubt is not None:
            self._pool.cancel(done.lane)
            return
        self._keep(key, done.result)
        running.over |= fatal or done.over
        if fatal:
            self._deadly.add(key)
        if self._unwanted and not self._left_of(running.index):
            self._pool.cancel(done.lane)  # what follows in it is of another time

    def _keep(self, key: Key, result: Result) -> None:
        if key in self._unwanted:
            return
        held = self.results.get(key)
        # A replayed block speaks only when it fails, and shows nothing then: that is news only
        # where it was fine before.
        if held is None or (result.status is not Status.OK and held.status is Status.OK):
            self.results[key] = result

    def _submit_ready(self) -> None:
        for index in list(self._waiting):
            lane = self._plan.lanes[index]
            # Submitting a lane may submit others, where nothing of it is left to run.
            if index in self._waiting and self._ended.issuperset(lane.after):
                self._waiting.remove(index)
                self._submit(index, self._without_lost(lane))

    def _submit(self, index: int, lane: Lane, settles: Doubt | None = None) -> None:
        if not any(step.mode is Mode.RUN for step in lane.steps):
            self._ended.add(index)
            self._submit_ready()
            return
        modules = sorted(self._graph.reachable(lane.note))
        notes = tuple(note_code(self._graph, path, self._root) for path in modules)
        wanted = {name for note in notes for code in note.blocks for name in code.env}
        job = Job(
            module=self._graph.notes[lane.note].module,
            cwd=str((self._root / lane.note).parent),
            steps=lane.steps,
            notes=notes,
            threads=self._threads,
            figures=self._figures,
            imports=heavy_imports(_executed(self._graph, lane)),
            checkpoints=os.path.abspath(checkpoint_folder()),
            rebuild=self._rebuild,
            gpus=self._gpus_for(lane),
            environ=declared(os.environ, wanted),
        )
        rank = 0 if settles is not None and settles.scarce else self._rank
        self._running[self._pool.submit(job, rank)] = _Running(index, lane, settles)
        for running in self._running.values() if len(self._running) > 1 else ():
            running.accompanied = True

    def _gpus_for(self, lane: Lane) -> tuple[int, ...]:
        """The GPUs for a lane that asks for no certain one; none where there is no choice."""
        wanted = {step.device for step in lane.steps if step.device.startswith("cuda")}
        every = indices(self._plan.devices)
        return every if wanted == {"cuda"} and len(every) > 1 else ()

    def _without_lost(self, lane: Lane) -> Lane:
        """The lane without the blocks that rest on one which is not ok, and without those to be
        replayed at which a process ended."""
        steps = []
        for step in lane.steps:
            if step.mode is Mode.RUN and self._skip_if_lost((lane.note, step.id)):
                continue
            silent = step.mode is Mode.REPLAY
            if silent and not self._deadly.isdisjoint(
                (lane.note, id) for id in (step.id, *step.needs)
            ):
                continue
            steps.append(step)
        return replace(lane, steps=tuple(steps))

    def _skip_if_lost(self, key: Key) -> bool:
        for other in self._graph.nodes[key].deps:
            result = self.results.get(other)
            if result is not None and result.status is not Status.OK:
                reason = lost_with(self._graph.nodes[key], other, result.status)
                device = self._plan.decisions[key].device
                self.results[key] = Result(Status.SKIPPED, reason=reason, device=device)
                return True
        return False

    def _end(self, running: _Running, finished: bool, why: str) -> str | None:
        """Account for a lane that ended; the note's path if nothing of it is left."""
        index, note = running.index, running.lane.note
        if running.dropped:
            self._ended.add(index)
            return None
        left = self._still_left(index)
        if left and not (finished or running.over or running.doubt):
            self._blame_nobody(running, left[0], why)
            left = self._still_left(index)
        if left:
            assert running.doubt or not finished or running.settles, f"{left} of {note} were left"
            self._go_on(running, left)
            return None
        self._ended.add(index)
        waiting = any(self._plan.lanes[other].note == note for other in self._waiting)
        going = (other for other in self._running.values() if not other.dropped)
        busy = any(other.lane.note == note for other in going)
        return None if waiting or busy else note

    def _still_left(self, index: int) -> list[str]:
        """The blocks of a lane that have no result and can get one."""
        note, wanted = self._plan.lanes[index].note, self._left_of(index)
        steps = self._plan.lanes[index].steps
        left = [step.id for step in steps if (note, step.id) in wanted]
        return [id for id in left if not self._skip_if_lost((note, id))]

    def _blame_nobody(self, running: _Running, block: str, why: str) -> None:
        """A process ended between two blocks: the next one is to begin once more, in its own; if
        it cannot there, that is its result."""
        how = "ended the process before `{block}` began"
        if running.settles is None:
            hint = "let a block end the threads and processes that it starts"
            running.doubt = Doubt(block, how, hint)
            return
        key = (running.lane.note, running.settles.block)
        if key in self.results:
            return
        reason = f"its worker ended before the block began{f' ({why})' if why else ''}"
        self._keep(key, Result(Status.CRASHED, reason=reason))

    def _go_on(self, running: _Running, left: list[str]) -> None:
        """Have a fresh process do what is left of a lane; first what is in doubt, by itself."""
        lane, doubt = self._plan.lanes[running.index], running.doubt
        deadly = {id for note, id in self._deadly if note == lane.note}
        if doubt is None:
            self._submit(running.index, rest(self._graph, lane, left, deadly))
            return
        block = doubt.block if doubt.block in left else left[0]
        settles = replace(doubt, block=block)
        self._submit(running.index, rest(self._graph, lane, [block], deadly), settles)
