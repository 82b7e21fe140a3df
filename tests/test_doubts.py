"""Whose fault it is: which results of a process are taken, and what a fresh one has to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_graph import note

from runner.doubts import doubt_of, rest, strangers
from runner.events import BlockDone, BlockStarted, LaneEnded
from runner.execution import Execution
from runner.graph import build
from runner.job import Job, Mode
from runner.lanes import Lane
from runner.note import Severity
from runner.plan import Request, plan
from runner.result import Failure, Frame, Place, Result, Status

CPU = Request(scope={"N.md"})


def first_lane(text: str) -> tuple[object, Lane]:
    graph = build([note(text)])
    return graph, plan(graph, {}, CPU).lanes[0]


def shown(lane: Lane) -> list[str]:
    return [step.id if step.mode is Mode.RUN else f"({step.id})" for step in lane.steps]


# --- what is left of a lane ----------------------------------------------------------------------

# Name: (the note, blocks that are left, blocks at which a process ended, the steps).
RESTS = {
    "what is left": ("r1: print(1) | r2: print(2) | r3: print(3)", "r2 r3", "", ["r2", "r3"]),
    "what it rests on is replayed": (
        "r1: x = 1 | r2: print(2) | r3: print(x)",
        "r3",
        "",
        ["(r1)", "r3"],
    ),
    "what changed it is replayed": (
        "r1: x = [] | r2: x.append(1) | r3: print(3) | r4: print(x)",
        "r4",
        "",
        ["(r1)", "(r2)", "r4"],
    ),
    "what may have changed what it finds is replayed": (
        "c1: X = [] | r2: import builtins; builtins.print = None | c3: print(X)",
        "c3",
        "",
        ["(c1)", "(r2)", "c3"],
    ),
    "nothing behind the last": ("c1: X = 1 | r2: print(X) | r3: print(X)", "r2", "", ["(c1)", "r2"]),
    "a test sees all definitions above it": (
        "c1: X = 1 | t2: assert True | c3: Y = 2",
        "t2",
        "",
        ["(c1)", "t2"],
    ),
    "not those at which a process ended": (
        "c1: X = 1 | c2: Y = 2 | t3: assert True",
        "t3",
        "c1",
        ["(c2)", "t3"],
    ),
    "nor what needs them": (
        "c1: X = 1 | c2: Y = X | c3: Z = 3 | t4: assert True",
        "t4",
        "c1",
        ["(c3)", "t4"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "left", "deadly", "steps"), RESTS.values(), ids=RESTS)
def test_what_a_fresh_process_has_to_do(
    text: str, left: str, deadly: str, steps: list[str]
) -> None:
    graph, lane = first_lane(text)
    found = rest(graph, lane, left.split(), deadly.split())  # type: ignore[arg-type]
    assert shown(found) == steps
    assert found.after == ()


@pytest.mark.parametrize(
    ("text", "block", "strange"),
    [
        ("r1: print(1) | r2: print(2)", "r1", set()),
        ("r1: print(1) | r2: print(2) | r3: print(3)", "r3", {"r1", "r2"}),
        ("r1: x = 1 | r2: print(2) | r3: print(x)", "r3", {"r2"}),
        ("c1: X = 1 | t2: assert True | t3: assert X", "t3", {"t2"}),
        ("c1: X = 1 | r2: print(2)", "r2", {"c1"}),
    ],
)
def test_strangers_are_what_a_run_of_the_block_alone_leaves_out(
    text: str, block: str, strange: set[str]
) -> None:
    graph, lane = first_lane(text)
    assert strangers(graph, lane, block) == strange  # type: ignore[arg-type]


# --- whether a result counts ---------------------------------------------------------------------

NOTE = "r1: x = 1 | r2: y = 2 | r3: print(x)"  # of r3 r2 is a stranger, r1 is none


def seen_in(block: str) -> Result:
    """A crash that was seen in ``block``."""
    place = Place("vault.n", block, 1)
    return Result(Status.CRASHED, failure=Failure("Crash", "", (Frame("f", "", place),)))


CRASHED, FAILED = Result(Status.CRASHED), Result(Status.FAILED)
ON_GPU = Result(Status.FAILED, device="cuda")
# Name: (block, what it began beside, its result, others run, the culprit or None, a word).
DOUBTS = {
    "fine": ("r3", {}, {}, Result(Status.OK), False, None, ""),
    "a failure of its own": ("r3", {"beside": ("r2",)}, {}, FAILED, True, None, ""),
    "the first of a process": ("r1", {}, {}, CRASHED, False, None, ""),
    "a crash beside one that left nothing": ("r3", {}, {}, CRASHED, False, "", "ended the process"),
    "a crash in a stranger's line": ("r3", {}, {}, seen_in("r2"), False, "r2", "ended the process"),
    "a crash in its own line": ("r3", {}, {}, seen_in("r3"), False, "", "ended the process"),
    "a crash beside its thread": ("r3", {"beside": ("r2",)}, {}, CRASHED, False, "r2", "ended"),
    "a kill by the system": ("r3", {"holder": "r2"}, {"spent": True}, CRASHED, False, "r2", "ended"),
    "no memory": ("r3", {"holder": "r2"}, {"spent": True}, FAILED, False, "r2", "too little memory"),
    "no memory, and its own needs hold it": (
        "r3", {"holder": "r1"}, {"spent": True}, FAILED, False, "", "too little memory"
    ),
    "no memory in the first": ("r1", {}, {"spent": True}, FAILED, True, None, ""),
    "a kill of the first beside other processes": (
        "r1", {}, {"spent": True}, CRASHED, True, "", "what ran beside it left too little memory"
    ),
    "no memory of the GPU beside others": ("r1", {}, {"spent": True}, ON_GPU, True, "", "too little"),
    "a time-out": ("r3", {}, {}, Result(Status.TIMEOUT), False, None, ""),
    "a time-out beside a thread": (
        "r3", {"beside": ("r2",)}, {}, Result(Status.TIMEOUT), False, "r2", "still ran"
    ),
    "a time-out beside a thread it needs": (
        "r3", {"beside": ("r1",)}, {}, Result(Status.TIMEOUT), False, None, ""
    ),
    "another's text": ("r3", {}, {"heard": ("r2",)}, Result(Status.OK), False, "r2", "printing"),
    "text of a thread it needs": ("r3", {}, {"heard": ("r1",)}, Result(Status.OK), False, None, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", DOUBTS)
def test_a_result_that_another_block_may_have_caused_is_not_taken(name: str) -> None:
    block, before, told, result, others, culprit, word = DOUBTS[name]
    graph, lane = first_lane(NOTE)
    begun = BlockStarted(1, block, **before)  # type: ignore[arg-type]
    done = BlockDone(1, block, result, **told)  # type: ignore[arg-type]
    found = doubt_of(graph, lane, begun, done, others)  # type: ignore[arg-type]
    if culprit is None:
        assert found is None
        return
    assert found is not None
    assert (found.block, found.culprit) == (block, culprit)
    assert found.scarce == (others and bool(told))
    problem = found.problem(graph, "N.md")  # type: ignore[arg-type]
    assert problem.severity is Severity.WARNING
    assert word in problem.what and f"`{block}` was run again" in problem.what


# --- a plan carried out --------------------------------------------------------------------------


class Jobs:
    """A pool that remembers what it is to do, and does nothing."""

    def __init__(self) -> None:
        self.made: list[list[str]] = []
        self.cancelled: list[int] = []
        self.ranks: list[int] = []

    def submit(self, job: Job, rank: int) -> int:
        self.ranks.append(rank)
        self.made.append([s.id if s.mode is Mode.RUN else f"({s.id})" for s in job.steps])
        return len(self.made)

    def cancel(self, lane: int) -> None:
        self.cancelled.append(lane)


def carried_out(text: str) -> tuple[Execution, Jobs]:
    graph, jobs = build([note(text)]), Jobs()
    made = Execution(
        graph,
        plan(graph, {}, CPU),
        Path("/"),
        jobs,
        threads=1,
        figures="png",
        listen=lambda _: None,  # type: ignore[arg-type]
    )
    made.begin()
    return made, jobs


def fine(execution: Execution, lane: int, *blocks: str) -> None:
    for block in blocks:
        execution.hear(BlockStarted(lane, block))
        execution.hear(BlockDone(lane, block, Result(Status.OK)))


THREE = "r1: print(1) | r2: print(2) | r3: print(3)"


def test_a_process_that_ends_between_two_blocks_costs_neither_its_result() -> None:
    execution, jobs = carried_out(THREE)
    fine(execution, 1, "r1")
    execution.hear(LaneEnded(1, False, "killed by SIGKILL"))
    fine(execution, 2, "r2")
    execution.hear(LaneEnded(2, True))
    fine(execution, 3, "r3")
    assert execution.hear(LaneEnded(3, True)) == "N.md"
    assert jobs.made == [["r1", "r2", "r3"], ["r2"], ["r3"]]
    assert {result.status for result in execution.results.values()} == {Status.OK}
    ((_, warning),) = execution.warnings
    assert "ended the process before `r2` began: `r2` was run again" in warning.what


def test_a_block_that_cannot_begin_in_a_process_of_its_own_has_crashed() -> None:
    execution, jobs = carried_out("r1: x = 1 | r2: print(x) | r3: print(3)")
    fine(execution, 1, "r1")
    execution.hear(LaneEnded(1, False, "killed by SIGSEGV"))
    execution.hear(BlockStarted(2, "r1"))
    execution.hear(LaneEnded(2, False, "killed by SIGSEGV at vault.n#r1:1"))
    assert jobs.made == [["r1", "r2", "r3"], ["(r1)", "r2"], ["r3"]]
    told = execution.results["N.md", "r2"]
    assert told.status is Status.CRASHED
    assert told.reason == (
        "its worker ended before the block began (killed by SIGSEGV at vault.n#r1:1)"
    )
    assert execution.results["N.md", "r1"].status is Status.OK
    assert execution.warnings == []


def test_a_process_that_ends_after_its_last_block_costs_nothing() -> None:
    execution, jobs = carried_out(THREE)
    fine(execution, 1, "r1", "r2", "r3")
    assert execution.hear(LaneEnded(1, False, "killed by SIGKILL")) == "N.md"
    assert len(jobs.made) == 1
    assert {result.status for result in execution.results.values()} == {Status.OK}


def test_what_was_under_way_beside_a_doubt_runs_again() -> None:
    execution, jobs = carried_out(THREE)
    fine(execution, 1, "r1")
    execution.hear(BlockStarted(1, "r2"))
    execution.hear(BlockDone(1, "r2", Result(Status.OK), heard=("r1",)))
    assert jobs.cancelled == [1]
    fine(execution, 1, "r3")  # said before the pool heard of that
    execution.hear(LaneEnded(1, True))
    assert ("N.md", "r3") not in execution.results
    fine(execution, 2, "r2")
    execution.hear(LaneEnded(2, True))
    assert jobs.made == [["r1", "r2", "r3"], ["r2"], ["r3"]]


def test_a_replayed_block_that_dies_is_told_where_nothing_else_can_be_the_cause() -> None:
    execution, jobs = carried_out("r1: print(1) | r2: x = 1 | r3: print(x)")
    fine(execution, 1, "r1", "r2")
    execution.hear(BlockStarted(1, "r3"))
    execution.hear(BlockDone(1, "r3", Result(Status.CRASHED)))
    execution.hear(LaneEnded(1, False))
    execution.hear(BlockStarted(2, "r2"))
    execution.hear(BlockDone(2, "r2", Result(Status.CRASHED)))
    assert execution.hear(LaneEnded(2, False)) == "N.md"
    assert jobs.made == [["r1", "r2", "r3"], ["(r2)", "r3"]]
    found = {id: result.status for (_, id), result in execution.results.items()}
    assert found == {"r1": Status.OK, "r2": Status.CRASHED, "r3": Status.SKIPPED}


def test_a_block_that_the_system_killed_beside_others_waits_till_it_is_alone() -> None:
    execution, jobs = carried_out("r1: print(1) | t2: assert True")
    execution.hear(BlockStarted(1, "r1"))
    execution.hear(BlockDone(1, "r1", Result(Status.CRASHED), spent=True))
    execution.hear(LaneEnded(1, False))
    assert jobs.made == [["r1"], ["t2"], ["r1"]]
    assert jobs.ranks == [1, 1, 0]


def test_others_that_have_ended_by_now_count() -> None:
    execution, jobs = carried_out("r1: print(1) | t2: assert True")
    fine(execution, 2, "t2")
    execution.hear(LaneEnded(2, True))
    execution.hear(BlockStarted(1, "r1"))
    execution.hear(BlockDone(1, "r1", Result(Status.FAILED, device="cuda"), spent=True))
    execution.hear(LaneEnded(1, False))
    assert jobs.made == [["r1"], ["t2"], ["r1"]]
