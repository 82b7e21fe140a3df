"""Test blocks compiled with rewritten asserts, kept between pytest runs as pytest keeps files'."""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import cast

_MOST = 20_000  # files; what a vault of that many test blocks needs, some 100 MB


class RewrittenCode:
    """Code objects in ``folder``, by all they were made from; losing it costs time alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._shrink()

    def get(self, made_from: tuple[object, ...], make: Callable[[], CodeType]) -> CodeType:
        """What ``make`` returned for equal facts, under this Python; else what it returns now."""
        facts = repr((sys.implementation.cache_tag, *made_from)).encode("utf-8", "surrogatepass")
        file = self._folder / hashlib.sha256(facts).hexdigest()
        if (data := _whole(file)) is not None:
            return cast(CodeType, marshal.loads(data))
        code = make()
        data = marshal.dumps(code)
        self._keep(file, _sum(data) + data)
        return code

    def _keep(self, file: Path, data: bytes) -> None:
        temporary = file.with_name(f"{file.name}.{os.getpid()}")
        temporary.write_bytes(data)
        temporary.replace(file)

    def _shrink(self) -> None:
        """Forget the older half of too many."""
        with os.scandir(self._folder) as entries:
            files = [(entry.stat().st_mtime, entry.path) for entry in entries]
        if len(files) > _MOST:
            for _, path in sorted(files)[: len(files) // 2]:
                Path(path).unlink(missing_ok=True)


def _sum(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _whole(file: Path) -> bytes | None:
    """What was kept, if it is there to the last byte: damaged code ends the process that loads
    it."""
    try:
        found = file.read_bytes()
    except OSError:
        return None
    size = hashlib.sha256().digest_size
    return found[size:] if found[:size] == _sum(found[size:]) else None
