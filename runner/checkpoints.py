"""``runner.checkpoint(name, make)``: the value of a long computation, kept outside the vault.

A checkpoint is kept like a result: for the text of the block it stands in and all that this block
depends on, and for what the process had imported and read when it was made. It is a JSON file
that says all this, beside the files of the value's tensors and arrays; the JSON file is put in
place last, so what it names is whole. What cannot be read back is made anew.

Taking a checkpoint leaves the process as making it would: what ``make`` printed and showed is shown
again, what it had imported and read counts for the results that follow, and the random generators
go on from a seed that depends on neither.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from .display import Stage
from .evidence import Witness, device_kind, holds
from .modules import Standing, standing
from .portable import OUR_FOLDER
from .premises import Digests, declared, joined, steering
from .records import dataclass
from .result import Evidence, Output, decode, encode
from .seeds import branch
from .storable import SUFFIXES, Parts, beside, load, take_apart
from .untouched import Surroundings

T = TypeVar("T")

LIMIT_VARIABLE = "RUNNER_CHECKPOINTS"
_LIMIT = 8.0  # GB of all checkpoints together
_VERSION = 1
_KEY = 32  # hexadecimal digits that begin the name of a checkpoint's files
_LOOK_AGAIN = 0.1  # seconds between tries for a lock
_DAY = 24 * 3600  # seconds


class CheckpointError(Exception):
    """``runner.checkpoint`` was called in a way that cannot work."""


@dataclass(slots=True)
class Shelf:
    """Where the checkpoints of this process are, and what keeping one needs.

    ``device`` tells the one in use. ``rebuild``: only those that this run has made are taken, ""
    for any. Without ``keeper`` nothing new is kept.
    """

    folder: Path
    device: Callable[[], str]
    rebuild: str = ""
    keeper: Keeper | None = None


@dataclass(frozen=True, slots=True)
class Keeper:
    """What has seen all that this process read, and what sees all that it prints and shows."""

    witness: Witness
    stage: Stage


_shelves: list[Shelf] = []


def use(shelf: Shelf) -> None:
    """From now on, in this process."""
    _shelves[:] = [shelf]


def checkpoint(name: str, make: Callable[[], T]) -> T:
    """What ``make()`` returned when this block was last run as it is now; else ``make()``, kept.

    The value may consist of tensors, arrays, numbers, texts and lists, tuples, dicts and sets of
    them, as a ``state_dict()`` does; it comes back as a copy, also the first time. ``make`` must
    do nothing but return it. ``name`` is unique in the block.

    Kept is what a run by ``runner`` makes. pytest and programs after ``runner.install`` take the
    same checkpoints, and keep none of their own; outside the blocks of a note there is no text to
    keep a value for, so ``make()`` is called each time, with a warning.

    Raises ``CheckpointError`` for a name that is used twice and ``NotStorable`` for a value that
    cannot be kept, naming its part.
    """
    if not isinstance(name, str) or not name or not callable(make):
        raise CheckpointError("call it as runner.checkpoint(name, make): a text and a function")
    place = standing()
    if place is None or not _shelves or not place.code.digest:
        _warn(name, "it stands in no block of a note")
        return make()
    if name in place.checkpoints:
        raise CheckpointError(
            f"the checkpoint `{name}` is made twice in this block: give each a name of its own"
        )
    place.checkpoints.add(name)
    value: T = _Checkpoint(name, place, _shelves[0]).value(make)
    branch(name)
    return value


def _warn(name: str, why: str) -> None:
    """A warning at the line that called us."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(OUR_FOLDER):
        level, frame = level + 1, frame.f_back
    warnings.warn(f"the checkpoint `{name}` is not kept: {why}", stacklevel=level)


# --- one checkpoint ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _About:
    """What stands in the JSON file beside the value's tree.

    ``tree`` is the sha256 of that. ``stem`` begins the names of the files of its leaves, whose
    suffixes and sizes in bytes are ``sizes``. ``rebuild``: the run with ``--force`` that made it,
    "" for any other.
    """

    version: int
    what: str
    rebuild: str
    tree: str
    stem: str
    sizes: tuple[tuple[str, int], ...]
    evidence: Evidence
    outputs: tuple[Output, ...]


class _Checkpoint:
    def __init__(self, name: str, place: Standing, shelf: Shelf) -> None:
        self._name = name
        self._code = place.code
        self._shelf = shelf
        self._device = shelf.device()
        self._digests = Digests()
        code, kind = place.code, device_kind(self._device)
        self._what = json.dumps(
            [place.note.module, code.id, place.part, name, kind, code.digest], ensure_ascii=True
        )
        root = os.path.realpath(place.note.root)
        key = hashlib.sha256(f"{root}\0{self._what}".encode("utf-8", "surrogatepass"))
        self._file = shelf.folder / f"{key.hexdigest()[:_KEY]}.json"

    def value(self, make: Callable[[], Any]) -> Any:
        found = self._found()
        if found is not None:
            return found[0]
        keeper = self._shelf.keeper
        if keeper is None:
            return make()
        _limit()  # nonsense is told before the work is done
        try:
            self._shelf.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = open(self._file.with_suffix(".lock"), "ab")  # noqa: SIM115  closed below
        except OSError as error:
            _warn(self._name, f"{self._shelf.folder} cannot be written ({error.strerror})")
            return make()
        with lock, _locked(lock.fileno()):
            found = self._found()  # another process may have made it while this one waited
            return found[0] if found is not None else self._made(make, keeper)

    # --- taking

    def _found(self) -> tuple[Any] | None:
        """The value that was kept, if it holds for now and can be read back."""
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            about = decode(_About, kept["about"])
            stem = self._shelf.folder / about.stem
            if not self._is_good(about, stem) or about.tree != _sum(kept["tree"]):
                return None
            suffixes = [suffix for suffix, _ in about.sizes]
            value = load(json.loads(kept["tree"]), suffixes, stem, self._device)
        except Exception:  # whatever a damaged file makes its reader raise: it is made anew
            return None
        with suppress(OSError):  # only the order of eviction depends on it
            os.utime(self._file)
        if self._shelf.keeper is not None:
            self._shelf.keeper.witness.adopt(about.evidence)
            self._shelf.keeper.stage.show(about.outputs)
        return (value,)

    def _is_good(self, about: _About, stem: Path) -> bool:
        return (
            about.version == _VERSION
            and about.what == self._what
            and self._shelf.rebuild in ("", about.rebuild)
            and holds(about.evidence, self._digests, self._device)
            and all(beside(stem, suffix).stat().st_size == size for suffix, size in about.sizes)
        )

    # --- making

    def _made(self, make: Callable[[], Any], keeper: Keeper) -> Any:
        """What ``make`` returns, after a trip through the files that keep it."""
        variables = (*self._code.env, *steering())
        options = declared(Evidence(), self._digests, self._code.data, variables)
        around, stage = Surroundings(make), keeper.stage
        figures = stage.open_figures()
        with stage.recording() as recorded:
            value = make()
            outputs = recorded()
        parts = take_apart(value)
        evidence = joined(keeper.witness.evidence(self._device), options)
        keeper.witness.watching = True
        changed = [f"`{name}`" for name in around.changed()]
        if stage.open_figures() != figures:
            changed.append("pyplot's open figures")
        if changed:
            what = f"its function changed {', '.join(changed)}"
            _warn(self._name, f"{what}: let it make and return all it changes")
            return value
        if evidence.doubt:
            _warn(self._name, evidence.doubt)
            return value
        return self._kept(parts, evidence, outputs, value)

    def _kept(
        self, parts: Parts, evidence: Evidence, outputs: tuple[Output, ...], value: Any
    ) -> Any:
        stem = self._file.with_name(f"{self._file.stem}-{os.urandom(4).hex()}")
        try:
            suffixes = parts.save(stem)
            sizes = tuple((suffix, beside(stem, suffix).stat().st_size) for suffix in suffixes)
            tree, rebuild = json.dumps(parts.tree), self._shelf.rebuild
            about = _About(
                _VERSION, self._what, rebuild, _sum(tree), stem.name, sizes, evidence, outputs
            )
            text = json.dumps({"about": encode(about), "tree": tree})
            back = load(json.loads(tree), suffixes, stem, self._device)
            beside(stem, ".new").write_text(text, encoding="utf-8")
            beside(stem, ".new").replace(self._file)
        except OSError as error:
            _remove(stem)
            _warn(self._name, f"it cannot be written ({error.strerror})")
            return value
        _tidy(self._shelf.folder, self._file)
        return back


def _sum(tree: str) -> str:
    return hashlib.sha256(tree.encode("ascii")).hexdigest()


def _remove(stem: Path) -> None:
    for suffix in (*SUFFIXES, ".new"):
        _unlink(beside(stem, suffix))


# --- the folder --------------------------------------------------------------------------------


def _limit() -> float:
    """Bytes that all checkpoints together may take."""
    try:
        return float(os.environ.get(LIMIT_VARIABLE, _LIMIT)) * 1e9
    except ValueError:
        raise CheckpointError(
            f"the environment variable {LIMIT_VARIABLE} is no number: give it in GB"
        ) from None


def _tidy(folder: Path, newest: Path) -> None:
    """Remove what no checkpoint names, and those not used for longest until the rest fits.

    Files that are younger than a day may be another process's that is about to name them.
    """
    files = dict(_files(folder))
    heads = sorted((f for f in files if f.suffix == ".json"), key=lambda f: files[f].st_mtime)
    named = {head: _stem_named(head) for head in heads}
    sizes = dict.fromkeys(heads, 0)
    for file, status in files.items():
        head = folder / f"{file.name[:_KEY]}.json"
        is_part = file == head or (named.get(head) == file.stem and file.suffix in SUFFIXES)
        if is_part:
            sizes[head] += status.st_size
        elif head == newest or time.time() - status.st_mtime > _DAY:
            _unlink(file)
    excess = sum(sizes.values()) - _limit()
    for head in heads:
        if excess > 0 and head != newest:
            excess -= sizes[head]
            for file in (head, *(folder / f"{named[head]}{suffix}" for suffix in SUFFIXES)):
                _unlink(file)


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for file in folder.iterdir():
        with suppress(OSError):  # another process tidies too
            status = file.stat()
            if file.suffix != ".lock" or time.time() - status.st_mtime > 30 * _DAY:
                yield file, status


def _unlink(file: Path) -> None:
    with suppress(OSError):  # gone already, or on Windows somebody reads it now
        file.unlink()


def _stem_named(head: Path) -> str:
    try:
        return str(json.loads(head.read_text(encoding="utf-8"))["about"]["stem"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


@contextmanager
def _locked(descriptor: int) -> Iterator[None]:
    """While no other process holds the lock; the system takes it from one that ends.

    Tested on Linux. Where the file system knows no locks, two processes may make the same.
    """
    if sys.platform == "win32":
        import msvcrt

        while not _tried(lambda: msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)):
            time.sleep(_LOOK_AGAIN)
        try:
            yield
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
        return
    import fcntl

    while not _tried(lambda: fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)):
        time.sleep(_LOOK_AGAIN)
    yield  # closing the file gives the lock back


def _tried(lock: Callable[[], None]) -> bool:
    try:
        lock()
    except OSError as error:
        return error.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
    return True
