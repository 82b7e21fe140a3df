"""Which names share state, from when on, and what has changed it since: one note's history.

Names are joined by the blocks that bring them together, and never parted. What is changed before
two names are joined was changed for one of them alone; what a block binds anew begins again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable


class SharedState:
    """Classes of names that share state, merged over time; times are indices of blocks.

    A class that is merged becomes the child of a larger one and keeps its own past, so that a
    name's way to the root is short (union by size) and tells since when each part counts for it.
    """

    def __init__(self) -> None:
        self._parent: dict[str, tuple[str, int]] = {}
        self._size: dict[str, int] = {}
        self._changes: dict[str, list[int]] = {}
        self._states: dict[str, set[str]] = {}
        self._shown: dict[str, list[tuple[str, int]]] = {}
        self._version: dict[str, int] = {}

    def renew(self, name: str, at: int) -> None:
        """From block ``at`` on the name stands for something else."""
        self._version[name] = at

    def join(self, names: Iterable[str], at: int) -> None:
        """From block ``at`` on these share state."""
        roots = {self._root(self._tagged(name)) for name in names}
        if not roots:
            return
        into = max(roots, key=lambda root: self._size.get(root, 1))
        for root in roots - {into}:
            self._parent[root] = into, at
            self._size[into] = self._size.get(into, 1) + self._size.pop(root, 1)
            if shown := self._shown.pop(root, None):
                self._shown.setdefault(into, []).extend(shown)
            if states := self._states_of(root):
                self._states.setdefault(into, self._states_of(into)).update(states)

    def show(self, names: Iterable[str], shown: Iterable[str], at: int) -> None:
        """From block ``at`` on a change of ``shown`` may be seen in ``names``, not the reverse."""
        tagged = [(self._tagged(name), at) for name in shown]
        for root in {self._root(self._tagged(name)) for name in names}:
            self._shown.setdefault(root, []).extend(tagged)

    def change(self, names: Iterable[str], at: int) -> None:
        """Block ``at`` changes what these stand for; blocks come in order."""
        for root in {self._root(self._tagged(name)) for name in names}:
            changes = self._changes.setdefault(root, [])
            if not changes or changes[-1] != at:
                changes.append(at)

    def changed(self, name: str, after: int) -> set[int]:
        """The blocks behind ``after`` that changed what ``name`` stands for now."""
        found: set[int] = set()
        seen: set[tuple[str, int]] = set()
        pending = [(self._tagged(name), after + 1)]
        while pending:
            node, since = pending.pop()
            seen.add((node, since))
            while True:
                if changes := self._changes.get(node):
                    found.update(changes[bisect_left(changes, since) :])
                if node not in self._parent:
                    break
                node, joined = self._parent[node]
                since = max(since, joined)
            shown = ((other, max(since, at)) for other, at in self._shown.get(node, ()))
            pending.extend(pair for pair in shown if pair not in seen)
        return found

    def states(self, name: str) -> set[str]:
        """The pseudo-names (``<vault.other>``) that ``name`` shares state with."""
        return self._states_of(self._root(self._tagged(name)))

    def _states_of(self, root: str) -> set[str]:
        return self._states.get(root) or ({root} if root.startswith("<") else set())

    def _tagged(self, name: str) -> str:
        version = self._version.get(name)
        return name if version is None else f"{name}@{version}"

    def _root(self, node: str) -> str:
        while node in self._parent:
            node, _ = self._parent[node]
        return node
