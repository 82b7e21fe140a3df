"""Type 3 fonts: how high pdf.js takes their glyphs to be.

Follows `getCurrentTextTransform` and `TranslatedFont` in `src/core/evaluator.js` of pdf.js 4.10
(Apache-2.0). TeX's bitmap fonts are of this kind; the height decides where a line ends.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping

from .glyphs import GLYPH_UNIT, BitmapBox
from .pdffile import dictionary, number_list, stream_bytes, stream_of, tolerant

Box = tuple[float, float, float, float]
_GLYPH_BOX = re.compile(rb"\s*((?:[-+.\d]+\s+){6})d1\b")
GLYPH_START = 200  # bytes of a glyph's procedure, the first operator of which gives its box
TOO_LARGE = 10  # times the font's own box: then the box is that of the glyphs


def bitmap_box(font: Mapping[str, object], matrix: list[float]) -> BitmapBox | None:
    """None for a font with an ordinary matrix, or with no height."""
    if matrix == [GLYPH_UNIT, 0, 0, GLYPH_UNIT, 0, 0]:
        return None
    own = _box(number_list(font.get("FontBBox")) or [])
    large = [
        box
        for box in _glyph_boxes(dictionary(font.get("CharProcs")).values())
        if _is_too_large(box, _diagonal(own))
    ]
    bottom = min((box[1] for box in large), default=own[1])
    top = max((box[3] for box in large), default=own[3])
    return BitmapBox((top - bottom) * matrix[3], bool(large)) if top > bottom else None


def _is_too_large(box: Box, own_size: float) -> bool:
    left, bottom, right, top = box
    if left == right or bottom == top:
        return False
    return own_size == 0 or _diagonal(box) / own_size + 0.5 >= TOO_LARGE


def _diagonal(box: Box) -> float:
    return math.hypot(box[2] - box[0], box[3] - box[1])


def _box(numbers: list[float]) -> Box:
    if len(numbers) != 4:
        return 0, 0, 0, 0
    left, bottom, right, top = numbers
    return min(left, right), min(bottom, top), max(left, right), max(bottom, top)


def _glyph_boxes(procedures: Iterable[object]) -> Iterator[Box]:
    for procedure in procedures:
        stream = stream_of(procedure)
        if stream is None:
            continue
        found = _GLYPH_BOX.match((tolerant(stream_bytes, stream) or b"")[:GLYPH_START])
        if found:
            numbers = [_float(number) for number in found[1].split()[2:]]
            yield _box([number for number in numbers if number is not None])


def _float(digits: bytes) -> float | None:
    try:
        return float(digits)
    except ValueError:
        return None
