"""A vault of its own for every test that asks for one, and how long properties are tried."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
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


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A vault, with the state and cache folders of processes and of this one beside it."""
    home = Home(tmp_path)
    for name in ("RUNNER_STATE", "RUNNER_CACHE", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, home.env[name])
    return home
