"""A Jupyter notebook as plain facts: read from its JSON data, written as nbformat 4.5.

Source: the format's description, https://nbformat.readthedocs.io/en/latest/format_description.html
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from .records import dataclass, field

Data = Mapping[str, Any]
Output = Mapping[str, Any]
"""One output in nbformat's own form, its texts joined."""

KEY = "runner"
"""What we note in the metadata of a notebook and its cells stands under this one key."""

TESTS = "application/vnd.runner.tests+json"
"""The outcome of a test cell: a list of ``{"name", "status", "message"}``."""

_NOTHING: Data = MappingProxyType({})
_KINDS = ("code", "markdown", "raw")
_OUTPUTS = ("stream", "display_data", "execute_result", "error")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LONGEST_ID = 64
_JSON_MIME = re.compile(r"application/(.*\+)?json")


class NotebookFault(ValueError):
    """Data that is no notebook we read: what is wrong, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Cell:
    """``kind`` is code, markdown or raw; ``attachments`` maps a name to MIME type and base64."""

    kind: str
    source: str
    id: str = ""
    metadata: Data = field(default_factory=lambda: _NOTHING)
    outputs: tuple[Output, ...] = ()
    attachments: Data = field(default_factory=lambda: _NOTHING)

    @property
    def ours(self) -> Data:
        """What an export of ours noted about the cell; empty for any other cell."""
        return _mapping(self.metadata.get(KEY))

    def has_source_of(self, fingerprint: object) -> bool:
        """Whether nobody has changed the source that had this fingerprint."""
        return fingerprint_of(self.source) == fingerprint


@dataclass(frozen=True, slots=True)
class Notebook:
    cells: tuple[Cell, ...]
    metadata: Data = field(default_factory=lambda: _NOTHING)

    @property
    def ours(self) -> Data:
        return _mapping(self.metadata.get(KEY))

    def fingerprint(self) -> str:
        """Of all that a person can change in it: sources and outputs."""
        return fingerprint_of([[c.kind, c.source, plain_outputs(c.outputs)] for c in self.cells])


def fingerprint_of(value: object) -> str:
    text = json.dumps(value, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def plain_outputs(outputs: Iterable[Output]) -> list[object]:
    """What is compared of outputs: not their counters, nor what programs note beside them."""
    said = ("name", "text", "ename", "evalue", "traceback", "data")
    return [[output.get(key) or None for key in said] for output in outputs]


# --- reading -----------------------------------------------------------------------------------


def version(data: object) -> tuple[int, int]:
    """Major and minor version. Raises ``NotebookFault`` for what is not of version 3 or 4."""
    if not isinstance(data, dict) or not isinstance(data.get("nbformat"), int):
        raise NotebookFault("is no notebook (it has no `nbformat`): name a file that Jupyter saved")
    major, minor = data["nbformat"], data.get("nbformat_minor", 0)
    if major < 3:
        remedy = "open it in Jupyter and save it again"
        raise NotebookFault(f"is in nbformat {major}, which is too old: {remedy}")
    if major > 4:
        remedy = "save it as version 4, for example with `jupyter nbconvert --to notebook`"
        raise NotebookFault(f"is in nbformat {major}, which is not known yet: {remedy}")
    return major, minor if isinstance(minor, int) else 0


def read(data: Data) -> Notebook:
    """The notebook in ``data`` of nbformat 4. Raises ``NotebookFault`` naming the cell.

    What the schema forbids but can be read is read: programs add keys of their own.
    """
    cells = data.get("cells")
    if not isinstance(cells, list):
        raise NotebookFault("is damaged (`cells` is no list): save it again where it came from")
    return Notebook(
        tuple(_cell(cell, number) for number, cell in enumerate(cells, start=1)),
        _mapping(data.get("metadata")),
    )


def _cell(data: object, number: int) -> Cell:
    where = f"is damaged (cell {number} "
    remedy = "): save it again where it came from"
    if not isinstance(data, dict) or data.get("cell_type") not in _KINDS:
        raise NotebookFault(f"{where}is neither code, Markdown nor raw{remedy}")
    source = joined(data.get("source", ""))
    outputs = data.get("outputs", [])
    if source is None or not isinstance(outputs, list):
        raise NotebookFault(f"{where}has no source, or outputs that are no list{remedy}")
    metadata = _mapping(data.get("metadata"))
    id = data.get("id", metadata.get("id", ""))  # Colab keeps it in the metadata
    return Cell(
        data["cell_type"],
        source,
        id if isinstance(id, str) else "",
        metadata,
        tuple(_output(output) for output in outputs if isinstance(output, dict)),
        _mapping(data.get("attachments")),
    )


def _output(data: Data) -> Output:
    output = dict(data)
    for name in ("text", "traceback"):
        if name in output:
            separator = "" if name == "text" else "\n"
            output[name] = joined(output[name], separator) or ""
    if output.get("output_type") not in _OUTPUTS:
        output["output_type"] = "display_data"
    bundle = _mapping(output.get("data"))
    output["data"] = {
        mime: value if _JSON_MIME.fullmatch(mime) else joined(value) or ""
        for mime, value in bundle.items()
    }
    return output


def joined(text: object, separator: str = "") -> str | None:
    """nbformat's "multi-line string", a text or a list of its lines; None for anything else."""
    if isinstance(text, str):
        return text
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        return separator.join(text)
    return None


def storable(value: object) -> str | None:
    """``value`` if it is a text that a file can hold; JSON can hold halves of characters."""
    if not isinstance(value, str):
        return None
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return None
    return value


def _mapping(value: object) -> Data:
    return value if isinstance(value, Mapping) else _NOTHING


# --- writing -----------------------------------------------------------------------------------


def write(notebook: Notebook) -> dict[str, Any]:
    """The notebook as the JSON data of nbformat 4.5. Ids have to be unique (see ``CellIds``)."""
    return {
        "cells": [_cell_data(cell) for cell in notebook.cells],
        "metadata": dict(notebook.metadata),
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _cell_data(cell: Cell) -> dict[str, Any]:
    assert _ID.fullmatch(cell.id), cell.id
    data: dict[str, Any] = {
        "cell_type": cell.kind,
        "id": cell.id,
        "metadata": dict(cell.metadata),
        "source": cell.source.splitlines(keepends=True),
    }
    if cell.kind == "code":
        data["execution_count"] = None
        data["outputs"] = [_output_data(output) for output in cell.outputs]
    elif cell.attachments:
        data["attachments"] = dict(cell.attachments)
    return data


def _output_data(output: Output) -> dict[str, Any]:
    kind = output["output_type"]
    if kind == "stream":
        return {"output_type": kind, "name": output["name"], "text": output["text"]}
    if kind == "error":
        traceback = output["traceback"].split("\n")
        names = {key: output[key] for key in ("ename", "evalue")}
        return {"output_type": kind, **names, "traceback": traceback}
    count = {"execution_count": None} if kind == "execute_result" else {}
    return {"output_type": kind, "data": dict(output["data"]), "metadata": {}, **count}


class CellIds:
    """Ids as nbformat 4.5 wants them, each given once."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def unique(self, wanted: str) -> str:
        """``wanted``, or as close to it as the rules and the ids given before allow."""
        stem = re.sub(r"[^A-Za-z0-9_-]+", "-", wanted)[:_LONGEST_ID] or "cell"
        id, number = stem, 1
        while id in self._given:
            number += 1
            id = f"{stem[: _LONGEST_ID - len(str(number)) - 1]}-{number}"
        self._given.add(id)
        return id
