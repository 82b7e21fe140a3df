"""What font files, character maps and names of fonts say."""

from __future__ import annotations

import pytest
from fontfiles import cff, truetype, type1
from hypothesis import given
from hypothesis import strategies as st

from runner.pdf.charmaps import embedded_map, identity_map, predefined_map, text_of
from runner.pdf.fontprograms import FontProgram, font_program
from runner.pdf.glyphnames import STANDARD, code_of, texts_of
from runner.pdf.standardfonts import standard_name, standard_widths

WINDOWS, MACINTOSH, OTHER = (3, 1, 0x409), (1, 0, 0), (3, 1, 0x407)


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (type1({1: "summationdisplay", 65: "alpha"}), {1: "summationdisplay", 65: "alpha"}),
        (type1("StandardEncoding"), STANDARD),
        (type1("ISOLatin1Encoding"), None),
        (b"\x80\x01" + type1({7: "beta"}), {7: "beta"}),
        (cff(["alpha", "beta"], [3, 200]), {3: "alpha", 200: "beta"}),
        (cff(["alpha", "beta"], [3], {9: "beta"}), {3: "alpha", 9: "beta"}),
        (cff(["own", "A"], None), {65: "A"}),
        (b"", None),
        (b"neither", None),
    ],
)
def test_a_font_files_own_encoding(data: bytes, encoding: dict[int, str] | None) -> None:
    assert font_program(data).encoding == encoding


@pytest.mark.parametrize(
    ("records", "only"),
    [
        ((WINDOWS,), True),
        ((WINDOWS, OTHER), True),
        ((WINDOWS, MACINTOSH), False),
        ((OTHER,), False),
        ((), False),
    ],
)
def test_names_for_windows_only(records: tuple[tuple[int, int, int], ...], only: bool) -> None:
    assert font_program(truetype(*records)) == FontProgram(windows_names=only, is_truetype=True)


@given(
    st.sampled_from([type1({1: "a"}), cff(["a", "b"], [1, 2], {3: "a"}), truetype(WINDOWS)]),
    st.lists(st.tuples(st.integers(0, 999), st.integers(0, 255)), max_size=6),
    st.integers(0, 999),
)
def test_a_damaged_font_file_says_nothing_or_something(
    data: bytes, damage: list[tuple[int, int]], end: int
) -> None:
    broken = bytearray(data[: len(data) - end % len(data)])
    for place, value in damage:
        if broken:
            broken[place % len(broken)] = value
    font_program(bytes(broken))


SECTIONS = {
    b"1 beginbfchar <41> <0061> endbfchar": {0x41: "a"},
    b"1 beginbfchar <41> <61> endbfchar": {0x41: "a"},
    b"1 beginbfchar <41> <D835DC65> endbfchar": {0x41: "\U0001d465"},
    b"1 beginbfrange <41> <43> <0061> endbfrange": {0x41: "a", 0x42: "b", 0x43: "c"},
    b"1 beginbfrange <01> <02> <00FF> endbfrange": {1: "\xff", 2: "\u0100"},
    b"1 beginbfrange <41> <43> [<0061> <00620063>] endbfrange": {0x41: "a", 0x42: "bc"},
    b"2 beginbfchar <41> <0061> <42> /b endbfchar 1 beginbfchar <43> <0063> endbfchar": {
        0x41: "a",
        0x43: "c",
    },
    b"1 begincidrange <41> <42> 97 endcidrange": {0x41: "a", 0x42: "b"},
    b"1 beginbfchar (A) <0061> endbfchar endcmap 1 beginbfchar <42> <0062> endbfchar": {0x41: "a"},
    b"no sections": {},
}


@pytest.mark.parametrize("data", SECTIONS)
def test_sections_of_a_character_map(data: bytes) -> None:
    targets = embedded_map(data).targets
    assert {code: text_of(target) for code, target in targets.items()} == SECTIONS[data]


def test_strings_are_cut_by_the_ranges_of_codes() -> None:
    spaces = b"2 begincodespacerange <00> <7F> <8000> <FFFF> endcodespacerange"
    codes = embedded_map(spaces).codes
    assert list(codes(b"A\x80\x01B")) == [(0x41, 1), (0x8001, 2), (0x42, 1)]
    assert list(codes(b"\x80")) == [(0x8000, 2)]
    assert list(embedded_map(b"").codes(b"AB")) == [(0, 1), (0, 1)]
    assert list(identity_map(vertical=False).codes(b"\0AB")) == [(0x41, 2), (0x4200, 2)]


def test_predefined_maps() -> None:
    shift_jis = predefined_map("90ms-RKSJ-H")
    assert shift_jis is not None and not shift_jis.vertical
    assert [length for _, length in shift_jis.codes("日本 x".encode("cp932"))] == [2, 2, 1, 1]
    vertical = predefined_map("UniJIS-UCS2-V")
    assert vertical is not None and vertical.vertical
    assert predefined_map("No-Such-Map") is predefined_map("../../secret") is None


@pytest.mark.parametrize(
    ("name", "code"),
    [("A", 65), ("uni2203", 0x2203), ("u1D400", 0x1D400), ("uni00zz", None), ("unia", None),
     ("parenleftBig", 40), ("f_i", 0xFB01), ("nothing", None)],
)  # fmt: skip
def test_characters_of_glyph_names(name: str, code: int | None) -> None:
    assert code_of(name) == code


def test_numbered_glyph_names_are_read_in_the_base_that_fits_all() -> None:
    assert texts_of({1: "c65", 2: "C66", 3: "G43", 4: "g0044"}, None) == {
        1: "A",
        2: "B",
        3: "C",
        4: "D",
    }
    assert texts_of({1: "c41", 2: "c4a"}, None) == {1: "A", 2: "J"}


@pytest.mark.parametrize(
    ("name", "standard"),
    [("Helvetica", "Helvetica"), ("Arial,Bold", "Helvetica-Bold"), ("ArialMT", "Helvetica"),
     ("TimesNewRomanPS-BoldItalicMT", "Times-BoldItalic"), ("CourierNew,Italic", "Courier-Oblique"),
     ("Symbol", "Symbol"), ("ZapfDingbats", "ZapfDingbats"), ("Calibri", None), ("ABCDEF+Arial", None)],
)  # fmt: skip
def test_names_of_the_fourteen_fonts(name: str, standard: str | None) -> None:
    assert standard_name(name) == standard


def test_widths_of_the_fourteen_fonts() -> None:
    helvetica, _ = standard_widths("Helvetica")
    dingbats, _ = standard_widths("ZapfDingbats")
    courier, width = standard_widths("Courier")
    assert (helvetica("A"), helvetica("Euro"), helvetica("nothing")) == (667, 556, 0)
    assert (dingbats("a1"), dingbats("space"), dingbats("A")) == (974, 278, 0)
    assert (courier("A"), width) == (0, 600)
