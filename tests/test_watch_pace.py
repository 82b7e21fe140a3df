"""When a watched note may be written, by a clock that tests set."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from clocks import Clock

from runner.outbox import Outbox
from runner.pace import OBSIDIAN, PLAIN, Manners, Pace
from runner.sightings import Sightings
from runner.vault import Vault


def test_the_usual_manners() -> None:
    assert (PLAIN.quiet, PLAIN.longest) == (0.3, None)
    assert (OBSIDIAN.quiet, OBSIDIAN.longest) == (2.5, 200)


def test_a_note_that_nobody_edited_may_be_written(clock: Clock) -> None:
    assert Pace(PLAIN, clock).is_due("A.md")


def test_each_edit_begins_the_quiet_time_anew(clock: Clock) -> None:
    pace = Pace(Manners(quiet=2.5), clock)
    for _ in range(5):
        pace.edited("A.md")
        clock.now += 2.4
        assert not pace.is_due("A.md")
        assert pace.is_due("B.md")
    clock.now += 0.2
    assert pace.is_due("A.md")


def test_an_edit_from_before_the_watch_counts_from_then(clock: Clock) -> None:
    pace = Pace(Manners(quiet=2.5), clock)
    pace.edited("A.md", ago=2.0)
    assert pace.due("A.md") == clock.now + 0.5
    pace.edited("A.md", ago=-60.0)  # a file from the future
    assert pace.due("A.md") == clock.now + 2.5


def test_steps_keep_their_distance_and_wait_for_typing(clock: Clock) -> None:
    pace = Pace(Manners(quiet=2.5, pause=0.3), clock)
    pace.stepped("A.md")
    assert pace.due("A.md") == clock.now + 0.3
    clock.now += 0.1
    pace.edited("A.md")
    assert pace.due("A.md") == clock.now + 2.5


def test_tables_wait_for_notes_and_the_watch_sleeps_until_then(
    clock: Clock, tmp_path: Path
) -> None:
    pace, nobody = Pace(Manners(quiet=2.5), clock), cast(Any, None)
    seen = Sightings(Vault(tmp_path))
    seen.tables.add("Table.md")
    outbox = Outbox(nobody, seen, changes=nobody, pace=pace, paths=[""], writes=True, tell=nobody)
    assert outbox.due() == float("inf")
    outbox.put_tables(nobody, nobody, ["A.md"])
    assert outbox.due() < clock.now
    pace.edited("A.md")
    outbox.put("A.md", nobody, nobody, nobody)
    assert outbox.due() == clock.now + 2.5
