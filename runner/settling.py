"""A run made right at its own end: blocks that read files which the run itself changed afterwards.

What a block was seen to read is compared with what stands when all have run; what no longer agrees
runs again, with what rests on it, until all agrees. A block that reads what it makes others write
never comes to an end: it is left after a few turns, and the note is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from .cache import Results
from .graph import Graph
from .keeping import Files, known
from .note import Problem, Severity
from .outcome import Outcome
from .plan import Action, Plan, Request, Stored, plan
from .records import replace
from .resolve import Key
from .world import World

_TURNS = 2  # of one block, after its first


class Settling:
    """Plans further rounds for one run; ``request`` is what was asked for on a device."""

    def __init__(
        self, outcome: Outcome, store: Results, world: World, request: Callable[[str], Request]
    ) -> None:
        self._outcome = outcome
        self._store = store
        self._world = world
        self._request = request
        self._premises: dict[tuple[str, Key], Files] = {
            (device, key): decision.result.evidence.files
            for device, decided in outcome.plans.items()
            for key, decision in decided.decisions.items()
            if decision.result is not None and decision.action is not Action.RUN
        }
        self._turns: Counter[tuple[str, Key]] = Counter()
        self._told: set[Key] = set()

    def next_round(self, premises: Mapping[tuple[str, Key], Files]) -> Outcome | None:
        """What is to run once more; None if nothing is. ``premises`` are the files, by device and
        block, that the results of the last round rest on."""
        self._premises.update(premises)
        if not self._world.disproves({file for files in self._premises.values() for file in files}):
            return None
        plans = {device: self._plan(device) for device in self._outcome.plans}
        if not any(map(_running, plans.values())):
            return None
        return Outcome(self._outcome.graph, self._outcome.scope, plans)

    def _plan(self, device: str) -> Plan:
        graph, scope = self._outcome.graph, self._outcome.scope
        stored = known(self._store, self._world, graph, scope, device, files_alone=True)
        tired = {
            key
            for key, last in stored.items()
            if last.outdated and self._turns[device, key] >= _TURNS
        }
        self._tell(tired, stored)
        rested = {key: replace(stored[key], outdated="") for key in tired}
        request = replace(self._request(device), settling=True)
        planned = plan(graph, {**stored, **rested}, request)
        self._turns.update((device, key) for key in _running(planned))
        return planned

    def _tell(self, tired: set[Key], stored: Mapping[Key, Stored]) -> None:
        for path, id in sorted(tired - self._told):
            problem = _never_ends(self._outcome.graph, (path, id), stored[path, id].outdated)
            self._outcome.remarks[path] = (*self._outcome.remarks.get(path, ()), problem)
        self._told |= tired


def _never_ends(graph: Graph, key: Key, why: str) -> Problem:
    what = f"`{key[1]}` never comes to rest: each time after it has run, {why}"
    hint = "let no block write a file that it, or what it rests on, reads"
    return Problem(graph.nodes[key].block.line, Severity.WARNING, what, hint)


def _running(decided: Plan) -> list[Key]:
    return [key for key, decision in decided.decisions.items() if decision.action is Action.RUN]
