"""The folder in which a worker keeps files of its own, on whatever machine it runs."""

from __future__ import annotations

import os
import sys
from functools import cache

PREFIX = "runner-worker-"


@cache
def temporary_folder() -> str:
    """``tempfile.gettempdir()``: its first choice if that will do, since the import of `tempfile`
    takes a tenth of a worker's start."""
    stated = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    first = next(filter(None, stated), "/tmp")
    usable = os.path.isdir(first) and os.access(first, os.R_OK | os.W_OK | os.X_OK)
    if usable and sys.platform != "win32" and "tempfile" not in sys.modules:
        return os.path.abspath(first)
    import tempfile

    return tempfile.gettempdir()


def chosen() -> str:
    """A new folder, yet to be made: who ends the worker has to know of it first."""
    return os.path.join(temporary_folder(), f"{PREFIX}{os.urandom(8).hex()}")


def make(folder: str) -> None:
    """Make it; nobody else may enter it. Raises ``OSError``."""
    os.mkdir(folder, 0o700)


def remove(folder: str) -> None:
    """Remove it with all that it holds; what cannot be removed stays."""
    try:
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        os.rmdir(folder)
    except OSError:  # a block left more there than files, or has removed it
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
