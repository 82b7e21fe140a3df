"""PDFs for the tests, written byte by byte: each a known layout, damage or trap.

The same call gives the same bytes on every machine: no compression, no clock, no chance.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

LETTER = (0, 0, 612, 792)
Objects = dict[int, bytes]

HELVETICA = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
TIMES = b"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman/Encoding/WinAnsiEncoding>>"
COURIER = b"<</Type/Font/Subtype/Type1/BaseFont/Courier-Bold/Encoding/MacRomanEncoding>>"


def written(objects: Objects, trailer: bytes = b"/Root 1 0 R") -> bytes:
    """The file: header, objects, table of their places, trailer."""
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places = {}
    for number, body in sorted(objects.items()):
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    size = max(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        place = places.get(number)
        out += b"0000000000 00000 f \n" if place is None else b"%010d 00000 n \n" % place
    out += b"trailer\n<</Size %d%s>>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, table)
    return bytes(out)


def stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<</Length %d%s>>\nstream\n%s\nendstream" % (len(data), entries, data)


def pages(
    *contents: bytes | Sequence[bytes],
    fonts: Mapping[str, bytes] | None = None,
    forms: Mapping[str, bytes] | None = None,
    others: Mapping[int, bytes] | None = None,
    page: bytes = b"",
    resources: bytes = b"",
    box: tuple[int, int, int, int] = LETTER,
) -> bytes:
    """A PDF with a page for each of ``contents``, which may come in several streams.

    ``fonts``, ``forms``: objects by resource name, numbered from 10 and from 50. ``others``: more
    objects, by number from 70. ``page``, ``resources``: entries added to each page's.
    """
    fonts = {"H": HELVETICA, "T": TIMES, "C": COURIER} if fonts is None else fonts
    objects: Objects = {1: b"<</Type/Catalog/Pages 2 0 R>>"}
    used = b"<</Font<<%s>>/XObject<<%s>>%s>>" % (
        _references(fonts, 10),
        _references(forms or {}, 50),
        resources,
    )
    objects |= dict(enumerate(fonts.values(), 10)) | dict(enumerate((forms or {}).values(), 50))
    objects |= others or {}
    kids = b""
    for index, content in enumerate(contents):
        streams = [content] if isinstance(content, bytes) else content
        number = 1000 + 10 * index
        kids += b"%d 0 R " % number
        references = b" ".join(b"%d 0 R" % (number + 1 + each) for each in range(len(streams)))
        objects[number] = b"<</Type/Page/Parent 2 0 R/Contents[%s]/Resources 3 0 R%s>>" % (
            references,
            page,
        )
        for each, data in enumerate(streams):
            objects[number + 1 + each] = stream(data)
    objects[2] = b"<</Type/Pages/Kids[%s]/Count %d/MediaBox[%d %d %d %d]>>" % (
        kids,
        len(contents),
        *box,
    )
    objects[3] = used
    return written(objects)


def _references(named: Mapping[str, bytes], first: int) -> bytes:
    return b"".join(b"/%s %d 0 R" % (name.encode(), first + at) for at, name in enumerate(named))


def text(
    *parts: bytes | str, font: str = "H", size: float = 12, at: tuple[float, float] = (72, 720)
) -> bytes:
    """A text object: strings are shown, bytes are operators."""
    shown = [
        part if isinstance(part, bytes) else b"(%s) Tj" % part.encode("cp1252") for part in parts
    ]
    head = b"BT /%s %g Tf %g %g Td" % (font.encode(), size, *at)
    return b"\n".join([head, *shown, b"ET\n"])


def character_map(codes: Mapping[int, str], length: int = 1) -> bytes:
    """A ToUnicode map."""
    lines = b"".join(
        b"<%0*X> <%s>\n" % (2 * length, code, value.encode("utf-16-be").hex().encode())
        for code, value in codes.items()
    )
    top = b"FF" * length
    return stream(
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        b"/CMapName /Own def /CMapType 2 def\n1 begincodespacerange\n<%s> <%s>\nendcodespacerange\n"
        b"%d beginbfchar\n%sendbfchar\nendcmap end end\n" % (b"00" * length, top, len(codes), lines)
    )


def simple_font(
    *, widths: Sequence[float] = (), first: int = 32, extra: bytes = b"", name: str = "Own",
    subtype: str = "Type1", flags: int = 32,
) -> bytes:  # fmt: skip
    """A font of one-byte codes that is not in the file, with a descriptor."""
    listed = b" ".join(b"%g" % width for width in widths)
    listing = b"/FirstChar %d/LastChar %d/Widths[%s]" % (first, first + len(widths) - 1, listed)
    return (
        b"<</Type/Font/Subtype/%s/BaseFont/%s%s%s/FontDescriptor<</Type/FontDescriptor/FontName/%s"
        b"/Flags %d/FontBBox[0 -200 1000 900]/ItalicAngle 0/Ascent 900/Descent -200/CapHeight 700"
        b"/StemV 80>>>>"
        % (subtype.encode(), name.encode(), listing if widths else b"", extra, name.encode(), flags)
    )


def long_font(
    encoding: bytes, *, ordering: str = "Identity", extra: bytes = b"", below: bytes = b"",
    subtype: str = "CIDFontType2",
) -> bytes:  # fmt: skip
    """A font of longer codes that is not in the file."""
    return (
        b"<</Type/Font/Subtype/Type0/BaseFont/Long/Encoding%s%s/DescendantFonts[<</Type/Font"
        b"/Subtype/%s/BaseFont/Long/CIDSystemInfo<</Registry(Adobe)/Ordering(%s)"
        b"/Supplement 0>>%s/FontDescriptor<</Type/FontDescriptor/FontName/Long/Flags 4/FontBBox"
        b"[0 -200 1000 900]/ItalicAngle 0/Ascent 900/Descent -200/CapHeight 700/StemV 80>>>>]>>"
        % (encoding, extra, subtype.encode(), ordering.encode(), below)
    )


def form(data: bytes, entries: bytes = b"") -> bytes:
    return stream(data, b"/Type/XObject/Subtype/Form/BBox[0 0 612 792]" + entries)


# ------------------------------------------------------------------ encryption

PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")


def encrypted(content: bytes, *, password: bytes = b"") -> bytes:
    """A page encrypted with RC4 of 40 bits (PDF 32000-1, 7.6), to open with ``password``."""
    user = (password + PADDING)[:32]
    owner = _rc4(hashlib.md5(user).digest()[:5], user)
    identity = b"0123456789ABCDEF"
    allowed = (-4).to_bytes(4, "little", signed=True)
    key = hashlib.md5(user + owner + allowed + identity).digest()[:5]
    own = key + (4).to_bytes(3, "little") + b"\0\0"
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 612 792]>>",
        3: b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</H 5 0 R>>>>>>",
        4: stream(_rc4(hashlib.md5(own).digest()[:10], content)),
        5: HELVETICA,
        6: b"<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>"
        % (owner.hex().encode(), _rc4(key, PADDING).hex().encode()),
    }
    name = b"<%s>" % identity.hex().encode()
    return written(objects, b"/Root 1 0 R/Encrypt 6 0 R/ID[%s%s]" % (name, name))


def _rc4(key: bytes, data: bytes) -> bytes:
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)
