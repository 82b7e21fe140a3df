"""`runner.install`: notes as modules of a plain program, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from vaults import LIMIT, Home, fence

ATTENTION = fence("setup", "start", "import math", "print('setup ran')") + fence(
    "component", "scale", "class Scale:", "    factor = 2", "",
    "    def __call__(self, x):", "        return math.floor(x * self.factor)",
) + fence("run", "loud", "raise SystemExit('run blocks do not run')") + fence(
    "test", "t", "raise SystemExit('nor do tests')",
)  # fmt: skip
USER = fence(
    "component", "user", "from vault.attention import Scale", "def use(x):", "    return Scale()(x)"
)


def program(home: Home, *lines: str, **arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program beside the vault that begins by installing it."""
    device = f", device={arguments['device']!r}" if arguments else ""
    start = ["import runner", f"runner.install('vault'{device})"]
    file = home.vault.parent / "program.py"
    file.write_text("\n".join([*start, *lines]), encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(file)],
        cwd=file.parent,
        env={**home.env, "PYTHONPATH": str(Path(__file__).parents[1]), "PYTHONWARNINGS": ""},
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT,
    )


@pytest.fixture
def notes(home: Home) -> Home:
    home.write("papers/Attention.md", ATTENTION)
    home.write("User.md", USER)
    return home


def test_importing_runs_setup_and_components_only(notes: Home) -> None:
    done = program(notes, "from vault.user import use", "print(use(2.7))")
    assert (done.returncode, done.stdout) == (0, "setup ran\n5\n"), done.stderr


def test_it_needs_no_trust_and_writes_nothing(notes: Home) -> None:
    before = notes.files()
    assert program(notes, "import vault.user").returncode == 0
    assert before.changed(notes.files()) == set()
    assert not notes.state.exists()


def test_tracebacks_and_sources_are_the_notes_own(notes: Home) -> None:
    done = program(
        notes,
        "import inspect, sys",
        "from vault.attention import Scale",
        "print(inspect.getsource(Scale))",
        "print('of others:', 'nor do' in inspect.getsource(sys.modules[Scale.__module__]))",
        "Scale()('x' * 3 if 0 else None)",
    )
    assert "        return math.floor(x * self.factor)\n" in done.stdout
    assert "of others: False\n" in done.stdout
    assert 'Attention.md", line 11, in __call__' in done.stderr
    assert "return math.floor(x * self.factor)" in done.stderr


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("import vault.atention", "did you mean vault.attention (papers/Attention.md)?"),
        ("from vault import qqqqqqqq", "vault.qqqqqqqq: it has vault.attention, vault.user"),
    ],
)
def test_an_unknown_note_is_named(notes: Home, statement: str, told: str) -> None:
    done = program(notes, statement)
    assert "ModuleNotFoundError: no note of" in done.stderr
    assert told in done.stderr


def test_reloading_reads_the_note_anew(notes: Home) -> None:
    done = program(
        notes,
        "import importlib, pathlib, vault.attention as attention",
        "note = pathlib.Path('vault/papers/Attention.md')",
        "note.write_text('More.\\n\\n' + note.read_text().replace('factor = 2', 'factor = 30'))",
        "importlib.reload(attention)",
        "print(attention.Scale()(1))",
    )
    assert done.stdout.endswith("\n30\n"), done.stderr


def test_another_vault_takes_the_place_of_the_first(notes: Home) -> None:
    other = notes.vault.parent / "other"
    other.mkdir()
    (other / "New.md").write_text(fence("component", "c", "X = 'new'"), encoding="utf-8")
    done = program(
        notes,
        "import vault.user",
        "runner.install('other')",
        "from vault.new import X",
        "print(X)",
        "import vault.user",
    )
    assert done.stdout.endswith("new\n")
    assert "no note of" in done.stderr and "other is the module vault.user" in done.stderr


def test_the_device(notes: Home) -> None:
    notes.write("Dev.md", fence("component", "d", "where = device"))
    done = program(notes, "from vault.dev import where", "print(where)", device="cpu")
    assert done.stdout == "cpu\n", done.stderr
    assert "toaster" in program(notes, device="toaster").stderr


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
@pytest.mark.parametrize("guarded", [True, False])
def test_children_import_notes_too(notes: Home, method: str, guarded: bool) -> None:
    if sys.platform == "win32" and method != "spawn":
        pytest.skip("Windows only spawns")
    code = [
        "if __name__ == '__main__':",
        "    import multiprocessing",
        "    from vault.attention import Scale",
        f"    with multiprocessing.get_context('{method}').Pool(1) as pool:",
        "        print(pool.map(Scale(), [1, 2]))",
    ]
    if not guarded:
        done = program(notes, *code)
    else:
        start = "    import runner; runner.install('vault')"
        file = notes.vault.parent / "guarded.py"
        file.write_text("\n".join([code[0], start, *code[1:]]), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, str(file)],
            cwd=file.parent,
            env={**notes.env, "PYTHONPATH": str(Path(__file__).parents[1]), "PYTHONWARNINGS": ""},
            capture_output=True,
            encoding="utf-8",
            timeout=LIMIT,
        )
    assert "[2, 4]" in done.stdout, done.stderr


def test_data_loader_workers_that_are_spawned(notes: Home) -> None:
    data = ("class Data:", "    def __len__(self):", "        return 4", "",
            "    def __getitem__(self, i):", "        return i * 10")  # fmt: skip
    notes.write("Data.md", fence("component", "data", *data))
    done = program(
        notes,
        "if __name__ == '__main__':",
        "    from torch.utils.data import DataLoader",
        "    from vault.data import Data",
        "    loader = DataLoader(Data(), num_workers=1, multiprocessing_context='spawn')",
        "    print([int(x) for x in loader])",
    )
    assert done.stdout == "[0, 10, 20, 30]\n", done.stderr
