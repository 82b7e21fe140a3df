"""Options: every key and type, and the exact text of every fault."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.frontmatter import load_yaml
from runner.note import Note, Options, Role
from runner.options import read_options
from runner.parse import parse

KEYS = ", ".join(
    f"`{key}`"
    for key in "needs quotes kind device timeout seed raises slow output data env cache".split()
)


def block_note(*rows: str, role: str = "test") -> Note:
    return parse("n.md", "\n".join([f'```python {{{role}="a"}}', *rows, "x = 1", "```"]))


GOOD = [
    ("needs: [b, c]", Options(needs=("b", "c"))),
    ("needs: b", Options(needs=("b",))),
    ("needs: []", Options()),
    ("quotes: [q-patches, ^q2]", Options(quotes=("q-patches", "q2"))),
    ('quotes: ["^012345", 1e5]', Options(quotes=("012345", "1e5"))),
    ("kind: paper-number", Options(kind="paper-number")),
    ("device: cuda", Options(device=("cuda",))),
    ("device: cuda:1", Options(device=("cuda:1",))),
    ("device: [cpu, cuda]", Options(device=("cpu", "cuda"))),
    ("timeout: 5", Options(timeout=5.0)),
    ("timeout: 0.5  # seconds", Options(timeout=0.5)),
    ("seed: 7", Options(seed=7)),
    ("seed: -1", Options(seed=-1)),
    ("seed: 010", Options(seed=10)),
    ("raises: ValueError", Options(raises="ValueError")),
    ("raises: torch.cuda.OutOfMemoryError", Options(raises="torch.cuda.OutOfMemoryError")),
    ("slow: true", Options(slow=True)),
    ("output: figures", Options(output="figures")),
    ("output: none", Options(output="none")),
    ("data: [a b.csv, ../c.npz]", Options(data=("a b.csv", "../c.npz"))),
    ("data: 図.csv", Options(data=("図.csv",))),
    ("env: [HOME, CUDA_VISIBLE_DEVICES]", Options(env=("HOME", "CUDA_VISIBLE_DEVICES"))),
    ("cache: false", Options(cache=False)),
]

BAD = [
    ("need: b", "there is no option `need`", f"use one of {KEYS}"),
    ("no key", "the option line `no key` has no key", "write `#| key: value`"),
    ("needs: [b", "the option `needs` is no YAML: expected ',' or ']', but got '<stream end>'",
     "write a list of block ids; put text with special characters in quotes"),
    ("needs: &x [b]", "the option `needs` is no YAML: anchors and aliases (& and *) are not read",
     "write a list of block ids; put text with special characters in quotes"),
    ("needs: !!python/name:os.system x", "the option `needs` is no YAML: tags (!) are not read",
     "write a list of block ids; put text with special characters in quotes"),
    ("needs: [[[[[[[[b]]]]]]]]", "the option `needs` is no YAML: it nests deeper than 5",
     "write a list of block ids; put text with special characters in quotes"),
    ("needs: {a: b}", "the option `needs` cannot be `{a: b}`", "write a list of block ids"),
    ("needs: b c", "the option `needs` cannot be `b c`", "write a list of block ids"),
    ("needs: [b, [c]]", "the option `needs` cannot be `[b, [c]]`", "write a list of block ids"),
    ("needs:", "the option `needs` has no value", "write a list of block ids"),
    ("kind: exact", "the option `kind` cannot be `exact`",
     "write one of `parity`, `paper-number`, `closed-form`, `property`, `phenomenon`, `mutant`"),
    ("device: gpu", "the option `device` cannot be `gpu`",
     "write `cpu`, `cuda`, `cuda:1`, `mps` or a list of them"),
    ("device: [cpu, cpu]", "the option `device` cannot be `[cpu, cpu]`",
     "write `cpu`, `cuda`, `cuda:1`, `mps` or a list of them"),
    ("timeout: 0", "the option `timeout` cannot be `0`",
     "write a positive number of seconds"),
    ("timeout: -1", "the option `timeout` cannot be `-1`",
     "write a positive number of seconds"),
    ("timeout: .inf", "the option `timeout` cannot be `.inf`",
     "write a positive number of seconds"),
    ("timeout: true", "the option `timeout` cannot be `true`",
     "write a positive number of seconds"),
    ("timeout: 1:30", "the option `timeout` cannot be `1:30`",
     "write a positive number of seconds"),
    ("seed: true", "the option `seed` cannot be `true`", "write an integer of at most 18 digits"),
    ("seed: 1.5", "the option `seed` cannot be `1.5`", "write an integer of at most 18 digits"),
    ("raises: 1", "the option `raises` cannot be `1`", "write the name of an exception"),
    ("slow: yes", "the option `slow` cannot be `yes`", "write `true` or `false`"),
    ("output: table", "the option `output` cannot be `table`",
     "write one of `all`, `text`, `figures`, `none`"),
    ("env: A=1", "the option `env` cannot be `A=1`",
     "write a list of names of environment variables"),
    ("cache: 0", "the option `cache` cannot be `0`", "write `true` or `false`"),
    ("data: [" + "x, " * 2000 + "x]", "the option `data` is longer than 4,000 characters",
     "shorten its value"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "expected"), GOOD)
def test_reads(row: str, expected: Options) -> None:
    note = block_note(f"#| {row}")
    assert note.problems == ()
    assert note.blocks[0].options == expected


@pytest.mark.parametrize(("row", "what", "hint"), BAD)
def test_refuses(row: str, what: str, hint: str) -> None:
    note = block_note("#| seed: 3" if not row.startswith("seed") else "#| slow: true", f"#| {row}")
    (problem,) = note.problems
    assert (problem.line, problem.severity, problem.what, problem.hint) == (3, "error", what, hint)
    assert note.blocks[0].fault == what


def test_a_value_may_run_over_several_lines() -> None:
    note = block_note(
        "#| needs:", "#|   - b", "#|   - c", "#| data: [x,", "#|   y]", "#| # a remark"
    )
    assert note.problems == ()
    assert note.blocks[0].options == Options(needs=("b", "c"), data=("x", "y"))


def test_a_yaml_fault_is_told_at_its_own_line() -> None:
    (problem,) = block_note("#| needs:", "#|   - b", "#|   - ]").problems
    assert problem.line == 4


def test_all_faults_of_a_block_are_told() -> None:
    note = block_note("#| seed: x", "#| timeout: x", "#| nope: x", "#| seed: 1", "#| seed: 2")
    assert [p.line for p in note.problems] == [2, 3, 4, 6]
    assert note.problems[-1].what == "the option `seed` is given twice"


def test_only_a_test_has_a_kind() -> None:
    note = block_note("#| kind: parity", role="run")
    assert [p.what for p in note.problems] == ["only a test has a `kind`, this is a run block"]
    assert note.blocks[0].fault


def test_options_below_code_are_warned_of_and_have_no_effect() -> None:
    note = block_note("import math", "#| timeout: 5", "#| just a remark: here")
    assert [(p.line, p.severity) for p in note.problems] == [(3, "warning")]
    assert note.blocks[0].options == Options()
    assert note.blocks[0].fault is None


def test_options_of_the_fence_count_and_are_checked() -> None:
    note = parse("n.md", '```python {run="a", needs="[b, c]" timeout=fast}\n```')
    assert note.blocks[0].options.needs == ("b", "c")
    assert [(p.line, p.severity) for p in note.problems] == [(1, "error"), (1, "warning")]


values = st.one_of(
    st.text(alphabet="abc019-_./[], ", max_size=12),
    st.sampled_from(
        ["true", "null", "~", "No", "[a, b]", "[]", "[ a ,b]", "[a,]", "0", "-0", "00"]
    ),
)


@given(st.sampled_from(["needs", "timeout", "slow", "seed", "data"]), values)
def test_the_short_way_reads_as_yaml_does(key: str, value: str) -> None:
    def load_only(text: str, typed: bool) -> object:
        return load_yaml(text, typed)

    source = f"#| {key}: {value}\n"
    short = read_options(source, Role.RUN, (), load_only)
    quoted = f"#| {key}: {value} # through YAML\n"
    assert short[0] == read_options(quoted, Role.RUN, (), load_only)[0]
