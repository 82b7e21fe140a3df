"""The links of a note and the quotes they belong to; links are resolved by ``Resolver``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from . import fences
from .note import Link, Note, Quote, Span
from .passage import (
    Line,
    block_id,
    cut_notes,
    excuse,
    has_text,
    leading_deeper,
    quoted,
    readable,
    without_block_id,
    without_head,
    words_before,
)
from .patterns import regex
from .records import replace
from .vaultpaths import Resolver, attachment_folder, has_subpath

__all__ = ["Resolver", "attachment_folder", "find_links", "find_quotes", "has_subpath"]

_WIKI = regex(r"\[\[(?!\[)((?:(?!\[\[|\]\])[^\r\n])+)\]\]")
_BRACKET = regex(r"\\.|\[|\](\()?|\n[ \t>]*\r?\n", re.S)
_DESTINATION = regex(
    r"[ \t]*(?:<([^<>\r\n]*)>|((?:\\.|[^\s()\\])*(?:\((?:\\.|[^\s()\\])*\)(?:\\.|[^\s()\\])*)*))"
    r"""(?:\s+(?:"[^"]*"|'[^']*'|\([^()]*\)))?[ \t]*\)"""
)
_EXTERNAL = regex(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_ESCAPED = regex(r"\\([!-/:-@\[-`{-~])")
_PAGE = regex(r"(?:^|[&#?])page=(\d{1,9})(?!\d)")
_SELECTION = regex(r"(?:^|[&#?])selection=(\d{1,9}),(\d{1,9}),(\d{1,9}),(\d{1,9})(?!\d)")


def find_links(note: Note) -> tuple[Link, ...]:
    """The links to files, in the order of the text: also in properties and ``%%`` comments.

    Links in code are none, nor are those with a scheme (``https:``, ``zotero:``).
    """
    text = note.text
    if "[[" not in text and "](" not in text:
        return ()
    code = fences.inline_code(text, fences.merge(note.code, [note.frontmatter]))
    hidden = fences.merge(note.code, code)
    lines = fences.Lines(text)
    wiki = [link for link in _wikilinks(text, lines) if not fences.inside(hidden, link.span.start)]
    taken = fences.merge([link.span for link in wiki])
    marked = [
        link
        for link in _markdown_links(text, lines, hidden)
        if not fences.inside(taken, link.span.start + link.embed)
    ]
    return tuple(sorted([*wiki, *marked], key=lambda link: link.span))


def _wikilinks(text: str, lines: fences.Lines) -> Iterator[Link]:
    for match in _WIKI.finditer(text):
        start = match.start()
        embed = text.startswith("!", start - 1) and start > 0
        if _is_escaped(text, start):
            continue
        place, bar, alias = match[1].partition("|")
        if bar and place.endswith("\\"):
            place = place[:-1]  # `\|`, as a table needs it
        target, _, subpath = place.partition("#")
        if not target.strip() and not subpath.strip():
            continue
        yield _with_pdf_place(
            Link(
                target=target.strip(),
                subpath=subpath.strip(),
                alias=alias.replace("\\|", "|").strip() if bar else None,
                embed=embed,
                wiki=True,
                line=lines.at(start) + 1,
                span=Span(start - embed, match.end()),
            ),
            match.start(1) + len(target) + 1,
            subpath,
        )


def _markdown_links(text: str, lines: fences.Lines, hidden: Sequence[Span]) -> Iterator[Link]:
    opened: list[int] = []
    for match in _BRACKET.finditer(text):
        if match[0][0] in "\\\n":
            if match[0][0] == "\n":
                opened.clear()  # a paragraph ends, and with it what it left open
            continue
        if fences.inside(hidden, match.start()):
            continue
        if match[0] == "[":
            opened.append(match.start())
        elif opened:
            start = opened.pop()
            place = _DESTINATION.match(text, match.end()) if match[1] else None
            if place:
                link = _markdown_link(text, lines, Span(start, match.start()), place)
                if link:
                    yield link


def _markdown_link(
    text: str, lines: fences.Lines, words: Span, place: re.Match[str]
) -> Link | None:
    group = 1 if place[1] is not None else 2
    target, _, subpath = place[group].partition("#")
    if _EXTERNAL.match(target) or not (target or subpath) or target.startswith("[["):
        return None
    embed = words.start > 0 and text[words.start - 1] == "!"
    link = Link(
        target=unquote(_ESCAPED.sub(r"\1", target)),
        subpath=subpath,
        alias=text[words.start + 1 : words.end],
        embed=embed,
        wiki=False,
        line=lines.at(words.start) + 1,
        span=Span(words.start - embed, place.end()),
    )
    return _with_pdf_place(link, place.start(group) + len(target) + 1, subpath)


def _with_pdf_place(link: Link, start: int, subpath: str) -> Link:
    """``link`` with page and selection; ``start`` is the offset of ``subpath`` in the text."""
    if not link.is_pdf:
        return link
    if page := _PAGE.search(subpath):
        span = Span(start + page.start(1), start + page.end(1))
        link = replace(link, page=int(page[1]), page_span=span)
    if match := _SELECTION.search(subpath):
        first, second, third, fourth = (int(digits) for digits in match.groups())
        span = Span(start + match.start(1), start + match.end(4))
        link = replace(link, selection=(first, second, third, fourth), selection_span=span)
    return link


def _is_escaped(text: str, offset: int) -> bool:
    count = 0
    while count < offset and text[offset - 1 - count] == "\\":
        count += 1
    return count % 2 == 1


# --- quotes ------------------------------------------------------------------------------------

# How Obsidian and PDF++ name a link to a page, where the author gave it no name.
_PAGE_NAME = regex(r"(?:.*[,;]\s*)?(?:page|pages|pp?\.?|pg\.?|s\.)\s*\d+", re.I | re.S)

_LONGEST_TAIL = 30  # lines below a passage that may hold its links, block id and excuse


def find_quotes(note: Note, links: Sequence[Link]) -> tuple[Quote, ...]:
    """The passages that the PDF links among ``links`` belong to, in the order of the text.

    A link without a passage beside it makes no quote.
    """
    if not any(link.is_pdf and not link.embed for link in links):
        return ()
    return tuple(_QuoteFinder(note, links).quotes())


class _QuoteFinder:
    def __init__(self, note: Note, links: Sequence[Link]) -> None:
        self.note = note
        self.lines = fences.Lines(note.text)
        code = fences.merge(note.code, [note.frontmatter])
        inline = fences.inline_code(note.text, code)
        comments = fences.comments(note.text, fences.merge(code, inline))
        written = [region.span for region in note.regions]
        self.hidden = fences.merge(code, comments.spans, written, note.matrices)
        self.links: dict[int, list[Link]] = {}
        for link in links:
            if link.is_pdf and not link.embed and not fences.inside(self.hidden, link.span.start):
                self.links.setdefault(link.line - 1, []).append(link)

    def quotes(self) -> Iterator[Quote]:
        index = 0
        while index < len(self.lines):
            group = self._group(index)
            if group:
                yield from self._in_group(group)
                index = group[-1].index + 1
                continue
            start = self.lines.starts[index]
            for link in self.links.pop(index, ()):
                if quote := self._on_its_line(link, start):
                    yield quote
                start = link.span.end
            index += 1

    def _group(self, index: int) -> list[Line]:
        """The lines of the blockquote that starts at ``index``."""
        group: list[Line] = []
        while index < len(self.lines):
            line = quoted(index, self.lines[index])
            if not line:
                break
            hidden = fences.inside(self.hidden, self.lines.starts[index])
            group.append(replace(line, content="") if hidden else line)
            index += 1
        return group

    # --- blockquotes and callouts --------------------------------------------------------------

    def _in_group(self, group: list[Line]) -> Iterator[Quote]:
        linked = [place for place, line in enumerate(group) if line.index in self.links]
        if not linked:
            if quote := self._tailed(group, (), group[0].index, group[-1].index):
                yield quote
            return
        found: list[tuple[list[Line], list[Link]]] = []
        above = 0
        for place, end in zip(linked, [*linked[1:], len(group)], strict=True):
            links = self.links[group[place].index]
            passage = self._passage(group[above : place + 1], group[place + 1 : end])
            if passage:
                found.append((passage, list(links)))
            elif found:
                found[-1][1].extend(links)
            below = passage and passage[-1].index > group[place].index
            above = end if below else place + 1
        for number, (passage, links) in enumerate(found):
            first = min(passage[0].index, links[0].line - 1)
            last = max(passage[-1].index, links[-1].line - 1)
            notes: tuple[str | None, str | None] = (None, None)
            if number == len(found) - 1:
                notes = cut_notes([line for line in group if line.index > last])[1:]
                last = group[-1].index
            if quote := self._tailed(passage, links, first, last, notes):
                yield replace(quote, is_flat=_is_flat(passage, group, links[0].line - 1))

    def _passage(self, above: list[Line], below: list[Line]) -> list[Line]:
        """The lines that the link in the last line of ``above`` belongs to, that line cut."""
        line = above[-1]
        rest = self._without_links(line)
        before = [item for item in above[:-1] if not item.is_head]
        has_words = has_text(without_head(rest))
        if not line.is_head and (has_words or any(item.has_words for item in before)):
            return [*before, replace(line, content=rest)] if has_words else before
        deeper = leading_deeper(below, line.depth)
        passage = deeper or [item for item in below if item.depth >= line.depth]
        if any(item.has_words for item in passage):
            return passage
        words = without_head(rest) if has_words else self._words_of(line)
        return [replace(line, content=words)] if words else []

    def _without_links(self, line: Line) -> str:
        content = line.content
        for link in self.links.get(line.index, ()):
            words = self._words_around(link)
            raw = link.span.of(self.note.text)
            content = content.replace(f"[{words}]({raw})" if words else raw, " ")
        return re.sub(r"\(\s*\)", " ", content).rstrip()

    def _words_of(self, line: Line) -> str:
        return next((w for link in self.links[line.index] if (w := self._words_in(link))), "")

    def _words_in(self, link: Link) -> str:
        """The quote that a link carries itself: as its alias, or around it."""
        words = self._words_around(link) or link.alias or ""
        stem = link.target.rpartition("/")[2][:-4]
        is_name = _PAGE_NAME.fullmatch(words) or words.casefold() in (stem.casefold(), link.target)
        is_short = len(words.split()) < 2
        return "" if is_name or is_short or link.selection is None else words

    def _words_around(self, link: Link) -> str:
        """``words`` of the malformed ``[words]([[link]])``."""
        text, start, end = self.note.text, link.span.start, link.span.end
        wrapped = text.startswith("](", max(start - 2, 0)) and text.startswith(")", end)
        if not (link.wiki and wrapped):
            return ""
        opening = text.rfind("[", self.lines.starts[link.line - 1], start)
        return text[opening + 1 : start - 2] if opening >= 0 else ""

    # --- what follows a blockquote -------------------------------------------------------------

    def _tailed(
        self,
        passage: list[Line],
        links: Sequence[Link],
        first: int,
        last: int,
        notes: tuple[str | None, str | None] = (None, None),
    ) -> Quote | None:
        """The quote of ``passage`` with the links, block id and excuse in the lines below it.

        ``notes``: the id and the excuse in the rest of its blockquote.
        """
        passage, id, reason = cut_notes(passage)
        id, reason = id or notes[0], reason or notes[1]
        found = list(links)
        closes = bool(links)
        is_last = last + 1 >= len(self.lines) or not quoted(last + 1, self.lines[last + 1])
        for index in self._lines_below(last) if is_last and reason is None else ():
            line = self.lines[index]
            reason = excuse(line)
            if reason is not None or not self._is_tail(index, closes):
                break
            id = id or block_id(line)
            found += self.links.pop(index, [])
            last = index
        text = readable(passage)
        if not found or not text:
            return None
        return Quote(id, text, tuple(found), first + 1, self.lines.span(first, last), reason)

    def _lines_below(self, last: int) -> Iterator[int]:
        """The next few lines with text below ``last``, until more than two in a row are blank."""
        for index in range(last + 1, min(last + _LONGEST_TAIL, len(self.lines))):
            if self.lines[index].strip():
                last = index
                yield index
            elif index - last > 2:
                return

    def _is_tail(self, index: int, closed: bool) -> bool:
        """Whether a line holds nothing but the links of the quote above, and its block id."""
        line = without_block_id(self.lines[index])
        links = self.links.get(index, [])
        if links and closed:
            return False
        for link in links:
            line = line.replace(link.span.of(self.note.text), " ")
        return line != self.lines[index] and not has_text(line)

    # --- quotes on the link's own line -----------------------------------------------------------

    def _on_its_line(self, link: Link, start: int) -> Quote | None:
        """``text ([[link]])`` or ``"text" [[link]]`` or ``[[link|text]]``; ``start``: where the
        text before the link begins."""
        text = self._words_in(link)
        if not text and link.selection is not None:
            text = words_before(self.note.text[start : link.span.start])
        if not text:
            return None
        index = link.line - 1
        line = Line(index, 0, text)
        quote = self._tailed([line], [link], index, index)
        return replace(quote, id=block_id(self.lines[index]) or quote.id) if quote else None


def _is_flat(passage: Sequence[Line], group: Sequence[Line], link: int) -> bool:
    """Whether ``passage`` is the body of a callout with the line ``link`` of ``group`` as its head,
    not set off from it by a further ``>``."""
    head = next(line for line in group if line.index == link)
    return head.is_head and passage[0].index > link and passage[0].depth == head.depth
