"""What we write into a vault: notes through the one writer, figures beside them, old bytes kept."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from .atomic import WriteError, create, explained, swap
from .records import dataclass
from .userdirs import state_folder

_ATTEMPTS = 10
_KEPT_PER_NOTE = 20
_KEPT_SECONDS = 30 * 24 * 3600


class Journal:
    """The bytes notes had before our writes: the last 20 per note, for 30 days.

    One journal serves one run. Of a note written several times in it only bytes that somebody
    else wrote are kept.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = (folder or state_folder()) / "journal"
        self._ours: dict[Path, str] = {}

    def keep(self, path: Path, data: bytes) -> Path | None:
        """Remember ``data`` as what ``path`` held before a write; the file that holds it, if any.

        Raises ``WriteError``.
        """
        if self._ours.get(path) == _digest(data):
            return None
        entries = self._entries(self._of(path))
        if entries and entries[-1].read_bytes() == data:
            return entries[-1]
        folder = self._of(path)
        try:
            with explained(folder, "written"):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                entry = folder / f"{time.time_ns():020}-{os.getpid()}"
                create(entry, data, durable=False)
                self._forget_old(folder)
                return entry
        except WriteError as error:
            what = f"cannot be kept for `undo`: {error.path} {error.what}"
            hint = f"name another folder in RUNNER_STATE, or {error.hint}"
            raise WriteError(path, what, hint) from error

    def wrote(self, path: Path, data: bytes) -> None:
        """``path`` holds ``data`` by our own writing: no bytes to bring back."""
        self._ours[path] = _digest(data)

    def previous(self, path: Path) -> bytes | None:
        """What ``path`` held before our last writes, ``None`` if nothing is kept."""
        entries = self._entries(self._of(path))
        return entries[-1].read_bytes() if entries else None

    def _of(self, path: Path) -> Path:
        return self._folder / _digest(os.fsencode(_real(path)))[:32]

    def _entries(self, folder: Path) -> list[Path]:
        if not folder.is_dir():
            return []
        return sorted(entry for entry in folder.iterdir() if entry.name[0] != ".")

    def _forget_old(self, folder: Path) -> None:
        entries = self._entries(folder)
        oldest = time.time_ns() - _KEPT_SECONDS * 10**9
        for position, entry in enumerate(entries, start=1 - len(entries)):
            # The newest stays, however old: it is what undo brings back.
            if position and (-position >= _KEPT_PER_NOTE or _time(entry) < oldest):
                entry.unlink(missing_ok=True)


def _time(entry: Path) -> int:
    return int(entry.name.partition("-")[0])


def update(
    path: Path, change: Callable[[bytes], bytes], root: Path, journal: Journal | None = None
) -> bool:
    """Replace the bytes of the note at ``path`` by what ``change`` makes of them.

    Returns False, having touched nothing, where they are the same. ``change`` is called again
    with the new bytes if somebody else writes meanwhile. A symlinked note is written at its
    target. Raises ``WriteError`` with the note as it was: outside ``root``, in a dot-folder,
    read-only, on a full disk, gone, or changing again and again.
    """
    journal = journal or Journal()
    target = inside(path, root)
    for _ in range(_ATTEMPTS):
        with explained(path, "read"):
            old = target.read_bytes()
        new = change(old)
        if new == old:
            return False
        backup = journal.keep(target, old)
        if swap(target, old, new, backup):
            journal.wrote(target, new)
            return True
    raise WriteError(path, "kept changing while it was being written", "run again")


def inside(path: Path, root: Path) -> Path:
    """``path`` with its links resolved. Raises ``WriteError`` unless it is in the vault's open.

    In the open: below ``root``, and neither it nor a folder on the way begins with a dot.
    """
    top = _real(root)
    target = _real(path)
    if not target.is_relative_to(top):
        hint = "move the file itself into the vault: only there anything is written"
        raise WriteError(path, "leads out of the vault", hint)
    if any(part.startswith(".") for part in target.relative_to(top).parts):
        hint = "move it: nothing is written to files and folders that begin with a dot"
        raise WriteError(path, "is hidden by a dot in its path", hint)
    return target


# --- figures and long texts ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ownership:
    """Which files of an attachment folder are ours.

    ``linked``: the names that the note's old regions show. ``known``: whether we once wrote such
    bytes for this vault. ``elsewhere``: whether another note embeds the name.
    """

    linked: frozenset[str]
    known: Callable[[bytes], bool]
    elsewhere: Callable[[str], bool]


def write_files(
    folder: Path, files: Mapping[str, bytes], ownership: Ownership, root: Path
) -> tuple[WriteError, ...]:
    """Make ``folder`` hold ``files``, and no file that the regions showed and no longer make.

    A file that is not ours is never touched; equal bytes keep their time. What could not be
    written is returned, an error per file; the others are.
    """
    gone = [name for name in sorted(ownership.linked) if name not in files]
    errors = []
    for step, names in ((_write_file, files), (_remove_file, gone)):
        for name in names:
            try:
                step(folder / name, files.get(name, b""), ownership, root)
            except WriteError as error:
                errors.append(error)
    return tuple(errors)


def _write_file(path: Path, data: bytes, ownership: Ownership, root: Path) -> None:
    target = _attachment(path, root)
    with explained(path, "written"):
        target.parent.mkdir(parents=True, exist_ok=True)
        old = target.read_bytes() if target.exists() else None
    if old == data:
        return
    if old is not None and path.name not in ownership.linked and not ownership.known(old):
        hint = "rename it, or the block; until then the block's file is not written"
        raise WriteError(path, "is a file that we did not write", hint)
    create(target, data)


def _remove_file(path: Path, _: bytes, ownership: Ownership, root: Path) -> None:
    target = _attachment(path, root)
    if ownership.elsewhere(path.name):
        return
    with explained(path, "removed"):
        target.unlink(missing_ok=True)


def _attachment(path: Path, root: Path) -> Path:
    if path.is_symlink():
        hint = "rename it, or the block"
        raise WriteError(path, "is a symbolic link, which we do not write through", hint)
    return inside(path, root)


def _real(path: Path) -> Path:
    """Unlike ``Path.resolve`` it raises on no loop of links; reading such a file does."""
    return Path(os.path.realpath(path))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
