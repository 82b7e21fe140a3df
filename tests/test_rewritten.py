"""Compiled test blocks kept between runs: found again, made again where anything differs."""

from __future__ import annotations

from pathlib import Path
from types import CodeType

import pytest

from runner import rewritten
from runner.rewritten import RewrittenCode


def make(source: str, made: list[str]) -> CodeType:
    made.append(source)
    return compile(source, "N.md", "exec")


def test_the_same_facts_are_compiled_once(tmp_path: Path) -> None:
    made: list[str] = []
    for facts in (("a", 1), ("a", 1), ("a", 2), ("b", 1)):
        code = RewrittenCode(tmp_path).get(facts, lambda f=facts: make(f"x = {f!r}", made))
        scope: dict[str, object] = {}
        exec(code, scope)
        assert scope["x"] == facts
    assert len(made) == 3


@pytest.mark.parametrize("damage", [b"", b" ", b"nonsense", b"i\x01\x00\x00\x00"])
def test_a_damaged_file_costs_time_alone(tmp_path: Path, damage: bytes) -> None:
    made: list[str] = []
    RewrittenCode(tmp_path).get(("a",), lambda: make("x = 1", made))
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage or whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2))
    RewrittenCode(tmp_path).get(("a",), lambda: make("x = 1", made))
    RewrittenCode(tmp_path).get(("a",), lambda: make("x = 1", made))
    assert len(made) == 2


def test_too_many_are_halved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewritten, "_MOST", 4)
    cache = RewrittenCode(tmp_path)
    for number in range(6):
        cache.get((number,), lambda: compile("x = 1", "N.md", "exec"))
    RewrittenCode(tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
