"""A stored result is reused only while everything it rests on is as it was."""

from __future__ import annotations

import importlib.metadata
import multiprocessing
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from vaults import Home, actions, fence, ran

from runner.evidence import Witness
from runner.premises import Digests, declared, env_digest, steering
from runner.result import Evidence
from runner.world import World

NOW = Evidence(python=f"{sys.version_info.major}.{sys.version_info.minor}", device="cpu")


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "data.txt"
    path.write_text("one")
    return str(path)


@pytest.fixture(autouse=True)
def nothing_steers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in steering():
        monkeypatch.delenv(name)


def outdated(**found: object) -> str:
    return World().outdated(replace(NOW, **found))  # type: ignore[arg-type]


# --- each part of the key ------------------------------------------------------------------------


def test_what_is_as_it_was_is_reused(file: str) -> None:
    click = importlib.metadata.version("click")
    files = ((file, Digests().of(file)),)
    found = {"dists": (("click", click),), "env": (("NO_SUCH", ""),), "files": files}
    assert outdated(**found) == ""


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ({"python": "3.9"}, "Python 3.9 became "),
        ({"device": "cuda sm_50"}, "cuda sm_50 became cuda"),
        ({"dists": (("click", "0.1"),)}, "click 0.1 became "),
        ({"dists": (("no-such-thing", "1.0"),)}, "no-such-thing 1.0 became uninstalled"),
        ({"files": (("/no/such/file", "abc"),)}, "file changed"),
        ({"lacking": (str(Path(__file__).with_name("vaults")),)}, "vaults, which was missing, can"),
        ({"env": (("NO_SUCH_VARIABLE", "abc"),)}, "environment variable NO_SUCH_VARIABLE changed"),
        ({"doubt": "memory ran out in the last run"}, "memory ran out in the last run"),
    ],
)
def test_what_changed_is_named(found: dict[str, object], why: str) -> None:
    assert why in outdated(**found)


def test_a_file_that_changes_and_one_that_goes(file: str) -> None:
    world = World()
    found = replace(NOW, files=((file, Digests().of(file)),))
    assert world.outdated(found) == ""
    Path(file).write_text("another")
    assert world.outdated(found) == "data.txt changed"
    Path(file).unlink()
    assert world.outdated(found) == "data.txt changed"


def test_digests_of_all_kinds_of_paths(tmp_path: Path) -> None:
    digests = Digests()
    (tmp_path / "a").write_text("x")
    folder = digests.of(str(tmp_path))
    assert digests.of(str(tmp_path / "a"))
    assert digests.of(str(tmp_path / "none")) == ""
    assert digests.of("a\0b") == ""
    (tmp_path / "b").write_text("y")
    assert Digests().of(str(tmp_path)) not in ("", folder)


def test_variables_are_kept_as_digests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hush")
    stated = declared(Evidence(), Digests(), [], ["SECRET", "NO_SUCH"])
    assert stated.env == (("NO_SUCH", ""), ("SECRET", env_digest("SECRET")))
    assert "hush" not in repr(stated)


# --- what a worker sees --------------------------------------------------------------------------


def make_missing(home: Home) -> None:
    home.write("settings.json", "{}")


def add_to_folder(home: Home) -> None:
    home.write("data/b.csv", "2")


def add_deeper(home: Home) -> None:
    home.write("data/deep/c.csv", "3")


def change_tool(home: Home) -> None:
    home.write("tool.py", "print('another')")


SEEN: dict[str, tuple[tuple[str, ...], Callable[[Home], None]]] = {
    "a file that was missing": (
        ("try: print(open('settings.json').read())", "except OSError: print('none')"),
        make_missing,
    ),
    "a listed folder": (("import os", "print(sorted(os.listdir('data')))"), add_to_folder),
    "a pattern": (
        ("from pathlib import Path", "print(sorted(p.name for p in Path('data').glob('*.csv')))"),
        add_to_folder,
    ),
    "a walk": (("import os", "print(sorted(f for *_, f in os.walk('data')))"), add_deeper),
    "a program that is started": (
        ("import subprocess, sys", "subprocess.run([sys.executable, 'tool.py'], check=True)"),
        change_tool,
    ),
    "a command line": (
        ("import os, sys", "os.system(f'{sys.executable} \"tool.py\"')"),
        change_tool,
    ),
}


@pytest.mark.parametrize(("lines", "change"), SEEN.values(), ids=SEEN)
def test_what_a_block_looked_for_counts(
    home: Home, lines: tuple[str, ...], change: Callable[[Home], None]
) -> None:
    home.write("data/a.csv", "1")
    home.write("data/deep/a.csv", "1")
    home.write("tool.py", "print('one')")
    home.write("N.md", fence("run", "r", *lines))
    home.session()
    assert ran(home.session()) == set()
    change(home)
    assert ran(home.session()) == {"r"}
    assert ran(home.session()) == set()


LOOKED_FOR: dict[str, tuple[tuple[str, ...], str, str]] = {
    "an import that failed": (("import late", "late.VALUE"), "late.py", "VALUE = 7\n"),
    "a second choice": (
        ("try: import late", "except ImportError: import json as late", "late.__name__"),
        "late/__init__.py",
        "",
    ),
    "a submodule": (("import helper.late as late", "late.VALUE"), "helper/late.py", "VALUE = 7\n"),
    "by a helper": (("import helper.asks as asks", "asks.late"), "late.py", "VALUE = 7\n"),
    "by a library": (
        ("import pickle", "pickle.loads(b'clate\\nVALUE\\n.')"),
        "late.py",
        "VALUE = 7\n",
    ),
    "whether it is there": (
        ("import importlib.util as u", "u.find_spec('late') is None"),
        "late.py",
        "",
    ),
}


@pytest.mark.parametrize(("lines", "file", "text"), LOOKED_FOR.values(), ids=LOOKED_FOR)
def test_a_module_that_was_missing_counts(
    home: Home, lines: tuple[str, ...], file: str, text: str
) -> None:
    home.write("helper/__init__.py", "")
    home.write("helper/asks.py", "try: import late\nexcept ImportError: late = None\n")
    home.write("N.md", fence("run", "r", *lines))
    home.session()
    assert ran(home.session()) == set()
    home.write("other.py", "")
    assert ran(home.session()) == set()
    home.write(file, text)
    (block,) = home.session().blocks()
    assert (block.action, block.because) == ("run", "late, which was missing, can be imported")
    assert ran(home.session()) == set()


def test_a_new_file_beside_a_note_that_imports_counts_for_nothing(home: Home) -> None:
    home.write("helper.py", "VALUE = 1\n")
    home.write("N.md", fence("run", "r", "import helper, json, decimal", "print(helper.VALUE)"))
    home.session()
    home.write("Other.md", "prose\n")
    home.write("other.py", "VALUE = 2\n")
    assert ran(home.session()) == set()


@pytest.mark.parametrize("block", [fence("run", "r", "1 + 1"), fence("test", "r", "assert 1 + 1")])
def test_a_new_file_beside_a_note_counts_for_nothing(home: Home, block: str) -> None:
    home.write("N.md", block)
    home.session()
    home.write("Other.md", "prose\n")
    home.write("conftest.py", "VALUE = 2\n")
    assert ran(home.session()) == set()


def test_a_test_that_lists_its_folder_sees_a_new_file(home: Home) -> None:
    home.write("N.md", fence("test", "t", "import os", "assert len(os.listdir('.')) == 1"))
    home.session()
    home.write("data.txt", "more")
    assert ran(home.session()) == {"t"}


def test_a_file_that_changes_while_it_is_read_is_read_again(home: Home) -> None:
    home.write("data.txt", "one")
    home.write(
        "N.md",
        fence(
            "run",
            "r",
            "import os, pathlib, subprocess, sys",
            "text = open('data.txt').read()",
            "if text == 'one':",
            '    code = \'import pathlib; pathlib.Path("data.txt").write_text("three")\'',
            "    subprocess.run([sys.executable, '-c', code], check=True)",
            "print(text)",
        ),
    )
    home.session()
    assert "three" in home.read("N.md")
    assert actions(home.session()) == {"r": "reuse"}


@pytest.mark.skipif(os.name == "nt", reason="its C library has other names")
def test_a_file_that_c_reads_counts_as_read(home: Home) -> None:
    c = ("import ctypes", "c = ctypes.CDLL(None)", "text = ctypes.create_string_buffer(9)")
    home.write("data.txt", "one")
    home.write(
        "R.md", fence("run", "r", *c, "c.read(c.open(b'data.txt', 0), text, 8)", "text.value")
    )
    home.session()
    assert ran(home.session()) == set()
    home.write("data.txt", "two")
    assert ran(home.session()) == {"r"}


@pytest.mark.skipif(os.name == "nt", reason="its C library has other names")
def test_a_file_that_c_writes_counts_as_written(home: Home) -> None:
    c = ("import ctypes", "c = ctypes.CDLL(None)")
    home.write("made.txt", "")
    home.write("W.md", fence("run", "w", *c, "c.write(c.open(b'made.txt', 1), b'made', 4)"))
    home.write("R.md", fence("run", "r", "open('made.txt').read()"))
    home.session()
    assert ran(home.session()) == set()
    home.write("made.txt", "")
    assert ran(home.session()) == {"w", "r"}
    assert home.read("made.txt") == "made"


def test_a_file_that_another_block_wrote_unseen_counts(home: Home) -> None:
    save = ("from operator import methodcaller", "save = methodcaller('write_' + 'text', '1')")
    path = ("import pathlib", "text = getattr(pathlib.Path('made'), 'read_' + 'text')()")
    home.write(
        "N.md",
        fence("setup", "s", "from pathlib import Path", *save)
        + fence("run", "w", "_ = save(Path('made'))")
        + fence("run", "r", *path, "text"),
    )
    home.session()
    assert ran(home.session()) == set()
    home.edit("N.md", "'text', '1')", "'text', '2')")
    home.session()
    assert "'2'\n```" in home.read("N.md")
    assert ran(home.session()) == set()


@pytest.mark.parametrize("way", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize(
    "lines",
    [
        (
            "import multiprocessing",
            "def read(name): return open(name.lower()).read()",
            "with multiprocessing.get_context('WAY').Pool(1) as pool: print(pool.map(read, ['DATA.TXT']))",
        ),
        (
            "import torch",
            "class Texts(torch.utils.data.Dataset):",
            "    def __len__(self): return 1",
            "    def __getitem__(self, i): return open('data' + '.txt').read()",
            "print(list(torch.utils.data.DataLoader(Texts(), num_workers=1, multiprocessing_context='WAY')))",
        ),
    ],
    ids=["pool", "loader"],
)
def test_a_file_that_another_process_reads_counts_as_read(
    home: Home, lines: tuple[str, ...], way: str
) -> None:
    if way not in multiprocessing.get_all_start_methods():
        pytest.skip(f"{way} is not known here")
    lines = tuple(line.replace("WAY", way) for line in lines)
    home.write("data.txt", "one")
    home.write("R.md", fence("run", "r", *lines))
    home.session()
    assert "one" in home.read("R.md")
    assert ran(home.session()) == set()
    home.write("data.txt", "two")
    assert ran(home.session()) == {"r"}


def test_a_file_that_changes_while_it_is_digested_counts_as_unknown(
    file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(Digests):
        def of(self, path: str) -> str:
            if path == file:
                Path(file).write_text("another")
            return super().of(path)

    monkeypatch.setattr("runner.evidence.Digests", Slow)
    monkeypatch.setattr("sys.meta_path", [*sys.meta_path])
    witness = Witness(str(Path(file).parent))
    witness.install()
    witness.watching = True
    Path(file).read_text()
    assert dict(witness.evidence("cpu").files)[file] not in (Digests().of(file), "")


def test_a_file_that_another_changes_while_a_block_reads_it_is_not_the_block_s(
    file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.meta_path", [*sys.meta_path])
    witness = Witness(str(Path(file).parent))
    witness.install()
    witness.expect("r", f"open('{file}').read()")
    witness.watching = True
    Path(file).read_text()
    witness.watching = False
    Path(file).write_text("by another")
    evidence = witness.evidence("cpu")
    assert evidence.doubt
    assert file not in evidence.written


def test_who_looks_for_modules_lists_no_data(home: Home) -> None:
    home.write(
        "N.md",
        fence(
            "run",
            "r",
            "import importlib.metadata, pkgutil, sys",
            "print(importlib.metadata.version('pytest') > '')",
            "print(len(list(pkgutil.iter_modules(sys.path))) > 0)",
        ),
    )
    home.session()
    home.write("new.py", "x = 1\n")
    home.write("Other.md", "prose\n")
    assert ran(home.session()) == set()


@pytest.mark.parametrize("reads", ["open('made.txt').read()", "len(open('made.txt').read())"])
@pytest.mark.parametrize("change", [Path.unlink, lambda file: file.write_text("by hand")])
def test_a_file_that_another_note_makes_is_made_anew(
    home: Home, change: Callable[[Path], object], reads: str
) -> None:
    write = fence("run", "w", "_ = open('made.txt', 'w').write('made')")
    home.write("Writes.md", write + "\n" + fence("run", "other", "1 + 1"))
    home.write("Reads.md", fence("run", "r", "open('made.txt').read()"))
    home.session()
    assert ran(home.session()) == set()
    change(home.vault / "made.txt")
    home.write("Reads.md", fence("run", "r", reads))
    assert ran(home.session()) == {"w", "r"}
    assert home.read("made.txt") == "made"
    assert "made" in home.read("Reads.md") or "4" in home.read("Reads.md")
    assert ran(home.session()) == set()


def test_folders_outside_the_vault_are_not_followed(home: Home, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    home.write("N.md", fence("run", "r", "import os", f"print(os.listdir({str(outside)!r}))"))
    home.session()
    (outside / "new").write_text("")
    assert ran(home.session()) == set()
