"""Processes that a block started in a session of their own, where killing its group does not reach.

Linux only (prctl(2), proc(5)), tested there; elsewhere they are left. A worker ends its own; those
of one that a signal ended fall to the process that started it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Collection
from contextlib import suppress

_PR_SET_CHILD_SUBREAPER = 36
_GENERATIONS = 20  # of orphans whose children become orphans in turn


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


def children() -> list[int]:
    """The processes that this one started or adopted; none where nobody knows."""
    if sys.platform != "linux":
        return []
    this = os.getpid()
    return [pid for pid, (parent, _) in _processes().items() if parent == this]


def end_orphans(known: Collection[int], marks: Collection[str] = ()) -> None:
    """Kill the children of this process, and theirs, that are not ``known``: it has adopted them.

    ``marks``: what stands in the environment of those that may be killed.
    """
    for _ in range(_GENERATIONS):
        orphans = [pid for pid in children() if pid not in known and _is_marked(pid, marks)]
        for pid in orphans:
            with suppress(ProcessLookupError, PermissionError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        if not orphans:
            return


def _is_marked(pid: int, marks: Collection[str]) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as stream:
            found = stream.read().split(b"\0")
    except OSError:  # it ended meanwhile, or is another user's
        return False
    return all(mark.encode() in found for mark in marks)


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
