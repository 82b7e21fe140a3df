"""Quotes: every layout in which people keep a passage beside its PDF link."""

import pytest

from runner.links import find_links, find_quotes
from runner.note import Quote
from runner.parse import parse

L = "[[f.pdf#page=1&selection=1,2,3,4|f, page 1]]"
M = "[[f.pdf#page=2&selection=5,6,7,8|f, page 2]]"
PLUS = "[[f.pdf#page=1&selection=1,2,3,4&color=yellow|f, p.1]]"


def quotes(text: str) -> tuple[Quote, ...]:
    note = parse("n.md", text)
    return find_quotes(note, find_links(note))


# name -> (text, (id, quoted text, pages of its links, excuse) of each quote)
Expected = list[tuple[str | None, str, list[int | None], str | None]]
WORDS = "some quoted words"
ONE: Expected = [(None, WORDS, [1], None)]
NAMED: Expected = [("q-x", WORDS, [1], None)]
EXCUSED: Expected = [("q-x", WORDS, [1], "only a survey")]
CASES: dict[str, tuple[str, Expected]] = {
    "core": (f"> {WORDS}\n\n{L}\n", ONE),
    "core, no blank line": (f"> {WORDS}\n{L}\n", ONE),
    "core, in a list item": (f"- > {WORDS}\n\n  {L}\n", ONE),
    "core, indented": (f"  > {WORDS}\n\n  {L}\n", ONE),
    "core, in brackets": (f"> {WORDS}\n\n({L})\n", ONE),
    "core, lines": ("> some quoted\n> words\n\n" + L, [(None, "some quoted\nwords", [1], None)]),
    "core, a lone >": (f"> some\n>\n> words\n\n{L}", [(None, "some\n\nwords", [1], None)]),
    "core, list markup inside": (
        f"> First.\n> - one\n> \t- two\n> -   \n{L}\n",
        [(None, "First.\n- one\n\t- two", [1], None)],
    ),
    "core, two links": (f"> {WORDS}\n\n{L}\n{M}\n", [(None, WORDS, [1, 2], None)]),
    "core, two quotes": (
        f"> {WORDS}\n\n{L}\n\n> other words\n\n{M}\n",
        [(None, WORDS, [1], None), (None, "other words", [2], None)],
    ),
    "core, Markdown link": (f"> {WORDS}\n\n[f, page 1](f.pdf#page=1&selection=1,2,3,4)\n", ONE),
    "core, page only": (f"> {WORDS}\n\n[[f.pdf#page=1]]\n", ONE),
    "core, the whole file": (f"> {WORDS}\n\n[[f.pdf]]\n", [(None, WORDS, [None], None)]),
    "core, in a callout with a title": (f"> [!quote] Smith\n> {WORDS}\n\n{L}\n", ONE),
    "inside, on the last line": (f"> {WORDS}\n> {L}\n", ONE),
    "inside, after a blank line": (f"> {WORDS}\n>\n> {L}\n", ONE),
    "inside, behind the words": (f"> {WORDS} ({L})\n", ONE),
    "inside, behind the words of two lines": (
        f"> some quoted\n> words {L}\n",
        [(None, "some quoted\nwords", [1], None)],
    ),
    "inside, in a callout": (f"> [!quote]\n> {WORDS}\n> {L}\n", ONE),
    "inside, two quotes": (
        f"> {WORDS}\n> {L}\n>\n> other words\n> {M}\n",
        [(None, WORDS, [1], None), (None, "other words", [2], None)],
    ),
    "inside, two links": (f"> {WORDS}\n> {L}\n> {M}\n", [(None, WORDS, [1, 2], None)]),
    "PDF++ quote in callout": (f"> [!PDF|yellow] {PLUS}\n> > {WORDS}\n> \n> my remark\n", ONE),
    "PDF++ quote in callout, no colour": (f"> [!PDF] {PLUS}\n> > {WORDS}\n", ONE),
    "PDF++ quote in callout, empty colour": (f"> [!PDF|] {PLUS}\n> > {WORDS}\n", ONE),
    "PDF++ quote in callout, RGB": (f"> [!PDF|187, 97, 229] {PLUS}\n> > {WORDS}\n", ONE),
    "PDF++ quote in callout, CJK colour": (f"> [!PDF|重要 黄] {PLUS}\n> > {WORDS}\n", ONE),
    "PDF++ quote in callout, nested": (
        f"> [!note] My reading\n> > [!PDF|red] {PLUS}\n> > > {WORDS}\n> >\n> > remark\n",
        ONE,
    ),
    "PDF++ two callouts without a gap": (
        f"> [!PDF|red] {L}\n> > {WORDS}\n> [!PDF|red] {M}\n> > other words\n",
        [(None, WORDS, [1], None), (None, "other words", [2], None)],
    ),
    "PDF++ callout, flat": (f"> [!PDF|yellow] {PLUS}\n> {WORDS}\n", ONE),
    "PDF++ callout, flat, with a remark": (
        f"> [!PDF|yellow] {PLUS}\n> {WORDS}\n> \n> my remark\n",
        [(None, f"{WORDS}\n\nmy remark", [1], None)],
    ),
    "PDF++ quote": (f"> ({PLUS})\n> {WORDS}\n", ONE),
    "alias": (f"- [[f.pdf#page=1&selection=1,2,3,4|{WORDS}]]\n", ONE),
    "alias in a callout": (f"> [!PDF|red] [[f.pdf#page=1&selection=1,2,3,4|{WORDS}]]\n", ONE),
    "alias of a Markdown link": (f"see [{WORDS}](f.pdf#page=1&selection=1,2,3,4).\n", ONE),
    "same line": (f"{WORDS} ({L})\n", ONE),
    "same line, in a list": (f"  - [ ] {WORDS} ({L})\n", ONE),
    "same line, in marks": (f"He says “{WORDS}” {L}.\n", ONE),
    "same line, in straight marks": (f'He says "{WORDS}" ({L}).\n', ONE),
    "same line, in a table": (
        f"| quote | page |\n|---|---|\n| {WORDS} ({L.replace('|', chr(92) + '|')}) | 1 |\n",
        ONE,
    ),
    "same line, two of them": (
        f"{WORDS} ({L}) other words ({M})\n",
        [(None, WORDS, [1], None), (None, "other words", [2], None)],
    ),
    "link in a link": (f"[{WORDS}]({L})\n", ONE),
    "link in a link in a quote": (f"> [{WORDS}]({L})\n", ONE),
    "trailing space in the link": (f"> {WORDS}\n\n[[f.pdf#page=16 |D.3]]\n",
                                   [(None, WORDS, [16], None)]),
    # Block ids and excuses.
    "id at the end": (f"> {WORDS} ^q-x\n\n{L}\n", NAMED),
    "id alone after it": (f"> {WORDS}\n\n^q-x\n\n{L}\n", NAMED),
    "id on the last line of the quote": (f"> {WORDS}\n> ^q-x\n\n{L}\n", NAMED),
    "id behind the link": (f"> {WORDS}\n\n{L} ^q-x\n", NAMED),
    "id after the link": (f"> {WORDS}\n\n{L}\n\n^q-x\n", NAMED),
    "id of a quote with its link inside": (f"> {WORDS}\n> {L} ^q-x\n", NAMED),
    "id after a quote with its link inside": (f"> {WORDS}\n> {L}\n\n^q-x\n", NAMED),
    "id after a callout": (f"> [!PDF|red] {PLUS}\n> > {WORDS}\n\n^q-x\n", NAMED),
    "id in a callout": (f"> [!PDF|red] {PLUS}\n> > {WORDS} ^q-x\n", NAMED),
    "id on the same line": (f"{WORDS} ({L}) ^q-x\n", NAMED),
    "excuse after the link": (f"> {WORDS} ^q-x\n\n{L}\nno-code: only a survey\n", EXCUSED),
    "excuse after a blank line": (f"> {WORDS} ^q-x\n\n{L}\n\nno-code: only a survey\n", EXCUSED),
    "excuse after the id": (f"> {WORDS}\n\n{L}\n\n^q-x\nno-code: only a survey\n", EXCUSED),
    "excuse in the quote": (f"> {WORDS} ^q-x\n> {L}\n> no-code: only a survey\n", EXCUSED),
    "id below the link in the quote": (f"> {WORDS}\n> {L}\n> ^q-x\n", NAMED),
    "id behind a remark in a callout": (f"> [!PDF|red] {PLUS}\n> > {WORDS}\n>\n> mine ^q-x", NAMED),
    "excuse after a callout": (
        f"> [!PDF|red] {PLUS}\n> > {WORDS} ^q-x\n\nno-code: only a survey\n",
        EXCUSED,
    ),
    "excuse of the next paragraph": (f"> {WORDS}\n\n{L}\n\ntext\nno-code: x\n", ONE),
    "id of the next paragraph": (f"> {WORDS}\n\n{L}\n\nother text ^q-y\n", ONE),
    "CRLF": (f"> {WORDS} ^q-x\r\n\r\n{L}\r\nno-code: only a survey\r\n", EXCUSED),
    # No quotes.
    "no link": (f"> {WORDS}\n\nwords\n", []),
    "no PDF": (f"> {WORDS}\n\n[[note]]\n", []),
    "words between": (f"> {WORDS}\n\nMy remark.\n\n{L}\n", []),
    "a comment beside the link": (f"See {L} for more.\n", []),
    "a link alone": (f"{L}\n", []),
    "a link with a name of its own": ("[[f.pdf#page=1&selection=1,2,3,4|f]]\n", []),
    "an embed": (f"> {WORDS}\n\n!{L}\n", []),
    "a callout with nothing in it": (f"> [!PDF|red] {PLUS}\n", []),
    "an empty quote": (f">\n\n{L}\n", []),
    "in code": (f"```\n> {WORDS}\n\n{L}\n```\n", []),
    "in a comment": (f"%%\n> {WORDS}\n\n{L}\n%%\n", []),
    "in our output": (
        '```python {run="a"}\n```\n\n<!-- runner:a 3f9a1c0d ok cpu -->\n\n'
        f"> {WORDS}\n> {L}\n\n<!-- /runner -->\n",
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_layout(name: str) -> None:
    text, expected = CASES[name]
    found = [(q.id, q.text, [link.page for link in q.links], q.no_code) for q in quotes(text)]
    assert found == expected


def test_code_in_a_callout_is_no_part_of_its_quote() -> None:
    (quote,) = quotes(f'> {WORDS}\n> {L}\n>\n> ```python {{component="a"}}\n> x = 1\n> ```\n')
    assert quote.text == WORDS


def test_span_and_line_cover_the_quote_with_its_link() -> None:
    text = f"words\n\n> {WORDS}\n\n{L}\n\n^q-x\nno-code: later\n\nwords\n"
    (quote,) = quotes(text)
    assert quote.line == 3
    assert quote.span.of(text) == f"> {WORDS}\n\n{L}\n\n^q-x"


NOTE = f"""Reading list

https://arxiv.org/pdf/2010.11929
- [ ] \u00a0[https://example.org/a](https://example.org/a)

\u00a0- [ ] [https://example.org/b](https://example.org/b)

## Started with :

### An image is worth many words

> one sentence of the paper

{L}

> another one, with (Author et al., 2020)

{M}

![[Pasted image 1.png]]

Model
> An overview.
> - First, patches of size (P, P).
> \t- then layers
> -   
{L}

Implementation
- 1st https://example.org/repo
\t- Local: [[Papers/repo/readme|readme]]
- Blog [Link](https://example.org/c)
- 

[[Extra]]"""  # noqa: W291 - an empty list item of the quote ends in spaces


def test_a_reading_list() -> None:
    note = parse("list.md", NOTE)
    links = find_links(note)
    assert [link.target for link in links if not link.is_pdf] == [
        "Pasted image 1.png", "Papers/repo/readme", "Extra",
    ]  # fmt: skip
    assert [link.embed for link in links].count(True) == 1
    assert [q.text.split("\n")[0] for q in find_quotes(note, links)] == [
        "one sentence of the paper",
        "another one, with (Author et al., 2020)",
        "An overview.",
    ]
    assert [task.line for task in note.tasks] == [4, 6]
    assert [heading.level for heading in note.headings] == [2, 3]
    assert note.problems == ()
