"""The commands that execute: ``run`` and ``watch``."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import click

from . import door
from .answer import Answer, Refusal
from .parameters import DEVICE, JSON, PATHS, Seconds, keyword_options
from .wish import Selection, Wish

RUN_OPTIONS = keyword_options(
    DEVICE,
    click.option("--force", is_flag=True, help="Run everything, whatever is known."),
    click.option("--slow", is_flag=True, help="Run the blocks marked `slow: true` too."),
    click.option("--no-write", is_flag=True, help="Leave the notes as they are."),
    click.option("-k", "select", default="", metavar="EXPR", help="Run the blocks that match."),
    click.option("--workers", type=click.IntRange(1), help="Processes that run side by side."),
    click.option("--timeout", type=Seconds(0, min_open=True), help="Seconds a block."),
    click.option("--trust", is_flag=True, help="Trust the vault for this run."),
    JSON,
)


@click.command()
@PATHS
@RUN_OPTIONS
def run(paths: tuple[Path, ...], trust: bool, **options: Any) -> Generator[Answer]:
    """Run what is stale in PATHS (a vault, or notes in it) and write the results."""
    return door.run(paths, trust, _wish(options))


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--quiet", type=Seconds(0), help="Seconds of rest before writing.")
@click.option("--polling", is_flag=True, help="Look at the files each second (network drives).")
@RUN_OPTIONS
def watch(
    path: Path, trust: bool, quiet: float | None, polling: bool, **options: Any
) -> Generator[Answer]:
    """Run on every save under PATH, until Ctrl-C."""
    return door.watch(path, trust, _wish(options), quiet, polling)


def _wish(options: dict[str, Any]) -> Wish:
    """Raises ``Refusal`` where ``-k`` is no expression."""
    wish = Wish(write=not options.pop("no_write"), **options)
    try:
        Selection(wish.select)
    except ValueError as error:
        raise Refusal(str(error)) from None
    return wish
