"""What pytest shows of a note besides its tests: faults, failures and reasons to skip, as nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from .errors import UserError
from .note import Problem

Nodes = Iterable[pytest.Item | pytest.Collector]


class NoteFile(pytest.File):
    """A note of a trusted vault; ``contents`` makes its nodes."""

    contents: Callable[[NoteFile], Nodes]

    @classmethod
    def of(
        cls, parent: pytest.Collector, path: Path, contents: Callable[[NoteFile], Nodes]
    ) -> NoteFile:
        node = cls.from_parent(parent, path=path)
        node.contents = contents
        return node

    def collect(self) -> Nodes:
        try:
            return list(self.contents(self))
        except UserError as error:  # of the vault's settings
            raise self.CollectError(str(error)) from None


class Untrusted(pytest.File):
    """A note of a vault that may not execute: ``why`` is a collection error."""

    why: str

    @classmethod
    def of(cls, parent: pytest.Collector, path: Path, why: str) -> Untrusted:
        node = cls.from_parent(parent, path=path)
        node.why = why
        return node

    def collect(self) -> Nodes:
        raise self.CollectError(self.why)


class FaultyText(pytest.Item):
    """An error in a note's text."""

    problem: Problem

    @classmethod
    def of(cls, parent: NoteFile, problem: Problem) -> FaultyText:
        node = cls.from_parent(parent, name=f"line-{problem.line}")
        node.problem = problem
        return node

    def runtest(self) -> None:
        problem = self.problem
        hint = f" — {problem.hint}" if problem.hint else ""
        pytest.fail(f"{self.path.name}:{problem.line}: {problem.what}{hint}", pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.problem.line - 1, self.name


class _WholeBlock(pytest.Item):
    """A block as one item: below its note, or in the place of its own collector."""

    @classmethod
    def _below(cls, parent: pytest.Collector, name: str) -> Any:
        if isinstance(parent, NoteFile):
            return cls.from_parent(parent, name=name)
        # ``id`` is what pytest 9.2 and later keep a node's id in.
        return cls.from_parent(parent, name=name, nodeid=getattr(parent, "id", parent.nodeid))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name


class FailedBlock(_WholeBlock):
    """A block that raised before any test of it could run, or that has none."""

    error: BaseException

    @classmethod
    def of(cls, parent: pytest.Collector, id: str, error: BaseException) -> FailedBlock:
        node: FailedBlock = cls._below(parent, id)
        node.error = error
        return node

    def runtest(self) -> None:
        raise self.error

    def _traceback_filter(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:
        return excinfo.traceback.cut(path=self.path)


class SkippedBlock(_WholeBlock):
    """A test block that cannot run here, with the reason."""

    reason: str

    @classmethod
    def of(cls, parent: pytest.Collector, id: str, reason: str) -> SkippedBlock:
        node: SkippedBlock = cls._below(parent, id)
        node.reason = reason
        return node

    def runtest(self) -> None:
        pytest.skip(self.reason)
