"""A lane that a worker carries out, seen from the parent: its block, its time, its end in words."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from .crash import died, dumped_stack, exit_words, last_words, timed_out
from .events import BlockDone
from .exits import UNHEARD
from .job import Job, Step
from .records import dataclass, replace
from .result import Place, Result, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

GRACE = 2.0  # seconds from the interrupt to the kill, and from the last block to the end
START_LIMIT = 180.0  # seconds from a job or a block to the next block: imports ahead may be slow


@dataclass(slots=True)
class Underway:
    """``step`` is None between two blocks. ``why``: what its worker says of its own end."""

    number: int
    job: Job
    rank: int = 1
    step: Step | None = None
    deadline: float | None = None
    interrupted: bool = False
    begun: bool = False
    place: str = ""
    why: str = ""

    @property
    def on_gpu(self) -> bool:
        return any(step.device.startswith("cuda") for step in self.job.steps)

    def take_gpu(self, others: Iterable[Underway]) -> None:
        """Of several GPUs take the one that fewest of the lanes beside it use."""
        if self.job.gpus:
            used = [other.job.gpu for other in others]
            self.job = replace(self.job, gpu=min(self.job.gpus, key=used.count))

    def expect(self) -> None:
        """A worker has the job, or is done with a block: the next one has to begin."""
        last = self.step is not None and self.step is self.job.steps[-1]
        self.deadline = time.monotonic() + (GRACE if last else START_LIMIT)
        self.step = None

    def begin(self, said: Mapping[str, Any]) -> None:
        """A block has started: its time runs."""
        block = said["id"]
        self.step = next(step for step in self.job.steps if step.id == block)
        self.deadline = time.monotonic() + self.step.timeout
        self.place = Place(self.job.module, block, 1).token()  # until it is seen further down
        self.interrupted, self.begun = False, True  # an interrupt of the one before came too late

    def done(self, result: Result, spent: bool, said: Mapping[str, Any] | None = None) -> BlockDone:
        """That its block is over; ``said``: what its worker says of it besides."""
        assert self.step is not None
        more = said or {}
        heard, over = tuple(more.get("heard", ())), bool(more.get("over"))
        return BlockDone(self.number, self.step.id, result, spent, heard, over)

    def interrupt(self) -> None:
        """Its time is up: some is left to say so."""
        self.interrupted = True
        self.deadline = time.monotonic() + GRACE

    def stopped(self, result: Result) -> Result:
        """What its block found, which was interrupted meanwhile."""
        assert self.step is not None
        return timed_out(self.step, result, self.place)

    def stuck(self, errors: str, partial: str) -> Result:
        """The result of a block that did not answer the interrupt. ``errors``: what the process
        wrote of its stack, ``partial`` what the block had printed."""
        stack = dumped_stack(errors, self.job.notes)
        return self.stopped(died(Status.TIMEOUT, "", stack, self.place, partial))

    def dead(self, code: int | None, errors: str, partial: str) -> Result:
        """The result of a block whose process ended with ``code``."""
        assert self.step is not None
        stack = dumped_stack(errors, self.job.notes)
        code = None if code == UNHEARD and not stack.frames else code
        is_ours = "Traceback (most recent call last)" in errors and not stack.frames
        what = self.why or (last_words(code, errors) if is_ours else exit_words(code))
        result = died(Status.CRASHED, what, stack, self.place, partial)
        result = self.stopped(result) if self.interrupted else result
        return replace(result, device=self.step.device)

    def dead_between(self, code: int | None, errors: str) -> str:
        """How a process ended that ran no block just then."""
        stack = dumped_stack(errors, self.job.notes)
        if not stack.frames:
            return self.why or last_words(code, errors)
        return died(Status.CRASHED, self.why or exit_words(code), stack, "", "").reason
