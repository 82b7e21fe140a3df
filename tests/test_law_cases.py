"""Divergences that ``fuzz_incremental.py`` found: a vault before and after the edit that was wrong.

What the graph did not see is kept in ``test_plan_hidden.py``; these need a run.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from law_runs import Court
from law_vaults import Draft, Written

# Notes as `role id: source | role id: source`, before and after.
CASES = {
    "a reason to skip becomes another one": (
        {"Main": "run a: draws = np.random.rand(2) | run b: print(draws)"},
        {
            "Main": "run a: draws = np.random.rand(2) | test t: import numpy as np"
            " | run b: print(draws)"
        },
    ),
    "what was skipped is replayed for a test": (
        {
            "Main": "component b: from vault.other import total | test t: assert True",
            "Other": "component c: total = 1 | component d: pass",
        },
        {
            "Main": "component b: from vault.other import total | test t: assert True",
            "Other": "component c: total = 1 | component d: missing",
        },
    ),
    "a traceback shows a line that has got a comment": (
        {"Main": "run a: def load(): return [][0] | run b: print(load())"},
        {"Main": "run a: def load(): return [][0]  # nothing | run b: print(load())"},
    ),
    "an imported note fails no more": (
        {
            "Main": "run a: from vault.other import total; print(total)",
            "Other": "component c: total = 1 | component d: missing",
        },
        {
            "Main": "run a: from vault.other import total; print(total)",
            "Other": "component c: total = 1 | component d: 'mended'",
        },
    ),
    "an imported note says something else": (
        {
            "Main": "run a: from vault.other import total | run b: from vault.other import total",
            "Other": "component c: total = 1 | component d: print('one')",
        },
        {
            "Main": "run a: 'no import' | run b: from vault.other import total",
            "Other": "component c: total = 1 | component d: print('two')",
        },
    ),
    "a class that fails where it is imported is mended": (
        {
            "Main": "run a: from vault.other import total; print(total)",
            "Other": "component c: total = 1 | component d: class A(Missing): pass",
        },
        {
            "Main": "run a: from vault.other import total; print(total)",
            "Other": "component c: total = 1 | component d: class A: pass",
        },
    ),
    "a block asks for a file that a test below it writes": (
        {
            "Main": "run a: from pathlib import Path; print(Path('made.txt').exists())"
            " | test t: open('made.txt', 'w').write('1')"
        },
        {
            "Main": "run a: from pathlib import Path; print(1, Path('made.txt').exists())"
            " | test t: open('made.txt', 'w').write('1')"
        },
    ),
    "a failing definition shows what a run block above changed": (
        {"Main": "setup s: items = [1] | setup last: print(items); missing"},
        {
            "Main": "setup s: items = [1] | run r: items.append(2)"
            " | setup last: print(items); missing"
        },
    ),
}


def written(notes: dict[str, str]) -> Written:
    return Written({name: tuple(_drafts(text)) for name, text in notes.items()}, {}, {})


def _drafts(text: str) -> Iterator[Draft]:
    for entry in text.split(" | "):
        head, _, source = entry.partition(": ")
        role, _, id = head.partition(" ")
        yield Draft(role, id, source.replace("; ", "\n"))


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Court]:
    with pytest.MonkeyPatch.context() as patch, Court(tmp_path_factory.mktemp("law")) as court:
        for name in ("RUNNER_STATE", "RUNNER_CACHE"):
            patch.setenv(name, "set by each run")
        yield court


@pytest.mark.parametrize("case", CASES)
def test_incremental_equals_clean(court: Court, case: str) -> None:
    before, after = CASES[case]
    assert not court.diverges([written(before), written(after)], torch=False)
