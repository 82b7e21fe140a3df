"""Stored results: found again, shared, bounded, and rebuilt when damaged."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from runner.cache import Key, Results, Stored
from runner.result import Evidence, Failure, Figure, Frame, Place, Result, Status, Table, Text

FIGURE = Figure("image/png", bytes(range(256)) * 40)
FULL = Stored(
    "0123abcd",
    Result(
        Status.FAILED,
        (Text("a\x02b"), Table(("h",), (("c",),)), FIGURE, FIGURE),
        Failure("E", "m", (Frame("f", "c", Place("vault.n", "b", 1)),)),
        seconds=1.5,
        device="cpu",
        evidence=Evidence("3.11", "cpu", (("torch", "2.13"),)),
    ),
)


def key(block: str, note: str = "n.md", devices: str = "cpu") -> Key:
    return Key(note, block, devices)


def stored(digest: str = "0123abcd", figure: bytes = b"") -> Stored:
    outputs = (Figure("image/png", figure),) if figure else ()
    return Stored(digest, Result(Status.OK, outputs))


@pytest.fixture
def results(tmp_path: Path) -> Iterator[Results]:
    with Results(tmp_path / "vault", tmp_path / "cache") as opened:
        yield opened


def database(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "results.sqlite3"


def count(tmp_path: Path, table: str) -> int:
    connection = sqlite3.connect(database(tmp_path))
    (number,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    connection.close()
    return int(number)


def test_what_is_put_is_found_by_another_process_later(results: Results, tmp_path: Path) -> None:
    results.put_many([(key("a"), FULL), (key("b", devices="cuda"), stored())])
    with Results(tmp_path / "vault", tmp_path / "cache") as again:
        assert again.get(key("a")) == FULL
        assert again.get(key("b")) is None
        assert again.get_note("n.md") == {key("a"): FULL, key("b", devices="cuda"): stored()}
        assert again.get_note("other.md") == {}
        assert set(again.get_note("n.md")) == {key("a"), key("b", devices="cuda")}


def test_vaults_do_not_see_each_other(results: Results, tmp_path: Path) -> None:
    results.put_many([(key("a"), FULL)])
    results.remember_files([b"png"])
    with Results(tmp_path / "other", tmp_path / "cache") as other:
        assert other.get_note("n.md") == {}
        assert not other.known_file(b"png")
    assert results.known_file(b"png")


def test_a_later_result_replaces_and_its_figures_go(results: Results, tmp_path: Path) -> None:
    results.put_many([(key("a"), FULL), (key("b"), FULL)])
    assert count(tmp_path, "figures") == 1
    results.put_many([(key("a"), stored("ffffffff"))])
    assert results.get(key("a")) == stored("ffffffff")
    assert results.get(key("b")) == FULL
    results.put_many([(key("b"), stored())])  # for the same digest
    assert count(tmp_path, "uses") == 1
    for number in range(4):
        results.put_many([(key("a"), stored(f"{number:08}"))])
    assert (count(tmp_path, "figures"), count(tmp_path, "uses")) == (0, 0)


def test_the_last_few_results_of_a_block_are_found_by_digest(results: Results) -> None:
    for number in range(6):
        results.put_many([(key("a"), stored(f"{number:08}", bytes([number])))])
        results.put_many([(key("b"), FULL)])
    for number, is_kept in enumerate((False, False, True, True, True, True)):
        found = results.get_note("n.md", {"a": f"{number:08}"})
        wanted = replace(stored(f"{number:08}", bytes([number])), newest=number == 5)
        assert found == {key("a"): wanted if is_kept else results.get(key("a")), key("b"): FULL}
    again = replace(stored("00000002"), when=1.0)
    results.put_many([(key("a"), again)])
    assert results.get(key("a")) == again


def test_all_are_put_or_none(results: Results) -> None:
    def broken() -> Iterator[tuple[Key, Stored]]:
        yield key("a"), stored()
        yield key("b"), Stored("0" * 8, Result(Status.OK, (replace(FIGURE, data="no bytes"),)))  # type: ignore[arg-type]  # the fault that is tested

    with pytest.raises(TypeError):
        results.put_many(broken())
    assert results.get_note("n.md") == {}


def test_the_least_recently_used_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    day = 24 * 3600
    with Results(tmp_path / "v", tmp_path / "cache", limit=600_000) as small:
        for number in range(4):
            monkeypatch.setattr(time, "time", lambda n=number: now + 2 * n * day)
            small.put_many([(key(f"b{number}"), stored(figure=bytes([number]) * 100_000))])
        monkeypatch.setattr(time, "time", lambda: now + 10 * day)
        assert small.get(key("b0"))
        small.put_many([(key("new"), stored(figure=b"n" * 250_000))])
        left = {found.block for found in small.get_note("n.md")}
    assert {"b0", "new"} <= left
    assert "b1" not in left


@pytest.mark.parametrize(
    "damage", [b"not a database" * 100, b"", b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_damaged_file_is_rebuilt(tmp_path: Path, damage: bytes) -> None:
    database(tmp_path).parent.mkdir()
    database(tmp_path).write_bytes(damage)
    with Results(tmp_path / "vault", tmp_path / "cache") as results:
        assert results.get(key("a")) is None
        results.put_many([(key("a"), FULL)])
        assert results.get(key("a")) == FULL


def test_damage_while_it_is_open_is_mended(results: Results, tmp_path: Path) -> None:
    results.put_many([(key(f"b{i}"), stored(figure=bytes([i]) * 50_000)) for i in range(20)])
    results.close()
    data = database(tmp_path).read_bytes()
    database(tmp_path).write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
    assert results.get_note("n.md") == {}
    results.put_many([(key("a"), FULL)])
    assert results.get_note("n.md") == {key("a"): FULL}


@pytest.mark.parametrize("script", ["PRAGMA user_version = 999", "DROP TABLE uses"])
def test_another_schema_is_rebuilt(results: Results, tmp_path: Path, script: str) -> None:
    results.put_many([(key("a"), FULL)])
    results.close()
    connection = sqlite3.connect(database(tmp_path))
    connection.execute(script)
    connection.commit()
    connection.close()
    assert results.get(key("a")) is None
    results.put_many([(key("a"), FULL)])
    assert results.get(key("a")) == FULL


def test_a_row_of_another_form_is_no_result(results: Results, tmp_path: Path) -> None:
    results.put_many([(key("a"), FULL), (key("b"), FULL), (key("c"), stored())])
    results.close()
    connection = sqlite3.connect(database(tmp_path))
    connection.execute("UPDATE results SET body = '{\"status\": \"odd\"}' WHERE block = 'a'")
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("DELETE FROM figures")
    connection.commit()
    connection.close()
    assert results.get_note("n.md") == {key("c"): stored()}


WRITER = """
import sys
from pathlib import Path
from runner.cache import Key, Results, Stored
from runner.result import Figure, Result, Status
name, folder = sys.argv[1:]
for number in range(10):
    with Results(Path("vault"), Path(folder)) as results:
        figure = Figure("image/png", bytes([number]) * 1000)
        row = Key("n.md", f"{name}{number}", "cpu"), Stored("0" * 8, Result(Status.OK, (figure,)))
        results.put_many([row])
"""


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    root = Path(__file__).parents[1]
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, name, str(tmp_path / "cache")], cwd=root)
        for name in "abc"
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert (count(tmp_path, "results"), count(tmp_path, "figures")) == (30, 10)
