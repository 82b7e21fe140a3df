"""What a pool says of the lanes it runs."""

from __future__ import annotations

from .records import dataclass
from .result import Result


@dataclass(frozen=True, slots=True)
class BlockStarted:
    lane: int
    block: str


@dataclass(frozen=True, slots=True)
class BlockOutput:
    """``line``: the latest line the block printed. ``place``: where in the notes it is now."""

    lane: int
    block: str
    line: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class BlockDone:
    """``spent``: the block took all the memory there is, and nothing more runs in its process."""

    lane: int
    block: str
    result: Result
    spent: bool = False


@dataclass(frozen=True, slots=True)
class LaneEnded:
    """``finished`` is false where the worker died or was stopped before its last step; ``why``:
    what a worker said that died between two steps."""

    lane: int
    finished: bool
    why: str = ""


Event = BlockStarted | BlockOutput | BlockDone | LaneEnded
