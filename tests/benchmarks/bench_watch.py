"""`runner watch`: from a save to the result in the note.

    python tests/benchmarks/bench_watch.py --peers FOLDER

A note of 20 blocks is edited in its fifteenth; the clock stops when the note holds the new value.
`runner` waits on purpose until the note has been quiet (here 0.3 s, as in a vault without
Obsidian), so that nobody's typing is met: *beyond the quiet* is what remains. md-babel-py looks at
the file once a second.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench_run import EDITED, note_text
from harness import PROJECT, environment, options, peers_in, show

QUIET = 0.3  # seconds
_PATIENCE = 60.0  # seconds
_LOOK = 0.002  # seconds between looks at the note

TORCH = """
```python {setup="torch"}
import torch
import matplotlib.pyplot as plt
```
"""


def torch_text() -> str:
    """20 blocks that train a little; two draw."""
    blocks = [TORCH, _block(1, "w = torch.zeros(8, requires_grad=True)")]
    for number in range(2, 20):
        lines = [
            "loss = ((w - torch.arange(8.0)) ** 2).sum()",
            "loss.backward()",
            f"w = (w - 0.1 * w.grad).detach().requires_grad_()  # {number}",
        ]
        if number in (10, 19):
            lines.append("plt.plot(w.detach());")
        lines.append(f'print("value", {number} + 0)')
        blocks.append(_block(number, "\n".join(lines)))
    return "# Bench\n" + "".join(blocks)


def _block(number: int, code: str) -> str:
    return f'\n```python {{run="b{number}"}}\n{code}\n```\n'


def seconds_to_result(note: Path, number: int, marked: str) -> float:
    """Save an edit that makes block 15 print ``number``; seconds until the note says so."""
    text = note.read_text(encoding="utf-8")
    before, _, after = text.partition(marked)
    line, _, rest = after.partition("\n")
    assert line, f"`{marked}` is not in the note"
    started = time.perf_counter()
    note.write_text(f"{before}{marked}{_edited(line, number)}\n{rest}", encoding="utf-8")
    while time.perf_counter() - started < _PATIENCE:
        if f"value {number}\n" in note.read_text(encoding="utf-8"):
            return time.perf_counter() - started
        time.sleep(_LOOK)
    raise RuntimeError(f"no result in {note} after {_PATIENCE} s")


def _edited(line: str, number: int) -> str:
    return f" 0 + {number}{')' if line.endswith(')') else ''}"


def watched(
    command: list[str], env: dict[str, str], note: Path, marked: str, rounds: int
) -> Iterator[float]:
    process = subprocess.Popen(
        command, env=env, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await(note, "value 19")
        time.sleep(2)  # for a standby worker to be ready, as it is after a minute of reading
        for turn in range(rounds):
            yield seconds_to_result(note, 7000 + turn, marked)
            time.sleep(2)
    finally:
        process.terminate()
        process.wait()


def _await(note: Path, words: str) -> None:
    deadline = time.perf_counter() + _PATIENCE
    while f"\n{words}\n" not in note.read_text(encoding="utf-8"):
        if time.perf_counter() > deadline:
            raise RuntimeError(f"`{words}` is not in {note} after {_PATIENCE} s")
        time.sleep(0.05)


def lines(scratch: Path, peers: Path | None, rounds: int) -> Iterator[list[str]]:
    plain = f"x{EDITED} ="
    notes = [("plain note", "runner", note_text("runner"), plain)]
    notes.append(("PyTorch note, 2 figures", "runner", torch_text(), f'# {EDITED}\nprint("value",'))
    if peers:
        notes.append(("plain note", "md-babel-py", note_text("md-babel-py"), plain))
    for number, (what, tool, text, marked) in enumerate(notes):
        home = scratch / str(number)
        note = home / "vault" / "note.md"
        note.parent.mkdir(parents=True)
        note.write_text(text, encoding="utf-8")
        if tool == "runner":
            env = environment(home)
            command = [sys.executable, "-m", "runner", "watch", str(note.parent), "--trust"]
            quiet = QUIET
        else:
            env = environment(home, PATH=f"{peers}:/usr/bin:/bin", MPLBACKEND="agg")
            command = [f"{peers}/md-babel-py", "run", "--watch", str(note)]
            quiet = 0.0
        middle = median(watched(command, env, note, marked, rounds))
        yield [what, tool, f"{middle:.3f}", f"{middle - quiet:.3f}"]


def main() -> None:
    chosen = options("watch: from a save to the result", rounds=7).parse_args()
    peers = peers_in(chosen.peers) if chosen.peers else None
    with tempfile.TemporaryDirectory(prefix="runner-bench-") as name:
        head = ("note", "tool", "save to result, s", "beyond the quiet, s")
        show("Watch", head, list(lines(Path(name), peers, chosen.rounds)))


if __name__ == "__main__":
    main()
