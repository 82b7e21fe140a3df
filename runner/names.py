"""What a block's Python binds, reads and may change: facts for the dependency graph.

The analysis is conservative: what it cannot see it reports as a reason to depend on everything
(``dynamic``) or to be depended on by everything below (``switch``). Names are the note's globals;
local names of functions, classes and comprehensions are left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import field
from functools import lru_cache

from .codefacts import Facts, Import
from .effects import global_object
from .records import dataclass
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
from .touching import Touching, hides_calls, is_stateful, may_change


@lru_cache(maxsize=4096)
def facts(source: str, imported: tuple[tuple[str, str], ...] = ()) -> Facts:
    """The facts of one block; of a block that does not parse, the names it seems to bind.

    ``imported`` maps names that blocks above imported to what they imported them from.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Facts(may_bind=frozenset(seemingly_bound(source)), broken=True)
    collector = _Collector(modules=dict(imported))
    collector.statements(tree.body)
    return collector.facts()


_LOCAL = "local modules"  # all of them as one, since they import each other


def _loaded(item: Import) -> str:
    """The note or local modules that an import executes if it is the first; "" for others."""
    package = item.module.partition(".")[0]
    if package == "vault":
        return f"vault.{item.name}" if item.module == "vault" else item.module
    return _LOCAL if is_stateful(package) else ""


@dataclass
class _Collector(Touching):
    """Walks module-level code in the order of execution and keeps what it binds and reads."""

    reads: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=set)
    imports: list[Import] = field(default_factory=list)
    asks_device: bool = False
    branches: int = 0

    def facts(self) -> Facts:
        return Facts(
            binds=frozenset(self.bound),
            may_bind=frozenset(self.maybe - self.bound),
            kinds=tuple(sorted(self.kinds.items())),
            reads=frozenset(self.reads),
            late=frozenset(self.late),
            touches=frozenset(self.touches),
            consumes=frozenset(self.consumes),
            methods=frozenset(self.methods),
            stores=frozenset(self.stores),
            late_touches=frozenset(self.late_touches),
            late_stores=frozenset(self.late_stores),
            links=tuple(self.links),
            aliases=tuple(self.aliases),
            loads=frozenset(filter(None, map(_loaded, self.imports))),
            uses=frozenset(self.uses),
            lively=self.lively,
            acts=self.acts,
            executes=self.executes,
            stores_given=self.stores_given,
            holds=tuple(self.holds),
            writes=frozenset(self.writes),
            late_writes=frozenset(self.late_writes),
            given=frozenset(self.given),
            late_given=frozenset(self.late_given),
            imports=tuple(self.imports),
            modules=tuple(sorted((n, m) for n, m in self.modules.items() if n in self.kinds)),
            calls=self.calls,
            dynamic=self.dynamic,
            switch=self.switch,
            late_switch=self.late_switch,
            files=self.files,
            late_files=self.late_files,
            names_device=self.asks_device or "device" in self.reads | self.late,
        )

    def statements(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            said = isinstance(statement, ast.Expr) and not isinstance(statement.value, ast.Constant)
            shown = said or isinstance(statement, ast.Assert | ast.Raise)
            self.acts = self.acts or (shown and not self.body_depth)
            self.link(statement)
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
            self.modules.pop(name, None)

    def read(self, name: str) -> None:
        if name in self.locals:
            return
        if not self.body_depth:
            self.uses.add(name)
        names = [name, state] if (state := self.state_of(name)) else [name]
        if self.body_depth:
            self.late.update(names)
        else:
            self.reads.update(n for n in names if n not in self.bound)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.read(node.id)
        elif isinstance(node.ctx, ast.Del):
            self.read(node.id)
            self.touch([node.id])
            if node.id not in self.locals:
                self.maybe.add(node.id)
        else:
            self.bind(node.id)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        kind = self.kind_of(node.value)
        for target in node.targets:
            if isinstance(target, ast.Tuple | ast.List):
                self.consume(node.value)
            self._assign(target, kind)
            if isinstance(target, ast.Name):
                self._rename(target.id, node.value)

    def _rename(self, name: str, value: ast.expr) -> None:
        """Remember what ``name`` is another name of: a global object, a function, a class."""
        root = root_name(value)
        if path := global_object(value, module) if (module := self.module_of(root)) else "":
            (self.local_modules if name in self.locals else self.modules)[name] = path
        if isinstance(value, ast.Name) and self.locals.isdisjoint((name, value.id)):
            self.aliases.append(frozenset([name, value.id]))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.annotation)
        if node.value is not None:
            self.visit(node.value)
            self._assign(node.target, self.kind_of(node.value))

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            self.read(node.target.id)
            self.touch([node.target.id])
            self.bind(node.target.id)
        else:
            self.store_into(node.target)

    def _assign(self, target: ast.expr, kind: str) -> None:
        if isinstance(target, ast.Name):
            self.bind(target.id, kind)
        elif isinstance(target, ast.Tuple | ast.List):
            for item in target.elts:
                self._assign(item, "const" if kind == "const" else "data")
        elif isinstance(target, ast.Starred):
            self._assign(target.value, "data")
        else:
            self.store_into(target)

    def visit_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.visit(target)
            else:
                self.store_into(target)

    def _branch(self, node: ast.AST) -> None:
        self.branches += 1
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                self.link(child)
            self.visit(child)
        self.branches -= 1

    visit_While = visit_Try = visit_TryStar = _branch

    def visit_Match(self, node: ast.Match) -> None:
        self._branch(node)
        captured = {name for case in node.cases for name in bound_by(case.pattern)}
        self.share({*names_in(node.subject), *captured})
        self.hold(self.held_by(node.subject) | captured)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.generic_visit(node)
        self.share(set(names_in(node)))
        self.hold(self.held_by(node))

    def visit_MatchAs(self, node: ast.MatchAs | ast.MatchStar | ast.MatchMapping) -> None:
        self.generic_visit(node)
        name = node.rest if isinstance(node, ast.MatchMapping) else node.name
        if name:
            self.bind(name)

    visit_MatchStar = visit_MatchMapping = visit_MatchAs

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self.branches += 1
        self.statements(node.body)
        self.statements(node.orelse)
        self.branches -= 1

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self.consume(node.iter)
        self.share({*names_in(node.iter), *names_in(node.target)})
        self.hold(self.held_by(node.iter, node.target))
        self.branches += 1
        self._assign(node.target, "data")
        self.statements(node.body)
        self.statements(node.orelse)
        self.branches -= 1

    visit_AsyncFor = visit_For

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.visit(item.context_expr)
            root = root_name(item.context_expr)
            if root and not isinstance(item.context_expr, ast.Call):
                self.store(root)  # entering and leaving it may change it
            self.hold(self.held_by(item.context_expr, item.optional_vars))
            if item.optional_vars is not None:
                self._assign(item.optional_vars, "data")
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
            came_from = item.name if item.asname else top
            self._import(Import(item.name, "", item.asname or top, node.lineno), came_from)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        source = node.module or ""
        for item in node.names:
            if item.name == "*":
                self.dynamic = self.dynamic or f"`from {source} import *`"
                self.imports.append(Import(source, "", "*", node.lineno))
                continue
            alias = item.asname or item.name
            self._import(Import(source, item.name, alias, node.lineno), f"{source}.{item.name}")

    def _import(self, item: Import, came_from: str) -> None:
        self.imports.append(item)
        if item.alias in self.locals:
            self.local_modules[item.alias] = came_from
            return
        self.bind(item.alias, "import")
        self.modules[item.alias] = came_from

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._function(node)
        if node.decorator_list:  # a decorator may run, register or replace the function
            self.calls = self.calls or not self.body_depth
            self.touch(root for d in node.decorator_list if (root := root_name(d)))
        defaults = [*node.args.defaults, *node.args.kw_defaults]
        keeps = any(d is not None and self.kind_of(d) not in ("const", "def") for d in defaults)
        keeps = keeps or not all(map(self._leaves_function, node.decorator_list))
        self.hold({node.name, *self.handed(node.decorator_list), *self.held_by(*defaults)})
        if keeps:
            self.share({node.name, *(n for d in defaults if d is not None for n in names_in(d))})
        self.bind(node.name, "data" if keeps else "def")

    visit_AsyncFunctionDef = visit_FunctionDef

    def _leaves_function(self, decorator: ast.expr) -> bool:
        """Whether a decorator is known to make a function that keeps nothing between calls."""
        origin = self.module_of(root_name(decorator))
        return origin.partition(".")[0] in ("torch", "numpy", "pytest", "contextlib")

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
                    self.link(part)
                self.visit(part)

    @contextmanager
    def _scope(self, names: frozenset[str]) -> Iterator[None]:
        before, branches, modules = self.locals, self.branches, self.local_modules
        self.locals, self.branches = names, 0
        self.local_modules = {n: m for n, m in modules.items() if n in before}
        self.body_depth += 1
        yield
        self.body_depth -= 1
        self.locals, self.branches, self.local_modules = before, branches, modules

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(part)
        # `__init_subclass__`, a metaclass, a decorator
        if node.bases or node.keywords or node.decorator_list:
            self.calls = self.calls or not self.body_depth
        # What is later changed in a base is seen through the class.
        self.late.update(root for base in node.bases if (root := root_name(base)))
        methods = [m for m in node.body if isinstance(m, ast.FunctionDef | ast.AsyncFunctionDef)]
        self.lively = self.lively or any(hides_calls(m) and self.may_act(m) for m in methods)
        own = {name for statement in node.body for name in bound_by(statement)}
        before, outer = self.locals, self.class_name
        self.class_name = node.name
        for statement in node.body:
            # Methods do not see the class's own names, its statements do.
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                self.locals = before
                self._function(statement)
            else:
                self.locals = before | frozenset(own)
                self.visit(statement)
        self.locals, self.class_name = before, outer
        values = [part.value for part in node.body if isinstance(part, ast.Assign)]
        shared = any(self.kind_of(value) != "const" for value in values)
        bases = {base.id for base in node.bases if isinstance(base, ast.Name)} - self.modules.keys()
        self.share({node.name, *bases, *(name for value in values for name in names_in(value))})
        self.hold({node.name, *self.handed(node.decorator_list)})
        self.hold_for_class(node, own)
        self.bind(node.name, "data" if shared else "class")

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in (*node.decorator_list, *outer_parts(node.args), node.returns):
            if part is not None:
                self.visit(part)
        outer = self.function_name
        self.function_name = outer or node.name
        self._body(node, node.body)
        self.function_name = outer

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
    ) -> None:
        before = self.locals
        for generator in node.generators:
            self.visit(generator.iter)
            self.consume(generator.iter)
            self.locals |= frozenset(names_in(generator.target))
            self.hold(self.held_by(generator.iter, generator.target))
            for condition in generator.ifs:
                self.visit(condition)
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        for part in parts:
            self.visit(part)
        if isinstance(node, ast.GeneratorExp):  # its names are looked up when it is used up
            self.late.update({name for part in parts for name in names_in(part)} - self.locals)
        self.locals = before
        if any(map(may_change, parts)):  # a call on an element changes what was iterated
            self.touch(name for g in node.generators for name in names_in(g.iter))

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehension
