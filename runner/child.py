"""One worker process seen from the parent: starting it, talking to it, ending it and its tree."""

from __future__ import annotations

import errno
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from . import scratch, strays
from .channel import Channel
from .crash import as_printed, last_words
from .environment import worker_environment
from .job import NoteCode
from .processes import kill_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any

    from .forks import Fork

    Process = subprocess.Popen[bytes] | Fork

_LEAVE = 2.0  # seconds a worker has for leaving by itself
_EXIT = 0.5  # seconds from the end of its streams to the end of a process that ends
_DUMP = 0.5  # seconds a stuck process has for writing its stack
_PARTIAL = 1_000_000  # bytes of a dead worker's output that are kept


class Worker:
    """One child process and the threads that read what it says.

    What it says goes to ``inbox`` as ``(self, message)``; ``(self, None)`` when it is gone.
    """

    def __init__(self, process: Process, inbox: queue.SimpleQueue[Any]) -> None:
        self._process = process
        _running.add(self)
        self._channel = Channel(_pipe(process.stdout), _pipe(process.stdin))
        self.inbox = inbox
        self.ready: dict[str, Any] | None = None
        self._scratch = ""
        self._works = False
        self.begins = 0  # where in its file of output the running block's begins
        self._stderr: deque[bytes] = deque(maxlen=2000)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._errors = threading.Thread(target=self._collect_errors, daemon=True)
        self._listener.start()
        self._errors.start()

    @property
    def is_fork(self) -> bool:
        return not isinstance(self._process, subprocess.Popen)

    def send(self, **message: Any) -> None:
        """A worker that is gone does not hear it; its end is reported by the listener."""
        self._works |= message["op"] == "job"
        with suppress(OSError):
            self._channel.send(**message)

    def _listen(self) -> None:
        if self._channel.await_greeting():
            while (message := self._channel.read()) is not None:
                if message["event"] == "born":
                    self._scratch = message["scratch"]
                else:
                    self.inbox.put((self, message))
        self.inbox.put((self, None))

    def _collect_errors(self) -> None:
        for line in _pipe(self._process.stderr):
            self._stderr.append(line)

    def errors(self) -> str:
        """What the process wrote on its own standard error, once it is dead."""
        self._errors.join(_LEAVE)
        return b"".join(self._stderr).decode("utf-8", "replace")

    def partial_output(self, notes: Collection[NoteCode]) -> str:
        """What the running block had written, where the worker's file can be read here.

        ``notes`` are those of its job.
        """
        if self.ready is None:
            return ""
        try:
            data = Path(self.ready["output"]).read_bytes()[self.begins :]
        except OSError:  # a worker on another machine
            return ""
        if len(data) > _PARTIAL:
            half = _PARTIAL // 2
            data = data[:half] + b"\n\xe2\x80\xa6\n" + data[-half:]
        return as_printed(data.decode("utf-8", "replace"), notes, self._scratch)

    def dump_stack(self) -> None:
        """Have a process that does not answer write its stack, where signals reach it.

        Tested on Linux. A worker behind a launcher or on Windows has done so when it was
        interrupted, unless its code never lets another thread run.
        """
        pid = self._process.pid
        direct = self.ready is not None and self.ready["pid"] == pid
        if sys.platform == "win32" or pid is None or not direct:
            return
        deadline = time.monotonic() + _DUMP
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGUSR1)
            os.kill(pid, signal.SIGCONT)  # the block may have stopped its process
        while time.monotonic() < deadline and not self._has_dumped():
            time.sleep(0.01)

    def _has_dumped(self) -> bool:
        return any(line.startswith(b"Current thread") for line in self._stderr.copy())

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def wait(self) -> int | None:
        """The exit code of a process whose streams have ended; ``None`` if it goes on without."""
        try:
            return self._process.wait(_EXIT)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """End the process and all that it started."""
        if self._process.pid is not None:  # else: it will find its standard input closed
            if self._works:
                strays.end_strays(self._process.pid)
            kill_tree(self._process.pid)
        self._reap()

    def leave(self) -> None:
        """Let a worker that has nothing to do go; what it left behind is ended too."""
        _close(self._process.stdin)
        self._works = False  # it ends its strays itself
        self._listener.join(_LEAVE)  # it hears the end at once, `wait` looks for it now and then
        with suppress(subprocess.TimeoutExpired):  # the kill below is meant for it
            self._process.wait(_EXIT)
        _end_group(self._process)
        self.kill()

    def _reap(self) -> None:
        _close(self._process.stdin)
        with suppress(subprocess.TimeoutExpired):  # a fork that is not made yet
            self._process.wait(_LEAVE if self._process.pid is None else None)
        self._listener.join(_LEAVE)
        self._errors.join(_LEAVE)
        for pipe in (self._process.stdout, self._process.stderr):
            _close(pipe)
        if self._scratch:
            _remove_scratch(Path(self._scratch))
        _running.discard(self)


_running: set[Worker] = set()


def kill_all() -> None:
    """Kill the processes of all workers from whatever thread, without waiting for their ends."""
    for pid in [worker.pid for worker in _running.copy()]:
        if pid is not None:
            strays.end_strays(pid)
            kill_tree(pid)


def end_orphans(*known: int | None) -> None:
    """End what dead workers left behind and this process adopted; ``known`` are other children."""
    pids = {worker.pid for worker in _running.copy()}.union(known)
    marks = [f"{k}={v}" for k, v in worker_environment(1).items() if "THREADS" not in k]
    strays.end_orphans({pid for pid in pids if pid is not None}, marks)


def _remove_scratch(folder: Path) -> None:
    """What a worker on this machine left; its word alone must not make us delete a folder."""
    if not folder.exists():  # one that left by itself has removed it
        return
    here = Path(scratch.temporary_folder())
    ours = folder.name.startswith(scratch.PREFIX) and folder.parent == here
    if ours and not folder.is_symlink():
        scratch.remove(str(folder))


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def _close(pipe: IO[bytes] | None) -> None:
    try:
        _pipe(pipe).close()
    except OSError:
        return  # what was still to be written cannot reach a dead process


def _end_group(process: Process) -> None:
    """Ask what is left of the group to end; helpers that clean up get a moment for it."""
    if sys.platform == "win32" or process.pid is None:
        return
    deadline = time.monotonic() + 0.3
    try:
        os.killpg(process.pid, signal.SIGTERM)
        while time.monotonic() < deadline:
            os.killpg(process.pid, 0)
            time.sleep(0.01)
    except (ProcessLookupError, PermissionError):
        return


def why_not_started(command: list[str], code: int | None, errors: str) -> str:
    full = os.strerror(errno.ENOSPC) in errors
    hint = "free some room there, or name another folder by the variable TMPDIR"
    return (
        f"the worker `{' '.join(command[:-1])}` ended before it was ready "
        f"({last_words(code, errors)}): "
        f"{hint if full else 'check `python` and `launcher` in .runner.toml'}"
    )


def why_not_begun(preload: tuple[str, ...], limit: float) -> str:
    """``limit``: the seconds that a worker had."""
    ahead = f" while importing {', '.join(preload)}" if preload else ""
    hint = "correct `python` and `launcher` in .runner.toml"
    return f"a worker did not begin within {limit:g} s{ahead}: {hint}"
