"""Exceptions and printed tracebacks in the user's terms: their own frames, at places in blocks."""

from __future__ import annotations

import linecache
import os
import re
from collections.abc import Iterable, Iterator
from types import FrameType, TracebackType

from .job import NoteCode
from .patterns import regex
from .portable import LIBRARIES, OUR_FOLDER
from .result import Failure, Frame, Place

_ADDRESS = regex(r"\b0x[0-9a-fA-F]{6,16}\b")
_MAX_CHAIN = 8
_MAX_MESSAGE = 20_000  # characters


def without_addresses(text: str) -> str:
    """``text`` with memory addresses, which differ from run to run, as ``0x…``."""
    return _ADDRESS.sub("0x…", text) if "0x" in text else text


def is_own_code(path: str) -> bool:
    """Whether ``path`` is a Python file of the user: not ours, not installed, not made up."""
    if not path.endswith((".py", ".pyw")) or not os.path.isabs(path):
        return False
    if "site-packages" in path or "dist-packages" in path:
        return False
    return not path.startswith((OUR_FOLDER, *LIBRARIES))


class Places:
    """Where lines of note files lie, as places relative to their blocks."""

    def __init__(self, notes: Iterable[NoteCode]) -> None:
        self._notes = {note.path: note for note in notes}
        self._dumped = {note.dumped_path: note.path for note in self._notes.values()}
        self._pattern = _line_pattern(self._notes.keys() | self._dumped.keys())
        self._root = next((note.root for note in self._notes.values()), "")

    def at(self, path: str, line: int) -> Place | None:
        note = self._notes.get(path)
        if note is None:
            return None
        for code in note.blocks:
            if code.line <= line <= code.line + code.source.count("\n"):
                return Place(note.module, code.id, line - code.line + 1)
        return None

    def mark(self, text: str) -> str:
        """``text`` with ``<note path>:LINE``, ``<note path>(LINE)`` and ``File "<note path>", line
        LINE`` as tokens."""
        if not any(path in text for path in (*self._notes, *self._dumped)):
            return text
        return self._pattern.sub(self._token, text)

    def _token(self, match: re.Match[str]) -> str:
        line = int(match["far"] or match["near"] or match["pdb"])
        path = match["quoted"] or match["plain"]
        place = self.at(self._dumped.get(path, path), line)
        if place is None:
            return match[0]
        return f'File "{place.token()}"' if match["quoted"] else place.token()

    # --- exceptions --------------------------------------------------------------------------

    def failure(self, error: BaseException) -> Failure:
        """What ``error`` says and the user's own frames, outermost first."""
        frames = list(self._frames(_walk(error.__traceback__)))
        if isinstance(error, SyntaxError) and (frame := self._syntax_frame(error)):
            frames.append(frame)
        message = self.mark(message_of(error))
        if isinstance(error, SyntaxError) and frames and frames[-1].code.startswith(("%", "!")):
            message += " (commands of IPython are no Python)"
        return Failure(_kind(error), message, tuple(frames))

    def innermost(self, frame: FrameType | None) -> str:
        """The place of the innermost line of a note that a running thread is in, "" if none."""
        while frame is not None:
            if place := self.at(frame.f_code.co_filename, frame.f_lineno or 0):
                return place.token()
            frame = frame.f_back
        return ""

    def _frames(self, frames: Iterator[tuple[FrameType, int]]) -> Iterator[Frame]:
        for frame, line in frames:
            path, function = frame.f_code.co_filename, frame.f_code.co_name
            place = self.at(path, line)
            if place is not None:
                yield Frame(function, linecache.getline(path, line).strip(), place)
            elif is_own_code(path):
                code = linecache.getline(path, line).strip()
                yield Frame(function, code, None, self._shown(path), line)

    def _syntax_frame(self, error: SyntaxError) -> Frame | None:
        path, line = error.filename, error.lineno
        if not isinstance(path, str) or not isinstance(line, int):
            return None
        if place := self.at(path, line):
            return Frame("<module>", self._source_line(path, line), place)
        if is_own_code(path):
            return Frame("<module>", str(error.text or "").strip(), None, self._shown(path), line)
        return None

    def _shown(self, path: str) -> str:
        """``path`` as the vault sees it; what lies elsewhere, as its user does."""
        if self._root and path.startswith(self._root):
            return path[len(self._root) :].replace(os.sep, "/")
        home = os.path.join(os.path.expanduser("~"), "")
        return f"~/{path[len(home) :]}" if path.startswith(home) else path

    def _source_line(self, path: str, line: int) -> str:
        """From the job, not from the error: that read the file, which may have changed."""
        for code in self._notes[path].blocks:
            lines = code.source.split("\n")
            if 0 <= line - code.line < len(lines):
                return lines[line - code.line].strip()
        return ""


def _line_pattern(paths: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted(paths, key=len, reverse=True)
    path = "|".join(map(re.escape, longest_first)) or "(?!)"
    return re.compile(
        rf'File "(?P<quoted>{path})", line (?P<far>[0-9]+)'
        rf"|(?P<plain>{path})(?::(?P<near>[0-9]+)|\((?P<pdb>[0-9]+)\))"
    )


def _walk(tb: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while tb is not None:
        yield tb.tb_frame, tb.tb_lineno
        tb = tb.tb_next


def message_of(error: BaseException) -> str:
    """The exception's message, notes and causes, without addresses."""
    lines = [_own_message(error), *_notes_of(error)]
    seen = {id(error)}
    while (error_above := _cause(error)) and id(error_above) not in seen and len(seen) < _MAX_CHAIN:
        error = error_above
        seen.add(id(error))
        own = _own_message(error)
        kind = _kind(error)
        lines.append(f"caused by {kind}: {own}" if own else f"caused by {kind}")
    text = without_addresses("\n".join(lines))
    return text if len(text) <= _MAX_MESSAGE else text[:_MAX_MESSAGE] + "…"


def _cause(error: BaseException) -> BaseException | None:
    if error.__cause__ is not None:
        return error.__cause__
    return None if error.__suppress_context__ else error.__context__


def _kind(error: BaseException) -> str:
    return str(type(error).__name__)  # a metaclass may call it anything


def _notes_of(error: BaseException) -> list[str]:
    notes = getattr(error, "__notes__", ())
    return [note for note in notes if isinstance(note, str)] if isinstance(notes, list) else []


def _own_message(error: BaseException) -> str:
    try:
        return _message(error)
    except Exception as broken:  # the user's own __str__ or __repr__ may raise anything
        return f"<its message cannot be shown: {_kind(broken)}>"


def _message(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return str(error.msg or "")
    if isinstance(error, BaseExceptionGroup):
        inner = "; ".join(f"{_kind(e)}: {_own_message(e)}" for e in error.exceptions)
        return f"{error.message}: {inner}"
    if isinstance(error, SystemExit):
        return f"the block asked Python to exit (code {error.code!r})"
    return str(error)


def is_expected(error: BaseException, name: str) -> bool:
    """Whether ``name`` is that of the exception's class or of one of its bases."""
    wanted = name.rpartition(".")[2]
    return any(kind.__name__ == wanted for kind in type(error).__mro__)
