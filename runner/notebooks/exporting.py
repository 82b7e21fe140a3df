"""Notes of a vault as notebooks, with what the vault knows: links, pictures, stored results."""

from __future__ import annotations

import base64
import inspect
import os
import posixpath
import re
import sys
import urllib.parse
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from ..atomic import WriteError
from ..cache import Key, Results
from ..graph import Graph, build
from ..keeping import placed
from ..links import Resolver
from ..note import Block, Link, Note, Region
from ..notebook import Notebook, Output
from ..records import dataclass
from ..result import Place
from ..store import inside
from ..vault import Vault, VaultError
from . import kernel
from .front_cells import Start
from .outputs import of_region, of_result
from .pieces import prefix_free
from .region_text import Whole
from .region_text import read as read_region
from .showable import IMAGES, Elsewhere, edits, is_image
from .to_notebook import Content, Picture, to_notebook

_LARGEST_PICTURE = 20 * 2**20  # bytes of a picture in a note's text
_ARXIV = re.compile(r"[\w./-]+")


@dataclass(frozen=True, slots=True)
class Export:
    """A note's notebook, the file it goes to, and what a reader should know of it."""

    note: str
    path: Path
    notebook: Notebook
    remarks: tuple[str, ...] = ()


class Exporter:
    """Makes notebooks of a vault's notes. ``folder`` is where they go, None for beside the notes.

    ``notes`` are those that are exported together: links between them lead to their notebooks.
    """

    def __init__(
        self, vault: Vault, notes: Sequence[str], folder: Path | None, standalone: bool
    ) -> None:
        self.notes = tuple(notes)
        self._vault = vault
        self._standalone = standalone
        self._paths = {note: self._path(note, folder) for note in notes}
        self._files = [path for path, _ in vault.files()]
        self._resolver = Resolver(self._files)
        same = [str(path).lower() for path in self._paths.values()]
        for note, path in self._paths.items():
            if same.count(str(path).lower()) > 1:
                raise VaultError(f"{note} and another note would both become {path}: export one")

    def _path(self, note: str, folder: Path | None) -> Path:
        name = f"{posixpath.basename(note)[:-3]}.ipynb"
        return (folder or (self._vault.root / note).parent) / name

    @cached_property
    def _graph(self) -> Graph:
        return build(self._vault.notes().values())

    def export(self, path: str, store: Results) -> Export:
        """Raises ``VaultError`` where the note cannot be read."""
        note = self._vault.note(path) or self._vault.untagged(path)
        if note is None or (not note.writable and not note.text):
            why = (
                note.problems[0].what if note else "cannot be read, as it is too long or not UTF-8"
            )
            raise VaultError(f"{path} cannot be exported: {why}")
        one = _OneExport(self._vault, note, self._graph, self._resolver, self._paths, store)
        changes = edits(note, one.elsewhere(self._standalone))
        root = real(self._vault.root)
        target = self._paths[path]
        start = Start(
            inspect.getsource(kernel.NoteMagics) if self._standalone else "",
            _way(real(target.parent), root),
            frozenset(sys.stdlib_module_names),
        )
        notebook = to_notebook(note, self._graph, changes, one.content, start)
        return Export(path, target, notebook, tuple(self._remarks(note, target)))

    def _remarks(self, note: Note, target: Path) -> list[str]:
        away = real(target.parent) != real((self._vault.root / note.path).parent)
        data = sorted({name for block in note.blocks for name in block.options.data})
        if not (away and data):
            return []
        return [f"its blocks read {', '.join(data)}: put these beside the notebook"]


class _OneExport:
    """What the vault knows of one note."""

    def __init__(
        self,
        vault: Vault,
        note: Note,
        graph: Graph,
        resolver: Resolver,
        notebooks: Mapping[str, Path],
        store: Results,
    ) -> None:
        self._vault = vault
        self._note = note
        self._graph = graph
        self._resolver = resolver
        self._notebooks = notebooks
        self._store = store
        self._names: dict[str, str] = {}
        self.content = Content(self._outputs, self._picture, self._shown)

    def elsewhere(self, standalone: bool) -> Elsewhere:
        return Elsewhere(lambda link: self._url(link, standalone), self._attach)

    # --- links

    def _url(self, link: Link, standalone: bool) -> str:
        if not link.target:
            return _anchor(link.subpath)
        found = self._resolver.resolve(link.target, self._note.path)
        web = self._web_page(link)
        if web and (standalone or found is None):
            return web
        here = self._notebooks[self._note.path].parent
        if found in self._notebooks:
            assert found is not None
            return _relative(self._notebooks[found], here) + _anchor(link.subpath)
        if found is None or not real(here).is_relative_to(real(self._vault.root)):
            return ""
        page = f"#page={link.page}" if link.page else ""
        return _relative(self._vault.root / found, here) + page

    def _web_page(self, link: Link) -> str:
        """Where arXiv has the paper that the note reads."""
        arxiv, pdf = self._note.properties.get("arxiv"), self._note.properties.get("pdf")
        is_paper = isinstance(pdf, str) and _base(pdf) == _base(link.target)
        if not (is_paper and isinstance(arxiv, str) and _ARXIV.fullmatch(arxiv)):
            return ""
        return f"https://arxiv.org/pdf/{arxiv}" + (f"#page={link.page}" if link.page else "")

    # --- pictures

    def _attach(self, link: Link) -> str | None:
        found = self._resolver.resolve(link.target, self._note.path)
        if found is None or not is_image(found) or self._read(found) is None:
            return None
        if found not in self._names:
            name = posixpath.basename(found).removeprefix(f"{self._note.name}-")
            name = re.sub(r"[^A-Za-z0-9._-]+", "_", name)
            while name in self._names.values():
                name = f"_{name}"
            self._names[found] = name
        return self._names[found]

    def _picture(self, link: Link) -> Picture:
        found = self._resolver.resolve(link.target, self._note.path)
        assert found is not None, "the link was attached"
        data = base64.b64encode(self._read(found) or b"").decode("ascii")
        mime = IMAGES[found.rpartition(".")[2].lower()]
        return Picture(self._names[found], mime, data, posixpath.basename(found))

    def _read(self, path: str) -> bytes | None:
        """A file of the vault, None where it is too large, gone, or a link that leads out."""
        try:
            file = inside(self._vault.root / path, self._vault.root)
            return file.read_bytes() if file.stat().st_size <= _LARGEST_PICTURE else None
        except (WriteError, OSError):
            return None

    # --- results

    def _outputs(self, block: Block, region: Region) -> tuple[Sequence[Output], Mapping[str, str]]:
        lines = prefix_free(region.span.of(self._note.text), block.prefix)[1:-1]
        pieces = read_region(lines)
        texts = {
            piece.name: text.decode("utf-8", "replace")
            for piece in pieces
            if isinstance(piece, Whole) and (text := self._shown(piece.name)) is not None
        }
        node = self._graph.nodes.get((self._note.path, block.id))
        stored = self._store.get(Key(self._note.path, block.id, region.device))
        if (
            stored is None
            or node is None
            or not (stored.digest == node.digest == region.digest)
            or stored.result.status != region.status
        ):
            return of_region(pieces, region.status, self._shown), texts
        return of_result(block, placed(self._graph, stored.result), self._locate), texts

    def _shown(self, name: str) -> bytes | None:
        found = self._resolver.resolve(name, self._note.path)
        return self._read(found) if found else None

    def _locate(self, place: Place) -> str:
        for path, note in self._graph.notes.items():
            if note.module == place.module and (block := note.block(place.block)):
                return f"{posixpath.basename(path)}:{block.code_line + place.line - 1}"
        return place.module


def real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _base(path: str) -> str:
    return path.rpartition("/")[2].casefold()


def _relative(target: Path, folder: Path) -> str:
    there = real(target.parent) / target.name  # a link in the vault is what is linked to
    return urllib.parse.quote(_way(real(folder), there))


def _way(folder: Path, target: Path) -> str:
    """From one place to another; on Windows no relative one leads to another drive."""
    try:
        return Path(os.path.relpath(target, folder)).as_posix()
    except ValueError:
        return target.as_posix()


def _anchor(subpath: str) -> str:
    """The place that Jupyter gives a heading, or our anchor for a block id."""
    if subpath.startswith("^"):
        return f"#{subpath[1:]}"
    heading = subpath.rpartition("#")[2].strip()
    return "#" + urllib.parse.quote(heading.replace(" ", "-")) if heading else ""
