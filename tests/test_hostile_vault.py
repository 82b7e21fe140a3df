"""Folders, settings and files of a vault that mean harm: refused in a sentence, or harmless."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from vaults import Home, fence

FIGURE = (
    "class P:",
    "    def _repr_png_(self): return b'\\x89PNG\\r\\n\\x1a\\n'",
    "P()",
)
posix = pytest.mark.skipif(sys.platform == "win32", reason="no such names or files there")


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        (".obsidian/app.json", "[" * 100_000, ".obsidian/app.json is no JSON"),
        (".obsidian/app.json", '{"a":' * 100_000, ".obsidian/app.json is no JSON"),
        (".obsidian/app.json", "\0", ".obsidian/app.json is no JSON"),
        (".runner.toml", "a = " + "[" * 100_000, ".runner.toml is no TOML"),
    ],
)
def test_settings_of_any_depth_are_refused(home: Home, file: str, text: str, said: str) -> None:
    home.write("N.md", fence("run", "a", "1"))
    home.write(file, text)
    ran = home.command("run", ".", "--trust")
    assert (ran.code, ran.err.partition(" (")[0]) == (2, f"runner: {said}")


@posix
def test_a_folder_cannot_end_the_embed_of_a_figure(home: Home) -> None:
    home.write(".obsidian/app.json", '{"attachmentFolderPath": "./"}')
    home.write("n-a-1.png", b"another one")
    home.write("x]] <b> ![[y\nz/n.md", fence("run", "a", *FIGURE))
    home.write("plain/m.md", fence("run", "a", *FIGURE))
    assert home.run().code == 0
    assert "![](n-a-1.png)" in home.read("x]] <b> ![[y\nz/n.md").splitlines()
    assert "![[m-a-1.png]]" in home.read("plain/m.md").splitlines()


@posix
def test_files_without_end_hold_nobody_up(home: Home, tmp_path: Path) -> None:
    os.mkfifo(home.vault / "pipe")
    os.mkfifo(home.vault / "pipe.md")
    os.mkfifo(home.vault / "pipe.pdf")
    for name in ("zero.md", "zero.pdf", "zero"):
        (home.vault / name).symlink_to("/dev/zero")
    (home.vault / "loop.md").symlink_to("loop.md")
    (home.vault / "self").symlink_to(".")
    (tmp_path / "outside.md").write_text(fence("run", "out", "print('x')"), encoding="utf-8")
    (home.vault / "outside.md").symlink_to(tmp_path / "outside.md")
    home.write(
        "N.md",
        "---\npdf: pipe.pdf\n---\n\n> A sentence.\n> [[pipe.pdf#page=1]] [[zero.pdf#page=2]]\n\n"
        + fence("run", "a", "#| data: [pipe, zero, /dev/zero, ., self, '*']", "print('done')"),
    )
    ran = home.run()
    assert "done" in home.read("N.md").splitlines()
    assert [p for p in ran.problems() if "leads out of the vault" in p]
    assert (tmp_path / "outside.md").read_text(encoding="utf-8").count("<!-- runner") == 0
    for command in (("check", "."), ("status", "."), ("quotes", "check", ".")):
        assert home.command(*command).code in (0, 1)
