"""A vault of its own for every test that asks for one."""

from __future__ import annotations

from pathlib import Path

import pytest
from vaults import Home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A vault, with the state and cache folders of processes and of this one beside it."""
    home = Home(tmp_path)
    for name in ("RUNNER_STATE", "RUNNER_CACHE", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, home.env[name])
    return home
