"""Bytes into a file that no other can stand in for, so that a killed writer loses none.

Before the file is touched, both its old and its new bytes are put down in the user's state folder
(a redo journal). While that record stands, whoever reads or writes the note next finishes or drops
the write: by the bytes that are there, so that a newer edit of somebody else is never overwritten.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .atomic import WriteError, create, explained, write_all
from .errors import system_words
from .journal import Journal
from .note import Problem, Severity
from .records import dataclass
from .userdirs import redo_folder

_MOMENT = 10.0  # seconds; a write in place takes milliseconds
_SECTOR = 512  # bytes, which a disk writes whole
_STOPPED = "may have been half written when its writer was stopped"
_LOOK = "`python -m runner undo NOTE --list` has it as it was and as it was to be"
_CHANGED = "was changed"
_BEGUN, _LEFT = ".redo", ".left"  # records of writes, and of those that were left half done


@dataclass(frozen=True, slots=True)
class _Record:
    """A write in place that was begun: ``path`` held ``old`` and was to hold ``new``."""

    path: Path
    old: bytes
    new: bytes

    def to_bytes(self) -> bytes:
        body = self.old + self.new
        head = {
            "path": os.fsdecode(self.path),
            "old": len(self.old),
            "sum": hashlib.sha256(body).hexdigest(),
        }
        return json.dumps(head).encode() + b"\n" + body

    @staticmethod
    def read(file: Path) -> _Record | None:
        """None where the file is gone, or no record of this version: nothing was begun by it."""
        try:
            head, _, body = file.read_bytes().partition(b"\n")
            facts = json.loads(head)
            whole = facts["sum"] == hashlib.sha256(body).hexdigest()
            cut = facts["old"]
            return _Record(Path(facts["path"]), body[:cut], body[cut:]) if whole else None
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None


def rewrite(path: Path, old: bytes, new: bytes) -> bool:
    """Make the file at ``path``, no link, hold ``new``; False if it no longer holds ``old``.

    Raises ``WriteError``: the file is as it was, or half written and finished by the next command.
    """
    with _alone(path), explained(path, "written"), _opened(path) as descriptor:
        if _content(descriptor) != old:
            return False
        file = _put_down(_Record(path, old, new))
        try:
            _grow(descriptor, len(old), new)
        except OSError:
            file.unlink()
            raise
        try:
            _fill(descriptor, new)
        except OSError as error:
            what = f"was half written ({system_words(error)})"
            raise WriteError(path, what, "run again: that write is finished first") from error
        file.unlink()
        return True


def settle(root: Path) -> dict[str, Problem]:
    """Finish or drop what was begun in the vault at ``root``.

    What cannot be told apart from somebody's edit is left as it is, and both versions go to the
    journal for ``undo``. Returned is what there is to say, by root-relative path: of a note that
    was left, until it is written again.
    """
    top = Path(os.path.realpath(root))
    said = {}
    for file in redo_folder().glob("*.*"):
        record = _Record.read(file) if file.suffix in (_BEGUN, _LEFT) else None
        if record is None or not record.path.is_relative_to(top):
            continue
        fault = _fault(record, _CHANGED) if file.suffix == _LEFT else _settled(file)
        if fault is not None:
            problem = Problem(1, Severity.WARNING, f"the note {fault.what}", fault.hint)
            said[record.path.relative_to(top).as_posix()] = problem
    return said


def settle_note(path: Path) -> None:
    """The same before one file is written. Raises ``WriteError``, the next time no more."""
    file = _file_of(path)
    file.with_suffix(_LEFT).unlink(missing_ok=True)
    if file.exists() and (fault := _settled(file)) is not None:
        raise fault


def _settled(file: Path) -> WriteError | None:
    """Why the write that a record tells of could not be finished or dropped, if so."""
    try:
        with _alone(file):
            record = _Record.read(file)  # as it is now that no writer is at work
            why = _finish(record) if record is not None else ""
            if why == _CHANGED:
                file.replace(file.with_suffix(_LEFT))
            else:
                file.unlink(missing_ok=True)
    except WriteError as error:
        return error
    return _fault(record, why) if record is not None and why else None


def _fault(record: _Record, why: str) -> WriteError:
    return WriteError(record.path, f"{_STOPPED}, and {why} since", _LOOK)


def _finish(record: _Record) -> str:
    """Bring a file that holds part of a write to its end; else why that cannot be, or ""."""
    if not record.path.is_file() or record.path.is_symlink():
        _keep_both(record)
        return "is gone"
    with explained(record.path, "written"), _opened(record.path) as descriptor:
        now = _content(descriptor)
        if now in (record.old, record.new):
            return ""
        if not _is_between(now, record.old, record.new):
            _keep_both(record)
            return _CHANGED
        _fill(descriptor, record.new)
        return ""


def _keep_both(record: _Record) -> None:
    for version in (record.new, record.old):
        Journal().keep(record.path, version, record.new)


def _is_between(now: bytes, old: bytes, new: bytes) -> bool:
    """Whether ``now`` is what a write of ``new`` over ``old`` leaves when it stops halfway.

    A killed writer leaves the start of ``new`` and the rest of ``old``; a power cut any sectors of
    either, and zeros where the file had grown.
    """
    shortest, longest = sorted((len(old), len(new)))
    if not shortest <= len(now) <= longest or (len(now) < len(old) and len(now) != len(new)):
        return False
    before = (old + bytes(len(new)))[: len(now)]
    # Where the file is to shrink, what is behind its new end is still the old text.
    after = (new + old[len(new) :])[: len(now)]
    # Where the file had grown first, its new end is there before its start.
    grown = (old + new[len(old) :])[: len(now)]
    stop = next((i for i, (a, b) in enumerate(zip(now, after, strict=True)) if a != b), len(now))
    if now[stop:] in (before[stop:], grown[stop:]):
        return True
    places = range(0, len(now), _SECTOR)
    return all(
        now[at : at + _SECTOR] in {t[at : at + _SECTOR] for t in (before, after, grown)}
        for at in places
    )


# --- the file itself -------------------------------------------------------------------------


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    plain = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, os.O_RDWR | plain)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _content(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)
    with open(descriptor, "rb", closefd=False) as stream:
        return stream.read()


def _grow(descriptor: int, length: int, new: bytes) -> None:
    """Write what needs new space first: a full disk shows before a byte of the old text is lost."""
    try:
        os.lseek(descriptor, length, os.SEEK_SET)
        write_all(descriptor, new[length:])
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, length)
        raise


def _fill(descriptor: int, new: bytes) -> None:
    os.lseek(descriptor, 0, os.SEEK_SET)
    write_all(descriptor, new)
    os.ftruncate(descriptor, len(new))
    os.fsync(descriptor)


# --- records ---------------------------------------------------------------------------------


def _file_of(path: Path) -> Path:
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:32]
    return redo_folder() / f"{name}{_BEGUN}"


def _put_down(record: _Record) -> Path:
    file = _file_of(record.path)
    try:
        create(file, record.to_bytes())
    except WriteError as error:
        what = f"cannot be rewritten safely: {error.path} {error.what}"
        hint = f"name another folder in RUNNER_STATE, or {error.hint}"
        raise WriteError(record.path, what, hint) from error
    return file


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """No other process of the user writes in place meanwhile. Raises ``WriteError``."""
    from filelock import FileLock, Timeout

    folder = redo_folder()
    lock = FileLock(folder / "lock", timeout=_MOMENT)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock.acquire()
    except Timeout:
        what = "waits for another process that writes in place"
        raise WriteError(path, what, "run again when that has ended") from None
    except (OSError, NotImplementedError) as error:
        words = system_words(error) if isinstance(error, OSError) else "no locks there"
        what = f"cannot be rewritten safely: {folder} cannot be locked ({words})"
        raise WriteError(path, what, "name another folder in RUNNER_STATE") from error
    try:
        yield
    finally:
        lock.release()
