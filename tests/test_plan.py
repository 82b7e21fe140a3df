"""Plans: what runs, is replayed, reused or left, and why. Pure tables and laws."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from test_graph import note

from runner.graph import Graph, build
from runner.job import Mode
from runner.note import Note, Options
from runner.plan import Action, Plan, Request, Stored, plan, timeout_of
from runner.result import Result, Status

CPU = Request(scope={"N.md"})


def with_options(given: Note, **options: dict[str, Any]) -> Note:
    """``given`` with options of the blocks named by id."""
    blocks = (
        replace(block, options=Options(**options.get(block.id, {}))) for block in given.blocks
    )
    return replace(given, blocks=tuple(blocks))


def all_stored(graph: Graph, device: str = "cpu", **statuses: Status) -> dict[Any, Stored]:
    """A current result of every block, ok but for those named."""
    return {
        key: Stored(node.digest, node.parts, Result(statuses.get(key[1], Status.OK), device=device))
        for key, node in graph.nodes.items()
    }


def decided(made: Plan) -> dict[str, Action]:
    return {key[1]: decision.action for key, decision in made.decisions.items()}


def because(made: Plan, id: str) -> str:
    return next(d.because for key, d in made.decisions.items() if key[1] == id)


def lanes(made: Plan) -> list[list[str]]:
    """The steps of each lane: an id, in brackets where it is replayed."""
    return [
        [step.id if step.mode is Mode.RUN else f"({step.id})" for step in lane.steps]
        for lane in made.lanes
    ]


CHAIN = "s1: import math | c1: def f(): return math.pi | r1: x = f() | r2: print(x) | r3: print(2)"


def test_nothing_is_known() -> None:
    graph = build([note(CHAIN)])
    made = plan(graph, {}, CPU)
    assert set(decided(made).values()) == {Action.RUN}
    assert {d.because for d in made.decisions.values()} == {"no stored result"}
    assert lanes(made) == [["s1", "c1", "r1", "r2", "r3"]]


def test_all_is_known() -> None:
    graph = build([note(CHAIN)])
    made = plan(graph, all_stored(graph), CPU)
    assert set(decided(made).values()) == {Action.REUSE}
    assert {d.because for d in made.decisions.values()} == {"unchanged"}
    assert made.lanes == ()


def after_edit(before: str, after: str, **request: Any) -> Plan:
    """The plan for ``after`` when ``before`` has run."""
    old, new = build([note(before)]), build([note(after)])
    return plan(new, all_stored(old), replace(CPU, **request))


def test_an_edit_runs_descendants_and_replays_ancestors() -> None:
    made = after_edit(CHAIN, CHAIN.replace("x = f()", "x = f() + 1"))
    assert decided(made) == {
        "s1": Action.REPLAY,
        "c1": Action.REPLAY,
        "r1": Action.RUN,
        "r2": Action.RUN,
        "r3": Action.REUSE,
    }
    assert lanes(made) == [["(s1)", "(c1)", "r1", "r2"]]
    assert because(made, "r1") == "its code, options or seed changed"
    assert because(made, "r2") == "`r1`, which it depends on, changed"
    assert because(made, "c1") == "`r1` needs its definitions"


REASONS = {
    "force": ({"force": True}, {}, {}, "forced"),
    "cache: false": ({}, {"r3": {"cache": False}}, {}, "`cache: false`"),
    "timeout": ({}, {}, {"r3": Status.TIMEOUT}, "the last run ended in timeout"),
    "crash": ({}, {}, {"r3": Status.CRASHED}, "the last run ended in crashed"),
}


@pytest.mark.parametrize(("request_", "options", "status", "reason"), REASONS.values(), ids=REASONS)
def test_why_a_known_block_runs(
    request_: dict[str, Any], options: dict[str, Any], status: dict[str, Any], reason: str
) -> None:
    graph = build([with_options(note(CHAIN), **options)])
    made = plan(graph, all_stored(graph, **status), replace(CPU, **request_))
    assert decided(made)["r3"] is Action.RUN
    assert because(made, "r3") == reason


@pytest.mark.parametrize("status", [Status.FAILED, Status.SKIPPED, Status.OK])
def test_what_is_kept(status: Status) -> None:
    graph = build([note(CHAIN)])
    made = plan(graph, all_stored(graph, r3=status), CPU)
    assert decided(made)["r3"] is Action.REUSE


def test_what_changed_outside_the_notes() -> None:
    graph = build([note(CHAIN)])
    stored = all_stored(graph)
    stored["N.md", "c1"] = replace(stored["N.md", "c1"], outdated="helper.py changed")
    made = plan(graph, stored, CPU)
    assert {id for id, action in decided(made).items() if action is Action.RUN} == {
        "c1",
        "r1",
        "r2",
    }
    assert because(made, "c1") == "helper.py changed"
    assert because(made, "r1") == "depends on `c1`, which runs again"


def test_a_result_of_another_device_is_none() -> None:
    graph = build([note("r1: print(1)")])
    stored = all_stored(graph, device="cuda")
    made = plan(graph, stored, replace(CPU, device="cpu", devices=("cpu", "cuda:0")))
    assert because(made, "r1") == "the last run was on cuda"


DEVICES = [
    # option, wanted, machine -> device the block runs on, None: left
    ((), "cpu", ("cpu",), "cpu"),
    ((), "cuda", ("cpu", "cuda:0"), "cuda"),
    (("cpu",), "cuda", ("cpu", "cuda:0"), "cpu"),
    (("cuda",), "cpu", ("cpu",), None),
    (("cuda",), "cpu", ("cpu", "cuda:0"), "cuda"),
    (("cuda",), "cuda:1", ("cpu", "cuda:0", "cuda:1"), "cuda:1"),
    (("cuda:1",), "cpu", ("cpu", "cuda:0"), None),
    (("cuda", "cpu"), "cpu", ("cpu",), "cpu"),
    (("mps", "cpu"), "cuda", ("cpu", "cuda:0"), "cpu"),
    (("mps",), "cpu", ("cpu", "mps"), "mps"),
]


@pytest.mark.parametrize(("option", "wanted", "machine", "expected"), DEVICES)
def test_devices(
    option: tuple[str, ...], wanted: str, machine: tuple[str, ...], expected: str | None
) -> None:
    graph = build([with_options(note("r1: print(1)"), r1={"device": option})])
    made = plan(graph, {}, replace(CPU, device=wanted, devices=machine))
    decision = made.decisions["N.md", "r1"]
    if expected is None:
        assert decision.action is Action.SKIP
        assert decision.because == f"needs {option[0]}, which this machine lacks"
        assert decision.result is not None and decision.result.status is Status.SKIPPED
    else:
        assert (decision.action, decision.device) == (Action.RUN, expected)


REFUSED = {
    "slow": ({"r1": {"slow": True}}, "slow: runs only with --slow"),
    "cuda": ({"r1": {"device": ("cuda",)}}, "needs cuda, which this machine lacks"),
}


@pytest.mark.parametrize(("options", "reason"), REFUSED.values(), ids=REFUSED)
def test_dependents_of_a_block_that_may_not_run(options: dict[str, Any], reason: str) -> None:
    graph = build([with_options(note("r1: x = 1 | r2: print(x) | r3: print(3)"), **options)])
    made = plan(graph, {}, CPU)
    assert decided(made) == {"r1": Action.SKIP, "r2": Action.SKIP, "r3": Action.RUN}
    assert because(made, "r1") == reason
    assert because(made, "r2").startswith("depends on `r1`, which ")
    assert lanes(made) == [["r3"]]


def test_slow_blocks_run_when_asked_for() -> None:
    graph = build([with_options(note("r1: x = 1 | r2: print(x)"), r1={"slow": True})])
    assert set(decided(plan(graph, {}, replace(CPU, slow=True))).values()) == {Action.RUN}


def test_a_current_slow_block_is_reused_and_its_users_too() -> None:
    graph = build([with_options(note("r1: x = 1 | r2: print(x)"), r1={"slow": True})])
    assert set(decided(plan(graph, all_stored(graph), CPU)).values()) == {Action.REUSE}


def test_an_edit_behind_a_slow_block_does_not_replay_it() -> None:
    before = with_options(note("r1: x = 1 | r2: print(x)"), r1={"slow": True})
    after = with_options(note("r1: x = 1 | r2: print(x, 2)"), r1={"slow": True})
    made = plan(build([after]), all_stored(build([before])), CPU)
    assert decided(made) == {"r1": Action.REUSE, "r2": Action.SKIP}
    assert because(made, "r2") == "depends on `r1`, which is slow: run with --slow"


def test_faulty_blocks_and_their_dependents_are_left() -> None:
    given = note("r1: x = 1 | r2: print(x) | r3: print(3)")
    blocks = (replace(given.blocks[0], fault="There is no option x."), *given.blocks[1:])
    made = plan(build([replace(given, blocks=blocks)]), {}, CPU)
    assert decided(made) == {"r1": Action.SKIP, "r2": Action.SKIP, "r3": Action.RUN}
    assert because(made, "r1") == "There is no option x."
    assert because(made, "r2") == "depends on `r1`, which has an error in its text"


def test_a_known_failure_leaves_its_dependents() -> None:
    graph = build([note("c1: def f(): pass | r1: f() | r2: print(2)")])
    stored = all_stored(graph, c1=Status.FAILED)
    del stored["N.md", "r1"]
    made = plan(graph, stored, CPU)
    assert decided(made) == {"c1": Action.REUSE, "r1": Action.SKIP, "r2": Action.REUSE}
    assert because(made, "r1") == "depends on `c1`, which failed"


def test_selection_leaves_the_others_untouched() -> None:
    graph = build([note(CHAIN)])
    made = plan(graph, {}, replace(CPU, select="r2"))
    assert decided(made) == {
        "s1": Action.REPLAY,
        "c1": Action.REPLAY,
        "r1": Action.REPLAY,
        "r2": Action.RUN,
        "r3": Action.SKIP,
    }
    assert made.decisions["N.md", "r3"].result is None, "what is not selected keeps its region"
    assert lanes(made) == [["(s1)", "(c1)", "(r1)", "r2"]]


def test_a_selection_that_is_no_expression() -> None:
    with pytest.raises(ValueError, match="-k `a and`"):
        plan(build([note(CHAIN)]), {}, replace(CPU, select="a and"))


# --- lanes -----------------------------------------------------------------------------------

LANES = {
    "tests run with the definitions": (
        "c1: def f(): pass | t1: f() | t2: f()",
        [["c1", "t1", "t2"]],
    ),
    "tests run apart from run blocks": (
        "c1: def f(): pass | r1: f() | t1: f()",
        [["c1", "r1"], ["(c1)", "t1"]],
    ),
    "a test that uses a run block has its own process": (
        "c1: def f(): pass | r1: x = f() | t1: f() | t2: assert x",
        [["c1", "r1"], ["(c1)", "t1"], ["(c1)", "(r1)", "t2"]],
    ),
    "run blocks alone": ("r1: print(1) | r2: print(2)", [["r1", "r2"]]),
    "tests alone": ("t1: assert 1 | t2: assert 2", [["t1", "t2"]]),
}


@pytest.mark.parametrize(("text", "expected"), LANES.values(), ids=LANES)
def test_lanes(text: str, expected: list[list[str]]) -> None:
    assert lanes(plan(build([note(text)]), {}, CPU)) == expected


def test_a_lane_waits_for_the_definitions_it_imports() -> None:
    base = note("c1: def f(): pass", "Base.md", "base")
    user = note("r1: from vault.base import f; f()", "A.md", "a")
    graph = build([user, base])
    made = plan(graph, {}, Request(scope={"A.md", "Base.md"}))
    assert [lane.note for lane in made.lanes] == ["Base.md", "A.md"]
    assert made.lanes[1].after == (0,)
    alone = plan(graph, {}, Request(scope={"A.md"}))
    assert [lane.note for lane in alone.lanes] == ["A.md"]
    assert alone.lanes[0].after == ()


def test_steps_know_what_they_need() -> None:
    (lane,) = plan(build([note(CHAIN)]), {}, CPU).lanes
    needs = {step.id: set(step.needs) for step in lane.steps}
    assert needs == {
        "s1": set(),
        "c1": {"s1"},
        "r1": {"s1", "c1"},
        "r2": {"s1", "c1", "r1"},
        "r3": set(),
    }


@pytest.mark.parametrize(
    ("option", "command", "of_note", "expected"),
    [
        (None, None, None, 60.0),
        (None, None, 7, 7.0),
        (None, 5.0, 7, 5.0),
        (2.0, 5.0, 7, 2.0),
    ],
)
def test_time_limits(
    option: float | None, command: float | None, of_note: int | None, expected: float
) -> None:
    given = with_options(note("r1: print(1)"), r1={"timeout": option})
    given = replace(given, properties={} if of_note is None else {"timeout": of_note})
    graph = build([given])
    node = graph.nodes["N.md", "r1"]
    assert timeout_of(graph, node, replace(CPU, timeout=command)) == expected


def test_a_device_that_the_note_names_is_named_where_it_lacks() -> None:
    graph = build([replace(note("r1: x = 1"), properties={"device": "cuda"})])
    assert because(plan(graph, {}, CPU), "r1") == "needs cuda, which this machine lacks"


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        # So does another Python's reading of the same text.
        ("s1: a = 1 | r1: print(2)", "it no longer depends on `s1`"),
        ("r1: print(2)", "`s1`, which it depends on, is gone"),
    ],
)
def test_a_dependency_less(after: str, reason: str) -> None:
    old, new = build([note("s1: a = 1 | r1: print(a)")]), build([note(after)])
    own = {"N.md#r1": new.nodes["N.md", "r1"].parts["N.md#r1"]}
    stored = all_stored(old)
    stored["N.md", "r1"] = replace(
        stored["N.md", "r1"], parts={**stored["N.md", "r1"].parts, **own}
    )
    assert because(plan(new, stored, CPU), "r1") == reason


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        ("r1: a = 2 | r2: exec('b = 1')", "`r1` changed, which `r2` may use: its `exec()` may define anything"),
        ("r1: a = 1 | r2: exec('b = 2')", "`r2` changed: its `exec()` may define anything"),
    ],
)  # fmt: skip
def test_what_runs_because_of_code_made_as_it_runs(after: str, reason: str) -> None:
    stored = all_stored(build([note("r1: a = 1 | r2: exec('b = 1') | r3: print(3)")]))
    made = plan(build([note(f"{after} | r3: print(3)")]), stored, CPU)
    assert because(made, "r3") == reason
