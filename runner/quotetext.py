"""A quote as its author wrote it: its sentences, and the marks that are not the paper's words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

from .folding import folded
from .records import dataclass


class Mark(Enum):
    """What stands in a quote in the place of the paper's words."""

    OMISSION = "omission"  # "[…]", "(...)", "…"
    ADDITION = "addition"  # "[they]", "[sic]", "(emphasis added)"
    FORMULA = "formula"  # "$x^2$"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a sentence: words, or a ``mark``. ``letters`` is what it would fold to."""

    text: str
    letters: str
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """The smallest part of a quote that gets a verdict of its own.

    ``block`` counts the bullets and paragraphs of the quote, ``line`` its lines, both from 0.
    ``letters`` folds it as if no mark were one. ``lead`` and ``tail`` are the signs around its
    letters.
    """

    text: str
    letters: str
    block: int
    line: int
    parts: tuple[Part, ...]
    lead: str
    tail: str

    @property
    def has_marks(self) -> bool:
        return any(part.mark for part in self.parts)

    @property
    def attributes(self) -> bool:
        """Whether a dash is before it, as before the name of whom one quotes."""
        return _ATTRIBUTION.match(self.text) is not None

    @property
    def has_words(self) -> bool:
        return any(part.letters for part in self.parts if part.mark is None)


_BULLET = re.compile(r"[ \t]*[-+*](?:[ \t]+\[.\])?(?:[ \t]+|$)")
_NUMBERED = re.compile(r"[ \t]*\d{1,9}[.)](?:[ \t]+|$)")
_ATTRIBUTION = re.compile(r"[ \t]*(?:[\u2014\u2013\u2015]|--)")
_DEEPER = re.compile(r"(?:[ \t]*>)+[ \t]?")
_COMMENT = re.compile(r"%%.{0,2000}?%%|<!--.{0,2000}?-->", re.S)
_TAG = re.compile(r"</?(?:mark|b|i|em|strong|u|s|sub|sup|span|font|small|br)\b[^<>]{0,200}>", re.I)
_ENTITY = re.compile(r"&(?:nbsp|lt|gt|amp|quot|#\d{1,7});")
_FOOTNOTE = re.compile(r"\[\^[^\]\s]{1,60}\]")
_EMBED = re.compile(r"!\[\[[^\[\]\n]*\]\]|!\[[^\[\]\n]*\]\([^()\n]*\)")
_WIKI = re.compile(r"\[\[([^\[\]|\n]*)(?:\|([^\[\]\n]*))?\]\]")
_MARKED = re.compile(r"\[([^\[\]\n]+)\]\((?!\s)[^()\s]*\)")
_DOTS = r"(?:\.\s?\.\s?\.+|…)"
_MARK = re.compile(
    rf"(?P<formula>\$\$.+?\$\$|(?<![\\$\w])\$(?=[^\s$])[^$\n]*?(?<=[^\s\\])\$(?![\d$]))"
    rf"|(?P<omission>\[\s*{_DOTS}\s*\]|\(\s*{_DOTS}\s*\)|{_DOTS})"
    r"|(?P<addition>\[(?![\d\s,;\u2013-]*\])[^\[\]]{1,60}\]"  # "[13, 12]" is the paper's
    r"|\((?:my |our )?(?:emphas[ie]s|italics|translation)[^()\n]{0,30}\)"
    r"|\A\([^()\n]{1,30}\)\s-\s)",  # the colour's name, before the text in a template of PDF++
    re.S | re.I,
)
_STOP = re.compile(r"[.!?][\"'”’»)\]]*\s+(?=[\"'“‘«(\[]*[A-Z\d$])")
_SHORT = re.compile(
    r"(?:\b(?:al|e\.g|i\.e|etc|cf|vs|Fig|Figs|Eq|Eqs|Sec|Tab|Ref|resp|No|approx)|\b[A-Z])$"
)


def sentences(text: str, *, by_line: bool = False) -> tuple[Sentence, ...]:
    """The sentences of a quote, its Markdown taken off; one without letters or marks is none.

    ``by_line``: no sentence runs over a line end.
    """
    found: list[Sentence] = []
    for block, line, words in _blocks(_plain(text), by_line):
        for sentence in _split(words):
            parts = tuple(_parts(sentence))
            letters = "".join(part.letters for part in parts if part.mark is not Mark.OMISSION)
            if letters or any(part.mark for part in parts):
                lead, tail = _signs_around(sentence)
                found.append(Sentence(sentence, letters, block, line, parts, lead, tail))
    return tuple(found)


def _plain(text: str) -> str:
    for pattern in (_COMMENT, _EMBED, _FOOTNOTE):
        text = pattern.sub("", text)
    text = _ENTITY.sub(" ", _TAG.sub(" ", text))
    text = _WIKI.sub(lambda match: match[2] or match[1].rpartition("/")[2], text)
    return _MARKED.sub(r"\1", text)


def _blocks(text: str, by_line: bool) -> Iterator[tuple[int, int, str]]:
    """Number, first line and text of each paragraph and bullet, or of their lines."""
    block, first, words = 0, 0, ""
    lines = [
        line[match.end() :] if (match := _DEEPER.match(line)) else line for line in text.split("\n")
    ]
    # One number alone is rather the paper's: that of a heading, or what a line starts with.
    is_list = sum(_NUMBERED.match(line) is not None for line in lines) > 1
    for number, line in enumerate(lines):
        item = _BULLET.match(line) or (_NUMBERED.match(line) if is_list else None)
        ends = item is not None or not line.strip() or _ATTRIBUTION.match(line) is not None
        if ends or by_line:
            if words:
                yield block, first, words
            first, words = number, ""
        block += ends
        line = line[item.end() :] if item else line
        words = f"{words} {line.strip()}".strip()
    if words:
        yield block, first, words


def _split(text: str) -> Iterator[str]:
    closed = [match.span() for match in _MARK.finditer(text)]
    start = 0
    for stop in _STOP.finditer(text):
        at = stop.start()
        if any(low <= at < high - 1 for low, high in closed) or _SHORT.search(
            text, max(start, at - 9), at
        ):
            continue
        if text[start:at].isdigit():
            continue  # the number of a heading
        yield text[start : stop.end()].strip()
        start = stop.end()
    if text[start:].strip():
        yield text[start:].strip()


def _parts(sentence: str) -> Iterator[Part]:
    start = 0
    for match in _MARK.finditer(sentence):
        if letters := folded(sentence[start : match.start()]):
            yield Part(sentence[start : match.start()].strip(), letters)
        mark = Mark(match.lastgroup)
        inner = _spoken(match[0]) if mark is Mark.FORMULA else match[0]
        yield Part(match[0].strip(), folded(inner), mark)
        start = match.end()
    if letters := folded(sentence[start:]):
        yield Part(sentence[start:].strip(), letters)


_COMMAND = re.compile(r"\\([A-Za-z]+)\s*|\\.")
_GREEK = dict(
    zip(
        "alpha beta gamma delta epsilon varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho"
        " sigma tau upsilon phi varphi chi psi omega".split(),
        "αβγδεεζηθικλμνξπρστυφφχψω",
        strict=True,
    )
)
_NAMED = frozenset("log exp sin cos tan max min arg softmax lim det dim ln inf sup".split())


def _spoken(formula: str) -> str:
    r"""The letters of a LaTeX formula as a page prints them: ``\mathbb{R}^{H}`` is "R H"."""

    def letters(match: re.Match[str]) -> str:
        name = match[1] or ""
        return _GREEK.get(name.lower(), name if name in _NAMED else " ")

    return _COMMAND.sub(letters, formula)


def _signs_around(text: str) -> tuple[str, str]:
    """The signs before the first letter and behind the last, markup and spaces left out."""
    start = next((at for at, sign in enumerate(text) if sign.isalnum()), len(text))
    stop = next((at for at in range(len(text), 0, -1) if text[at - 1].isalnum()), 0)
    lead, tail = re.sub(r"[*_=~`\s]", "", text[:start]), re.sub(r"[*_=~`]|\s.*", "", text[stop:])
    return ("", "") if start > stop else (lead, tail)
