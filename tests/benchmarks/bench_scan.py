"""Reading a whole vault: the first scan, and the next one when nothing has changed.

    python tests/benchmarks/bench_scan.py

The vault is made up: notes of about 4 KB with properties, links, a list, a callout and an untagged
fence; one in fifty has tagged blocks. Beside our reading stands the least that any reader has to
do: walking the folders, asking for each file's size and time, and reading the bytes.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from harness import environment, measure, options, show

from runner.vault import Vault

SIZES = (10, 100, 1_000, 10_000)
TAGGED_EVERY = 50

PROSE = "Attention moves information between tokens, and nothing else in the block does. " * 9


def note_text(number: int) -> str:
    links = "\n".join(
        f"- [[Note {number + step}|next]] and [[Paper {step}.pdf#page=3]]" for step in range(9)
    )
    return f"""---
paper: A title of a paper
tags: [ml, reading]
---
# Note {number}

{PROSE}

{links}

> [!quote] Page 3
> {PROSE}

```python
example = {number}
```

{PROSE}
{blocks() if number % TAGGED_EVERY == 0 else ""}
{PROSE}
"""


def blocks() -> str:
    return """
```python {component="double"}
def double(x):
    return 2 * x
```

```python {run="four"}
print(double(2))
```
"""


def make_vault(root: Path, size: int) -> None:
    (root / ".obsidian").mkdir(parents=True)
    for number in range(size):
        folder = root / f"Folder {number // 200}"
        folder.mkdir(exist_ok=True)
        (folder / f"Note {number}.md").write_text(note_text(number), encoding="utf-8")


def read_bare(root: Path) -> None:
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            os.stat(path)
            with open(path, "rb") as file:
                file.read()


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def scans(root: Path, size: int, rounds: int) -> Iterator[list[str]]:
    """A line for each kind of scan; those of one round one after another."""
    taken: dict[str, list[float]] = {}
    for _ in range(rounds):
        vault = Vault(root)
        for what, work in (
            ("walk, stat and read, no more", lambda: read_bare(root)),
            ("first scan", vault.notes),
            ("unchanged rescan", vault.notes),
        ):
            taken.setdefault(what, []).append(timed(work))
    assert len(vault.notes()) == len(range(0, size, TAGGED_EVERY))
    for what, seconds in taken.items():
        middle = median(seconds)
        yield [f"{size:,}", what, f"{middle:.4f}", f"{size / middle:,.0f}"]


def whole_process(root: Path, size: int, rounds: int, scratch: Path) -> list[str]:
    """`runner status` of one note, which has to find the others too."""
    command = [sys.executable, "-m", "runner", "status", str(root / "Folder 0" / "Note 0.md")]
    env = environment(scratch)
    walls = [measure(command, env).wall for _ in range(rounds)]
    middle = median(walls)
    return [
        f"{size:,}",
        "`runner status` of a note, process",
        f"{middle:.4f}",
        f"{size / middle:,.0f}",
    ]


def main() -> None:
    chosen = options("scans of a vault", rounds=5).parse_args()
    lines = []
    with tempfile.TemporaryDirectory(prefix="runner-bench-") as name:
        for size in SIZES:
            root = Path(name) / f"vault-{size}"
            make_vault(root, size)
            lines += scans(root, size, chosen.rounds)
            lines.append(whole_process(root, size, chosen.rounds, Path(name)))
    show("Reading a vault", ("notes", "what", "s", "notes/s"), lines)


if __name__ == "__main__":
    main()
