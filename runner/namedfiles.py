"""Files and folders that a block names: C and Rust code opens them without a word to Python."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator

State = tuple[int, int] | None

_MOST = 1000  # files of a folder that are looked at

# What finds out whether a file is there without opening it.
_ASKS = re.compile(r"\b(l?exists|is_?(file|dir)|l?stat|getsize|getmtime|access)\b")
# What keeps all that it is to save, or to load, in a folder.
_LOADS = re.compile(r"from_pretrained|load_model|load_from_disk|load_dataset")
_SAVES = re.compile(r"save_pretrained|save_model|save_to_disk")
# What may leave something where nothing was.
_MAKES = re.compile(r"mkdir|makedirs|save|write|touch|dump|copy|open|\bto_\w+\(")
_LITERAL = re.compile(r"""(["'])([^"'\n\\]{1,200})\1""")  # a text without escapes


def state_of(path: str) -> State:
    """Size and time of change, of folders nothing; None where there is no such path."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return (0, 0) if stat.S_ISDIR(status.st_mode) else (status.st_size, status.st_mtime_ns)


class NamedFiles:
    """Compares what stands under the names before and after one block at a time; ``folder`` is the
    vault's, with a separator at its end.

    ``missing`` are the names under which the block may find out that nothing stands there.
    """

    def __init__(self, folder: str) -> None:
        self.missing: set[str] = set()
        self._folder = folder
        self._before: dict[str, State] = {}
        self._trees: set[str] = set()
        self._changes = self._makes = False  # what the block may do

    def expect(self, source: str) -> None:
        """The block of this text is about to run, in the present working folder."""
        loads, saves = _LOADS.search(source) is not None, _SAVES.search(source) is not None
        asks = loads or _ASKS.search(source) is not None
        self._changes = saves or not loads
        self._makes = self._changes and _MAKES.search(source) is not None
        self.missing.clear()
        for _, word in _LITERAL.findall(source):
            if word.endswith(".md") or not (asks or saves or os.path.isfile(word)):
                continue
            name = os.path.abspath(word)  # which fails in a working folder that is gone
            if os.path.isfile(word):
                self._before[name] = state_of(name)
            elif not name.startswith(self._folder):
                continue
            elif not os.path.lexists(word):
                self._before[name] = None
                self.missing |= {name} if asks else set()
            elif (loads or saves) and not _holds_working_folder(name):
                self._trees.add(name)
                self._before |= dict.fromkeys([name], (0, 0)) | {
                    path: state_of(path) for path in _below(name)
                }

    def settle(self) -> Iterator[tuple[str, State, bool]]:
        """(path, its state before, whether the block wrote it) of what is there now."""
        trees = self._trees | {name for name in self.missing if os.path.isdir(name)}
        trees |= {name for name, was in self._before.items() if was is None and os.path.isdir(name)}
        new = {path for tree in trees for path in _below(tree)} - self._before.keys()
        for path in (*self._before, *sorted(new)):
            before, now = self._before.get(path), state_of(path)
            own = self._changes if before is not None else self._makes
            if now is not None:
                yield path, before, own and before != now
        self._before.clear()
        self._trees.clear()
        self.missing.clear()


def _holds_working_folder(name: str) -> bool:
    return os.path.join(os.getcwd(), "").startswith(os.path.join(name, ""))


def _below(folder: str) -> list[str]:
    """The files in a folder and in those in it, the first of them where there are very many."""
    found: list[str] = []
    for where, inner, names in os.walk(folder):
        inner.sort()
        found += (os.path.join(where, name) for name in sorted(names))
        if len(found) >= _MOST:
            break
    return found[:_MOST]
