"""The commands that execute and write nothing: ``check``, ``explain`` and ``status``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .answer import Answer, Refusal
from .door import reported
from .opening import looking_at
from .parameters import DEVICE, JSON, PATHS
from .records import replace
from .wish import Wish

if TYPE_CHECKING:
    from .report import Report


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
    if block:
        report = _of_block(report, scope[0], block)
    return Answer(report.to_json(), console.explain(report))


def _of_block(report: Report, path: str, id: str) -> Report:
    """What of a report is about the blocks of that id. Raises ``Refusal`` if there is none."""
    notes = [
        replace(note, blocks=tuple(block for block in note.blocks if block.id == id))
        for note in report.notes
    ]
    if not any(note.blocks for note in notes):
        known = ", ".join(dict.fromkeys(f"`{block.id}`" for block in report.blocks()))
        hint = f"name one of {known}" if known else "it has no tagged blocks"
        raise Refusal(f"{path or report.vault} has no block `{id}`: {hint}")
    return replace(report, notes=tuple(note for note in notes if note.blocks))


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
