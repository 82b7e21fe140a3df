"""Fonts whose codes are one byte: Type 1, TrueType and Type 3.

A code's text and width are those of pdf.js 4.10 (`src/core/evaluator.js`, `src/core/fonts.js`,
Apache-2.0), because links count the text that the viewer shows, right or wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..verdict import Profile
from .bitmapfonts import bitmap_box
from .fontprograms import FontProgram, font_program
from .glyphnames import (
    DINGBATS,
    MAC_ROMAN,
    NAMED,
    STANDARD,
    SYMBOL,
    WIN_ANSI,
    Encoding,
    code_of,
    texts_of,
)
from .glyphs import FAULTY, GLYPH_UNIT, Font, glyph_maker
from .pdffile import (
    dictionary,
    name_of,
    number_list,
    number_of,
    resolved,
    stream_bytes,
    stream_of,
    tolerant,
    whole_number_of,
)
from .standardfonts import SYMBOL_FONTS, standard_name, standard_widths
from .unicodemaps import IdentityTexts, to_unicode

Entries = Mapping[str, object]
SYMBOLIC, NONSYMBOLIC = 4, 32  # font flags, PDF 32000-1, table 123
BITMAP = "Type3"


def font_name(font: Entries, descriptor: Entries) -> str | None:
    """The descriptor's name, unless the font's own is a better known one."""
    own, other = _name(font.get("BaseFont")), _name(descriptor.get("FontName"))
    if own is None or other is None:
        return own or other
    better = own.startswith(other) or (_is_known(own) and not _is_known(other))
    return own if better else other


def _name(value: object) -> str | None:
    found = resolved(value)
    return found.decode("latin-1") if isinstance(found, bytes) else name_of(found)


def _is_known(name: str) -> bool:
    return name in SYMBOL_FONTS or standard_name(name) is not None


def embedded_program(descriptor: Entries) -> FontProgram | None:
    """None where the font is not in the PDF."""
    for key in ("FontFile", "FontFile2", "FontFile3"):
        stream = stream_of(descriptor.get(key))
        if stream is not None:
            data = tolerant(stream_bytes, stream)
            return font_program(data) if data else None
    return None


def own_unit(font: Entries, program: FontProgram | None, profile: Profile) -> float:
    """Glyph units to text space, which up to 5.4 a matrix in the wrong place could change.

    Outline fonts with a matrix in their program cancel it out.
    """
    matrix = number_list(font.get("FontMatrix"))
    if (
        profile is Profile.NEW
        or matrix is None
        or len(matrix) != 6
        or (program is not None and not program.is_truetype)
    ):
        return GLYPH_UNIT
    return matrix[0]


def simple_font(font: Entries, subtype: str, profile: Profile) -> Font:
    descriptor = dictionary(font.get("FontDescriptor"))
    is_bitmap = subtype == BITMAP
    name = BITMAP if is_bitmap and not descriptor else font_name(font, descriptor)
    if name is None:
        return FAULTY
    if descriptor or is_bitmap:
        flags = whole_number_of(descriptor.get("Flags")) or 0
    else:
        name = re.sub("[,_]", "-", name)
        flags = SYMBOLIC if name.split("-")[0] in SYMBOL_FONTS else NONSYMBOLIC
    program = None if is_bitmap else embedded_program(descriptor)
    facts = _Facts(font, descriptor, subtype, name, flags, program)
    encoding = facts.read_encoding()
    texts, (widths, missing) = facts.texts(encoding), facts.widths(encoding)
    if facts.shows_blanks() and not isinstance(texts, IdentityTexts):
        blanks = dict.fromkeys(encoding.unnamed(), " ")
        texts = {**texts, **blanks} if profile is Profile.OLD else {**blanks, **texts}
    make = glyph_maker(texts, lambda code: widths.get(code, missing))
    if not is_bitmap:
        return Font(name, make, own_unit(font, program, profile))
    matrix = number_list(font.get("FontMatrix"))
    if matrix is None or len(matrix) != 6:
        matrix = [GLYPH_UNIT, 0, 0, GLYPH_UNIT, 0, 0]
    return Font(name, make, matrix[0], bitmap=bitmap_box(font, matrix))


@dataclass(frozen=True, slots=True)
class _Encoding:
    """``base``: the named encoding that it starts from, if the PDF names one."""

    start: Encoding
    base: Encoding | None
    differences: Mapping[int, str]

    @property
    def is_given(self) -> bool:
        return self.base is not None or bool(self.differences)

    def unnamed(self) -> list[int]:
        """Codes without a glyph name."""
        return [c for c in range(256) if not (self.differences.get(c) or self.start.get(c))]

    def texts(self) -> dict[int, str]:
        named = {code: name for code, name in self.differences.items() if name != ".notdef"}
        return texts_of({**self.start, **named}, self.base)


@dataclass(frozen=True, slots=True)
class _Facts:
    """``program``: None where the font is not in the PDF."""

    font: Entries
    descriptor: Entries
    subtype: str
    name: str
    flags: int
    program: FontProgram | None

    def shows_blanks(self) -> bool:
        """Whether codes without a glyph name are blanks: in Type 1 fonts that are nowhere."""
        return self.subtype == "Type1" and self.program is None and standard_name(self.name) is None

    def read_encoding(self) -> _Encoding:
        value = resolved(self.font.get("Encoding"))
        named, differences = name_of(value), {}
        if isinstance(value, dict):
            named = name_of(value.get("BaseEncoding"))
            differences = _differences(resolved(value.get("Differences")))
        base = NAMED.get(named or "")
        if base is not None and (self.program is not None or self.name not in SYMBOL_FONTS):
            return _Encoding(base, base, differences)
        return _Encoding(self._assumed_encoding(), None, differences)

    def _assumed_encoding(self) -> Encoding:
        if self.flags & SYMBOLIC or self.name in SYMBOL_FONTS:
            name = self.name.lower() if self.program is None else ""
            for word, encoding in _SYMBOL_ENCODINGS.items():
                if word in name:
                    return encoding
            return MAC_ROMAN
        if self.subtype == "TrueType" and not self.flags & NONSYMBOLIC:
            return WIN_ANSI
        return STANDARD

    def texts(self, encoding: _Encoding) -> Mapping[int, str]:
        given = to_unicode(self.font.get("ToUnicode"))
        if given is not None:
            if isinstance(given, IdentityTexts) or self.subtype == BITMAP or not encoding.is_given:
                return given
            return {**encoding.texts(), **given}
        texts = encoding.texts()
        program = self.program
        if program is None:
            return texts
        if program.encoding is not None and encoding.base is None:
            return texts | _built_in(program.encoding, encoding.differences)
        if program.windows_names and self.flags & SYMBOLIC and not encoding.is_given:
            return texts | texts_of(WIN_ANSI, None)
        return texts

    def widths(self, encoding: _Encoding) -> tuple[Mapping[int, float], float]:
        """Widths by code, and the width of the rest."""
        listed = resolved(self.font.get("Widths"))
        if isinstance(listed, list):
            first = whole_number_of(self.font.get("FirstChar")) or 0
            numbers = ((first + at, number_of(each)) for at, each in enumerate(listed))
            return {code: width for code, width in numbers if width is not None}, self._missing()
        width_of, missing = standard_widths(self.name)
        widths: dict[int, float] = {}
        for code in range(256):
            for name in (encoding.differences.get(code), encoding.start.get(code)):
                width = width_of(name) if name else 0
                if width:
                    widths[code] = width
                    break
        return widths, missing

    def _missing(self) -> float:
        if self.descriptor or self.subtype == BITMAP:
            return number_of(self.descriptor.get("MissingWidth")) or 0
        return standard_widths(self.name)[1]


_SYMBOL_ENCODINGS = {"symbol": SYMBOL, "dingbats": DINGBATS, "wingdings": WIN_ANSI}


def _built_in(encoding: Encoding, differences: Mapping[int, str]) -> dict[int, str]:
    """What the font program's own encoding adds where the PDF names no other."""
    codes = {
        code: found
        for code, name in encoding.items()
        if code not in differences and (found := code_of(name)) is not None
    }
    return {code: chr(found & 0xFFFF) for code, found in codes.items()}


def _differences(listed: object) -> dict[int, str]:
    names: dict[int, str] = {}
    code = 0
    for each in listed if isinstance(listed, list) else []:
        number, name = whole_number_of(each), name_of(each)
        if number is not None:
            code = number
        elif name is not None:
            names[code] = name
            code += 1
    return names
