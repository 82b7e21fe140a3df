"""Results in small steps, for a note that is open in an editor.

Obsidian merges what the disk brings into unsaved typing by text matching: diff-match-patch looks
for the 8 to 16 characters on either side of what was typed, and gives up, losing it, where wrong
characters (as a share of these) and distance (in thousands) come to more than a half together.
A region that comes or goes beside the typing makes up to half of these wrong. So nothing above it
may move in the same step, and it comes and goes short; a region that only grows or shrinks
between its markers costs distance alone.

What the author cut, not saved yet, it takes out where it finds both ends, unless more than half of
what stands between them became another: then it leaves all of that, and looks for what was typed
below as if it were gone, too far above by its length. So no step changes half of a region.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .note import Block, Note, Span
from .partway import NEWLINE, Form, between, distance, is_found_again
from .records import dataclass, replace

_LIMIT = 200  # characters
_EDGE = 100  # characters with which a region comes, if its bare markers allow; it goes with these
_SHARE = 0.46  # of a region that may change at once; the editor takes half
_ANY = 10**9


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
    def most(self) -> int:
        """How many characters may differ after a step."""
        return int(len(self.old) * _SHARE)

    @property
    def is_edge(self) -> bool:
        """Whether the text around the region comes apart or together."""
        return not self.old or not self.new


def step(old: Note, new: Note, limit: int = _LIMIT) -> str:
    """The text of ``old``, moved towards that of ``new`` by at most ``limit`` characters of length.

    The two differ in regions and matrices, besides lines whose lengths do not matter here. Steps
    from parse to parse reach ``new.text``, which is the answer where it is near enough and no
    region comes or goes. One region does so in a step, from the last to the first; then all others
    change, each by less than half of what it was, or one alone that cannot come in parts.
    """
    changes = sorted(_changes(old, new), key=lambda change: change.span)
    growth = max(sum(abs(c.growth) for c in changes), abs(len(new.text) - len(old.text)))
    moved = list(_together([_shortened(change) for change in changes], limit))
    arrives = [text for _, text in moved] == [change.new for change in changes]
    if arrives and growth <= limit and not any(change.is_edge for change in changes):
        return new.text
    pieces, position = [], 0
    for change, text in moved:
        pieces += [old.text[position : change.span.start], text]
        position = change.span.end
    text = "".join([*pieces, old.text[position:]])
    # A prefix so deep that not even a marker fits leaves nothing but the whole write.
    return new.text if text == old.text else text


def _together(changes: Sequence[_Change], limit: int) -> list[tuple[_Change, str]]:
    """What one step makes of which changes: of the last edge alone, or of all that may go along."""
    edge = next((change for change in reversed(changes) if change.is_edge), None)
    room = limit
    found: list[tuple[_Change, str]] = []
    for change in [edge] if edge else changes:
        moved = _moved(change, limit)
        room -= abs(len(moved) - len(change.old))
        is_alone = distance(change.old, moved) > change.most
        if room < 0 or (is_alone and found):
            break
        found.append((change, moved))
        if is_alone:
            break
    return found


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
    match = NEWLINE.search(text)
    return match[0] if match else "\n"


def _form(text: str, change: _Change) -> Form:
    return Form.of(text, change.prefix, change.newline)


def _shortened(change: _Change) -> _Change:
    """The change up to where its region is short enough to come or go, if it is to."""
    if not change.is_edge:
        return change
    form = _form(change.new or change.old, change)
    bare = form.around(())
    if not change.new:
        return change if change.old == bare else replace(change, new=bare)
    if len(change.new) <= _EDGE:
        return change
    return replace(change, new=form.begun(max(_EDGE - len(bare), 0)))


def _moved(change: _Change, limit: int) -> str:
    """The text at ``change`` after a step of at most ``limit`` characters."""
    if change.is_edge:
        return change.new
    reach = min(limit, change.most)
    if is_found_again(change.old, change.new, reach, change.most):
        return change.new
    old, new = _form(change.old, change), _form(change.new, change)
    text = between(old, new, reach, change.most)
    if text is None:  # too long a line, or formula, to come in parts
        text = change.new if abs(change.growth) <= limit else between(old, new, limit, _ANY)
    return change.old if text is None else text
