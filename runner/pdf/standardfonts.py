"""The fourteen fonts that a PDF need not bring along: their names and widths.

Names follow `src/core/standard_fonts.js` of pdf.js 4.10 (Apache-2.0); widths are Adobe's, which
come with pdfminer.six.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pdfminer.fontmetrics import FONT_METRICS

from .glyphnames import listed_code

SYMBOL_FONTS = frozenset(
    ("Dingbats", "Symbol", "ZapfDingbats", "Wingdings", "Wingdings-Bold", "Wingdings-Regular")
)
COURIER_WIDTH = 600
EURO_WIDTHS = {"H": 556, "T": 500}  # Helvetica's and Times's: not in pdfminer's tables
DINGBAT_SPACE = 278

_SERIF = re.compile(
    r"serif|^(?:Times|Georgia|Garamond|Palatino|Cambria|Bookman|Minion|Utopia|Baskerville|Bodoni"
    r"|Caslon|Constantia|Clarendon|Lucida|Perpetua|Rockwell|STIX|XITS|Roman|Sylfaen)$",
    re.IGNORECASE,
)
_STYLES = {
    "Times": ("Times-Roman", "Times-Bold", "Times-Italic", "Times-BoldItalic"),
    "Helvetica": ("Helvetica", "Helvetica-Bold", "Helvetica-Oblique", "Helvetica-BoldOblique"),
    "Courier": ("Courier", "Courier-Bold", "Courier-Oblique", "Courier-BoldOblique"),
}
_NAME = re.compile(
    r"(?P<family>Times(?=-)|TimesNewRoman(?:PS)?(?:MT)?|Helvetica(?:LTStd(?=-Bold$))?"
    r"|Arial(?:MT|Narrow|-?Black|UnicodeMS)?|Courier(?:New(?:PS)?(?:MT)?)?)"
    r"(?:-(?P<style>Roman|BoldItalic|BoldOblique|Bold|Italic|Oblique)(?:MT)?)?"
)
_FAMILIES = {"A": "Helvetica", "H": "Helvetica", "T": "Times", "C": "Courier"}


def standard_name(name: str) -> str | None:
    """Which of the fourteen a font's name means; None for another font."""
    plain = re.sub(r"\s", "", re.sub("[,_]", "-", name))
    if plain in ("ZapfDingbats", "Symbol", "Symbol-Bold", "Symbol-Italic", "Symbol-BoldItalic"):
        return plain.partition("-")[0]
    match = _NAME.fullmatch(plain)
    if match is None:
        return None
    style = match["style"] or ""
    index = ("Bold" in style) + 2 * ("Italic" in style or "Oblique" in style)
    return _STYLES[_FAMILIES[match["family"][0]]][index]


def standard_widths(name: str) -> tuple[Callable[[str], float], float]:
    """Widths by glyph name (0: not in the font) of the standard font nearest to a name.

    The second value is the width of what has none.
    """
    standard = standard_name(name)
    if standard is None:
        standard = "Times-Roman" if _SERIF.search(name.split("-")[0]) else "Helvetica"
    if standard.startswith("Courier"):
        return lambda _: 0, COURIER_WIDTH
    if standard == "ZapfDingbats":
        return _dingbat_width, 0
    widths = FONT_METRICS[standard][1]
    euro = EURO_WIDTHS.get(standard[0], 0)

    def width(glyph: str) -> float:
        code = listed_code(glyph)
        if glyph == "Euro" and euro:
            return euro
        return 0 if code is None else widths.get(chr(code), 0)

    return width, 0


def _dingbat_width(glyph: str) -> float:
    """Dingbats are called a1 to a206; pdfminer lists them by that number."""
    if glyph == "space":
        return DINGBAT_SPACE
    number = glyph[1:]
    if glyph[:1] != "a" or not number.isdecimal() or int(number) > 0xFF:
        return 0
    return FONT_METRICS["ZapfDingbats"][1].get(chr(int(number)), 0)
