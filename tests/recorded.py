"""What pdf.js said of the corpus, kept for machines without Node."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from pdfjs import Items

from runner.verdict import Profile

FOLDER = Path(__file__).parent / "cases" / "segments"


def digest(pdf: bytes) -> str:
    return hashlib.sha256(pdf).hexdigest()


def record(name: str, pdf: bytes, answers: Mapping[Profile, Items | str]) -> None:
    """Writes one line an item, so that a change shows as what it is."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    lines = [f'{{"sha256": "{digest(pdf)}"']
    for profile, answer in answers.items():
        assert not isinstance(answer, str), (name, answer)
        pages = [
            "[" + ",".join(f"\n    {json.dumps(item)}" for item in page) + "]" for page in answer
        ]
        lines.append(f'"{profile.value}": [\n  ' + ",\n  ".join(pages) + "]")
    (FOLDER / f"{name}.json").write_text(",\n".join(lines) + "}\n", encoding="utf-8", newline="\n")


def recorded(name: str) -> dict[str, object]:
    """Keys: "sha256" of the PDF, and each profile's value with its pages."""
    found: dict[str, object] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found
