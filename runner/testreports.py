"""What pytest reports of a test, as an outcome: decisive phase, status, message and failure."""

from __future__ import annotations

import pytest

from . import memory
from .frames import Places, without_addresses
from .result import Failure, TestOutcome

BAD = ("failed", "error")


def weight(report: pytest.TestReport) -> int:
    """Which phase of a test says how it ended: a failing one, else the call, else the set-up."""
    if report.failed:
        return 3
    if report.skipped:
        return 2
    return 1 if report.when == "call" else 0


def outcome(
    name: str,
    report: pytest.TestReport,
    error: BaseException | None,
    device: str,
    places: Places,
) -> TestOutcome:
    status = _status(report)
    if status not in BAD:
        return TestOutcome(name, status, _remark(report, status), device)
    if error is None:  # an xfail(strict=True) that passed
        return TestOutcome(name, status, without_addresses(str(report.longrepr)), device)
    failure = failure_of(error, places)
    is_assert = failure.kind == "AssertionError" and failure.message
    message = failure.message if is_assert else failure.said
    return TestOutcome(name, status, message, device, failure)


def _status(report: pytest.TestReport) -> str:
    if report.failed:
        return "failed" if report.when == "call" else "error"
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "xpassed"
    return "skipped" if report.skipped else "passed"


def _remark(report: pytest.TestReport, status: str) -> str:
    if status == "skipped":
        return skip_reason(report)
    return str(getattr(report, "wasxfail", "")).removeprefix("reason: ")


def skip_reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    place = report.longrepr
    text = place[2] if isinstance(place, tuple) else str(place)
    return without_addresses(text.removeprefix("Skipped: "))


def failure_of(error: BaseException, places: Places) -> Failure:
    memory.explain(error)
    found = places.failure(error)
    if isinstance(error, pytest.FixtureLookupError):
        return Failure(found.kind, f"fixture {error.argname!r} not found", found.frames)
    return found
