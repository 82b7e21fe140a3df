"""Notes as modules of a plain program, after ``runner.install(vault)``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from vaults import Home, fence

BASE = (
    "# Base\n\n"
    + fence("setup", "imports", "import math", "print('base is loaded')")
    + fence(
        "component",
        "area",
        "class Disc:",
        "    def __init__(self, r):",
        "        self.r = r",
        "",
        "    def area(self):",
        "        return math.pi * self.r**2",
        "",
        "    def fail(self):",
        "        raise ValueError(self.r)",
    )
    + fence("run", "noise", "raise SystemExit('a run block ran')")
    + fence("test", "wrong", "assert False")
)


def program(home: Home, source: str, **env: str) -> Any:
    """Run ``source`` in a process of its own; what it prints last, read as JSON."""
    head = f"import json, runner\nrunner.install({str(home.vault)!r})\n"
    file = home.vault.parent / "program.py"
    file.write_text(head + dedent(source), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(file)],
        cwd=home.vault.parent,
        env={**home.env, "PYTHONPATH": str(Path(__file__).parents[1]), **env},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def base(home: Home) -> Home:
    home.write(".obsidian/app.json", "{}")
    home.write("Base.md", BASE)
    return home


def test_setup_and_components_run_and_nothing_else(base: Home) -> None:
    told = program(
        base,
        """
        from vault.base import Disc
        import vault, vault.base
        print(json.dumps([round(Disc(1).area(), 2), vault.base.__name__, Disc.__module__,
                          vault.base.__file__]))
        """,
    )
    assert told == [3.14, "vault.base", "vault.base", str(base.vault / "Base.md")]
    assert not (base.vault / "__pycache__").exists()


def test_source_and_tracebacks_have_the_lines_of_the_note(base: Home) -> None:
    told = program(
        base,
        """
        import inspect, traceback
        from vault.base import Disc
        source, line = inspect.getsourcelines(Disc.area)
        try:
            Disc(7).fail()
        except ValueError:
            frames = traceback.extract_tb(__import__('sys').exc_info()[2])
        print(json.dumps([source, line, frames[-1].filename, frames[-1].lineno, frames[-1].line]))
        """,
    )
    lines = BASE.split("\n")
    where = lines.index("    def area(self):") + 1
    raised = lines.index("        raise ValueError(self.r)") + 1
    assert told == [
        [line + "\n" for line in lines[where - 1 : where + 1]],
        where,
        str(base.vault / "Base.md"),
        raised,
        "raise ValueError(self.r)",
    ]


def test_pickles(base: Home) -> None:
    told = program(
        base,
        """
        import pickle
        from vault.base import Disc
        copy = pickle.loads(pickle.dumps(Disc(3)))
        print(json.dumps([copy.r, type(copy) is Disc]))
        """,
    )
    assert told == [3, True]


def test_notes_that_are_not_there(base: Home) -> None:
    base.write("Broken.md", fence("component", "c", "x = = 1"))
    base.write("Fails.md", fence("component", "c", "x = 1 / 0"))
    base.write("one/Twin.md", fence("component", "c", "x = 1"))
    base.write("two/Twin.md", fence("component", "c", "x = 1"))
    base.write("A.md", fence("component", "a", "from vault.b import B", "A = 1"))
    base.write("B.md", fence("component", "b", "from vault.a import A", "B = 1"))
    told = program(
        base,
        """
        import importlib
        said = {}
        for name in ("nowhere", "broken", "fails", "twin", "a", "base.area"):
            try:
                importlib.import_module("vault." + name)
            except BaseException as error:
                said[name] = [type(error).__name__, str(error)]
        try:
            from vault.base import Square
        except ImportError as error:
            said["Square"] = [type(error).__name__, str(error)]
        print(json.dumps(said))
        """,
    )
    assert told["nowhere"][0] == "ModuleNotFoundError" and "vault.nowhere" in told["nowhere"][1]
    assert told["broken"][0] == "SyntaxError" and "Broken.md" in told["broken"][1]
    assert told["fails"][0] == "ZeroDivisionError"
    assert "one/Twin.md" in told["twin"][1] and "two/Twin.md" in told["twin"][1]
    assert told["twin"][0] == told["a"][0] == "ImportError"
    assert "A.md" in told["a"][1] and "B.md" in told["a"][1]
    assert told["base.area"][0] == "ModuleNotFoundError"
    assert "Square" in told["Square"][1] and "vault.base" in told["Square"][1]


def test_nothing_is_read_or_run_before_the_import(base: Home) -> None:
    base.write("Slow.md", fence("component", "c", "open('executed', 'w').close()"))
    told = program(base, "import sys\nprint(json.dumps('torch' in sys.modules))")
    assert told is False
    assert not (base.vault / "executed").exists()


def test_a_program_keeps_its_random_numbers(base: Home) -> None:
    base.write("Draws.md", fence("component", "c", "import random", "X = random.random()"))
    told = program(
        base,
        """
        import random
        random.seed(5)
        from vault.draws import X
        after = random.random()
        random.seed(5)
        print(json.dumps([after == random.random(), X]))
        """,
    )
    again = program(base, "from vault.draws import X\nprint(json.dumps(X))")
    assert told == [True, again], "a note's numbers are its own, whoever imports it"


def test_install_grants_trust_to_this_process_alone(base: Home) -> None:
    program(base, "from vault.base import Disc\nprint(json.dumps(1))")
    assert base.command("run", ".").code == 3


def test_wrong_use(base: Home) -> None:
    told = program(
        base,
        """
        said = []
        for arguments in (("/nowhere/at/all",), ("Base.md", "gpu")):
            try:
                runner.install(*arguments)
            except Exception as error:
                said.append(str(error))
        print(json.dumps(said))
        """,
    )
    assert len(told) == 2 and "does not exist" in told[0]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork is POSIX")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_worker_processes_find_the_notes(base: Home, method: str) -> None:
    told = program(
        base,
        f"""
        import multiprocessing
        from vault.base import Disc

        if __name__ == "__main__":
            with multiprocessing.get_context({method!r}).Pool(1) as pool:
                area = pool.map(Disc.area, [Disc(1), Disc(2)])
            print(json.dumps([round(a) for a in area]))
        """,
    )
    assert told == [3, 13]
