"""Two runners on one vault: who waits, who refuses, and what is left of one that was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from vaults import Home, fence

from runner import claims
from runner.claims import Claimed

LIMIT = 60.0  # seconds

HOLDER = """
import sys, time
from pathlib import Path
from runner import claims
with getattr(claims, sys.argv[1])(Path(sys.argv[2])):
    print("held", flush=True)
    time.sleep(600)
"""


@contextmanager
def holder(home: Home, what: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds a claim on the vault."""
    command = [sys.executable, "-c", HOLDER, what, str(home.vault)]
    env = {**home.env, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8", env=env) as process:
        try:
            assert process.stdout and process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def until(met: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT
    while not met():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_second_watch_names_the_first(home: Home) -> None:
    (home.vault / "deep").mkdir()
    with holder(home, "watching") as first:
        with pytest.raises(Claimed) as caught, claims.watching(home.vault):
            pass
        assert f"{home.vault} is already watched by process {first.pid}: " in str(caught.value)
        done = home.command("watch", ".", "--trust")
        assert (done.code, done.out) == (2, "")
        assert f"{home.vault} is already watched by process {first.pid}: leave it" in done.err
        done = home.command("watch", "deep/..", "--trust", "--json")
        assert done.code == 2
        assert f"process {first.pid}" in json.loads(done.out)["error"]


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need rights on Windows")
def test_the_vault_is_the_same_by_every_path(home: Home, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(home.vault)
    with holder(home, "watching"), pytest.raises(Claimed), claims.watching(link):
        pass


def test_vaults_do_not_hinder_each_other(home: Home, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with holder(home, "watching"), claims.watching(other), claims.running(other):
        assert claims.rivals(home.vault) != []


@pytest.mark.parametrize("what", ["watching", "running"])
def test_a_claim_dies_with_its_owner(home: Home, what: str) -> None:
    with holder(home, what) as first:
        first.send_signal(signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
        first.wait()
        assert claims.rivals(home.vault) == []
        with claims.watching(home.vault), claims.running(home.vault):
            pass


def test_a_run_beside_a_watch_says_so_and_runs(home: Home) -> None:
    home.write("A.md", fence("run", "a", "print('done')"))
    with holder(home, "watching") as watch:
        done = home.command("run", ".", "--trust")
        assert done.code == 0
        assert f"is being watched by process {watch.pid}, which writes" in done.err
        assert "\ndone\n" in home.read("A.md")


def test_a_run_waits_for_another_and_says_so(home: Home) -> None:
    home.write("A.md", fence("run", "a", "print('done')"))
    command = [sys.executable, "-m", "runner", "run", ".", "--trust"]
    env = {**home.env, "PYTHONPATH": str(Path(__file__).parents[1])}
    with holder(home, "running") as first:
        with subprocess.Popen(
            command, cwd=home.vault, env=env, stderr=subprocess.PIPE, encoding="utf-8"
        ) as second:
            assert second.stderr
            assert second.stderr.readline() == (
                f"waiting for process {first.pid}, which is running {home.vault}\n"
            )
            assert "done" not in home.read("A.md").partition("```\n")[2]
            first.kill()
            second.wait(LIMIT)
        assert second.returncode == 0
        assert "\ndone\n" in home.read("A.md")


def test_a_run_that_writes_nothing_waits_for_nobody(home: Home) -> None:
    home.write("A.md", fence("run", "a", "print('done')"))
    with holder(home, "running"):
        assert home.command("run", ".", "--trust", "--no-write").code == 0


def test_nothing_of_it_lies_in_the_vault(home: Home) -> None:
    with claims.watching(home.vault), claims.running(home.vault):
        assert os.listdir(home.vault) == []


def test_a_state_folder_that_cannot_be_used_is_told(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "claims").write_text("a file", encoding="utf-8")
    monkeypatch.setenv("RUNNER_STATE", str(blocked))
    with pytest.raises(claims.UserError, match="RUNNER_STATE"), claims.watching(home.vault):
        pass
