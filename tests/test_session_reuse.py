"""What a result rests on besides its own block: other notes, modules, files, options, state."""

from __future__ import annotations

import shutil

import pytest
from test_session_edits import BASE, CIRCLE
from vaults import Home, actions, fence, ran, statuses


@pytest.fixture
def circle(home: Home) -> Home:
    """A vault of one note, run."""
    home.write("Circle.md", CIRCLE)
    home.session()
    return home


def test_a_changed_component_of_another_note_runs_its_users(home: Home) -> None:
    home.write("Base.md", BASE + fence("run", "apart", "print('apart')"))
    home.write(
        "papers/Use.md", fence("run", "use", "from vault.base import area", "print(area(1))")
    )
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


def test_a_file_of_another_folder_of_the_vault_counts(home: Home) -> None:
    home.write(".obsidian/app.json", "{}")
    home.write("data/numbers.txt", "one")
    home.write("papers/N.md", fence("run", "a", "print(open('../data/numbers.txt').read())"))
    home.session()
    home.write("data/numbers.txt", "other")
    assert ran(home.session()) == {"a"}


def test_an_environment_variable_that_is_named_counts(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write(
        "N.md", fence("run", "a", "#| env: [WORD]", "import os", "print(os.environ['WORD'])")
    )
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


# --- state that is not named -----------------------------------------------------------------

STATE = {
    "an item is deleted": (["x = [1, 2, 3]"], ["del x[0]"], ["del x[1]"], ["print(x)"]),
    "an iterator moves on": (
        ["it = iter(range(9))"],
        ["for a in it:", "    if a == 2: break"],
        ["for a in it:", "    if a == 5: break"],
        ["print(next(it))"],
    ),
    "a closure counts": (
        [
            "def make():",
            "    n = [0]",
            "    def up():",
            "        n[0] += 1",
            "        return n[0]",
            "    return up",
            "count = make()",
        ],
        ["[count() for _ in range(2)]"],
        ["[count() for _ in range(5)]"],
        ["print(count())"],
    ),
    "a file is written by a function": (
        ["def save(text): open('made.txt', 'w').write(text)"],
        ["save('one')"],
        ["save('two')"],
        ["print(open('made.txt').read())"],
    ),
    "a generator of torch draws": (
        ["import torch", "g = torch.Generator().manual_seed(0)"],
        ["a = torch.rand(1, generator=g)"],
        ["a = torch.rand(5, generator=g)"],
        ["print(torch.rand(1, generator=g))"],
    ),
}


@pytest.mark.parametrize(("made", "old", "new", "read"), STATE.values(), ids=STATE)
def test_state_that_an_edit_changes(
    home: Home, made: list[str], old: list[str], new: list[str], read: list[str]
) -> None:
    """Law 3 where one block changes in place what another one reads."""
    home.write(
        "N.md", fence("run", "a", *made) + fence("run", "b", *old) + fence("run", "c", *read)
    )
    home.session()
    home.edit("N.md", "\n".join(old), "\n".join(new))
    home.session()
    incremental = home.read("N.md")
    home.session(force=True)
    assert incremental == home.read("N.md")


def test_data_that_changes_while_the_block_runs_makes_it_run_again(home: Home) -> None:
    home.write("numbers.txt", "1")
    lines = [
        "#| data: [numbers.txt]",
        "from pathlib import Path",
        "print(Path('numbers.txt').read_text())",
    ]
    home.write("N.md", fence("run", "a", *lines, "Path('numbers.txt').write_text('2')"))
    home.session()
    assert "2\n```" in home.read("N.md")
    assert actions(home.session())["a"] == "reuse"
