"""``pytest vault/``: the test blocks of trusted notes as pytest items.

The same nodes, seeds and namespaces as under ``run``. A note's setup and component blocks are
executed when it is collected, as those of a test file are; one that fails becomes a failing item of
its own, and the tests that depend on it are skipped. Run blocks are executed only for tests that
use them, when the first of these begins.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .pytest_notes import Notes

_KEY: pytest.StashKey[Notes] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("runner", "notes that run")
    group.addoption("--device", default="auto", help="auto, cpu, cuda[:n] or mps")
    group.addoption("--slow", action="store_true", help="run blocks marked `slow: true` too")
    group.addoption(
        "--update-notes", action="store_true", help="afterwards, write results into the notes"
    )
    group.addoption("--trust-vault", action="store_true", help="trust the vaults of this run")
    parser.addini("runner_trust", "vaults trusted below this file", type="linelist", default=[])


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix.lower() != ".md":
        return None
    from .pytest_notes import Notes

    notes = parent.config.stash.get(_KEY, None)
    if notes is None:
        notes = parent.config.stash[_KEY] = Notes(parent.config)
    return notes.collector(file_path, parent)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    notes = item.config.stash.get(_KEY, None)
    if notes is None:
        return (yield)
    with notes.surroundings(item):
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    notes = item.config.stash.get(_KEY, None)
    if notes is not None:
        notes.prepare(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    notes = item.config.stash.get(_KEY, None)
    if notes is None:
        return (yield)
    with notes.time_limit(item):
        return (yield)


def pytest_sessionfinish(session: pytest.Session) -> None:
    notes = session.config.stash.get(_KEY, None)
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    if notes is not None and session.config.option.update_notes and not is_worker:
        notes.update()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    notes = terminalreporter.config.stash.get(_KEY, None)
    if notes is not None:
        for line in notes.remarks:
            terminalreporter.write_line(line)
