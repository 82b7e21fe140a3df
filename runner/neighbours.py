"""Which notes import which: an index that one changed note costs one note's work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from .knownfacts import facts
from .localcode import LocalCode, Read, nothing_beside
from .note import Note


class Neighbours:
    """The notes of a vault by the modules they are and the modules they may import.

    Notes that bear the same module name belong together, since they are in each other's way.
    ``read`` gives the Python files beside the notes, which may import notes as well.
    """

    def __init__(
        self, notes: Mapping[str, Note] | None = None, read: Read = nothing_beside
    ) -> None:
        self._read = read
        self._known: dict[str, tuple[str, frozenset[str]]] = {}
        self._bearers: dict[str, set[str]] = {}
        self._importers: dict[str, set[str]] = {}
        for path, note in (notes or {}).items():
            self.put(path, note)

    def put(self, path: str, note: Note | None) -> None:
        """The note at ``path`` is now as given; None: it is gone."""
        module, imported = self._known.pop(path, ("", frozenset()))
        self._bearers.get(module, set()).discard(path)
        for name in imported:
            self._importers[name].discard(path)
        if note is None:
            return
        self._known[path] = note.module, _modules_in(note, self._read)
        self._bearers.setdefault(note.module, set()).add(path)
        for name in self._known[path][1]:
            self._importers.setdefault(name, set()).add(path)

    def affected(self, paths: Iterable[str]) -> set[str]:
        """``paths`` and all notes that import them, transitively."""
        return _closure(paths, self._above)

    def related(self, paths: Iterable[str]) -> set[str]:
        """What is ``affected``, and all notes that these import, transitively."""
        return self.imported(self.affected(paths))

    def imported(self, paths: Iterable[str]) -> set[str]:
        """Those of ``paths`` that are known, and all notes that these import, transitively."""
        return _closure(paths, self._below) & self._known.keys()

    def _above(self, path: str) -> set[str]:
        module = self._module(path)
        return self._bearers.get(module, set()) | self._importers.get(module, set())

    def _below(self, path: str) -> set[str]:
        module, imported = self._known.get(path, ("", frozenset()))
        return set().union(*(self._bearers.get(name, set()) for name in (module, *imported)))

    def _module(self, path: str) -> str:
        return self._known[path][0] if path in self._known else ""


def _modules_in(note: Note, read: Read) -> frozenset[str]:
    """The modules of other notes that the blocks of a note may import, by files beside it too."""
    found: set[str] = set()
    beside = LocalCode(read)
    pending, seen = [note], set[str]()
    while pending:
        code = pending.pop()
        for block in code.blocks:
            imports = facts(block.source).imports
            found.update(
                f"vault.{item.name}" if item.module == "vault" else item.module
                for item in imports
                if item.module.partition(".")[0] == "vault"
            )
            found.update(module for _, module in beside.named_in(imports, beside.place_of(code)))
        pending.extend(beside.notes[path] for path in beside.notes.keys() - seen)
        seen |= beside.notes.keys()
    return frozenset(found)


def _closure(start: Iterable[str], edges: Callable[[str], set[str]]) -> set[str]:
    found = set(start)
    pending = list(found)
    while pending:
        new = edges(pending.pop()) - found
        found |= new
        pending.extend(new)
    return found
