"""What a font shows for a string: glyphs, each with its text and how far it moves on."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

SPACE_CODE = 0x20
GLYPH_UNIT = 0.001  # of a font whose glyphs are drawn on a square of 1000

# JavaScript's \s, which is not Python's.
_BLANKS = frozenset(
    "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)


class Kind(Enum):
    PLAIN = "plain"
    BLANK = "moves on only"
    MARK = "drawn over its neighbour"
    INVISIBLE = "nothing at all"


@dataclass(frozen=True, slots=True)
class Glyph:
    """``width``, ``height``: how far it moves on in a line and in a column, in glyph units.

    ``is_space``: the one-byte code 32, to which word spacing applies.
    """

    text: str
    kind: Kind
    width: float
    height: float
    is_space: bool


@dataclass(frozen=True, slots=True)
class BitmapBox:
    """Of a Type 3 font: the height of its box in text space. ``measured``: by its glyphs."""

    height: float
    measured: bool


GlyphMaker = Callable[[int, int], Glyph]
"""From a code and its length in bytes."""


class _Known(dict[tuple[int, int], Glyph]):
    """Glyphs made when first shown."""

    def __init__(self, make: GlyphMaker) -> None:
        self.make = make

    def __missing__(self, key: tuple[int, int]) -> Glyph:
        glyph = self[key] = self.make(*key)
        return glyph


@dataclass(frozen=True, slots=True, eq=False)
class Font:
    """``make``: None for a font that shows nothing. ``unit``: glyph units to text space.

    ``split``: a string into codes with their lengths; None where each byte is a code.
    """

    name: str | None
    make: GlyphMaker | None = None
    unit: float = GLYPH_UNIT
    vertical: bool = False
    split: Callable[[bytes], Iterable[tuple[int, int]]] | None = None
    bitmap: BitmapBox | None = None
    _known: _Known | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", _Known(self.make) if self.make else None)

    def glyphs(self, string: bytes) -> list[Glyph]:
        known = self._known
        if known is None:
            return []
        if self.split is None:
            return [known[code, 1] for code in string]
        return [known[key] for key in self.split(string)]


FAULTY = Font(None)
"""Shows nothing: pdf.js's answer to a font that it cannot read."""


def glyph_maker(
    texts: Mapping[int, str],
    width_of: Callable[[int], float],
    height_of: Callable[[int], float] | None = None,
) -> GlyphMaker:
    """A code without a text of its own shows the character of its number, as in pdf.js."""

    def make(code: int, length: int) -> Glyph:
        text = texts.get(code) or chr(code & 0xFFFF)
        width = width_of(code)
        height = height_of(code) if height_of else -width
        return Glyph(text, kind_of(text), width, height, code == SPACE_CODE and length == 1)

    return make


def kind_of(text: str) -> Kind:
    """Where several hold, the first place in the text decides, as in pdf.js's pattern."""
    if text[:1] in _BLANKS:
        return Kind.BLANK
    for index, char in enumerate(text):
        category = unicodedata.category(char)
        if category == "Mn":
            return Kind.MARK
        if category == "Cf" and index == len(text) - 1:
            return Kind.INVISIBLE
    return Kind.PLAIN
