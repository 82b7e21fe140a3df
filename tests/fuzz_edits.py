"""Law 4 under random edits: people type, cut, move, duplicate and rename while results are written.

    python tests/fuzz_edits.py --rounds 20000

A round is one edit. Notes are planned, edited, written, and edited between the writer's reading
and its replacing; after each write all that is not ours must stand there still, and each new
output below the block, with the code, that it was computed for.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner import store
from runner.cache import Results
from runner.note import Note
from runner.parse import parse
from runner.partway import SEAM
from runner.render import Shown
from runner.result import Result, Status, Text
from runner.vault import Vault
from runner.writing import Writer

# Written anew here, so that a fault of the parser is not shared: what is ours in a note.
_REGION = re.compile(r"<!-- runner:(\w+) [^\n]*-->.*?<!-- /runner -->", re.DOTALL)
_FENCE = re.compile(r"^([ >]*)```python \{run=\"(\w+)\"\}\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_SAID = re.compile(r"said (\w+) ([0-9a-f]{12})")
_WORDS = "attention is all you need residual patch norm softmax".split()


def typed(text: str) -> str:
    """What people wrote: the note without our regions, spaces and quote marks aside."""
    return re.sub(r"[\s>]", "", _REGION.sub("", text))


def said(id: str, code: str) -> str:
    """What a block prints: whose output it is, and of which code, comments and spaces aside."""
    plain = re.sub(r"[\s>]", "", re.sub(r"^[ \t>]*#.*$", "", code, flags=re.MULTILINE))
    return f"said {id} {hashlib.sha256(plain.encode()).hexdigest()[:12]}"


@dataclass
class Count:
    """What was done, and what went wrong; ``main`` prints it."""

    edits: int = 0
    writes: int = 0
    tame: int = 0  # of them: checked without our parser
    refused: int = 0
    outputs: int = 0
    lost: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


class Author:
    """Edits the notes of one folder at random, as editors and file managers do."""

    def __init__(self, folder: Path, chance: random.Random, count: Count) -> None:
        self._folder = folder
        self._chance = chance
        self._count = count
        self._number = 0
        for _ in range(3):
            self._new_note()

    def notes(self) -> list[Path]:
        return sorted(self._folder.glob("*.md"))

    def edit(self, path: Path | None = None) -> None:
        """One edit, of ``path`` or of any note."""
        notes = self.notes()
        path = path if path in notes else self._chance.choice(notes)
        edits: list[Callable[[Path, str], str]] = [
            *(self._type,) * 6,
            *(self._type_in_code,) * 4,
            self._cut,
            self._move_block,
            self._duplicate_block,
            self._rename_block,
            self._swap_blocks,
            self._break_marker,
            self._retype_newlines,
            self._rename,
            self._copy,
        ]
        text = path.read_bytes().decode()
        new = self._chance.choice(edits)(path, text)
        self._count.edits += 1
        if new != text and path.exists():
            self._save(path, new)

    def _save(self, path: Path, text: str) -> None:
        if self._chance.random() < 0.5:
            path.write_bytes(text.encode())
            return
        temporary = self._folder / ".save"
        temporary.write_bytes(text.encode())
        os.replace(temporary, path)

    def _id(self) -> str:
        self._number += 1
        return f"b{self._number}"

    def _block(self) -> str:
        prefix = self._chance.choice(["", "", "", "> ", "  "])
        lines = [f'```python {{run="{self._id()}"}}', f"print({self._number})", "```"]
        lead = {"> ": "> [!note]\n", "  ": "- point\n"}.get(prefix, "")
        return lead + "\n".join(prefix + line for line in lines) + "\n"

    def renew(self) -> None:
        """A fresh note in place of one of those there are."""
        self._chance.choice(self.notes()).unlink()
        self._new_note()

    def _new_note(self) -> None:
        end = self._chance.choice(["", "\n", "\n\n"])
        pieces = [f"# Note\n\n{self._block()}\nwords here\n" for _ in range(4)]
        (self._folder / f"n{self._id()}.md").write_bytes(("\n".join(pieces) + end).encode())

    def _outside(self, text: str) -> int:
        """A place in ``text`` that is not in a region."""
        taken = [match.span() for match in _REGION.finditer(text)]
        while True:
            place = self._chance.randint(0, len(text))
            if not any(start < place < end for start, end in taken):
                return place

    def _type(self, _: Path, text: str) -> str:
        place = self._outside(text)
        word = self._chance.choice([*_WORDS, "\n", "\n\n", " ", "é", "注", "🙂", "- ", "> "])
        return text[:place] + word + text[place:]

    def _type_in_code(self, _: Path, text: str) -> str:
        blocks = list(_FENCE.finditer(text))
        if not blocks:
            return text
        block = self._chance.choice(blocks)
        return text[: block.end(3)] + f"{block[1]}x = {self._id()}\n" + text[block.end(3) :]

    def _cut(self, _: Path, text: str) -> str:
        start = self._outside(text)
        end = min(len(text), start + self._chance.randint(1, 30))
        crosses = any(m.start() < end and start < m.end() for m in _REGION.finditer(text))
        return text if crosses else text[:start] + text[end:]

    def _block_span(self, text: str) -> tuple[int, int] | None:
        """A block, with its region or without."""
        blocks = list(_FENCE.finditer(text))
        if not blocks:
            return None
        block = self._chance.choice(blocks)
        region = _REGION.search(text, block.end())
        near = region and not text[block.end() : region.start()].strip(" >\n\r")
        if region and near and self._chance.random() < 0.5:
            return block.start(), region.end()
        return block.span()

    def _move_block(self, _: Path, text: str) -> str:
        if (span := self._block_span(text)) is None:
            return text
        moved, rest = text[slice(*span)], text[: span[0]] + text[span[1] :]
        place = rest.find("\n", self._outside(rest)) + 1
        return f"{rest[:place]}\n{moved}\n\n{rest[place:]}"

    def _duplicate_block(self, _: Path, text: str) -> str:
        if (span := self._block_span(text)) is None or len(text) > 8_000:
            return text
        return f"{text}\n\n{text[slice(*span)]}\n"

    def _rename_block(self, _: Path, text: str) -> str:
        blocks = list(_FENCE.finditer(text))
        if not blocks:
            return text
        block = self._chance.choice(blocks)
        return text[: block.start(2)] + self._id() + text[block.end(2) :]

    def _swap_blocks(self, _: Path, text: str) -> str:
        """Exchange the code of two blocks under their ids."""
        blocks = list(_FENCE.finditer(text))
        if len(blocks) < 2:
            return text
        one, two = sorted(self._chance.sample(blocks, 2), key=lambda match: match.start())
        if one[1] != two[1]:
            return text
        middle = text[one.end(3) : two.start(3)]
        return text[: one.start(3)] + two[3] + middle + one[3] + text[two.end(3) :]

    def _break_marker(self, _: Path, text: str) -> str:
        """Delete a whole region, or its closing marker."""
        regions = list(_REGION.finditer(text))
        if not regions:
            return text
        region = self._chance.choice(regions)
        if self._chance.random() < 0.8:
            return text[: region.start()] + text[region.end() :]
        return text[: region.end() - len("<!-- /runner -->")] + text[region.end() :]

    def _retype_newlines(self, _: Path, text: str) -> str:
        return text.replace("\r\n", "\n") if "\r\n" in text else text.replace("\n", "\r\n")

    def _rename(self, path: Path, text: str) -> str:
        path.rename(self._folder / f"n{self._id()}.md")
        return text

    def _copy(self, _: Path, text: str) -> str:
        """A second note of the same text; the longest goes, so that there are never many."""
        (self._folder / f"n{self._id()}.md").write_bytes(text.encode())
        notes = self.notes()
        if len(notes) > 4:
            max(notes, key=lambda note: note.stat().st_size).unlink()
        return text


def results_for(note: Note, chance: random.Random) -> dict[str, Shown]:
    """Made-up results, which say whose they are; some long, some missing, some failed."""
    shown = {}
    for block in note.blocks:
        if block.fault is None and chance.random() < 0.9:
            text = "\n".join([said(block.id, block.source)] * chance.choice([1, 1, 3, 30]))
            status = chance.choice([Status.OK, Status.OK, Status.FAILED])
            digest = hashlib.sha256(block.source.encode()).hexdigest()[:8]
            shown[block.id] = Shown(digest, Result(status, (Text(text),), device="cpu"))
    return shown


def is_tame(text: str) -> bool:
    """Whether fences and markers stand in pairs, so that our simple patterns read it rightly."""
    in_region = False
    opened = None  # what stands before the fence that is open
    plain = text.replace("\r\n", "\n")
    if "\r" in plain:  # a line end too, which the patterns do not know
        return False
    for line in plain.split("\n"):
        content = line.lstrip(" >").rstrip()
        if "```" in content:
            prefix = line.partition("```")[0]
            if content == "```" and prefix == opened:
                opened = None
            elif content == "```" or opened is not None:
                return False
            else:
                opened = prefix
        elif "<!--" in content or "-->" in content:
            opens = re.fullmatch(r"<!-- runner:\w+ [^<>]*-->", content)
            if opened is not None or not (content == "<!-- /runner -->" if in_region else opens):
                return False
            in_region = not in_region
    return opened is None and not in_region


def without_regions(note: Note) -> str:
    """The same as ``typed`` by the word of our parser, for notes that are not tame."""
    pieces, position = [], 0
    for region in note.regions:
        pieces.append(note.text[position : region.span.start])
        position = region.span.end
    return re.sub(r"[\s>]", "", "".join([*pieces, note.text[position:]]))


def check(before: str, after: str, path: Path, count: Count) -> None:
    """Compare a note with what it was before our write."""
    old, new = parse(path.name, before), parse(path.name, after)
    kept = without_regions(old) == without_regions(new)
    if is_tame(before):
        count.tame += 1
        kept = kept and is_tame(after) and typed(before) == typed(after)
    if not kept:
        count.lost.append(f"{path.name}\n--- before\n{before}\n--- after\n{after}")
    known = {region.span.of(before) for region in old.regions}
    for region in new.regions:
        text = region.span.of(after)
        # What stands below a seam stood under this block before, and makes way.
        found = {match.groups() for match in _SAID.finditer(text.partition(SEAM)[0])}
        if text in known or not found:
            continue
        count.outputs += 1
        opening, code = fence_above(after[: region.span.start])
        if not is_tame(before) and (block := new.block(region.id)):
            opening, code = block.span.of(after).split("\n")[0], block.source
        owners = {id for id, _ in found if re.search(rf"\b{id}\b", opening)}
        if found != {tuple(said(id, code).split()[1:]) for id in owners}:
            count.foreign.append(f"{path.name}: {found} under {opening}\n{code}\n{after}")


def fence_above(text: str) -> tuple[str, str]:
    """The opening line and the code of the last fence of ``text`` that is not ours."""
    plain = _REGION.sub("", text.replace("\r\n", "\n"))
    lines = [line.lstrip(" >").rstrip() for line in plain.split("\n")]
    while lines and lines[-1] != "```":
        lines.pop()
    code: list[str] = []
    while len(lines) > 1 and not (line := lines[-2]).startswith("```"):
        code.insert(0, line)
        lines.pop(-2)
    return (lines[-2] if len(lines) > 1 else ""), "\n".join(code)


def fuzz(rounds: int, seed: int) -> Count:
    """Make ``rounds`` edits, with a write after every few."""
    count = Count()
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="runner-fuzz-") as name:
        os.environ |= {"RUNNER_STATE": f"{name}/state", "RUNNER_CACHE": f"{name}/cache"}
        folder = Path(name) / "vault"
        folder.mkdir()
        author = Author(folder, chance, count)
        vault = Vault(folder)
        with Results(folder) as results:
            while count.edits < rounds:
                if chance.random() < 0.1:  # what was broken for good makes room
                    author.renew()
                _round(author, vault, results, chance, count)
                if count.lost or count.foreign:
                    break
    return count


def _round(
    author: Author, vault: Vault, results: Results, chance: random.Random, count: Count
) -> None:
    path = chance.choice(author.notes())
    planned = parse(path.name, path.read_bytes().decode())
    shown = results_for(planned, chance)
    longest = chance.choice([None, 200])
    writer = Writer(vault, results, lambda place: place.block, longest)
    for _ in range(chance.randint(0, 3)):
        author.edit(path if chance.random() < 0.7 else None)
    for _ in range(chance.choice([1, 1, 3])):
        seen: list[bytes] = []
        with edits_at_the_last_moment(author, path, chance, seen):
            written = writer.write(planned, shown, {})
        count.refused += bool(written.problems)
        if written.changed:
            count.writes += 1
            check(seen[-1].decode(), path.read_bytes().decode(), path, count)
        if not written.more:
            return


@contextmanager
def edits_at_the_last_moment(
    author: Author, path: Path, chance: random.Random, seen: list[bytes]
) -> Iterator[None]:
    """Edits between the writer's reading and its comparing; ``seen``: what stood there then."""
    real = store.swap

    def swap(target: Path, old: bytes, *rest: Any) -> bool:
        if chance.random() < 0.3:
            author.edit(path)
        seen.append(target.read_bytes() if target.exists() else old)
        return real(target, old, *rest)

    store.swap = swap
    try:
        yield
    finally:
        store.swap = real


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20_000, help="edits")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    count = fuzz(chosen.rounds, chosen.seed)
    for fault in (count.lost + count.foreign)[:3]:
        print(fault)
    print(
        f"{count.edits} edits, {count.writes} writes ({count.tame} to tame notes), {count.refused} refused, {count.outputs} "
        f"new outputs: {len(count.lost)} writes lost characters, {len(count.foreign)} outputs "
        "under a foreign block"
    )
    raise SystemExit(bool(count.lost or count.foreign))


if __name__ == "__main__":
    main()
