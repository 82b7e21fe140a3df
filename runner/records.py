"""``dataclass`` as the standard library has it, made in a fifth of the time.

A command makes about eighty classes of facts before it does anything. The standard decorator
writes and compiles six methods for each, half a millisecond a class: a third of what a command
takes to start. Here a class gets only its ``__init__`` compiled, when the first of its facts is
made: no command makes facts of every class. All classes share the other methods. What comes out
is a dataclass for ``fields``, ``replace``, ``asdict`` and ``match`` alike.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from operator import attrgetter, ge, gt, le, lt
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

T = TypeVar("T")

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls=None, /, **options):
        if cls is None:
            return partial(dataclass, **options)
        if options.keys() <= {"frozen", "slots", "order"}:
            return _record(cls, **options)
        return dataclasses.dataclass(cls, **options)


def _record(
    cls: type[T], frozen: bool = False, slots: bool = False, order: bool = False
) -> type[T]:
    cls.__doc__ = cls.__doc__ or cls.__name__  # else the standard library writes a signature
    made = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
    names = [field.name for field in _plain_fields(made)]
    own: Any = made
    own.__init__ = _Uncompiled(made, frozen)
    own.__values__ = attrgetter(*names) if len(names) > 1 else _getter_of_few(names)
    own.__repr__, own.__eq__, own.__reduce__ = _repr, _eq, _reduce
    own.__hash__ = _hash if frozen else None
    if frozen:
        own.__setattr__, own.__delattr__ = _refuse_to_set, _refuse_to_delete
    if order:
        own.__lt__, own.__le__, own.__gt__, own.__ge__ = map(_ordering, (lt, le, gt, ge))
    return made


def _plain_fields(made: Any) -> tuple[dataclasses.Field[Any], ...]:
    fields = dataclasses.fields(made)
    for field in fields:
        plain = field.init and field.repr and field.compare and not field.kw_only
        assert plain, f"{made.__name__}.{field.name} needs the standard library's dataclass"
    return fields


class _Uncompiled:
    """The ``__init__`` of a class that nobody has called or looked at yet."""

    def __init__(self, made: Any, frozen: bool) -> None:
        self._made = made
        self._frozen = frozen

    def __get__(self, record: Any, kind: Any) -> Any:
        init = self._made.__init__ = _constructor(self._made, self._frozen)
        return init.__get__(record, kind)


def _constructor(made: Any, frozen: bool) -> Any:
    """``__init__``, whose signature is that of the fields."""
    missing = dataclasses.MISSING
    names: dict[str, Any] = {"made_anew": missing, "set_field": object.__setattr__}
    parameters, lines = ["self"], []
    for field in dataclasses.fields(made):
        name, given = field.name, field.name
        if field.default_factory is not missing:
            names[f"make_{name}"] = field.default_factory
            parameters.append(f"{name}=made_anew")
            given = f"make_{name}() if {name} is made_anew else {name}"
        elif field.default is not missing:
            names[f"default_{name}"] = field.default
            parameters.append(f"{name}=default_{name}")
        else:
            parameters.append(name)
        lines.append(
            f" set_field(self, {name!r}, {given})" if frozen else f" self.{name} = {given}"
        )
    exec(f"def __init__({', '.join(parameters)}):\n" + "\n".join(lines or [" pass"]), names)
    init = names["__init__"]
    init.__qualname__ = f"{made.__qualname__}.__init__"
    init.__annotations__ = {**made.__annotations__, "return": None}
    return init


def _getter_of_few(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """``attrgetter`` makes no tuple of one value."""
    return lambda record: tuple(getattr(record, name) for name in names)


# --- what all records share ----------------------------------------------------------------------


def _values(record: Any) -> tuple[Any, ...]:
    values: tuple[Any, ...] = type(record).__values__(record)
    return values


def _repr(self: Any) -> str:
    pairs = zip(dataclasses.fields(self), _values(self), strict=True)
    return f"{type(self).__qualname__}({', '.join(f'{f.name}={value!r}' for f, value in pairs)})"


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
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_self: Any, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
