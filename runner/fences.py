"""Where a note's Markdown blocks stand: fences, headings, tasks, HTML, and what is a comment.

markdown-it-py is the judge of block structure. Inline code and Obsidian's ``%%`` comments, which
it does not report, are found here on top of it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

from .note import Heading, Span, Task
from .patterns import regex
from .records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

# Containers nest by recursion: deep enough for any hand-written note, shallow enough for
# Python's stack (two frames a level) and for a hostile line of `>`.
MAX_NESTING = 100
_LONGEST_PREFIX = 500  # characters of `>`, list markers and indent before a line's text

_NEWLINE = regex(r"\r\n|\n|\r")
_TASK = regex(r"\[([^\[\]\n])\](?:[ \t]+|$)(.*)")
_NBSP_TASK = regex(r"[ \t>]*\u00a0\s*(?:[-+*]|\d{1,9}[.)])\s+\[([^\[\]\n])\](?:\s+|$)(.*)")
_BLOCKY = regex(r"[#`~<\t]|    |\[[^\[\]\n]\]|^[ >]*(?:=+|-+)[ \t]*\r?$", re.M)
_PREFIX = regex(r"[^`~]*")
_CONTAINER = regex(r"[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+[ \t>]*)*")
_CHUNK = regex(r"^[ \t>]*(?:\r?$|#{1,6}[ \t]|(?:[-+*]|\d{1,9}[.)])[ \t]|\|)", re.M)
_BLANK_LINE = regex(r"\n[ \t>]*\r?\n")


class Lines:
    """Character offsets of a text's lines, as CommonMark counts them; indices start at 0.

    A byte order mark belongs to no line.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        ends = [m.span() for m in _NEWLINE.finditer(text)]
        self.starts = [int(text.startswith("\ufeff")), *(after for _, after in ends)]
        self.ends = [*(before for before, _ in ends), len(text)]

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: int) -> str:
        return self.text[self.starts[index] : self.ends[index]]

    def span(self, first: int, last: int) -> Span:
        """From the start of line ``first`` to the end of line ``last``, its newline excluded."""
        return Span(self.starts[first], self.ends[last])

    def at(self, offset: int) -> int:
        return max(bisect_right(self.starts, offset) - 1, 0)


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced code block, tagged or not.

    ``first`` and ``last`` are the line indices of its two fences (``last``: of its last line where
    it is not closed). ``marks`` are the backticks or tildes that open it. ``content`` ends each
    line with ``\\n``, container prefix removed. ``prefix`` is what a line below needs to stay in
    the same container.
    """

    first: int
    last: int
    marks: str
    info: str
    content: str
    closed: bool
    prefix: str


@dataclass(frozen=True, slots=True)
class Html:
    """An HTML block and its text, container prefix removed."""

    first: int
    last: int
    content: str


@dataclass(frozen=True, slots=True)
class Outline:
    """The block structure of a note. ``code``: line ranges of fences and indented code."""

    fences: tuple[Fence, ...] = ()
    html: tuple[Html, ...] = ()
    headings: tuple[Heading, ...] = ()
    tasks: tuple[Task, ...] = ()
    code: tuple[Span, ...] = ()


def outline(lines: Lines, skip: int) -> Outline:
    """The block structure of ``lines``, of which the first ``skip`` count as blank."""
    text = lines.text
    body = lines.starts[skip] if skip < len(lines) else len(text)
    if not _BLOCKY.search(text, body):
        return Outline()
    # The last newline makes every line of an unclosed fence end alike (see `_fence`).
    tokens = _parser().parse("\n" * skip + text[body:] + "\n", {})
    return _read(tokens, lines)


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING})
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def _read(tokens: Sequence[Token], lines: Lines) -> Outline:
    fences: list[Fence] = []
    html: list[Html] = []
    headings: list[Heading] = []
    tasks: list[Task] = []
    code: list[Span] = []
    for index, token in enumerate(tokens):
        if token.map is None:
            continue
        first, last = token.map[0], min(max(token.map[1] - 1, token.map[0]), len(lines) - 1)
        if token.type == "fence":
            fences.append(_fence(token, lines, first, last))
            code.append(lines.span(first, last))
        elif token.type == "code_block":
            code.append(lines.span(first, last))
        elif token.type == "html_block":
            html.append(Html(first, last, token.content))
        elif token.type == "heading_open" and token.level == 0:
            text = tokens[index + 1].content
            headings.append(Heading(int(token.tag[1]), " ".join(text.split()), first + 1))
        elif token.type == "inline":
            in_item = tokens[max(index - 2, 0)].type == "list_item_open"
            tasks += _tasks(token.content, lines, range(first, last + 1), in_item)
    return Outline(tuple(fences), tuple(html), tuple(headings), tuple(tasks), tuple(code))


def _tasks(content: str, lines: Lines, indices: range, in_item: bool) -> Iterator[Task]:
    """The tasks of a paragraph: its first line, in a list item, and lines after a no-break space.

    Text pasted from the web has such spaces. For CommonMark they make the line a paragraph, but
    its author sees an item with a checkbox.
    """
    if in_item and (task := _TASK.match(content.partition("\n")[0])):
        yield Task(indices[0] + 1, task[1], task[2].strip())
    for index in indices:
        if "\u00a0" in lines[index] and (task := _NBSP_TASK.match(lines[index])):
            yield Task(index + 1, task[1], task[2].strip())


def _fence(token: Token, lines: Lines, first: int, last: int) -> Fence:
    assert token.map is not None
    # markdown-it does not say whether a fence was closed, but its range then holds one line
    # (the closing fence) that is neither content nor the opening fence.
    closed = token.content.count("\n") == token.map[1] - token.map[0] - 2
    prefix = ""
    if token.level:
        opening = _PREFIX.match(lines[first])
        assert opening is not None
        prefix = re.sub(r"[^>\s]", " ", opening[0])
    return Fence(first, last, token.markup, token.info.strip(), token.content, closed, prefix)


def how_to_close(fence: Fence) -> str:
    """What the author of a fence that is not closed is to write."""
    where = " with the same prefix as its first" if fence.prefix else ""
    return f"end it with a line of backticks (or tildes, as it began){where}"


def dedented(content: str) -> str:
    """``content`` without its common indent; unlike ``textwrap.dedent`` blank lines stay."""
    margin: str | None = None
    for line in content.split("\n"):
        if not line.strip():
            continue
        indent = line[: len(line) - len(line.lstrip(" \t"))]
        margin = indent if margin is None else _common(margin, indent)
        if not margin:
            return content
    if not margin:
        return content
    return "\n".join(line.removeprefix(margin) for line in content.split("\n"))


def _common(left: str, right: str) -> str:
    count = 0
    for a, b in zip(left, right, strict=False):
        if a != b:
            break
        count += 1
    return left[:count]


# --- inline code and comments ------------------------------------------------------------------


def inside(spans: Sequence[Span], offset: int) -> bool:
    """Whether ``offset`` lies in one of ``spans``, which are sorted and disjoint."""
    index = bisect_right(spans, offset, key=lambda span: span.start) - 1
    return index >= 0 and offset < spans[index].end


def inline_code(text: str, outside: Sequence[Span]) -> tuple[Span, ...]:
    """The code spans of the text between the sorted, disjoint spans ``outside``.

    Paragraphs, list items, headings and table rows are kept apart, as a code span ends with them.
    """
    found: list[Span] = []
    position = 0
    for gap in (*outside, Span(len(text), len(text))):
        if "`" in text[position : gap.start]:
            found += _code_between(text, position, gap.start)
        position = max(position, gap.end)
    return tuple(found)


def _code_between(text: str, start: int, end: int) -> list[Span]:
    bounds = [start, *(m.start() for m in _CHUNK.finditer(text, start, end)), end]
    return [
        span
        for low, high in pairwise(bounds)
        if "`" in text[low:high]
        for span in _code_in_chunk(text, low, high)
    ]


def _code_in_chunk(text: str, start: int, end: int) -> list[Span]:
    runs = [m.span() for m in re.compile("`+").finditer(text, start, end)]
    by_length: dict[int, list[int]] = {}
    for index, (low, high) in enumerate(runs):
        by_length.setdefault(high - low, []).append(index)
    spans = []
    index = 0
    while index < len(runs):
        low, high = runs[index]
        low += _is_escaped(text, low, start)
        closers = by_length.get(high - low, [])
        place = bisect_right(closers, index)
        if low < high and place < len(closers):
            index = closers[place]
            spans.append(Span(low, runs[index][1]))
        index += 1
    return spans


def _is_escaped(text: str, offset: int, start: int) -> bool:
    first = offset
    while first > start and text[first - 1] == "\\":
        first -= 1
    return (offset - first) % 2 == 1


@dataclass(frozen=True, slots=True)
class Comments:
    """The ``%%`` comments of a note; ``open_at`` is the offset of one that nothing closes."""

    spans: tuple[Span, ...] = ()
    open_at: int | None = None

    def cover(self, offset: int) -> bool:
        return inside(self.spans, offset)


def comments(text: str, code: Sequence[Span]) -> Comments:
    """The ``%%`` comments outside the sorted, disjoint spans ``code``.

    A ``%%`` at a line's start opens a comment to the next one, or to the end of the note. One in
    the middle of a line needs its partner in the same paragraph, so that "50%%" hides nothing.
    """
    if "%%" not in text:
        return Comments()
    marks = [m.start() for m in re.finditer("%%", text) if not inside(code, m.start())]
    spans = []
    index = 0
    while index < len(marks):
        start = marks[index]
        closing = marks[index + 1] if index + 1 < len(marks) else None
        starts_line = _starts_line(text, start)
        if closing is not None and (starts_line or not _BLANK_LINE.search(text, start, closing)):
            spans.append(Span(start, closing + 2))
            index += 2
        elif starts_line:
            return Comments((*spans, Span(start, len(text))), open_at=start)
        else:
            index += 1
    return Comments(tuple(spans))


def _starts_line(text: str, offset: int) -> bool:
    low = max(offset - _LONGEST_PREFIX, 0)
    start = max(text.rfind("\n", low, offset), text.rfind("\r", low, offset)) + 1
    if not start and low:
        return False
    start += text.startswith("\ufeff", start)
    match = _CONTAINER.match(text, start, offset)
    return match is not None and match.end() == offset


def merge(*groups: Sequence[Span]) -> tuple[Span, ...]:
    """The union of ``groups`` as sorted, disjoint spans."""
    merged: list[Span] = []
    for span in sorted(span for group in groups for span in group if span.end > span.start):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return tuple(merged)
