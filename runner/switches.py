"""Global settings that code may switch, as they stand now: to put them back, or on again.

Under ``run`` a note's blocks have a process of their own; under pytest many notes share one, and
what one of them switches must not reach the next. Libraries are asked only if they are loaded.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

from .records import dataclass
from .seeds import on_arrival

Getter = Callable[[Any], Any]
Setter = Callable[[Any, Any], None]


def _set_environ(library: Any, value: dict[str, str]) -> None:
    for name in os.environ.keys() - value.keys():
        # pytest's own, which it sets and removes while a test goes on.
        if name != "PYTEST_CURRENT_TEST":
            del library.environ[name]
    library.environ.update(value)


def _environ(library: Any) -> dict[str, str]:
    return {k: v for k, v in library.environ.items() if k != "PYTEST_CURRENT_TEST"}


def _set_filters(library: Any, value: list[Any]) -> None:
    library.filters[:] = value
    library._filters_mutated()


def _set_deterministic(torch: Any, value: tuple[bool, bool]) -> None:
    torch.use_deterministic_algorithms(value[0], warn_only=value[1])


def _deterministic(torch: Any) -> tuple[bool, bool]:
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )


_CUDNN = ("benchmark", "deterministic", "allow_tf32")


def _set_cudnn(torch: Any, value: tuple[bool, ...]) -> None:
    for name, switch in zip(_CUDNN, value, strict=True):
        setattr(torch.backends.cudnn, name, switch)


def _set_rc(matplotlib: Any, value: Mapping[str, Any]) -> None:
    dict.update(matplotlib.rcParams, value)


# Name: the library, how to ask, how to set.
_SWITCHES: dict[str, tuple[str, Getter, Setter]] = {
    "environment": ("os", _environ, _set_environ),
    "warnings": ("warnings", lambda w: list(w.filters), _set_filters),
    "recursion": ("sys", lambda s: s.getrecursionlimit(), lambda s, v: s.setrecursionlimit(v)),
    "logging": ("logging", lambda lib: lib.root.level, lambda lib, v: lib.root.setLevel(v)),
    "numpy errors": ("numpy", lambda n: n.geterr(), lambda n, v: n.seterr(**v)),
    "numpy printing": (
        "numpy",
        lambda n: n.get_printoptions(),
        lambda n, v: n.set_printoptions(**v),
    ),
    "torch dtype": (
        "torch",
        lambda t: t.get_default_dtype(),
        lambda t, v: t.set_default_dtype(v),
    ),
    "torch device": (
        "torch",
        lambda t: t.get_default_device(),
        lambda t, v: t.set_default_device(v),
    ),
    "torch gradients": (
        "torch",
        lambda t: t.is_grad_enabled(),
        lambda t, v: t.set_grad_enabled(v),
    ),
    "torch determinism": ("torch", _deterministic, _set_deterministic),
    "torch precision": (
        "torch",
        lambda t: t.get_float32_matmul_precision(),
        lambda t, v: t.set_float32_matmul_precision(v),
    ),
    "cudnn": (
        "torch",
        lambda t: tuple(getattr(t.backends.cudnn, name) for name in _CUDNN),
        _set_cudnn,
    ),
    "matplotlib": ("matplotlib", lambda m: dict(m.rcParams), _set_rc),
}
_ALWAYS = {"os": os, "sys": sys, "warnings": warnings, "logging": logging}
_pristine: dict[str, Any] = {}  # of libraries that were loaded since, as they came


def _loaded() -> Iterator[tuple[str, Any, Getter, Setter]]:
    for name, (library, ask, put) in _SWITCHES.items():
        module = _ALWAYS.get(library) or sys.modules.get(library)
        if module is not None and not getattr(module.__spec__, "_initializing", False):
            yield name, module, ask, put


@dataclass(frozen=True, slots=True)
class Switches:
    """The values of some global settings, by name."""

    values: Mapping[str, Any]

    @classmethod
    def now(cls) -> Switches:
        return cls({name: ask(module) for name, module, ask, _ in _loaded()})

    def changed_since(self, before: Switches) -> Switches:
        """Those that differ; of libraries loaded since, from what these came with."""
        known = {**_pristine, **before.values}
        return Switches({k: v for k, v in self.values.items() if k not in known or known[k] != v})

    def put(self) -> None:
        """Set them, touching only those that stand otherwise."""
        for name, module, ask, put in _loaded():
            if name in self.values and ask(module) != self.values[name]:
                put(module, self.values[name])

    def put_all(self) -> None:
        """Set them, and those of libraries loaded since to what these came with."""
        Switches({**_pristine, **self.values}).put()


def heed_arrivals() -> None:
    """From now on, notice the settings that a library comes with."""
    for library in {library for library, _, _ in _SWITCHES.values()} - _ALWAYS.keys():
        if library not in sys.modules:
            on_arrival(library, _keep_pristine)


def _keep_pristine(module: ModuleType) -> None:
    for name, (library, ask, _) in _SWITCHES.items():
        if library == module.__name__:
            _pristine[name] = ask(module)
