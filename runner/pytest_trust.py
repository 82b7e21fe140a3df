"""Which vaults a pytest run may execute, decided before pytest loads anything from them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from pathlib import Path

import pytest

from .admission import is_trusted
from .settings import CONFIG
from .vault import Vault, find_root

OPTION = "--trust-vault"


def trusts(config: pytest.Config, root: Path) -> bool:
    """Whether the user trusts the vault: for this run, by the trust store, or by a configuration
    file outside the vault."""
    return asked_for(config) or _trusted_by_ini(config, root) or is_trusted(root)


def asked_for(config: pytest.Config) -> bool:
    """Whether ``--trust-vault`` is the user's word: of the command line or PYTEST_ADDOPTS. The
    vault's own configuration file may have given it, too.

    A worker of pytest-xdist has no command line; its main process tells it.
    """
    given = config.invocation_params.args
    if not given and "PYTEST_XDIST_WORKER" in os.environ:
        return bool(config.known_args_namespace.trust_vault)
    return OPTION in given or OPTION in shlex.split(os.environ.get("PYTEST_ADDOPTS", ""))


def _trusted_by_ini(config: pytest.Config, root: Path) -> bool:
    """A configuration file may name vaults below its own folder, if it is not in one of them."""
    ini = config.inipath
    if ini is None or ini.resolve().is_relative_to(root.resolve()):
        return False
    if OPTION in config.getini("addopts"):
        return True
    folder = ini.resolve().parent
    named = {(folder / entry).resolve() for entry in config.getini("runner_trust")}
    return root.resolve() in named and root.resolve().is_relative_to(folder)


def why_refused(root: Path) -> str:
    return (
        f"the vault {root} is not trusted: look at it, then add --trust-vault "
        f"or run `python -m runner trust {root}`"
    )


def is_refused(config: pytest.Config, folder: Path) -> bool:
    """Whether ``folder`` is a vault, marked as one, that may not execute and has what would."""
    marked = (folder / ".obsidian").is_dir() or (folder / CONFIG).is_file()
    return marked and not trusts(config, folder) and _has_blocks(folder)


def refused_below(config: pytest.Config, arguments: Iterable[str]) -> bool:
    """Whether one of the paths that pytest was given lies in such a vault."""
    places = {Path(argument.partition("::")[0]) for argument in arguments} | {Path.cwd()}
    roots = {find_root(place) for place in places if place.exists()}
    return any(is_refused(config, root) for root in roots)


def _has_blocks(root: Path) -> bool:
    return any(note.blocks for note in Vault(root).notes().values())
