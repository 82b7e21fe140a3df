"""Digests: blind to comments, blank lines and the Python version; sharp on all that counts."""

from __future__ import annotations

import ast
import io
import sysconfig
import tokenize
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.digest import canonical, derive_seed, digest, normalise, payload
from runner.graph import build
from runner.note import Block, Options, Role, Span
from runner.parse import parse

SAME = {
    "a comment": ("x = 1  # why", "x = 1"),
    "a comment line": ("# why\nx = 1\n   # and\ny = 2", "x = 1\ny = 2"),
    "options are comments": ("#| seed: 1\nx = 1", "x = 1"),
    "blank lines": ("\n\nx = 1\n\n \t\ny = 2\n\n", "x = 1\ny = 2"),
    "trailing spaces": ("x = 1   \ny = 2\t", "x = 1\ny = 2"),
    "Windows newlines": ("x = 1\r\ny = 2\r\n", "x = 1\ny = 2"),
    "old Mac newlines": ("x = 1\ry = 2", "x = 1\ny = 2"),
    "a comment that holds quotes": ('x = 1  # don\'t """ do', "x = 1"),
    "a comment behind an f-string": ("f'{x}'  # {", "f'{x}'"),
    "a comment behind nested quotes": ("f'{d[\"a\"]}'  # c", "f'{d[\"a\"]}'"),
    "a comment in brackets": ("f(1,  # one\n  2)", "f(1,\n  2)"),
    "a comment behind a string that ends in a backslash": ("'a\\\\'  # b", "'a\\\\'"),
}

DIFFERENT = {
    "a hash in a string": ("x = '# a'", "x = '# b'"),
    "a hash in an f-string": ("f'#{x}'", "f'#{y}'"),
    "a blank line in a string": ("'''a\n\nb'''", "'''a\nb'''"),
    "trailing spaces in a string": ("'''a  \nb'''", "'''a\nb'''"),
    "spaces at the end of a string's last line": ("'''a\n  '''", "'''a\n'''"),
    "a comment sign in a raw string": (r"r'\'#a'", r"r'\'#b'"),
    "a comment sign in bytes": ("b'#a'", "b'#b'"),
    "a format": ("f'{x:#x}'", "f'{x:#o}'"),
    "the indent": ("if a:\n  b\n  c", "if a:\n  b\nc"),
    "a nested f-string": ("f'{f\"#{x}\"}'", "f'{f\"#{y}\"}'"),
    "a name that ends in a string prefix": ("of'#a'", "of'#b'"),
    "case": ("x = A", "x = a"),
    "a prefix": ("r'\\n'", "'\\n'"),
    "source that does not tokenize keeps its comments": ("x = 'a  # b", "x = 'a  # c"),
}


@pytest.mark.parametrize(("left", "right"), SAME.values(), ids=SAME)
def test_what_does_not_count(left: str, right: str) -> None:
    assert normalise(left) == normalise(right)


@pytest.mark.parametrize(("left", "right"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_counts(left: str, right: str) -> None:
    assert normalise(left) != normalise(right)


def library(most: int) -> list[Path]:
    """Some of the standard library: real code, of every style."""
    folder = Path(sysconfig.get_path("stdlib"))
    found = sorted(p for p in folder.glob("*.py") if p.stat().st_size < 30_000)
    return found[:: max(1, len(found) // most)]


LIBRARY = library(40)


@pytest.mark.parametrize("file", LIBRARY, ids=lambda file: file.name)
def test_real_code_keeps_its_meaning(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    kept = normalise(source)
    assert ast.dump(ast.parse(kept)) == ast.dump(ast.parse(source))
    assert normalise(kept) == kept
    comments = [
        token
        for token in tokenize.generate_tokens(io.StringIO(kept).readline)
        if token.type == tokenize.COMMENT
    ]
    assert comments == []


PIECES = st.sampled_from(
    "x = 1|'a'|\"b # c\"|# note|f'{x}#'|f\"{d['k']!r:>{w}}\"|'''t\n\n# s  \n'''|r'\\'|b'#'|\n|\n\n"
    "|  |(|)|[1,\n 2]|rb'''#'''|\\\n|'|\"\"\"|{|}|{{|}}|if x:\n    y|;|é|\r\n|\r|\t".split("|")
)


@given(st.lists(PIECES, max_size=12).map("".join))
@settings(max_examples=400)
def test_valid_code_keeps_its_meaning(source: str) -> None:
    kept = normalise(source)
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    assert ast.dump(ast.parse(kept)) == ast.dump(tree)


@given(st.text("x='\"#fr{}\\\n\r ()", max_size=40))
@settings(max_examples=400)
def test_normalising_twice_is_once(source: str) -> None:
    kept = normalise(source)
    assert normalise(kept) == kept


@given(st.lists(PIECES, max_size=8).map("".join), st.integers(0, 40), st.text("ab'# ", max_size=5))
def test_comment_lines_never_count(source: str, at: int, words: str) -> None:
    """A comment line between the lines of code that parses changes nothing."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    where = min(at, len(lines))
    edited = "\n".join([*lines[:where], f"# {words}", *lines[where:]])
    try:
        same = ast.dump(ast.parse(edited)) == ast.dump(tree)
    except (SyntaxError, ValueError):
        return
    if same:  # it did not land in a string or behind a backslash
        assert normalise(edited) == normalise(source)


# --- payloads and digests --------------------------------------------------------------------


def a_block(source: str = "x = 1", **options: object) -> Block:
    given = Options(**options)  # type: ignore[arg-type]
    return Block(Role.RUN, "a", 1, 2, Span(0, 0), source, given)


def test_options_that_say_the_default_are_not_there() -> None:
    assert canonical(Options()) == {}
    assert canonical(Options(slow=False, output="all", needs=())) == {}
    assert canonical(Options(seed=0, cache=False)) == {"seed": 0, "cache": False}


@pytest.mark.parametrize(
    "other",
    [
        payload("vault.m", a_block(), 1),
        payload("vault.n", a_block(), 2),
        payload("vault.n", a_block("x = 2"), 1),
        payload("vault.n", a_block(timeout=3.0), 1),
        payload("vault.n", Block(Role.TEST, "a", 1, 2, Span(0, 0), "x = 1"), 1),
        payload("vault.n", Block(Role.RUN, "b", 1, 2, Span(0, 0), "x = 1"), 1),
    ],
)
def test_a_payload_holds_all_that_counts(other: str) -> None:
    assert payload("vault.n", a_block(), 1) != other


def test_a_payload_does_not_hold_the_place() -> None:
    moved = Block(Role.RUN, "a", 90, 91, Span(5, 9), "x = 1", prefix="> ")
    assert payload("vault.n", a_block(), 1) == payload("vault.n", moved, 1)


def test_digests_of_lists_do_not_run_together() -> None:
    assert digest(["ab", "c"]) != digest(["a", "bc"])
    assert digest(["a", "b"]) != digest(["b", "a"])
    assert digest([]) != digest([""])


def test_seeds_differ_by_note_seed_and_block() -> None:
    seeds = {derive_seed(n, id) for n in (0, 1, 12) for id in ("a", "b", "2a")}
    assert len(seeds) == 9
    assert all(0 <= seed < 2**32 for seed in seeds)


NOTE = """---
seed: {seed}
---
```python {{setup="s"}}
import math
```

```python {{run="r"}}
#| timeout: 5
print(math.pi)  # said
```
"""


def the_digest(text: str, path: str = "Note.md") -> str:
    graph = build([parse(path, text)])
    return graph.nodes[path, "r"].digest


def test_a_digest_is_the_same_in_every_version() -> None:
    """Committed notes hold digests: a change of the recipe makes every vault stale at once."""
    assert the_digest(NOTE.format(seed=1)) == "93950743"


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("  # said", "", True),
        ("math.pi)", "math.pi)\n\n# more", True),
        ("#| timeout: 5\n", "#| timeout: 5\n#| cache: true\n", True),
        ("timeout: 5", "timeout:   5.0", True),
        ("import math", "import math  # needed", True),
        ("---\nseed", "---\ntitle: x\nseed", True),
        ("timeout: 5", "timeout: 6", False),
        ("seed: 1", "seed: 2", False),
        ("seed: 1", "module: other\nseed: 1", False),
        ("import math", "import math, sys", False),
        ("math.pi", "math.e", False),
    ],
)
def test_what_makes_a_block_stale(old: str, new: str, same: bool) -> None:
    text = NOTE.format(seed=1)
    assert old in text
    assert (the_digest(text.replace(old, new)) == the_digest(text)) is same


def test_a_block_in_a_container_has_the_digest_it_has_outside() -> None:
    plain = '```python {run="r"}\nif 1:\n    print(1)\n```\n'
    callout = "".join(f"> {line}\n" for line in plain.splitlines())
    listed = "- item\n" + "".join(f"  {line}\n" for line in plain.splitlines())
    windows = plain.replace("\n", "\r\n")
    assert len({the_digest(text) for text in (plain, callout, listed, windows)}) == 1


def test_the_folder_of_a_note_does_not_count() -> None:
    text = NOTE.format(seed=1)
    assert the_digest(text, "deep/er/Note.md") == the_digest(text)
