"""The text state of a page: fonts, spacings and the matrices that text is drawn through.

PDF 32000-1, 9.3 and 9.4. Sums are formed in the order of `src/core/evaluator.js` of pdf.js
(Apache-2.0), because items end where its rounded positions say.
"""

from __future__ import annotations

import math

from .glyphs import Font

Matrix = tuple[float, float, float, float, float, float]
Directions = tuple[float, float, float, float]
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def product(first: Matrix, second: Matrix) -> Matrix:
    """``second`` inside the coordinates that ``first`` makes, summed in pdf.js's order."""
    a, b, c, d, e, f = first
    u, v, w, x, y, z = second
    return (
        a * u + c * v, b * u + d * v, a * w + c * x, b * w + d * x, a * y + c * z + e,
        b * y + d * z + f,
    )  # fmt: skip


class TextState:
    """The text state of PDF 32000-1, 9.3, with the matrices it is drawn through."""

    __slots__ = (
        *("basis", "char_spacing", "ctm", "font", "font_name", "font_size", "leading"),
        *("line", "rise", "stretch", "text", "word_spacing"),
    )

    def __init__(self) -> None:
        self.ctm: Matrix = IDENTITY
        self.text: Matrix = IDENTITY
        self.line: Matrix = IDENTITY
        self.font: Font | None = None
        self.font_name: str | None = None
        self.font_size = 0.0
        self.char_spacing = 0.0
        self.word_spacing = 0.0
        self.leading = 0.0
        self.stretch = 1.0
        self.rise = 0.0
        self.basis: Directions | None = None

    def copy(self) -> TextState:
        other = TextState.__new__(TextState)
        for name in TextState.__slots__:
            setattr(other, name, getattr(self, name))
        return other

    def transform(self, matrix: Matrix) -> None:
        self.ctm = product(self.ctm, matrix)
        self.basis = None

    def move_line(self, x: float, y: float) -> None:
        a, b, c, d, e, f = self.line
        self.line = self.text = (a, b, c, d, a * x + c * y + e, b * x + d * y + f)

    def advance(self, x: float, y: float) -> None:
        a, b, c, d, e, f = self.text
        self.text = (a, b, c, d, a * x + c * y + e, b * x + d * y + f)

    def scale(self) -> float:
        """How long a unit of the line is on the page."""
        a, b = self.line[:2]
        return math.hypot(self.ctm[0], self.ctm[1]) * math.hypot(a, b)

    def directions(self) -> Directions:
        """The first four numbers of the matrix from glyphs to the page."""
        if self.basis is None:
            width, height = self.font_size * self.stretch, self.font_size
            box = self.font.bitmap if self.font else None
            if box is not None and (self.font_size <= 1 or box.measured):
                height *= box.height
            a, b, c, d, _, _ = self.text
            self.basis = product(self.ctm, (a * width, b * width, c * height, d * height, 0, 0))[:4]
        return self.basis

    def position(self) -> tuple[float, float]:
        """Where the next glyph's origin is on the page."""
        a, b, c, d, e, f = self.ctm
        _, _, over, up, x, y = self.text
        x, y = over * self.rise + x, up * self.rise + y
        return a * x + c * y + e, b * x + d * y + f
