"""Results into a note: the new text, and the files it embeds. Nothing else of the text changes."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping
from itertools import accumulate
from urllib.parse import unquote

from .body import Body, Setting, body
from .frontmatter import set_property
from .note import Block, Note, Region, Span
from .patterns import regex
from .records import dataclass
from .result import Place, Result, Status

_NEWLINE = regex(r"\r\n|\r|\n")
_CLOSING = "<!-- /runner -->"
# Lines that name later lines can change length with them; real notes settle in the second pass.
_PASSES = 6


@dataclass(frozen=True, slots=True)
class Shown:
    """What to show under a block: the digest its marker carries, and the result."""

    digest: str
    result: Result


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the vault decides.

    ``embed`` and ``link`` turn the name of a figure or text file into the text that shows it in
    this note ("" where it cannot be stored: then neither embed nor file is made). ``locate``
    names a place in another note.
    """

    embed: Callable[[str], str]
    link: Callable[[str], str]
    locate: Callable[[Place], str]


@dataclass(frozen=True, slots=True)
class Rendered:
    """The note's new text (the same object where nothing changes), and the regions' files.

    ``files`` maps names to bytes. ``targets`` are the links to files in the regions that were
    rendered anew, as they stood there before.
    """

    text: str
    files: Mapping[str, bytes]
    targets: frozenset[str] = frozenset()

    @property
    def linked(self) -> frozenset[str]:
        """The names of these files: what of them is not in ``files`` is no longer made."""
        return frozenset(map(_name, self.targets))


@dataclass(frozen=True, slots=True)
class _Edit:
    span: Span
    new: str

    def shift(self, text: str) -> int:
        """By how many lines what follows moves down."""
        return _count_lines(self.new) - _count_lines(self.span.of(text))


def render(note: Note, shown: Mapping[str, Shown], surroundings: Surroundings) -> Rendered:
    """``note`` with each of ``shown`` (by block id) in the region behind its block.

    A block that is not in ``shown`` keeps its region byte for byte; so does one that was skipped
    while its region is current. A note that is not writable stays as it is.
    """
    blocks = [b for b in note.blocks if b.fault is None and _replaces(note, b, shown.get(b.id))]
    if not note.writable or not blocks:
        return Rendered(note.text, {})
    shifts = dict.fromkeys((b.id for b in note.blocks), 0)
    for _ in range(_PASSES):
        lines = {b.id: b.code_line + shifts[b.id] for b in note.blocks}
        bodies = {
            b.id: body(b, shown[b.id].result, _setting(note, b, lines, surroundings))
            for b in blocks
        }
        edits = [_edit(note, b, shown[b.id], bodies[b.id]) for b in blocks]
        assumed, shifts = shifts, _shifts(note, edits)
        if assumed == shifts:
            break
    files = {name: data for made in bodies.values() if made for name, data in made.files.items()}
    targets = frozenset(target for b in blocks for target in _linked_targets(note, b.id))
    return Rendered(_spliced(note.text, edits), files, targets)


def _replaces(note: Note, block: Block, shown: Shown | None) -> bool:
    if shown is None:
        return False
    region = note.region(block.id)
    return not (
        shown.result.status is Status.SKIPPED
        and region is not None
        and region.digest == shown.digest
        and region.status != Status.SKIPPED
    )


def _setting(
    note: Note, block: Block, code_lines: Mapping[str, int], surroundings: Surroundings
) -> Setting:
    """Where the body of ``block`` stands if each block's code begins at these lines."""
    name = note.path.rpartition("/")[2]

    def locate(place: Place) -> str:
        if place.module != note.module:
            return surroundings.locate(place)
        if place.block not in code_lines:
            return name
        return f"{name}:{code_lines[place.block] + place.line - 1}"

    return Setting(
        stem=f"{note.name}-{block.id}",
        here=f"{name}:{block.line + code_lines[block.id] - block.code_line}",
        locate=locate,
        embed=surroundings.embed,
        link=surroundings.link,
    )


def _shifts(note: Note, edits: Collection[_Edit]) -> dict[str, int]:
    """By how many lines each block moves down, for the edits in front of it."""
    moves = sorted((edit.span.start, edit.shift(note.text)) for edit in edits)
    starts = [start for start, _ in moves]
    sums = list(accumulate((lines for _, lines in moves), initial=0))
    return {block.id: sums[bisect_left(starts, block.span.start)] for block in note.blocks}


# --- regions ---------------------------------------------------------------------------------


def _edit(note: Note, block: Block, shown: Shown, body: Body | None) -> _Edit:
    region = note.region(block.id)
    if body is None:
        return _removal(note, block, region)
    newline = _newline_behind(note.text, block.span)
    paragraphs = [_marker(block, shown), "", *body.lines, *([""] if body.lines else []), _CLOSING]
    new = newline.join(f"{block.prefix}{line}".rstrip() for line in paragraphs)
    if region is not None:
        return _Edit(region.span, new)
    # Spliced in front of the newline that ends the block, so that taking it out gives back the
    # same bytes, whatever follows.
    end = block.span.end
    return _Edit(Span(end, end), f"{newline}{block.prefix.rstrip()}{newline}{new}")


def _removal(note: Note, block: Block, region: Region | None) -> _Edit:
    """Takes out the region and the blank lines between it and its block."""
    end = block.span.end
    if region is None:
        return _Edit(Span(end, end), "")
    between = note.text[end : region.span.start]
    start = region.span.start if between.strip("\r\n\t >") else end
    return _Edit(Span(start, region.span.end), "")


def _marker(block: Block, shown: Shown) -> str:
    assert re.fullmatch("[0-9a-f]{8}", shown.digest), shown.digest
    device = re.sub("[^a-z0-9:,]", "", shown.result.device)
    words = [f"runner:{block.id}", shown.digest, shown.result.status, device]
    return f"<!-- {' '.join(filter(None, words))} -->"


def _newline_behind(text: str, span: Span) -> str:
    """The newline that ends the block, or, at the end of the file, the one of the line above."""
    if match := _NEWLINE.match(text, span.end):
        return match[0]
    newlines: list[str] = _NEWLINE.findall(span.of(text))
    return newlines[-1]


def _spliced(text: str, edits: Collection[_Edit]) -> str:
    """``text`` with ``edits``, which are disjoint; the same object where they change nothing."""
    pieces = []
    position = 0
    for edit in sorted(edits, key=lambda e: e.span):
        assert position <= edit.span.start, f"edits overlap at {edit.span.start}"
        pieces += [text[position : edit.span.start], edit.new]
        position = edit.span.end
    new = "".join([*pieces, text[position:]])
    return text if new == text else new


def _count_lines(text: str) -> int:
    return len(_NEWLINE.findall(text))


# --- files -----------------------------------------------------------------------------------

_LINKED = regex(r"!?\[\[(?P<wiki>[^\]|#]+)[^\]]*\]\]|!?\[[^\]]*\]\(<?(?P<md>[^)>]+)>?\)")

_ENDING = regex(r"(-[0-9]+\.(png|svg)|\.txt)\Z")


def maker(note: Note, name: str) -> Block | None:
    """The block of ``note`` whose figure or text file is called ``name``."""
    ending = _ENDING.search(name)
    stem = name[: ending.start()] if ending else ""
    return next((block for block in note.blocks if stem == f"{note.name}-{block.id}"), None)


def linked_files(note: Note, id: str) -> frozenset[str]:
    """Names of the figure and text files that the region of block ``id`` shows as its own.

    What the block printed is not searched: an output cannot claim a file.
    """
    return frozenset(map(_name, _linked_targets(note, id)))


def _linked_targets(note: Note, id: str) -> frozenset[str]:
    region = note.region(id)
    if region is None:
        return frozenset()
    targets = (
        unquote(m["md"]) if m["md"] else m["wiki"]
        for line in _outside_fences(region.span.of(note.text))
        if "[" in line
        for m in _LINKED.finditer(line)
    )
    stripped = (target.strip() for target in targets)
    return frozenset(target for target in stripped if _is_named_after(id, _name(target)))


def _name(target: str) -> str:
    return target.rpartition("/")[2]


def _is_named_after(id: str, name: str) -> bool:
    ending = _ENDING.search(name)
    return ending is not None and name[: ending.start()].endswith(f"-{id}")


def _outside_fences(text: str) -> list[str]:
    """The lines of a region that are not in one of our fences."""
    outside = []
    ticks = ""
    for line in _NEWLINE.split(text):
        content = line.lstrip(" \t>")
        if ticks:
            ticks = "" if content.rstrip() == ticks else ticks
        elif content.startswith("```"):
            ticks = content[: len(content) - len(content.lstrip("`"))]
        else:
            outside.append(line)
    return outside


# --- what else of a note is ours -------------------------------------------------------------


def matrix(note: Note, table: str) -> str:
    """The note's text with ``table`` (lines of Markdown) between its matrix markers.

    One that a formatter only padded stays as it is.
    """
    return _spliced(note.text, [_matrix_edit(note, span, table) for span in note.matrices])


def _matrix_edit(note: Note, span: Span, table: str) -> _Edit:
    old = span.of(note.text)
    opening = _NEWLINE.split(old)[0]
    closing = _NEWLINE.split(old)[-1]
    prefix = closing[: closing.index("<!--")]
    newline = (_NEWLINE.findall(old) or ["\n"])[0]
    lines = [f"{prefix}{line}".rstrip() for line in table.strip("\n").split("\n") if table]
    inside = [prefix.rstrip(), *lines, *([prefix.rstrip()] if lines else [])]
    new = newline.join([opening, *inside, closing])
    return _Edit(span, old if _unpadded(old) == _unpadded(new) else new)


def _unpadded(table: str) -> list[str]:
    """What stands in the cells of a table, line by line."""
    lines = (re.sub(r"[ \t]*\|[ \t]*", "|", line.strip()) for line in _NEWLINE.split(table))
    return [re.sub(r"-{3,}", "---", line) for line in lines if line]


def properties(note: Note, values: Mapping[str, str]) -> str:
    """The note's text with the ``runner_*`` properties it already has set to ``values``."""
    text, span = note.text, note.frontmatter
    for name, value in values.items():
        changed = set_property(text, span, name, value)
        span = Span(span.start, span.end + len(changed) - len(text))
        text = changed
    return text
