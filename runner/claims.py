"""One watch and one run at a time on a vault, among all processes of a user.

The locks are the system's, on files outside the vault: they end with the process that holds them,
however it ends.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import UserError, system_words
from .records import dataclass
from .userdirs import state_folder

if TYPE_CHECKING:
    from filelock import BaseFileLock

_MOMENT = 0.5  # seconds for which `rivals` of another process may hold a lock that it tries
_WATCH, _RUN = "watch", "run"


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds a claim: a process, on the machine named, at work on the vault at ``place``."""

    process: int
    host: str
    place: str

    def __str__(self) -> str:
        elsewhere = f" on {self.host}" if self.host != socket.gethostname() else ""
        return f"process {self.process}{elsewhere}"


class Claimed(UserError):
    """Another process is at work on the vault; the message names it and the remedy."""


@contextmanager
def watching(root: Path) -> Iterator[None]:
    """Hold the vault for one watch. Raises ``Claimed`` where another process watches it."""
    claim = _Claim(root, _WATCH)
    if not claim.take(_MOMENT):
        owner = claim.owner()
        place, who = (owner.place, str(owner)) if owner else (str(root), "another process")
        hint = "leave it to that one, or stop it first"
        raise Claimed(f"{place} is already watched by {who}: {hint}")
    try:
        yield
    finally:
        claim.give_back()


@contextmanager
def running(root: Path) -> Iterator[None]:
    """Hold the vault for one run that writes, after waiting for the end of another one."""
    claim = _Claim(root, _RUN)
    claim.take(None)
    try:
        yield
    finally:
        claim.give_back()


def rivals(root: Path) -> list[str]:
    """What there is to say before a run: who else is at work on the vault."""
    said = []
    if (claim := _Claim(root, _WATCH)).is_taken():
        who = claim.owner() or "another process"
        said.append(f"{root} is being watched by {who}, which writes into the same notes")
    if (claim := _Claim(root, _RUN)).is_taken():
        who = claim.owner() or "another process"
        said.append(f"waiting for {who}, which is running {root}")
    return said


class _Claim:
    """One lock file of a vault, and beside it the note of who holds it."""

    def __init__(self, root: Path, what: str) -> None:
        self._root = os.path.realpath(root)
        name = hashlib.sha256(os.fsencode(self._root)).hexdigest()[:32]
        self._file = state_folder() / "claims" / f"{name}.{what}"
        self._lock: BaseFileLock | None = None

    def take(self, seconds: float | None) -> bool:
        """Whether the lock is ours within ``seconds``, where None has no limit."""
        from filelock import FileLock, Timeout

        lock = FileLock(self._file, timeout=-1 if seconds is None else seconds)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock.acquire()
            self._owner_file.write_text(
                json.dumps([os.getpid(), socket.gethostname(), self._root]), encoding="utf-8"
            )
        except Timeout:
            return False
        except OSError as error:
            lock.release()
            folder = self._file.parent
            raise UserError(
                f"{folder} cannot be written ({system_words(error)}): give yourself the right to "
                "write there, free some space, or name another folder in RUNNER_STATE"
            ) from error
        self._lock = lock
        return True

    def give_back(self) -> None:
        assert self._lock is not None
        self._lock.release()

    def is_taken(self) -> bool:
        """Whether another process holds the lock at this moment."""
        if not self._file.exists():
            return False
        from filelock import FileLock, Timeout

        lock = FileLock(self._file, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            return True
        except OSError:
            return False  # whoever takes it will say what is wrong
        lock.release()
        return False

    def owner(self) -> Owner | None:
        """Who noted last that the lock was theirs; None if that cannot be read."""
        try:
            process, host, place = json.loads(self._owner_file.read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError):
            return None
        return Owner(process, host, place)

    @property
    def _owner_file(self) -> Path:
        return self._file.with_name(f"{self._file.name}.json")
