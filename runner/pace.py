"""When a watched note may be written: after its author has been quiet, and in small steps.

Obsidian saves every two seconds while one types, and merges what others write into what is being
typed; a write into a note at rest meets nobody.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from .records import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Manners:
    """``quiet``: seconds of rest before a write. ``pause``: seconds between two steps of a long
    result. ``longest``: characters by which one step may change a note's length."""

    quiet: float
    pause: float = 0.3
    longest: int | None = None


PLAIN = Manners(quiet=0.3)
OBSIDIAN = Manners(quiet=2.5, longest=200)  # its editor may have the note open


def manners_in(*, obsidian: bool, quiet: float | None) -> Manners:
    """For a vault that Obsidian may have open or not; ``quiet``: where somebody chose it."""
    usual = OBSIDIAN if obsidian else PLAIN
    return usual if quiet is None else replace(usual, quiet=quiet)


@dataclass
class Pace:
    """The clock of each note; times are monotonic seconds."""

    manners: Manners
    clock: Callable[[], float] = time.monotonic
    _edited: dict[str, float] = field(default_factory=dict)
    _stepped: dict[str, float] = field(default_factory=dict)

    def edited(self, path: str, ago: float = 0.0) -> None:
        """Somebody else wrote the note ``ago`` seconds ago."""
        self._edited[path] = self.clock() - max(0.0, ago)

    def stepped(self, path: str) -> None:
        """We wrote a part of what is to be written."""
        self._stepped[path] = self.clock()

    def due(self, path: str) -> float:
        """From when on the note may be written."""
        never = float("-inf")
        rested = self._edited.get(path, never) + self.manners.quiet
        return max(rested, self._stepped.get(path, never) + self.manners.pause)

    def is_due(self, path: str) -> bool:
        return self.clock() >= self.due(path)
