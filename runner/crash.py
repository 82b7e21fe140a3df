"""What a dead or stuck process leaves, as a result: its exit code, its stack, its last output."""

from __future__ import annotations

import re
import signal
from collections.abc import Collection, Iterable, Iterator

from .job import NoteCode, Step
from .patterns import regex
from .records import dataclass, replace
from .result import Failure, Frame, Place, Result, Status, Text, decode

_HEAD = regex(r"^(?=(?:Current thread|Thread) 0x[0-9a-fA-F]+.*:$)", re.MULTILINE)
_LINE = regex(r'^  File "(.*)", line ([0-9]+) in (.*)$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Stack:
    """The frames of the notes, outermost first; none where the dump names no note."""

    frames: tuple[Frame, ...] = ()


def exit_words(code: int | None) -> str:
    """An exit code as ``subprocess`` gives it: negative for the signal that killed.

    ``None``: the process still runs, and nobody can talk to it any more.
    """
    if code is None:
        return "it closed the streams of its process"
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            return f"killed by signal {-code}"
        often = " (as the system does when memory runs out)" if name == "SIGKILL" else ""
        return f"killed by {name}{often}"
    return f"the process ended with exit code {code}"


def last_words(code: int | None, errors: str) -> str:
    """How a process ended, and the last line that it wrote on its standard error."""
    last = next((line.strip() for line in reversed(errors.splitlines()) if line.strip()), "")
    return f"{exit_words(code)}: {last}" if last else exit_words(code)


def dumped_stack(text: str, notes: Iterable[NoteCode]) -> Stack:
    """The thread of a faulthandler dump that wrote it, if it is in a note; else the oldest that
    is: a dump begins with the youngest."""
    written = {note.dumped_path: note for note in notes}
    start = max(text.rfind("Fatal Python error"), text.rfind("Timeout ("), 0)
    found = Stack()
    for thread in _HEAD.split(text[start:])[1:]:
        is_current, lines = thread.startswith("Current"), thread.partition("\n")[2]
        if frames := tuple(_frames(lines, written))[::-1]:
            found = Stack(frames)
            if is_current:
                break
    return found


def _frames(thread: str, notes: dict[str, NoteCode]) -> Iterator[Frame]:
    for path, line, function in _LINE.findall(thread):
        note = notes.get(path)
        if note is None:
            continue
        for code in note.blocks:
            offset = int(line) - code.line
            lines = code.source.split("\n")
            if 0 <= offset < len(lines):
                place = Place(note.module, code.id, offset + 1)
                yield Frame(function, lines[offset].strip(), place)


def timed_out(step: Step, result: Result, last: str) -> Result:
    """``result`` of an interrupted block as a time-out that names the line it was on; ``last`` is
    where it was seen last."""
    places = [f.place for f in result.failure.frames if f.place] if result.failure else []
    at = f": still running at {places[-1].token()}" if places else f", last seen at {last}"
    failure = replace(result.failure, kind="TimeLimit", message="") if result.failure else None
    return replace(
        result,
        status=Status.TIMEOUT,
        failure=failure,
        device=step.device,
        reason=f"time limit of {step.timeout:g} s reached{at}",
    )


def as_printed(partial: str, notes: Collection[NoteCode], scratch: str) -> str:
    """What a dead worker's block had written, as its worker would have handed it on."""
    if not partial:
        return ""
    from .frames import Places
    from .portable import Portable

    root = next((note.root for note in notes), "")
    return Portable(root, [scratch]).text(Places(notes).mark(partial))


def died(status: Status, what: str, stack: Stack, last: str, partial: str) -> Result:
    """The result of a block whose process is gone; ``last`` is where it was seen last."""
    frames = stack.frames
    where = ""
    if frames and frames[-1].place:
        where = f" at {frames[-1].place.token()}"
    elif last:
        where = f", last seen at {last}"
    outputs = (Text(partial),) if partial else ()
    failure = Failure("Crash", what, frames) if frames else None
    return Result(status, outputs, failure, reason=f"{what}{where}")


def answered(data: object) -> Result:
    """A worker's result; one that cannot be read is a crash, for a block can damage what makes
    it."""
    try:
        return decode(Result, data)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return Result(Status.CRASHED, reason=f"the block left no result that can be read: {error}")
