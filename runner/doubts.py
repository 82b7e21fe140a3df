"""Whether a block suffered from another one that ran before it in its process, and from which.

What a block does must not depend on blocks that it does not rest on: a run without them would find
something else. So where one of them may have been the cause of what happened to it, its result is
not taken; it runs again in a process of its own, and that result counts.
"""

from __future__ import annotations

from collections.abc import Collection

from .events import BlockDone, BlockStarted
from .graph import Graph, Node
from .job import Mode
from .lanes import Lane
from .note import Problem, Role, Severity
from .records import dataclass, replace
from .resolve import DEFINING
from .result import Result, Status


@dataclass(frozen=True, slots=True)
class Doubt:
    """That ``block`` suffered from ``culprit``, "" where nobody knows from whom.

    ``scarce``: it may have been any process of the machine that left too little memory.
    """

    block: str
    how: str
    hint: str
    culprit: str = ""
    scarce: bool = False

    def problem(self, graph: Graph, note: str) -> Problem:
        """The warning that it ran again."""
        by = self.culprit or self.block
        other = "what ran beside it" if self.scarce else "something that ran before it"
        subject = f"`{self.culprit}`" if self.culprit else other
        how = self.how.format(block=self.block)
        what = f"{subject} {how}: `{self.block}` was run again in a process of its own"
        return Problem(graph.nodes[note, by].block.line, Severity.WARNING, what, self.hint)


_LEFT = "let a block end the threads and processes that it starts"
_HELD = "delete what no other block needs"


def doubt_of(
    graph: Graph, lane: Lane, begun: BlockStarted, done: BlockDone, others: bool
) -> Doubt | None:
    """What speaks against a result of a lane. ``others``: whether other processes ran beside."""
    strange = strangers(graph, lane, done.block)
    status = done.result.status
    died = status is Status.CRASHED
    scarce = others and done.spent and (died or done.result.device.startswith("cuda"))
    beside = sorted(strange.intersection(begun.beside))
    if scarce and not strange:
        how = "left too little memory for `{block}`"
        return Doubt(done.block, how, "let fewer run side by side: --workers 1", scarce=True)
    if died and strange:
        culprit = _seen(done.result, strange) or _held(begun, done, strange) or _only(beside)
        return Doubt(done.block, "ended the process in which `{block}` ran", _LEFT, culprit, scarce)
    if done.spent and strange:
        culprit = _held(begun, done, strange)
        return Doubt(done.block, "left too little memory for `{block}`", _HELD, culprit, scarce)
    if status is Status.TIMEOUT and beside:
        return Doubt(done.block, "still ran beside `{block}`, which had no end", _LEFT, beside[0])
    heard = sorted(strange.intersection(done.heard))
    if heard:
        return Doubt(done.block, "went on printing while `{block}` ran", _LEFT, heard[0])
    return None


def _seen(result: Result, strange: Collection[str]) -> str:
    """The block in which the process was seen to end."""
    frames = result.failure.frames if result.failure else ()
    blocks = [frame.place.block for frame in frames if frame.place is not None]
    return blocks[-1] if blocks and blocks[-1] in strange else ""


def _held(begun: BlockStarted, done: BlockDone, strange: Collection[str]) -> str:
    return begun.holder if done.spent and begun.holder in strange else ""


def _only(blocks: list[str]) -> str:
    return blocks[0] if len(blocks) == 1 else ""


# --- who shares a process ----------------------------------------------------------------------


def strangers(graph: Graph, lane: Lane, block: str) -> set[str]:
    """The blocks of a lane that run before ``block`` though it does not rest on them."""
    before: set[str] = set()
    for step in lane.steps:
        if step.id == block:
            break
        before.add(step.id)
    return before - _wanted(graph, graph.nodes[lane.note, block])


def _wanted(graph: Graph, node: Node) -> set[str]:
    """What has to run before a block in its process."""
    found = {id for path, id in (*node.deps, *node.swayed) if path == node.note}
    if node.block.role is Role.TEST:
        found |= {
            other.block.id
            for other in graph.of_note(node.note)
            if other.block.role in DEFINING and other.block.line < node.block.line
        }
    return found


def rest(graph: Graph, lane: Lane, left: Collection[str], deadly: Collection[str]) -> Lane:
    """What a fresh process has to do for the blocks ``left`` of a lane.

    What they rest on is replayed; not so the blocks at which a process ended, and what needs them.
    """
    wanted = set(left).union(*(_wanted(graph, graph.nodes[lane.note, id]) for id in left))
    steps = tuple(
        step if step.id in left else replace(step, mode=Mode.REPLAY)
        for step in lane.steps
        if step.id in wanted and step.id not in deadly and not set(step.needs) & set(deadly)
    )
    last = max(place for place, step in enumerate(steps) if step.id in left)
    return replace(lane, steps=steps[: last + 1], after=())
