"""Which block depends on which: a small language, `id: source`, and tables of expected edges."""

from __future__ import annotations

import pytest

from runner.graph import Graph, build
from runner.note import Block, Note, Options, Role, Span

ROLES = {"s": Role.SETUP, "c": Role.COMPONENT, "t": Role.TEST, "r": Role.RUN}


def note(text: str, path: str = "N.md", name: str = "n") -> Note:
    """A note from lines ``r1: source``; the first letter of an id is its role, ``;`` a newline."""
    blocks = []
    for line, entry in enumerate(filter(None, map(str.strip, text.split("|"))), start=1):
        id, _, source = entry.partition(":")
        id, _, needs = id.partition("<")
        options = Options(needs=tuple(needs.split(","))) if needs else Options()
        source = source.strip().replace("; ", "\n")
        blocks.append(Block(ROLES[id[0]], id, line, line, Span(0, 0), source, options))
    return Note(path=path, text="", name=name, blocks=tuple(blocks))


def deps(graph: Graph, id: str, path: str = "N.md") -> set[str]:
    return {key[1] for key in graph.nodes[path, id].deps}


EDGES = {
    "a name leads to its last definer": ("r1: x = 1 | r2: x = 2 | r3: print(x)", "r3", "r2"),
    "a conditional definition keeps the earlier one": (
        "r1: x = 1 | r2: if y: x = 2 | r3: print(x)",
        "r3",
        "r1 r2",
    ),
    "independent blocks": ("r1: x = 1 | r2: y = 2", "r2", ""),
    "in-place change": ("r1: x = [] | r2: x.append(1) | r3: print(x)", "r3", "r1 r2"),
    "constants cannot be changed": ("r1: n = 3 | r2: f(n) | r3: print(n)", "r3", "r1"),
    "an alias carries changes": (
        "r1: m = Net() | r2: o = SGD(m) | r3: o.step() | r4: print(m)",
        "r4",
        "r1 r2 r3",
    ),
    "a loop variable is an alias": (
        "r1: ms = make() | r2: for m in ms: m.step() | r3: print(ms)",
        "r3",
        "r1 r2",
    ),
    "a comprehension's calls change what it iterates": (
        "r1: ms = make() | r2: ys = [m.step() for m in ms] | r3: print(ms)",
        "r3",
        "r1 r2",
    ),
    "late-bound globals": (
        "r1: def f(): return scale | r2: scale = 2 | r3: print(f())",
        "r3",
        "r1 r2",
    ),
    "late-bound through a wrapper": (
        "r1: def f(): return s | r2: g = lambda: f() | r3: s = 2 | r4: g()",
        "r4",
        "r1 r2 r3",
    ),
    "a function that changes a global": (
        "r1: log = [] | r2: def note(): log.append(1) | r3: note() | r4: print(log)",
        "r4",
        "r1 r2 r3",
    ),
    "a global statement": (
        "r1: n = 0 | r2: def f(): global n;n = 1 | r3: f() | r4: print(n)",
        "r4",
        "r1 r2 r3",
    ),
    "pure library calls change nothing": (
        "s1: import torch | r2: x = torch.zeros(3) | r3: y = torch.relu(x) | r4: print(x)",
        "r4",
        "s1 r2",
    ),
    "in-place library calls do": (
        "s1: import torch | r2: x = torch.zeros(3) | r3: torch.relu_(x) | r4: print(x)",
        "r4",
        "s1 r2 r3",
    ),
    "a global switch reaches all below": (
        "s1: import torch | r2: torch.set_default_dtype(torch.float64) | r3: y = 1",
        "r3",
        "r2 s1",
    ),
    "the environment is global": (
        "s1: import os | r2: os.environ['A'] = '1' | r3: y = 1",
        "r3",
        "r2 s1",
    ),
    "reading the environment is not a switch": (
        "s1: import os | r2: a = os.environ.get('A') | r3: y = 1",
        "r3",
        "",
    ),
    "a monkeypatch is global": (
        "s1: import torch | r2: torch.relu = abs | r3: y = 1",
        "r3",
        "r2 s1",
    ),
    "exec defines anything": ("r1: exec('a = 1') | r2: b = 1 | r3: print(b)", "r3", "r1 r2"),
    "exec reads anything": ("r1: a = 1 | r2: exec('print(a)')", "r2", "r1"),
    "a star import defines anything": ("r1: from m import * | r2: b = 1", "r2", "r1"),
    "files": ("r1: open('a', 'w') | r2: x = 1 | r3: open('a').read()", "r3", "r1"),
    "local modules keep state": (
        "s1: import helper | r2: helper.train() | r3: print(helper.loss())",
        "r3",
        "s1 r2",
    ),
    "needs": ("r1: x = 1 | r2<r1: y = 2", "r2", "r1"),
    "a block that does not parse": ("r1: x = = 1 | r2: print(x) | r3: y = 1", "r2", "r1"),
    "... leaves the others alone": ("r1: x = = 1 | r2: print(x) | r3: y = 1", "r3", ""),
    "locals are no globals": ("r1: x = 1 | r2: def f(x): return x", "r2", ""),
    "class bodies run at once": ("r1: x = 1 | r2: class A: y = x", "r2", "r1"),
    "annotations are read": (
        "s1: from torch import Tensor | c2: def f(x: Tensor): pass",
        "c2",
        "s1",
    ),
    "a test sees the blocks above by name": (
        "c1: def f(): pass | c2: def g(): pass | t3: assert f() is None",
        "t3",
        "c1",
    ),
    "a test sees a run block that it names": (
        "r1: losses = [1] | r2: other = 2 | t3: def test_a(): assert losses",
        "t3",
        "r1",
    ),
    "a run block's change of a component's state is not a test's": (
        "s1: state = [] | r2: state.append(1) | t3: assert not state",
        "t3",
        "s1",
    ),
    "tests feed nothing": ("c1: x = make() | t2: x.clear() | r3: print(x)", "r3", "c1"),
}


@pytest.mark.parametrize("name", EDGES)
def test_edges(name: str) -> None:
    text, id, expected = EDGES[name]
    assert deps(build([note(text)]), id) == set(expected.split())


def test_dependencies_come_in_order_of_execution() -> None:
    graph = build([note("r1: a = 1 | r2: b = a | r3: c = b | r4: print(c, a)")])
    assert [id for _, id in graph.nodes["N.md", "r4"].deps] == ["r1", "r2", "r3"]


IMPORTED_AGAIN = {
    "by a run block": ("s0: import sys | r1: import sys; sys.x = 1 | c2: def f(): return sys.x", "s0"),
    "by two": ("s0: import torch | r1: import torch | r2: import torch | r3: torch.ones(1)", "s0"),
    "by name": ("s0: from torch import nn | r1: from torch import nn | c2: nn.Linear(1, 1)", "s0"),
    "with a part": ("s0: import scipy | r1: import scipy.io | r2: scipy.io.loadmat('a')", "r1"),
    "something else": ("s0: import math as m | r1: import cmath as m | r2: print(m.pi)", "r1"),
    "perhaps": ("s0: import math as m | r1: if 1: import math as m | r2: print(m.pi)", "s0"),
    "after a run block": ("r1: import math | s2: import math | c3: def f(): return math.pi", "s2"),
    "of unknown code": ("s0: import own | r1: import own | r2: x = own", "s0 r1"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), IMPORTED_AGAIN.values(), ids=IMPORTED_AGAIN)
def test_what_is_imported_again_is_the_same(text: str, expected: str) -> None:
    graph = build([note(text)])
    assert deps(graph, text.rpartition("| ")[2].partition(":")[0]) == set(expected.split())
    assert not graph.problems["N.md"]


FAULTS = {
    "component on run": ("r1: m = 1 | c2: def f(): return m", "depends on the run block `r1`"),
    "name of a test": ("t1: y = 1 | r2: print(y)", "which only the test `t1` defines"),
    "needs nobody": ("r1<gone: x = 1", "no block has this id"),
    "needs what stands below": ("r1<r2: x = 1 | r2: y = 1", "stands below"),
    "needs a test": ("t1: x = 1 | r2<t1: y = 1", "needs the test `t1`"),
}


@pytest.mark.parametrize(
    "text",
    [
        "t1: import pytest; def test_a(): pytest.skip() | t2: import pytest; def test_b(): pytest",
        "r1: for n in [1]: best = n; print(best) | t2: best = 1",
    ],
)
def test_a_name_the_block_binds_itself_is_no_name_of_a_test(text: str) -> None:
    assert not build([note(text)]).problems["N.md"]


@pytest.mark.parametrize("name", FAULTS)
def test_faults(name: str) -> None:
    text, message = FAULTS[name]
    graph = build([note(text)])
    assert [message in problem.what for problem in graph.problems["N.md"]] == [True]
    assert any(node.fault and message in node.fault for node in graph.nodes.values())


A = "s1: import math | c2: def f(): return math.pi | c3: def g(): return 3"


def test_an_import_leads_to_the_blocks_behind_the_name() -> None:
    other = note("r1: from vault.a import f | r2: print(f())", "B.md", "b")
    graph = build([note(A, "A.md", "a"), other])
    assert list(graph.nodes["B.md", "r2"].deps) == [("A.md", "s1"), ("A.md", "c2"), ("B.md", "r1")]
    assert graph.order == ("A.md", "B.md")


def test_an_import_of_the_whole_note_leads_to_all_its_definitions() -> None:
    other = note("r1: import vault.a as a", "B.md", "b")
    graph = build([note(A + " | r4: print(1)", "A.md", "a"), other])
    assert [id for _, id in graph.nodes["B.md", "r1"].deps] == ["s1", "c2", "c3"]


def test_digest_follows_an_imported_component_and_nothing_else() -> None:
    other = note("r1: from vault.a import f | r2: print(f())", "B.md", "b")
    before = build([note(A, "A.md", "a"), other]).nodes["B.md", "r2"].digest
    changed = A.replace("math.pi", "math.tau")
    assert build([note(changed, "A.md", "a"), other]).nodes["B.md", "r2"].digest != before
    elsewhere = A.replace("return 3", "return 4")
    assert build([note(elsewhere, "A.md", "a"), other]).nodes["B.md", "r2"].digest == before


def test_import_cycles_name_both_notes_and_lines() -> None:
    a = note("c1: from vault.b import g | c2: def f(): pass", "A.md", "a")
    b = note("c1: x = 1 | c2: from vault.a import f", "B.md", "b")
    graph = build([a, b])
    for path in ("A.md", "B.md"):
        (problem,) = graph.problems[path]
        assert "A.md:1" in problem.what and "B.md:2" in problem.what
    assert graph.nodes["A.md", "c1"].fault and graph.nodes["B.md", "c2"].fault


def test_a_name_collision_is_an_error_of_both_notes() -> None:
    graph = build([note("r1: x = 1", "A.md"), note("r1: x = 1", "B.md")])
    for path in ("A.md", "B.md"):
        (problem,) = graph.problems[path]
        assert "A.md" in problem.what and "B.md" in problem.what
        assert graph.nodes[path, "r1"].fault


TAINTS = {
    "a test that only calls functions": ("c1: def f(x): return x | t2: assert f(1) == 1", False),
    "a test that changes shared state": ("s1: state = [] | t2: state.append(1)", True),
    "a test that changes it through a function": (
        "s1: log = [] | c2: def f(): log.append(1) | t3: def test_f(): f()",
        True,
    ),
    "a test that sets something global": (
        "s1: import torch | t2: torch.set_default_dtype(torch.float64)",
        True,
    ),
    "a test that changes its own names": ("c1: x = 1 | t2: y = []; y.append(1)", False),
}


@pytest.mark.parametrize("name", TAINTS)
def test_taints(name: str) -> None:
    text, expected = TAINTS[name]
    nodes = build([note(text)]).nodes.values()
    assert [node.taints for node in nodes if node.block.role is Role.TEST] == [expected]


DEVICE = {
    "read": ("r1: print(device)", True),
    "as a fixture": ("t1: def test_a(device): pass", True),
    "bound by the note itself": ("r1: device = 'gpu' | r2: print(device)", False),
    "not named": ("r1: x = 1", False),
}


@pytest.mark.parametrize("name", DEVICE)
def test_device_is_wanted_only_where_it_is_named(name: str) -> None:
    text, expected = DEVICE[name]
    assert any(n.names_device for n in build([note(text)]).nodes.values()) is expected
