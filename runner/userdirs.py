"""Where the tool keeps what is the user's and not the vault's."""

from __future__ import annotations

import os
from pathlib import Path

from .errors import UserError


def state_folder() -> Path:
    """Where what outlives a run is kept; the variable ``RUNNER_STATE`` overrides it.

    Raises ``UserError`` where that names something that is no folder.
    """
    if given := os.environ.get("RUNNER_STATE"):
        return _folder("RUNNER_STATE", Path(given))
    from platformdirs import user_state_path

    return user_state_path("runner", appauthor=False)


def cache_folder() -> Path:
    """Where what can be found again is kept; ``RUNNER_CACHE`` overrides it, as above."""
    if given := os.environ.get("RUNNER_CACHE"):
        return _folder("RUNNER_CACHE", Path(given))
    from platformdirs import user_cache_path

    return user_cache_path("runner", appauthor=False)


def checkpoint_folder() -> Path:
    """Where the values of ``runner.checkpoint`` are kept: a folder of the cache's."""
    return cache_folder() / "checkpoints"


def redo_folder() -> Path:
    """Where writes in place are put down before they begin: a folder of the state's."""
    return state_folder() / "redo"


def home_folders() -> tuple[str, ...]:
    """The paths under which programs may name the user's own folder; none where there is none."""
    try:
        home = Path.home()
    except RuntimeError:
        return ()
    return tuple({str(home), os.path.realpath(home)})


def _folder(variable: str, path: Path) -> Path:
    if path.exists() and not path.is_dir():
        raise UserError(f"{variable} names {path}, which is no folder: name one, or unset it")
    return path
