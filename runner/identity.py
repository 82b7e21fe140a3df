"""What tells a folder from another one that comes to stand at the same path later.

Tested on Linux; the macOS and Windows branches follow their systems' documentation, untested.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def identity(folder: Path) -> str:
    """Stays when the folder's content changes, and is another one for a copy or a successor.

    On Linux the file system's generation number or the time at which the folder was made; "" where
    it keeps neither (sshfs, some network drives): there a path is all there is to go by. Inode
    numbers do not serve there: the next folder often has the same. Raises ``OSError``.
    """
    if sys.platform == "linux":
        return _generation(folder) or _birth_by_statx(folder)
    status = folder.stat()
    made = getattr(status, "st_birthtime", None) or status.st_ctime  # on Windows when it was made
    # For some seconds Windows gives a new folder the time of one that had its name.
    return f"made {made}, number {status.st_ino}"


def _generation(folder: Path) -> str:
    """By an ioctl that ext4, XFS and Btrfs answer."""
    if sys.platform != "linux":
        return ""
    import fcntl
    import struct

    get_version = 0x80007601 | struct.calcsize("l") << 16  # _IOR('v', 1, long)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        answer = fcntl.ioctl(descriptor, get_version, bytes(struct.calcsize("l")))
    except OSError:
        return ""
    finally:
        os.close(descriptor)
    (number,) = struct.unpack("I", answer[:4])
    return f"generation {number}" if number else ""


def _birth_by_statx(folder: Path) -> str:
    """Python has no call for it before 3.15."""
    import ctypes
    import struct

    here, made, offset = -100, 0x800, 80  # AT_FDCWD, STATX_BTIME, of stx_btime
    answer = ctypes.create_string_buffer(256)
    system = ctypes.CDLL(None, use_errno=True)
    if not hasattr(system, "statx") or system.statx(
        here, os.fsencode(folder), 0, made, ctypes.byref(answer)
    ):
        return ""
    (known,) = struct.unpack_from("=I", answer)
    seconds, nanoseconds = struct.unpack_from("=qI", answer, offset)
    return f"made {seconds}.{nanoseconds:09}" if known & made and seconds else ""
