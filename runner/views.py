"""What is known of one note while its graph is made: the blocks above, found by what they do."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import field

from .codefacts import Facts, Switch
from .note import Note, Role
from .records import dataclass

Key = tuple[str, str]  # (note path, block id)

DEFINING = (Role.SETUP, Role.COMPONENT)


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


@dataclass
class View:
    """One note while its graph is made, block by block; lists run parallel to ``note.blocks``.

    ``deps`` are what a block rests on wherever it is executed, ``inside`` what it rests on in the
    note itself, where run blocks stand above it. The indices, by name, hold the blocks whose names
    others can see, in document order.
    """

    note: Note
    facts: list[Facts]
    deps: list[dict[Key, str]] = field(default_factory=list)
    inside: list[dict[Key, str]] = field(default_factory=list)
    switch: list[Switch | None] = field(default_factory=list)  # effective
    loads: list[frozenset[str]] = field(default_factory=list)  # effective
    exports: dict[str, dict[Key, str]] = field(default_factory=dict)
    place: dict[str, int] = field(default_factory=dict)  # of duplicate ids the first
    bound: dict[str, list[int]] = field(default_factory=dict)  # by all blocks, below ones too

    binders: dict[str, list[int]] = field(default_factory=dict)
    touchers: dict[str, list[int]] = field(default_factory=dict)  # pseudo-names included
    storers: dict[str, list[int]] = field(default_factory=dict)
    writers: dict[str, list[int]] = field(default_factory=dict)
    loaders: dict[str, list[int]] = field(default_factory=dict)
    dynamic: list[int] = field(default_factory=list)
    switches: list[int] = field(default_factory=list)
    filers: list[int] = field(default_factory=list)
    groups: Groups = field(default_factory=Groups)
    aliases: Groups = field(default_factory=Groups)
    holders: Groups = field(default_factory=Groups)
    imported: set[str] = field(default_factory=set)
    states: set[str] = field(default_factory=set)  # pseudo-names that something was linked with
    lively: bool = False

    @classmethod
    def of(cls, note: Note, facts: list[Facts]) -> View:
        view = cls(note, facts)
        for index, block in enumerate(note.blocks):
            view.place.setdefault(block.id, index)
            for name, _ in facts[index].kinds:
                view.bound.setdefault(name, []).append(index)
        return view

    def key(self, index: int) -> Key:
        return (self.note.path, self.note.blocks[index].id)

    def role(self, index: int) -> Role:
        return self.note.blocks[index].role

    def ambient(self, index: int, role: Role) -> list[int]:
        """The blocks above that certainly ran before a block of this role, used by it or not."""
        return self.of_role(range(index), role)

    def of_role(self, indices: Iterable[int], role: Role) -> list[int]:
        """Those of ``indices`` that ``ambient`` holds."""
        roles = DEFINING if role is not Role.RUN else (*DEFINING, Role.RUN)
        return [j for j in indices if self.note.blocks[j].role in roles]

    def latest(self, names: Iterable[str], index: dict[str, list[int]], after: int) -> set[int]:
        """The blocks behind ``after`` that an index has for one of ``names``."""
        found: set[int] = set()
        for name in names:
            known = index.get(name)
            if known:
                found.update(known[bisect_right(known, after) :])
        return found

    def kinds(self, name: str) -> set[str]:
        """How the blocks of the note bind ``name``."""
        return {dict(self.facts[j].kinds)[name] for j in self.bound.get(name, ())}

    def binds_data(self, name: str) -> bool:
        """Whether a setup or component block binds ``name`` to something that can change."""
        return any(
            dict(self.facts[j].kinds).get(name) in ("data", "plain", "array")
            for j in self.bound.get(name, ())
            if self.role(j) in DEFINING
        )
