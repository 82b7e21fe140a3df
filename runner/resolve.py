"""What one block depends on, given the blocks above it: names looked up in document order.

A name leads to the blocks that may have bound it last, to those that may have changed its value
since, and to what the functions behind it will look up when they are called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .codefacts import Facts
from .effects import leaves_receiver
from .note import Note, Role

Key = tuple[str, str]  # (note path, block id)
Export = Callable[[str, str], Mapping[Key, str]]  # (note path, name) -> the blocks it rests on

DEFINING = (Role.SETUP, Role.COMPONENT)


@dataclass
class View:
    """One note while its graph is made; lists run parallel to ``note.blocks``."""

    note: Note
    facts: list[Facts]
    deps: list[dict[Key, str]] = field(default_factory=list)
    touches: list[frozenset[str]] = field(default_factory=list)  # effective, pseudo-names included
    stores: list[frozenset[str]] = field(default_factory=list)  # effective
    switch: list[str] = field(default_factory=list)  # effective
    files: list[bool] = field(default_factory=list)  # effective
    exports: dict[str, dict[Key, str]] = field(default_factory=dict)

    def key(self, index: int) -> Key:
        return (self.note.path, self.note.blocks[index].id)

    def visible(self, index: int) -> list[int]:
        """The blocks above whose names a block can see."""
        roles = (*DEFINING, Role.RUN)
        return [j for j in range(index) if self.note.blocks[j].role in roles]

    def ambient(self, index: int, role: Role) -> list[int]:
        """The blocks above that certainly ran before a block of this role, used by it or not."""
        roles = DEFINING if role is not Role.RUN else (*DEFINING, Role.RUN)
        return [j for j in range(index) if self.note.blocks[j].role in roles]


class Resolver:
    """Finds what one block depends on, given the blocks above it.

    ``found`` is the answer; ``named`` the blocks of this note that bind a name it reads;
    ``unknown`` the names nobody above binds.
    """

    def __init__(
        self, views: Mapping[str, View], export: Export, view: View, index: int, role: Role
    ) -> None:
        self.views = views
        self.export = export
        self.view = view
        self.role = role
        self.visible = view.visible(index)
        self.ambient = view.ambient(index, role)
        self.groups = Groups(group for j in self.visible for group in view.facts[j].links)
        self.facts = Facts()
        self.found: dict[Key, str] = {}
        self.named: dict[int, str] = {}
        self.unknown: set[str] = set()
        self.pending: list[str] = []
        self.indices: set[int] = set()

    def resolve(self, facts: Facts, imports: Iterable[tuple[str, str, int]]) -> None:
        self.facts = facts
        for other, name, _ in imports:
            self._add_foreign(self.export(other, name))
        for j in self.ambient:
            if facts.dynamic:
                self.add(j, f"{facts.dynamic} may read anything above")
            elif self.view.facts[j].dynamic:
                self.add(j, f"its {self.view.facts[j].dynamic} may define anything")
            elif self.view.switch[j]:
                self.add(j, f"it {self.view.switch[j]}, which is global")
        # What the block itself binds for its functions is there when they are called.
        self.pending.extend(facts.reads | facts.late - facts.binds)
        seen: set[str] = set()
        self._resolve_pending(seen)
        if self.works_with_files():
            for j in self.ambient:
                if self.view.files[j]:
                    self.add(j, "both work with files")
            self._resolve_pending(seen)

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
        for j in definers:
            self.add(j, f"uses `{name}`", name)
        for j in self._changers(name, definers):
            self.add(j, f"it may change `{name}`")

    def definers(self, name: str) -> list[int]:
        """The blocks above that may have bound ``name`` last."""
        found: list[int] = []
        for j in reversed(self.visible):
            if name in self.view.facts[j].binds:
                return [*found, j]
            if name in self.view.facts[j].may_bind:
                found.append(j)
        return found

    def _kind(self, name: str) -> str:
        """How ``name`` is bound where the block begins; data where that differs."""
        kinds = {
            kind
            for j in self.definers(name)
            for bound, kind in self.view.facts[j].kinds
            if bound == name
        }
        return kinds.pop() if len(kinds) == 1 else "data"

    def _changers(self, name: str, definers: list[int]) -> Iterator[int]:
        kind = self._kind(name)
        if kind == "const":
            return
        # What a run block made is seen as the run blocks below left it; all else in a test is as
        # the setup and component blocks left it.
        from_run = any(self.view.note.blocks[j].role is Role.RUN for j in definers)
        candidates = self.visible if self.role is Role.RUN or from_run else self.ambient
        first = definers[-1] if definers else -1
        by_value = kind not in ("def", "class", "import")
        group = self.groups.of(name) if by_value else {name}
        for j in candidates:
            changed = self.view.touches[j] if by_value else self.view.stores[j]
            if j > first and not group.isdisjoint(changed):
                yield j

    def add(self, index: int, reason: str, name: str | None = None) -> None:
        if name is not None or reason.startswith("`needs"):
            self.named.setdefault(index, name or "")
        if index in self.indices:
            return
        self.indices.add(index)
        view = self.view
        self.found.setdefault(view.key(index), reason)
        self.pending.extend(view.facts[index].late)
        own = {block.id: j for j, block in reversed(list(enumerate(view.note.blocks)))}
        through = view.note.blocks[index].id
        for (path, id), _ in view.deps[index].items():
            if path == view.note.path:
                self.add(own[id], f"`{through}` depends on it")
            else:
                self._add_foreign({(path, id): f"`{through}` imports from it"})

    def _add_foreign(self, keys: Mapping[Key, str]) -> None:
        for key, reason in keys.items():
            self.found.setdefault(key, f"imported: {reason}" if "uses" in reason else reason)
            self.pending.append(f"<{self.views[key[0]].note.module}>")

    # --- what the block itself does to others

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
            for called in self._called():
                touched |= called.late_touches
            touched.update(self._foreign_touches())
        return frozenset(touched)

    def effective_stores(self) -> frozenset[str]:
        """The names of functions, classes and modules whose attributes the block may change."""
        if not self.facts.calls:
            return self.facts.stores
        return self.facts.stores.union(*(called.late_stores for called in self._called()))

    def _called(self) -> list[Facts]:
        """The blocks whose functions the block may call, itself included."""
        return [self.facts, *(self.view.facts[j] for j in self.indices)]

    def works_with_files(self) -> bool:
        calls = self.facts.calls and any(called.late_files for called in self._called())
        return self.facts.files or calls

    def _foreign_touches(self) -> Iterator[str]:
        for path, id in self.found:
            if path == self.view.note.path:
                continue
            other = self.views[path]
            index = next(j for j, block in enumerate(other.note.blocks) if block.id == id)
            if any(_is_data(other, name) for name in other.facts[index].late_touches):
                yield f"<{other.note.module}>"

    def effective_switch(self) -> str:
        if self.facts.switch or not self.facts.calls:
            return self.facts.switch
        return next(filter(None, (called.late_switch for called in self._called())), "")

    def taints(self) -> bool:
        """Whether a test may change state that is not its own."""
        if self.facts.switch or self.facts.dynamic:
            return True
        # What its functions do counts, since pytest calls them.
        called = self._called()
        if any(part.late_switch for part in called):
            return True
        late = (part.late_touches for part in called)
        touched = self.effective_touches().union(self._foreign_touches(), *late)
        own = self.facts.binds - self.facts.reads
        return any(name.startswith("<") or _is_data(self.view, name) for name in touched - own)


def _is_data(view: View, name: str) -> bool:
    """Whether a setup or component block binds ``name`` to something that can change."""
    return any(
        dict(view.facts[j].kinds).get(name) in ("data", "plain", "array")
        for j, block in enumerate(view.note.blocks)
        if block.role in DEFINING
    )


class Groups:
    """Names that may share state: the classes of the relation "stood in one statement"."""

    def __init__(self, links: Iterable[frozenset[str]]) -> None:
        self._group: dict[str, set[str]] = {}
        for names in links:
            merged = set(names).union(*(self._group[n] for n in names if n in self._group))
            for name in merged:
                self._group[name] = merged

    def of(self, name: str) -> set[str]:
        return self._group.get(name, {name})
