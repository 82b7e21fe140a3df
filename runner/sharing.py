"""Which names may share state: those that one statement brings together, or a function hands on.

A function's own names are forgotten when it ends. What is left of them are the globals behind
them: those that were changed through a local name, and those that its callers may come by.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from .codefacts import Drawing, Method, Parameter, Pass
from .effects import (
    BUILTINS,
    DRAWING_METHODS,
    FRESH_PACKAGES,
    KNOWN_PACKAGES,
    is_pure_call,
    last_name,
    leaves_receiver,
    makes_array,
)
from .flows import fit, flowing, given_to, is_whole, lasts, makes_calls, slots
from .holding import Holding
from .insides import Inside, globals_of
from .records import dataclass, field, replace
from .scopes import root_name

_ROWS = (ast.Tuple, ast.List)


@dataclass
class Sharing(Holding):
    """Collects ``links``, ``aliases``, ``hands`` and the changes that functions make by their
    local names; the other half fills ``kinds``, ``bound`` and ``maybe``."""

    links: list[frozenset[str]] = field(default_factory=list)
    aliases: list[frozenset[str]] = field(default_factory=list)
    hands: dict[str, set[str]] = field(default_factory=dict)
    touches: set[str] = field(default_factory=set)
    consumes: set[str] = field(default_factory=set)
    methods: set[Method] = field(default_factory=set)
    late_touches: set[str] = field(default_factory=set)
    late_consumes: set[str] = field(default_factory=set)
    late_methods: set[Method] = field(default_factory=set)
    maybe: set[str] = field(default_factory=set)
    kinds: dict[str, str] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)
    writing: set[str] = field(default_factory=set)
    passes: set[Pass] = field(default_factory=set)
    late_passes: set[Pass] = field(default_factory=set)
    spares: dict[str, tuple[Parameter, ...]] = field(default_factory=dict)
    drawn: list[Drawing] = field(default_factory=list)
    drawing: set[int] = field(default_factory=set)  # calls, by identity
    inside: Inside | None = None

    # --- changes

    def touch(self, names: Iterable[str]) -> None:
        target = self.late_touches if self.body_depth else self.touches
        for name in names:
            if name.removesuffix("()") not in self.locals:
                target.add(name)
            elif self.inside:
                self.inside.touched.add(self._tagged(name))

    def consume(self, node: ast.expr) -> None:
        """``node`` is iterated: if it is an iterator, it is used up."""
        root = root_name(node)
        if root is None or lasts(node):
            return
        if root not in self.locals:
            (self.late_consumes if self.body_depth else self.consumes).add(root)
        elif self.inside:
            self.inside.consumed.add(self._tagged(root))

    def ask(self, method: Method) -> None:
        """A method is called which leaves some receivers as they are."""
        if method.name.removesuffix("()") not in self.locals:
            (self.late_methods if self.body_depth else self.methods).add(method)
        elif self.inside:
            self.inside.asked.add(Method(self._tagged(method.name), method.method, method.direct))

    def write(self, value: ast.expr) -> None:
        if self.inside is None:
            super().write(value)
            return
        names = self.held_by(value)
        self.late_writes |= names - self.locals
        if not (isinstance(value, ast.Name) and value.id in ("self", "cls")):
            self.inside.written.update(self._tagged(name) for name in names & self.locals)

    def _tagged(self, name: str) -> str:
        name = name.removesuffix("()") if name.removesuffix("()") in self.locals else name
        return f"{name}." if name in self.locals else name

    def pass_on_to(self, call: ast.Call, function: str) -> None:
        """A function of a note is called by its name."""
        for slot, argument in slots(call):
            if isinstance(argument, ast.Attribute) and self.module_of(root_name(argument)):
                continue  # `torch.float64`
            names = frozenset(flowing(argument))
            outer = frozenset(name for name in names if name.removesuffix("()") not in self.locals)
            if self.inside:
                tagged = frozenset(map(self._tagged, names))
                self.inside.passes.add(Pass(function, slot, tagged))
            elif outer:
                self.passes.add(Pass(function, slot, outer))

    # --- functions

    def enter_function(self, own: Iterable[str]) -> bool:
        """Begin to look at a function with these parameters; whether it is an outermost one."""
        outermost = self.inside is None
        self.inside = self.inside or Inside()
        self.inside.parameters.update(f"{name}." for name in own)
        self.inside.handed |= self.inside.parameters
        return outermost

    def leave_function(self, name: str, arguments: ast.arguments) -> None:
        """Keep of the outermost function what concerns globals and its parameters; ``name`` is
        its, or its class's."""
        inside, self.inside = self.inside, None
        if inside is None:
            return
        groups = inside.groups
        self.late_touches |= globals_of(groups.behind(inside.touched))
        for passed in inside.passes:
            if names := globals_of(groups.behind(passed.names)):
                self.late_passes.add(replace(passed, names=frozenset(names)))
        # Of two functions of one name, nobody knows which is called.
        twice = name in self.spares
        self.spares[name] = () if twice else tuple(inside.parameters_of(arguments))
        self.late_consumes |= globals_of(groups.behind(inside.consumed))
        for asked in inside.asked:
            direct = asked.direct and asked.name not in inside.parts
            for other in globals_of(groups.of(asked.name)):
                self.late_methods.add(Method(other, asked.method, direct))
        for group in groups:
            if len(together := globals_of(group)) > 1:
                self.links.append(frozenset(together))
        written = groups.behind(inside.written)
        self.late_writes |= globals_of(written)
        if not written.isdisjoint(inside.parameters):
            if name == self.function_name and not self.class_name:
                self.writing.add(name)
            else:
                self.stores_given = True
        handed = groups.behind(inside.handed)
        self.hands.setdefault(name, set()).update(globals_of(handed))

    def hand_on(self, names: Iterable[str]) -> None:
        """A function returns or yields what ``names`` lead to."""
        if self.inside:
            self.inside.handed.update(map(self._tagged, filter(self.is_shared, names)))

    def visit_Return(self, node: ast.Return | ast.Yield | ast.YieldFrom) -> None:
        if isinstance(node, ast.YieldFrom):
            self.generic_visit(node)
        else:
            super().visit_Return(node)
        self.hand_on(flowing(node.value))

    visit_Yield = visit_YieldFrom = visit_Return

    # --- statements

    def link(self, statement: ast.stmt) -> None:
        """Names that one simple statement brings together may share state afterwards."""
        if not isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr | ast.AugAssign):
            return
        self.pass_on(statement)
        if isinstance(statement, ast.Assign) and self.kind_of(statement.value) == "const":
            return
        if isinstance(statement, ast.Expr):
            if self.draws(statement.value):
                return
            if self._may_change(statement.value):
                self.share(flowing(statement))
            return
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if len(targets) == 1 and statement.value and fit(targets[0], statement.value):
            self.share_pairs(targets[0], statement.value)
            return
        bound = [name for target in targets for name in flowing(target)]
        whole = isinstance(statement, ast.Assign) and is_whole(statement.value)
        self.share((*bound, *flowing(statement.value)), parts=() if whole else bound)

    def share_pairs(self, target: ast.expr, value: ast.expr) -> None:
        """``target = value``, part by part where both are tuples."""
        if isinstance(target, _ROWS) and isinstance(value, _ROWS) and fit(target, value):
            for part, given in zip(target.elts, value.elts, strict=True):
                self.share_pairs(part, given)
        else:
            bound = list(flowing(target))
            self.share((*bound, *flowing(value)), parts=() if is_whole(value) else bound)

    def share_elements(self, target: ast.expr, value: ast.expr) -> None:
        """``for target in value``, part by part for ``zip``, ``enumerate`` and rows of a table."""
        columns = self._columns(target, value)
        if columns is None:
            bound = list(flowing(target))
            self.share((*bound, *flowing(value)), parts=bound)
            return
        for part, given, is_element in columns:
            (self.share_elements if is_element else self.share_pairs)(part, given)

    def _columns(
        self, target: ast.expr, value: ast.expr
    ) -> list[tuple[ast.expr, ast.expr, bool]] | None:
        """(part of the target, what it is taken from, whether it is an element of that)."""
        if not isinstance(target, ast.Tuple | ast.List):
            return None
        parts = target.elts
        plain = not any(isinstance(part, ast.Starred) for part in parts)
        if plain and isinstance(value, ast.Call) and not self.is_shared(last_name(value.func)):
            name, given = last_name(value.func), value.args
            if name == "zip" and len(given) == len(parts) and isinstance(value.func, ast.Name):
                return [(part, arg, True) for part, arg in zip(parts, given, strict=True)]
            if name == "enumerate" and given and len(parts) == 2:
                return [(parts[1], given[0], True)]
        if plain and isinstance(value, ast.Tuple | ast.List) and value.elts:
            rows = [row.elts for row in value.elts if isinstance(row, ast.Tuple | ast.List)]
            if all(fit(target, row) for row in value.elts):
                return [(p, r[place], False) for r in rows for place, p in enumerate(parts)]
        return None

    def draws(self, value: ast.expr) -> bool:
        """Whether a statement of the block draws, and ``value`` is noted as that."""
        if self.body_depth or not isinstance(value, ast.Call):
            return False
        func = value.func
        if not isinstance(func, ast.Attribute) or func.attr not in DRAWING_METHODS:
            return False
        axes = frozenset(filter(self.is_shared, flowing(func.value)))
        given = frozenset(filter(self.is_shared, given_to(value)))
        if not axes or axes & self.locals or given & self.locals:
            return False
        if any(map(self.module_of, axes)):
            return False
        self.drawn.append(Drawing(func.attr, axes, given))
        self.drawing.add(id(value))
        return True

    def _may_change(self, value: ast.expr) -> bool:
        own = self.bound | self.maybe | self.locals | self.modules.keys()
        calls = (node for node in ast.walk(value) if isinstance(node, ast.Call))
        return any(not is_pure_call(c, self.module_of(root_name(c.func)), own) for c in calls)

    def share(self, names: Iterable[str], parts: Iterable[str] = ()) -> None:
        """``parts``: those that may now be a part of what the others are."""
        shared = frozenset(filter(self.is_shared, names))
        if self.inside is None:
            outer = shared - self.locals
            if shared & self.locals:  # an element may be changed, and with it what it is of
                self.touch(outer)
            elif len(outer) > 1:
                self.links.append(outer)
            return
        self.inside.groups.add(map(self._tagged, shared))
        self.inside.parts.update(map(self._tagged, parts))

    def is_shared(self, name: str) -> bool:
        """Whether a name, or a result ``f()``, may share state: no builtin, no library that makes
        each of its objects anew."""
        plain = name.removesuffix("()")
        if plain in self.locals and plain not in self.local_modules:
            return True
        package = self.module_of(plain).partition(".")[0]
        if package:
            return package not in FRESH_PACKAGES
        own = plain in self.bound or plain in self.maybe or plain in self.modules
        return own or plain not in BUILTINS

    # --- kinds of values

    def kind_of(self, value: ast.expr) -> str:
        """What the text tells of a value: const, plain, array, def or data."""
        match value:
            case ast.Constant() | ast.JoinedStr():
                return "const"
            case ast.Name():
                known = self.kinds.get(value.id) if value.id in self.bound else None
                return "const" if known == "const" else "data"
            case ast.UnaryOp():
                return self.kind_of(value.operand)
            case ast.BinOp():
                kinds = {self.kind_of(value.left), self.kind_of(value.right)}
                return kinds.pop() if len(kinds) == 1 else "array" if "array" in kinds else "data"
            case ast.Tuple() if all(self.kind_of(item) == "const" for item in value.elts):
                return "const"
            case ast.Tuple() | ast.List() | ast.Dict() | ast.Set():
                return "data" if any(map(_is_iterator, ast.walk(value))) else "plain"
            case ast.ListComp() | ast.DictComp() | ast.SetComp():
                return "plain"
            case ast.Lambda() if not value.args.defaults and not value.args.kw_defaults:
                return "def"
            case ast.Call():
                return self._kind_of_call(value)
        return "data"

    def _kind_of_call(self, call: ast.Call) -> str:
        root = root_name(call.func)
        if isinstance(call.func, ast.Name) and call.func.id in _PLAIN_MAKERS:
            return "plain"
        if makes_array(call, self.module_of(root)):
            return "array"
        if self.kinds.get(root or "") == "array" and isinstance(call.func, ast.Attribute):
            return "array" if leaves_receiver(call.func.attr, "array", direct=True) else "data"
        return "data"

    def is_settled(self, value: ast.expr) -> bool:
        """Whether a default or a class attribute is nothing that a note changes in place: a
        constant, a function, or what a library has under a name (``torch.float32``)."""
        if isinstance(value, ast.Tuple):
            return all(map(self.is_settled, value.elts))
        if isinstance(value, ast.Call):
            is_field = self.module_of(root_name(value.func)) == "dataclasses.field"
            return is_field and not value.args and all(k.arg != "default" for k in value.keywords)
        if isinstance(value, ast.Attribute):
            package = self.module_of(root_name(value)).partition(".")[0]
            return package in KNOWN_PACKAGES and not makes_calls(value)
        return self.kind_of(value) in ("const", "def")


def _is_iterator(value: ast.AST) -> bool:
    made = isinstance(value, ast.Call) and last_name(value.func) in _ITERATOR_MAKERS
    return made or isinstance(value, ast.GeneratorExp)


_ITERATOR_MAKERS = frozenset("iter map filter zip enumerate reversed open".split())
_PLAIN_MAKERS = frozenset("list dict set tuple sorted str len int float round range abs".split())


def may_change(value: ast.expr) -> bool:
    """Whether evaluating ``value`` may change what it mentions."""
    return any(isinstance(n, ast.Call) and not is_pure_call(n, "") for n in ast.walk(value))
