"""A run that is killed at any moment leaves every note whole: its old bytes or its new ones.

    python tests/fuzz_kills.py --rounds 500

Each round edits the notes, kills a run of the vault (SIGKILL) somewhere between its start and its
end, and looks at the notes; then a run that is left alone must bring them up to date, and leave no
temporary file and a store that opens. POSIX only: runs are forked, so that many fit in a minute.

    python tests/fuzz_kills.py --in-place --rounds 500

kills instead what writes over and over a note that can only be rewritten in place, one half of the
rounds a note with two hard links, the other half one that the system refuses to replace. What
reads the note next must find it whole, not older than the last write that ended; and an edit that
comes between the kill and the next reader must stay.

    python tests/fuzz_kills.py --readers 3 --rounds 2000

counts what readers see of a note that is rewritten all the time.
"""

from __future__ import annotations

import argparse
import errno
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from runner.journal import Journal
from runner.session import Session
from runner.store import update
from runner.userdirs import redo_folder
from runner.vault import Vault
from runner.wish import Wish

NOTES = ("One.md", "deep/Two.md", "注 🙂.md")


@dataclass
class Count:
    """What was done, and what went wrong; ``main`` prints it."""

    kills: int = 0
    too_late: int = 0  # the run had ended
    changed: int = 0  # notes that a killed run had written
    leftovers: int = 0  # temporary files that a kill left, which the next run removed
    faults: list[str] = field(default_factory=list)


def note_text(number: int, width: int) -> str:
    return (
        f"Words {number}\n\n"
        f'```python {{run="a"}}\nprint("{number} " * {width})\n```\n\n'
        "More words.\n\n"
        f'```python {{run="b"}}\nprint({number} + 1)\n```\n'
    )


def run_vault(folder: Path) -> None:
    """What a command does, in a process of its own that somebody may kill."""
    os.setpgid(0, 0)  # so that its workers die with it
    code = 1
    try:
        session = Session(Vault(folder, trusted=True))
        try:
            session.run(session.scope([""]), Wish(workers=1), lambda _: None)
        finally:
            session.close()
        code = 0
    finally:
        os._exit(code)


def forked_run(folder: Path) -> int:
    """The process id of a run that begins."""
    process = os.fork()
    if process == 0:
        run_vault(folder)
    return process


def read(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in NOTES}


def temporary_files(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob(".*.tmp")]


def play(folder: Path, number: int, longest: float, chance: random.Random, count: Count) -> float:
    """One round; returns for how long a whole run takes, in seconds.

    In every other one a note has two hard links: a kill may leave it half written, and whoever
    looks at the vault next finishes it.
    """
    link = folder.parent / "link"
    link.unlink(missing_ok=True)
    for name in NOTES:
        path = folder / name
        old = path.read_bytes().decode() if path.exists() else note_text(-1, 1)
        text = note_text(number, chance.choice([1, 2_000]))
        # The region of the last round stays below the code of this one, as after an edit.
        region = old[old.index("<!--") : old.index("<!-- /runner -->")] if "<!--" in old else ""
        first, rest = text.split("\n\nMore", 1)
        path.parent.mkdir(exist_ok=True)
        kept = f"\n\n{region}<!-- /runner -->" if region else ""
        path.write_bytes(f"{first}{kept}\n\nMore{rest}".encode())
    if number % 2:
        link.hardlink_to(folder / NOTES[0])
    before = read(folder)
    process = forked_run(folder)
    time.sleep(chance.uniform(0, longest))
    os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    count.kills += 1
    count.too_late += not os.WIFSIGNALED(status)
    Vault(folder)
    killed, left = read(folder), temporary_files(folder.parent)
    count.leftovers += len(left)

    began = time.monotonic()
    _, status = os.waitpid(forked_run(folder), 0)
    took = time.monotonic() - began
    if status:
        count.faults.append(f"round {number}: the next run ended with {status}")
    after = read(folder)
    for name in NOTES:
        count.changed += killed[name] != before[name]
        if killed[name] not in (before[name], after[name]):
            count.faults.append(f"round {number}: {name} held\n{killed[name].decode()}")
    if number % 2 and link.read_bytes() != after[NOTES[0]]:
        count.faults.append(f"round {number}: the links are parted")
    if left := temporary_files(folder.parent):
        count.faults.append(f"round {number}: {left} is left")
    with sqlite3.connect(folder.parent / "cache" / "results.sqlite3") as store:
        if store.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            count.faults.append(f"round {number}: the store is damaged")
    return took


def fuzz(rounds: int, seed: int) -> Count:
    """Kill ``rounds`` runs."""
    count = Count()
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="runner-fuzz-") as name:
        os.environ |= {"RUNNER_STATE": f"{name}/state", "RUNNER_CACHE": f"{name}/cache"}
        folder = Path(name) / "vault"
        folder.mkdir()
        longest = 0.5
        for number in range(rounds):
            # A little longer than the last whole run, so that some kills come too late.
            longest = 0.5 * longest + 0.6 * play(folder, number, longest, chance, count)
    return count


# --- notes that cannot be replaced -----------------------------------------------------------


@dataclass
class InPlace:
    """Kills of a process that rewrites one note in place."""

    kills: int = 0
    writes: int = 0  # that had ended
    torn: int = 0  # notes that a kill left half written
    edits: int = 0  # of half-written notes, before anything looked at them
    faults: list[str] = field(default_factory=list)


def version(number: int) -> bytes:
    """The bytes of the n-th write: unlike its neighbours in length and in every line."""
    chance = random.Random(number)
    lines = (f"{number} {chance.random()} 注\n".encode() for _ in range(chance.randrange(1_000)))
    return b"%d\n" % number + b"".join(lines)


def rewrite_for_ever(note: Path, first: int, ended: Synchronized[int], refused: bool) -> None:
    """Write one version after the other; ``ended`` is the last that was written to its end."""
    write, replace = os.write, Path.replace

    def refuse(temporary: Path, target: Path) -> Path:
        if target == note:
            raise PermissionError(errno.EPERM, "refused")
        return replace(temporary, target)

    if refused:
        Path.replace = refuse  # type: ignore[assignment,method-assign]

    def write_slowly(descriptor: int, data: bytes) -> int:
        if os.fstat(descriptor).st_ino != inode:
            return write(descriptor, data)
        return write(descriptor, data[:20])

    # The note in small pieces, as the system may, and no waiting for the disk, which outlives a
    # kill: many shall hit a note half written.
    inode = note.stat().st_ino
    os.write = write_slowly
    os.fsync = lambda _: None
    for number in range(first, first + 10_000):
        update(note, lambda _, number=number: version(number), note.parent)  # type: ignore[misc]
        ended.value = number


def wait_for_record() -> None:
    """Until a write in place has begun, or 5 seconds."""
    for _ in range(50_000):
        if any(redo_folder().glob("*.redo")):
            return
        time.sleep(0.0001)


def kill_one(note: Path, number: int, refused: bool, chance: random.Random, count: InPlace) -> None:
    context = get_context("fork")
    first = int(note.read_bytes().partition(b"\n")[0]) + 1
    ended = context.Value("q", first - 1, lock=False)
    writer = context.Process(target=rewrite_for_ever, args=(note, first, ended, refused))
    writer.start()
    time.sleep(0.02 + chance.expovariate(1 / 0.03))
    if chance.random() < 0.7:
        wait_for_record()
        time.sleep(chance.expovariate(1 / 0.001))
    writer.kill()
    writer.join()
    count.kills += 1
    count.writes += ended.value - first + 1
    whole = {version(ended.value), version(ended.value + 1)}
    killed = note.read_bytes()
    count.torn += killed not in whole
    edited = chance.random() < 0.2
    if edited and killed not in whole:
        count.edits += 1
        killed = killed[:100] + "typed 注".encode() + killed[100:]
        note.write_bytes(killed)
        whole = {killed}
    Vault(note.parent)  # what any command does first
    if (found := note.read_bytes()) not in whole:
        count.faults.append(f"round {number}: the note held\n{found.decode(errors='replace')}")
    if edited and whole == {killed}:
        kept = [kept.data for kept in Journal().versions(note)]
        if not {version(ended.value), version(ended.value + 1)} <= {*kept}:
            count.faults.append(f"round {number}: a version is not kept")
        note.write_bytes(version(ended.value))
    if left := [path.name for path in redo_folder().glob("*.redo")]:
        count.faults.append(f"round {number}: {left} is left")


def fuzz_in_place(rounds: int, seed: int) -> InPlace:
    """Kill ``rounds`` writers."""
    count = InPlace()
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="runner-fuzz-") as name:
        os.environ |= {"RUNNER_STATE": f"{name}/state", "RUNNER_CACHE": f"{name}/cache"}
        folder = Path(name).resolve() / "vault"
        folder.mkdir()
        note, other = folder / "note.md", folder / "other.md"
        note.write_bytes(version(0))
        for number in range(rounds):
            refused = number % 2 == 1
            other.unlink(missing_ok=True)
            if not refused:
                os.link(note, other)
            kill_one(note, number, refused, chance, count)
            if not refused and other.read_bytes() != note.read_bytes():
                count.faults.append(f"round {number}: the links are parted")
    return count


# --- readers ---------------------------------------------------------------------------------


def watch_note(
    path: Path, ended: Synchronized[bool], reads: Synchronized[int], torn: Synchronized[int]
) -> None:
    """Read the note over and over; whole it is one letter many times."""
    while not ended.value:
        data = path.read_bytes()
        with reads.get_lock(), torn.get_lock():
            reads.value += 1
            torn.value += len(data) < 200_000 or len(set(data)) != 1


def read_beside(writes: int, readers: int) -> tuple[int, int]:
    """Rewrite a note ``writes`` times; how often it was read meanwhile, and how often torn."""
    context = get_context("fork")
    ended, reads, torn = context.Value("b", 0), context.Value("q", 0), context.Value("q", 0)
    with tempfile.TemporaryDirectory(prefix="runner-fuzz-") as name:
        folder = Path(name)
        journal = Journal(folder / "state")
        (folder / "vault").mkdir()
        note = folder / "vault" / "note.md"
        note.write_bytes(b"a" * 200_000)
        arguments = (note, ended, reads, torn)
        watchers = [context.Process(target=watch_note, args=arguments) for _ in range(readers)]
        for watcher in watchers:
            watcher.start()
        for number in range(writes):
            new = b"ab"[number % 2 :][:1] * (200_000 + number)
            update(note, lambda _, new=new: new, folder / "vault", journal)  # type: ignore[misc]
        ended.value = 1
        for watcher in watchers:
            watcher.join()
    return reads.value, torn.value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=500, help="kills; with --readers: writes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--in-place", action="store_true", help="kill writers in place instead")
    parser.add_argument("--readers", type=int, default=0, help="count torn reads instead")
    chosen = parser.parse_args()
    if sys.platform == "win32":
        parser.error("needs os.fork")
    if chosen.readers:
        reads, torn = read_beside(chosen.rounds, chosen.readers)
        print(f"{chosen.rounds} writes, {reads} reads: {torn} torn or empty")
        raise SystemExit(bool(torn))
    if chosen.in_place:
        in_place = fuzz_in_place(chosen.rounds, chosen.seed)
        for fault in in_place.faults[:3]:
            print(fault[:2_000])
        print(
            f"{in_place.kills} kills after {in_place.writes} writes in place, {in_place.torn} notes "
            f"left half written, {in_place.edits} of them edited: {len(in_place.faults)} faults"
        )
        raise SystemExit(bool(in_place.faults))
    count = fuzz(chosen.rounds, chosen.seed)
    for fault in count.faults[:3]:
        print(fault)
    print(
        f"{count.kills} kills ({count.too_late} after the end), {count.changed} notes written by "
        f"killed runs, {count.leftovers} temporary files left and removed by the next run: "
        f"{len(count.faults)} faults"
    )
    raise SystemExit(bool(count.faults))


if __name__ == "__main__":
    main()
