"""One line on the terminal that says what is running: note, block, seconds, last output."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from .answer import spelled

_WIDTH = 60  # characters of the latest output line


class Ticker:
    """Use it as a context; ``show`` may be called from the thread that opened it."""

    def __init__(self, console: Console | None = None) -> None:
        self._what = ("", "", "")
        self._since = time.monotonic()
        self._live = Live(
            console=console or Console(stderr=True),
            get_renderable=self._render,
            refresh_per_second=8,
            transient=True,
        )

    def __enter__(self) -> Ticker:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def show(self, note: str, block: str, line: str) -> None:
        if (note, block) != self._what[:2]:
            self._since = time.monotonic()
        self._what = (note, block, line)

    def _render(self) -> Text:
        note, block, line = self._what
        if not note:
            return Text("")
        elapsed = time.monotonic() - self._since
        text = Text.assemble((spelled(note), "bold"), f"  {block}  {elapsed:.1f} s  ")
        printable = "".join(char for char in line if char.isprintable())
        text.append(printable[:_WIDTH], style="dim")
        text.no_wrap = True
        return text
