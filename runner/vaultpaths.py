"""Which file, heading or block a link means, and where attachments go, as Obsidian has it."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import unquote

from .note import Note
from .patterns import regex

_DRIVE = regex(r"[A-Za-z]:")
# What a folder cannot be called on one system or another; a vault is carried from one to the next.
_NO_FOLDER = regex(
    r"[\x01-\x1f\x7f:*?\"<>|]"
    r"|(?:^|/)(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.[^/]*)?(?:/|$)"
    r"|[^./][. ]+(?:/|$)|(?:^|/) +(?:/|$)",
    re.I,
)
_HEADING_NOISE = regex(r"[:#|^\\\r\n]|%%|\[\[|\]\]")


def _key(path: str) -> str:
    """What two spellings of one path share: case, Unicode form and kind of space do not count."""
    return unicodedata.normalize("NFC", path.replace("\u00a0", " ")).casefold()


class Resolver:
    """Link targets -> files, in Obsidian's order; built once for all files of a vault."""

    def __init__(self, paths: Iterable[str]) -> None:
        """``paths`` are relative to the vault's root, with ``/``."""
        self._by_path: dict[str, list[str]] = {}
        self._by_name: dict[str, list[str]] = {}
        # Shortest first (characters, not folders); equal ones in a fixed order.
        for path in sorted(set(paths), key=lambda path: (len(path), path)):
            key = _key(path)
            self._by_path.setdefault(key, []).append(path)
            self._by_name.setdefault(key.rpartition("/")[2], []).append(path)

    def resolve(self, target: str, source: str) -> str | None:
        """The file that a link to ``target`` in the note ``source`` opens, if there is one.

        First the exact path from the root, then a file of that name in the source's own folder,
        then the one with the shortest path; a Markdown file may be named without ``.md``.
        """
        if not target:
            return source
        folder = posixpath.dirname(source)
        if target.startswith(("./", "../")):
            return self._exact(posixpath.normpath(posixpath.join(folder, target)))
        target = target.lstrip("/")
        return self._exact(target) or self._suffix(target, folder)

    def _exact(self, path: str) -> str | None:
        return self._lookup(path) or self._lookup(f"{path}.md")

    def _lookup(self, path: str) -> str | None:
        spellings = self._by_path.get(_key(path))
        if not spellings:
            return None
        return path if path in spellings else spellings[0]

    def _suffix(self, target: str, folder: str) -> str | None:
        beside = self._exact(posixpath.join(folder, target))
        if beside:
            return beside
        for ending in (f"/{_key(target)}", f"/{_key(target)}.md"):
            same_name = self._by_name.get(ending.rpartition("/")[2], ())
            found = next((path for path in same_name if _key(path).endswith(ending)), None)
            if found:
                return found
        return None


def attachment_folder(setting: str, note_path: str) -> str:
    """The folder of a note's attachments, relative to the root, ``""`` for the root itself.

    ``setting`` is ``attachmentFolderPath`` of ``.obsidian/app.json``. Raises ``ValueError`` where
    it leads outside the vault or into a folder that Obsidian does not show.
    """
    if setting in ("", "/"):
        return ""
    parts = [part for part in setting.split("/") if part]
    if parts[0] == ".":
        parts = [*(part for part in posixpath.dirname(note_path).split("/") if part), *parts[1:]]
    if setting.startswith("/") or "\\" in setting or "\0" in setting or _DRIVE.match(setting):
        raise ValueError(_refusal(setting, "is no path inside the vault"))
    if _NO_FOLDER.search(setting):
        raise ValueError(_refusal(setting, "is no path that a folder can have on every system"))
    if ".." in parts:
        raise ValueError(_refusal(setting, "leads outside the vault"))
    if any(part.startswith(".") for part in parts):
        raise ValueError(_refusal(setting, "is a dot-folder, which Obsidian does not show"))
    return "/".join(parts)


def _refusal(setting: str, fault: str) -> str:
    return f"the attachment folder `{setting}` of .obsidian/app.json {fault}"


def has_subpath(note: Note, subpath: str) -> bool:
    """Whether ``note`` has the heading (``H1#H2``) or the block (``^id``) that a link names."""
    if subpath.startswith("^"):
        pattern = re.compile(rf"(?:^|\s)\^{re.escape(subpath[1:])}[ \t]*\r?$", re.M | re.I)
        return any(not _in_code(note, m.end() - 1) for m in pattern.finditer(note.text))
    return _has_headings(note, subpath) or _has_headings(note, unquote(subpath))


def _has_headings(note: Note, subpath: str) -> bool:
    wanted = [_plain_heading(part) for part in subpath.split("#") if part.strip()]
    level = 0
    for heading in note.headings:
        if wanted and heading.level > level and _plain_heading(heading.text) == wanted[0]:
            level = heading.level
            wanted.pop(0)
    return not wanted


def _plain_heading(text: str) -> str:
    return " ".join(_HEADING_NOISE.sub(" ", text).split()).casefold()


def _in_code(note: Note, offset: int) -> bool:
    return any(span.start <= offset < span.end for span in note.code)
