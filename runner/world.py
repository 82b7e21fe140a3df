"""What a stored result rests on besides the notes' text, compared with how it is now."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from .errors import UserError, system_words
from .result import Evidence

_PROBE = (
    "import importlib.metadata as m, json, sys;"
    "print(json.dumps(['%d.%d' % sys.version_info[:2],"
    "{d.name: d.version for d in m.distributions()}]))"
)


class InterpreterError(UserError):
    """The vault's ``python`` cannot be used; names it and the remedy."""


class World:
    """The interpreter, the files and the environment as they are during one run."""

    def __init__(self, python: str = "") -> None:
        self.python = python or sys.executable
        self._hashes: dict[tuple[str, int, int], str] = {}

    def outdated(self, evidence: Evidence) -> str:
        """What changed since ``evidence`` was taken, in words; "" if nothing did."""
        if evidence.python and evidence.python != self.version:
            return f"Python {evidence.python} became {self.version}"
        for name, version in evidence.dists:
            now = self._installed(name)
            if now != version:
                return f"{name} {version} became {now or 'uninstalled'}"
        for path, digest in evidence.files:
            if self.file_digest(path) != digest:
                return f"{Path(path).name} changed"
        for name, digest in evidence.env:
            if self.env_digest(name) != digest:
                return f"the environment variable {name} changed"
        return ""

    @cached_property
    def _foreign(self) -> tuple[str, dict[str, str]] | None:
        """Version and distributions of another interpreter, None if it is our own."""
        if self.python == sys.executable:
            return None
        import subprocess

        try:
            answer = subprocess.run(
                [self.python, "-c", _PROBE], capture_output=True, timeout=30, check=True
            )
            version, versions = json.loads(answer.stdout)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            raise InterpreterError(
                f"the `python` of .runner.toml, {self.python}, does not work ({_said(error)}): "
                "name a Python interpreter"
            ) from None
        return version, {_normal(name): found for name, found in versions.items()}

    @property
    def version(self) -> str:
        """Major and minor version of the workers' Python."""
        return self._foreign[0] if self._foreign else ".".join(map(str, sys.version_info[:2]))

    def _installed(self, name: str) -> str | None:
        if self._foreign:
            return self._foreign[1].get(_normal(name))
        return self._own.get(_normal(name))

    @cached_property
    def _own(self) -> dict[str, str]:
        """Version of each distribution on our own path, from the names of its metadata folders
        (PyPA, "Recording installed projects"): ``importlib.metadata`` reads files and is slow."""
        found: dict[str, str] = {}
        for folder in sys.path:
            try:
                entries = os.listdir(folder or ".")
            except OSError:
                continue
            for entry in entries:
                if entry.endswith(".dist-info"):
                    name, _, version = entry.removesuffix(".dist-info").partition("-")
                    found.setdefault(_normal(name), version)
        return found

    def file_digest(self, path: str) -> str:
        """sha256 of a file, "" where there is none."""
        try:
            status = os.stat(path)
            key = (path, status.st_size, status.st_mtime_ns)
            if key not in self._hashes:
                with open(path, "rb") as stream:
                    self._hashes[key] = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError:
            return ""
        return self._hashes[key]

    def env_digest(self, name: str) -> str:
        """sha256 of a variable's value, "" where it is unset; values are never stored."""
        value = os.environ.get(name)
        return "" if value is None else hashlib.sha256(value.encode()).hexdigest()

    def declared(
        self, evidence: Evidence, folder: Path, data: Iterable[str], env: Iterable[str]
    ) -> Evidence:
        """``evidence`` with the files and variables that a block's options name added."""
        files = dict(evidence.files)
        for name in data:
            path = os.path.abspath(folder / name)
            files[path] = self.file_digest(path)
        variables = dict(evidence.env) | {name: self.env_digest(name) for name in env}
        return replace(
            evidence, files=tuple(sorted(files.items())), env=tuple(sorted(variables.items()))
        )


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _said(error: Exception) -> str:
    """What an interpreter that cannot be asked did instead of answering."""
    import subprocess

    match error:
        case OSError():
            return system_words(error)
        case subprocess.CalledProcessError():
            return f"it ended with exit code {error.returncode}"
        case subprocess.TimeoutExpired():
            return f"it did not answer within {error.timeout:g} s"
        case _:
            return "it does not answer as Python does"
