"""What was found about a note's text is found again as it was, or not at all."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from source_imports import PACKAGE, modules, reached_from

from runner import keptnotes, knownfacts, names
from runner.kept import Kept
from runner.keptnotes import FACTS, KeptFacts, KeptTexts, remembered
from runner.result import decode, encode

SOURCE = "import numpy as np\nx = np.ones(3)\nprint(x)\n"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("RUNNER_CACHE", str(tmp_path))
    knownfacts.facts.cache_clear()
    yield
    knownfacts.facts.cache_clear()


def facts_in_a_new_run(source: str = SOURCE) -> names.Facts:
    knownfacts.facts.cache_clear()
    with remembered():
        return knownfacts.facts(source, (("np", "numpy"),))


def refuse(*_: object) -> names.Facts:
    raise AssertionError("worked out once more")


@pytest.mark.parametrize("name", modules())
def test_facts_are_the_same_behind_json(name: str) -> None:
    source = (PACKAGE / f"{name}.py").read_text(encoding="utf-8")
    found = names.facts(source)
    assert decode(names.Facts, json.loads(json.dumps(encode(found)))) == found


def test_facts_are_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = facts_in_a_new_run()
    monkeypatch.setattr(names, "facts", refuse)
    assert facts_in_a_new_run() == first
    with pytest.raises(AssertionError, match="worked out once more"):
        facts_in_a_new_run(f"{SOURCE}y = 1\n")


def test_what_blocks_above_imported_makes_other_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    facts_in_a_new_run("np.random.seed(0)")
    monkeypatch.setattr(names, "facts", refuse)
    with remembered(), pytest.raises(AssertionError, match="worked out once more"):
        knownfacts.facts("np.random.seed(0)", (("np", "mine"),))


@pytest.mark.parametrize(
    "damage",
    ["''", "substr(body, 2)", "body || ' '", "replace(body, 'numpy', 'nunpy')", "'12345678{}'"],
)
def test_a_damaged_entry_is_as_good_as_none(damage: str, tmp_path: Path) -> None:
    first = facts_in_a_new_run()
    with sqlite3.connect(tmp_path / "notes.sqlite3") as connection:
        assert connection.execute(f"UPDATE kept SET body = {damage}").rowcount
    connection.close()
    assert facts_in_a_new_run() == first


def test_an_entry_in_another_place_is_as_good_as_none() -> None:
    kept = Kept("notes")
    texts = KeptTexts(kept, "now")
    texts["mine"] = "text"
    texts.write()
    (moved,) = kept.get_many(["now mine"]).values()
    kept.put_many({"now yours": moved})
    assert (texts.get("mine"), texts.get("yours")) == ("text", None)
    kept.close()


@pytest.mark.parametrize("changed", ["edition", "version"])
def test_other_code_or_another_python_knows_nothing(
    changed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts_in_a_new_run()
    if changed == "edition":
        monkeypatch.setattr(keptnotes, "edition", lambda *_: "another")
    else:
        monkeypatch.setattr(keptnotes.sys, "version_info", (3, 99))
    monkeypatch.setattr(names, "facts", refuse)
    with pytest.raises(AssertionError, match="worked out once more"):
        facts_in_a_new_run()


def test_facts_without_a_form_here_are_as_good_as_none() -> None:
    """Sealed as it should be, and yet not what this code would have written."""
    kept = Kept("notes")
    texts = KeptTexts(kept, "now")
    for key, text in {
        "a": "no json",
        "b": '{"binds": 3}',
        "c": '{"unheard": 1}',
        "d": "[]",
    }.items():
        texts[key] = text
        assert KeptFacts(texts).get(key) is None
    kept.close()


def test_the_edition_of_facts_is_that_of_all_code_that_finds_them() -> None:
    how = {"patterns", "records"}  # how facts and expressions are made, not what is found
    reached = reached_from("names", at_start=False) - how
    assert {f"{name}.py" for name in reached} == set(FACTS)
