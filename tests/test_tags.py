"""Info strings: which are blocks, which get a hint, which are faults, which are not ours."""

import pytest

from runner.note import Role
from runner.tags import Tag, distance, legal_id, read_tag

SILENT = [
    ('python {setup="imports"}', "setup", "imports"),
    ('python {component="patchify"}', "component", "patchify"),
    ('python {test="patchify-parity"}', "test", "patchify-parity"),
    ('python {run="position_similarity2"}', "run", "position_similarity2"),
    ('  python {run="a"}  ', "run", "a"),  # Obsidian's paste appends two spaces
    ('python {run="a"} title="Loss"', "run", "a"),
    ('python {run="a"} {4,6}', "run", "a"),
    ('python {run="a"} ln:true fold', "run", "a"),
]

WITH_HINT = [
    ('py {run="a"}', "run", "a"),
    ('Python {run="a"}', "run", "a"),
    ('python3 {run="a"}', "run", "a"),
    ('python{run="a"}', "run", "a"),
    ('python  {run="a"}', "run", "a"),
    ('{python run="a"}', "run", "a"),
    ("{.python component=x}", "component", "x"),
    ("{.python .numberLines component=x}", "component", "x"),
    ("python {run=a}", "run", "a"),
    ("python {run='a'}", "run", "a"),
    ("python {run = 'a'}", "run", "a"),
    ('python {run: "a"}', "run", "a"),
    ('python {run="a" needs="b"}', "run", "a"),
    ('python {run="a", needs="b"}', "run", "a"),
    ('python {needs="b" run="a"}', "run", "a"),
    ('python {run="a" title="x"}', "run", "a"),
    ('python {4,6} {run="a"}', "run", "a"),
    ('python title="x" {test="t"}', "test", "t"),
]

FAULTS = [
    (
        'python {run="a"' + " " * 1000 + "}",
        "the tag is longer than 1,000 characters",
        "write a shorter id",
    ),
    (
        'python {componet="x"}',
        "`componet` is no role, so this block does not run",
        'write `{component="x"}` if it is a component block',
    ),
    (
        'python {Run="x"}',
        "`Run` is no role, so this block does not run",
        'write `{run="x"}` if it is a run block',
    ),
    (
        'py {tset="my test"}',
        "`tset` is no role, so this block does not run",
        'write `{test="my-test"}` if it is a test block',
    ),
    (
        "{.python stup=x}",
        "`stup` is no role, so this block does not run",
        'write `{setup="x"}` if it is a setup block',
    ),
    (
        'python {rum="x"}',
        "`rum` is no role, so this block does not run",
        'write `{run="x"}` if it is a run block',
    ),
    (
        'python {run="a" test="b"}',
        "a fence has one role, this one has `run` and `test`",
        "keep one of them",
    ),
    (
        'python {run="a" run="b"}',
        "a fence has one role, this one has `run` and `run`",
        "keep one of them",
    ),
    (
        'python {run="2 curves"}',
        '`run="2 curves"` has no id: a letter, then letters, digits, `-` and `_`',
        'write `{run="curves"}`',
    ),
    (
        'python {run=""}',
        '`run=""` has no id: a letter, then letters, digits, `-` and `_`',
        'write `{run="my-block"}`',
    ),
    (
        'python {run="größe"}',
        '`run="größe"` has no id: a letter, then letters, digits, `-` and `_`',
        'write `{run="gr-e"}`',
    ),
]

NOT_A_BLOCK_WITH_HINT = [
    (
        'python run="a"',
        "the role `run` stands without braces, so this block does not run",
        'write ```python {run="id"}',
    ),
    (
        '{run="a"}',
        "the fence names no language, so this block does not run",
        'write ```python {run="a"}',
    ),
    (
        'ipython {run="a"}',
        "the fence names the language `ipython`, so this block does not run",
        'write ```python {run="a"}',
    ),
    (
        "{ipython run=a}",
        "the fence names the language `ipython`, so this block does not run",
        'write ```python {run="a"}',
    ),
]


def test_options_behind_a_semicolon_count() -> None:
    tag = read_tag('python {test="x";kind="parity"}')
    assert tag is not None
    assert (tag.id, tag.attributes) == ("x", (("kind", "parity"),))
    assert tag.hint == (
        "a fence takes one attribute, its role",
        'write ```python {test="x"}, and below it `#| kind: parity`',
    )


NOT_OURS = [
    "",
    "python",
    "python {4,6}",
    "python {run}",
    "python {.run}",
    "python {.run #a}",
    'python title="curves"',
    "python ln:true",
    "python hl:3",
    "python fold",
    'python {title="curves"}',
    'python {label="x" import="y"}',
    'python {hl="2" ln="true" fold="yes"}',
    'python {id="x"}',
    'python {session="main"}',
    'python {testing="x"}',
    'js {run="a"}',
    'pycon {run="a"}',
    '{.js run="a"}',
    'js {componet="a"}',
    "mermaid",
    "dataview",
    'python {exec="1" source="above"}',
    "python tags=['x']",
    "python " + "x" * 1000 + ' {run="a"}',
    "python {run=}",
    'python {"run"}',
]


@pytest.mark.parametrize(("info", "role", "id"), SILENT)
def test_accepts_silently(info: str, role: str, id: str) -> None:
    assert read_tag(info) == Tag(Role(role), id)


@pytest.mark.parametrize(("info", "role", "id"), WITH_HINT)
def test_accepts_with_a_hint(info: str, role: str, id: str) -> None:
    tag = read_tag(info)
    assert tag
    assert (tag.role, tag.id, tag.fault) == (Role(role), id, None)
    assert tag.hint
    what, remedy = tag.hint
    assert not what.endswith(".")
    assert f'```python {{{role}="{id}"}}' in remedy


@pytest.mark.parametrize(("info", "what", "remedy"), FAULTS)
def test_refuses(info: str, what: str, remedy: str) -> None:
    assert read_tag(info) == Tag(fault=(what, remedy))


@pytest.mark.parametrize(("info", "what", "remedy"), NOT_A_BLOCK_WITH_HINT)
def test_tells_why_this_is_no_block(info: str, what: str, remedy: str) -> None:
    assert read_tag(info) == Tag(hint=(what, remedy))


@pytest.mark.parametrize("info", NOT_OURS)
def test_leaves_to_others(info: str) -> None:
    assert read_tag(info) is None


def test_takes_options_from_the_fence_and_says_where_they_belong() -> None:
    tag = read_tag('python {run="a", needs="[b, c]" timeout=5 title="T"}')
    assert tag
    assert tag.attributes == (("needs", "[b, c]"), ("timeout", "5"))
    assert tag.hint == (
        "a fence takes one attribute, its role",
        'write ```python {run="a"}, and below it `#| needs: [b, c]`, `#| timeout: 5`',
    )


@pytest.mark.parametrize(
    ("left", "right", "count"),
    [("run", "run", 0), ("rnu", "run", 1), ("ru", "run", 1), ("componet", "component", 1),
     ("kitten", "sitting", 3), ("step", "setup", 2), ("ab", "ba", 1), ("x", "component", 8)],
)  # fmt: skip
def test_distance(left: str, right: str, count: int) -> None:
    assert distance(left, right) == distance(right, left) == count


@pytest.mark.parametrize(
    ("text", "id"), [("my test", "my-test"), ("3d", "d"), ("ok_1", "ok_1"), ("図", "my-block")]
)
def test_legal_id(text: str, id: str) -> None:
    assert legal_id(text) == id
