"""The CommonMark specification's examples and its authors' own parser, run by Node.

The examples are under CC-BY-SA 4.0 and stay in the package that npm installs: none is copied here.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "oracle"
PACKAGES = ("commonmark", "commonmark-spec")


@dataclass(frozen=True)
class Fenced:
    """A fenced code block: the number of its first line, its info string, its content."""

    line: int
    info: str
    content: str


def missing() -> str:
    """Why the authors cannot be asked, with the remedy; "" where they can."""
    if shutil.which("node") is None:
        return "needs Node 20 or later, and then: npm ci --prefix tests/oracle"
    if not all((FOLDER / "node_modules" / name).is_dir() for name in PACKAGES):
        return "CommonMark's examples are not installed; run: npm ci --prefix tests/oracle"
    return ""


def examples() -> list[str]:
    """The Markdown of every example of the specification."""
    found: list[str] = json.loads(_asked("examples"))
    return found


def fences(texts: Sequence[str]) -> list[list[Fenced]]:
    """The fenced code blocks of each text, as the reference parser finds them."""
    answer = json.loads(_asked("fences", json.dumps(texts)))
    return [[Fenced(*one) for one in found] for found in answer]


def _asked(what: str, given: str = "") -> str:
    program = [shutil.which("node") or "node", str(FOLDER / "commonmark.mjs"), what]
    done = subprocess.run(program, input=given, capture_output=True, encoding="utf-8", check=True)
    return done.stdout
