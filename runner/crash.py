"""What a dead process leaves: its exit code in words, and the stack that faulthandler wrote."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .job import NoteCode
from .result import Frame, Place

_HEAD = re.compile(r"^(?:Current thread|Thread) 0x[0-9a-fA-F]+.*:$", re.MULTILINE)
_LINE = re.compile(r'^  File "(.*)", line ([0-9]+) in (.*)$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Stack:
    """The frames of the notes, outermost first; none where the dump names no note."""

    frames: tuple[Frame, ...] = ()


def exit_words(code: int) -> str:
    """An exit code as ``subprocess`` gives it: negative for the signal that killed."""
    if code < 0:
        try:
            return f"killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"killed by signal {-code}"
    return f"the process ended with exit code {code}"


def dumped_stack(text: str, notes: Iterable[NoteCode]) -> Stack:
    """The first thread of a faulthandler dump that is in a note: the current one leads."""
    written = {_as_dumped(note.path): note for note in notes}
    start = max(text.rfind("Fatal Python error"), text.rfind("Timeout ("), 0)
    threads = _HEAD.split(text[start:])[1:]
    for thread in threads:
        frames = tuple(_frames(thread, written))[::-1]
        if frames:
            return Stack(frames)
    return Stack()


def _as_dumped(path: str) -> str:
    return path.encode("ascii", "backslashreplace").decode("ascii")


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
