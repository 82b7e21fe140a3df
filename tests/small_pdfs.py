"""PDFs of a few lines each, written by hand: honest ones, broken ones, and traps."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

_FONT = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"


def lines(*texts: str, x: int = 72, top: int = 720, size: int = 12, leading: int = 16) -> str:
    """A content stream that shows one line below the other."""
    shown = [
        f"BT /F1 {size} Tf 1 0 0 1 {x} {top - leading * index} Tm ({_escaped(text)}) Tj ET"
        for index, text in enumerate(texts)
    ]
    return "\n".join(shown)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def pdf(*contents: str, rotate: int = 0, box: str = "0 0 612 792") -> bytes:
    """A PDF with a page for each content stream."""
    return assembled(
        *(
            [
                f"<< /Type /Page /Parent 2 0 R /MediaBox [{box}] /Rotate {rotate} "
                f"/Contents {{0}} 0 R /Resources << /Font << /F1 3 0 R /F2 3 0 R >> >> >>",
                stream(content.encode("cp1252")),
            ]
            for content in contents
        )
    )


def assembled(*pages: Sequence[str | bytes], trailer: str = "") -> bytes:
    """A file of pages, each a page object and what it needs; ``{0}``, ``{1}`` … are the numbers
    of these."""
    objects: list[bytes] = []
    kids = []
    for page, *needed in pages:
        number = len(objects) + 4
        kids.append(f"{number} 0 R")
        numbers = [number + 1 + index for index in range(len(needed))]
        for part in (page, *needed):
            objects.append(_filled(part, numbers))
    head = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>".encode(),
        _FONT.encode(),
    ]
    return _file([*head, *objects], trailer)


def _filled(part: str | bytes, numbers: Sequence[int]) -> bytes:
    if isinstance(part, bytes):
        return part
    for index, number in enumerate(numbers):
        part = part.replace(f"{{{index}}}", str(number))
    return part.encode()


def _file(objects: Sequence[bytes], trailer: str) -> bytes:
    data = b"%PDF-1.7\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\n"
    return data + f"{end}startxref\n{len(data)}\n%%EOF\n".encode()


def stream(content: bytes, entries: str = "") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (
        len(content),
        entries.encode(),
        content,
    )


# --- traps ------------------------------------------------------------------------------------

_PAGE = (
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {0} 0 R "
    "/Resources << /Font << /F1 3 0 R >> /XObject << /X {1} 0 R >> >> >>"
)


def endless() -> bytes:
    """A form that draws the next one ten times, twenty times over: 10**20 words."""
    forms: list[str | bytes] = []
    for index in range(1, 20):
        content = "/X Do " * 10
        resources = f"/Resources << /XObject << /X {{{index + 1}}} 0 R >> >>"
        forms.append(
            f"<< /Type /XObject /Subtype /Form /BBox [0 0 612 792] {resources} "
            f"/Length {len(content)} >>\nstream\n{content}\nendstream"
        )
    last = lines("so many words")
    forms.append(
        "<< /Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >>"
        f" /Length {len(last)} >>\nstream\n{last}\nendstream"
    )
    return assembled([_PAGE, stream(b"/X Do"), *forms])


def bomb(gigabytes: int = 8) -> bytes:
    """A content stream of spaces, packed twice."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(b" " * 2**24) + packer.flush(zlib.Z_FULL_FLUSH)
    size = gigabytes * 2**30
    # RFC 1950: the sums of a checksum over equal bytes, without making them.
    low, high = (1 + 32 * size) % 65521, (size + 16 * size * (size + 1)) % 65521
    check = (high << 16 | low).to_bytes(4, "big")
    inner = b"\x78\xda" + block * (size // 2**24) + b"\x03\x00" + check
    content = stream(zlib.compress(inner, 9), "/Filter [/FlateDecode /FlateDecode]")
    return assembled([_PAGE, content, stream(b"")])


def locked() -> bytes:
    """Encrypted, with a password that nobody gives: a key that fits no password is enough."""
    noise = "ab" * 32
    encryption = (
        f"/Encrypt << /Filter /Standard /V 1 /R 2 /O <{noise}> /U <{noise}> /P -4 >> "
        f"/ID [<{'00' * 16}> <{'00' * 16}>]"
    )
    page = _PAGE.replace("/XObject << /X {1} 0 R >>", "")
    return assembled([page, stream(lines("a secret").encode())], trailer=encryption)


def scan() -> bytes:
    """A page that is an image."""
    image = (
        "<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray "
        "/BitsPerComponent 8 /Length 1 >>\nstream\n\x7f\nendstream"
    )
    return assembled([_PAGE, stream(b"612 0 0 792 0 0 cm /X Do"), image])
