"""The commands for notebooks: ``export`` and ``import``. Neither executes anything."""

from __future__ import annotations

from pathlib import Path

import click

from .answer import Answer, Refusal
from .note import Problem
from .opening import open_vault
from .parameters import JSON
from .vault import Vault, find_root, is_note


@click.command()
@click.argument(
    "notes", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="NOTE..."
)
@click.option("--to", "kind", required=True, type=click.Choice(["ipynb"]), help="The format.")
@click.option("--standalone", is_flag=True, help="Needs no vault: imported blocks come along.")
@click.option(
    "-o",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the notebooks go; else beside their notes.",
)
@JSON
def export(notes: tuple[Path, ...], kind: str, standalone: bool, folder: Path | None) -> Answer:  # noqa: ARG001  one format so far
    """Make notebooks of notes, with the results that stand in them."""
    from .cache import Results
    from .notebooks.exporting import Exporter
    from .notebooks.files import as_bytes, write_export

    vault, paths = open_vault(notes)
    exporter = Exporter(vault, _named(vault, paths), folder, standalone)
    with Results(vault.root) as store:
        made = [exporter.export(path, store) for path in exporter.notes]
    every = [(one, as_bytes(one.notebook)) for one in made]
    exported, lines = [], []
    for one, data in every:
        changed = write_export(one.path, data, one.note, vault.root)
        cells = len(one.notebook.cells)
        exported.append(
            {
                "note": one.note,
                "notebook": str(one.path),
                "changed": changed,
                "cells": cells,
                "remarks": list(one.remarks),
            }
        )
        was = "" if changed else ", as it was"
        lines += [f"{one.note} → {one.path}: {_counted(cells, 'cell')}{was}"]
        lines += [f"  {click.style('note', fg='yellow')} {remark}" for remark in one.remarks]
    return Answer({"vault": str(vault.root), "notebooks": exported}, lines)


def _named(vault: Vault, paths: list[str]) -> list[str]:
    """The notes at and below root-relative ``paths``. Raises ``Refusal`` for what is none."""
    found = [path for path, _ in vault.files() if is_note(path)]
    named: list[str] = []
    for path in paths:
        below = [note for note in found if not path or note == path or note.startswith(f"{path}/")]
        if not below:
            raise Refusal(f"{path} is no note of the vault, and holds none: name a note")
        named += [note for note in below if note not in named]
    return named


@click.command(name="import")
@click.argument("notebooks", nargs=-1, type=click.Path(path_type=Path), metavar="NOTEBOOK...")
@click.argument("folder", type=click.Path(path_type=Path), metavar="VAULT")
@click.option(
    "--tag",
    type=click.Choice(["run", "none"]),
    default="run",
    help="Whether code cells become blocks that run (the default), or plain fences.",
)
@JSON
def import_(notebooks: tuple[Path, ...], folder: Path, tag: str) -> Answer:
    """Make notes of notebooks, in VAULT or a folder of it. No note is written over."""
    from .cache import Results
    from .notebooks.importing import Importer

    if not notebooks:
        raise Refusal("name the notebooks and then the vault: import NOTEBOOK... VAULT")
    root = find_root(folder)
    if not folder.is_dir():
        raise Refusal(f"{folder} is no folder: name a vault, or a folder of it, as the last path")
    vault = Vault(root)
    with Results(root) as results:
        importer = Importer(vault, vault.relative(folder), results)
        made = [importer.prepare(file, runs=tag == "run") for file in notebooks]
        for new in made:
            importer.write(new)
    notes, lines = [], []
    for new in made:
        notes.append(
            {
                "notebook": str(new.notebook),
                "note": new.path,
                "blocks": new.blocks,
                "files": sorted(new.files),
                "problems": [_problem(problem) for problem in new.remarks],
            }
        )
        files = f", {_counted(len(new.files), 'file')}" if new.files else ""
        lines += [f"{new.notebook} → {new.path}: {_counted(new.blocks, 'block')}{files}"]
        lines += [_line(new.path, problem) for problem in new.remarks]
    return Answer({"vault": str(root), "notes": notes}, lines)


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _problem(problem: Problem) -> dict[str, object]:
    return {
        "line": problem.line,
        "severity": problem.severity.value,
        "what": problem.what,
        "hint": problem.hint,
    }


def _line(path: str, problem: Problem) -> str:
    severity = click.style(problem.severity.value, fg="yellow")
    return f"  {severity} {path}:{problem.line}: {problem.what} — {problem.hint}"
