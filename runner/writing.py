"""Results into a vault's notes: rendered onto the text that is there when writing.

A result lands only under the block it belongs to: same id, role, options and code as when it was
planned. Figures are written before the note that embeds them.
"""

from __future__ import annotations

import posixpath
import urllib.parse
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from .atomic import WriteError
from .cache import Results
from .digest import canonical, normalise
from .gradual import step
from .journal import Journal
from .links import Resolver
from .note import Block, Note, Problem, Severity
from .parse import parse
from .patterns import regex
from .records import dataclass, replace
from .render import Rendered, Shown, Surroundings, maker, matrix, properties, render
from .result import Place, Result, Status, Text
from .store import Ownership, refusals, update, write_files
from .vault import Vault, is_note

_NO_WIKI = regex(r"[\[\]|#^\\<>\x00-\x1f\x7f]|%%")  # ends a wikilink, or means a part of it


_SHORT = 500  # characters of printed text that need no file of their own


@dataclass(frozen=True, slots=True)
class _Refused:
    """A file ``name`` of a note that cannot be written or removed: the fault and its remedy."""

    name: str
    what: str
    hint: str

    def told(self, note: Note) -> Problem:
        """The problem, at the block whose file it is."""
        block = maker(note, self.name)
        return Problem(block.line if block else 1, Severity.ERROR, self.what, self.hint)


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
            problem = Problem(1, Severity.ERROR, f"the note {error.what}", error.hint)
            return Written(False, (problem,))
        return Written(changed, tuple(problems), more)

    def faults(self, note: Note, shown: Mapping[str, Shown]) -> tuple[Problem, ...]:
        """What would keep the files of these results from being written; nothing is touched."""
        larger = {id: what for id, what in shown.items() if not _is_short(what.result)}
        if not larger or not note.writable:
            return ()
        refused: list[_Refused] = []
        try:
            folder = self._vault.attachments(note.path)
        except ValueError as error:
            self._without_files(note, larger, str(error), refused)
        else:
            rendered = render(note, larger, self.surroundings(note, folder, ()))
            where = self._vault.root / folder
            owned = self._ownership(note, rendered)
            errors = refusals(where, rendered.files, owned, self._vault.root)
            refused.extend(_refused(folder, error) for error in errors)
        return tuple(one.told(note) for one in refused)

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
        refused: list[_Refused] = []
        note = parse(planned.path, now)
        same = {id: what for id, what in shown.items() if _is_same(planned, note, id)}
        text = self._with_regions(note, same, refused)
        if table is not None and note.matrices and note.writable:
            text = matrix(parse(note.path, text), table)
        if values:
            text = properties(parse(note.path, text), values)
        problems.extend(one.told(parse(note.path, text)) for one in refused)
        return text

    def _with_regions(self, note: Note, shown: Mapping[str, Shown], refused: list[_Refused]) -> str:
        try:
            folder = self._vault.attachments(note.path)
        except ValueError as error:
            return self._without_files(note, shown, str(error), refused)
        rendered = render(note, shown, self.surroundings(note, folder, ()))
        if not note.writable:
            return rendered.text
        errors = self._write_files(note, rendered, folder)
        missing = {error.path.name for error in errors}
        refused.extend(_refused(folder, error) for error in errors)
        gone = set(self._remove_left_behind(note, rendered, folder, missing, refused))
        if missing or gone:
            rendered = render(note, shown, self.surroundings(note, folder, missing, gone))
        return rendered.text

    # --- figures

    def _without_files(
        self, note: Note, shown: Mapping[str, Shown], fault: str, refused: list[_Refused]
    ) -> str:
        """Where the attachment folder cannot be used: an error only if something needs it."""
        wanted: list[str] = []

        def refuse(name: str) -> str:
            wanted.append(name)
            return ""

        rendered = render(note, shown, Surroundings(refuse, refuse, self._locate))
        if wanted:
            hint = "choose a folder of the vault in Obsidian's settings under Files and links"
            refused.append(_Refused(wanted[0], fault, hint))
        return rendered.text

    def _write_files(self, note: Note, rendered: Rendered, folder: str) -> tuple[WriteError, ...]:
        if not rendered.files and not rendered.linked:
            return ()
        self._results.remember_files(rendered.files.values())
        owned = self._ownership(note, rendered)
        return write_files(self._vault.root / folder, rendered.files, owned, self._vault.root)

    def _ownership(self, note: Note, rendered: Rendered) -> Ownership:
        return Ownership(
            rendered.linked,
            self._results.known_file,
            lambda name: self._is_embedded(name, note.path),
        )

    def _remove_left_behind(
        self,
        note: Note,
        rendered: Rendered,
        folder: str,
        missing: Collection[str],
        refused: list[_Refused],
    ) -> Iterator[str]:
        """Remove what the old regions show of ours in another folder than the attachments' now.

        There the link alone does not make a file ours: whoever moved a figure may have moved
        another one of that name to the place. Those whose new file is ``missing`` stay.
        """
        owned = self._ownership(note, rendered)
        for target in sorted(rendered.targets):
            name = posixpath.basename(target)
            path = Resolver(self._vault.named(name)).resolve(target, note.path)
            if path is None or posixpath.dirname(path) == folder or name in missing:
                continue
            file = self._vault.root / path
            if not owned.known(file.read_bytes()) or owned.elsewhere(name):
                continue
            old = replace(owned, linked=frozenset((file.name,)))
            errors = write_files(file.parent, {}, old, self._vault.root)
            refused.extend(_refused(posixpath.dirname(path), error) for error in errors)
            if not errors:
                yield path

    def _is_embedded(self, name: str, but: str) -> bool:
        """Whether a note other than ``but`` names the file."""
        needle = name.encode()
        return any(
            needle in (self._vault.root / path).read_bytes()
            for path, _ in self._vault.files()
            if is_note(path) and path != but
        )

    def surroundings(
        self, note: Note, folder: str, missing: Collection[str], gone: Collection[str] = ()
    ) -> Surroundings:
        """What the vault decides about a note whose attachments are in ``folder``.

        Names that are ``missing`` there are not shown; paths that are ``gone`` take no name.
        """

        def link(name: str) -> str:
            return "" if name in missing else self._link(note.path, folder, name, gone)

        return Surroundings(
            embed=lambda name: f"!{text}" if (text := link(name)) else "",
            link=link,
            locate=self._locate,
        )

    def _link(self, path: str, folder: str, name: str, gone: Collection[str]) -> str:
        target = posixpath.join(folder, name)
        others = [o for o in self._vault.named(name) if o != target and o not in gone]
        short = not others or Resolver([*others, target]).resolve(name, path) == target
        wiki = name if short else target
        if self._vault.app_settings().get("useMarkdownLinks") is True or _NO_WIKI.search(wiki):
            relative = posixpath.relpath(target, posixpath.dirname(path) or ".")
            return f"[]({urllib.parse.quote(relative)})"
        return f"[[{wiki}]]"


def _decoded(path: str, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        what = f"is not UTF-8 any more (byte {error.start}) and was left alone"
        raise WriteError(Path(path), what, "save it as UTF-8") from None


def _refused(folder: str, error: WriteError) -> _Refused:
    name = error.path.name
    return _Refused(name, f"{posixpath.join(folder, name)} {error.what}", error.hint)


def _is_short(result: Result) -> bool:
    """Whether the region surely holds all of a result, with no file beside it."""
    printed = (o.text if isinstance(o, Text) else " " * _SHORT for o in result.outputs)
    return result.status is Status.OK and sum(map(len, printed)) < _SHORT


def _is_same(planned: Note, now: Note, id: str) -> bool:
    """Whether the block is still the one that was run."""
    before, after = planned.block(id), now.block(id)
    if before is after:  # as they are where the note is
        return before is not None
    return before is not None and after is not None and _identity(before) == _identity(after)


def _identity(block: Block) -> tuple[object, ...]:
    return (block.role, canonical(block.options), normalise(block.source), block.fault)
