"""How workers start: interpreters and launchers that do not work, and what a bare one needs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from lanes import a_pool, block, job, note, printed, run

from runner.job import Job
from runner.pool import LaneEnded, Pool, WorkerError


def one(folder: Path, source: str) -> Job:
    return job(note(folder, "main", block("run", "b0", source)))


@pytest.mark.parametrize(
    ("python", "launcher", "message"),
    [
        (
            "/no/such/python",
            (),
            "/no/such/python cannot be started (no such file or directory): name an",
        ),
        (
            sys.executable,
            ("/no/such/launcher",),
            "/no/such/launcher cannot be started (no such file",
        ),
    ],
)
def test_what_does_not_exist_cannot_start(
    python: str, launcher: tuple[str, ...], message: str
) -> None:
    with pytest.raises(WorkerError) as raised:
        Pool(python, launcher)
    assert str(raised.value).startswith(message)


@pytest.mark.skipif(os.name == "nt", reason="writes a shell script")
def test_an_interpreter_that_fails_says_what_it_said(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'no module named site' >&2\nexit 7\n", encoding="utf-8")
    python.chmod(0o755)
    with Pool(str(python)) as pool:
        lane = pool.submit(one(tmp_path, "1"))
        with pytest.raises(WorkerError, match=r"\(.*exit code 7: no module named site\): check"):
            pool.next_event(60)
        ended = pool.next_event(60)  # why is said with it where the worker's pipe broke first
        assert isinstance(ended, LaneEnded) and (ended.lane, ended.finished) == (lane, False)
        later = pool.submit(one(tmp_path, "1"))
        assert pool.next_event(60) == LaneEnded(later, False)


@pytest.mark.skipif(os.name == "nt", reason="launches through env")
def test_a_launcher_is_put_before_the_interpreter(tmp_path: Path) -> None:
    with a_pool(launcher=("env", "LAUNCHED=yes")) as pool:
        source = "import os\nos.environ['LAUNCHED'], os.environ['PYTHONHASHSEED']"
        assert printed(run(pool, one(tmp_path, source))["b0"]) == "('yes', '0')"


def test_the_worker_runs_where_nothing_is_installed(tmp_path: Path) -> None:
    """``-S -I``-like isolation: no site-packages, no PYTHONPATH, another folder."""
    script = tmp_path / "bare python"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S -E "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    source = "import sys\nany('site-packages' in p for p in sys.path), 'pytest' in sys.modules"
    with Pool(str(script)) as pool:
        assert printed(run(pool, one(tmp_path, source))["b0"]) == "(False, False)"


@pytest.mark.skipif(os.name == "nt", reason="launches through a shell")
@pytest.mark.parametrize(
    "shell",
    [
        'echo "Welcome to the cluster"; exec "$0" "$@"',
        'printf "\\0runner worker"; exec "$0" "$@"',
        'printf x; "$0" "$@"; echo bye',
    ],
    ids=["a banner", "nearly a greeting", "a farewell"],
)
def test_what_a_launcher_prints_is_no_message(tmp_path: Path, shell: str) -> None:
    with a_pool(launcher=("sh", "-c", shell)) as pool:
        assert printed(run(pool, one(tmp_path, "print('heard')"))["b0"]) == "heard\n"
