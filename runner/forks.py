"""The template seen from the parent: its forks look like processes that ``subprocess`` started."""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO

_MESSAGE = 65_536  # bytes


class Fork:
    """A process that the template makes: the part of ``Popen`` that a worker needs.

    ``pid`` is ``None`` until the template has made it.
    """

    def __init__(self, stdin: IO[bytes], stdout: IO[bytes], stderr: IO[bytes]) -> None:
        self.stdin: IO[bytes] | None = stdin
        self.stdout: IO[bytes] | None = stdout
        self.stderr: IO[bytes] | None = stderr
        self.pid: int | None = None
        self._code: int | None = None
        self._ended = threading.Event()

    def end(self, code: int | None) -> None:
        """Called once by the template's listener; ``None`` where nobody knows the exit code."""
        self._code = code
        self._ended.set()

    def wait(self, timeout: float | None = None) -> int | None:
        """The exit code. Raises ``subprocess.TimeoutExpired``."""
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired("fork", timeout or 0.0)
        return self._code


class Template:
    """Starts the template process; ``modules`` are imported in it once."""

    def __init__(self, command: list[str], env: dict[str, str], modules: tuple[str, ...]) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [*command, "--template", str(theirs.fileno()), *modules],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=env,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self.pid = self._process.pid
        self._numbers = itertools.count()
        self._forks: dict[int, Fork] = {}
        self._lock = threading.Lock()
        self.alive = True
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def fork(self) -> Fork:
        """Ask for a process. Raises ``OSError`` where the template is gone."""
        ends = [os.pipe() for _ in range(3)]
        (child_in, our_in), (our_out, child_out), (our_err, child_err) = ends
        fork = Fork(os.fdopen(our_in, "wb"), os.fdopen(our_out, "rb"), os.fdopen(our_err, "rb"))
        with self._lock:
            number = next(self._numbers)
            self._forks[number] = fork
        try:
            request = json.dumps({"number": number}).encode("ascii")
            socket.send_fds(self._channel, [request], [child_in, child_out, child_err])
        finally:
            for descriptor in (child_in, child_out, child_err):
                os.close(descriptor)
        return fork

    def _listen(self) -> None:
        while message := self._receive():
            said = json.loads(message)
            if "pid" in said:
                self._forks[said["number"]].pid = said["pid"]
            else:
                with self._lock:
                    fork = self._forks.pop(said["number"])
                fork.end(said["exit"])
        with self._lock:
            self.alive = False
            for fork in self._forks.values():
                fork.end(None)

    def _receive(self) -> bytes:
        try:
            return self._channel.recv(_MESSAGE)
        except OSError:
            return b""

    def close(self) -> None:
        """End the template; what it forked is ended by those who use it."""
        with suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)
        self._listener.join()
        self._channel.close()
        self._process.kill()
        self._process.wait()


def can_fork(launcher: tuple[str, ...]) -> bool:
    """Whether forking is safe and possible here: on Linux, without a launcher in between."""
    return sys.platform == "linux" and not launcher and hasattr(os, "pidfd_open")
