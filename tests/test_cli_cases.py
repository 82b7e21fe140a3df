"""Vaults as data: each folder of ``cases/cli`` is a vault, a command, and what must come of it.

``case.toml`` names the command and the exit code. ``expected/`` holds the files that must be
there afterwards with just these bytes, every other file must be as it was; digests in markers
are compared as ``00000000`` (``test_digest.py`` has them exactly). With ``stdout.txt`` or
``stderr.txt`` the command runs as it stands and its words are compared, ``{vault}`` being the
vault's path and ``{machine}`` what ``status`` says of the machine; else ``--json`` is added, and
``problems.txt`` and ``blocks.txt`` say what the document holds. No file is ever made by the tests:
what is missing is expected to be empty.
"""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest
from vaults import Files, Home, Ran

CASES = sorted((Path(__file__).parent / "cases" / "cli").iterdir())
_MACHINE = re.compile(r"^device .*\Z", re.MULTILINE | re.DOTALL)
_DIGEST = re.compile(rb"(<!-- runner:[A-Za-z][A-Za-z0-9_-]* )[0-9a-f]{8}(?= )")


def without_digests(data: bytes) -> bytes:
    return _DIGEST.sub(rb"\g<1>00000000", data)


def expected(folder: Path, name: str) -> str:
    file = folder / name
    return file.read_text(encoding="utf-8") if file.exists() else ""


def told_blocks(ran: Ran) -> str:
    """A line per block: place, role, id, action, status, device, tests, reason."""
    lines = []
    for note in ran.json["notes"]:
        for block in note["blocks"]:
            tests = "".join(f" {test['name']}={test['status']}" for test in block["tests"])
            words = f"{block['action']} {block['status']} {block['device']}{tests}"
            place = f"{note['note']}:{block['line']}"
            lines.append(f"{place} {block['role']} {block['id']}: {words} — {block['because']}\n")
    return "".join(lines)


def check_files(folder: Path, before: Files, after: Files) -> None:
    wanted = dict(before.data)
    for file in (folder / "expected").rglob("*"):
        if file.is_file():
            wanted[file.relative_to(folder / "expected").as_posix()] = file.read_bytes()
    assert sorted(after.data) == sorted(wanted)
    for name, data in wanted.items():
        if data != before.data.get(name):
            assert without_digests(after.data[name]).decode() == data.decode()
        else:
            assert after.data[name] == data, f"{name} must not change"


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_case(folder: Path, home: Home) -> None:
    case = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))
    shutil.copytree(folder / "vault", home.vault, dirs_exist_ok=True)
    before = home.files()
    in_words = (folder / "stdout.txt").exists() or (folder / "stderr.txt").exists()
    ran = home.command(*case["command"], *([] if in_words else ["--json"]))
    assert (ran.code, "Traceback" in ran.err) == (case["exit"], False), ran
    if in_words:
        place = str(home.vault)
        out = _MACHINE.sub("{machine}\n", ran.out.replace(place, "{vault}"))
        assert out == expected(folder, "stdout.txt")
        assert ran.err.replace(place, "{vault}") == expected(folder, "stderr.txt")
    else:
        problems = "".join(f"{line}\n" for line in ran.problems())
        assert problems == expected(folder, "problems.txt")
        assert told_blocks(ran) == expected(folder, "blocks.txt")
        assert ran.err == ""
    check_files(folder, before, home.files())
