"""Which names may lead to one object: followed through containers, loops, arguments and results.

For lists and models it is enough that two names stand in one statement (``touching``). For
classes, functions and modules that would be too coarse, since every object stands beside its
class. Here a name counts only where its own object goes on: ``A`` of ``[A]``, but not of ``A()``.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator

from .effects import ARRAY_PACKAGES, KNOWN_PACKAGES, PURE_BUILTINS, last_name
from .records import dataclass, field
from .scopes import root_name

_Origin = Callable[[str | None], str]

# Builtins whose value holds what they are given, or is it.
_HOLDING = frozenset(
    "zip enumerate list dict tuple set frozenset sorted reversed iter map filter next max min "
    "getattr vars super type".split()
)


def result_of(function: str) -> str:
    """The pseudo-name for what a function of the note returns."""
    return f"{function}()"


def held(value: ast.expr, origin: _Origin) -> Iterator[str]:
    """The names whose objects ``value`` may be, or hold, or be a part of.

    ``origin`` tells what a name was imported from, "" if it was not.
    """
    match value:
        case ast.Name():
            yield value.id
        case ast.Attribute() | ast.Subscript() | ast.Starred() | ast.Await() | ast.YieldFrom():
            yield from held(value.value, origin)
        case ast.Call():
            yield from _of_call(value, origin)
        case ast.Lambda():
            yield from held(value.body, origin)
        case ast.Compare() | ast.JoinedStr() | ast.UnaryOp():
            return
        case ast.BinOp(left=left, right=right):
            for side in (left, right):
                is_number = isinstance(side, ast.Attribute) and origin(root_name(side))
                yield from () if is_number else held(side, origin)
        case ast.NamedExpr():
            yield value.target.id
            yield from held(value.value, origin)
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            for generator in value.generators:
                yield from held(generator.iter, origin)
            yield from held(value.value if isinstance(value, ast.DictComp) else value.elt, origin)
        case _:
            for part in ast.iter_child_nodes(value):
                if isinstance(part, ast.expr):
                    yield from held(part, origin)


def _of_call(call: ast.Call, origin: _Origin) -> Iterator[str]:
    root = root_name(call.func)
    if isinstance(call.func, ast.Name):
        if call.func.id in PURE_BUILTINS | _HOLDING and call.func.id not in _HOLDING:
            return
        if call.func.id not in _HOLDING and not origin(root):
            yield result_of(call.func.id)
    elif not origin(root) or not isinstance(call.func, ast.Attribute):
        yield from held(call.func, origin)
    yield from given(call, origin)


def given(call: ast.Call, origin: _Origin) -> Iterator[str]:
    """The names whose objects a call gets as arguments.

    What a library's function is given of libraries, as ``dtype=torch.float64``, is left out.
    """
    is_numeric = origin(root_name(call.func)).partition(".")[0] in ARRAY_PACKAGES
    for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
        is_foreign = bool(origin(root_name(argument))) and not isinstance(argument, ast.Call)
        if is_foreign and (is_numeric or isinstance(argument, ast.Attribute)):
            continue
        yield from held(argument, origin)


def is_written(target: ast.expr) -> bool:
    """Whether storing into ``target`` changes an object's attributes, not just an item of it."""
    if isinstance(target, ast.Attribute):
        return True
    return isinstance(target, ast.Subscript) and any(map(_is_namespace, ast.walk(target.value)))


def _is_namespace(part: ast.AST) -> bool:
    """``x.__dict__``, ``x.__kwdefaults__`` and ``vars(x)``."""
    if isinstance(part, ast.Attribute):
        return part.attr.startswith("__")
    return isinstance(part, ast.Call) and last_name(part.func) == "vars"


@dataclass
class Holding(ast.NodeVisitor):
    """Collects the facts of that name: ``holds``, ``writes``, ``given``, ``stores_given``.

    ``locals`` are the names that are local here, ``body_depth`` how many functions deep this is;
    ``modules`` and ``local_modules`` say what names were imported from.
    """

    holds: list[frozenset[str]] = field(default_factory=list)
    writes: set[str] = field(default_factory=set)
    late_writes: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    late_given: set[str] = field(default_factory=set)
    stores_given: bool = False
    modules: dict[str, str] = field(default_factory=dict)
    local_modules: dict[str, str] = field(default_factory=dict)
    locals: frozenset[str] = frozenset()
    body_depth: int = 0
    class_name: str = ""
    function_name: str = ""

    def module_of(self, root: str | None) -> str:
        """What ``root`` was imported from, "" if it was not."""
        if root is None:
            return ""
        return (self.local_modules if root in self.locals else self.modules).get(root, "")

    def held_by(self, *values: ast.expr | None) -> set[str]:
        return {name for value in values if value for name in held(value, self.module_of)}

    def hold(self, names: set[str]) -> None:
        """From here on ``names`` may lead to one object; what a local leads to may be returned."""
        if names & self.locals:
            self._add(self.given, self.late_given, names)
            names = names - self.locals | self._own_result()
        if len(names) > 1:
            self.holds.append(frozenset(names))

    def _own_result(self) -> set[str]:
        name = self.class_name or self.function_name
        return {result_of(name)} if self.body_depth and name else set()

    def _add(self, now: set[str], late: set[str], names: set[str]) -> None:
        (late if self.body_depth else now).update(names - self.locals)

    def pass_on(self, statement: ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr) -> None:
        """What a simple statement does for ``holds``."""
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign | ast.AugAssign):
            targets = [statement.target]
        self.hold(self.held_by(statement.value, *targets))
        if isinstance(statement.value, ast.Lambda):
            results = {result_of(t.id) for t in targets if isinstance(t, ast.Name)}
            self.hold(results | self.held_by(statement.value))

    def visit_Return(self, node: ast.Return | ast.Yield) -> None:
        self.generic_visit(node)
        self.hold(self._own_result() | (self.held_by(node.value) - self.locals))

    visit_Yield = visit_Return

    def give(self, call: ast.Call) -> None:
        """Remember what a method of a note's could change: its receiver, its arguments."""
        if self.module_of(root_name(call.func)).partition(".")[0] in KNOWN_PACKAGES:
            return
        names = set(given(call, self.module_of))
        if isinstance(call.func, ast.Attribute) and not self.module_of(root_name(call.func)):
            names |= self.held_by(call.func.value)
        self._add(self.given, self.late_given, names)

    def write(self, value: ast.expr) -> None:
        """An attribute of ``value`` is set or deleted."""
        names = self.held_by(value)
        self._add(self.writes, self.late_writes, names)
        direct = isinstance(value, ast.Name) and value.id in ("self", "cls")
        self.stores_given = self.stores_given or (bool(names & self.locals) and not direct)

    def handed(self, decorators: Iterable[ast.expr]) -> set[str]:
        """What may keep what it decorates."""
        roots = (root_name(decorator) for decorator in decorators)
        return {result_of(root) for root in roots if root and not self.module_of(root)}

    def hold_for_class(self, node: ast.ClassDef, own: set[str]) -> None:
        """What class attributes lead to, but for what they take from a library or each other."""
        values = (part.value for part in node.body if isinstance(part, ast.Assign))
        kept = self.held_by(
            *(
                value
                for value in values
                if not (isinstance(value, ast.Attribute) and self.module_of(root_name(value)))
            )
        )
        if kept - own:
            self.hold({node.name, result_of(node.name), *(kept - own)})
