"""What a command is pointed at: odd names, files that are no notes, folders, streams."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from vaults import Home, fence

BLOCK = fence("run", "a", "print('é 🎉')")


@pytest.fixture
def vault(home: Home) -> Home:
    home.write(".obsidian/app.json", "{}")
    return home


@pytest.mark.parametrize(
    "name", ["Note #1.md", "a#b#c.md", "100%.md", "日本 語.md", "🎉.md", "-k.md", "a'b\".md"]
)
def test_odd_names(vault: Home, name: str) -> None:
    if sys.platform == "win32" and set(name) & set('"'):
        pytest.skip("no such file there")
    vault.write(name, BLOCK)
    place = f"./{name}"
    assert vault.command("explain", place).out == f"{name}:1 `a` would run: no stored result.\n"
    assert vault.command("explain", f"{place}#a").code == 0
    assert vault.command("explain", f"{place}#nothing").code == 2
    assert vault.command("run", place, "--trust").code == 0
    assert "é 🎉" in vault.read(name)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("data.txt", "note"),
        (".hidden/N.md", "dot"),
        ("old/N.md", "exclude"),
        ("N.sync-conflict-20240101-120000-ABC.md", "conflict"),
    ],
)
def test_a_named_file_that_is_left_alone(vault: Home, path: str, words: str) -> None:
    """A whole vault passes over such files; who names one is told why it does not run."""
    vault.write(".runner.toml", 'exclude = ["old/*"]\n')
    vault.write(path, BLOCK)
    ran = vault.command("run", path, "--trust")
    assert ran.code == 2, ran
    assert path in ran.err and words in ran.err
    assert vault.command("run", ".", "--trust").code == 0


def test_notes_without_blocks(vault: Home) -> None:
    vault.write("Plain.md", "text\n")
    for command in (("run", "--trust"), ("explain",), ("check",)):
        ran = vault.command(command[0], "Plain.md", *command[1:])
        assert (ran.code, ran.err) == (0, "")
        assert "no tagged blocks" in ran.out


def test_an_empty_vault(vault: Home) -> None:
    for command in (("run", "--trust"), ("explain",), ("check",), ("status",)):
        assert vault.command(command[0], ".", *command[1:]).code == 0


def test_a_terminal_without_unicode(vault: Home) -> None:
    vault.write("日本.md", fence("run", "a", "raise ValueError('é 🎉')"))
    ran = vault.command("run", ".", "--trust", PYTHONIOENCODING="ascii", LC_ALL="C")
    assert ran.code == 1
    assert "日本.md" in ran.out and "é 🎉" in ran.out


def test_a_reader_that_goes_away(vault: Home) -> None:
    for n in range(30):
        vault.write(f"{n}.md", fence("rnu", "a", "x"))
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "check", "."],
        cwd=vault.vault,
        env={**vault.env, "PYTHONPATH": str(Path(__file__).parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    process.wait(60)
    assert b"Traceback" not in err


SETTINGS = {
    "an interpreter that is not there": ('python = "/no/such/python"', "/no/such/python"),
    "a launcher that is not there": ('launcher = ["/no/such/launcher"]', "/no/such/launcher"),
    "a launcher that starts no worker": (f"launcher = [{sys.executable!r}, '-c', '']", "launcher"),
    "a device that is not there": ('device = "cuda:99"', "cuda:99"),
    "a device of no kind": ('device = "tpu"', "tpu"),
}


@pytest.mark.parametrize(("line", "words"), SETTINGS.values(), ids=SETTINGS)
def test_settings_that_do_not_work(vault: Home, line: str, words: str) -> None:
    vault.write("N.md", BLOCK)
    vault.write(".runner.toml", line + "\n")
    before = vault.files()
    ran = vault.command("run", ".", "--trust")
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err and ".runner.toml" in ran.err and "Traceback" not in ran.err
    assert ran.err.count("\n") == 1
    assert vault.files() == before


@pytest.mark.parametrize("name", ["RUNNER_STATE", "RUNNER_CACHE"])
def test_folders_of_ours_that_cannot_be(vault: Home, name: str, tmp_path: Path) -> None:
    vault.write("N.md", BLOCK)
    file = tmp_path / "file"
    file.write_text("mine", encoding="utf-8")
    before = vault.files()
    ran = vault.command("run", ".", "--trust", **{name: str(file)})
    assert ran.code == 2
    assert str(file) in ran.err and name in ran.err and "Traceback" not in ran.err
    assert vault.files() == before


def test_a_damaged_store_is_told_or_mended(vault: Home) -> None:
    vault.write("N.md", BLOCK)
    vault.run()
    for file in (vault.vault.parent / "cache").rglob("*"):
        if file.is_file():
            file.write_bytes(b"garbage" * 100)
    before = vault.files()
    again = vault.run()
    assert again.code == 0
    assert again.actions() == {"N.md#a": "run"}
    assert vault.files() == before


def test_the_tool_writes_into_the_vault_and_its_own_folders_only(vault: Home) -> None:
    vault.write("N.md", BLOCK + fence("test", "t", "def test_x(tmp_path): pass"))
    vault.run()
    assert {path.name for path in vault.vault.parent.iterdir()} <= {"vault", "state", "cache"}
    assert set(vault.files().data) == {"N.md", ".obsidian/app.json"}
