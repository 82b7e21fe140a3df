"""The shapes of notes that earlier runs met, outside the vault."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from . import shapes
from .edition import edition
from .kept import Kept

SOURCES = ("fences.py", "shapes.py")
LIBRARIES = ("markdown-it-py",)
_LIMIT = 32 * 2**20  # bytes
_AT_ONCE = 100  # new ones are written together, by so many at the latest


class KeptShapes:
    """The ``shapes.Memory`` that all runs of a user share. Close it to have new ones kept."""

    def __init__(self) -> None:
        self._kept = Kept("shapes", limit=_LIMIT)
        self._edition = edition(SOURCES, LIBRARIES)
        self._met: dict[str, str] = {}
        self._new: dict[str, str] = {}

    def get(self, shape: str, /) -> str | None:
        key = self._key(shape)
        if key not in self._met:
            self._met |= self._kept.get_many([key])
        return self._met.get(key)

    def __setitem__(self, shape: str, structure: str, /) -> None:
        key = self._key(shape)
        self._met[key] = self._new[key] = structure
        if len(self._new) >= _AT_ONCE:
            self._write()

    def close(self) -> None:
        self._write()
        self._kept.close()

    def _write(self) -> None:
        self._kept.put_many(self._new)
        self._new.clear()
        self._met.clear()

    def _key(self, shape: str) -> str:
        return f"{self._edition} {shape}"


@contextmanager
def remembered() -> Iterator[None]:
    """Notes that are read meanwhile are held against the shapes that earlier runs met."""
    memory = KeptShapes()
    shapes.remember_in(memory)
    try:
        yield
    finally:
        shapes.remember_in({})
        memory.close()
