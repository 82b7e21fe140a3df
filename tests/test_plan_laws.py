"""Plans: laws over random notes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from law_vaults import Author, Written
from test_graph import note
from test_plan import CPU, all_stored, decided, with_options

from runner.graph import Graph, build
from runner.job import Mode
from runner.note import Note
from runner.parse import parse
from runner.plan import Action, plan
from runner.views import View


@st.composite
def programs(draw: st.DrawFn) -> list[tuple[str, str, tuple[int, ...]]]:
    """Blocks as (role letter, constant, indices of the run or setup blocks above it uses)."""
    count = draw(st.integers(1, 7))
    blocks: list[tuple[str, str, tuple[int, ...]]] = []
    for index in range(count):
        role = draw(st.sampled_from("scrt"))
        above = [
            j
            for j in range(index)
            if blocks[j][0] != "t" and (role not in "sc" or blocks[j][0] in "sc")
        ]
        uses = draw(st.lists(st.sampled_from(above), unique=True, max_size=3)) if above else []
        blocks.append((role, str(draw(st.integers(0, 3))), tuple(sorted(uses))))
    return blocks


def as_note(blocks: list[tuple[str, str, tuple[int, ...]]]) -> Note:
    """Each block binds ``v<i>`` to a constant and the values it uses."""
    text = " | ".join(
        f"{role}{i}: v{i} = ({constant}, {''.join(f'v{j}, ' for j in uses)})"
        for i, (role, constant, uses) in enumerate(blocks)
    )
    return note(text)


def descendants(blocks: list[tuple[str, str, tuple[int, ...]]], start: int) -> set[int]:
    found = {start}
    for index, (_, _, uses) in enumerate(blocks):
        if found & set(uses):
            found.add(index)
    return found


def ancestors(blocks: list[tuple[str, str, tuple[int, ...]]], of: set[int]) -> set[int]:
    found: set[int] = set()
    pending = list(of)
    while pending:
        for j in blocks[pending.pop()][2]:
            if j not in found:
                found.add(j)
                pending.append(j)
    return found


@given(programs())
@settings(max_examples=100, deadline=None)
def test_nothing_runs_if_all_is_known(blocks: list[tuple[str, str, tuple[int, ...]]]) -> None:
    graph = build([as_note(blocks)])
    made = plan(graph, all_stored(graph), CPU)
    assert set(decided(made).values()) == {Action.REUSE}
    assert made.lanes == ()


@given(programs(), st.data())
@settings(max_examples=150, deadline=None)
def test_one_edit(blocks: list[tuple[str, str, tuple[int, ...]]], data: st.DataObject) -> None:
    """The edited block and its descendants run, their ancestors are replayed, nothing else."""
    at = data.draw(st.integers(0, len(blocks) - 1))
    edited = list(blocks)
    edited[at] = (blocks[at][0], "99", blocks[at][2])
    before, after = build([as_note(blocks)]), build([as_note(edited)])
    made = plan(after, all_stored(before), CPU)
    ids = [f"{role}{i}" for i, (role, _, _) in enumerate(blocks)]
    run = descendants(blocks, at)
    found = decided(made)
    assert {id for id, action in found.items() if action is Action.RUN} == {ids[i] for i in run}
    needed = ancestors(blocks, run) - run
    seen_by_tests = {
        j for i in run if blocks[i][0] == "t" for j in range(i) if blocks[j][0] in "sc"
    }
    replayed = {id for id, action in found.items() if action is Action.REPLAY}
    assert replayed == {ids[i] for i in (needed | seen_by_tests) - run}
    assert Action.SKIP not in found.values()


@given(programs(), st.data())
@settings(max_examples=100, deadline=None)
def test_lanes_run_each_block_once_in_order(
    blocks: list[tuple[str, str, tuple[int, ...]]], data: st.DataObject
) -> None:
    known = data.draw(st.sets(st.integers(0, len(blocks) - 1)))
    graph = build([as_note(blocks)])
    stored = {key: s for i, (key, s) in enumerate(all_stored(graph).items()) if i in known}
    made = plan(graph, stored, CPU)
    ids = [f"{role}{i}" for i, (role, _, _) in enumerate(blocks)]
    run = [step.id for lane in made.lanes for step in lane.steps if step.mode is Mode.RUN]
    wanted = [id for id in ids if decided(made)[id] is Action.RUN]
    assert sorted(run) == sorted(wanted)
    for lane in made.lanes:
        steps = [step.id for step in lane.steps]
        assert steps == sorted(steps, key=ids.index), "document order"
        for step in lane.steps:
            uses = ancestors(blocks, {ids.index(step.id)})
            assert {ids[j] for j in uses} <= set(steps), "what it needs is in its process"
        has_tests = any(id.startswith("t") and id in run for id in steps)
        allowed = {
            ids[j] for id in steps if id.startswith("t") for j in ancestors(blocks, {ids.index(id)})
        }
        if has_tests:  # a test's process holds only the run blocks that it uses
            assert {id for id in steps if id.startswith("r")} <= allowed


@given(programs(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_what_is_stored_does_not_matter(
    blocks: list[tuple[str, str, tuple[int, ...]]], random: Any
) -> None:
    graph = build([as_note(blocks)])
    items = list(all_stored(graph).items())[::2]
    shuffled = list(items)
    random.shuffle(shuffled)
    assume(len(items) > 1)
    assert plan(graph, dict(items), CPU) == plan(graph, dict(shuffled), CPU)


@given(programs(), st.data())
@settings(max_examples=60, deadline=None)
def test_every_block_has_a_decision_with_a_reason(
    blocks: list[tuple[str, str, tuple[int, ...]]], data: st.DataObject
) -> None:
    graph = build([as_note(blocks)])
    options = {
        block.id: data.draw(
            st.sampled_from([{}, {"slow": True}, {"device": ("cuda",)}, {"cache": False}])
        )
        for block in graph.notes["N.md"].blocks
    }
    graph = build([with_options(as_note(blocks), **options)])
    some = {k: s for k, s in all_stored(graph).items() if data.draw(st.booleans())}
    made = plan(graph, some, replace(CPU, force=data.draw(st.booleans())))
    assert set(made.decisions) == set(graph.nodes)
    for key, decision in made.decisions.items():
        assert decision.because
        if decision.action is Action.REUSE:
            assert decision.result is some[key].result
        if decision.action is Action.RUN:
            assert all(
                made.decisions[other].action in (Action.RUN, Action.REPLAY)
                for other in graph.nodes[key].deps
            )


def of_author(vault: Written) -> Graph:
    notes = [
        parse(f"{name}.md", "\n".join(block.fence() for block in blocks))
        for name, blocks in vault.notes.items()
    ]
    return build(notes, dict(vault.files).get)


@pytest.mark.parametrize("seed", range(60))
def test_what_is_remembered_of_functions_changes_nothing(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = Author(seed).vault
    known = of_author(vault)
    monkeypatch.setattr(View, "led_to", lambda *_: None)
    for key, node in of_author(vault).nodes.items():
        assert (list(node.deps), list(node.swayed)) == (
            list(known.nodes[key].deps),
            list(known.nodes[key].swayed),
        )
        assert (node.taints, node.fault) == (known.nodes[key].taints, known.nodes[key].fault)
