"""``dataclass`` as the standard library has it, made in a tenth of the time.

A command makes a hundred classes of facts before it does anything. The standard decorator writes
and compiles six methods for each, half a millisecond a class, and brings `inspect` and the parts
of a compiler, as slow as ten of them: a third of what a command takes to start. Here a class gets
only its ``__init__`` compiled, and not before many of its facts were made: of most classes a
command makes a few. All classes share the other methods. What comes out is a dataclass for
``fields``, ``replace``, ``asdict`` and ``match`` alike, and becomes one when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from operator import attrgetter, ge, gt, is_, le, lt
from sys import modules

__all__ = ["dataclass", "field", "given", "hints", "names", "replace"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
    from typing import Any, NoReturn
else:

    def dataclass(cls=None, /, **options):
        return partial(_record, **options) if cls is None else _record(cls, **options)

    def field(*, default_factory):
        return _Made(default_factory)

    def replace(record, /, **changes):
        kind = type(record)
        return kind(**dict(zip(kind.__match_args__, _values(record), strict=True)) | changes)


class _Made:
    """The default of a field that each record gets anew."""

    def __init__(self, factory: Callable[[], Any]) -> None:
        self.factory = factory


_NONE: Any = object()  # the default of a field that has none
_FEW = 32  # records of a class
_is_none = partial(is_, _NONE)


def names(kind: type) -> tuple[str, ...]:
    """The fields of a class of records; none of any other class."""
    return tuple(getattr(kind, "__record__", ()))


def given(record: Any) -> dict[str, Any]:
    """The values of a record by field, without those that are their field's default."""
    defaults: Mapping[str, Any] = type(record).__record__
    pairs = zip(defaults.items(), _values(record), strict=True)
    return {name: value for (name, default), value in pairs if value != default}


def hints(kind: type) -> dict[str, Any]:
    """The types of the fields of a class of records, as its module knows their names.

    Raises ``NameError`` where the module imports one of these for type checkers alone.
    """
    texts = _annotations(kind)
    found = eval(f"[{', '.join(texts.values())}]", dict(vars(modules[kind.__module__])))
    return dict(zip(texts, found, strict=True))


def _record(
    cls: Any, frozen: bool = False, slots: bool = False, order: bool = False, eq: bool = True
) -> Any:
    own = {name: cls.__dict__.get(name, _NONE) for name in cls.__annotations__}
    defaults: dict[str, Any] = {**getattr(cls, "__record__", {}), **own}
    for name, default in own.items():
        is_constant = default.__class__.__hash__ is not None
        assert is_constant, f"the default of {cls.__name__}.{name} can change: use a factory"
        is_foreign = default.__class__.__module__ == "dataclasses"
        assert not is_foreign, f"{cls.__name__}.{name} needs the `field` of this file"
    made = _slotted(cls, own) if slots else cls
    for name, default in own.items():
        if isinstance(default, _Made) and not slots:
            delattr(made, name)
    made.__record__ = defaults
    made.__match_args__ = tuple(defaults)  # type: ignore[misc]  # before anybody matches
    made.__init__ = _Uncompiled(made, frozen)
    made.__values__ = attrgetter(*defaults) if len(defaults) > 1 else _getter_of_few(defaults)
    made.__repr__, made.__reduce__ = _repr, _reduce
    if eq:
        made.__eq__, made.__hash__ = _eq, _hash if frozen else None
    if frozen:
        made.__setattr__, made.__delattr__ = _refuse_to_set, _refuse_to_delete
    if order:
        made.__lt__, made.__le__, made.__gt__, made.__ge__ = map(_ordering, (lt, le, gt, ge))
    made.__dataclass_fields__ = _Standard(made, "__dataclass_fields__")
    made.__dataclass_params__ = _Standard(made, "__dataclass_params__")
    return made


def _slotted(cls: Any, own: Mapping[str, Any]) -> Any:
    """The class over again, since slots are laid out when a class is made."""
    dropped = {"__dict__", "__weakref__", *own}
    body = {name: value for name, value in vars(cls).items() if name not in dropped}
    made = type(cls)(cls.__name__, cls.__bases__, {**body, "__slots__": tuple(own)})
    made.__qualname__ = cls.__qualname__
    return made


class _Uncompiled:
    """The ``__init__`` of a class that has few records so far: to compile one takes as long as to
    fill ``_FEW`` without."""

    def __init__(self, made: Any, frozen: bool) -> None:
        self._made = made
        self._frozen = frozen
        self._left = _FEW

    def __get__(self, record: Any, kind: Any) -> Any:
        self._left -= 1
        if isinstance(record, self._made) and self._left >= 0:
            return partial(self._fill, record)
        init = self._made.__init__ = _constructor(self._made, self._frozen)
        return init.__get__(record, kind)

    def _fill(self, record: Any, /, *args: Any, **named: Any) -> None:
        fields: dict[str, Any] = self._made.__record__
        first = dict(zip(fields, args, strict=False))
        values = fields | first | named
        is_given_once = len(first) == len(args) and first.keys().isdisjoint(named)
        if not is_given_once or len(values) > len(fields) or any(map(_is_none, values.values())):
            _constructor(self._made, self._frozen)(record, *args, **named)  # it says what is wrong
            return
        write = object.__setattr__ if self._frozen else setattr
        for name, value in values.items():
            write(record, name, value.factory() if value.__class__ is _Made else value)


def _constructor(made: Any, frozen: bool) -> Any:
    """``__init__``, whose signature is that of the fields."""
    known: dict[str, Any] = {"made_anew": _NONE, "set_field": object.__setattr__}
    parameters, lines = ["self"], []
    for name, default in made.__record__.items():
        value = name
        if isinstance(default, _Made):
            known[f"make_{name}"] = default.factory
            parameters.append(f"{name}=made_anew")
            value = f"make_{name}() if {name} is made_anew else {name}"
        elif default is not _NONE:
            known[f"default_{name}"] = default
            parameters.append(f"{name}=default_{name}")
        else:
            parameters.append(name)
        lines.append(
            f" set_field(self, {name!r}, {value})" if frozen else f" self.{name} = {value}"
        )
    exec(f"def __init__({', '.join(parameters)}):\n" + "\n".join(lines or [" pass"]), known)
    init = known["__init__"]
    init.__qualname__ = f"{made.__qualname__}.__init__"
    init.__annotations__ = {**_annotations(made), "return": None}
    return init


def _annotations(kind: type) -> dict[str, str]:
    every: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        every |= getattr(base, "__annotations__", {})
    return {name: every[name] for name in names(kind)}


def _getter_of_few(names: Mapping[str, Any]) -> Callable[[Any], tuple[Any, ...]]:
    """``attrgetter`` makes no tuple of one value."""
    return lambda record: tuple(getattr(record, name) for name in names)


class _Standard:
    """What the standard library wants to find at a dataclass, made when it looks there."""

    def __init__(self, made: Any, name: str) -> None:
        self._made = made
        self._name = name

    def __get__(self, record: Any, kind: Any) -> Any:
        import dataclasses

        def spelled(default: Any) -> Any:
            if isinstance(default, _Made):
                return dataclasses.field(default_factory=default.factory)
            return dataclasses.field() if default is _NONE else dataclasses.field(default=default)

        types, defaults = _annotations(self._made), self._made.__record__
        fields = [(name, types[name], spelled(default)) for name, default in defaults.items()]
        frozen = self._made.__setattr__ is _refuse_to_set
        twin = dataclasses.make_dataclass(self._made.__name__, fields, frozen=frozen)
        setattr(self._made, self._name, found := getattr(twin, self._name))
        return found


# --- what all records share ----------------------------------------------------------------------


def _values(record: Any) -> tuple[Any, ...]:
    values: tuple[Any, ...] = type(record).__values__(record)
    return values


def _repr(self: Any) -> str:
    pairs = zip(names(type(self)), _values(self), strict=True)
    return f"{type(self).__qualname__}({', '.join(f'{name}={value!r}' for name, value in pairs)})"


def _eq(self: Any, other: object) -> Any:
    return _values(self) == _values(other) if type(other) is type(self) else NotImplemented


def _ordering(holds: Callable[[Any, Any], Any]) -> Callable[[Any, object], Any]:
    def compare(self: Any, other: object) -> Any:
        return holds(_values(self), _values(other)) if type(other) is type(self) else NotImplemented

    return compare


def _hash(self: Any) -> int:
    return hash(_values(self))


def _reduce(self: Any) -> tuple[type, tuple[Any, ...]]:
    """Copies are made by the constructor, since fields of a frozen record cannot be set."""
    return type(self), _values(self)


def _refuse_to_set(_self: Any, name: str, _value: object) -> NoReturn:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_self: Any, name: str) -> NoReturn:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")
