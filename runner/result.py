"""What a run found: results as plain facts, and their JSON.

This module imports the standard library alone, since the worker loads it under whatever
interpreter the user names. Places are kept relative to their block (``Place``), so that a stored
result can be shown at the line where the block stands today.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from enum import Enum, StrEnum
from functools import cache, partial
from types import GenericAlias, NoneType, UnionType

from .patterns import regex
from .records import dataclass, given, hints, names, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    T = TypeVar("T")


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


_PLACE = regex("\x02([^\x02\x03#]+)#([^\x02\x03:]+):([0-9]+)\x03")


def fill_places(text: str, locate: Callable[[Place], str]) -> str:
    """Replace every place token in ``text`` by what ``locate`` says of it."""
    if "\x02" not in text:
        return text
    return _PLACE.sub(lambda m: locate(Place(m[1], m[2], int(m[3]))), text)


def move_places(value: Any, move: Callable[[Place], Place]) -> Any:
    """``value`` (a result or a part of one) with every place in it, and in its texts, moved."""
    if isinstance(value, Place):
        return move(value)
    if isinstance(value, str) and not isinstance(value, Enum):
        return fill_places(value, lambda place: move(place).token())
    return _rebuilt(value, lambda part: move_places(part, move))


def replace_texts(value: Any, change: Callable[[str], str]) -> Any:
    """``value`` (a part of a result) with every text in it changed, but for lines of notes."""
    if isinstance(value, Frame) and value.place is not None:
        return value
    if isinstance(value, str) and not isinstance(value, Enum):
        return change(value)
    return _rebuilt(value, lambda part: replace_texts(part, change))


def _rebuilt(value: Any, change: Callable[[Any], Any]) -> Any:
    """A tuple or dataclass with its parts changed; the same object where none of them is."""
    if isinstance(value, tuple):
        parts = tuple(map(change, value))
        return parts if any(a is not b for a, b in zip(parts, value, strict=True)) else value
    if not names(value.__class__):
        return value
    changes = {}
    for name, part in given(value).items():  # defaults hold nothing to change
        if (new := change(part)) is not part:
            changes[name] = new
    return replace(value, **changes) if changes else value


def bytes_gap(count: int) -> str:
    """The line that stands for ``count`` bytes left out of a text."""
    return f"… {count:,} bytes left out …"


@dataclass(frozen=True, slots=True)
class Text:
    """Printed text or the plain form of a value, as it came, with place tokens in it.

    ``left_out``: how many bytes are missing at lines of the text that say so, in their order.
    """

    text: str
    stream: str = "stdout"  # stdout, stderr or value
    left_out: tuple[int, ...] = ()


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

    @property
    def as_text(self) -> str:
        """What to show where it may not be rendered: the plain form if that says anything."""
        return self.text if names_object(self.plain) else self.plain


_OBJECT = regex(r"(?:<.* object(?: at 0x\S*)?>)?")


def names_object(plain: str) -> bool:
    """Whether the plain form of a value is but the name of its class, and an address."""
    return _OBJECT.fullmatch(plain.strip()) is not None


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
    def said(self) -> str:
        """``Kind: message``; of an exception that says nothing itself, what was added to it."""
        colon = "" if self.message[:1] in ("", "\n") else ": "
        return f"{self.kind}{colon}{self.message}"

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
    ``lacking``: paths without suffix at which a module was looked for in vain. ``written``:
    absolute paths of the files that the block itself opened to write. ``figures``: the
    format that `.runner.toml` asked for, where the result has any. ``doubt`` says why the result
    must not be taken again, "" if it may.
    """

    python: str = ""
    device: str = ""
    dists: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    lacking: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    figures: str = ""
    doubt: str = ""


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

_PLAIN = frozenset((str, int, float, bool))  # as they are in JSON


def encode(value: Any) -> Any:
    """``value`` (records, tuples, frozensets, enums, bytes) as what ``json.dumps`` takes.

    A field that is its default is left out.
    """
    if value is None or value.__class__ in _PLAIN:
        return value
    if names(value.__class__):
        fields = {name: encode(part) for name, part in given(value).items()}
        return {"type": type(value).__name__, **fields}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, tuple | list | frozenset):
        return [encode(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    return value


def decode(kind: type[T], data: Any) -> T:
    """The inverse of ``encode`` for a value of type ``kind``.

    Raises ``ValueError``, ``KeyError`` or ``TypeError`` where ``data`` is not of that form.
    """
    wanted: Any = kind
    made: T = _decoder(wanted)(data)
    return made


@cache
def _decoder(kind: Any) -> Callable[[Any], Any]:
    """What makes a ``kind`` of its data; a kind is taken apart once."""
    if isinstance(kind, UnionType):
        return _union_decoder(kind.__args__)
    if isinstance(kind, GenericAlias):
        if kind.__origin__ is frozenset:
            return _set_decoder(*kind.__args__)
        assert kind.__origin__ is tuple, f"{kind} is no kind of fact"
        return _tuple_decoder(*kind.__args__)
    if names(kind):
        return _record_decoder(kind)
    if kind is bytes:
        return base64.b64decode
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    return partial(_checked, kind)


def _record_decoder(kind: Any) -> Callable[[Any], Any]:
    def decode_record(data: Any) -> Any:
        parts = _parts(kind)
        return kind(**{k: parts[k](value) for k, value in data.items() if k != "type"})

    return decode_record


@cache
def _parts(kind: type) -> Mapping[str, Callable[[Any], Any]]:
    """What makes the fields of a record; looked at when the first one is made."""
    return {name: _decoder(hint) for name, hint in hints(kind).items()}


def _tuple_decoder(first: Any, *rest: Any) -> Callable[[Any], Any]:
    if rest == (Ellipsis,):
        item = _decoder(first)
        return lambda data: tuple(map(item, data))
    items = [_decoder(kind) for kind in (first, *rest)]
    return lambda data: tuple(one(value) for one, value in zip(items, data, strict=True))


def _set_decoder(kind: Any) -> Callable[[Any], Any]:
    item = _decoder(kind)
    return lambda data: frozenset(map(item, data))


def _union_decoder(members: tuple[Any, ...]) -> Callable[[Any], Any]:
    named = {member.__name__: _decoder(member) for member in members if names(member)}
    plain = [_decoder(member) for member in members if member is not NoneType]

    def decode_member(data: Any) -> Any:
        if data is None:
            if NoneType not in members:
                raise TypeError(f"expected one of {members}, got None")
            return None
        return named[data["type"]](data) if isinstance(data, dict) else plain[0](data)

    return decode_member


def _checked(kind: Any, data: Any) -> Any:
    if kind is float and isinstance(data, int):
        return float(data)
    if not isinstance(data, kind):
        raise TypeError(f"expected {kind.__name__}, got {type(data).__name__}")
    return data
