"""Notes that no other file can stand in for: a write that was killed halfway is finished or told."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vaults import Home, fence

from runner import atomic, inplace
from runner.atomic import WriteError
from runner.journal import Journal
from runner.note import Severity
from runner.store import update
from runner.userdirs import redo_folder
from runner.vault import Vault

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="hard links as POSIX has them")

OLD = b"before\n" + fence("run", "a", "print(1)").encode() + b"after " * 300
NEW = OLD.replace(b"after", b"behind") + b"more " * 300


@pytest.fixture
def note(home: Home) -> Path:
    """A note with two links."""
    path = home.write("N.md", OLD).resolve()
    os.link(path, path.with_name("Other.md"))
    return path


def stop_after(
    note: Path, written: int, monkeypatch: pytest.MonkeyPatch, new: bytes = NEW
) -> bytes:
    """Have a write stop as if killed when that many bytes are in the note; what it holds then."""

    class Killed(BaseException):
        pass

    write, inode, left = os.write, note.stat().st_ino, [written]

    def stop(descriptor: int, data: bytes) -> int:
        if os.fstat(descriptor).st_ino != inode:
            return write(descriptor, data)
        if left[0] == 0:
            raise Killed
        left[0] -= (count := write(descriptor, data[: left[0]]))
        return count

    with monkeypatch.context() as context:
        context.setattr(os, "write", stop)
        with pytest.raises(Killed):
            update(note, lambda _: new, note.parent)
    return note.read_bytes()


def records() -> list[Path]:
    return list(redo_folder().glob("*.redo"))


SHORTER = OLD[:1] + b"B" + OLD[2:500]


@pytest.mark.parametrize("new", [NEW, SHORTER, OLD[::-1]])
@pytest.mark.parametrize("written", [0, 1, 40, 499])
def test_whoever_reads_a_half_written_note_next_finishes_it(
    note: Path, monkeypatch: pytest.MonkeyPatch, written: int, new: bytes
) -> None:
    half = stop_after(note, written, monkeypatch, new)
    assert half != new and len(records()) == 1
    vault = Vault(note.parent)
    assert note.read_bytes() == (new if half != OLD else OLD)
    assert records() == [] and note.with_name("Other.md").read_bytes() == note.read_bytes()
    read = vault.note("N.md")
    assert read is None or not any("half written" in p.what for p in read.problems)


def test_the_next_write_finishes_it_too(note: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_after(note, 2_000, monkeypatch)
    assert update(note, lambda now: now + b"!", note.parent)
    assert note.read_bytes() == NEW + b"!"
    assert records() == []


@pytest.mark.parametrize(
    "edit",
    [
        lambda half: half + b"typed",
        lambda half: half[:30] + b"typed" + half[30:],
        lambda half: half[:30] + b"x" + half[31:],
        lambda half: half[:300],
        lambda _: b"",
        lambda _: b"another text altogether",
    ],
)
def test_an_edit_of_a_half_written_note_stays_and_both_versions_are_kept(
    note: Path, monkeypatch: pytest.MonkeyPatch, home: Home, edit: object
) -> None:
    half = stop_after(note, 2_000, monkeypatch)
    edited = edit(half)  # type: ignore[operator]
    note.write_bytes(edited)
    home.command("status", ".")  # which shows no problems
    told = home.checked().notes
    assert note.read_bytes() == edited
    assert records() == []
    assert [kept.data for kept in Journal().versions(note)][-2:] == [NEW, OLD]
    if b"```" in edited:
        problems = [p for n in told if n.note == "N.md" for p in n.warnings]
        assert any("half written" in p.what and "--list" in p.hint for p in problems)
        assert home.checked().notes == told, "until it is written again"
        assert list(home.session().notes[0].warnings) == problems
    assert update(note, lambda now: now + b"!", note.parent)
    assert not any("half written" in p.what for n in home.checked().notes for p in n.warnings)


def test_a_write_onto_such_an_edit_is_refused_once(
    note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited = stop_after(note, 2_000, monkeypatch) + b"typed"
    note.write_bytes(edited)
    with pytest.raises(WriteError, match=r"half written .* changed since"):
        update(note, lambda _: b"new", note.parent)
    assert note.read_bytes() == edited
    assert update(note, lambda now: now + b"!", note.parent)
    assert note.read_bytes() == edited + b"!"


def test_a_note_that_was_replaced_meanwhile_is_left(
    note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_after(note, 2_000, monkeypatch)
    outside = note.parent.parent / "outside.md"
    outside.write_bytes(OLD[:-1] + b"?")
    note.unlink()
    note.symlink_to(outside)
    Vault(note.parent)
    assert outside.read_bytes() == OLD[:-1] + b"?"
    note.unlink()
    note.mkdir()
    Vault(note.parent)
    assert records() == []


def test_another_vaults_write_is_not_touched(
    note: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    half = stop_after(note, 2_000, monkeypatch)
    other = tmp_path / "other vault"
    other.mkdir()
    Vault(other)
    assert note.read_bytes() == half
    assert len(records()) == 1


def test_a_note_that_cannot_be_finished_now_is_told_and_finished_later(
    note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_after(note, 2_000, monkeypatch)
    with monkeypatch.context() as context:

        def refuse(*_: object) -> None:
            raise PermissionError(13, "Permission denied")

        context.setattr(inplace, "_fill", refuse)
        read = Vault(note.parent).note("N.md")
        assert read is not None and read.problems[0].severity is Severity.WARNING
        assert "cannot be written" in read.problems[0].what
    assert len(records()) == 1
    Vault(note.parent)
    assert (note.read_bytes(), records()) == (NEW, [])


def test_a_failing_disk_leaves_the_record(note: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as context:

        def fail(descriptor: int, new: bytes) -> None:
            os.lseek(descriptor, 0, os.SEEK_SET)
            os.write(descriptor, new[:20])
            raise OSError(5, "Input/output error")

        context.setattr(inplace, "_fill", fail)
        with pytest.raises(WriteError, match=r"half written .*finished first"):
            update(note, lambda _: NEW, note.parent)
    Vault(note.parent)
    assert (note.read_bytes(), records()) == (NEW, [])


def test_where_nothing_can_be_put_down_nothing_is_written(
    note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = atomic.create

    def refuse(path: Path, data: bytes, *, durable: bool = True) -> None:
        if path.suffix == ".redo":
            raise WriteError(path, "cannot be written (no space left)", "free some space")
        create(path, data, durable=durable)

    monkeypatch.setattr(inplace, "create", refuse)
    with pytest.raises(WriteError, match=r"cannot be rewritten safely.*RUNNER_STATE"):
        update(note, lambda _: NEW, note.parent)
    assert note.read_bytes() == OLD


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff\n", b'{"path": "x", "old": 1, "sum": ""}\nab'])
def test_a_damaged_record_begins_nothing(note: Path, data: bytes) -> None:
    redo_folder().mkdir(parents=True)
    (redo_folder() / "0.redo").write_bytes(data)
    Vault(note.parent)
    assert note.read_bytes() == OLD


texts = st.lists(st.sampled_from([b"a", b"b", b"\n", b"0123456789" * 60]), max_size=8).map(b"".join)


@given(texts, texts, st.integers(0, 5_000), st.booleans())
def test_every_stop_is_recognised(old: bytes, new: bytes, written: int, grown: bool) -> None:
    """What `_grow` and `_fill` leave, whatever the moment."""
    now = bytearray(old)
    if not grown:
        now += new[len(old) :][:written]
    else:
        now += new[len(old) :]
        now[: len(new[:written])] = new[:written]
    assert inplace._is_between(bytes(now), old, new)


@given(texts, texts, st.data())
def test_a_power_cut_leaves_sectors_of_either(old: bytes, new: bytes, data: st.DataObject) -> None:
    long = max(len(old), len(new))
    padded = (old + bytes(long))[:long], (new + old[len(new) :])[:long]
    picks = [data.draw(st.booleans()) for _ in range(0, long, 512)]
    now = b"".join(padded[p][at * 512 : at * 512 + 512] for at, p in enumerate(picks))
    assert inplace._is_between(now, old, new)


@given(texts, texts, st.integers(0, 5_000), st.binary(min_size=1, max_size=3))
def test_what_is_typed_into_it_is_not(old: bytes, new: bytes, at: int, typed: bytes) -> None:
    """Bytes that neither version has; the length tells nothing where the file grows."""
    typed = typed.replace(b"a", b"z").replace(b"b", b"z").replace(b"\n", b"z").replace(b"\0", b"z")
    typed = bytes(byte if not 48 <= byte < 58 else 122 for byte in typed)
    half = old[:at] + typed + old[at:]
    assert not inplace._is_between(half, old, new)
