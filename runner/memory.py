"""How much memory a worker may take, and what holds it to that.

Where the system can refuse to give more, the block that asks meets an exception; elsewhere, and
where CUDA reserves address space beyond all measure, the process is looked at and ended.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VARIABLE = "RUNNER_MEMORY"
SHARE = 0.75  # of the machine's memory, or of what its container may take, where nobody says
_GB = 10**9
_CGROUPS = "/sys/fs/cgroup"
_MEMBERSHIP = "/proc/self/cgroup"


def limit() -> int:
    """Bytes that one worker may take, 0 for no limit: ``RUNNER_MEMORY`` in GB, else a share.

    Raises ``ValueError`` where the variable is no number.
    """
    stated = os.environ.get(VARIABLE)
    if stated is None:
        return int(SHARE * _machine())
    try:
        return max(0, int(float(stated) * _GB))
    except (ValueError, OverflowError):
        raise ValueError(
            f"the environment variable {VARIABLE} is `{stated}`, which is no number: "
            "give the memory of a worker in GB, or 0 for no limit"
        ) from None


def said(bytes_: int) -> str:
    return f"{bytes_ / _GB:.1f} GB"


def _machine() -> int:
    """Bytes of memory there are; 0 where nobody knows. Tested on Linux."""
    if sys.platform == "win32":
        return _windows_memory()
    try:
        physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return 0
    return min((physical, *_container_limits()))


def _container_limits() -> Iterator[int]:
    """The limits of the control groups this process is in, of version 1 or 2 (cgroups(7))."""
    with suppress(OSError, ValueError):
        for line in _text(_MEMBERSHIP).split():
            _, controllers, path = line.split(":", 2)
            if controllers not in ("", "memory"):
                continue
            folder = os.path.join(_CGROUPS, controllers, path.lstrip("/"))
            while folder.startswith(_CGROUPS):
                yield from _stated_in(folder)
                folder = os.path.dirname(folder)


def _stated_in(folder: str) -> Iterator[int]:
    for name in ("memory.max", "memory.limit_in_bytes"):
        with suppress(OSError, ValueError):  # absent, or the word `max`
            yield int(_text(os.path.join(folder, name)))


def _text(path: str) -> str:
    with open(path, encoding="ascii", errors="replace") as file:
        return file.read()


# --- holding a process to it -------------------------------------------------------------------


_applied: list[int] = []  # the limit that the system enforces on this process


def restrict(bytes_: int) -> bool:
    """Let the system refuse this process more than ``bytes_`` of data; False where it cannot.

    On Linux ``RLIMIT_DATA`` counts private writable memory (setrlimit(2)); macOS does not heed it.
    """
    if sys.platform != "linux":
        return False
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = bytes_ if most == resource.RLIM_INFINITY else min(bytes_, most)
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, most))
    _applied[:] = [bytes_]
    return True


def hold_to(bytes_: int, cuda: bool) -> int:
    """Keep this process to ``bytes_``, 0 for any amount; what is returned is left to its watch.

    CUDA reserves more address space than any limit of the system would allow.
    """
    return bytes_ if bytes_ and (cuda or not restrict(bytes_)) else 0


def be_first_to_go() -> None:
    """Let the kernel end this process, not its parent or an editor. Linux; tested there."""
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")  # no such file elsewhere


def resident() -> int:
    """Bytes of memory this process holds; on macOS the most it held. Tested on Linux."""
    if sys.platform == "linux":
        with open("/proc/self/statm", "rb", buffering=0) as file:
            pages = file.read().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    return _windows_working_set() if sys.platform == "win32" else peak()


def peak() -> int:
    """The most bytes of memory this process held, on Windows what it holds; asked after every
    block, where it takes a tenth of the time of ``resident``. Tested on Linux."""
    if sys.platform == "win32":
        return resident()
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024  # getrusage(2) of each


# --- what a block meets ------------------------------------------------------------------------

_ran_out: list[str] = []


def ran_out() -> str:
    """What ran out by the errors that were explained since this was last asked, "" if nothing."""
    told = "".join(_ran_out[:1])
    _ran_out.clear()
    return told


def explain(error: BaseException, held: str = "") -> None:
    """Add to an error that memory ran out what the limit was, or the peak on the GPU; ``held``:
    what took much of it before.

    The limit is lifted, so that the rest of the report finds memory.
    """
    of_gpu = _is_of_gpu(error)
    if not of_gpu and not _is_of_memory(error):
        _ran_out.extend(_other_than_memory(error))
        return
    _ran_out.append("memory")
    if of_gpu:
        torch: Any = sys.modules["torch"]
        peaks = map(torch.cuda.max_memory_allocated, range(torch.cuda.device_count()))
        peak = said(max(peaks, default=0))
        error.add_note(f"at its peak this process had {peak} of the GPU's memory")
    elif _applied:
        most = said(_applied[0])
        error.add_note(
            f"a worker may take {most} of memory: set the environment variable {VARIABLE} "
            "to more GB, or to 0 for no limit"
        )
        if held:
            error.add_note(held)
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def _is_of_gpu(error: BaseException) -> bool:
    """torch has a class of its own for its allocator; other libraries of CUDA, and MPS, say it in
    the message of a ``RuntimeError``."""
    if "torch" not in sys.modules or not isinstance(error, RuntimeError):
        return False
    text = str(error)
    told = "out of memory" in text or "ALLOC_FAILED" in text
    return type(error).__name__ == "OutOfMemoryError" or told


def _is_of_memory(error: BaseException) -> bool:
    """torch says it by a ``RuntimeError`` of its allocator."""
    allocator = isinstance(error, RuntimeError) and "allocate memory" in str(error)
    parser = isinstance(error.__context__, RecursionError)  # so it says that code is too deep
    system = isinstance(error, OSError) and error.errno == errno.ENOMEM
    return allocator or system or (isinstance(error, MemoryError) and not parser)


def _other_than_memory(error: BaseException) -> list[str]:
    """What else there is only so much of, if that is what the error is about."""
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        return ["the number of open files"]
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        error.add_note("free some room; the variable TMPDIR names the folder of temporary files")
        return ["the room on the disk"]
    if isinstance(error, RuntimeError) and str(error) == "can't start new thread":
        return ["the number of threads"]
    return []


# --- Windows, untested -------------------------------------------------------------------------


def _windows_memory() -> int:
    import ctypes

    class Status(ctypes.Structure):  # MEMORYSTATUSEX
        _fields_ = [("length", ctypes.c_ulong), ("load", ctypes.c_ulong)] + [
            (name, ctypes.c_ulonglong) for name in ("total", "free", "a", "b", "c", "d", "e")
        ]

    status = Status(length=ctypes.sizeof(Status))
    windows: Any = ctypes
    windows.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
    return int(status.total)


def _windows_working_set() -> int:
    import ctypes

    class Counters(ctypes.Structure):  # PROCESS_MEMORY_COUNTERS
        _fields_ = [("size", ctypes.c_ulong), ("faults", ctypes.c_ulong)] + [
            (name, ctypes.c_size_t) for name in ("peak", "now", "a", "b", "c", "d", "e", "f")
        ]

    counters = Counters(size=ctypes.sizeof(Counters))
    windows: Any = ctypes
    kernel = windows.windll.kernel32
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    process = ctypes.c_void_p(kernel.GetCurrentProcess())
    windows.windll.psapi.GetProcessMemoryInfo(process, ctypes.byref(counters), counters.size)
    return int(counters.now)
