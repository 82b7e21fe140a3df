"""A vault's notes as importable modules of this process, for plain programs and for pytest."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from .devices import available, choose
from .execution import note_code
from .graph import Graph, build
from .job import NoteCode
from .modules import NoteFinder
from .vault import Vault, find_root


class Library:
    """Looks notes up by module name. The vault is read when the first note is imported."""

    def __init__(self, vault: Vault, device: str = "auto") -> None:
        self.vault = vault
        wanted = vault.settings.device if device == "auto" and vault.settings.device else device
        self.devices = available()
        self.device = choose(wanted, self.devices)[0]

    @cached_property
    def graph(self) -> Graph:
        return build(self.vault.notes().values())

    @cached_property
    def _paths(self) -> dict[str, str]:
        return {note.module: path for path, note in self.graph.notes.items()}

    def code(self, module: str) -> NoteCode | None:
        """The code of the note ``module`` (``vault.<name>``); None where there is none."""
        path = self._paths.get(module)
        return None if path is None else note_code(self.graph, path, self.vault.root)


def install(path: str | Path, device: str = "auto") -> None:
    """Make ``from vault.<note> import …`` work for the notes of the vault at ``path``.

    Calling it is the caller's act of trust, for this vault and this process only. ``device`` is
    ``auto``, ``cpu``, ``cuda[:n]`` or ``mps``. Raises ``VaultError`` and ``DeviceError``.
    """
    library = Library(Vault(find_root(Path(path)), trusted=True), device)
    NoteFinder(library.code, library.device).install()
