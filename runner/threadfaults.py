"""What a block's exceptions say that reach nobody, those that end a thread and those that Python
ignores: the user's own frames alone."""

from __future__ import annotations

import re
import sys
import threading

from .frames import Places, is_own_code

TYPE_CHECKING = False
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
    plain = sys.unraisablehook

    def ignored(fault: sys.UnraisableHookArgs) -> None:
        if fault.exc_value is None:
            plain(fault)
            return
        import traceback

        told = traceback.TracebackException.from_exception(fault.exc_value)
        _keep_own(told, places)
        what = fault.err_msg or "Exception ignored in"
        stream = sys.stderr
        stream.write(f"{what}: {_shown(fault.object)}\n{''.join(told.format())}")

    sys.unraisablehook = ignored


def _shown(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # the user's own may raise anything
        return f"<{type(value).__name__}>"


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
