"""Tests feed nothing: whatever one of them changes in the modules of notes is noticed."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from test_pytest_plugin import Pytest
from vaults import Home, fence, statuses

from runner.untouched import Ground

COUNTER = "class A:\n    n = 0\n"
CHANGES = {
    "a class": (COUNTER, "A.n = 1"),
    "a class through its object": (COUNTER + "    def __init__(self): type(self).n += 1", "A()"),
    "a property": (COUNTER + "    v = property(lambda self: setattr(A, 'n', 1))\na = A()", "a.v"),
    "an operator": (COUNTER + "    def __add__(self, other): A.n += 1\na = A()", "a + 1"),
    "a context": (
        COUNTER + "    def __enter__(self): A.n += 1\n    def __exit__(self, *why): pass",
        "with A(): pass",
    ),
    "a list of a class": ("class A:\n    every = []", "A.every.append(1)"),
    "a new method": (COUNTER, "A.more = lambda self: 1"),
    "an attribute that goes": (COUNTER, "del A.n"),
    "a function": ("def f(): pass", "f.cache = 1"),
    "a default value": ("def f(x, seen=[]): seen.append(x)", "f(1)"),
    "a default by name": ("def f(*, seen={}): seen[1] = 1", "f()"),
    "a list": ("xs = [1]", "xs.append(2)"),
    "a list inside": ("xs = {'a': ([],)}", "xs['a'][0].append(2)"),
    "an object": (COUNTER + "a = A()", "a.x = 1"),
    "a name": ("n = 0\ndef inc():\n    global n\n    n += 1", "inc()"),
    "a new name": ("def new():\n    global n\n    n = 1", "new()"),
    "a tensor": ("import torch\nw = torch.zeros(2)", "w += 1"),
    "a model": ("import torch\nnet = torch.nn.BatchNorm1d(1)", "net(torch.ones(2, 1))"),
    "a mode": ("import torch\nnet = torch.nn.Dropout()", "net.eval()"),
    "an array": ("import numpy\nxs = numpy.zeros(2)", "xs[0] = 1"),
    "a generator": ("import numpy\nrng = numpy.random.default_rng(0)", "rng.random()"),
}
HARMLESS = {
    "reading": (COUNTER + "a = A()\nxs = [1]", "assert A.n == a.n == 0 and xs[0]"),
    "objects of its own": (COUNTER + "    def __init__(self): self.x = 1", "A().x = 2"),
    "a class of its own": (COUNTER, "type('B', (A,), {'n': 1})"),
    "using a model": ("import torch\nnet = torch.nn.Linear(1, 1)", "net(torch.ones(1, 1))"),
    "a dataclass": (
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int = 0\np = P()",
        "assert p == P() and repr(p) and P(1).x",
    ),
    "an abstract class": (
        "import abc\nclass B(abc.ABC):\n    @abc.abstractmethod\n    def f(self): ...\n"
        "class C(B):\n    def f(self): return 1",
        "assert isinstance(C(), B) and not isinstance(1, B)",
    ),
    "an enumeration": (
        "import enum\nclass E(enum.Flag):\n    A = 1\n    B = 2",
        "assert E(1) is E.A and E['B'].value == 2",
    ),
}


@pytest.fixture
def note(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("vault.ground")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


@pytest.mark.parametrize(("above", "test"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen_once(note: ModuleType, above: str, test: str) -> None:
    exec(above, vars(note))
    ground = Ground()
    exec(test, dict(vars(note)))
    assert ground.moved()
    assert not ground.moved()


@pytest.mark.parametrize(("above", "test"), HARMLESS.values(), ids=HARMLESS)
def test_what_changes_nothing_is_passed_over(note: ModuleType, above: str, test: str) -> None:
    exec(above, vars(note))
    ground = Ground()
    exec(test, dict(vars(note)))
    assert not ground.moved()


# What a test does, and what the next block of tests finds if it is alone.
BETWEEN = {
    "class": (COUNTER, "A.n = 1", "A.n == 0"),
    "count": (COUNTER + "    def __init__(self): type(self).n += 1", "A()", "A.n == 0"),
    "setattr": (COUNTER, "setattr(A, 'n', 2)", "A.n == 0"),
    "property": (
        COUNTER + "    v = property(lambda self: setattr(A, 'n', 1))\na = A()",
        "a.v",
        "A.n == 0",
    ),
    "operator": (COUNTER + "    def __add__(self, other): A.n += 1\na = A()", "a + 1", "A.n == 0"),
    "function": ("def f(): pass", "f.cache = 1", "not vars(f)"),
    "default": ("def f(x, seen=[]): seen.append(x); return seen", "f(1)", "f(2) == [2]"),
}


@pytest.fixture
def notes(home: Home) -> Home:
    for name, (above, test, still) in BETWEEN.items():
        top = "vars(f)" if name == "function" else "True"
        home.write(
            f"{name}.md",
            fence("component", f"{name}-c", above)
            + fence("test", f"{name}-1", "def test_1():", f"    {test}")
            + fence("test", f"{name}-top", test, "def test_top():", f"    assert {top}")
            + fence("test", f"{name}-2", f"assert {still}")
            + fence("test", f"{name}-3", "def test_3():", f"    assert {still}"),
        )
    return home


def test_no_test_reaches_the_next_when_run(notes: Home) -> None:
    found = statuses(notes.session())
    assert found == dict.fromkeys(found, "ok")
    assert len(found) == 5 * len(BETWEEN)


def test_no_test_reaches_the_next_under_pytest(notes: Home) -> None:
    run_pytest = Pytest(notes)
    found = run_pytest("vault", "-p", "no:cacheprovider")
    assert found == dict.fromkeys(found, "passed"), run_pytest.out
    assert len(found) == 4 * len(BETWEEN)


@pytest.mark.parametrize("door", ["run", "pytest"])
def test_each_test_begins_in_its_note_s_folder(home: Home, door: str) -> None:
    home.write(
        "folder/N.md",
        fence("test", "t", "import os", "def test_1(): os.chdir('/')",
              "def test_2(): assert os.path.basename(os.getcwd()) == 'folder'"),
    )  # fmt: skip
    if door == "run":
        assert statuses(home.session()) == {"t": "ok"}
    else:
        assert set(Pytest(home)("vault", "-p", "no:cacheprovider").values()) == {"passed"}
