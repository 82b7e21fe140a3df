"""A note as it was before our last writes, from the journal outside the vault."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from .atomic import create
from .errors import UserError
from .journal import Journal, Version
from .records import dataclass
from .store import inside, update


@dataclass(frozen=True, slots=True)
class Undoing:
    """What is kept of a note. ``now`` is None where the note is gone; ``versions``: newest first.

    ``edited``: somebody else changed or deleted the note after we wrote it.
    """

    target: Path
    now: bytes | None
    versions: Sequence[Version]
    edited: bool


def look(note: Path, root: Path) -> Undoing:
    """What can be brought back. Raises ``UserError`` where that is nothing."""
    target = inside(note, root)
    if target.exists() and not target.is_file():
        raise UserError(f"{note} is no file: name a note")
    journal = Journal()
    versions = journal.versions(target)[::-1]
    if not versions:
        why = "it was not written in the last 30 days"
        raise UserError(f"nothing is kept of {note}: {why}")
    now = target.read_bytes() if target.exists() else None
    return Undoing(target, now, versions, now is None or not journal.is_ours(target, now))


def chosen(undoing: Undoing, number: int) -> bytes:
    """Version ``number``, 1 being the last. Raises ``UserError`` if there are not so many."""
    if number > len(undoing.versions):
        count = len(undoing.versions)
        words = f"{count} versions are" if count > 1 else "1 version is"
        raise UserError(f"{words} kept of {undoing.target}: choose one that `undo --list` shows")
    return undoing.versions[number - 1].data


def difference(undoing: Undoing, old: bytes) -> list[str]:
    """What bringing ``old`` back would change, as a unified diff."""
    lines, before = (
        data.decode("utf-8", "replace").splitlines() for data in (undoing.now or b"", old)
    )
    return list(difflib.unified_diff(lines, before, "now", "before", lineterm=""))


def bring_back(undoing: Undoing, old: bytes, root: Path) -> bool:
    """Write the old bytes; what the note held meanwhile is kept, so undoing this brings it back.

    A note that is gone is made again. Raises ``WriteError``.
    """
    if undoing.now is not None:
        return update(undoing.target, lambda _: old, root)
    undoing.target.parent.mkdir(parents=True, exist_ok=True)
    create(undoing.target, old)
    return True
