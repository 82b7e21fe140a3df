"""Block structure by shape is block structure: nothing depends on what was left out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runner import shapes
from runner.fences import Lines, outline
from runner.keptnotes import remembered
from runner.parse import parse

NOTE = (
    "# Note\n\n```python {run=\"a\"}\nprint('one')\n```\n\n"
    "<!-- runner:a 12345678 ok cpu -->\n\n```text\none\n```\n\n<!-- /runner -->\n\n- [ ] todo\n"
)
EDITED = NOTE.replace("'one')", "'two')\nprint('more')").replace("12345678", "9abcdef0")

PIECES = st.sampled_from(
    """``` | ```` | ~~~ | ```python {run="a"} |  ``` |    ``` |     ``` | \t``` | ``` ` | ~~~ `x
    > ``` | >``` | - ``` | - a |   b | 1. x | > q | > | <!-- runner:a 12345678 ok cpu --> | -->
    <!-- runner:a 1 | <!-- runner:a --> x | <!-- runner:> --> | <!-- /runner --> | <div> | </div>
    <pre> | </pre> | <script> | <?php | ?> | <![CDATA[ | ]]> | # H | a | b ``` | --- | === | %%
    [x]: /u "t | t" | - [ ] task |     code | ```\t | ``` a""".replace("\n", " | ").split(" | ")
)
ODD = st.sampled_from(["", "", "\0", "\x0b```", "\ufeff", "```\x0c", "\u2028```", "\u00a0- [x] t"])


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    shapes.remember_in({})
    yield
    shapes.remember_in({})


@given(
    st.lists(PIECES | ODD, max_size=14), st.sampled_from(["\n", "\r\n", "\r"]), st.integers(0, 2)
)
@example(["<div>", "```", "a", "```"], "\n", 0)
@example(["~~~", "```", "~~~", "```", "x"], "\n", 0)
@example(["``` a", "b", "``` ", ""], "\r", 0)
def test_reads_what_the_parser_reads(pieces: list[str], newline: str, skip: int) -> None:
    lines = Lines(newline.join(pieces))
    skip = min(skip, len(lines))
    for _ in ("met", "known"):
        assert shapes.read(lines, skip) == outline(lines, skip)


class Counting(dict[str, str]):
    """A memory that counts how often it knew the answer."""

    known = 0

    def get(self, shape: str, /) -> str | None:  # type: ignore[override]
        found = super().get(shape)
        self.known += found is not None
        return found


def test_code_and_results_leave_the_shape_as_it_was() -> None:
    memory = Counting()
    shapes.remember_in(memory)
    first, second = (shapes.read(Lines(text), 0) for text in (NOTE, EDITED))
    assert (len(memory), memory.known) == (1, 1)
    assert [fence.content for fence in second.fences] == ["print('two')\nprint('more')\n", "one\n"]
    assert second.html[0].content == "<!-- runner:a 9abcdef0 ok cpu -->\n"
    assert second.tasks[0].line == first.tasks[0].line + 1
    assert second == outline(Lines(EDITED), 0)


@pytest.mark.parametrize(
    "old, new", [("# Note", "## Note"), ("- [ ]", "> - [ ]"), ("```t", "~~~t")]
)
def test_other_prose_is_another_shape(old: str, new: str) -> None:
    memory = Counting()
    shapes.remember_in(memory)
    for text in (NOTE, NOTE.replace(old, new)):
        assert shapes.read(Lines(text), 0) == outline(Lines(text), 0)
    assert memory.known == 0


def test_a_later_run_knows_the_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNNER_CACHE", str(tmp_path))
    with remembered():
        parse("kept.md", NOTE)

    def refuse(*_: object) -> None:
        raise AssertionError("parsed again")

    monkeypatch.setattr(shapes, "outline", refuse)
    with remembered():
        assert [block.source for block in parse("kept.md", EDITED).blocks] == [
            "print('two')\nprint('more')\n"
        ]


def test_many_fences_that_nothing_closes_take_no_time() -> None:
    text = "\n".join(f"```a{n}" for n in range(20_000))
    assert shapes.read(Lines(text), 0) == outline(Lines(text), 0)
