"""Class bodies: what a class keeps for all its objects, and which methods hold the class."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from .effects import last_name

_COMPOUND = (ast.If, ast.Try, ast.TryStar, ast.ExceptHandler)
_OF_CLASS = frozenset("__new__ __init_subclass__ __class_getitem__ __prepare__".split())


def class_values(body: Iterable[ast.stmt | ast.ExceptHandler]) -> Iterator[ast.expr | None]:
    """The values that a class body binds to its attributes; None for one that is nowhere written
    down, as in a loop. Methods and nested classes are left out."""
    for statement in body:
        if isinstance(statement, ast.Assign | ast.AugAssign):
            yield statement.value
        elif isinstance(statement, ast.AnnAssign):
            if statement.value is not None:
                yield statement.value
        elif isinstance(statement, ast.For | ast.While | ast.With | ast.Match):
            yield None
        elif isinstance(statement, _COMPOUND):
            for part in ast.iter_child_nodes(statement):
                if isinstance(part, ast.stmt | ast.ExceptHandler):
                    yield from class_values([part])
        elif any(isinstance(part, ast.NamedExpr) for part in _outside_functions(statement)):
            yield None


def _outside_functions(statement: ast.AST) -> Iterator[ast.AST]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return
    yield from ast.walk(statement)


def class_names(method: ast.FunctionDef | ast.AsyncFunctionDef, bases: list[ast.expr]) -> set[str]:
    """The names by which a method stores on its class: ``cls``, ``type`` of ``type(self)``."""
    names = {"cls", "type"}
    is_of_class = method.name in _OF_CLASS or any(
        last_name(d) == "classmethod" for d in method.decorator_list
    )
    if is_of_class or any(isinstance(b, ast.Name) and b.id == "type" for b in bases):
        names.update(arg.arg for arg in (*method.args.posonlyargs, *method.args.args)[:1])
    return names


def sees_class(method: ast.FunctionDef | ast.AsyncFunctionDef, names: set[str]) -> bool:
    """Whether a method may put its class under another name, or give it to others."""
    used = {id(part.value) for part in ast.walk(method) if isinstance(part, ast.Attribute)}
    used |= {id(part.func) for part in ast.walk(method) if isinstance(part, ast.Call)}
    for part in ast.walk(method):
        if isinstance(part, ast.Attribute) and part.attr == "__class__":
            return True
        if isinstance(part, ast.Name) and part.id in names - {"type"} and id(part) not in used:
            return True
        if isinstance(part, ast.Name) and part.id == "__class__":
            return True
        if isinstance(part, ast.Call) and last_name(part.func) == "type" and len(part.args) == 1:
            return True
    return False
