"""Vaults on disk: roots, files, settings, notes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from runner.settings import Settings, SettingsError, read_settings
from runner.vault import LARGEST, Vault, VaultError, find_root, is_note

BLOCK = '```python {run="a"}\nprint(1)\n```\n'


def tree(root: Path, *paths: str) -> None:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(BLOCK, encoding="utf-8")


ROOTS = {
    "the folder itself": (["N.md"], ".", "."),
    "the folder of a note": (["a/N.md"], "a/N.md", "a"),
    "Obsidian's folder above": ([".obsidian/app.json", "a/b/N.md"], "a/b/N.md", "."),
    "our file above": ([".runner.toml", "a/b/N.md"], "a/b", "."),
    "the nearest one": ([".obsidian/app.json", "a/.obsidian/app.json", "a/N.md"], "a/N.md", "a"),
    "a file of that name is none": ([".obsidian", "a/N.md"], "a/N.md", "a"),
}


@pytest.mark.parametrize(("files", "path", "root"), ROOTS.values(), ids=ROOTS)
def test_roots(tmp_path: Path, files: list[str], path: str, root: str) -> None:
    tree(tmp_path, *files)
    assert find_root(tmp_path / path) == tmp_path / root


def test_a_root_needs_a_path(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="does not exist"):
        find_root(tmp_path / "nowhere")


def paths(vault: Vault) -> list[str]:
    return [path for path, _ in vault.files()]


def test_hidden_files_are_left_out(tmp_path: Path) -> None:
    tree(
        tmp_path,
        *("b.md", "a/c.md", "a/B/d.md", "Z.md", "é.md", "a/x.png"),
        *(".obsidian/x.md", ".hidden.md", "a/.trash/y.md", "node_modules/z.md"),
        *("venv/pyvenv.cfg", "venv/lib/w.md", "a/__pycache__/q.md"),
    )
    assert sorted(paths(Vault(tmp_path))) == [
        "Z.md",
        "a/B/d.md",
        "a/c.md",
        "a/x.png",
        "b.md",
        "é.md",
    ]


def test_excluded_files(tmp_path: Path) -> None:
    tree(tmp_path, "a/c.md", "a/d.md", "old/e.md", "old/deep/f.md", "g.md")
    (tmp_path / ".runner.toml").write_text('exclude = ["old", "a/c*"]', encoding="utf-8")
    assert sorted(paths(Vault(tmp_path, trusted=True))) == ["a/d.md", "g.md"]
    assert "old/e.md" in paths(Vault(tmp_path)), "settings of untrusted vaults are not read"


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_links(tmp_path: Path) -> None:
    root = tmp_path / "vault"
    tree(root, "a/N.md")
    tree(tmp_path, "outside/M.md")
    (root / "inner").symlink_to(root / "a", target_is_directory=True)
    (root / "outer").symlink_to(tmp_path / "outside", target_is_directory=True)
    (root / "around").symlink_to(root, target_is_directory=True)
    (root / "self").symlink_to(root / "self")
    (root / "gone.md").symlink_to(root / "nowhere.md")
    found = paths(Vault(root))
    assert "a/N.md" in found
    assert not any(path.startswith("outer/") for path in found)
    assert len(found) < 10


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("N.md", True),
        ("a/N.MD", True),
        ("N.markdown", False),
        ("N.md.txt", False),
        ("N.sync-conflict-20240101-120000-ABC.md", False),
        ("N (Ann's conflicted copy 2024-01-01).md", False),
        ("N (conflict).md", True),
    ],
)
def test_what_is_a_note(path: str, expected: bool) -> None:
    assert is_note(path) is expected


SETTINGS = {
    "nothing": ("", Settings()),
    "all": (
        'python = "p"\nlauncher = ["ssh", "box"]\ndevice = "cpu"\ntimeout = 3\nquiet = 0.5\n'
        'figures = "svg"\nworkers = 2\nexclude = ["a/*"]\n',
        Settings("p", ("ssh", "box"), "cpu", 3, 0.5, "svg", 2, ("a/*",)),
    ),
    "an unknown key": ("timeot = 3", "`timeot`"),
    "a wrong type": ("timeout = 'soon'", "`timeout`"),
    "a truth": ("workers = true", "`workers`"),
    "zero": ("timeout = 0", "`timeout`"),
    "a list of numbers": ("exclude = [1]", "`exclude`"),
    "an unknown kind of figure": ("figures = 'jpg'", "`figures`"),
    "no TOML": ("timeout =", "no TOML"),
}


@pytest.mark.parametrize(("text", "expected"), SETTINGS.values(), ids=SETTINGS)
def test_settings(tmp_path: Path, text: str, expected: Settings | str) -> None:
    (tmp_path / ".runner.toml").write_text(text, encoding="utf-8")
    if isinstance(expected, Settings):
        assert read_settings(tmp_path) == expected
    else:
        with pytest.raises(SettingsError, match=r"^\.runner\.toml") as error:
            read_settings(tmp_path)
        assert expected in str(error.value)


def test_settings_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / ".runner.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"\.runner\.toml"):
        read_settings(tmp_path)


NOTES = {
    "blocks": (BLOCK.encode(), []),
    "Latin-1": ("é\n".encode("latin-1") + BLOCK.encode(), ["is not UTF-8"]),
    "UTF-16": (BLOCK.encode("utf-16"), ["is UTF-16"]),
    "too long": (BLOCK.encode() + b"x" * LARGEST, ["is larger than 2 MB"]),
    "as long as may be": (BLOCK.encode() + b"x" * (LARGEST - len(BLOCK)), []),
}


@pytest.mark.parametrize(("data", "faults"), NOTES.values(), ids=NOTES)
def test_notes(tmp_path: Path, data: bytes, faults: list[str]) -> None:
    (tmp_path / "N.md").write_bytes(data)
    note = Vault(tmp_path).notes()["N.md"]
    assert len(note.problems) == len(faults)
    for problem, fault in zip(note.problems, faults, strict=True):
        assert fault in problem.what and problem.hint
    assert note.writable is not bool(faults)
    assert len(note.blocks) == (0 if faults else 1)


@pytest.mark.parametrize("data", [b"", b"\n", b"text", b"\xff\xff", b"x" * (LARGEST + 1)])
def test_notes_without_anything_of_ours(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "N.md").write_bytes(data)
    assert Vault(tmp_path).notes() == {}


def test_a_note_is_parsed_again_when_it_changes(tmp_path: Path) -> None:
    vault, file = Vault(tmp_path), tmp_path / "N.md"
    file.write_text(BLOCK, encoding="utf-8")
    first = vault.note("N.md")
    assert vault.note("N.md") is first
    file.write_text(BLOCK + BLOCK.replace('"a"', '"b"'), encoding="utf-8")
    second = vault.note("N.md")
    assert first is not None and second is not None
    assert (len(first.blocks), len(second.blocks)) == (1, 2)
    file.unlink()
    assert vault.note("N.md") is None


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        (None, ""),
        ("/", ""),
        ("./", "papers"),
        ("./fig", "papers/fig"),
        ("fig/deep", "fig/deep"),
        ("../out", None),
        (".obsidian/fig", None),
        ("/abs", None),
        ("C:/fig", None),
        (7, ""),
    ],
)
def test_attachment_folders(tmp_path: Path, setting: object, expected: str | None) -> None:
    (tmp_path / ".obsidian").mkdir()
    data = {} if setting is None else {"attachmentFolderPath": setting}
    (tmp_path / ".obsidian" / "app.json").write_text(json.dumps(data), encoding="utf-8")
    vault = Vault(tmp_path)
    if expected is None:
        with pytest.raises(ValueError, match="attachment folder"):
            vault.attachments("papers/N.md")
    else:
        assert vault.attachments("papers/N.md") == expected


@pytest.mark.parametrize("data", [b"{", b"\xff\xfe{", b""])
def test_broken_settings_of_obsidian(tmp_path: Path, data: bytes) -> None:
    (tmp_path / ".obsidian").mkdir()
    (tmp_path / ".obsidian" / "app.json").write_bytes(data)
    with pytest.raises(VaultError, match=r"app\.json"):
        Vault(tmp_path).app_settings()


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid"), reason="POSIX permissions")
@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root reads everything")
def test_a_note_that_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "N.md").write_text(BLOCK, encoding="utf-8")
    (tmp_path / "N.md").chmod(0)
    (problem,) = Vault(tmp_path).notes()["N.md"].problems
    assert "cannot be read" in problem.what
