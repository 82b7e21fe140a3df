"""A vault's notes as importable modules of this process, for plain programs and for pytest."""

from __future__ import annotations

import difflib
import multiprocessing
import sys
from collections.abc import Sequence
from functools import cached_property
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from .beside import Beside
from .devices import available, choose, choose_one
from .graph import Graph, build
from .job import NoteCode
from .modules import PACKAGE, NoteFinder
from .notecode import note_code
from .seeds import on_arrival
from .userdirs import checkpoint_folder
from .vault import Vault, find_root


class Library:
    """Looks notes up by module name. The vault is read when the first note is imported."""

    def __init__(self, vault: Vault, device: str = "auto") -> None:
        self.vault = vault
        self.devices = available()
        if device == "auto" and vault.settings.device:
            self.device = choose(vault.settings.device, self.devices)[0]
        else:
            self.device = choose_one(device, self.devices)

    @cached_property
    def graph(self) -> Graph:
        return build(self.vault.notes().values(), Beside(self.vault.root).read)

    @cached_property
    def paths(self) -> dict[str, str]:
        """The note of each module."""
        return {note.module: path for path, note in self.graph.notes.items()}

    def refresh(self) -> None:
        """Read the notes that changed since they were last read."""
        for known in ("graph", "paths"):
            self.__dict__.pop(known, None)

    def code(self, module: str) -> NoteCode | None:
        """The code of the note ``module`` (``vault.<name>``); None where there is none."""
        path = self.paths.get(module)
        return None if path is None else note_code(self.graph, path, self.vault.root)

    def lend_checkpoints(self) -> None:
        """Let the blocks that this process executes take the checkpoints that runs have kept."""
        on_arrival("runner.checkpoints", lambda _: self._open_shelf())

    def _open_shelf(self) -> None:
        from .checkpoints import Shelf, use

        use(Shelf(checkpoint_folder(), lambda: self.device))


class _Importer(NoteFinder):
    """Imports the notes of one vault into a plain program; ``importlib.reload`` reads them anew."""

    def __init__(self, library: Library) -> None:
        super().__init__(library.code, library.device)
        self._library = library

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if target is not None and fullname.startswith(f"{PACKAGE}."):
            self._library.refresh()
        spec = super().find_spec(fullname, path, target)
        if spec is None and fullname.startswith(f"{PACKAGE}."):
            # Without a name: one that is the module's is swallowed by `from vault import …`.
            raise ModuleNotFoundError(self._unknown(fullname))
        return spec

    def _unknown(self, module: str) -> str:
        paths = self._library.paths
        near = difflib.get_close_matches(module, paths, n=1)
        hint = f"did you mean {near[0]} ({paths[near[0]]})?" if near else _listed(sorted(paths))
        return f"no note of {self._library.vault.root} is the module {module}: {hint}"


def _listed(modules: Sequence[str]) -> str:
    shown = ", ".join(modules[:10]) + (", …" if len(modules) > 10 else "")
    return f"it has {shown}" if modules else "it has no tagged blocks"


class _ForChildren:
    """Lets processes that multiprocessing starts afresh import the notes too.

    They get the attributes of their ``Process`` in order, the configuration that it copies from
    its parent before what it is to do; unpickling this one installs the vault there. Tried with
    spawn and forkserver on Linux.
    """

    def __init__(self, root: str, device: str) -> None:
        self._arguments = (root, device)

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return _install_in_child, self._arguments


def _install_in_child(root: str, device: str) -> _ForChildren:
    install(root, device)
    return _ForChildren(root, device)


def install(path: str | Path, device: str = "auto") -> None:
    """Make ``from vault.<note> import …`` work for the notes of the vault at ``path``.

    Calling it is the caller's act of trust, for this vault and this process only, and those that
    multiprocessing starts from it. ``device`` is ``auto``, ``cpu``, ``cuda[:n]`` or ``mps``. There
    is one vault at a time: a second call lets go of the first one's notes. Raises ``VaultError``
    and ``DeviceError``.
    """
    library = Library(Vault(find_root(Path(path)), trusted=True), device)
    for finder in [finder for finder in sys.meta_path if isinstance(finder, _Importer)]:
        sys.meta_path.remove(finder)
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    _Importer(library).install()
    library.lend_checkpoints()
    configuration: Any = getattr(multiprocessing.current_process(), "_config", None)
    if isinstance(configuration, dict):
        configuration["runner"] = _ForChildren(str(library.vault.root), library.device)
