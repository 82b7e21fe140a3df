"""Notes made of blocks, and their run in a real worker: what the tests of running share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from textwrap import dedent

from runner.job import Code, Job, Mode, NoteCode, Step
from runner.pool import BlockDone, Event, LaneEnded, Pool
from runner.result import Output, Result, Text

FIRST_LINE = 5
GAP = 4


def block(role: str, id: str, source: str, *, seed: int = 7, names_device: bool = False) -> Code:
    """A block that ``note`` puts into its place."""
    return Code(id, role, 0, dedent(source).strip("\n"), seed, names_device)


def note(folder: Path, name: str, *blocks: Code, fault: str | None = None) -> NoteCode:
    """A note file and its code, the blocks ``GAP`` lines apart, the first at ``FIRST_LINE``."""
    line, placed, text = FIRST_LINE, [], ["prose"] * (FIRST_LINE - 1)
    for code in blocks:
        placed.append(replace(code, line=line))
        source = code.source.split("\n")
        text += [*source, *["prose"] * GAP]
        line += len(source) + GAP
    path = folder / f"{name}.md"
    path.write_text("\n".join(text), encoding="utf-8")
    return NoteCode(f"vault.{name}", path.name, str(path), tuple(placed), fault)


def job(main: NoteCode, *others: NoteCode, steps: tuple[Step, ...] = (), **options: object) -> Job:
    """All blocks of ``main`` in order, or ``steps``."""
    every = steps or tuple(Step(code.id, Mode.RUN) for code in main.blocks)
    return Job(main.module, str(Path(main.path).parent), every, (main, *others), **options)  # type: ignore[arg-type]


def chain(main: NoteCode) -> tuple[Step, ...]:
    """All blocks of ``main`` in order, each of which needs those above it."""
    ids = [code.id for code in main.blocks]
    return tuple(Step(id, Mode.RUN, tuple(ids[:at])) for at, id in enumerate(ids))


@dataclass
class Ran:
    """What a lane said: results by block id, and all events."""

    results: dict[str, Result] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    finished: bool = False

    def __getitem__(self, id: str) -> Result:
        return self.results[id]


def run(pool: Pool, work: Job) -> Ran:
    """Submit ``work`` and wait for its end."""
    lane, ran = pool.submit(work), Ran()
    while True:
        event = pool.next_event(120)
        assert event is not None, "the pool says nothing"
        if event.lane != lane:
            continue
        ran.events.append(event)
        if isinstance(event, BlockDone):
            ran.results[event.block] = event.result
        if isinstance(event, LaneEnded):
            ran.finished = event.finished
            return ran


@contextmanager
def a_pool(**options: object) -> Iterator[Pool]:
    with Pool(sys.executable, **options) as pool:  # type: ignore[arg-type]
        yield pool


def printed(result: Result) -> str:
    """All text of a result, whatever its stream."""
    return "".join(text_of(output) for output in result.outputs)


def text_of(output: Output) -> str:
    return output.text if isinstance(output, Text) else f"<{type(output).__name__}>"
