"""What one block does to others: what it changes, switches, writes, with all that it calls.

A block is as far-reaching as the functions that its names lead to, in its note and in others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from .codefacts import Facts, Files, Method, Switch, wider
from .effects import QUIET_METHODS, leaves_receiver
from .note import Role
from .reach import Reach, is_lasting
from .views import FILES, Key, View

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    T = TypeVar("T")

_SETTING = frozenset(("setattr", "delattr"))


class _Kinds(dict[str, str]):
    """Kinds of names, asked for when they are needed."""

    def __init__(self, kind: Callable[[str], str]) -> None:
        self._kind = kind

    def __missing__(self, name: str) -> str:
        self[name] = self._kind(name)
        return self[name]


def _is_note(origin: str) -> bool:
    return origin.startswith("vault.")


class Impact:
    """Looks names up as they stand where the block at ``index`` begins, in a process of its role.

    ``indices`` are the blocks of the note that it rests on, ``foreign`` those of other notes.
    """

    def __init__(
        self,
        views: Mapping[str, View],
        modules: Mapping[str, str],
        view: View,
        index: int,
        role: Role,
    ) -> None:
        self.views = views
        self.modules = modules
        self.view = view
        self.role = role
        self.index = index
        self.facts = Facts()
        self.loads: frozenset[str] = frozenset()
        self.imports_switch: Switch | None = None
        self.indices: set[int] = set()
        self.foreign: dict[Key, Facts] = {}
        self.reach = Reach(views, modules, view, index)
        self._known: dict[str, tuple[int, Any]] = {}

    def _once(self, what: str, find: Callable[[], T]) -> T:
        """What ``find`` finds, looked for anew only when the block rests on more blocks."""
        stand, found = self._known.get(what, (-1, None))
        if stand != len(self.indices):
            found = find()
            self._known[what] = len(self.indices), found
        kept: T = found
        return kept

    def ambient(self, indices: Iterable[int]) -> list[int]:
        return self.view.of_role(indices, self.role)

    def definers(self, name: str) -> list[int]:
        """The blocks above that may have bound ``name`` last, the nearest first."""
        return self.view.last_binders(name)

    def _kind(self, name: str) -> str:
        """How ``name`` is bound where the block begins; data where that differs."""
        definers = self.definers(name)
        if not definers:
            return "data"
        kinds = {dict(self.view.facts[j].kinds).get(name, "") for j in definers} - {""}
        return kinds.pop() if len(kinds) == 1 else "data"

    def changers(self, name: str, definers: list[int]) -> set[int]:
        kind = self._kind(name)
        if kind == "const":
            return set()
        view, first = self.view, definers[-1] if definers else -1
        if kind not in ("def", "class", "import"):
            found = view.state.changed(name, first)
            for other in view.kin.of(name) & view.patched.keys():  # classes are seen through it
                found |= view.latest([other], view.patched, first)
                if other in view.writers:
                    found |= view.latest(view.kin.of(name), view.touchers, first)
        else:
            group = view.aliases.of(name)
            if kind == "class":
                group = group | {f"type({other})" for other in view.kin.of(name)}
            found = view.latest(group, view.storers, first)
            if kind == "class" and name in view.writers:  # it may hold what methods change
                found |= view.latest(view.kin.of(name), view.touchers, first)
            found |= view.latest(view.holders.of(name), view.writers, first)
        # What a run block made is seen as the run blocks below left it; all else in a test is as
        # the setup and component blocks left it.
        if self.role is Role.RUN or any(view.role(j) is Role.RUN for j in definers):
            return found
        return set(self.ambient(found))

    def may_be_own(self, method: str) -> bool:
        """Whether a class of the vault, or of unknown code, may be what has a method."""
        views = (self.view, *(self.views[path] for path, _ in self.foreign))
        return any(method in view.defines or not view.is_known for view in views)

    @property
    def called_facts(self) -> list[Facts]:
        """The blocks whose functions the block may call, itself included."""
        blocks = self.callable_blocks()
        return self._once("called", lambda: [self.facts, *(self.view.facts[j] for j in blocks)])

    def callable_blocks(self) -> frozenset[int]:
        """The blocks above with functions that its names lead to, by what bound or changed them."""
        return self._once("callable", lambda: frozenset(self._find_callable()))

    def _find_callable(self) -> set[int]:
        view = self.view
        if self.facts.dynamic or not self.indices.isdisjoint(view.dynamic):
            return self.indices & view.outlasting
        found = set(self._needed())
        pending = list(self.facts.reads | self.facts.late - self.facts.binds)
        pending += {f"<{self.views[path].note.module}>" for path, _ in self.foreign}
        pending += self.outlived()
        seen, covered = set[str](), set[int]()
        while pending:
            name = pending.pop()
            if name in seen:
                continue
            seen.add(name)
            definers = self.definers(name)
            if not definers and not name.startswith("<"):
                continue
            for j in {*definers, *self.changers(name, definers)}:
                new = (view.called[j] | {j} & view.outlasting) - found
                found |= new
                for k in sorted(new - covered, reverse=True):  # the last leads to most
                    if (led := view.led_to(k)) is None:
                        pending.extend(view.facts[k].late)
                    elif k not in covered:
                        covered |= led
                        found |= led & view.outlasting
        return found

    def _needed(self) -> Iterator[int]:
        """The blocks that it names as needed, and what these may call."""
        for block in self.view.note.blocks[self.index : self.index + 1]:
            for j in (self.view.place.get(id, self.index) for id in block.options.needs):
                if j < self.index:
                    yield from (j, *self.view.called[j])

    def effective_touches(self) -> frozenset[str]:
        """The names whose values it may change, pseudo-names included."""
        return self._once("touches", self._find_touches)

    def _find_touches(self) -> frozenset[str]:
        facts, own = self.facts, dict(self.facts.kinds)
        kinds = {
            name: own[name] if name in own and name not in facts.reads else self._kind(name)
            for name in (*facts.consumes, *(method.name for method in facts.methods))
        }
        touched = set(facts.touches)
        for drawing in facts.drawn:
            if self.may_be_own(drawing.method):
                touched |= drawing.given
        touched.update(n for n in facts.consumes if not is_lasting(kinds[n]))
        touched.update(m.name for m in facts.methods if not self._leaves(m, kinds[m.name]))
        touched |= self.reach.unspared(facts.passes)
        if self.calls:
            touched |= self.touched_late()
            touched.update(self.foreign_touches())
        touched = self.reach.changed(touched) | self._touched_by_reading()
        touched |= {state for name in touched if (state := self._state_behind(name))}
        notes = filter(_is_note, self._written_imports().values())
        touched |= {f"<{'.'.join(origin.split('.')[:2])}>" for origin in notes}
        return frozenset(touched)

    def touched_late(self) -> set[str]:
        """What the functions that the block may call change."""
        return self._once("late", self._find_touched_late)

    def _find_touched_late(self) -> set[str]:
        kinds = _Kinds(self._kind)
        parts = (self._changed(part, kinds, self.reach) for part in self.called_facts)
        return set[str]().union(*parts)

    def _changed(self, facts: Facts, kinds: Mapping[str, str], reach: Reach) -> set[str]:
        """What the functions of a block change; ``kinds`` are those of its note's names."""
        methods = (m for m in facts.late_methods if not self._leaves(m, kinds[m.name]))
        return {
            *facts.late_touches,
            *reach.unspared(facts.late_passes),
            *(name for name in facts.late_consumes if not is_lasting(kinds[name])),
            *(method.name for method in methods),
        }

    def _leaves(self, method: Method, kind: str) -> bool:
        """Whether a method leaves its receiver as it is."""
        if leaves_receiver(method.method, kind, direct=method.direct):
            return True
        return method.method in QUIET_METHODS and not self.may_be_own(method.method)

    @property
    def calls(self) -> bool:
        """Whether code of the notes may run in the block."""
        if self.facts.calls:
            return True
        return self._may_be_lively() and bool(self.outlived() | self._lively_among(self.facts.uses))

    def _may_be_lively(self) -> bool:
        return self.facts.lively or self.view.lively or bool(self.view.states)

    def _touched_by_reading(self) -> set[str]:
        """Names whose attributes, operators or text may run code that changes something."""
        if not self._may_be_lively():
            return set()
        read = set(self.facts.uses)
        if self.facts.calls:
            read = read.union(*(called.late for called in self.called_facts))
        return self._lively_among(read)

    def outlived(self) -> set[str]:
        """The names it binds anew whose old objects may change something as they go."""
        if not self._may_be_lively():
            return set()
        return self._lively_among(self.facts.binds | self.facts.may_bind)

    def _lively_among(self, names: Collection[str]) -> set[str]:
        read = {n for n in names if self.definers(n) and self._kind(n) == "data"}
        if self.facts.lively or self.view.lively:
            return read
        return {n for n in read if any(map(self._is_lively, self.view.state.states(n)))}

    def _is_lively(self, state: str) -> bool:
        """Whether the classes behind a pseudo-name are unknown, or known to do so."""
        note = self.modules.get(state[1:-1])
        return note is None or any(facts.lively for facts in self.views[note].facts)

    def _state_behind(self, name: str) -> str:
        """The pseudo-name of the note that an imported name which is changed belongs to."""
        origins = [dict(self.view.facts[j].modules).get(name) for j in self.definers(name)]
        for origin in (dict(self.facts.modules).get(name), *origins):
            if origin and origin.startswith("vault."):
                is_note = origin.count(".") == 1
                stored = name in self.facts.stores or name in self.effective_writes()
                return "" if is_note and not stored else self.reach.state(origin)
        return ""

    def bound_by_calls(self) -> frozenset[str]:
        """The globals that functions which it calls bind anew."""
        called = self.called_facts if self.calls else ()
        return frozenset().union(*(part.late_binds for part in called))

    def effective_stores(self) -> frozenset[str]:
        """The names of functions, classes and modules whose attributes the block may change."""
        if not self.calls:
            return self.facts.stores
        return self.facts.stores.union(*(part.late_stores for part in self.called_facts))

    def effective_writes(self) -> frozenset[str]:
        """The names through which it may, whatever other names these have."""
        return self._once("writes", self._find_writes)

    def _find_writes(self) -> frozenset[str]:
        facts = self.facts
        if not self.calls:
            return facts.writes | self.reach.written(facts.passes)
        called = self.called_facts
        passes = facts.passes.union(*(part.late_passes for part in called))
        written = facts.writes.union(*(part.late_writes for part in called))
        written |= self.reach.written(passes)
        if facts.executes and self._sets_given():
            given = (part.late_given for part in called)
            written = written.union(facts.given, self.reach.unknown(passes), *given)
        return written.union(self._setters())

    def _sets_given(self) -> bool:
        """Whether what is called under a name that is not its own may set attributes."""
        views = (self.view, *(self.views[path] for path, _ in self.foreign))
        called = (*self.called_facts, *self.foreign.values())
        return any(
            part.stores_given or any(not part.writing.isdisjoint(view.spoken) for view in views)
            for part in called
        )

    def _setters(self) -> Iterator[str]:
        """What is called and may hold `setattr`, with what it was made for."""
        for name in self.facts.touches:
            if not _SETTING.isdisjoint(self.view.holders.of(name)):
                yield name
        for names in self.facts.holds:
            if names & _SETTING:
                yield from names

    def works_with_files(self) -> Files:
        called = (*self.called_facts, *self.foreign.values()) if self.calls else ()
        if any(FILES in self.view.state.states(name) for name in self.effective_touches()):
            return Files.WRITES
        return max(self.facts.files, *(part.late_files for part in called), Files.NONE)

    def foreign_touches(self) -> Iterator[str]:
        for (path, _), facts in self.foreign.items():
            view = self.views[path]
            reach = Reach(self.views, self.modules, view)
            touched = reach.changed(self._changed(facts, _Kinds(view.kind), reach))
            if any(map(view.binds_data, touched)) or any(map(view.binds_code, facts.late_stores)):
                yield f"<{view.note.module}>"

    def effective_switch(self) -> Switch | None:
        found = wider(self.facts.switch, self.imports_switch)
        if self.calls:
            for part in (*self.called_facts, *self.foreign.values()):
                found = wider(found, part.late_switch)
        name = min((n for n, of in self._written_imports().items() if not _is_note(of)), default="")
        return wider(found, Switch(f"may change `{name}`, which is global")) if name else found

    def _written_imports(self) -> dict[str, str]:
        """What was imported, here or above, and is changed, with what it was imported from: a
        module of all, a class of others."""
        return self._once("written imports", self._find_written_imports)

    def _find_written_imports(self) -> dict[str, str]:
        imported = self.view.imported.union(n for n, kind in self.facts.kinds if kind == "import")
        found = set[str]()
        pending = set(self.effective_writes())
        while pending - found:
            found |= pending
            pending = {n for names in self.facts.holds if names & found for n in names}
            pending = pending.union(*(self.view.holders.of(name) for name in found | pending))
        return {name: self._origin(name) for name in filter(self._can_change, found & imported)}

    def _origin(self, name: str) -> str:
        every = (self.facts, *(self.view.facts[j] for j in self.definers(name)))
        return next((of for part in every if (of := dict(part.modules).get(name))), "")

    def _can_change(self, name: str) -> bool:
        """Whether an imported name is more than a number or a text of another note."""
        known = (dict(self.view.facts[j].modules) for j in self.definers(name))
        for modules in (dict(self.facts.modules), *known):
            module, _, other = modules.get(name, "").rpartition(".")
            if module in self.modules:
                return self.views[self.modules[module]].kinds(other) != {"const"}
        return True

    def taints(self) -> bool:
        """Whether a test may change state that is not its own."""
        if self.effective_switch() or self.facts.dynamic:
            return True
        # What its functions do counts, since pytest calls them.
        called = (*self.called_facts, *self.foreign.values())
        if any(part.late_switch for part in called):
            return True
        late = self.reach.changed(self.touched_late())
        touched = self.effective_touches().union(self.foreign_touches(), late)
        own = self.facts.binds - self.facts.reads
        stored = self.facts.stores.union(*(part.late_stores for part in self.called_facts))
        if any(map(self.view.binds_code, stored - own)):
            return True
        return any(name.startswith("<") or self.view.binds_data(name) for name in touched - own)
