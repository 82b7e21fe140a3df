"""What is kept between runs: found again, bounded, mended where it is broken."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner import kept, notices
from runner.kept import Kept


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1_000_000.0]
    monkeypatch.setattr(kept.time, "time", lambda: now[0])
    return now


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.text(max_size=20), st.text(max_size=50), max_size=8))
def test_what_was_put_is_got_by_another_object(
    tmp_path_factory: pytest.TempPathFactory, texts: dict[str, str]
) -> None:
    texts = {_storable(key): _storable(body) for key, body in texts.items()}
    folder = tmp_path_factory.mktemp("kept")
    first = Kept("k", folder)
    first.put_many(texts)
    first.close()
    second = Kept("k", folder)
    assert second.get_many([*texts, "never put \x01"]) == texts
    second.close()


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def test_more_keys_than_one_query_takes(tmp_path: Path) -> None:
    texts = {f"key {number}": str(number) for number in range(1203)}
    store = Kept("k", tmp_path)
    store.put_many(texts)
    assert store.get_many(texts) == texts
    store.close()


def test_the_last_text_counts_and_a_passing_one_passes(tmp_path: Path, clock: list[float]) -> None:
    store = Kept("k", tmp_path)
    store.put_many({"a": "old", "b": "for good"})
    store.put_many({"a": "for a minute"}, seconds=60)
    clock[0] += 59
    assert store.get_many(["a", "b"]) == {"a": "for a minute", "b": "for good"}
    clock[0] += 2
    assert store.get_many(["a", "b"]) == {"b": "for good"}
    store.close()


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path, clock: list[float]) -> None:
    first = Kept("k", tmp_path)
    first.put_many({f"{number}": "x" * 10_000 for number in range(20)})
    clock[0] += 2 * 24 * 3600
    assert first.get_many(["3"])
    first.close()
    second = Kept("k", tmp_path, limit=150_000)
    second.put_many({"new": "x" * 10_000})
    left = second.get_many(["3", "new", *map(str, range(20))]).keys()
    second.close()
    assert {"3", "new"} <= left and 5 < len(left) < 16


@pytest.mark.parametrize("damage", [b"", b"no database at all" * 100])
def test_a_broken_file_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "k.sqlite3").write_bytes(damage)
    store = Kept("k", tmp_path)
    assert store.get_many(["a"]) == {}
    store.put_many({"a": "1"})
    assert store.get_many(["a"]) == {"a": "1"}
    store.close()


def test_a_file_of_another_version_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Kept("k", tmp_path)
    store.put_many({"a": "1"})
    store.close()
    monkeypatch.setattr(kept, "_VERSION", 2)
    later = Kept("k", tmp_path)
    assert later.get_many(["a"]) == {}
    later.close()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    notices.take()
    (tmp_path / "file").write_bytes(b"")
    store = Kept("k", tmp_path / "file" / "folder")
    store.put_many({"a": "1"})
    assert store.get_many(["a"]) == {"a": "1"}, "this process goes on with what it found"
    assert Kept("k", tmp_path / "file" / "folder").get_many(["a"]) == {}
    (notice,) = notices.take()
    assert notice.words.startswith(
        f"{tmp_path / 'file' / 'folder'} cannot be used (not a directory)"
    )
    assert "name another folder in RUNNER_CACHE" in notice.words
