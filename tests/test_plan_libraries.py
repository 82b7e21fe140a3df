"""What a block changes through PyTorch, NumPy and their like, and who must see it.

Each row is a note in the small language of ``test_graph.py``: the block named second reads what
the block named third has changed, so it depends on it (law 3: incremental equals clean).
"""

from __future__ import annotations

import pytest
from test_graph import deps, note

from runner.graph import build

CHANGES = {
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
    "h5py": (
        "s1: import h5py | r1: h5py.File('a', 'w') | r2: print(h5py.File('a'))",
        "r2",
        "r1",
    ),
    "torch.save": (
        "s1: import torch | r1: torch.save(1, 'a') | r2: print(torch.load('a'))",
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
