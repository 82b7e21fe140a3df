"""File events as paths; the events here are made by hand, those of the system by test_watch."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from watchdog.observers.api import BaseObserver

from runner import changes as module
from runner.changes import Changes, observed
from runner.vault import VaultError


@pytest.fixture
def changes(tmp_path: Path) -> Changes:
    return Changes(tmp_path)


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("A.md", {"A.md"}),
        ("deep/ä 笔记 📓.md", {"deep/ä 笔记 📓.md"}),
        ("helper.py", {"helper.py"}),
        (".obsidian/workspace.json", set()),
        (".git/index", set()),
        ("deep/.hidden/A.md", set()),
        (".A.md.swp", set()),
        ("node_modules/x/README.md", set()),
        ("a/__pycache__/helper.pyc", set()),
        ("../elsewhere/A.md", set()),
    ],
)
def test_which_paths_count(changes: Changes, path: str, kept: set[str]) -> None:
    changes.add(str(changes.root / path))
    assert changes.take() == (kept, False)


def test_a_batch_ends_when_changes_cease(changes: Changes) -> None:
    def save() -> None:
        for number in range(10):
            changes.add(str(changes.root / f"{number}.md"))
            time.sleep(0.02)

    thread = threading.Thread(target=save)
    thread.start()
    changes.wait(10)
    paths, lost = changes.take()
    thread.join()
    assert paths == {f"{number}.md" for number in range(10)} and not lost
    assert changes.take() == (set(), False)


def test_a_batch_ends_though_changes_do_not_cease(changes: Changes) -> None:
    ended = threading.Event()

    def save() -> None:
        while not ended.wait(0.02):
            changes.add(str(changes.root / "A.md"))

    thread = threading.Thread(target=save)
    thread.start()
    changes.wait(10)
    assert changes.take() == ({"A.md"}, False)
    ended.set()
    thread.join()


def test_waiting_ends_with_the_time(changes: Changes) -> None:
    changes.wait(0.01)
    assert changes.take() == (set(), False)


def test_what_watchdog_only_logs_is_a_loss(changes: Changes) -> None:
    with observed(changes):
        logging.getLogger("watchdog.observers.inotify_c").warning("overflow")
        changes.wait(10)
        assert changes.take() == (set(), True)


@pytest.mark.parametrize("code", [28, 24])
def test_a_system_that_watches_no_more_is_told(
    changes: Changes, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, "inotify watch limit reached")

    monkeypatch.setattr(BaseObserver, "schedule", refuse)
    with pytest.raises(VaultError, match="--polling"), observed(changes):
        pass


def test_everything_is_given_back(changes: Changes) -> None:
    before = threading.active_count()
    with observed(changes):
        assert threading.active_count() > before
    until(lambda: threading.active_count() <= before + 1)  # inotify's shared reader may stay
    assert not [
        h for h in logging.getLogger("watchdog").handlers if isinstance(h, module._Overflow)
    ]


def until(met: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not met():
        assert time.monotonic() < end
        time.sleep(0.01)
