"""A time limit for code of this process, by interrupt: what never returns to Python goes on."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TimeLimit(BaseException):
    """Not an ``Exception``: the handlers of the code that takes too long must not catch it."""


@contextmanager
def within(seconds: float, limit: float | None = None) -> Iterator[None]:
    """Raise ``TimeLimit``, naming ``limit`` (else ``seconds``), in what takes longer.

    May be nested: of two limits the nearer one counts. SIGALRM where there is one and this is the
    main thread (tried on Linux); elsewhere there is no limit.
    """
    main = threading.current_thread() is threading.main_thread()
    if not hasattr(signal, "SIGALRM") or not main:
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TimeLimit(f"took longer than its limit of {limit or seconds:g} s")

    began = time.monotonic()
    before = signal.getsignal(signal.SIGALRM)
    outer, _ = signal.getitimer(signal.ITIMER_REAL)
    if outer and outer <= seconds:
        yield
        return
    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.01))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if outer:
            left = outer - (time.monotonic() - began)
            signal.setitimer(signal.ITIMER_REAL, max(left, 0.01))
