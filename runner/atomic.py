"""Bytes into a file, all or nothing, whatever interrupts.

A reader sees the old bytes or the new ones, never a part; a killed writer leaves the old file and
at most a temporary dot-file, which the next writer removes.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from .errors import UserError, system_words

# Windows refuses to replace a file that a scanner, an indexer or a sync client holds open.
_WAITS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.5)  # seconds
_SHARING_ERRORS = (5, 32, 33)
_STALE_AFTER = 3600.0  # seconds; a write of another machine to a shared folder is younger
_NAME_BYTES = 180  # leaves room for what a temporary name adds, below the usual limit of 255
_HINTS = {
    errno.ENOSPC: "free some space on the disk",
    errno.EDQUOT: "free some space of your quota",
    errno.EROFS: "make the file system writable, or run with --no-write",
    errno.EACCES: "give yourself the right to read and write there",
    errno.EPERM: "give yourself the right to read and write there",
    errno.ENOENT: "run again: it was moved or deleted meanwhile",
}


class WriteError(UserError):
    """A file could not be written; it is as it was.

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


def swap(path: Path, old: bytes, new: bytes, backup: Path | None) -> bool:
    """Make ``path``, a file that held ``old``, hold ``new``; False if it no longer holds ``old``.

    Mode, owner and extended attributes stay. A file with several hard links, one whose owner
    cannot be kept, and one that the system refuses to replace are rewritten in place, when
    ``backup``, which holds the old bytes, is safe on disk. Raises ``WriteError``.
    """
    with explained(path, "written"):
        status = path.stat()
        if not status.st_mode & 0o222 or not os.access(path, os.W_OK):
            raise WriteError(path, "is read-only", "make it writable, or run with --no-write")
        sweep(path.parent)
        if status.st_nlink > 1 or not _can_give_to(status):
            return _rewrite(path, old, new, backup)
        temporary = _temporary(path)
        try:
            _write_new(temporary, new)
            _copy_attributes(path, status, temporary)
            if path.read_bytes() != old:
                return False
            if not _replace(temporary, path):
                return _rewrite(path, old, new, backup)
        finally:
            temporary.unlink(missing_ok=True)
        # The folder is not synced: after a power cut the old note may stand there, whole.
        return True


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
            temporary.unlink(missing_ok=True)
        if durable:
            _sync_folder(path.parent)


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
        _write_all(descriptor, data)
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    """``os.write`` may write less than it is given and report no error."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _rewrite(path: Path, old: bytes, new: bytes, backup: Path | None) -> bool:
    """Write into the file itself. What needs new space is written first: a full disk shows there,
    before a byte of the old text is touched."""
    if backup is not None:
        _sync_file(backup)
        _sync_folder(backup.parent)
    plain = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, os.O_RDWR | plain)
    try:
        if path.read_bytes() != old:
            return False
        try:
            os.lseek(descriptor, len(old), os.SEEK_SET)
            _write_all(descriptor, new[len(old) :])
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, len(old))
            raise
        os.lseek(descriptor, 0, os.SEEK_SET)
        _write_all(descriptor, new[: len(old)])
        os.ftruncate(descriptor, len(new))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return True


def _replace(temporary: Path, path: Path) -> bool:
    """Rename over ``path``, with patience on Windows; False where the system goes on refusing."""
    for wait in (*_WAITS, None):
        try:
            temporary.replace(path)
            return True
        except PermissionError as error:
            if getattr(error, "winerror", None) not in _SHARING_ERRORS or wait is None:
                return False
            time.sleep(wait)
    return False


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
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


# --- attributes: modes and owners on POSIX, extended attributes on Linux and macOS -----------
# Tested on Linux; the macOS and Windows branches follow their documentation, untested.


def _can_give_to(status: os.stat_result) -> bool:
    """Whether a new file can have the owner of the old one."""
    if sys.platform == "win32":
        return True
    return os.geteuid() in (0, status.st_uid)


def _copy_attributes(source: Path, status: os.stat_result, target: Path) -> None:
    if sys.platform == "win32":
        return
    if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
        # A group one is not a member of cannot be kept; the mode still is.
        with suppress(PermissionError):
            os.chown(target, status.st_uid, status.st_gid)
    target.chmod(stat.S_IMODE(status.st_mode))
    if sys.platform == "darwin":
        _copy_attributes_macos(source, target)
    elif sys.platform == "linux":
        _copy_attributes_linux(source, target)


def _copy_attributes_linux(source: Path, target: Path) -> None:
    if sys.platform != "linux":
        return
    try:
        for name in os.listxattr(source):
            os.setxattr(target, name, os.getxattr(source, name))
    except OSError as error:
        # File systems without extended attributes; security labels that only root may set.
        if error.errno not in (errno.ENOTSUP, errno.ENODATA, errno.EPERM, errno.EINVAL):
            raise


def _copy_attributes_macos(source: Path, target: Path) -> None:
    """Finder tags and access lists; Python has no call of its own for them there."""
    import ctypes

    acl, xattr = 1 << 0, 1 << 2
    system = ctypes.CDLL(None, use_errno=True)
    if system.copyfile(os.fsencode(source), os.fsencode(target), None, acl | xattr):
        code = ctypes.get_errno()
        if code != errno.ENOTSUP:
            raise OSError(code, os.strerror(code), str(source))


# --- what dead writers left ------------------------------------------------------------------


@cache
def sweep(folder: Path) -> None:
    """Remove the temporary files of dead writers in ``folder``; once per folder and process."""
    for entry in os.scandir(folder):
        if entry.name.startswith(".") and entry.name.endswith(".tmp"):
            _sweep_file(Path(entry.path))


def _sweep_file(path: Path) -> None:
    _, found, owner = path.name.removesuffix(".tmp").rpartition(".runner-")
    machine, _, process = owner.partition("-")
    if not found or not process.isdecimal():
        return
    is_here = machine == _machine()
    if is_here and _is_alive(int(process)):
        return
    # Another process may sweep the same folder.
    with suppress(FileNotFoundError):
        if is_here or time.time() - path.lstat().st_mtime > _STALE_AFTER:
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
