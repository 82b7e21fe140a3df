"""What the tests of writing share: changes, what a folder holds, where a test can run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.store import Ownership

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX file system calls")
linux = pytest.mark.skipif(sys.platform != "linux", reason="attributes by Linux calls")
as_root = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="root mounts and changes users"
)
NOBODY = Ownership(frozenset(), lambda _: False, lambda _: False)


def to(data: bytes) -> Callable[[bytes], bytes]:
    return lambda _: data


def files(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))
