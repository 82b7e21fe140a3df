"""Which devices this machine has, found without importing torch."""

from __future__ import annotations

import os
import sys

from .errors import UserError

_LINUX_DRIVERS = ("/proc/driver/nvidia", "/dev/dxg")  # the kernel's module; Windows' for WSL
_LIBRARIES = {"win32": "nvcuda.dll"}  # elsewhere the driver is libcuda.so.1

_CHOOSE = "choose by --device, or `device` in .runner.toml, one of"
_FORMS = "auto, cpu, cuda, cuda:n, mps, or several as in cpu,cuda"


class DeviceError(UserError):
    """A device was asked for that this machine lacks."""


def available() -> tuple[str, ...]:
    """``cpu`` first, then every ``cuda:n``; ``mps`` where macOS may have it.

    CUDA is asked of the driver itself (CUDA Driver API, ``cuInit``, ``cuDeviceGetCount``), which
    honours ``CUDA_VISIBLE_DEVICES``. Tried on Linux without a driver; Windows and macOS untested.
    """
    found = ["cpu", *(f"cuda:{n}" for n in range(_cuda_count()))]
    if sys.platform == "darwin":
        found.append("mps")
    return tuple(found)


def _cuda_count() -> int:
    if sys.platform == "darwin" or os.environ.get("CUDA_VISIBLE_DEVICES") == "":
        return 0
    if sys.platform == "linux" and not any(map(os.path.exists, _LINUX_DRIVERS)):
        return 0
    import ctypes

    try:
        driver = ctypes.CDLL(_LIBRARIES.get(sys.platform, "libcuda.so.1"))
    except OSError:
        return 0
    count = ctypes.c_int()
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value


def choose(wanted: str, devices: tuple[str, ...]) -> tuple[str, ...]:
    """The devices of ``auto|cpu|cuda[:n]|mps|cpu,cuda``. Raises ``DeviceError``."""
    chosen = []
    for name in wanted.split(","):
        name = name.strip()
        if name == "auto":
            name = "cuda" if any(device.startswith("cuda") for device in devices) else "cpu"
        if name.partition(":")[0] not in ("cpu", "cuda", "mps"):
            raise DeviceError(f"`{name or wanted}` is no device: {_CHOOSE} {_FORMS}")
        if not any(name in (device, device.partition(":")[0]) for device in devices):
            raise DeviceError(f"this machine has no {name}: {_CHOOSE} {', '.join(devices)}")
        chosen.append(name)
    return tuple(dict.fromkeys(chosen))
