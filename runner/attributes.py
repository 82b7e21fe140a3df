"""What a file is besides its bytes: kind, mode, owner, extended attributes, creation time.

Tested on Linux; the macOS and Windows branches follow their systems' documentation, untested.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Attributes that this file system or this user cannot have: security labels of other systems.
_NOT_OURS = frozenset({errno.ENOTSUP, errno.ENODATA, errno.EPERM, errno.EACCES, errno.EINVAL})


def regular_bytes(path: Path) -> bytes:
    """The bytes of a file. Raises ``OSError`` for a pipe, whose reader may wait for ever, too."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags), "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(errno.EINVAL, "It is no file but a pipe or a device", str(path))
        return stream.read()


def can_give_to(status: os.stat_result) -> bool:
    """Whether a new file can have the owner of the old one."""
    if sys.platform == "win32":
        return True
    return os.geteuid() in (0, status.st_uid)


def copy_attributes(source: Path, status: os.stat_result, target: Path) -> None:
    """Give ``target`` what ``source``, which has ``status``, is besides its bytes.

    A group that the user does not belong to cannot be kept, nor can what only root may set.
    Raises ``OSError``.
    """
    if sys.platform == "win32":
        _set_creation_time_windows(target, _birth(status))
        return
    if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
        with suppress(PermissionError):
            os.chown(target, status.st_uid, status.st_gid)
    target.chmod(stat.S_IMODE(status.st_mode))
    if sys.platform == "darwin":
        _copy_extended_macos(source, target)
        _set_creation_time_macos(target, _birth(status))
    elif sys.platform == "linux":  # whose file systems let nobody set a creation time
        _copy_extended_linux(source, target)


def _copy_extended_linux(source: Path, target: Path) -> None:
    """Tags and access lists, one by one: one that is refused costs no other."""
    if sys.platform != "linux":
        return
    with _if_ours():
        for name in os.listxattr(source):
            with _if_ours():
                os.setxattr(target, name, os.getxattr(source, name))


@contextmanager
def _if_ours() -> Iterator[None]:
    """Pass over what cannot be copied."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NOT_OURS:
            raise


def _copy_extended_macos(source: Path, target: Path) -> None:
    """Finder tags and access lists; Python has no call of its own for them there."""
    import ctypes

    acl, xattr = 1 << 0, 1 << 2
    system = ctypes.CDLL(None, use_errno=True)
    if system.copyfile(os.fsencode(source), os.fsencode(target), None, acl | xattr):
        code = ctypes.get_errno()
        if code != errno.ENOTSUP:
            raise OSError(code, os.strerror(code), str(source))


# --- creation time, by which Obsidian sorts ---------------------------------------------------


def _birth(status: os.stat_result) -> int:
    """When the file was made, in ns since 1970."""
    exact: int | None = getattr(status, "st_birthtime_ns", None)
    if exact is not None:
        return exact
    seconds: float | None = getattr(status, "st_birthtime", None)
    return status.st_ctime_ns if seconds is None else int(seconds * 10**9)


def _set_creation_time_macos(path: Path, time: int) -> None:
    """By setattrlist(2); a file system without creation times refuses it, and has none to lose."""
    import ctypes
    import struct

    count, creation = 5, 0x200  # ATTR_BIT_MAP_COUNT, ATTR_CMN_CRTIME
    wanted = struct.pack("=HHIIIII", count, 0, creation, 0, 0, 0, 0)
    value = struct.pack("=qq", *divmod(time, 10**9))  # a timespec
    system = ctypes.CDLL(None, use_errno=True)
    if system.setattrlist(os.fsencode(path), wanted, value, ctypes.c_size_t(len(value)), 0):
        code = ctypes.get_errno()
        if code not in _NOT_OURS:
            raise OSError(code, os.strerror(code), str(path))


def _set_creation_time_windows(path: Path, time: int) -> None:
    """By SetFileTime, whose clock counts tenths of microseconds since 1601."""
    if sys.platform != "win32":
        return
    import ctypes
    from ctypes import wintypes

    write_attributes, share_all, existing = 0x100, 0x7, 3
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.CreateFileW.restype = wintypes.HANDLE
    handle = kernel.CreateFileW(str(path), write_attributes, share_all, None, existing, 0, None)
    if handle == wintypes.HANDLE(-1).value:
        raise ctypes.WinError(ctypes.get_last_error())
    ticks = time // 100 + 116_444_736_000_000_000
    moment = wintypes.FILETIME(ticks & 0xFFFFFFFF, ticks >> 32)
    try:
        if not kernel.SetFileTime(wintypes.HANDLE(handle), ctypes.byref(moment), None, None):
            raise ctypes.WinError(ctypes.get_last_error())
    finally:
        kernel.CloseHandle(wintypes.HANDLE(handle))
