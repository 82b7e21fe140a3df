"""The notes of one pytest session: trusted, opened, collected, and updated afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from pathlib import Path

import pytest

from .environment import worker_environment
from .graph import Graph
from .library import Library
from .note import Note, Problem, Role, Severity
from .plan import Action, Decision, Request, plan, timeout_of
from .pytest_blocks import TestBlock
from .pytest_items import FailedBlock, FaultyText, NoteFile, SkippedBlock, Untrusted
from .pytest_modules import Folders, Loaded, Modules
from .pytest_trust import trusts, why_refused
from .resolve import Key
from .rewritten import RewrittenCode
from .testing import REWRITTEN, BlockModule, BlockPlugin
from .userdirs import cache_folder
from .variables import Curtain
from .vault import Vault, find_root, is_note
from .wish import Wish
from .workers import threads

Collected = tuple[str, list[str]]  # root of the vault, root-relative paths of notes


class Notes:
    """All notes of a pytest run; they belong to one vault, since ``vault`` is one package."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._opened: _Opened | None = None
        self._trusted: dict[Path, bool] = {}

    def collector(self, file: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """The collector of a note with something to say; None for any other file."""
        root = find_root(file)
        path = Vault(root).relative(file)
        if not is_note(path) or any(part.startswith(".") for part in path.split("/")):
            return None
        note = Vault(root).note(path)
        if note is None or not (note.blocks or _errors(note.problems)):
            return None
        if root not in self._trusted:
            self._trusted[root] = trusts(self._config, root)
        if not self._trusted[root]:
            return Untrusted.of(parent, file, why_refused(root))
        return NoteFile.of(parent, file, lambda node: self._open(root).contents(node, path))

    def _open(self, root: Path) -> _Opened:
        if self._opened is None:
            self._opened = _Opened(root, self._config)
        elif self._opened.root != root:
            raise pytest.Collector.CollectError(
                f"{root} and {self._opened.root} are different vaults: run pytest once for each"
            )
        return self._opened

    def block(self, item: pytest.Item) -> TestBlock | None:
        """The test block that an item belongs to; None for all that is not ours."""
        module = item.getparent(BlockModule)
        if module is None or self._opened is None:
            return None
        return self._opened.blocks.get(module.nodeid)

    def place(self, item: pytest.Item) -> AbstractContextManager[None]:
        """The surroundings that the item's block expects."""
        block = self.block(item)
        return nullcontext() if block is None else block.place()

    @property
    def collected(self) -> Collected | None:
        """What was executed in this process."""
        if self._opened is None:
            return None
        return str(self._opened.root), sorted(self._opened.collected)


class _Opened:
    """A trusted vault: its notes are modules of this process."""

    def __init__(self, root: Path, config: pytest.Config) -> None:
        self.root = root
        self.blocks: dict[str, TestBlock] = {}  # by node id
        self.collected: set[str] = set()
        self.folders = Folders(root)
        self._slow = bool(config.option.slow)
        self._library = Library(Vault(root, trusted=True), config.option.device)
        curtain = Curtain(worker_environment(threads()))
        self.modules = Modules(self._library.code, self._library.device, self._limit, curtain)
        self._library.lend_checkpoints()
        self.modules.install()
        config.stash[REWRITTEN] = RewrittenCode(cache_folder() / "rewritten")
        config.pluginmanager.register(self.modules, "runner-modules")
        config.pluginmanager.register(BlockPlugin(self._library.device), "runner-blocks")

    @property
    def graph(self) -> Graph:
        return self._library.graph

    @cached_property
    def _request(self) -> Request:
        return Request(
            scope=self.graph.notes.keys(),
            device=self._library.device,
            devices=self._library.devices,
            slow=self._slow,
            timeout=self._library.vault.settings.timeout,
        )

    @cached_property
    def _decisions(self) -> Mapping[Key, Decision]:
        """What ``run`` would decide if nothing was known: the same blocks are refused."""
        return plan(self.graph, {}, self._request).decisions

    def _limit(self, module: str, id: str) -> float:
        path = next(path for path, note in self.graph.notes.items() if note.module == module)
        return timeout_of(self.graph, self.graph.nodes[path, id], self._request)

    def contents(self, file: NoteFile, path: str) -> Iterator[pytest.Item | pytest.Collector]:
        """What a note contributes: its faults, its failing blocks, and its test blocks."""
        note = self._library.vault.note(path)
        problems = set(note.problems) if note else set()
        for problem in _errors(problems.union(self.graph.problems.get(path, ()))):
            yield FaultyText.of(file, problem)
        if path in self.graph.notes:
            self.collected.add(path)
            yield from self._blocks(file, self.graph.notes[path])

    def _blocks(self, file: NoteFile, note: Note) -> Iterator[pytest.Item | pytest.Collector]:
        tests = [
            node
            for node in self.graph.of_note(note.path)
            if node.block.role is Role.TEST and node.fault is None
        ]
        wanted = [node for node in tests if self._decisions[node.key].action is not Action.SKIP]
        loaded = self._load(file, note) if wanted else None
        for id, error in loaded.failures.items() if loaded else ():
            yield FailedBlock.of(file, id, error)
        for node in tests:
            id = node.block.id
            if loaded is None or node not in wanted:
                yield SkippedBlock.of(file, id, self._decisions[node.key].because)
                continue
            code = self._library.code(note.module)
            assert code is not None
            limit = timeout_of(self.graph, node, self._request)
            block = TestBlock(self, file, code, node, limit)
            self.blocks[f"{file.nodeid}::{id}"] = block
            yield block.collector(file, loaded)

    def _load(self, file: NoteFile, note: Note) -> Loaded:
        code = self._library.code(note.module)
        assert code is not None
        nodes = self.graph.of_note(note.path)
        reached = self.graph.reachable(note.path) - {note.path}
        imported = [self.graph.notes[p].module for p in self.graph.order if p in reached]
        with self.folders.inside(file.path.parent):
            return self.modules.load(code, nodes, imported)


def update(config: pytest.Config, collected: Iterable[Collected]) -> str:
    """Bring the collected notes up to date, as ``run`` would; returns what to tell of it."""
    from .claims import running
    from .session import Session

    changed = total = 0
    for root, paths in sorted(collected):
        session = Session(Vault(Path(root), trusted=True))
        try:
            wish = Wish(device=config.option.device, slow=config.option.slow)
            with running(Path(root)):
                report = session.run(paths, wish, lambda _: None)
        finally:
            session.close()
        changed += sum(note.changed for note in report.notes)
        total += len(report.notes)
    return f"notes updated: {changed} of {total} changed"


def _errors(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(p for p in problems if p.severity is Severity.ERROR)
