"""Obsidian's Markdown as what Jupyter, Colab and GitHub show.

Wikilinks become links or text, images attachments, callouts quotes with a bold head, ``%%``
comments nothing. Code and math stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from .. import fences, frontmatter
from ..links import find_links
from ..note import Link, Note, Span
from ..records import dataclass

_HEAD = re.compile(r"^((?:[ \t]*>)+[ \t]?)\[!([^\]\r\n]+)\][-+]?[ \t]*([^\r\n]*)", re.M)
_BLOCK_ID = re.compile(r"^([ \t>]*)\^([A-Za-z0-9-]+)[ \t]*$|[ \t]+\^[A-Za-z0-9-]+[ \t]*$", re.M)
_MATH = re.compile(r"(?<!\\)\$\$.+?\$\$|(?<!\\)\$(?![\s$])(?:[^$\\\r\n]|\\.)*(?<!\s)\$", re.S)
_SIZE = re.compile(r"\d+(?:x\d+)?")
IMAGES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "svg": "image/svg+xml",
    "webp": "image/webp",
    "bmp": "image/bmp",
    "avif": "image/avif",
}


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What a reader outside of Obsidian gets.

    ``url`` is where a link leads ("" where it can only be text); ``attach`` the name under which
    a notebook carries an embedded picture (None where it cannot).
    """

    url: Callable[[Link], str]
    attach: Callable[[Link], str | None]


@dataclass(frozen=True, slots=True)
class Edit:
    """``span`` of the note reads ``new``; ``link`` is the picture that has to be attached."""

    span: Span
    new: str
    picture: Link | None = None


def edits(note: Note, elsewhere: Elsewhere) -> tuple[Edit, ...]:
    """All that reads differently outside of Obsidian, sorted and disjoint.

    The text of an imported notebook is none of Obsidian's but for the links that lead somewhere.
    """
    text = note.text
    is_foreign = "notebook" in properties(note)
    code = fences.merge(note.code, [note.frontmatter], [block.span for block in note.blocks])
    inline = fences.inline_code(text, code)
    hidden = fences.merge(code, inline, [Span(*m.span()) for m in _MATH.finditer(text)])
    comments = fences.comments(text, fences.merge(code, inline)).spans
    found = [Edit(span, "") for span in comments]
    for link in find_links(note):
        edit = _linked(note, link, elsewhere)
        if not is_foreign or edit.picture or elsewhere.url(link):
            found.append(edit)
    if not is_foreign:
        found += _heads(text)
        found += [Edit(Span(*m.span()), _anchor(m)) for m in _BLOCK_ID.finditer(text)]
    kept: list[Edit] = []
    for edit in sorted(found, key=lambda edit: (edit.span.start, -edit.span.end)):
        is_free = not kept or kept[-1].span.end <= edit.span.start
        if is_free and edit.new != edit.span.of(text):
            start = edit.span.start
            if edit.span in comments or not fences.inside(hidden, start):
                kept.append(edit)
    return tuple(kept)


def properties(note: Note) -> Mapping[str, object]:
    """The note's properties, which the parser skips where no block needs them."""
    if note.properties or not note.frontmatter.end:
        return note.properties
    try:
        return frontmatter.read(note.text, note.frontmatter)
    except frontmatter.YamlFault:
        return {}


def shown(text: str, span: Span, changes: tuple[Edit, ...]) -> str:
    """``span`` of ``text`` with the ``changes`` that fall into it."""
    pieces = []
    position = span.start
    for edit in changes:
        if span.start <= edit.span.start and edit.span.end <= span.end:
            pieces += [text[position : edit.span.start], edit.new]
            position = edit.span.end
    return "".join([*pieces, text[position : span.end]])


def _heads(text: str) -> Iterator[Edit]:
    """``> [!note] Title`` → ``> **Note:** Title``, a paragraph of its own."""
    for match in _HEAD.finditer(text):
        kind = match[2].partition("|")[0].strip()
        kind = "PDF" if kind.lower() == "pdf" else kind.capitalize()
        words = f"**{kind}:** " if match[3].strip() else f"**{kind}**"
        yield Edit(Span(match.end(1), match.start(3)), words)
        below = re.compile(r"(\r\n|\r|\n)(?:[ \t]*>)+[ \t]*[^\s>]").match(text, match.end())
        if below:
            yield Edit(Span(match.end(), match.end()), f"{below[1]}{match[1].rstrip()}")


def _anchor(match: re.Match[str]) -> str:
    """The place that links to the block id lead to; at a line's end the id only goes."""
    return f'{match[1]}<a id="{match[2]}"></a>' if match[2] else ""


def _linked(note: Note, link: Link, elsewhere: Elsewhere) -> Edit:
    if link.embed and is_image(link.target) and (name := elsewhere.attach(link)):
        alt = (link.alias or "") if not link.wiki else _plain(_words(link))
        return Edit(link.span, f"![{alt}](attachment:{name})", link)
    if not link.wiki:
        return Edit(link.span, link.span.of(note.text))
    words = _plain(_words(link))
    url = elsewhere.url(link)
    return Edit(link.span, f"[{words}]({url})" if url else words)


def is_image(target: str) -> bool:
    return target.rpartition(".")[2].lower() in IMAGES


def _words(link: Link) -> str:
    """What Obsidian shows for a link."""
    if link.alias and not (link.embed and _SIZE.fullmatch(link.alias)):
        return link.alias
    name = link.target.rpartition("/")[2]
    if link.page is not None:
        return f"{name}, page {link.page}"
    parts = [part for part in link.subpath.split("#") if part and not part.startswith("^")]
    return " > ".join([*([name] if name else []), *parts]) or link.subpath


def _plain(words: str) -> str:
    return re.sub(r"([\[\]|])", r"\\\1", words)
