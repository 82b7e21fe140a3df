"""What a command says and how it ends, as facts; ``cli`` prints them and exits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from .errors import UserError
from .patterns import regex
from .records import dataclass

FINE, FAILED, MISUSED, UNTRUSTED = range(4)
"""Exit codes: fine; failed, stale or in error; wrong use or environment; vault not trusted."""


class Refusal(UserError):
    """Ends the command with a message and an exit code."""

    def __init__(self, message: str, code: int = MISUSED) -> None:
        super().__init__(message)
        self.code = code


class Misuse(Refusal):
    """A command line that cannot be read; ``shown`` is the same at length, for people."""

    def __init__(self, message: str, shown: str) -> None:
        super().__init__(message)
        self.shown = shown


@dataclass(frozen=True, slots=True)
class Answer:
    """``data`` is the one JSON document of ``--json``, ``lines`` the same for people.

    Without ``data`` it is a word for people alone, beside what the command answers.
    """

    data: Mapping[str, object] | None
    lines: Iterable[str]
    code: int = FINE


# What our own words are styled with.
_COLOUR = regex(r"(\x1b\[(?:0|1|2|3[1-7])m)")
_ODD = regex(r"[^ -~]")
# Control and format characters, surrogates, line and paragraph separators. Joiners stay: scripts
# and emoji are spelled with them.
_STEERING = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_HARMLESS = frozenset("\t\u200c\u200d")


def spelled(line: str) -> str:
    """``line`` as a terminal may show it: colours stay; what else could steer it is spelled out.

    File names, notes and exceptions may hold sequences that write to the clipboard, rename the
    window, begin a line of ours or turn text around.
    """
    if line.isprintable():
        return line
    pieces = _COLOUR.split(line)
    pieces[::2] = [_ODD.sub(_escaped, piece) for piece in pieces[::2]]
    return "".join(pieces)


def spelled_json(document: str) -> str:
    """A JSON document with the same characters as JSON escapes: its meaning is the same."""
    return _ODD.sub(_escaped_in_json, document)


def _steers(character: str) -> bool:
    return character not in _HARMLESS and unicodedata.category(character) in _STEERING


def _escaped(match: re.Match[str]) -> str:
    return repr(match[0])[1:-1] if _steers(match[0]) else match[0]


def _escaped_in_json(match: re.Match[str]) -> str:
    if not _steers(match[0]):
        return match[0]
    units = match[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[n]:02x}{units[n + 1]:02x}" for n in range(0, len(units), 2))
