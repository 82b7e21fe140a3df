"""The tokens of a PDF content stream, read as pdf.js reads them.

The behaviour follows `Lexer` and `Parser` in `src/core/parser.js` of pdf.js 4.10 (Apache-2.0),
faults included: what a damaged stream shows in the viewer is what its links count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

WHITE = rb"\x00\t\n\f\r "
STOPS = WHITE + rb"()<>\[\]{}/%"

# How many operands an operator takes; None: any number. Words that only begin one are here too,
# with UNKNOWN, because they keep a run of letters together.
UNKNOWN = -1
OPERANDS: dict[bytes, int | None] = {
    **dict.fromkeys(b"w J j M ri i gs Tc Tw Tz TL Tr Ts Tj TJ ' G g sh EI Do MP BMC".split(), 1),
    **dict.fromkeys(b"q Q h S s f F f* B B* b b* n W W* BT ET T* BI ID EMC BX EX".split(), 0),
    **dict.fromkeys(b"d Tf m l Td TD d0 DP BDC".split(), 2),
    **dict.fromkeys([*b"RG rg".split(), b'"'], 3),
    **dict.fromkeys(b"v y re K k".split(), 4),
    **dict.fromkeys(b"cm c Tm d1".split(), 6),
    **dict.fromkeys(b"SC SCN sc scn CS cs".split(), None),
    b"CS": 1,
    b"cs": 1,
    **dict.fromkeys(b"BM BD true fa fal fals false nu nul null".split(), UNKNOWN),
}
MOST_OPERANDS = 33
MOST_WORD = 128
MOST_NESTING = 256  # of arrays and dictionaries; pdf.js ends where its stack does

_NUMBER = rb"[-+]?(?>\d+\.?\d*|\.\d+)(?![\d.eE\-])"
_TOKEN = re.compile(
    rb"[" + WHITE + rb"]*+(?:%[^\r\n]*+[" + WHITE + rb"]*+)*+"
    rb"(?:(" + _NUMBER + rb")"
    rb"|([A-Za-z'\"][^" + STOPS + rb"]*+)"
    rb"|\(([^()\\]*+)\)"
    rb"|(\[)|(\])"
    rb"|<([0-9A-Fa-f" + WHITE + rb"]*+)>"
    rb"|/([^#" + STOPS + rb"]*+)(?!#)"
    rb"|(<<)|(>>)"
    rb"|(\Z))"
)
NUMBER, WORD, STRING, ARRAY, ARRAY_END, HEX, NAME, DICT, DICT_END, END = range(1, 11)

# Whole paths at a time: figures hold hundreds of thousands of these, and none shows text.
_N = rb"[-+]?(?>\d+\.?\d*|\.\d+)[" + WHITE + rb"]++"
_PATHS = re.compile(
    rb"[" + WHITE + rb"]*+"
    rb"(?:(?>(?:" + _N + rb"){2}[ml]|(?:" + _N + rb"){4}(?:re|v|y)|(?:" + _N + rb"){6}c"
    rb"|[fB]\*?|[hSsFbn])[" + WHITE + rb"]++)*+"
)
_STRING_PART = re.compile(rb"[^()\\]++|[()]|\\(?:[0-7]{1,3}|\r\n|[\s\S]|\Z)")
_ESCAPES = {
    b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f",
    b"\n": b"", b"\r": b"", b"\r\n": b"", b"": b"",
}  # fmt: skip
_ODD_NUMBER = re.compile(
    rb"(?:(?P<sign>-{1,2})|\+)?[\r\n]*"
    rb"(?:(?P<digits>\d[\d-]*(?:\.[\d-]*)?|\.\d[\d-]*)(?:[eE](?P<power>[-+]?[\d-]*))?"
    rb"|\.?(?P<nothing>[" + WHITE + rb"]|\Z))"
)
_NAME_PART = re.compile(rb"/([^" + STOPS + rb"]*+)")
_HEX_PAIR = re.compile(rb"#([0-9A-Fa-f]{2})")
_NOT_HEX = re.compile(rb"[^0-9A-Fa-f]")
_BLANK = re.compile(rb"[" + WHITE + rb"]*+(?:%[^\r\n]*+[" + WHITE + rb"]*+)*+")
_IMAGE_END = re.compile(rb"EI[ \n\r]")
IMAGE_PROOF = 15  # bytes behind a possible end of an image that must look like operators
_PRINTABLE = re.compile(rb"(?:[\n\r\x20-\x7f]|\x00(?!\x00))*")
_LETTERS = re.compile(rb"[^" + STOPS + rb"]++")


@dataclass(frozen=True, slots=True)
class Name:
    text: str


class Opaque:
    """An operand that no text operator looks into: a dictionary, an image, a stray word."""


OPAQUE = Opaque()
Operand = float | bytes | bool | Name | Opaque | list["Operand"] | None


class Damaged(Exception):
    """The stream cannot be read on from here; pdf.js stops at this point too."""


class TokenReader:
    """Tokens and objects out of bytes. ``count``: tokens read so far."""

    __slots__ = ("at", "count", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.count = 0

    def skip_paths(self) -> None:
        match = _PATHS.match(self.data, self.at)
        if match is not None:
            self.at = match.end()

    def read_operands(self, operands: list[Operand]) -> bytes | None:
        """Adds the operands up to the next operator, which is returned; None at the end.

        Raises Damaged.
        """
        token, data = _TOKEN.match, self.data
        while True:
            match = token(data, self.at)
            self.count += 1
            if match is None:
                kind, value = self.read_odd()
            else:
                self.at = match.end()
                kind = match.lastindex or END
                value = match[kind]
            if kind == WORD:
                if value in OPERANDS or (value := self.shorten(value)):
                    word = value
                    if word == b"BI":
                        operands.append(self.skip_image())
                        return b"EI"
                    if word in (b"true", b"false"):
                        operands.append(word == b"true")
                    elif word != b"null":
                        return word
            elif kind == ARRAY:
                operands.append(self.read_array(0))
            elif kind == DICT:
                self.skip_dictionary(0)
                operands.append(OPAQUE)
            elif kind == END:
                return None
            elif kind not in (ARRAY_END, DICT_END):
                operands.append(_plain(kind, value))
            if len(operands) > MOST_OPERANDS:
                return None

    def read_token(self) -> tuple[int, bytes]:
        """The next token, odd ones too. Raises Damaged, also at the end."""
        match = _TOKEN.match(self.data, self.at)
        self.count += 1
        if match is None:
            return self.read_odd()
        self.at = match.end()
        kind = match.lastindex or END
        if kind == END:
            raise Damaged
        return kind, match[kind]

    def read_array(self, depth: int) -> list[Operand]:
        """What stands before the bracket that closes an array. Raises Damaged."""
        if depth > MOST_NESTING:
            raise Damaged
        found: list[Operand] = []
        while True:
            kind, value = self.read_token()
            if kind == ARRAY_END:
                return found
            if kind == ARRAY:
                found.append(self.read_array(depth + 1))
            elif kind == DICT:
                self.skip_dictionary(depth + 1)
                found.append(OPAQUE)
            elif kind == WORD:
                self.shorten(value)
                found.append(OPAQUE)
            else:
                found.append(_plain(kind, value))

    def skip_dictionary(self, depth: int) -> None:
        """Raises Damaged where the dictionary does not end."""
        if depth > MOST_NESTING:
            raise Damaged
        while True:
            kind, _ = self.read_token()
            if kind == DICT_END:
                return
            if kind == ARRAY:
                self.read_array(depth + 1)
            elif kind == DICT:
                self.skip_dictionary(depth + 1)

    def shorten(self, word: bytes) -> bytes:
        """The operator at the start of a run of letters; the rest is left to be read.

        A run that begins with no operator stays whole, as an unknown one.
        """
        if word in OPERANDS:
            return word
        known = False
        for length in range(1, len(word) + 1):
            now_known = word[:length] in OPERANDS
            if known and not now_known:
                self.at -= len(word) - length + 1
                return word[: length - 1]
            known = now_known
        if len(word) > MOST_WORD:
            raise Damaged
        return word

    def read_odd(self) -> tuple[int, bytes]:
        """A token that the pattern for plain ones does not know. Raises Damaged."""
        data = self.data
        self.at = start = _end_of(_BLANK, data, self.at)
        first = data[start : start + 1]
        if first == b"(":
            return STRING, self.read_string()
        if first == b"/":
            self.at = _end_of(_NAME_PART, data, start)
            return NAME, data[start + 1 : self.at]
        if first == b"<":
            end = data.find(b">", start)
            self.at = len(data) if end < 0 else end + 1
            return HEX, _NOT_HEX.sub(b"", data[start : self.at])
        if first in b"0123456789+-.":
            return NUMBER, self.read_number()
        if first in b"{}>":
            self.at = start + 1
            return WORD, first
        if first == b")":
            raise Damaged
        follows = data[start + 1 : start + 2]
        if not b" " <= first <= b"\x7f" and b" " <= follows <= b"\x7f":
            self.at = start + 1  # pdf.js drops what follows the stray byte too
            return WORD, first
        self.at = _end_of(_LETTERS, data, start)
        return WORD, data[start : self.at]

    def read_string(self) -> bytes:
        """A string with escapes or parentheses in it; the end of the stream ends it too."""
        parts: list[bytes] = []
        depth = 0
        for match in _STRING_PART.finditer(self.data, self.at):
            part = match[0]
            self.at = match.end()
            if part == b")":
                depth -= 1
                if depth == 0:
                    break
            elif part == b"(":
                depth += 1
                if depth == 1:
                    continue
            elif part[:1] == b"\\":
                part = _unescaped(part[1:])
            parts.append(part)
        return b"".join(parts)

    def read_number(self) -> bytes:
        match = _ODD_NUMBER.match(self.data, self.at)
        if match is None:
            raise Damaged
        if match["digits"] is None:
            self.at = match.start("nothing")
            return b"0"
        self.at = match.end()
        sign = b"-" if match["sign"] else b""
        power = (match["power"] or b"").rstrip(b"-")
        if power in (b"", b"+"):
            return sign + match["digits"].replace(b"-", b"")
        return sign + match["digits"].replace(b"-", b"") + b"e" + power

    def skip_image(self) -> Opaque:
        """Goes behind the EI of an inline image. Raises Damaged where its dictionary has no end."""
        ascii_filter = False
        while True:
            kind, value = self.read_token()
            if kind == WORD and value[:2] == b"ID":
                break
            ascii_filter |= kind == NAME and value in (b"A85", b"ASCII85Decode")
        start = self.at = self.at - len(value) + 3
        if ascii_filter:
            end = self.data.find(b"~>", start)
            start = end if end >= 0 else start
        last = None
        for match in _IMAGE_END.finditer(self.data, start):
            last = match.start() + 2
            if _goes_on(self.data[match.end() : match.end() + IMAGE_PROOF]):
                break
        self.at = len(self.data) if last is None else last
        return OPAQUE


def _goes_on(following: bytes) -> bool:
    """Whether what follows a possible end of an image is an operator, not more of the image."""
    if not following:
        return True
    if not _PRINTABLE.fullmatch(following):
        return False
    reader = TokenReader(following)
    operands: list[Operand] = []
    try:
        while (word := reader.read_operands(operands)) is not None:
            count = OPERANDS.get(word, UNKNOWN)
            if count == UNKNOWN:
                return False
            if count is None or count == len(operands):
                return True
            operands.clear()
    except Damaged:
        return True
    return False


def _end_of(pattern: re.Pattern[bytes], data: bytes, at: int) -> int:
    match = pattern.match(data, at)
    return at if match is None else match.end()


def _plain(kind: int, value: bytes) -> Operand:
    if kind == NUMBER:
        return float(value)
    if kind == STRING:
        return value
    if kind == HEX:
        return _from_hex(value)
    if kind == NAME:
        return Name(_name(value))
    return OPAQUE


def _from_hex(value: bytes) -> bytes:
    digits = _NOT_HEX.sub(b"", value)
    return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))


def _name(value: bytes) -> str:
    """As pdfminer names its keys: UTF-8 where it is that."""
    plain = _HEX_PAIR.sub(lambda match: bytes((int(match[1], 16),)), value)
    try:
        return plain.decode("utf-8")
    except UnicodeDecodeError:
        return plain.decode("latin-1")


def _unescaped(escape: bytes) -> bytes:
    if escape[:1].isdigit() and escape[:1] < b"8":
        return bytes((int(escape, 8) & 0xFF,))
    return _ESCAPES.get(escape, escape)
