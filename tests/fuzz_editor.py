"""Law 4 beside an open editor: typing into a note that `watch` writes long and short results to.

    python tests/fuzz_editor.py --rounds 5000
    python tests/fuzz_editor.py --first 345 --rounds 1    # one round, by its number

The editor is modelled on Obsidian (autosave two seconds after typing; what the disk brings is shown
at once while nothing is unsaved, else the unsaved typing is merged onto it as patches, by
diff-match-patch with its defaults). Time is simulated; the writer and its pace are the real ones.
A round is one note with a burst or two of typing at random places. Every typed character is one
of its own, and must stand in the note once at the end, outside our regions.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from diff_match_patch import diff_match_patch

from runner.cache import Results
from runner.note import Note
from runner.pace import OBSIDIAN, Pace
from runner.parse import parse
from runner.render import Shown
from runner.result import Result, Status, Text
from runner.vault import Vault
from runner.writing import Writer

AUTOSAVE = 2.0  # seconds
TICK = 0.05  # seconds between two looks of the simulation
_REGION = re.compile(r"<!-- runner:\w+ [^\n]*-->.*?<!-- /runner -->", re.DOTALL)
_FIRST_TYPED = 0x4E00  # the first of 20,000 ideographs: each is typed once at most


class Clock:
    """Simulated seconds."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Editor:
    """A note open in an editor: a buffer, and what its last save or load held."""

    def __init__(self, file: Path, clock: Clock) -> None:
        self.file = file
        self._clock = clock
        self.buffer = self._base = file.read_bytes().decode()
        self._save_at: float | None = None

    @property
    def is_dirty(self) -> bool:
        return self._save_at is not None

    def type(self, place: int, char: str) -> None:
        self.buffer = self.buffer[:place] + char + self.buffer[place:]
        if self._save_at is None:
            self._save_at = self._clock.now + AUTOSAVE

    def save_if_due(self) -> bool:
        """Save what was typed when it is time; True if that was now."""
        if self._save_at is None or self._clock.now < self._save_at:
            return False
        self._load()
        self.file.write_bytes(self.buffer.encode())
        self._base, self._save_at = self.buffer, None
        return True

    def look(self) -> None:
        """Take in what somebody else wrote."""
        self._load()

    def _load(self) -> None:
        disk = self.file.read_bytes().decode()
        if disk == self._base:
            return
        if self.is_dirty:
            merging = diff_match_patch()
            typed = merging.patch_make(self._base, self.buffer)
            self.buffer = merging.patch_apply(typed, disk)[0]
        else:
            self.buffer = disk
        self._base = disk


class Watcher:
    """The part of a watch that writes: results are there at once, writing waits for rest."""

    def __init__(self, vault: Vault, results: Results, clock: Clock, length: int) -> None:
        self.pace = Pace(OBSIDIAN, clock)
        self.longest_step = 0
        self.writes = 0
        self._vault = vault
        self._results = results
        self._length = length
        self._waiting: tuple[Note, dict[str, Shown], Writer] | None = None

    def saved(self, path: str) -> None:
        """The editor saved: run at once."""
        self.pace.edited(path)
        text = (self._vault.root / path).read_bytes().decode()
        note = parse(path, text)
        shown = {block.id: self._result(block.source) for block in note.blocks if not block.fault}
        writer = Writer(self._vault, self._results, lambda place: place.block, OBSIDIAN.longest)
        self._waiting = note, shown, writer

    def _result(self, source: str) -> Shown:
        digest = hashlib.sha256(source.encode()).hexdigest()
        lines = [f"{digest[n % 32 :]} line {n}" for n in range(self._length)]
        return Shown(digest[:8], Result(Status.OK, (Text("\n".join(lines)),), device="cpu"))

    def write_if_due(self, path: str) -> None:
        if self._waiting is None or not self.pace.is_due(path):
            return
        note, shown, writer = self._waiting
        before = len((self._vault.root / path).read_bytes().decode())
        written = writer.write(note, shown, {})
        after = len((self._vault.root / path).read_bytes().decode())
        self.longest_step = max(self.longest_step, abs(after - before))
        self.writes += written.changed
        if written.more:
            self.pace.stepped(path)
        else:
            self._waiting = None

    @property
    def is_done(self) -> bool:
        return self._waiting is None


@dataclass
class Count:
    """What was done, and what went wrong; ``main`` prints it."""

    rounds: int = 0
    typed: int = 0
    merges: int = 0
    writes: int = 0
    longest_step: int = 0
    lost: list[str] = field(default_factory=list)


def note_text(chance: random.Random) -> str:
    """Prose and a few blocks, some in callouts."""
    words = "the model attends to every patch of the image and adds what it found".split()
    pieces = ["# A note", ""]
    for number in range(chance.randint(1, 4)):
        for _ in range(chance.randint(1, 6)):
            pieces += [" ".join(chance.choices(words, k=chance.randint(3, 40))), ""]
        prefix = chance.choice(["", "", "> "])
        pieces += [f"{prefix}{line}".rstrip() for line in _block(number, chance)] + [""]
    for _ in range(chance.randint(0, 30)):
        pieces += [" ".join(chance.choices(words, k=chance.randint(3, 20))), ""]
    return "\n".join(pieces)


def _block(number: int, chance: random.Random) -> list[str]:
    code = [f"value_{n} = {chance.randint(0, 999)}" for n in range(chance.randint(1, 8))]
    return [f'```python {{run="b{number}"}}', *code, f"print({number})", "```"]


def place_to_type(text: str, chance: random.Random) -> int:
    """Anywhere but in our regions and in the lines that open or close something; often near one."""
    taken = [match.span() for match in _REGION.finditer(text)]
    taken += [match.span() for match in re.finditer(r"^.*(```|<!--|\[!).*$", text, re.MULTILINE)]
    ends = [end for _, end in taken]
    while True:
        near = ends and chance.random() < 0.5
        place = (
            chance.choice(ends) + chance.randint(1, 60) if near else chance.randint(0, len(text))
        )
        if place <= len(text) and not any(start <= place <= end for start, end in taken):
            return place


def play(vault: Vault, results: Results, chance: random.Random, count: Count, number: int) -> None:
    """One note, from opening to rest."""
    clock = Clock()
    file = vault.root / "Note.md"
    file.write_bytes(note_text(chance).encode())
    editor = Editor(file, clock)
    watcher = Watcher(vault, results, clock, chance.choice([0, 1, 1, 5, 40]))
    watcher.saved(file.name)
    typed: list[str] = []
    for _ in range(chance.randint(1, 3)):
        place = place_to_type(editor.buffer, chance)
        pause = chance.choice([0.05, 0.15, 0.4, 1.1, 2.4])
        for _ in range(chance.randint(1, 15)):
            char = chr(_FIRST_TYPED + len(typed))
            editor.type(place, char)
            typed.append(char)
            rest(clock.now + pause, clock, editor, watcher, count)
            # The cursor stays behind what was typed last, wherever a merge has put that.
            place = editor.buffer.find(char) + 1
            if place == 0:
                break
        rest(clock.now + chance.uniform(0, 6), clock, editor, watcher, count)
    while editor.is_dirty or not watcher.is_done:
        rest(clock.now + 1.0, clock, editor, watcher, count)
    count.rounds += 1
    count.typed += len(typed)
    count.writes += watcher.writes
    count.longest_step = max(count.longest_step, watcher.longest_step)
    text = _REGION.sub("", file.read_bytes().decode())
    if lost := [char for char in typed if text.count(char) != 1]:
        count.lost.append(f"round {number}: {len(lost)} of {len(typed)} characters in\n{text}")


def rest(until: float, clock: Clock, editor: Editor, watcher: Watcher, count: Count) -> None:
    """Let time pass: the editor saves, the watch writes, each sees the other."""
    while clock.now < until:
        clock.now += TICK
        if editor.save_if_due():
            watcher.saved(editor.file.name)
        before = watcher.writes
        watcher.write_if_due(editor.file.name)
        count.merges += editor.is_dirty and watcher.writes > before
        editor.look()


def fuzz(rounds: Iterable[int], seed: int) -> Count:
    """Play the notes of these numbers. Each has chances of its own: any can be played alone."""
    count = Count()
    with tempfile.TemporaryDirectory(prefix="runner-fuzz-") as name:
        os.environ |= {"RUNNER_STATE": f"{name}/state", "RUNNER_CACHE": f"{name}/cache"}
        folder = Path(name) / "vault"
        (folder / ".obsidian").mkdir(parents=True)
        vault = Vault(folder)
        with Results(folder) as results:
            for number in rounds:
                play(vault, results, random.Random(f"{seed}/{number}"), count, number)
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5_000, help="notes that are typed into")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="the number of the first note")
    chosen = parser.parse_args()
    count = fuzz(range(chosen.first, chosen.first + chosen.rounds), chosen.seed)
    for fault in count.lost[:2]:
        print(fault)
    print(
        f"{count.rounds} rounds, {count.typed} characters typed, {count.writes} writes, of them "
        f"{count.merges} into unsaved typing, {count.longest_step} characters at most: "
        f"{len(count.lost)} rounds lost characters"
    )
    raise SystemExit(bool(count.lost))


if __name__ == "__main__":
    main()
