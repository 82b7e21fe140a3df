"""Makes notes on machine-learning papers run: quote, component, test, figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__version__ = "0.1.0"
__all__ = ["install"]


def install(path: str | Path, device: str = "auto") -> None:
    """Make the notes of the vault at ``path`` importable as ``vault.<note>`` in this program.

    See ``runner.library.install``.
    """
    from .library import install as make_importable

    make_importable(path, device)
