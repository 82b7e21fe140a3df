"""Character maps of a PDF: codes of a string -> glyph numbers (CIDs), and codes -> text.

Read as `src/core/cmap.js` of pdf.js 4.10 reads them (Apache-2.0). Adobe's predefined maps come with
pdfminer.six.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from pdfminer.cmapdb import CMap as PredefinedMap
from pdfminer.cmapdb import CMapDB, IdentityCMap

from .unreadable import MOST_CODES, UnreadablePdf

CODE_LENGTHS = 4  # bytes at most
Target = int | bytes
"""What a code maps to: a glyph number, or text as UTF-16, big end first."""

_TOKEN = re.compile(
    rb"[\x00\t\n\f\r ]+|%[^\r\n]*"
    rb"|<<|>>|<(?P<hex>[^<>]*)>|\((?P<string>(?:[^()\\]|\\[\s\S])*)\)"
    rb"|/(?P<name>[^\x00\t\n\f\r ()<>\[\]{}/%]*)|(?P<number>[-+]?\d+)(?![\d.])"
    rb"|(?P<word>[^\x00\t\n\f\r ()<>\[\]{}/%]+|[\[\]])|[\s\S]"
)
_NOT_HEX = re.compile(rb"[^0-9A-Fa-f]")


class MalformedMap(Exception):
    """A section that does not follow the grammar; the sections behind it count all the same."""


@dataclass(slots=True)
class CharMap:
    """``spaces[n]``: the ranges of codes of n + 1 bytes. ``targets``: what each code maps to.

    ``identity``: every code up to 0xFFFF is its own glyph number; ``targets`` is empty then.
    """

    spaces: list[list[tuple[int, int]]] = field(
        default_factory=lambda: [[] for _ in range(CODE_LENGTHS)]
    )
    targets: dict[int, Target] = field(default_factory=dict)
    vertical: bool = False
    identity: bool = False
    predefined: bool = False

    def glyph_number(self, code: int) -> int:
        """The CID by which widths are listed; the code itself where the map has none."""
        if self.identity:
            return code
        target = self.targets.get(code, code)
        return target if isinstance(target, int) else int.from_bytes(target[-4:], "big")

    def codes(self, string: bytes) -> Iterator[tuple[int, int]]:
        """The codes of ``string``, each with its length in bytes; (0, 1) for what is no code."""
        at, end = 0, len(string)
        if self.identity:
            for at in range(0, end, 2):
                yield string[at] << 8 | (string[at + 1] if at + 1 < end else 0), 2
            return
        while at < end:
            code, length = self._code_at(string, at)
            yield code, length
            at += length

    def _code_at(self, string: bytes, at: int) -> tuple[int, int]:
        code = 0
        for length, ranges in enumerate(self.spaces, 1):
            here = at + length - 1
            code = code << 8 | (string[here] if here < len(string) else 0)
            for low, high in ranges:
                if low <= code <= high:
                    return code, length
        return 0, 1

    def add(self, code: int, target: Target) -> None:
        if len(self.targets) >= MOST_CODES:
            raise UnreadablePdf(
                f"A font of the PDF maps more than {MOST_CODES:,} codes; use another copy."
            )
        self.targets[code] = target


IDENTITY_SPACES: tuple[tuple[tuple[int, int], ...], ...] = ((), ((0, 0xFFFF),), (), ())


_TWO_BYTES = ((0x0000, 0xD7FF), (0xE000, 0xFFFF))
UNICODE_SPACES: Mapping[str, tuple[tuple[tuple[int, int], ...], ...]] = {
    "UCS2": ((), _TWO_BYTES, (), ()),
    "UTF16": ((), _TWO_BYTES, (), ((0xD800DC00, 0xDBFFDFFF),)),
    "UTF32": ((), (), (), ((0x00000000, 0x0010FFFF),)),
}


def identity_map(*, vertical: bool) -> CharMap:
    return CharMap([list(each) for each in IDENTITY_SPACES], vertical=vertical, identity=True)


def predefined_map(name: str) -> CharMap | None:
    """One of Adobe's maps by its name; None if there is none of that name."""
    try:
        found = CMapDB.get_cmap(name)
    except CMapDB.CMapNotFound:
        return None
    if isinstance(found, IdentityCMap):
        return identity_map(vertical=name.endswith("V")) if name[:9] == "Identity-" else None
    assert isinstance(found, PredefinedMap)
    result = CharMap(vertical=found.is_vertical(), predefined=True)
    _flatten(found.code2cid, 0, 0, result)
    for family, spaces in UNICODE_SPACES.items():
        if family in name:
            result.spaces = [list(each) for each in spaces]
            return result
    for length in range(CODE_LENGTHS):
        result.spaces[length] = _spanned(sorted(result.spaces[length]))
    return result


def _flatten(tree: Mapping[int, object], prefix: int, depth: int, result: CharMap) -> None:
    for byte, below in tree.items():
        code = prefix << 8 | byte
        if isinstance(below, int):
            result.targets[code] = below
            result.spaces[depth].append((code, code))
        elif isinstance(below, dict) and depth + 1 < CODE_LENGTHS:
            _flatten(below, code, depth + 1, result)


def _spanned(codes: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The codespace of the mapped codes: pdfminer does not keep the one that Adobe gives.

    It spans what stands under neighbouring first bytes, from the least last byte to the greatest.
    """
    spans: list[tuple[int, int]] = []
    for code, _ in codes:
        if code <= 0xFF and spans and code == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], code)
        elif code > 0xFF and spans and code >> 8 <= (spans[-1][1] >> 8) + 1:
            low, high = spans[-1]
            least, most = min(low & 0xFF, code & 0xFF), max(high & 0xFF, code & 0xFF)
            spans[-1] = (low & ~0xFF | least, code & ~0xFF | most)
        else:
            spans.append((code, code))
    return spans


def collection_text(registry: str, ordering: str) -> Mapping[int, str]:
    """Text of each glyph number of one of Adobe's collections; empty for an unknown one."""
    try:
        found = CMapDB.get_unicode_map(f"{registry}-{ordering}")
    except CMapDB.CMapNotFound:
        return {}
    return found.cid2unichr


def embedded_map(data: bytes) -> CharMap:
    """The map that a stream of the PDF spells out."""
    result = CharMap()
    tokens = _tokens(data)
    name: bytes = b""
    base: bytes | None = None
    own_name = b""
    for kind, value in tokens:
        if kind == "name":
            if value == b"WMode":
                result.vertical = _take(tokens, "number") not in (None, b"0")
            elif value == b"CMapName":
                own_name = _take(tokens, "name") or b""
            name = value
        elif kind == "word":
            if value == b"endcmap":
                break
            if value == b"usecmap":
                base = name
            elif value in _SECTIONS:
                try:
                    _SECTIONS[value](result, tokens)
                except MalformedMap:
                    continue
    if base is not None:
        _extend(result, _base_map(base.decode("latin-1")))
    if own_name in (b"Identity-H", b"Identity-V") and _is_identity(result):
        return identity_map(vertical=own_name.endswith(b"V"))
    return result


def _base_map(name: str) -> CharMap | None:
    collection = re.fullmatch(r"(Adobe)-(\w+)-UCS2", name)
    if collection is None:
        return predefined_map(name)
    texts = collection_text(collection[1], collection[2]).items()
    return CharMap(targets={glyph: text.encode("utf-16-be") for glyph, text in texts})


def _is_identity(result: CharMap) -> bool:
    return len(result.targets) == 0x10000 and all(
        code == target for code, target in result.targets.items()
    )


def _extend(result: CharMap, base: CharMap | None) -> None:
    if base is None:
        return
    if not any(result.spaces):
        result.spaces = base.spaces
    inherited = {code: code for code in range(0x10000)} if base.identity else base.targets
    for code, target in inherited.items():
        result.targets.setdefault(code, target)


Token = tuple[str, bytes]


def _tokens(data: bytes) -> Iterator[Token]:
    for match in _TOKEN.finditer(data):
        kind = match.lastgroup
        if kind == "hex":
            digits = _NOT_HEX.sub(b"", match["hex"])
            yield "string", bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))
        elif kind is not None:
            yield kind, match[kind]


def _take(tokens: Iterator[Token], kind: str) -> bytes | None:
    found, value = next(tokens, ("", b""))
    return value if found == kind else None


def _entries(tokens: Iterator[Token], end: bytes) -> Iterator[int]:
    """The first code of each line of a section. Raises MalformedMap."""
    for kind, value in tokens:
        if kind == "word" and value == end:
            return
        if kind != "string":
            raise MalformedMap
        yield _number(value)


def _number(string: bytes) -> int:
    return int.from_bytes(string[-4:], "big")


def _need(tokens: Iterator[Token], kind: str) -> bytes:
    value = _take(tokens, kind)
    if value is None:
        raise MalformedMap
    return value


def _codespaces(result: CharMap, tokens: Iterator[Token]) -> None:
    for low in _entries(tokens, b"endcodespacerange"):
        high = _need(tokens, "string")
        if 1 <= len(high) <= CODE_LENGTHS:
            result.spaces[len(high) - 1].append((low, _number(high)))


def _text_codes(result: CharMap, tokens: Iterator[Token]) -> None:
    for code in _entries(tokens, b"endbfchar"):
        result.add(code, _need(tokens, "string"))


def _glyph_codes(result: CharMap, tokens: Iterator[Token]) -> None:
    for code in _entries(tokens, b"endcidchar"):
        result.add(code, int(_need(tokens, "number")))


def _glyph_ranges(result: CharMap, tokens: Iterator[Token]) -> None:
    for low in _entries(tokens, b"endcidrange"):
        high = _number(_need(tokens, "string"))
        first = int(_need(tokens, "number"))
        for code in range(low, high + 1):
            result.add(code, first + code - low)


def _text_ranges(result: CharMap, tokens: Iterator[Token]) -> None:
    for low in _entries(tokens, b"endbfrange"):
        high = _number(_need(tokens, "string"))
        kind, value = next(tokens, ("", b""))
        if kind == "word" and value == b"[":
            _listed(result, tokens, low, high)
        elif kind == "string":
            _counted(result, low, high, value)
        elif kind == "number":
            _counted(result, low, high, bytes((int(value) & 0xFF,)))
        else:
            raise MalformedMap


def _listed(result: CharMap, tokens: Iterator[Token], low: int, high: int) -> None:
    code = low
    for kind, value in tokens:
        if kind == "word" and value == b"]":
            return
        if code <= high and kind == "string":
            result.add(code, value)
        elif code <= high and kind == "number":
            result.add(code, int(value))
        code += 1


def _counted(result: CharMap, low: int, high: int, first: bytes) -> None:
    """Texts one behind the other, counted in the last byte, with one carry as in pdf.js."""
    text = first
    for code in range(low, high + 1):
        result.add(code, text)
        if not text:
            continue
        if text[-1] < 0xFF:
            text = text[:-1] + bytes((text[-1] + 1,))
        else:
            before = text[-2] if len(text) > 1 else 0xFF
            text = text[:-2] + bytes(((before + 1) & 0xFF, 0))


_SECTIONS: Mapping[bytes, Callable[[CharMap, Iterator[Token]], None]] = {
    b"begincodespacerange": _codespaces,
    b"beginbfchar": _text_codes,
    b"begincidchar": _glyph_codes,
    b"beginbfrange": _text_ranges,
    b"begincidrange": _glyph_ranges,
}


def text_of(target: Target) -> str | None:
    """What pdf.js makes of a target of a ToUnicode map; None where it fails.

    Surrogates that are no pair stay as they are, as in JavaScript.
    """
    if isinstance(target, int):
        return chr(target) if 0 <= target <= 0x10FFFF else None
    if len(target) % 2:
        target = b"\0" + target
    return target.decode("utf-16-be", "surrogatepass")
