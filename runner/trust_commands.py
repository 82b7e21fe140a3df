"""The commands that look after a vault: ``trust`` and ``undo``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from . import admission
from . import trust as trust_store
from .answer import FAILED, Answer, Refusal
from .opening import JSON, answers_in_json
from .vault import Vault, find_root


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
@JSON
def undo(note: Path) -> Answer:
    """Bring back what NOTE held before our last writes, after showing the difference."""
    from .undo import bring_back, difference

    root = find_root(note)
    lines = difference(note, root)
    if not answers_in_json() and sys.stdin.isatty():
        shown, lines = "\n".join(lines), []
        if not click.confirm(f"{shown}\nBring this back?", default=True):
            raise Refusal(f"{note} was left as it is", FAILED)
    changed = bring_back(note, root)
    data = {"note": Vault(root).relative(note), "changed": changed}
    return Answer(data, [*lines, f"{note} is as it was before the last writes"])
