"""All commands, as click has them. None prints: each returns what it answers."""

from __future__ import annotations

import importlib
import io
from collections.abc import Generator, Sequence

import click

from . import __version__
from .answer import FINE, Answer, Misuse

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
def _cli() -> None:
    """Make notes on papers run: quote, component, test, figure."""


def answer(arguments: Sequence[str]) -> Answer | Generator[Answer]:
    """What the command that ``arguments`` name answers.

    Raises ``Misuse`` where click cannot read them, and ``KeyboardInterrupt`` for its ``Abort``.
    """
    try:
        answered = _cli(arguments, prog_name="python -m runner", standalone_mode=False)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        raise Misuse(error.format_message(), shown.getvalue()) from None
    except click.Abort:
        raise KeyboardInterrupt from None
    # Click itself has printed what was asked for by `--help` or `--version`.
    return Answer(None, (), FINE) if isinstance(answered, int) else answered
