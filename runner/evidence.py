"""What a result rests on besides the notes' text: imported distributions, local files read."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator
from threading import get_ident
from types import FrameType

from .distributions import behind, installed, normal
from .frames import is_own_code
from .lacking import Lacking
from .namedfiles import NamedFiles, State, state_of
from .portable import LIBRARIES, OUR_FOLDER
from .premises import Digests, Folders, env_digest, steering
from .result import Evidence
from .scratch import temporary_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_NOT_DATA = ("/proc/", "/dev/", "/sys/")
_UNKNOWN = "changed while it was read"  # no file has this for its digest


class Witness:
    """Collects, for one process, what its blocks have imported and read so far.

    What was imported since the job began counts for each later block, and so does a file that
    somebody else's code has read: it may lie in a cache that a later block uses. What a block reads
    by itself counts for those that depend on it. ``folder`` is the vault's; what lies in it counts
    even where it is a temporary folder, and so do its folders that were listed and files that
    were missed. ``note`` is the file whose blocks run, ``notes`` are those whose code the job
    carries: Python itself opens them to show a line, and results depend on their text by digest.
    ``ours`` is a folder of our own; ``diary`` the path of a file for what other processes read that
    it starts.
    """

    def __init__(
        self,
        folder: str,
        note: str = "",
        notes: Iterable[str] = (),
        ours: str = "",
        diary: str = "",
    ) -> None:
        self.watching = False
        self._ours = os.path.join(ours, "") if ours else "\0"
        self._folder = os.path.join(os.path.abspath(folder), "")
        self._note = note
        self._notes = frozenset(notes)
        self._read: dict[str, State] = {}  # path: its state when it was opened
        self._readers: dict[str, set[str]] = {}  # path: blocks that read it, or _ALL
        self._step = ""  # the block that runs
        self._written: dict[str, str] = {}  # path: the block that wrote it last
        self._just_written: set[str] = set()  # since the last evidence
        self._borrowed: set[str] = set()  # written by one block, read by another
        self._named = NamedFiles(self._folder)
        self._modules = 0
        self._dists: tuple[tuple[str, str], ...] = ()
        self._adopted: dict[str, str] = {}
        self._adopted_dists: set[tuple[str, str]] = set()
        self._adopted_lacking: set[str] = set()
        self._sources: set[str] = set()
        self._digests = Digests()
        self._lacking = Lacking(self._notes)
        self._diary = diary
        self._pid, self._thread = os.getpid(), get_ident()
        self._ignored = (OUR_FOLDER, *LIBRARIES, *_scratch_folders(), *_NOT_DATA)

    def install(self) -> None:
        """Hear of every file that is opened and of every module that is not found; an audit hook
        cannot be taken back."""
        sys.addaudithook(self._hear)
        sys.meta_path.append(self._lacking)

    def tell_parent(self) -> None:
        """This process was started afresh by that of a block: what it reads goes into the diary."""
        self._pid = 0
        self.watching = True
        sys.addaudithook(self._hear)

    def expect(self, step: str, source: str) -> None:
        """The block ``step`` is about to run: the files that its text names may be read or written
        by C or Rust code, or only looked for, of which nothing is heard."""
        self._step = step
        self._named.expect(source)
        for name in self._named.missing:
            self._note_read(name, step)

    def _account_for_named(self) -> None:
        for name, before, written in self._named.settle():
            if written and self._read.get(name) is None:  # else it was heard of: by somebody else
                self._written[name] = self._step
                self._just_written.add(name)
            elif not written and self._is_data(name):
                if name not in self._read:
                    self._borrow(name)
                    self._read[name] = before
                self._note_read(name, self._step)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.watching or event not in _EVENTS:
            return
        if event in _COMMANDS:
            for word in _words(args[1] if event == "subprocess.Popen" else args[0]):
                if os.path.isfile(word):
                    self._note_read(os.path.abspath(word))
            return
        path = args[0]
        if event != "open":
            self._note_listed("." if path is None else path)
            return
        _, mode, flags = args
        if not isinstance(path, str | bytes):
            return
        name = os.path.abspath(os.fsdecode(path))
        writes = bool(flags & _WRITING) if mode is None else any(c in mode for c in "wax+")
        if writes:
            self._written[name] = self._step
            self._just_written.add(name)
        else:
            self._borrow(name)
            self._note_read(name)

    def _borrow(self, name: str) -> None:
        """Remember a file that one block reads and another one wrote."""
        if self._written.get(name, self._step) != self._step:
            self._borrowed.add(name)

    def _note_listed(self, path: object) -> None:
        """Folders of the vault, unless it is Python or pytest that looks for code there."""
        if not isinstance(path, str | bytes):
            return
        name = os.path.abspath(os.fsdecode(path))
        inside = os.path.join(name, "").startswith(self._folder)
        if inside and not os.path.join(name, "").startswith(self._ours) and not _looks_for_code():
            self._read.setdefault(name, state_of(name))
            self._readers.setdefault(name, set()).add(self._reader())

    def _note_read(self, name: str, reader: str | None = None) -> None:
        if name not in self._read:
            if not self._is_data(name):
                return
            self._read[name] = state_of(name)
        reader = self._reader() if reader is None else reader
        readers = self._readers.setdefault(name, set())
        if reader in readers:
            return
        readers.add(reader)
        if self._diary and os.getpid() != self._pid:  # a child of the block's process
            with open(self._diary, "a", encoding="utf-8", errors="surrogateescape") as stream:
                stream.write(f"{name}\n")

    def _reader(self) -> str:
        """The block that runs, where its note's own code asks: what that learns, other blocks learn
        only from it. All, where a helper, a module that is being imported or a thread asks."""
        frame: FrameType | None = sys._getframe()
        asked = False
        while frame is not None:
            path = frame.f_code.co_filename
            if path == self._note:
                asked = True
            elif path in self._notes or path.startswith(_IMPORTS) or is_own_code(path):
                return _ALL
            frame = frame.f_back
        return self._step if asked and get_ident() == self._thread else _ALL

    def _account_for_children(self) -> None:
        if os.path.isfile(self._diary):
            with open(self._diary, encoding="utf-8", errors="surrogateescape") as stream:
                for line in stream:
                    self._note_read(line.rstrip("\n"), _ALL)

    def evidence(self, device: str, needs: Collection[str] | None = None) -> Evidence:
        """What the block that ran rests on; ``device`` is the step's, ``needs`` are the blocks it
        depends on, ``None`` for all.

        Not the files that the block wrote itself, or one of ``needs``: these are written again
        before it runs again.
        """
        self.watching = False
        self._look_at_modules()
        self._account_for_named()
        self._account_for_children()
        dists = tuple(sorted(self._adopted_dists | set(self._dists)))
        files = tuple(sorted((self._adopted | dict(self._files(needs))).items()))
        kind, doubt = device_kind(device), self._doubt()
        lacking = tuple(sorted(self._adopted_lacking.union(self._lacking.places())))
        written = tuple(sorted(filter(self._is_data, self._just_written)))
        self._just_written.clear()
        return Evidence(
            python_version(),
            kind,
            dists,
            files,
            lacking=lacking,
            written=written,
            doubt=doubt,
        )

    def _doubt(self) -> str:
        """The file that changed since it was opened: nobody knows what was read of it."""
        for path, before in self._read.items():
            if path not in self._written and before != state_of(path):
                return f"{os.path.basename(path)} {_UNKNOWN}"
        return ""

    def adopt(self, evidence: Evidence) -> None:
        """Count what something that is used now rested on, as if it had been read just now."""
        self._adopted |= dict(evidence.files)
        self._adopted_dists |= set(evidence.dists)
        self._adopted_lacking |= set(evidence.lacking)

    def _look_at_modules(self) -> None:
        if len(sys.modules) == self._modules:
            return
        modules = list(sys.modules.items())
        self._modules = len(modules)
        self._dists = behind({name.partition(".")[0] for name, _ in modules})
        for _, module in modules:
            path = getattr(module, "__file__", None)
            if isinstance(path, str) and is_own_code(path):
                self._sources.add(path)

    def _is_own(self, path: str, needs: Collection[str] | None) -> bool:
        writer = self._written.get(path)
        if writer is None or needs is None or path not in self._borrowed:
            return writer is not None
        return writer in needs or writer == self._step

    def _is_asked(self, path: str, needs: Collection[str] | None) -> bool:
        """Whether what was read there may have reached the block."""
        return needs is None or not self._readers[path].isdisjoint((_ALL, self._step, *needs))

    def _files(self, needs: Collection[str] | None) -> Iterator[tuple[str, str]]:
        for path in self._sources - self._read.keys():
            if digest := self._digests.of(path):
                yield path, digest
        for path, before in self._read.items():
            if self._is_own(path, needs) or not self._is_asked(path, needs):
                continue
            digest = self._digests.of(path)
            if before != state_of(path):  # asked last: it may change while it is digested
                digest = _UNKNOWN
            if digest or (before is None and path.startswith(self._folder)):
                yield path, digest

    def _is_data(self, path: str) -> bool:
        if path in self._notes or path.startswith(self._ours):
            return False
        return path.startswith(self._folder) or not path.startswith(self._ignored)


def diary_in(scratch: str) -> str:
    """The diary of the process whose temporary files lie in ``scratch``."""
    return os.path.join(scratch, "diary")


_ALL = ""  # no block is called that
_IMPORTS = "<frozen importlib"
_COMMANDS = frozenset({"subprocess.Popen", "os.system"})  # files that they name are read
_EVENTS = _COMMANDS | {"open", "os.listdir", "os.scandir"}


def _words(command: object) -> list[str]:
    """Of a command line, or its parts; paths are relative to the folder that it is given in."""
    if isinstance(command, str | bytes):
        return _QUOTES.sub(" ", os.fsdecode(command)).split()
    if not isinstance(command, list | tuple):
        return []
    return [os.fsdecode(part) for part in command if isinstance(part, str | bytes | os.PathLike)]


_QUOTES = re.compile(r"[\"'`;&|<>()]")
_LISTERS = ("os.py", "pathlib.py", "glob.py", "<frozen os>")
_SEEKERS = ("importlib", f"{os.sep}pkgutil.py", f"{os.sep}_pytest{os.sep}")


def _looks_for_code() -> bool:
    """Whether who asked for a listing, through whatever lists, looks for modules or for tests."""
    frame: FrameType | None = sys._getframe(3)
    while frame is not None and frame.f_code.co_filename.endswith(_LISTERS):
        frame = frame.f_back
    asking = "" if frame is None else frame.f_code.co_filename
    return any(seeker in asking for seeker in _SEEKERS)


def python_version() -> str:
    """Major and minor version."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def holds(evidence: Evidence, digests: Digests, device: str) -> bool:
    """Whether all that ``evidence`` names is in this process and on this machine as it was."""
    folders, found = Folders(), installed()
    versions = {name: found[name].version for name in found}
    known = dict(evidence.env)
    return (
        evidence.python == python_version()
        and evidence.device == device_kind(device)
        and all(versions.get(normal(name)) == version for name, version in evidence.dists)
        and all(digests.of(path) == digest for path, digest in evidence.files)
        and all(known.get(name) == env_digest(name) for name in (*known, *steering()))
        and not any(map(folders.have_module, evidence.lacking))
    )


def device_kind(device: str) -> str:
    """``cpu``, ``mps`` or, where torch knows it, ``cuda sm_90``."""
    kind = device.partition(":")[0]
    torch: Any = sys.modules.get("torch")
    if kind == "cuda" and torch is not None and torch.cuda.is_available():
        major, minor = torch.cuda.get_device_capability(device)
        return f"cuda sm_{major}{minor}"
    return kind


def _scratch_folders() -> Iterator[str]:
    """Temporary files and per-user caches: not what anybody calls data."""
    home = os.path.expanduser("~")
    caches = [os.path.join(home, ".cache"), os.path.join(home, "Library", "Caches")]
    caches += filter(None, map(os.environ.get, ("XDG_CACHE_HOME", "LOCALAPPDATA")))
    for folder in (temporary_folder(), *caches):
        yield os.path.join(os.path.abspath(folder), "")
        yield os.path.join(os.path.realpath(folder), "")
