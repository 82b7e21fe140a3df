"""The writer under attack: full disks, refusals, vanished folders, other users, hostile files."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from vaults import Home, fence

from runner.atomic import WriteError
from runner.session import Session
from runner.store import Journal, Ownership, update, write_files
from runner.vault import Vault

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX file system calls")
as_root = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="root mounts and changes users"
)
NOBODY = Ownership(frozenset(), lambda _: False, lambda _: False)


@pytest.fixture(autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("RUNNER_STATE", str(folder))
    return folder


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "vault 注意 🙂"
    folder.mkdir()
    return folder


@pytest.fixture
def note(vault: Path) -> Path:
    path = vault / "note.md"
    path.write_bytes(b"old")
    return path


def to(data: bytes) -> Callable[[bytes], bytes]:
    return lambda _: data


def files(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


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
def test_a_refused_replace_writes_in_place(
    note: Path, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "refused")

    inode = note.stat().st_ino
    journal = Journal()
    monkeypatch.setattr(Journal, "keep", lambda *_: None)
    monkeypatch.setattr(Path, "replace", refuse)
    assert update(note, to(b"new bytes"), vault, journal)
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


# --- a real full disk ------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 kB, where this machine allows one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no file systems may be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@as_root
@pytest.mark.parametrize("linked", [False, True])
def test_a_full_disk_leaves_the_note_whole(small_disk: Path, linked: bool) -> None:
    note = small_disk / "note.md"
    old = b"old " * 10_000
    note.write_bytes(old)
    if linked:
        os.link(note, small_disk / "other.md")
    before = files(small_disk)
    with pytest.raises(WriteError, match="free some space"):
        update(note, to(b"new " * 60_000), small_disk)
    assert note.read_bytes() == old
    assert files(small_disk) == before
    (small_disk / "filler").write_bytes(b"x" * 100_000)
    with pytest.raises(WriteError, match="free some space"):
        update(note, to(old + b"more " * 20_000), small_disk)
    assert note.read_bytes() == old
    (small_disk / "filler").unlink()
    assert update(note, to(old + b"!"), small_disk)


@as_root
def test_a_full_disk_costs_the_figure_not_the_note(small_disk: Path) -> None:
    (small_disk / "a.png").write_bytes(b"old figure")
    ours = Ownership(frozenset({"a.png"}), lambda _: True, lambda _: False)
    (error,) = write_files(small_disk, {"a.png": b"x" * 400_000}, ours, small_disk)
    assert "free some space" in str(error)
    assert (small_disk / "a.png").read_bytes() == b"old figure"
    assert files(small_disk) == ["a.png"]


@as_root
def test_where_nothing_can_be_kept_nothing_is_written(
    small_disk: Path, vault: Path, note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNNER_STATE", str(small_disk))
    note.write_bytes(b"old " * 100_000)
    with pytest.raises(WriteError, match="cannot be kept for `undo`"):
        update(note, to(b"new"), vault)
    assert note.read_bytes() == b"old " * 100_000


# --- as a user with fewer rights -------------------------------------------------------------

AS_NOBODY = """
import os, sys
from pathlib import Path
from runner.atomic import WriteError
from runner.store import update
root = Path(sys.argv[1])
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
os.environ["RUNNER_STATE"] = str(root / "state")
try:
    print(update(root / "vault" / "note.md", lambda old: old + b" and new", root / "vault"))
except WriteError as error:
    print(error.what)
"""


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that other users reach, unlike pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="runner-test-"))
    folder.chmod(0o755)
    for name in ("vault", "state"):
        (folder / name).mkdir()
        os.chown(folder / name, 65534, 65534)
    yield folder
    shutil.rmtree(folder)


@as_root
@pytest.mark.parametrize(
    ("folder_mode", "note_mode", "owner", "expected"),
    [
        (0o755, 0o644, 65534, "True"),
        (0o755, 0o444, 65534, "is read-only"),
        (
            0o755,
            0o666,
            0,
            "True",
        ),  # another's note, by leave: written in place, so that it stays his
        (0o755, 0o644, 0, "is read-only"),
        (0o755, 0o600, 0, "cannot be read (permission denied)"),
        (0o555, 0o644, 65534, "cannot be written (permission denied)"),
        (0o000, 0o644, 65534, "cannot be read (permission denied)"),
    ],
)
def test_rights_are_respected_and_said(
    shared_folder: Path, folder_mode: int, note_mode: int, owner: int, expected: str
) -> None:
    note = shared_folder / "vault" / "note.md"
    note.write_bytes(b"old")
    note.chmod(note_mode)
    os.chown(note, owner, owner)
    note.parent.chmod(folder_mode)
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", AS_NOBODY, str(shared_folder)]
    done = subprocess.run(command, env=env, capture_output=True, encoding="utf-8")
    assert (done.stdout.strip(), done.stderr) == (expected, "")
    written = expected == "True"
    assert note.read_bytes() == (b"old and new" if written else b"old")
    status = note.stat()
    assert (status.st_mode & 0o777, status.st_uid) == (note_mode, owner)
    assert files(note.parent) == ["note.md"]
