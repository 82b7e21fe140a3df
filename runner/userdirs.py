"""Where the tool keeps what is the user's and not the vault's."""

from __future__ import annotations

import os
from pathlib import Path


def state_folder() -> Path:
    """Where what outlives a run is kept; the variable ``RUNNER_STATE`` overrides it."""
    if given := os.environ.get("RUNNER_STATE"):
        return Path(given)
    from platformdirs import user_state_path

    return user_state_path("runner", appauthor=False)


def cache_folder() -> Path:
    """Where what can be found again is kept; the variable ``RUNNER_CACHE`` overrides it."""
    if given := os.environ.get("RUNNER_CACHE"):
        return Path(given)
    from platformdirs import user_cache_path

    return user_cache_path("runner", appauthor=False)
