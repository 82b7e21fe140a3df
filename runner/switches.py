"""Global settings that code may switch, as they stand now: to put them back, or on again.

Under ``run`` a note's blocks have a process of their own; under pytest many notes share one, and
what one of them switches must not reach the next. Libraries are asked only if they are loaded.
"""

from __future__ import annotations

import builtins
import logging
import os
import sys
import warnings
from collections.abc import Callable, Container, Iterator, Mapping
from types import ModuleType
from typing import Any

from .environment import of_pytest
from .records import dataclass
from .seeds import on_arrival

Table = dict[Any, Any]  # one setting, of key None, or several of a kind by name
Getter = Callable[[Any], Table]
Setter = Callable[[Any, Table], None]
_GONE: Any = object()  # the value of a setting that is not there


def _one(ask: Callable[[Any], Any], put: Callable[[Any, Any], object]) -> tuple[Getter, Setter]:
    """A setting that stands alone, as a table."""

    def put_one(library: Any, table: Table) -> None:
        put(library, table[None])

    return (lambda library: {None: ask(library)}), put_one


def _environ(library: Any) -> Table:
    return {name: value for name, value in library.environ.items() if not of_pytest(name)}


def _set_environ(library: Any, table: Table) -> None:
    for name, value in table.items():
        if value is _GONE:
            library.environ.pop(name, None)
        else:
            library.environ[name] = value


@dataclass(frozen=True, slots=True, eq=False)
class _Exactly:
    """An object of a user's, equal to itself alone: arrays do not compare to true or false."""

    value: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Exactly) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


def _builtins(library: Any) -> Table:
    return {name: _Exactly(value) for name, value in vars(library).items() if name != "_"}


def _set_builtins(library: Any, table: Table) -> None:
    for name, held in table.items():
        if held is _GONE:
            vars(library).pop(name, None)
        else:
            vars(library)[name] = held.value


def _search_path(library: Any) -> Table:
    """Each entry with the side of the standard library that it stands on: notes of several folders
    share it, so that an entry is a setting of its own."""
    standard = os.path.dirname(os.__file__)
    middle = library.path.index(standard) if standard in library.path else len(library.path)
    return {(entry, at < middle): True for at, entry in enumerate(library.path)}


def _set_search_path(library: Any, table: Table) -> None:
    new = [(entry, leads) for (entry, leads), there in table.items() if there is not _GONE]
    gone = {entry for (entry, _), there in table.items() if there is _GONE}
    library.path[:] = [
        *(entry for entry, leads in new if leads),
        *(entry for entry in library.path if entry not in gone),
        *(entry for entry, leads in new if not leads),
    ]


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


def _cudnn(torch: Any) -> Table:
    return {name: getattr(torch.backends.cudnn, name) for name in _CUDNN}


def _set_cudnn(torch: Any, table: Table) -> None:
    for name, switch in table.items():
        setattr(torch.backends.cudnn, name, switch)


def _set_rc(matplotlib: Any, table: Table) -> None:
    dict.update(matplotlib.rcParams, table)


# Name: the library, how to ask, how to set.
_SWITCHES: dict[str, tuple[str, Getter, Setter]] = {
    "environment": ("os", _environ, _set_environ),
    "builtins": ("builtins", _builtins, _set_builtins),
    "search path": ("sys", _search_path, _set_search_path),
    "warnings": ("warnings", *_one(lambda w: list(w.filters), _set_filters)),
    "recursion": (
        "sys",
        *_one(lambda s: s.getrecursionlimit(), lambda s, v: s.setrecursionlimit(v)),
    ),
    "logging": ("logging", *_one(lambda lib: lib.root.level, lambda lib, v: lib.root.setLevel(v))),
    "numpy errors": ("numpy", lambda n: n.geterr(), lambda n, table: n.seterr(**table)),
    "numpy printing": (
        "numpy",
        lambda n: n.get_printoptions(),
        lambda n, table: n.set_printoptions(**table),
    ),
    "torch dtype": (
        "torch",
        *_one(lambda t: t.get_default_dtype(), lambda t, v: t.set_default_dtype(v)),
    ),
    "torch device": (
        "torch",
        *_one(lambda t: t.get_default_device(), lambda t, v: t.set_default_device(v)),
    ),
    "torch gradients": (
        "torch",
        *_one(lambda t: t.is_grad_enabled(), lambda t, v: t.set_grad_enabled(v)),
    ),
    "torch determinism": ("torch", *_one(_deterministic, _set_deterministic)),
    "torch precision": (
        "torch",
        *_one(
            lambda t: t.get_float32_matmul_precision(),
            lambda t, v: t.set_float32_matmul_precision(v),
        ),
    ),
    "cudnn": ("torch", _cudnn, _set_cudnn),
    "matplotlib": ("matplotlib", lambda m: dict(m.rcParams), _set_rc),
}
_ALWAYS: dict[str, ModuleType] = {
    "builtins": builtins, "os": os, "sys": sys, "warnings": warnings, "logging": logging
}  # fmt: skip
# Of these, code puts a value together from the one that stands: done twice, it shows.
ADDED_TO = frozenset({"environment", "builtins", "search path"})
_pristine: dict[str, Table] = {}  # of libraries that were loaded since, as they came


def _loaded() -> Iterator[tuple[str, Any, Getter, Setter]]:
    for name, (library, ask, put) in _SWITCHES.items():
        module = _ALWAYS.get(library) or sys.modules.get(library)
        if module is not None and not getattr(module.__spec__, "_initializing", False):
            yield name, module, ask, put


def _difference(wanted: Table, there: Table) -> Table:
    """What has to be set to get from ``there`` to ``wanted``."""
    changed = {k: v for k, v in wanted.items() if k not in there or there[k] != v}
    return changed | dict.fromkeys(there.keys() - wanted.keys(), _GONE)


@dataclass(frozen=True, slots=True)
class Switches:
    """The values of some global settings, by kind and name."""

    values: Mapping[str, Table]

    @classmethod
    def now(cls) -> Switches:
        return cls({kind: ask(module) for kind, module, ask, _ in _loaded()})

    def changed_since(self, before: Switches) -> Switches:
        """Those that differ; of libraries loaded since, from what these came with."""
        known = {**_pristine, **before.values}
        changed = {
            kind: _difference(table, known[kind]) if kind in known else table
            for kind, table in self.values.items()
        }
        return Switches({kind: table for kind, table in changed.items() if table})

    def put(self) -> None:
        """Set them, touching only those that stand otherwise."""
        for kind, module, ask, put in _loaded():
            if table := self.values.get(kind):
                there = ask(module)
                if changed := {k: v for k, v in table.items() if there.get(k, _GONE) != v}:
                    put(module, changed)

    def put_all(self, kinds: Container[str] = _SWITCHES) -> None:
        """Set them so that no others of their kinds stand, and those of libraries loaded since to
        what these came with."""
        before = {**_pristine, **self.values}
        for kind, module, ask, put in _loaded():
            wanted = before.get(kind) if kind in kinds else None
            if wanted is not None and (changed := _difference(wanted, ask(module))):
                put(module, changed)


def heed_arrivals() -> None:
    """From now on, notice the settings that a library comes with."""
    for library in {library for library, _, _ in _SWITCHES.values()} - _ALWAYS.keys():
        if library not in sys.modules:
            on_arrival(library, _keep_pristine)


def _keep_pristine(module: ModuleType) -> None:
    for name, (library, ask, _) in _SWITCHES.items():
        if library == module.__name__:
            _pristine[name] = ask(module)
