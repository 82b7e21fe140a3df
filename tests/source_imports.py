"""What the files of `runner/` import and call, read from their text.

Names of files are their paths in `runner/`, without `.py`.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "runner"


@cache
def modules() -> list[str]:
    files = (path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
    return sorted(file.with_suffix("").as_posix() for file in files)


@cache
def tree_of(name: str) -> ast.Module:
    return ast.parse((PACKAGE / f"{name}.py").read_text(encoding="utf-8"))


def imports_of(name: str, *, at_start: bool = False) -> Iterator[tuple[str, str]]:
    """Module and name ("" for the module whole); ours have the module ``runner.<file>``.

    ``at_start``: only what importing the file imports, not what its functions do.
    """
    nodes = tree_of(name).body if at_start else ast.walk(tree_of(name))
    folders = ["runner", *name.split("/")[:-1]]
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            inside = folders[: len(folders) + 1 - node.level] if node.level else []
            source = ".".join([*inside, *filter(None, [node.module])])
            for alias in node.names:
                if own_name(whole := f"{source}.{alias.name}") in modules():
                    yield whole, ""
                else:
                    yield source, alias.name


def own_name(source: str) -> str:
    """``pdf/bidi`` for ``runner.pdf.bidi``, "" for what is not ours."""
    return source.removeprefix("runner.").replace(".", "/") if source.startswith("runner.") else ""


def own_imports(name: str, *, at_start: bool = False) -> set[str]:
    sources = {source for source, _ in imports_of(name, at_start=at_start)}
    return {own for source in sources if (own := own_name(source))}


def foreign_imports(name: str, *, at_start: bool = False) -> set[str]:
    tops = {source.split(".")[0] for source, _ in imports_of(name, at_start=at_start)}
    return tops - {"runner"} - sys.stdlib_module_names


def calls_of(name: str) -> set[str]:
    calls = (node for node in ast.walk(tree_of(name)) if isinstance(node, ast.Call))
    return {ast.unparse(call.func) for call in calls}


def reached_from(name: str, *, at_start: bool) -> set[str]:
    reached: set[str] = set()
    waiting = {name}
    while waiting:
        reached |= waiting
        waiting = {
            other for one in waiting for other in own_imports(one, at_start=at_start)
        } - reached
    return reached
