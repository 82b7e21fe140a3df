"""What one run knows: plans and results by device, and what follows from them for each note."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial

from .graph import Graph, Node
from .knownfacts import facts
from .note import Block, Note, Problem
from .plan import Action, Decision, Plan, lost_with
from .records import dataclass, field, replace
from .resolve import DEFINING, Key
from .result import Evidence, Place, Result, Status, TestOutcome, fill_places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .render import Shown
    from .report import BlockReport, NoteReport

_BROKEN = (Status.FAILED, Status.TIMEOUT, Status.CRASHED)


@dataclass
class Outcome:
    """The state of one run, filled while it goes on; the first device runs all blocks.

    ``changed`` holds the notes that were written, ``problems`` what could not be written,
    ``remarks`` what the run shows of blocks, at the lines that these had in ``graph``.
    ``keeps_broken``: a block that does not parse, and what depends on it, keeps what it shows.
    """

    graph: Graph
    scope: Collection[str]
    plans: Mapping[str, Plan]
    results: dict[str, dict[Key, Result]] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    problems: dict[str, tuple[Problem, ...]] = field(default_factory=dict)
    remarks: dict[str, tuple[Problem, ...]] = field(default_factory=dict)
    interrupted: bool = False
    keeps_broken: bool = False

    @property
    def device(self) -> str:
        return ",".join(self.plans)

    def result(self, node: Node) -> Result | None:
        """What a block found on all devices together; None if nothing is known."""
        found = (self.on(device, node.key) for device in self.plans)
        result = _together([result for result in found if result is not None])
        if result is None or result.status is not Status.SKIPPED:
            return result
        # The first block that broke is named, whichever the run met first.
        for key in node.deps:
            cause = self.on(next(iter(self.plans)), key)
            if cause is not None and cause.status in _BROKEN:
                return replace(result, reason=lost_with(node, key, cause.status))
        return result

    def on(self, device: str, key: Key) -> Result | None:
        """What a block found on one device; None if nothing is known."""
        result = self.results.get(device, {}).get(key)
        decision = self.plans[device].decisions.get(key)
        if result is None and decision is not None and decision.action is not Action.RUN:
            return decision.result
        return result

    def learn(self, found: Mapping[str, Mapping[Key, Result]]) -> bool:
        """Take over what another run found, by device, of blocks that this one left to it.

        False if there was nothing new.
        """
        news = False
        for device, results in found.items():
            own = self.results.setdefault(device, {})
            new = {key: result for key, result in results.items() if key not in own}
            own.update(new)
            news = news or bool(new)
        return news

    def take_over(self, later: Outcome) -> None:
        """What a further round of the same run decided and found, in place of what it disproved."""
        if later is self:
            return
        self.plans = {
            device: _continued(plan, later.plans[device]) for device, plan in self.plans.items()
        }
        for device, results in later.results.items():
            self.results.setdefault(device, {}).update(results)

    @property
    def is_idle(self) -> bool:
        """Whether nothing ran and nothing was written: another run would find the same."""
        ran = any(decided.lanes for decided in self.plans.values())
        return not ran and not self.changed and not any(self.problems.values())

    def evidence(self) -> Evidence:
        """What all results that were taken rest on, together."""
        found = [self.result(node) for node in self.graph.nodes.values()]
        every = [result.evidence for result in found if result is not None]
        return Evidence(
            python=next((part.python for part in every if part.python), ""),
            device=max((part.device for part in every), key=len, default=""),
            dists=tuple(sorted({item for part in every for item in part.dists})),
            files=tuple(sorted({item for part in every for item in part.files})),
            env=tuple(sorted({item for part in every for item in part.env})),
            lacking=tuple(sorted({item for part in every for item in part.lacking})),
            doubt=next((part.doubt for part in every if part.doubt), ""),
        )

    def shown(self, path: str) -> dict[str, Shown]:
        """What to show under the blocks of a note, by id."""
        from .render import Shown

        nodes = [node for node in self.graph.of_note(path) if node.fault is None]
        if self.keeps_broken:
            nodes = [node for node in nodes if not self._rests_on_broken(node)]
        results = ((node, self.result(node)) for node in nodes)
        return {node.block.id: Shown(node.digest, found) for node, found in results if found}

    def _rests_on_broken(self, node: Node) -> bool:
        every = (node, *(self.graph.nodes[key] for key in node.deps))
        return any(facts(part.block.source).broken for part in every)

    def properties(self, path: str) -> dict[str, str]:
        """The values of the ``runner_*`` properties of a note."""
        nodes = self.graph.of_note(path)
        results = [shown.result for shown in self.shown(path).values()]
        tests = [test for result in results for test in result.tests]
        passed = sum(test.status in ("passed", "xfailed") for test in tests)
        if any(result.status in _BROKEN for result in results):
            status = "failed"
        else:
            status = "ok" if len(results) == len(nodes) else "stale"
        return {"runner_status": status, "runner_tests": f"{passed}/{len(tests)}"}

    def report(self, note: Note, found: Iterable[Problem], *, checked: bool) -> NoteReport:
        """The report on a note as it stands now, with the problems ``found`` beside its own.

        ``checked``: statuses are those the note shows; else those the run found.
        """
        from .report import NoteReport

        planned = self.graph.notes.get(note.path, note)
        known = (*self.graph.problems.get(note.path, ()), *self.remarks.get(note.path, ()))
        problems = {
            *note.problems,
            *(_where_it_is_now(problem, planned, note) for problem in known),
            *self.problems.get(note.path, ()),
            *found,
        }
        blocks = tuple(
            self._block(block, self.graph.nodes[note.path, block.id], note, checked)
            for block in note.blocks
            if (note.path, block.id) in self.graph.nodes
        )
        changed = note.path in self.changed
        return NoteReport(note.path, changed, tuple(sorted(problems)), blocks)

    def _block(self, block: Block, node: Node, note: Note, checked: bool) -> BlockReport:
        from .render import linked_files
        from .report import BlockReport

        result = self.result(node)
        decision = self._decision(node, result, checked)
        if block.fault:  # of duplicate ids each has its own
            decision = replace(decision, because=block.fault)
        status = result.status if result else None
        if result is None and decision.action is Action.SKIP:
            status = Status.SKIPPED
        shown = shown_status(node, note) if checked else status
        locate = partial(self._locate, note)
        return BlockReport(
            id=block.id,
            role=block.role.value,
            line=block.line,
            action=decision.action.value,
            because=decision.because,
            status=shown,
            seconds=result.seconds if result else 0.0,
            reason=fill_places(result.reason, locate) if result and status is shown else "",
            device=(result.device if result else "") or decision.device,
            tests=tuple(_with_places(test, locate) for test in result.tests) if result else (),
            figures=tuple(sorted(linked_files(note, block.id))),
            digest=node.digest,
            stale=is_stale(node, note),
        )

    def _decision(self, node: Node, result: Result | None, checked: bool) -> Decision:
        """What became of the plan: a block that was to run may have had to be left."""
        decision = next(iter(self.plans.values())).decisions.get(node.key)
        if decision is None:
            return Decision(Action.SKIP, node.fault or "not in scope")
        if checked or decision.action is not Action.RUN:
            return decision
        if result is None:
            return replace(
                decision, action=Action.SKIP, because="the run was stopped before it ended"
            )
        if result.status is Status.SKIPPED:
            return replace(decision, action=Action.SKIP, because=result.reason)
        return decision

    def _locate(self, note: Note, place: Place) -> str:
        """``Note.md:LINE``, for places in ``note`` as it stands now."""
        known = (other for other in self.graph.notes.values() if other.module == place.module)
        other = note if place.module == note.module else next(known, None)
        block = other.block(place.block) if other else None
        if other is None or block is None:
            return place.module
        return f"{other.path.rpartition('/')[2]}:{block.code_line + place.line - 1}"


def _continued(first: Plan, later: Plan) -> Plan:
    done = {key: d for key, d in later.decisions.items() if d.action in (Action.RUN, Action.REPLAY)}
    kept = {key: d for key, d in first.decisions.items() if d.action is Action.RUN}
    return replace(first, decisions={**first.decisions, **done, **kept})


def _where_it_is_now(problem: Problem, planned: Note, now: Note) -> Problem:
    """A problem of a block of ``planned`` at the line that it has since its note was written."""
    above = [block for block in planned.blocks if block.line <= problem.line]
    block = now.block(above[-1].id) if above else None
    if block is None or planned.block(block.id) is not above[-1]:
        return problem
    return replace(problem, line=problem.line + block.line - above[-1].line)


def _with_places(test: TestOutcome, locate: Callable[[Place], str]) -> TestOutcome:
    places = [f.place for f in test.failure.frames if f.place] if test.failure else []
    where = locate(places[-1]) if places else ""
    return replace(test, message=fill_places(test.message, locate), where=where)


def _together(results: list[Result]) -> Result | None:
    """One result of those on several devices: the worst status, every test."""
    if not results:
        return None
    first, *others = results
    for other in others:
        worst = max(first, other, key=lambda result: list(Status).index(result.status))
        first = replace(
            worst,
            tests=(*first.tests, *other.tests),
            seconds=first.seconds + other.seconds,
            device=f"{first.device},{other.device}",
        )
    return first


def is_stale(node: Node, note: Note) -> bool:
    """Whether the note shows something else than the text of the block asks for."""
    if node.fault:
        return False
    region = note.region(node.block.id)
    if region is None:
        return node.block.role not in DEFINING
    return region.digest != node.digest


def shown_status(node: Node, note: Note) -> Status | None:
    """The status in the block's region; None where there is none."""
    region = note.region(node.block.id)
    return Status(region.status) if region and region.status in set(Status) else None


def shown_statuses(graph: Graph) -> dict[Key, Status | None]:
    """What the notes show of every block, None where that is stale; without a region setup and
    component blocks are ok."""
    statuses: dict[Key, Status | None] = {}
    for key, node in graph.nodes.items():
        note = graph.notes[node.note]
        if note.region(node.block.id) is None and node.block.role in DEFINING:
            statuses[key] = Status.OK
        else:
            statuses[key] = None if is_stale(node, note) else shown_status(node, note)
    return statuses
