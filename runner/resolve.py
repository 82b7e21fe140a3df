"""What one block depends on, given the blocks above it: names looked up in document order.

A name leads to the blocks that may have bound it last, to those that may have changed its value
since, and to what the functions behind it will look up when they are called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from .codefacts import Facts, Files, Import, wider
from .effects import may_draw
from .impact import Impact
from .localcode import is_local, true_path
from .note import Role
from .views import DEFINING, FILES, Key, View

__all__ = ["DEFINING", "Export", "Key", "Resolver", "View"]


def _may_draw(item: Import) -> bool:
    return may_draw(item.module, item.name)


Export = Callable[[str, str], Mapping[Key, str]]  # (note path, name) -> the blocks it rests on


class Resolver(Impact):
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
        super().__init__(views, modules, view, index, role)
        self.export = export
        self.found: dict[Key, str] = {}
        self.named: dict[int, str] = {}
        self.unknown: set[str] = set()
        self.pending: list[str] = []
        self.sources: set[int] = set()  # the blocks that names lead to
        self.covered: set[int] = set()  # blocks all of whose functions' names are resolved
        self.draws = False

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
            found = self.export(other, name)
            self.add_foreign({k: v for k, v in found.items() if k[0] != self.view.note.path})
            self._load(self.views[other])
        for load in self.loads:  # who imports it first executes it, and shows what that prints
            first = next(iter(self.ambient(self.view.loaders.get(load, ()))), None)
            if first is not None:
                path = self.modules.get(load, "")
                what = true_path(path) if is_local(path) else load
                self.add(first, f"it imports {what} first")
        if facts.dynamic:
            for j in reversed(self.ambient(range(self.index))):
                self.add(j, f"{facts.dynamic} may read anything above")
        for j in reversed(self.ambient(self.view.dynamic)):
            self.add(j, f"its {self.view.facts[j].dynamic} may define anything")
        self._add_switches(drawing=False)

    def _add_switches(self, *, drawing: bool) -> None:
        for j in reversed(self.ambient(self.view.switches)):
            switch = self.view.switch[j]
            if switch is not None and switch.drawing is drawing:
                self.add(j, f"it {switch.why}")

    def _draws(self, seen: set[str]) -> bool:
        """Whether code that the block executes, or its values come from, may draw."""
        used = seen.union(*(part.reads | part.late for part in self.called_facts))
        items = [i for part in self.foreign.values() for i in part.imports]
        for part in self.called_facts:
            known = dict(part.modules)
            own = used if part is not self.facts else self.facts.uses | self.facts.late
            items += [i for i in part.imports if i.alias not in known or i.alias in own]
        self.draws = any(self.view.draws[j] for j in self.sources) or any(map(_may_draw, items))
        return self.draws or any(map(_may_draw, self.facts.imports))

    def _finish(self, names: Iterable[str]) -> None:
        self.pending.extend(names)
        seen: set[str] = set()
        self._resolve_pending(seen)
        if self._draws(seen):
            self._add_switches(drawing=True)
            self._resolve_pending(seen)
        if self.works_with_files():
            for j in reversed(self.ambient(self.view.filers)):
                self.add(j, "it may write files, and this works with files")
            self._resolve_pending(seen)

    def _is_heard(self, module: str) -> bool:
        """Whether importing a local module or a note may show more than that it binds names."""
        if not module.startswith("vault."):
            return True
        if (path := self.modules.get(module)) is None:
            return False
        view = self.views[path]
        defining = [view.facts[j] for j in view.ambient(len(view.facts), Role.COMPONENT)]
        if is_local(path) and any(facts.executes for facts in defining):
            return True  # it may draw random numbers, which importing a note does not
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
        changers = self.changers(name, definers)
        self.sources.update(definers, changers)
        for j in sorted(changers, reverse=True):
            self.add(j, f"it may change `{name}`")
        for j in definers:
            self.add(j, f"uses `{name}`", name)

    def add(self, index: int, reason: str, name: str | None = None) -> None:
        if name is not None or reason.startswith("`needs"):
            self.named.setdefault(index, name or "")
        view = self.view
        self.found[view.key(index)] = reason  # one of its own says more than one through others
        if index in self.indices:
            return
        new = [index]
        self.indices.add(index)
        through = view.note.blocks[index].id
        rests_on = view.inside if self.role is Role.RUN else view.deps
        for key in rests_on[index]:  # and these rest on nothing else
            if key[0] != view.note.path:
                self.add_foreign({key: f"`{through}` imports from it"})
            elif (j := view.place[key[1]]) not in self.indices:
                self.found.setdefault(key, f"`{through}` depends on it")
                self.indices.add(j)
                new.append(j)
        for j in new:
            self._follow(j)

    def _follow(self, index: int) -> None:
        """Take in what the functions of a block look up when they are called."""
        if index in self.covered:
            return
        led = self.view.led_to(index)
        if led is None or any(self.view.role(j) is Role.RUN for j in led):
            self.pending.extend(self.view.facts[index].late)
            return
        self.sources |= led
        self.covered |= led
        for j in led - self.indices:
            self.add(j, f"`{self.view.note.blocks[index].id}` depends on it")

    def add_foreign(self, keys: Mapping[Key, str]) -> None:
        for key, reason in keys.items():
            self.found.setdefault(key, f"imported: {reason}" if "uses" in reason else reason)
            other = self.views[key[0]]
            self.pending.append(f"<{other.note.module}>")
            self.foreign[key] = other.facts[other.place[key[1]]]

    # --- what the block itself does to others

    def conclude(self, inside: Mapping[Key, str]) -> None:
        """Make the block known to those below, which see its names unless it is a test."""
        view, facts, index = self.view, self.facts, self.index
        view.called.append(self.callable_blocks())
        view.draws.append(self.draws)
        view.deps.append(self.found)
        view.inside.append({**inside, **self.found})
        view.switch.append(self.effective_switch())
        view.loads.append(self.loads)
        if view.role(index) is Role.TEST:
            return
        # What a name stood for that is bound anew may be changed by a function that is called
        # before, and may change something as it goes.
        late = self.reach.changed(self.touched_late()) if self.calls else set[str]()
        outlived = self.outlived()
        touched, stored = self.effective_touches(), self.effective_stores()
        written = self.effective_writes()
        for names, by_name in (
            (facts.binds | facts.may_bind | self.bound_by_calls(), view.binders),
            (touched, view.touchers),
            (stored, view.storers),
            (written, view.writers),
            (filter(self._is_class, stored | written), view.patched),
            (self.loads, view.loaders),
        ):
            for name in names:
                by_name.setdefault(name, []).append(index)
                view.heed(name)
        for applies, indices in (
            (facts.dynamic, view.dynamic),
            (view.switch[index], view.switches),
            (self.works_with_files() is Files.WRITES, view.filers),
        ):
            if applies:
                indices.append(index)
        view.state.change(outlived, index)
        for name in facts.binds - facts.reads - late - self._joined_late():
            view.state.renew(name, index)
        self._link(facts)
        view.state.change(touched, index)

    def _joined_late(self) -> set[str]:
        """What calls may hand on, other than what the block's own statements mention."""
        results = {name for names in self.facts.links for name in names if name.endswith("()")}
        return {other for name in results for other in self.reach.shared_by(name)}

    def _is_class(self, name: str) -> bool:
        return self.view.kinds_of_last(name) == {"class"}

    def _link(self, facts: Facts) -> None:
        view = self.view
        for groups, linked in ((view.aliases, facts.aliases), (view.holders, facts.holds)):
            for names in linked:
                groups.add(names)
                for name in names:
                    view.heed(name)
        for names in facts.links:
            shared = {other for name in names for other in self.reach.shared_by(name)}
            view.state.join(shared, self.index)
            view.kin.add({name.removesuffix("()") for name in names})
        for drawing in facts.drawn:
            if self.may_be_own(drawing.method):
                view.state.join((*drawing.axes, *drawing.given), self.index)
            else:
                view.state.show(drawing.axes, drawing.given, self.index)
        for name, origin in facts.modules:
            if state := self.reach.state(origin):
                view.state.join((name, state), self.index)
                view.states.add(state)
        if facts.handles:
            view.state.join((*facts.handles, FILES), self.index)
        view.lively = view.lively or facts.lively
        view.imported.update(name for name, kind in facts.kinds if kind == "import")
