"""How costs grow with the vault: scans, an unchanged run, one edit, memory; 10 to 10,000 notes.

    python tests/benchmarks/bench_scaling.py

The vaults are those of ``bench_scan.py``: one note in fifty has tagged blocks. All of them have
been run before; then one block of one note is edited. ``watch`` waits 0.3 s on purpose before it
writes (here without Obsidian's folder), which is taken off. Memory is the resident set of the
watching process without its workers, and of the smallest vault's it is nearly all Python.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from bench_scan import SIZES, TAGGED_EVERY, make_vault, timed
from harness import PROJECT, environment, measure, options, show

from runner.vault import Vault

QUIET = 0.3  # seconds
_PATIENCE = 300.0  # seconds
_EDITED = Path("Folder 0") / "Note 0.md"


def costs(root: Path, env: dict[str, str], size: int, rounds: int) -> Iterator[tuple[str, float]]:
    """(what, seconds or megabytes) for one vault."""
    scans: list[tuple[float, float]] = []
    for _ in range(rounds):
        vault = Vault(root)
        scans.append((timed(vault.notes), timed(vault.notes)))
    assert len(vault.notes()) == len(range(0, size, TAGGED_EVERY))
    yield "first scan, s", median(first for first, _ in scans)
    yield "unchanged rescan, s", median(again for _, again in scans)

    run = [sys.executable, "-m", "runner", "run", str(root), "--trust"]
    measure(run, env)
    yield "`run` of the vault, unchanged, s", median(measure(run, env).wall for _ in range(rounds))
    yield "`run` of the vault after one edit, s", median(_edited_runs(root, run, env, rounds))
    alone = [*run[:-2], str(root / _EDITED), "--trust"]
    yield "`run` of the edited note alone, s", median(_edited_runs(root, alone, env, rounds))
    with _watching(root, env) as process:
        waits = [_answer(root, 9000 + turn) - QUIET for turn in range(-1, rounds)]
        yield "`watch`, a save to the result, less the quiet, s", median(waits[1:])
        yield "memory of the watching process, MB", _resident(process.pid) / 2**20


def _edited_runs(root: Path, command: list[str], env: dict[str, str], rounds: int) -> list[float]:
    walls = []
    for turn in range(rounds):
        number = time.monotonic_ns() % 10**9 + turn
        _edit(root, number)
        walls.append(measure(command, env).wall)
        assert _shows(root, number), "the run did not answer the edit"
    return walls


def _edit(root: Path, number: int) -> None:
    note = root / _EDITED
    text = note.read_text(encoding="utf-8")
    note.write_text(re.sub(r"print\(.*\)", f"print({number})", text), encoding="utf-8")


def _shows(root: Path, number: int) -> bool:
    return f"\n{number}\n" in (root / _EDITED).read_text(encoding="utf-8")


@contextmanager
def _watching(root: Path, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "watch", str(root), "--trust"],
        env=env,
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _answer(root: Path, number: int) -> float:
    """Seconds from a save until the note shows what it prints."""
    time.sleep(2)  # for a standby worker
    _edit(root, number)
    started = time.perf_counter()
    while time.perf_counter() - started < _PATIENCE:
        if _shows(root, number):
            return time.perf_counter() - started
        time.sleep(0.002)
    raise RuntimeError(f"no result in {root / _EDITED} after {_PATIENCE} s")


def _resident(pid: int) -> float:
    """Bytes; asked of ``ps``, which Linux and macOS have."""
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True)
    return float(told.stdout) * 1024


def table(found: dict[str, dict[int, float]]) -> Iterator[list[str]]:
    for what, by_size in found.items():
        least, most = by_size[min(by_size)], by_size[max(by_size)]
        digits = 0 if what.endswith("MB") else 4 if "scan" in what else 2
        yield [what, *(f"{by_size[s]:.{digits}f}" for s in by_size), f"{most / least:.1f}"]


def main() -> None:
    parser = options("costs as the vault grows", rounds=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="NOTES")
    chosen = parser.parse_args()
    found: dict[str, dict[int, float]] = {}
    with tempfile.TemporaryDirectory(prefix="runner-bench-") as name:
        make_vault(Path(name) / "warm", 10)
        Vault(Path(name) / "warm").notes()  # imports what reading needs
        for size in chosen.sizes:
            root = Path(name) / f"vault-{size}"
            make_vault(root, size)
            shutil.rmtree(root / ".obsidian")
            for what, cost in costs(root, environment(Path(name)), size, chosen.rounds):
                found.setdefault(what, {})[size] = cost
                print(f"{size:6} notes: {what}: {cost:.4f}", file=sys.stderr, flush=True)
    heads = [f"{size:,} notes" for size in chosen.sizes]
    show("Growing vaults", ["what", *heads, "last/first"], table(found))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
