"""What an edit runs again: sequences of edits and runs of one vault, and what they leave.

The notes of each test have blocks with different ids, so that an id says which block is meant.
"""

from __future__ import annotations

import pytest
from vaults import Home, actions, fence, lines_named, ran, statuses

BASE = fence("setup", "imports", "import math") + fence(
    "component", "area", "def area(r):", "    return math.pi * r**2"
)
CIRCLE = (
    "# Circle\n\n"
    + BASE
    + fence("component", "side", "def side(a):", "    return a**0.5")
    + fence("test", "area-test", "def test_unit():", "    assert round(area(1), 2) == 3.14")
    + fence("run", "radii", "radii = [1, 2]", "print('radii')")
    + fence("run", "areas", "print([round(area(r)) for r in radii])")
    + fence("run", "sides", "print(side(9))")
    + "The end.\n"
)


@pytest.fixture
def circle(home: Home) -> Home:
    """A vault of one note, run."""
    home.write("Circle.md", CIRCLE)
    report = home.session()
    assert set(statuses(report).values()) == {"ok"}
    assert ran(report) == {"imports", "area", "side", "area-test", "radii", "areas", "sides"}
    return home


def test_a_second_run_changes_no_byte_and_no_time(circle: Home) -> None:
    before = circle.files()
    report = circle.session()
    assert set(actions(report).values()) == {"reuse"}
    assert not any(note.changed for note in report.notes)
    assert circle.files() == before


QUIET_EDITS = {
    "prose": ("The end.", "The very end.\n\nMore prose."),
    "prose above all": ("# Circle", "# The circle\n\nWords.\n\n## Again"),
    "a comment": ("import math", "import math  # for pi"),
    "a comment line": ("def area(r):", "# the area\ndef area(r):"),
    "blank lines": ("radii = [1, 2]", "\n\nradii = [1, 2]\n"),
    "a property": ("# Circle", "---\ntitle: x\n---\n# Circle"),
    "an untagged block": ("The end.", "```python\n1 / 0\n```"),
    "a callout": ("The end.", "> [!note] n\n> text"),
}


@pytest.mark.parametrize(("old", "new"), QUIET_EDITS.values(), ids=QUIET_EDITS)
def test_an_edit_that_changes_no_code_runs_nothing(circle: Home, old: str, new: str) -> None:
    circle.edit("Circle.md", old, new)
    edited = circle.read("Circle.md")
    report = circle.session()
    assert ran(report) == set()
    assert circle.read("Circle.md") == edited


LOUD_EDITS = {
    "a leaf": ("print(side(9))", "print(side(4))", {"sides"}, {"side"}),
    "a value": (
        "radii = [1, 2]",
        "radii = [3]",
        {"radii", "areas"},
        {"imports", "area"},
    ),
    "a component": (
        "return a**0.5",
        "return a**0.5 + 0",
        {"side", "sides"},
        {"imports", "area"},
    ),
    "a component of a test": (
        "math.pi * r**2",
        "r**2 * math.pi",
        {"area", "area-test", "areas"},
        {"imports", "radii", "side"},
    ),
    "an import": (
        "import math",
        "import math, sys",
        {"imports", "area", "area-test", "areas"},
        {"side", "radii"},
    ),
    "an option": (
        "print(side(9))",
        "#| timeout: 50\nprint(side(9))",
        {"sides"},
        {"side"},
    ),
    "a seed of a block": (
        "radii = [1, 2]",
        "#| seed: 5\nradii = [1, 2]",
        {"radii", "areas"},
        {"imports", "area"},
    ),
}


@pytest.mark.parametrize(("old", "new", "run", "may_replay"), LOUD_EDITS.values(), ids=LOUD_EDITS)
def test_an_edit_runs_the_block_and_what_depends_on_it(
    circle: Home, old: str, new: str, run: set[str], may_replay: set[str]
) -> None:
    circle.edit("Circle.md", old, new)
    report = circle.session()
    assert ran(report) == run
    found = actions(report)
    replayed = {id for id, action in found.items() if action == "replay"}
    assert replayed <= may_replay
    assert set(statuses(report).values()) == {"ok"}
    assert {id for id, action in found.items() if action == "reuse"} == set(found) - run - replayed
    fresh = circle.read("Circle.md")
    circle.session(force=True)
    assert circle.read("Circle.md") == fresh, "incremental equals clean"


def test_a_renamed_block_runs_and_its_old_region_goes_with_it(circle: Home) -> None:
    circle.edit("Circle.md", '{run="sides"}', '{run="flanks"}')
    report = circle.session()
    assert ran(report) == {"flanks"}
    problems = [problem.what for note in report.notes for problem in note.problems]
    assert len(problems) == 1 and "sides" in problems[0]
    assert "runner:sides" in circle.read("Circle.md"), "a region whose block is gone is left"


def test_a_deleted_region_comes_back_without_running(circle: Home) -> None:
    whole = circle.read("Circle.md")
    start = whole.index("<!-- runner:areas")
    end = whole.index("<!-- /runner -->", start) + len("<!-- /runner -->\n\n")
    circle.write("Circle.md", whole[:start] + whole[end:])
    assert ran(circle.session()) == set()
    assert circle.read("Circle.md") == whole


def test_a_typed_over_region_is_written_again_when_its_block_runs(circle: Home) -> None:
    text = circle.read("Circle.md").replace("[3, 13]", "nonsense")
    circle.write("Circle.md", text)
    assert ran(circle.session(force=True)) == set(actions(circle.session()))
    assert "[3, 13]" in circle.read("Circle.md")


def test_a_moved_note_runs_again_under_its_new_name(circle: Home) -> None:
    (circle.vault / "Circle.md").rename(circle.vault / "Disc.md")
    report = circle.session()
    assert ran(report) == set(actions(report))


def test_a_moved_block_takes_its_region_along(circle: Home) -> None:
    text = circle.read("Circle.md")
    start = text.index('```python {run="sides"}')
    block, rest = (
        text[start : text.index("The end.")],
        text[: text.index('```python {run="radii"}')],
    )
    moved = rest + block + text[len(rest) : start] + "The end.\n"
    circle.write("Circle.md", moved)
    assert ran(circle.session()) == set()
    assert circle.read("Circle.md") == moved


# --- lines of reused results -----------------------------------------------------------------

FAILING = fence("run", "fails", "x = 1", "", "def f():", "    return x / 0", "f()") + fence(
    "test", "wrong", "def test_wrong():", "    y = 2", "    assert y == 3"
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x = 1", "x = 1"),
        ("```python", "Words.\n\nMore.\n\n```python"),
        ("x = 1\n", "# one\n# two\nx = 1\n"),
        ("x = 1\n", "x = 1\n\n\n"),
        ("    y = 2\n", "    # why\n    y = 2\n"),
    ],
    ids=["as it was", "prose above", "comment lines", "blank lines", "comment in the test"],
)
def test_reused_failures_name_the_lines_as_they_are_now(home: Home, old: str, new: str) -> None:
    home.write("N.md", FAILING)
    home.session()
    named = {"f()", "return x / 0", "assert y == 3"}
    assert lines_named(home, "N.md") == named
    home.write("N.md", home.read("N.md").replace(old, new, 1))
    home.session()
    assert lines_named(home, "N.md") == named
