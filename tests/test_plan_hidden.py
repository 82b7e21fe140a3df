"""More of what a block changes where no reader of names sees it, one row for each fault found.

Notes are written as in ``test_plan_dependencies.py``; ``r3 sees r2``: what r2 changed, r3 reads. Most were divergences of ``fuzz_incremental.py``, or come from thinking what it found.
"""

from __future__ import annotations

import pytest
from test_graph import deps, note

from runner.graph import build

CHANGES = {
    "alias of a global object": "r3 sees r2: s1: import matplotlib.pyplot as plt | r1: rc = plt.rcParams | r2: rc['lines.linewidth'] = 3 | r3: plt.plot([1])",
    "alias of the environment": "r3 sees r2: s1: import os | r1: env = os.environ | r2: env['A'] = '1' | r3: y = 1",
    "environ.update": "r3 sees r2: s1: from os import environ | r2: environ.update(A='1') | r3: y = 1",
    "the decimal context": "r3 sees r2: s1: import decimal | r1: c = decimal.getcontext() | r2: c.prec = 3 | r3: print(decimal.Decimal(1) / 3)",
    "a switch under another name": "r3 sees r2: s1: from warnings import simplefilter as quiet | r2: quiet('ignore') | r3: y = 1",
    "in place under another name": "r3 sees r2: s1: from torch import relu_ as r; import torch | r1: x = torch.ones(2) | r2: r(x) | r3: print(x)",
    "an in-place layer": "r3 sees r2: s1: import torch; from torch import nn | r1: x = torch.ones(2) | r2: nn.ReLU(inplace=True)(x) | r3: print(x)",
    "a property": "r3 sees r2: c1: class A:;    n = 0;    @property;    def next(self):;        self.n += 1;        return self.n | r1: a = A() | r2: print(a.next) | r3: print(a.next)",
    "an operator": "r3 sees r2: c1: class A:;    n = 0;    def __lshift__(self, v):;        self.n += v;        return self | r1: a = A() | r2: a << 3 | r3: print(a.n)",
    "text of an object": "r3 sees r2: c1: class A:;    n = 0;    def __str__(self):;        self.n += 1;        return 'a' | r1: a = A() | r2: print(f'{a}') | r3: print(a.n)",
    "a property in a function": "r4 sees r3: c1: class A:;    n = 0;    @property;    def next(self):;        self.n += 1;        return self.n | r1: a = A() | r2: def f(): return a.next | r3: f() | r4: print(a.n)",
    "defaultdict": "r3 sees r2: s1: import collections | r1: d = collections.defaultdict(list) | r2: print(d['a']) | r3: print(len(d))",
    "a property of a local module's class": "r3 sees r2: s1: import helper | r1: t = helper.Tape() | r2: print(t.next) | r3: print(t.next)",
    "late names of a generator": "r3 sees r2: r1: k = 2; g = (v * k for v in range(3)) | r2: k = 5 | r3: print(list(g))",
    "a conditional receiver": "r3 sees r2: r1: x = [1]; y = [] | r2: (x or y).append(2) | r3: print(x)",
    "a displayed receiver": "r3 sees r2: r1: x = [1] | r2: [x][0].append(2) | r3: print(x)",
    "a receiver behind a call": "r3 sees r2: r1: x = [[1]] | r2: sorted(x)[0].append(2) | r3: print(x)",
    "an item behind a call": "r3 sees r2: r1: x = [[1]] | r2: max(x)[0] = 2 | r3: print(x)",
    "lru_cache": "r4 sees r2: s1: import functools; k = 2 | c1: @functools.lru_cache; def f(v): return v * k | r2: f(1) | r3: k = 3 | r4: print(f(1))",
    "singledispatch": "r3 sees r2: s1: import functools | c1: @functools.singledispatch; def f(v): return 0 | r2: @f.register; def _(v: int): return 1 | r3: print(f(2))",
    "an alias of a function": "r3 sees r2: c1: def f(): return 1 | r1: g = f | r2: g.n = 3 | r3: print(f.n)",
    "an alias of a class": "r3 sees r2: c1: class A: n = 1 | r1: B = A | r2: B.n = 3 | r3: print(A.n)",
    "type()": "r3 sees r2: c1: class A: n = 1 | r1: a = A() | r2: type(a).n = 3 | r3: print(A.n)",
    "__class__": "r3 sees r2: c1: class A: n = 1 | r1: a = A() | r2: a.__class__.n = 3 | r3: print(A.n)",
    "a base": "r3 sees r2: c1: class A: n = 1 | c2: class B(A): pass | r2: A.n = 3 | r3: print(B.n)",
    "a builtin's name": "r3 sees r2: r1: x = [1]; max = lambda v: v.append(2) | r2: max(x) | r3: print(x)",
    "an alias of a local module's state": "r3 sees r2: s1: import helper | r1: s = helper.state | r2: s.append(1) | r3: print(helper.state)",
    "a local module is imported by another": "r2 sees r1: r1: import helper | r2: import aid",
    "a local module is imported": "r2 sees r1: r1: import helper | r2: from helper import f; print(f())",
    "a star receiver": "r3 sees r2: r1: x = [1]; y = [2] | r2: for v in (x, y): v.append(1) | r3: print(x)",
    "subclasses": "r3 sees r2: c1: class A: pass | r2: class B(A): pass | r3: print(A.__subclasses__())",
    "function-local alias of rcParams": "r3 sees r2: s1: import matplotlib.pyplot as plt | c1: def f():;    rc = plt.rcParams;    rc['a'] = 1 | r2: f() | r3: plt.plot([1])",
    "with as alias": "r3 sees r2: r1: x = A() | r2: with x as m: m.go() | r3: print(x)",
    "with contextmanager": "r3 sees r2: c1: import contextlib; k = 1 | c2: @contextlib.contextmanager; def f(v):;    global k;    k = v;    yield | r2: with f(3): pass | r3: print(k)",
    "a method stored": "r3 sees r2: c1: class A:;    kept = [];    def put(self, v): self.kept.append(v) | r1: a = A(); put = a.put | r2: put(1) | r3: print(A.kept)",
    "augmented attribute of part": "r3 sees r2: r1: x = f() | r2: x[0].n += 1 | r3: print(x)",
    "await": "r3 sees r2: r1: x = A() | r2: await x.go() | r3: print(x)",
    "assert with effect": "r3 sees r2: r1: x = [1] | r2: assert x.pop() | r3: print(x)",
    "lambda immediately": "r3 sees r2: r1: x = [1] | r2: (lambda: x.append(1))() | r3: print(x)",
    "dict comprehension call": "r3 sees r2: r1: x = A() | r2: y = {k: x.step(k) for k in range(3)} | r3: print(x)",
    "a pandas column": "r3 sees r2: s1: import pandas as pd | r1: d = pd.DataFrame() | r2: d['a'] = 1 | r3: print(d)",
    "a pandas inplace": "r3 sees r2: s1: import pandas as pd | r1: d = pd.DataFrame() | r2: d.fillna(0, inplace=True) | r3: print(d)",
    "a pandas view": "r4 sees r3: s1: import pandas as pd | r1: d = pd.DataFrame() | r2: e = d.values | r3: e[0] = 1 | r4: print(d)",
    "tensor.data": "r3 sees r2: s1: import torch | r1: x = torch.ones(2) | r2: x.data[0] = 1 | r3: print(x)",
    "torch function out": "r3 sees r2: s1: import torch | r1: x = torch.ones(2) | r2: torch.add(x, 1, out=x) | r3: print(x)",
    "functional dropout inplace": "r3 sees r2: s1: import torch.nn.functional as F; import torch | r1: x = torch.ones(2) | r2: F.relu(x, inplace=True) | r3: print(x)",
    "vjp hooks": "r3 sees r2: s1: import torch | r1: x = torch.ones(2) | r2: x.register_hook(print) | r3: print(x)",
    "sys.stdout": "r3 sees r2: s1: import sys | r2: sys.stdout.x = 1 | r3: y = 1",
    "partial of a method": "r4 sees r3: s1: from functools import partial | r1: x = [] | r2: p = partial(list.append, x) | r3: p(1) | r4: print(x)",
    "itemgetter": "r3 sees r2: s1: import operator | r1: x = [[1]] | r2: operator.itemgetter(0)(x).append(3) | r3: print(x)",
    "methodcaller": "r3 sees r2: s1: import operator | r1: x = [] | r2: operator.methodcaller('append', 1)(x) | r3: print(x)",
    "class body default": "r3 sees r2: r1: x = [] | c1: class A:;    kept = x | r2: A.kept.append(1) | r3: print(x)",
    "dataclass default": "r4 sees r3: r1: x = [] | r2: def f(a=x): a.append(1) | r3: f() | r4: print(x)",
    "instance keeps arg": "r4 sees r3: c1: class A:;    def __init__(self, v): self.v = v;    def go(self): self.v.append(1) | r1: x = [] | r2: a = A(x) | r3: a.go() | r4: print(x)",
    "yield from": "r4 sees r3: r1: x = [] | r2: def g():;    yield x.append(1) | r3: list(g()) | r4: print(x)",
    "del slice": "r3 sees r2: r1: x = [1] | r2: del x[:] | r3: print(x)",
    "nonlocal alias": "r4 sees r3: r1: x = [] | r2: def f():;    y = x;    y.append(1) | r3: f() | r4: print(x)",
    "global in class": "r4 sees r3: r1: n = 1 | c2: class A:;    def go(self):;        global n;        n = 2 | r2: a = A() | r3: a.go() | r4: print(n)",
    "threads": "r3 sees r2: s1: import threading | r1: x = [] | r2: t = threading.Thread(target=x.append, args=(1,)); t.start(); t.join() | r3: print(x)",
    "match subject": "r3 sees r2: r1: x = [[1]] | r2: match x:;    case [a]:;        a.append(1) | r3: print(x)",
    "chained assign": "r3 sees r2: r1: a = b = [] | r2: a.append(1) | r3: print(b)",
    "loop alias": "r3 sees r2: r1: x = [[1]] | r2: for i, v in enumerate(x): v.append(1) | r3: print(x)",
    "walrus alias": "r4 sees r3: r1: x = [] | r2: print(y := x) | r3: y.append(1) | r4: print(x)",
    "starred alias": "r4 sees r3: r1: x = [[], []] | r2: a, *b = x | r3: b[0].append(1) | r4: print(x)",
    "cond expr alias": "r4 sees r3: r1: x = []; c = 1 | r2: y = x if c else None | r3: y.append(1) | r4: print(x)",
    "seed inside method": "r3 sees r2: s1: import random | r1: g = random.Random(1) | r2: g.random() | r3: print(g.random())",
    "tensor iadd": "r3 sees r2: s1: import torch | r1: x = torch.ones(2); y = x | r2: y += 1 | r3: print(x)",
    "list imul alias": "r3 sees r2: r1: x = [1]; y = x | r2: y *= 2 | r3: print(x)",
    "swap": "r4 sees r2: r1: x = [1]; y = [2] | r2: x, y = y, x | r3: x.append(1) | r4: print(y)",
    "iterating a subscript": "r3 sees r2: r1: x = {'a': iter([1])} | r2: list(x['a']) | r3: print(list(x['a']))",
    "iterating an attribute": "r3 sees r2: r1: x = A() | r2: list(x.it) | r3: print(list(x.it))",
    "next via enumerate": "r4 sees r3: r1: it = iter([1]) | r2: e = enumerate(it) | r3: list(e) | r4: print(list(it))",
    "zip pure": "r3 sees r2: r1: it = iter([1]) | r2: dict(zip('ab', it)) | r3: print(list(it))",
    "generator expression consumed": "r4 sees r3: r1: it = iter([1]) | r2: g = (v for v in it) | r3: list(g) | r4: print(list(it))",
    "file handle": "r3 sees r2: r1: f = open('a') | r2: f.readline() | r3: print(f.read())",
    "iterating file": "r3 sees r2: r1: f = open('a') | r2: for l in f: print(l) | r3: print(f.read())",
    "str join gen": "r3 sees r2: r1: x = [] | r2: ','.join(x.pop() for _ in range(1)) | r3: print(x)",
    "format call": "r3 sees r2: r1: x = [] | r2: '{}'.format(x.pop()) | r3: print(x)",
    "fstring call": "r3 sees r2: r1: x = [1] | r2: print(f'{x.pop()}') | r3: print(x)",
    "subscript index call": "r3 sees r2: r1: x = [1]; y = [1, 2] | r2: y[x.pop()] | r3: print(x)",
    "decorator arg": "r3 sees r2: r1: x = [] | c1: def reg(to):;    def d(f): to.append(f); return f;    return d | r2: @reg(x); def f(): pass | r3: print(x)",
    "super init": "r3 sees r2: r1: x = [] | c1: class A:;    def __init__(self): x.append(1) | c2: class B(A): pass | r2: B() | r3: print(x)",
    "module level getattr": "r3 sees r2: s1: import helper | r2: getattr(helper, 'touch')(1) | r3: print(helper.state)",
    "os.environ method alias": "r3 sees r2: s1: import os | r1: put = os.environ.update | r2: put(A='1') | r3: y = 1",
    "plt.rc alias": "r3 sees r2: s1: from matplotlib import rc as conf | r2: conf('lines', linewidth=2) | r3: import pandas; pandas.Series([1]).plot()",
    "torch.backends alias": "r3 sees r2: s1: import torch | r1: b = torch.backends.cudnn | r2: b.benchmark = True | r3: y = 1",
    "logging via name": "r3 sees r2: s1: import logging | r1: log = logging.getLogger('a') | r2: log.setLevel(10) | r3: y = 1",
    "gradients by context": "r3 sees r2: s1: import torch | r2: torch.no_grad().__enter__() | r3: y = 1",
    "np.random state alias": "r3 sees r2: s1: import numpy as np | r1: s = np.random.RandomState(1) | r2: s.rand() | r3: print(s.rand())",
    "monkeypatch through instance's class": "r3 sees r2: c1: class A:;    def go(self): return 1 | r1: a = A() | r2: A.go = lambda self: 2 | r3: print(a.go())",
    "monkeypatch of a base": "r3 sees r2: c1: class A:;    def go(self): return 1 | c2: class B(A): pass | r1: b = B() | r2: A.go = lambda self: 2 | r3: print(b.go())",
    "function in dict": "r5 sees r4: r1: x = [] | r2: def f(): x.append(1) | r3: t = {'f': f} | r4: t['f']() | r5: print(x)",
    "bound method of list in tuple": "r4 sees r3: r1: x = [] | r2: t = (x.append, 1) | r3: t[0](2) | r4: print(x)",
    "class method alias": "r3 sees r2: c1: class A:;    n = 0;    @classmethod;    def up(cls): cls.n += 1 | r1: up = A.up | r2: up() | r3: print(A.n)",
    "static counter via subclass": "r3 sees r2: c1: class A:;    n = 0;    def __init__(self): A.n += 1 | c2: class B(A): pass | r2: B() | r3: print(A.n)",
    "enum-like store": "r3 sees r2: c1: class A: n = 1 | r2: setattr(A, 'n', 3) | r3: print(A.n)",
    "setattr through instance": "r3 sees r2: c1: class A: n = 1 | r1: a = A() | r2: setattr(type(a), 'n', 3) | r3: print(A.n)",
    "function setattr": "r3 sees r2: c1: def f(): return 1 | r2: setattr(f, 'n', 3) | r3: print(f.n)",
    "class passed": "r3 sees r2: c1: class A: n = 1 | c2: def spoil(k): k.n = 2 | r2: spoil(A) | r3: print(A.n)",
    "function passed": "r3 sees r2: c1: def f(): return 1 | c2: def mark(g): g.n = 2 | r2: mark(f) | r3: print(f.n)",
}


@pytest.mark.parametrize("row", CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen(row: str) -> None:
    readers, _, text = row.partition(": ")
    reader, _, changer = readers.partition(" sees ")
    assert changer in deps(build([note(text)]), reader)


OTHER = (
    "c0: shared = [1]; factor = 2 | c1: def push(v): shared.append(v)"
    " | c2: def total(): return sum(shared) | c3: print('hello')"
)
CHANGES_OF_A_NOTE = {
    "its list is changed": (
        "r1: from vault.other import shared, total | r2: shared.append(1) | r3: print(total())"
    ),
    "by another name": (
        "r1: from vault.other import shared, total; m = shared | r2: m.append(1) | r3: print(total())"
    ),
    "as an argument": (
        "r1: from vault.other import shared, total | r2: f(shared) | r3: print(total())"
    ),
    "by its function": (
        "r1: from vault.other import push, shared | r2: push(1) | r3: print(shared)"
    ),
    "through the module": (
        "r1: from vault import other | r2: other.factor = 3 | r3: print(other.factor)"
    ),
    "through the module's list": (
        "r1: from vault import other | r2: other.shared.append(3) | r3: print(other.total())"
    ),
    "it is imported first": (
        "r2: from vault.other import total | r3: from vault.other import push"
    ),
}


@pytest.mark.parametrize("text", CHANGES_OF_A_NOTE.values(), ids=CHANGES_OF_A_NOTE)
def test_a_change_of_an_imported_note_is_seen(text: str) -> None:
    graph = build([note(text), note(OTHER, path="Other.md", name="other")])
    assert "r2" in deps(graph, "r3")


def test_what_an_imported_note_prints_and_switches_counts() -> None:
    """Importing executes all its definitions, also those that the imported name does not need."""
    other = note(
        "c0: a = 1 | c1: print('hello') | s2: import os; os.environ['A'] = '1' | c3: b = 2",
        path="Other.md",
        name="other",
    )
    graph = build([note("r1: from vault.other import a | r2: y = 1"), other])
    assert deps(graph, "r1") == {"c0", "c1", "s2"}
    assert "r1" in deps(graph, "r2")


APART = {
    "a style, and what does not draw": "s1: import torch; import matplotlib.pyplot as plt | r2: plt.rcParams['font.size'] = 3 | r3: print(torch.ones(2))",
    "two objects of one class": "c1: class A: n = 1 | r2: a = A(); a.n = 3 | r3: print(A().n)",
    "a class passed on, and an object made": "c1: class A: n = 1 | c2: class Net:;    def __init__(self, k): self.k = k | r1: net = Net(A) | r2: net.train() | r3: print(A().n)",
    "a module beside an object": "s1: import torch | r2: x = torch.ones(2, dtype=torch.float64); x.requires_grad = True | r3: print(torch.zeros(2))",
    "a library's function": "s1: import seaborn | r2: print(seaborn.blend([1])) | r3: y = 1",
}


@pytest.mark.parametrize("text", APART.values(), ids=APART)
def test_what_is_apart_stays_apart(text: str) -> None:
    """An edit of one block must not run each other one again."""
    assert "r2" not in deps(build([note(text)]), "r3")


SWAYED = {
    "a definition that computes": "s1: items = [1] | r1: items.append(2) | c2: copied = list(items)",
    "a check": "s1: items = [1] | r1: items.append(2) | c2: assert len(items) == 1",
    "a switch": "s1: import os | r1: os.environ['A'] = '1' | c2: print(os.environ['A'])",
}


@pytest.mark.parametrize("text", SWAYED.values(), ids=SWAYED)
def test_a_definition_is_swayed_by_run_blocks_above(text: str) -> None:
    """In its own note alone: tests and importers meet it without them."""
    graph = build([note(f"{text} | t3: assert copied | r3: print(copied)")])
    assert {key[1] for key in graph.nodes["N.md", "c2"].swayed} == {"r1"}
    assert "r1" not in deps(graph, "c2") | deps(graph, "t3")
    assert not graph.problems["N.md"]


def test_a_definition_that_only_defines_is_swayed_by_nothing() -> None:
    text = "s1: log = [1] | r1: log.append(2) | c2: def f(): log.append(3);    return len(log)"
    assert not build([note(text)]).nodes["N.md", "c2"].swayed


def test_what_a_run_block_sees_of_a_definition_goes_through_the_run_blocks_above() -> None:
    text = "s1: items = [1] | r1: items.append(2) | c2: copied = list(items) | r3: print(copied)"
    assert deps(build([note(text)]), "r3") == {"s1", "r1", "c2"}


QUIET = {
    "a quiet note is imported": (
        "r2: from vault.other import f | r3: from vault.other import g",
        "c0: def f(): pass | c1: def g(): return f()",
    ),
    "its functions are called": (
        "r1: from vault.other import f | r2: f(1) | r3: f(2)",
        "c0: def f(v): return v",
    ),
    "an object with a quiet property is read": (
        "r1: from vault.other import A; a = A() | r2: print(a.n) | r3: print(a.n)",
        "c0: class A:;    k = 1;    @property;    def n(self): return self.k",
    ),
}


@pytest.mark.parametrize(("text", "other"), QUIET.values(), ids=QUIET)
def test_reading_a_note_is_no_change(text: str, other: str) -> None:
    graph = build([note(text), note(other, path="Other.md", name="other")])
    assert "r2" not in deps(graph, "r3")
