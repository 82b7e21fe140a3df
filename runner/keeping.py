"""Results put away for the next run and found again: keyed by text, with what else they rest on.

Places are kept by line of code, which comments and blank lines do not change, so that a result
that is taken again names the lines as they are now.
"""

from __future__ import annotations

import bisect
import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from .cache import Key as CacheKey
from .cache import Results
from .cache import Stored as Kept
from .digest import code_lines
from .graph import Graph, Node
from .note import Block
from .plan import Stored
from .premises import joined
from .records import replace
from .resolve import Key
from .result import Evidence, Failure, Figure, Frame, Place, Result, move_places
from .world import World

Files = tuple[tuple[str, str], ...]  # paths and digests


def known(
    store: Results,
    world: World,
    graph: Graph,
    scope: Collection[str],
    device: str,
    *,
    files_alone: bool = False,
) -> dict[Key, Stored]:
    """The last results on ``device`` of the blocks in ``scope``, and what changed since.

    ``files_alone``: of that, whether files did.
    """
    changed = world.moved if files_alone else world.outdated
    found: dict[Key, Stored] = {}
    for path in scope:
        if path not in graph.notes:
            continue
        digests = {node.block.id: node.digest for node in graph.of_note(path)}
        for key, kept in store.get_note(path, digests).items():
            node = graph.nodes.get((path, key.block))
            if node is None or not _is_for(key.devices, node, device):
                continue
            current = kept.digest == node.digest
            outdated = changed(kept.result.evidence) if current else ""
            result = placed(graph, kept.result) if current else kept.result
            if current and not files_alone:
                outdated = outdated or _with_other_files(node, kept.parts)
                outdated = outdated or _failed_elsewhere(graph, node, kept.result)
                if not kept.newest and kept.result.evidence.written:
                    outdated = outdated or "it wrote files that may hold something else now"
            found[node.key] = Stored(kept.digest, kept.parts, result, outdated)
    return found if files_alone else _with_writers(found, world, graph)


def _with_writers(found: dict[Key, Stored], world: World, graph: Graph) -> dict[Key, Stored]:
    """A file that a reader would find changed, or gone, is made anew by those that wrote it."""
    moved = {
        path
        for key, last in found.items()
        if last.outdated or last.digest != graph.nodes[key].digest
        for path in world.moved_files(last.result.evidence)
    }
    for key, last in found.items():
        lost = moved.intersection(last.result.evidence.written)
        if lost and not last.outdated:
            why = f"{Path(min(lost)).name}, which it wrote, changed"
            found[key] = replace(last, outdated=why)
    return found


def _is_for(stored: str, node: Node, device: str) -> bool:
    return stored == device or (stored in node.block.options.device and device not in stored)


def _with_other_files(node: Node, parts: Mapping[str, str]) -> str:
    """Which Python file that the block uses, or used, is another one; "" if all are the same."""
    used, now = ({k: v for k, v in of.items() if "#" not in k} for of in (parts, node.parts))
    other = sorted(path for path in used.keys() | now.keys() if used.get(path) != now.get(path))
    return f"{Path(other[0]).name} changed" if other else ""


def _failed_elsewhere(graph: Graph, node: Node, result: Result) -> str:
    """That a block failed in one of an imported note on which it does not depend; "" if not.

    Importing a note executes all its definitions, those too that the imported names do not need.
    """
    if result.failure is None:
        return ""
    known = {(graph.notes[path].module, id) for path, id in (node.key, *node.deps)}
    places = (frame.place for frame in result.failure.frames if frame.place is not None)
    unknown = (place for place in places if (place.module, place.block) not in known)
    where = next((f"`{place.block}` of {place.module}" for place in unknown), "")
    return f"it failed in {where}, which may be mended" if where else ""


TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Shelf(Protocol):
        """Where a run puts its results: the store, or a place to hold them back."""

        def put_many(self, results: Iterable[tuple[CacheKey, Kept]]) -> None: ...


class Keeper:
    """Keeps what one run finds. ``running`` are the blocks that it will execute.

    What these declare (``data:``, ``env:``) is looked at now, before they run: a file that changes
    meanwhile makes their results outdated.
    """

    def __init__(
        self, store: Shelf, world: World, root: Path, graph: Graph, running: Iterable[Key]
    ) -> None:
        self._store = store
        self._root = root
        self._figures = world.figures
        self._graph = graph
        self._kept: set[tuple[str, str]] = set()
        self.premises: dict[tuple[str, Key], Files] = {}  # by device and block, of kept results
        self._declared = {
            key: self._look(graph.nodes[key], world, root) for key in dict.fromkeys(running)
        }

    def _look(self, node: Node, world: World, root: Path) -> Evidence:
        """What a block and those it depends on declare, as it is now."""
        evidence = Evidence()
        every = (*node.deps, *node.swayed)
        for other in (node, *(self._graph.nodes[key] for key in every)):
            options = other.block.options
            folder = (root / other.note).parent
            evidence = world.declared(evidence, folder, options.data, options.env)
        return evidence

    def keep(self, path: str, device: str, results: Mapping[Key, Result]) -> None:
        """Store what a note's blocks found, with what it rests on."""
        self._kept.add((path, device))
        rows = []
        for node in self._graph.of_note(path):
            result = results.get(node.key)
            if result is None:
                continue
            declared = self._declared.get(node.key, Evidence())
            moved = _moved(self._graph, result, _to_ordinal)
            evidence = joined(self._without_spared(node, result.evidence), declared)
            if any(isinstance(output, Figure) for output in result.outputs):
                evidence = replace(evidence, figures=self._figures)
            self.premises[device, node.key] = evidence.files
            found = replace(moved, evidence=evidence)
            key = CacheKey(path, node.block.id, result.device or device)
            rows.append((key, Kept(node.digest, found, node.parts, time.time())))
        self._store.put_many(rows)

    def _without_spared(self, node: Node, evidence: Evidence) -> Evidence:
        if not node.spared:
            return evidence
        spared = {os.path.abspath(self._root / path) for path in node.spared}
        return replace(evidence, files=tuple(f for f in evidence.files if f[0] not in spared))

    def keep_rest(self, device: str, results: Mapping[Key, Result]) -> None:
        """Store what those notes found that were stopped before their end."""
        for path in {path for path, _ in results}:
            if (path, device) not in self._kept:
                self.keep(path, device, results)


def placed(graph: Graph, result: Result) -> Result:
    """A result from the store, for the digest that its block has now, with the lines of now.

    These may have another comment than when the block ran: tracebacks show the line as it is.
    """
    moved = _moved(graph, result, _to_line)
    tests = tuple(replace(t, failure=_with_lines(graph, t.failure)) for t in moved.tests)
    return replace(moved, failure=_with_lines(graph, moved.failure), tests=tests)


def _with_lines(graph: Graph, failure: Failure | None) -> Failure | None:
    if failure is None:
        return None
    frames = tuple(_with_line(graph, frame) for frame in failure.frames)
    return replace(failure, frames=frames)


def _with_line(graph: Graph, frame: Frame) -> Frame:
    block = _block_at(graph, frame.place) if frame.place else None
    if block is None or frame.place is None:
        return frame
    lines = block.source.split("\n")
    inside = 0 < frame.place.line <= len(lines)
    return replace(frame, code=lines[frame.place.line - 1].strip()) if inside else frame


def _moved(graph: Graph, result: Result, change: Callable[[str, int], int]) -> Result:
    """``result`` with the line of each place changed, by the source of its block."""

    def move(place: Place) -> Place:
        block = _block_at(graph, place)
        return replace(place, line=change(block.source, place.line)) if block else place

    moved: Result = move_places(result, move)
    return moved


def _block_at(graph: Graph, place: Place) -> Block | None:
    path = graph.modules.get(place.module)
    return graph.notes[path].block(place.block) if path else None


def _to_ordinal(source: str, line: int) -> int:
    """The how-manieth line of code ``line`` is."""
    return bisect.bisect_right(code_lines(source), line)


def _to_line(source: str, ordinal: int) -> int:
    lines = code_lines(source)
    return lines[ordinal - 1] if 0 < ordinal <= len(lines) else ordinal
