"""What counts as news of a vault: by content, with patience for editors, by a clock tests set."""

from __future__ import annotations

from pathlib import Path

import pytest
from clocks import Clock
from vaults import fence

from runner.sightings import Sightings
from runner.vault import Vault

BASE = fence("component", "value", "VALUE = 1")
USER = fence("run", "use", "from vault.base import VALUE", "print(VALUE)")
OTHER = fence("run", "other", "print('other')")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in (("Base.md", BASE), ("User.md", USER), ("Other.md", OTHER)):
        (tmp_path / name).write_bytes(text.encode())
    return tmp_path


@pytest.fixture
def seen(root: Path, clock: Clock) -> Sightings:
    sightings = Sightings(Vault(root), clock)
    sightings.look_at_all()
    return sightings


def test_equal_content_is_no_news(root: Path, seen: Sightings) -> None:
    (root / "Base.md").write_bytes(BASE.encode())
    assert not seen.news(["Base.md"]).notes
    assert not seen.news([], everything=True).notes


def test_a_change_concerns_those_who_import_it(root: Path, seen: Sightings) -> None:
    (root / "Base.md").write_bytes(BASE.replace("1", "2").encode())
    news = seen.news(["Base.md"])
    assert (news.notes, news.concerned) == ({"Base.md"}, {"Base.md", "User.md"})
    assert not seen.news(["Base.md"]).notes


def test_an_import_that_ends_concerns_once_more(root: Path, seen: Sightings) -> None:
    (root / "User.md").write_bytes(OTHER.replace("other", "use").encode())
    assert seen.news(["User.md"]).concerned == {"User.md"}
    (root / "Base.md").write_bytes(BASE.replace("1", "2").encode())
    assert seen.news(["Base.md"]).concerned == {"Base.md"}


@pytest.mark.parametrize("left", [None, b"", BASE[:20].encode()])
def test_a_note_that_an_editor_is_about_to_write_is_waited_for(
    root: Path, seen: Sightings, clock: Clock, left: bytes | None
) -> None:
    note = root / "Base.md"
    note.unlink()
    if left is not None:
        note.write_bytes(left)
    assert not seen.news(["Base.md"]).notes
    assert seen.due() == clock.now + 0.5
    clock.now += 0.4
    note.write_bytes(BASE.replace("1", "2").encode())
    assert seen.news(["Base.md"]).notes == {"Base.md"}
    assert seen.due() == float("inf")
    assert "VALUE = 2" in seen.notes["Base.md"].text


@pytest.mark.parametrize("left", [None, b"", b"Words.\n"])
def test_what_stays_away_is_gone(
    root: Path, seen: Sightings, clock: Clock, left: bytes | None
) -> None:
    note = root / "Base.md"
    note.write_bytes(left or b"")
    if left is None:
        note.unlink()
    clock.now += 0.1
    early = seen.news(["Base.md"])
    clock.now += 0.5
    late = seen.news([])
    assert early.notes | late.notes == {"Base.md"}
    assert early.concerned | late.concerned == {"User.md"}
    assert "Base.md" not in seen.notes
    assert seen.due() == float("inf")


def test_a_renamed_note_is_not_waited_for(root: Path, seen: Sightings) -> None:
    (root / "Base.md").rename(root / "Renamed.md")
    news = seen.news(["Base.md", "Renamed.md"])
    assert news.notes == {"Base.md", "Renamed.md"}
    assert news.concerned == {"User.md", "Renamed.md"}
    assert seen.due() == float("inf")


def test_what_we_wrote_is_no_news_but_what_came_between_is(root: Path, seen: Sightings) -> None:
    ours = f"{BASE}ours\n".encode()
    (root / "Base.md").write_bytes(ours)
    seen.adopt("Base.md", ours)
    assert not seen.news(["Base.md"]).notes
    (root / "Base.md").write_bytes(b"typed " + ours)
    seen.adopt("Base.md", ours)
    assert not seen.is_current("Base.md")
    assert not seen.is_seen("Base.md", b"typed " + ours)
    assert seen.news(["Base.md"]).notes == {"Base.md"}
    assert seen.is_seen("Base.md", b"typed " + ours)


def test_a_file_concerns_its_users_until_they_use_it_no_more(root: Path, seen: Sightings) -> None:
    data = root / "data.txt"
    data.write_bytes(b"1")
    seen.news(["data.txt"])
    seen.rests_on("Base.md", [str(data), str(root.parent / "elsewhere.txt")])
    news = seen.news(["data.txt"])
    assert (news.files, news.notes) == ({"data.txt"}, set())
    assert news.concerned == news.doubtful == {"Base.md", "User.md"}
    seen.rests_on("Base.md", [])
    assert not seen.news(["data.txt"]).concerned


def test_what_a_note_writes_itself_does_not_concern_it(root: Path, seen: Sightings) -> None:
    data = root / "data.txt"
    data.write_bytes(b"1")
    seen.rests_on("Base.md", [str(data)])
    seen.stirred("Base.md", {"data.txt"}, since=0.0)
    assert not seen.news(["data.txt"]).concerned
    data.write_bytes(b"12")
    assert seen.news(["data.txt"]).concerned == {"Base.md", "User.md"}


@pytest.mark.parametrize("everything", [False, True])
def test_a_file_that_comes_or_goes_is_news(root: Path, seen: Sightings, everything: bool) -> None:
    paths = [] if everything else ["figure.png"]
    (root / "figure.png").write_bytes(b"1")
    assert seen.news(paths, everything=everything).files == {"figure.png"}
    (root / "figure.png").unlink()
    assert seen.news(paths, everything=everything).files == {"figure.png"}
    assert not seen.news(paths, everything=everything).files


def test_a_note_that_the_vault_no_longer_shows_is_gone(
    root: Path, seen: Sightings, clock: Clock
) -> None:
    (root / "Base.md").unlink()
    (root / "Base.md").mkdir()
    assert not seen.news(["Base.md"]).notes
    clock.now += 0.5
    assert seen.news([]).concerned == {"User.md"}
    assert seen.notes.keys() == {"User.md", "Other.md"}
