"""Glyph names: the encodings that list them and the characters that they mean.

What a name means follows `src/core/glyphlist.js`, `src/core/encodings.js` and
`PartialEvaluator._simpleFontToUnicode` of pdf.js 4.10 (Apache-2.0). The Adobe glyph list and the
Latin encodings (PDF 32000-1, annex D) come with pdfminer.six.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from pdfminer.glyphlist import glyphname2unicode
from pdfminer.latin_enc import ENCODING

Encoding = Mapping[int, str]

# Names of TeX's mathematical fonts and others that Adobe's list lacks, with what pdf.js makes of
# them, right or not ("circlecopyrt" is no copyright sign).
_SIZES = ("big", "Big", "bigg", "Bigg")
_SIZED = {
    "angbracketleft": 0x2329, "angbracketright": 0x232A, "backslash": 0x2216, "braceleft": 0x7B,
    "braceright": 0x7D, "bracketleft": 0x5B, "bracketright": 0x5D, "ceilingleft": 0x2308,
    "ceilingright": 0x2309, "floorleft": 0x230A, "floorright": 0x230B, "parenleft": 0x28,
    "parenright": 0x29, "radical": 0x221A, "slash": 0x2F,
}  # fmt: skip
_DISPLAYED = {
    "circledot": 0x2299, "circlemultiply": 0x2297, "circleplus": 0x2295, "contintegral": 0x222E,
    "coproduct": 0x2210, "integral": 0x222B, "intersection": 0x22C2, "logicaland": 0x2227,
    "logicalor": 0x2228, "product": 0x220F, "summation": 0x2211, "union": 0x22C3,
    "unionmulti": 0x228E, "unionsq": 0x2294,
}  # fmt: skip
_OTHERS = {
    ".notdef": 0x0, "angbracketleft": 0x3008, "angbracketright": 0x3009, "arrowhookleft": 0x21AA,
    "arrowhookright": 0x21A9, "arrowleftbothalf": 0x21BD, "arrowlefttophalf": 0x21BC,
    "arrownortheast": 0x2197, "arrownorthwest": 0x2196, "arrowrightbothalf": 0x21C1,
    "arrowrighttophalf": 0x21C0, "arrowsoutheast": 0x2198, "arrowsouthwest": 0x2199,
    "bardbl": 0x2016, "bracehtipdownleft": 0xFE37, "bracehtipdownright": 0xFE37,
    "bracehtipupleft": 0xFE38, "bracehtipupright": 0xFE38, "circlecopyrt": 0xA9,
    "controlNULL": 0x0, "f_f": 0xFB00, "f_f_i": 0xFB03, "f_f_l": 0xFB04, "f_i": 0xFB01,
    "f_l": 0xFB02, "hatwide": 0x302, "hatwider": 0x302, "hatwidest": 0x302, "intercal": 0x1D40,
    "planckover2pi": 0x210F, "planckover2pi1": 0x210F, "prime": 0x2032, "radicalbt": 0x221A,
    "radicaltp": 0x221A, "radicalvertex": 0x221A, "tildewide": 0x2DC, "tildewider": 0x2DC,
    "tildewidest": 0x2DC, "vextenddouble": 0x2225, "vextendsingle": 0x2223,
}  # fmt: skip
_ADDED = (
    _OTHERS
    | {name + size: code for name, code in _SIZED.items() for size in _SIZES}
    | {name + style: code for name, code in _DISPLAYED.items() for style in ("display", "text")}
)
_SPELLED = {"f_h": "fh", "f_t": "ft", "T_h": "Th"}

SYMBOL_NAMES = """
    32 space exclam universal numbersign existential percent ampersand suchthat parenleft parenright
    asteriskmath plus comma minus period slash zero one two three four five six seven eight nine
    colon semicolon less equal greater question congruent Alpha Beta Chi Delta Epsilon Phi Gamma Eta
    Iota theta1 Kappa Lambda Mu Nu Omicron Pi Theta Rho Sigma Tau Upsilon sigma1 Omega Xi Psi Zeta
    bracketleft therefore bracketright perpendicular underscore radicalex alpha beta chi delta
    epsilon phi gamma eta iota phi1 kappa lambda mu nu omicron pi theta rho sigma tau upsilon omega1
    omega xi psi zeta braceleft bar braceright similar
    160 Euro Upsilon1 minute lessequal fraction infinity florin club diamond heart spade arrowboth
    arrowleft arrowup arrowright arrowdown degree plusminus second greaterequal multiply
    proportional partialdiff bullet divide notequal equivalence approxequal ellipsis arrowvertex
    arrowhorizex carriagereturn aleph Ifraktur Rfraktur weierstrass circlemultiply circleplus
    emptyset intersection union propersuperset reflexsuperset notsubset propersubset reflexsubset
    element notelement angle gradient registerserif copyrightserif trademarkserif product radical
    dotmath logicalnot logicaland logicalor arrowdblboth arrowdblleft arrowdblup arrowdblright
    arrowdbldown lozenge angleleft registersans copyrightsans trademarksans summation parenlefttp
    parenleftex parenleftbt bracketlefttp bracketleftex bracketleftbt bracelefttp braceleftmid
    braceleftbt braceex 241 angleright integral integraltp integralex integralbt parenrighttp
    parenrightex parenrightbt bracketrighttp bracketrightex bracketrightbt bracerighttp
    bracerightmid bracerightbt
"""
DINGBAT_NAMES = """
    32 space a1 a2 a202 a3 a4 a5 a119 a118 a117 a11 a12 a13 a14 a15 a16 a105 a17 a18 a19 a20 a21 a22
    a23 a24 a25 a26 a27 a28 a6 a7 a8 a9 a10 a29 a30 a31 a32 a33 a34 a35 a36 a37 a38 a39 a40 a41 a42
    a43 a44 a45 a46 a47 a48 a49 a50 a51 a52 a53 a54 a55 a56 a57 a58 a59 a60 a61 a62 a63 a64 a65 a66
    a67 a68 a69 a70 a71 a72 a73 a74 a203 a75 a204 a76 a77 a78 a79 a81 a82 a83 a84 a97 a98 a99 a100
    128 a89 a90 a93 a94 a91 a92 a205 a85 a206 a86 a87 a88 a95 a96
    161 a101 a102 a103 a104 a106 a107 a108 a112 a111 a110 a109 a120 a121 a122 a123 a124 a125 a126
    a127 a128 a129 a130 a131 a132 a133 a134 a135 a136 a137 a138 a139 a140 a141 a142 a143 a144 a145
    a146 a147 a148 a149 a150 a151 a152 a153 a154 a155 a156 a157 a158 a159 a160 a161 a163 a164 a196
    a165 a192 a166 a167 a168 a169 a170 a171 a172 a173 a162 a174 a175 a176 a177 a178 a179 a193 a180
    a199 a181 a200 a182 241 a201 a183 a184 a197 a185 a194 a198 a186 a195 a187 a188 a189 a190 a191
"""
EXPERT_NAMES = """
    32 space exclamsmall Hungarumlautsmall centoldstyle dollaroldstyle dollarsuperior ampersandsmall
    Acutesmall parenleftsuperior parenrightsuperior twodotenleader onedotenleader comma hyphen
    period fraction zerooldstyle oneoldstyle twooldstyle threeoldstyle fouroldstyle fiveoldstyle
    sixoldstyle sevenoldstyle eightoldstyle nineoldstyle colon semicolon 61 threequartersemdash 63
    questionsmall 68 Ethsmall 71 onequarter onehalf threequarters oneeighth threeeighths fiveeighths
    seveneighths onethird twothirds 86 ff fi fl ffi ffl parenleftinferior 93 parenrightinferior
    Circumflexsmall hypheninferior Gravesmall Asmall Bsmall Csmall Dsmall Esmall Fsmall Gsmall
    Hsmall Ismall Jsmall Ksmall Lsmall Msmall Nsmall Osmall Psmall Qsmall Rsmall Ssmall Tsmall
    Usmall Vsmall Wsmall Xsmall Ysmall Zsmall colonmonetary onefitted rupiah Tildesmall 129
    asuperior centsuperior 135 Aacutesmall Agravesmall Acircumflexsmall Adieresissmall Atildesmall
    Aringsmall Ccedillasmall Eacutesmall Egravesmall Ecircumflexsmall Edieresissmall Iacutesmall
    Igravesmall Icircumflexsmall Idieresissmall Ntildesmall Oacutesmall Ogravesmall Ocircumflexsmall
    Odieresissmall Otildesmall Uacutesmall Ugravesmall Ucircumflexsmall Udieresissmall 161
    eightsuperior fourinferior threeinferior sixinferior eightinferior seveninferior Scaronsmall 169
    centinferior twoinferior 172 Dieresissmall 174 Caronsmall osuperior fiveinferior 178
    commainferior periodinferior Yacutesmall 182 dollarinferior 185 Thornsmall 187 nineinferior
    zeroinferior Zcaronsmall AEsmall Oslashsmall questiondownsmall oneinferior Lslashsmall 201
    Cedillasmall 207 OEsmall figuredash hyphensuperior 214 exclamdownsmall 216 Ydieresissmall 218
    onesuperior twosuperior threesuperior foursuperior fivesuperior sixsuperior sevensuperior
    ninesuperior zerosuperior 228 esuperior rsuperior tsuperior 233 isuperior ssuperior dsuperior
    241 lsuperior Ogoneksmall Brevesmall Macronsmall bsuperior nsuperior msuperior commasuperior
    periodsuperior Dotaccentsmall Ringsmall
"""
_MAC_ONLY = {
    173: "notequal", 176: "infinity", 178: "lessequal", 179: "greaterequal", 182: "partialdiff",
    183: "summation", 184: "product", 185: "pi", 186: "integral", 189: "Omega", 195: "radical",
    197: "approxequal", 198: "Delta", 215: "lozenge", 240: "apple",
}  # fmt: skip
_WIN_ONLY = dict.fromkeys((127, 129, 141, 143, 144, 157), "bullet") | {173: "hyphen"}


def _spelled_out(table: str) -> Encoding:
    """Names one code after the other; a number sets the code of the next name."""
    names: dict[int, str] = {}
    code = 0
    for word in table.split():
        if word.isdigit():
            code = int(word)
        else:
            names[code] = word
            code += 1
    return names


def _latin(column: int) -> dict[int, str]:
    return {row[column]: row[0] for row in ENCODING if isinstance(row[column], int)}  # type: ignore[misc]


STANDARD: Encoding = _latin(1)
MAC_ROMAN: Encoding = _latin(2) | _MAC_ONLY
WIN_ANSI: Encoding = _latin(3) | _WIN_ONLY
SYMBOL: Encoding = _spelled_out(SYMBOL_NAMES)
DINGBATS: Encoding = _spelled_out(DINGBAT_NAMES)
NAMED: Mapping[str, Encoding] = {
    "MacRomanEncoding": MAC_ROMAN,
    "WinAnsiEncoding": WIN_ANSI,
    "MacExpertEncoding": _spelled_out(EXPERT_NAMES),
}


@cache
def listed_code(name: str) -> int | None:
    """The character that a glyph list gives for a name."""
    found = glyphname2unicode.get(name)
    if found is not None and len(found) == 1:
        return ord(found)
    return _ADDED.get(name)


def code_of(name: str) -> int | None:
    """The character of a glyph name, listed or spelled `uniXXXX` or `uXXXXX`."""
    listed = listed_code(name)
    if listed is not None:
        return listed
    match = re.fullmatch(r"uni(.{4})|u(.{4,6})", name)
    if match is None:
        return None
    return _upper_hex(match[1] or match[2])


def _upper_hex(digits: str) -> int | None:
    """As JavaScript's parseInt: up to the first character that is no digit."""
    if digits != digits.upper():
        return None
    return _parsed(digits, 16)


def _parsed(digits: str, base: int) -> int | None:
    allowed = "0-9A-Fa-f" if base == 16 else "0-9"
    match = re.match(f"[{allowed}]+", digits)
    return int(match[0], base) if match else None


def texts_of(
    encoding: Encoding, base: Encoding | None, *, hexadecimal: bool = False
) -> dict[int, str]:
    """The text of each code by the name of its glyph; names that say nothing are left out.

    ``base``: the named encoding that the font starts from, if any. ``hexadecimal``: read the
    numbers in names like "c41" so, because one of them can be read no other way.
    """
    texts: dict[int, str] = {}
    for code, name in encoding.items():
        if not name:
            continue
        listed = listed_code(name)
        if listed is not None:
            texts[code] = chr(listed)
            continue
        if name in _SPELLED:
            texts[code] = _SPELLED[name]
            continue
        number = _numbered(name, hexadecimal=hexadecimal)
        if number is None:
            return texts_of(encoding, base, hexadecimal=True)
        if 0 < number <= 0x10FFFF:
            own = base.get(code) if base and number == code else None
            known = listed_code(own) if own else None
            texts[code] = chr(number if known is None else known)
    return texts


def _numbered(name: str, *, hexadecimal: bool) -> int | None:
    """The character number in names like G41, g0041, c65 or u0041, 0 if there is none.

    None: a number that can only be hexadecimal stands where decimal ones were expected.
    """
    first, rest = name[0], name[1:]
    if (first == "G" and len(name) == 3) or (first == "g" and len(name) == 5):
        return _parsed(rest, 16) or 0
    if first in "Cc" and 3 <= len(name) <= 4:
        if hexadecimal:
            return _parsed(rest, 16) or 0
        if rest.isdecimal():
            return int(rest)
        return 0 if _parsed(rest, 10) is None else None
    if first == "u":
        return code_of(name) or 0
    return 0
