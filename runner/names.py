"""What a block's Python binds, reads and may change: facts for the dependency graph.

The analysis is conservative: what it cannot see it reports as a reason to depend on everything
(``dynamic``) or to be depended on by everything below (``switch``). Names are the note's globals;
local names of functions, classes and comprehensions are left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache

from .codefacts import Facts, Import
from .defining import Defining
from .effects import KNOWN_PACKAGES, global_object, imported_by_text
from .filecalls import opens
from .flows import flowing
from .records import dataclass, field, replace
from .scopes import bound_by, names_in, root_name, seemingly_bound
from .touching import is_stateful


@lru_cache(maxsize=4096)
def facts(
    source: str,
    imported: tuple[tuple[str, str], ...] = (),
    local: tuple[tuple[str, str], ...] = (),
) -> Facts:
    """The facts of one block; of a block that does not parse, the names it seems to bind.

    ``imported`` maps names that blocks above imported to what they imported them from, ``local``
    modules, as the block names them, to those of the vault that they are.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Facts(may_bind=frozenset(seemingly_bound(source)), broken=True)
    collector = _Collector(modules=dict(imported), local=dict(local))
    try:
        collector.statements(tree.body)
    except RecursionError:  # some versions of Python parse what is nested more deeply
        names = frozenset(seemingly_bound(source))
        return replace(facts("exec(x)"), may_bind=names, dynamic="what is nested too deeply")
    return collector.facts()


_LOCAL = "local modules"  # all of them as one, since they import each other
_UNKNOWN = "__unknown__"  # the package of what is imported relative to something unknown


def _loaded(item: Import) -> str:
    """The note or local modules that an import executes if it is the first; "" for others."""
    package = item.module.lstrip(".").partition(".")[0]
    if package == "vault":
        return f"vault.{item.name}" if item.module == "vault" else item.module
    return _LOCAL if is_stateful(package) or item.module.startswith(".") else ""


@dataclass
class _Collector(Defining):
    """Walks module-level code in the order of execution and keeps what it binds and reads."""

    reads: set[str] = field(default_factory=set)
    imports: list[Import] = field(default_factory=list)
    surely: set[str] = field(default_factory=set)  # bound in the branches that this is in
    late_binds: set[str] = field(default_factory=set)
    handles: set[str] = field(default_factory=set)
    local: dict[str, str] = field(default_factory=dict)

    def facts(self) -> Facts:
        return Facts(
            binds=frozenset(self.bound),
            may_bind=frozenset(self.maybe - self.bound),
            late_binds=frozenset(self.late_binds),
            kinds=tuple(sorted(self.kinds.items())),
            reads=frozenset(self.reads),
            late=frozenset(self.late),
            touches=frozenset(self.touches),
            consumes=frozenset(self.consumes),
            methods=frozenset(self.methods),
            stores=frozenset(self.stores),
            drawn=tuple(self.drawn),
            passes=frozenset(self.passes),
            late_passes=frozenset(self.late_passes),
            spares=tuple(sorted((n, ps) for n, ps in self.spares.items() if n in self.kinds)),
            defines=frozenset(self.defines),
            late_touches=frozenset(self.late_touches),
            late_consumes=frozenset(self.late_consumes),
            late_methods=frozenset(self.late_methods),
            hands=tuple(sorted((n, frozenset(names)) for n, names in self.hands.items())),
            late_stores=frozenset(self.late_stores),
            links=tuple(self.links),
            aliases=tuple(self.aliases),
            loads=frozenset(filter(None, map(_loaded, self.imports))),
            uses=frozenset(self.uses),
            lively=self.lively,
            acts=self.acts,
            executes=self.executes,
            stores_given=self.stores_given,
            writing=frozenset(self.writing),
            spoken=frozenset(self.spoken),
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
            handles=frozenset(self.handles),
            names_device=self.asks_device or "device" in self.reads | self.late,
        )

    def statements(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            said = isinstance(statement, ast.Expr) and not isinstance(statement.value, ast.Constant)
            shown = said or isinstance(statement, ast.Assert | ast.Raise)
            self.acts = self.acts or (shown and not self.body_depth)
            self.link(statement)
            self._open_in(statement)
            self.visit(statement)

    def _open_in(self, statement: ast.stmt) -> None:
        """What a simple statement brings together with a file that it opens to write."""
        if self.body_depth or not isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr):
            return
        calls = (part for part in ast.walk(statement) if isinstance(part, ast.Call))
        if any(opens(call, self.module_of(root_name(call.func))) for call in calls):
            self.handles.update(filter(self._is_object, names_in(statement)))

    def _is_object(self, name: str) -> bool:
        """Whether a name stands for more than what was imported."""
        return not self.module_of(name) or self.kinds.get(name, "import") != "import"

    def bind(self, name: str, kind: str = "data") -> None:
        if name in self.locals:
            return
        if self.body_depth:  # a `global`, bound whenever the function is called
            kind = "data"
            self.maybe.add(name)
            self.late_binds.add(name)
            self.touch([name])
        elif self.branches:
            self.maybe.add(name)
            self.surely.add(name)
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
            self.reads.update(n for n in names if n not in self.bound and n not in self.surely)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.read(node.id)
            if id(node) not in self.called:
                self.spoken.add(node.id)
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
        if module := imported_by_text(value):
            path = self.local.get(module, module)
            (self.local_modules if name in self.locals else self.modules)[name] = path
        elif path := global_object(value, module) if (module := self.module_of(root)) else "":
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
            if (module := self.module_of(node.target.id)) and module.partition(".")[0] != "vault":
                self.flag_switch(f"changes `{node.target.id}`, which is global", "")
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
            self.store_into(target, kind)

    def visit_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.visit(target)
            else:
                self.store_into(target)

    @contextmanager
    def _branched(self) -> Iterator[None]:
        """What is bound in a branch is there for the rest of it, and may be there after it."""
        before = set(self.surely)
        self.branches += 1
        yield
        self.branches -= 1
        self.surely = before

    def _branch(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            with self._branched():
                if isinstance(child, ast.stmt):
                    self.link(child)
                self.visit(child)

    visit_While = visit_Try = visit_TryStar = _branch

    def visit_Match(self, node: ast.Match) -> None:
        self._branch(node)
        captured = {name for case in node.cases for name in bound_by(case.pattern)}
        self.share((*flowing(node.subject), *captured), parts=captured)
        self.hold(self.held_by(node.subject) | captured)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.generic_visit(node)
        self.share(flowing(node), parts=[node.target.id])
        self.hold(self.held_by(node))

    def visit_MatchAs(self, node: ast.MatchAs | ast.MatchStar | ast.MatchMapping) -> None:
        self.generic_visit(node)
        name = node.rest if isinstance(node, ast.MatchMapping) else node.name
        if name:
            self.bind(name)

    visit_MatchStar = visit_MatchMapping = visit_MatchAs

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        for body in (() if _is_for_programs(node.test) else node.body, node.orelse):
            with self._branched():
                self.statements(body)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self.consume(node.iter)
        self.share_elements(node.target, node.iter)
        self.hold(self.held_by(node.iter, node.target))
        with self._branched():
            self._assign(node.target, "data")
            self.statements(node.body)
        with self._branched():
            self.statements(node.orelse)

    visit_AsyncFor = visit_For

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.visit(item.context_expr)
            root = root_name(item.context_expr)
            if root and not isinstance(item.context_expr, ast.Call):
                self.store(root)  # entering and leaving it may change it
            self.hold(self.held_by(item.context_expr, item.optional_vars))
            if item.optional_vars is not None:
                targets = set(names_in(item.optional_vars))
                self.share((*flowing(item.context_expr), *targets), parts=targets)
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
            self._import_parents(item.name, node.lineno)
            module = self.local.get(item.name, item.name)
            if item.asname or top == item.name:
                self._import(Import(module, "", item.asname or top, node.lineno), module)
                continue
            if module != item.name:
                self._note_import(module, node.lineno)
            self._import(Import(item.name, "", top, node.lineno), top)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        written = "." * node.level + (node.module or "")
        self._import_parents(written, node.lineno)
        module = self.local.get(written, written)
        source = node.module or _UNKNOWN if module.startswith(".") else module
        joint = "" if written.endswith(".") else "."
        for item in node.names:
            if item.name == "*":
                self.dynamic = self.dynamic or f"`from {written} import *`"
                self.imports.append(Import(module, "", "*", node.lineno))
                continue
            alias = item.asname or item.name
            if part := self.local.get(f"{written}{joint}{item.name}"):
                if module != written:
                    self._note_import(module, node.lineno)
                self._import(Import(part, "", alias, node.lineno), part)
            else:
                self._import(Import(module, item.name, alias, node.lineno), f"{source}.{item.name}")

    def visit_Call(self, node: ast.Call) -> None:
        if module := imported_by_text(node):
            self._import_parents(module, node.lineno)
            self._note_import(self.local.get(module, module), node.lineno)
        super().visit_Call(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        super().visit_Attribute(node)
        module = imported_by_text(node.value)
        if module and module.partition(".")[0] not in KNOWN_PACKAGES:
            self.flag_switch(f"may change what `{ast.unparse(node.value)}` gives", "")
        if node.attr == "modules" and self.module_of(root_name(node)) == "sys":
            self.dynamic = self.dynamic or "`sys.modules`"

    def _import_parents(self, module: str, line: int) -> None:
        """A package is executed before its parts."""
        while module := module.rpartition(".")[0]:
            if module in self.local:
                self._note_import(self.local[module], line)

    def _note_import(self, module: str, line: int) -> None:
        """An import that binds no name of its own."""
        self.imports.append(Import(module, "", "", line))

    def _import(self, item: Import, came_from: str) -> None:
        self.imports.append(item)
        if item.alias in self.locals:
            self.local_modules[item.alias] = came_from
            return
        self.bind(item.alias, "import")
        self.modules[item.alias] = came_from


def _is_for_programs(test: ast.expr) -> bool:
    """``__name__ == "__main__"``, which no module is."""
    return ast.unparse(test) == "__name__ == '__main__'"
