"""What is known of a block's Python without running it: the vocabulary of ``names``."""

from __future__ import annotations

from enum import IntEnum

from .records import dataclass


@dataclass(frozen=True, slots=True)
class Import:
    """``from module import name as alias``; ``name`` is "" for ``import module`` and ``*``."""

    module: str
    name: str
    alias: str
    line: int  # within the block, from 1


class Files(IntEnum):
    """What code does with files; more of it is greater."""

    NONE = 0
    READS = 1
    WRITES = 2


@dataclass(frozen=True, slots=True)
class Method:
    """A method called on a global name, or, not ``direct``, on a part of its value."""

    name: str
    method: str
    direct: bool


@dataclass(frozen=True, slots=True)
class Pass:
    """Names handed to a function of a note as its argument ``slot``: a position ("0") or a
    keyword, "" where the call does not tell."""

    function: str
    slot: str
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a function does to an argument: it is spared unless it is ``changed``, or one of the
    functions that it is ``passed`` to, as (function, slot), does not spare it. ``written``: its
    attributes are set."""

    name: str
    position: str  # "" where it has none
    changed: bool
    written: bool
    passed: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A method that draws what it is given, if it is the one of matplotlib's axes."""

    method: str
    axes: frozenset[str]
    given: frozenset[str]


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

    ``binds`` are bound on every path, ``may_bind`` on some, ``late_binds`` by functions. ``kinds``
    says how each is bound: const (an immutable value), plain (a list, dict, set or tuple), array,
    def, class, import, or data (anything else). ``reads`` are read by the block before it binds
    them. ``handles`` may stand for files that are open to be written.

    ``loads`` are what its imports execute when they are the first: local modules, notes.

    ``touches`` may be changed in place. So may ``consumes``, if they are iterators, and the
    receivers of ``methods``, by their kind. ``stores`` are names whose attributes, items or
    methods were used for it. ``links`` groups names that may share state from here on.
    What a function ``f`` returns is ``f()``; ``hands`` says of each function and class which
    globals its callers may come by: what it returns, keeps of them, or binds to them.
    What is in ``drawn`` and ``passes`` is not in ``touches``: it is changed if somebody does.
    ``spares`` has the parameters of its functions; ``defines`` are the methods of its classes.
    ``modules`` maps imported names to what they were imported from, and names of global objects
    ("plt.rcParams") to where these are. ``aliases`` are two names of one object.

    ``lively``: it defines a class whose operators, attributes or text may change something, so
    that reading a name (``uses``) may. ``acts``: it prints, checks or raises, which shows where it
    is imported. ``executes``: it calls something, beyond defining classes and functions.

    For objects that no other value is made of, classes, functions and modules: ``holds`` groups
    names that may lead to one of them, ``writes`` are names through which attributes were set,
    ``given`` those that were handed to a method or to unknown code. ``stores_given``: a method of
    the block, or unknown code that it calls, may set attributes of what it is given; ``writing``
    are its functions that do. ``spoken`` are names that stand elsewhere than in a call of them.
    """

    binds: frozenset[str] = frozenset()
    may_bind: frozenset[str] = frozenset()
    late_binds: frozenset[str] = frozenset()
    kinds: tuple[tuple[str, str], ...] = ()
    reads: frozenset[str] = frozenset()
    late: frozenset[str] = frozenset()
    touches: frozenset[str] = frozenset()
    consumes: frozenset[str] = frozenset()
    methods: frozenset[Method] = frozenset()
    stores: frozenset[str] = frozenset()
    drawn: tuple[Drawing, ...] = ()
    passes: frozenset[Pass] = frozenset()
    late_passes: frozenset[Pass] = frozenset()
    spares: tuple[tuple[str, tuple[Parameter, ...]], ...] = ()
    defines: frozenset[str] = frozenset()
    late_touches: frozenset[str] = frozenset()
    late_consumes: frozenset[str] = frozenset()
    late_methods: frozenset[Method] = frozenset()
    hands: tuple[tuple[str, frozenset[str]], ...] = ()
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
    files: Files = Files.NONE
    late_files: Files = Files.NONE
    handles: frozenset[str] = frozenset()
    broken: bool = False
    names_device: bool = False
    uses: frozenset[str] = frozenset()
    lively: bool = False
    acts: bool = False
    executes: bool = False
    stores_given: bool = False
    writing: frozenset[str] = frozenset()
    spoken: frozenset[str] = frozenset()
    holds: tuple[frozenset[str], ...] = ()
    writes: frozenset[str] = frozenset()
    late_writes: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()
    late_given: frozenset[str] = frozenset()

    @property
    def outlasts(self) -> bool:
        """Whether there is code in it that others may call, or an import that they may use."""
        code = (self.late, self.hands, self.late_touches, self.late_switch, self.late_files)
        return any(code) or bool(self.imports) or self.stores_given
