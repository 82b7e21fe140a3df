"""Text items of PDF pages, cold: ours beside pdf.js itself and the fastest text extractor.

    npm ci --prefix tests/oracle
    python tests/benchmarks/bench_quotes.py [--papers FOLDER] [--rounds 3]

For every paper one process reads all its pages, in turns. Milliseconds are CPU time a page, the
start of the process taken off (measured by a process that reads a page without text). Nobody is
fast by failing: each must find a word of the paper.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from harness import Sample, environment, measure, show

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS))

OURS = """
import sys
from pathlib import Path
from runner.segments import page_texts
for page in page_texts(Path(sys.argv[1]).read_bytes()):
    print("".join(item.text for item in page.items).encode("ascii", "replace").decode())
"""
PDFIUM = """
import sys
import pypdfium2
for page in pypdfium2.PdfDocument(sys.argv[1]):
    print(page.get_textpage().get_text_range().encode("ascii", "replace").decode())
"""
WORD = "the"


def tools() -> Iterator[tuple[str, list[str]]]:
    from pdfjs import missing

    yield "runner.segments", [sys.executable, "-c", OURS]
    yield "pypdfium2, text only", [sys.executable, "-c", PDFIUM]
    if reason := missing():
        print(f"without pdf.js: {reason}", file=sys.stderr)
        return
    for name in ("old", "new"):
        yield f"pdf.js ({name}) in Node", ["node", str(TESTS / "oracle" / "items.mjs"), name]


def taken(command: list[str], paper: Path, env: dict[str, str], word: str) -> Sample:
    sample = measure([*command, str(paper)], env)
    if word not in sample.said:
        raise RuntimeError(f"{command[0]} found no text in {paper.name}: {sample.said[-300:]}")
    return sample


def page_costs(papers: list[Path], rounds: int, scratch: Path) -> dict[str, dict[str, list[float]]]:
    """CPU milliseconds a page, by tool and paper."""
    from pdf_layouts import LAYOUTS

    from runner.segments import count_pages

    blank = scratch / "blank.pdf"
    blank.write_bytes(LAYOUTS["no-text"])
    env = environment(scratch)
    costs: dict[str, dict[str, list[float]]] = {}
    for tool, command in tools():
        for paper in [blank, *papers]:  # warms the machine
            taken(command, paper, env, "")
        for _ in range(rounds):
            start = taken(command, blank, env, "").cpu
            for paper in papers:
                pages = count_pages(paper.read_bytes())
                cost = (taken(command, paper, env, WORD).cpu - start) * 1000 / pages
                costs.setdefault(tool, {}).setdefault(paper.stem, []).append(cost)
    return costs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--papers",
        type=Path,
        default=Path(os.environ.get("RUNNER_PAPERS", TESTS.parents[1] / "shared" / "papers")),
    )
    options = parser.parse_args()
    papers = sorted(options.papers.glob("*.pdf"))
    if not papers:
        sys.exit(f"no PDFs in {options.papers}: name a folder with --papers")
    with tempfile.TemporaryDirectory() as scratch:
        costs = page_costs(papers, options.rounds, Path(scratch))
    names = [paper.stem for paper in papers]
    middles = {tool: [median(by_paper[name]) for name in names] for tool, by_paper in costs.items()}
    ours = median(next(iter(middles.values())))
    show(
        "CPU ms a page, cold",
        ("tool", *names, "median", "ours/theirs"),
        (
            [
                tool,
                *(f"{cost:.1f}" for cost in each),
                f"{median(each):.1f}",
                f"{ours / median(each):.2f}",
            ]
            for tool, each in middles.items()
        ),
    )


if __name__ == "__main__":
    main()
