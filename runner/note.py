"""What the author wrote: the vocabulary of a note, as plain facts.

Offsets count characters of ``Note.text``, which is the file decoded as UTF-8 with its byte order
mark and its newlines left as they are. Lines count from 1, as an editor shows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from .records import dataclass, field


class Role(StrEnum):
    """What a block is for; the name of its fence attribute."""

    SETUP = "setup"
    COMPONENT = "component"
    TEST = "test"
    RUN = "run"


class Severity(StrEnum):
    """Warnings never change an exit code, errors do."""

    WARNING = "warning"
    ERROR = "error"


OUTPUT_INFO = "text"
"""The info string of every fence that we write."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open range of character offsets."""

    start: int
    end: int

    def of(self, text: str) -> str:
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A fault of the text: where, what, and what to do about it."""

    line: int
    severity: Severity
    what: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """The ``#| key: value`` lines of a block; ``None`` and ``()`` mean "not given"."""

    needs: tuple[str, ...] = ()
    quotes: tuple[str, ...] = ()
    kind: str | None = None
    device: tuple[str, ...] = ()
    timeout: float | None = None  # seconds
    seed: int | None = None
    raises: str | None = None
    slow: bool = False
    output: str = "all"
    data: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    cache: bool = True


@dataclass(frozen=True, slots=True)
class Block:
    """A tagged fence.

    ``span`` runs from the start of the opening fence's line to the end of the closing fence's
    line, its newline excluded. ``source`` has one line per line between the fences, container
    prefix and common indent removed, newlines as ``\\n``; ``code_line`` is the note line of its
    first line. ``prefix`` is what a line below the block needs to stay in the same list item or
    callout. A block with a ``fault`` (an error in its text) never runs.
    """

    role: Role
    id: str
    line: int
    code_line: int
    span: Span
    source: str
    options: Options = field(default_factory=Options)
    prefix: str = ""
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Region:
    """What we wrote: from the opening marker's line start to the closing marker's line end.

    ``block`` is the id of the block it stands behind, ``None`` for one whose block is gone.
    """

    id: str
    digest: str
    status: str
    device: str
    line: int
    span: Span
    block: str | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Task:
    """A checkbox item; ``mark`` is the character between the brackets."""

    line: int
    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """A wikilink or Markdown link to a file.

    ``target`` is the decoded path ("" for the note itself), ``subpath`` what follows ``#``,
    undecoded. ``page`` and ``selection`` are read from the subpath of a PDF link; their spans
    cover the digits alone, so that a repair rewrites nothing else.
    """

    target: str
    subpath: str
    alias: str | None
    embed: bool
    wiki: bool
    line: int
    span: Span
    page: int | None = None
    page_span: Span | None = None
    selection: tuple[int, int, int, int] | None = None
    selection_span: Span | None = None

    @property
    def is_pdf(self) -> bool:
        return self.target.lower().endswith(".pdf")


@dataclass(frozen=True, slots=True)
class Quote:
    """A passage with a PDF link; ``id`` is its Obsidian block id without the caret.

    ``is_flat``: it is the body of a callout whose head is the link, where the author's words look
    like quoted ones.
    """

    id: str | None
    text: str
    links: tuple[Link, ...]
    line: int
    span: Span
    no_code: str | None = None
    is_flat: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """One Markdown file, parsed.

    ``path`` is relative to the vault's root, with ``/``. ``name`` is the module name without the
    package. ``code`` holds the spans of all fences and indented code, tagged or not; ``matrices``
    the spans between the matrix markers, both included. ``writable`` is false where a
    marker fault makes it unsafe to write results.
    """

    path: str
    text: str
    name: str
    properties: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    frontmatter: Span = Span(0, 0)
    blocks: tuple[Block, ...] = ()
    regions: tuple[Region, ...] = ()
    matrices: tuple[Span, ...] = ()
    headings: tuple[Heading, ...] = ()
    tasks: tuple[Task, ...] = ()
    code: tuple[Span, ...] = ()
    problems: tuple[Problem, ...] = ()
    writable: bool = True

    @property
    def module(self) -> str:
        return f"vault.{self.name}"

    def block(self, id: str) -> Block | None:
        return next((block for block in self.blocks if block.id == id), None)

    def region(self, id: str) -> Region | None:
        return next((region for region in self.regions if region.block == id), None)

    def section(self, line: int) -> int:
        """The line of the last heading at or above ``line``, 0 before the first."""
        return max((h.line for h in self.headings if h.line <= line), default=0)
