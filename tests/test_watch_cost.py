"""Law 8: what an edit costs follows the edit, not the vault. Counted, not timed."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from vaults import Home, fence
from watches import Watching, watching

import runner

PACKAGE = str(Path(runner.__file__).parent)
FEW, MANY = 20, 1_000
PLOT = ["print(X)", "import matplotlib.pyplot as plt", "plt.plot([1, X])"]


class Lines:
    """Counts the lines of our package that the watch's thread executes, while ``counting``.

    Every round of a loop is one at least; file access is counted by the calls that make it.
    """

    def __init__(self) -> None:
        self.counting = False
        self.lines = 0
        self.by_function: Counter[str] = Counter()

    def trace(self, frame: FrameType, event: str, _: Any) -> Any:
        if not self.counting or not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        if event == "line":
            self.lines += 1
            self.by_function[frame.f_code.co_qualname] += 1
        return self.trace


def fill(home: Home, notes: int, table: bool) -> None:
    """A vault of ``notes``, half of them with blocks, in folders of ten."""
    for number in range(notes):
        text = f"Words {number}\n"
        if number % 2:
            text = fence("component", f"c{number}", f"X = {number}")
        home.write(f"f{number // 10}/n{number}.md", text)
    home.write("here/Edited.md", fence("component", "a", "X = 1") + fence("run", "b", *PLOT))
    if table:
        home.write("here/Table.md", "<!-- runner-matrix -->\n<!-- /runner -->\n")


def cost_of_an_edit(home: Home, monkeypatch: pytest.MonkeyPatch) -> tuple[Lines, list[str]]:
    lines, reads = Lines(), list[str]()
    read_bytes = Path.read_bytes

    def counted(path: Path) -> bytes:
        if lines.counting and path.suffix == ".md":
            reads.append(path.name)
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", counted)
    threading.settrace(lines.trace)
    try:
        with watching(home, paths=["here"]) as watch:
            threading.settrace(None)  # type: ignore[arg-type]  # as its documentation has it
            answer(watch, "2")  # what is looked up once is known after this
            lines.counting = True
            answer(watch, "3")
            lines.counting = False
    finally:
        threading.settrace(None)  # type: ignore[arg-type]
    return lines, reads


def answer(watch: Watching, value: str) -> None:
    known = len(watch.reports)
    text = watch.home.read("here/Edited.md")
    watch.home.write("here/Edited.md", text.replace(f"X = {int(value) - 1}", f"X = {value}"))
    watch.until(lambda: f"\n{value}\n" in watch.home.read("here/Edited.md"))
    watch.until(lambda: len(watch.reports) > known)


@pytest.mark.skipif(sys.gettrace() is not None, reason="another tracer is at work")
@pytest.mark.parametrize("table", [False, True])
def test_the_cost_of_an_edit_does_not_grow_with_the_vault(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: bool
) -> None:
    other = Home(tmp_path / "other")
    fill(home, FEW, table)
    fill(other, MANY, table)
    few, _ = cost_of_an_edit(home, monkeypatch)
    many, reads = cost_of_an_edit(other, monkeypatch)
    grown = (many.by_function - few.by_function).most_common(8)
    assert few.lines > 500, "nothing was counted"
    assert many.lines < 1.5 * few.lines, grown
    assert set(reads) <= {"Edited.md", "Table.md"}
