"""What a block's Python binds, reads and may change: facts for the dependency graph.

The analysis is conservative: what it cannot see it reports as a reason to depend on everything
(``dynamic``) or to be depended on by everything below (``switch``). Names are the note's globals;
local names of functions, classes and comprehensions are left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache

from .codefacts import Facts, Import
from .effects import (
    STATELESS_PACKAGES,
    is_pure_call,
    is_switch,
    reason_dynamic,
    touches_files,
)
from .scopes import (
    Function,
    bound_by,
    local_names,
    names_in,
    outer_parts,
    parameters,
    root_name,
    seemingly_bound,
)


@lru_cache(maxsize=4096)
def facts(source: str, imported: tuple[tuple[str, str], ...] = ()) -> Facts:
    """The facts of one block; of a block that does not parse, the names it seems to bind.

    ``imported`` maps names that blocks above imported to their top packages.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Facts(may_bind=frozenset(seemingly_bound(source)), broken=True)
    collector = _Collector(packages=dict(imported))
    collector.statements(tree.body)
    return collector.facts()


@dataclass
class _Collector(ast.NodeVisitor):
    """Walks module-level code in the order of execution.

    ``locals`` holds the names that are local here: empty for a module, the parameters and
    assigned names inside a function, the names bound so far inside a class body.
    """

    bound: set[str] = field(default_factory=set)
    maybe: set[str] = field(default_factory=set)
    kinds: dict[str, str] = field(default_factory=dict)
    reads: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=set)
    touches: set[str] = field(default_factory=set)
    late_touches: set[str] = field(default_factory=set)
    stores: set[str] = field(default_factory=set)
    links: list[frozenset[str]] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    packages: dict[str, str] = field(default_factory=dict)
    calls: bool = False
    dynamic: str = ""
    switch: str = ""
    late_switch: str = ""
    files: bool = False
    asks_device: bool = False
    branches: int = 0
    locals: frozenset[str] = frozenset()
    body_depth: int = 0

    def facts(self) -> Facts:
        return Facts(
            binds=frozenset(self.bound),
            may_bind=frozenset(self.maybe - self.bound),
            kinds=tuple(sorted(self.kinds.items())),
            reads=frozenset(self.reads),
            late=frozenset(self.late),
            touches=frozenset(self.touches),
            late_touches=frozenset(self.late_touches),
            stores=frozenset(self.stores),
            links=tuple(self.links),
            imports=tuple(self.imports),
            packages=tuple(sorted((n, p) for n, p in self.packages.items() if n in self.kinds)),
            calls=self.calls,
            dynamic=self.dynamic,
            switch=self.switch,
            late_switch=self.late_switch,
            files=self.files,
            names_device=self.asks_device or "device" in self.reads | self.late,
        )

    def statements(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            self._link(statement)
            self.visit(statement)

    def bind(self, name: str, kind: str = "data") -> None:
        if name in self.locals:
            return
        if self.body_depth:  # a `global`, bound whenever the function is called
            kind = "data"
            self.maybe.add(name)
            self.touch([name])
        elif self.branches:
            self.maybe.add(name)
        else:
            self.bound.add(name)
        known = self.kinds.get(name)
        self.kinds[name] = kind if known in (None, kind) else "data"
        if kind != "import":
            self.packages.pop(name, None)

    def read(self, name: str) -> None:
        if name in self.locals:
            return
        if state := self._state_of(name):
            (self.late if self.body_depth else self.reads).add(state)
        if self.body_depth:
            self.late.add(name)
        elif name not in self.bound:
            self.reads.add(name)

    def _state_of(self, name: str) -> str:
        """The pseudo-name for the state of the package ``name`` comes from, "" if it has none."""
        package = self.packages.get(name, "")
        stateful = package and package != "vault" and package not in STATELESS_PACKAGES
        return f"<{package}>" if stateful else ""

    def touch(self, names: Iterable[str]) -> None:
        target = self.late_touches if self.body_depth else self.touches
        target.update(name for name in names if name not in self.locals)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.read(node.id)
        elif isinstance(node.ctx, ast.Del):
            self.read(node.id)
            self.touch([node.id])
            self.maybe.add(node.id)
        else:
            self.bind(node.id)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        kind = self._kind(node.value)
        for target in node.targets:
            self._assign(target, kind)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.annotation)
        if node.value is not None:
            self.visit(node.value)
            self._assign(node.target, self._kind(node.value))

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        root = root_name(node.target)
        if isinstance(node.target, ast.Name):
            self.read(node.target.id)
            self.touch([node.target.id])
            self.bind(node.target.id)
        else:
            self._assign(node.target, "data")
        if root:
            self.touch([root])

    def _assign(self, target: ast.expr, kind: str) -> None:
        if isinstance(target, ast.Name):
            self.bind(target.id, kind)
        elif isinstance(target, ast.Tuple | ast.List):
            for item in target.elts:
                self._assign(item, kind)
        elif isinstance(target, ast.Starred):
            self._assign(target.value, "data")
        else:  # x.a = …, x[i] = …
            self.generic_visit(target)
            root = root_name(target)
            if root:
                self.read(root)
                self.touch([root])
                self._store(root, target)

    def _store(self, root: str, target: ast.expr) -> None:
        self.stores.add(root)
        if root in self.packages and root not in self.locals:
            self._flag_switch(f"changes `{ast.unparse(target)}`")

    def _kind(self, value: ast.expr) -> str:
        return "const" if self._is_constant(value) else "data"

    def _is_constant(self, value: ast.expr) -> bool:
        """Whether the value is an immutable number, string or tuple of such, seen from the text."""
        if isinstance(value, ast.Constant):
            return True
        if isinstance(value, ast.Name):
            return self.kinds.get(value.id) == "const" and value.id in self.bound
        if isinstance(value, ast.Tuple):
            return all(map(self._is_constant, value.elts))
        if isinstance(value, ast.UnaryOp):
            return self._is_constant(value.operand)
        if isinstance(value, ast.BinOp):
            return self._is_constant(value.left) and self._is_constant(value.right)
        return False

    def _branch(self, node: ast.AST) -> None:
        self.branches += 1
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                self._link(child)
            self.visit(child)
        self.branches -= 1

    visit_While = visit_Try = visit_Match = _branch
    visit_TryStar = _branch

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self.branches += 1
        self.statements(node.body)
        self.statements(node.orelse)
        self.branches -= 1

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self._share({*names_in(node.iter), *names_in(node.target)})
        self.branches += 1
        self._assign(node.target, "data")
        self.statements(node.body)
        self.statements(node.orelse)
        self.branches -= 1

    visit_AsyncFor = visit_For

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.visit(item)
        self.statements(node.body)

    visit_AsyncWith = visit_With

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.type:
            self.visit(node.type)
        if node.name:
            self.bind(node.name)
        self.statements(node.body)

    def visit_Import(self, node: ast.Import) -> None:
        for item in node.names:
            top = item.name.partition(".")[0]
            self._import(Import(item.name, "", item.asname or top, node.lineno))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for item in node.names:
            if item.name == "*":
                self.dynamic = self.dynamic or f"`from {node.module} import *`"
                self.imports.append(Import(node.module or "", "", "*", node.lineno))
                continue
            alias = item.asname or item.name
            self._import(Import(node.module or "", item.name, alias, node.lineno))

    def _import(self, item: Import) -> None:
        self.imports.append(item)
        if item.alias not in self.locals:
            self.bind(item.alias, "import")
            self.packages[item.alias] = item.module.partition(".")[0]

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._function(node)
        if node.decorator_list:  # a decorator may run, register or replace the function
            self.touch(root for d in node.decorator_list if (root := root_name(d)))
        self.bind(node.name, "def")

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for part in outer_parts(node.args):
            self.visit(part)
        self._body(node, [node.body])

    def _body(self, node: Function, body: Iterable[ast.AST]) -> None:
        """Collect a function's body, whose global names are looked up when it is called."""
        own, declared = local_names(node)
        # `device` as a parameter of a test or fixture asks for the fixture of that name
        self.asks_device = self.asks_device or "device" in parameters(node.args)
        with self._scope((self.locals | own) - declared):
            for part in body:
                if isinstance(part, ast.stmt):
                    self._link(part)
                self.visit(part)

    @contextmanager
    def _scope(self, names: frozenset[str]) -> Iterator[None]:
        before, branches = self.locals, self.branches
        self.locals, self.branches = names, 0
        self.body_depth += 1
        yield
        self.body_depth -= 1
        self.locals, self.branches = before, branches

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(part)
        own = {name for statement in node.body for name in bound_by(statement)}
        before = self.locals
        for statement in node.body:
            # Methods do not see the class's own names, its statements do.
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                self.locals = before
                self._function(statement)
            else:
                self.locals = before | frozenset(own)
                self.visit(statement)
        self.locals = before
        shared = any(
            isinstance(s, ast.Assign) and not self._is_constant(s.value) for s in node.body
        )
        self.bind(node.name, "data" if shared else "class")

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in (*node.decorator_list, *outer_parts(node.args), node.returns):
            if part is not None:
                self.visit(part)
        self._body(node, node.body)

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
    ) -> None:
        before = self.locals
        for generator in node.generators:
            self.visit(generator.iter)
            self.locals |= frozenset(names_in(generator.target))
            for condition in generator.ifs:
                self.visit(condition)
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        for part in parts:
            self.visit(part)
        self.locals = before
        if any(map(_may_link, parts)):  # a call on an element changes what was iterated
            self.touch(name for g in node.generators for name in names_in(g.iter))

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehension

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        self.calls = True
        self.dynamic = self.dynamic or reason_dynamic(node)
        self.files = self.files or touches_files(node)
        root = root_name(node.func) or ""
        package = "" if root in self.locals else self.packages.get(root, "")
        if package and is_switch(node):
            self._flag_switch(f"calls `{ast.unparse(node.func)}`")
        if is_pure_call(node, package):
            return
        self.touch(name for part in (*node.args, *node.keywords) for name in names_in(part))
        if isinstance(node.func, ast.Attribute) and root:
            self.touch([root])
            self.stores.add(root)
        if package and (state := self._state_of(root)):
            self.touch([state])

    def _flag_switch(self, reason: str) -> None:
        if self.body_depth:
            self.late_switch = self.late_switch or reason
        else:
            self.switch = self.switch or reason

    def _link(self, statement: ast.stmt) -> None:
        """Names that one simple statement brings together may share state afterwards."""
        if not isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr | ast.AugAssign):
            return
        if isinstance(statement, ast.Assign) and self._is_constant(statement.value):
            return
        if isinstance(statement, ast.Expr) and not _may_link(statement.value):
            return
        self._share(set(names_in(statement)))

    def _share(self, names: set[str]) -> None:
        shared = frozenset(names - self.locals)
        if names & self.locals:  # a local alias may be changed, and with it the global behind it
            self.touch(shared)
        elif len(shared) > 1:
            self.links.append(shared)


def _may_link(value: ast.expr) -> bool:
    return any(isinstance(n, ast.Call) and not is_pure_call(n, "") for n in ast.walk(value))
