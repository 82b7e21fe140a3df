"""Values that can be kept without pickling objects: plain data, arrays and tensors.

A value is taken apart into a tree of plain data, which is JSON, and leaves that have binary forms
of their own: tensors go through ``torch.save`` and come back by ``torch.load(weights_only=True)``,
arrays through numpy's ``.npz`` without objects. Neither torch nor numpy is imported unless there
is something of theirs to keep or to bring back.
"""

from __future__ import annotations

import base64
import importlib
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .records import dataclass, field

SUFFIXES = TENSORS, ARRAYS = ".pt", ".npz"  # of the files of leaves
_DEPTH = 100  # levels of containers


class NotStorable(TypeError):
    """Names the part of a value that cannot be kept, and its type."""


@dataclass(slots=True)
class Parts:
    """A value taken apart: its tree, which ``json`` takes, and the leaves that it refers to."""

    tree: Any = None
    tensors: list[Any] = field(default_factory=list)
    arrays: list[Any] = field(default_factory=list)

    def save(self, stem: Path) -> list[str]:
        """Write the leaves to ``stem`` with a suffix each; returns the suffixes.

        Raises ``OSError`` where they cannot be written.
        """
        if self.tensors:
            torch = importlib.import_module("torch")
            torch.save(self.tensors, beside(stem, TENSORS))
        if self.arrays:
            numpy = importlib.import_module("numpy")
            numpy.savez(beside(stem, ARRAYS), *self.arrays)
        return [s for s, kept in ((TENSORS, self.tensors), (ARRAYS, self.arrays)) if kept]


def load(tree: Any, suffixes: list[str], stem: Path, device: str) -> Any:
    """The value whose leaves ``Parts.save`` wrote; what lay on a GPU lies on ``device`` now.

    Raises many kinds of exceptions where the files are not what was written.
    """
    parts = Parts()
    if TENSORS in suffixes:
        torch = importlib.import_module("torch")
        _check_sums(beside(stem, TENSORS))
        parts.tensors = torch.load(
            beside(stem, TENSORS), map_location=_placed_on(torch, device), weights_only=True
        )
    if ARRAYS in suffixes:
        numpy = importlib.import_module("numpy")
        with numpy.load(beside(stem, ARRAYS), allow_pickle=False) as found:
            parts.arrays = [found[f"arr_{number}"] for number in range(len(found.files))]
    return _joined(tree, parts)


def _check_sums(archive: Path) -> None:
    """torch reads its archives without a look at their check sums; numpy does look."""
    with zipfile.ZipFile(archive) as parts:
        broken = parts.testzip()
    if broken is not None:
        raise ValueError(f"{broken} in {archive} is damaged")


def beside(stem: Path, suffix: str) -> Path:
    return stem.with_name(stem.name + suffix)


def _placed_on(torch: Any, device: str) -> Callable[[Any, str], Any]:
    def place(storage: Any, location: str) -> Any:
        same_kind = location.partition(":")[0] == device.partition(":")[0]
        target = device if same_kind else location
        return torch.serialization.default_restore_location(storage, target)

    return place


# --- taking apart ------------------------------------------------------------------------------


def take_apart(value: Any) -> Parts:
    """Raises ``NotStorable``, naming the first part that is no plain data, tensor or array."""
    parts = Parts()
    parts.tree = _tree(value, "", parts, 0)
    return parts


def _tree(value: Any, path: str, parts: Parts, depth: int) -> Any:
    """Scalars of JSON stand for themselves; everything else is ``[kind, content]``."""
    if depth > _DEPTH:
        raise NotStorable(f"{_at(path[:40])} … is nested more than {_DEPTH} levels deep")
    kind = type(value)
    if value is None or kind in (bool, int, str):
        return value
    if kind in _SCALARS:
        return [kind.__name__, _SCALARS[kind][0](value)]
    if kind in _SEQUENCES:
        items = enumerate(value) if kind in (list, tuple) else ((None, v) for v in _ordered(value))
        children = [_tree(v, f"{path}{_index(i)}", parts, depth + 1) for i, v in items]
        return [kind.__name__, children]
    if kind in (dict, OrderedDict):
        pairs = []
        for key, item in value.items():
            below = f"{path}[{key!r}]"
            pairs.append(
                [
                    _tree(key, f"{path}.keys()", parts, depth + 1),
                    _tree(item, below, parts, depth + 1),
                ]
            )
        return [kind.__name__, pairs]
    return _leaf(value, path, parts)


def _index(number: int | None) -> str:
    return "{…}" if number is None else f"[{number}]"


def _ordered(values: Any) -> Any:
    """The elements of a set, in an order that does not depend on the process."""
    return sorted(values, key=lambda item: (type(item).__name__, repr(item)))


def _leaf(value: Any, path: str, parts: Parts) -> Any:
    torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy")
    if torch is not None and type(value) in _of_torch(torch):
        return ["torch", _place(value, parts.tensors)]
    if numpy is not None and type(value) is numpy.ndarray and not value.dtype.hasobject:
        return ["array", _place(value, parts.arrays)]
    if numpy is not None and isinstance(value, numpy.generic) and not value.dtype.hasobject:
        return ["number", _place(value, parts.arrays)]
    raise NotStorable(f"{_at(path)} is {_described(value, torch)}")


def _place(value: Any, leaves: list[Any]) -> int:
    """The index of a leaf; one that is met again is kept once, as it was one object."""
    for index, known in enumerate(leaves):
        if known is value:
            return index
    leaves.append(value)
    return len(leaves) - 1


def _of_torch(torch: Any) -> tuple[Any, ...]:
    return (torch.Tensor, torch.nn.Parameter, torch.nn.Buffer, torch.Size, torch.dtype)


def _at(path: str) -> str:
    return f"the value's {path}" if path else "the value"


def _described(value: Any, torch: Any) -> str:
    name = f"a {type(value).__module__}.{type(value).__qualname__}".replace("builtins.", "")
    if torch is not None and isinstance(value, torch.nn.Module | torch.optim.Optimizer):
        return f"{name}: return its `state_dict()`"
    return f"{name}, neither plain data nor a tensor: return what it is made of"


# --- putting together --------------------------------------------------------------------------


def _joined(tree: Any, parts: Parts) -> Any:
    if not isinstance(tree, list):
        return tree
    kind, content = tree
    match kind:
        case "torch":
            return parts.tensors[content]
        case "array":
            return parts.arrays[content]
        case "number":
            return parts.arrays[content][()]
        case "dict":
            return {_joined(key, parts): _joined(item, parts) for key, item in content}
        case "OrderedDict":
            return OrderedDict((_joined(k, parts), _joined(item, parts)) for k, item in content)
    for scalar, (_, read) in _SCALARS.items():
        if scalar.__name__ == kind:
            return read(content)
    make = next(sequence for sequence in _SEQUENCES if sequence.__name__ == kind)
    return make(_joined(item, parts) for item in content)


def _read_complex(text: str) -> complex:
    real, imaginary = text.split(" ")
    return complex(float.fromhex(real), float.fromhex(imaginary))


_SEQUENCES: tuple[Any, ...] = (list, tuple, set, frozenset)
_SCALARS: dict[Any, tuple[Callable[[Any], str], Callable[[str], Any]]] = {
    float: (float.hex, float.fromhex),
    complex: (lambda value: f"{value.real.hex()} {value.imag.hex()}", _read_complex),
    bytes: (lambda value: base64.b64encode(value).decode("ascii"), base64.b64decode),
}
