"""Random generators: seeding them, giving them back, and seeding libraries the moment they arrive.

Known generators are those of ``random``, ``numpy`` and ``torch``. None of these libraries is
imported here: what is not loaded has no generator yet, and is seeded when it is first imported.
"""

# ruff: noqa: ARG002  some signatures are those of a protocol
from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NUMPY_SEEDS = 2**32
_TORCH_SEEDS = 2**63


class _Seeder:
    """The seed of the block that is running now; ``None`` outside of blocks."""

    seed: int | None = None
    waits_for_arrivals = False

    def seed_library(self, name: str) -> None:
        library: Any = sys.modules[name]
        if self.seed is None:
            return
        if name == "random":
            library.seed(self.seed)
        elif name == "numpy.random":
            library.seed(self.seed % _NUMPY_SEEDS)
        elif name == "torch":
            library.manual_seed(self.seed % _TORCH_SEEDS)


_LIBRARIES = ("random", "numpy.random", "torch")
_seeder = _Seeder()


def seed_all(seed: int) -> None:
    """Seed every loaded generator, and those loaded from now on, with ``seed``."""
    _seeder.seed = seed
    for name in _LIBRARIES:
        if _is_loaded(name):
            _seeder.seed_library(name)


def branch(name: str) -> None:
    """Seed everything anew, by the seed of now and ``name``: what is drawn from here on does not
    depend on what was drawn before. Without a seed, in a program of the user's, nothing changes."""
    if _seeder.seed is not None:
        import hashlib

        data = f"{_seeder.seed}:{name}".encode("utf-8", "surrogatepass")
        seed_all(int.from_bytes(hashlib.blake2b(data, digest_size=4).digest(), "big"))


@contextmanager
def preserved() -> Iterator[None]:
    """Leave all generators as they were.

    A library that arrived inside gets the outer seed; where there is none, in a program of the
    user's, it starts as unpredictably as if nobody had seeded it.
    """
    seed = _seeder.seed
    before = {name: _state(name) for name in _LIBRARIES if _is_loaded(name)}
    try:
        yield
    finally:
        _seeder.seed = seed
        for name in _LIBRARIES:
            if name in before:
                _restore(name, before[name])
            elif _is_loaded(name) and seed is None:
                _unseed(name)
            elif _is_loaded(name):
                _seeder.seed_library(name)


def _unseed(name: str) -> None:
    library: Any = sys.modules[name]
    if name == "torch":
        library.seed()
    else:
        library.seed(None)


def _is_loaded(name: str) -> bool:
    module = sys.modules.get(name)
    return module is not None and not getattr(module.__spec__, "_initializing", False)


def _state(name: str) -> Any:
    library: Any = sys.modules[name]
    if name == "random":
        return library.getstate()
    if name == "numpy.random":
        return library.get_state()
    cuda = library.cuda.get_rng_state_all() if library.cuda.is_initialized() else None
    return library.get_rng_state(), cuda


def _restore(name: str, state: Any) -> None:
    library: Any = sys.modules[name]
    if name == "random":
        library.setstate(state)
    elif name == "numpy.random":
        library.set_state(state)
    else:
        library.set_rng_state(state[0])
        if state[1] is not None:
            library.cuda.set_rng_state_all(state[1])


class ArrivalFinder:
    """Calls a function with a module right after the module was executed for the first time."""

    def __init__(self) -> None:
        self._calls: dict[str, list[Callable[[ModuleType], None]]] = {}
        self._busy: set[str] = set()

    def on_arrival(self, name: str, call: Callable[[ModuleType], None]) -> None:
        """``call`` gets the module, at once if it is there already."""
        self._calls.setdefault(name, []).append(call)
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)
        if _is_loaded(name):
            call(sys.modules[name])

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in self._calls or fullname in self._busy:
            return None
        self._busy.add(fullname)
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._busy.discard(fullname)
        if spec is not None and spec.loader is not None:
            self._wrap(spec.loader, self._calls[fullname])
        return spec

    def _wrap(self, loader: Any, calls: list[Callable[[ModuleType], None]]) -> None:
        """Shadow ``exec_module`` on this one loader, so that its type stays the library's."""

        def exec_module(module: ModuleType) -> None:
            del loader.exec_module
            loader.exec_module(module)
            for call in calls:
                call(module)

        loader.exec_module = exec_module


_arrivals = ArrivalFinder()
on_arrival = _arrivals.on_arrival


def seed_arrivals() -> None:
    """From now on, seed ``random``, ``numpy`` and ``torch`` the moment they are first imported."""
    if not _seeder.waits_for_arrivals:
        _seeder.waits_for_arrivals = True
        for name in _LIBRARIES:
            on_arrival(name, lambda module: _seeder.seed_library(module.__name__))
