"""What a pool says of the lanes it runs."""

from __future__ import annotations

from .records import dataclass
from .result import Result


@dataclass(frozen=True, slots=True)
class BlockStarted:
    """``beside``: the blocks that ran before it and left threads or processes which still run.
    ``holder``: the one of them that holds most memory, where it is much."""

    lane: int
    block: str
    beside: tuple[str, ...] = ()
    holder: str = ""


@dataclass(frozen=True, slots=True)
class BlockOutput:
    """``line``: the latest line the block printed. ``place``: where in the notes it is now."""

    lane: int
    block: str
    line: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class BlockDone:
    """``spent``: memory ran out in the block, or the system killed it, and nothing more runs in
    its process. ``heard``: the blocks before it whose threads or processes wrote among its text.
    ``over``: a fresh process is to run the rest, for this or because a test changed what others
    would see."""

    lane: int
    block: str
    result: Result
    spent: bool = False
    heard: tuple[str, ...] = ()
    over: bool = False


@dataclass(frozen=True, slots=True)
class LaneEnded:
    """``finished`` is false where the worker died or was stopped before its last step; ``why``:
    what a worker said that died between two steps."""

    lane: int
    finished: bool
    why: str = ""


Event = BlockStarted | BlockOutput | BlockDone | LaneEnded
