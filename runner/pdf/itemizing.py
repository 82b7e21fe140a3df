"""Shown glyphs -> text items, as pdf.js cuts them.

The behaviour follows `getTextContent` in `src/core/evaluator.js` of pdf.js (Apache-2.0), versions
4.10.38 (profile OLD) and 6.5.438 (profile NEW): the position of each glyph is compared with where
the last one ended, and the distance decides between one item, a space, and a new line.
"""

from __future__ import annotations

import math

from ..verdict import Item, Profile
from .bidi import reordered
from .glyphs import Font, Glyph, Kind
from .textstate import Directions, Matrix, TextState
from .unreadable import MOST_GLYPHS, UnreadablePdf

_, BLANK, MARK, INVISIBLE = Kind
Box = tuple[float, float, float, float]

# Distances as parts of the font size.
TRACKING = 0.102
NOT_A_SPACE = 0.03
BACKWARDS = -0.2
SPACE_LEAST = 0.102
SPACE_MOST = 0.6
SHIFT_OF_LINE = 0.25  # of the item's height


class Itemizer:
    """Cuts the glyphs of one content stream (a page's or a form's) into ``items``.

    The state of the text is the caller's, who sets ``state`` and calls ``flush`` where pdf.js ends
    an item for a reason of its own.
    """

    __slots__ = (
        *("drawn", "ends", "height", "is_open", "items", "last_blank", "new", "old_blank"),
        *("profile", "rise", "scale", "shown", "size", "state", "texts", "total", "vertical"),
        *("view", "width"),
    )

    def __init__(
        self, items: list[Item], state: TextState, view: Box, profile: Profile, shown: list[int]
    ) -> None:
        self.items = items
        self.state = state
        self.view = view
        self.profile = profile
        self.new = profile is Profile.NEW
        self.shown = shown  # glyphs of the page so far, one number shared with its forms
        self.drawn = (state.font, state.font_name, state.font_size)
        self.is_open = False
        self.texts: list[str] = []
        self.ends: Matrix | None = None  # where the last glyph ended
        self.old_blank = self.last_blank = True  # of the last two characters
        self.size = 0.0
        self.scale = 0.0
        self.width = 0.0  # of the item, in the line's direction since the scale last changed
        self.height = 0.0
        self.total = 0.0  # in page units
        self.vertical = False
        self.rise = 0.0  # of the last glyph

    # ------------------------------------------------------------------ showing

    def show(self, string: bytes, adjustment: float = 0.0) -> None:
        """Shows a string, and moves on by ``adjustment`` (text space) behind its last glyph."""
        state = self.state
        font = state.font
        if font is None:
            return
        if self.new:
            self.end_at_change_of_font(font)
        spacing = -state.char_spacing if self.new and font.vertical else state.char_spacing
        if not string:
            self.space(font, spacing + adjustment)
            return
        glyphs = font.glyphs(string)
        self.shown[0] += len(glyphs)
        if self.shown[0] > MOST_GLYPHS:
            raise UnreadablePdf(f"A page of the PDF shows more than {MOST_GLYPHS:,} characters.")
        if font.vertical:
            self.show_down(font, glyphs, spacing, adjustment)
        else:
            self.show_along(font, glyphs, spacing, adjustment)

    def space(self, font: Font, amount: float) -> None:
        if not amount:
            return
        if font.vertical:
            self.state.advance(0.0, -amount)
        else:
            self.state.advance(amount * self.state.stretch, 0.0)

    def end_at_change_of_font(self, font: Font) -> None:
        """5.5 and later: an item ends where text in another font is drawn, not where it is set."""
        state = self.state
        old, name, size = self.drawn
        changed = size != state.font_size or (
            name != state.font_name
            and (old is None or old.name != font.name or old.vertical != font.vertical)
        )
        if changed:
            self.flush()
            self.drawn = (font, state.font_name, state.font_size)

    def show_along(
        self, font: Font, glyphs: list[Glyph], spacing: float, adjustment: float
    ) -> None:
        state = self.state
        unit = font.unit * state.font_size
        stretch = state.stretch
        word_spacing = state.word_spacing
        last = len(glyphs) - 1
        for index, glyph in enumerate(glyphs):
            kind = glyph.kind
            if kind is INVISIBLE:
                continue
            gap = spacing + adjustment if index == last else spacing
            length = glyph.width * unit
            if self.new and glyph.is_space:
                gap += word_spacing
            if kind is BLANK:
                gap += length if self.new else length + word_spacing
                state.advance(gap * stretch, 0.0)
                self.remember(blank=True)
                continue
            if kind is MARK:
                length = 0.0
            elif not self.compare(length):
                state.advance(length * stretch, 0.0)
                continue
            if not self.is_open:
                self.open()
            length *= stretch
            state.advance(length, 0.0)
            self.width += length
            if length:
                self.ends = (*state.directions(), *state.position())
                self.rise = state.rise
            if self.remember(blank=glyph.text == " "):
                self.texts.append(" ")
            self.texts.append(glyph.text)
            if gap:
                state.advance(gap * stretch, 0.0)

    def show_down(self, font: Font, glyphs: list[Glyph], spacing: float, adjustment: float) -> None:
        """Vertical writing."""
        state = self.state
        unit = font.unit * state.font_size
        last = len(glyphs) - 1
        for index, glyph in enumerate(glyphs):
            if glyph.kind is INVISIBLE:
                continue
            gap = spacing + adjustment if index == last else spacing
            length = glyph.height * unit
            if self.new and glyph.is_space:
                gap += state.word_spacing
            if glyph.kind is BLANK:
                gap += -length if self.new else -length + state.word_spacing
                state.advance(0.0, -gap)
                self.remember(blank=True)
                continue
            if glyph.kind is MARK:
                length = 0.0
            elif not self.compare(length):
                state.advance(0.0, length)
                continue
            if not self.is_open:
                self.open()
            state.advance(0.0, length)
            self.height += abs(length)
            if length:
                self.ends = (*state.directions(), *state.position())
                self.rise = state.rise
            if self.remember(blank=glyph.text == " "):
                self.texts.append(" ")
            self.texts.append(glyph.text)
            if gap:
                state.advance(0.0, -gap)

    # ------------------------------------------------------------------ comparing

    def compare(self, length: float) -> bool:
        """Ends or spaces the item by where the next glyph stands; False: outside the page."""
        state = self.state
        x, y = state.position()
        left, bottom, right, top = self.view
        font = state.font
        down = font is not None and font.vertical
        if down:
            if x < left or x > right or y + length < bottom or y > top:
                return False
        elif x + length < left or x > right or y < bottom or y > top:
            return False
        ends = self.ends
        if ends is None:
            return True
        if ends[4] == x and ends[5] == y:
            return True
        directions = state.directions()
        x, y, last_x, last_y = _turned(directions, x, y, ends)
        if down:
            self.compare_down(x - last_x, _quotient(last_y - y, self.scale))
        else:
            self.compare_along(_quotient(x - last_x, self.scale), y - last_y, directions[3])
        return True

    def compare_along(self, along: float, across: float, up: float) -> None:
        direction = _sign(self.width or (self.total if self.new else 0.0))
        if along < direction * (self.size * BACKWARDS):
            self.go_back(abs(across) > 0.5 * self.height)
            return
        risen = self.state.rise - self.rise if self.new else 0.0
        level = across if risen == 0 else across - _quotient(up, self.state.font_size) * risen
        if abs(level) > self.height:
            self.end_line()
            return
        bridged = self.bridge(along, direction)  # first: it may begin an item
        self.width += bridged
        if abs(across) > self.height * SHIFT_OF_LINE:
            self.flush()

    def compare_down(self, aside: float, down: float) -> None:
        direction = _sign(self.height or (self.total if self.new else 0.0))
        if down < direction * (self.size * BACKWARDS):
            self.go_back(abs(aside) > 0.5 * self.width)
            return
        if abs(aside) > self.width:
            self.end_line()
            return
        bridged = self.bridge(down, direction)  # first: it may begin an item
        self.height += bridged
        if abs(aside) > self.width * SHIFT_OF_LINE:
            self.flush()

    def go_back(self, is_new_line: bool) -> None:
        """Text that stands before the last of it, on another line or on the same."""
        if is_new_line:
            self.end_line()
        else:
            self.forget()
            self.flush()

    def bridge(self, gap: float, direction: int) -> float:
        """How much of a gap in the line belongs to the item that is open behind it."""
        if gap <= direction * (self.size * NOT_A_SPACE):
            self.forget()
        if gap <= direction * (self.size * TRACKING):
            if self.old_blank or not self.last_blank:
                return gap
            self.forget()
            self.flush()
            self.push_blank()
        elif not self.fill(gap, direction):
            if self.texts:
                return gap
            self.forget()
            self.push_blank()
        return 0.0

    def fill(self, gap: float, direction: int) -> bool:
        """Puts a space into a gap: inside the item (False), or as an item of its own (True)."""
        size = self.size
        if direction * (size * SPACE_LEAST) <= gap <= direction * (size * SPACE_MOST):
            if self.is_open:
                self.forget()
                self.texts.append(" ")
            return False
        self.flush()
        self.forget()
        self.push_blank()
        return True

    # ------------------------------------------------------------------ items

    def open(self) -> None:
        state = self.state
        a, b, c, d = state.directions()
        self.vertical = state.font is not None and state.font.vertical
        self.total = 0.0
        if self.vertical:
            self.width, self.height = math.hypot(a, b), 0.0
        else:
            self.width, self.height = 0.0, math.hypot(c, d)
        self.scale = state.scale()
        self.size = state.font_size
        self.is_open = True

    def rescale(self) -> None:
        """After a new text matrix: lengths so far count in page units."""
        if not self.is_open:
            return
        scale = self.state.scale()
        if scale == self.scale:
            return
        if self.vertical:
            self.total += self.height * self.scale
            self.height = 0.0
        else:
            self.total += self.width * self.scale
            self.width = 0.0
        self.scale = scale

    def flush(self, *, ends_line: bool = False) -> None:
        """Ends the open item, if there is one."""
        if not self.is_open:
            return
        text = _paired("".join(self.texts))
        self.items.append(Item(text if self.vertical else reordered(text, self.profile), ends_line))
        self.is_open = False
        self.texts.clear()

    def end_line(self) -> None:
        self.forget()
        if self.is_open:
            self.flush(ends_line=True)
        else:
            self.items.append(Item("", True))

    def push_blank(self) -> None:
        self.items.append(Item(" "))

    def remember(self, *, blank: bool) -> bool:
        """Notes the kind of a character; True: a space belongs before it."""
        owed = not self.old_blank and self.last_blank
        self.old_blank, self.last_blank = self.last_blank, blank
        return owed

    def forget(self) -> None:
        self.old_blank = self.last_blank = True


def _paired(text: str) -> str:
    """``text`` with halves of characters joined, as JavaScript has them; a lone half is U+FFFD."""
    if text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _quotient(value: float, divisor: float) -> float:
    """As JavaScript divides, by zero too."""
    if divisor:
        return value / divisor
    return math.nan if value == 0 or math.isnan(value) else math.copysign(math.inf, value)


def _turned(
    directions: Directions, x: float, y: float, ends: Matrix
) -> tuple[float, float, float, float]:
    """Both positions as if the text ran to the right."""
    a, b, c, d = directions
    last_x, last_y = ends[4], ends[5]
    if a and b == 0 and c == 0:
        return (x, y, last_x, last_y) if a > 0 else (-x, -y, -last_x, -last_y)
    if b and a == 0 and d == 0:
        return (y, x, last_y, last_x) if b > 0 else (-y, -x, -last_y, -last_x)
    return *_unrotated(x, y, directions), *_unrotated(last_x, last_y, ends[:4])


def _unrotated(x: float, y: float, directions: Directions) -> tuple[float, float]:
    a, b, c, d = directions
    scale = math.hypot(a, b)
    return _quotient(a * x + b * y, scale), _quotient(c * x + d * y, scale)
