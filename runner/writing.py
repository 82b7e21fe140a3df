"""Results into a vault's notes: rendered onto the text that is there when writing.

A result lands only under the block it belongs to: same id, role, options and code as when it was
planned. Figures are written before the note that embeds them.
"""

from __future__ import annotations

import posixpath
import urllib.parse
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from .atomic import WriteError
from .cache import Results
from .digest import canonical, normalise
from .gradual import step
from .links import Resolver
from .note import Block, Note, Problem, Severity
from .parse import parse
from .records import dataclass
from .render import Rendered, Shown, Surroundings, matrix, properties, render
from .result import Place
from .store import Journal, Ownership, update, write_files
from .vault import Vault, is_note


@dataclass(frozen=True, slots=True)
class Written:
    """``problems`` say what could not be written; ``more``: the text is not all there yet."""

    changed: bool
    problems: tuple[Problem, ...] = ()
    more: bool = False


class Writer:
    """Writes the results of one run into the notes of one vault."""

    def __init__(
        self,
        vault: Vault,
        results: Results,
        locate: Callable[[Place], str],
        longest: int | None = None,
        knows: Callable[[str, bytes], bool] | None = None,
    ) -> None:
        self._vault = vault
        self._results = results
        self._locate = locate
        self._longest = longest
        self._knows = knows
        self._journal = Journal()
        self._last: dict[str, bytes] = {}

    def write(
        self,
        planned: Note,
        shown: Mapping[str, Shown],
        values: Mapping[str, str],
        table: str | None = None,
    ) -> Written:
        """Bring the note up to date: regions, ``runner_*`` properties, and the matrix if given."""
        problems: list[Problem] = []
        more = False

        def change(data: bytes) -> bytes:
            nonlocal more
            problems.clear()
            if self._knows is not None and not self._knows(planned.path, data):
                more = True  # somebody is writing it at this moment
                return data
            now = _decoded(planned.path, data)
            target = self._changed(planned, now, shown, values, table, problems)
            text = target
            if self._longest is not None:
                text = step(parse(planned.path, now), parse(planned.path, target), self._longest)
            more = text != target
            self._last[planned.path] = text.encode("utf-8")
            return self._last[planned.path]

        try:
            changed = update(
                self._vault.root / planned.path, change, self._vault.root, self._journal
            )
        except WriteError as error:
            return Written(False, (_problem("the note", error),))
        return Written(changed, tuple(problems), more)

    def last_bytes(self, path: str) -> bytes | None:
        """What this writer last meant the note to hold."""
        return self._last.get(path)

    def _changed(
        self,
        planned: Note,
        now: str,
        shown: Mapping[str, Shown],
        values: Mapping[str, str],
        table: str | None,
        problems: list[Problem],
    ) -> str:
        note = parse(planned.path, now)
        same = {id: what for id, what in shown.items() if _is_same(planned, note, id)}
        text = self._with_regions(note, same, problems)
        if table is not None and note.matrices and note.writable:
            text = matrix(parse(note.path, text), table)
        if values:
            text = properties(parse(note.path, text), values)
        return text

    def _with_regions(self, note: Note, shown: Mapping[str, Shown], problems: list[Problem]) -> str:
        refused: set[str] = set()
        try:
            folder = self._vault.attachments(note.path)
        except ValueError as error:
            return self._without_files(note, shown, str(error), problems)
        rendered = render(note, shown, self.surroundings(note, folder, refused))
        if not note.writable:
            return rendered.text
        errors = self._write_files(note, rendered, folder)
        if errors:
            places = (posixpath.join(folder, error.path.name) for error in errors)
            problems.extend(map(_problem, places, errors))
            refused.update(error.path.name for error in errors)
            rendered = render(note, shown, self.surroundings(note, folder, refused))
        return rendered.text

    # --- figures

    def _without_files(
        self, note: Note, shown: Mapping[str, Shown], fault: str, problems: list[Problem]
    ) -> str:
        """Where the attachment folder cannot be used: an error only if something needs it."""
        wanted: list[str] = []

        def refuse(name: str) -> str:
            wanted.append(name)
            return ""

        rendered = render(note, shown, Surroundings(refuse, refuse, self._locate))
        if wanted:
            hint = "choose a folder of the vault in Obsidian's settings under Files and links"
            problems.append(Problem(1, Severity.ERROR, fault, hint))
        return rendered.text

    def _write_files(self, note: Note, rendered: Rendered, folder: str) -> tuple[WriteError, ...]:
        if not rendered.files and not rendered.linked:
            return ()
        ownership = Ownership(
            rendered.linked,
            self._results.known_file,
            lambda name: self._is_embedded(name, note.path),
        )
        self._results.remember_files(rendered.files.values())
        return write_files(self._vault.root / folder, rendered.files, ownership, self._vault.root)

    def _is_embedded(self, name: str, but: str) -> bool:
        """Whether a note other than ``but`` names the file."""
        needle = name.encode()
        return any(
            needle in (self._vault.root / path).read_bytes()
            for path, _ in self._vault.files()
            if is_note(path) and path != but
        )

    def surroundings(self, note: Note, folder: str, refused: Collection[str]) -> Surroundings:
        """What the vault decides about a note whose attachments are in ``folder``; files that are
        ``refused`` are not shown."""

        def link(name: str) -> str:
            return "" if name in refused else self._link(note.path, folder, name)

        return Surroundings(
            embed=lambda name: f"!{text}" if (text := link(name)) else "",
            link=link,
            locate=self._locate,
        )

    def _link(self, path: str, folder: str, name: str) -> str:
        target = posixpath.join(folder, name)
        if self._vault.app_settings().get("useMarkdownLinks") is True:
            relative = posixpath.relpath(target, posixpath.dirname(path) or ".")
            return f"[]({urllib.parse.quote(relative)})"
        others = [other for other in self._vault.named(name) if other != target]
        if others and Resolver([*others, target]).resolve(name, path) != target:
            return f"[[{target}]]"
        return f"[[{name}]]"


def _decoded(path: str, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        what = f"is not UTF-8 any more (byte {error.start}) and was left alone"
        raise WriteError(Path(path), what, "save it as UTF-8") from None


def _problem(place: str, error: WriteError) -> Problem:
    return Problem(1, Severity.ERROR, f"{place} {error.what}", error.hint)


def _is_same(planned: Note, now: Note, id: str) -> bool:
    """Whether the block is still the one that was run."""
    before, after = planned.block(id), now.block(id)
    return before is not None and after is not None and _identity(before) == _identity(after)


def _identity(block: Block) -> tuple[object, ...]:
    return (block.role, canonical(block.options), normalise(block.source), block.fault)
