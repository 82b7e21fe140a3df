"""An editor and a watch beside each other over the same notes, in simulated time.

The editor is modelled on Obsidian: autosave two seconds after typing; what the disk brings is shown
at once while nothing is unsaved, else the unsaved typing is merged onto it as patches, by
diff-match-patch with its defaults. The watch has the real writer and its real pace; its results
are made up, and others after each save.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from pathlib import Path

from diff_match_patch import diff_match_patch

from runner.cache import Results
from runner.note import Block, Note, Role
from runner.pace import OBSIDIAN, Pace
from runner.parse import parse
from runner.render import Shown
from runner.result import Figure, Output, Result, Status, TestOutcome, Text
from runner.vault import Vault
from runner.writing import Writer

AUTOSAVE = 2.0  # seconds
_AMPLE = 60  # seconds to compare texts; an editor's own code does it in a few milliseconds


class Clock:
    """Simulated seconds."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Editor:
    """A note open in an editor: a buffer, and what its last save or load held."""

    def __init__(self, file: Path, clock: Clock) -> None:
        self.file = file
        self.merged_removals = 0  # of more than a few characters at a stroke, unsaved till then
        self._removed = 0  # characters at a stroke, unsaved
        self._clock = clock
        self.buffer = self._base = file.read_bytes().decode()
        self._save_at: float | None = None

    @property
    def is_dirty(self) -> bool:
        return self._save_at is not None

    def edit(self, start: int, end: int, new: str) -> None:
        """Put ``new`` in the place of what stands there."""
        self.buffer = self.buffer[:start] + new + self.buffer[end:]
        self._removed = max(self._removed, end - start)
        if self._save_at is None:
            self._save_at = self._clock.now + AUTOSAVE

    def save_if_due(self) -> bool:
        """Save what was typed when it is time; True if that was now."""
        if self._save_at is None or self._clock.now < self._save_at:
            return False
        self.look()
        self.file.write_bytes(self.buffer.encode())
        self._base, self._save_at, self._removed = self.buffer, None, 0
        return True

    def look(self) -> None:
        """Take in what somebody else wrote."""
        disk = self.file.read_bytes().decode()
        if disk == self._base:
            return
        if self.is_dirty:
            self._merge(disk)
        else:
            self.buffer = disk
        self._base = disk

    def _merge(self, disk: str) -> None:
        """Put what is unsaved onto the text of the disk.

        diff-match-patch takes a long passage out where its ends are found and at most half of it
        became another. Else it leaves it standing, and looks for all that was typed below as if it
        were gone: a passage of 500 characters takes the typing along.
        """
        merging = diff_match_patch()
        merging.Diff_Timeout = _AMPLE
        typed = merging.patch_make(self._base, self.buffer)
        self.buffer, _ = merging.patch_apply(typed, disk)
        self.merged_removals += self._removed > merging.Match_MaxBits


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What is to be written into a note: the results of its blocks, or its table."""

    planned: Note
    shown: dict[str, Shown]
    values: dict[str, str]
    table: str | None
    writer: Writer


class Watcher:
    """The part of a watch that writes: results are there at once, writing waits for rest."""

    def __init__(
        self,
        vault: Vault,
        results: Results,
        clock: Clock,
        chance: random.Random,
        lengths: list[int],
    ) -> None:
        self.pace = Pace(OBSIDIAN, clock)
        self.longest_step = 0
        self.writes = 0
        self._vault = vault
        self._results = results
        self._chance = chance
        self._lengths = lengths
        self._waiting: dict[str, _Waiting] = {}
        self._tables: dict[str, str] = {}  # by path: what its matrix is to hold

    @property
    def is_done(self) -> bool:
        return not self._waiting and not self._tables

    def saved(self, path: str) -> None:
        """The editor saved: run at once. The tables of all notes follow what was run."""
        self.pace.edited(path)
        note = self._read(path)
        blocks = [block for block in note.blocks if not block.fault]
        shown = {block.id: self._result(block) for block in blocks}
        self._waiting[path] = _Waiting(note, shown, self._values(), None, self._writer())
        for other in self._vault.root.glob("*.md"):
            if self._read(other.name).matrices:
                self._tables[other.name] = self._table()

    def write_if_due(self, path: str) -> None:
        """The next step of what waits for this note; its table comes after all results."""
        if not self.pace.is_due(path):
            return
        if path not in self._waiting:
            if self._waiting or path not in self._tables:
                return
            table = self._tables.pop(path)
            self._waiting[path] = _Waiting(self._read(path), {}, {}, table, self._writer())
        waiting = self._waiting[path]
        before = (self._vault.root / path).read_bytes().decode()
        written = waiting.writer.write(
            waiting.planned, waiting.shown, waiting.values, waiting.table
        )
        after = (self._vault.root / path).read_bytes().decode()
        self.longest_step = max(self.longest_step, abs(len(after) - len(before)))
        self.writes += written.changed
        if written.more:
            self.pace.stepped(path)
        else:
            del self._waiting[path]

    def _read(self, path: str) -> Note:
        return parse(path, (self._vault.root / path).read_bytes().decode())

    def _writer(self) -> Writer:
        return Writer(self._vault, self._results, lambda place: place.block, OBSIDIAN.longest)

    # --- what was found

    def _result(self, block: Block) -> Shown:
        """Long or short, with figures or without, good or bad: of definitions only the bad show."""
        seed = f"{block.id} {block.source} {self._chance.random()}"
        digest = hashlib.sha256(seed.encode()).hexdigest()
        status = self._chance.choice([Status.OK, Status.OK, Status.FAILED])
        length = self._chance.choice(self._lengths)
        text = Text("".join(f"{digest[n % 32 :]} line {n}\n" for n in range(length)))
        figures = (Figure("image/png", digest[n:].encode()) for n in range(self._figures(block)))
        outputs: tuple[Output, ...] = (text, *figures)
        tests: tuple[TestOutcome, ...] = ()
        if block.role is Role.TEST:
            outcome = "passed" if status is Status.OK else "failed"
            tests = (TestOutcome("test_it", outcome, text.text, "cpu"),) * self._chance.randint(
                1, 3
            )
        return Shown(digest[:8], Result(status, outputs, tests=tests, device="cpu"))

    def _figures(self, block: Block) -> int:
        return self._chance.choice([0, 0, 1, 3]) if block.role is Role.RUN else 0

    def _values(self) -> dict[str, str]:
        passed, every = self._chance.randint(0, 120), self._chance.choice([5, 120])
        return {
            "runner_status": self._chance.choice(["ok", "failed", "stale"]),
            "runner_tests": f"{passed}/{every}",
            "runner_quotes": f"{every}/{passed}",
        }

    def _table(self) -> str:
        rows = self._chance.choice([0, 1, 2, 8, 25])
        lines = [f"| row {n} | {self._chance.random()} |" for n in range(rows)]
        return "\n".join(["| Quote | Status |", "|---|---|", *lines]) if rows else ""
