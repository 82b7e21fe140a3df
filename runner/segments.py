"""The text items of a PDF's pages, as pdf.js gives them: what a link's `selection=` counts.

Equal to ``getTextContent({includeMarkedContent: false, disableNormalization: true})`` of pdf.js
4.10.38 (profile OLD: 3.6 to 5.4) and 6.5.438 (profile NEW: 5.5 and later), whose behaviour
(`src/core/evaluator.js`, Apache-2.0) is reproduced over pdfminer.six. Items that are only an end of
line are there too; a text may hold characters beyond U+FFFF, which count as two UTF-16 units.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from .pdf.unreadable import UnreadablePdf
from .verdict import PageText, Profile

__all__ = ["UnreadablePdf", "count_pages", "page_text", "page_texts"]


def count_pages(data: bytes) -> int:
    """Raises UnreadablePdf."""
    from .pdf import pdffile

    with pdffile.faults_named():
        return len(pdffile.all_pages(pdffile.open_document(data)))


def page_text(data: bytes, number: int, profile: Profile = Profile.OLD) -> PageText:
    """The items of page ``number``, counted from 1.

    Raises ValueError where there is no such page, UnreadablePdf where the PDF cannot be read.
    """
    return next(page_texts(data, profile, (number,)))


def page_texts(
    data: bytes, profile: Profile = Profile.OLD, numbers: Collection[int] | None = None
) -> Iterator[PageText]:
    """The items of the pages ``numbers`` (None: all), in the order of the file, parsed once.

    Raises ValueError where a number is no page's, before the first page; UnreadablePdf where the
    PDF cannot be read.
    """
    from .pdf import pagetext, pdffile

    with pdffile.faults_named():
        document = pdffile.open_document(data)
        pages = pdffile.all_pages(document)
    wanted = range(1, len(pages) + 1) if numbers is None else sorted(set(numbers))
    for number in wanted:
        if not 1 <= number <= len(pages):
            raise ValueError(f"page {number} of a PDF of {len(pages)} pages")
    reader = pagetext.Reader(profile)
    for number in wanted:
        with pdffile.faults_named():
            text = reader.read(pdffile.page_of(number, pages[number - 1]))
        yield text
