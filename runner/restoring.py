"""Figures and texts of ours that somebody removes or overwrites while their vault is watched.

They come back as the next run of their note would bring them back, but into nobody's hands: when
the vault has been quiet for a while, as long as the note shows them and they were not moved to
another folder, and not for ever.
"""

from __future__ import annotations

import posixpath
import time
import unicodedata
from collections.abc import Callable, Collection, Mapping

from .attributes import regular_bytes
from .note import Note
from .records import dataclass
from .render import linked_files, maker
from .vault import Vault, VaultError

_REST = 2.0  # seconds in which no file changes: a checkout, a sync, a move is over
_TURNS = 2  # how often a file is brought back
_LATER = 600.0  # seconds after which that begins anew


@dataclass(frozen=True, slots=True)
class Lost:
    """A file at ``path``, shown by ``note``, that is not as we wrote it. ``is_there``: it is
    another one. ``for_good``: it was brought back often enough."""

    note: str
    path: str
    is_there: bool
    for_good: bool

    def __str__(self) -> str:
        how = "overwritten" if self.is_there else "removed"
        if self.for_good:
            hint = f"it is left so until {self.note} is saved or run"
            return f"{self.path} was {how} again and again: {hint}"
        return f"{self.path} was {how}: it is written again, since {self.note} shows it"


class Restoring:
    """Hears which files changed, and says which of ours are lost.

    ``is_ours``: whether we once wrote a file of these bytes. ``clock``: monotonic seconds.
    """

    def __init__(
        self,
        vault: Vault,
        is_ours: Callable[[bytes], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._vault = vault
        self._is_ours = is_ours
        self._clock = clock
        self._suspects: set[str] = set()  # names
        self._heard = 0.0
        self._turns: dict[tuple[str, str], list[float]] = {}  # by note and path

    def hear(self, files: Collection[str], saved: Collection[str]) -> None:
        """These files may have changed, come or gone; these notes did, by another's hand."""
        if files or saved:
            self._heard = self._clock()
        self._suspects |= {posixpath.basename(path) for path in files}
        for key in [key for key in self._turns if key[0] in saved]:
            del self._turns[key]

    def due(self) -> float:
        """When to ask what is lost, by the clock; else never."""
        return self._heard + _REST if self._suspects else float("inf")

    def lost(self, notes: Mapping[str, Note]) -> list[Lost]:
        """What of these notes' files is lost; nothing before it is time to ask."""
        if self._clock() < self.due():
            return []
        names, self._suspects = {_composed(name) for name in self._suspects}, set()
        every = (
            self._look(note, name)
            for name in sorted(names)
            for note in notes.values()
            if name.startswith(f"{note.name}-")
        )
        return [lost for lost in every if lost is not None]

    def _look(self, note: Note, name: str) -> Lost | None:
        block = maker(note, name)
        if block is None or name not in linked_files(note, block.id):
            return None
        try:
            path = posixpath.join(self._vault.attachments(note.path), name)
        except (ValueError, VaultError):
            return None  # whoever writes the note says what is wrong
        try:
            data = regular_bytes(self._vault.root / path)
        except OSError:
            data = None
        if data is None and any(other != path for other in self._vault.named(name)):
            return None  # it was moved, which is the author's to decide
        if data is not None and self._is_ours(data):
            return None
        return self._counted(note.path, path, is_there=data is not None)

    def _counted(self, note: str, path: str, *, is_there: bool) -> Lost | None:
        """None where enough was done, and said, about it."""
        now = self._clock()
        turns = [when for when in self._turns.get((note, path), ()) if now - when < _LATER]
        self._turns[note, path] = [*turns, now]
        if len(turns) > _TURNS:
            return None
        return Lost(note, path, is_there, for_good=len(turns) == _TURNS)


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)
