"""What a result rests on besides the notes' text: imported distributions, local files read."""

from __future__ import annotations

import hashlib
import os
import re
import site
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from .frames import OUR_FOLDER, is_own_code, library_folders
from .result import Evidence

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_NOT_DATA = ("/proc/", "/dev/", "/sys/")
_NOT_THIRD_PARTY = frozenset({"vault", "runner", "__main__", "__mp_main__"})


class Witness:
    """Collects, for one process, what its blocks have imported and read so far.

    Everything since the job began counts for each later block: what an earlier block imported or
    read may lie in a cache that a later one uses. ``folder`` is the vault's; what lies in it counts
    even where it is a temporary folder. ``notes`` are the files whose code the job carries: Python
    itself opens them to show a line, and results depend on their text by digest.
    """

    def __init__(self, folder: str, notes: Iterable[str] = ()) -> None:
        self.watching = False
        self._folder = os.path.join(os.path.abspath(folder), "")
        self._notes = frozenset(notes)
        self._read: set[str] = set()
        self._written: set[str] = set()
        self._modules = 0
        self._dists: tuple[tuple[str, str], ...] = ()
        self._sources: set[str] = set()
        self._hashes: dict[tuple[str, int, int], str] = {}
        self._ignored = (OUR_FOLDER, *library_folders(), *_scratch_folders(), *_NOT_DATA)

    def install(self) -> None:
        """Hear of every file that is opened; an audit hook cannot be taken back."""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if event != "open" or not self.watching:
            return
        path, mode, flags = args
        if not isinstance(path, str | bytes):
            return
        name = os.path.abspath(os.fsdecode(path))
        writes = bool(flags & _WRITING) if mode is None else any(c in mode for c in "wax+")
        (self._written if writes else self._read).add(name)

    def evidence(self, device: str) -> Evidence:
        """What the process has imported and read so far; ``device`` is the step's."""
        self.watching = False
        self._look_at_modules()
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        return Evidence(python, device_kind(device), self._dists, tuple(sorted(self._files())))

    def _look_at_modules(self) -> None:
        if len(sys.modules) == self._modules:
            return
        modules = list(sys.modules.items())
        self._modules = len(modules)
        self._dists = distributions({name.partition(".")[0] for name, _ in modules})
        for _, module in modules:
            path = getattr(module, "__file__", None)
            if isinstance(path, str) and is_own_code(path):
                self._sources.add(path)

    def _files(self) -> Iterator[tuple[str, str]]:
        data = {path for path in self._read - self._written if self._is_data(path)}
        for path in self._sources | data:
            if digest := self._digest(path):
                yield path, digest

    def _is_data(self, path: str) -> bool:
        if path in self._notes:
            return False
        return path.startswith(self._folder) or not path.startswith(self._ignored)

    def _digest(self, path: str) -> str | None:
        """``None`` for what is no regular file (any more)."""
        try:
            stat = os.stat(path)
        except OSError:
            return None
        if not os.path.isfile(path):
            return None
        key = path, stat.st_size, stat.st_mtime_ns
        if key not in self._hashes:
            with open(path, "rb") as file:
                self._hashes[key] = hashlib.file_digest(file, "sha256").hexdigest()
        return self._hashes[key]


def device_kind(device: str) -> str:
    """``cpu``, ``mps`` or, where torch knows it, ``cuda sm_90``."""
    kind = device.partition(":")[0]
    torch: Any = sys.modules.get("torch")
    if kind == "cuda" and torch is not None and torch.cuda.is_available():
        major, minor = torch.cuda.get_device_capability(device)
        return f"cuda sm_{major}{minor}"
    return kind


def _scratch_folders() -> Iterator[str]:
    """Temporary files and per-user caches: not what anybody calls data."""
    home = Path.home()
    caches = [home / ".cache", home / "Library" / "Caches"]
    caches += [
        Path(os.environ[name])
        for name in ("XDG_CACHE_HOME", "LOCALAPPDATA")
        if os.environ.get(name)
    ]
    for folder in (Path(tempfile.gettempdir()), *caches):
        yield os.path.join(os.path.abspath(folder), "")
        yield os.path.join(os.path.realpath(folder), "")


# --- distributions -----------------------------------------------------------------------------


def distributions(modules: set[str]) -> tuple[tuple[str, str], ...]:
    """Distribution → version for those top-level ``modules`` that were installed."""
    wanted = {name for name in modules if name not in sys.stdlib_module_names | _NOT_THIRD_PARTY}
    installed = _installed()
    found = {name for name in wanted if _normal(name) in installed}
    versions = {installed[_normal(name)][:2] for name in found}
    versions.update(_by_contents(frozenset(wanted - found)))
    return tuple(sorted(versions))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def _installed() -> dict[str, tuple[str, str, str]]:
    """Normal name → (name, version, metadata folder) of what stands on the search path."""
    found: dict[str, tuple[str, str, str]] = {}
    folders = {*site.getsitepackages(), site.getusersitepackages(), *sys.path}
    folders.add(sysconfig.get_paths()["purelib"])
    for folder in sorted(folders):
        for entry in _metadata_folders(folder):
            name, _, version = entry.name.removesuffix(".dist-info").partition("-")
            found.setdefault(_normal(name), (name, version, entry.path))
    return found


def _metadata_folders(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if entry.name.endswith(".dist-info")]
    except OSError:
        return []


@cache
def _by_contents(modules: frozenset[str]) -> frozenset[tuple[str, str]]:
    """Distributions whose files hold modules that bear another name (``PIL`` is pillow)."""
    if not modules:
        return frozenset()
    owners = _owners()
    return frozenset(owners[name] for name in modules if name in owners)


@cache
def _owners() -> dict[str, tuple[str, str]]:
    owners: dict[str, tuple[str, str]] = {}
    for name, version, folder in _installed().values():
        for module in _modules_of(folder):
            owners.setdefault(module, (name, version))
    return owners


def _modules_of(metadata: str) -> set[str]:
    """Top-level modules that a distribution says it installed."""
    for file, read in (("top_level.txt", str.split), ("RECORD", _recorded)):
        try:
            text = Path(metadata, file).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        return set(read(text))
    return set()


def _recorded(text: str) -> list[str]:
    tops = {line.partition(",")[0].partition("/")[0] for line in text.splitlines()}
    return [top.partition(".")[0] for top in tops if not top.endswith((".dist-info", "..", "bin"))]
