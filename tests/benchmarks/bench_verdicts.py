"""What a quote's verdict costs once its pages are parsed: python tests/benchmarks/bench_verdicts.py

CPU time in this process, on pages of words drawn at random, about as full as a paper's. The first
line is what a page costs when it is first asked, the others what a quote costs after that: goal
2 ms. The ratio is to the verdict of a link that is right.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

PROJECT = Path(__file__).parents[2]
sys.path[:0] = [str(PROJECT), str(PROJECT / "tests")]

from printed import Printed, core, page, quoted  # noqa: E402  # found by the lines above

from runner.note import Link, Quote  # noqa: E402
from runner.pagesearch import SearchablePage  # noqa: E402
from runner.quotes import Book, check  # noqa: E402
from runner.verdict import Verdict  # noqa: E402

PAGES, LINES, WORDS, ROUNDS = 20, 50, 12, 50


def texts() -> list[str]:
    """Pages of lines of words; every tenth word is an item of its own."""
    chance = random.Random(1)
    letters = "etaoinshrdlucmfw"

    def word() -> str:
        return "".join(chance.choices(letters, k=chance.randint(2, 11)))

    def line() -> str:
        words = [word() for _ in range(WORDS)]
        return " ".join(f"|{w}|" if chance.random() < 0.1 else w for w in words)

    return ["\n".join(line() for _ in range(LINES)) for _ in range(PAGES)]


def cost(work: Callable[[], object], times: int) -> float:
    """Milliseconds of CPU for one call of ``work``."""
    start = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - start) / times * 1000


def cases(pages: Sequence[str]) -> dict[str, tuple[Verdict, str, str]]:
    words = pages[9].replace("|", "").replace("\n", " ").split()
    said, there = " ".join(words[100:130]), "page=10&selection=0,0,999,0"
    changed = " ".join([*words[100:110], "not", *words[110:130]])
    bullets = "\n".join(f"- {' '.join(words[at : at + 12])}" for at in range(0, 240, 24))
    return {
        "exact, on its page": (Verdict.EXACT, said, "page=10"),
        "ten bullets": (Verdict.EXACT, bullets, "page=10"),
        "moved": (Verdict.MOVED, said, there),
        "edited": (Verdict.EDITED, changed, "page=10"),
        "on another page": (Verdict.OTHER_PAGE, said, "page=2"),
        "nowhere": (Verdict.NOT_FOUND, "ducks " * 25, "page=10"),
    }


def main() -> None:
    pages = texts()
    first = page(pages[0])
    print(f"{'a page, folded':24} {cost(lambda: SearchablePage(first), ROUNDS):8.3f} ms")
    book = Book(Printed(*pages))
    base = 0.0
    for name, (expected, text, place) in cases(pages).items():
        ((link, quote),) = quoted(core(text, place))

        def verdict(link: Link = link, quote: Quote = quote) -> Verdict:
            return check("n.md", link, quote, book).verdict

        found = verdict()
        if found is not expected:
            raise SystemExit(f"{name}: {found} instead of {expected}")
        spent = cost(verdict, ROUNDS)
        base = base or spent
        print(f"{name:24} {spent:8.3f} ms  {spent / base:6.1f} ×")


if __name__ == "__main__":
    main()
