"""`runner run` on a note of 20 blocks, side by side with md-babel-py, jupytext and others.

    python tests/benchmarks/bench_run.py --peers FOLDER

Blocks are trivial, so that what is measured is the tool. Block 10 draws a figure. In the note
*plain* no block needs another one; in *chain* each needs the one before. An edit changes block 15.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from harness import (
    COMPARED,
    PROJECT,
    Case,
    Sample,
    compared,
    environment,
    measure,
    options,
    peers_in,
    run_in_turns,
    show,
)

BLOCKS, FIGURE, EDITED = 20, 10, 15
TASKS = ((False, "cold"), (False, "unchanged"), (False, "edit"), (True, "cold"), (True, "edit"))


def fence(tool: str, n: int) -> str:
    """What stands behind the backticks of block ``n``, in the dialect of ``tool``."""
    if tool == "runner":
        return f'python {{run="b{n}"}}'
    if tool.startswith("md-babel-py"):
        session = " session=main" if tool.endswith("session") else ""
        return f"python{session}{' output=figure.svg' if n == FIGURE else ''}"
    if tool == "pytest-markdown-docs":
        return "python continuation" if n > 1 else "python"
    return "python"


def source(tool: str, n: int, chain: bool, figure: bool) -> str:
    before = f"x{n - 1}" if chain and n > 1 else "0"
    lines = [f"x{n} = {before} + {n}", f'print("value", x{n})']
    if figure and n == FIGURE:
        lines += ["import matplotlib.pyplot as plt", f"plt.plot([0, 1, x{n}]);"]
        lines += ['plt.savefig("{output}")'] if tool.startswith("md-babel-py") else []
    return "\n".join(lines)


def note_text(tool: str, *, chain: bool = False, blocks: int = BLOCKS, figure: bool = True) -> str:
    """The note in the dialect of ``tool``."""
    return "# Bench\n" + "".join(
        f"\nBlock {n}.\n\n```{fence(tool, n)}\n{source(tool, n, chain, figure)}\n```\n"
        for n in range(1, blocks + 1)
    )


class Vault:
    """A note of one tool, in a folder of its own, and the state it has to be in for ``task``."""

    def __init__(self, folder: Path, task: str, tool: str, chain: bool, peers: Path | None) -> None:
        self.task = task
        self.tool = tool
        self.chain = chain
        self.note = folder / "vault" / "note.md"
        self._folder = folder
        self._edits = 0
        self._first_left = ""  # the note as the first run left it
        self.command = command_of(tool, self.note, peers)
        self.env = environment_of(tool, folder / "home", peers)

    def prepare(self) -> None:
        if self.task == "cold" or not self._first_left:
            self._start_anew()
        if self.task == "cold":
            return
        if not self._first_left:
            measure(self.command, self.env)
            self._first_left = self.note.read_text(encoding="utf-8")
        if self.task == "edit":
            # Other code in each round, so that no tool knows the result.
            self._edits += 1
            edited = f" + {EDITED} + 1000 + 0 * {self._edits}\n"
            text = self._first_left.replace(f" + {EDITED}\n", edited)
            self.note.write_text(text, encoding="utf-8")

    def _start_anew(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self.note.parent.mkdir(parents=True)
        (self._folder / "home").mkdir()
        self.note.write_text(note_text(self.tool, chain=self.chain), encoding="utf-8")

    def leaves(self, said: str) -> str:
        if self.tool == "pytest-markdown-docs":
            return said  # it writes nothing
        jupytext = self.tool.startswith("jupytext")
        written = self.note.with_suffix(".ipynb") if jupytext else self.note
        return written.read_text(encoding="utf-8")

    @property
    def expects(self) -> str:
        if self.tool == "pytest-markdown-docs":
            return f"{BLOCKS} passed"
        value = sum(range(1, EDITED + 1)) if self.chain else EDITED
        return f"value {value + 1000 * (self.task == 'edit')}"


def cases(scratch: Path, peers: Path | None) -> Iterator[Case]:
    for chain, task in TASKS:
        name = f"{'chain' if chain else 'plain'}, {task}"
        for tool in tools(task, chain) if peers else ["runner"]:
            folder = scratch / re.sub(r"\W+", "-", f"{name} {tool}")
            vault = Vault(folder, task, tool, chain, peers)
            yield Case(
                name, tool, vault.command, vault.prepare, vault.leaves, vault.expects, vault.env
            )


def tools(task: str, chain: bool) -> list[str]:
    """Those that can do the task at all; ours first."""
    able = ["runner", "md-babel-py, session"]
    able += ["md-babel-py"] if not chain else []
    able += ["jupytext --execute"] if task != "unchanged" else []
    able += ["pytest-markdown-docs"] if task == "cold" else []
    return able


def environment_of(tool: str, home: Path, peers: Path | None) -> dict[str, str]:
    if peers is None or tool == "runner":
        return environment(home)
    path = f"{peers}:/usr/bin:/bin"
    # jupytext's kernel chooses its own back-end; for the others there is no display.
    more = {} if tool.startswith("jupytext") else {"MPLBACKEND": "agg"}
    return environment(home, PATH=path, **more)


def command_of(tool: str, note: Path, peers: Path | None) -> list[str]:
    if peers is None or tool == "runner":
        return [sys.executable, "-m", "runner", "run", str(note), "--trust"]
    if tool.startswith("md-babel"):
        return [str(peers / "md-babel-py"), "run", str(note)]
    if tool.startswith("jupytext"):
        words = "--to ipynb --execute --set-kernel python3".split()
        return [str(peers / "jupytext"), *words, str(note)]
    return [str(peers / "python"), "-m", "pytest", "-q", "--markdown-docs", str(note)]


def overhead(scratch: Path, rounds: int) -> Iterator[list[str]]:
    """Of one more block: in the whole run of a fresh note, and in the worker alone."""
    few, many = 20, 420
    samples: dict[int, list[Sample]] = {few: [], many: []}
    inside: list[float] = []
    for turn in range(rounds):
        for blocks, taken in samples.items():
            folder = scratch / f"overhead-{turn}-{blocks}"
            note = folder / "vault" / "note.md"
            note.parent.mkdir(parents=True)
            note.write_text(note_text("runner", blocks=blocks, figure=False), encoding="utf-8")
            env, command = environment(folder), command_of("runner", note, None)
            taken.append(measure(command, env))
            again = [*command, "--json", "--force", "--no-write"]
            told = subprocess.run(again, env=env, cwd=PROJECT, capture_output=True, check=True)
            report = json.loads(told.stdout)["notes"][0]["blocks"]
            inside += [block["seconds"] for block in report]
    for what in ("wall", "cpu"):
        low, high = (median(getattr(s, what) for s in samples[blocks]) for blocks in (few, many))
        yield [f"whole run, {what}", f"{(high - low) / (many - few) * 1000:.2f}"]
    yield ["the block itself, in the worker", f"{median(inside) * 1000:.3f}"]


def main() -> None:
    chosen = options("runner run, side by side", rounds=7).parse_args()
    peers = peers_in(chosen.peers) if chosen.peers else None
    with tempfile.TemporaryDirectory(prefix="runner-bench-") as name:
        scratch = Path(name)
        measured = list(cases(scratch, peers))
        run_in_turns(measured, chosen.rounds)
        show(f"A note of {BLOCKS} blocks", COMPARED, compared(measured))
        show("One more block", ("of", "ms"), overhead(scratch, chosen.rounds))


if __name__ == "__main__":
    main()
