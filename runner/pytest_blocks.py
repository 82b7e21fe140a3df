"""A test block under pytest: what it sees, when that is made, and how long it may take.

Tests feed nothing and see only the run blocks they use. Under ``run`` that is so because they have
a process of their own; here a block that uses run blocks, or that may change what others see, gets
a module of its own, made when its first test begins.
"""

from __future__ import annotations

import ast
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Protocol

import pytest

from .children import Family, expected
from .deadline import within
from .graph import Graph, Node
from .job import Job, Mode, NoteCode, Step
from .knownfacts import facts
from .modules import PACKAGE, register
from .note import Role
from .pytest_items import FailedBlock, NoteFile, SkippedBlock
from .pytest_modules import ENDINGS, Folders, Loaded, Modules, ReplayFailed
from .switches import ADDED_TO, Switches
from .testing import NO_TEST, BlockModule, is_bare
from .userdirs import checkpoint_folder


class Surroundings(Protocol):
    """What blocks need of the session they are in."""

    modules: Modules
    folders: Folders

    @property
    def graph(self) -> Graph: ...


class NoteBlock(BlockModule):
    """The collector of one test block; ``block`` knows what its tests see."""

    block: TestBlock

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        return self.block.collected(super().collect)


class TestBlock:
    """One test block of the session; ``limit`` is the seconds that all its tests may take."""

    __test__ = False

    def __init__(
        self, around: Surroundings, file: NoteFile, code: NoteCode, node: Node, limit: float
    ) -> None:
        self._around = around
        self._folder = file.path.parent
        self._note = code
        self._node = node
        self._own = next(block for block in code.blocks if block.id == node.block.id)
        self._limit = limit
        self._seconds_left = limit
        self._variant: ModuleType | None = None
        self._refused = ""
        graph = around.graph
        self._runs = {
            id
            for path, id in node.deps
            if path == node.note and graph.nodes[path, id].block.role is Role.RUN
        }
        self._is_apart = bool(self._runs) or node.taints

    def collector(self, file: NoteFile, loaded: Loaded) -> pytest.Collector | pytest.Item:
        """The node of the block; a skipped item where a block that it depends on failed."""
        lost = [
            id for path, id in self._node.deps if path == self._node.note and id in loaded.failures
        ]
        if lost:
            return SkippedBlock.of(file, self._own.id, f"depends on `{lost[0]}`, which failed")
        self._loaded = loaded
        self._switches = loaded.switches
        raises = self._node.block.options.raises
        self._node_of_pytest = NoteBlock.of(file, self._note, self._own, lambda: self._seen, raises)
        assert isinstance(self._node_of_pytest, NoteBlock)
        self._node_of_pytest.block = self
        return self._node_of_pytest

    def collected(self, collect: object) -> list[pytest.Item | pytest.Collector]:
        """The tests that ``collect`` finds; what it raises becomes an item of its own."""
        assert callable(collect)
        node, id = self._node_of_pytest, self._own.id
        try:
            with self.place():
                self._seen = self._namespace()  # the blocks above have time limits of their own
                with within(self._limit):
                    found = list(collect())
        except ENDINGS:
            raise
        except (ReplayFailed, pytest.skip.Exception) as reason:
            return [SkippedBlock.of(node, id, str(reason))]
        except BaseException as error:  # the block's fault becomes an item
            return [FailedBlock.of(node, id, error)]
        return found or [FailedBlock.of(node, id, pytest.fail.Exception(NO_TEST, False))]

    # --- what its tests see

    def _namespace(self) -> ModuleType:
        """What stands when the block's own definitions are made: a module of its own waits for
        the first test, unless the definitions themselves need it."""
        uses_runs = self._runs and facts(self._own.source).reads & self._bound_by_runs()
        if uses_runs or (self._node.taints and self._acts()):
            return self._alone()
        return self._loaded.snapshots[self._own.id]

    def _acts(self) -> bool:
        """Whether the block does more than define, so that it may change what it sees at once."""
        tree = ast.parse(self._own.source)
        return not is_bare(tree) and not all(_only_defines(part) for part in tree.body)

    def _bound_by_runs(self) -> set[str]:
        found = (facts(block.source) for block in self._note.blocks if block.id in self._runs)
        return {name for fact in found for name in fact.binds | fact.may_bind}

    def _alone(self) -> ModuleType:
        """A module of the note in which only the blocks that this one sees were executed."""
        if self._variant is None:
            nodes = self._around.graph.nodes
            wanted = [
                code
                for code in self._note.blocks
                if code.line < self._own.line
                and (code.importable or code.id in self._runs)
                and code.id not in self._loaded.lost
            ]
            raises = {
                code.id: nodes[self._node.note, code.id].block.options.raises for code in wanted
            }
            self._start_over()
            self._variant = self._around.modules.execute_apart(self._note, wanted, raises)
        return self._variant

    def _start_over(self) -> None:
        """The note's blocks are about to be executed once more, so what they add to, such as the
        search path, is as they found it the first time."""
        self._before.put_all(ADDED_TO)
        for module in self._reached():
            if module != self._note.module:
                self._around.modules.switches_of(module).put()

    def _reached(self) -> list[str]:
        """The note's module and those it imports."""
        graph = self._around.graph
        reached = graph.reachable(self._node.note)
        return [graph.notes[path].module for path in graph.order if path in reached]

    def prepare(self) -> None:
        """Before a test: replay once what the block uses, and let its names point there."""
        if self._refused:
            pytest.skip(self._refused)
        if not self._is_apart or self._variant is not None:
            return
        module, inherited = self._node_of_pytest.obj, self._node_of_pytest.inherited
        try:
            alone = self._alone()
        except ReplayFailed as reason:
            self._refused = str(reason)
            pytest.skip(self._refused)
        register(sys.modules[PACKAGE], self._note.module, alone)
        for name, value in vars(alone).items():
            own = name in vars(module) and vars(module)[name] is not inherited.get(name)
            if not own and not name.startswith("__"):
                vars(module)[name] = value

    @contextmanager
    def place(self) -> Iterator[None]:
        """The folder, the modules, the global settings and the variables that the block expects."""
        self._is_apart |= not self._loaded.enter(self._own.id)
        around = self._around
        with (
            around.modules.running(self._note),
            around.modules.curtain.revealing(self._own.env),
            around.folders.inside(self._folder),
            expected(self._family),
            self._switched(),
            self._in_modules(),
        ):
            yield

    def _family(self) -> Family:
        """What processes that its tests start through multiprocessing have to know."""
        modules, node = self._around.modules, self._node
        needs = tuple(id for path, id in node.deps if path == node.note)
        job = Job(
            module=self._note.module,
            cwd=str(self._folder),
            steps=(Step(self._own.id, Mode.RUN, needs),),
            notes=tuple(code for name in self._reached() if (code := modules.lookup(name))),
            checkpoints=str(checkpoint_folder()),
        )
        return Family(job, modules.device, self._own.id)

    @contextmanager
    def _switched(self) -> Iterator[None]:
        if not (self._is_apart or self._switches.values):
            yield
            return
        self._before = before = Switches.now()
        with self._around.modules.switched(self._switches):
            yield
            if self._is_apart:  # what its run blocks or tests switched holds for its next test
                self._switches = Switches.now().changed_since(before)

    @contextmanager
    def _in_modules(self) -> Iterator[None]:
        """The block's own module of the note, if it has one, is the imported one meanwhile."""
        name = self._note.module
        before = sys.modules.get(name)
        if self._variant is not None:
            register(sys.modules[PACKAGE], name, self._variant)
        try:
            yield
        finally:
            if before is not None:
                register(sys.modules[PACKAGE], name, before)

    @contextmanager
    def timed(self) -> Iterator[None]:
        """The time limit, of which each test takes its part."""
        began = time.monotonic()
        try:
            with within(self._seconds_left, self._limit):
                yield
        finally:
            self._seconds_left -= time.monotonic() - began


def _only_defines(statement: ast.stmt) -> bool:
    """An import, a docstring, or a function that nothing but pytest decorates."""
    match statement:
        case ast.Import() | ast.ImportFrom() | ast.Expr(ast.Constant()):
            return True
        case ast.FunctionDef(decorator_list=decorators):
            return all(ast.unparse(part).startswith("pytest.") for part in decorators)
    return False
