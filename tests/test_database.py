"""The store where its file is damaged, of another version, locked, on a full or a read-only disk."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from disks import mounted
from vaults import Home, actions, fence, statuses
from watches import watching
from writes import as_root

from runner import database, notices
from runner.database import Database, Scheme

SCHEME = Scheme("facts", "CREATE TABLE facts (fact TEXT)", 2, "facts are found once more")


def put(store: Database, fact: str) -> None:
    store.do(lambda connection: connection.execute("INSERT INTO facts VALUES (?)", (fact,)))


def facts(store: Database) -> list[str]:
    query = "SELECT fact FROM facts ORDER BY fact"
    return store.do(lambda connection: [fact for (fact,) in connection.execute(query)])


def told() -> list[str]:
    return [notice.words for notice in notices.take()]


@pytest.fixture(autouse=True)
def _nothing_was_told() -> None:
    notices.take()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A store with one fact."""
    store = Database(SCHEME, tmp_path)
    put(store, "old")
    store.close()
    assert told() == []
    return tmp_path / "facts.sqlite3"


def test_a_new_store_is_not_worth_a_word(tmp_path: Path) -> None:
    assert facts(Database(SCHEME, tmp_path)) == []
    assert told() == []


def test_a_damaged_file_is_made_anew_and_told_once(file: Path) -> None:
    file.write_bytes(b"no database at all " * 100)
    store = Database(SCHEME, file.parent)
    put(store, "new")
    assert facts(store) == ["new"]
    store.close()
    assert told() == [
        f"{file} was damaged (file is not a database) and is made anew: facts are found once more"
    ]
    file.write_bytes(b"once more")
    assert facts(Database(SCHEME, file.parent)) == []
    assert told() == []


@pytest.mark.parametrize("version", [1, 3])
def test_another_version_is_told(file: Path, version: int) -> None:
    other = Scheme("facts", "CREATE TABLE facts (fact TEXT, more TEXT)", version, "all again")
    assert facts(Database(other, file.parent)) == []
    assert told() == [
        f"{file} was written by another version of runner (2) and is made anew: all again"
    ]


def test_a_locked_file_is_waited_for_and_then_left(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY", 0.05)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store = Database(SCHEME, file.parent)
    assert facts(store) == ["old"], "readers need not wait"
    put(store, "new")
    assert facts(store) == ["new", "old"]
    other.execute("ROLLBACK")
    other.close()
    assert facts(Database(SCHEME, file.parent)) == ["old"]
    (words,) = told()
    assert words.startswith(f"{file.parent} cannot be used (database is locked), so what is found")


def test_our_own_bugs_are_raised(file: Path) -> None:
    store = Database(SCHEME, file.parent)
    with pytest.raises(sqlite3.ProgrammingError):
        store.do(lambda connection: connection.execute("SELECT ?", ()))
    assert facts(store) == ["old"]


# --- disks ------------------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path, "400k") as folder:
        yield folder


def fill(disk: Path) -> None:
    (disk / "filler").write_bytes(b"x" * shutil.disk_usage(disk).free)


def read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)


@as_root
@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_a_run_goes_on_without_a_store(
    home: Home, disk: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setenv("RUNNER_CACHE", str(disk))
    home.env["RUNNER_CACHE"] = str(disk)
    home.write("A.md", fence("run", "a", "print('a')"))
    assert home.run().code == 0
    if fault == "full":
        fill(disk)
    else:
        read_only(disk)
    home.write("A.md", home.read("A.md") + fence("run", "b", "print('b' * 9)"))
    done = home.run()
    assert (done.code, done.actions()) == (0, {"A.md#a": "reuse", "A.md#b": "run"})
    assert "\nbbbbbbbbb\n" in home.read("A.md")
    assert done.err.count("\n") == 1
    assert f"runner: {disk} cannot be used (" in done.err
    assert home.run().actions()["A.md#b"] == "run", "it was forgotten"


@as_root
def test_a_watch_goes_on_where_the_disk_fills_up(
    home: Home, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNNER_CACHE", str(disk))
    home.write("A.md", fence("run", "a", "print('a')") + fence("run", "b", "print('b')"))
    with watching(home) as watch:
        fill(disk)
        for word in ("first", "second"):
            text = home.read("A.md").partition('```python {run="b"}')[0]
            home.write("A.md", text + fence("run", "b", f"print('{word}')"))
            watch.until(lambda word=word: f"\n{word}\n" in home.read("A.md"))  # type: ignore[misc]
        watch.until(lambda: len(watch.reports) > 2)
        assert [actions(report)["a"] for report in watch.reports] == ["run", "reuse", "reuse"]
        assert statuses(watch.reports[-1]) == {"a": "ok", "b": "ok"}
        assert [n.words.startswith(f"{disk} cannot be used (") for n in watch.notices] == [True]


def test_a_command_says_that_its_store_was_damaged(home: Home) -> None:
    home.write("A.md", fence("run", "a", "print('a')"))
    home.run()
    store = Path(home.env["RUNNER_CACHE"]) / "results.sqlite3"
    store.write_bytes(b"damaged " * 1000)
    home.edit("A.md", "print('a')", "print('b')")
    done = home.command("run", ".", "--trust")
    assert (done.code, done.err.count("\n")) == (0, 1)
    assert done.err.startswith(f"runner: {store} was damaged (")
    assert done.err.endswith(" and is made anew: blocks run once more\n")
