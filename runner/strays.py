"""Processes that a block started in a session of their own, where killing its group does not reach.

Linux only (prctl(2), proc(5)), tested there; elsewhere they are left. So they are where a block
ends its own process by a signal: then nobody knows any more whose they were.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Let this process become the parent of what its descendants leave behind."""
    if sys.platform == "linux":
        import ctypes  # not at the top: the parent imports this file too, and needs it not

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def has_children() -> bool:
    """Whether there is a process that this one would have to wait for."""
    if sys.platform != "linux":
        return False
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def end_strays(pid: int) -> None:
    """Kill the descendants of ``pid`` that are not in its process group."""
    if sys.platform != "linux":
        return
    processes = _processes()
    found = {pid}
    while more := {p for p, (parent, _) in processes.items() if parent in found} - found:
        found |= more
    for stray in found - {pid}:
        if processes[stray][1] != pid:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(stray, signal.SIGKILL)


def _processes() -> dict[int, tuple[int, int]]:
    """The parent and the process group of each process."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as stream:
                _, parent, group, *_ = stream.read().rpartition(b")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        found[int(name)] = int(parent), int(group)
    return found
