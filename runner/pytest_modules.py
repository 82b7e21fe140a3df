"""The modules of many notes in one process, each as it would be in a process of its own."""

from __future__ import annotations

import builtins
import importlib
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType

import pytest

from . import remedies
from .deadline import within
from .frames import is_expected
from .graph import Node
from .job import Code, NoteCode
from .modules import PACKAGE, NoteFinder, NoteLoader, execute, python_view, register
from .records import dataclass, field
from .seeds import preserved
from .switches import Switches, heed_arrivals
from .untouched import Ground
from .variables import Curtain

ENDINGS = (KeyboardInterrupt, pytest.exit.Exception)  # what ends the session, whoever raises it


@dataclass
class Loaded:
    """A note after its setup and component blocks ran.

    ``snapshots``: its namespace as it stood at each test block. ``failures``: what its blocks
    raised. ``lost``: these blocks and those that depend on them. ``switches``: the global settings
    that its tests expect. ``ground``: what these stand on; ``user``: the test block whose tests
    came last; ``is_moved``: one of them changed the ground.
    """

    module: ModuleType
    snapshots: dict[str, ModuleType] = field(default_factory=dict)
    failures: dict[str, BaseException] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    switches: Switches = field(default_factory=lambda: Switches({}))
    ground: Ground | None = None
    user: str = ""
    is_moved: bool = False

    def enter(self, block: str) -> bool:
        """Tests of ``block`` are next; False where tests of another one left other values."""
        if self.user != block:
            if self.ground is None:
                self.ground = Ground([self.module])
            elif not self.is_moved:
                self.is_moved = self.ground.moved()
            self.user = block
        return not self.is_moved


class ReplayFailed(Exception):
    """A run block that tests use did not end as it should; ``block`` is its id."""

    def __init__(self, block: str, error: BaseException) -> None:
        first = str(error).partition("\n")[0]
        kind = type(error).__name__
        why = f"{kind}: {first}" if first else kind
        super().__init__(f"depends on `{block}`, which failed: {why}")
        self.block = block


class Modules(NoteFinder):
    """Imports notes and keeps, of each, what its test blocks see; a plugin of pytest.

    ``limit``: seconds that a block of a module may take. ``curtain``: before what it may not see.
    """

    def __init__(
        self,
        lookup: Callable[[str], NoteCode | None],
        device: str,
        limit: Callable[[str, str], float],
        curtain: Curtain,
    ) -> None:
        super().__init__(lookup, device)
        self.curtain = curtain
        self._limit = limit
        self._loaded: dict[str, Loaded] = {}
        self._switched: dict[str, Switches] = {}
        self._ran: dict[str, NoteCode] = {}
        heed_arrivals()

    # --- setup and component blocks

    def load(self, note: NoteCode, nodes: Iterable[Node], imported: Iterable[str]) -> Loaded:
        """Import the note; where a block of it fails, execute those that do not depend on it.

        ``imported``: modules of the notes it may import, whose switches it expects.
        """
        with self.running(note), self.curtain.drawn(), self.switched(Switches({})):
            before = Switches.now()
            for module in imported:
                self.switches_of(module).put()
            try:
                importlib.import_module(note.module)
                self._switched[note.module].put()
            except ENDINGS:
                raise
            except BaseException:
                self._loaded[note.module] = self._load_what_works(note, nodes)
            loaded = self._loaded[note.module]
            loaded.switches = Switches.now().changed_since(before)
        return loaded

    def _load_what_works(self, note: NoteCode, nodes: Iterable[Node]) -> Loaded:
        module = self.open_module(note)
        needs = {node.block.id: {key[1] for key in node.deps} for node in nodes}
        loaded = Loaded(module)
        with preserved():
            self.set_device(module, note)
            for code in note.blocks:
                if code.role == "test":
                    loaded.snapshots[code.id] = _snapshot(module)
                elif code.importable and loaded.lost.isdisjoint(needs[code.id]):
                    try:
                        self._execute(module, note, code)
                    except ENDINGS:
                        raise
                    except BaseException as error:  # the block's fault becomes an item
                        loaded.failures[code.id] = error
                        loaded.lost.add(code.id)
                elif code.importable:
                    loaded.lost.add(code.id)
        sys.modules.pop(note.module, None)  # importers meet the fault itself
        return loaded

    def _execute(self, module: ModuleType, note: NoteCode, code: Code) -> None:
        with self.curtain.revealing(code.env), within(self._limit(note.module, code.id)):
            try:
                execute(module, note, code)
            except Exception as error:
                remedies.explain(error, code.env)
                raise

    def loader(self, note: NoteCode) -> NoteLoader:
        return _Loader(note, self)

    def define(self, module: ModuleType, note: NoteCode) -> None:
        """Execute an imported note's blocks in ``module``, remembering what tests see."""
        loaded, before = Loaded(module), Switches.now()
        self.show(note)
        with preserved():
            self.set_device(module, note)
            for code in note.blocks:
                if code.role == "test":
                    loaded.snapshots[code.id] = _snapshot(module)
                elif code.importable:
                    self._execute(module, note, code)
        self._loaded[note.module] = loaded
        self._switched[note.module] = Switches.now().changed_since(before)

    def switches_of(self, module: str) -> Switches:
        """The global settings that the blocks of an imported note have switched."""
        return self._switched.get(module, Switches({}))

    # --- run blocks, for the tests that use them

    def execute_apart(
        self, note: NoteCode, blocks: Iterable[Code], raises: Mapping[str, str | None]
    ) -> ModuleType:
        """A further module of the note, in which ``blocks`` were executed and nothing else.

        ``raises``: the exceptions that they may end with. Raises ``ReplayFailed``.
        """
        before = sys.modules.get(note.module)
        module = self.open_module(note)
        try:
            with preserved(), _unseen():
                self.set_device(module, note)
                for code in blocks:
                    self._replay(module, note, code, raises.get(code.id))
        finally:
            if before is not None:
                register(sys.modules[PACKAGE], note.module, before)
        return module

    def _replay(self, module: ModuleType, note: NoteCode, code: Code, raises: str | None) -> None:
        try:
            self._execute(module, note, code)
        except ENDINGS:
            raise
        except BaseException as error:
            if raises is None or not is_expected(error, raises):
                raise ReplayFailed(code.id, error) from error

    @contextmanager
    def running(self, note: NoteCode) -> Iterator[None]:
        """The note is the one that runs: tools see all its lines, not only what is imported."""
        before, self.runs = self.runs, note.module
        self.show(note)
        self._ran[note.path] = note
        try:
            yield
        finally:
            self.runs = before
            self.show(note)

    @contextmanager
    def switched(self, switches: Switches) -> Iterator[None]:
        """With ``switches`` put; all global settings are as before afterwards."""
        before = Switches.now()
        switches.put()
        try:
            yield
        finally:
            before.put_all()

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Give a warning its line while we can: it is told when the note no longer runs."""
        note = self._ran.get(warning_message.filename)
        if note is not None and warning_message.line is None:
            lines = python_view(note, whole=True).split("\n")
            warning_message.line = lines[warning_message.lineno - 1]


class _Loader(NoteLoader):
    def exec_module(self, module: ModuleType) -> None:
        finder = self.finder
        assert isinstance(finder, Modules)
        if self.note.fault:
            raise ImportError(self.note.fault, name=self.note.module, path=self.note.path)
        finder.define(module, self.note)


def _snapshot(module: ModuleType) -> ModuleType:
    copy = ModuleType(module.__name__)
    copy.__dict__.update(vars(module))
    return copy


@contextmanager
def _unseen() -> Iterator[None]:
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


class Folders:
    """The folders of a vault's notes: blocks work in theirs and import the modules beside it.

    Two folders may hold modules of one name, so each folder's are in ``sys.modules`` only while
    blocks of its notes run.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._modules: dict[Path, dict[str, ModuleType]] = {}

    @contextmanager
    def inside(self, folder: Path) -> Iterator[None]:
        before, path, known = Path.cwd(), str(folder), list(sys.modules)
        own = self._modules.setdefault(folder, {})
        sys.modules.update({k: module for k, module in own.items() if k not in sys.modules})
        os.chdir(folder)
        sys.path.insert(0, path)
        try:
            yield
        finally:
            if list(sys.modules) != known:  # mostly nothing was imported
                self._put_away(own, set(known))
            os.chdir(before)
            with suppress(ValueError):
                sys.path.remove(path)

    def _put_away(self, own: dict[str, ModuleType], known: set[str]) -> None:
        for name in sys.modules.keys() - known:
            if self._is_local(sys.modules[name]):
                own[name] = sys.modules.pop(name)

    def _is_local(self, module: ModuleType) -> bool:
        file = getattr(module, "__file__", None)
        if not file or module.__name__.partition(".")[0] == PACKAGE:
            return False
        return Path(file).is_relative_to(self._root) and "site-packages" not in file
