"""Where the objects of names go: from the parts of an expression into its value.

Two names that meet in one value share state from then on; an index, a length and a comparison pass
nothing on.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Iterator

from .effects import NUMBER_BUILTINS, NUMBER_METHODS, QUIET_METHODS
from .holding import result_of
from .scopes import names_in, parameters


def flowing(node: ast.AST | None) -> Iterator[str]:
    """The names whose objects the value of ``node`` may be, hold, or be a part of.

    What a function ``f`` returns is ``f()``. Left out is what only picks, counts or describes: the
    index of what is read, numbers and texts made of it.
    """
    match node:
        case ast.Name():
            yield node.id
        case ast.Subscript(ctx=ast.Load()):
            yield from flowing(node.value)
            if any(isinstance(part, ast.Call) for part in ast.walk(node.slice)):
                yield from flowing(node.slice)  # a call may keep what it is given
        case ast.JoinedStr() | ast.Compare() if not makes_calls(node):
            return
        case ast.Lambda():
            yield from _but(flowing(node.body), parameters(node.args))
            for default in (*node.args.defaults, *node.args.kw_defaults):
                yield from flowing(default)
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            own = {name for part in node.generators for name in names_in(part.target)}
            yield from _but(_of_parts(node), own)
        case ast.Call(func=ast.Name() as function):
            if function.id not in NUMBER_BUILTINS or any(map(makes_calls, node.args)):
                yield result_of(function.id)
                yield from given_to(node)
        case ast.Call(func=ast.Attribute() as way):
            if way.attr not in NUMBER_METHODS or makes_calls(way.value):
                yield from flowing(way.value)
                yield from given_to(node)
        case ast.AST():
            yield from _of_parts(node)


def _of_parts(node: ast.AST) -> Iterator[str]:
    for part in ast.iter_child_nodes(node):
        yield from flowing(part)


def _but(names: Iterable[str], own: Container[str]) -> Iterator[str]:
    return (name for name in names if name.removesuffix("()") not in own)


def given_to(call: ast.Call) -> Iterator[str]:
    for argument in (*call.args, *call.keywords):
        yield from flowing(argument)


def slots(call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """The arguments of a call with the position or keyword of each, "" behind a star."""
    starred = False
    for place, argument in enumerate(call.args):
        starred = starred or isinstance(argument, ast.Starred)
        yield "" if starred else str(place), argument
    for keyword in call.keywords:
        yield keyword.arg or "", keyword.value


def makes_calls(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Call) for part in ast.walk(node))


def fills_receiver(value: ast.expr) -> bool:
    """Whether a call is a method in torch's manner, ``x.copy_(y)``: it changes ``x`` alone."""
    func = value.func if isinstance(value, ast.Call) else None
    if not isinstance(func, ast.Attribute) or func.attr[-2:-1] in ("", "_"):
        return False
    return func.attr.endswith("_")


def fit(target: ast.expr, value: ast.expr) -> bool:
    """Whether both are tuples or lists of one length, written out."""
    kinds = (ast.Tuple, ast.List)
    if not isinstance(target, kinds) or not isinstance(value, kinds):
        return False
    starred = any(isinstance(part, ast.Starred) for part in (*target.elts, *value.elts))
    return len(target.elts) == len(value.elts) and not starred


def is_whole(value: ast.expr) -> bool:
    """Whether a value is one of the objects it names, or a new container of theirs."""
    kinds = (ast.Name, ast.IfExp, ast.BoolOp, ast.BinOp, ast.operator, ast.boolop, ast.Load)
    return all(isinstance(part, kinds) for part in ast.walk(value))


def lasts(iterated: ast.expr) -> bool:
    """Whether it is made for each iteration: a view of a dict, the transpose of an array."""
    if isinstance(iterated, ast.Call):
        return isinstance(iterated.func, ast.Attribute) and iterated.func.attr in QUIET_METHODS
    return isinstance(iterated, ast.Attribute) and iterated.attr in ("T", "mT", "shape")
