"""pdf.js itself, run by Node: the oracle of the segmenter's tests."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path
from types import TracebackType

from runner.verdict import Profile

FOLDER = Path(__file__).parent / "oracle"
NAMES = {Profile.OLD: "old", Profile.NEW: "new"}
Items = list[list[list[object]]]
"""For each page its items, each `[text, has end of line]`."""


def missing() -> str:
    """Why pdf.js cannot be asked, with the remedy; "" where it can."""
    if shutil.which("node") is None:
        return "needs Node 20.19 or later, and then: npm ci --prefix tests/oracle"
    if not all((FOLDER / "node_modules" / f"pdfjs-{name}").is_dir() for name in NAMES.values()):
        return "pdf.js is not installed; run: npm ci --prefix tests/oracle"
    return ""


class PdfJs:
    """A pdf.js that stays open."""

    def __init__(self, profile: Profile) -> None:
        self.process = subprocess.Popen(
            [shutil.which("node") or "node", str(FOLDER / "items.mjs"), NAMES[profile]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def __enter__(self) -> PdfJs:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.communicate()

    def items(self, pdf: bytes) -> Items | str:
        """The items of all pages, or the name of the error."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"pdf": base64.b64encode(pdf).decode()}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return answer["pages"] if "pages" in answer else answer["error"]
