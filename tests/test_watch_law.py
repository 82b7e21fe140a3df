"""Law 3 for `watch`: whatever is edited while whatever runs, what is left is what a clean run leaves."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from test_session_laws import BASE, USER, Editor, clean_run
from vaults import Home, fence
from watches import NEVER, watching

SLOW = fence("run", "slow", "import time", "time.sleep(0.4)", "print('slow', K)")


@pytest.mark.parametrize(("seed", "rest"), [(1, NEVER), (2, NEVER), (3, 0.05)])
def test_edits_at_any_time_leave_what_a_clean_run_leaves(
    home: Home, tmp_path: Path, seed: int, rest: float
) -> None:
    """With a short ``rest``, second looks begin between the edits and are stopped by them."""
    home.write("Base.md", BASE + SLOW)
    home.write("User.md", USER)
    home.write("data.txt", "0")
    chance = random.Random(seed)
    with watching(home, quiet=0.1, rest=rest) as watch:
        editor, done = Editor(home, seed), []
        for _ in range(12):
            done.append(editor.edit())
            time.sleep(chance.choice([0.0, 0.05, 0.3, 0.7]))
        watch.until(watch.rests)
        watch.until(watch.rests)  # nothing came for long enough that nothing is under way
    written = dict(home.files().data)
    assert clean_run(home, tmp_path / "clean") == written, f"after {done}"
