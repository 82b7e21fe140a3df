"""Law 4 beside an open editor: typing into notes that `watch` writes long and short results to.

    python tests/fuzz_editor.py --rounds 5000
    python tests/fuzz_editor.py --first 345 --rounds 1    # one round, by its number

A round is one to three notes, with bursts of typing at random places of them. Meanwhile results
come, grow, shrink and go, figures too; `runner_*` properties and the matrix change; blocks are
deleted, renamed and cut with what stands below them. Every typed character is one of its own, and
must stand in its note once at the end, outside of what is ours.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from editor_model import Clock, Editor, Watcher

from runner.cache import Results
from runner.parse import parse
from runner.vault import Vault

TICK = 0.05  # seconds between two looks of the simulation
_REGION = re.compile(r"<!-- runner(?::\w+ [^\n]*|-matrix )-->.*?<!-- /runner -->", re.DOTALL)
_FENCE = re.compile(r"^([ >]*)```python \{\w+=\"(\w+)\"\}\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_STRUCTURE = re.compile(r"^.*(?:```|<!--|\[!).*$|^---$|^runner_.*$", re.MULTILINE)
_FIRST_TYPED = 0x4E00  # the first of 20,000 ideographs: each is typed once at most
_CONTEXT = 12  # characters before a burst, by which it is found again
_WORDS = "the model attends to every patch of the image and adds what it found".split()


@dataclass
class Count:
    """What was done, and what went wrong; ``main`` prints it."""

    rounds: int = 0
    typed: int = 0
    taken_out: int = 0  # blocks, regions, names and paragraphs
    merges: int = 0
    writes: int = 0
    longest_step: int = 0
    bursts: int = 0
    moved: int = 0  # bursts that stand behind other words than they were typed behind
    lost: list[str] = field(default_factory=list)
    merged_removals: int = 0  # writes into a note with a long removal that was not saved yet


# --- a note ----------------------------------------------------------------------------------


def note_text(chance: random.Random) -> str:
    """Properties, prose, a matrix and a few blocks, some in callouts or lists."""
    pieces = [*_properties(chance), "# A note", ""]
    matrix_at = chance.choice([None, chance.randint(0, 3)])
    for number in range(chance.randint(1, 4)):
        pieces += _prose(chance, chance.randint(1, 6), 40)
        prefix = chance.choice(["", "", "> ", "- "])
        pieces += [*_indented(_block(number, chance), prefix), ""]
        if number == matrix_at:
            pieces += ["<!-- runner-matrix -->", *[""] * chance.randint(0, 1), "<!-- /runner -->"]
            pieces += [""]
    pieces += _prose(chance, chance.randint(0, 30), 20)
    return "\n".join(pieces)


def _properties(chance: random.Random) -> list[str]:
    if chance.random() < 0.4:
        return []
    lines = ["title: A note", "tags: [one, two]"]
    kept = chance.sample(
        ["status: stale", "tests: 3/4  # of mine", "quotes:"], chance.randint(1, 3)
    )
    for name in kept:
        lines.insert(chance.randint(0, len(lines)), f"runner_{name}")
    return ["---", *lines, "---", *[""] * chance.randint(0, 1)]


def _prose(chance: random.Random, count: int, longest: int) -> Iterator[str]:
    for _ in range(count):
        yield " ".join(chance.choices(_WORDS, k=chance.randint(3, longest)))
        yield ""


def _indented(lines: list[str], prefix: str) -> list[str]:
    below = "  " if prefix == "- " else prefix
    return [f"{below if n else prefix}{line}".rstrip() for n, line in enumerate(lines)]


def _block(number: int, chance: random.Random) -> list[str]:
    role = chance.choice("run run run test component setup".split())
    code = [f"value_{n} = {chance.randint(0, 999)}" for n in range(chance.randint(1, 8))]
    return [f'```python {{{role}="b{number}"}}', *code, f"print({number})", "```"]


# --- an author -------------------------------------------------------------------------------


class Author:
    """Types into the notes, and takes out of them; knows what must stand in them at the end."""

    def __init__(self, editors: list[Editor], chance: random.Random, count: Count) -> None:
        self.typed: dict[str, Editor] = {}  # by character, without what was taken out again
        self.behind: dict[str, str] = {}  # by a burst's first character: what it was typed behind
        self._editors = editors
        self._chance = chance
        self._count = count
        self._number = 0

    def burst(self) -> Iterator[None]:
        """Type a word or two into a note, with a pause after each character."""
        editor = self._chance.choice(self._editors)
        place = self._place(editor.buffer)
        self._count.bursts += 1
        self.behind[chr(_FIRST_TYPED + self._number)] = _own(editor.buffer[:place])
        for _ in range(self._chance.randint(1, 15)):
            char = chr(_FIRST_TYPED + self._number)
            self._number += 1
            self._count.typed += 1
            self.typed[char] = editor
            editor.edit(place, place, char)
            yield
            # The cursor stays behind what was typed last, wherever a merge has put that.
            place = editor.buffer.find(char) + 1
            if place == 0:
                return

    def _place(self, text: str) -> int:
        """Anywhere but in what is ours and in lines that open or close something; often near."""
        taken = [match.span() for match in _REGION.finditer(text)]
        taken += [match.span() for match in _STRUCTURE.finditer(text)]
        ends = [end for _, end in taken]
        while True:
            near = ends and self._chance.random() < 0.5
            start = self._chance.choice(ends) if near else 0
            place = start + self._chance.randint(0, 60 if near else len(text))
            if place <= len(text) and not any(start <= place <= end for start, end in taken):
                return place

    def take_out(self) -> None:
        """A block, with its results or without; only these; its name; or a paragraph."""
        editor = self._chance.choice(self._editors)
        text = editor.buffer
        kind = self._chance.choice(["block", "both", "region", "name", "paragraph"])
        if kind == "paragraph":
            start = self._place(text)
            end = text.find("\n", start)
            self._replace(editor, start, end if end >= 0 else len(text), "")
        elif found := list((_REGION if kind == "region" else _FENCE).finditer(text)):
            chosen = self._chance.choice(found)
            start, end = chosen.span(2 if kind == "name" else 0)
            region = _REGION.search(text, end)
            if kind == "both" and region and not text[end : region.start()].strip(" >\n"):
                end = region.end()
            new = f"c{self._chance.randint(0, 99)}" if kind == "name" else ""
            self._replace(editor, start, end, new)

    def _replace(self, editor: Editor, start: int, end: int, new: str) -> None:
        self._count.taken_out += 1
        for char in {*editor.buffer[start:end]} & self.typed.keys():
            del self.typed[char]
        self.behind.clear()  # what was there may be gone
        editor.edit(start, end, new)


def _own(text: str) -> str:
    """The last characters of ``text`` that were there before anybody typed."""
    bare = _STRUCTURE.sub("", _REGION.sub("", text))
    return re.sub(r"[^a-z0-9=().]", "", bare)[-_CONTEXT:]


# --- a round ---------------------------------------------------------------------------------


def play(vault: Vault, results: Results, chance: random.Random, count: Count, number: int) -> None:
    """A few notes, from opening to rest."""
    clock = Clock()
    for old in vault.root.glob("*.md"):
        old.unlink()
    files = [vault.root / f"Note {n}.md" for n in range(chance.choice([1, 1, 1, 2, 3]))]
    for file in files:
        file.write_bytes(note_text(chance).encode())
    editors = [Editor(file, clock) for file in files]
    lengths = chance.choice([[0], [1], [5], [40], [0, 1, 5, 40]])
    watcher = Watcher(vault, results, clock, chance, lengths)
    for file in files:
        watcher.saved(file.name)
    author = Author(editors, chance, count)
    for _ in range(chance.randint(1, 4)):
        if chance.random() < 0.2:
            author.take_out()
        pause = chance.choice([0.05, 0.15, 0.4, 1.1, 2.4])
        for _ in author.burst():
            rest(clock.now + pause, clock, editors, watcher, count)
        rest(clock.now + chance.uniform(0, 6), clock, editors, watcher, count)
    while any(editor.is_dirty for editor in editors) or not watcher.is_done:
        rest(clock.now + 1.0, clock, editors, watcher, count)
    count.rounds += 1
    count.writes += watcher.writes
    count.longest_step = max(count.longest_step, watcher.longest_step)
    count.merged_removals += sum(editor.merged_removals for editor in editors)
    judge(author, count, number)


def judge(author: Author, count: Count, number: int) -> None:
    """Whether each character stands once in its note, in no region, and behind which words."""
    for editor in {id(editor): editor for editor in author.typed.values()}.values():
        text = editor.file.read_bytes().decode()
        note = parse(editor.file.name, text)
        ours = "".join(span.of(text) for span in (*(r.span for r in note.regions), *note.matrices))
        chars = [char for char, where in author.typed.items() if where is editor]
        lost = [char for char in chars if text.count(char) != 1 or char in ours]
        if lost:
            told = f"round {number}: {len(lost)} of {len(chars)} characters in\n{text}"
            count.lost.append(told)
        for char in {*chars} & author.behind.keys() - {*lost}:
            count.moved += _own(text[: text.index(char)]) != author.behind[char]


def rest(until: float, clock: Clock, editors: list[Editor], watcher: Watcher, count: Count) -> None:
    """Let time pass: the editor saves, the watch writes, each sees the other."""
    while clock.now < until:
        clock.now += TICK
        for editor in editors:
            if editor.save_if_due():
                watcher.saved(editor.file.name)
            before = watcher.writes
            watcher.write_if_due(editor.file.name)
            count.merges += editor.is_dirty and watcher.writes > before
            editor.look()


def fuzz(rounds: Iterable[int], seed: int) -> Count:
    """Play the rounds of these numbers. Each has chances of its own: any can be played alone."""
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
    parser.add_argument("--rounds", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="the number of the first round")
    chosen = parser.parse_args()
    count = fuzz(range(chosen.first, chosen.first + chosen.rounds), chosen.seed)
    for fault in count.lost[:3]:
        print(fault)
    print(
        f"{count.rounds} rounds, {count.typed} characters typed, {count.taken_out} blocks, regions "
        f"and paragraphs taken out, {count.writes} writes, of them {count.merges} into unsaved "
        f"typing and {count.merged_removals} beside a long removal, {count.longest_step} "
        f"characters at most: {len(count.lost)} rounds lost characters; {count.moved} of "
        f"{count.bursts} bursts stand behind other words"
    )
    raise SystemExit(bool(count.lost))


if __name__ == "__main__":
    main()
