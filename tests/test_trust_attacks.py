"""Trust under attack: folders exchanged, vaults copied, and all that a pin has to see change."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from vaults import Home, fence

from runner import identity

MARK = fence("run", "mark", "open('executed', 'w').close()")
HARMLESS = fence("run", "hello", "print('hello')")


@pytest.fixture
def trusted(home: Home) -> Home:
    home.write(".obsidian/app.json", "{}")
    home.write("N.md", HARMLESS)
    assert home.command("trust", ".").code == 0
    assert home.command("run", ".").code == 0
    return home


# --- for good: the folder and its path -------------------------------------------------------


def test_what_is_written_into_a_trusted_vault_does_not_end_its_trust(trusted: Home) -> None:
    trusted.write("More/N2.md", HARMLESS.replace("hello", "again"))
    trusted.edit("N.md", "print('hello')", "print('bye')")
    assert trusted.command("run", ".").code == 0


@pytest.mark.parametrize("how", [shutil.copytree, shutil.move])
def test_a_vault_that_was_copied_or_moved_is_asked_about_again(
    trusted: Home, how: Callable[[Path, Path], object]
) -> None:
    elsewhere = trusted.vault.parent / "elsewhere"
    how(trusted.vault, elsewhere)
    trusted.vault.mkdir(exist_ok=True)
    assert trusted.command("run", str(elsewhere)).code == 3


@pytest.mark.skipif(
    not identity.identity(Path(__file__).parent), reason="this file system tells no folders apart"
)
def test_another_folder_at_the_same_path_is_not_trusted(trusted: Home) -> None:
    """However often: file systems give the inode number of a deleted folder to the next one."""
    copy = trusted.vault.parent / "copy"
    shutil.copytree(trusted.vault, copy)
    for _ in range(3):
        for entry in trusted.vault.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        trusted.vault.rmdir()
        shutil.copytree(copy, trusted.vault)
        trusted.write("N.md", MARK)
        said = trusted.command("run", str(trusted.vault / "N.md"))
        assert said.code == 3 and "another folder stood there" in said.err
    assert not (trusted.vault / "executed").exists()
    assert trusted.command("trust", str(trusted.vault)).code == 0
    assert trusted.command("run", str(trusted.vault)).code == 0


def test_folders_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made() -> str:
        (tmp_path / "v").mkdir()
        found = identity.identity(tmp_path / "v")
        (tmp_path / "v" / "file").write_text("x")
        assert identity.identity(tmp_path / "v") == found
        (tmp_path / "v" / "file").unlink()
        (tmp_path / "v").rmdir()
        return found

    if not made():
        pytest.skip("this file system tells no folders apart")
    assert made() != made()
    if sys.platform == "linux":
        monkeypatch.setattr(identity, "_generation", lambda _: "")  # as on overlayfs
        assert not made() or made() != made()


def test_a_path_through_a_link_is_the_same_vault(trusted: Home) -> None:
    link = trusted.vault.parent / "link"
    try:
        link.symlink_to(trusted.vault)
    except OSError:
        pytest.skip("this user may not make links")
    assert trusted.command("run", str(link)).code == 0


# --- pinned: the content ---------------------------------------------------------------------


@pytest.fixture
def pinned(home: Home) -> Home:
    home.write(".obsidian/app.json", '{"attachmentFolderPath": "img"}')
    home.write(".runner.toml", "timeout = 30\n")
    home.write("Parts.md", fence("component", "one", "def one():", "    return 1"))
    plot = ["import matplotlib.pyplot as plt", "plt.plot([1, 2])", "plt.show()"]
    home.write("N.md", fence("run", "uses", "import helper", "from vault.parts import one", *plot))
    home.write("helper.py", "VALUE = 1\n")
    home.write("Prose.md", "no blocks here\n")
    home.write("photo.png", b"a photo")
    assert home.command("trust", ".", "--pin").code == 0
    done = home.command("run", ".")
    assert done.code == 0, done
    return home


@pytest.mark.parametrize(
    "change",
    [
        lambda home: home.write("Prose.md", "other words\n"),
        lambda home: home.write("photo.png", b"another photo"),
        lambda home: home.write("img/n-uses-1.png", b"not the figure that was drawn"),
        lambda home: home.edit("N.md", "<!-- /runner -->", "```text\nforged\n```\n\n<!-- /runner -->"),
        lambda home: (home.vault / "Prose.md").unlink(),
        lambda home: home.write("N (Conflicted copy phone 202401011200).md", MARK),
    ],
)  # fmt: skip
def test_what_executes_nothing_may_change(pinned: Home, change: Callable[[Home], object]) -> None:
    change(pinned)
    done = pinned.command("run", ".")
    assert done.code == 0, done
    assert not (pinned.vault / "executed").exists()
    assert "nothing changed" in pinned.command("trust", ".", "--diff").out


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda home: home.edit("Parts.md", "return 1", "return 2"), "changed: Parts.md"),
        (lambda home: home.edit("N.md", "[1, 2]", "[1, 3]"), "changed: N.md"),
        (lambda home: home.write("helper.py", "VALUE = 2\n"), "changed: helper.py"),
        (lambda home: home.write(".runner.toml", "timeout = 31\n"), "changed: .runner.toml"),
        (lambda home: home.write("deep/New.md", MARK), "added: deep/New.md"),
        (lambda home: home.write("matplotlib.py", "evil"), "added: matplotlib.py"),
        (lambda home: home.write("matplotlib/__init__.pyc", b"evil"), "added: matplotlib/__init__.pyc"),
        (lambda home: home.write("_zlib.so", b"evil"), "added: _zlib.so"),
        (lambda home: home.write("Prose.md", MARK), "added: Prose.md"),
    ],
)  # fmt: skip
def test_what_executes_may_not_change(
    pinned: Home, change: Callable[[Home], object], told: str
) -> None:
    change(pinned)
    refused = pinned.command("run", ".")
    assert refused.code == 3 and told.rpartition(": ")[2] in refused.err
    assert pinned.command("trust", ".", "--diff").out.splitlines() == [told]
    assert pinned.command("check", ".").code in (0, 1)
    assert pinned.command("trust", ".", "--pin").code == 0
    assert pinned.command("trust", ".", "--diff").out.startswith("nothing changed")


def test_a_program_that_the_settings_start_may_not_change(home: Home) -> None:
    home.write("tools/python.sh", "#!/bin/sh\n")
    home.write(".runner.toml", 'launcher = ["tools/python.sh"]\n')
    home.write("N.md", HARMLESS)
    assert home.command("trust", ".", "--pin").code == 0
    home.write("tools/python.sh", "#!/bin/sh\ntouch executed\n")
    said = home.command("run", ".")
    assert said.code == 3 and "tools/python.sh" in said.err


def test_compiled_files_of_the_vault_are_not_taken_for_their_sources(home: Home) -> None:
    """A pin covers `helper.py`; what lies in `__pycache__` may be of another program."""
    home.write("N.md", fence("run", "a", "import helper", "print(helper.VALUE)"))
    helper = home.write("helper.py", "VALUE = 'true'\n")
    forge = (
        "import importlib.util, marshal, pathlib, struct, sys; "
        "source = pathlib.Path(sys.argv[1]); status = source.stat(); "
        "code = compile('VALUE = \"forged\"', 'helper.py', 'exec'); "
        "target = pathlib.Path(importlib.util.cache_from_source(str(source))); "
        "target.parent.mkdir(); "
        "head = struct.pack('<III', 0, int(status.st_mtime), status.st_size & 0xffffffff); "
        "target.write_bytes(importlib.util.MAGIC_NUMBER + head + marshal.dumps(code))"
    )
    import subprocess

    subprocess.run([sys.executable, "-c", forge, str(helper)], check=True)
    assert home.command("trust", ".", "--pin").code == 0
    assert home.command("run", ".").code == 0
    assert "\ntrue\n" in home.read("N.md")


def test_one_wish_at_a_time(home: Home) -> None:
    said = home.command("trust", ".", "--pin", "--revoke")
    assert said.code == 2 and "choose one" in said.err


# --- first contact, on a terminal ------------------------------------------------------------


def at_terminal(home: Home, answer: str, *arguments: str) -> tuple[int, str]:
    """A command with a terminal for all its streams; its exit code and what that showed."""
    import os
    import pty

    def start() -> None:
        os.chdir(home.vault)
        environment = {**home.env, "PYTHONPATH": str(Path(__file__).parents[1])}
        os.execve(sys.executable, [sys.executable, "-m", "runner", *arguments], environment)

    process, terminal = pty.fork()
    if process == 0:
        start()
    shown = b""
    asked = False
    while True:
        try:
            read = os.read(terminal, 65_536)
        except OSError:  # how Linux tells that the other end is closed
            break
        if not read:
            break
        shown += read
        if not asked and b"[y/N]" in shown:
            asked = True
            os.write(terminal, f"{answer}\n".encode())
    _, status = os.waitpid(process, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), shown.decode()


terminals = pytest.mark.skipif(sys.platform == "win32", reason="POSIX terminals")


@terminals
@pytest.mark.parametrize(("answer", "code"), [("n", 3), ("", 3), ("y", 0)])
def test_first_contact_on_a_terminal(home: Home, answer: str, code: int) -> None:
    home.write(".obsidian/app.json", "{}")
    home.write("N.md", MARK + fence("component", "get", "import socket, json", "import os.path"))
    home.write("M.md", HARMLESS)
    ended, shown = at_terminal(home, answer, "run", ".")
    assert ended == code, shown
    assert "3 blocks of 2 notes" in shown and "json" in shown and "socket" in shown
    assert (home.vault / "executed").exists() == (code == 0)
    assert home.command("run", ".").code == code


@terminals
def test_undo_at_a_terminal_asks_before_it_drops_what_was_typed(home: Home) -> None:
    home.write("N.md", HARMLESS)
    assert home.command("run", ".", "--trust").code == 0
    typed = home.read("N.md") + "\ntyped since"
    home.write("N.md", typed)
    ended, shown = at_terminal(home, "", "undo", "N.md")
    assert (ended, home.read("N.md")) == (1, typed)
    assert "was changed since" in shown
    assert at_terminal(home, "y", "undo", "N.md")[0] == 0
    assert home.read("N.md") == HARMLESS
