"""One watch and one run at a time on a vault, among all processes of a user.

A lock is a transaction that SQLite keeps open, on an empty file outside the vault: SQLite knows
every system's locks on files, and they end with the process that holds them, however it ends.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import UserError, system_words
from .records import dataclass
from .userdirs import state_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

_POLL = 0.05  # seconds between two looks at a lock that is waited for
_MOMENT = 0.5  # seconds for which `rivals` of another process may hold a lock that it tries
_WATCH, _RUN = "watch", "run"


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds a claim: a process, on the machine named, at work on the vault at ``place``."""

    process: int
    host: str
    place: str

    def __str__(self) -> str:
        elsewhere = f" on {self.host}" if self.host != this_machine() else ""
        return f"process {self.process}{elsewhere}"


def this_machine() -> str:
    """Its name among others."""
    if hasattr(os, "uname"):  # not on Windows; `socket` takes longer to import than to ask
        return os.uname().nodename
    import socket

    return socket.gethostname()


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
        self._connection: sqlite3.Connection | None = None  # while the lock is ours

    def take(self, seconds: float | None) -> bool:
        """Whether the lock is ours within ``seconds``, where None has no limit."""
        end = None if seconds is None else time.monotonic() + seconds
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file.touch(mode=0o600)
            while not self._try():
                if end is not None and time.monotonic() >= end:
                    return False
                time.sleep(_POLL)
            self._owner_file.write_text(
                json.dumps([os.getpid(), this_machine(), self._root]), encoding="utf-8"
            )
        except OSError as error:
            self.give_back()
            folder = self._file.parent
            raise UserError(
                f"{folder} cannot be locked ({system_words(error)}): give yourself the right to "
                "write there, free some space, or name in RUNNER_STATE a folder on a disk of this "
                "machine"
            ) from error
        return True

    def _try(self) -> bool:
        """Whether the lock is ours now. Raises ``OSError`` where there can be none."""
        import sqlite3

        connection = sqlite3.connect(self._file, timeout=0, isolation_level=None)
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            connection.close()
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
                return False
            raise OSError(None, f"{self._file.name}: {error}") from error
        self._connection = connection
        return True

    def give_back(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def is_taken(self) -> bool:
        """Whether another process holds the lock at this moment."""
        if not self._file.exists():
            return False
        try:
            taken = not self._try()
        except OSError:
            return False  # whoever takes it will say what is wrong
        self.give_back()
        return taken

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
