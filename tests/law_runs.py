"""The law of re-running on one sequence of edits: an incremental run beside a run of everything."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from law_vaults import Author, Written

from runner.graph import Graph
from runner.outcome import Outcome
from runner.pool import Pool
from runner.session import Session
from runner.vault import Vault
from runner.wish import Wish

EDITS = (1, 4)  # a sequence has so many at least, so many at most


@dataclass
class Tally:
    """What was tried so far."""

    sequences: int = 0
    edits: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Divergence:
    """The vault before and after the edit whose incremental run was wrong, and what it left."""

    seed: int
    step: int
    edit: str
    before: Written
    after: Written
    incremental: Mapping[str, bytes]
    clean: Mapping[str, bytes]

    def __str__(self) -> str:
        lines = [f"seed {self.seed}, after {self.step} edits, the last of them: {self.edit}"]
        for name in sorted(self.incremental.keys() | self.clean.keys()):
            ours, theirs = self.incremental.get(name), self.clean.get(name)
            if ours != theirs:
                lines += [f"{name}, - incremental, + clean:", *_difference(ours, theirs)]
        return "\n".join(lines)


def _difference(ours: bytes | None, theirs: bytes | None) -> list[str]:
    import difflib

    texts = [(data or b"").decode("utf-8", "replace").split("\n") for data in (ours, theirs)]
    return list(difflib.unified_diff(*texts, lineterm="", n=2))[2:]


class Court:
    """Runs vaults in workers that are kept open; ``tally`` counts. Close it."""

    def __init__(self, scratch: Path) -> None:
        self.tally = Tally()
        self._scratch = scratch
        self._pools: dict[bool, Pool] = {}
        self._count = 0

    def __enter__(self) -> Court:
        return self

    def __exit__(self, *exception: object) -> None:
        for pool in self._pools.values():
            pool.close()

    def _pool(self, torch: bool) -> Pool:
        if torch not in self._pools:
            modules = ("matplotlib.pyplot", "numpy", "pytest")
            self._pools[torch] = Pool(
                sys.executable, preload=("torch", *modules) if torch else modules
            )
        return self._pools[torch]

    def try_sequence(self, seed: int) -> Divergence | None:
        """Write a vault and edit it; the first edit whose incremental run is wrong."""
        author = Author(seed)
        edits = author.rng.randint(*EDITS)
        self.tally.sequences += 1
        before = author.vault
        with self._folder() as folder:
            before.save(_made(folder / "vault"))
            _count(self._run(folder / "vault", folder / "cache", author.needs_torch), self.tally)
            for step in range(1, edits + 1):
                kind = author.edit()
                self.tally.edits[kind] += 1
                wrong = self._compare(folder, step, author.vault, author.needs_torch, self.tally)
                if wrong:
                    return Divergence(seed, step, kind, before, author.vault, *wrong)
                before = author.vault
        return None

    def diverges(self, vaults: list[Written], torch: bool) -> bool:
        """Whether the last of these vaults, run after the others, is wrong."""
        with self._folder() as folder:
            for vault in vaults[:-1]:
                vault.save(_made(folder / "vault"))
                self._run(folder / "vault", folder / "cache", torch)
            return self._compare(folder, len(vaults), vaults[-1], torch) is not None

    def _compare(
        self, folder: Path, step: int, vault: Written, torch: bool, tally: Tally | None = None
    ) -> tuple[dict[str, bytes], dict[str, bytes]] | None:
        """What the incremental and the clean run left, if that differs.

        The clean one starts where the incremental one did: on the same notes with what they show,
        the same files, those that blocks wrote included, and in a folder of the same name.
        """
        ours, aside, start = (_made(folder / name) for name in ("vault", "aside", "start"))
        vault.save(ours)
        shutil.copytree(ours, start, dirs_exist_ok=True)
        outcome = self._run(ours, folder / "cache", torch)
        if tally is not None:
            _count(outcome, tally)
        incremental = _left(ours)
        aside.rmdir()
        ours.rename(aside)
        start.rename(ours)
        self._run(ours, folder / f"cache{step}", torch)
        clean = _left(ours)
        shutil.rmtree(ours)
        aside.rename(ours)
        return None if incremental == clean else (incremental, clean)

    def _run(self, vault: Path, cache: Path, torch: bool) -> Outcome:
        os.environ["RUNNER_CACHE"] = str(cache)
        session = Session(Vault(vault, trusted=True))
        try:
            return self._update(session, Wish(workers=1), torch)
        finally:
            session.close()

    def _update(self, session: Session, wish: Wish, torch: bool) -> Outcome:
        """``Session.update`` with workers that stay."""
        graph: Graph = session.graph()
        scope = session.scope([""])
        outcome = Outcome(graph, scope, session.plan(graph, wish, scope))
        session.execute(outcome, wish, lambda _: None, lambda _: None, pool=self._pool(torch))
        writer = session.writer(graph)
        for path in scope:
            if path in graph.notes:
                session.write(outcome, path, writer)
        return outcome

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        self._count += 1
        folder = self._scratch / str(self._count)
        folder.mkdir(parents=True)
        os.environ["RUNNER_STATE"] = str(folder / "state")
        yield folder
        shutil.rmtree(folder, ignore_errors=True)


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def _left(folder: Path) -> dict[str, bytes]:
    """The notes, and the figures that they embed."""
    left = {path.name: path.read_bytes() for path in folder.glob("*.md")}
    shown = {name for text in left.values() for name in re.findall(rb"!\[\[(.+?)\]\]", text)}
    for name in map(bytes.decode, shown):
        left[name] = (folder / name).read_bytes() if (folder / name).exists() else b"is missing"
    return left


def _count(outcome: Outcome, tally: Tally) -> None:
    for plan in outcome.plans.values():
        for key, decision in plan.decisions.items():
            tally.actions[decision.action] += 1
            result = outcome.result(outcome.graph.nodes[key])
            tally.statuses[result.status if result else "fault"] += 1


# --- a smaller divergence ----------------------------------------------------------------------


def minimise(court: Court, found: Divergence, torch: bool) -> list[Written] | None:
    """The two vaults of a divergence without what it does not need; None if it needs more."""
    vaults = [found.before, found.after]
    if not court.diverges(vaults, torch):
        return None
    smaller = True
    while smaller:
        smaller = False
        for candidate in _reduced(vaults):
            if court.diverges(candidate, torch):
                vaults, smaller = candidate, True
                break
    return vaults


def _reduced(vaults: list[Written]) -> Iterator[list[Written]]:
    """The same vaults without one block, or without one line of a block."""
    ids = [(name, b.id) for vault in vaults for name, blocks in vault.notes.items() for b in blocks]
    for name, id in dict.fromkeys(ids):
        yield [_without(vault, name, id) for vault in vaults]
    lines = {
        (name, block.id, line)
        for vault in vaults
        for name, blocks in vault.notes.items()
        for block in blocks
        for line in block.source.split("\n")
        if "\n" in block.source
    }
    for name, id, line in sorted(lines):
        yield [_without(vault, name, id, line) for vault in vaults]


def _without(vault: Written, name: str, id: str, line: str | None = None) -> Written:
    if name not in vault.notes:
        return vault
    blocks = []
    for block in vault.notes[name]:
        if block.id != id:
            blocks.append(block)
        elif line is not None:
            kept = [text for text in block.source.split("\n") if text != line]
            blocks.append(replace(block, source="\n".join(kept) or "pass"))
    return replace(vault, notes={**vault.notes, name: tuple(blocks)})
