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
    "torch generator": (
        "s1: import torch | r1: g = torch.Generator() | r2: a = torch.randn(3, generator=g) | r3: print(torch.randn(3, generator=g))",
        "r3",
        "r2",
    ),
    "torch manual_seed of g": (
        "s1: import torch | r1: g = torch.Generator() | r2: g.manual_seed(5) | r3: print(torch.randn(3, generator=g))",
        "r3",
        "r2",
    ),
    "np.add.at": (
        "s1: import numpy as np | r1: a = np.zeros(3) | r2: np.add.at(a, [0], 1) | r3: print(a)",
        "r3",
        "r2",
    ),
    "np rng": (
        "s1: import numpy as np | r1: g = np.random.default_rng(0) | r2: a = g.normal() | r3: print(g.normal())",
        "r3",
        "r2",
    ),
    "scipy rvs": (
        "s1: from scipy import stats; import numpy as np | r1: g = np.random.default_rng(0) | r2: a = stats.norm.rvs(random_state=g) | r3: print(g.normal())",
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
    "h5py": (
        "s1: import h5py | r1: h5py.File('a', 'w') | r2: print(h5py.File('a'))",
        "r2",
        "r1",
    ),
    "getsize": (
        "s1: import os | r1: open('a', 'w') | r2: print(os.path.getsize('a'))",
        "r2",
        "r1",
    ),
    "torch.save": (
        "s1: import torch | r1: torch.save(1, 'a') | r2: print(torch.load('a'))",
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
    "plt state": (
        "s1: import matplotlib.pyplot as plt | r1: fig, ax = plt.subplots() | r2: ax.plot([1]) | r3: fig",
        "r3",
        "r2",
    ),
    "model train": (
        "s1: from torch import nn | r1: m = nn.Linear(2, 2) | r2: m.train() | r3: print(m.training)",
        "r3",
        "r2",
    ),
    "model eval()": (
        "s1: from torch import nn | r1: m = nn.Linear(2, 2) | r2: m.eval() | r3: print(m.training)",
        "r3",
        "r2",
    ),
    "nn.Module .to": (
        "s1: from torch import nn | r1: m = nn.Linear(2, 2) | r2: m.double() | r3: print(m.weight.dtype)",
        "r3",
        "r2",
    ),
    "requires_grad": (
        "s1: import torch | r1: t = torch.ones(2, requires_grad=True) | r2: t.sum().backward() | r3: print(t.grad)",
        "r3",
        "r2",
    ),
    "autograd.backward": (
        "s1: import torch | r1: t = torch.ones(2, requires_grad=True) | r2: l = (t * 2).sum() | r3: l.backward() | r4: print(t.grad)",
        "r4",
        "r3",
    ),
    "forward batchnorm": (
        "s1: import torch; from torch import nn | r1: m = nn.BatchNorm1d(2) | r2: y = m(torch.ones(3, 2)) | r3: print(m.running_mean)",
        "r3",
        "r2",
    ),
    "numpy view": (
        "s1: import numpy as np | r1: a = np.zeros(3) | r2: b = a[:2] | r3: b[0] = 1 | r4: print(a)",
        "r4",
        "r3",
    ),
    "reshape view": (
        "s1: import numpy as np | r1: a = np.zeros(4) | r2: b = np.reshape(a, (2, 2)) | r3: b[0, 0] = 1 | r4: print(a)",
        "r4",
        "r3",
    ),
    "from_numpy": (
        "s1: import numpy as np; import torch | r1: a = np.zeros(4) | r2: b = torch.from_numpy(a) | r3: b.add_(1) | r4: print(a)",
        "r4",
        "r3",
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
    "np.put": (
        "s1: import numpy as np | r1: a = np.zeros(3) | r2: np.put(a, 0, 1) | r3: print(a)",
        "r3",
        "r2",
    ),
    "np.random.shuffle": (
        "s1: import numpy as np | r1: a = [1, 2] | r2: np.random.shuffle(a) | r3: print(a)",
        "r3",
        "r2",
    ),
    "np.ndarray.sort": (
        "s1: import numpy as np | r1: a = np.zeros(3) | r2: np.ndarray.sort(a) | r3: print(a)",
        "r3",
        "r2",
    ),
    "torch.nn.utils.prune": (
        "s1: import torch.nn.utils.prune as prune | r1: m = N() | r2: prune.l1_unstructured(m, 'w', 0.1) | r3: print(m)",
        "r3",
        "r2",
    ),
    "torch.nn.utils.weight_norm": (
        "s1: import torch | r1: m = N() | r2: torch.nn.utils.weight_norm(m) | r3: print(m)",
        "r3",
        "r2",
    ),
    "optim.zero": (
        "s1: import torch | r1: m = N(); o = torch.optim.SGD(m.parameters()) | r2: o.step() | r3: print(m)",
        "r3",
        "r2",
    ),
}


@pytest.mark.parametrize(("text", "reader", "changer"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen(text: str, reader: str, changer: str) -> None:
    assert changer in deps(build([note(text)]), reader)


READS_ONLY = {
    "a tensor is summed": (
        "s1: import torch | r1: x = torch.ones(3) | r2: y = x.sum() | r3: print(x)"
    ),
    "an array is viewed": (
        "s1: import numpy as np | r1: x = np.ones(3) | r2: print(np.mean(x)) | r3: print(x)"
    ),
    "axes are swapped": (
        "s1: import einops | r1: x = f() | r2: y = einops.rearrange(x, 'a b -> b a') | r3: print(x)"
    ),
    "a tensor is printed": "s1: import torch | r1: x = torch.ones(3) | r2: print(x) | r3: print(x)",
    "a figure is drawn of it": (
        "s1: import matplotlib.pyplot as plt; import torch | r1: x = torch.ones(3)"
        " | r2: plt.plot(x); plt.show() | r3: print(x)"
    ),
    "a constant is used": "r1: n = 3 | r2: print(list(range(n))) | r3: print(n)",
    "a list of constants is summed": "r1: n = [1, 2] | r2: print(sum(n), len(n)) | r3: print(n)",
    "text is joined": "r1: n = ['a', 'b'] | r2: print(', '.join(n)) | r3: print(n)",
}


@pytest.mark.parametrize("text", READS_ONLY.values(), ids=READS_ONLY)
def test_reading_is_no_change(text: str) -> None:
    """An edit of one figure must not run the next one again."""
    assert "r2" not in deps(build([note(text)]), "r3")
