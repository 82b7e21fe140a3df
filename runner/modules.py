"""Notes as modules: ``vault.<name>`` is the code of a note, compiled under the note's own lines.

``execute`` runs one block in a module; ``NoteFinder`` imports other notes. Both give the
interpreter the *Python view* of a note: its lines in their places, blank where there is no code,
so that tracebacks, ``inspect``, ``pdb`` and ``torch.jit`` read the lines they name.
"""

# ruff: noqa: ARG002  some signatures are those of a protocol
from __future__ import annotations

import ast
import importlib
import importlib.util
import linecache
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from functools import cached_property, lru_cache
from importlib.machinery import ModuleSpec
from types import CodeType, FrameType, ModuleType

from .job import Code, NoteCode
from .records import dataclass, field
from .seeds import preserved, seed_all, seed_arrivals

PACKAGE = "vault"


# --- the Python view ---------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def python_view(note: NoteCode, whole: bool) -> str:
    """The note's lines up to its last one of code, everything blank but the blocks that parse.

    One block with a syntax error would otherwise keep ``inspect`` from reading all others. Not
    ``whole``: only what an import executes, since nothing else of a note is known to depend on its
    other blocks.
    """
    lines: list[str] = []
    for code in note.blocks:
        if (whole or code.importable) and _parses(code.source):
            lines += [""] * (code.line - 1 - len(lines))
            lines += code.source.split("\n")
    return "\n".join(lines) + "\n"


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


class _Lines(Sequence[str]):
    """The lines of a view, made when somebody looks at one."""

    def __init__(self, note: NoteCode, whole: bool) -> None:
        self._note = note
        self._whole = whole

    @cached_property
    def _every(self) -> list[str]:
        return [line + "\n" for line in python_view(self._note, self._whole).split("\n")[:-1]]

    def __getitem__(self, index: Any) -> Any:
        return self._every[index]

    def __len__(self) -> int:
        return len(self._every)


def show_view(note: NoteCode, whole: bool) -> None:
    """Put the view into ``linecache``; no modification time, so that ``checkcache`` keeps it."""
    lines: Any = _Lines(note, whole)
    linecache.cache[note.path] = (0, None, lines, note.path)  # who has no time has no size, either


# --- one block ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Compiled:
    """A block's statements and, where its value is to be shown, its last expression."""

    body: CodeType
    value: CodeType | None


def parse_block(note: NoteCode, code: Code) -> ast.Module:
    """The block's tree with note lines. Raises ``SyntaxError`` with note lines."""
    return ast.parse("\n" * (code.line - 1) + code.source, note.path)


def compile_block(note: NoteCode, code: Code) -> Compiled:
    """Raises ``SyntaxError`` (or what else ``compile`` raises) with note lines."""
    tree = parse_block(note, code)
    value = None
    if tree.body and isinstance(last := tree.body[-1], ast.Expr) and not _is_muted(last, code):
        tree.body.pop()
        value = compile(ast.Expression(last.value), note.path, "eval", dont_inherit=True)
    body = compile(tree, note.path, "exec", dont_inherit=True)
    return Compiled(body, value)


def _is_muted(last: ast.Expr, code: Code) -> bool:
    """Whether a semicolon behind the last expression asks for silence."""
    assert last.end_lineno is not None and last.end_col_offset is not None
    line, *below = code.source.split("\n")[last.end_lineno - code.line :]
    rest = line.encode("utf-8")[last.end_col_offset :].decode("utf-8")
    rest = "\n".join((rest, *below)).lstrip(" \t\f)\\\n")
    return rest.startswith(";")


def execute(module: ModuleType, note: NoteCode, code: Code) -> object:
    """Seed all generators and run the block in ``module``; return its last expression's value.

    ``None`` stands for "nothing to show". Whatever the block raises is passed on.
    """
    compiled = compile_block(note, code)
    seed_all(code.seed)
    with standing_in(note, code):
        exec(compiled.body, module.__dict__)
        return None if compiled.value is None else eval(compiled.value, module.__dict__)


def define(module: ModuleType, note: NoteCode, code: Code) -> None:
    """Run only the block's definitions: imports, functions and classes.

    For multiprocessing children that unpickle what a run or test block defined. A definition that
    needs what the block does besides cannot be made here and is left out; unpickling it says so.
    """
    for statement in parse_block(note, code).body:
        if isinstance(statement, DEFINITIONS):
            try:
                exec(compile(ast.Module([statement], []), note.path, "exec"), module.__dict__)
            except Exception:
                continue


DEFINITIONS = (
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
)


def open_test_module(base: ModuleType, note: NoteCode, code: Code) -> ModuleType:
    """The module of a test block: a copy of the note's namespace as it stands now.

    It is registered under a name of its own, so that what it defines can be pickled and looked up;
    nothing goes back into ``base``.
    """
    module = ModuleType(f"{note.module}.{code.id.replace('-', '_')}")
    module.__dict__.update({k: v for k, v in vars(base).items() if k not in _OWN_NAMES})
    module.__dict__["__file__"] = note.path
    module.__dict__["__loader__"] = base.__loader__
    sys.modules[module.__name__] = module
    return module


_OWN_NAMES = frozenset({"__name__", "__spec__", "__package__", "__path__", "__doc__"})


# --- where the interpreter stands --------------------------------------------------------------


@dataclass(slots=True)
class Standing:
    """A block that is being executed. ``part`` names the one of its tests that runs, "" if none.

    ``checkpoints`` are the names used so far.
    """

    note: NoteCode
    code: Code
    part: str = ""
    checkpoints: set[str] = field(default_factory=set)


_stack: list[Standing] = []


def standing() -> Standing | None:
    """The block that is being executed now, the innermost where one imports another's note."""
    return _stack[-1] if _stack else None


@contextmanager
def standing_in(note: NoteCode, code: Code, part: str = "") -> Iterator[None]:
    """Only setup and component blocks are part of an import, so only they can close a cycle."""
    if code.importable:
        _refuse_cycle(note, code)
    _stack.append(Standing(note, code, part))
    try:
        yield
    finally:
        _stack.pop()


def _refuse_cycle(note: NoteCode, code: Code) -> None:
    if PACKAGE not in code.source:
        return
    open_notes = {
        held.note.module: held.note
        for held in _stack
        if held.code.importable and held.note.module != note.module
    }
    for name, line in _imports(parse_block(note, code).body):
        other = open_notes.get(name)
        if other is not None:
            raise ImportError(
                f"import cycle: {other.note}:{_running_line(other)} imports {note.note}, "
                f"and {note.note}:{line} imports {other.note}; "
                "move what both need into a third note",
                name=name,
                path=note.path,
            )


def _imports(body: Sequence[ast.stmt]) -> Iterator[tuple[str, int]]:
    """Modules of the vault imported when ``body`` runs; functions import later, if ever."""
    for node in body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield ".".join(alias.name.split(".")[:2]), node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module == PACKAGE:
            for alias in node.names:
                yield f"{PACKAGE}.{alias.name}", node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
            yield from _imports(inner)


def _running_line(note: NoteCode) -> int:
    """The line that ``note`` is executing now, seen from inside an import that it made."""
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_code.co_filename != note.path:
        frame = frame.f_back
    assert frame is not None, "a note on the stack of imports is being executed"
    return frame.f_lineno


# --- the finder --------------------------------------------------------------------------------


def register(package: ModuleType, name: str, module: ModuleType) -> None:
    """Let every way to import ``name``, a module of ``package``, lead to ``module``."""
    sys.modules[name] = module
    setattr(package, name.rpartition(".")[2], module)


class NoteFinder:
    """Imports ``vault`` (a package that exists nowhere on disk) and the notes in it.

    ``lookup`` gives the code of the module ``vault.<name>``, ``None`` where there is no such
    note. ``device`` is the value of the global of that name in notes whose code names it.
    ``defines`` names the module whose run and test blocks contribute their definitions: in
    children of the process that runs it, which unpickle what those blocks defined. Of the module
    that is ``run`` here, or there, all lines are shown.
    """

    def __init__(
        self,
        lookup: Callable[[str], NoteCode | None],
        device: str = "cpu",
        defines: str | None = None,
    ) -> None:
        self.lookup = lookup
        self.device = device
        self.defines = self.runs = defines

    def install(self) -> None:
        """Go before all other finders, so that no installed package ``vault`` shadows the notes."""
        seed_arrivals()
        sys.meta_path.insert(0, self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == PACKAGE:
            return ModuleSpec(PACKAGE, _PackageLoader(), is_package=True)
        if not fullname.startswith(PACKAGE + "."):
            return None
        note = self.lookup(fullname)
        if note is None:
            return None
        spec = ModuleSpec(fullname, self.loader(note), origin=note.path)
        spec.has_location = True
        return spec

    def loader(self, note: NoteCode) -> NoteLoader:
        return NoteLoader(note, self)

    def open_module(self, note: NoteCode) -> ModuleType:
        """A module of ``note`` in which nothing has run yet, in its place in ``sys.modules``."""
        package = importlib.import_module(PACKAGE)
        spec = ModuleSpec(note.module, NoteLoader(note, self), origin=note.path)
        spec.has_location = True
        module = importlib.util.module_from_spec(spec)
        self.runs = note.module
        self.show(note)
        register(package, note.module, module)
        return module

    def show(self, note: NoteCode) -> None:
        show_view(note, note.module == self.runs)

    def set_device(self, module: ModuleType, note: NoteCode) -> None:
        """Set the global ``device`` where the note names it. Raises ImportError without torch."""
        if any(code.names_device for code in note.blocks):
            torch = importlib.import_module("torch")
            module.__dict__["device"] = torch.device(self.device)


TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.abc import InspectLoader as _Loader
    from typing import Any
else:

    class _Loader:
        """An ``importlib.abc.InspectLoader``: importing that takes a tenth of a worker's start."""

        def create_module(self, spec):
            return None

        def get_code(self, fullname):
            return compile(self.get_source(fullname), "<string>", "exec", dont_inherit=True)


class _PackageLoader(_Loader):
    def exec_module(self, module: ModuleType) -> None:
        module.__path__ = []

    def get_source(self, fullname: str) -> str | None:
        return ""


@contextmanager
def _unheard() -> Iterator[None]:
    """What a note prints while a definition imports it shows nowhere: a run block above may have
    imported it before, on which no definition may depend."""
    with (
        open(os.devnull, "w", encoding="utf-8") as nowhere,
        redirect_stdout(nowhere),
        redirect_stderr(nowhere),
    ):
        yield


class NoteLoader(_Loader):
    """Executes a note's setup and component blocks, and nothing else of it."""

    def __init__(self, note: NoteCode, finder: NoteFinder) -> None:
        self.note = note
        self.finder = finder

    def exec_module(self, module: ModuleType) -> None:
        """Raises ``ImportError`` for a fault of the note, else what its blocks raise."""
        note = self.note
        if note.fault:
            raise ImportError(note.fault, name=note.module, path=note.path)
        self.finder.show(note)
        by = standing()
        defines = by is not None and by.code.importable and by.note.module == self.finder.runs
        with preserved(), _unheard() if defines else nullcontext():
            self.finder.set_device(module, note)
            for code in note.blocks:
                if code.importable:
                    execute(module, note, code)
                elif note.module == self.finder.defines:
                    define(
                        open_test_module(module, note, code) if code.role == "test" else module,
                        note,
                        code,
                    )

    def get_source(self, fullname: str) -> str:
        return python_view(self.note, self.note.module == self.finder.runs)
