"""What a block changes, and who must see it: state that hides from a reader of names.

Each row is a note in the small language of ``test_graph.py``: the block named second reads what
the block named third has changed, so it depends on it (law 3: incremental equals clean).
"""

from __future__ import annotations

import pytest
from test_graph import deps, note

from runner.graph import build

CHANGES = {
    "match capture": (
        "r1: match a:;    case [x, *y]: pass | r2: print(x)",
        "r2",
        "r1",
    ),
    "del item": (
        "r1: x = [1] | r2: del x[0] | r3: print(x)",
        "r3",
        "r2",
    ),
    "del attr": (
        "r1: x = A() | r2: del x.a | r3: print(x)",
        "r3",
        "r2",
    ),
    "del environ": (
        "s1: import os | r2: del os.environ['A'] | r3: y = 1",
        "r3",
        "r2",
    ),
    "with as attr": (
        "r1: x = A() | r2: with f() as x.a: pass | r3: print(x)",
        "r3",
        "r2",
    ),
    "print file": (
        "s1: import io | r1: b = io.StringIO() | r2: print(1, file=b) | r3: b.getvalue()",
        "r3",
        "r2",
    ),
    "list(it)": (
        "r1: it = iter([1, 2]) | r2: list(it) | r3: print(list(it))",
        "r3",
        "r2",
    ),
    "sum(it)": (
        "r1: it = map(int, '12') | r2: a = sum(it) | r3: print(sum(it))",
        "r3",
        "r2",
    ),
    "for it": (
        "r1: it = iter([1, 2]) | r2: for a in it: print(a) | r3: print(list(it))",
        "r3",
        "r2",
    ),
    "comp it": (
        "r1: it = iter([1, 2]) | r2: b = [a for a in it] | r3: print(list(it))",
        "r3",
        "r2",
    ),
    "unpack it": (
        "r1: it = iter([1, 2]) | r2: a, b = it | r3: print(list(it))",
        "r3",
        "r2",
    ),
    "star it": (
        "r1: it = iter([1, 2]) | r2: print(*it) | r3: print(list(it))",
        "r3",
        "r2",
    ),
    "in it": (
        "r1: it = iter([1, 2]) | r2: print(1 in it) | r3: print(list(it))",
        "r3",
        "r2",
    ),
    "join it": (
        "r1: it = iter('ab') | r2: print(','.join(it)) | r3: print(list(it))",
        "r3",
        "r2",
    ),
    "next": (
        "r1: it = iter([1, 2]) | r2: next(it) | r3: print(list(it))",
        "r3",
        "r2",
    ),
    "islice": (
        "s1: import itertools | r1: it = iter([1, 2]) | r2: a = list(itertools.islice(it, 1)) | r3: print(list(it))",
        "r3",
        "r2",
    ),
    "mutable default": (
        "c1: def f(x, acc=[]): acc.append(x); return acc | r2: f(1) | r3: print(f(2))",
        "r3",
        "r2",
    ),
    "closure": (
        "c1: def make():;    n = 0;    def inc():;        nonlocal n;        n += 1;        return n;    return inc | r1: inc = make() | r2: inc() | r3: print(inc())",
        "r3",
        "r2",
    ),
    "class counter": (
        "c1: class A:;    n = 0;    def __init__(self): A.n += 1 | r2: a = A() | r3: print(A.n)",
        "r3",
        "r2",
    ),
    "type(self)": (
        "c1: class A:;    n = 0;    def __init__(self): type(self).n += 1 | r2: a = A() | r3: print(A.n)",
        "r3",
        "r2",
    ),
    "classmethod": (
        "c1: class A:;    n = 0;    @classmethod;    def up(cls): cls.n += 1 | r2: A.up() | r3: print(A.n)",
        "r3",
        "r2",
    ),
    "setattr": (
        "r1: x = A() | r2: setattr(x, 'a', 1) | r3: print(x.a)",
        "r3",
        "r2",
    ),
    "dict view": (
        "r1: d = {} ; e = d | r2: e['a'] = 1 | r3: print(d)",
        "r3",
        "r2",
    ),
    "tuple of list": (
        "r1: x = [] ; t = (x, 1) | r2: t[0].append(1) | r3: print(x)",
        "r3",
        "r2",
    ),
    "list of list": (
        "r1: x = [] | r2: t = [x] | r3: t[0].append(1) | r4: print(x)",
        "r4",
        "r3",
    ),
    "function returning arg": (
        "c1: def same(a): return a | r1: x = [] | r2: y = same(x) | r3: y.append(1) | r4: print(x)",
        "r4",
        "r3",
    ),
    "os.remove": (
        "s1: import os | r1: open('a', 'w') | r2: os.remove('a') | r3: print(open('a').read())",
        "r3",
        "r2",
    ),
    "shutil.copy": (
        "s1: import shutil | r1: open('a', 'w') | r2: shutil.copy('a', 'b') | r3: print(open('b').read())",
        "r3",
        "r2",
    ),
    "shutil.move": (
        "s1: import shutil | r1: open('a', 'w') | r2: shutil.move('a', 'b') | r3: print(open('b').read())",
        "r3",
        "r2",
    ),
    "os.replace": (
        "s1: import os | r1: open('a', 'w') | r2: os.replace('a', 'b') | r3: print(open('b').read())",
        "r3",
        "r2",
    ),
    "zipfile": (
        "s1: import zipfile | r1: zipfile.ZipFile('a', 'w') | r2: print(zipfile.ZipFile('a').namelist())",
        "r2",
        "r1",
    ),
    "getsize": (
        "s1: import os | r1: open('a', 'w') | r2: print(os.path.getsize('a'))",
        "r2",
        "r1",
    ),
    "read via path": (
        "s1: from pathlib import Path | r1: Path('a').write_text('1') | r2: print(Path('a').read_text())",
        "r2",
        "r1",
    ),
    "file in function": (
        "c1: def read(): return open('a').read() | r1: open('a', 'w').write('1') | r2: print(read())",
        "r2",
        "r1",
    ),
    "file write in function": (
        "c1: def w(): open('a', 'w').write('1') | r1: w() | r2: print(open('a').read())",
        "r2",
        "r1",
    ),
    "global via f": (
        "r1: n = [] | c2: def f(): n.append(1) | r3: g = f | r4: g() | r5: print(n)",
        "r5",
        "r4",
    ),
    "method mutates arg": (
        "r1: x = [] | r2: A().run(x) | r3: print(x)",
        "r3",
        "r2",
    ),
    "lambda default": (
        "r1: f = lambda a, c=[]: c.append(a) or c | r2: f(1) | r3: print(f(2))",
        "r3",
        "r2",
    ),
    "subclass registry": (
        "c1: class Base:;    def __init_subclass__(cls): names.append(cls) | s1: names = [] | r2: class B(Base): pass | r3: print(names)",
        "r3",
        "r2",
    ),
    "decorator registers": (
        "s1: names = [] | c1: def reg(f): names.append(f);return f | r2: @reg; def g(): pass | r3: print(names)",
        "r3",
        "r2",
    ),
    "augmented index": (
        "r1: x = [0] | r2: x[0] += 1 | r3: print(x)",
        "r3",
        "r2",
    ),
    "walrus": (
        "r1: print(x := 3) | r2: print(x)",
        "r2",
        "r1",
    ),
    "context manager": (
        "r1: x = A() | r2: with x: pass | r3: print(x)",
        "r3",
        "r2",
    ),
    "conditional import": (
        "r1: try:;    import a;except ImportError:;    a = None | r2: print(a)",
        "r2",
        "r1",
    ),
    "nested def mutation": (
        "r1: log = [] | r2: def outer():;    def inner(): log.append(1);    inner() | r3: outer() | r4: print(log)",
        "r4",
        "r3",
    ),
    "map callback": (
        "r1: log = [] | r2: list(map(log.append, [1])) | r3: print(log)",
        "r3",
        "r2",
    ),
    "sorted key": (
        "r1: log = [] | r2: sorted([1], key=log.append) | r3: print(log)",
        "r3",
        "r2",
    ),
    "functools.partial": (
        "s1: import functools | r1: log = [] | r2: f = functools.partial(log.append, 1) | r3: f() | r4: print(log)",
        "r4",
        "r3",
    ),
    "random.seed": (
        "s1: import random | r1: random.seed(1) | r2: print(random.random())",
        "r2",
        "s1",
    ),
    "bisect.insort": (
        "s1: import bisect | r1: x = [1] | r2: bisect.insort(x, 2) | r3: print(x)",
        "r3",
        "r2",
    ),
    "heapq": (
        "s1: import heapq | r1: x = [1] | r2: heapq.heappush(x, 2) | r3: print(x)",
        "r3",
        "r2",
    ),
    "operator.setitem": (
        "s1: import operator | r1: x = [1] | r2: operator.setitem(x, 0, 2) | r3: print(x)",
        "r3",
        "r2",
    ),
    "operator.iadd": (
        "s1: import operator | r1: x = [1] | r2: operator.iadd(x, [2]) | r3: print(x)",
        "r3",
        "r2",
    ),
    "operator.delitem": (
        "s1: import operator | r1: x = [1] | r2: operator.delitem(x, 0) | r3: print(x)",
        "r3",
        "r2",
    ),
    "collections.Counter.update": (
        "s1: from collections import Counter | r1: x = Counter() | r2: x.update('a') | r3: print(x)",
        "r3",
        "r2",
    ),
}


@pytest.mark.parametrize(("text", "reader", "changer"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen(text: str, reader: str, changer: str) -> None:
    assert changer in deps(build([note(text)]), reader)
