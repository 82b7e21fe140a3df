"""What a font file inside a PDF says of its own character codes.

Three formats, each read only as far as its encoding: Type 1 (Adobe Type 1 Font Format, 2.3), CFF
(Adobe Technical Note 5176) and the name table of TrueType. What follows from it for text follows
`src/core/type1_parser.js`, `cff_parser.js` and `fonts.js` of pdf.js 4.10 (Apache-2.0).
"""

from __future__ import annotations

import itertools
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from pdfminer.pdffont import CFFFont

from .glyphnames import STANDARD, Encoding

_TYPE1_ENCODING = re.compile(rb"/Encoding\s+(\w+)")
_TYPE1_ENTRY = re.compile(rb"\bdup\s+(\d+)\s*/([^\s/\[\]{}()<>%]+)\s+put\b|\bdef\b")
WINDOWS = (3, 1, 0x409)
MACINTOSH = (1, 0, 0)
TOP_CHARSET, TOP_ENCODING, TOP_CHAR_STRINGS, TOP_ROS = 15, 16, 17, (12, 30)
ISO_ADOBE = range(229)  # the glyph names that a CFF font without a list of its own has


@dataclass(frozen=True, slots=True)
class FontProgram:
    """``encoding``: glyph names by code, None where the format has none or it cannot be read.

    ``windows_names``: a TrueType file all of whose names are for Windows, in English.
    """

    encoding: Encoding | None = None
    windows_names: bool = False
    is_truetype: bool = False


def font_program(data: bytes) -> FontProgram:
    """Reads ``data`` by what it is, not by what the PDF calls it."""
    try:
        if data[:4] in (b"\0\1\0\0", b"true", b"ttcf"):
            return FontProgram(windows_names=_only_windows_names(data), is_truetype=True)
        if data[:4] == b"OTTO":
            return FontProgram(_cff_encoding(_table(data, b"CFF ")))
        if data[:2] in (b"%!", b"\x80\x01"):
            return FontProgram(_type1_encoding(data))
        if len(data) > 4 and data[0] >= 1 and 1 <= data[3] <= 4:
            return FontProgram(_cff_encoding(data))
    except (struct.error, IndexError):  # the file ends too early
        pass
    return FontProgram()


def _type1_encoding(data: bytes) -> Encoding | None:
    head = data.partition(b"eexec")[0]
    found = _TYPE1_ENCODING.search(head)
    if found is None:
        return None
    if not found[1].isdigit():
        return STANDARD if found[1] == b"StandardEncoding" else None
    names: dict[int, str] = {}
    for entry in _TYPE1_ENTRY.finditer(head, found.end()):
        if entry[1] is None:
            break
        names[int(entry[1])] = entry[2].decode("latin-1")
    return names


def _table(data: bytes, tag: bytes) -> bytes:
    (count,) = struct.unpack_from(">H", data, 4)
    for at in range(12, 12 + 16 * count, 16):
        name, _, start, length = struct.unpack_from(">4sLLL", data, at)
        if name == tag:
            return data[start : start + length]
    return b""


def _only_windows_names(data: bytes) -> bool:
    table = _table(data, b"name")
    layout, count, _ = struct.unpack_from(">HHH", table) if len(table) >= 6 else (1, 0, 0)
    if layout != 0:
        return False
    count = min(count, (len(table) - 6) // 12)
    kinds = [struct.unpack_from(">HHH", table, 6 + 12 * index) for index in range(count)]
    known = [kind for kind in kinds if kind in (WINDOWS, MACINTOSH)]
    return bool(known) and MACINTOSH not in known


@dataclass(slots=True)
class _Cff:
    data: bytes
    strings: list[bytes] = field(default_factory=list)

    def index(self, at: int) -> tuple[list[bytes], int]:
        """The entries of an INDEX, and where it ends."""
        (count,) = struct.unpack_from(">H", self.data, at)
        if count == 0:
            return [], at + 2
        size = self.data[at + 2]
        starts = [
            int.from_bytes(self.data[at + 3 + size * each : at + 3 + size * (each + 1)], "big")
            for each in range(count + 1)
        ]
        base = at + 2 + size * (count + 1)
        entries = [
            self.data[base + start : base + end] for start, end in itertools.pairwise(starts)
        ]
        return entries, base + starts[-1]

    def name(self, number: int) -> str:
        """The string of a string identifier (SID)."""
        standard = CFFFont.STANDARD_STRINGS
        if number < len(standard):
            return str(standard[number])
        own = number - len(standard)
        return self.strings[own].decode("latin-1") if own < len(self.strings) else ".notdef"


def _cff_encoding(data: bytes) -> Encoding | None:
    """None for fonts whose glyphs have numbers instead of names."""
    cff = _Cff(data)
    _, at = cff.index(data[2])
    tops, at = cff.index(at)
    cff.strings, _ = cff.index(at)
    top = _top_dictionary(tops[0])
    if TOP_ROS in top:
        return None
    (glyphs,) = struct.unpack_from(">H", data, top.get(TOP_CHAR_STRINGS, 0))
    charset = _charset(cff, top.get(TOP_CHARSET, 0), glyphs)
    at = top.get(TOP_ENCODING, 0)
    if at == 0:
        present = {cff.name(number) for number in charset}
        return {code: name for code, name in STANDARD.items() if name in present}
    if at == 1:  # Adobe's expert encoding: only fonts of small capitals and fractions had it
        return None
    codes = _encoded_glyphs(cff, at, charset)
    return {code: cff.name(number) for code, number in codes.items()}


def _top_dictionary(data: bytes) -> Mapping[int | tuple[int, int], int]:
    """The last whole number before each operator: all that is wanted here are offsets."""
    found: dict[int | tuple[int, int], int] = {}
    number = at = 0
    while at < len(data):
        first = data[at]
        if first == 12:
            found[(12, data[at + 1])] = number
            at += 2
        elif first <= 21:
            found[first] = number
            at += 1
        elif first == 28:
            (number,) = struct.unpack_from(">h", data, at + 1)
            at += 3
        elif first == 29:
            (number,) = struct.unpack_from(">l", data, at + 1)
            at += 5
        elif first == 30:
            at = _end_of_real(data, at + 1)
        elif first <= 246:
            number, at = first - 139, at + 1
        else:
            sign, base = (1, 247) if first <= 250 else (-1, 251)
            number, at = sign * ((first - base) * 256 + data[at + 1] + 108), at + 2
    return found


def _end_of_real(data: bytes, at: int) -> int:
    while at < len(data) and data[at] >> 4 != 0xF and data[at] & 0xF != 0xF:
        at += 1
    return at + 1


def _charset(cff: _Cff, at: int, glyphs: int) -> list[int]:
    """The string identifier of each glyph."""
    if at <= 2:
        return list(ISO_ADOBE[:glyphs])
    data, layout = cff.data, cff.data[at]
    at += 1
    found = [0]
    if layout == 0:
        found += struct.unpack_from(f">{max(0, glyphs - 1)}H", data, at)
        return found
    size, form = (3, ">HB") if layout == 1 else (4, ">HH")
    while len(found) < glyphs:
        first, left = struct.unpack_from(form, data, at)
        found.extend(range(first, first + left + 1))
        at += size
    return found[:glyphs]


def _encoded_glyphs(cff: _Cff, at: int, charset: list[int]) -> dict[int, int]:
    """The string identifier of each code."""
    data = cff.data
    layout, count = data[at], data[at + 1]
    at += 2
    codes: dict[int, int] = {}
    glyph = 1
    for _ in range(count):
        first, left = data[at], data[at + 1] if layout & 0x7F else 0
        at += 2 if layout & 0x7F else 1
        for code in range(first, first + left + 1):
            if glyph < len(charset):
                codes[code] = charset[glyph]
            glyph += 1
    if layout & 0x80:
        for each in range(data[at]):
            code, number = struct.unpack_from(">BH", data, at + 1 + 3 * each)
            codes[code] = number
    return codes
