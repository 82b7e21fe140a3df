"""Regions read back: what our renderer writes is known as such, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.note import Region
from runner.notebooks.pieces import prefix_free
from runner.notebooks.region_text import (
    Callout,
    Embedded,
    Fenced,
    Grid,
    Paragraph,
    Whole,
    is_ours,
    read,
)
from runner.parse import parse

NOTES = sorted((Path(__file__).parents[1] / "vault").glob("*.md"))


@pytest.mark.parametrize("path", NOTES, ids=lambda path: path.stem)
def test_the_regions_of_this_project_are_ours(path: Path) -> None:
    note = parse(path.name, path.read_text(encoding="utf-8"))
    for block in note.blocks:
        region = note.region(block.id)
        if isinstance(region, Region):
            assert is_ours(prefix_free(region.span.of(note.text), block.prefix)[2:-2]), block.id


def test_the_pieces_of_a_region() -> None:
    lines = [
        *("````text", "a ``` b", "", "c", "````", ""),
        *("| a\\|b | c   |", "| ---- | --- |", "| &lt;x | \\*y |", ""),
        *("![[note-a-1.png]]", "", "some *math* $x$", "", "All 50 lines: [[note-a.txt]]", ""),
        *("> [!failure] 1 failed", ">", "> ```text", "> why", "> ```"),
    ]
    assert read(lines) == (
        Fenced(("a ``` b", "", "c")),
        Grid(("a|b", "c"), (("<x", "*y"),)),
        Embedded("note-a-1.png", "![[note-a-1.png]]"),
        Paragraph(("some *math* $x$",)),
        Whole("note-a.txt", "All 50 lines: [[note-a.txt]]"),
        Callout("failure", "1 failed", (Fenced(("why",)),)),
    )


@pytest.mark.parametrize(
    "text",
    [
        "```dataviewjs\nx\n```",
        "```text\nunclosed",
        "typed [[link]]",
        "<b>x</b>",
        "# Heading",
        "- [ ] task",
        "> [!note] mine",
        "| a |\n| --- |\n| <script> |",
        "![[a.png]] ![[b.png]]",
        "```text\n<% x %>\n```",
    ],
)
def test_what_we_never_write(text: str) -> None:
    assert not is_ours(text.split("\n"))


@given(st.lists(st.text(alphabet="`>|[]!-a \\\n:$*", max_size=8), max_size=6))
def test_reading_a_region_never_raises(lines: list[str]) -> None:
    inside = "\n".join(lines).split("\n")
    read(inside)
    is_ours(inside)
