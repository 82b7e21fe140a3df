"""Modules that blocks looked for in vain: once one is there, another result is expected."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType

from .frames import is_own_code
from .portable import STANDARD
from .premises import Folders

_IMPORTER = "importlib"  # in the names of all files of Python's import system


class Lacking:
    """The last finder of all: it finds nothing, and remembers what reached it.

    Not what a library asks for while it is imported itself: libraries try what they may use.
    ``notes`` are the files of the user that are no Python files.
    """

    def __init__(self, notes: frozenset[str]) -> None:
        self._notes = notes
        self._sought: dict[str, tuple[str, ...]] = {}  # module: the folders it was looked for in

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, _: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._sought and not fullname.startswith("vault."):
            folders = sys.path if path is None else path
            if self._is_asked_for():
                self._sought[fullname] = tuple(os.path.abspath(folder) for folder in folders)
        return None

    def _is_asked_for(self) -> bool:
        frame: FrameType | None = sys._getframe(2)
        while frame is not None:
            file = frame.f_code.co_filename
            if file in self._notes or is_own_code(file):
                return True
            if frame.f_code.co_name == "<module>" and _IMPORTER not in file:
                return False
            frame = frame.f_back
        return True

    def places(self) -> Iterator[str]:
        """Paths without suffix at which one of them would lie, where nothing lies now."""
        now = Folders()
        for name, folders in self._sought.items():
            if name in sys.modules:  # a finder that came later knew it
                continue
            for folder in folders:
                place = os.path.join(folder, name.rpartition(".")[2])
                if folder != STANDARD and not now.have_module(place):
                    yield place
