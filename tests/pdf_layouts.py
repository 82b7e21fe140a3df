"""The corpus: PDFs by name, each with what makes text items hard to get right."""

from __future__ import annotations

from fontfiles import cff
from pdfs import (
    HELVETICA,
    character_map,
    encrypted,
    form,
    long_font,
    pages,
    simple_font,
    stream,
    text,
)

LIGATURES = {1: "\ufb01", 2: "\ufb03", 3: "ff", 4: "", 5: "\u00ad", 6: "\u0301", 7: "\U0001d465"}
PLAIN = {code: chr(code) for code in range(32, 127)}
HEBREW = {97 + at: chr(0x5D0 + at) for at in range(22)}
ARABIC = {97 + at: char for at, char in enumerate("ابتثجحخدذرزسشصضطظعغف")} | {49: "١", 50: "2"}
COLUMN = (
    "An image is worth six-",
    "teen words, as the two",
    "columns of this page",
    "show to all readers.",
)


def column(x: float, lines: tuple[str, ...] = COLUMN, y: float = 700) -> bytes:
    parts: list[bytes | str] = []
    for line in lines:
        parts += [line, b"0 -14 Td"]
    return text(*parts, at=(x, y))


def with_codes(codes: dict[int, str], *contents: bytes) -> bytes:
    """Pages in a font whose codes say what ``codes`` gives."""
    font = simple_font(widths=[500.0] * 126, first=1, extra=b"/ToUnicode 70 0 R")
    return pages(*contents, fonts={"H": font}, others={70: character_map(codes)})


def embedded(extra: bytes = b"", flags: int = 32) -> bytes:
    """A font whose file is object 70."""
    font = simple_font(widths=[500.0] * 255, first=1, extra=extra, flags=flags)
    return font.replace(b"/StemV 80", b"/StemV 80/FontFile3 70 0 R")


BITMAP = (
    b"<</Type/Font/Subtype/Type3/FontMatrix[0.01204 0 0 0.01204 0 0]/FontBBox[2 -20 60 70]"
    b"/FirstChar 97/LastChar 98/Widths[41.5 46.1]/Encoding<</Differences[97/a/b]>>"
    b"/CharProcs<</a 75 0 R/b 75 0 R>>/Resources<<>>>>"
)
UNBOXED = BITMAP.replace(b"[2 -20 60 70]", b"[0 0 0 0]")
SQUARE = stream(b"41.5 0 2 -1 40 30 d1\n2 0 10 10 re f")
TEX = (
    b"/Encoding<</Type/Encoding/Differences[1/summationdisplay/angbracketleft/parenleftBig/f_i/g123"
    b"/uni2203/u1D400/C65/G42/T_h/nothing/Asmall 65/alpha/.notdef]>>"
)
EMBEDDED_MAP = stream(
    b"/CMapName /Own def /WMode 0 def\n2 begincodespacerange\n<00> <7F>\n<8000> <FFFF>\n"
    b"endcodespacerange\n1 begincidrange\n<20> <7E> 1\nendcidrange\n1 begincidchar\n<8001> 200\n"
    b"endcidchar\n",
    b"/Type/CMap/CMapName/Own",
)
RANGES = stream(
    b"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n3 beginbfrange\n"
    b"<0001> <0003> <0041>\n<0010> <0012> [<0061> <00620063> <D835DC65>]\n<00FE> <0101> <30FE>\n"
    b"endbfrange\n1 beginbfchar\n<0020> <0020>\nendbfchar\n"
)
GREEK_FORM = form(text("inside", at=(100, 500)), b"/Resources<</Font<</H 10 0 R>>>>")

LAYOUTS: dict[str, bytes] = {
    "plain": pages(text("One line.", b"0 -14 Td", "Another line."), text("The second page.")),
    "kerning": pages(
        text(b"[(A)120(W)120(A)95(Y again)]TJ 0 -14 Td [(W)80(ords)-250(with)-333(spaces)]TJ"),
        text(b"[-500(lead)-2000(far)-600(near)-101(t)-103(r)-30(s)-29(u)]TJ 0 -20 Td [(a)0(b)300(c)600(d)]TJ"),
        text(b"[(Trans)55(former)-278(model)-1200()-10(x)]TJ"),
    ),
    "ligatures": with_codes(
        LIGATURES | PLAIN, text(b"(of \\001ne e\\002cient di\\003erent) Tj 0 -14 Td (e\\006te\\005so\\005 \\007 \\004.) Tj")
    ),
    "hyphens": pages(column(72, ("The trans-", "former is a se-", "quence trans\u00addu-", "cer."))),
    "columns": pages(column(72) + column(320) + column(72, ("Below",), 500) + column(320, ("both",), 500)),
    "rotated-page": pages(column(72), text("Over the edge", at=(560, 400)), page=b"/Rotate 90"),
    "rotated-text": pages(
        text(b"0 1 -1 0 100 100 Tm [(up)-400(wards)]TJ 0 -14 Td (second) Tj"),
        text(b"-1 0 0 -1 400 400 Tm [(up)-400(side)]TJ 0 -14 Td (down) Tj"),
        text(b"0 -1 1 0 100 500 Tm [(down)-400(wards)]TJ 0 -14 Td (second) Tj"),
        text(b".866 .5 -.5 .866 100 500 Tm [(as)-400(lant)-2000(far)]TJ 0 -14 Td (second) Tj"),
        b"q .5 .1 -.2 .8 20 30 cm " + text(b"[(skew)-400(ed)]TJ 0 -14 Td (second) Tj") + b"Q",
    ),
    "footnotes": pages(
        column(72, ("A sentence that goes on",), 120)
        + text("\u2020 A note.", size=8, at=(72, 60))
        + text("7", size=9, at=(300, 30)),
        text("over the page.", at=(72, 720)),
    ),
    "rise": pages(
        text("x", b"5 Ts /H 8 Tf", "2", b"0 Ts /H 12 Tf", " and H", b"-3 Ts /H 7 Tf", "2", b"0 Ts /H 12 Tf", "O."),
        text("a", b"8 Ts", "b", b"14 Ts", "c", b"0 Ts", "d"),
    ),
    "spacing": pages(
        text(b"1.5 Tc (spaced out) Tj 0 -14 Td 0 Tc 8 Tw (w i d e) Tj 0 -14 Td -2 Tw (t i g h t) Tj"),
        text(b"50 Tz [(nar)-300(row)]TJ 0 -14 Td 200 Tz [(wi)-300(de)]TJ 0 -14 Td -100 Tz (back) Tj"),
        text(b"14 TL (one) Tj T* (two) Tj (three) ' 2 1 (fo ur) \" T* (five) Tj 0 -20 TD (six) Tj T* (seven) Tj"),
        text(b"3 Tc [(a)-100(b)-200(c d)100()-50(e)]TJ"),
    ),
    "nonbreaking-space": pages(text("one\xa0two", b"9 Tw", "three\xa0four five")),
    "fonts-in-line": pages(
        text("In ", b"/T 12 Tf", "Times", b"/H 12 Tf", ", not ", b"/C 12 Tf", "mono", b"/H 12 Tf", "."),
        text("same", b"/H 12 Tf", "font", b"/T 12 Tf /H 12 Tf", "again", b"/H 10 Tf", "small"),
        b"q " + text("kept") + b"Q q " + text("new", font="T", at=(100, 720)) + b"Q " + text("end", at=(130, 720)),
    ),
    "two-names-one-font": pages(
        text("one", b"/I 12 Tf", "two", b"/I 11 Tf", "three"), fonts={"H": HELVETICA, "I": HELVETICA}
    ),
    "scaled-matrix": pages(
        text(
            b"/H 1 Tf 12 0 0 12 72 720 Tm (\\133) Tj 12.2 0 0 12 75.3 720 Tm (13) Tj"
            b" 12 0 0 12 88.9 720 Tm (\\135 ref) Tj 6 0 0 6 140 725 Tm (sup) Tj"
        ),
        text(b"/H 10 Tf 1.02 0 0 1 72 720 Tm (font) Tj 0.98 0 0 1 93 720 Tm (expansion) Tj 1 0 0 1 140 720 Tm (x) Tj"),
        text(b"/H -12 Tf (mirrored) Tj 0 -14 Td /H 12 Tf -1 0 0 1 300 600 Tm (mirror) Tj"),
        text(b"/H 0 Tf (nothing) Tj /H 12 Tf 0 0 0 0 72 500 Tm (flat) Tj 1 0 0 1 72 400 Tm (after) Tj"),
    ),
    "off-page": pages(
        text("outside", at=(700, 720)) + text("left", at=(-100, 700)) + text("in", at=(72, 680)),
        text(b"(half) Tj 520 0 Td (runs over the right edge) Tj -600 -20 Td (and the left edge) Tj"),
        page=b"/CropBox[50 50 600 750]",
    ),
    "forms": pages(
        b"/A Do " + text("between") + b"q 1 0 0 1 0 -200 cm /A Do Q /B Do /A Do",
        text("open", b"/A Do", "still", b"/None Do"),
        b"q 1 0 0 1 0 2000 cm /A Do Q /A Do /Plain Do /A Do",
        forms={
            "A": GREEK_FORM,
            "B": form(b"/A Do " + text("outer"), b"/Matrix[1 0 0 1 50 50]/Resources<</Font<</H 10 0 R>>/XObject<</A 50 0 R>>>>"),
            "Plain": form(text("page's own fonts")),
        },
    ),
    "marked-content": pages(
        text("a", b"/Span BMC", "b", b"EMC /P <</MCID 0>> BDC", "c", b"EMC", "d", b"EMC"),
        b"/OC /Layer BDC " + text("in a layer") + b"EMC /P <</ActualText <FEFF0041>>> BDC" + text("real") + b" EMC",
    ),
    "graphics-state-font": pages(
        text("before", b"/G gs", "by state", b"/H 12 Tf", "after"), resources=b"/ExtGState<</G<</Font[11 0 R 9]>>/N<</LW 2>>>>"
    ),
    "tex-names": pages(
        text(b"(\\001\\002\\003\\004\\005\\006\\007\\010\\011\\012\\013\\014ABC) Tj"),
        fonts={"H": simple_font(widths=[600.0] * 126, first=1, extra=TEX, flags=4)},
    ),
    "embedded-fonts": pages(
        text(b"(ab\\003\\310) Tj /D 12 Tf (ab\\003\\310) Tj /B 12 Tf (ab) Tj /U 12 Tf (a\\003\\310) Tj"),
        fonts={
            "H": embedded(flags=4),
            "D": embedded(b"/Encoding<</Differences[3/gamma]>>"),
            "B": embedded(b"/Encoding/WinAnsiEncoding"),
            "U": embedded(b"/ToUnicode 71 0 R", flags=4),
        },
        others={70: stream(cff(["alpha", "beta"], [3, 200]), b"/Subtype/Type1C"), 71: character_map({3: "x"})},
    ),
    "standard-fonts": pages(
        text(b"(abc\\200\\225\\255) Tj /S 12 Tf (abc \\245) Tj /Z 12 Tf (abc \\341) Tj /A 12 Tf (abc) Tj /N 12 Tf (gone) Tj /E 12 Tf (1\\063) Tj"),
        fonts={
            "H": HELVETICA,
            "S": b"<</Type/Font/Subtype/Type1/BaseFont/Symbol>>",
            "Z": b"<</Type/Font/Subtype/Type1/BaseFont/ZapfDingbats>>",
            "A": b"<</Type/Font/Subtype/TrueType/BaseFont/Arial,Bold>>",
            "E": b"<</Type/Font/Subtype/Type1/BaseFont/Garamond/Encoding/MacExpertEncoding>>",
        },
    ),
    "bitmap-font": pages(
        text(b"/H 10 Tf (ab ba) Tj 0 -12 Td (b) Tj /H 1 Tf 10 0 0 10 72 600 Tm (aab) Tj 0 -2 Td (b) Tj"),
        text(b"/U 10 Tf (ab) Tj 0 -6 Td (b) Tj"),
        fonts={"H": BITMAP, "U": UNBOXED},
        others={75: SQUARE},
    ),
    "cjk": pages(
        text(b"/J 12 Tf <65E5672C8A9E0020006100620063> Tj /G 12 Tf <C4E3BAC3> Tj /K 12 Tf <C548B155> Tj 0 -20 Td /R 12 Tf (\\223\\372\\226{ abc) Tj"),
        fonts={
            "J": long_font(b"/UniJIS-UCS2-H", ordering="Japan1", subtype="CIDFontType0"),
            "G": long_font(b"/GBK-EUC-H", ordering="GB1"),
            "K": long_font(b"/UniKS-UCS2-H", ordering="Korea1"),
            "R": long_font(b"/90ms-RKSJ-H", ordering="Japan1"),
        },
    ),
    "cjk-without-descriptor": pages(
        text(b"(\\223\\372\\226{ abc) Tj"),
        fonts={
            "H": b"<</Type/Font/Subtype/Type0/BaseFont/Bare/Encoding/90ms-RKSJ-H/DescendantFonts[<<"
            b"/Type/Font/Subtype/CIDFontType2/BaseFont/Bare/CIDSystemInfo<</Registry(Adobe)"
            b"/Ordering(Japan1)/Supplement 2>>>>]>>"
        },
    ),
    "vertical": pages(
        text(b"/V 12 Tf [<65E5>-200<672C>-3000<8A9E>]TJ -20 0 Td <65E5672C> Tj 3 Tc <65E5672C> Tj"),
        fonts={"V": long_font(b"/UniJIS-UCS2-V", ordering="Japan1", below=b"/DW2[880 -900]/W2[200[-500 400 800]]")},
    ),
    "long-codes": pages(
        text(b"<000100020003002000100011001200FE00FF01000101> Tj 0 -14 Td <0041004> Tj"),
        text(b"/I 12 Tf <0041006200630020> Tj /M 12 Tf (ab \\200\\001c) Tj /F 12 Tf <0041> Tj"),
        fonts={
            "H": long_font(b"/Identity-H", extra=b"/ToUnicode 70 0 R", below=b"/DW 600/W[1[300 400]3 5 500 16[700]]"),
            "I": long_font(b"/Identity-H"),
            "M": long_font(b" 71 0 R"),
            "F": long_font(b"/No-Such-Map"),
        },
        others={70: RANGES, 71: EMBEDDED_MAP},
    ),
    "hebrew": with_codes(
        HEBREW | {code: chr(code) for code in range(32, 65)},
        text(b"(abc 12 def) Tj 0 -14 Td (ABC abc) Tj 0 -14 Td (ab, 50% \\(cd\\) <x>) Tj"),
    ),
    "arabic": with_codes(ARABIC | {32: " "}, text(b"(abc 12) Tj 0 -14 Td (a2b-11 c) Tj")),
    "inline-image": pages(
        text("before") + b"q BI /W 2 /H 1 /BPC 8 /CS /G ID \x00EI EI\nQ\n" + text("after", at=(72, 700)),
    ),
    "split-streams": pages([text("one", b"0 -14 Td", "two"), text("three", at=(72, 650))], [b"BT /H 12 Tf 72 700 Td (a", b"b) Tj ET"]),
    "odd-syntax": pages(
        b"BT/H 12 Tf 72 720 Td(par\\(en\\051 \\\nline \\101\\7x)Tj<4 1 4>Tj[<42>-.5<43>--300(d)]TJ%comment\nET",
        b"BT /H 12 Tf 1 2 3 72 720 Td (extra) Tj Tj 5 Tc 1 Td (less) Tj (x) Tj null (n) Tj true ET",
        b"BT /H 12 Tf 72 720 Td (glued)TjET BT/H 9 Tf 72 600 Td(more)Tj 4.5.6 10 Td (n) Tj ETQQ q",
        b"BT /#48 12 Tf 72 720 Td (hex name) Tj ET BX foo (bar) EX " + text("end", at=(72, 700)),
    ),
    "damaged-streams": pages(
        text("kept") + text("lost", at=(72, 700)) + b") " + text("never", at=(72, 600)),
        text("kept") + b"BT /H 12 Tf 72 600 Td (no end",
        text("kept") + b"BT /H 12 Tf 72 600 Td [(no end)",
        text("kept") + b"BT /H 12 Tf 72 600 Td -x (y) Tj",
    ),
    "no-text": pages(b"q 500 0 0 700 50 50 cm /Scan Do Q", b""),
    "encrypted-open": encrypted(text("Readable by everybody.")),
}  # fmt: skip
