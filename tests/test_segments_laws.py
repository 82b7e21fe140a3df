"""Random pages give pdf.js's items; no page at all makes the segmenter fail in a way of its own.

`RUNNER_FUZZ=20000 pytest tests/test_segments_laws.py` tries for long; one pdf.js stays open.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pdf_layouts import ARABIC, BITMAP, HEBREW, LAYOUTS, SQUARE, TEX
from pdfjs import Items, PdfJs, missing
from pdfs import COURIER, HELVETICA, character_map, form, long_font, pages, simple_font, text

from runner.pdf.contentstream import operations
from runner.segments import UnreadablePdf, page_texts
from runner.verdict import Profile

FONTS = {
    "H": HELVETICA,
    "C": COURIER,
    "N": simple_font(widths=[250.0] + [480.0] * 94, extra=b"/ToUnicode 70 0 R"),
    "X": simple_font(widths=[600.0] * 126, first=1, extra=TEX, flags=4),
    "B": BITMAP,
    "J": long_font(b"/UniJIS-UCS2-H", ordering="Japan1", subtype="CIDFontType0"),
    "V": long_font(b"/UniJIS-UCS2-V", ordering="Japan1"),
    "W": long_font(b"/Identity-H", extra=b"/ToUnicode 71 0 R", below=b"/DW 600/W[32[250] 97[400 500]]"),
}  # fmt: skip
OTHERS = {
    70: character_map({32: " ", 97: "\ufb01", 98: "\u0301", 99: "\u00ad", 100: "\u2009"} | {101 + at: char for at, char in enumerate(HEBREW.values())}),
    71: character_map({32: " ", **ARABIC}, 2),
    75: SQUARE,
}  # fmt: skip
FORMS = {
    "A": form(text("in form", at=(90, 690)), b"/Resources<</Font<</H 10 0 R>>>>"),
    "D": form(text("own fonts", font="C") + b"/A Do", b"/Matrix[.5 0 0 .5 40 300]"),
}

small = st.sampled_from([0, 1, -1, 2, 3, -3, 0.5, 0.4, 1.2, 5, 6, 11, 12, -12, 14, 30, 72, 100])
factors = st.sampled_from([1, 1, 1, 1.02, 0.9, 2, 0.5, 12, -1, 0, 0.3])
shifts = st.sampled_from([-3000, -700, -333, -250, -110, -102, -101, -60, -30, -29, 0, 20, 55, 199, 200, 201, 600, 2000])  # fmt: skip
letters = st.text("abcdefg AV12.,()\\", max_size=6)


def number(value: float) -> bytes:
    return b"%g" % value


def string(value: str) -> bytes:
    return b"<" + value.encode("latin-1").hex().encode() + b">"


def operator(name: bytes, *operands: st.SearchStrategy[float]) -> st.SearchStrategy[bytes]:
    return st.tuples(*operands).map(lambda values: b" ".join([*map(number, values), name]))


strings = letters.map(string)
adjusted = st.lists(st.one_of(strings, shifts.map(number)), max_size=6).map(
    lambda parts: b"[" + b" ".join(parts) + b"]TJ"
)
matrices = st.one_of(
    st.tuples(factors, st.just(0), st.just(0), factors, small, small),
    st.sampled_from([(0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0), (0.8, 0.6, -0.6, 0.8)]).flatmap(
        lambda turned: st.tuples(*map(st.just, turned), small, small)
    ),
)
fonts = st.tuples(st.sampled_from(list(FONTS)), st.sampled_from([12, 12, 10, 1, 7, -12, 0]))
operators = st.one_of(
    strings.map(lambda shown: shown + b" Tj"),
    adjusted,
    adjusted,
    fonts.map(lambda font: b"/%s %g Tf" % (font[0].encode(), font[1])),
    operator(b"Td", small, small),
    operator(b"TD", small, small),
    matrices.map(lambda values: b" ".join(map(number, values)) + b" Tm"),
    matrices.map(lambda values: b" ".join(map(number, values)) + b" cm"),
    operator(b"Ts", small),
    operator(b"Tc", st.sampled_from([0, 0.5, 1, 3, -1])),
    operator(b"Tw", st.sampled_from([0, 1, 5, -2])),
    operator(b"Tz", st.sampled_from([100, 50, 150, -100])),
    operator(b"TL", small),
    strings.map(lambda shown: shown + b" '"),
    st.tuples(small, small, strings).map(lambda each: b'%g %g %s "' % each),
    st.sampled_from([b"T*", b"q", b"Q", b"ET BT", b"/A Do", b"/D Do", b"/P BMC", b"EMC", b"0 0 m 9 9 l S"]),
)  # fmt: skip
contents = st.lists(operators, min_size=1, max_size=25).map(
    lambda parts: b"BT /H 12 Tf 90 400 Td\n" + b"\n".join(parts) + b"\nET"
)


@pytest.fixture(scope="module", params=list(Profile), ids=["old", "new"])
def pdf_js(request: pytest.FixtureRequest) -> Iterator[tuple[Profile, PdfJs]]:
    if reason := missing():
        pytest.skip(reason)
    with PdfJs(request.param) as process:
        yield request.param, process


def our_items(pdf: bytes, profile: Profile) -> Items:
    pages = page_texts(pdf, profile)
    return [[[item.text, item.ends_line] for item in page.items] for page in pages]


@given(st.lists(contents, min_size=1, max_size=3))
def test_random_pages_give_the_items_of_pdf_js(
    pdf_js: tuple[Profile, PdfJs], drawn: list[bytes]
) -> None:
    profile, process = pdf_js
    pdf = pages(*drawn, fonts=FONTS, forms=FORMS, others=OTHERS)
    assert our_items(pdf, profile) == process.items(pdf)


@given(
    st.sampled_from(sorted(LAYOUTS)),
    st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=3)), min_size=1, max_size=8),
)
def test_damaged_files_are_read_or_refused(name: str, damage: list[tuple[int, bytes]]) -> None:
    pdf = bytearray(LAYOUTS[name])
    for place, put in damage:
        at = place % len(pdf)
        pdf[at : at + len(put)] = put
    try:
        our_items(bytes(pdf), Profile.OLD)
    except UnreadablePdf as refusal:
        assert str(refusal).endswith(".")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_as_operators(data: bytes) -> None:
    for operator, operands in operations(data):
        assert operator and len(operands) <= 6
