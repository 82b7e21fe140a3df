"""What functions, classes and comprehensions do to the names around them: a part of ``names``."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from .classes import class_names, class_values, sees_class
from .effects import KNOWN_PACKAGES
from .flows import flowing
from .records import dataclass, field
from .scopes import Function, bound_by, local_names, names_in, outer_parts, parameters, root_name
from .sharing import may_change
from .touching import Touching, hides_calls


@dataclass
class Defining(Touching):
    """What bodies read counts when they are called: ``late``."""

    late: set[str] = field(default_factory=set)
    asks_device: bool = False
    branches: int = 0
    defines: set[str] = field(default_factory=set)

    def bind(self, name: str, kind: str = "data") -> None:
        """A name is bound where the block stands now."""
        raise NotImplementedError

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._function(node)
        if not all(map(self._is_inert, node.decorator_list)):  # one may run or replace it
            self.calls = self.calls or not self.body_depth
            self.touch(root for d in node.decorator_list if (root := root_name(d)))
        defaults = [*node.args.defaults, *node.args.kw_defaults]
        keeps = not all(d is None or self.is_settled(d) for d in defaults)
        keeps = keeps or not all(map(self._leaves_function, node.decorator_list))
        self.hold({node.name, *self.handed(node.decorator_list), *self.held_by(*defaults)})
        if keeps:
            self.share({node.name, *(n for d in defaults for n in flowing(d))})
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
        outermost = self.enter_function(parameters(node.args))
        with self._scope((self.locals | own) - declared):
            for part in body:
                if isinstance(part, ast.stmt):
                    self.link(part)
                self.visit(part)
            if isinstance(node, ast.Lambda):
                self.hand_on(flowing(node.body))
        if outermost:
            self.leave_function(self.class_name or self.function_name, node.args)

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
        if not all(map(self._is_inert, (*node.bases, *node.decorator_list))) or node.keywords:
            self.calls = self.calls or not self.body_depth
        # What is later changed in a base is seen through the class.
        self.late.update(root for base in node.bases if (root := root_name(base)))
        methods = [m for m in node.body if isinstance(m, ast.FunctionDef | ast.AsyncFunctionDef)]
        self.defines.update(method.name for method in methods)
        self.lively = self.lively or any(hides_calls(m) and self.may_act(m) for m in methods)
        own = {name for statement in node.body for name in bound_by(statement)}
        before, outer = self.locals, self.class_name
        self.class_name = outer or node.name
        for statement in node.body:
            # Methods do not see the class's own names, its statements do.
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                self.locals = before
                self._method(statement, node.bases)
            else:
                self.locals = before | frozenset(own)
                self.visit(statement)
        self.locals, self.class_name = before, outer
        values = list(class_values(node.body))
        shared = not all(value is not None and self.is_settled(value) for value in values)
        metas = (k.value for k in node.keywords if k.arg == "metaclass")
        shared = shared or not all(map(self._is_known, metas))
        bases = {name for base in node.bases for name in flowing(base)}
        kept = {name for value in values for name in flowing(value)} - own
        self.share({node.name, *bases, *kept})
        self.hands.setdefault(node.name, set()).update(filter(self.is_shared, bases | kept))
        self.hold({node.name, *self.handed(node.decorator_list)})
        self.hold_for_class(node, own)
        self.bind(node.name, "data" if shared or node.name in self.enriched else "class")

    def _is_inert(self, value: ast.expr) -> bool:
        """Whether a decorator or base is a library's, which calls nothing of the note meanwhile."""
        return self._is_known(value) and not any(map(self.is_shared, flowing(value)))

    def _is_known(self, value: ast.expr) -> bool:
        return self.module_of(root_name(value)).partition(".")[0] in KNOWN_PACKAGES

    def _method(self, node: ast.FunctionDef | ast.AsyncFunctionDef, bases: list[ast.expr]) -> None:
        before = self.class_names, self.sees_class
        self.class_names = class_names(node, bases)
        self.sees_class = sees_class(node, self.class_names)
        self._function(node)
        self.class_names, self.sees_class = before

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in (*node.decorator_list, *outer_parts(node.args), node.returns):
            if part is not None:
                self.visit(part)
        outer = self.function_name
        self.function_name = outer or node.name
        self._body(node, node.body)
        self.function_name = outer
        if self.inside:  # a function of a function holds what it mentions
            self.share({node.name, *names_in(node)})

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
    ) -> None:
        before = self.locals
        for generator in node.generators:
            self.visit(generator.iter)
            self.consume(generator.iter)
            self.locals |= frozenset(names_in(generator.target))
            self.hold(self.held_by(generator.iter, generator.target))
            if self.inside:
                self.share_elements(generator.target, generator.iter)
            for condition in generator.ifs:
                self.visit(condition)
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        for part in parts:
            self.visit(part)
        if isinstance(node, ast.GeneratorExp):  # its names are looked up when it is used up
            self.late.update({name for part in parts for name in names_in(part)} - self.locals)
        self.locals = before
        if any(map(may_change, parts)):  # a call on an element changes what was iterated
            self.touch(name for g in node.generators for name in flowing(g.iter))

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehension
