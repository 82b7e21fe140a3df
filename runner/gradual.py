"""Results in small steps, for a note that is open in an editor.

Obsidian merges what the disk brings into unsaved typing by text matching: diff-match-patch looks
for the 8 to 16 characters on either side of what was typed, and gives up, losing it, where wrong
characters (as a share of these) and distance (in thousands) come to more than a half together.
A region that comes or goes beside the typing makes up to half of these wrong. So nothing above it
may move in the same step, and it comes and goes short; a region that only grows or shrinks
between its markers costs distance alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from .note import Block, Note, Span
from .patterns import regex
from .records import dataclass

_LIMIT = 200  # characters
_EDGE = 100  # characters with which a region comes, if its bare markers allow; it goes with these
_NEWLINE = regex(r"\r\n|\r|\n")
_FILLER = 60


@dataclass(frozen=True, slots=True)
class _Change:
    """``old`` text at ``span`` becomes ``new``; ``prefix`` and ``newline`` are of their lines."""

    span: Span
    old: str
    new: str
    prefix: str
    newline: str

    @property
    def growth(self) -> int:
        return len(self.new) - len(self.old)

    @property
    def is_edge(self) -> bool:
        """Whether the text around the region comes apart or together."""
        return not self.old or not self.new


def step(old: Note, new: Note, limit: int = _LIMIT) -> str:
    """The text of ``old``, moved towards that of ``new`` by at most ``limit`` characters of length.

    The two differ in regions and matrices, besides lines whose lengths do not matter here. Steps
    from parse to parse reach ``new.text``, which is the answer where it is near enough and no
    region comes or goes. One region does so in a step, from the last to the first, while nothing
    above it moves. The space that a result gives up or is about to take is held by a fence of
    dots.
    """
    changes = sorted(_changes(old, new), key=lambda change: change.span)
    apart = sum(abs(change.growth) for change in changes)
    coming_or_going = any(change.is_edge for change in changes)
    if not coming_or_going and max(apart, abs(len(new.text) - len(old.text))) <= limit:
        return new.text
    pieces, position = [], 0
    for change, moved in _together([_shortened(change) for change in changes], limit):
        pieces += [old.text[position : change.span.start], moved]
        position = change.span.end
    text = "".join([*pieces, old.text[position:]])
    # A prefix so deep that not even a marker fits leaves nothing but the whole write.
    return new.text if text == old.text else text


def _together(changes: Sequence[_Change], limit: int) -> list[tuple[_Change, str]]:
    """What one step makes of which changes: of the last edge, and of all that may go with it."""
    edge = next((change for change in reversed(changes) if change.is_edge), None)
    room = limit
    found = []
    # The edge comes first, for room.
    for change in sorted(changes, key=lambda change: change is not edge):
        if edge is not None and change is not edge and change.span < edge.span and change.growth:
            continue
        moved = _moved(change, room)
        if moved is None:
            break
        found.append((change, moved))
        room -= abs(len(moved) - len(change.old))
    return sorted(found, key=lambda pair: pair[0].span)


def _changes(old: Note, new: Note) -> Iterator[_Change]:
    for before, after in zip(old.blocks, new.blocks, strict=True):
        source, target = _region(old, before), _region(new, after)
        texts = source.of(old.text), target.of(new.text)
        if texts[0] != texts[1]:
            newline = _newline(new.text[after.span.start :])
            yield _Change(source, *texts, after.prefix, newline)
    for source, target in zip(old.matrices, new.matrices, strict=True):
        texts = source.of(old.text), target.of(new.text)
        if texts[0] != texts[1]:
            prefix = texts[1][: texts[1].index("<!--")]
            yield _Change(source, *texts, prefix, _newline(texts[1]))


def _region(note: Note, block: Block) -> Span:
    region = note.region(block.id)
    found = region is not None and block.fault is None
    return Span(block.span.end, region.span.end if region and found else block.span.end)


def _newline(text: str) -> str:
    match = _NEWLINE.search(text)
    return match[0] if match else "\n"


def _shortened(change: _Change) -> _Change:
    """The change up to where its region is short enough to come or go, if it is to."""
    if not change.is_edge:
        return change
    form = _Form.of(change.new or change.old, change)
    bare = form.around(())
    if not change.new:
        return change if change.old == bare else replace(change, new=bare)
    if len(change.new) <= _EDGE:
        return change
    kept = _fitting(_paragraphs(form.body), max(_EDGE - len(bare), 0), change)
    return replace(change, new=form.around(kept))


def _moved(change: _Change, room: int) -> str | None:
    """The text at ``change`` after a step of ``room`` characters, ``None`` if it cannot be made."""
    length = len(change.old)
    if abs(change.growth) <= room:
        return change.new
    if change.is_edge:
        return None
    # What is left over below the least filler must not make a shrinking step too long.
    target = length + (room if change.growth > 0 else _least_filler(change) - room)
    form = _Form.of(change.new, change)
    kept = _fitting(_paragraphs(form.body), target - len(form.around(())), change)
    text = form.around(kept)
    if filler := _filler(target - len(text), change):
        text = form.around([*kept, filler])
    return text if length - room <= len(text) <= length + room else None


@dataclass(frozen=True, slots=True)
class _Form:
    """A region's lines: ``head`` up to its opening marker, ``foot`` its closing one."""

    head: Sequence[str]
    body: Sequence[str]
    foot: Sequence[str]
    blank: str
    newline: str

    @staticmethod
    def of(text: str, change: _Change) -> _Form:
        lines = _NEWLINE.split(text)
        first = next(i for i, line in enumerate(lines) if line.strip(" \t>"))
        blank = change.prefix.rstrip()
        return _Form(lines[: first + 1], lines[first + 1 : -1], lines[-1:], blank, change.newline)

    def around(self, paragraphs: Sequence[Sequence[str]]) -> str:
        """The region's text with these between its markers."""
        inside = [line for paragraph in paragraphs for line in (self.blank, *paragraph)]
        return self.newline.join([*self.head, *inside, self.blank, *self.foot])


def _paragraphs(lines: Sequence[str]) -> list[list[str]]:
    """What blank lines separate, fences whole."""
    found: list[list[str]] = [[]]
    ticks = ""
    for line in lines:
        content = line.strip(" \t>")
        if not content and not ticks:
            found.append([])
            continue
        found[-1].append(line)
        if ticks:
            ticks = "" if content == ticks else ticks
        elif match := re.match("`{3,}", content):
            ticks = match[0]
    return [paragraph for paragraph in found if paragraph]


def _fitting(paragraphs: Sequence[list[str]], room: int, change: _Change) -> list[list[str]]:
    """Of ``paragraphs`` what fits into ``room`` characters: single lines first, then from the top.

    The first fence that does not fit is cut, and nothing follows it.
    """
    kept: dict[int, list[str]] = {}
    order = sorted(range(len(paragraphs)), key=lambda i: (len(paragraphs[i]) > 1, i))
    for index in order:
        paragraph = paragraphs[index]
        cost = _cost(paragraph, change)
        if cost > room:
            paragraph = _cut_fence(paragraph, room, change)
        if paragraph:
            kept[index] = paragraph
        if cost > room:
            break
        room -= cost
    return [kept[index] for index in sorted(kept)]


def _cost(paragraph: Sequence[str], change: _Change) -> int:
    """The characters of a paragraph with the blank line before it."""
    blank = len(change.prefix.rstrip()) + len(change.newline)
    return blank + sum(len(line) + len(change.newline) for line in paragraph)


def _cut_fence(paragraph: Sequence[str], room: int, change: _Change) -> list[str]:
    if not re.match("`{3,}", paragraph[0].strip(" \t>")):
        return []
    opening, *content, closing = paragraph
    kept = [opening, closing]
    for line in content:
        if _cost([*kept, line], change) > room:
            break
        kept.insert(-1, line)
    return kept if len(kept) > 2 else []


def _least_filler(change: _Change) -> int:
    return _cost([f"{change.prefix}{line}" for line in ("```text", "…", "```")], change)


def _filler(room: int, change: _Change) -> list[str]:
    """A fence of dots that takes at most ``room`` characters and hardly fewer."""
    if room < _least_filler(change):
        return []
    lines = [f"{change.prefix}```text", f"{change.prefix}```"]
    room -= _cost(lines, change)
    overhead = len(change.prefix) + len(change.newline)
    while room > overhead:
        dots = min(_FILLER, room - overhead)
        lines.insert(-1, change.prefix + "…" * dots)
        room -= dots + overhead
    return lines
