"""Law 1: parsing never raises; spans are sorted, disjoint, and ``text[span]`` is the block."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from note_laws import NEWLINES, PIECES, PREFIXES, check_all

from runner import fences
from runner.frontmatter import set_property
from runner.note import Span
from runner.parse import might_have_blocks, module_name, parse

lines = st.tuples(st.sampled_from(PREFIXES), st.sampled_from(PIECES), st.sampled_from(NEWLINES))
markdown = st.builds(
    lambda bom, parts, tail: bom + "".join(map("".join, parts)) + tail,
    st.sampled_from(["", "", "\ufeff", "---\n"]),
    st.lists(lines, max_size=30),
    st.sampled_from(["", "x", "```"]),
)
texts = st.one_of(
    markdown, st.text(max_size=200), st.text(alphabet='`~>[]()!|#%:-\n\r\t {}x"=', max_size=80)
)

ORDINARY = """---
module: demo
seed: 3
---
# Title

> A sentence of the paper. ^q-one

[[paper.pdf#page=2&selection=1,2,3,4|paper, page 2]]

```python {component="net"}
#| quotes: q-one
class Net: ...
```

> [!note] In a callout
> ```python {run="curves"}
> #| timeout: 5
> print("hi")
> ```
>
> <!-- runner:curves 3f9a1c0d ok cpu -->
>
> ```text
> hi
> ```
>
> <!-- /runner -->

%%
```python {run="off"}
```
%%
"""


@given(texts)
def test_any_text_parses(text: str) -> None:
    note = parse("folder/Some note.md", text)
    assert note.text == text
    check_all(note)


@given(st.data())
def test_a_mutated_note_parses(data: st.DataObject) -> None:
    text = ORDINARY
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(start + 30, len(text))))
        text = text[:start] + data.draw(st.sampled_from(["", "\n", "`", ">", *PIECES])) + text[end:]
    note = parse("n.md", text)
    check_all(note)


@given(markdown)
def test_the_prefilter_misses_nothing(text: str) -> None:
    note = parse("n.md", text)
    if note.blocks or note.regions or note.matrices or note.problems or not note.writable:
        assert might_have_blocks(text.encode())


@given(markdown)
def test_fences_are_those_of_plain_markdown_it(text: str) -> None:
    if text.startswith(("---", "\ufeff")):
        return
    plain = MarkdownIt("commonmark", {"maxNesting": fences.MAX_NESTING})
    expected = [t for t in plain.parse(text) if t.type == "fence"]
    found = fences.outline(fences.Lines(text), 0).fences
    assert [(f.first, f.info) for f in found] == [(t.map[0], t.info.strip()) for t in expected]
    assert [f.content.rstrip("\n") for f in found] == [t.content.rstrip("\n") for t in expected]


@given(st.text(max_size=20))
def test_a_module_name_is_an_identifier_and_stable(stem: str) -> None:
    name = module_name(stem)
    assert name.isidentifier()
    exec(f"{name} = 1")  # no keyword
    assert module_name(name) in (name, f"{name}_")


@given(
    st.lists(
        st.sampled_from(
            [
                "a: 1",
                "runner_status: ok  # mine",
                "runner_status:",
                "runner_status: 'a' #",
                "b:\n  - c",
            ]
        )
    ),
    st.sampled_from(["ok", "failed", "4/5"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_a_property_is_spliced_into_its_own_line(rows: list[str], value: str, newline: str) -> None:
    text = newline.join(["---", *"\n".join(rows).split("\n"), "---", "body"])
    after = set_property(text, parse("n.md", text).frontmatter, "runner_status", value)
    assert set_property(after, parse("n.md", after).frontmatter, "runner_status", value) == after
    before_rows, after_rows = text.split(newline), after.split(newline)
    changed = [i for i, row in enumerate(before_rows) if row != after_rows[i]]
    assert len(before_rows) == len(after_rows)
    assert len(changed) <= 1
    assert all(after_rows[i].split("#")[0].split() == ["runner_status:", value] for i in changed)


@pytest.mark.parametrize(
    "text",
    [
        ">" * 5000 + " x\n```python {run=\"a\"}\n```\n",
        "- " * 3000 + "x",
        "[" * 20000 + "]" * 20000,
        "---\nseed: " + "[" * 3000 + "\n---\n```python {run=\"a\"}\n```\n",
        "```python {run=\"a\"}\n#| needs: " + "[" * 3000 + "\n```\n",
        "%%\n" * 5000,
        "`" * 9999 + "a" + "`" * 9998,
        "x" * 2_000_000,
        "> [[a.pdf#page=1]] " + "-" * 100_000 + "a\n> " + " " * 100_000 + "a",
        "<!-- runner:a" + " " * 100_000 + "x -->",
        '"' * 100_000 + " x [[a.pdf#page=1&selection=1,2,3,4]]",
        ("> q\n\n[[a.pdf#page=1]]\n\n" + "text\n" * 50) * 200,
    ],
    ids=range(12),
)  # fmt: skip
def test_hostile_shapes_parse(text: str) -> None:
    note = parse("n.md", text)
    check_all(note)


def test_a_fence_under_many_quote_signs_is_found() -> None:
    prefix = "> " * 60
    text = f'{prefix}```python {{run="deep"}}\n{prefix}x = 1\n{prefix}```\n'
    (block,) = parse("n.md", text).blocks
    assert block.source == "x = 1\n"
    assert block.prefix == prefix
    assert block.span == Span(0, len(text) - 1)
