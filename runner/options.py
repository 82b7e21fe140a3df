"""The options of a block: ``#| key: value`` lines at its top, each with a type."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from .note import Block, Options, Role
from .patterns import regex
from .records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KINDS = ("parity", "paper-number", "closed-form", "property", "phenomenon", "mutant")
OUTPUTS = ("all", "text", "figures", "none")
LONGEST = 4000  # characters of one option

_LINE = regex(r"#\|[ \t]?(.*)")
_KEY = regex(r"([A-Za-z_][\w-]*)[ \t]*:(?:[ \t]+(.*)|)", re.S)
_WORD = regex(r"[A-Za-z_][\w./-]*")
_WORDS = regex(r"\[[ \t]*(?:[A-Za-z_][\w./-]*[ \t]*(?:,[ \t]*[A-Za-z_][\w./-]*[ \t]*)*)?\]")
_NUMBER = regex(r"-?(?:0|[1-9]\d{0,17})")
_ID = regex(r"[A-Za-z][A-Za-z0-9_-]*")
_QUOTE = regex(r"\^?([A-Za-z0-9-]+)")
_DEVICE = regex(r"cpu|mps|cuda(?::\d{1,3})?")
_EXCEPTION = regex(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_ENV = regex(r"[^=\s\0]+")
_NON_TEXT = frozenset({"null", "Null", "NULL", "~"})
_BOOLEANS = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}

Load = Callable[[str, bool], object]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an option; ``line`` counts from 0 at the block's first line."""

    line: int
    what: str
    hint: str
    stops: bool = True


class _Wrong(Exception):
    """A value that is not of its option's type: what it has to be."""


def read_options(
    source: str, role: Role, attributes: Iterable[tuple[str, str]], load: Load
) -> tuple[Options, tuple[Fault, ...]]:
    """The options of a block: its leading ``#|`` lines, and those given on the fence.

    ``load(text, typed)`` reads YAML, untyped for text, and raises ``ValueError`` with a ``line``.
    A faulty option keeps its default. All faults are reported.
    """
    groups, faults = _groups(source.split("\n"))
    groups += [_Group(-1, key, value) for key, value in attributes]
    values: dict[str, Any] = {}
    for group in groups:
        fault = _read(group, role, values, load)
        if fault:
            faults.append(fault)
    return Options(**values), tuple(faults)


def line_of(block: Block, key: str) -> int:
    """The note line on which ``block`` states the option ``key``; the fence's if it is there."""
    groups, _ = _groups(block.source.split("\n"))
    return next((block.code_line + group.line for group in groups if group.key == key), block.line)


@dataclass(frozen=True, slots=True)
class _Group:
    """One option: the line of its key (-1: on the fence), and its value as text."""

    line: int
    key: str
    value: str


def _groups(lines: Sequence[str]) -> tuple[list[_Group], list[Fault]]:
    groups: list[_Group] = []
    faults: list[Fault] = []
    end = 0
    for end, line in enumerate(lines):
        match = _LINE.match(line)
        if not match:
            if line.strip():
                break
            continue
        text = match[1].rstrip()
        if pair := _KEY.fullmatch(text):
            groups.append(_Group(end, pair[1], pair[2] or ""))
        elif groups and (text[:1] in ("", " ", "\t", "#", "]") or text.startswith("- ")):
            last = groups[-1]
            groups[-1] = _Group(last.line, last.key, f"{last.value}\n{text}")
        elif text and not text.startswith("#"):
            what = f"the option line `{_short(text)}` has no key"
            faults.append(Fault(end, what, "write `#| key: value`"))
    return groups, faults + _late(lines, end)


def _late(lines: Sequence[str], start: int) -> list[Fault]:
    """Option lines that stand below code, where they are only comments."""
    found = []
    for index in range(start, len(lines)):
        match = _LINE.match(lines[index]) if lines[index].startswith("#|") else None
        pair = _KEY.fullmatch(match[1]) if match else None
        if pair and pair[1] in _TYPES:
            what = f"the option `{pair[1]}` stands below code, where it has no effect"
            found.append(Fault(index, what, "move the line to the top of the block", stops=False))
    return found


def _read(group: _Group, role: Role, values: dict[str, Any], load: Load) -> Fault | None:
    key = group.key
    if key not in _TYPES:
        what = f"there is no option `{_short(key)}`"
        return Fault(group.line, what, f"use one of {_listed(_TYPES)}")
    if key in values:
        return Fault(group.line, f"the option `{key}` is given twice", "keep one of them")
    if key == "kind" and role is not Role.TEST:
        what = f"only a test has a `kind`, this is a {role} block"
        return Fault(group.line, what, "remove the line, or make the block a test")
    if len(group.value) > LONGEST:
        what = f"the option `{key}` is longer than {LONGEST:,} characters"
        return Fault(group.line, what, "shorten its value")
    form, check, typed = _TYPES[key]
    try:
        values[key] = check(_value(group.value, typed, load))
    except _Wrong:
        value = _short(group.value)
        said = f"cannot be `{value}`" if value else "has no value"
        return Fault(group.line, f"the option `{key}` {said}", f"write {form}")
    except ValueError as fault:
        line = group.line + max(getattr(fault, "line", 0), 0)
        what = f"the option `{key}` is no YAML: {fault}"
        return Fault(line, what, f"write {form}; put text with special characters in quotes")
    return None


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "..."


def _value(text: str, typed: bool, load: Load) -> object:
    """``text`` as YAML says; the plain forms, nearly all there are, without loading YAML."""
    plain = text.strip()
    if _WORD.fullmatch(plain) and plain not in _NON_TEXT:
        return _BOOLEANS.get(plain, plain) if typed else plain
    if typed and _NUMBER.fullmatch(plain):
        return int(plain)
    if not typed and _WORDS.fullmatch(plain):
        inner = plain[1:-1].strip()
        return [word.strip() for word in inner.split(",")] if inner else []
    return load(text, typed)


def faulty_properties(properties: Mapping[str, object]) -> dict[str, str]:
    """The properties of a note that set options for its blocks but are not of their form.

    Maps each to the form that it has to have. One without a value counts as not given.
    """
    return {
        key: form
        for key, (form, check) in _PROPERTIES.items()
        if properties.get(key) is not None and not _passes(check, properties[key])
    }


def _passes(check: Callable[[object], object], value: object) -> bool:
    try:
        check(value)
    except _Wrong:
        return False
    return True


# --- types -----------------------------------------------------------------------------------


def _list_of(pattern: re.Pattern[str]) -> Callable[[object], tuple[str, ...]]:
    def check(value: object) -> tuple[str, ...]:
        items = value if isinstance(value, list) else [value]
        matches = [pattern.fullmatch(item) for item in items if isinstance(item, str)]
        if len(matches) < len(items) or not all(matches):
            raise _Wrong
        return tuple(match[match.lastindex or 0] for match in matches if match)

    return check


def _one_of(*words: str) -> Callable[[object], str]:
    def check(value: object) -> str:
        if not isinstance(value, str) or value not in words:
            raise _Wrong
        return value

    return check


def _exception(value: object) -> str:
    if not isinstance(value, str) or not _EXCEPTION.fullmatch(value):
        raise _Wrong
    return value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Wrong
    return value


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _Wrong
    return value


def _seconds(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _Wrong
    if not (math.isfinite(value) and value > 0):
        raise _Wrong
    return float(value)


def _devices(value: object) -> tuple[str, ...]:
    devices = _list_of(_DEVICE)(value)
    if not devices or len(set(devices)) < len(devices):
        raise _Wrong
    return devices


def _device_or_auto(value: object) -> str:
    if not isinstance(value, str) or not (value == "auto" or _DEVICE.fullmatch(value)):
        raise _Wrong
    return value


_PATH = regex(r"[^\0\r\n]+")

# The form as a message says it, the check, and whether YAML's types count (else all is text).
_TYPES: dict[str, tuple[str, Callable[[object], object], bool]] = {
    "needs": ("a list of block ids", _list_of(_ID), False),
    "quotes": ("a list of block ids of quotes", _list_of(_QUOTE), False),
    "kind": (f"one of {_listed(KINDS)}", _one_of(*KINDS), False),
    "device": ("`cpu`, `cuda`, `cuda:1`, `mps` or a list of them", _devices, False),
    "timeout": ("a positive number of seconds", _seconds, True),
    "seed": ("an integer of at most 18 digits", _integer, True),
    "raises": ("the name of an exception", _exception, False),
    "slow": ("`true` or `false`", _boolean, True),
    "output": (f"one of {_listed(OUTPUTS)}", _one_of(*OUTPUTS), False),
    "data": ("a list of paths", _list_of(_PATH), False),
    "env": ("a list of names of environment variables", _list_of(_ENV), False),
    "cache": ("`true` or `false`", _boolean, True),
}

_PROPERTIES: dict[str, tuple[str, Callable[[object], object]]] = {
    "timeout": (_TYPES["timeout"][0], _seconds),
    "seed": (_TYPES["seed"][0], _integer),
    "device": ("`cpu`, `cuda`, `cuda:1`, `mps` or `auto`", _device_or_auto),
}
