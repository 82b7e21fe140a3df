"""A run that is killed at any moment leaves every note whole: its old bytes or its new ones.

    python tests/fuzz_kills.py --rounds 500

Each round edits the notes, kills a run of the vault (SIGKILL) somewhere between its start and its
end, and looks at the notes; then a run that is left alone must bring them up to date, and leave no
temporary file and a store that opens. POSIX only: runs are forked, so that many fit in a minute.

    python tests/fuzz_kills.py --readers 3 --rounds 2000

counts instead what readers see of a note that is rewritten all the time.
"""

from __future__ import annotations

import argparse
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

from runner.session import Session
from runner.store import Journal, update
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
    """One round; returns for how long a whole run takes, in seconds."""
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
    before = read(folder)
    process = forked_run(folder)
    time.sleep(chance.uniform(0, longest))
    os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    count.kills += 1
    count.too_late += not os.WIFSIGNALED(status)
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
    parser.add_argument("--readers", type=int, default=0, help="count torn reads instead")
    chosen = parser.parse_args()
    if sys.platform == "win32":
        parser.error("needs os.fork")
    if chosen.readers:
        reads, torn = read_beside(chosen.rounds, chosen.readers)
        print(f"{chosen.rounds} writes, {reads} reads: {torn} torn or empty")
        raise SystemExit(bool(torn))
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
