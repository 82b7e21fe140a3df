"""Outputs of cells, from any notebook, as results of blocks.

An output is a stream, an error, or a bundle (display_data, execute_result): one value in several
MIME types, of which the form that says most is taken.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..clean import clean, gap
from ..note import Role
from ..notebook import TESTS, Output
from ..records import dataclass
from ..result import Failure, Figure, Frame, Markup, Place, Result, Status, TestOutcome, Text
from ..result import Output as Found
from . import html_text

_PNG = b"\x89PNG\r\n\x1a\n"
_LONGEST_TEXT = 2_000_000  # characters of one output; more is cut in its middle
_LARGEST_IMAGE = 20_000_000  # bytes
_KEPT_LINES = 200  # of a traceback


@dataclass(frozen=True, slots=True)
class Spot:
    """The block that a cell becomes; ``lines`` of the cell's source come before it."""

    module: str
    block: str
    role: Role
    lines: int = 0


Redraw = Callable[[bytes], bytes | None]
"""A picture of any kind as PNG, None where it cannot be."""


def to_result(outputs: Sequence[Output], spot: Spot, redraw: Redraw) -> Result | None:
    """What the outputs of a cell come to as its block's result; None where they show nothing.

    What a note cannot hold (widgets, scripts, what is too large) becomes a line that says so.
    """
    found: list[Found] = []
    failure: Failure | None = None
    tests: tuple[TestOutcome, ...] = ()
    for output in outputs:
        kind, data = output["output_type"], output["data"]
        if kind == "stream":
            name = "stderr" if output.get("name") == "stderr" else "stdout"
            found.append(Text(_cut(output.get("text", "")), name))
        elif kind == "error":
            failure = _failure(output, spot)
        elif TESTS in data:
            tests += tuple(_outcomes(data[TESTS]))
        elif spot.role is not Role.TEST:
            found.append(_value(data, redraw))
    if spot.role is Role.TEST and not tests and failure is None:
        return None
    if not (found or tests or failure):
        return None
    failed = failure or any(test.status in ("failed", "error") for test in tests)
    status = Status.FAILED if failed else Status.OK
    return Result(status, tuple(found), failure, tests)


def _cut(text: object) -> str:
    if not isinstance(text, str):
        return ""
    if len(text) <= _LONGEST_TEXT:
        return text
    half = _LONGEST_TEXT // 2
    left_out = text.count("\n", half, len(text) - half)
    return f"{text[:half]}\n{gap(left_out)}\n{text[-half:]}"


def _failure(output: Output, spot: Spot) -> Failure:
    kind = clean(str(output.get("ename") or "Error")).partition("\n")[0]
    message = clean(_cut(output.get("evalue", "")))
    return Failure(kind, message, tuple(_frames(_cut(output.get("traceback", "")), spot)))


_FRAME = re.compile(
    r"(?:Cell |Input )?In ?\[\d+\],? ?(?:line (\d+)|in )"
    r"|<ipython-input-[\w-]+> in |<test [^>]*>:(\d+)"
)
_ARROW = re.compile(r"-+> (\d+) (.*)")


def _frames(traceback: str, spot: Spot) -> Iterator[Frame]:
    """The cell's own outermost frame, as IPython's tracebacks have told it through the years."""
    lines = clean(traceback).split("\n")[:_KEPT_LINES]
    for index, line in enumerate(lines):
        if not (match := _FRAME.search(line)):
            continue
        arrows = (_ARROW.match(below) for below in lines[index + 1 :])
        arrow = next(filter(None, arrows), None)
        number = int(match[1] or match[2] or (arrow[1] if arrow else 0)) - spot.lines
        if number > 0:
            code = arrow[2] if arrow else ""
            yield Frame("<module>", code, Place(spot.module, spot.block, number))
        return


_TEST_STATUSES = frozenset("passed failed error skipped xfailed xpassed".split())


def _outcomes(tests: object) -> Iterator[TestOutcome]:
    for test in tests if isinstance(tests, list) else ():
        if isinstance(test, Mapping) and test.get("status") in _TEST_STATUSES:
            message = _cut(test.get("message", ""))
            name, device = str(test.get("name", "test")), str(test.get("device", ""))
            yield TestOutcome(name, test["status"], message, device)


# --- one value in several MIME types


def _value(data: Mapping[str, Any], redraw: Redraw) -> Found:
    """The form that says most and that a note can hold."""
    for mime, take in _FORMS.items():
        if mime in data and (found := take(data[mime], data)) is not None:
            return found
    for mime in data:
        if mime.startswith("image/") and isinstance(data[mime], str):
            return _redrawn(mime, data[mime], redraw)
    if "text/plain" in data and not _is_stand_in(data):
        return Text(_cut(data["text/plain"]), "value")
    return _other(data)


def _is_stand_in(data: Mapping[str, Any]) -> bool:
    """Whether the plain text only names the object whose HTML is shown."""
    plain = str(data["text/plain"]).strip()
    return len(data) > 1 and plain.startswith("<") and plain.endswith(">") and "\n" not in plain


def _widget(_: object, data: Mapping[str, Any]) -> Found:
    return _left_out("a widget", data)


def _latex(value: object, data: Mapping[str, Any]) -> Found:
    return Markup(_cut(value), _cut(data.get("text/plain", value)))


def _png(value: object, _: Mapping[str, Any]) -> Found:
    picture = decoded(value)
    if picture is None or not picture.startswith(_PNG):
        return Text("[a damaged picture, left out]", "value")
    if len(picture) > _LARGEST_IMAGE:
        return Text(f"[a picture of {len(picture):,} bytes, left out]", "value")
    return Figure("image/png", picture)


def _svg(value: object, _: Mapping[str, Any]) -> Found | None:
    text = _cut(value)
    return Figure("image/svg+xml", text.encode("utf-8", "replace")) if "<svg" in text else None


def _html(value: object, data: Mapping[str, Any]) -> Found | None:
    if (found := html_text.table_of(_cut(value))) is not None:
        return found
    if "text/plain" in data and not _is_stand_in(data):
        return None
    text = html_text.text_of(_cut(value))
    return Text(text, "value") if text else None


_FORMS: Mapping[str, Callable[[Any, Mapping[str, Any]], Found | None]] = {
    "application/vnd.jupyter.widget-view+json": _widget,
    "text/latex": _latex,
    "image/png": _png,
    "image/svg+xml": _svg,
    "text/markdown": _latex,
    "text/html": _html,
}


def decoded(value: object) -> bytes | None:
    """The bytes of base64 text, None where it is damaged."""
    try:
        return base64.b64decode(value, validate=False) if isinstance(value, str) else None
    except binascii.Error:
        return None


def pictures(outputs: Sequence[Output]) -> list[bytes]:
    """The PNG and SVG pictures among ``outputs``, as the files that hold them."""
    found = []
    for data in (output["data"] for output in outputs):
        if "image/png" in data:
            found.append(decoded(data["image/png"]) or b"")
        elif "image/svg+xml" in data:
            found.append(str(data["image/svg+xml"]).encode("utf-8", "replace"))
    return found


def _redrawn(mime: str, value: str, redraw: Redraw) -> Found:
    picture = decoded(value)
    small = picture is not None and len(picture) <= _LARGEST_IMAGE
    png = redraw(picture) if picture is not None and small else None
    return Figure("image/png", png) if png else Text(f"[{mime}, left out]", "value")


def _other(data: Mapping[str, Any]) -> Found:
    for mime, value in data.items():
        if mime == "application/json":
            return Text(_cut(json.dumps(value, indent=2, ensure_ascii=False)), "value")
        if mime.startswith("text/x-") or mime in ("text/csv", "application/xml"):
            return Text(_cut(value), "value")
    kinds = [mime for mime in data if mime not in ("text/plain", "text/html")]
    is_script = any("javascript" in mime for mime in kinds)
    return _left_out("JavaScript" if is_script else ", ".join(kinds) or "HTML", data)


def _left_out(what: str, data: Mapping[str, Any]) -> Text:
    plain = " ".join(str(data.get("text/plain", "")).split())
    named = f": {plain[:100]}" if plain else ""
    return Text(f"[{what}, left out{named}]", "value")
