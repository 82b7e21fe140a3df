"""Where a watched vault lies, and what becomes of its folder meanwhile."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from vaults import Home
from watches import A, Watching, watching

from runner.vault import Vault, VaultError


def edited(home: Home, watch: Watching, word: str) -> None:
    """Change the note and wait for its output."""
    before = home.read("A.md").partition("print('")[2].partition("'")[0]
    home.write("A.md", home.read("A.md").replace(f"'{before}',", f"'{word}',"))
    watch.until(lambda: f"\n{word} 1\n" in home.read("A.md"), word)


def test_a_folder_with_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "deep é" / "日本 🙂", "my  vau'lt $x")
    monkeypatch.setenv("RUNNER_STATE", str(home.state))
    home.write("A.md", A)
    with watching(home) as watch:
        edited(home, watch, "two")


@pytest.mark.skipif(sys.platform == "win32", reason="makes links")
def test_a_link_to_the_folder(home: Home) -> None:
    home.write("A.md", A)
    real = home.vault
    home.vault = real.with_name("link")
    home.vault.symlink_to(real)
    with watching(home) as watch:
        (real / "A.md").write_text(A.replace("'one',", "'through',"))
        watch.until(lambda: "\nthrough 1\n" in home.read("A.md"))
        edited(home, watch, "link")


@pytest.mark.parametrize("polling", [False, True])
def test_another_folder_in_its_place(home: Home, polling: bool) -> None:
    """As when a drive is mounted, or a sync tool swaps folders: no system tells of that."""
    home.write("A.md", A)
    other = home.vault.with_name("other")
    other.mkdir()
    (other / "A.md").write_text(A.replace("'one',", "'other',"))
    with watching(home, polling=polling) as watch:
        home.vault.rename(home.vault.with_name("gone"))
        other.rename(home.vault)
        watch.until(lambda: "\nother 1\n" in home.read("A.md"), "the other note")
        edited(home, watch, "again")


@pytest.mark.parametrize("polling", [False, True])
def test_no_folder_any_more(home: Home, polling: bool) -> None:
    home.write("A.md", A)
    with (
        pytest.raises(VaultError, match="bring it back"),
        watching(home, polling=polling) as watch,
    ):
        shutil.rmtree(home.vault)
        watch.until(lambda: False)
    assert not home.vault.exists()


def test_a_folder_that_goes_while_it_is_listed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write("deep/B.md", A)
    home.write("A.md", A)
    vault = Vault(home.vault)
    enters = vault._enters
    monkeypatch.setattr(
        type(vault), "_enters", lambda _, entry: (shutil.rmtree(entry.path), enters(entry))[1]
    )
    assert [path for path, _ in vault.files()] == ["A.md"]
