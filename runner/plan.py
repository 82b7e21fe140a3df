"""What must run, and why: from the graph and the last known results to a plan.

A plan is a value that also holds the refusals: every block has a decision with its reason. The
store keeps outputs, never objects, so a block that must run has the blocks it depends on replayed
before it in the same fresh process (a lane). What an edit does not reach is not executed, however
little time that would save: one import of a plotting library in such a block costs more than all
else of a run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import field, replace
from enum import StrEnum

from .graph import Graph, Node
from .job import Mode, Step
from .note import Role
from .records import dataclass
from .resolve import DEFINING, Key
from .result import Result, Status
from .wish import Selection

_NO_RESULT = "no stored result"
_NOT_SELECTED = "not selected by -k"
_OTHER_DEVICE = "runs on the first device only"
_GOES_ON = "still running since an earlier save"


class Action(StrEnum):
    """Execute for the result; execute silently; take the stored result; leave."""

    RUN = "run"
    REPLAY = "replay"
    REUSE = "reuse"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Stored:
    """The last result of a block. ``parts`` are the fingerprints its digest was made of;
    ``outdated`` says what changed outside the notes since ("" if nothing)."""

    digest: str
    parts: Mapping[str, str]
    result: Result
    outdated: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for. ``devices`` are those the machine has, ``device`` the wanted one.

    ``scope``: the notes to bring up to date; ``tests_only`` for a second device; ``running``:
    blocks that another plan executes meanwhile.
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


@dataclass(frozen=True, slots=True)
class Plan:
    """``force``: checkpoints are made anew too. ``devices`` are those the machine has."""

    decisions: Mapping[Key, Decision] = field(default_factory=dict)
    lanes: tuple[Lane, ...] = ()
    force: bool = False
    devices: tuple[str, ...] = ()


def plan(graph: Graph, stored: Mapping[Key, Stored], request: Request) -> Plan:
    """Decide for every block of the notes in scope, and cut the work into lanes.

    Blocks of imported notes outside the scope are executed by import, not planned. Raises
    ``ValueError`` where ``request.select`` is no expression.
    """
    matches = Selection(request.select)
    decisions: dict[Key, Decision] = {}
    for path in graph.order:
        if path in request.scope:
            for node in graph.of_note(path):
                decisions[node.key] = _decide(graph, node, stored, request, matches, decisions)
    _replay_ancestors(graph, decisions)
    lanes = tuple(_lanes(graph, decisions, request))
    return Plan(decisions, lanes, request.force, request.devices)


def _decide(
    graph: Graph,
    node: Node,
    stored: Mapping[Key, Stored],
    request: Request,
    matches: Selection,
    decisions: Mapping[Key, Decision],
) -> Decision:
    last = stored.get(node.key)
    device = device_of(graph, node, request)
    if node.key in request.running:
        return Decision(Action.SKIP, _GOES_ON, device or request.device)
    reason = _stale(node, last, device, request, decisions)
    refusal = _refusal(graph, node, device, request, matches, decisions, bool(reason))
    device = device or request.device
    shown = refusal not in (_NOT_SELECTED, _OTHER_DEVICE) and not node.fault
    if last is not None and not reason and not node.fault:
        outlived = last.result.status is Status.SKIPPED and last.result.reason != refusal and shown
        if not refusal or (last.digest == node.digest and not outlived):
            return Decision(Action.REUSE, refusal or "unchanged", device, last.result)
    if refusal:
        result = Result(Status.SKIPPED, reason=refusal, device=device) if shown else None
        return Decision(Action.SKIP, refusal, device, result)
    return Decision(Action.RUN, reason or "asked for", device)


def device_of(graph: Graph, node: Node, request: Request) -> str | None:
    """The device a block runs on: the wanted one if it allows it, else one it names; or None."""
    stated = graph.notes[node.note].properties.get("device")
    by_note = (stated,) if isinstance(stated, str) and stated != "auto" else ()
    allowed = node.block.options.device or by_note
    if not allowed or any(_is_kind(request.device, name) for name in allowed):
        return request.device
    for name in allowed:
        if any(_is_kind(device, name) for device in request.devices):
            return name
    return None


def _is_kind(device: str, name: str) -> bool:
    return device == name or device.partition(":")[0] == name


def _stale(
    node: Node,
    last: Stored | None,
    device: str | None,
    request: Request,
    decisions: Mapping[Key, Decision],
) -> str:
    """Why the stored result cannot be taken, "" if it can."""
    if request.force:
        return "forced"
    if not node.block.options.cache:
        return "`cache: false`"
    if last is None:
        return _NO_RESULT
    if last.digest != node.digest:
        return _what_changed(node, last)
    if last.result.status in (Status.TIMEOUT, Status.CRASHED):
        return f"the last run ended in {last.result.status}"
    if device is not None and last.result.device not in ("", device):
        return f"the last run was on {last.result.device}"
    if last.outdated:
        return last.outdated
    for key in node.deps:
        held = decisions.get(key)
        if held is None or held.action is not Action.RUN:
            continue
        # A result that was only lost says nothing against ours, which rests on the same text.
        if held.because != _NO_RESULT or last.result.status is Status.SKIPPED:
            return f"depends on `{key[1]}`, which runs again"
    return ""


def _what_changed(node: Node, last: Stored) -> str:
    own = "#".join(node.key)
    changed = [key for key, part in node.parts.items() if last.parts.get(key) not in (None, part)]
    if own in changed:
        return "its code, options or seed changed"
    new = [key for key in node.parts if key not in last.parts]
    gone = [key for key in last.parts if key not in node.parts]
    for keys, what in ((changed, "changed"), (new, "is new"), (gone, "is gone")):
        if keys and own not in keys:
            return f"{_short(keys[0], node)}, which it depends on, {what}"
    return "what it depends on changed its order"


def _short(key: str, node: Node) -> str:
    path, _, id = key.rpartition("#")
    return f"`{id}`" if path == node.note else f"`{id}` in {path}"


def _refusal(
    graph: Graph,
    node: Node,
    device: str | None,
    request: Request,
    matches: Selection,
    decisions: Mapping[Key, Decision],
    stale: bool,
) -> str:
    """Why a block must not run, "" if it may."""
    if node.fault:
        return node.fault
    for key in node.deps:
        other = graph.nodes[key]
        if other.fault:
            return f"depends on {_short('#'.join(key), node)}, which has an error in its text"
        blocked = _blocked_by(decisions.get(key), other, request, stale)
        if blocked:
            return f"depends on {_short('#'.join(key), node)}, which {blocked}"
    if device is None:
        wanted = " or ".join(node.block.options.device) or "its device"
        return f"needs {wanted}, which this machine lacks"
    if request.tests_only and node.block.role is not Role.TEST:
        return _OTHER_DEVICE
    if node.block.options.slow and not request.slow:
        return "slow: runs only with --slow"
    if not matches(f"{node.note} {node.block.id} {node.block.role}"):
        return _NOT_SELECTED
    return ""


def lost_with(node: Node, lost: Key, status: Status) -> str:
    """Why ``node`` is skipped: a block it depends on ended in ``status``."""
    return f"depends on {_short('#'.join(lost), node)}, which {status.said}"


def _blocked_by(decision: Decision | None, other: Node, request: Request, stale: bool) -> str:
    if decision is None:
        return ""
    status = decision.result.status if decision.result else None
    if decision.action is Action.REUSE and status is not Status.OK:
        return status.said if status else "has no result"
    if other.block.options.slow and not request.slow and (stale or status is Status.SKIPPED):
        return "is slow: run with --slow"
    if decision.action is Action.SKIP and other.block.options.device:
        return "was skipped"
    return ""


def _replay_ancestors(graph: Graph, decisions: dict[Key, Decision]) -> None:
    for key, decision in list(decisions.items()):
        if decision.action is not Action.RUN:
            continue
        for other in _executed_before(graph, graph.nodes[key]):
            held = decisions.get(other)
            if held is None or held.action in (Action.RUN, Action.REPLAY):
                continue
            if other in graph.nodes[key].deps or held.action is Action.REUSE:
                reason = f"`{key[1]}` needs its definitions"
                decisions[other] = replace(held, action=Action.REPLAY, because=reason)


def _executed_before(graph: Graph, node: Node) -> list[Key]:
    """The blocks of its own note that a block's process executes before it."""
    needed = {id for path, id in node.deps if path == node.note}
    if node.block.role is Role.TEST:
        needed |= {
            other.block.id
            for other in graph.of_note(node.note)
            if other.block.role in DEFINING
            and other.block.line < node.block.line
            and not other.fault
            and not any(graph.nodes[key].fault for key in other.deps)
        }
    ids = (other.block.id for other in graph.of_note(node.note))
    return [(node.note, id) for id in ids if id in needed]


# --- lanes -----------------------------------------------------------------------------------


def _lanes(graph: Graph, decisions: Mapping[Key, Decision], request: Request) -> Iterable[Lane]:
    lanes: list[Lane] = []
    definers: dict[str, tuple[int, ...]] = {}  # note -> lanes that run its definitions for a result
    for path in graph.order:
        groups = _groups(graph, decisions, path)
        before = tuple(
            lane for other in graph.reachable(path) - {path} for lane in definers.get(other, ())
        )
        first: tuple[int, ...] = ()
        for group in groups:
            steps = _steps(graph, decisions, request, group)
            lanes.append(Lane(path, steps, tuple(sorted({*before, *first}))))
            if any(_defines_for_result(graph, path, step) for step in steps):
                first = definers[path] = (len(lanes) - 1,)
    return lanes


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
        all(node.block.role in DEFINING for node in plain)
        and groups
        and not _uses_runs(graph, groups[0])
    ):
        return [[*plain, *groups[0]], *groups[1:]]
    return [plain, *groups] if plain else groups


def _uses_runs(graph: Graph, group: list[Node]) -> bool:
    return any(graph.nodes[key].block.role is Role.RUN for node in group for key in node.deps)


def _steps(
    graph: Graph, decisions: Mapping[Key, Decision], request: Request, group: list[Node]
) -> tuple[Step, ...]:
    chosen = {node.key for node in group}
    path = group[0].note
    needed = chosen | {key for node in group for key in _executed_before(graph, node)}
    in_lane = [node for node in graph.of_note(path) if node.key in needed]
    ids = {node.block.id for node in in_lane}
    return tuple(_step(graph, node, decisions, request, chosen, ids) for node in in_lane)


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


def resume(
    lane: Lane, lost: str, done: Collection[str], definitions: Collection[str]
) -> Lane | None:
    """What is left of a lane whose process ended at the block ``lost``; None if nothing.

    ``done`` blocks have their result; they are replayed where a block that is left needs them, and
    ``definitions`` (setup and component blocks) always, since tests see all of them.
    """
    alive = [step for step in lane.steps if step.id != lost and lost not in step.needs]
    left = [step for step in alive if step.mode is Mode.RUN and step.id not in done]
    if not left:
        return None
    wanted = {step.id for step in left} | {id for step in left for id in step.needs}
    steps = (
        step if step in left else replace(step, mode=Mode.REPLAY)
        for step in alive
        if step.id in wanted or step.id in definitions
    )
    return replace(lane, steps=tuple(steps), after=())
