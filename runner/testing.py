"""Test blocks as pytest tests: the nodes, and a session that runs one block in this process.

The nodes are the same for a worker and for ``pytest vault/``. pytest is imported here, so a worker
imports this file only for a job that has tests.
"""

# ruff: noqa: ARG002  some signatures are those of a protocol
from __future__ import annotations

import ast
import gc
import importlib
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest

from . import remedies
from .frames import Places, is_expected
from .job import Code, NoteCode, Step
from .modules import DEFINITIONS, open_test_module, parse_block, standing_in
from .result import Result, Status, TestOutcome
from .rewritten import RewrittenCode
from .seeds import seed_all
from .testreports import BAD, failure_of, outcome, skip_reason, weight
from .untouched import Ground as Ground


class RewriteWarning(pytest.PytestWarning):
    """This pytest offers no way to show the values of a failing assert."""


# --- compiling ---------------------------------------------------------------------------------


def is_bare(tree: ast.Module) -> bool:
    """Whether a block is one test as a whole: it has statements, and defines no test of its own.

    Definitions alone prove nothing: a block of nothing else has no test.
    """
    acts = not all(isinstance(node, DEFINITIONS) for node in tree.body)
    return acts and not any(map(_is_test, tree.body))


def _is_test(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return node.name.startswith("test")
    if isinstance(node, ast.ClassDef):
        bases = [ast.unparse(base).rpartition(".")[2] for base in node.bases]
        return node.name.startswith("Test") or "TestCase" in bases
    return False


def _rewrite(tree: ast.Module, source: str, path: str, config: pytest.Config) -> None:
    """Let asserts show their values, as pytest does in files; private to pytest, so guarded."""
    try:
        rewrite = importlib.import_module("_pytest.assertion.rewrite").rewrite_asserts
        rewrite(tree, source.encode("utf-8"), path, config)
    except (ImportError, AttributeError, TypeError) as error:
        warnings.warn(
            RewriteWarning(f"pytest {pytest.__version__} shows no values of asserts: {error}"),
            stacklevel=2,
        )


NO_TEST = "no test was collected: define `def test_…()`, or write statements to be one test"

REWRITTEN: pytest.StashKey[RewrittenCode] = pytest.StashKey()


def _compiled(
    make: Callable[[NoteCode, Code, pytest.Config], CodeType],
    note: NoteCode,
    code: Code,
    config: pytest.Config,
) -> CodeType:
    """What ``make`` returns, from the configuration's cache if it has one."""
    cache = config.stash.get(REWRITTEN, None)
    if cache is None:
        return make(note, code, config)
    hooked = config.getini("enable_assertion_pass_hook")
    facts = (pytest.__version__, hooked, make.__name__, note.path, code.line, code.source)
    return cache.get(facts, lambda: make(note, code, config))


def _compile_definitions(note: NoteCode, code: Code, config: pytest.Config) -> CodeType:
    tree = parse_block(note, code)
    _rewrite(tree, "\n" * (code.line - 1) + code.source, note.path, config)
    return compile(tree, note.path, "exec", dont_inherit=True)


def _compile_bare(note: NoteCode, code: Code, config: pytest.Config) -> CodeType:
    """A code object that begins at the block: pytest shows source from an object's first line."""
    parse_block(note, code)  # faults are raised with lines of the note
    tree = ast.parse(code.source, note.path)
    _rewrite(tree, code.source, note.path, config)
    return _shifted(compile(tree, note.path, "exec", dont_inherit=True), code.line - 1)


def _shifted(code: CodeType, lines: int) -> CodeType:
    constants = tuple(_shifted(c, lines) if isinstance(c, CodeType) else c for c in code.co_consts)
    return code.replace(co_firstlineno=code.co_firstlineno + lines, co_consts=constants)


# --- nodes -------------------------------------------------------------------------------------


class BlockModule(pytest.Module):
    """A test block. Its parent is the collector of its note.

    ``namespace`` gives the note's module as it stands at the block: the block's names live in a
    copy of it. Build it with ``BlockModule.of``.
    """

    note: NoteCode
    code: Code
    raises: str | None
    _namespace: Callable[[], ModuleType]

    @classmethod
    def of(
        cls,
        parent: pytest.Collector,
        note: NoteCode,
        code: Code,
        namespace: Callable[[], ModuleType],
        raises: str | None = None,
    ) -> BlockModule:
        node = cls.from_parent(
            parent, path=Path(note.path), name=code.id, nodeid=_child_id(parent, code.id)
        )
        node.note, node.code, node.raises = note, code, raises
        node._namespace = namespace
        return node

    def _getobj(self) -> ModuleType:
        tree = parse_block(self.note, self.code)
        module = open_test_module(self._namespace(), self.note, self.code)
        self.inherited = dict(vars(module))
        self.bare = is_bare(tree)
        if not self.bare:
            body = _compiled(_compile_definitions, self.note, self.code, self.config)
            seed_all(self.code.seed)
            with standing_in(self.note, self.code):
                exec(body, module.__dict__)
        return module

    def istestfunction(self, obj: object, name: str) -> bool:
        return self._is_own(name, obj) and super().istestfunction(obj, name)

    def istestclass(self, obj: object, name: str) -> bool:
        return self._is_own(name, obj) and super().istestclass(obj, name)

    def _is_own(self, name: str, obj: object) -> bool:
        """What the note defined above is there to be used, not to be collected."""
        return self.inherited.get(name) is not obj

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        found = list(super().collect())
        return [BareTest.of(self)] if self.bare else found


class BareTest(pytest.Function):
    """The statements of a block without test functions, as one test that bears the block's id."""

    parent: BlockModule

    @classmethod
    def of(cls, parent: BlockModule) -> BareTest:
        def statements() -> None:
            body = _compiled(_compile_bare, parent.note, parent.code, parent.config)
            exec(body, parent.obj.__dict__)

        return cls.from_parent(parent, name=parent.code.id, callobj=statements)

    @property
    def nodeid(self) -> str:
        return self.parent.nodeid

    @property
    def id(self) -> Any:
        """pytest 9.2 and later: the same as data."""
        return self.parent.id  # type: ignore[attr-defined, unused-ignore]  # not in older ones

    def runtest(self) -> None:
        wanted = self.parent.raises
        try:
            super().runtest()
        except BaseException as error:
            if wanted is None or not is_expected(error, wanted):
                raise
            return
        if wanted is not None:
            pytest.fail(f"{wanted} was expected, nothing was raised", pytrace=False)

    def _traceback_filter(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:
        return excinfo.traceback.cut(path=self.parent.note.path)


def _child_id(parent: pytest.Collector, name: str) -> Any:
    """The id below ``parent``: structured from pytest 9.2 on, text before."""
    structured: Any = getattr(parent, "id", None)
    return f"{parent.nodeid}::{name}" if structured is None else structured.child(name)


_DEVICE: pytest.StashKey[str] = pytest.StashKey()


class BlockPlugin:
    """What every test of a block gets: its seed before its fixtures, and the fixture ``device``."""

    def __init__(self, device: str) -> None:
        self._device = device

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[_DEVICE] = self._device

    # Static: pytest 9.2 and later warn of a fixture of a session that is bound to an instance.
    @pytest.fixture(scope="session", name="device")
    @staticmethod
    def device_fixture(request: pytest.FixtureRequest) -> Any:
        """The ``torch.device`` that this run is for."""
        return importlib.import_module("torch").device(request.config.stash[_DEVICE])

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        block = item.getparent(BlockModule)
        if block is None:
            yield
            return
        with standing_in(block.note, block.code, item.name):
            yield

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        block = item.getparent(BlockModule)
        if block is None:
            return
        seed_all(block.code.seed)
        folder = os.path.dirname(block.note.path)
        if os.path.isdir(folder):  # a test before may have gone elsewhere
            os.chdir(folder)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        block = item.getparent(BlockModule)
        if block is not None and call.excinfo is not None:
            remedies.explain(call.excinfo.value, block.code.env)


# --- one block in this process -----------------------------------------------------------------


class _NoteFile(pytest.File):
    """The note in the session of a single block."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        return []


class _Session:
    """Collects one block and writes down how its tests end."""

    def __init__(self, module: ModuleType, note: NoteCode, code: Code, raises: str | None) -> None:
        self._arguments = (note, code, lambda: module, raises)
        self._errors: dict[tuple[str, str], BaseException] = {}
        self._prefix = ""
        self.reports: dict[str, list[pytest.TestReport]] = {}
        self.broken: BaseException | None = None
        self.stopped: BaseException | None = None
        self.skipped: str | None = None
        self.remarks: list[str] = []

    def pytest_configure(self, config: pytest.Config) -> None:
        config.option.tbstyle = "native"  # reports are made from the exceptions themselves

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> bool:
        note, code, namespace, raises = self._arguments
        file = _NoteFile.from_parent(session, path=Path(note.path))
        block = BlockModule.of(file, note, code, namespace, raises)
        self._prefix = block.nodeid
        session.items = list(session.genitems(block))
        session.config.hook.pytest_collection_modifyitems(
            session=session, config=session.config, items=session.items
        )
        session.testscollected = len(session.items)
        return True

    def pytest_exception_interact(
        self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[Any], report: Any
    ) -> None:
        assert call.excinfo is not None
        self._errors[node.nodeid, call.when] = call.excinfo.value
        if call.when == "collect":
            self.broken = call.excinfo.value

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.skipped = skip_reason(report)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.reports.setdefault(report.nodeid, []).append(report)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        self.stopped = excinfo.value

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        self.stopped = excinfo.value

    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        if issubclass(warning_message.category, RewriteWarning):
            self.remarks.append(str(warning_message.message))

    def outcomes(self, code: Code, device: str, places: Places) -> Iterator[TestOutcome]:
        for nodeid, reports in self.reports.items():
            decisive = max(reports, key=weight)
            error = self._errors.get((nodeid, decisive.when or ""))
            name = nodeid.removeprefix(self._prefix).removeprefix("::") or code.id
            yield outcome(name, decisive, error, device, places)


def run_block(
    module: ModuleType, note: NoteCode, code: Code, step: Step, places: Places, scratch: str
) -> Result:
    """Run a test block through pytest, its names apart from those of ``module``.

    ``scratch`` takes what pytest writes. Raises what stops pytest itself: an interrupt,
    ``pytest.exit``, or an error inside pytest.
    """
    session = _Session(module, note, code, step.raises)
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", os.path.join(scratch, "hypothesis"))
    gc.freeze()  # pytest collects garbage several times; what stands now is none
    ended = pytest.main(_arguments(note, scratch), plugins=[BlockPlugin(step.device), session])
    assert ended != pytest.ExitCode.USAGE_ERROR, "pytest refuses our arguments"
    if session.stopped is not None:
        raise session.stopped
    if session.broken is not None:
        broken = failure_of(session.broken, places)
        return Result(Status.FAILED, failure=broken, reason=broken.headline)
    return _summary(session, code, step.device, places)


def _summary(session: _Session, code: Code, device: str, places: Places) -> Result:
    tests = tuple(session.outcomes(code, device, places))
    if session.skipped is not None and not tests:
        tests = (TestOutcome(code.id, "skipped", session.skipped, device),)
    if not tests:
        return Result(Status.FAILED, reason=NO_TEST)
    bad = sum(test.status in BAD for test in tests)
    plural = "s" if len(tests) > 1 else ""
    reason = f"{bad} of {len(tests)} test{plural} failed" if bad else "; ".join(session.remarks)
    return Result(Status.FAILED if bad else Status.OK, tests=tests, reason=reason)


def _arguments(note: NoteCode, scratch: str) -> list[str]:
    """No configuration, conftest.py or plugin of the user's; nothing written beside the note."""
    empty = Path(scratch, "pytest.ini")
    empty.write_text("[pytest]\n", encoding="utf-8")
    folder = os.path.dirname(note.path)
    off = ("terminal", "faulthandler", "unraisableexception", "threadexception", "doctest")
    return [
        folder,
        f"--rootdir={folder}",
        f"--config-file={empty}",
        f"--basetemp={os.path.join(scratch, 'pytest')}",
        "--noconftest",
        "--continue-on-collection-errors",
        "--capture=no",
        "--override-ini=verbosity_assertions=2",  # whole, and the same under CI as elsewhere
        f"--override-ini=cache_dir={os.path.join(scratch, 'pytest-cache')}",
        *(argument for plugin in off for argument in ("-p", f"no:{plugin}")),
    ]
