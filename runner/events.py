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
    lane: int
    block: str
    result: Result


@dataclass(frozen=True, slots=True)
class LaneEnded:
    """``finished`` is false where the worker died or was stopped before its last step."""

    lane: int
    finished: bool


Event = BlockStarted | BlockOutput | BlockDone | LaneEnded
