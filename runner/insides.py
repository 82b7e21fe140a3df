"""One function while it is looked at, and what remains of it when its own names are forgotten."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from .codefacts import Method, Parameter, Pass
from .records import dataclass, field


class Groups:
    """Names that may share state: the classes of the relation "stood in one statement"."""

    def __init__(self) -> None:
        self._group: dict[str, set[str]] = {}

    def add(self, names: Iterable[str]) -> None:
        """From here on these share it; the largest class takes the others in."""
        met = {name: self._group.get(name) or {name} for name in names}
        merged = max(met.values(), key=len, default=set[str]())
        for group in met.values():
            if group is not merged:
                merged |= group
                self._group.update(dict.fromkeys(group, merged))
        self._group.update(dict.fromkeys(met, merged))

    def of(self, name: str) -> set[str]:
        return self._group.get(name) or {name}

    def __iter__(self) -> Iterator[set[str]]:
        return iter({id(group): group for group in self._group.values()}.values())

    def behind(self, names: Iterable[str]) -> set[str]:
        """All that shares with one of ``names``."""
        return {other for name in names for other in self.of(name)}


def globals_of(names: Iterable[str]) -> set[str]:
    return {name for name in names if not name.endswith(".")}


@dataclass
class Inside:
    """What is known of an outermost function while it is looked at; its local names end in "."."""

    groups: Groups = field(default_factory=Groups)
    touched: set[str] = field(default_factory=set)
    consumed: set[str] = field(default_factory=set)
    asked: set[Method] = field(default_factory=set)
    parameters: set[str] = field(default_factory=set)
    handed: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    passes: set[Pass] = field(default_factory=set)
    parts: set[str] = field(default_factory=set)  # locals that may be a part of something

    def parameters_of(self, arguments: ast.arguments) -> Iterator[Parameter]:
        changed = self.groups.behind(self.touched | self.consumed | {m.name for m in self.asked})
        written = self.groups.behind(self.written)
        passed = [(self.groups.behind(p.names), (p.function, p.slot)) for p in self.passes]
        positional = [*arguments.posonlyargs, *arguments.args]
        for place, argument in enumerate([*positional, *arguments.kwonlyargs]):
            local = f"{argument.arg}."
            yield Parameter(
                argument.arg,
                str(place) if place < len(positional) else "",
                local in changed,
                local in written,
                frozenset(to for names, to in passed if local in names),
            )
