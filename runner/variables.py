"""The environment variables that code of notes finds: a worker's, also in the process of pytest."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from .environment import declared, handed_on, of_pytest


@contextmanager
def revealed(variables: Mapping[str, str]) -> Iterator[None]:
    """With ``variables`` in the environment, where the code of the note set no others itself."""
    fresh = {name: value for name, value in variables.items() if name not in os.environ}
    os.environ.update(fresh)
    try:
        yield
    finally:
        for name, value in fresh.items():
            if os.environ.get(name) == value:
                del os.environ[name]


class Curtain:
    """Hides from notes, in a process that runs other code too, what a worker would not find.

    ``own`` are the variables that every worker has.
    """

    def __init__(self, own: Mapping[str, str]) -> None:
        self._own = own
        self._behind: dict[str, str] | None = None  # what stands there for all others

    @contextmanager
    def drawn(self) -> Iterator[None]:
        """Meanwhile the environment is a worker's; may be nested.

        What is changed meanwhile stays changed: it may be a fixture's, for longer than one test.
        """
        if self._behind is not None:
            yield
            return
        before = {name: value for name, value in os.environ.items() if not of_pytest(name)}
        shown = {**handed_on(before), **self._own}
        _change(before, shown)
        self._behind = before
        try:
            yield
        finally:
            self._behind = None
            _change(shown, before)

    @contextmanager
    def revealing(self, names: Iterable[str]) -> Iterator[None]:
        """The same with the variables that a block declares."""
        with self.drawn(), revealed(dict(declared(self._behind or {}, names))):
            yield


def _change(before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Make of the variables ``before`` those ``after``; leave what is not as it was before."""
    for name in before.keys() | after.keys():
        if before.get(name) == after.get(name) or os.environ.get(name) != before.get(name):
            continue
        if name in after:
            os.environ[name] = after[name]
        else:
            del os.environ[name]


def show_one_gpu(index: int) -> None:
    """Hide the others; CUDA reads the variable when it is first used (CUDA C++ Programming Guide,
    environment variables)."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    os.environ["CUDA_VISIBLE_DEVICES"] = visible[index] if visible[0] else str(index)
