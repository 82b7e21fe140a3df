"""Devices: found through the driver, shared out among workers, named in every result.

No test needs a GPU. The driver is a fake one at the seam where it is loaded, and ``torch`` a small
module that knows just what workers ask of it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from vaults import Home, fence, statuses

from runner import child, devices
from runner.devices import DeviceError, available, choose, indices, kind_of
from runner.premises import steering
from runner.report import Report
from runner.result import Evidence
from runner.world import World

TORCH = '''
"""What a worker asks of torch, with GPUs of a capability that a variable states."""
import os

class device:
    def __init__(self, name):
        self.name = name
    def __repr__(self):
        return f"device({self.name})"

class OutOfMemoryError(RuntimeError):
    pass

class cuda:
    is_available = staticmethod(lambda: True)
    is_initialized = staticmethod(lambda: False)
    device_count = staticmethod(lambda: 2)
    max_memory_allocated = staticmethod(lambda device: (0, 7_300_000_000)[device])
    @staticmethod
    def get_device_capability(device):
        return tuple(map(int, os.environ.get("RUNNER_TEST_SM", "9 0").split()))

class nn:
    Parameter = staticmethod(lambda value: value)

class optim:
    SGD = staticmethod(lambda parameters, lr: None)

ones = lambda count: [1.0] * count
manual_seed = lambda seed: None
get_rng_state = lambda: None
set_rng_state = lambda state: None
'''


class Driver:
    """CUDA's driver with ``count`` GPUs of one capability."""

    def __init__(self, count: int, capability: tuple[int, int] = (9, 0), error: int = 0) -> None:
        self._count = count
        self._capability = dict(zip((75, 76), capability, strict=True))
        self._error = error

    def cuDeviceGetCount(self, answer: Any) -> int:
        answer._obj.value = self._count
        return self._error

    def cuDeviceGetAttribute(self, answer: Any, attribute: int, _gpu: int) -> int:
        answer._obj.value = self._capability[attribute]
        return self._error


@pytest.fixture
def gpus(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A vault on a machine with two GPUs."""
    folder = tmp_path / "fake" / "torch"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(TORCH, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder.parent))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(devices, "_driver", lambda: Driver(2))
    return home


# --- what there is -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("driver", "found"),
    [
        (None, ("cpu",)),
        (Driver(0), ("cpu",)),
        (Driver(2), ("cpu", "cuda:0", "cuda:1")),
        (Driver(2, error=100), ("cpu",)),
    ],
)
def test_gpus_are_those_the_driver_counts(
    driver: Driver | None, found: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "_driver", lambda: driver)
    monkeypatch.setattr(sys, "platform", "linux")
    assert available() == found


TWO = ("cpu", "cuda:0", "cuda:1")


@pytest.mark.parametrize(
    ("wanted", "there", "chosen"),
    [
        ("auto", ("cpu",), ("cpu",)),
        ("auto", TWO, ("cuda",)),
        ("auto", ("cpu", "mps"), ("cpu",)),
        ("mps", ("cpu", "mps"), ("mps",)),
        ("cuda:1", TWO, ("cuda:1",)),
        ("cpu, cuda", TWO, ("cpu", "cuda")),
        ("cpu,cpu", TWO, ("cpu",)),
    ],
)
def test_the_device_that_is_meant(
    wanted: str, there: tuple[str, ...], chosen: tuple[str, ...]
) -> None:
    assert choose(wanted, there) == chosen


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("cuda", "this machine has no cuda: choose by --device, or `device` in .runner.toml, one"),
        ("cuda:2", "this machine has no cuda:2"),
        ("gpu", "`gpu` is no device"),
        ("cpu,", "`cpu,` is no device"),
    ],
)
def test_a_device_that_is_not_there(wanted: str, said: str) -> None:
    with pytest.raises(DeviceError) as refused:
        choose(wanted, ("cpu",) if wanted == "cuda" else TWO)
    assert said in str(refused.value)


def test_numbers_of_gpus() -> None:
    assert indices(TWO) == (0, 1)
    assert indices(("cpu", "mps")) == ()


def test_another_kind_of_gpu_outdates_results(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in steering():
        monkeypatch.delenv(name)
    found = Evidence(device="cuda sm_90")
    for driver, why in (
        (Driver(1, (9, 0)), ""),
        (Driver(1, (8, 6)), "cuda sm_90 became cuda sm_86"),
        (None, "cuda sm_90 became cuda"),
    ):
        monkeypatch.setattr(devices, "_driver", lambda driver=driver: driver)
        assert World().outdated(found) == why
    assert kind_of("cpu") == "cpu"
    assert World().outdated(Evidence(device="cpu")) == ""


# --- how they are shared -------------------------------------------------------------------------

LOOK = (
    "import os, torch",
    "print('sees', os.environ.get('CUDA_VISIBLE_DEVICES', 'all'), 'as', device)",
)


def seen(home: Home, count: int) -> list[str]:
    texts = [home.read(f"N{n}.md") for n in range(count)]
    return [
        next(line for line in text.split("\n") if line.startswith("sees")).split(maxsplit=1)[1]
        for text in texts
    ]


def look(home: Home, count: int, **wish: object) -> list[str]:
    for n in range(count):
        home.write(f"N{n}.md", fence("run", "look", *LOOK))
    home.session(**wish)
    return seen(home, count)


def test_notes_take_the_gpu_that_nobody_uses(gpus: Home) -> None:
    """Each note waits till the other has begun; what they wait for may have them run again."""
    for n in range(2):
        tell = f"open('begun{n}', 'a').write(os.environ['CUDA_VISIBLE_DEVICES'])"
        wait = f"while not os.path.exists('begun{1 - n}'): time.sleep(0.01)"
        lines = ("import time", *LOOK, tell, wait)
        gpus.write(f"N{n}.md", fence("run", f"look{n}", *lines))
    gpus.session(workers=2)
    assert {gpus.read(f"begun{n}")[0] for n in range(2)} == {"0", "1"}
    assert look(gpus, 3, workers=1) == ["0 as device(cuda)"] * 3


def test_the_gpus_that_the_user_shows_are_shared(
    gpus: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-7f,5")
    assert look(gpus, 2, workers=1) == ["GPU-7f as device(cuda)"] * 2


def test_a_gpu_that_was_named_is_the_one(gpus: Home) -> None:
    assert look(gpus, 2, device="cuda:1") == ["all as device(cuda:1)"] * 2


def test_the_cpu_hides_no_gpu(gpus: Home) -> None:
    assert look(gpus, 1, device="cpu") == ["all as device(cpu)"]


def test_the_only_gpu_is_not_hidden(gpus: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_driver", lambda: Driver(1))
    assert look(gpus, 2) == ["all as device(cuda)"] * 2


# --- what results say ----------------------------------------------------------------------------


def outcomes(report: Report) -> list[tuple[str, str, str]]:
    return sorted(
        (test.name, test.status, test.device) for block in report.blocks() for test in block.tests
    )


def test_two_devices_run_every_test_on_each(gpus: Home) -> None:
    gpus.write(
        "N.md",
        fence("run", "once", "print('ran on', device)")
        + fence("test", "t", "def test_here(device): assert 'cuda' not in str(device)"),
    )
    report = gpus.session(device="cpu,cuda")
    assert outcomes(report) == [("test_here", "failed", "cuda"), ("test_here", "passed", "cpu")]
    text = gpus.read("N.md")
    assert "ran on device(cpu)" in text and "ran on device(cuda)" not in text
    assert " failed cpu,cuda -->" in text
    assert "1 failed, 1 passed" in text and "test_here (cuda)" in text
    again = gpus.session(device="cpu,cuda")
    assert outcomes(again) == outcomes(report)
    assert {block.action for block in again.blocks()} == {"reuse"}


def test_a_block_for_a_gpu_waits_for_a_machine_that_has_one(
    gpus: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "_driver", lambda: None)
    gpus.write("N.md", fence("run", "r", "#| device: cuda", "print('on', device)"))
    assert statuses(gpus.session()) == {"r": "skipped"}
    assert "needs cuda, which this machine lacks" in gpus.read("N.md")
    monkeypatch.setattr(devices, "_driver", lambda: Driver(1))
    assert statuses(gpus.session()) == {"r": "ok"}
    assert "on device(cuda)" in gpus.read("N.md")


@pytest.mark.parametrize(
    "error",
    [
        "torch.OutOfMemoryError('CUDA out of memory. Tried to allocate 2.00 GiB')",
        "RuntimeError('CUDA error: out of memory')",
        "RuntimeError('CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`')",
        "RuntimeError('MPS backend out of memory (MPS allocated: 8.00 GB)')",
    ],
)
def test_memory_that_ran_out_is_told_with_the_peak_and_tried_again(gpus: Home, error: str) -> None:
    gpus.write(
        "N.md", fence("run", "big", "#| device: cuda", "import torch", "device", f"raise {error}")
    )
    assert statuses(gpus.session()) == {"big": "failed"}
    text = gpus.read("N.md")
    assert "at its peak this process had 7.3 GB of the GPU's memory" in text
    (block,) = gpus.session().blocks()
    assert (block.action, block.because) == ("run", "memory ran out in the last run")


def test_memory_that_another_process_took_is_waited_for(gpus: Home) -> None:
    """The one note holds the memory until the other has failed for it once."""
    gpus.write(
        "N0.md",
        fence("run", "holds", "import os, time", "device", "open('held', 'w').close()")
        + fence("run", "waits", "while not os.path.exists('failed'): time.sleep(0.01)", "device"),
    )
    gpus.write(
        "N1.md",
        fence(
            "run",
            "lacks",
            "import os, time, torch",
            "while not os.path.exists('held'): time.sleep(0.01)",
            "first = not os.path.exists('failed')",
            "open('failed', 'w').close()",
            "if first: raise torch.OutOfMemoryError(f'CUDA out of memory on {device}')",
            "print('enough')",
        ),
    )
    report = gpus.session(workers=2, device="cuda:0")
    assert statuses(report) == {"holds": "ok", "waits": "ok", "lacks": "ok"}
    assert "enough" in gpus.read("N1.md")


def test_the_memory_of_a_note_is_given_back_before_the_next_one_begins(
    gpus: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process frees what it has of a GPU when it has ended."""
    leave = child.Worker.leave

    def late(worker: child.Worker) -> None:
        time.sleep(0.5)
        leave(worker)

    monkeypatch.setattr(child.Worker, "leave", late)
    gpus.write(
        "N1.md",
        fence("run", "second", "import os", "device", "pid = int(open('pid').read())")
        + fence("run", "third", "print('gone', not os.path.exists(f'/proc/{pid}'))"),
    )
    gpus.write(
        "N0.md",
        fence("run", "first", "import os", "device", "open('pid', 'w').write(str(os.getpid()))"),
    )
    gpus.session(workers=1, scope=["N0.md", "N1.md"])
    assert "gone True" in gpus.read("N1.md")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("NVIDIA_TF32_OVERRIDE", "0", "off (NVIDIA_TF32_OVERRIDE)"),
        ("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "1", "on (TORCH_ALLOW_TF32_CUBLAS_OVERRIDE)"),
    ],
)
def test_status_heeds_the_variables_that_torch_heeds(
    gpus: Home, name: str, value: str, words: str
) -> None:
    gpus.write("N.md", fence("run", "r", "1"))
    assert f"TF32: {words}; " in gpus.command("status", ".", **{name: value}).out


def test_status_states_the_conditions(gpus: Home) -> None:
    gpus.write("N.md", fence("run", "r", "1"))
    stated = json.loads(gpus.command("status", ".", "--json").out)["conditions"]
    assert {"device", "devices", "workers", "threads", "memory", "tf32", "deterministic"} == set(
        stated
    )
    words = gpus.command("status", ".").out
    assert "TF32: off in matrix products, on in convolutions" in words
    assert "deterministic algorithms: not asked of torch" in words
