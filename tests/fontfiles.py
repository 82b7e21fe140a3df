"""The smallest font files, written byte by byte."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

CFF_STANDARD_STRINGS = 391


def type1(encoding: Mapping[int, str] | str) -> bytes:
    """The clear part of a Type 1 font; ``encoding``: names by code, or the name of one."""
    if isinstance(encoding, str):
        listed = f"/Encoding {encoding} def"
    else:
        entries = "\n".join(f"dup {code} /{name} put" for code, name in encoding.items())
        listed = f"/Encoding 256 array\n0 1 255 {{1 index exch /.notdef put}} for\n{entries}\nreadonly def"
    return f"%!PS-AdobeFont-1.0: Own\n/FontName /Own def\n{listed}\ncurrentfile eexec\n".encode()


def cff(
    names: Sequence[str], codes: Sequence[int] | None, supplement: Mapping[int, str] = {}
) -> bytes:
    """A CFF font with empty glyphs of these names; ``codes``: theirs, None for Adobe's standard.

    ``supplement``: more codes for some of the names.
    """
    numbers = {name: CFF_STANDARD_STRINGS + at for at, name in enumerate(names)}
    strings = _index([name.encode() for name in names])
    glyphs = _index([b"\x8b\x0e"] * (len(names) + 1))
    charset = b"\0" + b"".join(struct.pack(">H", number) for number in numbers.values())
    encoding = b""
    if codes is not None:
        encoding = bytes([0x80 if supplement else 0, len(codes), *codes])
        if supplement:
            encoding += bytes([len(supplement)])
            encoding += b"".join(
                struct.pack(">BH", code, numbers[name]) for code, name in supplement.items()
            )
    head = bytes([1, 0, 4, 1]) + _index([b"Own"])
    size = len(head) + len(_index([_top(0, 0, 0, 0)])) + len(strings) + 2
    places = size, size + len(charset), size + len(charset) + len(encoding)
    private = places[2] + len(glyphs)
    top = _top(places[0], places[1] if codes is not None else 0, places[2], private)
    return b"".join([head, _index([top]), strings, b"\0\0", charset, encoding, glyphs, _PRIVATE])


_PRIVATE = b"\x8b\x14"  # defaultWidthX 0


def _top(charset: int, encoding: int, glyphs: int, private: int) -> bytes:
    def number(value: int) -> bytes:
        return b"\x1d" + struct.pack(">l", value)

    entries = ((charset, b"\x0f"), (encoding, b"\x10"), (glyphs, b"\x11"))
    found = b"".join(number(value) + operator for value, operator in entries)
    return found + number(len(_PRIVATE)) + number(private) + b"\x12"


def _index(entries: Sequence[bytes]) -> bytes:
    starts = [1]
    for entry in entries:
        starts.append(starts[-1] + len(entry))
    places = b"".join(struct.pack(">H", start) for start in starts)
    return struct.pack(">HB", len(entries), 2) + places + b"".join(entries)


def truetype(*records: tuple[int, int, int]) -> bytes:
    """A TrueType file with a name table only: platform, encoding and language of each name."""
    table = struct.pack(">HHH", 0, len(records), 6 + 12 * len(records))
    table += b"".join(struct.pack(">HHHHHH", *record, 1, 0, 0) for record in records)
    entry = struct.pack(">4sLLL", b"name", 0, 28, len(table))
    return struct.pack(">LHHHH", 0x00010000, 1, 16, 0, 0) + entry + table
