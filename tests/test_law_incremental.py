"""Law 3: after any edits an incremental run leaves what a clean run of everything leaves.

``RUNNER_FUZZ=2000`` makes the run long; each example is a sequence of edits with a run after each.
"""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from runner.session import Session
from runner.vault import Vault
from runner.wish import Wish

SEQUENCES = int(os.environ.get("RUNNER_FUZZ", "0")) // 10 or 4
EDITS = 4

# Pieces that bind, change, alias, hide and look up state; N is a number that edits change.
PIECES = [
    "x = N",
    "y = x + N",
    "items = [N]",
    "items.append(N)",
    "alias = items",
    "alias.append(N)",
    "items = items + [N]",
    "def f():\n    return x * N",
    "def g():\n    items.append(N)\n    return f()",
    "print('f', f())",
    "print('g', g())",
    "print('x', x, 'items', items)",
    "print('y', y)",
    "class Box:\n    kept = []\n    def put(self, v):\n        self.kept.append(v); return v",
    "box = Box()",
    "print('put', box.put(N))",
    "print('kept', Box.kept)",
    "Box.kept = [N]",
    "import random\nprint('random', random.randrange(10 ** N))",
    "import os\nos.environ['RUNNER_LAW'] = str(N)",
    "import os\nprint('env', os.environ.get('RUNNER_LAW'))",
    "exec('z = N')",
    "print('z', z)",
    "from helper import state, touch\ntouch(N)",
    "import helper\nprint('helper', helper.state)",
    "from pathlib import Path\nPath('out.txt').write_text(str(N))",
    "from pathlib import Path\nprint('file', Path('out.txt').read_text())",
    "for item in items:\n    x = item",
    "if x > N:\n    x = 0",
    "del x",
    "scale = lambda v: v * x\nprint('scale', scale(N))",
    "def counter(start=[]):\n    start.append(N)\n    return len(start)",
    "print('counter', counter())",
    "from vault.other import shared, push\nprint('push', push(N), shared)",
    "from vault.other import total\nprint('total', total())",
    "rows = [items, N]",
    "rows[0].append(N)",
    "global_name = 'x'\nprint('dynamic', globals().get(global_name))",
    "x += N",
    "import helper as h\nh.state.append(N)",
    "m = dict(items=items)\nm['items'].append(N)",
    "print('sorted', sorted(items, key=lambda v: -v * x))",
    "total_of = sum(v for v in items)\nprint(total_of)",
    "1 / (x - N)",
    "try:\n    x = items.pop()\nexcept IndexError:\n    x = N",
]
OTHER = [
    "shared = []",
    "def push(v):\n    shared.append(v * N)\n    return len(shared)",
    "def total():\n    return sum(shared) + N",
]
HELPER = "state = [N]\n\ndef touch(v):\n    state.append(v)\n"


class Author:
    """Writes and edits a vault at random."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.blocks = [self.block() for _ in range(rng.randint(3, 9))]
        self.other = [piece.replace("N", "2") for piece in OTHER]
        self.helper = HELPER.replace("N", "1")

    def block(self) -> tuple[str, str]:
        pieces = self.rng.sample(PIECES, self.rng.randint(1, 2))
        source = "\n".join(pieces).replace("N", str(self.rng.randint(1, 5)))
        return f"b{self.rng.randrange(10**6)}", source

    def edit(self) -> None:
        place = self.rng.randrange(len(self.blocks))
        id, source = self.blocks[place]
        match self.rng.randrange(8):
            case 0 | 1:
                digits = [i for i, char in enumerate(source) if char.isdigit()]
                if digits:
                    at = self.rng.choice(digits)
                    source = source[:at] + str(self.rng.randint(1, 5)) + source[at + 1 :]
                self.blocks[place] = (id, source)
            case 2:
                self.blocks.insert(place, self.block())
            case 3 if len(self.blocks) > 1:
                del self.blocks[place]
            case 4:
                other = self.rng.randrange(len(self.blocks))
                self.blocks[place], self.blocks[other] = self.blocks[other], self.blocks[place]
            case 5:
                self.blocks[place] = (id, f"# a remark\n\n{source}")
            case 6:
                at = self.rng.randrange(len(self.other))
                self.other[at] = OTHER[at].replace("N", str(self.rng.randint(1, 5)))
            case _:
                self.helper = HELPER.replace("N", str(self.rng.randint(1, 5)))

    def save(self, folder: Path) -> None:
        fences = [f'```python {{run="{id}"}}\n{source}\n```\n' for id, source in self.blocks]
        other = [
            f'```python {{component="c{n}"}}\n{source}\n```\n'
            for n, source in enumerate(self.other)
        ]
        _save(folder / "Main.md", "\n".join(fences), keep=True)
        _save(folder / "Other.md", "\n".join(other), keep=False)
        (folder / "helper.py").write_text(self.helper, encoding="utf-8")


def _save(path: Path, text: str, *, keep: bool) -> None:
    """As an author would: what stands under a block stays there."""
    from runner.parse import parse

    if keep and path.exists():
        old = parse(path.name, path.read_text(encoding="utf-8"))
        shown = {r.block: old.text[r.span.start : r.span.end] for r in old.regions if r.block}
        new = parse(path.name, text)
        for block in reversed(new.blocks):
            if block.id in shown:
                end = block.span.end
                text = f"{text[:end]}\n\n{shown[block.id]}{text[end:]}"
    path.write_text(text, encoding="utf-8")


def run(folder: Path, *, force: bool = False) -> str:
    session = Session(Vault(folder, trusted=True))
    try:
        session.run(session.scope([""]), Wish(workers=1, force=force), lambda _: None)
    finally:
        session.close()
    return (folder / "Main.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_incremental_equals_clean(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = int(os.environ.get("RUNNER_FUZZ_FROM", "0"))
    author = Author(random.Random(start + seed))
    vault, clean = tmp_path / "vault", tmp_path / "clean"
    vault.mkdir()
    monkeypatch.setenv("RUNNER_STATE", str(tmp_path / "state"))
    for step in range(EDITS):
        author.save(vault)
        monkeypatch.setenv("RUNNER_CACHE", str(tmp_path / "cache"))
        incremental = run(vault)
        shutil.rmtree(clean, ignore_errors=True)
        clean.mkdir()
        author.save(clean)
        monkeypatch.setenv("RUNNER_CACHE", str(tmp_path / f"fresh{step}"))
        assert incremental == run(clean), f"seed {start + seed}, after {step} edits"
        author.edit()
