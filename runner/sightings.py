"""A watched vault as it was last seen: which changed paths are news, and whom they concern.

Content decides, not time: what we wrote ourselves, a touch, or a save without a change is no news.
"""

from __future__ import annotations

import hashlib
import time
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from .beside import Beside
from .neighbours import Neighbours
from .note import Note
from .records import dataclass
from .vault import FileState, Vault, is_note

_ABSENCE = 0.5  # seconds for which a note may be gone, empty or cut off while an editor saves it


@dataclass(frozen=True, slots=True)
class News:
    """What is not as it was. ``notes``: those that changed, came or went; ``files``: others that
    did. ``concerned``: the notes whose results may be others now; ``doubtful``: those of them for
    which a file changed, which their text does not show."""

    notes: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    concerned: frozenset[str] = frozenset()
    doubtful: frozenset[str] = frozenset()


class Sightings:
    """``notes``: those that hold something of ours, as they were when last looked at."""

    def __init__(self, vault: Vault, clock: Callable[[], float] = time.monotonic) -> None:
        self.notes: dict[str, Note] = {}
        self.tables: set[str] = set()  # the notes with a matrix
        self.neighbours = Neighbours(read=Beside(vault.root).read)
        self._vault = vault
        self._clock = clock
        self._prints: dict[str, str] = {}
        self._absent: dict[str, float] = {}  # since when, plus the time that this may last
        self._files: dict[str, frozenset[str]] = {}  # note -> the files its results rest on
        self._users: dict[str, set[str]] = {}  # the other way round
        self._stirred: dict[tuple[str, str], FileState] = {}
        self._spellings: dict[str, str] = {}

    def look_at_all(self) -> None:
        """Read the vault for the first time."""
        self._vault.hold()
        for path, note in self._vault.notes().items():
            self._know(path, note, self._look(path))
        self._learn_spellings()

    def scope(self, paths: Collection[str], notes: Collection[str] | None = None) -> list[str]:
        """Those of ``notes``, or of all, that lie under root-relative ``paths``."""
        return sorted(
            note
            for note in (self.notes if notes is None else notes)
            if any(not path or note == path or note.startswith(f"{path}/") for path in paths)
        )

    def age(self, path: str) -> float:
        """Seconds since the file was modified."""
        try:
            return max(0.0, time.time() - (self._vault.root / path).stat().st_mtime)
        except OSError:
            return 0.0

    # --- what is news

    def news(self, paths: Iterable[str], *, everything: bool = False) -> News:
        """What of ``paths`` is not as it was, or of all files if ``everything``.

        A note that is gone, empty or cut off counts only after a while: editors truncate before
        they write, or remove what they replace. ``due`` says when to ask again.
        """
        moved: set[str] = self._vault.hold() if everything else set()
        if everything:
            self._learn_spellings()
        named = {self._spellings.get(_composed(path), path) for path in paths}
        suspects = named | moved | self._absent.keys()
        there = moved | {path for path in suspects if self._vault.touch(path)}
        found = {
            path: self._look(path) if self._vault.shows(path) else None
            for path in suspects
            if is_note(path) and (path in there or path in self._prints)
        }
        changed = {
            path: data
            for path, data in self._settled(found).items()
            if _print(data) != self._prints.get(path)
        }
        before = self.neighbours.affected(changed)
        for path, data in changed.items():
            self._take_in(path, data)
        files = {path for path in suspects if not is_note(path) and self._is_or_was(path, there)}
        for path in self._users_of({path for path in files if path.endswith(".py")}):
            self.neighbours.put(path, self.notes.get(path))  # they may import other notes now
        doubtful = self.neighbours.affected(self._users_of(files | changed.keys()))
        concerned = before | self.neighbours.affected(changed) | doubtful
        return News(
            frozenset(changed),
            frozenset(files),
            frozenset(concerned & self.notes.keys()),
            frozenset(doubtful & self.notes.keys()),
        )

    def news_of(self, files: Collection[str]) -> News:
        """What it means that ``files`` changed."""
        doubtful = self.neighbours.affected(self._users_of(files)) & self.notes.keys()
        return News(
            files=frozenset(files), concerned=frozenset(doubtful), doubtful=frozenset(doubtful)
        )

    def due(self) -> float:
        """When a note that has been away will count as gone, by the clock; else never."""
        return min(self._absent.values(), default=float("inf"))

    def _is_or_was(self, path: str, there: Collection[str]) -> bool:
        return path in there or path in self._users

    def _settled(self, found: Mapping[str, bytes | None]) -> dict[str, bytes | None]:
        """``found`` without the notes that an editor may be about to write."""
        new = {_print(data) for path, data in found.items() if path not in self._prints}
        settled = {}
        for path, data in found.items():
            moved = data is None and self._prints.get(path) in new
            if self._is_cut(path, data) and not moved:
                until = self._absent.setdefault(path, self._clock() + _ABSENCE)
                if self._clock() < until:
                    continue
            self._absent.pop(path, None)
            settled[path] = data
        return settled

    def _is_cut(self, path: str, data: bytes | None) -> bool:
        """Whether less stands there than before, and nothing else."""
        if path not in self._prints:
            return False
        if not data:
            return self._prints[path] != _print(b"")
        known = self.notes[path].text.encode() if path in self.notes else b""
        return len(data) < len(known) and known.startswith(data)

    def _take_in(self, path: str, data: bytes | None) -> None:
        if data is not None:
            note = self._vault.take(path, data)
        else:  # it is gone, or there and cannot be read
            note = self._vault.note(path) if self._vault.shows(path) else None
        self._know(path, note, data)

    def _know(self, path: str, note: Note | None, data: bytes | None) -> None:
        seen = _print(data)
        if seen is None:
            self._prints.pop(path, None)
        else:
            self._prints[path] = seen
        self.neighbours.put(path, note)
        self.tables.discard(path)
        if note is not None and note.matrices:
            self.tables.add(path)
        if note is None:
            self.notes.pop(path, None)
            self.rests_on(path, ())
        else:
            self.notes[path] = note

    def adopt(self, path: str, data: bytes | None) -> None:
        """We wrote ``data``: if that is what stands there, it is no news."""
        if data is None or self._look(path) != data:
            return
        self._vault.touch(path)
        if _print(data) != self._prints.get(path):
            self._take_in(path, data)

    def is_current(self, path: str) -> bool:
        """Whether a note still is as it was last seen."""
        if not self._vault.has_moved_on(path):
            return True
        return _print(self._look(path)) == self._prints.get(path)

    def is_seen(self, path: str, data: bytes) -> bool:
        """Whether ``data`` is what the note last was seen to hold."""
        return _print(data) == self._prints.get(path)

    def _look(self, path: str) -> bytes | None:
        """What a file holds; None where there is none that can be read."""
        try:
            return (self._vault.root / path).read_bytes()
        except OSError:
            return None

    def _learn_spellings(self) -> None:
        """macOS reports names in another Unicode form than it lists them."""
        paths = (path for path, _ in self._vault.files() if not path.isascii())
        self._spellings = {_composed(path): path for path in paths}

    # --- whom it concerns

    def _users_of(self, changed: Collection[str]) -> set[str]:
        return {
            note
            for file in changed
            for note in self._users.get(file, ())
            if not self._is_own_doing(note, file)
        }

    def rests_on(self, note: str, files: Iterable[str]) -> None:
        """What the results of ``note`` rest on: absolute paths of local modules and data."""
        for file in self._files.pop(note, frozenset()):
            self._users[file].discard(note)
        root = self._vault.root
        inside = (Path(file) for file in files)
        here = frozenset(self._vault.relative(file) for file in inside if file.is_relative_to(root))
        if here:
            self._files[note] = here
        for file in here:
            self._users.setdefault(file, set()).add(note)

    def files_of(self, note: str) -> frozenset[str]:
        """The files of the vault that the results of ``note`` rest on."""
        return self._files.get(note, frozenset())

    def stirred(self, note: str, because: Collection[str], since: float) -> None:
        """``note`` ran because files changed, from ``since`` on (seconds since the epoch).

        One that changed again meanwhile is written by the note itself: without this it would run
        for ever.
        """
        for file in self._files.get(note, frozenset()).intersection(because):
            state = self._state(file)
            if state is not None and state.mtime >= since * 1e9:
                self._stirred[note, file] = state

    def _is_own_doing(self, note: str, file: str) -> bool:
        known = self._stirred.get((note, file))
        return known is not None and known == self._state(file)

    def _state(self, file: str) -> FileState | None:
        try:
            status = (self._vault.root / file).stat()
        except OSError:
            return None
        return FileState(status.st_size, status.st_mtime_ns)


def _print(data: bytes | None) -> str | None:
    """The fingerprint of what a file holds; None where there is none."""
    return None if data is None else hashlib.sha256(data).hexdigest()


def _composed(path: str) -> str:
    return unicodedata.normalize("NFC", path)
