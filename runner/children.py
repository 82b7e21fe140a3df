"""Processes that multiprocessing starts from a block: they import the notes that the block may."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

from .job import Job
from .modules import NoteFinder
from .result import decode, encode
from .seeds import on_arrival

VARIABLE = "RUNNER_WORKER_JOB"


def tell(job: Job, device: str, scratch: str) -> None:
    """Leave what children need in a file of ``scratch`` that the environment names."""
    path = Path(scratch, "job.json")
    path.write_text(json.dumps({"job": encode(job), "device": device}), encoding="utf-8")
    os.environ[VARIABLE] = str(path)


def adopt(path: str) -> None:
    """In a child: let it import the notes that its parent's job imports."""
    message = json.loads(Path(path).read_text(encoding="utf-8"))
    job = decode(Job, message["job"])
    done = {step.id for step in job.steps}
    notes = {note.module: note for note in job.notes}
    note = notes[job.module]
    own = tuple(code for code in note.blocks if code.id in done)
    notes[job.module] = replace(note, blocks=own)
    os.chdir(job.cwd)
    NoteFinder(notes.get, message["device"], defines=job.module).install()
    on_arrival("runner.checkpoints", lambda _: _open_shelf(job, message["device"]))


def _open_shelf(job: Job, device: str) -> None:
    """What the parent made a child takes; it makes none of its own."""
    from .checkpoints import Shelf, use

    use(Shelf(Path(job.checkpoints), lambda: device, job.rebuild))
