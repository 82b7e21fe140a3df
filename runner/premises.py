"""What a result rests on besides text and libraries: files, folders and variables, as they are."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterable

from .records import replace
from .result import Evidence

# Where times are rounded (FAT: to 2 s; https://learn.microsoft.com/windows/win32/sysinfo/file-times)
# a file may change again soon after and show the same time.
_ROUNDED = 10**9  # ns
_FRESH = 3.0  # seconds


class Digests:
    """Digests of files and folders as they are now; one that has not changed is read once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int], str] = {}

    def of(self, path: str) -> str:
        """sha256 of a file's bytes, or of the names in a folder; "" where there is neither."""
        try:
            status = os.stat(path)
            key = (path, status.st_size, status.st_mtime_ns)
            if key in self._known:
                return self._known[key]
            digest = _digest(path, status)
        except (OSError, ValueError):  # a path may hold what no path can
            return ""
        if status.st_mtime_ns % _ROUNDED or time.time() - status.st_mtime > _FRESH:
            self._known[key] = digest
        return digest


def _digest(path: str, status: os.stat_result) -> str:
    """Raises ``OSError``. What is neither file nor folder, as a pipe, has none."""
    import hashlib  # not at the top: for most workers it would load OpenSSL in vain

    if stat.S_ISDIR(status.st_mode):
        names = "\0".join(sorted(os.listdir(path)))
        return hashlib.sha256(names.encode("utf-8", "surrogatepass")).hexdigest()
    if not stat.S_ISREG(status.st_mode):
        return ""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Folders:
    """What lies in folders now; each is looked into once."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}

    def have_module(self, place: str) -> bool:
        """Whether a module could be imported from ``place``, a path without suffix.

        It may be a package, a file that Python takes for a module, or one that leads to an
        editable package elsewhere (PEP 660), named in the ways of setuptools, hatch and poetry.
        """
        folder, name = os.path.split(place)
        if folder not in self._names:
            self._names[folder] = _names_in(folder)
        of = re.escape(name)
        form = rf"{of}|{of}(\.[\w-]+)?\.(py|pyc|so|pyd)|(__editable__\.|_)?{of}(-.*)?\.pth"
        return any(re.fullmatch(form, found) for found in self._names[folder] if name in found)


def _names_in(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except (OSError, ValueError):
        return []


# They change the digits that PyTorch, CUDA's libraries, oneDNN, MKL and OpenBLAS compute.
_STEERING = (
    "ATEN_CPU_CAPABILITY",
    "CUBLAS_WORKSPACE_CONFIG",
    "DNNL_MAX_CPU_ISA",
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "NVIDIA_TF32_OVERRIDE",
    "ONEDNN_MAX_CPU_ISA",
    "OPENBLAS_CORETYPE",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
    "TORCH_BLAS_PREFER_CUBLASLT",
    "TORCH_BLAS_PREFER_HIPBLASLT",
)


def steering() -> tuple[str, ...]:
    """The variables that are set and on which every result rests, whatever blocks declare."""
    return tuple(name for name in _STEERING if os.environ.get(name))


def env_digest(name: str) -> str:
    """sha256 of a variable's value, "" where it is unset; values are never stored."""
    import hashlib

    value = os.environ.get(name)
    return "" if value is None else hashlib.sha256(os.fsencode(value)).hexdigest()


def declared(
    evidence: Evidence, digests: Digests, data: Iterable[str], env: Iterable[str]
) -> Evidence:
    """``evidence`` with the files (absolute paths) and variables that blocks declare added."""
    files = tuple((path, digests.of(path)) for path in data)
    variables = tuple((name, env_digest(name)) for name in env)
    return joined(evidence, Evidence(files=files, env=variables))


def joined(seen: Evidence, stated: Evidence) -> Evidence:
    """``seen`` with the files and variables of ``stated``, which count where both have one."""
    files = dict(seen.files) | dict(stated.files)
    env = dict(seen.env) | dict(stated.env)
    return replace(seen, files=tuple(sorted(files.items())), env=tuple(sorted(env.items())))
