"""A PDF as a file: its pages, its objects, and its faults in words.

pdfminer.six reads the structure. What goes wrong inside it is the file's fault and becomes
``UnreadablePdf``; what goes wrong in our own code keeps its traceback.
"""

from __future__ import annotations

import io
import logging
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from types import TracebackType

from pdfminer.pdfdocument import (
    PDFDocument,
    PDFEncryptionError,
    PDFNoValidXRef,
    PDFPasswordIncorrect,
)
from pdfminer.pdfparser import PDFParser, PDFStreamParser
from pdfminer.pdftypes import (
    LITERALS_FLATE_DECODE,
    PDFObjectNotFound,
    PDFObjRef,
    PDFStream,
    resolve1,
)
from pdfminer.psparser import PSLiteral

from .unreadable import MOST_PAGES, MOST_REFERENCES, MOST_STREAM_BYTES, UnreadablePdf

Box = tuple[float, float, float, float]
LETTER: Box = (0.0, 0.0, 612.0, 792.0)
INHERITED = ("Resources", "MediaBox", "CropBox")
LARGEST_NUMBER = 1e300  # beyond it sums may have no number at all
HEADER_WITHIN = 1024  # bytes; a PDF may start with a few that are not its own

logging.getLogger("pdfminer").setLevel(logging.ERROR)  # its warnings are about what we handle


class Document(PDFDocument):
    """A document in which a chain of references ends.

    ``scanned``: objects are found by looking through the whole file, not in its tables.
    """

    def __init__(self, data: bytes, *, scanned: bool = False) -> None:
        self.scanned = scanned
        self._starts: dict[int, tuple[PDFStream, tuple[int, int]]] = {}
        super().__init__(PDFParser(io.BytesIO(data)))

    def find_xref(self, parser: PDFParser) -> int:
        if self.scanned:
            raise PDFNoValidXRef
        return super().find_xref(parser)

    def _getobj_objstm(self, stream: PDFStream, index: int, objid: int) -> object:
        """One object of a stream of objects; pdfminer parses all, most of them no text's."""
        known = self._starts.get(objid)
        if known is None or known[0] is not stream:
            self._starts |= {number: (stream, span) for number, span in _spans(stream)}
            known = self._starts.get(objid)
        if known is None or known[0] is not stream:
            return super()._getobj_objstm(stream, index, objid)
        parser = PDFStreamParser(stream.get_data()[slice(*known[1])] + b"\n")
        parser.set_document(self)
        return parser.nextobject()[1]

    def getobj(self, objid: int) -> object:
        """The object itself, never a reference.

        Raises PDFObjectNotFound, which pdfminer takes for null, also where references go on and on.
        """
        found = super().getobj(objid)
        for _ in range(MOST_REFERENCES):
            if not isinstance(found, PDFObjRef):
                return found
            found = super().getobj(found.objid)
        raise PDFObjectNotFound(objid)


def _spans(stream: PDFStream) -> list[tuple[int, tuple[int, int]]]:
    """Where the objects of a stream of objects are, by number (PDF 32000-1, 7.5.7)."""
    data = stream.get_data()
    first = whole_number_of(stream.get("First")) or 0
    numbers = [int(each) for each in re.findall(rb"\d{1,10}", data[:first])]
    starts = [first + offset for offset in numbers[1::2]]
    ends = dict(pairwise([*sorted(set(starts)), len(data)]))
    return [
        (number, (start, ends[start])) for number, start in zip(numbers[::2], starts, strict=False)
    ]


@dataclass(frozen=True, slots=True)
class Page:
    """What of a page its text depends on. ``contents``: its streams, decompressed, in order."""

    number: int
    contents: tuple[bytes, ...]
    resources: dict[str, object]
    view: Box


@contextmanager
def faults_named() -> Iterator[None]:
    """Turns an exception from inside pdfminer into ``UnreadablePdf``; any other one passes."""
    try:
        yield
    except (UnreadablePdf, MemoryError):
        raise
    except PDFPasswordIncorrect as error:
        raise UnreadablePdf(
            "The PDF is encrypted and opens only with a password; save a copy without one."
        ) from error
    except PDFEncryptionError as error:
        raise UnreadablePdf(
            "The PDF is encrypted in a way that is not supported; save a copy without encryption."
        ) from error
    except RecursionError as error:
        raise UnreadablePdf(
            "The PDF nests its objects too deep to be read; save it anew with a PDF program."
        ) from error
    except Exception as error:
        if not _raised_in_pdfminer(error.__traceback__):
            raise
        raise UnreadablePdf(
            f"The PDF is broken ({_words(error)}); download it again or save it anew."
        ) from error


def _raised_in_pdfminer(trace: TracebackType | None) -> bool:
    while trace is not None:
        if str(trace.tb_frame.f_globals.get("__name__", "")).startswith("pdfminer."):
            return True
        trace = trace.tb_next
    return False


def _words(error: Exception) -> str:
    words = " ".join(str(error).split())[:80]
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def open_document(data: bytes) -> Document:
    """Raises UnreadablePdf where ``data`` is no PDF, broken, or encrypted with a password."""
    if b"%PDF-" not in data[:HEADER_WITHIN]:
        raise UnreadablePdf("The file is no PDF: it does not start with %PDF; download it again.")
    with faults_named():
        try:
            document = Document(data)
            if next(page_dicts(document), None) is not None:
                return document
        except (PDFEncryptionError, UnreadablePdf):
            raise
        except Exception as error:
            if not _raised_in_pdfminer(error.__traceback__):
                raise
        return Document(data, scanned=True)


def page_dicts(document: Document) -> Iterator[dict[str, object]]:
    """The pages' dictionaries in order, inherited entries put in, each tree node seen once."""
    seen: set[int] = set()
    count = 0
    waiting: list[tuple[object, dict[str, object]]] = [(document.catalog.get("Pages"), {})]
    while waiting:
        node, inherited = waiting.pop()
        if isinstance(node, PDFObjRef):
            if node.objid in seen:
                continue
            seen.add(node.objid)
        entries = resolved(node)
        if not isinstance(entries, dict):
            continue
        entries = inherited | entries
        kids = resolved(entries.get("Kids"))
        if isinstance(kids, list):
            below = {key: entries[key] for key in INHERITED if key in entries}
            waiting.extend((kid, below) for kid in reversed(kids))
            continue
        count += 1
        if count > MOST_PAGES:
            raise UnreadablePdf(f"The PDF has more than {MOST_PAGES:,} pages; split it.")
        yield entries


def all_pages(document: Document) -> list[dict[str, object]]:
    """Raises UnreadablePdf where there is none."""
    pages = list(page_dicts(document))
    if not pages:
        raise UnreadablePdf("The PDF has no pages that can be found; download it again.")
    return pages


def page_of(number: int, entries: dict[str, object]) -> Page:
    contents = resolved(entries.get("Contents"))
    streams = contents if isinstance(contents, list) else [contents]
    found = [stream for each in streams if isinstance(stream := resolved(each), PDFStream)]
    return Page(
        number,
        tuple(stream_bytes(stream) for stream in found),
        dictionary(entries.get("Resources")),
        _view(_box(entries.get("MediaBox")) or LETTER, _box(entries.get("CropBox"))),
    )


def _box(value: object) -> Box | None:
    numbers = number_list(value)
    if numbers is None or len(numbers) != 4:
        return None
    left, right = sorted((numbers[0], numbers[2]))
    bottom, top = sorted((numbers[1], numbers[3]))
    return (left, bottom, right, top) if left < right and bottom < top else None


def _view(media: Box, crop: Box | None) -> Box:
    if crop is None:
        return media
    left, right = max(media[0], crop[0]), min(media[2], crop[2])
    bottom, top = max(media[1], crop[1]), min(media[3], crop[3])
    return (left, bottom, right, top) if left < right and bottom < top else media


def resolved(value: object) -> object:
    """The object that a reference means; None for what does not exist."""
    return resolve1(value)


def dictionary(value: object) -> dict[str, object]:
    """A dictionary, that of a stream too; an empty one for anything else."""
    found = resolved(value)
    if isinstance(found, PDFStream):
        return found.attrs
    return found if isinstance(found, dict) else {}


def name_of(value: object) -> str | None:
    found = resolved(value)
    if not isinstance(found, PSLiteral):
        return None
    return found.name if isinstance(found.name, str) else found.name.decode("latin-1")


def number_of(value: object) -> float | None:
    found = resolved(value)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return found if abs(found) <= LARGEST_NUMBER else None


def whole_number_of(value: object) -> int | None:
    found = number_of(value)
    if isinstance(found, float):
        return int(found) if found.is_integer() else None
    return found


def number_list(value: object) -> list[float] | None:
    """A list of numbers; None for anything else."""
    found = resolved(value)
    if not isinstance(found, list):
        return None
    numbers = [number for each in found if (number := number_of(each)) is not None]
    return numbers if len(numbers) == len(found) else None


def stream_of(value: object) -> PDFStream | None:
    found = resolved(value)
    return found if isinstance(found, PDFStream) else None


def stream_bytes(stream: PDFStream) -> bytes:
    """A stream's content, decompressed; empty where it cannot be decoded.

    Raises UnreadablePdf beyond ``MOST_STREAM_BYTES``, before they are in memory where the stream
    is only deflated, as bombs are.
    """
    if stream.data is None and stream.decipher is None and stream.rawdata is not None:
        filters = stream.get_filters()
        if len(filters) == 1 and filters[0][0] in LITERALS_FLATE_DECODE:
            _check_inflated(stream.rawdata)
    data = stream.get_data()
    _check_size(len(data))
    return data


def _check_inflated(raw: bytes) -> None:
    if len(raw) * 1032 <= MOST_STREAM_BYTES:  # zlib's best ratio
        return
    inflate = zlib.decompressobj()
    size, rest = 0, raw
    try:
        while rest and not inflate.eof:
            size += len(inflate.decompress(rest, 1 << 20))
            _check_size(size)
            rest = inflate.unconsumed_tail
    except zlib.error:
        return  # pdfminer reads as much of it as there is


def _check_size(size: int) -> None:
    if size > MOST_STREAM_BYTES:
        raise UnreadablePdf(
            f"A stream of the PDF unpacks to more than {MOST_STREAM_BYTES // 2**20} MB;"
            " such files are usually made to do harm. Use another copy of the paper."
        )


def tolerant(read: Callable[[PDFStream], bytes], stream: PDFStream) -> bytes | None:
    """What ``read`` makes of a part of the file; None where that part is broken."""
    try:
        with faults_named():
            return read(stream)
    except UnreadablePdf:
        return None
