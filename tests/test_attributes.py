"""What a file is besides its bytes, as far as one system can try what another would do."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from runner import attributes
from runner.attributes import regular_bytes


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes and devices")
def test_pipes_and_devices_have_no_bytes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    for name in ("pipe", "device", "."):
        with pytest.raises(OSError):
            regular_bytes(tmp_path / name)
    (tmp_path / "file").write_bytes(b"a\r\n\0")
    assert regular_bytes(tmp_path / "file") == b"a\r\n\0"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (SimpleNamespace(st_birthtime_ns=5, st_birthtime=7.0, st_ctime_ns=9), 5),
        (SimpleNamespace(st_birthtime=1.5, st_ctime_ns=9), 1_500_000_000),
        (SimpleNamespace(st_ctime_ns=9), 9),  # Windows before Python 3.12
    ],
)
def test_when_a_file_was_made(status: SimpleNamespace, expected: int) -> None:
    assert attributes._birth(status) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", [0, -1])
def test_macos_is_asked_for_the_creation_time(monkeypatch: pytest.MonkeyPatch, answer: int) -> None:
    """The form of the call, by setattrlist(2)'s manual; only a Mac can tell that it works."""
    calls = []

    def setattrlist(path: bytes, wanted: bytes, value: bytes, size: object, options: int) -> int:
        calls.append((path, wanted, value, size, options))
        return answer

    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: SimpleNamespace(setattrlist=setattrlist))
    monkeypatch.setattr(ctypes, "get_errno", lambda: errno.ENOTSUP)
    attributes._set_creation_time_macos(Path("/vault/n.md"), 1_700_000_000_123_456_789)
    ((path, wanted, value, size, options),) = calls
    assert (path, options) == (b"/vault/n.md", 0)
    assert struct.unpack("=HHIIIII", wanted) == (5, 0, 0x200, 0, 0, 0, 0)
    assert struct.unpack("=qq", value) == (1_700_000_000, 123_456_789)
    assert size.value == len(value)  # type: ignore[attr-defined]


def test_a_real_fault_of_macos_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse = SimpleNamespace(setattrlist=lambda *_: -1)
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: refuse)
    monkeypatch.setattr(ctypes, "get_errno", lambda: errno.EIO)
    with pytest.raises(OSError):
        attributes._set_creation_time_macos(Path("/vault/n.md"), 0)
