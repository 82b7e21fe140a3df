"""The commands that execute and write nothing: ``check``, ``explain`` and ``status``."""

from __future__ import annotations

from pathlib import Path

import click

from .answer import Answer, Refusal
from .opening import DEVICE, JSON, PATHS, looking_at
from .run_commands import reported
from .wish import Wish


@click.command()
@PATHS
@DEVICE
@JSON
def check(paths: tuple[Path, ...], device: str) -> Answer:
    """Find stale or failing outputs, problems, dead links and untrue quotes."""
    with looking_at(paths) as (session, scope):
        return reported(session.check(session.scope(scope), Wish(device=device)), checked=True)


@click.command()
@click.argument("place")
@DEVICE
@JSON
def explain(place: str, device: str) -> Answer:
    """Say what would run in PATH or PATH#ID, be replayed or be reused, and why."""
    from . import console

    path, _, block = (place, "", "") if Path(place).exists() else place.rpartition("#")
    path = path or place
    with looking_at((Path(path),)) as (session, scope):
        report = session.check(session.scope(scope), Wish(device=device))
    if block and not any(found.id == block for found in report.blocks()):
        raise Refusal(f"{path} has no block `{block}`")
    return Answer(report.to_json(), console.explain(report, block))


@click.command()
@PATHS
@JSON
def status(paths: tuple[Path, ...]) -> Answer:
    """Show a table: note, quotes, components, tests, devices, last run."""
    from .status import as_table, note_states

    with looking_at(paths) as (session, scope):
        states = note_states(session, session.scope(scope))
        conditions = session.conditions()
        data = {
            "vault": str(session.vault.root),
            "notes": [state.to_json() for state in states],
            "conditions": conditions.to_json(),
        }
        return Answer(data, [*as_table(states), "", *conditions.lines()])
