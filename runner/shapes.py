"""The block structure of a note, worked out once for all texts of one shape.

What stands inside a fence, and what a marker of ours says, decides nothing about the blocks around
them (CommonMark 0.31, 4.5 and 4.6). So two texts that differ only there have one shape; an edit of
code, and the results of a run, leave it as it was, and it need not be parsed again.
"""

from __future__ import annotations

import hashlib
import json
import re

from .fences import Fence, Html, Lines, Outline, outline
from .note import Heading, Span, Task
from .patterns import regex
from .records import replace

_FENCE = regex(r"(`{3,})[^`]*|(~{3,}).*", re.S)
_MARKER = regex(r"<!-- runner:[^<>]*-->[ \t]*")
_ANY_MARKER = "<!-- -->"


TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Memory(Protocol):
        """Structures by shape, as texts that mean something here alone."""

        def get(self, shape: str, /) -> str | None: ...

        def __setitem__(self, shape: str, structure: str, /) -> None: ...


_memory: list[Memory] = [{}]


def remember_in(memory: Memory) -> None:
    """Look shapes up in ``memory`` from now on, and put new ones there."""
    _memory[:] = [memory]


def read(lines: Lines, skip: int) -> Outline:
    """``fences.outline``, from what is known of other texts of this shape."""
    shape = _Shape(lines, skip)
    if not shape.is_simpler:
        return outline(lines, skip)
    (known,) = _memory
    key = hashlib.blake2b(shape.text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    if (kept := known.get(key)) is not None:
        return shape.filled(_decoded(kept))
    found = outline(Lines(shape.text), 0)
    if not shape.fits(found):  # an HTML block or another fence holds one of ours
        return outline(lines, skip)
    known[key] = _encoded(found)
    return shape.filled(found)


class _Shape:
    """A text without the content of its plain fences and the words of its plain markers.

    Plain ones begin at the start of a line. They are found line by line, which is a guess until
    the structure of what is left shows each of them where it was found: then no content that does
    not close its fence, and no words of a comment, could make it another one.
    """

    def __init__(self, lines: Lines, skip: int) -> None:
        self._lines = lines
        self._at: list[int] = []  # for each line of the shape, its index in the text
        self._fences: set[int] = set()  # lines of the shape that open a fence emptied here
        self._markers: set[int] = set()
        kept: list[str] = []
        unclosed: dict[str, int] = {}  # for a fence's character, how many are closed no more
        index = skip
        while index < len(lines):
            line = lines[index]
            last = _closing(lines, index, line, unclosed)
            if last is not None:
                self._fences.add(len(kept))
                self._at += index, last
                kept += line, lines[last]
                index = last
            else:
                if is_marker := _MARKER.fullmatch(line) is not None:
                    self._markers.add(len(kept))
                self._at.append(index)
                kept.append(_ANY_MARKER if is_marker else line)
            index += 1
        self.text = "\n".join(kept)

    @property
    def is_simpler(self) -> bool:
        """Whether anything was left out, and the rest reads as it did in its place."""
        odd = self.text.startswith("\ufeff") or self._lines.text.endswith("\r")
        return bool(self._fences) and not odd

    def fits(self, found: Outline) -> bool:
        """Whether ``found``, the structure of the shape, shows what was taken for plain."""
        empty = {f.first for f in found.fences if f.last == f.first + 1 and f.closed}
        single = {h.first for h in found.html if h.last == h.first}
        return self._fences <= empty and self._markers <= single

    def filled(self, found: Outline) -> Outline:
        """``found``, the structure of the shape, as that of the text."""
        at = self._at
        own = Lines(self.text)

        def span(code: Span) -> Span:
            return self._lines.span(at[own.at(code.start)], at[own.at(code.end)])

        return Outline(
            fences=tuple(self._fence(fence) for fence in found.fences),
            html=tuple(self._html(html) for html in found.html),
            headings=tuple(replace(h, line=at[h.line - 1] + 1) for h in found.headings),
            tasks=tuple(replace(task, line=at[task.line - 1] + 1) for task in found.tasks),
            code=tuple(map(span, found.code)),
        )

    def _fence(self, fence: Fence) -> Fence:
        first, last = self._at[fence.first], self._at[fence.last]
        content = fence.content
        if fence.first in self._fences:
            content = "".join(f"{self._lines[i]}\n" for i in range(first + 1, last))
        return replace(fence, first=first, last=last, content=_as_parsed(content))

    def _html(self, html: Html) -> Html:
        first, last = self._at[html.first], self._at[html.last]
        content = f"{self._lines[first]}\n" if html.first in self._markers else html.content
        return Html(first, last, _as_parsed(content))


def _closing(lines: Lines, index: int, line: str, unclosed: dict[str, int]) -> int | None:
    """The line that closes the fence which ``line`` opens; None if it opens none, or none does."""
    match = _FENCE.fullmatch(line) if line[:3] in ("```", "~~~") else None
    if match is None:
        return None
    marks = match[1] or match[2]
    char = marks[0]
    if len(marks) >= unclosed.get(char, len(marks) + 1):
        return None
    closes = re.compile(rf" {{0,3}}{marks}{char}*[ \t]*").fullmatch
    for last in range(index + 1, len(lines)):
        if closes(lines[last]):
            return last
    unclosed[char] = len(marks)
    return None


def _as_parsed(content: str) -> str:
    return content.replace("\0", "\ufffd")  # as CommonMark asks (2.3)


def _encoded(found: Outline) -> str:
    parts = (
        [(f.first, f.last, f.marks, f.info, f.content, f.closed, f.prefix) for f in found.fences],
        [(h.first, h.last, h.content) for h in found.html],
        [(h.level, h.text, h.line) for h in found.headings],
        [(t.line, t.mark, t.text) for t in found.tasks],
        [(code.start, code.end) for code in found.code],
    )
    return json.dumps(parts, separators=(",", ":"))


def _decoded(kept: str) -> Outline:
    kinds = (Fence, Html, Heading, Task, Span)
    parts = (
        tuple(kind(*values) for values in rows)
        for kind, rows in zip(kinds, json.loads(kept), strict=True)
    )
    return Outline(*parts)
