"""What one block depends on, given the blocks above it: names looked up in document order.

A name leads to the blocks that may have bound it last, to those that may have changed its value
since, and to what the functions behind it will look up when they are called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from .codefacts import Facts, Switch, wider
from .effects import NOT_DRAWING, leaves_receiver
from .note import Role
from .touching import is_stateful
from .views import DEFINING, Key, View

__all__ = ["DEFINING", "Export", "Key", "Resolver", "View"]

_SETTING = frozenset(("setattr", "delattr"))

Export = Callable[[str, str], Mapping[Key, str]]  # (note path, name) -> the blocks it rests on


class Resolver:
    """Finds what one block depends on, given the blocks above it.

    ``found`` is the answer; ``named`` the blocks of this note that bind a name it reads;
    ``unknown`` the names nobody above binds.
    """

    def __init__(
        self,
        views: Mapping[str, View],
        modules: Mapping[str, str],
        export: Export,
        view: View,
        index: int,
        role: Role,
    ) -> None:
        self.views = views
        self.modules = modules
        self.export = export
        self.view = view
        self.role = role
        self.index = index
        self.facts = Facts()
        self.loads: frozenset[str] = frozenset()
        self.imports_switch: Switch | None = None
        self.found: dict[Key, str] = {}
        self.named: dict[int, str] = {}
        self.unknown: set[str] = set()
        self.pending: list[str] = []
        self.indices: set[int] = set()
        self._foreign: dict[Key, Facts] = {}
        self._parts: list[Facts] = []

    def _state(self, origin: str) -> str:
        """The pseudo-name of what a name imported from there shares with others, "" if nothing."""
        package, *way = origin.split(".")
        if package != "vault":
            return f"<{package}>" if is_stateful(package) else ""
        other = self.modules.get(".".join((package, *way[:1])))
        shares = other is not None and (len(way) == 1 or self.views[other].binds_data(way[1]))
        return f"<vault.{way[0]}>" if shares else ""

    def resolve(self, facts: Facts, imports: Iterable[tuple[str, str, int]]) -> None:
        self._begin(facts, imports)
        # What the block itself binds for its functions is there when they are called.
        self._finish(facts.reads | facts.late - facts.binds)

    def resolve_inside(self, facts: Facts, imports: Iterable[tuple[str, str, int]]) -> None:
        """The same for a block that mostly defines: only what it executes rests on anything."""
        if facts.executes or facts.acts:
            self.resolve(facts, imports)
        else:
            self.facts = facts
            self._finish(facts.reads)

    def _begin(self, facts: Facts, imports: Iterable[tuple[str, str, int]]) -> None:
        self.facts = facts
        self.loads = frozenset(filter(self._is_heard, facts.loads))
        for other, name, _ in imports:
            self._add_foreign(self.export(other, name))
            self._load(self.views[other])
        for load in self.loads:  # who imports it first executes it, and shows what that prints
            first = next(iter(self._ambient(self.view.loaders.get(load, ()))), None)
            if first is not None:
                self.add(first, f"it imports {load} first")
        if facts.dynamic:
            for j in reversed(self._ambient(range(self.index))):
                self.add(j, f"{facts.dynamic} may read anything above")
        for j in reversed(self._ambient(self.view.dynamic)):
            self.add(j, f"its {self.view.facts[j].dynamic} may define anything")
        self._add_switches(drawing=False)

    def _add_switches(self, *, drawing: bool) -> None:
        for j in reversed(self._ambient(self.view.switches)):
            switch = self.view.switch[j]
            if switch is not None and switch.drawing is drawing:
                self.add(j, f"it {switch.why}")

    def _draws(self, seen: set[str]) -> bool:
        """Whether code that the block executes, or its values come from, may draw."""
        used = seen.union(*(part.reads | part.late for part in self._called))
        items = [*self.facts.imports, *(i for part in self._foreign.values() for i in part.imports)]
        for part in self._called:
            known = dict(part.modules)
            items += [i for i in part.imports if i.alias not in known or i.alias in used]
        return not {item.module.partition(".")[0] for item in items} <= NOT_DRAWING

    def _ambient(self, indices: Iterable[int]) -> list[int]:
        return self.view.of_role(indices, self.role)

    def _finish(self, names: Iterable[str]) -> None:
        self.pending.extend(names)
        seen: set[str] = set()
        self._resolve_pending(seen)
        if self._draws(seen):
            self._add_switches(drawing=True)
            self._resolve_pending(seen)
        if self.works_with_files():
            for j in reversed(self._ambient(self.view.filers)):
                self.add(j, "both work with files")
            self._resolve_pending(seen)

    def _is_heard(self, module: str) -> bool:
        """Whether importing a local module or a note may show more than that it binds names."""
        if not module.startswith("vault."):
            return True
        if (path := self.modules.get(module)) is None:
            return False
        view = self.views[path]
        defining = (view.facts[j] for j in view.ambient(len(view.facts), Role.COMPONENT))
        return any(facts.acts or facts.dynamic or facts.files for facts in defining)

    def _load(self, other: View) -> None:
        """Take in what importing a note does beside binding names."""
        for j, block in enumerate(other.note.blocks[: len(other.loads)]):
            if block.role in DEFINING:
                self.loads |= other.loads[j]
                self.imports_switch = wider(self.imports_switch, other.switch[j])

    def _resolve_pending(self, seen: set[str]) -> None:
        while self.pending:
            name = self.pending.pop()
            if name not in seen:
                seen.add(name)
                self._resolve_name(name)

    def _resolve_name(self, name: str) -> None:
        definers = self.definers(name)
        if not definers and not name.startswith("<"):
            self.unknown.add(name)
            return
        # The nearest first: what it rests on is taken with it.
        for j in sorted(self._changers(name, definers), reverse=True):
            self.add(j, f"it may change `{name}`")
        for j in definers:
            self.add(j, f"uses `{name}`", name)

    def definers(self, name: str) -> list[int]:
        """The blocks above that may have bound ``name`` last, the nearest first."""
        found: list[int] = []
        for j in reversed(self.view.binders.get(name, ())):
            found.append(j)
            if name in self.view.facts[j].binds:
                break
        return found

    def _kind(self, name: str) -> str:
        """How ``name`` is bound where the block begins; data where that differs."""
        kinds = {dict(self.view.facts[j].kinds).get(name, "") for j in self.definers(name)} - {""}
        return kinds.pop() if len(kinds) == 1 else "data"

    def _changers(self, name: str, definers: list[int]) -> set[int]:
        kind = self._kind(name)
        if kind == "const":
            return set()
        view, first = self.view, definers[-1] if definers else -1
        if kind not in ("def", "class", "import"):
            found = view.latest(view.groups.of(name), view.touchers, first)
        else:
            group = view.aliases.of(name)
            if kind == "class":
                group = group | {f"type({other})" for other in view.groups.of(name)}
            found = view.latest(group, view.storers, first)
            found |= view.latest(view.holders.of(name), view.writers, first)
        # What a run block made is seen as the run blocks below left it; all else in a test is as
        # the setup and component blocks left it.
        if self.role is Role.RUN or any(view.role(j) is Role.RUN for j in definers):
            return found
        return set(self._ambient(found))

    def add(self, index: int, reason: str, name: str | None = None) -> None:
        if name is not None or reason.startswith("`needs"):
            self.named.setdefault(index, name or "")
        view = self.view
        self.found[view.key(index)] = reason  # one of its own says more than one through others
        if index in self.indices:
            return
        self._take(index)
        through = view.note.blocks[index].id
        rests_on = view.inside if self.role is Role.RUN else view.deps
        for key in rests_on[index]:  # and these rest on nothing else
            if key[0] != view.note.path:
                self._add_foreign({key: f"`{through}` imports from it"})
            elif (j := view.place[key[1]]) not in self.indices:
                self.found.setdefault(key, f"`{through}` depends on it")
                self._take(j)

    def _take(self, index: int) -> None:
        self.indices.add(index)
        self.pending.extend(self.view.facts[index].late)

    def _add_foreign(self, keys: Mapping[Key, str]) -> None:
        for key, reason in keys.items():
            self.found.setdefault(key, f"imported: {reason}" if "uses" in reason else reason)
            other = self.views[key[0]]
            self.pending.append(f"<{other.note.module}>")
            self._foreign[key] = other.facts[other.place[key[1]]]

    # --- what the block itself does to others

    def conclude(self, inside: Mapping[Key, str]) -> None:
        """Make the block known to those below, which see its names unless it is a test."""
        view, facts, index = self.view, self.facts, self.index
        view.deps.append(self.found)
        view.inside.append({**inside, **self.found})
        view.switch.append(self.effective_switch())
        view.loads.append(self.loads)
        if view.role(index) is Role.TEST:
            return
        for names, by_name in (
            (facts.binds | facts.may_bind, view.binders),
            (self.effective_touches(), view.touchers),
            (self.effective_stores(), view.storers),
            (self.effective_writes(), view.writers),
            (self.loads, view.loaders),
        ):
            for name in names:
                by_name.setdefault(name, []).append(index)
        for applies, indices in (
            (facts.dynamic, view.dynamic),
            (view.switch[index], view.switches),
            (self.works_with_files(), view.filers),
        ):
            if applies:
                indices.append(index)
        self._link(facts)

    def _link(self, facts: Facts) -> None:
        view = self.view
        for links, groups in (
            (facts.links, view.groups),
            (facts.aliases, view.aliases),
            (facts.holds, view.holders),
        ):
            for names in links:
                groups.add(names)
        for name, origin in facts.modules:
            if state := self._state(origin):
                view.groups.add((name, state))
                view.states.add(state)
        view.lively = view.lively or facts.lively
        view.imported.update(name for name, kind in facts.kinds if kind == "import")

    @property
    def _called(self) -> list[Facts]:
        """The blocks whose functions the block may call, itself included."""
        if len(self._parts) != len(self.indices) + 1:
            self._parts = [self.facts, *(self.view.facts[j] for j in self.indices)]
        return self._parts

    def effective_touches(self) -> frozenset[str]:
        facts, own = self.facts, dict(self.facts.kinds)
        kinds = {
            name: own[name] if name in own and name not in facts.reads else self._kind(name)
            for name in (*facts.consumes, *(method.name for method in facts.methods))
        }
        touched = set(facts.touches)
        touched.update(n for n in facts.consumes if kinds[n] not in ("const", "plain", "array"))
        touched.update(
            method.name
            for method in facts.methods
            if not leaves_receiver(method.method, kinds[method.name], direct=method.direct)
        )
        if facts.calls:
            for called in self._called:
                touched |= called.late_touches
            touched.update(self._foreign_touches())
        touched |= self._touched_by_reading()
        touched |= {state for name in touched if (state := self._state_behind(name))}
        return frozenset(touched)

    def _touched_by_reading(self) -> set[str]:
        """Names whose attributes, operators or text may run code that changes something."""
        if not (self.facts.lively or self.view.lively or self.view.states):
            return set()
        read = set(self.facts.uses)
        if self.facts.calls:
            read = read.union(*(called.late for called in self._called))
        read = {n for n in read if self._kind(n) == "data" and self.definers(n)}
        if self.facts.lively or self.view.lively:
            return read
        return {n for n in read if any(map(self._is_lively, self.view.groups.of(n)))}

    def _is_lively(self, state: str) -> bool:
        """Whether the classes behind a pseudo-name are unknown, or known to do so."""
        if not state.startswith("<"):
            return False
        note = self.modules.get(state[1:-1])
        return note is None or any(facts.lively for facts in self.views[note].facts)

    def _state_behind(self, name: str) -> str:
        """The pseudo-name of the note that an imported name which is changed belongs to."""
        origins = [dict(self.view.facts[j].modules).get(name) for j in self.definers(name)]
        for origin in (dict(self.facts.modules).get(name), *origins):
            if origin and origin.startswith("vault."):
                is_note = origin.count(".") == 1
                stored = name in self.facts.stores or name in self.effective_writes()
                return "" if is_note and not stored else self._state(origin)
        return ""

    def effective_stores(self) -> frozenset[str]:
        """The names of functions, classes and modules whose attributes the block may change."""
        if not self.facts.calls:
            return self.facts.stores
        return self.facts.stores.union(*(part.late_stores for part in self._called))

    def effective_writes(self) -> frozenset[str]:
        """The names through which it may, whatever other names these have."""
        facts = self.facts
        if not facts.calls:
            return facts.writes
        written = facts.writes.union(*(part.late_writes for part in self._called))
        if facts.executes and any(
            part.stores_given for part in (*self._called, *self._foreign.values())
        ):
            written = written.union(facts.given, *(part.late_given for part in self._called))
        return written.union(self._setters())

    def _setters(self) -> Iterator[str]:
        """What is called and may hold `setattr`, with what it was made for."""
        for name in self.facts.touches:
            if not _SETTING.isdisjoint(self.view.holders.of(name)):
                yield name
        for names in self.facts.holds:
            if names & _SETTING:
                yield from names

    def works_with_files(self) -> bool:
        called = (*self._called, *self._foreign.values()) if self.facts.calls else ()
        return self.facts.files or any(part.late_files for part in called)

    def _foreign_touches(self) -> Iterator[str]:
        for (path, _), facts in self._foreign.items():
            if any(map(self.views[path].binds_data, facts.late_touches)):
                yield f"<{self.views[path].note.module}>"

    def effective_switch(self) -> Switch | None:
        found = wider(self.facts.switch, self.imports_switch)
        if self.facts.calls:
            for part in (*self._called, *self._foreign.values()):
                found = wider(found, part.late_switch)
        name = self._written_import()
        return wider(found, Switch(f"may change `{name}`, which is global")) if name else found

    def _written_import(self) -> str:
        """What the block imports, or one above, and changes: a module of all, a class of others."""
        imported = self.view.imported.union(n for n, kind in self.facts.kinds if kind == "import")
        found = set[str]()
        pending = set(self.effective_writes())
        while pending - found:
            found |= pending
            pending = {n for names in self.facts.holds if names & found for n in names}
            pending = pending.union(*(self.view.holders.of(name) for name in found | pending))
        return min(filter(self._can_change, found & imported), default="")

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
        called = (*self._called, *self._foreign.values())
        if any(part.late_switch for part in called):
            return True
        late = (part.late_touches for part in self._called)
        touched = self.effective_touches().union(self._foreign_touches(), *late)
        own = self.facts.binds - self.facts.reads
        return any(name.startswith("<") or self.view.binds_data(name) for name in touched - own)
