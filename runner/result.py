"""What a run found: results as plain facts, and their JSON.

This module imports the standard library alone, since the worker loads it under whatever
interpreter the user names. Places are kept relative to their block (``Place``), so that a stored
result can be shown at the line where the block stands today.
"""

from __future__ import annotations

import base64
import dataclasses
import re
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import cache
from typing import Any, TypeVar


class Status(StrEnum):
    """How a block ended; the word in its region's marker."""

    OK = "ok"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    SKIPPED = "skipped"

    @property
    def said(self) -> str:
        """In a sentence: "which …"."""
        return {"timeout": "timed out", "skipped": "was skipped"}.get(self.value, self.value)


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a block: ``line`` counts from 1 at the block's first line of code."""

    module: str
    block: str
    line: int

    def token(self) -> str:
        """The form that stands for this place inside captured text (see ``fill_places``)."""
        return f"\x02{self.module}#{self.block}:{self.line}\x03"


_PLACE = re.compile("\x02([^\x02\x03#]+)#([^\x02\x03:]+):([0-9]+)\x03")


def fill_places(text: str, locate: Callable[[Place], str]) -> str:
    """Replace every place token in ``text`` by what ``locate`` says of it."""
    return _PLACE.sub(lambda m: locate(Place(m[1], m[2], int(m[3]))), text)


def move_places(value: Any, move: Callable[[Place], Place]) -> Any:
    """``value`` (a result or a part of one) with every place in it, and in its texts, moved."""
    if isinstance(value, Place):
        return move(value)
    if isinstance(value, str) and not isinstance(value, Enum):
        return fill_places(value, lambda place: move(place).token()) if "\x02" in value else value
    if isinstance(value, tuple):
        return tuple(move_places(item, move) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        old = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        new = {name: move_places(part, move) for name, part in old.items()}
        changed = any(new[name] is not part for name, part in old.items())
        return dataclasses.replace(value, **new) if changed else value
    return value


@dataclass(frozen=True, slots=True)
class Text:
    """Printed text or the plain form of a value, as it came, with place tokens in it."""

    text: str
    stream: str = "stdout"  # stdout, stderr or value


@dataclass(frozen=True, slots=True)
class Table:
    """A data frame: cells as text; ``cut`` says what was left out, "" if nothing."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    cut: str = ""


@dataclass(frozen=True, slots=True)
class Markup:
    """A ``_repr_markdown_`` or ``_repr_latex_``, unchecked, with the plain form beside it."""

    text: str
    plain: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture in deterministic bytes; ``mime`` is image/png or image/svg+xml."""

    mime: str
    data: bytes


Output = Text | Table | Markup | Figure


@dataclass(frozen=True, slots=True)
class Frame:
    """One of the user's own frames. ``code`` is the line's text; ``file`` names a local module."""

    function: str
    code: str
    place: Place | None = None
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception: its kind (``ValueError``), message, and the user's frames, outermost first."""

    kind: str
    message: str
    frames: tuple[Frame, ...] = ()

    @property
    def headline(self) -> str:
        """``Kind: first line of the message``."""
        first = self.message.partition("\n")[0]
        return f"{self.kind}: {first}" if first else self.kind


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """One pytest test. ``status``: passed failed error skipped xfailed xpassed.

    ``where`` names the place of the failure once the note's lines are known.
    """

    __test__ = False

    name: str
    status: str
    message: str = ""
    device: str = "cpu"
    failure: Failure | None = None
    where: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a result rests on besides the notes' text, as the worker saw it.

    ``dists``: distribution → version, of what was imported. ``files``: absolute path → sha256 of
    the local modules imported and files read. ``env``: name → sha256 of the value, "" if unset.
    """

    python: str = ""
    device: str = ""
    dists: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    env: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What one execution of a block found. ``reason`` explains a status other than ok."""

    status: Status
    outputs: tuple[Output, ...] = ()
    failure: Failure | None = None
    tests: tuple[TestOutcome, ...] = ()
    seconds: float = 0.0
    device: str = ""
    reason: str = ""
    evidence: Evidence = Evidence()


# --- JSON ------------------------------------------------------------------------------------

T = TypeVar("T")


def encode(value: Any) -> Any:
    """``value`` (frozen dataclasses, tuples, enums, bytes) as what ``json.dumps`` takes."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"type": type(value).__name__, **fields}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    return value


def decode(kind: type[T], data: Any) -> T:
    """The inverse of ``encode`` for a value of type ``kind``.

    Raises ``ValueError``, ``KeyError`` or ``TypeError`` where ``data`` is not of that form.
    """
    return typing.cast(T, _decode(kind, data))


@cache
def _fields(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _decode(kind: Any, data: Any) -> Any:
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return _decode_union(kind, data)
    if origin is tuple:
        item, *rest = typing.get_args(kind)
        if rest == [Ellipsis]:
            return tuple(_decode(item, value) for value in data)
        return tuple(_decode(k, v) for k, v in zip((item, *rest), data, strict=True))
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = _fields(kind)
        return kind(**{k: _decode(hints[k], v) for k, v in data.items() if k != "type"})
    if kind is bytes:
        return base64.b64decode(data)
    if kind is float and isinstance(data, int):
        return float(data)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(data)
    if not isinstance(data, kind):
        raise TypeError(f"expected {kind.__name__}, got {type(data).__name__}")
    return data


def _decode_union(kind: Any, data: Any) -> Any:
    members = typing.get_args(kind)
    if data is None:
        if types.NoneType not in members:
            raise TypeError(f"expected {kind}, got None")
        return None
    if isinstance(data, dict):
        named = {m.__name__: m for m in members if isinstance(m, type)}
        return _decode(named[data["type"]], data)
    return _decode(next(m for m in members if m is not types.NoneType), data)
