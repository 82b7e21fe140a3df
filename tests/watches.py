"""A running watch on a real folder, in a thread of its own, and the ways in which editors save."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from vaults import Home, fence

from runner.changes import Changes
from runner.job import Job
from runner.notices import Notice
from runner.pool import Pool
from runner.report import Report
from runner.session import Session
from runner.vault import Vault
from runner.watch import watch_vault
from runner.wish import Wish

NEVER = float("inf")
LIMIT = 30.0  # seconds after which an expected event counts as missing
A = fence("setup", "start", "base = 1") + fence("run", "one", "print('one', base)")


class Watching:
    """A running watch, and its reports and other words so far."""

    def __init__(self, home: Home, **options: object) -> None:
        self.home = home
        self.reports: list[Report] = []
        self.notices: list[Notice] = []
        self.changes = Changes(home.vault)
        self.failure: BaseException | None = None
        self._options = options
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self) -> None:
        options = {"rest": NEVER, **self._options}  # second looks have tests of their own
        paths = options.pop("paths", [""])
        session = Session(Vault(self.home.vault, trusted=True))
        try:
            for told in watch_vault(
                session,
                paths,  # type: ignore[arg-type]  # tests pass what fits
                Wish(
                    workers=options.pop("workers", 2),  # type: ignore[arg-type]
                    write=bool(options.pop("write", True)),
                ),
                lambda _: None,
                changes=self.changes,
                **options,  # type: ignore[arg-type]
            ):
                if isinstance(told, Report):
                    self.reports.append(told)
                else:
                    self.notices.append(told)
        except BaseException as error:  # told by the test's thread
            self.failure = error
        finally:
            session.close()

    def until(self, met: Callable[[], object], what: str = "") -> None:
        """Wait for a condition; every event of these tests ends in one."""
        end = time.monotonic() + LIMIT
        while not met():
            if self.failure is not None:
                raise self.failure
            assert time.monotonic() < end, f"{what or 'it'} did not happen: {self.reports}"
            time.sleep(0.01)

    def next(self) -> Report:
        """The report that comes next."""
        known = len(self.reports)
        self.until(lambda: len(self.reports) > known, "a report")
        return self.reports[known]

    def first(self) -> Report:
        self.until(lambda: self.reports, "the first report")
        return self.reports[0]

    def words(self) -> str:
        """The words that were said beside the reports."""
        return "\n".join(notice.words for notice in self.notices)

    def rests(self) -> bool:
        """Whether no report comes for a while, in which one would have come."""
        known = len(self.reports)
        time.sleep(0.8)
        return len(self.reports) == known

    def stop(self) -> None:
        self.changes.stop()
        self.thread.join(LIMIT)
        assert not self.thread.is_alive()
        if self.failure is not None:
            raise self.failure


@contextmanager
def watching(home: Home, **options: object) -> Iterator[Watching]:
    watch = Watching(home, **options)
    try:
        watch.first()
        yield watch
    finally:
        watch.stop()


@contextmanager
def watching_nothing(home: Home, **options: object) -> Iterator[Watching]:
    """A watch with nothing to run at first, hence without a first report."""
    watch = Watching(home, **options)
    watch.until(lambda: watch.thread.is_alive())
    time.sleep(0.5)
    try:
        yield watch
    finally:
        watch.stop()


class Lanes:
    """The ranks of the lanes that are given to pools: 0 for second looks."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.ranks: list[int] = []
        submit = Pool.submit

        def noted(pool: Pool, job: Job, rank: int = 1) -> int:
            self.ranks.append(rank)
            return submit(pool, job, rank)

        patch.setattr(Pool, "submit", noted)

    @property
    def of_looks(self) -> int:
        return self.ranks.count(0)


def replace_by_rename(path: Path, text: str) -> None:
    temporary = path.with_name(".tmp-save")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def save_as_vim(path: Path, text: str) -> None:
    backup = path.with_name(path.name + "~")
    path.rename(backup)
    path.write_text(text, encoding="utf-8")
    backup.unlink()


def unlink_and_write(path: Path, text: str) -> None:
    path.unlink()
    time.sleep(0.15)
    path.write_text(text, encoding="utf-8")


def truncate_and_write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.flush()
        time.sleep(0.25)
        stream.write(text)


def write_torn(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.write(text[: len(text) // 2])
        stream.flush()
        time.sleep(0.05)
        stream.write(text[len(text) // 2 :])


def write_in_place(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


SAVERS = [
    write_in_place,
    replace_by_rename,
    save_as_vim,
    unlink_and_write,
    truncate_and_write,
    write_torn,
]
