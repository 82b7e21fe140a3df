"""The folder of checkpoints: damage, bounds, rights."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from longnotes import Notes, trained
from vaults import Home, fence


@pytest.fixture
def notes(home: Home, tmp_path: Path) -> Notes:
    return Notes(home, tmp_path / "log")


HARM = {
    "another value": lambda data: data.replace(b"0x1.8", b"0x1.9"),
    "cut": lambda data: data[: len(data) // 2],
    "empty": lambda _: b"",
    "something else": lambda _: b"{}",
    "no text": lambda _: bytes(range(256)),
}


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
def test_a_damaged_file_costs_time_only(notes: Notes, harm: Callable[[bytes], bytes]) -> None:
    notes.write(*trained(notes))
    notes.run()
    text = notes.text
    (file,) = notes.kept
    file.write_bytes(harm(file.read_bytes()))
    notes.lose_results()
    notes.run()
    assert (notes.made, notes.text) == (2, text)
    notes.lose_results()
    notes.run()
    assert notes.made == 2, "it is whole again"


def test_old_ones_give_way(notes: Notes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNNER_CHECKPOINTS", "0.0001")
    big = [fence("run", f"r{n}", "runner.checkpoint('x', lambda: 'y' * 40_000)") for n in range(4)]
    notes.write(*big)
    notes.run()
    assert len(notes.kept) == 2, "two of 40 kB each fit"
    assert sum(file.stat().st_size for file in notes.kept) <= 100_000


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="needs rights that bind")
def test_a_folder_that_cannot_be_written(notes: Notes) -> None:
    notes.write(*trained(notes))
    notes.cache.mkdir()
    (notes.cache / "checkpoints").mkdir(mode=0o500)
    assert notes.run()["train"] == "ok"
    assert "is not kept" in notes.text


def test_a_file_in_the_place_of_the_folder(notes: Notes) -> None:
    notes.write(*trained(notes))
    notes.cache.mkdir(exist_ok=True)
    (notes.cache / "checkpoints").write_text("")
    assert notes.run()["train"] == "ok"
    assert "the checkpoint `vit` is not kept:" in notes.text
