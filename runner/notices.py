"""Words that come up anywhere and belong beside an answer: kept until a door says them."""

from __future__ import annotations

from .records import dataclass


@dataclass(frozen=True, slots=True)
class Notice:
    """A word beside what a command answers. ``is_fault``: something is the user's to mend."""

    words: str
    is_fault: bool = False


_waiting: list[Notice] = []
_told: set[str] = set()


def tell(notice: Notice, about: str) -> None:
    """Have it said, unless something was said ``about`` the same in this process."""
    if about not in _told:
        _told.add(about)
        _waiting.append(notice)


def take() -> list[Notice]:
    """What there is to say, once."""
    taken = [*_waiting]
    _waiting.clear()
    return taken
