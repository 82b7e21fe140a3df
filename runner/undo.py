"""A note as it was before our last writes, from the journal outside the vault."""

from __future__ import annotations

import difflib
from pathlib import Path

from .errors import UserError
from .store import Journal, inside, update


def difference(note: Path, root: Path) -> list[str]:
    """What bringing the old bytes back would change, as a unified diff. Raises ``UserError``."""
    now = inside(note, root).read_bytes()
    lines, before = (
        data.decode("utf-8", "replace").splitlines() for data in (now, _old(note, root))
    )
    return list(difflib.unified_diff(lines, before, "now", "before", lineterm=""))


def bring_back(note: Path, root: Path) -> bool:
    """Write the old bytes; what the note held meanwhile is kept, so undoing this brings it back."""
    old = _old(note, root)
    return update(note, lambda _: old, root)


def _old(note: Path, root: Path) -> bytes:
    if not note.is_file():
        raise UserError(f"{note} is no file: name a note")
    old = Journal().previous(inside(note, root))
    if old is None:
        raise UserError(f"nothing is kept of {note}: it was not written in the last 30 days")
    return old
