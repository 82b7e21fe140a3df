"""Which notes deserve a second look, what it shows, and what is said of that.

A run takes the results that, by the text, no edit reaches. What the analysis of the text cannot
see comes to light when the whole note runs: so it does, once more, where that costs next to
nothing. Nothing here runs anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator

from .body import Setting, body
from .graph import Graph, Node
from .knownfacts import facts
from .note import Block, Problem, Severity
from .outcome import Outcome
from .plan import Action, Decision
from .records import dataclass, field, replace
from .resolve import DEFINING, Key
from .result import Place, Result, Status

Spot = tuple[str, Key]  # a block on a device

_SPARED = 1.0  # seconds: a run that takes results of more than that is not made again
_WHOLE = 5.0  # seconds that all blocks of a note may take
_MOST = 20  # notes that wait: after a change of many, the latest
_ENDLESS = (Status.TIMEOUT, Status.CRASHED)
_WORDS = "came out otherwise when the whole note ran once more"


# --- which notes


@dataclass(slots=True)
class Candidates:
    """The notes that wait for a second look, and the code that needs none.

    ``slow``: whether slow blocks run.
    """

    slow: bool = False
    _sure: dict[str, str] = field(default_factory=dict)  # note -> the code that was looked at
    _waiting: dict[str, Outcome] = field(default_factory=dict)  # the next one last
    _unstable: set[tuple[Key, str]] = field(default_factory=set)  # with the block's digest
    _told: set[Key] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self._waiting)

    def weigh(self, outcome: Outcome, paths: Iterable[str]) -> None:
        """A run has ended, and its results are written: which of these notes are in doubt?"""
        here = [path for path in paths if path in outcome.graph.notes]
        for path in sorted(here, key=lambda path: (_ran(outcome, path), path)):
            self._weigh(outcome, path)
        for path in [*self._waiting][:-_MOST]:
            del self._waiting[path]

    def _weigh(self, outcome: Outcome, path: str) -> None:
        self._waiting.pop(path, None)
        code = code_of(outcome.graph, path)
        if self._sure.get(path) == code:
            return
        as_found = path not in self._sure and not _ran(outcome, path)
        if as_found or not any(_taken(outcome, path)):
            self._sure[path] = code
            return
        self._sure.setdefault(path, "")
        if is_cheap(outcome, path, slow=self.slow):
            self._waiting[path] = outcome

    def take(self) -> tuple[str, Outcome]:
        """The note to look at next, with what the last run knows of it."""
        return self._waiting.popitem()

    def put_back(self, path: str, outcome: Outcome) -> None:
        """Its look was stopped."""
        self._waiting[path] = outcome

    def forget(self, paths: Iterable[str]) -> None:
        """These notes are planned anew."""
        for path in paths:
            self._waiting.pop(path, None)

    def settle(self, path: str, outcome: Outcome) -> None:
        """The note was looked at, as it stands: that is enough."""
        self._sure[path] = code_of(outcome.graph, path)

    def unknown(self, graph: Graph, spots: Iterable[Spot]) -> set[Spot]:
        """Those of ``spots`` that are not known for another outcome each time."""
        return {spot for spot in spots if self._print(graph, spot) not in self._unstable}

    def learn(self, graph: Graph, unstable: Iterable[Spot]) -> list[Node]:
        """Remember these; the blocks among them that are to be told of."""
        spots = sorted(unstable)
        self._unstable.update(self._print(graph, spot) for spot in spots)
        keys = {key for _, key in spots}
        new = [
            graph.nodes[key]
            for key in sorted(keys - self._told)
            if keys.isdisjoint(graph.nodes[key].deps) and not _says_so(graph, key)
        ]
        self._told |= keys
        return new

    def _print(self, graph: Graph, spot: Spot) -> tuple[Key, str]:
        return spot[1], graph.nodes[spot[1]].digest


def code_of(graph: Graph, path: str) -> str:
    """The fingerprint of all code that running the whole note executes."""
    nodes = (
        node
        for other in sorted(graph.reachable(path))
        for node in graph.of_note(other)
        if other == path or node.block.role in DEFINING
    )
    text = "\n".join(f"{node.note}#{node.block.id} {node.digest}" for node in nodes)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def is_cheap(outcome: Outcome, path: str, *, slow: bool = False) -> bool:
    """Whether running the whole note costs next to nothing, and is harmless.

    Not where a block may work with files: a look that is stopped would leave them half written,
    and nobody asked for a second write. Nor where one does not parse, timed out or crashed.
    """
    nodes = [node for node in outcome.graph.of_note(path) if slow or not node.block.options.slow]
    if any(_is_risky(outcome.graph, node) for node in nodes):
        return False
    spared = whole = 0.0
    for device, decided in outcome.plans.items():
        for node in nodes:
            decision, result = decided.decisions.get(node.key), outcome.on(device, node.key)
            if result is None:
                if decision is not None and decision.action is Action.RUN:
                    return False  # stopped before its end
                continue
            if result.status in _ENDLESS:
                return False
            whole += result.seconds
            if decision is not None and decision.action is Action.REUSE:
                spared += result.seconds
    return spared < _SPARED and whole < _WHOLE


def _is_risky(graph: Graph, node: Node) -> bool:
    every = (node, *(graph.nodes[key] for key in node.deps))
    known = (facts(part.block.source) for part in every)
    return any(fact.broken or fact.files or fact.late_files for fact in known)


def _ran(outcome: Outcome, path: str) -> bool:
    keys = [node.key for node in outcome.graph.of_note(path)]
    return any(
        key in decided.decisions and decided.decisions[key].action is Action.RUN
        for decided in outcome.plans.values()
        for key in keys
    )


def _taken(outcome: Outcome, path: str) -> Iterator[Spot]:
    """The blocks of a note whose results this run did not find itself."""
    for device, decided in outcome.plans.items():
        for node in outcome.graph.of_note(path):
            result, decision = outcome.on(device, node.key), decided.decisions.get(node.key)
            if result is None or result.status is Status.SKIPPED or decision is None:
                continue
            if decision.action is not Action.RUN:
                yield device, node.key


def _says_so(graph: Graph, key: Key) -> bool:
    """Whether the author says that the block, or one it rests on, has no lasting result."""
    every = (key, *graph.nodes[key].deps)
    return not all(graph.nodes[other].block.options.cache for other in every)


# --- what a look shows


def differing(before: Outcome, look: Outcome, path: str) -> set[Spot]:
    """The blocks that a whole run of a note shows in another way than ``before`` did."""
    return {
        (device, key)
        for device, results in look.results.items()
        for key, found in results.items()
        if key[0] == path and not _alike(look.graph.nodes[key], before.on(device, key), found)
    }


def confirmed(first: Outcome, second: Outcome, spots: Collection[Spot]) -> set[Spot]:
    """Those of ``spots`` on which two whole runs agree."""
    return {(device, key) for device, key in spots if _agree(first, second, device, key)}


def _agree(first: Outcome, second: Outcome, device: str, key: Key) -> bool:
    found = second.on(device, key)
    if found is None or found.status in _ENDLESS:
        return False
    return _alike(second.graph.nodes[key], first.on(device, key), found)


def _alike(node: Node, one: Result | None, other: Result) -> bool:
    """Whether a reader would see the same under the block; times do not count."""
    if one is not None and one.status is other.status is Status.SKIPPED:
        return True  # whichever of the blocks it rests on was met first
    if one is None or (one.status, one.device) != (other.status, other.device):
        return False
    return body(node.block, one, _ANYWHERE) == body(node.block, other, _ANYWHERE)


def _place(place: Place) -> str:
    return f"{place.module}#{place.block}:{place.line}"


def _name(file: str) -> str:
    return file


_ANYWHERE = Setting(stem="", here="", locate=_place, embed=_name, link=_name)


# --- what is said


def corrected(before: Outcome, look: Outcome, path: str, missed: Collection[Spot]) -> Outcome:
    """``before`` for one note, with what ``look`` found of the blocks that were ``missed``."""
    plans, results = {}, {}
    for device, decided in before.plans.items():
        keys = [node.key for node in before.graph.of_note(path) if node.key in decided.decisions]
        decisions = {key: _kept(before, device, key) for key in keys}
        found = {key: look.results[on][key] for on, key in missed if on == device}
        for key in found:
            decisions[key] = replace(decisions[key], action=Action.RUN, because=f"it {_WORDS}")
        plans[device] = replace(decided, lanes=(), decisions=decisions)
        results[device] = found
    return Outcome(before.graph, [path], plans, results, keeps_broken=before.keeps_broken)


def _line(block: Block) -> int:
    return block.line


def _kept(before: Outcome, device: str, key: Key) -> Decision:
    """What became of a block, as something that is known."""
    decision, result = before.plans[device].decisions[key], before.on(device, key)
    if decision.action is Action.SKIP or result is None:
        return decision
    return Decision(Action.REUSE, "unchanged", decision.device, result)


def problems_of(
    graph: Graph, missed: Collection[Spot], unstable: Collection[Node]
) -> Iterator[Problem]:
    """A warning for the blocks that were ``missed``, one for each that is ``unstable``."""
    blocks = sorted((graph.nodes[key].block for key in {key for _, key in missed}), key=_line)
    if blocks:
        names = " and ".join(f"`{block.id}`" for block in blocks)
        depend = "they depend" if len(blocks) > 1 else "it depends"
        what = f"{names} {_WORDS}: {depend} on more than the code shows"
        hint = "name what is needed in `#| needs:`, and please report the case"
        yield Problem(blocks[0].line, Severity.WARNING, what, hint)
    for node in unstable:
        what = f"`{node.block.id}` comes out otherwise each time it runs: this is one of many"
        hint = "seed it, leave times and random names out, or say `#| cache: false`"
        yield Problem(node.block.line, Severity.WARNING, what, hint)
