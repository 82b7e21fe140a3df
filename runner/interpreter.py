"""The Python that runs the vault's blocks, where it is not our own: asked what it is and has."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property

from .devices import available, kind_of
from .distributions import normal
from .errors import UserError, system_words
from .records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_OLDEST = (3, 11)
_LIMIT = 60.0  # seconds: a launcher may first reach another machine

# It is read from standard input: a launcher such as ssh would take an argument apart.
_PROBE = """
import sys
try:
    import ctypes, importlib.metadata as m, importlib.util as u, json
    dists = {d.name: d.version for d in m.distributions()}
    lacks = [name for name in ("torch", "pytest") if u.find_spec(name) is None]
    gpus = []
    try:
        cuda = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
        found = ctypes.c_int()
        def ask(function, *arguments):
            return found.value if function(ctypes.byref(found), *arguments) == 0 else 0
        for n in range(ask(cuda.cuDeviceGetCount) if cuda.cuInit(0) == 0 else 0):
            gpus.append("sm_%d%d" % tuple(ask(cuda.cuDeviceGetAttribute, x, n) for x in (75, 76)))
    except OSError:
        pass
    print(json.dumps([list(sys.version_info[:3]), dists, lacks, gpus, sys.path]))
except ImportError:
    print('[%s, {}, [], [], []]' % list(sys.version_info[:3]))
"""


class InterpreterError(UserError):
    """The vault's ``python`` cannot be used; names it and the remedy."""


@dataclass(frozen=True, slots=True)
class Facts:
    """``version``: its three numbers. ``dists``: normal name of a distribution → its version.
    ``lacks``: those of torch and pytest that it cannot import. ``gpus``: the capability of each
    CUDA device of its machine (``sm_90``). ``path``: where it looks for modules."""

    version: tuple[int, int, int]
    dists: dict[str, str]
    lacks: frozenset[str]
    gpus: tuple[str, ...] = ()
    path: tuple[str, ...] = ()

    @property
    def minor(self) -> str:
        return ".".join(map(str, self.version[:2]))


class Interpreter:
    """The vault's ``python``, behind its ``launcher``; it is started at most once to be asked."""

    def __init__(self, python: str = "", launcher: tuple[str, ...] = ()) -> None:
        self._python = python or sys.executable
        self._launcher = launcher

    @property
    def is_ours(self) -> bool:
        return self._python == sys.executable and not self._launcher

    def devices(self) -> tuple[str, ...]:
        """Those of the machine that the blocks run on: behind a launcher it may be another one."""
        if not self._launcher:
            return available()
        return ("cpu", *(f"cuda:{number}" for number in range(len(self.facts.gpus))))

    def kind_of(self, device: str) -> str:
        """``devices.kind_of`` for that machine."""
        kind, _, capability = device.partition(" ")
        if not self._launcher or not capability:
            return kind_of(device)
        return f"{kind} {self.facts.gpus[0]}" if self.facts.gpus else kind

    def require(self, packages: Iterable[str]) -> None:
        """Raises ``InterpreterError`` where it is too old, or lacks torch or pytest if they are
        among ``packages``. Of our own, blocks say so themselves."""
        if self.is_ours:
            return
        missing = sorted(self.facts.lacks & set(packages))
        if missing:
            names = " and ".join(missing)
            raise self._error(
                f"has no {names}, which blocks to be run need",
                f"install {names} there, or name another interpreter",
            )

    @cached_property
    def facts(self) -> Facts:
        """Raises ``InterpreterError`` where it cannot be started or is too old."""
        version, dists, lacks, gpus, path = self._asked()
        if tuple(version[:2]) < _OLDEST:
            shown = ".".join(map(str, version))
            raise self._error(
                f"is Python {shown}, and blocks need 3.11 or newer", "name another interpreter"
            )
        named = {normal(name): found for name, found in dists.items() if name}
        major, minor, micro = version
        return Facts((major, minor, micro), named, frozenset(lacks), tuple(gpus), tuple(path))

    def _asked(self) -> tuple[list[int], dict[str, str], list[str], list[str], list[str]]:
        import subprocess

        command = [*self._launcher, self._python, "-"]
        try:
            done = subprocess.run(
                command, input=_PROBE.encode(), capture_output=True, timeout=_LIMIT, check=True
            )
            version, dists, lacks, gpus, path = _answer(done.stdout)
        except OSError as error:
            why = f"{command[0]} cannot be started: {system_words(error)}"
        except subprocess.CalledProcessError as error:
            why = f"it ended with exit code {error.returncode}{_last_line(error.stderr)}"
        except subprocess.TimeoutExpired:
            why = f"it did not answer within {_LIMIT:g} s"
        except ValueError:
            why = "it does not answer as Python does"
        else:
            return version, dists, lacks, gpus, path
        try_it = "try this command in a terminal, and " if self._launcher else ""
        raise self._error(f"does not work ({why})", f"{try_it}name a Python of 3.11 or newer")

    def _error(self, fault: str, remedy: str) -> InterpreterError:
        import shlex

        behind = f" behind the launcher `{shlex.join(self._launcher)}`" if self._launcher else ""
        who = f"the `python` of .runner.toml, {self._python}{behind},"
        return InterpreterError(f"{who} {fault}: {remedy}")


def _answer(printed: bytes) -> list[Any]:
    """The line that the probe printed, among what a launcher may have. Raises ``ValueError``."""
    for line in reversed(printed.splitlines()):
        with suppress(ValueError):
            found = json.loads(line)
            if isinstance(found, list) and len(found) == 5:
                return found
    raise ValueError


def _last_line(errors: bytes) -> str:
    lines = errors.decode("utf-8", "replace").strip().splitlines()
    return f": {lines[-1].strip()}" if lines else ""
