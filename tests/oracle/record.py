"""Asks pdf.js for the items of the corpus and keeps the answers where the tests find them.

Run after a change of tests/pdf_layouts.py or of a version in package.json:

    npm ci --prefix tests/oracle
    python tests/oracle/record.py
"""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent)]


def main() -> None:
    from pdf_layouts import LAYOUTS
    from pdfjs import PdfJs, missing
    from recorded import FOLDER, record

    from runner.verdict import Profile

    if reason := missing():
        sys.exit(reason)
    with PdfJs(Profile.OLD) as old, PdfJs(Profile.NEW) as new:
        for name, pdf in LAYOUTS.items():
            record(name, pdf, {Profile.OLD: old.items(pdf), Profile.NEW: new.items(pdf)})
    for path in FOLDER.glob("*.json"):
        if path.stem not in LAYOUTS:
            path.unlink()


if __name__ == "__main__":
    main()
