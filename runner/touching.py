"""Which global names a piece of Python may change in place, seen from its syntax.

The half of ``names`` that looks at values; the other half looks at bindings.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import field

from .codefacts import Method, Switch, wider
from .effects import (
    CONSUMERS,
    KNOWN_PACKAGES,
    PURE_METHODS,
    STATELESS_PACKAGES,
    is_pure_call,
    is_switch,
    last_name,
    leaves_receiver,
    makes_array,
    may_leave_receiver,
    reason_dynamic,
    touches_files,
)
from .holding import Holding, is_written
from .records import dataclass
from .scopes import names_in, root_name

_SETTERS = ("setattr", "delattr", "__setattr__", "__delattr__")
_FAMILY = ("__subclasses__", "__mro__", "__bases__", "__base__", "mro")  # ways to other classes


@dataclass
class Touching(Holding):
    """What is found inside a function goes to the ``late`` sets; ``kinds`` and ``bound`` are filled
    by the other half."""

    touches: set[str] = field(default_factory=set)
    consumes: set[str] = field(default_factory=set)
    methods: set[Method] = field(default_factory=set)
    stores: set[str] = field(default_factory=set)
    late_touches: set[str] = field(default_factory=set)
    late_stores: set[str] = field(default_factory=set)
    links: list[frozenset[str]] = field(default_factory=list)
    aliases: list[frozenset[str]] = field(default_factory=list)
    maybe: set[str] = field(default_factory=set)
    uses: set[str] = field(default_factory=set)
    lively: bool = False
    acts: bool = False
    executes: bool = False
    kinds: dict[str, str] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)
    calls: bool = False
    dynamic: str = ""
    switch: Switch | None = None
    late_switch: Switch | None = None
    files: bool = False
    late_files: bool = False

    def touch(self, names: Iterable[str]) -> None:
        target = self.late_touches if self.body_depth else self.touches
        target.update(name for name in names if name not in self.locals)

    def store(self, root: str) -> None:
        """The attributes, items or methods of ``root`` are used to change something."""
        self.touch([root])
        target = self.late_stores if self.body_depth else self.stores
        if root not in self.locals:
            target.add(root)
        if self.class_name and root in ("cls", "type", "self"):
            target.add(self.class_name)

    def consume(self, node: ast.expr) -> None:
        """``node`` is iterated: if it is an iterator, it is used up."""
        root = root_name(node)
        if root is None or root in self.locals:
            return
        if self.body_depth:
            self.late_touches.add(root)
        else:
            self.consumes.add(root)

    def state_of(self, name: str) -> str:
        """The pseudo-name for the state of the package ``name`` comes from, "" if it has none."""
        package = self.module_of(name).partition(".")[0]
        return f"<{package}>" if package != "vault" and is_stateful(package) else ""

    # --- calls

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        root = root_name(node.func)
        module = self.module_of(root)
        self.calls = self.calls or not self.body_depth
        self.executes = self.executes or not self.body_depth
        self.lively = self.lively or last_name(node.func) == "defaultdict"
        self.dynamic = self.dynamic or reason_dynamic(node)
        if touches_files(node, module):
            self.files, self.late_files = self._flags(self.files, self.late_files)
        package = module.partition(".")[0]
        unknown = package not in ("", "vault") and package not in KNOWN_PACKAGES
        if module and (unknown or is_switch(node, module)):
            why = "whose code is in no note" if unknown else "which is global"
            self.flag_switch(f"calls `{ast.unparse(node.func)}`, {why}", package)
        if last_name(node.func) in CONSUMERS or module.startswith("itertools"):
            for argument in node.args:
                self.consume(argument)
        if is_pure_call(node, module, self.bound | self.maybe | self.locals | self.modules.keys()):
            return
        self.touch(name for part in (*node.args, *node.keywords) for name in names_in(part))
        self.give(node)
        self.stores_given = self.stores_given or unknown
        if last_name(node.func) in _SETTERS and node.args:
            self._store_at(node.args[0], ast.unparse(node))
            self.write(node.args[0])
        self._receive(node, root)
        if root and (state := self.state_of(root)):
            self.touch([state])

    def _receive(self, node: ast.Call, root: str | None) -> None:
        if isinstance(node.func, ast.Name):
            self.touch([node.func.id])  # an object that is called may change; a function does not
            return
        method = last_name(node.func)
        if method in PURE_METHODS or self.module_of(root) == "runner":
            return
        if not _is_path(node.func):  # what is between the root and the method may be an argument
            self.touch(names_in(node.func))
        if root is None:
            return
        if isinstance(node.func, ast.Attribute) and _is_note(node.func.value, self.module_of(root)):
            self.touch([root])  # a function of another note, whose effects are looked at there
            return
        if not self.body_depth and root not in self.locals and may_leave_receiver(method):
            direct = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
            self.methods.add(Method(root, method, direct))
            self.stores.add(root)
            return
        self.store(root)

    def _flags(self, now: bool, late: bool) -> tuple[bool, bool]:
        return (now, True) if self.body_depth else (True, late)

    def flag_switch(self, why: str, package: str) -> None:
        found = Switch(why, drawing=package == "matplotlib")
        if self.body_depth:
            self.late_switch = wider(self.late_switch, found)
        else:
            self.switch = wider(self.switch, found)

    def store_into(self, target: ast.expr) -> None:
        """``x.a = …``, ``x[i] = …`` and the like for ``del`` and ``with``."""
        self.generic_visit(target)
        self._store_at(target, ast.unparse(target))
        if is_written(target) and isinstance(target, ast.Attribute | ast.Subscript):
            self.write(target.value)

    def _store_at(self, target: ast.expr, shown: str) -> None:
        root = root_name(target)
        if not _is_path(target):
            self.touch(names_in(target))
        if any(_is_class_of(part) for part in ast.walk(target)):
            stores = self.late_stores if self.body_depth else self.stores
            stores.update(f"type({name})" for name in names_in(target))
        if root is None:
            return
        self.store(root)
        if module := self.module_of(root):
            self.flag_switch(f"changes `{shown}`, which is global", module.partition(".")[0])

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.generic_visit(node)
        if node.attr in _FAMILY:
            self.dynamic = self.dynamic or f"`{node.attr}`"

    # --- iteration

    def visit_Starred(self, node: ast.Starred) -> None:
        self.generic_visit(node)
        self.consume(node.value)

    def visit_Compare(self, node: ast.Compare) -> None:
        self.generic_visit(node)
        for operator, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(operator, ast.In | ast.NotIn):
                self.consume(right)

    # --- classes that change something where nobody calls

    def may_act(self, method: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        """Whether a method may change what outlives it: its object, a global, an iterator."""
        return any(
            (isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load))
            or isinstance(node, ast.Global | ast.Nonlocal)
            or (isinstance(node, ast.Call) and not self._is_quiet(node))
            for statement in method.body
            for node in ast.walk(statement)
        )

    def _is_quiet(self, call: ast.Call) -> bool:
        quiet_method = isinstance(call.func, ast.Attribute) and call.func.attr in PURE_METHODS
        return quiet_method or is_pure_call(call, self.module_of(root_name(call.func)))

    # --- sharing

    def link(self, statement: ast.stmt) -> None:
        """Names that one simple statement brings together may share state afterwards."""
        if not isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr | ast.AugAssign):
            return
        self.pass_on(statement)
        if isinstance(statement, ast.Assign) and self.kind_of(statement.value) == "const":
            return
        if isinstance(statement, ast.Expr) and not may_change(statement.value):
            return
        self.share(set(names_in(statement)))

    def share(self, names: set[str]) -> None:
        shared = frozenset(n for n in names - self.locals if self.module_of(n) != "runner")
        if names & self.locals:  # a local alias may be changed, and with it the global behind it
            self.touch(shared)
        elif len(shared) > 1:
            self.links.append(shared)

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


def is_stateful(package: str) -> bool:
    """Whether a package may hold state that notes change: one of the vault or an unknown one."""
    return bool(package) and package not in STATELESS_PACKAGES


def hides_calls(method: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a method runs where no call stands: a property, an operator, a conversion."""
    if method.name.startswith("__") and method.name.endswith("__"):
        return method.name not in _CALLED_IN_SIGHT
    names = {last_name(d) for d in method.decorator_list}
    return bool(names & {"property", "cached_property", "getter"})


_CALLED_IN_SIGHT = frozenset(
    "__init__ __new__ __call__ __post_init__ __init_subclass__ __enter__ __exit__ __setitem__ "
    "__setattr__ __delitem__ __delattr__ __iadd__ __isub__ __imul__ __itruediv__ "
    "__imatmul__".split()
)


def _is_note(value: ast.expr, module: str) -> bool:
    return isinstance(value, ast.Name) and module.startswith("vault.") and module.count(".") == 1


def _is_iterator(value: ast.AST) -> bool:
    made = isinstance(value, ast.Call) and last_name(value.func) in _ITERATOR_MAKERS
    return made or isinstance(value, ast.GeneratorExp)


_ITERATOR_MAKERS = frozenset("iter map filter zip enumerate reversed open".split())


def _is_path(node: ast.AST) -> bool:
    """``x``, ``x.a``, ``x[0].a``: nothing but a root and ways into it."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return isinstance(node, ast.Name)


def _is_class_of(node: ast.AST) -> bool:
    """``type(x)`` and ``x.__class__``."""
    if isinstance(node, ast.Attribute):
        return node.attr == "__class__"
    return isinstance(node, ast.Call) and last_name(node.func) == "type"


_PLAIN_MAKERS = frozenset("list dict set tuple sorted str len int float round range abs".split())


def may_change(value: ast.expr) -> bool:
    """Whether evaluating ``value`` may change what it mentions."""
    return any(isinstance(n, ast.Call) and not is_pure_call(n, "") for n in ast.walk(value))
