"""Names that share state: a history of blocks, against the same kept as plain sets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runner.sharedstate import SharedState

NAMES = st.sampled_from("abcdef")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["join", "change", "renew"]), st.lists(NAMES, min_size=1, max_size=3)
    ),
    max_size=25,
)


class Plain:
    """The definition: what shares state now, and the changes of each name's object so far."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[str, int]] = {}
        self.groups: list[set[tuple[str, int]]] = []
        self.changes: dict[tuple[str, int], set[int]] = {}

    def object(self, name: str) -> tuple[str, int]:
        return self.objects.get(name, (name, -1))

    def group(self, name: str) -> set[tuple[str, int]]:
        found = next((g for g in self.groups if self.object(name) in g), None)
        return found if found is not None else {self.object(name)}

    def step(self, kind: str, names: list[str], at: int) -> None:
        if kind == "renew":
            self.objects.update((name, (name, at)) for name in names)
            return
        groups = [self.group(name) for name in names]
        if kind == "change":
            for other in set[tuple[str, int]]().union(*groups):
                self.changes.setdefault(other, set()).add(at)
            return
        joined = set[tuple[str, int]]().union(*groups)
        self.groups = [g for g in self.groups if not g & joined] + [joined]


@given(STEPS)
def test_a_name_is_changed_by_those_that_changed_what_it_shared_then(
    steps: list[tuple[str, list[str]]],
) -> None:
    state, plain = SharedState(), Plain()
    for at, (kind, names) in enumerate(steps):
        if kind == "renew":
            for name in names:
                state.renew(name, at)
        elif kind == "join":
            state.join(names, at)
        else:
            state.change(names, at)
        plain.step(kind, names, at)
    for name in "abcdef":
        for after in (-1, len(steps) // 2):
            expected = {at for at in plain.changes.get(plain.object(name), ()) if at > after}
            assert state.changed(name, after) == expected


def test_what_shows_another_is_changed_with_it_alone() -> None:
    state = SharedState()
    state.show(["figure"], ["curve"], 1)
    state.change(["curve"], 2)
    state.change(["figure"], 3)
    assert state.changed("figure", 0) == {2, 3}
    assert state.changed("curve", 0) == {2}


def test_states_of_notes_are_found_through_any_name() -> None:
    state = SharedState()
    state.join(["a", "<vault.other>"], 1)
    state.join(["b", "a"], 2)
    assert state.states("b") == {"<vault.other>"}
    assert not state.states("c")
