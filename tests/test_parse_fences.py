"""What is a fence, what only looks like one, and what hides one."""

import pytest

from runner.note import Severity
from runner.parse import parse

OPEN = '```python {run="a"}'
BLOCK = f"{OPEN}\nx = 1\n```"

# name -> (text, ids of the blocks, problems as "line severity what")
CASES: dict[str, tuple[str, list[str], list[str]]] = {
    "plain": (BLOCK, ["a"], []),
    "tildes": ('~~~python {run="a"}\nx = 1\n~~~\n', ["a"], []),
    "untagged": ("```python\nx = 1\n```\n", [], []),
    "longer closer": (f"{OPEN}\nx = 1\n`````\n", ["a"], []),
    "closer with trailing spaces": (f"{OPEN}\nx = 1\n```   \n", ["a"], []),
    "one to three spaces": (f"   {OPEN}\n   x = 1\n  ```\n", ["a"], []),
    "two spaces after the info string": (f"{OPEN}  \nx = 1  \n```\n", ["a"], []),
    "shorter closer": (
        '````python {run="a"}\nx = 1\n```\n',
        [],
        ["1 error the fence of `a` is never closed, so the block does not run"],
    ),
    "unclosed at the end": (
        f"text\n\n{OPEN}\nx = 1",
        [],
        ["3 error the fence of `a` is never closed, so the block does not run"],
    ),
    "unclosed and empty": (
        OPEN,
        [],
        ["1 error the fence of `a` is never closed, so the block does not run"],
    ),
    "unclosed with a blank end": (
        f"   {OPEN}\n   ",
        [],
        ["1 error the fence of `a` is never closed, so the block does not run"],
    ),
    "empty block": (f"{OPEN}\n```\n", ["a"], []),
    "between %% lines": (f"%%\n{BLOCK}\n%%\n", [], []),
    "between inline %%": (f"some %% hidden\n{BLOCK}\nwords %% here\n", [], []),
    "%% glued to the opener": (f"%%{BLOCK}%%\n", [], []),
    "%% around with blank lines": (f"%%\n\n{BLOCK}\n\n%%\n", [], []),
    "after a closed %% comment": (f"%% a note %%\n\n{BLOCK}\n", ["a"], []),
    "%% in code is code": (f"{OPEN}\n%%time\n```\n\n```\n%%\n```\n", ["a"], []),
    "%% in inline code is code": (f"`%%` and\n\n{BLOCK}\n", ["a"], []),
    "odd %% in a line": (f"up by 50%%\n\n{BLOCK}\n", ["a"], []),
    "two odd %% in two paragraphs": (f"up by 50%%\n\n{BLOCK}\n\ndown by 20%%\n", ["a"], []),
    "odd %% at a line's start": (
        f"{BLOCK}\n\n%% later\n\n{BLOCK.replace('a', 'b')}\n",
        ["a"],
        ["5 warning this `%%` is never closed, so the tagged blocks below it do not run"],
    ),
    "odd %% at a line's start, nothing below": (f"{BLOCK}\n\n%% later\n", ["a"], []),
    "close glued to %%": (
        f"{OPEN}\nx = 1\n```%%\n",
        [],
        ["1 error the fence of `a` is never closed, so the block does not run"],
    ),
    "close with a word": (
        f"{OPEN}\nx = 1\n``` end\n",
        [],
        ["1 error the fence of `a` is never closed, so the block does not run"],
    ),
    "in an HTML comment": (f"<!--\n{BLOCK}\n-->\n", [], []),
    "in an HTML comment with blank lines": (f"<!--\n\n{BLOCK}\n\n-->\n", [], []),
    "after a one-line HTML comment": (f"<!-- note -->\n{BLOCK}\n", ["a"], []),
    "in an HTML block": (f"<div>\n{BLOCK}\n</div>\n", [], []),
    "in an HTML block after a blank line": (f"<div>\n\n{BLOCK}\n\n</div>\n", ["a"], []),
    "in display math": (f"$$\n{BLOCK}\n$$\n", ["a"], []),
    "after a tab": ("\t" + BLOCK.replace("\n", "\n\t"), [], []),
    "after four spaces": ("    " + BLOCK.replace("\n", "\n    "), [], []),
    "tab in a list item": ("- item\n\n\t" + BLOCK.replace("\n", "\n\t"), ["a"], []),
    "in a list item": ("- item\n  " + BLOCK.replace("\n", "\n  "), ["a"], []),
    "on the line of a list marker": ("- " + BLOCK.replace("\n", "\n  "), ["a"], []),
    "two spaces below a numbered item": (
        "1. item\n  " + BLOCK.replace("\n", "\n  "),
        ["a"],
        [],
    ),
    "list fence closed at column 0": (
        f"- item\n  {OPEN}\n  x = 1\n```\n",
        [],
        ["2 error the fence of `a` is never closed, so the block does not run"],
    ),
    "list fence closed at column 0, with a block below": (
        f"- item\n  {OPEN}\n  x = 1\n```\n\n{BLOCK.replace('a', 'b')}\n",
        [],
        [
            "2 error the fence of `a` is never closed, so the block does not run",
            "4 warning this fence holds a tagged block, which does not run",
        ],
    ),
    "list fence with code at column 0": (
        f"- item\n  {OPEN}\nx = 1\n  ```\n",
        [],
        ["2 error the fence of `a` is never closed, so the block does not run"],
    ),
    "in a callout": ("> [!note]\n> " + BLOCK.replace("\n", "\n> "), ["a"], []),
    "in a nested callout": ("> > " + BLOCK.replace("\n", "\n> > "), ["a"], []),
    "in a folded callout without spaces": (">[!note]-\n>" + BLOCK.replace("\n", "\n>"), ["a"], []),
    "callout line without >": (
        f"> {OPEN}\nx = 1\n> ```\n",
        [],
        ["1 error the fence of `a` is never closed, so the block does not run"],
    ),
    "inside a longer fence": (f"````md\n{BLOCK}\n````\n", [], []),
    "inside other fence characters": (f"~~~md\n{BLOCK}\n~~~\n", [], []),
    "backtick in the info string": ('```python {run="a"} `x`\nx = 1\n', [], []),
    "backtick in the info string after tildes": (
        '~~~python {run="a"} `x`\nx = 1\n~~~\n',
        ["a"],
        [],
    ),
    "CRLF": (BLOCK.replace("\n", "\r\n") + "\r\n", ["a"], []),
    "CR only": (BLOCK.replace("\n", "\r") + "\r", ["a"], []),
    "mixed newlines": (f"{OPEN}\r\nx = 1\ny = 2\r\n```\n", ["a"], []),
    "U+2028 and form feed": (f"{OPEN}\nx = '\u2028'\n\x0cy = 2\n```\n", ["a"], []),
    "NUL": (f"{OPEN}\nx = '\0'\n```\n", ["a"], []),
    "BOM before the first line": (f"\ufeff{BLOCK}\n", ["a"], []),
    "BOM before the properties": (f"\ufeff---\nseed: 1\n---\n{BLOCK}\n", ["a"], []),
    "in a property": (f"---\nabout: |\n  {OPEN}\n  ```\n---\n", [], []),
    "after properties that never end": (f"---\nseed: 1\n\n{BLOCK}\n", ["a"], []),
    "space after the opening ---": (f"--- \nseed: 1\n---\n{BLOCK}\n", ["a"], []),
    "NBSP before the fence": (
        f"\u00a0{BLOCK}\n\n{BLOCK.replace('a', 'b')}\n",
        [],
        [
            "1 warning a no-break space stands before this fence, so its block does not run",
            "3 warning this fence holds a tagged block, which does not run",
        ],
    ),
    "inside a fence that is never closed": (
        f"```text\n{BLOCK}\n",
        [],
        ["1 warning this fence holds a tagged block, which does not run"],
    ),
    "NBSP before an untagged fence": ("\u00a0```python\nx = 1\n", [], []),
    "NBSP in the code": (
        f"{OPEN}\nx = 1\ny\u00a0= 2\n```\n",
        ["a"],
        ["3 warning the code holds a no-break space, which Python refuses outside strings"],
    ),
    "tab after >": (
        f"> {OPEN}\n>\tx = 1\n> ```\n",
        ["a"],
        ["2 warning a tab after `>` shifts the code by a varying number of spaces"],
    ),
    "indented on every line": (f"{OPEN}\n    x = 1\n\n    y = 2\n```\n", ["a"], []),
}


def summary(text: str) -> tuple[list[str], list[str]]:
    note = parse("n.md", text)
    ids = [block.id for block in note.blocks]
    return ids, [f"{p.line} {p.severity} {p.what}" for p in note.problems]


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    text, ids, problems = CASES[name]
    assert summary(text) == (ids, problems)


@pytest.mark.parametrize(
    ("text", "source", "prefix"),
    [
        (BLOCK, "x = 1\n", ""),
        (f"  {BLOCK}", "x = 1\n", ""),
        (f"{OPEN}\n    x = 1\n\n    y = 2\n```", "x = 1\n\ny = 2\n", ""),
        (f"{OPEN}\n  x = 1\n\ty = 2\n```", "  x = 1\n\ty = 2\n", ""),
        (f"{OPEN}\r\nx = 1\r\n```", "x = 1\n", ""),
        ("> [!note]\n> " + BLOCK.replace("\n", "\n> "), "x = 1\n", "> "),
        (">" + BLOCK.replace("\n", "\n>"), "x = 1\n", ">"),
        ("- item\n\n  " + BLOCK.replace("\n", "\n  "), "x = 1\n", "  "),
        ("10. " + BLOCK.replace("\n", "\n    "), "x = 1\n", "    "),
        ("> 1. " + BLOCK.replace("\n", "\n>    "), "x = 1\n", ">    "),
        ("- a\n\n\t" + BLOCK.replace("\n", "\n\t"), "x = 1\n", "\t"),
        (f"{OPEN}\n```", "", ""),
    ],
)
def test_source_and_prefix(text: str, source: str, prefix: str) -> None:
    (block,) = parse("n.md", text).blocks
    assert (block.source, block.prefix) == (source, prefix)


def test_every_problem_has_a_remedy_in_the_style_of_the_house() -> None:
    for text, _, _ in CASES.values():
        for problem in parse("n.md", text).problems:
            for words in (problem.what, problem.hint):
                assert words and not words[0].isupper() and not words.endswith(".")
            assert problem.severity in (Severity.ERROR, Severity.WARNING)
