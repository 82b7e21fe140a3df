"""Python files beside the notes, as the graph sees them: notes which nobody plans.

Each function and class of a file counts as a block of its own. A note finds the files in its own
folder, before all that is installed. What imports one of them depends on the notes that it imports,
and what it changes is looked for as in any note.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from .codefacts import Import
from .effects import KNOWN_PACKAGES
from .knownfacts import facts
from .note import Block, Note, Role, Span
from .patterns import regex
from .records import dataclass

Read = Callable[[str], str | None]  # root-relative path -> the text of a Python file, if it is one

# Who looks for modules elsewhere may find others than those beside the note.
_ELSEWHERE = regex(r"\bsys\s*\.\s*path|\bsys\s+import|addsitedir|meta_path|path_hooks|PYTHONPATH")
# How a file can be used that is named nowhere as a module: by its name at run time, or as text.
_BY_TEXT = regex(
    r"import_module|__import__|\bmodules\b|\bexec|\beval|runpy|spec_from|ickle|\bloads?\b|dill"
    r"|joblib|\bPool|Process|\.py\b|__file__|glob|listdir|scandir|iterdir|\bwalk\b"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a piece of code looks for modules: the folder of the note that is run, and of a file
    beside it the package that it belongs to; ``None`` for a note."""

    folder: str
    package: tuple[str, ...] | None = None

    def relative(self, module: str) -> str:
        """The absolute name of ``module`` (``..sub.part``); "" where there is none."""
        name = module.lstrip(".")
        level = len(module) - len(name)
        if level == 0:
            return module
        if self.package is None:
            return f"vault.{name}" if level == 1 and name else "vault" * (level == 1)
        base = self.package[: len(self.package) - level + 1]
        if not base or level > len(self.package):
            return ""
        return ".".join((*base, name)) if name else ".".join(base)


def nothing_beside(_: str) -> str | None:
    """Reads no file."""
    return None


def is_local(path: str) -> bool:
    """Whether this is the path of a file beside the notes, not of a note."""
    return path.startswith("./") or "/./" in path


def true_path(path: str) -> str:
    """The root-relative path of such a file."""
    return posixpath.normpath(path)


def looks_elsewhere(sources: Iterable[str]) -> bool:
    return any(map(_ELSEWHERE.search, sources))


def names_by_text(sources: Iterable[str]) -> bool:
    return any(map(_BY_TEXT.search, sources))


class LocalCode:
    """Finds and reads the files that code imports; ``notes`` holds them, by path."""

    def __init__(self, read: Read) -> None:
        self.notes: dict[str, Note] = {}
        self._read = read
        self._asked: dict[tuple[str, tuple[str, ...]], str] = {}
        self._places: dict[str, Place] = {}

    def place_of(self, note: Note) -> Place:
        return self._places.get(note.path) or Place(posixpath.dirname(note.path))

    def named_in(self, imports: Iterable[Import], place: Place) -> tuple[tuple[str, str], ...]:
        """The modules among what is imported, as (name as it is written, ``Note.module``)."""
        return tuple(sorted({pair for item in imports for pair in self._named(item, place)}))

    def _named(self, item: Import, place: Place) -> Iterator[tuple[str, str]]:
        if item.module.startswith("vault.") or not item.module:
            return
        absolute = place.relative(item.module)
        if absolute.startswith("vault"):
            if absolute != item.module:
                name = f".{item.name}" if absolute == "vault" else ""
                yield item.module + name[1:], absolute + name
            return
        way = tuple(absolute.split("."))
        if not absolute or way[0] in KNOWN_PACKAGES:
            return
        for length in range(1, len(way) + 1):
            if found := self._module(place.folder, way[:length]):
                at = item.module if length == len(way) else ".".join(way[:length])
                yield at, found
        if item.name and (found := self._module(place.folder, (*way, item.name))):
            joint = "" if item.module.endswith(".") else "."
            yield f"{item.module}{joint}{item.name}", found

    def _module(self, folder: str, way: tuple[str, ...]) -> str:
        if (folder, way) not in self._asked:
            self._asked[folder, way] = self._look(folder, way)
        return self._asked[folder, way]

    def _look(self, folder: str, way: tuple[str, ...]) -> str:
        name = "/".join(way)
        for file, package in ((f"{name}/__init__.py", way), (f"{name}.py", way[:-1])):
            source = self._read(posixpath.join(folder, file))
            if source is not None:
                path = f"{folder}/./{file}" if folder else f"./{file}"
                blocks = tuple(_blocks(file, source))
                note = Note(path, source, path.replace(".", ":"), blocks=blocks)
                self.notes[path] = note
                self._places[path] = Place(folder, package)
                return note.module
        return ""


def _blocks(file: str, source: str) -> Iterator[Block]:
    """A file cut before and behind its functions and classes; whole where its parts do not parse,
    since what looks like one stands in a text."""
    parts = list(_parts(source))
    if any(facts(text).broken for _, text in parts):
        parts = [(1, source)]
    for line, text in parts:
        yield Block(Role.COMPONENT, f"{file}:{line}", line, line, Span(0, 0), text)


def _parts(source: str) -> Iterator[tuple[int, str]]:
    """(first line, text) of each."""
    lines = source.split("\n")
    starts, before = [1], ""
    for number, line in enumerate(lines, start=1):
        if not line or line[0] in " \t#" or _GOES_ON.match(line):
            continue
        begins = "@" if line[0] == "@" else "def" if _DEFINES.match(line) else "other"
        if before and before != "@" and (begins, before) != ("other", "other"):
            starts.append(number)
        if not (before == "@" and begins == "other"):  # an argument of the decorator
            before = begins
    for start, end in pairwise([*starts, len(lines) + 1]):
        yield start, "\n".join(lines[start - 1 : end - 1])


_DEFINES = regex(r"(?:async\s+)?def\s|class\s")
_GOES_ON = regex(r"(?:else|elif|except|finally)\b|[)\]}\"']")
