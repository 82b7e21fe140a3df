"""One run under way: its plans carried out device by device, over a pool that it may share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from .execution import Execution, Progress
from .keeping import Files, Keeper
from .outcome import Outcome
from .plan import Action
from .pool import Event, Pool
from .resolve import Key
from .result import Result
from .workers import threads


class Run:
    """Begins at once; then let it ``hear`` the events of the lanes it ``owns`` till it ``is_over``.

    The results go to ``outcome``, and to the store whenever a note is done. Some of its blocks can
    be given up meanwhile, because their text changed. ``rank``: whom the pool serves first.
    """

    def __init__(
        self,
        outcome: Outcome,
        keeper: Keeper,
        root: Path,
        pool: Pool,
        *,
        figures: str,
        listen: Callable[[Progress], None],
        rank: int = 1,
    ) -> None:
        self.outcome = outcome
        self._keeper = keeper
        self._root = root
        self._pool = pool
        self._figures = figures
        self._listen = listen
        self._rank = rank
        self._coming = list(outcome.plans)
        self._given_up: set[Key] = set()
        self._outdated: set[Key] = set()
        self._revised: set[str] = set()
        self._device = ""
        self._execution = self._next_device()

    def _next_device(self) -> Execution:
        self._device = device = self._coming.pop(0)
        execution = Execution(
            self.outcome.graph,
            self.outcome.plans[device],
            self._root,
            self._pool,
            threads=threads(),
            figures=self._figures,
            listen=self._listen,
            rank=self._rank,
        )
        self.outcome.results[device] = execution.results
        execution.disown(self._given_up)
        execution.begin()
        if execution.is_over and self._coming:
            return self._next_device()
        return execution

    @property
    def is_over(self) -> bool:
        return self._execution.is_over and not self._coming

    def owns(self, lane: int) -> bool:
        """Whether the pool's lane of that number is one of this run."""
        return self._execution.owns(lane)

    def hear(self, event: Event) -> str | None:
        """Take in what the pool says of one of our lanes; the path of a note that is done by it."""
        path = self._execution.hear(event)
        for note, warning in self._execution.warnings:
            told = self.outcome.problems.get(note, ())
            self.outcome.problems[note] = (*told, warning)
        self._execution.warnings.clear()
        is_last = not self._coming
        if path is not None:
            self._keeper.keep(path, self._device, self._current(self._device))
        if self._execution.is_over and self._coming:
            self._execution = self._next_device()
        return path if is_last else None

    @property
    def premises(self) -> Mapping[tuple[str, Key], Files]:
        """By device and block, the files that the results of finished notes rest on."""
        return self._keeper.premises

    # --- while notes change

    def undone(self) -> set[Key]:
        """The blocks that are to run for their result and have none yet, on some device."""
        later = {
            key
            for device in self._coming
            for key, decision in self.outcome.plans[device].decisions.items()
            if decision.action is Action.RUN
        }
        return (self._execution.undone() | later) - self._given_up

    @property
    def is_divisible(self) -> bool:
        """Whether single blocks can be given up: with several devices only whole notes can."""
        return len(self.outcome.plans) == 1

    def disown(self, keys: Collection[Key]) -> None:
        """Want no result of ``keys`` any more; what runs beside them goes on."""
        self._given_up.update(keys)
        self._execution.disown(keys)

    def give_up(self, keys: Collection[Key]) -> set[Key]:
        """Stop what is left to run of ``keys`` and of their lanes; returns all that this stops."""
        self._given_up.update(keys)
        lost = self._execution.drop(keys)
        self._given_up |= lost
        return lost | set(keys)

    def revise(self, path: str) -> None:
        """A note was planned anew elsewhere: of it, only what still runs here is ours to tell."""
        self._keeper.keep(path, self._device, self._current(self._device))
        own = {node.key for node in self.outcome.graph.of_note(path)}
        self._outdated |= own - self.undone()
        self._revised.add(path)

    # --- results into the store

    def keep_rest(self) -> None:
        """Store what was found in notes that were stopped before their end."""
        for device in self.outcome.results:
            results = self._current(device)
            self._keeper.keep_rest(device, results)
            for path in self._revised:
                self._keeper.keep(path, device, results)

    def found(self, path: str) -> dict[str, dict[Key, Result]]:
        """By device, what is ours to tell of a note."""
        return {
            device: {key: result for key, result in self._current(device).items() if key[0] == path}
            for device in self.outcome.results
        }

    def _current(self, device: str) -> dict[Key, Result]:
        results = self.outcome.results[device]
        return {key: result for key, result in results.items() if key not in self._outdated}
