"""Obsidian's Markdown as other programs show it: one line of the table, one construct."""

from __future__ import annotations

import pytest

from runner.note import Link, Span
from runner.notebooks.showable import Elsewhere, edits, shown
from runner.parse import parse

PLACES = {"Note": "Note.ipynb", "paper.pdf": "paper.pdf#page=3", "": "#Part"}
ELSEWHERE = Elsewhere(
    url=lambda link: PLACES.get(link.target, ""),
    attach=lambda link: "img.png" if link.target.endswith("img.png") else None,
)

CASES = {
    "[[Note]]": "[Note](Note.ipynb)",
    "[[Note|words]]": "[words](Note.ipynb)",
    "[[Note#Part]]": "[Note > Part](Note.ipynb)",
    "[[Folder/Gone]]": "Gone",
    "[[Gone|words]]": "words",
    "[[#Part]]": "[Part](#Part)",
    "[[paper.pdf#page=3&selection=1,2,3,4]]": "[paper.pdf, page 3](paper.pdf#page=3)",
    "[[paper.pdf#page=3|the paper]]": "[the paper](paper.pdf#page=3)",
    "![[img.png]]": "![img.png](attachment:img.png)",
    "![[Folder/img.png|300]]": "![img.png](attachment:img.png)",
    "![[img.png|a cat]]": "![a cat](attachment:img.png)",
    "![a cat](img.png)": "![a cat](attachment:img.png)",
    "![[gone.jpg]]": "gone.jpg",
    "![[Note]]": "[Note](Note.ipynb)",
    "![[Note#^id]]": "[Note](Note.ipynb)",
    "[words](Note.md)": "[words](Note.md)",
    "[web](https://example.org)": "[web](https://example.org)",
    "> [!note] Title\n> body": "> **Note:** Title\n>\n> body",
    "> [!quote]- [[Note|Page 3]]\n> body": "> **Quote:** [Page 3](Note.ipynb)\n>\n> body",
    "> [!tip]\n> body": "> **Tip**\n>\n> body",
    "> [!tip]": "> **Tip**",
    "> [!PDF|yellow] [[Note]]\n> > body": "> **PDF:** [Note](Note.ipynb)\n>\n> > body",
    "> > [!tip] inner\n> > body": "> > **Tip:** inner\n> >\n> > body",
    "a %%hidden%% b": "a  b",
    "%%\nhidden [[Note]]\n%%": "",
    "text ^block-id": "text",
    "> quote\n\n^q-id": '> quote\n\n<a id="q-id"></a>',
    "$[[a]]$ and `[[Note]]`": "$[[a]]$ and `[[Note]]`",
    "$$\nx ^2\n$$": "$$\nx ^2\n$$",
    "```\n[[Note]] ^id\n> [!note]\n```": "```\n[[Note]] ^id\n> [!note]\n```",
    "    [[Note]]": "    [[Note]]",
    "| a |\n| --- |\n| [[Note\\|x]] |": "| a |\n| --- |\n| [x](Note.ipynb) |",
    "[[Note|a [b] c]]": "[a \\[b\\] c](Note.ipynb)",
    "$5 and [[Note]] and $6": "$5 and [Note](Note.ipynb) and $6",
}  # fmt: skip


@pytest.mark.parametrize("text", CASES)
def test_shown(text: str) -> None:
    note = parse("A.md", f"para\n\n{text}")
    found = shown(note.text, Span(6, len(note.text)), edits(note, ELSEWHERE))
    assert found == CASES[text]


@pytest.mark.parametrize("text", ["[[1, 2], [3, 4]]", "> [!NOTE]\n> x", "x ^2", "[[Gone|x]]"])
def test_the_text_of_an_imported_notebook_stays(text: str) -> None:
    note = parse("A.md", f'---\nnotebook: "a.ipynb"\n---\n{text}')
    assert edits(note, ELSEWHERE) == ()


def test_only_what_is_attached_has_a_picture() -> None:
    note = parse("A.md", "![[img.png]] ![[gone.png]] [[img.png]]")
    pictures = [edit.picture for edit in edits(note, ELSEWHERE) if edit.picture]
    assert [type(picture) for picture in pictures] == [Link]
