"""Fingerprints of code that do not see comments, blank lines or the Python version.

Python's own tokenizer splits f-strings differently from 3.12 on, so what is string and what is
comment is decided by a scanner of our own, after the lexical analysis chapter of the Python
reference (https://docs.python.org/3/reference/lexical_analysis.html).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from .note import Block, Options
from .patterns import regex
from .records import dataclass, given

_PREFIX = regex(r"(?i)(?<![\w])(?:[rbuft]|rb|br|rf|fr|rt|tr)?(?=['\"])")
_COMMENT_OR_QUOTE = regex(r"[#'\"]")
_QUOTE = regex(r"'''|\"\"\"|'|\"")


class _Unterminated(Exception):
    """A string that never ends: the source does not tokenize."""


def normalise(source: str) -> str:
    """``source`` without comments, blank lines and trailing spaces; raw if it does not tokenize.

    Line breaks and spaces inside strings are kept, since they are values.
    """
    text = _with_newlines(source)
    try:
        return "".join(f"{line.text}\n" for line in _lines(_code_and_strings(text)))
    except _Unterminated:
        return source


def _code_and_strings(text: str) -> list[tuple[str, bool]]:
    """Cut ``text`` into (piece, is_string) with comments dropped."""
    pieces: list[tuple[str, bool]] = []
    start = at = 0
    while found := _COMMENT_OR_QUOTE.search(text, at):
        at = found.start()
        if text[at] == "#":
            pieces.append((text[start:at], False))
            end = text.find("\n", at)
            start = at = len(text) if end < 0 else end
            continue
        first = at - _prefix_length(text, at)
        end = _string_end(text, at, _is_formatted(text[first:at]), text[first:at])
        pieces.append((text[start:first], False))
        pieces.append((text[first:end], True))
        start = at = end
    pieces.append((text[start:], False))
    return pieces


def _prefix_length(text: str, quote: int) -> int:
    for length in (2, 1):
        if quote >= length and (match := _PREFIX.match(text, quote - length)):
            return length if match.end() == quote else 0
    return 0


def _is_formatted(prefix: str) -> bool:
    return "f" in prefix.lower() or "t" in prefix.lower()


def _string_end(text: str, at: int, formatted: bool, prefix: str) -> int:
    """The offset behind the string literal whose opening quote is at ``at``."""
    opening = _QUOTE.match(text, at)
    assert opening is not None
    quote = opening[0]
    at = opening.end()
    while at < len(text):
        if text.startswith(quote, at):
            return at + len(quote)
        if text[at] == "\\":
            at += 2
        elif text[at] == "\n" and len(quote) == 1:
            break
        elif formatted and text.startswith("{{", at):
            at += 2
        elif formatted and text[at] == "{":
            at = _field_end(text, at + 1)
        else:
            at += 1
    raise _Unterminated(prefix)


def _field_end(text: str, at: int) -> int:
    """The offset behind the ``}`` that closes an f-string's replacement field."""
    depth = 1
    while at < len(text):
        char = text[at]
        if char in "'\"":
            first = at - _prefix_length(text, at)
            at = _string_end(text, at, _is_formatted(text[first:at]), text[first:at])
            continue
        depth += (char in "{[(") - (char in "}])")
        at += 1
        if depth == 0:
            return at
    raise _Unterminated("{")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of code; with a string over several lines in it, all of these. ``first`` from 0."""

    first: int
    text: str
    holds_string: bool


def _lines(pieces: list[tuple[str, bool]]) -> Iterator[_Line]:
    """The lines that say something. A blank one behind a backslash does: it ends the statement."""
    number = first = 0
    text, holds_string, continued = "", False, False
    for piece, is_string in [*pieces, ("\n", False)]:
        if is_string:
            text, holds_string = text + piece, True
            number += piece.count("\n")
            continue
        head, *rest = piece.split("\n")
        text += head
        for following in rest:
            if text.strip() or holds_string or continued:
                yield _Line(first, text.rstrip(), holds_string)
            continued = text.endswith("\\")
            number += 1
            first, text, holds_string = number, following, False


def code_lines(source: str) -> tuple[int, ...]:
    """The numbers, from 1, of the lines of ``source`` that ``normalise`` keeps, in order.

    Sources with the same normal form have the same number of them, line for line.
    """
    text = _with_newlines(source)
    try:
        kept = _lines(_code_and_strings(text))
    except _Unterminated:
        return tuple(range(1, text.count("\n") + 2))
    return tuple(
        line.first + 1 + offset for line in kept for offset in range(line.text.count("\n") + 1)
    )


def _with_newlines(source: str) -> str:
    return source.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")


def derive_seed(note_seed: int, block_id: str) -> int:
    """The seed of a block that states none: 32 bits from the note's seed and the block's id."""
    data = f"{note_seed}:{block_id}".encode()
    return int.from_bytes(hashlib.blake2b(data, digest_size=4).digest(), "big")


def canonical(options: Options) -> dict[str, object]:
    """The options that were given, in a form that does not depend on their order."""
    return given(options)


def payload(module: str, block: Block, seed: int) -> str:
    """What a digest takes from one block: all that can change what it computes."""
    facts = {
        "module": module,
        "role": block.role.value,
        "id": block.id,
        "options": canonical(block.options),
        "seed": seed,
        "source": normalise(block.source),
    }
    return json.dumps(facts, sort_keys=True, ensure_ascii=False)


def digest(payloads: list[str]) -> str:
    """Eight hexadecimal digits over a block's payload and those of all it depends on."""
    hasher = hashlib.blake2b(digest_size=4)
    for text in payloads:
        data = text.encode("utf-8", "surrogatepass")
        hasher.update(len(data).to_bytes(8, "big"))
        hasher.update(data)
    return hasher.hexdigest()
