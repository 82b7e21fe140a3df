"""A vault in a temporary folder, and commands on it: real processes with state of their own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runner.report import Report

LIMIT = 120  # seconds after which a command counts as hanging


@dataclass(frozen=True)
class Ran:
    """What a command left: exit code and both streams."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document that it has to be."""
        return json.loads(self.out)

    def blocks(self) -> dict[str, dict[str, Any]]:
        """The blocks of a run or check document by ``note#id``."""
        return {
            f"{note['note']}#{block['id']}": block
            for note in self.json["notes"]
            for block in note["blocks"]
        }

    def actions(self) -> dict[str, str]:
        return {place: block["action"] for place, block in self.blocks().items()}

    def problems(self) -> list[str]:
        """``path:line: severity: what — hint``, as a person would see it."""
        return [
            described(note["note"], problem)
            for note in self.json["notes"]
            for problem in note["problems"]
        ]


def described(path: str, problem: Mapping[str, Any]) -> str:
    hint = f" — {problem['hint']}" if problem["hint"] else ""
    return f"{path}:{problem['line']}: {problem['severity']}: {problem['what']}{hint}"


@dataclass(frozen=True)
class Files:
    """The bytes and modification times of a folder's files."""

    data: Mapping[str, bytes]
    times: Mapping[str, int]

    def changed(self, after: Files) -> set[str]:
        """Names of the files that differ, came or went."""
        return {
            name
            for name in self.data.keys() | after.data.keys()
            if self.data.get(name) != after.data.get(name)
        }


class Home:
    """A user with one vault: its folder, and the environment that commands run in."""

    def __init__(self, folder: Path, name: str = "vault") -> None:
        self.vault = folder / name
        self.vault.mkdir(parents=True)
        self.state = folder / "state"
        self.env = {
            **{key: value for key, value in os.environ.items() if not key.startswith("RUNNER_")},
            "RUNNER_STATE": str(self.state),
            "RUNNER_CACHE": str(folder / "cache"),
            "OMP_NUM_THREADS": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def write(self, path: str, text: str | bytes) -> Path:
        """Make a file of the vault; text gets ``\\n`` newlines on every system."""
        file = self.vault / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def read(self, path: str) -> str:
        return (self.vault / path).read_bytes().decode()

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace ``old``, which must stand there once."""
        text = self.read(path)
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        self.write(path, text.replace(old, new))

    def files(self) -> Files:
        found = [file for file in self.vault.rglob("*") if file.is_file()]
        return Files(
            {f.relative_to(self.vault).as_posix(): f.read_bytes() for f in found},
            {f.relative_to(self.vault).as_posix(): f.stat().st_mtime_ns for f in found},
        )

    def command(self, *arguments: str, input: str = "", cwd: Path | None = None, **env: str) -> Ran:
        """``python -m runner`` in the vault's folder, without a terminal."""
        done = subprocess.run(
            [sys.executable, "-m", "runner", *arguments],
            cwd=cwd or self.vault,
            env={**self.env, "PYTHONPATH": str(Path(__file__).parents[1]), **env},
            input=input,
            capture_output=True,
            encoding="utf-8",
            timeout=LIMIT,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def run(self, *arguments: str, **env: str) -> Ran:
        """Run the whole vault, trusted for once, and answer in JSON."""
        return self.command("run", ".", "--trust", "--json", *arguments, **env)

    def check(self, *arguments: str, **env: str) -> Ran:
        return self.command("check", ".", "--json", *arguments, **env)

    def session(self, **wish: Any) -> Report:
        """Run the whole vault in this process: the same pipeline without the command line.

        ``wish`` may hold ``scope``, root-relative paths.
        """
        # Imported here, so that a fault of the session breaks the tests of the session alone.
        from runner.session import Session
        from runner.vault import Vault
        from runner.wish import Wish

        scope = wish.pop("scope", [""])
        session = Session(Vault(self.vault, trusted=True))
        try:
            return session.run(session.scope(scope), Wish(**wish), lambda _: None)
        finally:
            session.close()

    def checked(self, **wish: Any) -> Report:
        from runner.session import Session
        from runner.vault import Vault
        from runner.wish import Wish

        session = Session(Vault(self.vault, trusted=True))
        try:
            return session.check(session.scope([""]), Wish(**wish))
        finally:
            session.close()


def actions(report: Report) -> dict[str, str]:
    """Block id -> action, of a report on notes whose ids differ."""
    return {block.id: block.action for block in report.blocks()}


def statuses(report: Report) -> dict[str, str]:
    return {block.id: str(block.status) for block in report.blocks()}


def ran(report: Report) -> set[str]:
    """The ids of the blocks that were executed for their result."""
    return {id for id, action in actions(report).items() if action == "run"}


def fence(role: str, id: str, *lines: str) -> str:
    """A tagged block and a blank line behind it."""
    return "\n".join([f'```python {{{role}="{id}"}}', *lines, "```", "", ""])


def lines_named(home: Home, path: str) -> set[str]:
    """The text of every line of the note that its results name, as the note has them."""
    text = home.read(path)
    lines = text.split("\n")
    found = re.findall(rf"{re.escape(path)}:(\d+)", text)
    return {lines[int(number) - 1].strip() for number in found}


def without_training(vault: Path, *notes: str) -> None:
    """Make all experiments of ``notes`` ``slow``: they and what rests on them are skipped."""
    for name in notes:
        text = (vault / name).read_bytes().decode()
        head = re.compile(r'^(```python \{run="[^"]+"\}\n)(?!#\| slow)', re.M)
        (vault / name).write_bytes(head.sub(r"\1#| slow: true\n", text).encode())
