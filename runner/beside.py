"""The Python files that lie beside a vault's notes, read as the graph asks for them."""

from __future__ import annotations

import os
from pathlib import Path

from .attributes import regular_bytes
from .vault import LARGEST, FileState


class Beside:
    """Reads the files of the vault at ``root``; one that has not changed is read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, tuple[FileState, str | None]] = {}

    def read(self, path: str) -> str | None:
        """The text of a root-relative file; None where there is none, or none that can be read:
        what is imported from it then counts as unknown."""
        file = self._root / path
        try:
            status = os.stat(file)
        except (OSError, ValueError):
            return None
        state = FileState(status.st_size, status.st_mtime_ns)
        known = self._known.get(path)
        if known is None or known[0] != state:
            known = self._known[path] = (state, _text(file, state))
        return known[1]


def _text(file: Path, state: FileState) -> str | None:
    if state.size > LARGEST:
        return None
    try:
        return regular_bytes(file).decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError):
        return None
