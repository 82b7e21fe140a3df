"""The writer on real file systems: full ones, attributes that forbid, mounts, other users."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from disks import mounted
from writes import as_root, files, linux, to

from runner.atomic import WriteError
from runner.store import Ownership, update, write_files

# --- a real full disk ------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path, "200k") as folder:
        yield folder


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


# --- a real file system's own refusals -------------------------------------------------------


@pytest.fixture
def flag() -> Iterator[Callable[[str, Path], None]]:
    """Sets a file's attribute, where the file system has such, until the test ends."""
    flagged: list[Path] = []

    def set_flag(which: str, path: Path) -> None:
        command = ["chattr", f"+{which}", str(path)]
        if (
            shutil.which("chattr") is None
            or subprocess.run(command, capture_output=True).returncode
        ):
            pytest.skip("this file system has no such attributes")
        flagged.append(path)

    yield set_flag
    for path in flagged:
        subprocess.run(["chattr", "-ia", str(path)], check=True)


@as_root
@pytest.mark.parametrize(
    ("which", "words"),
    [("i", "is read-only"), ("a", "cannot be written \\(operation not permitted")],
)
def test_a_note_that_may_not_be_changed_is_left_alone(
    note: Path, vault: Path, flag: Callable[[str, Path], None], which: str, words: str
) -> None:
    flag(which, note)
    with pytest.raises(WriteError, match=words):
        update(note, to(b"new"), vault)
    assert note.read_bytes() == b"old"
    assert files(vault) == ["note.md"]


@as_root
@pytest.mark.parametrize("which", ["i", "a"])
def test_a_note_in_a_folder_that_takes_or_gives_no_files_is_written_in_place(
    note: Path, vault: Path, flag: Callable[[str, Path], None], which: str
) -> None:
    inode = note.stat().st_ino
    flag(which, vault)
    assert update(note, to(b"new"), vault)
    assert (note.read_bytes(), note.stat().st_ino) == (b"new", inode)


@as_root
def test_a_note_that_is_mounted_by_itself_is_written_in_place(
    note: Path, vault: Path, tmp_path: Path
) -> None:
    """As containers do with single files."""
    outside = tmp_path / "outside.md"
    outside.write_bytes(b"old")
    command = ["mount", "--bind", str(outside), str(note)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("nothing may be mounted here")
    try:
        assert update(note, to(b"new"), vault)
    finally:
        subprocess.run(["umount", str(note)], check=True)
    assert (outside.read_bytes(), note.read_bytes()) == (b"new", b"old")
    assert files(vault) == ["note.md"]


@linux
def test_access_lists_are_kept_and_one_refusal_costs_no_other(
    note: Path, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sys.platform != "linux":
        return
    entries = ["01000600ffffffff", "02000600e8030000", "04000400ffffffff"]
    rest = ["10000600ffffffff", "20000000ffffffff"]
    access = bytes.fromhex("02000000" + "".join(entries + rest))
    try:
        os.setxattr(note, "user.aaa", b"label")
        os.setxattr(note, "user.tag", b"red")
        os.setxattr(note, "system.posix_acl_access", access)
    except OSError:
        pytest.skip("no extended attributes or access lists on this file system")
    set_attribute = os.setxattr

    def refuse_first(path: Path, name: str, value: bytes) -> None:
        if name == "user.aaa":
            raise PermissionError(errno.EPERM, "as for a security label")
        set_attribute(path, name, value)

    mode = note.stat().st_mode
    monkeypatch.setattr(os, "setxattr", refuse_first)
    assert update(note, to(b"new"), vault)
    assert os.getxattr(note, "user.tag") == b"red"
    assert os.getxattr(note, "system.posix_acl_access") == access
    assert note.stat().st_mode == mode


# --- as a user with fewer rights -------------------------------------------------------------

AS_NOBODY = """
import os, sys
from pathlib import Path
import filelock  # while the interpreter's own files can be read
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
        (0o755, 0o666, 0, "True"),  # another's note, by leave: in place, so that it stays his
        (0o755, 0o644, 0, "is read-only"),
        (0o755, 0o600, 0, "cannot be read (permission denied)"),
        (0o555, 0o644, 65534, "True"),  # no file can be made beside it: written in place
        (0o555, 0o666, 0, "True"),
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
