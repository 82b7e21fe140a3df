"""What a watched settings file asks for, by a clock that tests set."""

from __future__ import annotations

from pathlib import Path

import pytest
from clocks import Clock
from vaults import Home

from runner.regime import Regime
from runner.session import Session
from runner.settings import Settings, SettingsError
from runner.vault import Vault

OURS = 'figures = "svg"\nworkers = 3\n'


@pytest.fixture
def file(home: Home) -> Path:
    return home.write(".runner.toml", OURS)


@pytest.fixture
def regime(home: Home, file: Path, clock: Clock) -> Regime:
    assert file.exists()
    return Regime(Session(Vault(home.vault, trusted=True)), clock)


def changed(regime: Regime, *, was_saved: bool = False) -> set[str] | None:
    change = regime.look(was_saved=was_saved)
    return None if change is None else set(change.differ)


def test_the_same_text_or_meaning_is_no_news(regime: Regime, file: Path) -> None:
    assert changed(regime, was_saved=True) is None
    file.write_text(f"# the same\n{OURS}", encoding="utf-8")
    assert changed(regime) is None
    assert regime.due() == float("inf")


def test_a_whole_file_holds_at_once(regime: Regime, file: Path) -> None:
    file.write_text('figures = "png"\nworkers = 3\ntimeout = 5\n', encoding="utf-8")
    assert changed(regime) == {"figures", "timeout"}


@pytest.mark.parametrize("left", [None, b"", OURS[:16].encode(), OURS[:5].encode(), b"\xff"])
def test_what_may_be_half_saved_is_waited_for(
    regime: Regime, file: Path, clock: Clock, left: bytes | None
) -> None:
    file.unlink()
    if left is not None:
        file.write_bytes(left)
    assert changed(regime) is None
    assert regime.due() == clock.now + 0.5
    clock.now += 0.4
    file.write_text(OURS, encoding="utf-8")
    assert changed(regime) is None
    assert regime.due() == float("inf")


@pytest.mark.parametrize("left", [None, b""])
def test_what_stays_away_is_the_defaults(
    regime: Regime, file: Path, clock: Clock, left: bytes | None
) -> None:
    file.unlink()
    if left is not None:
        file.write_bytes(left)
    assert changed(regime) is None
    clock.now += 0.5
    change = regime.look(was_saved=False)
    assert change is not None
    assert (change.settings, change.differ) == (Settings(), {"figures", "workers"})


def test_a_fault_is_raised_once_and_its_end_is_told(
    regime: Regime, file: Path, clock: Clock
) -> None:
    file.write_text("figures = 3\n", encoding="utf-8")
    assert changed(regime) is None
    clock.now += 0.5
    with pytest.raises(SettingsError, match="cannot be 3"):
        regime.look(was_saved=False)
    assert changed(regime, was_saved=False) is None
    file.write_text(OURS, encoding="utf-8")
    change = regime.look(was_saved=False)
    assert str(change) == ".runner.toml is in order again, and says what already holds"
