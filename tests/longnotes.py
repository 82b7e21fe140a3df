"""A note whose long computations can be counted: what the tests of checkpoints share."""

from __future__ import annotations

from pathlib import Path

from vaults import Home, fence, statuses

SETUP = fence("setup", "imports", "import random", "import runner")


class Notes:
    """A vault with one note, whose long computations write down that they were made."""

    def __init__(self, home: Home, log: Path) -> None:
        self.home = home
        self.log = log

    def long(self, value: str, *before: str) -> tuple[str, ...]:
        """The lines of a function ``make`` that returns ``value``."""
        note = f"    with open({str(self.log)!r}, 'a') as log: log.write('made ')"
        return ("def make():", note, *(f"    {line}" for line in before), f"    return {value}")

    def write(self, *blocks: str) -> None:
        self.home.write("N.md", SETUP + "".join(blocks))

    def run(self, **wish: object) -> dict[str, str]:
        return statuses(self.home.session(**wish))

    @property
    def made(self) -> int:
        return self.log.read_text().count("made") if self.log.exists() else 0

    @property
    def text(self) -> str:
        return self.home.read("N.md")

    def lose_results(self) -> None:
        """All but the checkpoints."""
        for file in self.cache.glob("results.sqlite3*"):
            file.unlink()

    @property
    def cache(self) -> Path:
        return Path(self.home.env["RUNNER_CACHE"])

    @property
    def kept(self) -> list[Path]:
        return sorted((self.cache / "checkpoints").glob("*.json"))


def trained(notes: Notes, *options: str) -> tuple[str, str]:
    """A block that trains for long and one that plots what came of it."""
    lines = notes.long("{'loss': [3.0, 1.5], 'steps': 2}", "print('training')")
    call = "kept = runner.checkpoint('vit', make)"
    return (
        fence("run", "train", *options, *lines, call, "print(random.random())"),
        fence("run", "plot", "print('loss', kept['loss'][-1])"),
    )
