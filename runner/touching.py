"""Which global names a piece of Python may change in place, seen from its syntax.

The half of ``names`` that looks at calls and stores; the other half looks at bindings.
"""

from __future__ import annotations

import ast

from .codefacts import Files, Method, Switch, wider
from .effects import (
    CONSUMERS,
    FRESH_PACKAGES,
    KNOWN_PACKAGES,
    PURE_METHODS,
    STATELESS_PACKAGES,
    acts_unseen,
    is_pure_call,
    is_switch,
    last_name,
    may_leave_receiver,
    reason_dynamic,
)
from .filecalls import files_of
from .flows import fills_receiver, flowing
from .holding import is_written
from .records import dataclass, field
from .scopes import names_in, root_name
from .sharing import Sharing

_SETTERS = ("setattr", "delattr", "__setattr__", "__delattr__")
_STARTERS = ("__enter__", "__exit__", "start", "stop")  # of what was prepared before
_FAMILY = ("__subclasses__", "__mro__", "__bases__", "__base__", "mro")  # ways to other classes


@dataclass
class Touching(Sharing):
    """What is found inside a function goes to the ``late`` sets."""

    stores: set[str] = field(default_factory=set)
    late_stores: set[str] = field(default_factory=set)
    uses: set[str] = field(default_factory=set)
    lively: bool = False
    acts: bool = False
    executes: bool = False
    calls: bool = False
    dynamic: str = ""
    switch: Switch | None = None
    late_switch: Switch | None = None
    files: Files = Files.NONE
    late_files: Files = Files.NONE
    class_names: set[str] = field(default_factory=set)
    sees_class: bool = False
    enriched: set[str] = field(default_factory=set)
    called: set[int] = field(default_factory=set)  # names in calls, by identity
    spoken: set[str] = field(default_factory=set)

    def store(self, root: str) -> None:
        """The attributes, items or methods of ``root`` are used to change something.

        What a method stores on ``self`` is its object's, unless it has the class in its hands.
        """
        self.touch([root])
        target = self.late_stores if self.body_depth else self.stores
        if root not in self.locals:
            target.add(root)
        if root in self.class_names or (self.sees_class and root in self.locals):
            self.store_on_class()

    def store_on_class(self) -> None:
        if self.class_name:
            (self.late_stores if self.body_depth else self.stores).add(self.class_name)

    def state_of(self, name: str) -> str:
        """The pseudo-name for the state of the package ``name`` comes from, "" if it has none."""
        package = self.module_of(name).partition(".")[0]
        return f"<{package}>" if package != "vault" and is_stateful(package) else ""

    # --- calls

    def visit_Call(self, node: ast.Call) -> None:
        self.called.add(id(node.func))
        self.generic_visit(node)
        root = root_name(node.func)
        module = self.module_of(root)
        self.calls = self.calls or (not self.body_depth and not self._stays_inside(node, module))
        self.executes = self.executes or not self.body_depth
        self.lively = self.lively or acts_unseen(node)
        self.dynamic = self.dynamic or reason_dynamic(node)
        self._work_with(files_of(node, module))
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
        self._hand_over(node, module)
        if self.sees_class and (node.args or node.keywords):
            self.store_on_class()
        self.stores_given = self.stores_given or unknown
        if last_name(node.func) in _SETTERS and node.args:
            self._store_at(node.args[0], ast.unparse(node))
            self.write(node.args[0])
        self._receive(node, root)
        if root and (state := self.state_of(root)):
            self.touch([state])

    def _hand_over(self, node: ast.Call, module: str) -> None:
        """What becomes of the arguments: of a function of a note that is looked at elsewhere."""
        func, package = node.func, module.partition(".")[0]
        if isinstance(func, ast.Name) and package in ("", "vault") and func.id not in self.locals:
            self.pass_on_to(node, func.id)
            return
        self.give(node)
        if id(node) not in self.drawing and (module or not fills_receiver(node)):
            self.touch(name for part in (*node.args, *node.keywords) for name in flowing(part))

    def _stays_inside(self, node: ast.Call, module: str) -> bool:
        """Whether a call of a library is given nothing through which it could call the note."""
        if module.partition(".")[0] not in KNOWN_PACKAGES:
            return False
        return not any(map(self.is_shared, flowing(node)))

    def _receive(self, node: ast.Call, root: str | None) -> None:
        if isinstance(node.func, ast.Name):
            self.touch([node.func.id])  # an object that is called may change; a function does not
            return
        method = last_name(node.func)
        if self.module_of(root) == "runner":
            return
        if method in _STARTERS and not self.module_of(root):
            self.flag_switch(
                f"calls `{ast.unparse(node.func)}`, which may begin something global", ""
            )
        if _is_made_anew(node.func) and may_leave_receiver(method):
            return
        if not _is_path(node.func):  # what is between the root and the method may be an argument
            if may_leave_receiver(method):
                for name in flowing(node.func):
                    self.ask(Method(name, method, direct=False))
            else:
                self.touch(flowing(node.func))
        if root is None or self._is_fresh(root) or self._is_result(node.func, root):
            return
        if isinstance(node.func, ast.Attribute) and _is_note(node.func.value, self.module_of(root)):
            self.touch([root])  # a function of another note, whose effects are looked at there
            return
        if may_leave_receiver(method):
            direct = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
            self.ask(Method(root, method, direct))
            if root not in self.locals:
                (self.late_stores if self.body_depth else self.stores).add(root)
            return
        self.store(root)

    def _is_result(self, func: ast.expr, root: str) -> bool:
        """Whether the receiver is what a function or class of the note made: not that itself."""
        calls = (part for part in ast.walk(func) if isinstance(part, ast.Call))
        made = any(isinstance(c.func, ast.Name) and c.func.id == root for c in calls)
        return made and root not in self.class_names and not self.module_of(root)

    def _is_fresh(self, root: str) -> bool:
        """Whether it stands for a library that a call of its functions, or a method of what they
        made, does not change."""
        package = self.module_of(root).partition(".")[0]
        return package in FRESH_PACKAGES

    def _work_with(self, files: Files) -> None:
        if self.body_depth:
            self.late_files = max(self.late_files, files)
        else:
            self.files = max(self.files, files)

    def flag_switch(self, why: str, package: str) -> None:
        found = Switch(why, drawing=package == "matplotlib")
        if self.body_depth:
            self.late_switch = wider(self.late_switch, found)
        else:
            self.switch = wider(self.switch, found)

    def store_into(self, target: ast.expr, kind: str = "const") -> None:
        """``x.a = …``, ``x[i] = …`` and the like for ``del`` and ``with``; ``kind``: of values."""
        self.generic_visit(target)
        if kind != "const" and self.class_name and isinstance(target, ast.Attribute):
            root = root_name(target)
            if self.sees_class or root in self.class_names or root == self.class_name:
                self.enriched.add(self.class_name)  # with what methods may change in place
        self._store_at(target, ast.unparse(target))
        if is_written(target) and isinstance(target, ast.Attribute | ast.Subscript):
            self.write(target.value)

    def _store_at(self, target: ast.expr, shown: str) -> None:
        root = root_name(target)
        if not _is_path(target):
            self.touch(flowing(target))
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


def is_stateful(package: str) -> bool:
    """Whether a package may hold state that notes change: one of the vault or an unknown one."""
    return bool(package) and package not in STATELESS_PACKAGES


def hides_calls(method: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a method runs where no call stands: a property, an operator, a conversion."""
    if method.name.startswith("_repr_") or method.name == "_ipython_display_":
        return True
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


def _is_made_anew(func: ast.expr) -> bool:
    """Whether the receiver is what an operator made; one that is changed by it is ``lively``."""
    made = (ast.BinOp, ast.UnaryOp, ast.Compare)
    return isinstance(func, ast.Attribute) and isinstance(func.value, made)


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
