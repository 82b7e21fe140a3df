"""The writer under attack: full disks, refusals, vanished folders, other users, hostile files."""

from __future__ import annotations

import errno
import os
import shutil
import time
from pathlib import Path

import pytest
from vaults import Home, fence
from writes import files, posix, to

from runner.atomic import WriteError
from runner.journal import Journal
from runner.session import Session
from runner.store import Ownership, update, write_files
from runner.vault import Vault


def test_a_read_only_note_is_left_alone(note: Path, vault: Path) -> None:
    note.chmod(0o444)
    with pytest.raises(WriteError, match="read-only") as caught:
        update(note, to(b"new"), vault)
    assert (caught.value.path, caught.value.what) == (note, "is read-only")
    assert caught.value.hint == "make it writable, or run with --no-write"
    assert str(caught.value) == f"{note} is read-only: {caught.value.hint}"
    assert note.read_bytes() == b"old"
    note.chmod(0o644)


@pytest.mark.parametrize("linked", [False, pytest.param(True, marks=posix)])
def test_a_full_disk_leaves_the_note(
    note: Path, vault: Path, monkeypatch: pytest.MonkeyPatch, linked: bool
) -> None:
    if linked:
        os.link(note, vault / "other.md")
    names = files(vault)
    write = os.write

    def fill_up(descriptor: int, data: bytes) -> int:
        if len(data) > 1:
            return write(descriptor, data[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    journal = Journal()
    monkeypatch.setattr(Journal, "keep", lambda *_: None)
    monkeypatch.setattr(os, "write", fill_up)
    with pytest.raises(WriteError, match="free some space"):
        update(note, to(b"old and new"), vault, journal)
    assert note.read_bytes() == b"old"
    assert files(vault) == names


def test_short_writes_are_continued(
    note: Path, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))
    assert update(note, to(b"0123456789"), vault)
    assert note.read_bytes() == b"0123456789"


def test_a_note_that_is_gone_is_an_error(note: Path, vault: Path) -> None:
    def remove(_: bytes) -> bytes:
        note.unlink()
        return b"new"

    with pytest.raises(WriteError, match="moved or deleted"):
        update(note, remove, vault)
    assert files(vault) == []
    with pytest.raises(WriteError, match="cannot be read"):
        update(vault / "none.md", to(b"new"), vault)


@posix
@pytest.mark.parametrize("code", [errno.EPERM, errno.EACCES, errno.EBUSY])
def test_a_refused_replace_writes_in_place(
    note: Path, vault: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    replace = Path.replace

    def refuse(temporary: Path, target: Path) -> Path:
        if target == note:
            raise OSError(code, "refused")
        return replace(temporary, target)

    inode = note.stat().st_ino
    monkeypatch.setattr(Path, "replace", refuse)
    assert update(note, to(b"new bytes"), vault)
    assert (note.read_bytes(), note.stat().st_ino) == (b"new bytes", inode)
    assert files(vault) == ["note.md"]


# --- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize("refusals", [1, 7])
def test_windows_sharing_errors_are_waited_for(
    note: Path, vault: Path, monkeypatch: pytest.MonkeyPatch, refusals: int
) -> None:
    waits = hold_note(note, monkeypatch, refusals)
    assert update(note, to(b"new"), vault)
    assert note.read_bytes() == b"new"
    assert len(waits) == refusals
    assert files(vault) == ["note.md"]


def test_a_note_that_is_held_for_ever_is_written_in_place(
    note: Path, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inode = note.stat().st_ino
    waits = hold_note(note, monkeypatch, 1_000)
    assert update(note, to(b"new and longer"), vault)
    assert (note.read_bytes(), note.stat().st_ino) == (b"new and longer", inode)
    assert sum(waits) < 2
    assert files(vault) == ["note.md"]


def test_a_figure_that_is_held_for_ever_is_an_error(
    vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figure = vault / "a.png"
    figure.write_bytes(b"ours")
    hold_note(figure, monkeypatch, 1_000)
    ours = Ownership(frozenset({"a.png"}), lambda _: True, lambda _: False)
    (error,) = write_files(vault, {"a.png": b"new"}, ours, vault)
    assert (error.path, error.what) == (figure, "is held by another program")
    assert figure.read_bytes() == b"ours"
    assert files(vault) == ["a.png"]


def hold_note(path: Path, monkeypatch: pytest.MonkeyPatch, refusals: int) -> list[float]:
    """Have ``path`` refuse to be replaced, as if open elsewhere on Windows; the waits so far."""
    waits: list[float] = []
    replace = Path.replace
    left = iter(range(refusals))

    def refuse(temporary: Path, target: Path) -> Path:
        if target == path and next(left, None) is not None:
            error = PermissionError(errno.EACCES, "used by another process")
            error.winerror = 32  # type: ignore[attr-defined]  # ERROR_SHARING_VIOLATION
            raise error
        return replace(temporary, target)

    monkeypatch.setattr(Path, "replace", refuse)
    monkeypatch.setattr(time, "sleep", waits.append)
    return waits


def test_a_folder_that_vanishes_is_an_error(vault: Path) -> None:
    note = vault / "deep" / "note.md"
    note.parent.mkdir()
    note.write_bytes(b"old")

    def vanish(_: bytes) -> bytes:
        shutil.rmtree(note.parent)
        return b"new"

    with pytest.raises(WriteError, match="moved or deleted"):
        update(note, vanish, vault)
    assert files(vault) == []


def test_a_folder_in_the_place_of_a_note_is_an_error(vault: Path) -> None:
    (vault / "note.md").mkdir()
    with pytest.raises(WriteError, match="cannot be read"):
        update(vault / "note.md", to(b"new"), vault)


@posix
def test_a_link_put_in_the_place_of_a_note_leads_nowhere(
    note: Path, vault: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.md"
    outside.write_bytes(b"old")
    os.link(outside, tmp_path / "hard.md")  # which would be rewritten in place

    def exchange(_: bytes) -> bytes:
        note.unlink()
        note.symlink_to(outside)
        return b"new"

    with pytest.raises(WriteError):
        update(note, exchange, vault)
    assert outside.read_bytes() == b"old"


def test_a_note_that_is_no_text_any_more_is_left_alone(home: Home) -> None:
    home.write("A.md", fence("run", "a", "open('A.md', 'ab').write(b'\\xff'); print('done')"))
    report = home.session()
    assert (home.vault / "A.md").read_bytes().endswith(b"\xff")
    told = [problem.what for found in report.notes for problem in found.problems]
    assert told and all("is not UTF-8" in what for what in told)


@posix
def test_pipes_and_devices_are_no_notes(home: Home) -> None:
    home.write("A.md", fence("run", "a", "print('done')"))
    os.mkfifo(home.vault / "Pipe.md")
    (home.vault / "Device.md").symlink_to("/dev/zero")
    session = Session(Vault(home.vault))
    try:
        assert session.scope([""]) == ["A.md"]
        assert list(session.vault.notes()) == ["A.md"]
    finally:
        session.close()


@posix
@pytest.mark.parametrize("data", [b"a\r\nb\nc\rd", b"\xef\xbb\xbfa\n", b"", b"\n\n", b"no end"])
def test_bytes_go_in_and_come_out(vault: Path, data: bytes) -> None:
    note = vault / "e\u0301.md"  # decomposed, as macOS lists it
    note.write_bytes(data)
    assert update(note, lambda old: old + b"!", vault)
    assert note.read_bytes() == data + b"!"
    assert files(vault) == ["e\u0301.md"]
