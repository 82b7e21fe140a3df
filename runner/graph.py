"""Which block depends on which, in one note and across notes, and the digests that follow.

A block depends on the blocks that bind the names it reads, on those that may have changed them
since, and on those that changed something global. Whatever the analysis cannot see counts as a
dependency on everything above. Names in function bodies are looked up when the function is called,
so they count where it is used.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator, Mapping

from .codefacts import Facts
from .digest import derive_seed, digest, payload
from .effects import BUILTINS
from .knownfacts import facts
from .note import Block, Note, Problem, Role, Severity
from .options import line_of
from .records import dataclass, field
from .resolve import DEFINING, Key, Resolver, View

_BUILTINS = frozenset(dir(builtins)) | {"device", "display", "__name__", "__file__"}


@dataclass(frozen=True, slots=True)
class Node:
    """One block in the graph.

    ``deps`` maps every block it depends on, transitively and in order of execution, to the reason.
    ``swayed``: a setup or component block that run blocks above it, of which it knows nothing, may
    have changed something for; tests and importers meet it without them. ``parts`` fingerprints
    each of both, and the block itself, so that a change can be named.
    ``taints``: a test that may change what later tests see. ``fault``: why it can never run.
    """

    note: str
    block: Block
    seed: int
    deps: Mapping[Key, str]
    digest: str
    parts: Mapping[str, str]
    fault: str | None = None
    taints: bool = False
    names_device: bool = False
    packages: frozenset[str] = frozenset()  # top packages that its code imports
    swayed: Mapping[Key, str] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        return (self.note, self.block.id)


@dataclass(frozen=True, slots=True)
class Graph:
    """``order`` lists notes so that imported ones come first; ``imports`` which note imports which.

    ``faults`` says of a note why it cannot be imported.
    """

    notes: Mapping[str, Note]
    nodes: Mapping[Key, Node]
    order: tuple[str, ...]
    imports: Mapping[str, frozenset[str]]
    problems: Mapping[str, tuple[Problem, ...]]
    faults: Mapping[str, str]
    by_note: Mapping[str, tuple[Node, ...]]
    modules: Mapping[str, str]  # module -> path; of notes in each other's way the first

    def of_note(self, path: str) -> tuple[Node, ...]:
        """The nodes of a note in document order; of duplicate ids the first."""
        return self.by_note[path]

    def reachable(self, path: str) -> set[str]:
        """The note and every note that its blocks may import, directly or not."""
        found, pending = {path}, [path]
        while pending:
            for other in self.imports.get(pending.pop(), ()):
                if other not in found:
                    found.add(other)
                    pending.append(other)
        return found


def build(notes: Iterable[Note]) -> Graph:
    """The graph of all tagged blocks of a vault. Never raises on what an author can write."""
    tagged = {note.path: note for note in sorted(notes, key=lambda n: n.path) if note.blocks}
    builder = _Builder(tagged)
    return builder.build()


class _Builder:
    def __init__(self, notes: Mapping[str, Note]) -> None:
        self.notes = notes
        self.modules: dict[str, str] = {}
        self.problems: dict[str, list[Problem]] = {path: [] for path in notes}
        self.faults: dict[str, str] = {}
        self.block_faults: dict[Key, str] = {}
        self.views: dict[str, View] = {}
        self.device: set[Key] = set()
        self.taints: set[Key] = set()
        self.rank = {path: i for i, path in enumerate(notes)}
        self.payloads: dict[Key, tuple[str, str]] = {}

    def build(self) -> Graph:
        self._name_modules()
        for path, note in self.notes.items():
            self.views[path] = View.of(note, _all_facts(note))
        imports = {path: frozenset(self._imported(path)) for path in self.notes}
        order = self._order()
        for path in order:
            self._resolve_note(self.views[path])
        by_note = {path: tuple(self._nodes(path)) for path in order}
        nodes = {node.key: node for found in by_note.values() for node in found}
        problems = {path: tuple(sorted(found)) for path, found in self.problems.items()}
        return Graph(
            self.notes,
            nodes,
            tuple(order),
            imports,
            problems,
            self.faults,
            by_note,
            self.modules,
        )

    def _error(self, path: str, line: int, what: str, hint: str) -> None:
        self.problems[path].append(Problem(line, Severity.ERROR, what, hint))

    # --- notes

    def _name_modules(self) -> None:
        for path, note in self.notes.items():
            other = self.modules.setdefault(note.module, path)
            if other == path:
                continue
            for here, there in ((path, other), (other, path)):
                what = f"{here} and {there} are both the module `{note.module}`"
                self.faults[here] = what
                line = self.notes[here].blocks[0].line
                self._error(here, line, what, "rename one note or give it a `module:` property")
                for block in self.notes[here].blocks:
                    self.block_faults[here, block.id] = f"its note shares a name with {there}"

    def _imports_of(self, path: str, index: int) -> Iterator[tuple[str, str, int]]:
        """(other note, imported name or "", note line) of every import of a note in a block."""
        block = self.notes[path].blocks[index]
        for item in self.views[path].facts[index].imports:
            module, name = item.module, item.name
            if module == "vault" and name:
                module, name = f"vault.{name}", ""
            other = self.modules.get(module)
            if other is not None and other != path:
                yield other, name, block.code_line + item.line - 1

    def _warn_of_unknown_notes(self, path: str, index: int) -> None:
        block = self.notes[path].blocks[index]
        for item in self.views[path].facts[index].imports:
            module = f"vault.{item.name}" if item.module == "vault" and item.name else item.module
            if module.startswith("vault.") and module not in self.modules and item.name != "*":
                what = f"no note with tagged blocks is the module `{module}`"
                others = {m.removeprefix("vault."): m for m, p in self.modules.items() if p != path}
                import difflib  # most notes need none of it

                near = difflib.get_close_matches(module.removeprefix("vault."), others, n=1)
                found = others[near[0]] if near else ""
                meant = f"did you mean `{found}` ({self.modules[found]})?" if found else ""
                hint = meant or "correct the name, or give the note a `module:` property"
                line = block.code_line + item.line - 1
                self.problems[path].append(Problem(line, Severity.WARNING, what, hint))

    def _imported(self, path: str) -> Iterator[str]:
        for index in range(len(self.notes[path].blocks)):
            yield from (other for other, _, _ in self._imports_of(path, index))

    def _order(self) -> list[str]:
        """Imported notes first, else by path; cycles among importable blocks are reported."""
        order: list[str] = []
        done: set[str] = set()
        for start in self.notes:
            self._visit(start, [], order, done)
        return order

    def _visit(
        self, path: str, trail: list[tuple[str, str, int]], order: list[str], done: set[str]
    ) -> None:
        if path in done:
            return
        done.add(path)
        for index, block in enumerate(self.notes[path].blocks):
            for other, _, line in self._imports_of(path, index):
                if block.role not in DEFINING:
                    continue
                here = [*trail, (path, block.id, line)]
                if any(step[0] == other for step in here):
                    self._report_cycle(here, other)
                else:
                    self._visit(other, here, order, done)
        for index in range(len(self.notes[path].blocks)):
            for other, _, _ in self._imports_of(path, index):
                if other not in {step[0] for step in trail}:
                    self._visit(other, [*trail, (path, "", 0)], order, done)
        order.append(path)

    def _report_cycle(self, trail: list[tuple[str, str, int]], back_to: str) -> None:
        start = next(i for i, step in enumerate(trail) if step[0] == back_to)
        cycle = trail[start:]
        if any(not block_id for _, block_id, _ in cycle):
            return  # a run or test block is on the way: importing does not execute it
        places = " → ".join(f"{path}:{line}" for path, _, line in cycle)
        what = f"these notes import each other: {places} → {cycle[0][0]}"
        for path, block_id, line in cycle:
            self.faults[path] = what
            self.block_faults[path, block_id] = "its import is part of a cycle"
            self._error(path, line, what, "move what both need into a third note")

    # --- blocks

    def _resolve_note(self, view: View) -> None:
        below_runs = False
        for index, block in enumerate(view.note.blocks):
            imports = list(self._imports_of(view.note.path, index))
            resolver = self._resolver(view, index, block.role)
            resolver.resolve(view.facts[index], imports)
            self._check_needs(view, index, resolver)
            self._check_raises(view, index)
            self._warn_of_unknown_notes(view.note.path, index)
            self._check_sources(view, index, resolver)
            key = view.key(index)
            if view.facts[index].names_device and not resolver.definers("device"):
                self.device.add(key)
            if block.role is Role.TEST and resolver.taints():
                self.taints.add(key)
            inside: Mapping[Key, str] = {}
            if below_runs and block.role in DEFINING:
                within = self._resolver(view, index, Role.RUN)
                within.resolve_inside(view.facts[index], imports)
                inside = within.found
            resolver.conclude(inside)
            below_runs = below_runs or block.role is Role.RUN

    def _resolver(self, view: View, index: int, role: Role) -> Resolver:
        return Resolver(self.views, self.modules, self.export, view, index, role)

    def _in_order(self, found: Mapping[Key, str]) -> dict[Key, str]:
        return {key: found[key] for key in sorted(found, key=self._place)}

    def _place(self, key: Key) -> tuple[bool, int, int]:
        path, id = key
        return (path in self.faults, self.rank[path], self.views[path].place[id])

    def _check_needs(self, view: View, index: int, resolver: Resolver) -> None:
        block = view.note.blocks[index]
        for id in block.options.needs:
            above = [j for j in range(index) if view.note.blocks[j].id == id]
            if above and view.note.blocks[above[0]].role is not Role.TEST:
                resolver.add(above[0], "`needs:` names it")
                continue
            other = view.note.block(id)
            if other is None:
                what, hint = f"needs `{id}`, but no block has this id", "correct the id"
            elif other.role is Role.TEST:
                what, hint = f"needs the test `{id}`", "name another block: tests feed nothing"
            else:
                what, hint = f"needs `{id}`, which stands below it", "move it above this block"
            self._fault(view, index, f"`{block.id}` {what}", hint)

    def _check_raises(self, view: View, index: int) -> None:
        """The option is the expectation of a block's statements: test functions state their own."""
        block = view.note.blocks[index]
        expected = block.options.raises
        if expected is None or block.role is not Role.TEST:
            return
        kinds = view.facts[index].kinds
        prefixes = {"def": "test", "class": "Test"}
        tests = [name for name, kind in kinds if name.startswith(prefixes.get(kind, "\0"))]
        if tests:
            what = f"`raises` has no effect on the tests of a block, such as `{tests[0]}`"
            hint = f"remove the line, and write `with pytest.raises({expected}):` in the test"
            self._fault(view, index, what, hint, line_of(block, "raises"))

    def _check_sources(self, view: View, index: int, resolver: Resolver) -> None:
        block = view.note.blocks[index]
        if block.role in DEFINING:
            for j, name in resolver.named.items():
                if view.note.blocks[j].role is Role.RUN:
                    other = view.note.blocks[j].id
                    what = f"the {block.role} `{block.id}` depends on the run block `{other}`"
                    what += f" (`{name}`)" if name else ""
                    hint = "move what it needs up: a note that imports it does not run that block"
                    self._fault(view, index, what, hint)
        own = view.facts[index].may_bind  # in a loop, say: it will be there when it is read
        for name in sorted(resolver.unknown - own - _BUILTINS):
            source = self._only_in_test(view, index, name)
            if source:
                what = f"`{block.id}` uses `{name}`, which only the test `{source}` defines"
                self._fault(view, index, what, "define it in another block: tests feed nothing")

    def _only_in_test(self, view: View, index: int, name: str) -> str | None:
        for j, block in enumerate(view.note.blocks):
            bound = view.facts[j].binds | view.facts[j].may_bind
            if name in bound and j != index:
                return block.id if block.role is Role.TEST else None
        return None

    def _fault(self, view: View, index: int, what: str, hint: str, line: int = 0) -> None:
        """A fault told at ``line``, at the block's first one if it is 0."""
        block = view.note.blocks[index]
        self.block_faults.setdefault(view.key(index), what)
        self._error(view.note.path, line or block.line, what, hint)

    def export(self, path: str, name: str) -> dict[Key, str]:
        """The blocks that ``from <note> import <name>`` rests on; all that define if no name."""
        view = self.views[path]
        if len(view.deps) < len(view.note.blocks):
            return {}  # a cycle, reported elsewhere
        if name not in view.exports:
            resolver = self._resolver(view, len(view.note.blocks), Role.COMPONENT)
            every = view.ambient(len(view.note.blocks), Role.COMPONENT)
            if name and resolver.definers(name):
                resolver.resolve(Facts(reads=frozenset([name])), ())
                for j in reversed(every):  # importing executes all of them
                    if view.facts[j].acts:
                        resolver.add(j, "importing the note shows what it does")
            else:
                for j in reversed(every):
                    resolver.add(j, "the note is imported whole")
            view.exports[name] = resolver.found
        return view.exports[name]

    def _nodes(self, path: str) -> Iterator[Node]:
        view = self.views[path]
        seen: set[str] = set()
        for index, block in enumerate(view.note.blocks):
            if block.id in seen:
                continue
            seen.add(block.id)
            key = view.key(index)
            every = self._in_order(view.inside[index])
            payloads = {k: self._payload(k) for k in (*every, key)}
            yield Node(
                note=path,
                block=block,
                seed=_seed(view.note, block),
                deps={k: reason for k, reason in every.items() if k in view.deps[index]},
                swayed={k: reason for k, reason in every.items() if k not in view.deps[index]},
                digest=digest([text for text, _ in payloads.values()]),
                parts={"#".join(k): part for k, (_, part) in payloads.items()},
                fault=block.fault or self.block_faults.get(key),
                taints=key in self.taints,
                names_device=key in self.device,
                packages=frozenset(i.module.partition(".")[0] for i in view.facts[index].imports),
            )

    def _payload(self, key: Key) -> tuple[str, str]:
        """What a digest takes from a block, and the digest of that alone."""
        if key not in self.payloads:
            path, id = key
            note = self.notes[path]
            block = note.blocks[self.views[path].place[id]]
            text = payload(note.module, block, _seed(note, block))
            self.payloads[key] = text, digest([text])
        return self.payloads[key]


def _seed(note: Note, block: Block) -> int:
    if block.options.seed is not None:
        return block.options.seed
    stated = note.properties.get("seed")
    return derive_seed(stated if isinstance(stated, int) else 0, block.id)


def _all_facts(note: Note) -> list[Facts]:
    found: list[Facts] = []
    imported: dict[str, str] = {}
    for block in note.blocks:
        known = tuple(sorted((n, p) for n, p in imported.items() if n in block.source))
        found.append(facts(block.source, known))
        if block.role is not Role.TEST:
            for name, _ in found[-1].kinds:
                imported.pop(name, None)
            imported.update(found[-1].modules)
            own = found[-1].binds | found[-1].may_bind
            imported.update((name, "") for name in own & BUILTINS)
    return found
