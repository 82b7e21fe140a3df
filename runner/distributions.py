"""What is installed: the distributions on Python's search path, read from their metadata folders.

``importlib.metadata`` reads a file for each and is slow; the names of these folders say it all
(PyPA, "Recording installed projects").
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from functools import cache

from .records import dataclass

# Setuptools puts its hook into every process that finds it installed; whoever uses the hook
# imports setuptools.
_NOT_THIRD_PARTY = frozenset({"vault", "runner", "__main__", "__mp_main__", "_distutils_hack"})
_BUILD_SETTINGS = "_sysconfigdata_"  # Python's own, named after the platform


@dataclass(frozen=True, slots=True)
class Distribution:
    """``metadata`` is the path of its folder ``….dist-info``."""

    name: str
    version: str
    metadata: str


def normal(name: str) -> str:
    """A distribution's name as names are compared (PyPA, "Names and normalization")."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed() -> dict[str, Distribution]:
    """Normal name → what stands on our own search path now; of two the one that is found first."""
    found: dict[str, Distribution] = {}
    for folder in sys.path:
        for entry in _metadata_folders(folder or "."):
            name, _, version = entry.name.removesuffix(".dist-info").partition("-")
            found.setdefault(normal(name), Distribution(name, version, entry.path))
    return found


def _metadata_folders(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if entry.name.endswith(".dist-info")]
    except OSError:
        return []


def behind(modules: set[str]) -> tuple[tuple[str, str], ...]:
    """Name and version of the distributions that brought those top-level ``modules`` that were
    installed, by what the search path held when this was first asked."""
    wanted = modules - sys.stdlib_module_names - _NOT_THIRD_PARTY
    wanted = {name for name in wanted if not name.startswith(_BUILD_SETTINGS)}
    known = _at_first()
    named = {name for name in wanted if normal(name) in known}
    found = {known[normal(name)] for name in named} | _by_contents(frozenset(wanted - named))
    return tuple(sorted((one.name, one.version) for one in found))


@cache
def _at_first() -> dict[str, Distribution]:
    return installed()


@cache
def _by_contents(modules: frozenset[str]) -> frozenset[Distribution]:
    """Distributions whose files hold modules that bear another name (``PIL`` is pillow)."""
    if not modules:
        return frozenset()
    owners = _owners()
    return frozenset(owners[name] for name in modules if name in owners)


@cache
def _owners() -> dict[str, Distribution]:
    owners: dict[str, Distribution] = {}
    for distribution in _at_first().values():
        for module in _modules_of(distribution):
            owners.setdefault(module, distribution)
    return owners


def _modules_of(distribution: Distribution) -> Iterator[str]:
    """Top-level modules that a distribution says it installed."""
    for file, read in (("top_level.txt", str.split), ("RECORD", _recorded)):
        try:
            path = os.path.join(distribution.metadata, file)
            with open(path, encoding="utf-8", errors="replace") as stream:
                return iter(set(read(stream.read())))
        except OSError:
            continue
    return iter(())


def _recorded(text: str) -> list[str]:
    tops = {line.partition(",")[0].partition("/")[0] for line in text.splitlines()}
    return [top.partition(".")[0] for top in tops if not top.endswith((".dist-info", "..", "bin"))]
