"""The one pipeline: read, plan, run, render, write. Every door calls it; run state lives here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from .cache import Results
from .devices import available, choose
from .findings import dead_links, unknown_quotes
from .graph import Graph, build
from .keeping import Keeper, known
from .outcome import Outcome, shown_statuses
from .plan import Action, Plan, Request, plan
from .report import NoteReport, Report
from .result import Place
from .trace import matrix, rows
from .vault import Vault, VaultError, is_note
from .wish import Wish
from .workers import threads
from .world import World
from .writing import Writer, Written

if TYPE_CHECKING:
    from .execution import Progress
    from .pool import Pool


class Session:
    """One vault, opened to be checked or run. Close it to give its store back."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.world = World(vault.settings.python)
        self.store = Results(vault.root)
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
        for path in wanted:
            self._refuse_hidden(path)
        return sorted(
            path
            for path, _ in self.vault.files()
            if is_note(path) and any(not w or path == w or path.startswith(f"{w}/") for w in wanted)
        )

    def _refuse_hidden(self, path: str) -> None:
        """A file that was named is not passed over in silence."""
        if any(part.startswith(".") for part in path.split("/")):
            why = "it lies in a folder that begins with a dot, or does so itself"
        elif not (self.vault.root / path).is_file():
            return
        elif not is_note(path):
            why = "it is no note, or a sync tool's conflict copy"
        elif all(path != found for found, _ in self.vault.files()):
            why = "it is excluded, by `exclude` in .runner.toml or by its folder's name"
        else:
            return
        raise VaultError(f"{path} cannot be run or checked: {why}")

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
                known(self.store, self.world, graph, scope, device),
                self.request(wish, scope, device, first=index == 0),
            )
            for index, device in enumerate(self.devices(wish))
        }

    # --- checking

    def check(self, scope: Collection[str], wish: Wish) -> Report:
        """What ``run`` would do and what the notes show, from their text; executes nothing."""
        graph = self.graph()
        outcome = Outcome(graph, scope, self.plan(graph, wish, scope))
        files = [path for path, _ in self.vault.files()]
        notes = []
        for path in scope:
            note = self.vault.note(path) or self.vault.untagged(path)
            if note is not None:
                found = (*dead_links(self.vault, note, files), *unknown_quotes(note))
                notes.append(outcome.report(note, found, checked=True))
        return self._report(outcome, notes)

    # --- running

    def run(self, scope: Collection[str], wish: Wish, listen: Callable[[Progress], None]) -> Report:
        """``update``, and what came of it."""
        return self.report(self.update(scope, wish, listen))

    def update(
        self,
        scope: Collection[str],
        wish: Wish,
        listen: Callable[[Progress], None],
        early: Pool | None = None,
    ) -> Outcome:
        """Run what is stale in ``scope`` and write the results; Ctrl-C ends it early, cleanly.

        ``early`` is a pool without shared imports that was started meanwhile; it serves where
        nothing is to be shared.
        """
        self.vault.app_settings()  # a broken one is told before anything runs
        graph = self.graph()
        outcome = Outcome(graph, scope, self.plan(graph, wish, scope))
        writer = self.writer(graph)
        left = [path for path in scope if path in graph.notes] if wish.write else []

        def write(path: str) -> None:
            if path in left:
                left.remove(path)
                self.write(outcome, path, writer)

        pool = early if early is not None and not _shared_imports(outcome) else None
        self.execute(outcome, wish, listen, write, pool=pool)
        for path in list(left):
            write(path)
        if wish.write:
            self.fill_matrices(outcome, writer)
        return outcome

    def execute(
        self,
        outcome: Outcome,
        wish: Wish,
        listen: Callable[[Progress], None],
        finished: Callable[[str], None],
        meanwhile: Callable[[], Collection[str]] = tuple,
        pool: Pool | None = None,
    ) -> None:
        """Carry the plans out; ``finished`` hears of each note when all its blocks are done.

        ``meanwhile`` is called a few times a second; the notes that it names are stopped, and
        what they have not done stays unknown. A ``pool`` that is given is used and left open,
        else one is made for this run.
        """
        lanes = sum(len(decided.lanes) for decided in outcome.plans.values())
        if lanes == 0:
            return
        from .execution import Execution

        running = (
            key
            for decided in outcome.plans.values()
            for key, decision in decided.decisions.items()
            if decision.action is Action.RUN
        )
        keeper = Keeper(self.store, self.world, self.vault.root, outcome.graph, running)
        with ExitStack() as stack:
            if pool is None:
                pool = stack.enter_context(self.pool(wish, _shared_imports(outcome), lanes))
            try:
                for device, decided in outcome.plans.items():
                    execution = Execution(
                        outcome.graph,
                        decided,
                        self.vault.root,
                        pool,
                        threads=threads(),
                        figures=self.vault.settings.figures,
                        listen=listen,
                        meanwhile=meanwhile,
                    )
                    outcome.results[device] = execution.results
                    stack.callback(keeper.keep_rest, device, execution.results)
                    last = device == list(outcome.plans)[-1]
                    for path in execution.finished_notes():
                        keeper.keep(path, device, execution.results)
                        if last:
                            finished(path)
            except KeyboardInterrupt:
                outcome.interrupted = True

    def pool(self, wish: Wish, preload: tuple[str, ...], lanes: int | None = None) -> Pool:
        """Workers for one run, or for a watch's life; no more than ``lanes``."""
        from .workers import open_pool

        return open_pool(self.vault.settings, wish, preload, lanes)

    def preload(self, graph: Graph) -> tuple[str, ...]:
        """What workers should have ready for any block of the vault."""
        from .execution import heavy_imports

        return heavy_imports(graph.nodes.values())

    # --- writing

    def writer(self, graph: Graph, longest: int | None = None) -> Writer:
        """A writer for one run; ``longest``: by how many characters one write may change a
        note's length."""
        return Writer(self.vault, self.store, partial(self._locate, graph), longest)

    def write(self, outcome: Outcome, path: str, writer: Writer) -> bool:
        """Write what is known of a note's blocks; True if there is more to write of it."""
        note = outcome.graph.notes[path]
        written = writer.write(note, outcome.shown(path), outcome.properties(path))
        return self._wrote(outcome, path, written)

    def _wrote(self, outcome: Outcome, path: str, written: Written) -> bool:
        if written.changed:
            outcome.changed.add(path)
        outcome.problems[path] = (*outcome.problems.get(path, ()), *written.problems)
        return written.more

    def _locate(self, graph: Graph, place: Place) -> str:
        """The line of another note, as it stands on disk now."""
        for path, planned in graph.notes.items():
            if planned.module == place.module:
                block = (self.vault.note(path) or planned).block(place.block)
                name = path.rpartition("/")[2]
                return f"{name}:{block.code_line + place.line - 1}" if block else name
        return place.module

    def fill_matrices(self, outcome: Outcome, writer: Writer) -> bool:
        """Bring the matrices of the notes in scope up to date; True if there is more to write."""
        notes = self.vault.notes()
        targets = [notes[path] for path in outcome.scope if path in notes and notes[path].matrices]
        if not targets:
            return False
        graph = build(notes.values())
        statuses = shown_statuses(graph)
        more = False
        for target in targets:
            folder = target.path.rpartition("/")[0]
            every = [
                note
                for path in self.scope([folder])
                if (note := notes.get(path) or self.vault.citing(path))
            ]
            table = matrix(rows(every, graph), statuses, target.path)
            more |= self._wrote(outcome, target.path, writer.write(target, {}, {}, table))
        return more

    # --- reporting

    def report(self, outcome: Outcome) -> Report:
        """What a run found and wrote, with the notes as they stand now."""
        notes = [note for path in outcome.scope if (note := self.vault.note(path))]
        return self._report(
            outcome,
            [outcome.report(note, unknown_quotes(note), checked=False) for note in notes],
        )

    def _report(self, outcome: Outcome, notes: Iterable[NoteReport]) -> Report:
        telling = tuple(note for note in notes if note.blocks or note.problems or note.changed)
        return Report(str(self.vault.root), outcome.device, telling, outcome.interrupted)


def _shared_imports(outcome: Outcome) -> tuple[str, ...]:
    from .execution import shared_imports

    return shared_imports(outcome)
