"""Random bytes and mutated notes never break the parser, and without results nothing is written.

    python tests/fuzz_parser.py --rounds 50000

Each round makes the bytes of a note: random ones (half of them no UTF-8), pieces of Markdown, a
real note cut, spliced and overwritten, or examples of the CommonMark specification one behind the
other (where `npm ci --prefix tests/oracle` was run). The note must be read without an exception,
keep the laws of DESIGN 5, have the fences that plain markdown-it finds, and be left as it is, byte
for byte, by the writer that has no results for it. `--notes FOLDER` adds the notes of a folder.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import commonmark
from markdown_it import MarkdownIt
from note_laws import NEWLINES, PIECES, PREFIXES, check_all

from runner import fences
from runner.cache import Results
from runner.parse import might_have_blocks, parse
from runner.vault import Vault
from runner.writing import Writer

PROJECT = Path(__file__).parent.parent
NOTES = (PROJECT / "vault", PROJECT.parent / "shared" / "seeds")
NAME = "Some note 注.md"
LONGEST = 120  # lines of a real note in one round; one round in fifty takes it whole


@dataclass
class Count:
    """What was tried, and what went wrong."""

    rounds: Counter[str] = field(default_factory=Counter)  # by kind of note
    undecodable: int = 0
    blocks: int = 0
    regions: int = 0
    bytes: int = 0
    faults: list[str] = field(default_factory=list)


class Maker:
    """Makes the bytes of notes, by chance."""

    def __init__(self, seed: int, notes: Sequence[str], examples: Sequence[str]) -> None:
        self._chance = random.Random(seed)
        self._notes = notes
        self._examples = examples
        self.kinds: dict[str, Callable[[], bytes]] = {
            "random bytes": self._noise,
            "pieces of Markdown": lambda: self._pieces().encode(),
            "mutated notes": lambda: self._mutated(self._passage()),
        }
        if examples:
            self.kinds["examples of CommonMark"] = lambda: self._mutated(self._some_examples())

    def _noise(self) -> bytes:
        length = self._chance.randrange(400)
        if self._chance.random() < 0.5:
            return self._chance.randbytes(length)
        alphabet = b"`~>[]()!|#%:-\n\r\t {}x\"='<\\&*_\x00\xc3\xa9\xef\xbb\xbf\xff\x80\xed\xa0\xc2"
        return bytes(self._chance.choices(alphabet, k=length))

    def _pieces(self) -> str:
        pick = self._chance.choice
        rows = range(self._chance.randrange(40))
        text = "".join(pick(PREFIXES) + pick(PIECES) + pick(NEWLINES) for _ in rows)
        return pick(["", "", "\ufeff", "---\n"]) + text

    def _passage(self) -> str:
        text = self._chance.choice(self._notes)
        lines = text.splitlines(keepends=True)
        if self._chance.random() < 0.02:
            return text
        start = self._chance.choice([0, self._chance.randrange(len(lines) + 1)])
        return "".join(lines[start : start + self._chance.randrange(LONGEST)])

    def _some_examples(self) -> str:
        return "".join(
            self._chance.choice(self._examples) + self._chance.choice(["", "\n", "%%\n", "> "])
            for _ in range(self._chance.randrange(1, 5))
        )

    def _mutated(self, text: str) -> bytes:
        data = text.encode()
        for _ in range(self._chance.choice([0, 1, 1, 2, 4, 8])):
            data = self._chance.choice(self._mutations)(self, data)
        return data

    def _cut(self, data: bytes) -> bytes:
        start, end = self._span(data)
        return data[:start] + data[end:]

    def _double(self, data: bytes) -> bytes:
        start, end = self._span(data)
        return data[:end] + data[start:end] + data[end:]

    def _move(self, data: bytes) -> bytes:
        start, end = self._span(data)
        rest = data[:start] + data[end:]
        place = self._chance.randrange(len(rest) + 1)
        return rest[:place] + data[start:end] + rest[place:]

    def _put_piece(self, data: bytes) -> bytes:
        place = self._chance.choice([self._chance.randrange(len(data) + 1), self._line(data)])
        piece = self._chance.choice(PREFIXES) + self._chance.choice(PIECES)
        return data[:place] + (piece + self._chance.choice(["", *NEWLINES])).encode() + data[place:]

    def _overwrite(self, data: bytes) -> bytes:
        start, end = self._span(data)
        return data[:start] + self._chance.randbytes(min(end - start, 4)) + data[end:]

    def _change_newlines(self, data: bytes) -> bytes:
        return data.replace(b"\n", self._chance.choice([b"\r\n", b"\r", b"\n\n", b"\n> ", b"\n  "]))

    def _end(self, data: bytes) -> bytes:
        return data[: self._chance.randrange(len(data) + 1)]

    def _prefix(self, data: bytes) -> bytes:
        prefix = self._chance.choice(
            [b"> ", b"  ", b"\t", b"> > ", b"- ", b"\xef\xbb\xbf", b"%%\n"]
        )
        start, end = self._line(data), self._line(data)
        low, high = min(start, end), max(start, end)
        return data[:low] + prefix + data[low:high].replace(b"\n", b"\n" + prefix) + data[high:]

    _mutations = (
        _cut, _double, _move, _put_piece, _put_piece, _overwrite, _change_newlines, _end, _prefix,
    )  # fmt: skip

    def _span(self, data: bytes) -> tuple[int, int]:
        start = self._chance.randrange(len(data) + 1)
        return start, min(len(data), start + int(self._chance.expovariate(1 / 40)))

    def _line(self, data: bytes) -> int:
        return data.find(b"\n", self._chance.randrange(len(data) + 1)) + 1


class Taker:
    """Reads and writes notes as a run does that found nothing."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / NAME
        self._vault = Vault(folder)
        self._results = Results(folder)
        self._writer = Writer(self._vault, self._results, lambda _: "")
        self._plain = MarkdownIt("commonmark", {"maxNesting": fences.MAX_NESTING})

    def take(self, data: bytes, count: Count) -> None:
        """Raises whatever goes wrong."""
        count.bytes += len(data)
        self._file.write_bytes(data)
        read = self._vault.note(NAME)
        try:
            text = data.decode()
        except UnicodeDecodeError:
            count.undecodable += 1
            assert read is None or not read.writable
            return
        note = parse(NAME, text)
        check_all(note)
        if note.blocks or note.regions or note.problems:
            assert might_have_blocks(data)
        if not text.startswith("\ufeff"):
            self._compare(text)
        count.blocks += len(note.blocks)
        count.regions += len(note.regions)
        assert not self._writer.write(note, {}, {}).changed
        assert self._file.read_bytes() == data

    def _compare(self, text: str) -> None:
        # A blank last line of a fence that is never closed may count as content or not.
        found = fences.outline(fences.Lines(text), 0).fences
        expected = [token for token in self._plain.parse(text) if token.type == "fence"]
        assert [(f.first, f.info, f.content.rstrip()) for f in found] == [
            (token.map[0], token.info.strip(), token.content.rstrip())
            for token in expected
            if token.map
        ]

    def close(self) -> None:
        self._results.close()


def real_notes(folders: Sequence[Path]) -> list[str]:
    files = (file for folder in folders for file in sorted(folder.rglob("*.md")))
    return [file.read_bytes().decode("utf-8", "replace") for file in files]


def fuzz(rounds: int, seed: int, folders: Sequence[Path] = NOTES) -> Count:
    """Try ``rounds`` notes."""
    count = Count()
    examples = [] if commonmark.missing() else commonmark.examples()
    maker = Maker(seed, real_notes(folders), examples)
    with tempfile.TemporaryDirectory(prefix="runner-fuzz-") as name:
        os.environ |= {"RUNNER_STATE": f"{name}/state", "RUNNER_CACHE": f"{name}/cache"}
        folder = Path(name) / "vault"
        folder.mkdir()
        taker = Taker(folder)
        for number in range(rounds):
            kind = list(maker.kinds)[number % len(maker.kinds)]
            data = maker.kinds[kind]()
            count.rounds[kind] += 1
            try:
                taker.take(data, count)
            except Exception:
                count.faults.append(f"{kind}, round {number}: {data!r}\n{traceback.format_exc()}")
        taker.close()
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--notes", type=Path, action="append", default=[], metavar="FOLDER")
    chosen = parser.parse_args()
    if reason := commonmark.missing():
        print(f"without CommonMark's examples: {reason}", file=sys.stderr)
    count = fuzz(chosen.rounds, chosen.seed, [*NOTES, *chosen.notes])
    for fault in count.faults[:3]:
        print(fault)
    kinds = ", ".join(f"{number} {kind}" for kind, number in count.rounds.items())
    print(
        f"{count.rounds.total()} notes ({kinds}), {count.bytes:,} bytes, {count.undecodable} no "
        f"UTF-8, {count.blocks} blocks, {count.regions} regions: {len(count.faults)} faults"
    )
    raise SystemExit(bool(count.faults))


if __name__ == "__main__":
    main()
