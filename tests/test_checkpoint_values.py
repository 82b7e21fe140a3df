"""What a checkpoint can hold, and what counts as a side effect of making it."""

from __future__ import annotations

import functools
import json
import math
import random
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.storable import NotStorable, load, take_apart
from runner.untouched import Surroundings

torch = pytest.importorskip("torch")


def there_and_back(value: Any, folder: Path, device: str = "cpu") -> Any:
    parts = take_apart(value)
    tree = json.loads(json.dumps(parts.tree))
    return load(tree, parts.save(folder / "x"), folder / "x", device)


# --- values --------------------------------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
KEYS = st.booleans() | st.integers() | st.text() | st.tuples(st.integers(), st.text())
VALUES = st.recursive(
    SCALARS | st.complex_numbers(),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(KEYS, inner)
        | st.dictionaries(KEYS, inner).map(OrderedDict)
        | st.sets(KEYS)
        | st.frozensets(KEYS)
    ),
    max_leaves=20,
)


def same(a: Any, b: Any) -> bool:
    """Equal, of equal types all the way down; nan is itself, and -0.0 is not 0.0."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return a.hex() == b.hex() or (math.isnan(a) and math.isnan(b))
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    if isinstance(a, dict):
        return same(list(a), list(b)) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, set | frozenset):
        return {(type(item), item) for item in a} == {(type(item), item) for item in b}
    return bool(a == b)


@given(VALUES)
def test_plain_data_comes_back_as_it_was(value: Any) -> None:
    assert same(there_and_back(value, Path("nowhere")), value)


def test_tensors_arrays_and_what_a_state_dict_holds(tmp_path: Path) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.1)
    model(torch.randn(4, 3)).sum().backward()
    optimiser.step()
    value = {
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict(),
        "array": np.arange(6, dtype=np.float32).reshape(2, 3),
        "words": np.array(["a", "bc"]),
        "number": np.float64(0.1),
        "when": np.datetime64("2020-01-01"),
        "half": torch.ones(2, dtype=torch.bfloat16),
        "weight": torch.nn.Parameter(torch.ones(2)),
        "size": torch.ones(2, 3).shape,
        "type": torch.float16,
        "empty": (torch.empty(0), np.empty((0, 3)), {}, []),
    }
    back = there_and_back(value, tmp_path)
    assert list(back) == list(value)
    again = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    again.load_state_dict(back["model"])
    for mine, theirs in zip(model.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs)
    torch.optim.AdamW(again.parameters()).load_state_dict(back["optimiser"])
    for name in ("array", "words"):
        assert back[name].dtype == value[name].dtype
        assert np.array_equal(back[name], value[name])
    for name in ("number", "when", "size", "type"):
        assert type(back[name]) is type(value[name])
        assert back[name] == value[name]
    assert torch.equal(back["half"], value["half"])
    assert isinstance(back["weight"], torch.nn.Parameter)
    assert [len(part) for part in back["empty"]] == [0, 0, 0, 0]


def test_what_was_one_tensor_is_one_again(tmp_path: Path) -> None:
    tensor = torch.zeros(3)
    back = there_and_back([tensor, tensor, tensor[:2]], tmp_path)
    back[0][0] = 1
    assert back[0] is back[1]
    assert back[2][0] == 1


class Thing:
    pass


LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Thing(), r"the value is a test_checkpoint_values.Thing, neither plain data"),
        ({"a": [0, Thing()]}, r"the value's \['a'\]\[1\] is a test_checkpoint_values.Thing"),
        ({"m": torch.nn.Linear(1, 1)}, r"\['m'\] is a torch.nn.* return its `state_dict\(\)`"),
        (torch.optim.SGD([torch.ones(1)], lr=1), r"return its `state_dict\(\)`"),
        ((lambda: 1,), r"the value's \[0\] is a function"),
        (np.array([Thing()]), r"the value is a numpy.ndarray"),
        ({Thing(): 1}, r"the value's .keys\(\) is a"),
        ({1, Thing}, r"the value's {…} is a type"),
        (LOOP, r"nested more than 100 levels deep"),
        (random.Random(1), r"the value is a random.Random"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_values_are_refused_by_name(value: Any, said: str) -> None:
    with pytest.raises(NotStorable, match=said):
        take_apart(value)


def test_no_object_is_unpickled(tmp_path: Path) -> None:
    """Somebody put another file in the place of the tensors."""
    parts = take_apart([torch.ones(1)])
    suffixes = parts.save(tmp_path / "x")

    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "went off",))

    torch.save([Bomb()], tmp_path / "x.pt")
    with pytest.raises(Exception, match=r"[Ww]eights"):
        load(parts.tree, suffixes, tmp_path / "x", "cpu")
    assert not (tmp_path / "went off").exists()


@pytest.mark.parametrize("suffix", [".pt", ".npz"])
def test_a_flipped_bit_is_noticed(tmp_path: Path, suffix: str) -> None:
    parts = take_apart([torch.arange(2.0**12), np.arange(2.0**12)])
    suffixes = parts.save(tmp_path / "x")
    file = tmp_path / f"x{suffix}"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(Exception):  # noqa: B017  whatever the reader of a library raises
        load(parts.tree, suffixes, tmp_path / "x", "cpu")


def test_what_lay_on_another_device_of_the_kind_lies_on_the_one_in_use() -> None:
    """A machine without GPUs can only show where each storage would go."""
    from runner.storable import _placed_on

    gone: list[str] = []

    class Serialization:
        @staticmethod
        def default_restore_location(_: object, location: str) -> None:
            gone.append(location)

    class Torch:
        serialization = Serialization

    place = _placed_on(Torch, "cuda:1")
    for location in ("cpu", "cuda:0", "cuda:1", "mps"):
        place(object(), location)
    assert gone == ["cpu", "cuda:1", "cuda:1", "mps"]


# --- side effects --------------------------------------------------------------------------------


def changed(source: str) -> list[str]:
    """What ``make`` of a note's module changes besides returning."""
    module = ModuleType("vault.note")
    names = {"torch": torch, "np": np, "random": random, "functools": functools}
    vars(module).update(names)
    exec(source, vars(module))
    make: Callable[[], Any] = vars(module)["make"]
    assert isinstance(make, FunctionType | functools.partial) or callable(make)
    around = Surroundings(make)
    make()
    return around.changed()


HARMLESS = {
    "returns": "def make(): return [1]",
    "reads": "x = [1, {'a': 2}]\ndef make(): return sum(x[:1])",
    "its own model": (
        "def build(): return torch.nn.Linear(2, 1)\n"
        "def make():\n net = build(); opt = torch.optim.SGD(net.parameters(), lr=1)\n"
        " net(torch.ones(1, 2)).backward(); opt.step(); return net.state_dict()"
    ),
    "its own generator": "def make():\n rng = np.random.default_rng(0); return rng.random()",
    "uses a model": "net = torch.nn.Linear(2, 1)\ndef make(): return net(torch.ones(1, 2)).detach()",
    "draws": "def make(): return random.random(), torch.rand(1), np.random.rand()",
    "deep data": ("x = []\nfor _ in range(5000): x = [x]\ndef make(): return len(x)"),
    "whatever has any attribute": (
        "class A:\n def __getattr__(self, name): raise RuntimeError(name)\n"
        "a = A()\ndef make(): return a is None"
    ),
    "a cycle": "x = []; x.append(x)\ndef make(): return len(x)",
}
CHANGES = {
    "a class": ("class A:\n n = 0\ndef make(): A.n = 1", ["A"]),
    "a class through its object": (
        "class A:\n n = 0\n def __init__(self): type(self).n += 1\ndef make(): A()",
        ["A"],
    ),
    "a list of a class": (
        "class A:\n every = []\n def __init__(self): self.every.append(1)\ndef make(): A()",
        ["A"],
    ),
    "a global": ("best = 0\ndef make():\n global best; best = 1", ["best"]),
    "a new global": ("def make():\n global best; best = 1", ["best"]),
    "a list": ("x = []\ndef make(): x.append(1)", ["x"]),
    "a list inside": ("x = {'a': [1]}\ndef make(): x['a'][0] = 2", ["x"]),
    "a set": ("x = set()\ndef make(): x.add(1)", ["x"]),
    "an array": ("x = np.zeros(3)\ndef make(): x[1] = 1", ["x"]),
    "a tensor": ("x = torch.zeros(3)\ndef make(): x.add_(1)", ["x"]),
    "a model": (
        "net = torch.nn.Linear(2, 1)\nopt = torch.optim.SGD(net.parameters(), lr=1)\n"
        "def make():\n net(torch.ones(1, 2)).backward(); opt.step()",
        ["net"],
    ),
    "a model's mode": ("net = torch.nn.Linear(2, 1)\ndef make(): net.eval()", ["net"]),
    "a generator": ("rng = np.random.default_rng(0)\ndef make(): return rng.random()", ["rng"]),
    "one of torch": (
        "g = torch.Generator()\ndef make(): return torch.rand(1, generator=g)",
        ["g"],
    ),
    "an old one": ("r = np.random.RandomState(0)\ndef make(): return r.rand()", ["r"]),
    "one of Python": ("r = random.Random(1)\ndef make(): return r.random()", ["r"]),
    "by another function": (
        "x = []\ndef inner(): x.append(1)\ndef outer(): inner()\ndef make(): outer()",
        ["x"],
    ),
    "by a method": (
        "x = []\nclass A:\n def go(self): x.append(1)\ndef make(): A().go()",
        ["x"],
    ),
    "a closure": (
        "def outer():\n n = []\n def inner(): n.append(1)\n return inner\nmake = outer()",
        ["n"],
    ),
    "by a lambda": ("x = []\nmake = lambda: x.append(1)", ["x"]),
    "its argument": (
        "x = []\ndef go(y): y.append(1)\nmake = functools.partial(go, x)",
        ["make"],
    ),
    "its default": ("def make(y=[]): y.append(1)", ["make"]),
    "an object": (
        "class A: n = 0\na = A()\ndef make(): a.n = 1",
        ["a"],
    ),
}


@pytest.mark.parametrize("source", HARMLESS.values(), ids=HARMLESS)
def test_a_function_may_do_this(source: str) -> None:
    assert changed(source) == []


@pytest.mark.parametrize(("source", "names"), CHANGES.values(), ids=CHANGES)
def test_a_function_that_changes_something_is_caught(source: str, names: list[str]) -> None:
    found = changed(source)
    assert found and set(names) <= {name.partition(".")[0] for name in found}
