"""Edits while something runs: what goes on, what begins anew, and what waits for nobody."""

from __future__ import annotations

import pytest
from vaults import Home, fence, statuses
from watches import Lanes, Watching, watching_nothing

TRAINING = fence(
    "run",
    "train",
    "import os, time",
    "open('began', 'a').write('x')",
    "while not os.path.exists('go'):",
    "    time.sleep(0.02)",
    "weight = 3",
    "print('trained', weight)",
)


def begins(watch: Watching, home: Home, times: int = 1) -> None:
    """Wait until the training has begun for the ``times``-th time."""
    watch.until(lambda: (home.vault / "began").exists() and len(home.read("began")) == times)


def ends(watch: Watching, home: Home, note: str = "A.md") -> None:
    """Let the training end, and wait for its result."""
    home.write("go", "")
    watch.until(lambda: "\ntrained 3\n" in home.read(note), "the result of the training")


def test_training_in_one_note_delays_no_other(home: Home) -> None:
    home.write("A.md", "")
    home.write("B.md", "")
    with watching_nothing(home) as watch:
        home.write("A.md", TRAINING)
        begins(watch, home)
        for word in ("first", "second"):
            home.write("B.md", fence("run", "quick", f"print('{word}')"))
            watch.until(lambda word=word: f"\n{word}\n" in home.read("B.md"))  # type: ignore[misc]
        assert "trained" not in home.read("A.md").partition("<!--")[2]
        ends(watch, home)
        assert home.read("began") == "x"


def test_prose_and_other_blocks_leave_training_alone(home: Home) -> None:
    home.write("A.md", "")
    with watching_nothing(home) as watch:
        home.write("A.md", TRAINING + fence("component", "c", "X = 1"))
        begins(watch, home)
        home.write("A.md", "Words.\n\n" + home.read("A.md"))
        home.write("A.md", home.read("A.md") + fence("run", "new", "print('new', X)"))
        watch.until(lambda: "\nnew 1\n" in home.read("A.md"), "the new block's result")
        home.edit("A.md", "X = 1", "X = 2")
        watch.until(lambda: "\nnew 2\n" in home.read("A.md"), "its result by the new constant")
        ends(watch, home)
        assert "\nnew 2\n" in home.read("A.md")
        assert home.read("began") == "x"
        watch.until(watch.rests)
    assert "runner_status" not in home.read("A.md")


def test_the_status_counts_what_ended_later(home: Home) -> None:
    home.write("A.md", "")
    with watching_nothing(home) as watch:
        home.write("A.md", "---\nrunner_status:\n---\n" + TRAINING)
        begins(watch, home)
        home.write("A.md", home.read("A.md") + fence("run", "new", "print('new')"))
        watch.until(lambda: "\nrunner_status: stale\n" in home.read("A.md"))
        ends(watch, home)
        watch.until(lambda: "\nrunner_status: ok\n" in home.read("A.md"))


def test_training_that_changed_begins_anew(home: Home) -> None:
    home.write("A.md", "")
    with watching_nothing(home) as watch:
        home.write("A.md", TRAINING)
        begins(watch, home)
        home.edit("A.md", "weight = 3", "weight = 4")
        begins(watch, home, 2)
        home.edit("A.md", "weight = 4", "weight = 3")
        begins(watch, home, 3)
        ends(watch, home)
        assert "trained 4" not in home.read("A.md")


def test_a_block_that_rests_on_training_begins_it_anew(home: Home) -> None:
    home.write("A.md", "")
    with watching_nothing(home) as watch:
        home.write("A.md", TRAINING)
        begins(watch, home)
        home.write("A.md", home.read("A.md") + fence("run", "plot", "print('plot', weight)"))
        begins(watch, home, 2)
        ends(watch, home)
        watch.until(lambda: "\nplot 3\n" in home.read("A.md"))


def test_an_imported_note_that_changed_begins_training_anew(home: Home) -> None:
    home.write("Base.md", fence("component", "b", "RATE = 1"))
    home.write("A.md", "")
    with watching_nothing(home) as watch:
        importing = TRAINING.replace(
            "import os, time", "import os, time\nfrom vault.base import RATE"
        )
        home.write("A.md", importing)
        begins(watch, home)
        home.edit("Base.md", "RATE = 1", "RATE = 2")
        begins(watch, home, 2)
        ends(watch, home)


def test_a_file_that_changed_while_it_was_used_is_used_again(home: Home) -> None:
    home.write("helper.py", "WORD = 'old'\n")
    home.write("A.md", "")
    with watching_nothing(home) as watch:
        using = TRAINING.replace("import os, time", "import os, time, helper")
        home.write("A.md", using.replace("weight)", "weight, helper.WORD)"))
        begins(watch, home)
        home.write("helper.py", "WORD = 'fresh'\n")
        watch.until(lambda: not watch.changes.due() < float("inf"))
        home.write("go", "")
        watch.until(lambda: "\ntrained 3 fresh\n" in home.read("A.md"))
        assert home.read("began") == "xx"


def test_training_of_a_note_that_goes_is_stopped(home: Home) -> None:
    home.write("A.md", "")
    with watching_nothing(home) as watch:
        home.write("A.md", TRAINING + fence("run", "after", "open('after', 'w').close()"))
        begins(watch, home)
        (home.vault / "A.md").unlink()
        home.write("B.md", fence("run", "quick", "print('quick')"))
        watch.until(lambda: "\nquick\n" in home.read("B.md"))
        watch.until(lambda: len(watch.reports) == 2, "the end of both runs")
        home.write("go", "")
        assert watch.rests()
        assert not (home.vault / "after").exists()


def test_a_report_comes_when_its_own_run_has_ended(home: Home) -> None:
    home.write("A.md", "")
    home.write("B.md", "")
    with watching_nothing(home) as watch:
        home.write("A.md", TRAINING)
        begins(watch, home)
        home.write("B.md", fence("run", "quick", "print('quick')"))
        assert statuses(watch.next()) == {"quick": "ok"}
        ends(watch, home)
        watch.until(lambda: len(watch.reports) == 2)
        assert statuses(watch.reports[1]) == {"train": "ok"}


def test_a_block_that_writes_what_its_note_reads_comes_to_its_end(home: Home) -> None:
    """Each of its writes is a file event, which must not start it anew for ever."""
    lines = ("import time", "for n in range(8):", "    open('made.txt', 'w').write(str(n))")
    slow = (*lines, "    time.sleep(0.2)", "print('wrote', 1)")
    reads = fence("test", "reads", "assert open('made.txt').read() == '7'")
    home.write("N.md", "")
    with watching_nothing(home) as watch:
        home.write("N.md", reads + fence("run", "writes", *slow))
        watch.until(lambda: "\nwrote 1\n" in home.read("N.md"))
        watch.until(watch.rests)
        home.edit("N.md", "print('wrote', 1)", "print('wrote', 2)")
        watch.until(lambda: "\nwrote 2\n" in home.read("N.md"), "the end of the second run")


def test_an_edit_is_answered_before_what_is_left_of_a_checkout(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One worker: the answer waits for the lane that runs, not for those that wait."""

    def logs(name: str) -> str:
        return fence("run", name, f"open('order', 'a').write('{name} ')")

    for name in ("A", "B", "C", "E"):
        home.write(f"{name}.md", "")
    home.write("order", "")
    lanes = Lanes(monkeypatch)
    with watching_nothing(home, workers=1) as watch:
        home.write("A.md", TRAINING)
        begins(watch, home)
        for name in ("B", "C"):
            home.write(f"{name}.md", logs(name))
        watch.until(lambda: len(lanes.ranks) == 3, "the run of both")
        home.write("E.md", logs("edited"))
        watch.until(lambda: len(lanes.ranks) == 4, "the run of the edit")
        ends(watch, home)
        watch.until(lambda: len(home.read("order").split()) == 3, "all of them")
        assert home.read("order").split()[0] == "edited"
