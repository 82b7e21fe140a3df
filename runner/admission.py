"""A vault held against what the user trusted: may it execute, and what changed since."""

from __future__ import annotations

from pathlib import Path

from . import trust
from .errors import UserError
from .vault import Vault


def fingerprints(root: Path) -> dict[str, str]:
    """All of the vault that executes, as it is now; what ``trust.grant`` pins."""
    vault = Vault(root)
    return trust.fingerprints(vault.notes().values(), vault.programs())


def changes(root: Path) -> trust.Changes:
    """What changed since the vault was pinned. Raises ``UserError`` if it is not."""
    known = trust.granted(root)
    if known is None or known.pins is None:
        raise UserError(f"{root} is not pinned: pin it with `trust --pin`")
    return trust.changes(known.pins, fingerprints(root))


def is_trusted(root: Path) -> bool:
    """Whether the trust store lets the vault execute: always, or as it is pinned."""
    known = trust.granted(root)
    return known is not None and (known.pins is None or not changes(root))


def is_pinned(root: Path) -> bool:
    known = trust.granted(root)
    return known is not None and known.pins is not None
