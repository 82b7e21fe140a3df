"""The parameters that commands share, as click has them."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from .opening import answer_in_json

F = TypeVar("F", bound=Callable[..., Any])


def _note_json(_context: click.Context, _parameter: click.Parameter, given: bool) -> None:
    answer_in_json(given)


JSON = click.option(
    "--json",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_note_json,
    help="One JSON document on standard output.",
)


def _no_empty(_context: click.Context, _parameter: click.Parameter, given: str | None) -> str:
    if given is not None and not given.strip():
        raise click.BadParameter("it names none: leave it out, or name one")
    return given or ""


class Seconds(click.FloatRange):
    """A time that ends: ``nan`` and ``inf`` are numbers to click."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        seconds = float(super().convert(value, param, ctx))
        if not math.isfinite(seconds):
            self.fail(f"{value} is no number of seconds: write one such as 60", param, ctx)
        return seconds


PATHS = click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
DEVICE = click.option("--device", callback=_no_empty, help="auto, cpu, cuda[:n], mps, or cpu,cuda.")


def keyword_options(*options: Callable[[F], F]) -> Callable[[F], F]:
    """One decorator for several options, in the order in which ``--help`` lists them."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate
