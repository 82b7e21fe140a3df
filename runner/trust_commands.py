"""The commands that look after a vault: ``trust`` and ``undo``."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import admission
from . import trust as trust_store
from .answer import FAILED, Answer, Refusal, spelled
from .opening import answers_in_json
from .parameters import JSON
from .vault import Vault, find_root

if TYPE_CHECKING:
    from .undo import Undoing


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--pin", is_flag=True, help="Only while the notes stay as they are now.")
@click.option("--diff", is_flag=True, help="Show what changed since the vault was pinned.")
@click.option("--revoke", is_flag=True, help="Forget that the vault is trusted.")
@JSON
def trust(path: Path, pin: bool, diff: bool, revoke: bool) -> Answer:
    """Allow the vault at PATH to execute its code on this machine."""
    if pin + diff + revoke > 1:
        raise Refusal("choose one of --pin, --diff and --revoke")
    root = find_root(path)
    if diff:
        return _difference(root)
    if revoke:
        known = trust_store.revoke(root)
        word = f"{root} is no longer trusted" if known else f"{root} was not trusted"
        return Answer({"vault": str(root), "trusted": None, "revoked": known}, [word])
    trust_store.grant(root, admission.fingerprints(root) if pin else None)
    how = "pinned" if pin else "always"
    return Answer({"vault": str(root), "trusted": how}, [f"{root} is trusted ({how})"])


def _difference(root: Path) -> Answer:
    changes = admission.changes(root)
    kinds = {"changed": changes.changed, "added": changes.added, "gone": changes.gone}
    words = [f"{kind}: {name}" for kind, names in kinds.items() for name in names]
    data = {"vault": str(root), **{kind: list(names) for kind, names in kinds.items()}}
    return Answer(data, words or ["nothing changed since it was pinned"])


@click.command()
@click.argument("note", type=click.Path(path_type=Path))
@click.option("--list", "listing", is_flag=True, help="Show what is kept of the note.")
@click.option(
    "--version",
    "number",
    type=click.IntRange(1),
    default=1,
    metavar="N",
    help="Bring back the N-th of that list (1: the last one).",
)
@JSON
def undo(note: Path, listing: bool, number: int) -> Answer:
    """Bring back what NOTE held before our last writes, after showing the difference.

    What it holds now is kept: a second undo brings that back.
    """
    from .undo import bring_back, chosen, difference, look

    root = find_root(note if note.exists() else note.parent)
    name = Vault(root).relative(note)
    undoing = look(note, root)
    if listing:
        return _kept(name, undoing)
    old = chosen(undoing, number)
    lines = difference(undoing, old)
    if undoing.edited:
        lines.append(_edited(name, undoing))
    if not answers_in_json() and sys.stdin.isatty():
        shown, lines = "\n".join(map(spelled, lines)), []
        if not click.confirm(f"{shown}\nBring this back?", default=not undoing.edited):
            raise Refusal(f"{name} was left as it is", FAILED)
    changed = bring_back(undoing, old, root)
    data = {"note": name, "changed": changed, "edited": undoing.edited}
    done = f"{name} is as it was before the last writes"
    if undoing.edited and undoing.now is not None:
        done += ", without what was changed since: `undo` again brings that back"
    return Answer(data, [*lines, done])


def _edited(note: str, undoing: Undoing) -> str:
    if undoing.now is None:
        return f"{note} is gone; this makes it again, as it was before our last write"
    return f"{note} was changed since our last write: `undo` again brings back what it holds now"


def _kept(note: str, undoing: Undoing) -> Answer:
    rows = [
        {"version": number, "time": _moment(version.time), "bytes": len(version.data)}
        for number, version in enumerate(undoing.versions, 1)
    ]
    lines = [f"{row['version']:>3}  {row['time']}  {row['bytes']:,} bytes" for row in rows]
    return Answer({"note": note, "versions": rows}, lines)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().isoformat(" ", "seconds")
