"""Results and regions of a note as the outputs of cells."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from ..clean import clean
from ..drawing import is_drawing
from ..harmless import cell, markup, table
from ..note import Block
from ..notebook import TESTS, Output
from ..result import (
    Failure,
    Figure,
    Markup,
    Place,
    Result,
    Status,
    Table,
    TestOutcome,
    Text,
    fill_places,
)
from ..result import Output as Found
from .region_text import Callout, Embedded, Fenced, Grid, Paragraph, Piece, Whole

Locate = Callable[[Place], str]


# --- results and regions -> outputs --------------------------------------------------------------


def of_result(block: Block, result: Result, locate: Locate) -> list[Output]:
    """What a cell shows of a block's stored result, whole."""
    outputs = [_of_found(found, locate) for found in _wanted(block, result.outputs)]
    merged = list(_merged(outputs))
    if (
        merged
        and "text/plain" in merged[-1].get("data", {})
        and "image/png" not in merged[-1]["data"]
    ):
        merged[-1] = {**merged[-1], "output_type": "execute_result"}
    if result.tests:
        merged.append(_tests(result.tests, locate))
    elif result.failure is not None:
        merged.append(_error(result.failure, locate))
    elif result.status is not Status.OK:
        merged.append(_fault(result.status, fill_places(result.reason, locate)))
    return merged


def _wanted(block: Block, outputs: Iterable[Found]) -> Iterator[Found]:
    for output in outputs:
        kind = "figures" if isinstance(output, Figure) else "text"
        if block.options.output in ("all", kind):
            yield output


def _of_found(found: Found, locate: Locate) -> Output:
    match found:
        case Text(stream="value"):
            return _display({"text/plain": fill_places(found.text, locate)})
        case Text():
            return _stream(fill_places(found.text, locate), found.stream)
        case Table():
            return _display(_grid(found.header, found.rows, found.cut))
        case Markup():
            if markup(clean(found.text)) is None:  # more than a note would show of it
                return _display({"text/plain": found.as_text})
            mime = (
                "text/latex"
                if found.text.lstrip().startswith(("$", "\\begin{"))
                else "text/markdown"
            )
            return _display({mime: found.text, "text/plain": found.plain})
        case Figure():
            return _display(_picture(found.mime, found.data))


def _merged(outputs: Iterable[Output]) -> Iterator[Output]:
    """``outputs``, those that went to one stream one after another as one."""
    for name, group in groupby(outputs, key=lambda output: output.get("name")):
        if name is None:
            yield from group
        else:
            yield _stream("".join(output["text"] for output in group), name)


def of_region(
    pieces: Sequence[Piece], status: str, read: Callable[[str], bytes | None]
) -> list[Output]:
    """What a cell shows of a region, where no result is stored for it.

    ``read`` gives the bytes of a figure or text file that the region shows, None without it.
    """
    wholes = [data for p in pieces if isinstance(p, Whole) and (data := read(p.name)) is not None]
    failing = status != Status.OK and not any(isinstance(p, Callout) for p in pieces)
    fences = [piece for piece in pieces if isinstance(piece, Fenced)]
    broken = fences[-1] if failing and fences else None
    outputs: list[Output] = []
    for piece in pieces:
        match piece:
            case Fenced() if piece is broken:
                outputs.append(_fault(status, "\n".join(piece.lines)))
            case Fenced() if not wholes:
                outputs.append(_stream("\n".join(piece.lines) + "\n"))
            case Fenced() if piece is fences[0]:
                outputs.append(_stream(wholes[0].decode("utf-8", "replace")))
            case Embedded():
                outputs.append(_file(piece.name, read(piece.name)))
            case Grid():
                outputs.append(_display(_grid(piece.header, piece.rows, "")))
            case Paragraph():
                text = "\n".join(piece.lines)
                outputs.append(_display({"text/markdown": text, "text/plain": text}))
            case Callout():
                outputs.append(_display({"text/plain": _callout(piece)}))
    if failing and broken is None:
        outputs.append(_fault(status, ""))
    return outputs


def _callout(piece: Callout) -> str:
    texts = ["\n".join(inner.lines) for inner in piece.pieces if isinstance(inner, Fenced)]
    return "\n\n".join([piece.title, *texts])


def _file(name: str, data: bytes | None) -> Output:
    if data is None:
        return _display({"text/plain": f"[the figure {name} is missing]"})
    return _display(_picture("image/svg+xml" if name.endswith(".svg") else "image/png", data))


def _stream(text: str, name: str = "stdout") -> Output:
    return {"output_type": "stream", "name": name, "text": text}


def _display(data: Mapping[str, Any]) -> Output:
    return {"output_type": "display_data", "data": data}


def _picture(mime: str, data: bytes) -> dict[str, str]:
    if mime == "image/svg+xml":
        if not is_drawing(data):
            return {"text/plain": "(an SVG figure that is more than a drawing, or broken)"}
        return {mime: data.decode("utf-8", "replace")}
    return {mime: base64.b64encode(data).decode("ascii")}


def _grid(header: Sequence[str], rows: Sequence[Sequence[str]], cut: str) -> dict[str, str]:
    escaped = table([cell(text) for text in header], [[cell(text) for text in row] for row in rows])
    every = [header, *rows]
    widths = [max(len(text) for text in column) for column in zip(*every, strict=False)]
    plain = [
        "  ".join(text.rjust(width) for text, width in zip(row, widths, strict=False))
        for row in every
    ]
    below = [cut] if cut else []
    return {
        "text/markdown": "\n".join([*escaped, *([""] if cut else []), *map(cell, below)]),
        "text/plain": "\n".join([*plain, *below]),
    }


def _error(failure: Failure, locate: Locate) -> Output:
    frames = [
        f"{locate(f.place) if f.place else f'{f.file}:{f.line}'} in {f.function}\n    {f.code}"
        for f in failure.frames
    ]
    message = fill_places(failure.message, locate)
    headline = f"{failure.kind}: {message}" if message else failure.kind
    return {
        "output_type": "error",
        "ename": failure.kind,
        "evalue": message,
        "traceback": "\n".join([*frames, headline]),
    }


_HEADLINE = re.compile(
    r"(?:.*?\.md:\d+: |cell [\w-]+(?:, line \d+)?: )?([A-Za-z_][\w.]*)(?:: (.*))?"
)


def _fault(status: str, text: str) -> Output:
    """An error output for what a region says of a block that is not ``ok``."""
    match = _HEADLINE.fullmatch(text.partition("\n")[0])
    name = match[1] if match and status == Status.FAILED else status
    value = (match[2] or "") if match and status == Status.FAILED else text.partition("\n")[0]
    return {"output_type": "error", "ename": name, "evalue": value, "traceback": text or status}


def _tests(tests: Sequence[TestOutcome], locate: Locate) -> Output:
    order = ("failed", "error", "passed", "skipped", "xfailed", "xpassed")
    statuses = [test.status for test in tests]
    counts = ", ".join(f"{statuses.count(s)} {s}" for s in order if s in statuses)
    said = {id(test): fill_places(test.message, locate) for test in tests}
    bad = [f"{t.name}\n{said[id(t)]}" for t in tests if t.status in ("failed", "error")]
    data = [
        {"name": t.name, "status": t.status, "message": said[id(t)], "device": t.device}
        for t in tests
    ]
    return _display({"text/plain": "\n\n".join([counts, *bad]), TESTS: data})
