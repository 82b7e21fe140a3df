"""A watched vault as it was last seen: which changed paths are news, and whom they concern.

Content decides, not time: what we wrote ourselves, a touch, or a save without a change is no news.
"""

from __future__ import annotations

import hashlib
import time
import unicodedata
from collections.abc import Collection, Iterable
from pathlib import Path

from .graph import neighbourhood
from .note import Note
from .vault import FileState, Vault, is_note

_ABSENCE = 0.5  # seconds for which a note may be gone or empty while an editor saves it
_GLANCE = 0.05
_EMPTY = hashlib.sha256(b"").hexdigest()


class Sightings:
    """``notes``: those that hold something of ours, as they were when last looked at."""

    def __init__(self, vault: Vault) -> None:
        self.notes: dict[str, Note] = {}
        self._vault = vault
        self._prints: dict[str, str] = {}
        self._files: dict[str, frozenset[str]] = {}  # note -> the files its results rest on
        self._stirred: dict[tuple[str, str], FileState | None] = {}
        self._spellings: dict[str, str] = {}

    def look_at_all(self) -> None:
        """Read the vault for the first time."""
        self._vault.hold()
        self.notes = self._vault.notes()
        for path in self.notes:
            self._prints[path] = self._print(path) or ""
        self._learn_spellings()

    def age(self, path: str) -> float:
        """Seconds since the file was modified."""
        try:
            return max(0.0, time.time() - (self._vault.root / path).stat().st_mtime)
        except OSError:
            return 0.0

    # --- what is news

    def news(self, paths: Iterable[str], *, everything: bool = False) -> set[str]:
        """Those of ``paths`` that are not as they were; looks at every file if ``everything``."""
        suspects = {self._spellings.get(_composed(path), path) for path in paths}
        if everything:
            suspects |= self._vault.hold()
            self._learn_spellings()
        there = {path for path in suspects if self._vault.touch(path)}
        concerned = there | (suspects & self._known())
        self._wait_for_absent({path for path in concerned if is_note(path)})
        return {path for path in concerned if self._is_news(path)}

    def _known(self) -> set[str]:
        return self._prints.keys() | set().union(*self._files.values())

    def _wait_for_absent(self, paths: Collection[str]) -> None:
        """Editors truncate before they write, or remove what they replace."""
        end = time.monotonic() + _ABSENCE
        absent = {p for p in paths if self._prints.get(p, _EMPTY) != _EMPTY}
        while absent and time.monotonic() < end:
            absent = {path for path in absent if self._print(path) in (None, _EMPTY)}
            if absent:
                time.sleep(_GLANCE)
        for path in paths:
            self._vault.touch(path)

    def _is_news(self, path: str) -> bool:
        if not is_note(path):
            return any(path in files for files in self._files.values())
        seen = self._print(path)
        if seen == self._prints.get(path):
            return False
        self._take_in(path, seen)
        return True

    def _take_in(self, path: str, seen: str | None) -> None:
        if seen is None:
            self._prints.pop(path, None)
        else:
            self._prints[path] = seen
        note = self._vault.note(path)
        if note is None:
            self.notes.pop(path, None)
        else:
            self.notes[path] = note

    def adopt(self, path: str, data: bytes | None) -> None:
        """We wrote ``data``: if that is what stands there, it is no news."""
        self._vault.touch(path)
        seen = self._print(path)
        if data is not None and seen == hashlib.sha256(data).hexdigest():
            self._take_in(path, seen)

    def is_current(self, path: str) -> bool:
        """Whether a note still is as it was last seen."""
        if not self._vault.has_moved_on(path):
            return True
        return self._print(path) == self._prints.get(path)

    def _print(self, path: str) -> str | None:
        """The fingerprint of a file's content; None where there is none."""
        try:
            return hashlib.sha256((self._vault.root / path).read_bytes()).hexdigest()
        except OSError:
            return None

    def _learn_spellings(self) -> None:
        """macOS reports names in another Unicode form than it lists them."""
        paths = (path for path, _ in self._vault.files() if not path.isascii())
        self._spellings = {_composed(path): path for path in paths}

    # --- whom it concerns

    def concerned(self, before: dict[str, Note], changed: Collection[str]) -> set[str]:
        """Changed notes, users of changed files, and all notes that import these or imported them
        ``before``."""
        direct = {path for path in changed if is_note(path)} | self._users(changed)
        now, _ = neighbourhood(self.notes, direct)
        then, _ = neighbourhood(before, direct)
        return (now | then) & self.notes.keys()

    def _users(self, changed: Collection[str]) -> set[str]:
        return {
            note
            for note, files in self._files.items()
            for file in files.intersection(changed)
            if not self._is_own_doing(note, file)
        }

    def rests_on(self, note: str, files: Iterable[str]) -> None:
        """What the results of ``note`` rest on: absolute paths of local modules and data."""
        inside = (Path(file) for file in files)
        root = self._vault.root
        self._files[note] = frozenset(
            self._vault.relative(file) for file in inside if file.is_relative_to(root)
        )

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


def _composed(path: str) -> str:
    return unicodedata.normalize("NFC", path)
