"""Notebooks into a vault: a new note, its figures and attachments; nothing is written over."""

from __future__ import annotations

import posixpath
import re
import urllib.parse
from pathlib import Path

from ..atomic import WriteError, create
from ..cache import Results
from ..errors import UserError
from ..note import Note, Problem
from ..parse import parse
from ..records import dataclass
from ..render import render
from ..store import Ownership, inside, write_files
from ..vault import LARGEST, Vault
from ..writing import Writer
from .files import read_notebook, redraw
from .from_notebook import Imported, from_notebook
from .from_notebook import Place as Destination

_FORBIDDEN = re.compile(r'[*"\\/<>:|?#^\[\]]')  # in the names of Obsidian's notes


@dataclass(frozen=True, slots=True)
class NewNote:
    """A note that is to be made: its path, text, files beside it by name, and what to remark."""

    notebook: Path
    path: str
    text: str
    files: dict[str, bytes]
    folder: str
    blocks: int
    remarks: tuple[Problem, ...]


class Importer:
    """Makes notes of notebooks in one folder of a vault (``folder``: its path from the root)."""

    def __init__(self, vault: Vault, folder: str, results: Results) -> None:
        self._vault = vault
        self._folder = folder
        self._results = results
        self._writer = Writer(vault, results, lambda place: place.module)
        self._modules = {n.module: path for path, n in vault.notes().items() if n.blocks}
        self._taken: set[str] = set()

    def prepare(self, file: Path, *, runs: bool) -> NewNote:
        """What the notebook comes to; writes nothing. Raises ``UserError``."""
        path = self._path(file)
        notebook = read_notebook(file)
        blank = parse(path, "")
        try:
            attachments = self._vault.attachments(path)
        except ValueError as error:
            hint = "choose a folder of the vault in Obsidian's settings under Files and links"
            raise UserError(f"{file} cannot be imported: {error}: {hint}") from None
        surroundings = self._writer.surroundings(blank, attachments, ())
        here = posixpath.dirname(path)

        def attach(name: str) -> str:
            target = posixpath.join(attachments, name)
            return urllib.parse.quote(posixpath.relpath(target, here or "."))

        place = Destination(path, file.name, surroundings.embed, surroundings.link, attach, redraw)
        made = from_notebook(notebook, place, runs=runs)
        note = parse(path, made.text)
        rendered = render(note, made.results, surroundings)
        self._refuse(file, note, rendered.text)
        files = {**made.figures, **rendered.files, **self._new_attachments(made)}
        self._refuse_files(file, attachments, files)
        remarks = tuple(remark.located(rendered.text) for remark in made.remarks)
        return NewNote(file, path, rendered.text, files, attachments, len(note.blocks), remarks)

    def write(self, new: NewNote) -> None:
        """Raises ``WriteError``; then the note itself was not written."""
        root = self._vault.root
        ownership = Ownership(frozenset(), self._results.known_file, lambda _: True)
        self._results.remember_files(new.files.values())
        for error in write_files(root / new.folder, new.files, ownership, root):
            raise error
        target = inside(root / new.path, root)
        _refuse_existing(target, new.notebook)
        create(target, new.text.encode("utf-8"))

    # --- what would be written over

    def _path(self, file: Path) -> str:
        name = " ".join(_FORBIDDEN.sub(" ", file.name.removesuffix(".ipynb")).split()).strip(".")
        path = posixpath.join(self._folder, f"{name or 'Notebook'}.md")
        if path.casefold() in self._taken:
            raise UserError(f"{file} and another one would both become {path}: rename one of them")
        self._taken.add(path.casefold())
        _refuse_existing(inside(self._vault.root / path, self._vault.root), file)
        return path

    def _refuse(self, file: Path, note: Note, text: str) -> None:
        other = self._modules.get(note.module) if note.blocks else None
        if other is not None:
            what = f"would be the module `{note.module}`, which is that of {other}"
            named = "module" in note.properties
            hint = "move that note away first" if named else "rename the notebook"
            raise UserError(f"{file} {what}: {hint}")
        if note.blocks:
            self._modules[note.module] = note.path
        if len(text.encode()) > LARGEST:
            what = f"makes a note of more than {LARGEST // 2**20} MB, which would not run"
            raise UserError(f"{file} {what}: split the notebook")

    def _new_attachments(self, made: Imported) -> dict[str, bytes]:
        """Those that the vault does not hold already, wherever they are."""
        there: dict[str, list[str]] = {}
        for path, _ in self._vault.files():
            there.setdefault(posixpath.basename(path), []).append(path)
        return {
            name: data
            for name, data in made.attachments.items()
            if all((self._vault.root / p).read_bytes() != data for p in there.get(name, ()))
        }

    def _refuse_files(self, file: Path, folder: str, files: dict[str, bytes]) -> None:
        for name, data in files.items():
            target = self._vault.root / folder / name
            if not target.exists():
                continue
            old = target.read_bytes()
            if old != data and not self._results.known_file(old):
                there = posixpath.join(folder, name)
                what = f"would write over {there}, a file that we did not write"
                raise UserError(f"{file} {what}: rename the notebook, or that file")


def _refuse_existing(target: Path, file: Path) -> None:
    if target.exists() or target.is_symlink():
        hint = f"rename the notebook {file.name}, or import it into another folder"
        raise WriteError(target, "is there already", hint)
