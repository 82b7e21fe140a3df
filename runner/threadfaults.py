"""What a thread of a block says when an exception ends it: the user's own frames alone."""

from __future__ import annotations

import re
import sys
import threading
from typing import TYPE_CHECKING

from .frames import Places, is_own_code

if TYPE_CHECKING:
    import traceback


def tell(places: Places) -> None:
    """Print such exceptions without the frames of the standard library and of packages."""

    def hook(fault: threading.ExceptHookArgs) -> None:
        if fault.exc_type is SystemExit:
            return
        import traceback

        told = traceback.TracebackException(
            fault.exc_type, fault.exc_value or fault.exc_type(), fault.exc_traceback
        )
        _keep_own(told, places)
        # The number of a nameless thread counts those of earlier blocks, too.
        name = re.sub(r"^Thread-\d+", "Thread", fault.thread.name if fault.thread else "unknown")
        stream = sys.stderr
        stream.write(f"Exception in thread {name}:\n{''.join(told.format())}")

    threading.excepthook = hook


def _keep_own(told: traceback.TracebackException, places: Places) -> None:
    """Cut the frames of others out of it, and of what it was caused by."""
    kept = [
        frame
        for frame in told.stack
        if places.at(frame.filename, frame.lineno or 0) or is_own_code(frame.filename)
    ]
    if kept:
        told.stack[:] = kept
    for cause in (told.__cause__, told.__context__):
        if cause is not None:
            _keep_own(cause, places)
