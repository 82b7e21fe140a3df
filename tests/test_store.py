"""What is written into a vault, and what never is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from writes import NOBODY, files, linux, posix, to

from runner import atomic, journal
from runner.atomic import WriteError
from runner.journal import Journal
from runner.store import Ownership, update, write_files


def previous(note: Path) -> bytes | None:
    """What a note held before our last write to it, as ``undo`` finds it."""
    kept = Journal().versions(note)
    return kept[-1].data if kept else None


# --- notes -----------------------------------------------------------------------------------


def test_update_writes_what_changed(note: Path, vault: Path) -> None:
    assert update(note, lambda old: old + b" and new", vault)
    assert note.read_bytes() == b"old and new"
    assert files(vault) == ["note.md"]


def test_equal_bytes_touch_nothing(note: Path, vault: Path) -> None:
    os.utime(note, ns=(10**18, 10**18))
    before = note.stat()
    assert not update(note, lambda old: old, vault)
    after = note.stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
    assert previous(note) is None


def test_an_edit_meanwhile_is_rendered_on(note: Path, vault: Path) -> None:
    calls = []

    def change(old: bytes) -> bytes:
        calls.append(old)
        if len(calls) == 1:
            note.write_bytes(b"typed")
        return old + b"!"

    assert update(note, change, vault)
    assert calls == [b"old", b"typed"]
    assert note.read_bytes() == b"typed!"
    assert previous(note) == b"typed"


def test_endless_edits_are_an_error(note: Path, vault: Path) -> None:
    def change(old: bytes) -> bytes:
        note.write_bytes(old + b".")
        return old + b"!"

    with pytest.raises(WriteError, match="kept changing"):
        update(note, change, vault)
    assert set(note.read_bytes()) == set(b"old.")
    assert files(vault) == ["note.md"]


@settings(max_examples=50, deadline=None)
@given(edits=st.lists(st.none() | st.binary(min_size=1, max_size=4), min_size=1, max_size=8))
def test_no_typed_byte_is_lost(
    edits: list[bytes | None], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Law 4: whatever is typed between reading and writing is in the file afterwards."""
    vault = tmp_path_factory.mktemp("vault")
    note = vault / "note.md"
    note.write_bytes(b"")
    typed = iter(edits)

    def change(old: bytes) -> bytes:
        if edit := next(typed, None):
            note.write_bytes(old + edit.hex().encode())
        return old + b"\n"

    for _ in edits:
        update(note, change, vault)
    expected = b"".join(edit.hex().encode() for edit in edits if edit)
    assert note.read_bytes().replace(b"\n", b"") == expected


@posix
def test_a_symlinked_note_is_written_at_its_target(vault: Path, note: Path) -> None:
    link = vault / "link.md"
    link.symlink_to(note)
    assert update(link, to(b"new"), vault)
    assert link.is_symlink()
    assert note.read_bytes() == b"new"


@posix
def test_a_note_that_leads_out_of_the_vault_is_refused(vault: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_bytes(b"old")
    (vault / "link.md").symlink_to(outside)
    (vault / "folder").symlink_to(tmp_path)
    for path in (
        outside,
        vault / "link.md",
        vault / "folder" / "outside.md",
        vault / ".." / "x.md",
    ):
        with pytest.raises(WriteError, match="out of the vault"):
            update(path, to(b"new"), vault)
    assert outside.read_bytes() == b"old"


@posix
def test_a_loop_of_links_is_an_error(vault: Path) -> None:
    (vault / "a.md").symlink_to("b.md")
    (vault / "b.md").symlink_to("a.md")
    with pytest.raises(WriteError, match="cannot be read"):
        update(vault / "a.md", to(b"new"), vault)


def test_a_dot_folder_is_never_written(vault: Path) -> None:
    path = vault / ".obsidian" / "plugins" / "main.js"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"old")
    with pytest.raises(WriteError, match="dot"):
        update(path, to(b"new"), vault)
    assert path.read_bytes() == b"old"


def test_a_vault_below_a_dot_folder_is_written(tmp_path: Path) -> None:
    vault = tmp_path / ".cache" / "vault"
    vault.mkdir(parents=True)
    (vault / "note.md").write_bytes(b"old")
    assert update(vault / "note.md", to(b"new"), vault)


@posix
def test_hard_links_are_kept(vault: Path, note: Path) -> None:
    other = vault / "other.md"
    os.link(note, other)
    run = Journal()
    for new in (b"longer than old", b"x", b""):
        assert update(note, to(new), vault, run)
        assert other.read_bytes() == new
    assert note.stat().st_ino == other.stat().st_ino
    assert previous(note) == b"old"


@posix
@pytest.mark.parametrize("mode", [0o644, 0o600, 0o664, 0o755])
def test_the_mode_is_kept(note: Path, vault: Path, mode: int) -> None:
    note.chmod(mode)
    assert update(note, to(b"new"), vault)
    assert note.stat().st_mode & 0o777 == mode


@linux
def test_extended_attributes_are_kept(note: Path, vault: Path) -> None:
    if sys.platform != "linux":
        return
    try:
        os.setxattr(note, "user.tag", b"red")
    except OSError:
        pytest.skip("no extended attributes on this file system")
    assert update(note, to(b"new"), vault)
    assert os.getxattr(note, "user.tag") == b"red"


def test_a_long_name_leaves_room_for_the_temporary_one(vault: Path) -> None:
    note = vault / ("注" * 80 + ".md")
    note.write_bytes(b"old")
    assert update(note, to(b"new"), vault)
    assert files(vault) == [note.name]


def test_what_dead_writers_left_is_removed(vault: Path, note: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        pass
    old = time.time() - 7200
    here = atomic._machine()
    others = [".a.tmp", ".runner-x.tmp", "runner-1.tmp"]
    removed = [
        f".a.md.runner-{here}-{dead.pid}.tmp",
        f".a.md.runner-elsewhere-{os.getpid()}.tmp",
        f".c.md.runner-{here}-{os.getppid()}.tmp",  # whose number another process has by now
    ]
    for name in [*others, *removed]:
        (vault / name).write_bytes(b"")
        os.utime(vault / name, (old, old))
    (vault / f".b.md.runner-{here}-{dead.pid}.tmp").write_bytes(b"")
    young = [  # their writers may live, here or on another machine
        f".b.md.runner-elsewhere-{dead.pid}.tmp",
        f".b.md.runner-{here}-{os.getppid()}.tmp",
    ]
    for name in young:
        (vault / name).write_bytes(b"")
    atomic.sweep.cache_clear()
    assert update(note, to(b"new"), vault)
    assert files(vault) == sorted([*others, *young, "note.md"])


KILLED = """
import sys
from pathlib import Path
from runner.journal import Journal
from runner.store import update
root, journal = Path(sys.argv[1]), Journal()
print("ready", flush=True)
while True:
    for letter in b"ab":
        update(root / "note.md", lambda _: bytes([letter]) * 200_000, root, journal)
"""


@posix
def test_a_killed_writer_leaves_a_whole_note(vault: Path, note: Path) -> None:
    note.write_bytes(b"a" * 200_000)
    for delay in (0.0, 0.003, 0.007, 0.012, 0.02):
        command = [sys.executable, "-c", KILLED, str(vault)]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as writer:
            assert writer.stdout
            writer.stdout.readline()
            time.sleep(delay)
            writer.send_signal(signal.SIGKILL)
        assert note.read_bytes() in (b"a" * 200_000, b"b" * 200_000)


# --- the journal -----------------------------------------------------------------------------


def test_the_bytes_before_a_run_can_be_brought_back(note: Path, vault: Path) -> None:
    run = Journal()
    for new in (b"first", b"second", b"third"):
        update(note, to(new), vault, run)
    assert previous(note) == b"old"
    update(note, to(b"next run"), vault, Journal())
    assert previous(note) == b"third"


def test_what_is_typed_between_two_writes_of_a_run_is_kept(note: Path, vault: Path) -> None:
    run = Journal()
    update(note, to(b"first"), vault, run)
    note.write_bytes(b"typed")
    update(note, to(b"second"), vault, run)
    assert previous(note) == b"typed"


def test_the_journal_is_bounded(note: Path, vault: Path, state: Path) -> None:
    for number in range(30):
        update(note, to(b"%d" % number), vault, Journal())
    assert len(Journal().versions(note)) == 20
    assert sum(path.is_file() for path in state.rglob("*")) <= 22
    assert previous(note) == b"28"


def test_old_bytes_are_forgotten(vault: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of notes that were never written again too."""
    month = 31 * 24 * 3600
    now = time.time()
    notes = [vault / f"{number}.md" for number in range(3)]
    for note in notes:
        note.write_bytes(b"old")
    monkeypatch.setattr(time, "time_ns", lambda: int((now - month) * 1e9))
    monkeypatch.setattr(time, "time", lambda: now - month)
    for note in notes:
        update(note, to(b"long ago"), vault)
    assert all(previous(note) == b"old" for note in notes)
    (mark,) = state.rglob("tidied")
    os.utime(mark, (now - month, now - month))
    monkeypatch.setattr(time, "time_ns", lambda: int(now * 1e9))
    monkeypatch.setattr(time, "time", lambda: now)
    update(notes[0], to(b"now"), vault)
    assert [kept.data for kept in Journal().versions(notes[0])] == [b"long ago"]
    assert Journal().versions(notes[1]) == []
    assert len(list((state / "journal").iterdir())) == 2, "a folder is left"


def test_all_notes_together_keep_no_more_than_a_limit(
    vault: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_KEPT_BYTES", 1_000)
    for number in range(8):
        note = vault / f"{number}.md"
        note.write_bytes(b"%d" % number * 300)
        update(note, to(b"new"), vault)
        for mark in state.rglob("tidied"):
            os.utime(mark, (0, 0))
    kept = [number for number in range(8) if previous(vault / f"{number}.md")]
    assert kept == [5, 6, 7]


def test_a_clock_that_was_set_back_keeps_the_order(
    note: Path, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(note, to(b"first"), vault)
    before = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: before - 3600 * 10**9)
    update(note, to(b"second"), vault)
    assert [kept.data for kept in Journal().versions(note)] == [b"old", b"first"]


# --- attachments -----------------------------------------------------------------------------


def test_files_are_made_with_their_folder(vault: Path) -> None:
    folder = vault / "img" / "deep"
    assert write_files(folder, {"a.png": b"1", "b.txt": b"2"}, NOBODY, vault) == ()
    assert files(folder) == ["a.png", "b.txt"]


def test_equal_files_keep_their_time(vault: Path) -> None:
    write_files(vault, {"a.png": b"1"}, NOBODY, vault)
    os.utime(vault / "a.png", ns=(10**18, 10**18))
    assert write_files(vault, {"a.png": b"1"}, NOBODY, vault) == ()
    assert (vault / "a.png").stat().st_mtime_ns == 10**18


def test_a_file_that_is_not_ours_is_not_touched(vault: Path) -> None:
    (vault / "a.png").write_bytes(b"photo")
    (error,) = write_files(vault, {"a.png": b"1", "b.png": b"2"}, NOBODY, vault)
    assert error.path == vault / "a.png"
    assert "did not write" in str(error)
    assert (vault / "a.png").read_bytes() == b"photo"
    assert (vault / "b.png").read_bytes() == b"2"


@pytest.mark.parametrize(
    "ownership",
    [
        Ownership(frozenset({"a.png"}), lambda _: False, lambda _: False),
        Ownership(frozenset(), lambda data: data == b"ours", lambda _: False),
    ],
)
def test_a_file_that_is_ours_is_replaced(vault: Path, ownership: Ownership) -> None:
    (vault / "a.png").write_bytes(b"ours")
    assert write_files(vault, {"a.png": b"new"}, ownership, vault) == ()
    assert (vault / "a.png").read_bytes() == b"new"


def test_what_is_no_longer_made_is_removed_unless_embedded(vault: Path) -> None:
    for name in ("a.png", "b.png", "c.png", "d.png"):
        (vault / name).write_bytes(b"1")
    linked = frozenset({"a.png", "b.png", "c.png", "gone.png"})
    ownership = Ownership(linked, lambda _: False, lambda name: name == "b.png")
    assert write_files(vault, {"c.png": b"1"}, ownership, vault) == ()
    assert files(vault) == ["b.png", "c.png", "d.png"]


@posix
def test_figures_stay_in_the_open_part_of_the_vault(vault: Path, tmp_path: Path) -> None:
    (vault / "link.png").symlink_to(tmp_path / "target.png")
    for folder, name in ((tmp_path, "a.png"), (vault / ".img", "a.png"), (vault, "link.png")):
        (error,) = write_files(folder, {name: b"1"}, NOBODY, vault)
        assert error.path == folder / name
    assert files(vault) == ["link.png"]
    assert files(tmp_path) == [vault.name]
