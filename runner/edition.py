"""Which code made a text that is kept: what another edition made is as good as not there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from .distributions import installed, normal

_PACKAGE = Path(__file__).parent


@cache
def edition(sources: tuple[str, ...], libraries: tuple[str, ...]) -> str:
    """A short text that changes with our ``sources`` or the version of one of ``libraries``.

    ``sources`` are names below the package, as ``quotes.py`` or ``pdf`` for a whole folder;
    ``libraries`` are distributions. Raises ``OSError`` where a source cannot be read.
    """
    digest = hashlib.blake2b(digest_size=8)
    for path in _files(sources):
        digest.update(path.read_bytes())
    found = installed() if libraries else {}
    for library in libraries:
        version = found[normal(library)].version if normal(library) in found else None
        digest.update(f"{library} {version}\n".encode())
    return digest.hexdigest()


def _files(sources: Iterable[str]) -> Iterable[Path]:
    for source in sources:
        path = _PACKAGE / source
        yield from sorted(path.glob("*.py")) if path.is_dir() else (path,)
