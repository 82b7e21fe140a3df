"""The user's own modules from their source alone.

Python takes a compiled file beside the source for the source's own where time and size agree. One
that lags behind an edit within the same second is stale; one that came with a vault may be of
another program, which no pin of the vault's content would show.
"""

from __future__ import annotations

import site
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType


class _Fresh(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


class _Finder:
    """Finds what Python finds on its path, and reads of the user's own modules the source."""

    def __init__(self) -> None:
        self._installed = (sys.prefix, sys.base_prefix, site.USER_SITE or sys.prefix)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or type(spec.loader) is not SourceFileLoader:
            return spec
        if not spec.loader.path.startswith(self._installed):
            spec.loader = _Fresh(spec.loader.name, spec.loader.path)
        return spec


def read_sources() -> None:
    """From now on, in this process."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        place = sys.meta_path.index(PathFinder) if PathFinder in sys.meta_path else 0
        sys.meta_path.insert(place, _Finder())
