"""Starting the process of a worker: its command, its environment.

It stands apart because it needs so little: the process is started before the rest is imported.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from .environment import handed_on, worker_environment
from .errors import UserError, system_words
from .processes import own_group

_OURS = ("RUNNER_MEMORY", "RUNNER_CHECKPOINTS")  # what workers heed besides
_WORKER = Path(__file__).resolve().parent / "worker.py"


class WorkerError(UserError):
    """No worker can be started: one line with the remedy."""


def start_command(python: str, launcher: tuple[str, ...], threads: int) -> list[str]:
    """A launcher may not hand on our environment, so it gets it through ``env``."""
    if not launcher:
        return [python, str(_WORKER)]
    ours = {name: value for name, value in os.environ.items() if name in _OURS}
    settings = [f"{k}={v}" for k, v in (ours | worker_environment(threads)).items()]
    return [*launcher, "env", *settings, python, str(_WORKER)]


def start_environment(launcher: tuple[str, ...], threads: int) -> dict[str, str]:
    """A launcher gets all that we have: ``ssh`` needs its agent, ``docker`` its host."""
    inherited = dict(os.environ) if launcher else handed_on(os.environ)
    return {**inherited, **worker_environment(threads)}


def start_process(command: list[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a worker's process, which ends when its input does. Raises ``WorkerError``."""
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            **own_group(),
        )
    except OSError as error:
        why = "it is a folder" if os.path.isdir(command[0]) else system_words(error)
        raise WorkerError(
            f"{command[0]} cannot be started ({why}): "
            "name an existing interpreter and launcher in .runner.toml"
        ) from error
