"""A plan carried out: lanes to the pool, its events to results.

One ``Execution`` serves one plan. It hands lanes to the pool as what they rest on is known,
restarts what is left of a lane whose process died, and gives every block of the plan that did not
run because of another one its ``skipped`` result.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from .graph import Graph, Node
from .job import Code, Job, Mode, NoteCode
from .note import Role
from .outcome import Outcome
from .plan import Lane, Plan, lost_with, resume
from .pool import BlockDone, BlockOutput, BlockStarted, LaneEnded, Pool
from .resolve import DEFINING, Key
from .result import Result, Status

_GLANCE = 0.2  # seconds between two calls of ``meanwhile``


@dataclass(frozen=True, slots=True)
class Progress:
    """What is going on now: a block, and the last line it printed ("" so far)."""

    note: str
    block: str
    line: str = ""


@dataclass
class _Running:
    index: int
    lane: Lane
    done: set[str]


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


def shared_imports(outcome: Outcome) -> tuple[str, ...]:
    """The heavy modules that several lanes will import; one lane imports its own itself."""
    lanes = [lane for decided in outcome.plans.values() for lane in decided.lanes]
    every = (heavy_imports(_executed(outcome.graph, lane)) for lane in lanes)
    counts = Counter(name for names in every for name in names)
    return tuple(sorted(name for name, count in counts.items() if count > 1))


def note_code(graph: Graph, path: str, root: Path) -> NoteCode:
    """The Python of one note, for a worker."""
    note = graph.notes[path]
    blocks = tuple(_code(node) for node in graph.of_note(path) if node.fault is None)
    lines = note.text.count("\n") + 1
    return NoteCode(note.module, path, str(root / path), lines, blocks, graph.faults.get(path))


def _code(node: Node) -> Code:
    block = node.block
    return Code(
        block.id, block.role.value, block.code_line, block.source, node.seed, node.names_device
    )


class Execution:
    """``results`` grows while ``finished_notes`` is iterated.

    ``meanwhile`` is called a few times a second; the notes that it names are stopped.
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
        meanwhile: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self.results: dict[Key, Result] = {}
        self._graph = graph
        self._plan = plan
        self._root = root
        self._pool = pool
        self._threads = threads
        self._figures = figures
        self._listen = listen
        self._meanwhile = meanwhile
        self._glance_at = 0.0
        self._dropped: set[str] = set()
        self._waiting = list(range(len(plan.lanes)))
        self._running: dict[int, _Running] = {}
        self._ended: set[int] = set()

    def finished_notes(self) -> Iterator[str]:
        """Run every lane; yield each note as soon as all its lanes have ended."""
        self._submit_ready()
        while self._running:
            event = self._pool.next_event(_GLANCE)
            self._glance()
            match event:
                case BlockStarted(number, block):
                    self._listen(Progress(self._running[number].lane.note, block))
                case BlockOutput(number, block, line):
                    self._listen(Progress(self._running[number].lane.note, block, line))
                case BlockDone(number, block, result):
                    self._keep(self._running[number], block, result)
                case LaneEnded(number, finished):
                    note = self._end(self._running.pop(number), finished)
                    self._submit_ready()
                    if note is not None:
                        yield note

    def _glance(self) -> None:
        """Stop the lanes of notes that nobody wants any more."""
        if time.monotonic() < self._glance_at:
            return
        unwanted = set(self._meanwhile()) - self._dropped
        self._dropped |= unwanted
        self._waiting = [i for i in self._waiting if self._plan.lanes[i].note not in unwanted]
        for number, running in self._running.items():
            if running.lane.note in unwanted:
                self._pool.cancel(number)
        self._glance_at = time.monotonic() + _GLANCE

    def _keep(self, running: _Running, block: str, result: Result) -> None:
        key = (running.lane.note, block)
        running.done.add(block)
        # A replayed block speaks only when it fails: then that is its result now.
        if result.status is not Status.OK or key not in self.results:
            self.results[key] = result

    def _submit_ready(self) -> None:
        for index in list(self._waiting):
            lane = self._plan.lanes[index]
            # Submitting a lane may submit others, where nothing of it is left to run.
            if index in self._waiting and self._ended.issuperset(lane.after):
                self._waiting.remove(index)
                self._submit(index, self._without_lost(lane))

    def _submit(self, index: int, lane: Lane | None) -> None:
        if lane is None or not any(step.mode is Mode.RUN for step in lane.steps):
            self._ended.add(index)
            self._submit_ready()
            return
        modules = sorted(self._graph.reachable(lane.note))
        job = Job(
            module=self._graph.notes[lane.note].module,
            cwd=str((self._root / lane.note).parent),
            steps=lane.steps,
            notes=tuple(note_code(self._graph, path, self._root) for path in modules),
            threads=self._threads,
            figures=self._figures,
            imports=heavy_imports(_executed(self._graph, lane)),
        )
        self._running[self._pool.submit(job)] = _Running(index, lane, set())

    def _without_lost(self, lane: Lane) -> Lane:
        """The lane without the blocks that rest on one which is not ok."""
        steps = []
        for step in lane.steps:
            if step.mode is Mode.RUN and self._skip_if_lost((lane.note, step.id)):
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

    def _end(self, running: _Running, finished: bool) -> str | None:
        """Account for a lane that ended; the note's path if nothing of it is left."""
        lane = running.lane
        if lane.note in self._dropped:
            self._ended.add(running.index)
            return None
        missing = [
            step.id
            for step in lane.steps
            if step.mode is Mode.RUN
            and (lane.note, step.id) not in self.results
            and not self._skip_if_lost((lane.note, step.id))
        ]
        if missing:
            assert not finished, f"the worker left out {missing} of {lane.note}"
            self._submit(running.index, self._rest(running, missing))
            return None
        self._ended.add(running.index)
        left = any(self._plan.lanes[index].note == lane.note for index in self._waiting)
        busy = any(other.lane.note == lane.note for other in self._running.values())
        return None if left or busy else lane.note

    def _rest(self, running: _Running, missing: list[str]) -> Lane | None:
        """What a fresh process has to do after one died at some block of the lane."""
        lane = running.lane
        lost = next((id for id in running.done if self._is_fatal((lane.note, id))), None)
        if lost is None:  # it died before it could say where: blame the first, go on behind it
            lost = missing[0]
            reason = "its worker ended before the block began"
            self.results[lane.note, lost] = Result(Status.CRASHED, reason=reason)
        nodes = self._graph.of_note(lane.note)
        definitions = {node.block.id for node in nodes if node.block.role in DEFINING}
        done = {step.id for step in lane.steps} - set(missing)
        return resume(lane, lost, done, definitions)

    def _is_fatal(self, key: Key) -> bool:
        result = self.results.get(key)
        return result is not None and result.status in (Status.TIMEOUT, Status.CRASHED)
