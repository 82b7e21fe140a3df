"""What processes import on the way to the first block: each module there is waited for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from vaults import Home

WORKER = Path(__file__).parent.parent / "runner" / "worker.py"
# Slow to import, and of no use to a run whose blocks ask for none of it.
SLOW = """
    asyncio click ctypes.util dataclasses difflib email importlib.abc importlib.metadata
    importlib.resources inspect IPython logging markdown_it matplotlib numpy pdb platform pytest
    random rich shlex shutil sysconfig tempfile torch traceback typing unittest urllib.request yaml
    zipfile
""".split()
# What the parent can do without until the first worker is on its way.
LATER = """
    ast base64 queue runner.cache runner.graph runner.parse runner.pool runner.result runner.session
    sqlite3
""".split()


def imported(words: list[str], cwd: Path, env: dict[str, str]) -> list[str]:
    """The modules that ``python words`` imports, in the order in which their import ends."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *words],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return re.findall(r"^import time:.*\| +(\S+)$", done.stderr, re.M)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.write("Note.md", '# A\n\n```python {run="a"}\nx = 1\n```\n\n```python {run="b"}\n2\n```\n')
    assert home.run().code == 0
    home.edit("Note.md", "x = 1", "x = 3")
    return home


def test_an_edit_is_run_without_what_it_does_not_need(home: Home) -> None:
    unasked = imported(["-c", ""], home.vault, home.env)  # by what is installed here
    found = imported(["-m", "runner", "run", str(home.vault), "--trust"], home.vault, home.env)
    assert "runner.execution" in found
    assert set(found) & {*SLOW} - {*unasked} == set()
    before_first_worker = found[: found.index("runner.launch")]
    assert set(before_first_worker) & {*LATER} - {*unasked} == set()


def test_a_worker_starts_without_what_no_block_asked_for(tmp_path: Path) -> None:
    env = dict(os.environ)
    unasked = imported(["-c", ""], tmp_path, env)
    found = imported([str(WORKER)], tmp_path, env)
    assert "runner.modules" in found
    needless = {*SLOW, "hashlib", "pathlib", "runner.testing"}
    assert set(found) & needless - {*unasked} == set()
