"""How a block may end processes: its own not without a word, the one that runs it not at all."""

from __future__ import annotations

import errno
import faulthandler
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

from .strays import end_strays

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, NoReturn

# Those besides crashes by which blocks, batch systems and users end processes.
if sys.platform != "win32":
    _ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGALRM, signal.SIGXCPU)

UNHEARD = 74  # exit code of a worker whose streams a block closed (sysexits.h: EX_IOERR)


def confess(errors: IO[bytes]) -> Callable[[int], NoReturn]:
    """Have ``os._exit`` and signals write the line that ends this process to ``errors``; the
    former also ends what the process started. Returns what ends it without these."""
    pid, leave = os.getpid(), os._exit
    faulthandler.enable(errors)
    if sys.platform != "win32":
        faulthandler.register(signal.SIGUSR1, errors)  # the parent asks where a stuck block is
        for ending in _ENDING:
            faulthandler.register(ending, errors, chain=True)
        os.register_at_fork(after_in_child=_say_nothing)

    def confessing(status: int) -> NoReturn:
        if os.getpid() == pid:
            faulthandler.dump_traceback(errors)
            end_strays(pid)
        leave(status)

    os._exit = confessing
    return leave


def _say_nothing() -> None:
    """In a child that the block forked: its end is not that of the process."""
    if sys.platform != "win32":
        for ending in _ENDING:
            faulthandler.unregister(ending)


def show_fault(errors: IO[bytes]) -> None:
    """Write the traceback of the error at hand, which is ours, to ``errors``."""
    import traceback

    with suppress(OSError):  # a block may have closed the stream
        errors.write(traceback.format_exc().encode("utf-8", "replace"))


def code_of(error: Exception) -> int:
    """With what to end for an error between two blocks: a block may have closed our streams."""
    return UNHEARD if isinstance(error, OSError) and error.errno == errno.EBADF else 1


def spare_parent() -> None:
    """Refuse signals to the process that all notes depend on: it is not the block's to end."""
    this, parent, end = os.getpid(), os.getppid(), os.kill

    def kill(pid: int, number: int) -> None:
        if os.getpid() == this and pid == parent and number:
            raise PermissionError("the process that runs this block cannot be ended here")
        end(pid, number)

    os.kill = kill
