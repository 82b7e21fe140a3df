"""What is known of a block's Python without running it: the vocabulary of ``names``."""

from __future__ import annotations

from .records import dataclass


@dataclass(frozen=True, slots=True)
class Import:
    """``from module import name as alias``; ``name`` is "" for ``import module`` and ``*``."""

    module: str
    name: str
    alias: str
    line: int  # within the block, from 1


@dataclass(frozen=True, slots=True)
class Method:
    """A method called on a global name, or, not ``direct``, on a part of its value."""

    name: str
    method: str
    direct: bool


@dataclass(frozen=True, slots=True)
class Switch:
    """Something set for all that runs later, or, ``drawing``, for what draws; ``why`` in words."""

    why: str
    drawing: bool = False


def wider(first: Switch | None, other: Switch | None) -> Switch | None:
    """The one that more depends on."""
    if first is None or (other is not None and first.drawing and not other.drawing):
        return other
    return first


@dataclass(frozen=True, slots=True)
class Facts:
    """Names are the note's globals. What function bodies do counts when they are called: "late".

    ``binds`` are bound on every path, ``may_bind`` on some. ``kinds`` says how each is bound:
    const (an immutable value), plain (a list, dict, set or tuple), array, def, class, import,
    or data (anything else). ``reads`` are read by the block before it binds them.

    ``loads`` are what its imports execute when they are the first: local modules, notes.

    ``touches`` may be changed in place. So may ``consumes``, if they are iterators, and the
    receivers of ``methods``, by their kind. ``stores`` are names whose attributes, items or
    methods were used for it. ``links`` groups names that may share state from here on.
    ``modules`` maps imported names to what they were imported from, and names of global objects
    ("plt.rcParams") to where these are. ``aliases`` are two names of one object.

    ``lively``: it defines a class whose operators, attributes or text may change something, so
    that reading a name (``uses``) may. ``acts``: it prints, checks or raises, which shows where it
    is imported. ``executes``: it calls something, beyond defining classes and functions.

    For objects that no other value is made of, classes, functions and modules: ``holds`` groups
    names that may lead to one of them, ``writes`` are names through which attributes were set,
    ``given`` those that were handed to a call. ``stores_given``: code of the block, or unknown
    code that it calls, may set attributes of what it is given.
    """

    binds: frozenset[str] = frozenset()
    may_bind: frozenset[str] = frozenset()
    kinds: tuple[tuple[str, str], ...] = ()
    reads: frozenset[str] = frozenset()
    late: frozenset[str] = frozenset()
    touches: frozenset[str] = frozenset()
    consumes: frozenset[str] = frozenset()
    methods: frozenset[Method] = frozenset()
    stores: frozenset[str] = frozenset()
    late_touches: frozenset[str] = frozenset()
    late_stores: frozenset[str] = frozenset()
    links: tuple[frozenset[str], ...] = ()
    aliases: tuple[frozenset[str], ...] = ()
    imports: tuple[Import, ...] = ()
    loads: frozenset[str] = frozenset()
    modules: tuple[tuple[str, str], ...] = ()
    calls: bool = False
    dynamic: str = ""
    switch: Switch | None = None
    late_switch: Switch | None = None
    files: bool = False
    late_files: bool = False
    broken: bool = False
    names_device: bool = False
    uses: frozenset[str] = frozenset()
    lively: bool = False
    acts: bool = False
    executes: bool = False
    stores_given: bool = False
    holds: tuple[frozenset[str], ...] = ()
    writes: frozenset[str] = frozenset()
    late_writes: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()
    late_given: frozenset[str] = frozenset()
