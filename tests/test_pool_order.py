"""Whom a pool serves first: lanes of a later rank, and those of rank 0 when nobody else is there."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from lanes import a_pool, block, job, note, run

from runner.job import Job
from runner.pool import BlockStarted, LaneEnded, Pool

GATE = "import pathlib, time\nwhile not pathlib.Path('gate').exists(): time.sleep(.01)"


def work(folder: Path, source: str) -> Job:
    return job(note(folder, "n", block("run", "b", source)))


def order(pool: Pool, lanes: int) -> list[int]:
    """The lanes in the order in which they begin, until so many have ended."""
    begun = list[int]()
    while lanes:
        event = pool.next_event(60)
        assert event is not None, "the pool says nothing"
        begun += [event.lane] if isinstance(event, BlockStarted) else []
        lanes -= isinstance(event, LaneEnded)
    return begun


def test_of_those_that_wait_the_highest_rank_begins_first(tmp_path: Path) -> None:
    with a_pool() as pool:
        first = pool.submit(work(tmp_path, GATE), 1)
        assert pool.next_event(60) == BlockStarted(first, "b")
        ranks = [2, 0, 3, 2, 1, 3]
        lanes = [pool.submit(work(tmp_path, "1"), rank) for rank in ranks]
        (tmp_path / "gate").touch()
        expected = [lanes[at] for at in sorted(range(6), key=lambda at: -ranks[at])]
        assert order(pool, 7) == expected


@pytest.mark.parametrize("heard", [None, lambda: None], ids=["run", "watch"])
def test_rank_0_waits_until_nothing_else_runs(tmp_path: Path, heard: object) -> None:
    with a_pool(workers=3, heard=heard) as pool:
        busy = pool.submit(work(tmp_path, GATE))
        assert pool.next_event(60) == BlockStarted(busy, "b")
        last = [pool.submit(work(tmp_path, "1"), 0) for _ in range(2)]
        assert run(pool, work(tmp_path, "1")).finished
        meanwhile = [pool.next_event(0.1) for _ in range(3)]
        assert not any(isinstance(event, BlockStarted) for event in meanwhile)
        (tmp_path / "gate").touch()
        assert order(pool, 3) == last


def test_rank_0_leaves_the_spare_worker_alone(tmp_path: Path) -> None:
    with a_pool(workers=3, heard=lambda: None) as pool:
        (spare,) = pool._spare
        assert run(pool, work(tmp_path, "1")).finished
        while not pool._spare:
            time.sleep(0.01)
        (spare,) = pool._spare
        lane = pool.submit(work(tmp_path, "1"), 0)
        assert order(pool, 1) == [lane]
        assert pool._spare == [spare]
