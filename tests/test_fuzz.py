"""Samples of the long runs that stand beside: each says how to run it whole."""

from __future__ import annotations

import os
import sys

import fuzz_edits
import fuzz_parser
import pytest

posix = pytest.mark.skipif(sys.platform == "win32", reason="forks its runs")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs name folders of their own, for themselves alone."""
    for name in ("RUNNER_STATE", "RUNNER_CACHE"):
        monkeypatch.setenv(name, os.environ.get(name, ""))


def test_edits_between_planning_and_writing_lose_nothing() -> None:
    count = fuzz_edits.fuzz(rounds=400, seed=7)
    assert (count.lost, count.foreign) == ([], [])
    assert count.tame > 20 and count.outputs > 20, "little was tried"


def test_an_open_editor_loses_nothing() -> None:
    pytest.importorskip("diff_match_patch", reason="merges as the editor does")
    import fuzz_editor

    count = fuzz_editor.fuzz(range(25), seed=7)
    assert count.lost == []
    assert count.merges > 5, "nobody typed while something was written"
    assert count.longest_step <= 200


def test_random_and_mutated_notes_are_read_and_left_alone() -> None:
    count = fuzz_parser.fuzz(rounds=800, seed=7)
    assert count.faults == []
    assert min(count.undecodable, count.blocks, count.regions) > 10, "little was tried"


@posix
def test_a_killed_run_leaves_whole_notes() -> None:
    import fuzz_kills

    count = fuzz_kills.fuzz(rounds=8, seed=7)
    assert count.faults == []
    assert count.too_late < count.kills, "nothing was killed"


@posix
def test_a_killed_write_in_place_is_finished() -> None:
    import fuzz_kills

    count = fuzz_kills.fuzz_in_place(rounds=30, seed=7)
    assert count.faults == []
    assert count.torn > 1, "no kill hit a note half written"


@posix
def test_readers_see_whole_notes() -> None:
    import fuzz_kills

    reads, torn = fuzz_kills.read_beside(writes=150, readers=2)
    assert torn == 0
    assert reads > 50
