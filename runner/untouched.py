"""What a function, or a test, might change outside itself, looked at before and after it runs.

A checkpoint replaces a call by what it returned, so the call must do nothing else. Seen are the
globals that the function and the functions it calls by name mention, their closures and default
values: names bound anew, and tensors, modules, arrays, containers, generators and other objects
changed in place. Not seen: what is reached in other ways, files, and settings of libraries. Tests
feed nothing, so what one of them changed in the modules of notes must not meet the next.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

_BUDGET = 50_000  # objects that are looked at in all
_DEPTH = 50
_LARGEST = 64 * 2**20  # bytes of an array that are compared


class Surroundings:
    """The state around ``function`` now."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._held: dict[str, Any] = {}
        self._namespaces: dict[int, tuple[dict[str, Any], dict[str, Any]]] = {}
        for name, value in _reached(function):
            if isinstance(value, FunctionType):
                namespace = value.__globals__
                self._namespaces.setdefault(id(namespace), (namespace, dict(namespace)))
            else:
                self._held[name] = value
        self._states = self._look()

    def changed(self) -> list[str]:
        """The names whose values are others now than when this was made."""
        bound = {
            name
            for now, before in self._namespaces.values()
            for name in now.keys() | before.keys()
            if now.get(name) is not before.get(name) and not name.startswith("__")
        }
        states = self._look()
        inside = {name for name, state in self._states.items() if states[name] != state}
        return sorted(bound | inside)

    def _look(self) -> dict[str, Any]:
        budget = _BUDGET // max(1, len(self._held))
        return {name: _Look(budget).state(value) for name, value in self._held.items()}


class Ground:
    """What tests stand on: modules of notes, as they are now."""

    def __init__(self, modules: Iterable[ModuleType] | None = None) -> None:
        """Of these ``modules``, or else of all notes that are imported."""
        notes = (module for name, module in sys.modules.items() if name.startswith("vault."))
        self._modules = list(notes if modules is None else modules)
        self._state = self._look()

    def moved(self) -> bool:
        """Whether anything in them is another than when this was made or last asked."""
        before, self._state = self._state, self._look()
        return before != self._state

    def _look(self) -> list[Any]:
        look = _Look(_BUDGET)
        return [
            look.parts({key: value for key, value in vars(module).items() if key[:2] != "__"})
            for module in self._modules
        ]


# --- what a function reaches -------------------------------------------------------------------


def _plain(function: Any) -> Iterator[tuple[FunctionType | None, list[Any]]]:
    """The Python function behind a callable, and the values that it carries along."""
    if isinstance(function, functools.partial):
        carried = [*function.args, *function.keywords.values()]
        for inner, more in _plain(function.func):
            yield inner, carried + more
    elif isinstance(function, MethodType):
        for inner, more in _plain(function.__func__):
            yield inner, [function.__self__, *more]
    elif isinstance(function, FunctionType):
        yield function, []
    else:
        yield None, [function]


def _reached(function: Any) -> Iterator[tuple[str, Any]]:
    """Name and value of all that ``function`` mentions, functions of the same code followed."""
    waiting: list[tuple[str, Any]] = [("make", function)]
    seen: set[int] = set()
    while waiting:
        name, value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, type):
            yield name, value
            waiting += [
                (f"{name}.{key}", part)
                for key, part in vars(value).items()
                if isinstance(part, FunctionType)
            ]
            continue
        for inner, carried in _plain(value):
            if inner is None:
                yield name, value
                continue
            yield name, inner
            yield from ((name, part) for part in carried)
            waiting += _mentioned(inner)


def _mentioned(function: FunctionType) -> Iterator[tuple[str, Any]]:
    namespace = function.__globals__
    for name in _names(function.__code__):
        value = namespace.get(name, _names)
        if value is not _names and not isinstance(value, ModuleType) and _is_near(value, namespace):
            yield name, value
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # an empty cell: nothing is there yet
            continue
    yield from (("make", value) for value in function.__defaults__ or ())


def _is_near(value: Any, namespace: dict[str, Any]) -> bool:
    """Functions and classes of libraries are not looked into."""
    if isinstance(value, FunctionType) and value.__globals__ is namespace:
        return True
    return not isinstance(value, FunctionType | type) or _is_of_note(value)


def _is_of_note(value: FunctionType | type) -> bool:
    return str(value.__module__).startswith("vault.")


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


# --- the state of a value ----------------------------------------------------------------------


class _Look:
    """One look at a value and at most ``budget`` of its parts; met twice, a part counts once."""

    def __init__(self, budget: int) -> None:
        self._left = budget
        self._seen: dict[int, int] = {}

    def state(self, value: Any, depth: int = 0) -> Any:
        """Something that compares equal as long as ``value`` was not changed in place."""
        if isinstance(value, _ATOMS):
            return value
        if id(value) in self._seen or self._left <= 0 or depth > _DEPTH:
            return id(value), self._seen.get(id(value))
        self._left -= 1
        self._seen[id(value)] = len(self._seen)
        return id(value), self._inside(value, depth + 1)

    def parts(self, named: Mapping[Any, Any], depth: int = 0) -> Any:
        """The state of what a mapping holds, whichever mapping it is."""
        return [(self.state(k, depth), self.state(item, depth)) for k, item in named.items()]

    def _inside(self, value: Any, depth: int) -> Any:
        if isinstance(value, list | tuple):
            return [self.state(item, depth) for item in value]
        if isinstance(value, dict):
            return self.parts(value, depth)
        if isinstance(value, set | frozenset):
            return {id(item) for item in value}
        if isinstance(value, bytearray):
            return bytes(value)
        if isinstance(value, FunctionType | type):
            return self.parts(_attributes(value), depth) if _is_of_note(value) else None
        if isinstance(value, MethodType | ModuleType):
            return None
        if (known := _state_of_library(value)) is not None:
            return known
        return self.state(vars(value), depth) if hasattr(value, "__dict__") else None


def _attributes(value: FunctionType | type) -> dict[str, Any]:
    """What can be set at a class or a function, and a function's default values."""
    if isinstance(value, type):
        return {name: part for name, part in vars(value).items() if name not in _MADE_ANEW}
    return {**vars(value), "": value.__defaults__, "*": value.__kwdefaults__}


_MADE_ANEW = frozenset(("__dict__", "__weakref__", "__annotations__", "__doc__"))
_ATOMS = (type(None), bool, int, float, complex, str, bytes)


def _bytes_of(array: Any) -> bytes | None:
    import hashlib  # not at the top: tests mostly hold no arrays

    if array.dtype.hasobject or array.nbytes > _LARGEST:
        return None
    return hashlib.blake2b(array.tobytes(), digest_size=16).digest()


def _state_of_library(value: Any) -> Any:
    """The state of a tensor, an array or a random generator; None of anything else."""
    torch, numpy, random = map(sys.modules.get, ("torch", "numpy", "random"))
    if torch is not None and isinstance(value, torch.Tensor):
        gradient = value.grad if value.is_leaf else None
        return value._version, value.requires_grad, id(gradient), getattr(gradient, "_version", 0)
    if torch is not None and isinstance(value, torch.Generator):
        return bytes(value.get_state().tolist())
    if random is not None and isinstance(value, random.Random):
        return value.getstate()
    if numpy is None:
        return None
    if isinstance(value, numpy.ndarray):
        return value.shape, _bytes_of(value)
    if isinstance(value, numpy.random.Generator):
        return repr(value.bit_generator.state)
    if isinstance(value, numpy.random.RandomState):
        return repr(value.get_state(legacy=False))
    return None
