"""Processes that multiprocessing starts from a block: they import the notes that the block may."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import current_process
from pathlib import Path
from typing import Any

from .evidence import Witness, diary_in
from .freshcode import read_sources
from .job import Job
from .modules import NoteFinder
from .records import dataclass, replace
from .result import decode, encode
from .seeds import on_arrival


@dataclass(frozen=True, slots=True)
class Family:
    """What children need: the job of the process, its device, and the block that ``running``
    names, whose definitions and those of the blocks it needs they may be sent."""

    job: Job
    device: str
    running: str | None

    def notes(self) -> Job:
        """The job with the blocks alone that children define: what a result may depend on."""
        job = self.job
        step = next((step for step in job.steps if step.id == self.running), None)
        wanted = {step.id, *step.needs} if step else {step.id for step in job.steps}
        cut = (
            replace(note, blocks=tuple(code for code in note.blocks if code.id in wanted))
            if note.module == job.module
            else note
            for note in job.notes
        )
        return replace(job, notes=tuple(cut))


class _Bequest:
    """Reaches each child that is started afresh, before what it is to do.

    A process copies its parent's configuration and pickles it, with its other attributes in
    order, ahead of its target; unpickling this one lets the child import the notes. Tried with
    spawn and forkserver on Linux. ``diary``: where it is to write down what it reads, if anywhere.
    """

    def __init__(self, family: Callable[[], Family], diary: str = "") -> None:
        self._family = family
        self._diary = diary

    def __reduce__(self) -> tuple[Any, tuple[object, str, str]]:
        family = self._family()
        return _adopt, (encode(family.notes()), family.device, self._diary)


def _adopt(body: object, device: str, diary: str) -> _Bequest:
    """In a child: let it import the notes that its parent's job imports."""
    job = decode(Job, body)
    notes = {note.module: note for note in job.notes}
    os.chdir(job.cwd)
    read_sources()
    NoteFinder(notes.get, device, defines=job.module).install()
    on_arrival("runner.checkpoints", lambda _: _open_shelf(job, device))
    if diary:
        root, paths = notes[job.module].root, [note.path for note in job.notes]
        Witness(root, notes=paths, ours=job.checkpoints, diary=diary).tell_parent()
    return _Bequest(lambda: Family(job, device, None), diary)


def _open_shelf(job: Job, device: str) -> None:
    """What the parent made a child takes; it makes none of its own."""
    from .checkpoints import Shelf, use

    use(Shelf(Path(job.checkpoints), lambda: device, job.rebuild))


@contextmanager
def expected(family: Callable[[], Family]) -> Iterator[None]:
    """Meanwhile, what this process starts through multiprocessing belongs to ``family``."""
    configuration = _configuration()
    before = configuration.get(_ENTRY)
    configuration[_ENTRY] = _Bequest(family)
    try:
        yield
    finally:
        del configuration[_ENTRY]
        if before is not None:
            configuration[_ENTRY] = before


def expect(family: Callable[[], Family], scratch: str) -> None:
    """The same for good, in a process whose temporary files lie in ``scratch``: multiprocessing's
    own folder goes with it, however that process ends. What children read counts as read there."""
    configuration = _configuration()
    configuration["tempdir"] = scratch
    configuration[_ENTRY] = _Bequest(family, diary_in(scratch))


_ENTRY = "runner-notes"


def _configuration() -> dict[str, Any]:
    found: dict[str, Any] = vars(current_process())["_config"]
    return found
