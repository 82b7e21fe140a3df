"""What an output may be shown as in Markdown without becoming anything else.

The reader of the text is not one parser but many: CommonMark, Obsidian's two, and every plugin
that searches a note's raw text. So what looks dangerous to any of them is escaped or refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from .note import OUTPUT_INFO
from .patterns import regex

_TABLE_ROWS = 40
_CELL_CHARACTERS = 200

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARK = regex(
    r"[&<>\\`*\[#$~|]"
    r"|(?<![^\W_])_|_(?![^\W_])"  # an underscore inside a word is plain
    r"|(?<=%)%|(?<==)=|(?<=\{)\{"  # comments, highlights, templates
    r"|(?<=:):|:(?=//)|(?<=\w)@(?=\w)|(?<=www)\."  # inline fields, addresses
)


def fence(lines: Sequence[str]) -> list[str]:
    """``lines`` in a ``text`` fence longer than any run of backticks in them."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    ticks = "`" * max(3, longest + 1)
    return [f"{ticks}{OUTPUT_INFO}", *lines, ticks]


def escape(cell: str) -> str:
    """``cell`` (one line) as text of a table cell that no parser reads as anything but text."""
    return _MARK.sub(lambda m: _ENTITIES.get(m[0], "\\" + m[0]), cell)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table; ``header`` and ``rows`` hold escaped cells.

    Of more than 40 rows the first and last 20 are shown, a row of ellipses between them.
    """
    shown = [list(row) for row in rows]
    if len(shown) > _TABLE_ROWS:
        half = _TABLE_ROWS // 2
        shown = [*shown[:half], ["…"] * len(header), *shown[-half:]]
    return padded([header, *shown])


def padded(grid: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table whose first row is its header, padded as Prettier pads it."""
    columns = max(map(len, grid))
    grid = [[*row, *[""] * (columns - len(row))] for row in grid]
    widths = [max(3, *(_width(row[i]) for row in grid)) for i in range(columns)]
    grid.insert(1, ["-" * width for width in widths])
    return [_row(row, widths) for row in grid]


def cell(text: str) -> str:
    """``text`` (one line) escaped, and cut where it is too long for a table."""
    if len(text) > _CELL_CHARACTERS:
        text = text[: _CELL_CHARACTERS - 1] + "…"
    return escape(text)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (c + " " * (w - _width(c)) for c, w in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(_character_width(character) for character in text)


def _character_width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


# --- a representation in Markdown or LaTeX ---------------------------------------------------

_MATH = regex(
    r"(?<![\\$])\$\$(?:[^$\\]|\\.)+\$\$(?!\$)"
    r"|(?<![\\$])\$(?![\s$])(?:[^$\\\n]|\\[^\n])*(?<!\s)\$(?![\d$])",
    re.DOTALL,
)
_ANYWHERE = regex(
    r"`|%%|<[A-Za-z/!?%]|<$|\[\[|\]\(|\]\[|\]:|\[\^|!\[|\[[ xX/-]\]"
    r"|://|www\.|\w@\w|::|(?<![\w&\\])#|\{[{%]|\0",
    re.MULTILINE,
)
# What TeX can do beyond a formula: links and attributes of the page, meanings and labels that hold
# for the rest of it, files. From the lists of MathJax's extensions, KaTeX's options and LaTeX.
_TEX = regex(
    r"\\(?:html[A-Za-z]*|(?:re)?new(?!line(?![A-Za-z]))[A-Za-z]+|[Dd]eclare[A-Za-z]+|"
    r"begingroup[A-Za-z]*|endgroup[A-Za-z]*|"
    r"(?:href|url|class|cssId|style|data|mmlToken|bbox|texttip|mathtip|toggle|unicode|require|"
    r"includegraphics|def|gdef|edef|xdef|let|futurelet|global|providecommand|definecolor|"
    r"setOptions|usetagform|Newextarrow|label|ref|eqref|catcode|csname|input|include|read|write|"
    r"openin|openout|immediate|special|verb)(?![A-Za-z]))"
)
# What LaTeX sets as a formula without dollars around it, which Obsidian shows as text.
_ENVIRONMENT = regex(
    r"\\begin\{((?:equation|align|alignat|gather|multline|flalign|eqnarray|math|displaymath)\*?)\}"
    r"[^$]*\\end\{\1\}"
)
_OUTSIDE_MATH = regex(r"(?<!\\)\$|[\[\]<]|\\begin\{|mailto:|xmpp:")
_OPENS_BLOCK = regex(
    r"#|>|[-+*](?:\s|$)|\d{1,9}[.)](?:\s|$)|~~~"
    r"|[-=_*|:+ \t]+$"  # a rule, the underline of a heading, the second row of a table
    r"|(?:.*\s)?\^[A-Za-z0-9-]+$"  # an Obsidian block id
)


def markup(text: str) -> list[str] | None:
    """The lines of a cleaned Markdown or LaTeX representation, or ``None`` if it is not harmless.

    Harmless is paragraphs of plain text, emphasis and closed math that is nothing but a formula.
    Fences, code, HTML, comments, links, embeds, tasks, headings, lists, tables, tags, inline fields
    and template code are not.
    """
    lines = [line.strip() for line in text.split("\n")]
    stripped = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
    if _ENVIRONMENT.fullmatch(stripped):
        stripped = f"$$\n{stripped}\n$$"
    if not stripped or _ANYWHERE.search(stripped) or _TEX.search(stripped):
        return None
    if any("\n\n" in math[0] for math in _MATH.finditer(stripped)):
        return None
    if _OUTSIDE_MATH.search(_MATH.sub(" ", stripped)):
        return None
    shown = stripped.split("\n")
    return None if any(map(_OPENS_BLOCK.match, shown)) else shown
