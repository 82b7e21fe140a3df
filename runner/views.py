"""What is known of one note while its graph is made: the blocks above, found by what they do."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from .codefacts import Facts, Switch
from .effects import KNOWN_PACKAGES
from .insides import Groups
from .note import Note, Role
from .records import dataclass, field
from .sharedstate import SharedState

Key = tuple[str, str]  # (note path, block id)

FILES = "<files>"  # the pseudo-name of all that is open to be written
DEFINING = (Role.SETUP, Role.COMPONENT)


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
    called: list[frozenset[int]] = field(default_factory=list)  # whose functions it may call
    draws: list[bool] = field(default_factory=list)  # it, or what its values come from
    loads: list[frozenset[str]] = field(default_factory=list)  # effective
    exports: dict[str, dict[Key, str]] = field(default_factory=dict)
    place: dict[str, int] = field(default_factory=dict)  # of duplicate ids the first
    bound: dict[str, list[int]] = field(default_factory=dict)  # by all blocks, below ones too
    defines: set[str] = field(default_factory=set)  # methods of their classes
    spoken: set[str] = field(default_factory=set)  # names that stand not only in calls of them
    is_known: bool = True  # all that they import is
    outlasting: set[int] = field(default_factory=set)  # blocks that others may call

    binders: dict[str, list[int]] = field(default_factory=dict)
    touchers: dict[str, list[int]] = field(default_factory=dict)  # pseudo-names included
    state: SharedState = field(default_factory=SharedState)
    storers: dict[str, list[int]] = field(default_factory=dict)
    writers: dict[str, list[int]] = field(default_factory=dict)
    patched: dict[str, list[int]] = field(default_factory=dict)  # classes that were stored on
    loaders: dict[str, list[int]] = field(default_factory=dict)
    dynamic: list[int] = field(default_factory=list)
    switches: list[int] = field(default_factory=list)
    filers: list[int] = field(default_factory=list)  # that write files
    kin: Groups = field(default_factory=Groups)  # objects, and the functions they came from
    aliases: Groups = field(default_factory=Groups)
    holders: Groups = field(default_factory=Groups)
    imported: set[str] = field(default_factory=set)
    states: set[str] = field(default_factory=set)  # pseudo-names that something was linked with
    lively: bool = False
    _last: dict[str, tuple[int, list[int]]] = field(default_factory=dict)
    _led: dict[int, frozenset[int] | None] = field(default_factory=dict)
    _relied_on: set[str] = field(default_factory=set)
    _kinds: dict[int, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, note: Note, facts: list[Facts]) -> View:
        view = cls(note, facts)
        for index, block in enumerate(note.blocks):
            view.place.setdefault(block.id, index)
            view.defines |= facts[index].defines
            if facts[index].outlasts:
                view.outlasting.add(index)
            view.spoken |= facts[index].spoken
            said = (of for name, of in facts[index].modules if name in facts[index].spoken)
            view.spoken.update(origin.rpartition(".")[2] for origin in said)
            tops = {item.module.partition(".")[0] for item in facts[index].imports}
            view.is_known = view.is_known and tops <= KNOWN_PACKAGES | {"vault"}
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

    def last_binders(self, name: str) -> list[int]:
        """The blocks that may have bound ``name`` last, the nearest first."""
        every = self.binders.get(name)
        if every is None:
            return []
        known = self._last.get(name)
        if known is None or known[0] != len(every):
            found: list[int] = []
            for place in range(len(every) - 1, -1, -1):
                if place > 0 and self._imports_again(name, every[place], every[place - 1]):
                    continue
                found.append(every[place])
                if name in self.facts[every[place]].binds:
                    break
            known = self._last[name] = len(every), found
        return known[1]

    def _imports_again(self, name: str, index: int, before: int) -> bool:
        """Whether a block imports of a library what the one ``before`` it imported by that name: it
        is the same, and a definition need not come from a run block for it."""
        if self.role(index) is not Role.RUN and self.role(before) is Role.RUN:
            return False
        again, first = (_imported(self.facts[j], name) for j in (index, before))
        return again is not None and again == first and name in self.facts[before].binds

    def led_to(self, index: int) -> frozenset[int] | None:
        """The blocks that the functions of one call, directly or not; None unless all that they
        name are functions which are bound once and left alone."""
        if index not in self._led:
            self._led[index] = self._lead(index)
        return self._led[index]

    def _lead(self, start: int) -> frozenset[int] | None:
        found: set[int] = set()
        pending, seen = [start], {start}
        while pending:
            for name in self.facts[pending.pop()].late:
                definer = self._settled(name)
                if definer is None:
                    return None
                known = self._led.get(definer, frozenset())
                if known is None:
                    return None
                found |= known | self.called[definer] | {definer}
            new = found - seen
            seen |= new
            pending += [j for j in new if j not in self._led]
            if any(self._led.get(j, found) is None for j in new):
                return None
        return frozenset(found)

    def _settled(self, name: str) -> int | None:
        """The one block that binds ``name``, to a function that nothing is done to."""
        self._relied_on.add(name)
        binders = self.binders.get(name, ())
        if len(binders) != 1 or name in self.storers or name in self.writers:
            return None
        if len(self.aliases.of(name)) + len(self.holders.of(name)) > 2:
            return None
        index = binders[0]
        kinds = self._kinds.setdefault(index, {}) or dict(self.facts[index].kinds)
        self._kinds[index] = kinds
        return index if kinds.get(name) == "def" and name in self.facts[index].binds else None

    def heed(self, name: str) -> None:
        """Something is done to a name: forget what was concluded from how it stood."""
        if name in self._relied_on:
            self._led.clear()
            self._relied_on.clear()

    def kinds_of_last(self, name: str) -> set[str]:
        """How they bind it."""
        return {dict(self.facts[j].kinds).get(name, "data") for j in self.last_binders(name)}

    @property
    def is_done(self) -> bool:
        """Whether all its blocks are known."""
        return len(self.deps) == len(self.note.blocks)

    def kinds(self, name: str) -> set[str]:
        """How the blocks of the note bind ``name``."""
        return {dict(self.facts[j].kinds)[name] for j in self.bound.get(name, ())}

    def kind(self, name: str) -> str:
        """The one way in which the note's blocks bind ``name``, data where they differ."""
        kinds = self.kinds(name)
        return kinds.pop() if len(kinds) == 1 else "data"

    def binds_code(self, name: str) -> bool:
        """Whether a setup or component block binds ``name`` to a class or function."""
        return any(
            dict(self.facts[j].kinds).get(name) in ("def", "class")
            for j in self.bound.get(name, ())
            if self.role(j) in DEFINING
        )

    def binds_data(self, name: str) -> bool:
        """Whether a setup or component block binds ``name`` to something that can change."""
        return any(
            dict(self.facts[j].kinds).get(name) in ("data", "plain", "array")
            for j in self.bound.get(name, ())
            if self.role(j) in DEFINING
        )


def _imported(facts: Facts, name: str) -> frozenset[tuple[str, str]] | None:
    """What a block imports of libraries as ``name``; None if it may bind anything else to it."""
    if dict(facts.kinds).get(name) != "import":
        return None
    found = frozenset((item.module, item.name) for item in facts.imports if item.alias == name)
    known = all(module.partition(".")[0] in KNOWN_PACKAGES for module, _ in found)
    return found if known and found else None
