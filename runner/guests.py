"""What blocks leave behind them in their process: threads and processes that run on, and memory.

Another block of the process may suffer from that. Who left what is remembered here, so that the
parent can tell a block's own fault from that of one before it.
"""

from __future__ import annotations

import threading
from contextlib import suppress

from . import memory, strays
from .capture import Recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MUCH = 0.25  # of the memory that a worker may take: who holds more is named
_LITTLE = 0.1  # of that: so closely it is known who took it


class Guests:
    """``see`` after each block who has left something; ours is what is there at the start.

    ``may_take``: bytes that the process may take, 0 for any amount.
    """

    def __init__(self, may_take: int) -> None:
        self._much = _MUCH * may_take
        self._threads: dict[int, str] = {}
        self._ours = {thread.ident for thread in threading.enumerate()}
        self._children: dict[int, str] = {}
        self._held = memory.resident()
        self._most = (0, "")

    def see(self, block: str) -> None:
        """``block`` is over: what is new is its."""
        if threading.active_count() > len(self._ours):
            alive = {thread.ident for thread in threading.enumerate()} - self._ours
            self._threads = {id: self._threads.get(id, block) for id in alive if id is not None}
        else:
            self._threads.clear()
        with suppress(OSError):  # the block has opened all the files it may: nobody can look
            self._see_children(block)
            self._see_memory(block)

    def _see_children(self, block: str) -> None:
        if self._children or strays.has_children():
            alive = strays.children()
            self._children = {pid: self._children.get(pid, block) for pid in alive}

    def _see_memory(self, block: str) -> None:
        if memory.peak() - self._held < _LITTLE * self._much:
            return
        held = memory.resident()
        if held - self._held > max(self._most[0], self._much):
            self._most = held - self._held, block
        self._held = held

    @property
    def threads(self) -> dict[int, str]:
        """The blocks that left threads, by their identifiers."""
        return self._threads

    def heard(self, recorder: Recorder) -> list[str]:
        """The blocks before the one that ran now that wrote among its text."""
        of_children = self._children.values() if self._children and recorder.has_more else ()
        return sorted({*recorder.heard, *of_children})

    def holding(self) -> str:
        """In words, what took much of the memory, "" if nothing did."""
        held, block = self._most
        return f"`{block}` had taken {memory.said(held)} of it" if block else ""

    def told(self) -> dict[str, Any]:
        """What the parent has to know of them as the next block starts."""
        told: dict[str, Any] = {}
        if self._threads or self._children:
            told["beside"] = sorted({*self._threads.values(), *self._children.values()})
        if self._most[1]:
            told["holder"] = self._most[1]
        return told
