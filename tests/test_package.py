"""The package as an outsider meets it: its commands, its version, and what importing it loads."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import runner

PROJECT = Path(__file__).parent.parent
COMMANDS = "run watch check status explain trust".split()

# Each costs from 0.05 to 2 seconds to import; whoever only looks at notes pays for none of them.
HEAVY = "torch numpy matplotlib IPython pytest rich watchdog nbformat markdown_it".split()

NOTE = """
```python {component="twice"}
import torch

def twice(x):
    return 2 * x
```

```python {run="shape"}
print(tuple(twice(torch.ones(2, 3)).shape))
```
"""


def python(*words: str | Path, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the interpreter with states and caches of its own below ``home``."""
    own = {"RUNNER_STATE": str(home / "state"), "RUNNER_CACHE": str(home / "cache")}
    return subprocess.run(
        [sys.executable, *map(str, words)],
        env={**os.environ, **own, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )


def loaded_after(code: str, home: Path) -> set[str]:
    """Which of ``HEAVY`` a fresh interpreter has loaded after ``code``."""
    tell = f"import sys, json\n{code}\nprint(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    done = python("-c", tell, home=home)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_help_names_every_command(tmp_path: Path) -> None:
    done = python("-m", "runner", "--help", home=tmp_path)
    assert done.returncode == 0
    listed = {line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")}
    assert set(COMMANDS) <= listed


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, tmp_path: Path) -> None:
    done = python("-m", "runner", command, "--help", home=tmp_path)
    assert done.returncode == 0
    assert "Usage: python -m runner" in done.stdout
    assert "--json" in done.stdout


@pytest.mark.parametrize("words", [[], ["no-such-command"], ["run"], ["check", "no-such-folder"]])
def test_wrong_use_is_told_in_words_and_exits_2(words: list[str], tmp_path: Path) -> None:
    done = python("-m", "runner", *words, home=tmp_path)
    assert done.returncode == 2
    assert done.stdout + done.stderr != ""
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("words", "code"), [("--version", 0), ("no-such-command", 2)])
@pytest.mark.parametrize(
    "before",
    [
        "import atexit; atexit.register(print, 'the last word')",
        "import threading; threading.Timer(0.5, print, ['the last word']).start()",
    ],
)
def test_a_command_ends_at_once_and_yet_lets_others_finish(
    before: str, words: str, code: int, tmp_path: Path
) -> None:
    run = f"import runpy, sys; sys.argv = ['runner', {words!r}]; {before}"
    done = python("-c", f"{run}; runpy.run_module('runner', run_name='__main__')", home=tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (code, "the last word")


def test_version_is_that_of_the_distribution(tmp_path: Path) -> None:
    done = python("-m", "runner", "--version", home=tmp_path)
    assert metadata.version("runner") in done.stdout


def test_the_script_and_the_plugin_are_declared() -> None:
    points = metadata.distribution("runner").entry_points
    assert {(point.group, point.name, point.value) for point in points} == {
        ("console_scripts", "runner", "runner.cli:main"),
        ("pytest11", "runner_notes", "runner.pytest_plugin"),
    }


def test_pytest_loads_the_plugin_by_itself(tmp_path: Path) -> None:
    done = python("-m", "pytest", "--help", home=tmp_path)
    assert "--trust-vault" in done.stdout


def test_the_package_is_a_door_for_programs() -> None:
    assert callable(runner.install)


def test_importing_the_command_line_loads_nothing_heavy(tmp_path: Path) -> None:
    assert loaded_after("import runner.cli", tmp_path) == set()


def test_running_a_torch_note_loads_no_torch_in_the_parent(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    vault.mkdir()
    note = vault / "Shapes.md"
    note.write_text(NOTE, encoding="utf-8")
    run = f"""
import runner.cli
sys.argv = ["runner", "run", {str(vault)!r}, "--trust"]
try:
    runner.cli.main()
except SystemExit as ended:
    assert not ended.code, ended.code
"""
    assert loaded_after(run, tmp_path) & {"torch", "numpy", "matplotlib", "IPython"} == set()
    assert "(2, 3)" in note.read_text(encoding="utf-8")


# --- set-up and README -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", PROJECT / "bootstrap.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def project() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
    return table["project"]


def requirements() -> list[Requirement]:
    extras = project()["optional-dependencies"].values()
    return [Requirement(r) for part in (project()["dependencies"], *extras) for r in part]


def pins() -> dict[str, str]:
    lines = (PROJECT / "constraints.txt").read_text("utf-8").splitlines()
    pairs = (line.split("==") for line in lines if not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pairs}


@pytest.mark.parametrize("required", requirements(), ids=lambda r: r.name)
def test_every_dependency_is_pinned_within_its_range(required: Requirement) -> None:
    assert pins()[canonicalize_name(required.name)] in required.specifier


def test_the_pin_of_torch_leaves_the_build_open() -> None:
    assert pins()["torch"] == "2.13.0"


@pytest.mark.parametrize("version", "2.5.1 2.6.0 2.6.0+cu124 2.13.0+cpu 3.0 10.0 1.13".split())
def test_set_up_keeps_the_torch_that_the_project_accepts(
    version: str, bootstrap: ModuleType
) -> None:
    accepted = next(r.specifier for r in requirements() if r.name == "torch")
    assert bootstrap._is_usable(version) == (version in accepted)


def test_set_up_takes_no_torch_for_no_version(bootstrap: ModuleType) -> None:
    assert not bootstrap._is_usable("")


def readme() -> str:
    return (PROJECT / "README.md").read_text(encoding="utf-8")


def test_links_of_the_readme_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", readme())
    local = [unquote(target) for target in targets if "://" not in target]
    assert local
    assert [target for target in local if not (PROJECT / target).exists()] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_the_readme_names_every_command(command: str) -> None:
    assert re.search(rf"^\| `{command} PATH", readme(), re.MULTILINE)
