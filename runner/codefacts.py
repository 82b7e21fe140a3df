"""What is known of a block's Python without running it: the vocabulary of ``names``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Import:
    """``from module import name as alias``; ``name`` is "" for ``import module`` and ``*``."""

    module: str
    name: str
    alias: str
    line: int  # within the block, from 1


@dataclass(frozen=True, slots=True)
class Facts:
    """``kinds`` says how each bound name is bound: const, def, class, import or data.

    ``binds`` are bound on every path, ``may_bind`` on some. ``reads`` are read by the block before
    it binds them, ``late`` by the bodies of its functions whenever those are called. ``touches``
    may be changed in place, ``late_touches`` by those bodies; ``stores`` are the touched names
    whose attributes, items or methods were used for it. ``links`` groups names that may share
    state from here on. ``packages`` maps imported names to their top package.
    """

    binds: frozenset[str] = frozenset()
    may_bind: frozenset[str] = frozenset()
    kinds: tuple[tuple[str, str], ...] = ()
    reads: frozenset[str] = frozenset()
    late: frozenset[str] = frozenset()
    touches: frozenset[str] = frozenset()
    late_touches: frozenset[str] = frozenset()
    stores: frozenset[str] = frozenset()
    links: tuple[frozenset[str], ...] = ()
    imports: tuple[Import, ...] = ()
    packages: tuple[tuple[str, str], ...] = ()
    calls: bool = False
    dynamic: str = ""
    switch: str = ""
    late_switch: str = ""
    files: bool = False
    broken: bool = False
    names_device: bool = False
