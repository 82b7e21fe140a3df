"""Makes notes on machine-learning papers run: quote, component, test, figure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import TypeVar

    T = TypeVar("T")

__version__ = "0.1.0"
__all__ = ["checkpoint", "install"]


def checkpoint(name: str, make: Callable[[], T]) -> T:
    """What ``make()`` returned when the block this stands in was last run as it is now.

    See ``runner.checkpoints.checkpoint``.
    """
    from .checkpoints import checkpoint as kept_or_made

    return kept_or_made(name, make)


def install(path: str | Path, device: str = "auto") -> None:
    """Make the notes of the vault at ``path`` importable as ``vault.<note>`` in this program.

    See ``runner.library.install``.
    """
    from .library import install as make_importable

    make_importable(path, device)
