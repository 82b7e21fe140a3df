"""Which block depends on which, in one note and across notes, and the digests that follow.

A block depends on the blocks that bind the names it reads, on those that may have changed them
since, and on those that changed something global. Whatever the analysis cannot see counts as a
dependency on everything above. Names in function bodies are looked up when the function is called,
so they count where it is used.
"""

from __future__ import annotations

import builtins
from collections.abc import Collection, Iterable, Iterator, Mapping

from .codefacts import Facts
from .digest import derive_seed, digest, payload
from .importing import Importing
from .localcode import Read, names_by_text, nothing_beside, true_path
from .note import Block, Note, Problem, Role
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
    spared: frozenset[str] = frozenset()

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


def build(notes: Iterable[Note], read: Read = nothing_beside) -> Graph:
    """The graph of all tagged blocks of a vault. Never raises on what an author can write.

    ``read`` gives the Python files beside the notes that these import.
    """
    tagged = {note.path: note for note in sorted(notes, key=lambda n: n.path) if note.blocks}
    return _Builder(tagged, read).build()


class _Builder(Importing):
    def __init__(self, notes: Mapping[str, Note], read: Read) -> None:
        super().__init__(notes, read)
        self.device: set[Key] = set()
        self.taints: set[Key] = set()
        self.rank: dict[str, int] = {}
        self.payloads: dict[Key, tuple[str, str]] = {}

    def build(self) -> Graph:
        self.name_modules()
        self.view_all()
        self.rank = {path: i for i, path in enumerate(self.every)}
        every = self.order()
        for path in every:
            self._resolve_note(self.views[path])
        order = tuple(path for path in every if path in self.notes)
        by_note = {path: tuple(self._nodes(path)) for path in order}
        return Graph(
            self.notes,
            {node.key: node for found in by_note.values() for node in found},
            order,
            {path: frozenset(self.imported(path)) for path in self.notes},
            {path: tuple(sorted(found)) for path, found in self.problems.items()},
            self.faults,
            by_note,
            {module: path for module, path in self.modules.items() if path in self.notes},
        )

    # --- blocks

    def _resolve_note(self, view: View) -> None:
        below_runs = False
        for index, block in enumerate(view.note.blocks):
            imports = list(self.imports_of(view.note.path, index))
            resolver = self._resolver(view, index, block.role)
            resolver.resolve(view.facts[index], imports)
            self._check_needs(view, index, resolver)
            self._check_raises(view, index)
            self.warn_of_unknown_notes(view.note.path, index)
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
        self.error(view.note.path, line or block.line, what, hint)

    def export(self, path: str, name: str) -> dict[Key, str]:
        """The blocks that ``from <note> import <name>`` rests on; all that define if no name."""
        view = self.views[path]
        if len(view.deps) < len(view.note.blocks):  # a cycle, reported elsewhere
            return {} if path in self.faults else self._everything(path)
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

    def _everything(self, path: str) -> dict[Key, str]:
        """What a note or file executes that imports, through a file, what imports it."""
        every = sorted({path, *self.all_imported(path)})
        views = (self.views[other] for other in every)
        return {
            view.key(index): "files import each other"
            for view in views
            for index in view.ambient(len(view.facts), Role.COMPONENT)
        }

    def _nodes(self, path: str) -> Iterator[Node]:
        view, local = self.views[path], self.local_of(path)
        seen: set[str] = set()
        for index, block in enumerate(view.note.blocks):
            if block.id in seen:
                continue
            seen.add(block.id)
            key = view.key(index)
            found = every = self._in_order(view.inside[index])
            if len(self.every) > len(self.notes):
                every = {k: reason for k, reason in found.items() if k[0] in self.notes}
            files = {k[0] for k in found.keys() - every.keys()}
            payloads = {k: self._payload(k) for k in (*every, key)}
            yield Node(
                note=path,
                block=block,
                seed=_seed(view.note, block),
                deps={k: reason for k, reason in every.items() if k in view.deps[index]},
                swayed={k: reason for k, reason in every.items() if k not in view.deps[index]},
                digest=digest([text for text, _ in payloads.values()]),
                parts={"#".join(k): p for k, (_, p) in payloads.items()} | self._prints(files),
                fault=block.fault or self.block_faults.get(key),
                taints=key in self.taints,
                names_device=key in self.device,
                packages=frozenset(i.module.partition(".")[0] for i in view.facts[index].imports),
                spared=self._spared(local - files, (key, *found)),
            )

    def _prints(self, files: Iterable[str]) -> dict[str, str]:
        return {true_path(path): digest([self.every[path].text]) for path in sorted(files)}

    def _spared(self, files: Collection[str], keys: Iterable[Key]) -> frozenset[str]:
        """Those of ``files`` that cannot concern a block which rests on ``keys``."""
        if not files or names_by_text(self._source(key) for key in keys):
            return frozenset()
        return frozenset(map(true_path, files))

    def _source(self, key: Key) -> str:
        path, id = key
        return self.every[path].blocks[self.views[path].place[id]].source

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
