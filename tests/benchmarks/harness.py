"""What the benchmarks share: processes measured with all their children, in turns, in a table.

Needs Linux or macOS. Times are seconds. CPU is that of the process tree; on Linux also of children
whose parent did not wait for them.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

PROJECT = Path(__file__).parents[2]
PEERS = ("md-babel-py", "jupytext", "nbconvert", "ipykernel", "pytest-markdown-docs", "matplotlib")
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, slots=True)
class Sample:
    """What one process took, and what it said."""

    wall: float
    cpu: float
    said: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One tool on one task. ``prepare`` puts the input in order before each round, unmeasured.

    ``expects`` is looked for in what the command leaves, given what it said, so that nobody is
    fast by failing.
    """

    task: str
    tool: str
    command: Sequence[str]
    prepare: Callable[[], None]
    leaves: Callable[[str], str]
    expects: str
    env: dict[str, str]
    samples: list[Sample] = field(default_factory=list)


def measure(command: Sequence[str], env: dict[str, str]) -> Sample:
    """Run ``command`` in the project's folder to its end, that of its children included.

    Raises ``RuntimeError`` with its last words if it fails.
    """
    _adopt_orphans()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(
        command, env=env, cwd=PROJECT, capture_output=True, stdin=subprocess.DEVNULL
    )
    wall = time.perf_counter() - started
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} exited with {done.returncode}:\n{said[-1500:]}")
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Sample(wall, cpu, said)


def _adopt_orphans() -> None:
    """Become the parent of grandchildren whose parent dies. Linux only, elsewhere nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def run_in_turns(cases: Iterable[Case], rounds: int) -> None:
    """Each round runs every case once, so that a busy moment hits all tools alike."""
    cases = list(cases)
    for turn in range(-1, rounds):  # the first one warms the machine and is not counted
        for case in cases:
            case.prepare()
            sample = measure(case.command, case.env)
            if case.expects not in (left := case.leaves(sample.said)):
                raise RuntimeError(f"{case.tool} did not do `{case.task}`: {left[-500:]}")
            if turn >= 0:
                case.samples.append(sample)
        print(f"round {turn + 1} of {rounds}", file=sys.stderr, flush=True)


def environment(scratch: Path, **more: str) -> dict[str, str]:
    """Of a user at rest: bytecode is kept, one thread, and every tool has caches of its own."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {
        **env,
        "OMP_NUM_THREADS": "1",
        "RUNNER_STATE": str(scratch / "state"),
        "RUNNER_CACHE": str(scratch / "cache"),
        "XDG_CACHE_HOME": str(scratch / "cache-of-peers"),
        "MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR", str(Path.home() / ".config" / "matplotlib")),
        **more,
    }


def peers_in(folder: Path) -> Path:
    """The ``bin`` of a virtual environment with the peers, made in ``folder`` if it has none."""
    scripts = folder / "bin"
    if not (scripts / "md-babel-py").exists():
        print(f"installing {', '.join(PEERS)} in {folder}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(scripts / "python"), "-m", "pip", "install", "--disable-pip-version-check"]
        subprocess.run([*pip, *PEERS], check=True)
    return scripts


def options(description: str, rounds: int) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=rounds, help="counted rounds")
    parser.add_argument(
        "--peers", type=Path, help="compare with peers, in a virtual environment made here"
    )
    return parser


# --- tables ------------------------------------------------------------------------------------


def compared(cases: Iterable[Case]) -> Iterator[list[str]]:
    """A line each: task, tool, medians, and ours divided by theirs (below 1: we are faster)."""
    by_task: dict[str, list[Case]] = {}
    for case in cases:
        by_task.setdefault(case.task, []).append(case)
    for task, same in by_task.items():
        ours = same[0]
        for case in same:
            wall, cpu = _medians(case)
            best = min(sample.wall for sample in case.samples)
            ratio = f"{_medians(ours)[0] / wall:.2f}", f"{_medians(ours)[1] / cpu:.2f}"
            shown = ("", "") if case is ours else ratio
            yield [task, case.tool, f"{wall:.3f}", f"{best:.3f}", f"{cpu:.3f}", *shown]


COMPARED = ("task", "tool", "wall s", "best", "CPU s", "ours/theirs wall", "CPU")


def _medians(case: Case) -> tuple[float, float]:
    return median(s.wall for s in case.samples), median(s.cpu for s in case.samples)


def show(title: str, head: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """A Markdown table on standard output."""
    lines = [list(head), *map(list, lines)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    print(f"\n{title}, {machine()}\n")
    for number, line in enumerate(lines):
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print(f"| {' | '.join(cells)} |")
        if number == 0:
            print(f"|{'|'.join('-' * (width + 2) for width in widths)}|")


def machine() -> str:
    """What the numbers depend on."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    busy = os.getloadavg()[0]
    return (
        f"{cores} cores (load {busy:.1f}), {platform.system()}, Python {platform.python_version()}"
    )
