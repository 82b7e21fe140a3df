"""The vault's own ``python`` and ``launcher``: what is wrong with them is told in a sentence."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from vaults import Home, fence

from runner.distributions import normal
from runner.interpreter import Interpreter, InterpreterError

posix = pytest.mark.skipif(os.name == "nt", reason="an executable script plays the interpreter")


def pretend(path: Path, answer: str, code: int = 0) -> str:
    """An interpreter that answers whatever it is asked with ``answer``."""
    script = f"import sys\nsys.stdin.read()\nprint({answer!r})\nsys.exit({code})\n"
    played = path.with_suffix(".py")
    played.write_text(script, encoding="utf-8")
    # A `#!` line takes no path with a space.
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{played}"\n', encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def said(version: list[int], *lacks: str, gpus: Iterable[str] = ()) -> str:
    return json.dumps([version, {"Some_Thing": "1.0"}, list(lacks), list(gpus), []])


def test_ours_is_never_asked() -> None:
    ours = Interpreter(sys.executable)
    assert ours.is_ours and Interpreter().is_ours
    ours.require(["torch", "pytest"])
    assert not Interpreter(sys.executable, ("nice",)).is_ours


def test_another_one_answers_for_itself() -> None:
    """Ours under another name, behind a launcher."""
    other = Interpreter(sys.executable, (sys.executable, "-c", _PASS_ON))
    assert other.facts.version == sys.version_info[:3]
    assert other.facts.dists["pytest"] == pytest.__version__
    assert "pytest" not in other.facts.lacks
    other.require(["pytest"])


_PASS_ON = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)"


@posix
@pytest.mark.parametrize(
    ("answer", "code", "needs", "fault"),
    [
        (said([3, 10, 2]), 0, [], "is Python 3.10.2, and blocks need 3.11 or newer: name another"),
        (said([2, 7, 18]), 0, [], "is Python 2.7.18"),
        (said([3, 12, 1], "torch"), 0, ["torch"], "has no torch, which blocks to be run need"),
        (
            said([3, 12, 1], "torch", "pytest"),
            0,
            ["numpy", "pytest", "torch"],
            "has no pytest and torch, which blocks to be run need: install pytest and torch there",
        ),
        ("hello", 0, [], "does not work (it does not answer as Python does)"),
        ("", 3, [], "does not work (it ended with exit code 3)"),
    ],
)
def test_what_it_lacks_is_told(
    tmp_path: Path, answer: str, code: int, needs: list[str], fault: str
) -> None:
    python = pretend(tmp_path / "python", answer, code)
    with pytest.raises(InterpreterError) as told:
        Interpreter(python).require(needs)
    assert f"the `python` of .runner.toml, {python}, {fault}" in str(told.value)


@posix
def test_it_may_lack_what_nobody_needs(tmp_path: Path) -> None:
    other = Interpreter(pretend(tmp_path / "python", said([3, 13, 0], "torch", "pytest")))
    other.require(["numpy"])
    assert other.facts.minor == "3.13"
    assert other.facts.dists == {"some-thing": "1.0"}


@posix
def test_the_gpus_behind_a_launcher_are_those_of_its_machine(tmp_path: Path) -> None:
    python = pretend(tmp_path / "python", said([3, 12, 1], gpus=["sm_90", "sm_90"]))
    there = Interpreter(python, ("env",))
    assert there.devices() == ("cpu", "cuda:0", "cuda:1")
    assert there.kind_of("cuda sm_80") == "cuda sm_90"
    assert there.kind_of("cpu") == "cpu"
    none = Interpreter(pretend(tmp_path / "other", said([3, 12, 1])), ("env",))
    assert none.devices() == ("cpu",)
    assert none.kind_of("cuda sm_80") == "cuda"


def test_names_are_compared_in_their_normal_form() -> None:
    assert normal("Some._Thing--x") == "some-thing-x"


# --- from the command line -----------------------------------------------------------------------


@posix
@pytest.mark.parametrize(
    ("block", "missing"),
    [
        (fence("run", "r", "import torch"), "torch"),
        (fence("run", "r", "print(device)"), "torch"),
        (fence("test", "t", "assert True"), "pytest"),
    ],
)
def test_a_run_that_needs_what_is_missing_is_a_wrong_use(
    home: Home, tmp_path: Path, block: str, missing: str
) -> None:
    python = pretend(tmp_path / "python", said([3, 12, 1], "torch", "pytest"))
    home.write(".runner.toml", f"python = {python!r}\n")
    home.write("N.md", block)
    before = home.files()
    ran = home.command("run", ".", "--trust")
    assert ran.code == 2
    assert ran.err.startswith(f"runner: the `python` of .runner.toml, {python}, has no {missing}")
    assert not before.changed(home.files())


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ("python = '/no/such/python'", "/no/such/python cannot be started (no such file"),
        ("launcher = ['no-such-launcher', 'box']", "no-such-launcher cannot be started"),
    ],
)
def test_what_cannot_be_started_is_named(home: Home, settings: str, fault: str) -> None:
    home.write(".runner.toml", settings + "\n")
    home.write("N.md", fence("run", "r", "1"))
    ran = home.command("run", ".", "--trust")
    assert ran.code == 2
    assert fault in ran.err
    assert "Traceback" not in ran.err


@posix
def test_results_are_reused_behind_a_launcher(home: Home) -> None:
    home.write(".runner.toml", "launcher = ['env', 'LAUNCHED=yes']\n")
    home.write("N.md", fence("run", "r", "import os", "print(os.environ['LAUNCHED'])"))
    first = home.run()
    assert first.actions() == {"N.md#r": "run"}
    assert "yes" in home.read("N.md")
    assert home.run().actions() == {"N.md#r": "reuse"}


@posix
def test_a_path_is_seen_from_the_vault(home: Home) -> None:
    (home.vault / "bin").mkdir()
    python = home.vault / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    home.write(".runner.toml", "python = './bin/python'\n")
    home.write("deep/N.md", fence("run", "r", "print('there')"))
    ran = home.command("run", str(home.vault), "--trust", cwd=home.vault / "deep")
    assert ran.code == 0, ran.err
    assert "there" in home.read("deep/N.md")


@posix
def test_a_launcher_may_print_before_and_after(home: Home) -> None:
    shell = 'echo "Welcome"; "$0" "$@"; echo "Good bye"'
    home.write(".runner.toml", f"launcher = ['sh', '-c', '{shell}']\n")
    home.write("N.md", fence("run", "r", "print('there')"))
    assert home.run().actions() == {"N.md#r": "run"}
    assert "there" in home.read("N.md")


@posix
def test_a_module_that_another_interpreter_has_is_looked_for_again(
    home: Home, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "onlythere.py").write_text("WORD = 'there'\n", encoding="utf-8")
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\nPYTHONPATH="{site}" exec "{sys.executable}" "$@"\n', encoding="utf-8"
    )
    python.chmod(0o755)
    home.write("A.md", fence("run", "a", "import onlythere", "print(onlythere.WORD)"))
    assert home.run().blocks()["A.md#a"]["status"] == "failed"
    assert home.run().actions() == {"A.md#a": "reuse"}
    home.write(".runner.toml", f'python = "{python}"\n')
    done = home.run()
    assert done.blocks()["A.md#a"]["status"] == "ok"
    assert home.run().actions() == {"A.md#a": "reuse"}
