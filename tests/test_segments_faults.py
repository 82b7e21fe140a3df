"""PDFs that cannot be read say why; traps end; the rest of a damaged page is still read."""

from __future__ import annotations

import zlib

import pytest
from pdf_layouts import LAYOUTS
from pdfs import HELVETICA, encrypted, form, long_font, pages, stream, text, written

from runner.pdf import pdffile, unreadable
from runner.segments import UnreadablePdf, count_pages, page_text, page_texts

PAGE = b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</H 5 0 R>>>>>>"
HELLO = text("hello")


def small(**changed: bytes) -> bytes:
    """A page that says hello, with objects put in another's place: ``o4=b"…"``."""
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 612 792]>>",
        3: PAGE,
        4: stream(HELLO),
        5: HELVETICA,
    }
    return written(objects | {int(name[1:]): body for name, body in changed.items()})


def deflated(data: bytes, entries: bytes = b"") -> bytes:
    packed = zlib.compress(data, 9)
    return b"<</Length %d/Filter/FlateDecode%s>>\nstream\n%s\nendstream" % (
        len(packed), entries, packed,
    )  # fmt: skip


def texts(pdf: bytes) -> list[str]:
    return [item.text for page in page_texts(pdf) for item in page.items]


def chain(depth: int, draws: bytes = b"/F Do ") -> dict[str, bytes]:
    """Forms, each drawing the next; the last says hello."""
    forms = {
        f"F{level}": form(draws, b"/Resources<</XObject<</F %d 0 R>>>>" % (51 + level))
        for level in range(depth)
    }
    return forms | {"Last": form(HELLO, b"/Resources<</Font<</H 10 0 R>>>>")}


BROKEN = {
    "empty": (b"", "is no PDF"),
    "a web page": (b"<!doctype html><title>Not found</title>", "is no PDF"),
    "cut off": (b"%PDF-1.7\n1 0 obj\n<</Type/Cat", "is broken"),
    "no pages": (small(o2=b"<</Type/Pages/Kids[]/Count 0>>"), "has no pages"),
    "pages in a circle": (small(o2=b"<</Type/Pages/Kids[2 0 R]/Count 1>>"), "has no pages"),
    "with a password": (encrypted(HELLO, password=b"secret"), "opens only with a password"),
    "another encryption": (
        encrypted(HELLO).replace(b"/Filter/Standard", b"/Filter/Private1"),
        "encrypted in a way that is not supported",
    ),
    "unknown filter": (small(o4=b"<</Length 2/Filter/Magic>>\nstream\nab\nendstream"), "is broken"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_says_why(name: str) -> None:
    pdf, words = BROKEN[name]
    with pytest.raises(UnreadablePdf, match=words) as caught:
        texts(pdf)
    assert str(caught.value).endswith(".")


def test_every_beginning_of_a_file_is_read_or_refused() -> None:
    pdf = LAYOUTS["ligatures"]
    for end in range(0, len(pdf), 97):
        try:
            texts(pdf[:end])
        except UnreadablePdf:
            continue


def test_a_file_without_its_table_is_read_by_looking_through_it() -> None:
    pdf = small()
    assert texts(pdf[: pdf.index(b"xref")] + b"trailer\n<</Root 1 0 R>>\n") == ["hello"]
    assert texts(pdf.replace(b"startxref\n", b"startxref\n1")) == ["hello"]


def test_some_bytes_may_stand_before_the_header() -> None:
    assert texts(b"\n" * 900 + small()) == ["hello"]


def test_references_that_lead_round_end() -> None:
    assert texts(small(o4=b"4 0 R")) == []
    assert texts(small(o4=b"6 0 R", o6=b"7 0 R", o7=b"6 0 R")) == []


def test_a_length_that_is_the_stream_itself_ends() -> None:
    circle = b"<</Length 4 0 R>>\nstream\nBT ET\nendstream"
    with pytest.raises(UnreadablePdf, match="too deep"):
        texts(small(o4=circle))


def test_forms_that_draw_themselves_are_left_out() -> None:
    round_trip = form(HELLO + b"/F Do", b"/Resources<</Font<</H 10 0 R>>/XObject<</F 50 0 R>>>>")
    assert texts(pages(b"/F Do", forms={"F": round_trip})) == ["hello"]


def test_forms_nest_to_a_limit() -> None:
    assert texts(pages(b"/F0 Do", forms=chain(19))) == ["hello"]
    with pytest.raises(UnreadablePdf, match="deeper than 64"):
        texts(pages(b"/F0 Do", forms=chain(70)))


def test_forms_that_double_and_double_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runner.pdf.pagetext.MOST_OPERATORS", 5000)
    with pytest.raises(UnreadablePdf, match="more than 5,000"):
        texts(pages(b"/F0 Do", forms=chain(18, b"/F Do " * 2)))


def test_a_page_of_endless_text_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runner.pdf.itemizing.MOST_GLYPHS", 1000)
    with pytest.raises(UnreadablePdf, match="more than 1,000"):
        texts(pages(text("x" * 2000)))


def test_a_bomb_is_not_unpacked() -> None:
    bomb = deflated(b" " * (unreadable.MOST_STREAM_BYTES + 1))
    assert len(bomb) < 100_000
    with pytest.raises(UnreadablePdf, match="unpacks to more than 64 MB"):
        texts(small(o4=bomb))


def test_a_packed_stream_is_read() -> None:
    assert texts(small(o4=deflated(HELLO))) == ["hello"]


def test_a_map_of_endless_codes_ends() -> None:
    endless = stream(b"1 begincidrange\n<00000000> <FFFFFFFF> 0\nendcidrange\n")
    font = long_font(b" 70 0 R")
    with pytest.raises(UnreadablePdf, match="maps more than"):
        texts(pages(text(b"<0041> Tj"), fonts={"H": font}, others={70: endless}))


def test_a_font_that_is_broken_costs_its_own_text_only() -> None:
    fonts = {"H": HELVETICA, "B": b"<</Type/Font>>", "D": b"(no font)"}
    shown = text("a", b"/B 12 Tf", "b", b"/H 12 Tf", "c")
    assert texts(pages(shown, fonts=fonts)) == ["a", "c"]


def test_our_own_bugs_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(number: int, entries: dict[str, object]) -> pdffile.Page:
        raise ZeroDivisionError(number, entries)

    monkeypatch.setattr(pdffile, "page_of", broken)
    with pytest.raises(ZeroDivisionError):
        page_text(small(), 1)


def test_no_memory_is_not_the_files_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr(pdffile.PDFStream, "get_data", full)
    with pytest.raises(MemoryError):
        texts(small())


def test_pages_are_counted_without_being_read() -> None:
    assert count_pages(small(o4=b"<</Length 2/Filter/Magic>>\nstream\nab\nendstream")) == 1
