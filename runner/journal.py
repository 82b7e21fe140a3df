"""What notes held before our writes, kept outside the vault for a bounded time."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

from .atomic import WriteError, create, explained
from .records import dataclass
from .userdirs import state_folder

_KEPT_PER_NOTE = 20
_KEPT_SECONDS = 30 * 24 * 3600
_KEPT_BYTES = 512 * 2**20  # of all notes; looked at once a day
_DAY = 24 * 3600
_OURS = "ours"  # the file that says what we wrote last
_TIDIED = "tidied"  # the file whose time says when all notes were last looked at


@dataclass(frozen=True, slots=True)
class Version:
    """Bytes that a note held; ``time`` in seconds since 1970, when they were kept."""

    time: float
    data: bytes


class Journal:
    """The bytes notes had before our writes: the last 20 per note, for 30 days, 512 MB in all.

    One journal serves one run. Of a note written several times in it only bytes that somebody
    else wrote are kept. Notes are known by their paths with links resolved.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = (folder or state_folder()) / "journal"
        self._ours: dict[Path, str] = {}

    def keep(self, path: Path, old: bytes, new: bytes) -> None:
        """Remember that ``path`` held ``old`` before ``new`` is written. Raises ``WriteError``."""
        folder = self._of(path)
        try:
            with explained(folder, "written"):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                if self._ours.get(path) != _digest(old):
                    self._add(folder, old)
                create(folder / _OURS, _digest(new).encode(), durable=False)
        except WriteError as error:
            what = f"cannot be kept for `undo`: {error.path} {error.what}"
            hint = f"name another folder in RUNNER_STATE, or {error.hint}"
            raise WriteError(path, what, hint) from error

    def wrote(self, path: Path, data: bytes) -> None:
        """``path`` holds ``data`` by our own writing: no bytes to bring back."""
        self._ours[path] = _digest(data)

    def is_ours(self, path: Path, data: bytes) -> bool:
        """Whether ``data`` is what we last wrote to ``path``, in this run or an earlier one."""
        try:
            return (self._of(path) / _OURS).read_text(encoding="utf-8") == _digest(data)
        except OSError:
            return False

    def versions(self, path: Path) -> list[Version]:
        """What ``path`` held before our writes, the newest last."""
        entries = self._entries(self._of(path))
        return [Version(_time(entry) / 1e9, entry.read_bytes()) for entry in entries]

    def _of(self, path: Path) -> Path:
        return self._folder / _digest(os.fsencode(os.path.realpath(path)))[:32]

    def _add(self, folder: Path, data: bytes) -> None:
        entries = self._entries(folder)
        if not entries or entries[-1].read_bytes() != data:
            create(folder / _name(entries), data, durable=False)
            self._forget_old(folder)

    def _entries(self, folder: Path) -> list[Path]:
        if not folder.is_dir():
            return []
        return sorted(entry for entry in folder.iterdir() if entry.name[:1].isdecimal())

    def _forget_old(self, folder: Path) -> None:
        """Of this note what is too much; once a day of all notes what is too old or too much."""
        for entry in self._entries(folder)[:-_KEPT_PER_NOTE]:
            entry.unlink(missing_ok=True)
        mark = self._folder / _TIDIED
        if mark.exists() and abs(time.time() - mark.stat().st_mtime) < _DAY:
            return
        mark.write_bytes(b"")
        entries = [entry for note in self._folder.iterdir() for entry in self._entries(note)]
        entries.sort(key=_time, reverse=True)
        oldest, size = time.time_ns() - _KEPT_SECONDS * 10**9, 0
        for entry in entries:
            size += entry.stat().st_size
            if _time(entry) < oldest or size > _KEPT_BYTES:
                entry.unlink(missing_ok=True)
        for note in self._folder.iterdir():
            if note.is_dir() and note != folder and not self._entries(note):
                import shutil  # not at the top: it brings all its archives' formats

                shutil.rmtree(note, ignore_errors=True)  # another process may do so too


def _name(entries: list[Path]) -> str:
    """A name behind those of ``entries``, also when the clock was set back."""
    latest = _time(entries[-1]) if entries else 0
    return f"{max(time.time_ns(), latest + 1):020}-{os.getpid()}"


def _time(entry: Path) -> int:
    return int(entry.name.partition("-")[0])


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
