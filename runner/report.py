"""What a command found, as facts: for people, for ``--json`` and for the exit code."""

from __future__ import annotations

from collections.abc import Iterator

from .note import Problem, Severity
from .records import dataclass
from .result import Status, TestOutcome

_BROKEN = (Status.FAILED, Status.TIMEOUT, Status.CRASHED)
_ACTIONS = {"run": "ran", "replay": "replayed", "reuse": "reused"}


@dataclass(frozen=True, slots=True)
class BlockReport:
    """``status`` is None where nothing is known; ``stale``: the note shows something else."""

    id: str
    role: str
    line: int
    action: str
    because: str
    status: Status | None
    seconds: float
    device: str
    tests: tuple[TestOutcome, ...]
    figures: tuple[str, ...]
    digest: str
    stale: bool
    reason: str = ""  # why the status is not ok, where that needs saying

    def to_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "role": self.role,
            "line": self.line,
            "action": self.action,
            "because": self.because,
            "status": self.status.value if self.status else None,
            "seconds": round(self.seconds, 4),
            "device": self.device,
            "tests": [
                {"name": t.name, "status": t.status, "message": t.message, "device": t.device}
                for t in self.tests
            ],
            "figures": list(self.figures),
            "digest": self.digest,
            "stale": self.stale,
        }


@dataclass(frozen=True, slots=True)
class NoteReport:
    note: str
    changed: bool
    problems: tuple[Problem, ...]
    blocks: tuple[BlockReport, ...]

    def to_json(self) -> dict[str, object]:
        return {
            "note": self.note,
            "changed": self.changed,
            "problems": [
                {"line": p.line, "severity": p.severity.value, "what": p.what, "hint": p.hint}
                for p in self.problems
            ],
            "blocks": [block.to_json() for block in self.blocks],
        }

    @property
    def failed(self) -> list[BlockReport]:
        return [block for block in self.blocks if block.status in _BROKEN]

    @property
    def errors(self) -> list[Problem]:
        return [p for p in self.problems if p.severity is Severity.ERROR]

    @property
    def warnings(self) -> list[Problem]:
        return [p for p in self.problems if p.severity is Severity.WARNING]


@dataclass(frozen=True, slots=True)
class Report:
    """``vault`` is the absolute path of the root; ``interrupted``: the user stopped the run."""

    vault: str
    device: str
    notes: tuple[NoteReport, ...]
    interrupted: bool = False

    def blocks(self) -> Iterator[BlockReport]:
        for note in self.notes:
            yield from note.blocks

    def summary(self) -> dict[str, int]:
        counts = dict.fromkeys(("ran", "replayed", "reused"), 0)
        counts |= {status.value: 0 for status in Status}
        for block in self.blocks():
            if block.action in _ACTIONS:
                counts[_ACTIONS[block.action]] += 1
            if block.status:
                counts[block.status.value] += 1
        counts["stale"] = sum(block.stale for block in self.blocks())
        counts["errors"] = sum(len(note.errors) for note in self.notes)
        counts["warnings"] = sum(len(note.warnings) for note in self.notes)
        return counts

    def to_json(self) -> dict[str, object]:
        return {
            "vault": self.vault,
            "device": self.device,
            "notes": [note.to_json() for note in self.notes],
            "summary": self.summary(),
        }

    def is_fine(self, *, stale_counts: bool) -> bool:
        """Nothing failed or in error, nor, where it counts, stale."""
        bad = any(note.failed or note.errors for note in self.notes) or self.interrupted
        return not bad and not (stale_counts and any(block.stale for block in self.blocks()))
