"""What holds of every parsed note, and the pieces of Markdown that chance makes notes of."""

from __future__ import annotations

import re
from itertools import pairwise

from runner import fences
from runner.links import find_links, find_quotes
from runner.note import Note
from runner.render import Surroundings, render

NOWHERE = Surroundings(lambda name: f"![[{name}]]", lambda name: f"[[{name}]]", lambda _: "")


PIECES = [
    "```python {run=\"a\"}", "```python {component=\"b\"}", "~~~python {test='t'}", "````md", "```",
    "````", "~~~", "```py {run=c}", "```python {componet=\"x\"}", "```python {4,6}",
    "```{run=\"n\"}",
    "x = 1", "#| needs: [a, b]", "#| timeout: 5", "#| kind: parity", "#| bogus: {", "#| seed: x",
    "<!-- runner:a 3f9a1c0d ok cpu -->", "<!-- runner:b 00000000 failed cpu,cuda -->",
    "<!-- /runner -->", "<!-- runner-matrix -->", "<!-- runner:a -->", "<!--", "-->", "<div>",
    "%%", "%% note %%", "50%%", "`%%`", "---", "module: m", "tags: [a", "seed: &a 1", "# Heading",
    "Title", "===", "- [ ] task", "1. [x] done", "- item", "> [!note]",
    "> [!PDF|red] [[p.pdf#page=1]]",
    "> quoted words", "[[p.pdf#page=2&selection=1,2,3,4|p, page 2]]", "^q-x", "no-code: why",
    "[words](p.pdf#page=3)", "[words]([[p.pdf#page=1&selection=0,0,1,1]])", "![[a.png|300]]",
    "| [[a\\|b]] | `c` |", "[[a [[b]] c]]", "`", "``", "\\", "\u00a0```python {run=\"n\"}",
    "", "", "",
]  # fmt: skip
PREFIXES = [
    "",
    "",
    "",
    "",
    "> ",
    ">",
    ">\t",
    "> > ",
    "- ",
    "  ",
    "    ",
    "\t",
    "1. ",
    "   ",
    "\u00a0",
]
NEWLINES = ["\n", "\n", "\n", "\n", "\r\n", "\r"]


def check(note: Note) -> None:
    """Law 1: spans are sorted, disjoint, and what they say they are."""
    assert all(note.text[b.span.start : b.span.end] == b.span.of(note.text) for b in note.blocks)
    for spans in (
        [block.span for block in note.blocks],
        [region.span for region in note.regions],
        sorted([*(block.span for block in note.blocks), *(region.span for region in note.regions)]),
        list(note.matrices),
        list(note.code),
    ):
        assert spans == sorted(spans)
        assert all(0 <= span.start < span.end <= len(note.text) for span in spans)
        assert all(left.end <= right.start for left, right in pairwise(spans))
    rows = fences.Lines(note.text)
    for block in note.blocks:
        text = block.span.of(note.text)
        assert rows.at(block.span.start) == block.line - 1 == block.code_line - 2
        assert re.match(r"[\s>]*(?:(?:[-+*]|\d+[.)])[\s>]+)*(`{3,}|~{3,})", text)
        assert re.search(r"(`{3,}|~{3,})[ \t]*\Z", text)
        assert block.source.count("\n") == len(fences.Lines(text)) - 2
    for region in note.regions:
        text = region.span.of(note.text)
        assert f"runner:{region.id} " in text.replace("\t", " ")
        assert text.rstrip().endswith("-->")
    assert all(1 <= problem.line <= len(rows) for problem in note.problems)
    assert all(problem.what and problem.hint for problem in note.problems)
    assert list(note.problems) == sorted(note.problems)


def check_links(note: Note) -> None:
    """The same of links and quotes."""
    links = find_links(note)
    assert [link.span for link in links] == sorted(link.span for link in links)
    for link in links:
        raw = link.span.of(note.text)
        assert raw.startswith("!") == link.embed
        assert raw.endswith("]]") if link.wiki else raw.endswith(")")
        if link.page_span:
            assert int(link.page_span.of(note.text)) == link.page
        if link.selection_span:
            digits = link.selection_span.of(note.text).split(",")
            assert tuple(map(int, digits)) == link.selection
    for quote in find_quotes(note, links):
        assert quote.text.strip()
        assert quote.links
        assert set(quote.links) <= set(links)


def check_unrendered(note: Note) -> None:
    """Law 2: without results no byte changes."""
    assert render(note, {}, NOWHERE).text == note.text


def check_all(note: Note) -> None:
    check(note)
    check_links(note)
    check_unrendered(note)
