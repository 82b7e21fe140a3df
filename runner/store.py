"""What we write into a vault: notes through the one writer, figures beside them, old bytes kept."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from .atomic import Irreplaceable, WriteError, create, explained, swap
from .attributes import regular_bytes
from .inplace import rewrite, settle_note
from .journal import Journal
from .records import dataclass

_ATTEMPTS = 10


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
    settle_note(target)
    for _ in range(_ATTEMPTS):
        with explained(path, "read"):
            old = regular_bytes(target)
        new = change(old)
        if new == old:
            return False
        journal.keep(target, old, new)
        if _put(target, old, new):
            journal.wrote(target, new)
            return True
    raise WriteError(path, "kept changing while it was being written", "run again")


def _put(path: Path, old: bytes, new: bytes) -> bool:
    """Replace ``old`` by ``new``; False if ``path`` no longer holds ``old``."""
    try:
        return swap(path, old, new)
    except Irreplaceable:
        return rewrite(path, old, new)


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


def refusals(
    folder: Path, files: Mapping[str, bytes], ownership: Ownership, root: Path
) -> tuple[WriteError, ...]:
    """The errors of ``write_files`` that can be seen beforehand; nothing is written."""
    errors = []
    for name, data in files.items():
        try:
            _is_due(folder / name, data, ownership, root)
        except WriteError as error:
            errors.append(error)
    return tuple(errors)


def _write_file(path: Path, data: bytes, ownership: Ownership, root: Path) -> None:
    if not _is_due(path, data, ownership, root):
        return
    target = _attachment(path, root)
    with explained(path, "written"):
        target.parent.mkdir(parents=True, exist_ok=True)
    create(target, data)


def _is_due(path: Path, data: bytes, ownership: Ownership, root: Path) -> bool:
    """Whether ``path`` lacks ``data``. Raises ``WriteError`` where it may not be written."""
    target = _attachment(path, root)
    with explained(path, "written"):
        old = target.read_bytes() if target.exists() else None
    if old is None or old == data:
        return old is None
    if path.name not in ownership.linked and not ownership.known(old):
        hint = "rename it, or the block; until then the block's file is not written"
        raise WriteError(path, "is a file that we did not write", hint)
    return True


def _remove_file(path: Path, _: bytes, ownership: Ownership, root: Path) -> None:
    target = _attachment(path, root)
    if ownership.elsewhere(path.name):
        return
    with explained(path, "removed"):
        target.unlink(missing_ok=True)


def _attachment(path: Path, root: Path) -> Path:
    with explained(path, "written"):
        is_link = path.is_symlink()
    if is_link:
        hint = "rename it, or the block"
        raise WriteError(path, "is a symbolic link, which we do not write through", hint)
    return inside(path, root)


def _real(path: Path) -> Path:
    """Unlike ``Path.resolve`` it raises on no loop of links; reading such a file does."""
    return Path(os.path.realpath(path))
