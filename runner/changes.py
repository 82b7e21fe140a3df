"""File events of a vault, collected as paths: what happened is found out by looking, not here."""

from __future__ import annotations

import logging
import os
import threading
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserver

_IGNORED = frozenset({"opened", "closed_no_write"})  # reading makes events too
_PRUNED = frozenset({"node_modules", "__pycache__", "site-packages"})


class Changes:
    """Root-relative paths that may have changed, filled by the observer's thread."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._paths: set[str] = set()
        self._lost = False
        self._last = 0.0
        self._news = threading.Condition()

    def add(self, path: str) -> None:
        relative = unicodedata.normalize("NFC", os.path.relpath(path, self.root))
        parts = relative.split(os.sep)
        if any(part.startswith(".") or part in _PRUNED for part in parts):
            return
        with self._news:
            self._paths.add("/".join(parts))
            self._last = time.monotonic()
            self._news.notify_all()

    def lose(self) -> None:
        """Some events were lost: everything may have changed."""
        with self._news:
            self._lost = True
            self._news.notify_all()

    def wait(self, timeout: float) -> None:
        """Return at the first change, or after ``timeout`` seconds."""
        with self._news:
            self._news.wait_for(lambda: bool(self._paths) or self._lost, timeout)

    def names(self, path: str) -> bool:
        """Whether ``path`` is among the changes nobody has taken yet."""
        with self._news:
            return path in self._paths or self._lost

    def age(self) -> float:
        """Seconds since the last change."""
        return time.monotonic() - self._last

    def take(self) -> tuple[set[str], bool]:
        """All changes so far, and whether events were lost; both are forgotten."""
        with self._news:
            paths, lost = self._paths, self._lost
            self._paths, self._lost = set(), False
            return paths, lost


class _Handler(FileSystemEventHandler):
    """Only notes paths: a handler that takes long makes the system drop events."""

    def __init__(self, changes: Changes, observer: BaseObserver) -> None:
        self._changes = changes
        self._observer = observer

    def dispatch(self, event: FileSystemEvent) -> None:
        if event.event_type in _IGNORED:
            return
        for raw in (event.src_path, event.dest_path):
            path = os.fsdecode(raw)
            if not path:
                continue
            if event.is_directory:
                self._look_into(path)
            else:
                self._changes.add(path)

    def _look_into(self, folder: str) -> None:
        """A folder that came or went took its notes along, for which there may be no events."""
        if Path(folder).parent == self._changes.root and Path(folder).is_dir():
            _schedule_folder(self._observer, self, Path(folder))
        self._changes.lose()


class _Overflow(logging.Handler):
    """watchdog reports lost events only in its log (inotify's queue holds 16,384)."""

    def __init__(self, changes: Changes) -> None:
        super().__init__(logging.WARNING)
        self._changes = changes

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002  the signature is logging's
        self._changes.lose()


@contextmanager
def observed(changes: Changes, *, polling: bool) -> Iterator[None]:
    """Fill ``changes`` meanwhile. ``polling`` looks each second, for drives without events."""
    observer: BaseObserver = PollingObserver(timeout=1.0) if polling else Observer()
    handler = _Handler(changes, observer)
    overflow = _Overflow(changes)
    logger = logging.getLogger("watchdog")
    observer.schedule(handler, str(changes.root), recursive=False)
    for entry in sorted(changes.root.iterdir()):
        if entry.is_dir():
            _schedule_folder(observer, handler, entry)
    logger.addHandler(overflow)
    observer.start()
    try:
        yield
    finally:
        observer.stop()
        observer.join()
        logger.removeHandler(overflow)


def _schedule_folder(observer: BaseObserver, handler: FileSystemEventHandler, folder: Path) -> None:
    """Watch a folder of the root, unless it is none of the vault's visible ones."""
    if folder.name.startswith(".") or folder.name in _PRUNED or (folder / "pyvenv.cfg").exists():
        return
    observer.schedule(handler, str(folder), recursive=True)
