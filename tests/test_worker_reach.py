"""The worker runs anywhere: it starts with the standard library, and reaches few files of ours."""

from __future__ import annotations

import pytest
from source_imports import foreign_imports, modules, reached_from

# The child's side: runs under an interpreter where this project need not be installed.
WORKER = {"worker", "capture", "display", "evidence", "frames", "modules", "seeds"}
WORKER |= {"template", "testing", "rewritten", "testreports", "children", "channel", "memory"}
WORKER |= {
    "freshcode",
    "checkpoints",
    "storable",
    "untouched",
    "premises",
    "remedies",
    "variables",
    "portable",
    "strays",
}
WORKER |= {"exits", "dataframes", "representations", "threadfaults", "lacking", "scratch", "guests"}
WORKER |= {"distributions", "namedfiles"}
WORKER_WORDS = {"job", "result", "records", "environment", "patterns"}
WORKER_WORDS |= {"notebooks/html_text"}  # for a value whose form is HTML


def test_the_worker_reaches_only_its_siblings_and_the_vocabulary() -> None:
    assert reached_from("worker", at_start=False) == WORKER | WORKER_WORDS


def test_the_worker_starts_with_the_standard_library_alone() -> None:
    started = reached_from("worker", at_start=True)
    assert {
        name: found for name in started if (found := foreign_imports(name, at_start=True))
    } == {}


@pytest.mark.parametrize("name", sorted(set(modules()) - WORKER))
def test_the_parent_never_imports_torch(name: str) -> None:
    assert "torch" not in foreign_imports(name)
