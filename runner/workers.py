"""How many processes and threads a run gets, and the pool of them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from .vault import Settings
from .wish import Wish

if TYPE_CHECKING:
    from .pool import Pool


def open_pool(
    settings: Settings, wish: Wish, preload: tuple[str, ...] = (), lanes: int | None = None
) -> Pool:
    """Workers as the vault and the command ask for them; no more than ``lanes``."""
    from .pool import Pool

    workers = wish.workers or settings.workers or usual_workers()
    return Pool(
        python=settings.python or sys.executable,
        launcher=settings.launcher,
        workers=max(1, min(workers, lanes or workers)),
        preload=preload,
        threads=threads(),
    )


def usual_workers() -> int:
    """How many processes run side by side where nobody says."""
    cores = os.cpu_count() or 1
    return cores if cores <= 2 else min(4, cores // 2)


def threads() -> int:
    """Torch's threads in every worker: the same whatever runs beside, since sums depend on it."""
    return max(1, (os.cpu_count() or 1) // usual_workers())
