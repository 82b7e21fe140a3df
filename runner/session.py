"""The one pipeline: read, plan, run, render, write. Every door calls it; run state lives here."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial

from . import cache
from .devices import available, choose
from .execution import Execution, Progress
from .findings import dead_links, unknown_quotes
from .graph import Graph, Node, build
from .note import Note, Role
from .plan import Action, Decision, Plan, Request, Stored, plan
from .pool import Pool
from .render import Shown, linked_files
from .report import BlockReport, NoteReport, Report
from .resolve import DEFINING, Key
from .result import Place, Result, Status
from .trace import matrix, rows
from .vault import Vault, is_note
from .world import World
from .writing import Writer, Written

# Libraries that a worker may import before it knows what to do: importing them runs no code of
# the vault and starts no threads.
_PRELOADED = {
    "torch": "torch",
    "numpy": "numpy",
    "matplotlib": "matplotlib.pyplot",
    "pandas": "pandas",
    "scipy": "scipy",
    "sklearn": "sklearn",
    "transformers": "transformers",
    "IPython": "IPython",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for on the command line; ``timeout`` in seconds."""

    device: str = ""
    force: bool = False
    slow: bool = False
    write: bool = True
    select: str = ""
    workers: int | None = None
    timeout: float | None = None


@dataclass
class Outcome:
    """What one run knows so far; the only mutable state of a run."""

    plans: dict[str, Plan] = field(default_factory=dict)  # device -> plan
    results: dict[str, dict[Key, Result]] = field(default_factory=dict)  # device -> results
    written: dict[str, Written] = field(default_factory=dict)
    interrupted: bool = False


class Session:
    """One vault, opened to be checked or run. Close it to give its store back."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.world = World(vault.settings.python)
        self.store = cache.Results(vault.root)
        self._devices = available()

    def close(self) -> None:
        self.store.close()

    # --- reading

    def graph(self) -> Graph:
        """All tagged notes of the vault, as they are now."""
        return build(self.vault.notes().values())

    def scope(self, paths: Iterable[str]) -> list[str]:
        """The notes under root-relative ``paths`` ("" is the whole vault)."""
        wanted = list(paths)
        if "" in wanted:
            return [path for path, _ in self.vault.files() if is_note(path)]
        return [
            path
            for path, _ in self.vault.files()
            if is_note(path) and any(path == w or path.startswith(f"{w}/") for w in wanted)
        ]

    def devices(self, wish: Wish) -> tuple[str, ...]:
        """The devices to run on, the first one for all blocks. Raises ``DeviceError``."""
        return choose(wish.device or self.vault.settings.device or "auto", self._devices)

    def request(self, wish: Wish, scope: Collection[str], device: str, first: bool) -> Request:
        return Request(
            scope=frozenset(scope),
            device=device,
            devices=self._devices,
            force=wish.force,
            slow=wish.slow,
            select=wish.select,
            timeout=wish.timeout or self.vault.settings.timeout,
            tests_only=not first,
        )

    def plan(self, graph: Graph, wish: Wish, scope: Collection[str]) -> dict[str, Plan]:
        """One plan a device, in the order asked for."""
        return {
            device: plan(
                graph,
                self._stored(graph, scope, device),
                self.request(wish, scope, device, first=index == 0),
            )
            for index, device in enumerate(self.devices(wish))
        }

    def _stored(self, graph: Graph, scope: Collection[str], device: str) -> dict[Key, Stored]:
        found: dict[Key, Stored] = {}
        for path in scope:
            if path not in graph.notes:
                continue
            for key, kept in self.store.get_note(path).items():
                node = graph.nodes.get((path, key.block))
                if node is None or not self._is_for(key.devices, node, device):
                    continue
                current = kept.digest == node.digest
                outdated = self.world.outdated(kept.result.evidence) if current else ""
                found[node.key] = Stored(kept.digest, kept.parts, kept.result, outdated)
        return found

    def _is_for(self, stored: str, node: Node, device: str) -> bool:
        return stored == device or (stored in node.block.options.device and device not in stored)

    # --- checking

    def check(self, scope: Collection[str], wish: Wish) -> Report:
        """What ``run`` would do and what the notes show, from their text; executes nothing."""
        graph = self.graph()
        plans = self.plan(graph, wish, scope)
        files = [path for path, _ in self.vault.files()]
        notes = []
        for path in scope:
            note = self.vault.note(path) or self.vault.untagged(path)
            if note is None:
                continue
            found = (*dead_links(self.vault, note, files), *unknown_quotes(note))
            report = self._note_report(graph, note, plans, {}, Written(False, found))
            if report.blocks or report.problems:
                notes.append(report)
        return Report(str(self.vault.root), ",".join(plans), tuple(notes))

    # --- running

    def run(self, scope: Collection[str], wish: Wish, listen: Callable[[Progress], None]) -> Report:
        """Run what is stale in ``scope`` and write the results; Ctrl-C ends it early, cleanly."""
        graph = self.graph()
        outcome = Outcome(plans=self.plan(graph, wish, scope))
        writer = Writer(self.vault, self.store, partial(self._locate, graph))
        if any(decided.lanes for decided in outcome.plans.values()):
            with closing(self._pool(graph, outcome.plans, wish)) as pool:
                try:
                    self._execute(graph, outcome, pool, wish, writer, listen)
                except KeyboardInterrupt:
                    outcome.interrupted = True
        for path in scope:
            if path not in outcome.written:
                self._finish_note(graph, path, outcome, wish, writer)
        if wish.write:
            self._fill_matrices(scope, outcome, writer)
        return self._report(graph, scope, outcome)

    def _pool(self, graph: Graph, plans: Mapping[str, Plan], wish: Wish) -> Pool:
        settings = self.vault.settings
        lanes = sum(len(decided.lanes) for decided in plans.values())
        workers = wish.workers or settings.workers or _usual_workers()
        return Pool(
            python=self.world.python,
            launcher=settings.launcher,
            workers=max(1, min(workers, lanes)),
            preload=_preload(graph, plans),
            threads=_threads(),
        )

    def _execute(
        self,
        graph: Graph,
        outcome: Outcome,
        pool: Pool,
        wish: Wish,
        writer: Writer,
        listen: Callable[[Progress], None],
    ) -> None:
        for device, decided in outcome.plans.items():
            execution = Execution(
                graph,
                decided,
                self.vault.root,
                pool,
                threads=_threads(),
                figures=self.vault.settings.figures,
                listen=listen,
            )
            outcome.results[device] = execution.results
            last = device == list(outcome.plans)[-1]
            for path in execution.finished_notes():
                self._keep(graph, path, device, execution.results)
                if last:
                    self._finish_note(graph, path, outcome, wish, writer)

    def _keep(self, graph: Graph, path: str, device: str, results: Mapping[Key, Result]) -> None:
        """Store what a note's blocks found, with what it rests on."""
        kept = []
        for node in graph.of_note(path):
            result = results.get(node.key)
            if result is None:
                continue
            options = node.block.options
            evidence = self.world.declared(
                result.evidence, (self.vault.root / path).parent, options.data, options.env
            )
            key = cache.Key(path, node.block.id, result.device or device)
            found = replace(result, evidence=evidence)
            kept.append((key, cache.Stored(node.digest, found, node.parts, time.time())))
        self.store.put_many(kept)

    def _finish_note(
        self, graph: Graph, path: str, outcome: Outcome, wish: Wish, writer: Writer
    ) -> None:
        note = graph.notes.get(path)
        if note is None or not wish.write:
            return
        shown = self._shown(graph, path, outcome)
        outcome.written[path] = writer.write(note, shown, _properties(graph, note, shown))

    def _shown(self, graph: Graph, path: str, outcome: Outcome) -> dict[str, Shown]:
        found = {}
        for node in graph.of_note(path):
            result = _merged(node, outcome)
            if result is not None and node.fault is None:
                found[node.block.id] = Shown(node.digest, result)
        return found

    def _locate(self, graph: Graph, place: Place) -> str:
        """The line of another note, as it stands on disk now."""
        for path, planned in graph.notes.items():
            if planned.module == place.module:
                block = (self.vault.note(path) or planned).block(place.block)
                name = path.rpartition("/")[2]
                return f"{name}:{block.code_line + place.line - 1}" if block else name
        return place.module

    def _fill_matrices(self, scope: Collection[str], outcome: Outcome, writer: Writer) -> None:
        notes = self.vault.notes()
        targets = [notes[path] for path in scope if path in notes and notes[path].matrices]
        if not targets:
            return
        graph = build(notes.values())
        statuses = _shown_statuses(graph)
        for target in targets:
            folder = target.path.rpartition("/")[0]
            every = [
                note
                for path, _ in self.vault.files()
                if is_note(path)
                and path.startswith(f"{folder}/" if folder else "")
                and (note := notes.get(path) or self.vault.untagged(path))
            ]
            table = matrix(rows(every, graph), statuses, target.path)
            before = outcome.written.get(target.path, Written(False))
            after = writer.write(target, {}, {}, table)
            outcome.written[target.path] = Written(
                before.changed or after.changed, (*before.problems, *after.problems)
            )

    # --- reporting

    def _report(self, graph: Graph, scope: Collection[str], outcome: Outcome) -> Report:
        notes = []
        for path in scope:
            note = self.vault.note(path)
            if note is None:
                continue
            written = outcome.written.get(path, Written(False))
            extra = replace(written, problems=(*written.problems, *unknown_quotes(note)))
            report = self._note_report(graph, note, outcome.plans, outcome.results, extra)
            if report.blocks or report.problems or report.changed:
                notes.append(report)
        return Report(
            str(self.vault.root), ",".join(outcome.plans), tuple(notes), outcome.interrupted
        )

    def _note_report(
        self,
        graph: Graph,
        note: Note,
        plans: Mapping[str, Plan],
        results: Mapping[str, Mapping[Key, Result]],
        written: Written,
    ) -> NoteReport:
        problems = {*note.problems, *graph.problems.get(note.path, ()), *written.problems}
        outcome = Outcome(dict(plans), {device: dict(found) for device, found in results.items()})
        blocks = [
            self._block_report(graph.nodes[note.path, block.id], note, outcome, ran=bool(results))
            for block in note.blocks
            if (note.path, block.id) in graph.nodes
        ]
        return NoteReport(note.path, written.changed, tuple(sorted(problems)), tuple(blocks))

    def _block_report(self, node: Node, note: Note, outcome: Outcome, *, ran: bool) -> BlockReport:
        decision = next(iter(outcome.plans.values())).decisions.get(node.key)
        decision = decision or Decision(Action.SKIP, node.fault or "not in scope")
        block = note.block(node.block.id) or node.block
        region = note.region(block.id)
        result = _merged(node, outcome) if ran or decision.action is Action.REUSE else None
        shown = Status(region.status) if region and region.status in set(Status) else None
        status = result.status if result and ran else shown
        return BlockReport(
            id=block.id,
            role=block.role.value,
            line=block.line,
            action=decision.action.value,
            because=decision.because,
            status=status,
            seconds=result.seconds if result else 0.0,
            reason=result.reason if result and ran else "",
            device=(result.device if result else "") or decision.device,
            tests=result.tests if result else (),
            figures=tuple(sorted(linked_files(note, block.id))),
            digest=node.digest,
            stale=is_stale(node, note),
        )


def is_stale(node: Node, note: Note) -> bool:
    """Whether the note shows something else than the text of the block asks for."""
    if node.fault:
        return False
    region = note.region(node.block.id)
    if region is None:
        return node.block.role not in DEFINING
    return region.digest != node.digest


def _merged(node: Node, outcome: Outcome) -> Result | None:
    """What a block shows after the runs on all devices; None if nothing is known."""
    found = []
    for device, decided in outcome.plans.items():
        decision = decided.decisions.get(node.key)
        result = outcome.results.get(device, {}).get(node.key)
        if result is None and decision is not None and decision.action is not Action.RUN:
            result = decision.result
        if result is not None:
            found.append(result)
    if not found:
        return None
    first, *others = found
    for other in others:
        order = list(Status)
        worst = max(first.status, other.status, key=order.index)
        first = replace(
            first if first.status is worst else other,
            tests=(*first.tests, *other.tests),
            seconds=first.seconds + other.seconds,
            device=f"{first.device},{other.device}",
        )
    return first


def _properties(graph: Graph, note: Note, shown: Mapping[str, Shown]) -> dict[str, str]:
    """The values of the ``runner_*`` properties."""
    nodes = graph.of_note(note.path)
    results = [shown[node.block.id].result for node in nodes if node.block.id in shown]
    tests = [test for result in results for test in result.tests]
    passed = sum(test.status in ("passed", "xfailed") for test in tests)
    broken = (Status.FAILED, Status.TIMEOUT, Status.CRASHED)
    if any(result.status in broken for result in results):
        status = "failed"
    else:
        status = "ok" if len(results) == len(nodes) else "stale"
    return {"runner_status": status, "runner_tests": f"{passed}/{len(tests)}"}


def _shown_statuses(graph: Graph) -> dict[Key, Status | None]:
    """What the notes show of every block; None where that is stale."""
    statuses: dict[Key, Status | None] = {}
    for key, node in graph.nodes.items():
        note = graph.notes[node.note]
        region = note.region(node.block.id)
        if region is None:
            statuses[key] = Status.OK if node.block.role in DEFINING else None
        else:
            known = region.status in set(Status) and region.digest == node.digest
            statuses[key] = Status(region.status) if known else None
    return statuses


def _usual_workers() -> int:
    cores = os.cpu_count() or 1
    return cores if cores <= 2 else min(4, cores // 2)


def _threads() -> int:
    """Torch's threads in every worker: the same whatever runs beside, since sums depend on it."""
    return max(1, (os.cpu_count() or 1) // _usual_workers())


def _preload(graph: Graph, plans: Mapping[str, Plan]) -> tuple[str, ...]:
    """Modules that the lanes will import, for the workers to have ready."""
    notes = {p for d in plans.values() for lane in d.lanes for p in graph.reachable(lane.note)}
    nodes = [node for path in notes for node in graph.of_note(path)]
    wanted = {_PRELOADED[name] for node in nodes for name in node.packages if name in _PRELOADED}
    if any(node.names_device for node in nodes):
        wanted.add("torch")
    if any(node.block.role is Role.TEST for node in nodes):
        wanted.add("pytest")
    return tuple(sorted(wanted))
