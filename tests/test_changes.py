"""File events as paths; the events here are made by hand, those of the system by test_watch."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from clocks import Clock
from watchdog.observers.api import BaseObserver

from runner import changes as module
from runner.changes import Batch, Changes, observed
from runner.vault import VaultError


@pytest.fixture
def changes(tmp_path: Path, clock: Clock) -> Changes:
    return Changes(tmp_path, clock)


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
def test_which_paths_count(changes: Changes, clock: Clock, path: str, kept: set[str]) -> None:
    changes.add(str(changes.root / path))
    clock.now += 1
    assert changes.take().paths.keys() == kept


def save(changes: Changes, name: str) -> None:
    changes.add(str(changes.root / name))


def test_a_note_saved_alone_is_answered_soon(changes: Changes, clock: Clock) -> None:
    save(changes, "A.md")
    assert changes.due() == clock.now + 0.03
    assert changes.take() == Batch()
    clock.now = changes.due()
    assert changes.take() == Batch({"A.md": 100.0})
    assert (changes.due(), changes.take()) == (float("inf"), Batch())


def test_many_saved_one_after_the_other_are_one_batch(changes: Changes, clock: Clock) -> None:
    for number in range(15):
        save(changes, f"{number}.md")
        assert changes.take() == Batch()
        clock.now += 0.02 if number == 0 else 0.06
    assert changes.due() == pytest.approx(clock.now + 0.04)
    clock.now = changes.due()
    batch = changes.take()
    assert batch.paths.keys() == {f"{number}.md" for number in range(15)} and not batch.lost


def test_a_batch_ends_though_changes_do_not_cease(changes: Changes, clock: Clock) -> None:
    began = clock.now
    while changes.take() == Batch():
        save(changes, "A.md")
        clock.now += 0.02
    assert clock.now - began == pytest.approx(1.0, abs=0.05)


def test_the_last_event_of_a_path_is_its_time(changes: Changes, clock: Clock) -> None:
    for name in ("A.md", "B.md", "A.md"):
        save(changes, name)
        clock.now += 0.01
    clock.now += 1
    assert changes.take().paths == pytest.approx({"A.md": 100.02, "B.md": 100.01})


def test_what_is_lost_is_told_with_the_rest(changes: Changes, clock: Clock) -> None:
    save(changes, "A.md")
    changes.lose()
    clock.now += 0.05
    assert changes.take() == Batch()
    clock.now += 0.1
    assert changes.take() == Batch({"A.md": 100.0}, lost=True)


def test_waiting_ends_with_the_time(changes: Changes) -> None:
    changes.wait(0.01)
    assert changes.take() == Batch()


@pytest.mark.parametrize("wake", [Changes.ring, Changes.lose, lambda c: save(c, "A.md")])
def test_waiting_ends_with_news(changes: Changes, wake: Callable[[Changes], None]) -> None:
    threading.Timer(0.05, wake, [changes]).start()
    changes.wait(60)
    wake(changes)
    changes.ring()
    changes.wait(60)  # what came before the wait ends it too


def test_what_watchdog_only_logs_is_a_loss(changes: Changes, clock: Clock) -> None:
    with observed(changes):
        logging.getLogger("watchdog.observers.inotify_c").warning("overflow")
        changes.wait(10)
        clock.now += 1
        assert changes.take() == Batch(lost=True)


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
