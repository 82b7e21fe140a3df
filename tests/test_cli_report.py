"""Reports: sums, exit codes and the words on a terminal."""

from __future__ import annotations

import click
import pytest

from runner.console import describe, explain
from runner.note import Problem, Severity
from runner.report import BlockReport, NoteReport, Report
from runner.result import Status, TestOutcome


def block(id: str = "a", **facts: object) -> BlockReport:
    given: dict[str, object] = {
        "id": id,
        "role": "run",
        "line": 3,
        "action": "run",
        "because": "no stored result",
        "status": Status.OK,
        "seconds": 0.12345678,
        "device": "cpu",
        "tests": (),
        "figures": (),
        "digest": "0123abcd",
        "stale": False,
    }
    return BlockReport(**(given | facts))  # type: ignore[arg-type]


def report(*blocks: BlockReport, problems: tuple[Problem, ...] = (), **facts: bool) -> Report:
    changed = facts.pop("changed", False)
    return Report("/v", "cpu", (NoteReport("N.md", changed, problems, blocks),), **facts)


def words(given: Report, *, checked: bool = False) -> list[str]:
    return [click.unstyle(line) for line in describe(given, checked=checked)]


ERROR = Problem(4, Severity.ERROR, "what is wrong", "what to do")
WARNING = Problem(5, Severity.WARNING, "what is odd")

FINE = {
    "nothing": (report(), True, True),
    "ok": (report(block()), True, True),
    "failed": (report(block(status=Status.FAILED)), False, False),
    "timeout": (report(block(status=Status.TIMEOUT)), False, False),
    "crashed": (report(block(status=Status.CRASHED)), False, False),
    "skipped": (report(block(status=Status.SKIPPED)), True, True),
    "stale": (report(block(stale=True)), True, False),
    "unknown": (report(block(status=None)), True, True),
    "a warning": (report(block(), problems=(WARNING,)), True, True),
    "an error": (report(block(), problems=(ERROR,)), False, False),
    "stopped": (report(block(), interrupted=True), False, False),
}


@pytest.mark.parametrize(("given", "run", "check"), FINE.values(), ids=FINE)
def test_what_is_fine(given: Report, run: bool, check: bool) -> None:
    assert given.is_fine(stale_counts=False) is run
    assert given.is_fine(stale_counts=True) is check


def test_the_sum() -> None:
    given = report(
        block("a"),
        block("b", action="reuse", status=Status.FAILED),
        block("c", action="replay"),
        block("d", action="skip", status=Status.SKIPPED, stale=True),
        problems=(ERROR, WARNING, WARNING),
    )
    assert given.summary() == {
        "ran": 1,
        "replayed": 1,
        "reused": 1,
        "ok": 2,
        "failed": 1,
        "timeout": 0,
        "crashed": 0,
        "skipped": 1,
        "stale": 1,
        "errors": 1,
        "warnings": 2,
    }


def test_json_says_seconds_shortly() -> None:
    assert block().to_json()["seconds"] == 0.1235


def test_a_quiet_run_says_one_line() -> None:
    lines = words(report(block(action="reuse"), block("b", action="reuse")))
    assert lines == ["0 ran, 2 reused: 2 ok"]


def test_problems_name_place_fault_and_remedy() -> None:
    lines = words(report(problems=(ERROR, WARNING)))
    assert lines[0] == "N.md"
    assert "N.md:4: what is wrong — what to do" in lines[1]
    assert lines[1].split()[0] == "error"
    assert lines[2].endswith("N.md:5: what is odd") and lines[2].split()[0] == "warning"


def test_many_warnings_are_counted_not_listed() -> None:
    odd = tuple(Problem(n, Severity.WARNING, f"odd {n}") for n in range(1, 9))
    lines = words(report(problems=(*odd, ERROR)))
    assert sum("odd" in line for line in lines) == 5
    assert any("3 more warnings" in line for line in lines)
    assert any("what is wrong" in line for line in lines), "errors are never left out"


def test_failures_are_told_with_their_tests() -> None:
    outcomes = (
        TestOutcome("test_a", "passed"),
        TestOutcome("test_b", "failed", "assert 1 == 2\n  more"),
        TestOutcome("test_c", "error", "no fixture"),
    )
    text = "\n".join(
        words(report(block("t", status=Status.FAILED, tests=outcomes, reason="2 of 3 failed")))
    )
    assert "failed N.md:3 `t`" in text
    assert "test_b failed: assert 1 == 2" in text and "test_c error: no fixture" in text
    assert "test_a" not in text and "more" not in text


def test_one_thing_is_not_counted_in_the_plural() -> None:
    text = words(report(problems=(ERROR, WARNING)))[-1]
    assert "1 error," in text + "," and "1 warning" in text
    assert "1 errors" not in text and "1 warnings" not in text


def test_a_stopped_run_says_so() -> None:
    assert "stopped by Ctrl-C" in words(report(block(), interrupted=True))[-1]


EXPLAINED = {
    "run": "N.md:3 `a` would run: no stored result.",
    "replay": "N.md:3 `a` would be replayed silently: no stored result.",
    "reuse": "N.md:3 `a` would be reused: no stored result.",
    "skip": "N.md:3 `a` would be left: no stored result.",
}


@pytest.mark.parametrize(("action", "sentence"), EXPLAINED.items())
def test_sentences(action: str, sentence: str) -> None:
    assert list(explain(report(block(action=action)))) == [sentence]


def test_sentences_end_with_one_full_stop() -> None:
    (sentence,) = explain(report(block(action="skip", because="there is no option `x`")))
    assert sentence.endswith("option `x`.")
    assert not sentence.endswith("..")
