"""The line that says what is running, on a terminal that is a string."""

from __future__ import annotations

import io

from rich.console import Console

from runner.ticker import Ticker


def test_the_line_names_note_block_seconds_and_last_output() -> None:
    screen = io.StringIO()
    with Ticker(Console(file=screen, force_terminal=True, width=100)) as ticker:
        ticker.show("ViT.md", "train", "")
        ticker.show("ViT.md", "train", "step 3\x1b]52;c;evil\x07 " + "x" * 200)
    shown = screen.getvalue()
    assert "ViT.md" in shown and "train" in shown and " s " in shown and "step 3" in shown
    assert "\x1b]52" not in shown
    assert "x" * 100 not in shown
