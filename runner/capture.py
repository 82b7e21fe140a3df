"""One permanent recorder per process: whatever reaches the standard streams, in order.

File descriptors 1 and 2 and Python's streams all append to one regular file, so that Python,
subprocesses and C libraries need no reader, cannot block on a full pipe, and what was written
survives a kill. Values and figures lie between the text as marks at offsets of that file.
"""

from __future__ import annotations

import ctypes
import io
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping

from .records import dataclass, replace
from .result import Output, Text, bytes_gap

KEPT = 500_000  # bytes kept of each end of a block's text
_FOLD_AT = 8_000_000  # bytes in the file at which a writer cuts its middle out
_MEASURE_AT = 100_000  # bytes after which a writer looks at the length of the file
_EMPTY_AT = 1_000_000  # bytes of earlier blocks at which the file is emptied
FOLD_OTHERS_AT = 4 * _FOLD_AT  # the same where subprocesses write, which cannot cut
_STDOUT, _STDERR = "stdout", "stderr"


@dataclass(slots=True)
class Mark:
    """A value or figure shown when ``at`` bytes of text had been written."""

    at: int
    outputs: tuple[Output, ...]
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """So many bytes and marks; ``cut`` bytes had been dropped before."""

    at: int
    marks: int
    cut: int


class Recorder:
    """Owns the capture file ``path`` and what stands between its text.

    The text of a block is bounded: of more than ``_FOLD_AT`` bytes the middle is dropped while
    the block still runs. Bytes that another thread or process writes during that cut, all of
    them from the dropped middle or near it, may be lost.

    The text of a block begins at ``begins`` of the file, behind that of the blocks before it: to
    empty the file each time would have the disk take note of it, which is slow. All other offsets
    count from there.
    """

    def __init__(self, path: str) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self.path = path
        self._fd = out_of_reach(os.open(path, flags, 0o600))
        self._empty = out_of_reach(os.open(os.devnull, os.O_RDONLY))
        self._pid = os.getpid()
        self._marks: list[Mark] = []
        self._errors: list[tuple[int, int]] = []
        self._cut = 0
        self._unmeasured = 0  # bytes written since the file's length was looked at
        self._said = 0  # bytes that Python's streams wrote
        self.begins = 0
        self.strangers: Mapping[int, str] = {}  # threads that are not of the running block
        self.heard: set[str] = set()  # to whom those belong of them that wrote
        self._folding = threading.Lock()
        self._out = _stream(self, _STDOUT)
        self._err = _stream(self, _STDERR)

    def install(self) -> None:
        """Take over (again) descriptors 0, 1 and 2 and Python's streams.

        Called before each block: a block may have closed or replaced them.
        """
        os.dup2(self._empty, 0)
        os.dup2(self._fd, 1)
        os.dup2(self._fd, 2)
        sys.stdout, sys.stderr = self._out, self._err
        if sys.stdin is None or sys.stdin.closed or sys.stdin.fileno() != 0:
            sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  lives on

    def hear(self, data: bytes, stream: str) -> None:
        """``write`` for Python's streams, which know the thread that writes."""
        self._said += len(data)
        if self.strangers and (whose := self.strangers.get(threading.get_ident())):
            self.heard.add(whose)
        self.write(data, stream)

    @property
    def has_more(self) -> bool:
        """Whether C libraries or other processes wrote among the text, too."""
        return self._size() + self._cut > self._said

    def write(self, data: bytes, stream: str) -> None:
        """Append to the text. Large pieces are cut to their two ends at once."""
        if len(data) > 2 * _FOLD_AT:
            self.write(data[:_FOLD_AT], stream)
            self.fold()
            self._cut += len(data) - 2 * _FOLD_AT
            data = data[-_FOLD_AT:]
        _write_all(self._fd, data)
        self._unmeasured += len(data)
        if stream == _STDERR or self._unmeasured > _MEASURE_AT:
            self._unmeasured = 0
            end = os.lseek(self._fd, 0, os.SEEK_CUR) - self.begins
            if stream == _STDERR:
                self._note_error(end - len(data), end)
            if end > _FOLD_AT:
                self.fold()

    def _note_error(self, start: int, end: int) -> None:
        """Ranges that follow on one another are one: progress bars write often."""
        if self._errors and self._errors[-1][1] == start:
            start = self._errors.pop()[0]
        self._errors.append((start, end))

    def fold(self, limit: int = _FOLD_AT) -> None:
        """Cut the middle out of the file if it has more than ``limit`` bytes."""
        if os.getpid() != self._pid:  # a forked child does not know what its parent cut
            return
        with self._folding:
            self._fold(limit)

    def _fold(self, limit: int) -> None:
        size = self._size()
        if size <= limit:
            return
        head, tail = self._read(0, KEPT), self._read(size - KEPT, KEPT)
        dropped = size - 2 * KEPT
        os.ftruncate(self._fd, self.begins)
        _write_all(self._fd, head + tail)
        self._cut += dropped
        self._errors = [
            (_shift(start, dropped), _shift(end, dropped)) for start, end in self._errors
        ]
        for mark in self._marks:
            mark.at = _shift(mark.at, dropped)

    def show(self, outputs: tuple[Output, ...], id: str | None = None) -> None:
        """Put values or figures behind what has been written so far."""
        flush_c_streams()
        self._marks.append(Mark(self._size(), outputs, id))

    def update(self, outputs: tuple[Output, ...], id: str) -> None:
        """Replace what was shown under ``id`` in this block."""
        for mark in self._marks:
            if mark.id == id:
                mark.outputs = outputs

    def clear(self) -> None:
        """Forget all that the block has written and shown so far."""
        flush_c_streams()
        if self._size():
            os.ftruncate(self._fd, self.begins)
        self._marks, self._errors, self._cut, self._said = [], [], 0, 0

    def last_line(self) -> str:
        """The latest line of text that is not blank, "" if there is none."""
        size = self._size()
        text = self._read(max(0, size - 4096), min(size, 4096)).decode("utf-8", "replace")
        lines = [line.strip() for line in text.replace("\r", "\n").split("\n")]
        return next((line for line in reversed(lines) if line), "")

    def position(self) -> Position:
        """Where the block's outputs end now."""
        flush_c_streams()
        return Position(self._size(), len(self._marks), self._cut)

    def since(self, then: Position, polish: Callable[[str], str] = str) -> tuple[Output, ...]:
        """The outputs behind a ``position`` of the same block; they stay where they are."""
        flush_c_streams()
        data = self._read(0, self._size())
        start = then.at if self._cut == then.cut else _shift(then.at, self._cut - then.cut)
        return tuple(self._pieces(data, self._marks[then.marks :], start, polish))

    def take(self, polish: Callable[[str], str] = str) -> tuple[Output, ...]:
        """All outputs of the block in order, its text passed through ``polish``; starts afresh."""
        flush_c_streams()
        self.fold(2 * KEPT)
        data = self._read(0, self._size())
        outputs = tuple(self._pieces(data, self._marks, 0, polish))
        self._marks, self._errors, self._cut, self._said = [], [], 0, 0
        self.heard = set()
        self.begins += len(data)
        if self.begins > _EMPTY_AT:
            os.ftruncate(self._fd, 0)
            self.begins = 0
        return outputs

    def _size(self) -> int:
        return os.fstat(self._fd).st_size - self.begins

    def _read(self, start: int, length: int) -> bytes:
        parts = []
        at = self.begins + start
        while length > 0 and (part := self._read_at(at, length)):
            parts.append(part)
            at += len(part)
            length -= len(part)
        return b"".join(parts)

    def _read_at(self, at: int, length: int) -> bytes:
        """Apart from the position of ``_fd``, by which writers learn where they wrote."""
        if hasattr(os, "pread"):  # not on Windows
            return os.pread(self._fd, length, at)
        with open(self.path, "rb", buffering=0) as file:
            file.seek(at)
            return file.read(length) or b""

    def _pieces(
        self, data: bytes, marks: list[Mark], start: int, polish: Callable[[str], str]
    ) -> Iterator[Output]:
        for mark in sorted(marks, key=lambda mark: mark.at):
            yield from self._texts(data, start, mark.at, polish)
            yield from (_polished(output, polish) for output in mark.outputs)
            start = max(start, mark.at)
        yield from self._texts(data, start, len(data), polish)

    def _texts(
        self, data: bytes, start: int, end: int, polish: Callable[[str], str]
    ) -> Iterator[Text]:
        """The text in a range, split where it changes between the streams."""
        for left, right, stream in _streams(self._errors, start, end):
            is_cut = self._cut > 0 and left <= KEPT < right
            text = self._decoded(data, left, right, is_cut)
            if text:
                yield Text(polish(text), stream, (self._cut,) if is_cut else ())

    def _decoded(self, data: bytes, start: int, end: int, is_cut: bool) -> str:
        if not is_cut:
            return data[start:end].decode("utf-8", "replace")
        head = data[start:KEPT].decode("utf-8", "replace")
        tail = data[KEPT:end].decode("utf-8", "replace")
        return f"{head}\n{bytes_gap(self._cut)}\n{tail}"


def _polished(output: Output, polish: Callable[[str], str]) -> Output:
    return replace(output, text=polish(output.text)) if isinstance(output, Text) else output


def _shift(at: int, dropped: int) -> int:
    """Where an offset lies after ``dropped`` bytes behind the first ``KEPT`` are gone."""
    return at if at <= KEPT else max(KEPT, at - dropped)


def _streams(errors: list[tuple[int, int]], start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """``start`` to ``end`` as ranges of one stream each; neighbours of one stream are joined."""
    for left, right in _joined(errors):
        left, right = max(left, start), min(right, end)
        if left >= right:
            continue
        if start < left:
            yield start, left, _STDOUT
        yield left, right, _STDERR
        start = right
    if start < end:
        yield start, end, _STDOUT


def _joined(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for left, right in sorted(ranges):
        if joined and joined[-1][1] >= left:
            joined[-1] = (joined[-1][0], max(right, joined[-1][1]))
        else:
            joined.append((left, right))
    return joined


def out_of_reach(fd: int) -> int:
    """The descriptor moved where code that closes a few hundred of them does not come to."""
    if sys.platform == "win32":
        return fd
    import fcntl
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    least = 1000 if soft == resource.RLIM_INFINITY else max(3, min(1000, soft - 16))
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, least)
    os.close(fd)
    return moved


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


# --- Python's streams --------------------------------------------------------------------------


class _Raw(io.RawIOBase):
    """What stands under ``sys.stdout`` and ``sys.stderr``; closing it has no effect."""

    def __init__(self, recorder: Recorder, stream: str) -> None:
        self._recorder = recorder
        self._stream = stream

    @property
    def name(self) -> str:
        return f"<{self._stream}>"

    @property
    def closed(self) -> bool:
        return False

    def close(self) -> None:
        return None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1 if self._stream == _STDOUT else 2

    def isatty(self) -> bool:
        return False

    def write(self, data: object, /) -> int:
        content = bytes(data)  # type: ignore[call-overload]  # any buffer, as RawIOBase allows
        self._recorder.hear(content, self._stream)
        return len(content)


def _stream(recorder: Recorder, stream: str) -> io.TextIOWrapper:
    raw: io.RawIOBase = _Raw(recorder, stream)
    return io.TextIOWrapper(
        raw,  # type: ignore[arg-type]  # unbuffered on purpose: each write lands at once
        encoding="utf-8",
        errors="backslashreplace",
        newline="",
        write_through=True,
    )


# --- C streams ---------------------------------------------------------------------------------


def _load_c() -> ctypes.CDLL:
    return ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)


_c = _load_c()


def flush_c_streams() -> None:
    """Write out what C libraries hold back in their buffers."""
    _c.fflush(None)


def unbuffer_c_stdout() -> None:
    """Let ``printf`` and ``puts`` of C libraries land in order. Tested on Linux.

    Elsewhere (macOS names the stream ``__stdoutp``; Windows has no symbol for it) they land at
    the next value, figure or end of block at the latest.
    """
    if sys.platform == "win32":
        return
    name = "__stdoutp" if sys.platform == "darwin" else "stdout"
    unbuffered = 2
    _c.setvbuf(ctypes.c_void_p.in_dll(_c, name), None, unbuffered, 0)
