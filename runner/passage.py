"""The lines of a quoted passage: what of them is quote, and what is markup, id or excuse."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .patterns import regex
from .records import dataclass, replace

_QUOTED = regex(r"[ \t]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*((?:>[ \t]?)+)(.*)", re.S)
_HEAD = regex(r"\s*\[![^\]]*\][-+]?")
_BLOCK_ID = regex(r"(?:^|\s)\^([A-Za-z0-9-]+)\s*$")
_LONGEST_ID = 200  # characters, with the spaces around it
_NO_CODE = regex(r"[ \t>]*no-code:[ \t]*(.*)", re.S)
_LETTER = regex(r"[^\W_]")
_ITEM = regex(r"\s*(?:(?:[-+*]|\d{1,9}[.)])\s+)?(?:\[.\]\s+)?")
_EMPTY_ITEM = regex(r"(?:[-+*]|\d{1,9}[.)])?")
_IN_PARENS = regex(r"(.*\S)\s*\(\s*$", re.S)
# A closing quotation mark and what may open before it.
_MARKS = {
    '"': '"',
    "\u201d": "\u201c\u201e",
    "\u201c": "\u201e",
    "\u00bb": "\u00ab",
    "\u2019": "\u2018",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a passage: how many ``>`` it has, and what follows them."""

    index: int
    depth: int
    content: str

    @property
    def is_head(self) -> bool:
        """Whether the line is the ``[!type] title`` of a callout."""
        return _HEAD.match(self.content) is not None

    @property
    def has_words(self) -> bool:
        return has_text(without_block_id(self.content))


def quoted(index: int, text: str) -> Line | None:
    """The line ``text`` of a blockquote, or ``None`` where it has no ``>``."""
    match = _QUOTED.match(text)
    return Line(index, match[1].count(">"), match[2]) if match else None


def block_id(text: str) -> str | None:
    """The Obsidian block id at the end of a line, without its caret."""
    match = _BLOCK_ID.search(text, max(len(text) - _LONGEST_ID, 0))
    return match[1] if match else None


def without_block_id(text: str) -> str:
    match = _BLOCK_ID.search(text, max(len(text) - _LONGEST_ID, 0))
    return text[: match.start()] if match else text


def excuse(text: str) -> str | None:
    """The reason of a line ``no-code: reason``."""
    match = _NO_CODE.fullmatch(text)
    return match[1].strip() if match else None


def without_head(text: str) -> str:
    """``text`` without a callout's ``[!type]``."""
    return _HEAD.sub("", text, count=1)


def has_text(text: str) -> bool:
    """Whether ``text`` holds more than punctuation and a list marker."""
    return _LETTER.search(_ITEM.sub("", text, count=1)) is not None


def words_before(text: str) -> str:
    """The quote in ``text``, which ends at a link: ``words (`` or words in quotation marks."""
    text = re.split(r"(?<!\\)\|", text)[-1].lstrip(")")  # `|`: the cell of a table
    text = _ITEM.sub("", text, count=1)
    match = _IN_PARENS.fullmatch(text)
    return _in_marks(text) or (match[1].strip() if match else "")


def _in_marks(text: str) -> str:
    text = text.rstrip(" \t(.,;:")
    opening = max((text.rfind(mark, 0, -1) for mark in _MARKS.get(text[-1:], "")), default=-1)
    return text[opening + 1 : -1] if opening >= 0 else ""


def leading_deeper(lines: Sequence[Line], depth: int) -> list[Line]:
    """The first run of lines deeper than ``depth``: quote, where a remark stands at ``depth``."""
    run: list[Line] = []
    for line in lines:
        if line.depth > depth:
            run.append(line)
        elif run or line.content.strip():
            break
    return run


def cut_notes(passage: Sequence[Line]) -> tuple[list[Line], str | None, str | None]:
    """``passage`` without the block id at its end and without its excuse, and these two."""
    reasons = [reason for line in passage if (reason := excuse(line.content)) is not None]
    kept = [line for line in passage if excuse(line.content) is None]
    while kept and not kept[-1].content.strip():
        kept.pop()
    id = block_id(kept[-1].content) if kept else None
    if id:
        kept[-1] = replace(kept[-1], content=without_block_id(kept[-1].content))
    return kept, id, reasons[-1] if reasons else None


def readable(passage: Sequence[Line]) -> str:
    """The passage as its author sees it: one line each, list markup kept, callout heads cut."""
    lines = [line.content.rstrip() for line in passage if not line.is_head]
    while lines and _EMPTY_ITEM.fullmatch(lines[-1].strip()):
        lines.pop()
    return "\n".join(lines).strip()
