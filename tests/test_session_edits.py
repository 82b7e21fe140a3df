"""What an edit runs again: sequences of edits and runs of one vault, and what they leave.

The notes of each test have blocks with different ids, so that an id says which block is meant.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from vaults import Home, actions, fence, ran, statuses

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
    block, rest = text[start : text.index("The end.")], text[: text.index('```python {run="radii"}')]
    moved = rest + block + text[len(rest) : start] + "The end.\n"
    circle.write("Circle.md", moved)
    assert ran(circle.session()) == set()
    assert circle.read("Circle.md") == moved


# --- lines of reused results -----------------------------------------------------------------

FAILING = fence("run", "fails", "x = 1", "", "def f():", "    return x / 0", "f()") + fence(
    "test", "wrong", "def test_wrong():", "    y = 2", "    assert y == 3"
)


def lines_named(home: Home, path: str) -> set[str]:
    """The text of every line of the note that its results name, as the note has them."""
    text = home.read(path)
    lines = text.split("\n")
    found = re.findall(rf"{re.escape(path)}:(\d+)", text)
    return {lines[int(number) - 1].strip() for number in found}


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


# --- other notes, modules, files -------------------------------------------------------------


def test_a_changed_component_of_another_note_runs_its_users(home: Home) -> None:
    home.write("Base.md", BASE + fence("run", "apart", "print('apart')"))
    home.write("papers/Use.md", fence("run", "use", "from vault.base import area", "print(area(1))"))
    home.session()
    home.edit("Base.md", "print('apart')", "print('aside')")
    assert ran(home.session()) == {"apart"}
    home.edit("Base.md", "r**2", "r**3")
    report = home.session()
    assert ran(report) == {"area", "use"}
    because = {block.id: block.because for block in report.blocks()}
    assert "`area` in Base.md" in because["use"]


def test_a_changed_note_out_of_scope_still_counts(home: Home) -> None:
    home.write("Base.md", BASE)
    home.write("Use.md", fence("run", "use", "from vault.base import area", "print(area(1))"))
    home.session()
    home.edit("Base.md", "r**2", "2 * r**2")
    assert ran(home.session(scope=["Use.md"])) == {"use"}
    assert "6.28" in home.read("Use.md")


def test_a_changed_module_beside_the_note_counts(home: Home) -> None:
    home.write("notes/helper.py", "VALUE = 1\n")
    home.write("notes/pkg/__init__.py", "from .inner import DEEP\n")
    home.write("notes/pkg/inner.py", "DEEP = 1\n")
    home.write(
        "notes/N.md",
        fence("run", "one", "import helper", "print(helper.VALUE)")
        + fence("run", "two", "from pkg import DEEP", "print(DEEP)")
        + fence("run", "three", "print(3)"),
    )
    home.session()
    home.write("notes/helper.py", "VALUE = 22\n")
    report = home.session()
    assert "one" in ran(report)
    assert "22" in home.read("notes/N.md")
    assert "helper.py changed" in {block.because for block in report.blocks()}
    home.write("notes/pkg/inner.py", "DEEP = 33\n")
    assert "two" in ran(home.session())
    assert "33" in home.read("notes/N.md")


def test_a_file_that_a_block_reads_counts(home: Home) -> None:
    home.write("data.txt", "one")
    home.write(
        "N.md",
        fence("run", "says", "#| data: [other.csv]", "print('says')")
        + fence("run", "reads", "print(open('data.txt').read())"),
    )
    home.session()
    assert ran(home.session()) == set()
    home.write("data.txt", "two")
    assert ran(home.session()) == {"reads"}
    assert "two" in home.read("N.md")
    home.write("other.csv", "came")
    assert "says" in ran(home.session())
    (home.vault / "other.csv").unlink()
    assert "says" in ran(home.session())


def test_an_environment_variable_that_is_named_counts(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write("N.md", fence("run", "a", "#| env: [WORD]", "import os", "print(os.environ['WORD'])"))
    monkeypatch.setenv("WORD", "first")
    home.session()
    assert ran(home.session()) == set()
    monkeypatch.setenv("WORD", "second")
    assert ran(home.session()) == {"a"}
    assert "second" in home.read("N.md")


def test_cache_false_runs_each_time_and_takes_dependents_along(home: Home) -> None:
    home.write(
        "N.md",
        fence("run", "clock", "#| cache: false", "x = 1")
        + fence("run", "user", "print(x)")
        + fence("run", "apart", "print(2)"),
    )
    home.session()
    assert ran(home.session()) == {"clock", "user"}


def test_timeouts_and_crashes_are_not_taken_from_the_store(home: Home) -> None:
    home.write(
        "N.md",
        fence("run", "dies", "import os", "os._exit(1)")
        + fence("run", "fails", "1 / 0")
        + fence("run", "fine", "print(1)"),
    )
    home.session()
    assert ran(home.session()) == {"dies"}


def test_a_repaired_block_brings_its_dependents_back(home: Home) -> None:
    home.write("N.md", fence("component", "c", "X = 1 / 0") + fence("run", "r", "print(X)"))
    assert statuses(home.session()) == {"c": "failed", "r": "skipped"}
    assert ran(home.session()) == set()
    home.edit("N.md", "X = 1 / 0", "X = 10")
    assert statuses(home.session()) == {"c": "ok", "r": "ok"}
    assert "runner:c" not in home.read("N.md"), "a component that is ok shows nothing"


def test_skipped_never_replaces_a_current_region(home: Home) -> None:
    home.write("N.md", fence("run", "long", "#| slow: true", "print('long')"))
    home.session(slow=True)
    shown = home.read("N.md")
    assert "runner:long" in shown and " ok " in shown
    report = home.session()
    assert (actions(report), home.read("N.md")) == ({"long": "reuse"}, shown)
    home.edit("N.md", "print('long')", "print('longer')")
    assert statuses(home.session()) == {"long": "skipped"}
    assert "slow: runs only with --slow" in home.read("N.md")


def test_force_runs_all_and_no_write_leaves_all(circle: Home) -> None:
    before = circle.files()
    report = circle.session(force=True)
    assert ran(report) == set(actions(report))
    assert circle.files() == before
    circle.edit("Circle.md", "print('radii')", "print('radius')")
    before = circle.files()
    assert "radii" in ran(circle.session(write=False))
    assert circle.files() == before
    assert ran(circle.session()) == set(), "what was run without writing is known"
    assert "radius\n```" in circle.read("Circle.md")


def test_a_lost_store_runs_all_and_changes_nothing(circle: Home) -> None:
    before = circle.files()
    for name in ("state", "cache"):
        shutil.rmtree(circle.vault.parent / name, ignore_errors=True)
    report = circle.session()
    assert ran(report) == set(actions(report))
    assert circle.files() == before


def test_selected_blocks_alone_run(circle: Home) -> None:
    circle.edit("Circle.md", "import math", "import math, os")
    report = circle.session(select="areas")
    assert ran(report) == {"areas"}
    assert actions(report)["area-test"] == "skip"
    assert ran(circle.session()) >= {"imports", "area", "area-test"}
    assert ran(circle.session()) == set()


# --- figures ---------------------------------------------------------------------------------

PLOT = [
    "import matplotlib.pyplot as plt",
    "for n in range(COUNT):",
    "    plt.figure(figsize=(1, 1))",
    "    plt.plot([n, 1])",
    "    plt.show()",
    "print('drawn')",
]


def plotting(count: int) -> str:
    return fence("run", "plot", *PLOT).replace("COUNT", str(count))


def test_figures_come_stay_and_go(home: Home) -> None:
    home.write(".obsidian/app.json", '{"attachmentFolderPath": "./figures"}')
    home.write("papers/My note.md", plotting(2))
    home.session()
    made = {f"papers/figures/my_note-plot-{n}.png" for n in (1, 2)}
    assert made <= set(home.files().data)
    text = home.read("papers/My note.md")
    assert "![[my_note-plot-1.png]]\n\n![[my_note-plot-2.png]]" in text
    before = home.files()
    home.session(force=True)
    assert home.files() == before, "the same figure gives the same bytes and is not written"
    home.edit("papers/My note.md", "range(2)", "range(1)")
    home.session()
    assert "papers/figures/my_note-plot-1.png" in home.files().data
    assert "papers/figures/my_note-plot-2.png" not in home.files().data
    home.write("Other.md", "![[my_note-plot-1.png]]\n")
    home.edit("papers/My note.md", "range(1)", "range(0)")
    home.session()
    assert "papers/figures/my_note-plot-1.png" in home.files().data, "another note shows it"
    assert "plot-1" not in home.read("papers/My note.md").split("runner:plot")[1]


def test_a_foreign_file_of_that_name_is_never_touched(home: Home) -> None:
    home.write("n-plot-1.png", b"mine")
    home.write("N.md", plotting(2))
    report = home.session()
    assert home.files().data["n-plot-1.png"] == b"mine"
    assert "n-plot-2.png" in home.files().data
    problems = [problem for note in report.notes for problem in note.errors]
    assert len(problems) == 1 and "n-plot-1.png" in problems[0].what
    assert "![[n-plot-1.png]]" not in home.read("N.md")
    home.edit("N.md", "range(2)", "range(0)")
    home.session()
    assert home.files().data["n-plot-1.png"] == b"mine"


def test_markdown_links_where_the_vault_wants_them(home: Home) -> None:
    home.write(
        ".obsidian/app.json", '{"useMarkdownLinks": true, "attachmentFolderPath": "my figures"}'
    )
    home.write("papers/N ö.md", plotting(1))
    home.session()
    assert "my figures/n_ö-plot-1.png" in home.files().data
    assert "![](../my%20figures/n_%C3%B6-plot-1.png)" in home.read("papers/N ö.md")
    before = home.files()
    home.session()
    assert home.files() == before


def test_long_text_goes_into_a_file_that_goes_with_it(home: Home) -> None:
    home.write("N.md", fence("run", "long", "for i in range(99): print(i)"))
    home.session()
    assert home.files().data["n-long.txt"].count(b"\n") >= 98
    home.edit("N.md", "range(99)", "range(3)")
    home.session()
    assert "n-long.txt" not in home.files().data


# --- faults of the world ---------------------------------------------------------------------


def test_a_typed_line_during_a_run_is_kept(home: Home) -> None:
    """A block that edits its own note stands for the user who types meanwhile."""
    home.write(
        "N.md",
        fence(
            "run",
            "types",
            "from pathlib import Path",
            "note = Path('N.md')",
            "note.write_text('Typed.\\n\\n' + note.read_text(encoding='utf-8'), encoding='utf-8')",
            "print('typed')",
        )
        + fence("run", "fails", "1 / 0"),
    )
    home.session()
    text = home.read("N.md")
    assert text.startswith("Typed.\n\n```python")
    assert "runner:types" in text and "```text\ntyped\n```" in text
    assert lines_named(home, "N.md") == {"1 / 0"}


def test_a_block_changed_during_its_run_keeps_its_old_region(home: Home) -> None:
    home.write(
        "N.md",
        fence(
            "run",
            "types",
            "from pathlib import Path",
            "note = Path('N.md')",
            "text = note.read_text(encoding='utf-8').replace('\"old\"', '\"new\"')",
            "note.write_text(text, encoding='utf-8')",
            'print("old")',
        )
        + fence("run", "apart", "print('apart')"),
    )
    home.session()
    text = home.read("N.md")
    assert "runner:types" not in text and "runner:apart" in text


def test_notes_that_cannot_be_read_cost_themselves_only(home: Home) -> None:
    (home.vault / "Gone.md").symlink_to(home.vault / "nowhere.md")
    (home.vault / "Loop.md").symlink_to(home.vault / "Loop.md")
    (home.vault / "Folder.md").mkdir()
    (home.vault / "loop").symlink_to(home.vault, target_is_directory=True)
    home.write("Fine.md", fence("run", "fine", "print(1)"))
    assert statuses(home.session()) == {"fine": "ok"}


@pytest.mark.parametrize("size", [1, 3], ids=["up to 2 MB", "more"])
def test_long_notes(home: Home, size: int) -> None:
    prose = "All work and no play makes a dull note.\n" * (size * 700_000 // 40)
    home.write("Long.md", prose + "\n" + fence("run", "a", "print('a')"))
    report = home.session()
    if size == 1:
        assert statuses(report) == {"a": "ok"}
        assert home.read("Long.md").startswith(prose)
    else:
        (note,) = report.notes
        assert [p.what for p in note.errors] == ["the note is larger than 2 MB and was left alone"]


def test_a_note_of_two_megabytes_of_output_stays_readable(home: Home) -> None:
    home.write("N.md", fence("run", "flood", "for i in range(100_000): print('line', i)"))
    assert statuses(home.session()) == {"flood": "ok"}
    assert len(home.read("N.md")) < 5000
    assert len(home.files().data["n-flood.txt"]) <= 1024 * 1024


def test_sub_folders_and_dot_folders(home: Home) -> None:
    note = fence("run", "a", "print(1)")
    for path in (".trash/N.md", ".git/N.md", "node_modules/N.md", "N.sync-conflict-1.md"):
        home.write(path, note)
    home.write("deep/er/N.md", note)
    before = home.files()
    report = home.session()
    assert [found.note for found in report.notes] == ["deep/er/N.md"]
    assert before.changed(home.files()) == {"deep/er/N.md"}


def test_a_vault_that_is_a_symlink(home: Home, tmp_path: Path) -> None:
    home.write("N.md", fence("run", "a", "print(1)"))
    (tmp_path / "link").symlink_to(home.vault, target_is_directory=True)
    ran = home.command("run", str(tmp_path / "link"), "--trust", "--json")
    assert ran.code == 0, ran
    assert "runner:a" in home.read("N.md")
