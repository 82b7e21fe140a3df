"""``-k`` expressions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.wish import Selection

TEXT = "papers/ViT.md patchify-parity test"

MATCHES = {
    "": True,
    "patchify": True,
    "PATCHIFY": True,
    "vit.md": True,
    "papers/": True,
    "parity and test": True,
    "parity and run": False,
    "run or test": True,
    "not run": True,
    "not test": False,
    "not not test": True,
    "run or not run and test": True,
    "not (run or test)": False,
    "(run or test) and parity": True,
    "run and test or parity": True,
    "run and (test or parity)": False,
    "(((test)))": True,
    "not(test)": False,
    "nothing": False,
    "test test_x": None,
    "a and": None,
    "and a": None,
    "or": None,
    "not": None,
    "(a": None,
    "a)": None,
    "()": None,
    "a or or b": None,
    "a not b": None,
}


@pytest.mark.parametrize(("expression", "expected"), MATCHES.items())
def test_expressions(expression: str, expected: bool | None) -> None:
    if expected is None:
        with pytest.raises(ValueError, match="-k ") as error:
            Selection(expression)
        assert f"-k `{expression}` is no expression" in str(error.value)
    else:
        assert Selection(expression)(TEXT) is expected


EXPRESSIONS = st.recursive(
    st.sampled_from(["a", "b", "c"]),
    lambda inner: st.one_of(
        inner.map(lambda x: f"not {x}"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
        inner.map(lambda x: f"({x})"),
    ),
    max_leaves=8,
)


@given(EXPRESSIONS, st.sets(st.sampled_from("abc")))
def test_they_mean_what_they_mean_in_python(expression: str, present: set[str]) -> None:
    values = {name: name in present for name in "abc"}
    assert Selection(expression)("".join(sorted(present))) is eval(expression, {}, values)


@given(st.text('ab()and or not\t"', max_size=20))
def test_nonsense_is_told_at_once(expression: str) -> None:
    try:
        selection = Selection(expression)
    except ValueError as error:
        assert str(error).startswith("-k ")
        return
    assert selection("a b") in (True, False)
