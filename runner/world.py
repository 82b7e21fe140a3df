"""What a stored result rests on besides the notes' text, compared with how it is now."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from .distributions import installed, normal
from .interpreter import Interpreter
from .premises import Digests, Folders, declared, env_digest, steering
from .result import Evidence


class World:
    """The interpreter, the settings, the files and the environment as they are during one run."""

    def __init__(
        self, python: str = "", launcher: tuple[str, ...] = (), figures: str = "png"
    ) -> None:
        """``figures`` is the format that the vault wants them in."""
        self.figures = figures
        self.interpreter = Interpreter(python, launcher)
        self._digests = Digests()
        self._folders = Folders()

    def outdated(self, evidence: Evidence) -> str:
        """What changed since ``evidence`` was taken, in words; "" if nothing did."""
        if evidence.doubt:
            return evidence.doubt
        if evidence.python and evidence.python != self.version:
            return f"Python {evidence.python} became {self.version}"
        if (device := self.interpreter.kind_of(evidence.device)) != evidence.device:
            return f"{evidence.device} became {device}"
        for name, version in evidence.dists:
            now = self._installed(name)
            if now != version:
                return f"{name} {version} became {now or 'uninstalled'}"
        for place in evidence.lacking:
            if self._folders.have_module(place):
                return f"{os.path.basename(place)}, which was missing, can be imported"
        if found := self._found_elsewhere(evidence.lacking):
            return f"{found}, which was missing, can be imported by this Python"
        if evidence.figures not in ("", self.figures):
            return f"figures are {self.figures} now, not {evidence.figures}"
        if moved := self.moved(evidence):
            return moved
        known = dict(evidence.env)
        for name in (*known, *steering()):
            if env_digest(name) != known.get(name):
                return f"the environment variable {name} changed"
        return ""

    def _found_elsewhere(self, lacking: Iterable[str]) -> str:
        """A module that an interpreter with another search path did not find; "" if none is."""
        if not lacking:
            return ""
        path = sys.path if self.interpreter.is_ours else self.interpreter.facts.path
        looked_in: dict[str, set[str]] = {}
        for place in lacking:
            folder, name = os.path.split(place)
            if not os.path.isfile(os.path.join(folder, "__init__.py")):  # else for a part of it
                looked_in.setdefault(name, set()).add(folder)
        return next(
            (
                name
                for name, folders in looked_in.items()
                for other in path
                if other and other not in folders
                if self._folders.have_module(os.path.join(other, name))
            ),
            "",
        )

    def disproves(self, premises: Iterable[tuple[str, str]]) -> bool:
        """Whether one of these files has another digest now."""
        return any(self._digests.of(path) != digest for path, digest in premises)

    def moved(self, evidence: Evidence) -> str:
        """The file of ``evidence`` that is not as it was, in words; "" if there is none."""
        path = next(self.moved_files(evidence), "")
        return f"{Path(path).name} changed" if path else ""

    def moved_files(self, evidence: Evidence) -> Iterator[str]:
        """The files of ``evidence`` that are not as they were."""
        return (path for path, digest in evidence.files if self._digests.of(path) != digest)

    @property
    def version(self) -> str:
        """Major and minor version of the workers' Python."""
        ours = ".".join(map(str, sys.version_info[:2]))
        return ours if self.interpreter.is_ours else self.interpreter.facts.minor

    def _installed(self, name: str) -> str | None:
        dists = self._own if self.interpreter.is_ours else self.interpreter.facts.dists
        return dists.get(normal(name))

    @cached_property
    def _own(self) -> dict[str, str]:
        return {name: found.version for name, found in installed().items()}

    def declared(
        self, evidence: Evidence, folder: Path, data: Iterable[str], env: Iterable[str]
    ) -> Evidence:
        """``evidence`` with the files and variables that a block's options name added, and those
        on which every result rests."""
        paths = (os.path.abspath(folder / name) for name in data)
        return declared(evidence, self._digests, paths, (*env, *steering()))
