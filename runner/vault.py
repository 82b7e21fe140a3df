"""A vault on disk: where it begins, which files it has, what its notes hold.

Reading a vault executes nothing and needs no trust, but for ``.runner.toml``, whose ``python``
and ``launcher`` name programs: it is read only in trusted vaults.
"""

from __future__ import annotations

import fnmatch
import json
import os
import stat
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from pathlib import Path

from .attributes import regular_bytes
from .doubles import Doubles, is_conflict_copy, is_text
from .errors import UserError, system_words
from .note import Note, Problem, Severity
from .records import dataclass, replace
from .settings import CONFIG, Settings, read_settings
from .userdirs import redo_folder
from .vaultpaths import attachment_folder

LARGEST = 2 * 1024 * 1024  # bytes of a note; longer ones are data, not prose

_UTF16 = (b"\xff\xfe", b"\xfe\xff")  # byte order marks
_PRUNED = frozenset({"node_modules", "__pycache__", "site-packages"})


class VaultError(UserError):
    """The vault cannot be used as asked: a path, a folder; the message names the remedy."""


@dataclass(frozen=True, slots=True)
class FileState:
    """Size in bytes and modification time in ns: equal states are taken for equal content."""

    size: int
    mtime: int


def find_root(path: Path) -> Path:
    """The vault that ``path`` (a folder or a note) belongs to. Raises ``VaultError``."""
    absolute = Path(os.path.abspath(path))
    if not absolute.exists():
        raise VaultError(f"{path} does not exist: give a vault or notes in it")
    folder = absolute if absolute.is_dir() else absolute.parent
    for candidate in (folder, *folder.parents):
        if (candidate / ".obsidian").is_dir() or (candidate / CONFIG).is_file():
            return candidate
    return folder


class Vault:
    """The files of one vault, read on demand; a note is parsed anew when its file changed."""

    def __init__(self, root: Path, *, trusted: bool = False) -> None:
        self.root = root
        self.settings = read_settings(root) if trusted else Settings()
        self._parsed: dict[str, tuple[FileState, Note | None]] = {}
        self._citing: dict[str, tuple[FileState, Note | None]] = {}
        self._held: dict[str, FileState] | None = None
        self._paths: list[str] | None = None
        self._names: dict[str, list[str]] | None = None
        self._doubles = Doubles(root, self._is_visible)
        self._half_written: dict[str, Problem] = {}
        if redo_folder().is_dir():
            from .inplace import settle

            self._half_written = settle(root)

    @property
    def is_obsidian(self) -> bool:
        return (self.root / ".obsidian").is_dir()

    # --- files

    def files(self) -> Iterator[tuple[str, FileState]]:
        """Every visible file: root-relative ``/`` path and state."""
        if self._held is None:
            return self._scan()
        held = self._held
        return ((path, held[path]) for path in self._sorted())

    def below(self, folder: str) -> list[str]:
        """The visible files of a folder and of all in it, by root-relative paths; "": the root."""
        if self._held is None:
            every = (path for path, _ in self._scan())
            return sorted(path for path in every if not folder or path.startswith(f"{folder}/"))
        paths = self._sorted()
        if not folder:
            return paths.copy()
        # "0" is the character behind "/".
        return paths[bisect_left(paths, f"{folder}/") : bisect_left(paths, f"{folder}0")]

    def named(self, name: str) -> list[str]:
        """The visible files of that name, in whatever case, as far as they are known."""
        if self._names is None:
            self._names = {}
            for path, _ in self.files():
                self._names.setdefault(path.rpartition("/")[2].lower(), []).append(path)
        return self._names.get(name.lower(), [])

    def _sorted(self) -> list[str]:
        """The paths of a held vault; sorted anew when one came or went."""
        if self._paths is None:
            self._paths = sorted(self._held or ())
        return self._paths

    def hold(self) -> set[str]:
        """Look at every file, and answer from what was seen until the next call.

        Returns the paths that came, changed or went since the last one. Whoever holds a vault
        tells it by ``touch`` which files changed meanwhile.
        """
        before = self._held or {}
        now = self._held = dict(self._scan())
        self._paths = self._names = None
        return {path for path in before.keys() | now.keys() if before.get(path) != now.get(path)}

    def touch(self, path: str) -> bool:
        """Look at one file of a held vault anew; False if it is, and was, none of its files."""
        assert self._held is not None
        was_there = self._held.pop(path, None) is not None
        self._parsed.pop(path, None)
        self._half_written.pop(path, None)
        state = self._state(path) if self._is_visible(path) else None
        if state is not None:
            self._held[path] = state
        if was_there != (state is not None):
            self._paths = self._names = None
        return was_there or state is not None

    def shows(self, path: str) -> bool:
        """Whether a file of a held vault was there, and one of its files, when last looked at."""
        assert self._held is not None
        return path in self._held

    def has_moved_on(self, path: str) -> bool:
        """Whether a file of a held vault seems to differ from what was last looked at."""
        assert self._held is not None
        return self._state(path) != self._held.get(path)

    def _is_visible(self, path: str) -> bool:
        parts = path.split("/")
        if any(part.startswith(".") or part in _PRUNED for part in parts):
            return False
        ways = ["/".join(parts[: i + 1]) for i in range(len(parts))]
        if any(self._excluded(unicodedata.normalize("NFC", way)) for way in ways):
            return False
        folders = [self.root / way for way in ways[:-1]]
        return not any(f.is_symlink() or (f / "pyvenv.cfg").exists() for f in folders)

    def _state(self, path: str) -> FileState | None:
        file = self.root / path
        try:
            status = file.stat()
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode) or self._doubles.has(path, status, file.is_symlink()):
            return None
        return FileState(status.st_size, status.st_mtime_ns)

    def _scan(self) -> Iterator[tuple[str, FileState]]:
        pending = [(self.root, "")]
        while pending:
            folder, prefix = pending.pop()
            try:
                entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except OSError as error:
                if not prefix:
                    why = system_words(error)
                    raise VaultError(f"{folder} cannot be read ({why}): bring it back") from None
                continue  # not ours to read, as for the editor; or gone since it was listed
            for entry in entries:
                name = unicodedata.normalize("NFC", entry.name)
                if entry.name[0] == "." or not is_text(name) or self._excluded(prefix + name):
                    continue
                try:
                    is_folder, status = entry.is_dir(), entry.stat()
                except OSError:
                    continue  # gone since it was listed, or a link that leads nowhere
                if is_folder:
                    if self._enters(entry):
                        pending.append((Path(entry.path), f"{prefix}{entry.name}/"))
                elif stat.S_ISREG(status.st_mode):  # a pipe would keep its reader for ever
                    path = prefix + entry.name
                    if not self._doubles.has(path, status, entry.is_symlink()):
                        yield path, FileState(status.st_size, status.st_mtime_ns)

    def _enters(self, entry: os.DirEntry[str]) -> bool:
        """Not through links: one inside the vault shows notes twice, one outside is not ours."""
        if entry.name in _PRUNED or entry.is_symlink():
            return False
        return not os.path.exists(os.path.join(entry.path, "pyvenv.cfg"))

    def _excluded(self, path: str) -> bool:
        return any(fnmatch.fnmatch(path, pattern) for pattern in self.settings.exclude)

    def relative(self, path: Path) -> str:
        """The root-relative ``/`` path. Raises ``VaultError`` for a path outside the vault."""
        absolute = Path(os.path.abspath(path))
        if not absolute.is_relative_to(self.root):
            raise VaultError(f"{path} is not in the vault {self.root}: run the vaults one by one")
        relative = absolute.relative_to(self.root).as_posix()
        return "" if relative == "." else relative

    # --- notes

    def note(self, path: str, state: FileState | None = None) -> Note | None:
        """The parsed note; None where it holds nothing of ours. Never raises on its content."""
        file = self.root / path
        if state is None:
            try:
                status = file.stat()
            except OSError:
                return None
            state = FileState(status.st_size, status.st_mtime_ns)
        known = self._parsed.get(path)
        if known is None or known[0] != state:
            known = self._parsed[path] = (state, self._read(path, file))
        return known[1]

    def take(self, path: str, data: bytes) -> Note | None:
        """The same for a file of a held vault that was touched, and then found to hold ``data``."""
        assert self._held is not None
        note = self._of_bytes(path, data)
        if (state := self._held.get(path)) is not None:
            self._parsed[path] = (state, note)
        return note

    def _read(self, path: str, file: Path) -> Note | None:
        try:
            data = regular_bytes(file)
        except OSError as error:
            what = f"cannot be read ({system_words(error)})"
            return _unreadable(path, what, "give yourself the right to read it")
        return self._of_bytes(path, data)

    def _of_bytes(self, path: str, data: bytes) -> Note | None:
        from .parse import might_have_blocks, parse

        if data[:2] in _UTF16 and might_have_blocks(data.decode("utf-16", "replace").encode()):
            return _unreadable(path, "is UTF-16 and was left alone", "save it as UTF-8")
        if not might_have_blocks(data):
            return None
        if len(data) > LARGEST:
            what = f"is larger than {LARGEST // 1024**2} MB and was left alone"
            return _unreadable(path, what, "split the note")
        try:
            note = parse(path, data.decode("utf-8"))
        except UnicodeDecodeError as error:
            what = f"is not UTF-8 (byte {error.start}) and was left alone"
            return _unreadable(path, what, "save it as UTF-8")
        told = self._half_written.get(path)
        return replace(note, problems=(told, *note.problems)) if told else note

    def notes(self) -> dict[str, Note]:
        """Every note that holds something of ours, by path."""
        found: dict[str, Note] = {}
        for path, state in self.files():
            if is_note(path) and (note := self.note(path, state)) is not None:
                found[path] = note
        return found

    def citing(self, path: str) -> Note | None:
        """A note that names a PDF, blocks or not; remembered until its file changes."""
        state = self._held.get(path) if self._held is not None else self._state(path)
        known = self._citing.get(path)
        if known is not None and known[0] == state:
            return known[1]
        try:
            names_pdf = b".pdf" in regular_bytes(self.root / path).lower()
        except OSError:
            names_pdf = False
        note = self.untagged(path) if names_pdf else None
        if state is not None:
            self._citing[path] = (state, note)
        return note

    def untagged(self, path: str) -> Note | None:
        """A note parsed whole, blocks or not, for its links. None if it cannot be read."""
        from .parse import parse

        try:
            data = regular_bytes(self.root / path)
            return parse(path, data.decode("utf-8")) if len(data) <= LARGEST else None
        except (OSError, UnicodeDecodeError):
            return None

    # --- Obsidian's own settings

    def app_settings(self) -> Mapping[str, object]:
        """``.obsidian/app.json``; empty where there is none. Raises ``VaultError`` if broken."""
        file = self.root / ".obsidian" / "app.json"
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except OSError as error:
            fault = f".obsidian/app.json cannot be read ({system_words(error)})"
            raise VaultError(f"{fault}: give yourself the right to read it") from None
        except (ValueError, RecursionError) as error:
            raise VaultError(
                f".obsidian/app.json is no JSON ({error}): mend it, or delete it for the defaults"
            ) from None
        return data if isinstance(data, dict) else {}

    def attachments(self, path: str) -> str:
        """The root-relative folder for the attachments of a note.

        Raises ``ValueError`` where the setting leads outside the vault or into a dot-folder.
        """
        setting = self.app_settings().get("attachmentFolderPath", "/")
        return attachment_folder(setting if isinstance(setting, str) else "/", path)


def is_note(path: str) -> bool:
    """Whether a file is a note: Markdown, and no conflict copy of a sync tool."""
    name = path.rpartition("/")[2]
    return name.lower().endswith(".md") and not is_conflict_copy(name)


def _unreadable(path: str, what: str, hint: str) -> Note:
    from .parse import module_name

    problems = (Problem(1, Severity.ERROR, f"the note {what}", hint),)
    name = module_name(path.rpartition("/")[2].removesuffix(".md"))
    return Note(path, "", name, problems=problems, writable=False)
