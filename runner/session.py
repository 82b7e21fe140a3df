"""The one pipeline: read, plan, run, render, write. Every door calls it; run state lives here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import ExitStack
from functools import cache, partial

from .beside import Beside
from .cache import Results
from .graph import Graph, build
from .keeping import Keeper
from .note import Note
from .outcome import Outcome, shown_statuses
from .plan import Action, Plan, Request
from .planning import Planner
from .resolve import Key
from .result import Place
from .settings import Settings, differing
from .settling import Settling
from .vault import Vault, VaultError, is_note
from .wish import Wish
from .world import World

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .execution import Progress
    from .keeping import Shelf
    from .neighbours import Neighbours
    from .pages import Papers
    from .pool import Pool
    from .quoted import Checker
    from .report import NoteReport, Report
    from .runs import Run
    from .verdict import Profile
    from .workers import Conditions
    from .writing import Writer, Written

_PATIENCE = 0.2  # seconds


class Session:
    """One vault, opened to be checked or run. Close it to give its store back."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.beside = Beside(vault.root)
        self.world = World(vault.settings.python, vault.settings.launcher, vault.settings.figures)
        self.store = Results(vault.root)
        self.planner = Planner(vault.settings, self.world, self.store)
        self._papers: Papers | None = None

    def obey(self, settings: Settings) -> None:
        """Plan and run by other settings from now on."""
        before, self.vault.settings = self.vault.settings, settings
        if {"python", "launcher", "figures"} & differing(before, settings):
            self.world = World(settings.python, settings.launcher, settings.figures)
        self.planner = Planner(settings, self.world, self.store)

    def close(self) -> None:
        self.store.close()
        if self._papers is not None:
            self._papers.close()

    # --- reading

    def graph(self) -> Graph:
        """All tagged notes of the vault, as they are now."""
        return build(self.vault.notes().values(), self.beside.read)

    def scope(self, paths: Iterable[str]) -> list[str]:
        """The notes under root-relative ``paths`` ("" is the whole vault)."""
        wanted = list(paths)
        for path in wanted:
            self.refuse_hidden(path)
        return sorted(
            path
            for path, _ in self.vault.files()
            if is_note(path) and any(not w or path == w or path.startswith(f"{w}/") for w in wanted)
        )

    def refuse_hidden(self, path: str) -> None:
        """A file that was named is not passed over in silence. Raises ``VaultError``."""
        if any(part.startswith(".") for part in path.split("/")):
            why = "it lies in a folder that begins with a dot, or does so itself"
        elif not (self.vault.root / path).is_file():
            return
        elif not is_note(path):
            why = "it is no note, or a sync tool's conflict copy"
        elif all(path != found for found, _ in self.vault.files()):
            why = (
                "it is excluded by `exclude` in .runner.toml or by its folder's name, or it is "
                "another note over again: a link to it, or iCloud's copy"
            )
        else:
            return
        raise VaultError(f"{path} cannot be run or checked: {why}")

    def conditions(self) -> Conditions:
        """What blocks run under where they say nothing else."""
        return self.planner.conditions()

    def plan(
        self, graph: Graph, wish: Wish, scope: Collection[str], running: Collection[Key] = ()
    ) -> dict[str, Plan]:
        """One plan a device, in the order asked for; ``running`` blocks are left to another run."""
        return self.planner.plan(graph, wish, scope, running)

    # --- checking

    def checker(self, profile: Profile | None = None) -> Checker:
        """What holds quotes against the PDFs of the vault, as both are now."""
        from .quoted import Checker
        from .verdict import Profile

        return Checker(self.vault, self._open_papers, profile or Profile.OLD)

    def _open_papers(self) -> Papers:
        from .pages import Papers

        if self._papers is None:
            self._papers = Papers()
        return self._papers

    def check(self, scope: Collection[str], wish: Wish) -> Report:
        """What ``run`` would do and what the notes show, from their text; executes nothing."""
        from .findings import findings

        graph = self.graph()
        outcome = Outcome(graph, scope, self.plan(graph, wish, scope))
        checker, writer = self.checker(), self.writer(graph)
        notes = []
        for path in scope:
            note = self.vault.note(path) or self.vault.untagged(path)
            if note is not None:
                if path in graph.notes:
                    outcome.problems[path] = writer.faults(note, outcome.shown(path))
                found = findings(self.vault, note, graph, checker)
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
        notes = self.vault.notes()
        graph = build(notes.values(), self.beside.read)
        outcome = Outcome(graph, scope, self.plan(graph, wish, scope))
        writer = cache(partial(self.writer, graph))
        left = {path for path in scope if path in graph.notes} if wish.write else set()

        def write(path: str) -> None:  # twice, if a further round finds something else
            if wish.write and path in scope:
                left.discard(path)
                self.write(outcome, path, writer())

        pool = early if early is not None and not _shared_imports(outcome) else None
        self.execute(outcome, wish, listen, write, pool=pool)
        for path in sorted(left):
            write(path)
        if wish.write:
            self._count_quotes(outcome, writer(), notes)
        if wish.write and any(notes[path].matrices for path in notes.keys() & {*scope}):
            from .neighbours import Neighbours

            self.fill_matrices(outcome, writer(), Neighbours(graph.notes, self.beside.read))
        return outcome

    def execute(
        self,
        outcome: Outcome,
        wish: Wish,
        listen: Callable[[Progress], None],
        finished: Callable[[str], None],
        pool: Pool | None = None,
    ) -> None:
        """Carry the plans out; ``finished`` hears of each note when all its blocks are done, and
        again if some of them ran once more because of files that the run itself changed.

        A ``pool`` that is given is used and left open, else one is made for this run.
        """
        lanes = sum(len(decided.lanes) for decided in outcome.plans.values())
        if lanes == 0:
            return
        with ExitStack() as stack:
            if pool is None:
                pool = stack.enter_context(self.pool(wish, _shared_imports(outcome), lanes))
            settling = Settling(
                outcome, self.store, self.world, partial(self._again, outcome, wish)
            )
            due: Outcome | None = outcome
            try:
                while due is not None:
                    run = self._carry_out(due, outcome, pool, listen, finished)
                    due = settling.next_round(run.premises)
            except KeyboardInterrupt:
                outcome.interrupted = True

    def _carry_out(
        self,
        due: Outcome,
        whole: Outcome,
        pool: Pool,
        listen: Callable[[Progress], None],
        finished: Callable[[str], None],
    ) -> Run:
        """One round of a run; what it finds is found for the ``whole``."""
        run = self.begin(due, pool, listen)
        # The rest of what a run needs, imported while it waits for its workers.
        from . import findings, writing  # noqa: F401

        try:
            while not run.is_over:
                # With a time limit: on Windows Ctrl-C does not end a wait without one.
                event = pool.next_event(_PATIENCE)
                if event is not None and (path := run.hear(event)) is not None:
                    whole.take_over(due)
                    finished(path)
        finally:
            run.keep_rest()
            whole.take_over(due)
        return run

    def _again(self, outcome: Outcome, wish: Wish, device: str) -> Request:
        return self.planner.request(wish, outcome.scope, device, next(iter(outcome.plans)))

    def begin(
        self,
        outcome: Outcome,
        pool: Pool,
        listen: Callable[[Progress], None],
        *,
        rank: int = 1,
        shelf: Shelf | None = None,
    ) -> Run:
        """Start to carry the plans out; the caller brings the run the pool's events.

        ``rank``: whom the pool serves first. ``shelf``: where results go, if not to the store.
        Raises ``InterpreterError`` where the vault's ``python`` lacks what they need.
        """
        from .execution import needed_imports
        from .runs import Run

        self.world.interpreter.require(needed_imports(outcome))
        running = (
            key
            for decided in outcome.plans.values()
            for key, decision in decided.decisions.items()
            if decision.action is Action.RUN
        )
        root, figures = self.vault.root, self.vault.settings.figures
        keeper = Keeper(shelf or self.store, self.world, root, outcome.graph, running)
        return Run(outcome, keeper, root, pool, figures=figures, listen=listen, rank=rank)

    def pool(
        self,
        wish: Wish,
        preload: tuple[str, ...],
        lanes: int | None = None,
        heard: Callable[[], None] | None = None,
    ) -> Pool:
        """Workers for one run, no more than ``lanes``; or for a watch, which is told by ``heard``
        when one of them has something to say."""
        from .workers import open_pool

        return open_pool(self.vault.settings, wish, preload, lanes, heard)

    def preload(self, graph: Graph) -> tuple[str, ...]:
        """What workers should have ready for any block of the vault."""
        from .execution import heavy_imports

        return heavy_imports(graph.nodes.values())

    # --- writing

    def writer(
        self,
        graph: Graph,
        longest: int | None = None,
        knows: Callable[[str, bytes], bool] | None = None,
    ) -> Writer:
        """A writer for one run.

        ``longest``: by how many characters one write may change a note's length; ``knows``:
        whether a note was seen to hold these bytes, where only such notes are to be written.
        """
        from .writing import Writer

        return Writer(self.vault, self.store, partial(self._locate, graph), longest, knows)

    def write(self, outcome: Outcome, path: str, writer: Writer) -> bool:
        """Write what is known of a note's blocks; True if there is more to write of it."""
        note = outcome.graph.notes[path]
        values = {**outcome.properties(path), **self._quote_counts(note)}
        written = writer.write(note, outcome.shown(path), values)
        return self._wrote(outcome, path, written)

    def _quote_counts(self, note: Note) -> dict[str, str]:
        """The value of ``runner_quotes``, worked out only for a note that has it.

        What a PDF said once stays where the PDF is not there now, for the same number of quotes.
        """
        if "runner_quotes" not in note.properties:
            return {}
        checker = self.checker()
        found, every = checker.truth(note)
        known = str(note.properties["runner_quotes"]).endswith(f"/{every}")
        if known and found < every and checker.lacks_papers(note):
            return {}
        return {"runner_quotes": f"{found}/{every}"}

    def _count_quotes(self, outcome: Outcome, writer: Writer, notes: Mapping[str, Note]) -> None:
        """Fill the property of the notes that have no blocks."""
        for path in sorted(notes.keys() & {*outcome.scope} - outcome.graph.notes.keys()):
            if values := self._quote_counts(notes[path]):
                self._wrote(outcome, path, writer.write(notes[path], {}, values))

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

    def fill_matrices(self, outcome: Outcome, writer: Writer, neighbours: Neighbours) -> bool:
        """Bring the matrices of the notes in scope up to date; True if there is more to write.

        Only the notes of their folders are read, and what these import.
        """
        more = False
        for path in outcome.scope:
            target = self.vault.note(path)
            if target is None or not target.matrices:
                continue
            table = self._matrix(target, neighbours)
            more |= self._wrote(outcome, path, writer.write(target, {}, {}, table))
        return more

    def _matrix(self, target: Note, neighbours: Neighbours) -> str:
        from .trace import matrix, rows

        folder = target.path.rpartition("/")[0]
        inside = [path for path in self.vault.below(folder) if is_note(path)]
        related = neighbours.imported(inside)
        notes = {path: note for path in sorted(related) if (note := self.vault.note(path))}
        graph = build(notes.values(), self.beside.read)
        every = (notes.get(path) or self.vault.citing(path) for path in inside)
        shown = rows([note for note in every if note], graph)
        return matrix(shown, shown_statuses(graph), target.path)

    # --- reporting

    def report(self, outcome: Outcome) -> Report:
        """What a run found and wrote, with the notes as they stand now."""
        from .findings import dead_options

        # One that is gone is reported where that kept its results from being written.
        planned = outcome.graph.notes
        gone = {p: planned[p] for p, told in outcome.problems.items() if told and p in planned}
        notes = [
            note for path in outcome.scope if (note := self.vault.note(path) or gone.get(path))
        ]
        found = ((note, dead_options(self.vault, note, outcome.graph)) for note in notes)
        told = [outcome.report(note, problems, checked=False) for note, problems in found]
        return self._report(outcome, told)

    def _report(self, outcome: Outcome, notes: Iterable[NoteReport]) -> Report:
        from .report import Report

        telling = tuple(note for note in notes if note.blocks or note.problems or note.changed)
        return Report(str(self.vault.root), outcome.device, telling, outcome.interrupted)


def _shared_imports(outcome: Outcome) -> tuple[str, ...]:
    from .execution import shared_imports

    return shared_imports(outcome)
