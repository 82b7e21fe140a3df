"""Law 3: after any edits an incremental run leaves what a clean run of everything leaves.

A few sequences, some of them new in every run; ``fuzz_incremental.py`` tries thousands.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from law_runs import Court
from law_vaults import EDITS, Author, Draft, Written
from vaults import Home, statuses

FIXED = range(12)
FRESH = 6


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Court]:
    with pytest.MonkeyPatch.context() as patch, Court(tmp_path_factory.mktemp("law")) as court:
        for name in ("RUNNER_STATE", "RUNNER_CACHE"):
            patch.setenv(name, "set by each run")
        yield court


@pytest.mark.parametrize("seed", FIXED)
def test_incremental_equals_clean(court: Court, seed: int) -> None:
    wrong = court.try_sequence(seed)
    assert wrong is None, str(wrong)


@pytest.mark.parametrize("turn", range(FRESH))
def test_incremental_equals_clean_for_new_vaults(court: Court, turn: int) -> None:
    wrong = court.try_sequence(random.SystemRandom().randrange(10**9) + turn)
    assert wrong is None, str(wrong)


def test_most_of_what_is_tried_runs() -> None:
    """The law would hold of vaults that only fail."""
    authors = [Author(seed) for seed in range(40)]
    assert len({name for author in authors for name in author.families}) > 8
    assert {author.edit() for author in authors for _ in range(20)} == set(EDITS)


def test_a_wrong_result_would_be_found(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an analysis that sees no changes, an edit above leaves the block below as it was."""
    from runner.resolve import Resolver

    monkeypatch.setattr(Resolver, "changers", lambda *_: iter(()))
    before, after = (
        Written(
            {"Main": (_run("a", "x = [1]"), _run("b", f"x.append({n})"), _run("c", "print(x)"))},
            {},
            {},
        )
        for n in (2, 3)
    )
    assert court.diverges([before, after], torch=False)
    monkeypatch.undo()
    assert not court.diverges([before, after], torch=False)


def _run(id: str, source: str) -> Draft:
    return Draft("run", id, source)


def test_the_same_through_the_whole_pipeline(home: Home, tmp_path: Path) -> None:
    """``Session.run`` as the commands call it, each time with workers of its own."""
    author = Author(7, families=("lists", "others"))
    for _ in range(2):
        author.vault.save(home.vault)
        start = tmp_path / "start"
        shutil.copytree(home.vault, start)
        found = statuses(home.session(workers=1))
        incremental = home.files().data
        shutil.rmtree(home.vault)
        start.rename(home.vault)
        assert statuses(home.session(workers=1, force=True)) == found
        assert home.files().data == incremental
        author.edit()
