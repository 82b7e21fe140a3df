"""The plain command line, read without click: ``run``, paths, flags.

It is what people and editors send all day, and click alone takes a tenth of the time in which a
run that has little to do is over. Any other command line is click's, which knows what to say.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from .records import dataclass
from .wish import Wish

_FLAGS = {"--force", "--json", "--no-write", "--slow", "--trust"}


@dataclass(frozen=True, slots=True)
class PlainRun:
    """What ``run`` was asked for. ``trust``: the vault may execute in this run."""

    paths: tuple[Path, ...]
    trust: bool
    in_json: bool
    wish: Wish


def plain_run(arguments: Sequence[str]) -> PlainRun | None:
    """The command line as click would read it; None where it is not plain."""
    if arguments[:1] != ["run"]:
        return None
    flags = {word for word in arguments[1:] if word.startswith("-")}
    paths = [word for word in arguments[1:] if not word.startswith("-")]
    # Click refuses files that cannot be read, and says so in its own words.
    if not paths or not flags <= _FLAGS or not all(os.access(path, os.R_OK) for path in paths):
        return None
    return PlainRun(
        paths=tuple(map(Path, paths)),
        trust="--trust" in flags,
        in_json="--json" in flags,
        wish=Wish(
            force="--force" in flags, slow="--slow" in flags, write="--no-write" not in flags
        ),
    )
