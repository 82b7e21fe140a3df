"""Files that are no notes of their own: conflict copies, links to a note, names that are no text.

Each of two names of one note would write its results over those of the other.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from .attributes import regular_bytes
from .patterns import regex

# Of Syncthing, Dropbox (also in other languages), Seafile, Nextcloud, OneDrive; of office programs.
_CONFLICT_COPY = regex(
    r"\.sync-conflict-|\(.*conflicted copy.*\)|\((case|unicode encoding) conflict( \d+)?\)"
    r"|[(（][^()]*([ck]onfli|競合|冲突|충돌)[^()]*\d{4}-\d\d-\d\d|\(SFConflict |[-_]conflict-\d{8}"
    r"|-(DESKTOP|LAPTOP)-[A-Z0-9]{7,8}(-\d+)?\.md$|^~\$",
    re.IGNORECASE,
)
_WORDS = ("onfli", "競合", "冲突", "충돌", "desktop-", "laptop-", "~$")  # one of them is there
_NUMBERED = regex(r"(.+) [2-9]\.(?:md|MD)", re.DOTALL)
_NUMBERS = frozenset(f" {digit}" for digit in range(2, 10))
_TAGGED_ID = regex(rb"""(?:setup|component|test|run)=["']?([A-Za-z][\w-]*)""")


class Doubles:
    """Of the names that the notes of one vault have, all but one each.

    ``is_visible`` says of a root-relative path whether the vault shows it.
    """

    def __init__(self, root: Path, is_visible: Callable[[str], bool]) -> None:
        self._root = root
        self._is_visible = is_visible
        self._seen: dict[tuple[int, int], str] = {}  # notes by device and inode

    def has(self, path: str, status: os.stat_result, is_link: bool) -> bool:
        """Whether the file at a root-relative path is another note of the vault over again.

        Of several hard links the first one that was asked for is the note.
        """
        if not path.endswith((".md", ".MD")):
            return False
        if is_link:
            top = Path(os.path.realpath(self._root))
            target = Path(os.path.realpath(self._root / path))
            if target.is_relative_to(top):
                return self._is_visible(target.relative_to(top).as_posix())
        if status.st_ino:  # listing a folder does not tell it on Windows
            inode = status.st_dev, status.st_ino
            first = self._seen.setdefault(inode, path)
            if first != path and status.st_nlink > 1 and self._is_same(first, path):
                return True
            self._seen[inode] = path
        numbered = _NUMBERED.fullmatch(path) if path[-5:-3] in _NUMBERS else None
        return numbered is not None and self._is_copy(path, f"{numbered[1]}.md")

    def _is_same(self, one: str, other: str) -> bool:
        try:
            return (self._root / one).samefile(self._root / other)
        except OSError:
            return False

    def _is_copy(self, path: str, original: str) -> bool:
        """Whether two notes have the same tagged blocks, by the ids of most."""
        if not (self._root / original).is_file():
            return False
        try:
            both = (regular_bytes(self._root / name) for name in (path, original))
            ids, originals = (set(_TAGGED_ID.findall(data)) for data in both)
        except OSError:
            return False
        return bool(ids) and 2 * len(ids & originals) >= len(ids | originals)


def is_conflict_copy(name: str) -> bool:
    """Whether a sync tool named a file so, beside the one that it could not merge."""
    lower = name.lower()
    may_be = any(word in lower for word in _WORDS)
    return may_be and _CONFLICT_COPY.search(name) is not None


def is_text(name: str) -> bool:
    """Whether a file's name can be written anywhere; on POSIX it may be any bytes."""
    return name.isascii() or not any("\ud800" <= char <= "\udfff" for char in name)
