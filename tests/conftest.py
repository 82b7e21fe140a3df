"""A vault of its own for every test that asks for one, and how long properties are tried."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from clocks import Clock
from hypothesis import HealthCheck, settings
from vaults import Home

# CI takes a sample of each property; `RUNNER_FUZZ=30000 pytest tests -k laws` tries for hours.
# No test is timed: machines are noisy.
settings.register_profile(
    "laws",
    max_examples=int(os.environ.get("RUNNER_FUZZ", "100")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.load_profile("laws")

# What a shell starts in the background ignores Ctrl-C, and behind `nohup` the loss of a terminal;
# so would all commands under test.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A vault, with the state and cache folders of processes and of this one beside it."""
    home = Home(tmp_path)
    for name in ("RUNNER_STATE", "RUNNER_CACHE", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, home.env[name])
    return home


@pytest.fixture
def state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of this process."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("RUNNER_STATE", str(folder))
    return folder


@pytest.fixture
def vault(tmp_path: Path, state: Path) -> Path:
    """A folder for notes; what is written into it is noted in a state folder of its own."""
    assert state
    folder = tmp_path / "vault 注意 🙂"
    folder.mkdir()
    return folder


@pytest.fixture
def note(vault: Path) -> Path:
    """A note in it that holds `old`."""
    path = vault / "note.md"
    path.write_bytes(b"old")
    return path
