"""How many processes and threads a run gets, and the pool of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping

from . import memory
from .errors import UserError
from .records import dataclass
from .settings import Settings
from .wish import Wish

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .child import Process
    from .pool import Pool


def start_ahead(settings: Settings) -> Process:
    """A process for the first worker of a pool; it ends by itself where none is opened."""
    from .launch import start_command, start_environment, start_process

    _limit()  # nonsense is told before a worker meets it
    command = start_command(_python(settings), settings.launcher, threads())
    return start_process(command, start_environment(settings.launcher, threads()))


def open_pool(
    settings: Settings,
    wish: Wish,
    preload: tuple[str, ...] = (),
    lanes: int | None = None,
    heard: Callable[[], None] | None = None,
    first: Process | None = None,
) -> Pool:
    """Workers as the vault and the command ask for them; no more than ``lanes``.

    ``heard`` and ``first``: as for ``Pool``.
    """
    from .pool import Pool

    _limit()
    workers = side_by_side(settings, wish, stays=heard is not None)
    return Pool(
        python=_python(settings),
        launcher=settings.launcher,
        workers=max(1, min(workers, lanes or workers)),
        preload=preload,
        threads=threads(),
        heard=heard,
        first=first,
    )


def side_by_side(settings: Settings, wish: Wish, *, stays: bool) -> int:
    """How many processes run side by side. Where nobody says, and the pool ``stays`` for a watch,
    one more than usual: for the answer to an edit beside long runs."""
    return wish.workers or settings.workers or usual_workers() + stays


def _python(settings: Settings) -> str:
    return settings.python or sys.executable


def _limit() -> int:
    """Bytes that one worker may take, 0 for no limit. Raises ``UserError``."""
    try:
        return memory.limit()
    except ValueError as error:
        raise UserError(str(error)) from None


def usual_workers() -> int:
    """How many processes run side by side where nobody says."""
    cores = os.cpu_count() or 1
    return cores if cores <= 2 else min(4, cores // 2)


def threads() -> int:
    """Torch's threads in every worker: the same whatever runs beside, since sums depend on it."""
    return max(1, (os.cpu_count() or 1) // usual_workers())


@dataclass(frozen=True, slots=True)
class Conditions:
    """What blocks run under where they set nothing else. ``memory`` is in bytes, 0 for no limit.

    The settings of numbers are torch's own: we change none of them.
    """

    device: str
    devices: tuple[str, ...]
    workers: int
    threads: int
    memory: int

    tf32: str
    DETERMINISTIC = "not asked of torch"

    @classmethod
    def now(cls, settings: Settings, device: str, devices: tuple[str, ...]) -> Conditions:
        workers = settings.workers or usual_workers()
        return cls(device, devices, workers, threads(), _limit(), _tf32(os.environ))

    def to_json(self) -> dict[str, object]:
        return {
            "device": self.device,
            "devices": list(self.devices),
            "workers": self.workers,
            "threads": self.threads,
            "memory": self.memory or None,
            "tf32": self.tf32,
            "deterministic": self.DETERMINISTIC,
        }

    def lines(self) -> Iterator[str]:
        plural = "s" if self.threads > 1 else ""
        most = f"at most {memory.said(self.memory)}" if self.memory else "any amount"
        has = f"the machine has {', '.join(self.devices)}"
        yield f"device {self.device} ({has}), {self.workers} workers side by side"
        yield f"each worker: {self.threads} thread{plural}, {most} of memory"
        yield f"TF32: {self.tf32}; deterministic algorithms: {self.DETERMINISTIC}"


def _tf32(environ: Mapping[str, str]) -> str:
    """What torch does with TF32 by itself (PyTorch, CUDA semantics), or by variables that workers
    get from the user (cuBLAS documentation)."""
    if environ.get("NVIDIA_TF32_OVERRIDE") == "0":
        return "off (NVIDIA_TF32_OVERRIDE)"
    if environ.get("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE") == "1":
        return "on (TORCH_ALLOW_TF32_CUBLAS_OVERRIDE)"
    return "off in matrix products, on in convolutions"
