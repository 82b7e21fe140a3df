"""Which devices this machine has, found without importing torch."""

from __future__ import annotations

import os
import sys

from .errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LINUX_DRIVERS = ("/proc/driver/nvidia", "/dev/dxg")  # the kernel's module; Windows' for WSL
_LIBRARIES = {"win32": "nvcuda.dll"}  # elsewhere the driver is libcuda.so.1

_CHOOSE = "choose by --device, or `device` in .runner.toml, one of"
_FORMS = "auto, cpu, cuda, cuda:n, mps"


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
    driver = _driver()
    return 0 if driver is None else _asked(driver.cuDeviceGetCount)


def kind_of(device: str) -> str:
    """What a device, in the words of ``evidence.device_kind``, is on this machine now.

    Of several GPUs the first is asked for its capability.
    """
    kind, _, capability = device.partition(" ")
    driver = _driver() if kind == "cuda" and capability else None
    if driver is None:
        return kind
    # CUDA Driver API: CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and …_MINOR.
    major, minor = (_asked(driver.cuDeviceGetAttribute, number, 0) for number in (75, 76))
    return f"{kind} sm_{major}{minor}"


def _driver() -> Any:
    """CUDA's driver library, initialised; None where there is none, or no leave to use it."""
    if sys.platform == "darwin" or os.environ.get("CUDA_VISIBLE_DEVICES") == "":
        return None
    if sys.platform == "linux" and not any(map(os.path.exists, _LINUX_DRIVERS)):
        return None
    import ctypes

    try:
        driver = ctypes.CDLL(_LIBRARIES.get(sys.platform, "libcuda.so.1"))
    except OSError:
        return None
    return driver if driver.cuInit(0) == 0 else None


def _asked(function: Any, *arguments: int) -> int:
    """The number that a function of the driver fills in; 0 where it answers with an error."""
    import ctypes

    answer = ctypes.c_int()
    return answer.value if function(ctypes.byref(answer), *arguments) == 0 else 0


def indices(devices: tuple[str, ...]) -> tuple[int, ...]:
    """The GPUs among ``devices``, by number."""
    return tuple(int(name.partition(":")[2]) for name in devices if name.startswith("cuda:"))


def choose(wanted: str, devices: tuple[str, ...]) -> tuple[str, ...]:
    """The devices of ``auto|cpu|cuda[:n]|mps|cpu,cuda``. Raises ``DeviceError``."""
    forms = f"{_CHOOSE} {_FORMS}, or several as in cpu,cuda"
    there = f"{_CHOOSE} {', '.join(devices)}"
    chosen = []
    for part in wanted.split(","):
        name = part.strip()
        if not _is_device(name):
            raise DeviceError(f"`{name or wanted}` is no device: {forms}")
        if (device := _found(name, devices)) is None:
            raise DeviceError(f"this machine has no {name}: {there}")
        chosen.append(device)
    return tuple(dict.fromkeys(chosen))


def choose_one(wanted: str, devices: tuple[str, ...]) -> str:
    """The device of ``auto|cpu|cuda[:n]|mps``, where a process has one. Raises ``DeviceError``."""
    name = wanted.strip()
    if "," in name:
        raise DeviceError(f"`{name}` names several devices: choose one of {_FORMS}")
    if not _is_device(name):
        raise DeviceError(f"`{name}` is no device: choose one of {_FORMS}")
    if (device := _found(name, devices)) is None:
        raise DeviceError(f"this machine has no {name}: choose one of {', '.join(devices)}")
    return device


def _is_device(name: str) -> bool:
    return name == "auto" or name.partition(":")[0] in ("cpu", "cuda", "mps")


def _found(name: str, devices: tuple[str, ...]) -> str | None:
    """The device that is meant, if the machine has it."""
    if name == "auto":
        return "cuda" if any(device.startswith("cuda") for device in devices) else "cpu"
    is_there = any(name in (device, device.partition(":")[0]) for device in devices)
    return name if is_there else None
