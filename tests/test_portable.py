"""What a note shows of paths and processes is the same on every machine and in every process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from multiprocessing import get_context
from pathlib import Path

import pytest
from vaults import Home, fence

from runner.portable import Portable

VAULT = os.path.join(os.sep, "no", "my vault", "")
SCRATCH = os.path.join(tempfile.gettempdir(), "runner-worker-abc_1")
LIBRARY = os.path.dirname(json.__file__)

# Text -> what is shown.
TEXTS = {
    f"{VAULT}a b.md": "a b.md",
    f"in {VAULT}deep/N.md, line": "in deep/N.md, line",
    f"('{VAULT[:-1]}')": "('.')",
    f"{VAULT[:-1]}2/x": f"{VAULT[:-1]}2/x",
    f"{VAULT[:-1]}.old": f"{VAULT[:-1]}.old",
    f"x{VAULT}a": f"x{VAULT}a",
    f"('{json.__file__}')": f"('…/json{os.sep}__init__.py')",
    sys.executable: "…/python",
    f"{sys.executable}x": f"{sys.executable}x",
    f"{SCRATCH}/pytest/test_a0": "…/pytest/test_a0",
    f"{tempfile.gettempdir()}/tmpab12cd_x/f": "…/tmp…/f",
    f"{tempfile.gettempdir()}/tmpfile": f"{tempfile.gettempdir()}/tmpfile",
    "(/opt/v/lib/python3.12/site-packages/numpy/x.py)": "(…/numpy/x.py)",
    "DataLoader worker (pid(s) 123, 45) exited": "DataLoader worker (pid(s) …) exited",
    "DataLoader worker (pid 12) is killed": "DataLoader worker (pid …) is killed",
    "subprocess 55 is still running": "subprocess … is still running",
    "Thread 0x00007f4788dfe6c0 (most": "Thread 0x… (most",
    "pid=3, parent=4": "pid=3, parent=4",
    "started 20250101": "started 20250101",
    "nothing of the kind": "nothing of the kind",
}


@pytest.mark.skipif(os.name == "nt", reason="the texts hold paths of POSIX")
@pytest.mark.parametrize("text", TEXTS)
def test_a_text(text: str) -> None:
    assert Portable(VAULT, [SCRATCH]).text(text) == TEXTS[text]


def test_what_libraries_show_of_processes() -> None:
    shown = Portable("").text
    thread, child = threading.current_thread(), get_context("spawn").Process(target=print)
    assert str(thread.ident) not in shown(repr(thread))
    assert str(os.getpid()) not in shown(repr(child))


# What a user prints without meaning to tell where they are, and how it fails.
TALKATIVE = {
    "folders": (
        "import os, sys, json, tempfile, pathlib",
        "print(os.getcwd(), __file__, sys.executable, json.__file__, pathlib.Path('x').resolve())",
        "pathlib.Path(tempfile.mkdtemp())",
    ),
    "a-name-that-a-note-lacks": ("from vault.part import lacking",),
    "a-name-that-a-library-lacks": ("from json import lacking",),
    "a-file": ("open('no/such.csv')",),
    "an-absolute-file": ("import pathlib", "(pathlib.Path.cwd() / 'gone.csv').read_text()"),
    "a-command": ("import subprocess, sys",
                  "subprocess.run([sys.executable, '-c', 'raise SystemExit(3)'], check=True)"),
    "a-traceback": ("import traceback, json", "try: json.loads('{')",
                    "except ValueError: traceback.print_exc()"),
    "warnings": ("import warnings, helper", "warnings.warn('here')", "helper.warns()"),
    "a-debugger": ("breakpoint()",),
    "stacks": ("import faulthandler, sys", "faulthandler.dump_traceback(sys.stderr)"),
    "long-tuples": ("import pathlib", "names = [f'a file {n}.csv' for n in range(3)]",
                    "here = pathlib.Path.cwd()",
                    "(*(here / name for name in names), {str(here / name): 1 for name in names})"),
    "an-end": ("import os", "print(os.getcwd(), flush=True)", "os._exit(3)"),
    "a-raise-in-a-library": ("import json", "json.loads('{')"),
}  # fmt: skip


def write_talkative(home: Home) -> None:
    home.write("deep/helper.py", "import warnings\ndef warns(): warnings.warn('there')\n")
    home.write("Part.md", fence("component", "part", "x = 1"))
    for id, lines in TALKATIVE.items():
        home.write(f"deep/{id}.md", fence("run", id, *lines))
    tests = fence(
        "test", "files", "def test_a(tmp_path): (tmp_path / 'x').read_text()",
        "def test_b(tmp_path):", "    import pytest", "    pytest.skip(str(tmp_path))",
        "def test_c(tmp_path): assert str(tmp_path) == ''",
        "import pytest", "@pytest.mark.xfail(reason=__file__)", "def test_d(): assert 0",
    )  # fmt: skip
    home.write("deep/tests.md", tests)


@pytest.mark.skipif(os.name == "nt", reason="links another Python")
def test_two_machines_write_the_same(home: Home, tmp_path: Path) -> None:
    """Another place of the vault, of Python, of ours, of temporary files and of the caches."""
    write_talkative(home)
    other = Home(tmp_path / "else where", "völlig anders")
    shutil.copytree(home.vault, other.vault, dirs_exist_ok=True)
    python, temporary = tmp_path / "else where" / "venv", tmp_path / "t"
    temporary.mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", python], check=True)
    (installed,) = python.glob("lib/python*/site-packages")
    (installed / "all.pth").write_text("\n".join(p for p in sys.path if "packages" in p))
    (other.vault / ".runner.toml").write_text(f'python = "{python / "bin" / "python"}"\n')
    home.run()
    other.run(TMPDIR=str(temporary))
    notes = {path: home.read(path) for path in home.files().data if path.endswith(".md")}
    assert notes == {path: other.read(path) for path in notes}
    text = "\n".join(notes.values())
    for path in (tmp_path, sys.prefix, sys.base_prefix, tempfile.gettempdir()):
        assert f"{path}{os.sep}" not in text.replace("…/tmp…", "")
    assert "skipped" not in text.replace("1 skipped", "")
    assert "cannot import name 'lacking' from 'vault.part' (Part.md)" in text
    assert "No such file or directory: 'deep/gone.csv'" in text
    assert "> a-debugger.md:2<module>()" in text
