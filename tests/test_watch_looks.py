"""Second looks in a running watch: what they mend, and that they are in nobody's way."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from vaults import Home, fence, ran
from watches import Lanes, Watching, watching

REST = 0.4  # seconds

# An object that is found by looking through all objects: no reader of names can follow that.
FOUND = "[o.n for o in gc.get_objects() if type(o).__name__ == 'Mark']"


def unseen(role: str = "run") -> str:
    change = ("mark = Mark()", "mark.n = 1")
    return fence(role, "make", "class Mark:", "    n = 0") + fence(role, "change", *change)


UNSEEN = unseen() + fence("run", "show", "import gc", f"print({FOUND})")
QUICK = fence("setup", "s", "k = 1") + fence("run", "a", "print(k)") + fence("run", "b", "print(2)")


@contextmanager
def looking(home: Home, rest: float = REST, **options: object) -> Iterator[Watching]:
    with watching(home, rest=rest, **options) as watch:
        yield watch


@pytest.fixture
def lanes(monkeypatch: pytest.MonkeyPatch) -> Lanes:
    return Lanes(monkeypatch)


def rest(watch: Watching, seconds: float = 5 * REST) -> None:
    """Wait until the looks that are due have had their time."""
    time.sleep(seconds)
    watch.until(watch.rests)


def test_a_dependency_that_nobody_sees_is_mended(home: Home, lanes: Lanes) -> None:
    home.write("A.md", UNSEEN)
    with looking(home) as watch:
        assert "\n[1]\n" in home.read("A.md")
        home.edit("A.md", "mark.n = 1", "mark.n = 2")
        watch.until(lambda: "\n[2]\n" in home.read("A.md"), "the correction")
        watch.until(lambda: len(watch.reports) == 3, "the report on it")
        _, edited, mended = watch.reports
        assert ran(edited) == {"change"}, "the analysis sees it by now: take another case"
        assert ran(mended) == {"show"}
        (problem,) = mended.notes[0].problems
        line = home.read("A.md").split("\n")[problem.line - 1]
        assert line == '```python {run="show"}'
        assert problem.what.startswith("`show` came out otherwise when the whole note ran")
        assert "needs:" in problem.hint
        assert lanes.of_looks == 2, "the look, and the one that confirms it"
        left = home.files().data
        rest(watch)
        assert lanes.of_looks == 2
        assert len(watch.reports) == 3
    home.session(force=True)
    assert home.files().data == left


def test_a_look_that_finds_the_same_says_and_writes_nothing(home: Home, lanes: Lanes) -> None:
    home.write("A.md", QUICK)
    with looking(home) as watch:
        home.edit("A.md", "print(2)", "print(3)")
        watch.next()
        left = home.files()
        watch.until(lambda: lanes.of_looks == 1, "the look")
        rest(watch)
        assert home.files() == left
        assert len(watch.reports) == 2
        assert lanes.of_looks == 1


def test_nothing_is_looked_at_without_an_edit(home: Home, lanes: Lanes) -> None:
    home.write("A.md", QUICK)
    home.session()
    with looking(home) as watch:
        rest(watch)
        home.write("A.md", "Words.\n\n" + home.read("A.md"))
        watch.next()
        rest(watch)
        assert lanes.of_looks == 0


def test_a_block_that_is_never_the_same_is_told_once_and_left_alone(
    home: Home, lanes: Lanes
) -> None:
    home.write("A.md", QUICK + fence("run", "odd", "import uuid", "print(uuid.uuid4().hex)"))
    with looking(home) as watch:
        shown = re.findall(r"^[0-9a-f]{32}$", home.read("A.md"), re.M)
        home.edit("A.md", "print(2)", "print(3)")
        watch.until(lambda: len(watch.reports) == 3, "what is said of it")
        report = watch.reports[2]
        (problem,) = report.notes[0].problems
        assert problem.what.startswith("`odd` comes out otherwise each time it runs")
        assert ran(report) == set()
        assert not report.notes[0].changed
        assert lanes.of_looks == 2
        home.edit("A.md", "print(3)", "print(4)")
        watch.next()
        watch.until(lambda: lanes.of_looks == 3)
        rest(watch)
        assert lanes.of_looks == 3, "it is known, and needs no second run to be"
        assert len(watch.reports) == 4
        assert re.findall(r"^[0-9a-f]{32}$", home.read("A.md"), re.M) == shown


def test_a_save_stops_a_look_which_begins_again(home: Home, lanes: Lanes) -> None:
    """A look under way is gone when the answer to the save is there, and comes again."""
    waits = fence("run", "a", "import time", "time.sleep(0.5)", "print('waited')")
    home.write("A.md", waits + fence("run", "b", "print(2)"))
    home.write("B.md", fence("run", "other", "print('other')"))
    with looking(home) as watch:
        home.edit("A.md", "print(2)", "print(3)")
        watch.next()
        watch.until(lambda: lanes.of_looks == 1, "the look")
        home.edit("B.md", "'other')", "'another')")
        assert ran(watch.next()) == {"other"}
        assert lanes.of_looks == 1
        watch.until(lambda: lanes.of_looks == 2, "the look again")
        home.edit("A.md", "print(3)", "print(4)")
        assert ran(watch.next()) == {"b"}
        watch.until(lambda: lanes.of_looks == 3, "the look at what stands now")
        rest(watch)
        assert lanes.of_looks == 3
        assert len(watch.reports) == 4


def test_a_run_that_a_file_caused_ends_a_look_for_good(home: Home, lanes: Lanes) -> None:
    """The look may have written that file, in a way that nobody sees: once must be enough."""
    waits = fence("run", "a", "import time", "time.sleep(0.5)", "print('waited')")
    home.write("A.md", waits + fence("run", "b", "print(2)"))
    home.write("data.txt", "old")
    home.write("B.md", fence("run", "reads", "print(open('data.txt').read())"))
    with looking(home) as watch:
        home.edit("A.md", "print(2)", "print(3)")
        watch.next()
        watch.until(lambda: lanes.of_looks == 1, "the look")
        home.write("data.txt", "fresh")
        assert ran(watch.next()) == {"reads"}
        rest(watch)
        assert lanes.of_looks == 1
        assert len(watch.reports) == 3


def test_ctrl_c_ends_a_look(home: Home, lanes: Lanes) -> None:
    waits = fence("run", "a", "import time", "time.sleep(0.5)", "print('waited')")
    home.write("A.md", waits + fence("run", "b", "print(2)"))
    with looking(home) as watch:
        home.edit("A.md", "print(2)", "print(3)")
        watch.next()
        watch.until(lambda: lanes.of_looks == 1, "the look")
        left = home.files()
    assert home.files() == left


def test_what_saves_a_second_or_touches_files_is_left(home: Home, lanes: Lanes) -> None:
    waits = fence("run", "a", "import time", "time.sleep(1.1)")
    writes = fence("run", "a", "import pathlib", "pathlib.Path('out.txt').write_text('1')")
    home.write("A.md", waits + fence("run", "b", "print(2)"))
    home.write("B.md", writes + fence("run", "b2", "print(2)"))
    with looking(home) as watch:
        home.edit("A.md", "print(2)", "print(3)")
        home.edit("B.md", "print(2)", "print(3)")
        watch.until(lambda: all("\n3\n" in home.read(name) for name in ("A.md", "B.md")))
        rest(watch)
        assert lanes.of_looks == 0


def test_the_properties_follow_a_correction(home: Home) -> None:
    check = fence("run", "check", "import gc", f"assert {FOUND} == [1]")
    home.write("A.md", "---\nrunner_status:\n---\n" + unseen() + check)
    with looking(home) as watch:
        assert "runner_status: ok" in home.read("A.md")
        home.edit("A.md", "mark.n = 1", "mark.n = 2")
        watch.until(lambda: "runner_status: failed" in home.read("A.md"), "the failure")
        assert "AssertionError" in home.read("A.md")


def test_the_store_keeps_what_a_look_found(home: Home) -> None:
    home.write("A.md", UNSEEN)
    with looking(home) as watch:
        home.edit("A.md", "mark.n = 1", "mark.n = 2")
        watch.until(lambda: "\n[2]\n" in home.read("A.md"), "the correction")
    left = home.files().data
    assert ran(home.session()) == set()
    assert home.files().data == left


def test_an_importer_whose_blocks_all_stayed_is_looked_at(home: Home, lanes: Lanes) -> None:
    home.write("Base.md", fence("component", "x", "X = 1") + fence("component", "y", "Y = 1"))
    home.write("User.md", fence("run", "use", "from vault.base import X", "print(X)"))
    with looking(home) as watch:
        home.edit("Base.md", "Y = 1", "Y = 2")
        watch.next()
        watch.until(lambda: lanes.of_looks == 2, "a look at each note")
        rest(watch)
        assert lanes.of_looks == 2
        assert len(watch.reports) == 2


# What no run of the slice finds out, in the language of ``law_rows.py``: r2 is edited, r3 shows it.
HIDDEN = {
    "Objects": "c1: class Mark: n = 0 | r2: mark = Mark(); mark.n = 7001 | r3: import gc; print([o.n for o in gc.get_objects() if type(o).__name__ == 'Mark'])",
    "Frames": "r2: x = 7001 | r3: import inspect; print(inspect.stack()[0].frame.f_globals.get('x'))",
    "Modules": "r2: y = 7001 | r3: import sys; print(sys.modules[__name__].y)",
    "Limits": "r2: import csv; csv.field_size_limit(7001) | r3: import csv; print(csv.field_size_limit())",
    "Sums": "s1: seen = [] | c1: class V:;    def __add__(self, o):;        seen.append(o);        return self | r1: v = V() | r2: w = v + 7001 | r3: print(seen)",
    "Formats": "s1: seen = [] | c1: class F:;    def __format__(self, s):;        seen.append(s);        return s | r1: f = F() | r2: w = f'{f:7001}' | r3: print(seen)",
    "Kinds": "c1: class M(type):;    seen = [];    def __instancecheck__(cls, o):;        cls.seen.append(o);        return True | c2: class A(metaclass=M): pass | r2: w = isinstance(7001, A) | r3: print(M.seen)",
    "Truths": "s1: seen = [] | c1: class B:;    def __bool__(self):;        seen.append(1);        return True | r1: b = B() | r2: w = [n for n in range(7001) if b] | r3: print(len(seen))",
}
ROLES = {"s": "setup", "c": "component", "r": "run"}


def written(row: str) -> str:
    entries = (entry.strip().partition(": ") for entry in row.split(" | "))
    return "".join(
        fence(ROLES[id[0]], id, re.sub("; ?", "\n", source)) for id, _, source in entries
    )


def shows(home: Home, name: str, value: int) -> bool:
    return re.search(rf"(?s)<!-- runner:r3 .*{value}", home.read(f"{name}.md")) is not None


def test_after_the_looks_the_notes_are_as_a_clean_run_leaves_them(home: Home) -> None:
    for name, row in HIDDEN.items():
        home.write(f"{name}.md", written(row))
    with looking(home) as watch:
        assert all(shows(home, name, 7001) for name in HIDDEN)
        for name in HIDDEN:
            home.write(f"{name}.md", home.read(f"{name}.md").replace("7001", "7002", 1))
        for name in HIDDEN:
            watch.until(lambda name=name: shows(home, name, 7002), name)  # type: ignore[misc]
        watch.until(watch.rests)
    left = home.files().data
    home.session(force=True)
    assert home.files().data == left
