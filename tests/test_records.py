"""Records made quickly are dataclasses like those of the standard library."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import pprint
from typing import Any

import pytest

from runner import records
from runner.note import Note, Span
from runner.records import dataclass, field, given, hints, names
from runner.result import Place, Result, Status, Text

OPTIONS = [
    {},
    {"slots": True},
    {"frozen": True},
    {"frozen": True, "slots": True},
    {"frozen": True, "slots": True, "order": True},
]


def made_by(library: Any, **options: bool) -> Any:
    """A class of records, of which there are none yet."""

    @library.dataclass(**options)
    class Point:
        """A place in the plane."""

        x: int
        y: int = 0
        marks: tuple[str, ...] = ()
        seen: list[int] = library.field(default_factory=list)

        def swapped(self) -> Point:
            swapped: Point = library.replace(self, x=self.y, y=self.x)
            return swapped

    return Point


def outcome(work: Any) -> object:
    """What ``work`` returns, or the kind and words of what it raises."""
    try:
        return work()
    except (TypeError, AttributeError) as error:
        return type(error), str(error)


@pytest.mark.parametrize("few", [0, 1, 100])  # before and after `__init__` is compiled
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize(
    "work",
    [
        lambda kind: repr(kind(1)),
        lambda kind: repr(kind(1, marks=("a",))),
        lambda kind: kind(1) == kind(1, 0, ()),
        lambda kind: kind(1) == kind(2),
        lambda kind: kind(1) == (1, 0, (), []),
        lambda kind: kind(1) < kind(1, 2) <= kind(1, 2) < kind(2),
        lambda kind: kind(2) > kind(1, 2) >= kind(1, 2) > kind(1),
        lambda kind: kind(2) <= kind(1),
        lambda kind: kind(1) >= 1,
        lambda kind: kind(1).seen is kind(1).seen,
        lambda kind: kind(),
        lambda kind: kind(1, z=2),
        lambda kind: kind(1, x=2),
        lambda kind: kind(y=2, x=1, seen=[3]) == kind(1, 2, seen=[3]),
        lambda kind: [repr(kind(n, seen=[])) for n in range(3)],
        lambda kind: kind(1, 2, 3, 4, 5),
        lambda kind: hash(kind(1, seen=())) == hash(kind(1, seen=())),
        lambda kind: hash(kind(1)),
        lambda kind: setattr(kind(1), "x", 2),
        lambda kind: delattr(kind(1), "x"),
        lambda kind: hasattr(kind(1), "__dict__"),
        lambda kind: repr(kind(1, 2).swapped()),
        lambda kind: dataclasses.asdict(kind(1, 2)),
        lambda kind: [f.name for f in dataclasses.fields(kind)],
        lambda kind: kind.__match_args__,
        lambda kind: kind.__doc__,
        lambda kind: list(inspect.signature(kind).parameters),
        lambda kind: repr(copy.deepcopy(kind(1, 2))),
    ],
)
def test_does_what_the_standard_library_does(
    few: int, options: dict[str, bool], work: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "_FEW", few)
    ours, theirs = made_by(records, **options), made_by(dataclasses, **options)
    assert outcome(lambda: work(ours)) == outcome(lambda: work(theirs))


def test_hides_nothing_from_match() -> None:
    match Place("vault.a", "b", 3):
        case Place(module, block, line):
            assert (module, block, line) == ("vault.a", "b", 3)


def test_facts_are_equal_by_content_and_kind() -> None:
    assert Text("a") == Text("a", "stdout") != Place("a", "stdout", 1)
    assert {Place("a", "b", 1), Place("a", "b", 1)} == {Place("a", "b", 1)}


def test_facts_can_be_copied_and_sent() -> None:
    result = Result(Status.OK, outputs=(Text("a"),))
    assert pickle.loads(pickle.dumps(result)) == copy.copy(result) == result


def test_orders_as_asked() -> None:
    assert sorted([Span(2, 3), Span(1, 9)]) == [Span(1, 9), Span(2, 3)]


def test_a_subclass_adds_its_fields() -> None:
    @dataclass
    class Base:
        x: int
        seen: list[int] = field(default_factory=list)

    @dataclass
    class Derived(Base):
        y: int = 2

    assert repr(Derived(1)).endswith("Derived(x=1, seen=[], y=2)")
    assert [f.name for f in dataclasses.fields(Derived)] == ["x", "seen", "y"]
    assert names(Base) == ("x", "seen") and names(int) == ()


def test_tells_what_was_given_and_of_what_types_fields_are() -> None:
    assert given(Place("vault.a", "b", 3)) == {"module": "vault.a", "block": "b", "line": 3}
    assert given(Text("a", left_out=(1,))) == {"text": "a", "left_out": (1,)}
    assert hints(Text) == {"text": str, "stream": str, "left_out": tuple[int, ...]}


def test_takes_the_standard_library_in_where_it_asks() -> None:
    assert dataclasses.is_dataclass(Place)
    assert dataclasses.replace(Place("vault.a", "b", 3), line=4) == Place("vault.a", "b", 4)
    assert pprint.pformat(Text("a")) == repr(Text("a"))


def test_refuses_fields_it_would_treat_wrongly() -> None:
    with pytest.raises(TypeError, match="repr"):
        field(repr=False)
    with pytest.raises(AssertionError, match=r"default of Odd\.marks can change: use a factory"):

        @dataclass(frozen=True)
        class Odd:
            marks: list[int] = []  # noqa: RUF012  the fault to be found

    with pytest.raises(AssertionError, match=r"Odd\.seen needs the `field` of this file"):

        @dataclass
        class Odd:  # type: ignore[no-redef]
            seen: list[int] = dataclasses.field(default_factory=list)


def test_the_facts_of_a_note_stay_frozen() -> None:
    note = Note("a.md", "", "vault.a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        note.path = "b.md"  # type: ignore[misc]
