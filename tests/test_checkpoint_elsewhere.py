"""``runner.checkpoint`` outside ``run``: in programs, under pytest, in no note at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from vaults import LIMIT, Home, fence

import runner

LONG = """def make():
    with open({log!r}, 'a') as log: log.write('made ')
    return {{'weights': [1.5, 2.5]}}
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def lib(home: Home, log: Path) -> Home:
    """A vault whose component rests on a long computation."""
    lines = LONG.format(log=str(log)).splitlines()
    call = "WEIGHTS = runner.checkpoint('w', make)['weights']"
    home.write(
        "Lib.md",
        fence("component", "weights", "import runner", *lines, call)
        + fence("test", "check", "assert WEIGHTS == [1.5, 2.5]"),
    )
    return home


def made(log: Path) -> int:
    return log.read_text().count("made") if log.exists() else 0


def program(home: Home, *lines: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        env={**home.env, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


IMPORT = ("from vault.lib import WEIGHTS", "print(WEIGHTS)")


def test_a_program_takes_what_a_run_has_kept_and_keeps_nothing(lib: Home, log: Path) -> None:
    install = f"import runner; runner.install({str(lib.vault)!r}, device='cpu')"
    assert program(lib, install, *IMPORT) == "[1.5, 2.5]\n"
    assert program(lib, install, *IMPORT) == "[1.5, 2.5]\n"
    assert made(log) == 2
    lib.session()
    before = made(log)
    assert program(lib, install, *IMPORT) == "[1.5, 2.5]\n"
    assert made(log) == before
    lib.edit("Lib.md", "[1.5, 2.5]}", "[1.5, 2.0]}")
    assert program(lib, install, *IMPORT) == "[1.5, 2.0]\n"
    assert made(log) == before + 1


def test_pytest_takes_what_a_run_has_kept(lib: Home, log: Path) -> None:
    lib.session()
    before = made(log)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", ".", "--trust-vault"],
        env={**lib.env, "PYTHONPATH": str(Path(__file__).parents[1])},
        cwd=lib.vault,
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert made(log) == before


def test_children_of_a_block_take_what_it_has_made(lib: Home, log: Path) -> None:
    lib.edit(
        "Lib.md",
        "```\n\n```python {test=",
        "def first(_): return WEIGHTS[0]\n```\n\n```python {test=",
    )
    lib.write(
        "Use.md",
        fence(
            "run",
            "spawns",
            "import multiprocessing",
            "from vault.lib import first",
            "with multiprocessing.get_context('spawn').Pool(1) as pool:",
            "    print(pool.map(first, [0]))",
        ),
    )
    lib.session()
    assert "[1.5]" in lib.read("Use.md")
    assert made(log) == 1


def test_an_importing_note_takes_what_its_own_run_has_kept(lib: Home, log: Path) -> None:
    lib.session()
    before = made(log)
    lib.write("papers/Use.md", fence("run", "use", *IMPORT))
    report = lib.session()
    assert "[1.5, 2.5]" in lib.read("papers/Use.md")
    assert all(block.status == "ok" for block in report.blocks())
    assert made(log) == before


def test_outside_a_note_it_is_made_each_time_with_a_warning() -> None:
    made: list[int] = []

    def make() -> list[int]:
        made.append(1)
        return [1]

    with pytest.warns(UserWarning, match="`x` is not kept: it stands in no block") as warned:
        value = runner.checkpoint("x", make)
    assert (value, made) == ([1], [1])
    assert warned[0].filename == __file__


def test_another_package_of_the_name_does_not_get_in_the_way(home: Home) -> None:
    home.write("runner.py", "raise RuntimeError('not this one')\n")
    home.write(
        "N.md", fence("run", "r", "from runner import checkpoint", "print(checkpoint('x', list))")
    )
    home.session()
    assert "[]" in home.read("N.md")
