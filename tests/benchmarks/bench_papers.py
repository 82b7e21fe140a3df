"""What quotes cost on real papers: python tests/benchmarks/bench_papers.py [FOLDER]

FOLDER holds PDFs; else RUNNER_PAPERS names it. CPU time, that of child processes included, each
figure beside its goal: 60 ms a page that is read for the first time, 2 ms a quote when its page or
its verdict is kept (links found, verdict), 30 ms a picture (pdfium's start left out). A quote that
is not true has the whole PDF searched for it, the first time.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

PROJECT = Path(__file__).parents[2]
sys.path[:0] = [str(PROJECT)]

from runner.kept import Kept  # noqa: E402  # found by the line above
from runner.linking import link_forms, spots  # noqa: E402
from runner.note import Note  # noqa: E402
from runner.pages import Papers  # noqa: E402
from runner.quoted import Checker  # noqa: E402
from runner.quotes import Book  # noqa: E402
from runner.shots import crop  # noqa: E402
from runner.vault import Vault  # noqa: E402

QUOTES, WORDS, ROUNDS, MOST_PAGES = 30, 25, 5, 1000


def cpu() -> float:
    """Seconds of this process and of the children that ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def spent(work: Callable[[], object]) -> float:
    start = cpu()
    work()
    return cpu() - start


def own_time(work: Callable[[], object]) -> float:
    """The same for work without children, on a finer clock."""
    start = time.process_time()
    work()
    return time.process_time() - start


def sentences(book: Book) -> list[str]:
    """Runs of words spread over the paper, each of one page."""
    found = []
    for number in range(1, book.count + 1):
        words = book.page(number).text.split()
        middle = len(words) // 2
        found.append(" ".join(words[middle : middle + WORDS]))
    return [text for text in found if len(text) > 60][:QUOTES]


def a_note(book: Book, name: str) -> tuple[str, list[tuple[int, str]]]:
    """A note that quotes the paper, and page and words of each quote."""
    note, quoted = "", []
    for text in sentences(book):
        for spot in spots(text, book)[:1]:
            note += link_forms(name, spot.found, spot.text, "paper").quote + "\n"
            quoted.append((spot.found.page, spot.text))
    return note, quoted


def untrue(text: str) -> str:
    """The note with a word of each quote changed."""
    return re.sub(r"(?m)^(> (?:\S+ ){3})\S+", r"\1penguins", text)


def judged(vault: Vault, note: Note, shelf: Path) -> float:
    """Seconds that a process's first look at the quotes of a note takes."""
    kept = Papers(Kept("pages", shelf))
    seconds = own_time(lambda: Checker(vault, lambda: kept).judge(note))
    kept.close()
    return seconds


def row(what: str, milliseconds: float, goal: float) -> None:
    print(f"  {what:34} {milliseconds:8.2f} ms   goal {goal:g} ms   {milliseconds / goal:5.2f} ×")


def bench(file: Path, scratch: Path) -> None:
    folder = scratch / file.stem
    folder.mkdir()
    (folder / file.name).write_bytes(file.read_bytes())
    papers = Papers(Kept("pages", folder / "cache"))
    paper = papers.paper(folder / file.name)
    cold = spent(lambda: paper.prepare(range(1, MOST_PAGES)))
    print(f"{file.name}, {paper.count} pages")
    row("a page, cold, with its process", cold / paper.count * 1000, 60)
    text, quoted = a_note(Book(paper), file.name)
    (folder / "note.md").write_text(text, encoding="utf-8")
    papers.close()
    (folder / "untrue.md").write_text(untrue(text), encoding="utf-8")
    vault = Vault(folder)
    for name, kind in (("note.md", "a quote"), ("untrue.md", "an untrue quote")):
        note = vault.citing(name)
        assert note is not None
        fresh, again = [], []
        for number in range(ROUNDS):
            shelf = folder / f"{name} {number}"
            shutil.copytree(folder / "cache", shelf)  # pages, and no verdict yet
            fresh.append(judged(vault, note, shelf) / len(quoted))
            again.append(judged(vault, note, shelf) / len(quoted))
        row(f"{kind}, its page kept", median(fresh) * 1000, 2)
        row(f"{kind}, its verdict kept", median(again) * 1000, 2)
    data = file.read_bytes()
    crop(data, *quoted[0])
    crops = [own_time(lambda place=place: crop(data, *place)) for place in quoted]
    row(f"a picture, median of {len(crops)}", median(crops) * 1000, 30)
    row("a picture, slowest", max(crops) * 1000, 30)


def main() -> None:
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("RUNNER_PAPERS", "")
    files = sorted(Path(given or PROJECT / ".." / "shared" / "papers").glob("*.pdf"))
    if not files:
        raise SystemExit("no PDFs: name a folder of papers")
    with tempfile.TemporaryDirectory() as scratch:
        for file in files:
            start = time.perf_counter()
            bench(file, Path(scratch))
            print(f"  {time.perf_counter() - start:.1f} s in all")


if __name__ == "__main__":
    main()
