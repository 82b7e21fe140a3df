"""Bytes into a file, all or nothing, whatever interrupts.

A reader sees the old bytes or the new ones, never a part; a killed writer leaves the old file and
at most a temporary dot-file, which the next writer removes.
"""

from __future__ import annotations

import errno
import os
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from .attributes import can_give_to, copy_attributes, regular_bytes
from .errors import UserError, system_words

# Windows refuses to replace a file that a scanner, an indexer or a sync client holds open.
_WAITS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.5)  # seconds
_SHARING_ERRORS = (5, 32, 33)
_STALE_AFTER = 3600.0  # seconds; a write of another machine to a shared folder is younger
# Of a folder, of a file in it (also one that a container mounted there), of a name.
_REFUSALS = frozenset({errno.EACCES, errno.EPERM, errno.EBUSY, errno.ENAMETOOLONG})
_NAME_BYTES = 180  # leaves room for what a temporary name adds, below the usual limit of 255
_HINTS = {
    errno.ENOSPC: "free some space on the disk",
    errno.EDQUOT: "free some space of your quota",
    errno.EROFS: "make the file system writable, or run with --no-write",
    errno.EACCES: "give yourself the right to read and write there",
    errno.EPERM: "give yourself the right to read and write there",
    errno.ENAMETOOLONG: "give the note a shorter `module:` property, or a shorter name",
    errno.ENOENT: "run again: it was moved or deleted meanwhile",
}


class WriteError(UserError):
    """A file could not be written; it is as it was, unless ``what`` says otherwise.

    ``what`` says of ``path``, without naming it, what is wrong; ``hint`` what to do about it.
    """

    def __init__(self, path: Path, what: str, hint: str) -> None:
        super().__init__(f"{path} {what}: {hint}")
        self.path = path
        self.what = what
        self.hint = hint


@contextmanager
def explained(path: Path, done: str) -> Iterator[None]:
    """Turn an ``OSError`` into a ``WriteError``: ``path`` cannot be ``done`` ("read", …)."""
    try:
        yield
    except OSError as error:
        what = f"cannot be {done} ({system_words(error)})"
        hint = _HINTS.get(error.errno or 0, "run again; nothing was changed")
        raise WriteError(path, what, hint) from error


class Irreplaceable(Exception):
    """No other file can stand in for this one: it can only be rewritten in place."""


def swap(path: Path, old: bytes, new: bytes) -> bool:
    """Make ``path``, a file that held ``old``, hold ``new``; False if it no longer holds ``old``.

    Mode, owner, extended attributes and creation time stay. Raises ``Irreplaceable``, nothing
    being changed, for a file with several hard links, one whose owner cannot be kept, and one
    that the system refuses to replace; ``WriteError`` for other faults.
    """
    with explained(path, "written"):
        status = path.stat()
        if not status.st_mode & 0o222 or not os.access(path, os.W_OK):
            raise WriteError(path, "is read-only", "make it writable, or run with --no-write")
        sweep(path.parent)
        if status.st_nlink > 1 or not can_give_to(status):
            raise Irreplaceable
        temporary = _temporary(path)
        try:
            with _or_irreplaceable():
                _write_new(temporary, new)
            copy_attributes(path, status, temporary)
            if regular_bytes(path) != old:
                return False
            if not _replace(temporary, path):
                raise Irreplaceable
        finally:
            _clear(temporary)
        # The folder is not synced: after a power cut the old note may stand there, whole.
        return True


@contextmanager
def _or_irreplaceable() -> Iterator[None]:
    """A folder that takes no new file, or none of so long a name, may hold one to rewrite."""
    try:
        yield
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
        raise Irreplaceable from error


def create(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Make ``path`` a file of ours that holds ``data``, replacing one. Raises ``WriteError``.

    ``durable``: it is to outlive a power cut from now on, not only the end of this process.
    """
    with explained(path, "written"):
        sweep(path.parent)
        temporary = _temporary(path)
        try:
            _write_new(temporary, data, mode=0o666, durable=durable)
            if not _replace(temporary, path):
                raise WriteError(path, "is held by another program", "close it and run again")
        finally:
            _clear(temporary)
        if durable:
            sync_folder(path.parent)


def _clear(temporary: Path) -> None:
    # A folder may take new files and give none back (an append-only one).
    with suppress(PermissionError):
        temporary.unlink(missing_ok=True)


def _temporary(path: Path) -> Path:
    name = path.name.encode("utf-8", "surrogateescape")[:_NAME_BYTES].decode("utf-8", "ignore")
    return path.with_name(f".{name}.runner-{_machine()}-{os.getpid()}.tmp")


@cache
def _machine() -> str:
    """This machine, in folders that others share: process ids mean nothing elsewhere."""
    name = os.environ.get("COMPUTERNAME", "") if sys.platform == "win32" else os.uname().nodename
    return f"{zlib.crc32(name.encode()):08x}"


def _write_new(path: Path, data: bytes, mode: int = 0o600, *, durable: bool = True) -> None:
    # A file of that name is what a dead process left that had our process id.
    path.unlink(missing_ok=True)
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, mode)
    try:
        write_all(descriptor, data)
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    """``os.write`` may write less than it is given and report no error."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _replace(temporary: Path, path: Path) -> bool:
    """Rename over ``path``, with patience on Windows; False where the system goes on refusing."""
    for wait in (*_WAITS, None):
        try:
            temporary.replace(path)
            return True
        except OSError as error:
            if error.errno not in _REFUSALS:
                raise
            if getattr(error, "winerror", None) not in _SHARING_ERRORS or wait is None:
                return False
            time.sleep(wait)
    return False


def sync_folder(folder: Path) -> None:
    """Make the new directory entry durable, where folders can be opened (not on Windows)."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems have no fsync for folders; the file itself is on disk.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)


# --- what dead writers left ------------------------------------------------------------------


@cache
def sweep(folder: Path) -> None:
    """Remove the temporary files of dead writers in ``folder``; once per folder and process."""
    # What cannot be listed or removed by this user is another's, and harms nobody.
    with suppress(PermissionError):
        for entry in os.scandir(folder):
            if entry.name.startswith(".") and entry.name.endswith(".tmp"):
                _sweep_file(Path(entry.path))


def _sweep_file(path: Path) -> None:
    _, found, owner = path.name.removesuffix(".tmp").rpartition(".runner-")
    machine, _, process = owner.partition("-")
    if not found or not process.isdecimal():
        return
    # Another process may sweep the same folder.
    with suppress(FileNotFoundError, PermissionError):
        # A dead writer's number may be another process's by now, but no write takes so long.
        may_live = machine != _machine() or _is_alive(int(process))
        if not may_live or time.time() - path.lstat().st_mtime > _STALE_AFTER:
            path.unlink()


def _is_alive(process: int) -> bool:
    if sys.platform == "win32":
        return _is_alive_windows(process)
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _is_alive_windows(process: int) -> bool:
    """``os.kill`` would interrupt the process there."""
    if sys.platform != "win32":
        return True
    import ctypes

    query_limited_information = 0x1000
    kernel = ctypes.windll.kernel32
    handle = kernel.OpenProcess(query_limited_information, False, process)
    if handle:
        kernel.CloseHandle(handle)
    return bool(handle)
