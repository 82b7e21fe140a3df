"""Decisions about blocks cut into lanes: the steps of one note for one process each.

The store keeps outputs, never objects, so a block that must run has the blocks it depends on
replayed silently in the same fresh process.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum

from .graph import Graph, Node
from .job import Mode, Step
from .note import Role
from .records import dataclass, replace
from .resolve import DEFINING, Key
from .result import Result


class Action(StrEnum):
    """Execute for the result; execute silently; take the stored result; leave."""

    RUN = "run"
    REPLAY = "replay"
    REUSE = "reuse"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for. ``devices`` are those the machine has, ``device`` the wanted one.

    ``scope``: the notes to bring up to date; ``tests_only`` for a second device; ``running``:
    blocks that another plan executes meanwhile; ``settling``: only what is outdated runs.
    """

    scope: Collection[str]
    device: str = "cpu"
    devices: tuple[str, ...] = ("cpu",)
    force: bool = False
    slow: bool = False
    select: str = ""
    timeout: float | None = None
    tests_only: bool = False
    running: Collection[Key] = ()
    settling: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    action: Action
    because: str
    device: str = "cpu"
    result: Result | None = None  # what a skipped block shows, or a reused one


@dataclass(frozen=True, slots=True)
class Lane:
    """Steps of one note for one process; ``after`` are lanes whose results it rests on."""

    note: str
    steps: tuple[Step, ...]
    after: tuple[int, ...] = ()


class Before:
    """What a block's process executes before it, by the decisions that were made."""

    def __init__(self, graph: Graph, decisions: dict[Key, Decision], request: Request) -> None:
        self.graph = graph
        self.decisions = decisions
        self.request = request
        self._sound: dict[str, list[Node]] = {}

    def rests_on(self, node: Node) -> Iterator[Key]:
        """The blocks of its own note that it needs, or that may have changed what it finds."""
        yield from (key for key in node.deps if key[0] == node.note)
        left = {key for key in node.swayed if not self._may_run(key)}
        for key in node.swayed.keys() - left:
            if key[0] == node.note and left.isdisjoint(self.graph.nodes[key].deps):
                yield key

    def _may_run(self, key: Key) -> bool:
        held, slow = self.decisions.get(key), self.graph.nodes[key].block.options.slow
        return (
            held is not None and held.action is not Action.SKIP and (self.request.slow or not slow)
        )

    def definitions(self, path: str) -> list[Node]:
        """The setup and component blocks of a note that tests below them see."""
        if path not in self._sound:
            self._sound[path] = [
                node
                for node in self.graph.of_note(path)
                if node.block.role in DEFINING
                and not node.fault
                and not any(self.graph.nodes[key].fault for key in node.deps)
            ]
        return self._sound[path]


def replay_ancestors(before: Before) -> None:
    """Decide anew for what must be executed silently, since a block that is to run needs it."""
    reached: dict[str, int] = {}  # of a note's definitions, those above the tests so far
    for key, decision in list(before.decisions.items()):
        if decision.action is not Action.RUN:
            continue
        node = before.graph.nodes[key]
        for other in before.rests_on(node):
            _replay(before.decisions, other, node)
        if node.block.role is not Role.TEST:
            continue
        every, start = before.definitions(key[0]), reached.get(key[0], 0)
        end = bisect_left(every, node.block.line, lo=start, key=lambda other: other.block.line)
        for definition in every[start:end]:
            _replay(before.decisions, definition.key, node)
        reached[key[0]] = max(start, end)


def _replay(decisions: dict[Key, Decision], key: Key, user: Node) -> None:
    held = decisions.get(key)
    if held is None or held.action in (Action.RUN, Action.REPLAY):
        return
    if key in user.deps or held.action is Action.REUSE:
        reason = f"`{user.block.id}` needs its definitions"
        decisions[key] = replace(held, action=Action.REPLAY, because=reason)


def cut_lanes(before: Before) -> Iterable[Lane]:
    """The lanes for all blocks that are to run, those of imported notes first."""
    graph, decisions = before.graph, before.decisions
    made: list[Lane] = []
    definers: dict[str, tuple[int, ...]] = {}  # note -> lanes that run its definitions for a result
    for path in graph.order:
        groups = _groups(graph, decisions, path)
        imported = tuple(
            lane for other in graph.reachable(path) - {path} for lane in definers.get(other, ())
        )
        first: tuple[int, ...] = ()
        for group in groups:
            steps = _steps(before, group)
            made.append(Lane(path, steps, tuple(sorted({*imported, *first}))))
            if any(_defines_for_result(graph, path, step) for step in steps):
                first = definers[path] = (len(made) - 1,)
    return made


def _defines_for_result(graph: Graph, path: str, step: Step) -> bool:
    return step.mode is Mode.RUN and graph.nodes[path, step.id].block.role in DEFINING


def _groups(graph: Graph, decisions: Mapping[Key, Decision], path: str) -> list[list[Node]]:
    """The blocks to run for their result, one list a process.

    Tests run where only the blocks they see ran: apart from run blocks they do not use, and apart
    from tests that change what others see.
    """
    chosen = [
        node
        for node in graph.of_note(path)
        if node.key in decisions and decisions[node.key].action is Action.RUN
    ]
    plain = [node for node in chosen if node.block.role is not Role.TEST]
    tests: dict[object, list[Node]] = {}
    for node in (node for node in chosen if node.block.role is Role.TEST):
        runs = frozenset(
            key for key in node.deps if graph.nodes[key].block.role is Role.RUN and key[0] == path
        )
        device = decisions[node.key].device
        tests.setdefault(node.key if node.taints else (runs, device), []).append(node)
    groups = list(tests.values())
    if (
        all(node.block.role in DEFINING and not node.swayed for node in plain)
        and groups
        and not _uses_runs(graph, groups[0])
    ):
        return [[*plain, *groups[0]], *groups[1:]]
    return [plain, *groups] if plain else groups


def _uses_runs(graph: Graph, group: list[Node]) -> bool:
    return any(graph.nodes[key].block.role is Role.RUN for node in group for key in node.deps)


def _steps(before: Before, group: list[Node]) -> tuple[Step, ...]:
    graph, path = before.graph, group[0].note
    chosen = {node.key for node in group}
    needed = chosen | {key for node in group for key in before.rests_on(node)}
    tests = [node.block.line for node in group if node.block.role is Role.TEST]
    if tests:
        every = before.definitions(path)
        needed |= {node.key for node in every if node.block.line < max(tests)}
    in_lane = [node for node in graph.of_note(path) if node.key in needed]
    ids = {node.block.id for node in in_lane}
    return tuple(
        _step(graph, node, before.decisions, before.request, chosen, ids) for node in in_lane
    )


def _step(
    graph: Graph,
    node: Node,
    decisions: Mapping[Key, Decision],
    request: Request,
    chosen: Collection[Key],
    lane_ids: Collection[str],
) -> Step:
    decision = decisions.get(node.key)
    return Step(
        id=node.block.id,
        mode=Mode.RUN if node.key in chosen else Mode.REPLAY,
        needs=tuple(id for path, id in node.deps if path == node.note and id in lane_ids),
        device=decision.device if decision else request.device,
        timeout=timeout_of(graph, node, request),
        raises=node.block.options.raises,
        cuts_output=node.block.options.output == "none",
    )


def timeout_of(graph: Graph, node: Node, request: Request) -> float:
    """Seconds: the block's own limit, else the command's, else the note's, else 60."""
    stated = graph.notes[node.note].properties.get("timeout")
    by_note = float(stated) if isinstance(stated, int | float) and stated > 0 else None
    return node.block.options.timeout or request.timeout or by_note or 60.0
