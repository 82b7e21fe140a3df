"""How a block may end processes: its own not without a word, the one that runs it not at all."""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Callable
from typing import IO, NoReturn

from .strays import end_strays


def confess(errors: IO[bytes]) -> Callable[[int], NoReturn]:
    """Have ``os._exit`` write the line that ends this process to ``errors``, and end what the
    process started. Returns what ends it without these."""
    pid, leave = os.getpid(), os._exit

    def confessing(status: int) -> NoReturn:
        if os.getpid() == pid:
            faulthandler.dump_traceback(errors)
            end_strays(pid)
        leave(status)

    os._exit = confessing
    return leave


def spare_parent() -> None:
    """Refuse signals to the process that all notes depend on: it is not the block's to end."""
    this, parent, end = os.getpid(), os.getppid(), os.kill

    def kill(pid: int, signal: int) -> None:
        if os.getpid() == this and pid == parent and signal:
            raise PermissionError("the process that runs this block cannot be ended here")
        end(pid, signal)

    os.kill = kill
