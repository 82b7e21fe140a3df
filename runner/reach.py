"""What lies behind the names of functions and classes: the state that their callers come by.

Two results of one function share nothing, unless it hands on something that outlives its call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from .codefacts import Parameter, Pass
from .touching import is_stateful
from .views import View

_MADE = {"def", "class"}
_Test = Callable[[Parameter | None], bool]  # of what a function does to an argument
_HITS: dict[str, _Test] = {
    "changed": lambda parameter: parameter is None or parameter.changed,
    "written": lambda parameter: parameter is not None and parameter.written,
    "unknown": lambda parameter: parameter is None,
}


class Reach:
    """Looks names up as they stand at the end of the blocks that ``view`` knows so far, and of the
    one at ``index``, which it is about to know."""

    def __init__(
        self,
        views: Mapping[str, View],
        modules: Mapping[str, str],
        view: View,
        index: int | None = None,
    ) -> None:
        self._views = views
        self._modules = modules
        self._view = view
        self._answers: dict[tuple[str, str, str], bool] = {}
        self._own = index if index is not None and index < len(view.facts) else None

    def _last(self, name: str) -> list[int]:
        """The blocks that may have bound it last, that at ``index`` included."""
        above = self._view.last_binders(name)
        if self._own is None or self._own in above:
            return above
        facts = self._view.facts[self._own]
        if name in facts.binds:
            return [self._own]
        return [self._own, *above] if name in facts.may_bind else above

    @property
    def place(self) -> str:
        """The note that is looked at."""
        return self._view.note.path

    def shared_by(self, name: str) -> set[str]:
        """The names that share state through ``name``, or, of ``f()``, through a result of it."""
        plain = name.removesuffix("()")
        kinds = {dict(self._view.facts[j].kinds).get(plain, "data") for j in self._last(plain)}
        if kinds == {"const"}:
            return set()
        if kinds and kinds <= _MADE:
            behind = self._behind(plain)
            return behind | {plain} if behind else behind
        if kinds == {"import"}:
            return self._through_import(plain)
        return {plain}

    def changed(self, names: Iterable[str]) -> set[str]:
        """``names`` that are changed, with what lies behind those that are results."""
        found: set[str] = set()
        for name in names:
            found |= self.shared_by(name) if name.endswith("()") else {name}
        return found

    def unspared(self, passes: Iterable[Pass]) -> set[str]:
        """The names that may be changed by the functions of notes they are handed to."""
        return self._handed(passes, "changed")

    def written(self, passes: Iterable[Pass]) -> set[str]:
        """Those whose attributes may be set by them."""
        return self._handed(passes, "written")

    def unknown(self, passes: Iterable[Pass]) -> set[str]:
        """Those that are handed to what nobody looked into."""
        return self._handed(passes, "unknown")

    def _handed(self, passes: Iterable[Pass], question: str) -> set[str]:
        found: set[str] = set()
        for passed in passes:
            key = (question, passed.function, passed.slot)
            if key not in self._answers:
                asked = _Question(_HITS[question])
                self._answers[key] = asked.hits(self, passed.function, passed.slot)
            if self._answers[key]:
                found |= passed.names
        return found

    def parameter(self, function: str, slot: str) -> Iterator[tuple[Reach, Parameter | None]]:
        """What the functions of that name do to an argument, and where; None if it is unknown."""
        view = self._view
        definers = view.bound.get(function, []) if view.is_done else self._last(function)
        if not definers or function in view.storers or function in view.writers:
            yield self, None
        for index in definers:
            facts = view.facts[index]
            kind = dict(facts.kinds).get(function)
            if kind == "import":
                yield from self._imported(dict(facts.modules).get(function, ""), slot)
                continue
            parameters = dict(facts.spares).get(function, ()) if kind == "def" else ()
            found = (p for p in parameters if slot in (p.name, p.position) and slot != "")
            yield self, next(found, None)

    def _imported(self, origin: str, slot: str) -> Iterator[tuple[Reach, Parameter | None]]:
        package, *way = origin.split(".")
        other = self._modules.get(".".join((package, *way[:1])))
        if package != "vault" or other is None or len(way) != 2 or not self._views[other].is_done:
            yield self, None
        else:
            yield from Reach(self._views, self._modules, self._views[other]).parameter(way[1], slot)

    def _behind(self, start: str) -> set[str]:
        """What is not a function, a class or a constant, among all that is handed on."""
        found: set[str] = set()
        seen, pending = {start}, [start]
        while pending:
            name = pending.pop()
            for index in self._last(name):
                facts = self._view.facts[index]
                kind = dict(facts.kinds).get(name, "data")
                if kind in _MADE:
                    if kind == "class" and name in self._view.writers:
                        found.add(name)  # it may have been given what its methods change
                    hands = dict(facts.hands).get(name)
                    if hands is None:  # nobody looked into it
                        found.add(name)
                        continue
                    names = {other.removesuffix("()") for other in hands} - seen
                    seen |= names
                    pending.extend(names)
                elif kind == "import":
                    found |= self._through_import(name)
                elif kind != "const":
                    found.add(name)
        return found

    def _through_import(self, name: str) -> set[str]:
        origins = {dict(self._view.facts[j].modules).get(name, "") for j in self._last(name)}
        if all(self._is_quiet(origin) for origin in origins):
            return set()
        return {name, *(state for origin in origins if (state := self.state(origin)))}

    def _is_quiet(self, origin: str) -> bool:
        """Whether a name was imported that is a function or class which hands nothing on."""
        package, *way = origin.split(".")
        other = self._modules.get(".".join((package, *way[:1])))
        if package != "vault" or other is None or len(way) != 2:
            return False
        view = self._views[other]
        kinds = view.kinds(way[1])
        if not kinds or not kinds <= _MADE | {"const"}:
            return False
        return view.is_done and not Reach(self._views, self._modules, view)._behind(way[1])

    def state(self, origin: str) -> str:
        """The pseudo-name of what a name imported from there shares with others, "" if nothing."""
        package, *way = origin.split(".")
        if package != "vault":
            return f"<{package}>" if is_stateful(package) else ""
        other = self._modules.get(".".join((package, *way[:1])))
        shares = other is not None and (
            len(way) == 1 or self._views[other].binds_data(way[1]) or not self._is_quiet(origin)
        )
        return f"<vault.{way[0]}>" if shares else ""


def is_lasting(kind: str) -> bool:
    """Whether iterating such a value leaves it as it was."""
    return kind in ("const", "plain", "array")


class _Question:
    """Asks functions about an argument, and those that they pass it to."""

    def __init__(self, is_hit: _Test) -> None:
        self._is_hit = is_hit
        self._asked: set[tuple[str, str, str]] = set()

    def hits(self, reach: Reach, function: str, slot: str) -> bool:
        """Functions that call each other do nothing if none of them does otherwise."""
        key = (reach.place, function, slot)
        if key in self._asked:
            return False
        self._asked.add(key)
        return any(
            self._is_hit(parameter)
            or any(self.hits(where, *passed) for passed in (parameter.passed if parameter else ()))
            for where, parameter in reach.parameter(function, slot)
        )
