"""Long results in small steps, for a note that is open in an editor.

Obsidian merges what the disk brings into unsaved typing by text matching; measured, typing stays
where it is while one write changes the note's length by a few hundred characters, and is lost
beyond. A step brings the status and the embeds first, then as much text as it may.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .note import Block, Note, Span
from .records import dataclass

_LIMIT = 200  # characters
_NEWLINE = re.compile(r"\r\n|\r|\n")
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


def step(old: Note, new: Note, limit: int = _LIMIT) -> str:
    """The text of ``old``, moved towards that of ``new`` by at most ``limit`` characters of length.

    The two differ in regions and matrices, besides lines whose lengths do not matter here. Steps
    from parse to parse reach ``new.text``, which is the answer where it is near enough; the
    space that a result gives up or is about to take is held by a fence of dots.
    """
    changes = list(_changes(old, new))
    apart = sum(abs(change.growth) for change in changes)
    if max(apart, abs(len(new.text) - len(old.text))) <= limit:
        return new.text
    pieces, position, room = [], 0, limit
    for change in sorted(changes, key=lambda c: c.span):
        moved = _moved(change, room)
        if moved is None:
            break
        pieces += [old.text[position : change.span.start], moved]
        position = change.span.end
        room -= abs(len(moved) - len(change.old))
    text = "".join([*pieces, old.text[position:]])
    # A prefix so deep that not even a marker fits leaves nothing but the whole write.
    return new.text if text == old.text else text


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


def _moved(change: _Change, room: int) -> str | None:
    """The text at ``change`` after a step of ``room`` characters, ``None`` if it cannot be made."""
    length = len(change.old)
    if abs(change.growth) <= room:
        return change.new
    # What is left over below the least filler must not make a shrinking step too long.
    target = length + (room if change.growth > 0 else _least_filler(change) - room)
    # A region that goes shrinks between its own markers.
    lines = _NEWLINE.split(change.new or change.old)
    first = next(i for i, line in enumerate(lines) if line.strip(" \t>"))
    head, body, foot = lines[: first + 1], lines[first + 1 : -1], lines[-1:]
    blank = change.prefix.rstrip()

    def joined(paragraphs: Sequence[Sequence[str]]) -> str:
        inside = [line for paragraph in paragraphs for line in (blank, *paragraph)]
        return change.newline.join([*head, *inside, blank, *foot])

    kept = _fitting(_paragraphs(body), target - len(joined([])), change)
    text = joined(kept)
    if filler := _filler(target - len(text), change):
        text = joined([*kept, filler])
    return text if length - room <= len(text) <= length + room else None


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
