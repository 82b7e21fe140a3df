"""The notes of one pytest session: collected, prepared and run in this process."""

from __future__ import annotations

import builtins
import importlib
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import pytest

from . import trust
from .graph import Node
from .job import Code, NoteCode
from .library import Library
from .modules import NoteFinder, NoteLoader, execute, show_view
from .names import facts
from .note import Note, Problem, Role, Severity
from .plan import Request, device_of, timeout_of
from .seeds import preserved
from .session import Session
from .testing import BlockModule, BlockPlugin
from .vault import Vault, find_root, is_note
from .wish import Wish

Snapshots = dict[str, ModuleType]


class Notes:
    """All notes of a pytest run; they belong to one vault, since ``vault`` is one package."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._root: Path | None = None
        self._library: Library | None = None
        self._finder: _Finder | None = None
        self._blocks: dict[str, TestBlock] = {}  # nodeid prefix -> block
        self._collected: set[str] = set()
        self.remarks: list[str] = []

    # --- collecting

    def collector(self, file: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """The collector of a note with something to say; None for any other file."""
        root = find_root(file)
        path = Vault(root).relative(file)
        if not is_note(path) or any(part.startswith(".") for part in path.split("/")):
            return None
        note = self._note(root, path)
        if note is None or not (note.blocks or _errors(note.problems)):
            return None
        if not self._trusts(root):
            return Untrusted.of(parent, file, root)
        return NoteFile.of(parent, file, self._open(root), note)

    def _note(self, root: Path, path: str) -> Note | None:
        if self._library is not None and root == self._root:
            return self._library.vault.note(path)
        return Vault(root).note(path)

    def _trusts(self, root: Path) -> bool:
        if self._config.option.trust_vault or self._trusted_by_ini(root):
            return True
        known = trust.granted(root)
        if known is None or known.pins is None:
            return known is not None
        vault = Vault(root)
        now = trust.fingerprints(vault.notes().values(), vault.programs())
        return not trust.changes(known.pins, now)

    def _trusted_by_ini(self, root: Path) -> bool:
        """A configuration file outside the vault may name vaults below its own folder."""
        ini = self._config.inipath
        if ini is None or ini.resolve().is_relative_to(root.resolve()):
            return False
        folder = ini.resolve().parent
        named = {(folder / entry).resolve() for entry in self._config.getini("runner_trust")}
        return root.resolve() in named and root.resolve().is_relative_to(folder)

    def _open(self, root: Path) -> Notes:
        if self._root is not None and self._root != root:
            raise pytest.UsageError(
                f"{root} and {self._root} are different vaults: run pytest once for each"
            )
        if self._library is None:
            os.environ.setdefault("MPLBACKEND", "agg")
            vault = Vault(root, trusted=True)
            self._root, self._library = root, Library(vault, self._config.option.device)
            self._finder = _Finder(self._library.code, self._library.device)
            self._finder.install()
            self._config.pluginmanager.register(BlockPlugin(self._library.device), "runner-blocks")
        return self

    @property
    def library(self) -> Library:
        assert self._library is not None
        return self._library

    @property
    def finder(self) -> _Finder:
        assert self._finder is not None
        return self._finder

    def request(self) -> Request:
        return Request(
            scope=(),
            device=self.library.device,
            devices=self.library.devices,
            slow=self._config.option.slow,
            timeout=self.library.vault.settings.timeout,
        )

    def items(self, file: NoteFile, note: Note) -> Iterator[pytest.Item | pytest.Collector]:
        """What a note contributes: its faults, its failing blocks, and its test blocks."""
        graph = self.library.graph
        problems = {*note.problems, *graph.problems.get(note.path, ())}
        for problem in _errors(problems):
            yield FaultyText.of(file, problem)
        if note.path not in graph.notes:
            return
        self._collected.add(note.path)
        code = self.library.code(note.module)
        assert code is not None
        nodes = graph.of_note(note.path)
        if not any(node.block.role is Role.TEST for node in nodes):
            return
        with _in_folder(file.path.parent):
            snapshots, failures = self.finder.load(code, nodes)
        for id, error in failures.items():
            yield FailedBlock.of(file, id, error)
        for node in nodes:
            if node.block.role is Role.TEST and node.fault is None:
                block = TestBlock(self, file, code, node, snapshots, set(failures))
                self._blocks[f"{file.nodeid}::{node.block.id}"] = block
                with _in_folder(file.path.parent):
                    yield block.node()

    # --- running

    def _block(self, item: pytest.Item) -> TestBlock | None:
        module = item.getparent(BlockModule)
        return None if module is None else self._blocks.get(module.nodeid)

    @contextmanager
    def surroundings(self, item: pytest.Item) -> Iterator[None]:
        """The working directory and the modules that the item's block expects."""
        block = self._block(item)
        if block is None:
            yield
            return
        with _in_folder(block.file.path.parent), block.in_place():
            yield

    def prepare(self, item: pytest.Item) -> None:
        block = self._block(item)
        if block is not None:
            block.prepare()

    @contextmanager
    def time_limit(self, item: pytest.Item) -> Iterator[None]:
        block = self._block(item)
        if block is None:
            yield
            return
        with _interrupted_after(block.seconds_left, block.limit):
            started = time.monotonic()
            try:
                yield
            finally:
                block.seconds_left -= time.monotonic() - started

    def update(self) -> None:
        """Bring the collected notes up to date, as ``run`` would."""
        session = Session(self.library.vault)
        try:
            wish = Wish(device=self.library.device, slow=self._config.option.slow)
            report = session.run(sorted(self._collected), wish, lambda _: None)
        finally:
            session.close()
        changed = sum(note.changed for note in report.notes)
        self.remarks.append(f"notes updated: {changed} of {len(report.notes)} changed")


class TestBlock:
    """One test block of the session, with the module its tests see."""

    __test__ = False

    def __init__(
        self,
        notes: Notes,
        file: NoteFile,
        code: NoteCode,
        node: Node,
        snapshots: Snapshots,
        failed: set[str],
    ) -> None:
        self.file = file
        self._notes = notes
        self._note = code
        self._node = node
        self._own = next(block for block in code.blocks if block.id == node.block.id)
        self._snapshot = snapshots[node.block.id]
        self._variant: ModuleType | None = None
        self._collector: BlockModule | None = None
        self._skip = self._reason_to_skip(failed)
        graph = notes.library.graph
        self._runs = {
            key[1]
            for key in node.deps
            if key[0] == node.note and graph.nodes[key].block.role is Role.RUN
        }
        self.limit = timeout_of(graph, node, notes.request())
        self.seconds_left = self.limit

    def _reason_to_skip(self, failed: set[str]) -> str:
        graph, request = self._notes.library.graph, self._notes.request()
        for path, id in self._node.deps:
            if path == self._node.note and (id in failed or graph.nodes[path, id].fault):
                return f"depends on `{id}`, which failed"
        if self._node.block.options.slow and not request.slow:
            return "slow: runs only with --slow"
        if device_of(graph, self._node, request) is None:
            wanted = " or ".join(self._node.block.options.device)
            return f"needs {wanted}, which this machine lacks"
        return ""

    def node(self) -> pytest.Collector | pytest.Item:
        if self._skip:
            return SkippedBlock.of(self.file, self._own.id, self._skip)
        raises = self._node.block.options.raises
        self._collector = BlockModule.of(self.file, self._note, self._own, self._namespace, raises)
        return self._collector

    def _namespace(self) -> ModuleType:
        """What stands when the block's own definitions are made: run blocks wait for the first
        test, unless the definitions themselves need them."""
        if self._runs and facts(self._own.source).reads & self._bound_by_runs():
            return self._alone()
        return self._snapshot

    def _bound_by_runs(self) -> set[str]:
        found = (facts(b.source) for b in self._note.blocks if b.id in self._runs)
        return {name for f in found for name in f.binds | f.may_bind}

    def _alone(self) -> ModuleType:
        """A module of the note in which only the blocks that this one sees were executed."""
        if self._variant is None:
            wanted = [
                code
                for code in self._note.blocks
                if code.line < self._own.line and (code.importable or code.id in self._runs)
            ]
            self._variant = self._notes.finder.execute_apart(self._note, wanted)
        return self._variant

    @property
    def _is_apart(self) -> bool:
        return bool(self._runs) or self._node.taints

    def prepare(self) -> None:
        """Before the block's first test: replay what it uses and let its names point there."""
        if not self._is_apart or self._collector is None or self._variant is not None:
            return
        module = self._collector.obj
        inherited = self._collector.inherited
        for name, value in vars(self._alone()).items():
            own = name in vars(module) and vars(module)[name] is not inherited.get(name)
            if not own and not name.startswith("__"):
                vars(module)[name] = value

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The block's own module of the note, if it has one, is the imported one meanwhile."""
        if not self._is_apart:
            yield
            return
        name = self._note.module
        before = sys.modules.get(name)
        if self._variant is not None:
            sys.modules[name] = self._variant
        try:
            yield
        finally:
            if before is not None:
                sys.modules[name] = before


class _Finder(NoteFinder):
    """Keeps, of every note it executes, the namespace as it stood at each test block."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]  # passed on as they came
        self.snapshots: dict[str, Snapshots] = {}

    def load(
        self, note: NoteCode, nodes: Iterable[Node]
    ) -> tuple[Snapshots, dict[str, BaseException]]:
        """Import the note; where a block of it fails, execute those that do not depend on it."""
        try:
            importlib.import_module(note.module)
            return self.snapshots[note.module], {}
        except (KeyboardInterrupt, pytest.exit.Exception):
            raise
        except BaseException:
            return self._load_what_works(note, nodes)

    def _load_what_works(
        self, note: NoteCode, nodes: Iterable[Node]
    ) -> tuple[Snapshots, dict[str, BaseException]]:
        module = self.open_module(note)
        needs = {node.block.id: {key[1] for key in node.deps} for node in nodes}
        failures: dict[str, BaseException] = {}
        lost: set[str] = set()
        snapshots: Snapshots = {}
        with preserved():
            self.set_device(module, note)
            for code in note.blocks:
                if code.role == "test":
                    snapshots[code.id] = _snapshot(module)
                elif code.importable and lost.isdisjoint(needs[code.id]):
                    try:
                        execute(module, note, code)
                    except (KeyboardInterrupt, pytest.exit.Exception):
                        raise
                    except BaseException as error:  # the block's fault becomes an item
                        failures[code.id] = error
                        lost.add(code.id)
                elif code.importable:
                    lost.add(code.id)
        sys.modules.pop(note.module, None)  # importers meet the fault itself
        return snapshots, failures

    def execute_apart(self, note: NoteCode, blocks: Iterable[Code]) -> ModuleType:
        before = sys.modules.get(note.module)
        module = self.open_module(note)
        try:
            with preserved(), _silent_figures():
                self.set_device(module, note)
                for code in blocks:
                    execute(module, note, code)
        finally:
            if before is not None:
                sys.modules[note.module] = before
        return module

    def loader(self, note: NoteCode) -> NoteLoader:
        return _Loader(note, self)


class _Loader(NoteLoader):
    def exec_module(self, module: ModuleType) -> None:
        finder = self.finder
        assert isinstance(finder, _Finder)
        snapshots: Snapshots = {}
        if self.note.fault:
            raise ImportError(self.note.fault, name=self.note.module, path=self.note.path)
        show_view(self.note)
        with preserved():
            finder.set_device(module, self.note)
            for code in self.note.blocks:
                if code.role == "test":
                    snapshots[code.id] = _snapshot(module)
                elif code.importable:
                    execute(module, self.note, code)
        finder.snapshots[self.note.module] = snapshots


def _snapshot(module: ModuleType) -> ModuleType:
    copy = ModuleType(module.__name__)
    copy.__dict__.update(vars(module))
    return copy


@contextmanager
def _silent_figures() -> Iterator[None]:
    """Run blocks show figures and values; here nobody looks at them."""
    before = getattr(builtins, "display", None)
    builtins.display = lambda *_, **__: None  # type: ignore[attr-defined]  # as notebooks have it
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*non-interactive.*")
            yield
    finally:
        if before is None:
            del builtins.display  # type: ignore[attr-defined]
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")


@contextmanager
def _in_folder(folder: Path) -> Iterator[None]:
    """Blocks work in their note's folder and import the modules beside it."""
    before, path = Path.cwd(), str(folder)
    os.chdir(folder)
    sys.path.insert(0, path)
    try:
        yield
    finally:
        os.chdir(before)
        with suppress(ValueError):
            sys.path.remove(path)


class _OutOfTime(BaseException):
    """Not an ``Exception``: a test's own handlers must not catch it."""


@contextmanager
def _interrupted_after(seconds: float, limit: float) -> Iterator[None]:
    """Fail the test that takes longer, by interrupt: what never returns to Python goes on.

    SIGALRM where there is one and this is the main thread (tried on Linux); elsewhere no limit.
    """
    main = threading.current_thread() is threading.main_thread()
    if not hasattr(signal, "SIGALRM") or not main:
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise _OutOfTime

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.01))
    try:
        yield
    except _OutOfTime:
        pytest.fail(f"the block took longer than its limit of {limit:g} s", pytrace=False)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _errors(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(p for p in problems if p.severity is Severity.ERROR)


# --- nodes -------------------------------------------------------------------------------------


class NoteFile(pytest.File):
    """A note of a trusted vault."""

    notes: Notes
    note: Note

    @classmethod
    def of(cls, parent: pytest.Collector, path: Path, notes: Notes, note: Note) -> NoteFile:
        node = cls.from_parent(parent, path=path)
        node.notes, node.note = notes, note
        return node

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        return self.notes.items(self, self.note)


class Untrusted(pytest.File):
    """A note of a vault that may not execute."""

    root: Path

    @classmethod
    def of(cls, parent: pytest.Collector, path: Path, root: Path) -> Untrusted:
        node = cls.from_parent(parent, path=path)
        node.root = root
        return node

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        raise self.CollectError(
            f"the vault {self.root} is not trusted: look at it, then add --trust-vault "
            f"or run `python -m runner trust {self.root}`"
        )


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


class FailedBlock(pytest.Item):
    """A setup or component block that raised."""

    error: BaseException

    @classmethod
    def of(cls, parent: NoteFile, id: str, error: BaseException) -> FailedBlock:
        node = cls.from_parent(parent, name=id)
        node.error = error
        return node

    def runtest(self) -> None:
        raise self.error

    def _traceback_filter(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:
        return excinfo.traceback.cut(path=self.path)


class SkippedBlock(pytest.Item):
    """A test block that cannot run here, with the reason."""

    reason: str

    @classmethod
    def of(cls, parent: NoteFile, id: str, reason: str) -> SkippedBlock:
        node = cls.from_parent(parent, name=id)
        node.reason = reason
        return node

    def runtest(self) -> None:
        pytest.skip(self.reason)
