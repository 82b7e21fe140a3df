"""What one block depends on, given the blocks above it: names looked up in document order.

A name leads to the blocks that may have bound it last, to those that may have changed its value
since, and to what the functions behind it will look up when they are called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field

from .codefacts import Facts
from .effects import leaves_receiver
from .note import Note, Role
from .records import dataclass
from .touching import is_stateful

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
    loads: list[frozenset[str]] = field(default_factory=list)  # effective
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
        self.visible = view.visible(index)
        self.ambient = view.ambient(index, role)
        self.groups = Groups(self._links())
        self.aliases = Groups(pair for j in self.visible for pair in view.facts[j].aliases)
        self.facts = Facts()
        self.loads: frozenset[str] = frozenset()
        self.imports_switch = ""
        self.found: dict[Key, str] = {}
        self.named: dict[int, str] = {}
        self.unknown: set[str] = set()
        self.pending: list[str] = []
        self.indices: set[int] = set()

    def _links(self) -> Iterator[frozenset[str]]:
        for j in self.visible:
            yield from self.view.facts[j].links
            for name, origin in self.view.facts[j].modules:
                if state := self._state(origin):
                    yield frozenset([name, state])

    def _state(self, origin: str) -> str:
        """The pseudo-name of what a name imported from there shares with others, "" if nothing."""
        package, *way = origin.split(".")
        if package != "vault":
            return f"<{package}>" if is_stateful(package) else ""
        other = self.modules.get(".".join((package, *way[:1])))
        shares = other is not None and (len(way) == 1 or _is_data(self.views[other], way[1]))
        return f"<vault.{way[0]}>" if shares else ""

    def resolve(self, facts: Facts, imports: Iterable[tuple[str, str, int]]) -> None:
        self.facts = facts
        self.loads = frozenset(filter(self._is_heard, facts.loads))
        for other, name, _ in imports:
            self._add_foreign(self.export(other, name))
            self._load(self.views[other])
        for load in self.loads:  # who imports it first executes it, and shows what that prints
            first = next((j for j in self.ambient if load in self.view.loads[j]), None)
            if first is not None:
                self.add(first, f"it imports {load} first")
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

    def _is_heard(self, module: str) -> bool:
        """Whether importing a local module or a note may show more than that it binds names."""
        if not module.startswith("vault."):
            return True
        path = self.modules.get(module)
        return path is not None and any(
            facts.acts or facts.dynamic or facts.files
            for block, facts in zip(
                self.views[path].note.blocks, self.views[path].facts, strict=True
            )
            if block.role in DEFINING
        )

    def _load(self, other: View) -> None:
        """Take in what importing a note does beside binding names."""
        for j, block in enumerate(other.note.blocks[: len(other.loads)]):
            if block.role in DEFINING:
                self.loads |= other.loads[j]
                self.imports_switch = self.imports_switch or other.switch[j]

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
        group = self.groups.of(name) if by_value else self.aliases.of(name)
        if kind == "class":
            group = group | {f"type({other})" for other in self.groups.of(name)}
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
        touched |= self._touched_by_reading()
        touched |= {state for name in touched if (state := self._state_behind(name))}
        return frozenset(touched)

    def _touched_by_reading(self) -> set[str]:
        """Names whose attributes, operators or text may run code that changes something."""
        read = set(self.facts.uses)
        if self.facts.calls:
            read = read.union(*(called.late for called in self._called()))
        read = {n for n in read if self._kind(n) == "data" and self.definers(n)}
        if self.facts.lively or any(self.view.facts[j].lively for j in self.visible):
            return read
        return {n for n in read if any(map(self._is_lively, self.groups.of(n)))}

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
                return "" if is_note and name not in self.facts.stores else self._state(origin)
        return ""

    def effective_stores(self) -> frozenset[str]:
        """The names of functions, classes and modules whose attributes the block may change."""
        if not self.facts.calls:
            return self.facts.stores
        called = self._called()
        stored = self.facts.stores.union(*(part.late_stores for part in called))
        if any(part.stores_given for part in called):
            stored |= {n for n in self.facts.touches if self._kind(n) in ("def", "class")}
        return stored

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
        if self.facts.switch or self.imports_switch:
            return self.facts.switch or self.imports_switch
        if not self.facts.calls:
            return ""
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
