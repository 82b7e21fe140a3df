"""What earlier runs found out about the texts of notes: shapes and facts, outside the vault."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from . import knownfacts, shapes
from .codefacts import Facts
from .edition import edition
from .kept import Kept
from .result import decode, encode

SHAPES = ("fences.py", "shapes.py")
SHAPES_LIBRARIES = ("markdown-it-py",)
FACTS = tuple(
    f"{name}.py"
    for name in """
    classes codefacts defining effects filecalls flows holding insides names scopes sharing touching
    """.split()
)
_LIMIT = 96 * 2**20  # bytes
_AT_ONCE = 100  # new ones are written together, by so many at the latest


class KeptTexts:
    """Texts by key, as one ``edition`` of our code made them, over a ``Kept`` that others share.

    One that is not as it was written is as good as not there.
    """

    def __init__(self, kept: Kept, edition: str) -> None:
        self._kept = kept
        self._edition = edition
        self._met: dict[str, str] = {}
        self._new: dict[str, str] = {}

    def get(self, key: str, /) -> str | None:
        key = f"{self._edition} {key}"
        if key not in self._met:
            sealed = self._kept.get_many([key]).get(key, "")
            self._met |= {key: text} if (text := _unsealed(key, sealed)) else {}
        return self._met.get(key)

    def __setitem__(self, key: str, text: str, /) -> None:
        key = f"{self._edition} {key}"
        self._met[key] = text
        self._new[key] = _seal(key, text) + text
        if len(self._new) >= _AT_ONCE:
            self.write()

    def write(self) -> None:
        self._kept.put_many(self._new)
        self._new.clear()
        self._met.clear()


class KeptFacts:
    """``knownfacts.Memory``, over texts."""

    def __init__(self, texts: KeptTexts) -> None:
        self._texts = texts

    def get(self, key: str, /) -> Facts | None:
        text = self._texts.get(key)
        try:
            return None if text is None else decode(Facts, json.loads(text))
        except (AttributeError, KeyError, TypeError, ValueError):
            return None  # nothing that this code wrote

    def __setitem__(self, key: str, facts: Facts, /) -> None:
        self._texts[key] = json.dumps(encode(facts))


def _seal(key: str, text: str) -> str:
    """Eight letters that a text damaged on its way does not have."""
    return hashlib.blake2b(f"{key} {text}".encode(), digest_size=4).hexdigest()


def _unsealed(key: str, sealed: str) -> str:
    seal, text = sealed[:8], sealed[8:]
    return text if seal == _seal(key, text) else ""


@contextmanager
def remembered() -> Iterator[None]:
    """What was found about notes that are read meanwhile is kept, and not looked for again."""
    kept = Kept("notes", limit=_LIMIT)
    structures = KeptTexts(kept, edition(SHAPES, SHAPES_LIBRARIES))
    # The grammar is Python's, and may change with its version.
    found = KeptTexts(kept, f"{edition(FACTS, ())} {sys.version_info[0]}.{sys.version_info[1]}")
    shapes.remember_in(structures)
    knownfacts.remember_in(KeptFacts(found))
    try:
        yield
    finally:
        shapes.remember_in({})
        knownfacts.remember_in(None)
        structures.write()
        found.write()
        kept.close()
