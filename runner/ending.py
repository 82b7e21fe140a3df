"""How a watch ends: asked by Ctrl-C between two steps of its work, in time whatever hangs.

A ``KeyboardInterrupt`` that is raised wherever the thread happens to be may leave a lock taken for
which other threads wait; who then waits for these waits for ever. So the first Ctrl-C only asks,
and a clock that needs no lock of ours stands behind it. Tested on Linux.
"""

from __future__ import annotations

import faulthandler
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

LIMIT = 10.0  # seconds from the first Ctrl-C to the end of the process
_STEP = 1.5  # seconds that a step of the work may take before it is interrupted
_LAST = 2.5  # seconds from the death of all workers, or from the second Ctrl-C, to that end

_ASKED, _INSISTED, _OVER = "asked", "insisted", "over"
# A terminal that is closed and `kill` ask like Ctrl-C does.
_SIGNALS = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    if hasattr(signal, name)
]


def hears_ctrl_c() -> bool:
    """Whether this process was not started to ignore it, as shells start what is to run behind
    their back (POSIX, "Asynchronous Lists")."""
    return signal.getsignal(signal.SIGINT) != signal.SIG_IGN


@contextmanager
def asked_to_end(
    ask: Callable[[], None], is_heard: Callable[[], bool], kill: Callable[[], None]
) -> Iterator[None]:
    """Meanwhile the first Ctrl-C calls ``ask``, in the middle of anything: it may take no lock. A
    second one raises ``KeyboardInterrupt``, as does the first if ``is_heard`` is not true soon.

    From the first one on the process has ``LIMIT`` seconds, also behind this context. Shortly
    before, ``kill`` ends what may hinder it; what then still hangs is a bug of ours: it is shown,
    and the process ends with code 1. Signals that the process was started to ignore it goes on to
    ignore. Of use in the main thread alone; in others nothing happens.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    words: queue.SimpleQueue[str] = queue.SimpleQueue()  # signal handlers may put into this kind
    clock = threading.Thread(target=_keep_time, args=(words, is_heard, kill), daemon=True)
    clock.start()
    asked = False

    def hear(*_: object) -> None:
        nonlocal asked
        if asked:
            words.put(_INSISTED)
            raise KeyboardInterrupt
        asked = True
        words.put(_ASKED)
        ask()

    before: dict[signal.Signals, Any] = {
        number: signal.signal(number, hear)
        for number in _SIGNALS
        if signal.getsignal(number) not in (signal.SIG_IGN, None)
    }
    try:
        yield
    finally:
        words.put(_OVER)
        for number, handler in before.items():
            signal.signal(number, handler)


def _keep_time(
    words: queue.SimpleQueue[str], is_heard: Callable[[], bool], kill: Callable[[], None]
) -> None:
    if words.get() == _OVER:
        return
    faulthandler.dump_traceback_later(LIMIT, exit=True)
    word = _next(words, _STEP)
    if word is None and is_heard():
        word = _next(words, LIMIT - _STEP - _LAST)
    elif word is None:
        _interrupt()
    if word == _OVER:
        return
    faulthandler.dump_traceback_later(_LAST, exit=True)
    kill()


def _next(words: queue.SimpleQueue[str], seconds: float) -> str | None:
    try:
        return words.get(timeout=seconds)
    except queue.Empty:
        return None


def _interrupt() -> None:
    """As if the user had pressed Ctrl-C again; where signals reach threads, it also ends a system
    call that the main thread waits in."""
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)
    else:
        signal.raise_signal(signal.SIGINT)
