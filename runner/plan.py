"""What must run, and why: from the graph and the last known results to a plan.

A plan is a value that also holds the refusals: every block has a decision with its reason. The
store keeps outputs, never objects, so a block that must run has the blocks it depends on replayed
before it in the same fresh process (a lane). What an edit does not reach is not executed, however
little time that would save: one import of a plotting library in such a block costs more than all
else of a run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath

from .graph import Graph, Node
from .lanes import (
    Action,
    Before,
    Decision,
    Lane,
    Request,
    cut_lanes,
    replay_ancestors,
    timeout_of,
)
from .note import Role
from .records import dataclass, field, replace
from .resolve import Key
from .result import Result, Status
from .wish import Selection

__all__ = [
    "Action",
    "Decision",
    "Lane",
    "Plan",
    "Request",
    "Stored",
    "device_of",
    "lost_with",
    "plan",
    "timeout_of",
]

_NO_RESULT = "no stored result"
_NOT_SELECTED = "not selected by -k"
_OTHER_DEVICE = "runs on the first device only"
_GOES_ON = "still running since an earlier save"


@dataclass(frozen=True, slots=True)
class Stored:
    """The last result of a block. ``parts`` are the fingerprints its digest was made of;
    ``outdated`` says what changed outside the notes since ("" if nothing)."""

    digest: str
    parts: Mapping[str, str]
    result: Result
    outdated: str = ""


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
    before = Before(graph, decisions, request)
    replay_ancestors(before)
    _forewarn(decisions, stored)
    return Plan(decisions, tuple(cut_lanes(before)), request.force, request.devices)


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
    reason = _stale(graph, node, last, device, request, decisions)
    if request.settling and not reason:
        kept = last.result if last else None
        return Decision(Action.REUSE if kept else Action.SKIP, "unchanged", request.device, kept)
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


def _forewarn(decisions: dict[Key, Decision], stored: Mapping[Key, Stored]) -> None:
    """Say of a result which file it rests on is made anew: should that come out otherwise, the
    same run makes the result anew, too."""
    makers = {
        path: key
        for key, decision in decisions.items()
        if decision.action is Action.RUN and key in stored
        for path in stored[key].result.evidence.written
    }
    for key, decision in decisions.items() if makers else ():
        if decision.action is not Action.REUSE or key not in stored:
            continue
        files = (path for path, _ in stored[key].result.evidence.files)
        if made := next((path for path in files if path in makers), ""):
            maker = _named(makers[made], key[0])
            because = f"{decision.because}, if {maker} writes {PurePath(made).name} as before"
            decisions[key] = replace(decision, because=because)


def device_of(graph: Graph, node: Node, request: Request) -> str | None:
    """The device a block runs on: the wanted one if it allows it, else one it names; or None."""
    allowed = _allowed_devices(graph, node)
    if not allowed or any(_is_kind(request.device, name) for name in allowed):
        return request.device
    for name in allowed:
        if any(_is_kind(device, name) for device in request.devices):
            return name
    return None


def _allowed_devices(graph: Graph, node: Node) -> tuple[str, ...]:
    """What the block or else its note names; empty where it may run on any."""
    stated = graph.notes[node.note].properties.get("device")
    by_note = (stated,) if isinstance(stated, str) and stated != "auto" else ()
    return node.block.options.device or by_note


def _is_kind(device: str, name: str) -> bool:
    return device == name or device.partition(":")[0] == name


def _stale(
    graph: Graph,
    node: Node,
    last: Stored | None,
    device: str | None,
    request: Request,
    decisions: Mapping[Key, Decision],
) -> str:
    """Why the stored result cannot be taken, "" if it can."""
    if request.settling:
        return _disproved(node, last, decisions)
    if request.force:
        return "forced"
    if not node.block.options.cache:
        return "`cache: false`"
    if last is None:
        return _NO_RESULT
    if last.digest != node.digest:
        return _what_changed(graph, node, last)
    if last.result.status in (Status.TIMEOUT, Status.CRASHED):
        return f"the last run ended in {last.result.status}"
    if device is not None and last.result.device not in ("", device):
        return f"the last run was on {last.result.device}"
    return _disproved(node, last, decisions)


def _disproved(node: Node, last: Stored | None, decisions: Mapping[Key, Decision]) -> str:
    """What speaks against a result of the text that stands, "" if nothing."""
    if last is None:
        return ""
    if last.outdated:
        return last.outdated
    for key in node.deps:
        held = decisions.get(key)
        if held is None or held.action is not Action.RUN:
            continue
        # A result that was only lost says nothing against ours, which rests on the same text.
        if held.because != _NO_RESULT or last.result.status is Status.SKIPPED:
            return f"depends on `{key[1]}`, which runs again"
    for key in node.swayed:
        held = decisions.get(key)
        if held and held.action is Action.RUN and held.because != _NO_RESULT:
            return f"`{key[1]}`, which may change what it finds, runs again"
    return ""


def _what_changed(graph: Graph, node: Node, last: Stored) -> str:
    own = "#".join(node.key)
    changed = [key for key, part in node.parts.items() if last.parts.get(key) not in (None, part)]
    if own in changed:
        return "its code, options or seed changed"
    new = [key for key in node.parts if key not in last.parts]
    gone = [key for key in last.parts if key not in node.parts]
    for keys, what in ((changed, "changed"), (new, "is new"), (gone, "is gone")):
        if keys and own not in keys:
            named = _named(_key(keys[0]), node.note)
            if keys is gone and _key(keys[0]) in graph.nodes:
                return f"it no longer depends on {named}"
            if anything := _may_define_anything(node, _key(keys[0])):
                return f"{named} {what}{anything}"
            return f"{named}, which it depends on, {what}"
    return "what it depends on changed its order"


def _may_define_anything(node: Node, key: Key) -> str:
    """That ``node`` rests on a block because of code made as it runs, there or in between."""
    reason = node.deps.get(key, "")
    way = ""
    if through := re.fullmatch("`(.+)` depends on it", reason):
        reason, way = node.deps.get((key[0], through[1]), ""), f", which `{through[1]}` may use"
    return f"{way}: {reason}" if reason.endswith("may define anything") else ""


def _key(part: str) -> Key:
    """A block; of a Python file beside the notes its path alone."""
    path, _, id = part.rpartition("#")
    return path, id


def _named(key: Key, note: str) -> str:
    """A block, to readers of ``note``."""
    path, id = key
    return f"`{id}`" if path in (note, "") else f"`{id}` in {path}"


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
            return f"depends on {_named(key, node.note)}, which has an error in its text"
        blocked = _blocked_by(decisions.get(key), other, request, stale)
        if blocked:
            return f"depends on {_named(key, node.note)}, which {blocked}"
    if device is None:
        wanted = " or ".join(_allowed_devices(graph, node))
        return f"needs {wanted}, which this machine lacks"
    if request.tests_only and node.block.role is not Role.TEST:
        return _OTHER_DEVICE
    if node.block.options.slow and not request.slow:
        return "slow: runs only with --slow"
    if not matches.picks(node.note, node.block.id, node.block.role):
        return _NOT_SELECTED
    return ""


def lost_with(node: Node, lost: Key, status: Status) -> str:
    """Why ``node`` is skipped: a block it depends on ended in ``status``."""
    return f"depends on {_named(lost, node.note)}, which {status.said}"


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
