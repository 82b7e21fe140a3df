"""Printed paths and numbers of one machine and one process, as any other would say them.

A region's bytes must not tell where the vault lies, where Python is installed, or which process
ran: files of the vault stand relative to its root, those of libraries, of ours and temporary ones
behind an ellipsis, and numbers that the system gave out are left out as addresses are.
"""

from __future__ import annotations

import os
import re
import site
import sys
from collections.abc import Iterable
from functools import cache, cached_property

from .result import replace_texts
from .scratch import temporary_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    T = TypeVar("T")

OUR_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")

# As `sysconfig` says it, whose import has the interpreter's whole build in it.
STANDARD = os.path.dirname(os.path.abspath(os.__file__))
_STANDARD_COMPILED = os.path.join(
    sys.base_exec_prefix, sys.platlibdir, "python{}.{}".format(*sys.version_info)
)


def library_folders() -> tuple[str, ...]:
    """Folders of the interpreter and what is installed into it: nobody's own code."""
    found = {STANDARD, _STANDARD_COMPILED, site.getusersitepackages(), *site.getsitepackages()}
    return tuple(os.path.join(os.path.realpath(path), "") for path in sorted(found)) + tuple(
        os.path.join(path, "") for path in sorted(found)
    )


LIBRARIES = library_folders()


class Portable:
    """``root`` is the vault's folder; ``made`` are those that this run keeps its own files in."""

    def __init__(self, root: str, made: Iterable[str] = ()) -> None:
        self._folders = {
            "python": [sys.executable],
            "runner": _spellings([OUR_FOLDER]),
            "behind": _spellings(filter(None, made)) + _trimmed(LIBRARIES),
            "here": _spellings(filter(None, [root])),
            "temporary": _spellings([temporary_folder()]),
        }
        self._words = (*(path for paths in self._folders.values() for path in paths), *_MARKS)

    def of(self, found: T) -> T:
        """A result, or a part of one, with all its texts so changed."""
        changed: T = replace_texts(found, self.text)
        return changed

    def text(self, text: str) -> str:
        if not any(word in text for word in self._words):
            return text
        return _numbers().sub("…", self._paths.sub(_shown, text))

    @cached_property
    def _paths(self) -> re.Pattern[str]:
        named = {
            name: "|".join(map(_quoted, sorted(paths, key=len, reverse=True))) or "(?!)"
            for name, paths in self._folders.items()
        }
        return re.compile(_PATHS.format(**named), re.VERBOSE)


def _spellings(folders: Iterable[str]) -> list[str]:
    """The folders as they are called, as they are, and as faulthandler writes them."""
    every = {path for folder in folders for path in (folder, os.path.realpath(folder))}
    every |= {path.encode("ascii", "backslashreplace").decode("ascii") for path in every}
    return _trimmed(every)


def _trimmed(folders: Iterable[str]) -> list[str]:
    return [folder.rstrip("/\\") or folder for folder in folders]


_SEPARATOR = r"(?:\\\\|[/\\])"  # one backslash, or two as in a repr


def _quoted(path: str) -> str:
    return _SEPARATOR.join(map(re.escape, re.split(r"[/\\]", path)))


# The rest of a path stays as it is. What is no path of ours but has a library's folder in it was
# installed for another interpreter.
_PATHS = rf"""
    (?<![\w.~-])(?:
      (?P<python>{{python}}) (?![\w.-])
    | (?P<runner>{{runner}}) {_SEPARATOR}
    | (?P<behind>{{behind}}) {_SEPARATOR}
    | (?P<here>{{here}}) (?:(?P<below>{_SEPARATOR}) | (?![\w-] | \.\w))
    | (?P<temporary>{{temporary}}) {_SEPARATOR} tmp[a-z0-9_]{{{{8}}}} (?![a-z0-9_])
    | (?P<installed>(?:[A-Za-z]:)? [/\\] [^\s"'<>|:*?]* (?:site|dist)-packages) {_SEPARATOR}
    )
"""


def _shown(match: re.Match[str]) -> str:
    if match["here"]:
        return "" if match["below"] else "."
    if match["python"]:
        return "…/python"
    if match["runner"]:
        return "…/runner/"
    return "…/tmp…" if match["temporary"] else "…/"


# Words without which a text has none of the forms below; and these: threads as their `repr` and
# faulthandler show them, processes as multiprocessing, subprocess and torch do.
_MARKS = ("-packages", "0x0000", "pid", "parent=", "started ", "subprocess ")
_NUMBERS = r"""
  (?<=\b0x) 0000[0-9a-f]{12} \b
| (?<=[ (]started[ ]) [0-9]{6,} (?=\)>)
| (?<=[ ]started[ ]daemon[ ]) [0-9]{6,} (?=\)>)
| (?<=\bpid=) [0-9]+ (?=[ ]parent=)
| (?<=[ ]parent=) [0-9]+ (?=[ ](?:started|stopped|initial))
| (?<=\(pid[ ]) [0-9]+ (?=\))
| (?<=\(pid\(s\)[ ]) [0-9]+ (?:,[ ][0-9]+)* (?=\))
| (?<=\bsubprocess[ ]) [0-9]+ (?=[ ]is[ ]still[ ]running)
"""


@cache
def _numbers() -> re.Pattern[str]:
    """Compiled when first wanted: a worker's start is waited for."""
    return re.compile(_NUMBERS, re.VERBOSE)
