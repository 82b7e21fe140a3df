"""Which global names a piece of Python may change in place, seen from its syntax.

The half of ``names`` that looks at values; the other half looks at bindings.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from .codefacts import Method
from .effects import (
    CONSUMERS,
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
from .scopes import names_in, root_name

_OF_THE_CLASS = ("cls", "type", "self.__class__")


@dataclass
class Touching(ast.NodeVisitor):
    """``locals`` holds the names that are local here, ``body_depth`` how many functions deep.

    What is found inside a function goes to the ``late`` sets. ``kinds`` and ``bound`` are filled
    by the other half.
    """

    touches: set[str] = field(default_factory=set)
    consumes: set[str] = field(default_factory=set)
    methods: set[Method] = field(default_factory=set)
    stores: set[str] = field(default_factory=set)
    late_touches: set[str] = field(default_factory=set)
    late_stores: set[str] = field(default_factory=set)
    links: list[frozenset[str]] = field(default_factory=list)
    modules: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)
    calls: bool = False
    dynamic: str = ""
    switch: str = ""
    late_switch: str = ""
    files: bool = False
    late_files: bool = False
    locals: frozenset[str] = frozenset()
    body_depth: int = 0
    class_name: str = ""

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

    def module_of(self, root: str | None) -> str:
        """What ``root`` was imported from, "" if it was not."""
        return "" if root is None or root in self.locals else self.modules.get(root, "")

    def state_of(self, name: str) -> str:
        """The pseudo-name for the state of the package ``name`` comes from, "" if it has none."""
        package = self.module_of(name).partition(".")[0]
        stateful = package and package != "vault" and package not in STATELESS_PACKAGES
        return f"<{package}>" if stateful else ""

    # --- calls

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        root = root_name(node.func)
        module = self.module_of(root)
        self.calls = self.calls or not self.body_depth
        self.dynamic = self.dynamic or reason_dynamic(node)
        if touches_files(node, module):
            self.files, self.late_files = self._flags(self.files, self.late_files)
        if module and is_switch(node):
            self.flag_switch(f"calls `{ast.unparse(node.func)}`")
        if last_name(node.func) in CONSUMERS or module.startswith("itertools"):
            for argument in node.args:
                self.consume(argument)
        if is_pure_call(node, module):
            return
        self.touch(name for part in (*node.args, *node.keywords) for name in names_in(part))
        self._receive(node, root)
        if root and (state := self.state_of(root)):
            self.touch([state])

    def _receive(self, node: ast.Call, root: str | None) -> None:
        if root is None:
            return
        if isinstance(node.func, ast.Name):
            self.touch([root])  # an object that is called may change; a function does not
            return
        method = last_name(node.func)
        if method in PURE_METHODS:
            return
        if not self.body_depth and root not in self.locals and may_leave_receiver(method):
            direct = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
            self.methods.add(Method(root, method, direct))
            self.stores.add(root)
            return
        self.store(root)

    def _flags(self, now: bool, late: bool) -> tuple[bool, bool]:
        return (now, True) if self.body_depth else (True, late)

    def flag_switch(self, reason: str) -> None:
        if self.body_depth:
            self.late_switch = self.late_switch or reason
        else:
            self.switch = self.switch or reason

    def store_into(self, target: ast.expr) -> None:
        """``x.a = …``, ``x[i] = …`` and the like for ``del`` and ``with``."""
        self.generic_visit(target)
        root = root_name(target)
        if root is None:
            return
        self.store(root)
        if self.module_of(root):
            self.flag_switch(f"changes `{ast.unparse(target)}`")

    # --- iteration

    def visit_Starred(self, node: ast.Starred) -> None:
        self.generic_visit(node)
        self.consume(node.value)

    def visit_Compare(self, node: ast.Compare) -> None:
        self.generic_visit(node)
        for operator, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(operator, ast.In | ast.NotIn):
                self.consume(right)

    # --- sharing

    def link(self, statement: ast.stmt) -> None:
        """Names that one simple statement brings together may share state afterwards."""
        if not isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr | ast.AugAssign):
            return
        if isinstance(statement, ast.Assign) and self.kind_of(statement.value) == "const":
            return
        if isinstance(statement, ast.Expr) and not may_change(statement.value):
            return
        self.share(set(names_in(statement)))

    def share(self, names: set[str]) -> None:
        shared = frozenset(names - self.locals)
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
                return "plain"
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


_PLAIN_MAKERS = frozenset("list dict set tuple sorted str len int float round range abs".split())


def may_change(value: ast.expr) -> bool:
    """Whether evaluating ``value`` may change what it mentions."""
    return any(isinstance(n, ast.Call) and not is_pure_call(n, "") for n in ast.walk(value))
