"""The facts of a block, worked out once for all runs that meet its code."""

from __future__ import annotations

import hashlib
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from .codefacts import Facts

    class Memory(Protocol):
        """Facts by key, as far as earlier runs met them."""

        def get(self, key: str, /) -> Facts | None: ...

        def __setitem__(self, key: str, facts: Facts, /) -> None: ...


_memories: list[Memory] = []  # none or one


def remember_in(memory: Memory | None) -> None:
    """Look facts up in ``memory`` from now on, and put new ones there."""
    _memories[:] = [] if memory is None else [memory]


@lru_cache(maxsize=4096)
def facts(
    source: str,
    imported: tuple[tuple[str, str], ...] = (),
    local: tuple[tuple[str, str], ...] = (),
) -> Facts:
    """``names.facts``."""
    key = _key(source, imported, local) if _memories else ""
    for memory in _memories:
        if (known := memory.get(key)) is not None:
            return known
    from . import names  # brings the parser, which a run of known code does without

    found = names.facts(source, imported, local)
    for memory in _memories:
        memory[key] = found
    return found


def _key(source: str, *known: tuple[tuple[str, str], ...]) -> str:
    text = repr((source, *known))  # unlike UTF-8 it has a form for every string
    return hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()
