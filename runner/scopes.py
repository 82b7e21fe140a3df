"""Scopes of Python code: which names a function, a class or a statement makes its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from .patterns import regex

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def root_name(node: ast.AST) -> str | None:
    """``x`` of ``x``, ``x.a[0].b`` and ``x.f().g``; None where no name is at the root."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Starred):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def names_in(node: ast.AST) -> Iterator[str]:
    return (part.id for part in ast.walk(node) if isinstance(part, ast.Name))


def parameters(args: ast.arguments) -> set[str]:
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
    return {arg.arg for arg in every if arg is not None}


def outer_parts(args: ast.arguments) -> list[ast.expr]:
    """Defaults and annotations, which are evaluated where the function is defined."""
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
    annotations = [arg.annotation for arg in every if arg is not None and arg.annotation]
    return [*args.defaults, *(d for d in args.kw_defaults if d is not None), *annotations]


def local_names(node: Function) -> tuple[frozenset[str], frozenset[str]]:
    """(names local to a function, names it declares global)."""
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    declared: set[str] = set()
    own = parameters(node.args)
    for part in body:
        own.update(bound_by(part))
        declared.update(
            name for n in ast.walk(part) if isinstance(n, ast.Global) for name in n.names
        )
    return frozenset(own - declared), frozenset(declared)


def bound_by(node: ast.AST) -> Iterator[str]:
    """Names that a statement binds in its own scope, nested functions and classes left out."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
        return
    if isinstance(node, ast.Lambda):
        return
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (item.asname or item.name.partition(".")[0] for item in node.names)
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest
    for child in ast.iter_child_nodes(node):
        yield from bound_by(child)


_BINDING = regex(
    r"^\s*(?:def|class|async\s+def)\s+(\w+)|\bas\s+(\w+)|^\s*import\s+(\w+)"
    r"|^\s*from\s+[\w.]+\s+import\s+(.+)$|^([^=\n]+?)\s*(?::[^=\n]*)?=(?!=)",
    re.MULTILINE,
)


def seemingly_bound(source: str) -> Iterator[str]:
    """Names that a text which does not parse looks like binding."""
    for match in _BINDING.finditer(source):
        for group in match.groups():
            yield from re.findall(r"[^\W\d]\w*", group or "")
