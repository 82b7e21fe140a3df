"""Fonts of a PDF: a font dictionary -> what its strings show.

Here are the fonts of longer codes (Type 0), as `src/core/evaluator.js` and `src/core/fonts.js` of
pdf.js 4.10 read them (Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pdfminer.psparser import LIT

from ..verdict import Profile
from .charmaps import CharMap, collection_text, embedded_map, predefined_map
from .glyphs import FAULTY, Font, glyph_maker
from .pdffile import (
    dictionary,
    name_of,
    number_of,
    resolved,
    stream_bytes,
    stream_of,
    tolerant,
    whole_number_of,
)
from .simplefonts import embedded_program, font_name, own_unit, simple_font
from .unicodemaps import IdentityTexts, to_unicode

Entries = Mapping[str, object]
COLLECTIONS = ("GB1", "CNS1", "Japan1", "Korea1")
DEFAULT_WIDTH = 1000
LAST_GLYPH = 0xFFFF

NO_FONT: Entries = MappingProxyType(
    {
        "Subtype": LIT("Type1"),
        "BaseFont": LIT("No-Such-Font"),
        "Encoding": LIT("WinAnsiEncoding"),
    }
)
"""Stands for a font that the page names and does not have: text in Helvetica's widths."""


def read_font(font: Entries, profile: Profile) -> Font:
    """``FAULTY`` where pdf.js gives up."""
    subtype = name_of(font.get("Subtype"))
    if subtype is None:
        return FAULTY
    if subtype != "Type0":
        return simple_font(font, subtype, profile)
    below = resolved(font.get("DescendantFonts"))
    descendant = dictionary(below[0] if isinstance(below, list) and below else below)
    kind = name_of(descendant.get("Subtype"))
    if kind is None:
        return FAULTY
    if profile is Profile.NEW or dictionary(descendant.get("FontDescriptor")):
        return _composite(font, descendant, profile)
    given = {key: font[key] for key in ("ToUnicode",) if key in font}
    # Up to 5.4 pdf.js reads such a font as if its codes were bytes.
    return simple_font({**given, **descendant}, kind, profile)


def _composite(font: Entries, descendant: Entries, profile: Profile) -> Font:
    descriptor = dictionary(descendant.get("FontDescriptor"))
    name, char_map = font_name(descendant, descriptor), _char_map(font.get("Encoding"))
    if name is None or char_map is None:
        return FAULTY
    texts = to_unicode(descendant.get("ToUnicode") or font.get("ToUnicode"))
    if texts is None:
        texts = _collection_texts(char_map, dictionary(descendant.get("CIDSystemInfo")))
    default = number_of(descendant.get("DW"))
    missing = DEFAULT_WIDTH if default is None else -int(-default // 1)
    widths = _listed(resolved(descendant.get("W")), 1)
    heights = _listed(resolved(descendant.get("W2")), 3) if char_map.vertical else {}

    def width_of(code: int) -> float:
        return widths.get(char_map.glyph_number(code), missing)

    def height_of(code: int) -> float:
        return heights.get(char_map.glyph_number(code), -width_of(code))

    return Font(
        name,
        glyph_maker(texts, width_of, height_of),
        own_unit(descendant, embedded_program(descriptor), profile),
        char_map.vertical,
        char_map.codes,
    )


def _char_map(encoding: object) -> CharMap | None:
    name = name_of(encoding)
    if name is not None:
        return predefined_map(name)
    stream = stream_of(encoding)
    data = None if stream is None else tolerant(stream_bytes, stream)
    return None if data is None else embedded_map(data)


def _collection_texts(char_map: CharMap, collection: Entries) -> Mapping[int, str]:
    """Texts by the numbers that Adobe's collections of Chinese, Japanese, Korean glyphs give."""
    registry, ordering = _string(collection.get("Registry")), _string(collection.get("Ordering"))
    if not (char_map.predefined or (registry == "Adobe" and ordering in COLLECTIONS)):
        return IdentityTexts()
    by_glyph = collection_text(registry, ordering)
    if char_map.identity:
        return by_glyph
    return {
        code: by_glyph[glyph]
        for code, glyph in char_map.targets.items()
        if isinstance(glyph, int) and glyph in by_glyph
    }


def _string(value: object) -> str:
    found = resolved(value)
    return found.decode("latin-1") if isinstance(found, bytes) else ""


def _listed(listed: object, count: int) -> dict[int, float]:
    """First numbers by glyph, from a W array, or W2 with its ``count`` of three for each glyph.

    Both are runs `first [values…]` and `first last value…` (PDF 32000-1, 9.7.4.3).
    """
    found: dict[int, float] = {}
    entries = listed if isinstance(listed, list) else []
    at = 0
    while at + 1 < len(entries):
        first, then = whole_number_of(entries[at]), resolved(entries[at + 1])
        if first is None:
            break
        if isinstance(then, list):
            for index in range(0, len(then) - count + 1, count):
                _put(found, range(first, first + 1), then[index : index + count])
                first += 1
            at += 2
            continue
        last = whole_number_of(then)
        if last is None:
            break
        run = range(first, min(last, LAST_GLYPH) + 1)
        _put(found, run, entries[at + 2 : at + 2 + count])
        at += 2 + count
    return found


def _put(found: dict[int, float], glyphs: range, values: list[object]) -> None:
    numbers = [number_of(value) for value in values]
    if numbers and numbers[0] is not None and None not in numbers:
        found.update(dict.fromkeys(glyphs, numbers[0]))
