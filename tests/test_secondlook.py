"""Second looks as values: which notes deserve one, what it shows, what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_graph import note
from test_plan import with_options

from runner.graph import Graph, build
from runner.note import Note
from runner.outcome import Outcome
from runner.plan import Action, Request, Stored, plan
from runner.result import Figure, Place, Result, Status, Text
from runner.secondlook import (
    Candidates,
    code_of,
    confirmed,
    corrected,
    differing,
    is_cheap,
    problems_of,
)

PATH = "N.md"
NOTE = "s1: k = 1 | c1: def f(): return k | r1: print(f()) | r2: print(2) | t1: assert f()"
EDITED = NOTE.replace("print(2)", "print(3)")
FOUND = Result(Status.OK, (Text("1"),), seconds=0.1, device="cpu")


def known(graph: Graph, results: Mapping[str, Result]) -> dict[Any, Stored]:
    return {
        key: Stored(node.digest, node.parts, results.get(key[1], FOUND))
        for key, node in graph.nodes.items()
    }


def ended(before: Note | None, after: Note, *, slow: bool = False, **results: Result) -> Outcome:
    """The run of ``after`` when all of ``before`` was known: what it took or found by block."""
    graph = build([after])
    stored = known(build([before]), results) if before else {}
    made = plan(graph, stored, Request({PATH}, slow=slow))
    running = (key for key, d in made.decisions.items() if d.action is Action.RUN)
    found = {key: results.get(key[1], FOUND) for key in running}
    return Outcome(graph, [PATH], {"cpu": made}, {"cpu": found})


def edited(**results: Result) -> Outcome:
    return ended(note(NOTE), note(EDITED), **results)


def waits(candidates: Candidates, *outcomes: Outcome) -> bool:
    for outcome in outcomes:
        candidates.weigh(outcome, [PATH])
    return len(candidates) > 0


# --- which notes


def test_what_an_edit_left_in_doubt_waits() -> None:
    outcome = edited()
    candidates = Candidates()
    assert waits(candidates, outcome)
    assert candidates.take() == (PATH, outcome)
    assert len(candidates) == 0


def test_a_clean_run_leaves_no_doubt() -> None:
    assert not waits(Candidates(), ended(None, note(NOTE)))


def test_what_an_earlier_watch_left_is_no_doubt() -> None:
    assert not waits(Candidates(), ended(note(NOTE), note(NOTE)))


@pytest.mark.parametrize(
    "after",
    [
        NOTE.replace(" | r2: print(2)", ""),  # what it changed unseen is still in the others
        NOTE.replace("r1: print(f()) | r2: print(2)", "r2: print(2) | r1: print(f())"),
    ],
    ids=["taken out", "moved"],
)
def test_a_block_that_is_taken_out_or_moved_leaves_doubt_though_nothing_runs(after: str) -> None:
    gone = ended(note(NOTE), note(after))
    assert {d.action for d in gone.plans["cpu"].decisions.values()} == {Action.REUSE}
    assert waits(Candidates(), ended(None, note(NOTE)), gone)


def test_each_state_of_the_code_is_looked_at_once() -> None:
    candidates = Candidates()
    assert waits(candidates, edited())
    candidates.settle(*candidates.take())
    assert not waits(candidates, edited())
    assert not waits(candidates, ended(note(EDITED), note(EDITED)))
    again = ended(note(EDITED), note(EDITED.replace("print(3)", "print(4)")))
    assert waits(candidates, again)


def test_prose_that_is_saved_before_the_look_leaves_the_doubt() -> None:
    assert waits(Candidates(), edited(), ended(note(EDITED), note(EDITED)))


def test_a_clean_run_ends_the_doubt_of_an_earlier_one() -> None:
    assert not waits(Candidates(), edited(), ended(None, note(EDITED)))


def test_an_imported_note_leaves_its_importers_in_doubt() -> None:
    """Though none of their blocks ran: they take nothing of it that changed."""

    def at(value: int) -> Graph:
        base = note(f"c1: X = 1 | c2: Y = {value} | r1: print(Y)", "B.md", "b")
        return build([base, note("r1: from vault.b import X; print(X)", "U.md", "u")])

    def whole(graph: Graph, before: Graph | None) -> Outcome:
        made = plan(graph, known(before, {}) if before else {}, Request({"U.md"}))
        return Outcome(graph, ["U.md"], {"cpu": made}, {"cpu": {("U.md", "r1"): FOUND}})

    candidates = Candidates()
    candidates.weigh(whole(at(1), None), ["U.md"])
    candidates.weigh(whole(at(1), at(1)), ["U.md"])
    assert len(candidates) == 0
    candidates.weigh(whole(at(2), at(1)), ["U.md"])
    assert candidates.take()[0] == "U.md"


def test_what_an_import_does_not_execute_is_no_code_of_the_importer() -> None:
    def importing(experiment: str) -> Graph:
        base = note(f"c1: X = 1 | r1: {experiment}", "B.md", "b")
        return build([base, note("r1: from vault.b import X", "U.md", "u")])

    assert code_of(importing("print(1)"), "U.md") == code_of(importing("print(2)"), "U.md")
    assert code_of(importing("print(1)"), "B.md") != code_of(importing("print(2)"), "B.md")


def test_of_many_notes_few_wait_and_those_in_which_something_ran_come_first() -> None:
    notes = [note(f"r1: print(1) | r2: print({n})", f"N{n}.md", f"n{n}") for n in range(30)]
    stored = known(build(notes), {})
    del stored["N7.md", "r2"]

    def run_of(notes: list[Note]) -> Outcome:
        graph, scope = build(notes), [each.path for each in notes]
        made = plan(graph, stored, Request(scope))
        return Outcome(graph, scope, {"cpu": made}, {"cpu": {("N7.md", "r2"): FOUND}})

    candidates = Candidates()
    outcome = run_of(notes)
    candidates.weigh(outcome, outcome.scope)
    assert candidates.take() == ("N7.md", outcome)
    assert len(candidates) == 0, "the others are as they were found"
    moved = run_of([replace(each, blocks=each.blocks[::-1]) for each in notes])
    candidates.weigh(moved, moved.scope)
    assert len(candidates) == 20
    assert candidates.take() == ("N7.md", moved)


STATES = [NOTE.replace("print(2)", f"print({n})") for n in range(4)]


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("look stop leave".split()))))
def test_no_state_of_the_code_is_looked_at_twice_in_a_row(steps: list[tuple[int, str]]) -> None:
    """Whatever is saved, and whether looks end, are stopped or do not come to their turn."""
    candidates, now, sure = Candidates(), 0, [0]
    candidates.weigh(ended(None, note(STATES[0])), [PATH])
    for then, what in steps:
        candidates.forget([PATH])
        candidates.weigh(ended(note(STATES[now]), note(STATES[then])), [PATH])
        now = then
        assert (len(candidates) == 1) == (now != sure[-1])
        if len(candidates) and what != "leave":
            path, outcome = candidates.take()
            assert code_of(outcome.graph, path) == code_of(build([note(STATES[now])]), PATH)
            if what == "look":
                candidates.settle(path, outcome)
                sure.append(now)
            else:
                candidates.put_back(path, outcome)


SLOW = replace(FOUND, seconds=1.0)


@pytest.mark.parametrize(
    ("results", "cheap"),
    [
        ({}, True),
        ({"r1": SLOW}, False),  # taking it saved a second
        ({"s1": SLOW, "c1": SLOW}, False),
        ({"r2": SLOW}, True),  # it ran
        ({"r2": replace(FOUND, seconds=5.0)}, False),
        ({"r1": replace(FOUND, status=Status.FAILED)}, True),
        ({"r1": replace(FOUND, status=Status.TIMEOUT)}, False),
        ({"r2": replace(FOUND, status=Status.CRASHED)}, False),
    ],
)
def test_a_look_is_cheap(results: dict[str, Result], cheap: bool) -> None:
    assert is_cheap(edited(**results), PATH) is cheap


@pytest.mark.parametrize(
    "source",
    ["open('x', 'w')", "import subprocess; subprocess.run(['x'])", "def g(): open('x')", "x = ("],
)
def test_a_block_that_works_with_files_or_does_not_parse_is_not_run_unasked(source: str) -> None:
    before, after = (note(f"{text} | r5: {source}") for text in (NOTE, EDITED))
    assert not is_cheap(ended(before, after), PATH)


def test_a_run_that_was_stopped_is_not_looked_at() -> None:
    outcome = edited()
    outcome.results["cpu"].clear()
    assert not is_cheap(outcome, PATH)


@pytest.mark.parametrize("slow", [False, True])
def test_what_a_whole_run_leaves_out_costs_nothing(slow: bool) -> None:
    before, after = (with_options(note(text), r1={"slow": True}) for text in (NOTE, EDITED))
    outcome = ended(before, after, slow=slow, r1=replace(FOUND, seconds=9.0))
    assert is_cheap(outcome, PATH, slow=slow) is not slow


# --- what a look shows


def look(**results: Result) -> Outcome:
    return ended(None, note(EDITED), **results)


def ids(spots: set[Any]) -> set[str]:
    return {key[1] for _, key in spots}


def printing(text: str, **others: Any) -> Result:
    return replace(FOUND, outputs=(Text(text),), **others)


@pytest.mark.parametrize(
    ("found", "differs"),
    [
        (FOUND, False),
        (replace(FOUND, seconds=7.0), False),
        (printing("2"), True),
        (replace(FOUND, status=Status.FAILED), True),
        (replace(FOUND, outputs=()), True),
        (replace(FOUND, outputs=(Figure("image/png", b"1"),)), True),
    ],
)
def test_what_a_reader_would_see_is_compared(found: Result, differs: bool) -> None:
    assert ids(differing(edited(), look(r1=found), PATH)) == ({"r1"} if differs else set())


def test_addresses_and_the_shift_of_lines_are_no_difference() -> None:
    at = "<K object at 0x7f12{}>"
    before, after = (printing(at.format(n)) for n in ("3456789a", "3456789b"))
    assert not differing(edited(r1=before), look(r1=after), PATH)
    one, two = (printing(Place("vault.n", "r1", n).token()) for n in (1, 2))
    assert not differing(edited(r1=one), look(r1=one), PATH)
    assert differing(edited(r1=one), look(r1=two), PATH)


def test_the_cause_of_a_skip_is_no_difference() -> None:
    one, two = (Result(Status.SKIPPED, reason=f"depends on {id}", device="cpu") for id in "ab")
    assert not differing(edited(r1=one), look(r1=two), PATH)
    assert differing(edited(), look(r1=two), PATH)


def test_only_what_comes_out_twice_is_confirmed() -> None:
    first = look(r1=printing("2"), r2=printing("a"))
    second = look(r1=printing("2"), r2=printing("b"))
    spots = differing(edited(), first, PATH)
    assert ids(spots) == {"r1", "r2"}
    assert ids(confirmed(first, second, spots)) == {"r1"}


@pytest.mark.parametrize("status", [Status.TIMEOUT, Status.CRASHED])
def test_a_look_that_timed_out_or_crashed_confirms_nothing(status: Status) -> None:
    first = second = look(r1=replace(FOUND, status=status))
    assert not confirmed(first, second, differing(edited(), first, PATH))


# --- what is said


def test_a_correction_runs_what_was_missed_and_takes_the_rest() -> None:
    before, found = edited(), look(r1=printing("2"))
    missed = differing(before, found, PATH)
    outcome = corrected(before, found, PATH, missed)
    decisions = {key[1]: d for key, d in outcome.plans["cpu"].decisions.items()}
    assert {id: d.action for id, d in decisions.items() if d.action is not Action.REUSE} == {
        "r1": Action.RUN
    }
    assert decisions["r1"].because == "it came out otherwise when the whole note ran once more"
    shown = {id: shown.result for id, shown in outcome.shown(PATH).items()}
    assert shown["r1"] == printing("2")
    assert {id: result for id, result in shown.items() if id != "r1"} == dict.fromkeys(
        ("s1", "c1", "r2", "t1"), FOUND
    )
    assert outcome.plans["cpu"].lanes == ()


def test_the_blocks_that_were_missed_are_named_in_one_line() -> None:
    found = look(r1=printing("2"), r2=printing("2"))
    (problem,) = problems_of(found.graph, differing(edited(), found, PATH), [])
    assert problem.what == (
        "`r1` and `r2` came out otherwise when the whole note ran once more: "
        "they depend on more than the code shows"
    )
    assert "needs:" in problem.hint
    assert problem.line == found.graph.nodes[PATH, "r1"].block.line


def test_a_block_without_a_lasting_outcome_is_told_once_and_known_from_then_on() -> None:
    found, candidates = look(r1=printing("2")), Candidates()
    spots = differing(edited(), found, PATH)
    assert candidates.unknown(found.graph, spots) == spots
    (node,) = candidates.learn(found.graph, spots)
    (problem,) = problems_of(found.graph, set(), [node])
    assert problem.what.startswith("`r1` comes out otherwise each time")
    assert not candidates.unknown(found.graph, spots)
    changed = ended(None, note(EDITED.replace("print(f())", "print(f(), 1)")), r1=printing("2"))
    assert candidates.unknown(changed.graph, spots), "it may be another block now"
    assert candidates.learn(changed.graph, spots) == []


def test_of_blocks_that_rest_on_each_other_the_first_is_told() -> None:
    text = "r1: import time; x = time.time() | r2: print(x) | r3: print(x)"
    graph = build([note(text)])
    every = {("cpu", key) for key in graph.nodes}
    assert [node.block.id for node in Candidates().learn(graph, every)] == ["r1"]


def test_what_says_itself_that_it_does_not_last_is_not_told() -> None:
    text = "r1: import time; x = time.time() | r2: print(x)"
    graph = build([with_options(note(text), r1={"cache": False})])
    assert Candidates().learn(graph, {("cpu", key) for key in graph.nodes}) == []
