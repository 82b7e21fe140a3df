"""A run that found nothing to do, remembered: while nothing has changed, it need not look again.

What decides a run is the command, the files of the vault, and what its results rest on besides.
Where all of it is as it was when a run executed and wrote nothing, the next one would do the same.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from . import __version__
from .devices import available
from .errors import system_words
from .notices import Notice, tell
from .records import given
from .settings import CONFIG
from .userdirs import cache_folder
from .vault import Vault
from .wish import Wish

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .outcome import Outcome
    from .report import Report
    from .result import Evidence


class Memo:
    """The memory for one command on one vault.

    It keeps three lines: the state of the vault, what its results rest on, what was reported. All
    but the first are looked at only where that is as it was.
    """

    def __init__(self, vault: Vault, scope: Sequence[str], wish: Wish) -> None:
        self._vault = vault
        self._usable = wish.write and not wish.force
        asked = [
            __version__,
            os.path.realpath(vault.root),
            sorted(scope),
            given(wish),
        ]
        name = hashlib.sha256(json.dumps(asked).encode()).hexdigest()
        self._file = cache_folder() / "idle" / f"{name}.jsonl"
        self._state = self._state_now() if self._usable else ""

    def recall(self) -> Report | None:
        """The report of the last such run, if another would find and do the same."""
        if not self._usable:
            return None
        try:
            state, *kept = self._file.read_text(encoding="utf-8").split("\n")
            if state != self._state:
                return None
            evidence, report = _decoded(*kept)
        except (OSError, ValueError, KeyError, TypeError):
            return None  # never kept, or by another version: look again
        from .world import World

        settings = self._vault.settings
        world = World(settings.python, settings.launcher, settings.figures)
        return None if world.outdated(evidence) else report

    def remember(self, outcome: Outcome, report: Report) -> None:
        """Keep the report of a run that executed and wrote nothing; forget it of any other."""
        try:
            if not self._usable or outcome.interrupted or not outcome.is_idle:
                self._file.unlink(missing_ok=True)
            else:
                self._write(outcome, report)
        except OSError as error:
            words = (
                f"{self._file} cannot be written ({system_words(error)}), so the next run looks at "
                "everything again: name another folder in RUNNER_CACHE"
            )
            tell(Notice(words, is_fault=True), about=str(cache_folder()))

    def _write(self, outcome: Outcome, report: Report) -> None:
        from .result import encode

        kept = "\n".join(json.dumps(encode(fact)) for fact in (outcome.evidence(), report))
        temporary = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        self._file.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(f"{self._state}\n{kept}", encoding="utf-8")
        temporary.replace(self._file)

    def _state_now(self) -> str:
        """Every file of the vault with size and time, its settings, and the machine's devices."""
        hasher = hashlib.sha256(repr(available()).encode())
        for path, state in sorted(self._vault.files()):
            hasher.update(f"{path}\0{state.size}\0{state.mtime}\0".encode("utf-8", "surrogatepass"))
        for file in (".obsidian/app.json", CONFIG):
            hasher.update(_content(self._vault.root / file))
        return hasher.hexdigest()


def _decoded(evidence: str, report: str) -> tuple[Evidence, Report]:
    from .report import Report
    from .result import Evidence, decode

    return decode(Evidence, json.loads(evidence)), decode(Report, json.loads(report))


def _content(file: Path) -> bytes:
    try:
        return hashlib.sha256(file.read_bytes()).digest()
    except OSError:
        return b"none"
