"""File events of a vault, collected as paths: what happened is found out by looking, not here."""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

from .errors import system_words
from .records import dataclass, field
from .settings import CONFIG
from .vault import VaultError

_IGNORED = frozenset({"opened", "closed_no_write"})  # reading makes events too
_FOLDER_NEWS = frozenset({"created", "deleted", "moved"})  # "modified" comes with every file in it
_PRUNED = frozenset({"node_modules", "__pycache__", "site-packages"})
_ALONE = 0.03  # seconds without an event after which a note saved alone counts as saved
_BATCH = 0.1  # the same for several, which a checkout or a sync writes one after the other
_LONGEST_BATCH = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes that belong together: root-relative ``/`` paths, with the time of the last event of
    each (seconds of the same clock). ``lost``: there were others that nobody can name."""

    paths: Mapping[str, float] = field(default_factory=dict)
    lost: bool = False


class Changes:
    """What may have changed below ``root``; filled by the observer's thread.

    Nothing here waits for a batch to end: ``due`` says when it will have ended, so that whoever
    waits can do other things first. ``ring`` wakes it for these, ``stop`` for good. ``renew`` is
    to be called now and then: it watches the folder that is there now, and is true where that is
    another one or none.
    """

    def __init__(self, root: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.root = Path(os.path.realpath(root))  # systems do not watch through a link
        self.clock = clock
        self.renew: Callable[[], bool] = lambda: False
        self.has_stopped = False  # whoever waited has heard of it
        self._paths: dict[str, float] = {}
        self._lost = False
        self._first = 0.0
        self._last = 0.0
        self._lock = threading.Lock()
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()  # signal handlers may ring it
        self._stopping = False

    def add(self, path: str) -> None:
        """Something happened at ``path``, absolute or relative to the root."""
        parts = os.path.relpath(self.root / path, self.root).split(os.sep)
        hidden = any(part.startswith(".") or part in _PRUNED for part in parts)
        if hidden and parts != [CONFIG]:
            return
        with self._lock:
            self._note_time()
            self._paths["/".join(parts)] = self._last

    def lose(self) -> None:
        """Some events were lost: everything may have changed."""
        with self._lock:
            self._note_time()
            self._lost = True

    def _note_time(self) -> None:
        self._last = self.clock()
        if not self._paths and not self._lost:
            self._first = self._last
            self.ring()

    def ring(self) -> None:
        """End the ``wait`` that goes on or comes next: something else has happened."""
        self._bell.put(None)

    def stop(self) -> None:
        """The same, and make it raise ``KeyboardInterrupt``: fit for a signal handler."""
        self._stopping = True
        self.ring()

    def wait(self, timeout: float) -> None:
        """Return when a batch begins or somebody rings, or after ``timeout`` seconds.

        Raises ``KeyboardInterrupt`` after ``stop``.
        """
        with suppress(queue.Empty):
            self._bell.get(timeout=timeout)
            while True:
                self._bell.get_nowait()
        if self._stopping:
            self.has_stopped = True
            raise KeyboardInterrupt

    def due(self) -> float:
        """When the batch that has begun will have ended, if nothing more happens; else never."""
        with self._lock:
            return self._due()

    def _due(self) -> float:
        if not self._paths and not self._lost:
            return float("inf")
        rest = _ALONE if len(self._paths) == 1 and not self._lost else _BATCH
        return min(self._last + rest, self._first + _LONGEST_BATCH)

    def take(self) -> Batch:
        """The batch that has ended, which is forgotten here; an empty one if none has."""
        with self._lock:
            if self.clock() < self._due():
                return Batch()
            batch = Batch(self._paths, self._lost)
            self._paths, self._lost = {}, False
            return batch


class _Handler(FileSystemEventHandler):
    """Only notes paths: a handler that takes long makes the system drop events."""

    def __init__(self, changes: Changes, observer: BaseObserver) -> None:
        self._changes = changes
        self._observer = observer
        self._watches: dict[Path, ObservedWatch] = {}
        self._watched: tuple[int, int] | None = None

    def dispatch(self, event: FileSystemEvent) -> None:
        if event.event_type in _IGNORED:
            return
        for raw in (event.src_path, event.dest_path):
            path = os.fsdecode(raw)
            if not path:
                continue
            if not event.is_directory:
                self._changes.add(path)
            elif event.event_type in _FOLDER_NEWS and _is_visible(Path(path)):
                self._follow(Path(path))
                self._changes.lose()  # it took its notes along, for which there may be no events

    def watch_root(self) -> None:
        """Watch the root and each visible folder of it, so that hidden ones cost nothing."""
        root = self._changes.root
        self._watched = _identity(root)
        self._observer.schedule(self, str(root), recursive=False)
        for folder in sorted(root.iterdir()):
            self._follow(folder)

    def renew(self) -> bool:
        """Watch the folder that stands in the root's place, where that was moved, unmounted or
        replaced, of which the system says nothing; true where it is so, or where none is there."""
        there = _identity(self._changes.root)
        if there == self._watched:
            return False
        self._watches.clear()
        self._observer.unschedule_all()
        if there is not None:
            self.watch_root()
        return True

    def _follow(self, folder: Path) -> None:
        """Begin or end watching a folder of the root that came or went."""
        if folder.parent != self._changes.root:
            return
        gone = self._watches.pop(folder, None)
        if gone is not None:
            with suppress(KeyError, OSError):  # the system gave it up by itself
                self._observer.unschedule(gone)
        if folder.is_dir() and _is_visible(folder) and not (folder / "pyvenv.cfg").exists():
            self._watches[folder] = self._observer.schedule(self, str(folder), recursive=True)


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _is_visible(folder: Path) -> bool:
    return not folder.name.startswith(".") and folder.name not in _PRUNED


class _Overflow(logging.Handler):
    """watchdog reports lost events only in its log (inotify's queue holds 16,384)."""

    def __init__(self, changes: Changes) -> None:
        super().__init__(logging.WARNING)
        self._changes = changes

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002  the signature is logging's
        self._changes.lose()


@contextmanager
def observed(changes: Changes) -> Iterator[None]:
    """Fill ``changes`` meanwhile. Raises ``VaultError`` where the system watches no more."""
    observer: BaseObserver = Observer()
    overflow = _Overflow(changes)
    logger = logging.getLogger("watchdog")
    logger.addHandler(overflow)
    try:
        handler = _Handler(changes, observer)
        _start(observer, handler)
        changes.renew = handler.renew
        yield
    finally:
        observer.stop()
        if observer.is_alive():
            observer.join()
        logger.removeHandler(overflow)


def _start(observer: BaseObserver, handler: _Handler) -> None:
    try:
        handler.watch_root()
        observer.start()
    except OSError as error:
        raise VaultError(
            f"the system does not watch so many folders ({system_words(error)}): use "
            "--polling, "
            "or raise its limit (on Linux fs.inotify.max_user_watches)"
        ) from None
