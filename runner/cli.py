"""The command line: the only place that prints and exits.

Exit codes: 0 fine, 1 failed, stale or in error, 2 wrong use or environment, 3 vault not trusted.
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
from collections.abc import Generator
from contextlib import suppress
from typing import NoReturn

import click

from . import __version__
from .answer import FAILED, FINE, MISUSED, Answer, Refusal
from .errors import UserError
from .opening import answers_in_json

# In which file a command stands: only the one that is called is imported.
_COMMANDS = {
    "run": "run_commands",
    "watch": "run_commands",
    "check": "look_commands",
    "status": "look_commands",
    "explain": "look_commands",
    "quotes": "quote_commands",
    "trust": "trust_commands",
    "undo": "trust_commands",
    "export": "notebook_commands",
    "import": "notebook_commands",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        if name not in _COMMANDS:
            return None
        module = importlib.import_module(f".{_COMMANDS[name]}", __package__)
        return next(
            found
            for found in vars(module).values()
            if isinstance(found, click.Command) and found.name == name
        )


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="runner")
def cli() -> None:
    """Make notes on papers run: quote, component, test, figure."""


@cli.result_callback()
def _say(answer: Answer | Generator[Answer]) -> int:
    """The exit code of a command, that of its last answer; what it says printed."""
    if isinstance(answer, Answer):
        return _print(answer)
    code = FINE
    try:
        for one in answer:
            code = _print(one)
    except KeyboardInterrupt as interrupt:
        with suppress(StopIteration):  # a command that goes on for ever ends so
            answer.throw(interrupt)
    return code


def _print(answer: Answer) -> int:
    if not answers_in_json():
        for line in answer.lines:
            click.echo(line, err=answer.data is None)
    elif answer.data is not None:
        click.echo(json.dumps(answer.data, ensure_ascii=False))
    return answer.code


def main() -> None:
    """The script ``runner`` and ``python -m runner``."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    arguments = sys.argv[1:]
    as_json = "--json" in arguments
    try:
        code = cli(arguments, prog_name="python -m runner", standalone_mode=False)
        sys.exit(code)
    except UserError as error:
        _fail(str(error), error.code if isinstance(error, Refusal) else MISUSED, as_json)
    except click.ClickException as error:
        if as_json:
            _fail(error.format_message(), MISUSED, as_json)
        error.show()
        sys.exit(MISUSED)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        sys.exit(FAILED)
    finally:
        gc.freeze()  # or the interpreter looks through every object once more before it ends


def _fail(message: str, code: int, as_json: bool) -> NoReturn:
    if as_json:
        click.echo(json.dumps({"error": message}, ensure_ascii=False))
    else:
        click.echo(f"runner: {message}", err=True)
    sys.exit(code)
