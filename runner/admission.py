"""A vault held against what the user trusted: may it execute, and what changed since."""

from __future__ import annotations

from pathlib import Path

from . import trust
from .errors import UserError
from .settings import CONFIG, SettingsError, read_settings
from .vault import Vault

# What Python imports: source, compiled files without source, libraries.
_IMPORTED = (".py", ".pyc", ".pyd", ".so")


def fingerprints(root: Path) -> dict[str, str]:
    """All of the vault that executes, as it is now; what ``trust.grant`` pins."""
    vault = Vault(root)
    return trust.fingerprints(vault.notes().values(), _programs(vault))


def _programs(vault: Vault) -> dict[str, bytes]:
    """What else of the vault may execute: what notes import, its settings, what these start.

    An interpreter's own packages are not looked through, also where the vault brings them.
    """
    names = [path for path, _ in vault.files() if path.endswith(_IMPORTED)]
    names += [CONFIG, *_started(vault.root)]
    files = {name: vault.root / name for name in names}
    return {name: file.read_bytes() for name, file in files.items() if file.is_file()}


def _started(root: Path) -> list[str]:
    """The files of the vault that its settings name as programs."""
    try:
        settings = read_settings(root)
    except SettingsError:
        return []  # whoever uses them says what is wrong
    words = [settings.python, *settings.launcher]
    return [word for word in words if word and (root / word).is_file()]


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
