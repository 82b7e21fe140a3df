"""Law 3 over real commands: what incremental runs leave is what a run of everything would leave.

``test_law_incremental.py`` searches wider, with random code; here a vault of two notes is edited
as people edit: regions, comments, data, moved and broken blocks.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from vaults import Home, fence

from runner.parse import parse

BASE = (
    fence("setup", "a", "import random", "K = 1")
    + fence("component", "b", "def f(x):", "    return x * K")
    + fence("run", "c", "values = [f(i) for i in range(3)]", "print(values, random.random())")
    + fence("run", "d", "values.append(K)", "print(values)")
    + fence("test", "e", "def test_f():", "    assert f(2) == 2", "def test_more():", "    f(1)")
    + fence("run", "f", "print(sum(values), random.random())", "values")
)
USER = (
    fence("setup", "g", "from vault.base import f, K")
    + fence("run", "h", "print(f(10), K)")
    + fence("test", "i", "assert f(0) == 0")
    + fence("run", "j", "print(open('data.txt').read())")
)


class Editor:
    """Edits a vault as a person would: at random, some of it wrong."""

    def __init__(self, home: Home, seed: int) -> None:
        self._home = home
        self._random = random.Random(seed)

    def edit(self) -> str:
        """Make one edit and say which."""
        edits: list[Callable[[], None]] = [
            self._constant,
            self._comment,
            self._prose,
            self._break_or_mend,
            self._data,
            self._swap,
            self._region,
            self._option,
            self._blank,
        ]
        chosen = self._random.choice(edits)
        chosen()
        return chosen.__name__

    def _change(self, path: str, old: str, *new: str) -> None:
        text = self._home.read(path)
        if old in text:
            self._home.write(path, text.replace(old, self._random.choice(new), 1))

    def _constant(self) -> None:
        now = next((n for n in "123" if f"K = {n}" in self._home.read("Base.md")), "1")
        self._change("Base.md", f"K = {now}", *(f"K = {n}" for n in "123"))

    def _comment(self) -> None:
        self._change("Base.md", "    return x", "    # note\n    return x")
        self._change("User.md", "print(f(10)", "# ten\n\nprint(f(10)")

    def _blank(self) -> None:
        self._change(
            "Base.md", "values.append(K)\n", "values.append(K)\n\n\n", "values.append(K)\n"
        )

    def _prose(self) -> None:
        path = self._random.choice(["Base.md", "User.md"])
        self._home.write(path, f"Words.\n\n{self._home.read(path)}")

    def _break_or_mend(self) -> None:
        text = self._home.read("Base.md")
        if "1 / 0" in text:
            self._change("Base.md", "\n1 / 0", "")
        else:
            at = self._random.choice(["K = ", "values.append", "values = ["])
            self._change("Base.md", f"\n{at}", f"\n1 / 0\n{at}")

    def _data(self) -> None:
        self._home.write("data.txt", str(self._random.randint(0, 3)))

    def _swap(self) -> None:
        """Move the last block of a note with its region to the front, or back."""
        text = self._home.read("User.md")
        at = text.rindex("```python {run=")
        moved = text[at:].rstrip("\n") + "\n\n"
        if '{run="j"}' in moved:
            self._home.write("User.md", moved + text[:at])

    def _region(self) -> None:
        self._change("Base.md", "\n[", "\nI typed this over the result [")

    def _option(self) -> None:
        self._change("Base.md", "\nvalues.append(K)", "\n#| seed: 3\nvalues.append(K)")
        self._change("User.md", "\nassert f(0)", "\n#| kind: property\nassert f(0)")


def clean_run(home: Home, folder: Path) -> dict[str, bytes]:
    """What the notes hold after everything ran on a machine that knows nothing."""
    fresh = Home(folder)
    shutil.copytree(home.vault, fresh.vault, dirs_exist_ok=True)
    assert fresh.run("--force").code in (0, 1)
    return dict(fresh.files().data)


@pytest.mark.parametrize("seed", range(2))
def test_incremental_equals_clean(home: Home, tmp_path: Path, seed: int) -> None:
    home.write("Base.md", BASE)
    home.write("User.md", USER)
    home.write("data.txt", "0")
    home.session()
    editor, done = Editor(home, seed), []
    for turn in range(3):
        done += [editor.edit() for _ in range(2)]
        before = {path: home.read(path) for path in ("Base.md", "User.md")}
        home.session()
        written = dict(home.files().data)
        home.session()
        assert dict(home.files().data) == written, f"a second run after {done}"
        assert clean_run(home, tmp_path / str(turn)) == written, f"after {done}"
        for path, text in before.items():
            assert outside(home.read(path)) == outside(text), "law 2"


def outside(text: str) -> str:
    """The note without what stands between our markers."""
    note = parse("N.md", text)
    kept, position = [], 0
    for region in note.regions:
        kept.append(text[position : region.span.start].rstrip("\n"))
        position = region.span.end
    return "".join([*kept, text[position:]])
