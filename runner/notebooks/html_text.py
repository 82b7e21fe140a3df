"""HTML that a notebook shows, as what a note can hold: the cells of its table, or its text."""

# ruff: noqa: ARG002  some signatures are those of a base class
from __future__ import annotations

from html.parser import HTMLParser

from ..records import dataclass, field
from ..result import Table

_SILENT = frozenset({"script", "style", "head", "template"})
_BREAKING = frozenset(
    {"p", "div", "br", "tr", "li", "pre", "table", "ul", "ol", "hr"}
    | {f"h{n}" for n in range(1, 7)}
)
_LONGEST = 2_000_000  # characters; what is longer is shown from its beginning
_MOST_COLUMNS = 60


def table_of(text: str) -> Table | None:
    """The first table in ``text``; None where there is none with cells."""
    if "<table" not in text.lower():
        return None
    reader = _TableReader()
    reader.feed(text[:_LONGEST])
    reader.close()
    rows = [row for row in reader.rows if row.cells]
    heads = [row for row in rows if row.is_head] or rows[:1]
    body = [row for row in rows if row not in heads]
    if not rows:
        return None
    width = max(len(row.cells) for row in rows)
    header = tuple(
        " / ".join(filter(None, column))
        for column in zip(*(_padded(row, width) for row in heads), strict=True)
    )
    cut = f"{width - _MOST_COLUMNS} of {width} columns left out" if width > _MOST_COLUMNS else ""
    return Table(
        header[:_MOST_COLUMNS],
        tuple(tuple(_padded(row, width)[:_MOST_COLUMNS]) for row in body),
        cut,
    )


def text_of(text: str) -> str:
    """What a reader would see of ``text``, without marks; "" where that is nothing."""
    reader = _TextReader()
    reader.feed(text[:_LONGEST])
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).split("\n"))
    return "\n".join(line for line in lines if line)


@dataclass(eq=False)
class _Row:
    is_head: bool
    cells: list[str] = field(default_factory=list)


def _padded(row: _Row, width: int) -> list[str]:
    return [*row.cells, *[""] * (width - len(row.cells))]


class _Reader(HTMLParser):
    """Text outside what no browser shows."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in _SILENT

    def handle_endtag(self, tag: str) -> None:
        self.silent = max(self.silent - (tag in _SILENT), 0)


class _TextReader(_Reader):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        if tag in _BREAKING:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        super().handle_endtag(tag)
        if tag in _BREAKING:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(data)


class _TableReader(_Reader):
    """Rows of the first table; a cell over several columns is followed by empty ones."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[_Row] = []
        self.depth = 0
        self.tables = 0
        self.in_head = self.in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        if tag == "table":
            self.depth += 1
            self.tables += self.depth == 1
        if self.tables != 1 or self.depth != 1:
            return
        if tag == "thead":
            self.in_head = True
        elif tag == "tr":
            self.rows.append(_Row(self.in_head))
            self.in_cell = False
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].cells.append("")
            self.in_cell = True
            self._span = _count(dict(attrs).get("colspan"))
        elif tag == "br" and self.in_cell:
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        super().handle_endtag(tag)
        if tag == "table":
            self.depth = max(self.depth - 1, 0)
        elif tag == "thead":
            self.in_head = False
        elif tag in ("td", "th") and self.in_cell:
            self.in_cell = False
            self.rows[-1].cells.extend([""] * (self._span - 1))

    def handle_data(self, data: str) -> None:
        if self.in_cell and not self.silent and self.tables == 1:
            self.rows[-1].cells[-1] += data


def _count(span: str | None) -> int:
    return min(int(span), _MOST_COLUMNS) if span and span.isdecimal() and int(span) else 1
