"""Every example of the CommonMark specification, in every place where a note may hold it.

The fences must be those that the specification's authors find with their parser, and those that
plain markdown-it finds. Skipped, with the reason, where Node or the examples are not installed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import commonmark
import pytest
from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from note_laws import check_all

from runner import fences
from runner.parse import parse

needs_authors = pytest.mark.skipif(bool(commonmark.missing()), reason=commonmark.missing() or "-")

INFO = 'python {run="a"}'
CODE = "x = 1\n"
BLOCK = f"```{INFO}\n{CODE}```\n"


def in_callout(text: str) -> str:
    return "> [!note]\n" + "".join(f"> {line}\n" for line in text.splitlines())


def in_list(text: str) -> str:
    return "- item\n\n" + "".join(f"  {line}".rstrip(" ") + "\n" for line in text.splitlines())


PLACES: Mapping[str, Callable[[str], str]] = {
    "raw": lambda text: text,
    "without a last newline": lambda text: text.removesuffix("\n"),
    "in a callout": in_callout,
    "in a list": in_list,
    "behind a tagged block": lambda text: f"{BLOCK}\n{text}",
    "right behind one": lambda text: BLOCK + text,
    "before a tagged block": lambda text: f"{text}\n{BLOCK}",
    "right before one": lambda text: text + BLOCK,
    "with a tagged block in a callout": lambda text: in_callout(f"{text}\n{BLOCK}"),
    "with a tagged block in a list": lambda text: in_list(f"{text}\n{BLOCK}"),
    "with CRLF": lambda text: f"{BLOCK}\n{text}".replace("\n", "\r\n"),
}


@pytest.fixture(scope="module")
def examples() -> list[str]:
    return commonmark.examples()


@needs_authors
@pytest.mark.parametrize("place", PLACES)
def test_fences_are_those_of_the_authors(place: str, examples: Sequence[str]) -> None:
    texts = [PLACES[place](example) for example in examples]
    for text, expected in zip(texts, commonmark.fences(texts), strict=True):
        found = fences.outline(fences.Lines(text), 0).fences
        assert [(f.first + 1, unescapeAll(f.info), f.content.rstrip("\n")) for f in found] == [
            (f.line, f.info, f.content.rstrip("\n")) for f in expected
        ], text
        plain = MarkdownIt("commonmark").parse(text)
        assert [(f.first, f.info, f.content.rstrip("\n")) for f in found] == [
            (token.map[0], token.info.strip(), token.content.rstrip("\n"))
            for token in plain
            if token.type == "fence" and token.map
        ], text


@needs_authors
@pytest.mark.parametrize("place", PLACES)
def test_laws_hold_and_tagged_blocks_are_found(place: str, examples: Sequence[str]) -> None:
    """A block is what the authors see as a fence of that kind, unless it is properties' text."""
    texts = [PLACES[place](example) for example in examples]
    count = 0
    for text, expected in zip(texts, commonmark.fences(texts), strict=True):
        note = parse("n.md", text)
        check_all(note)
        if note.frontmatter.end:
            continue
        tagged = [f.line for f in expected if (f.info, f.content) == (INFO, CODE)]
        assert [block.line for block in note.blocks] == tagged, text
        count += len(tagged)
    assert len(examples) > 600
    assert count > 500 or "tagged" not in place
    print(f"{place}: {len(examples)} examples, {count} tagged blocks")
