"""Verdicts are kept: what is asked again is recalled, and equals what would be said anew."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from quote_homes import EDITION, TWO_LINES, home, pages_kept_once, quoted, vault
from small_pdfs import lines, pdf
from vaults import Home

import runner
from runner import pages, verdicts
from runner import quoted as quoted_module

__all__ = ["home", "pages_kept_once", "vault"]  # fixtures

PACKAGE = Path(runner.__file__).parent
VOCABULARY = {"note.py", "records.py", "errors.py"}  # facts alone: nothing is decided there
PAPER = pdf(
    lines("Every sentence of a note has a place", "in the paper it was taken from."),
    lines("The second page says less."),
)
NOTES = {
    "exact": ("page=1", TWO_LINES),
    "edited": ("page=1", TWO_LINES.replace("a place", "no place")),
    "other-page": ("page=2", TWO_LINES),
    "shifted": ("page=1&selection=0,0,0,5", TWO_LINES),
    "not-found": ("page=1", "Penguins dance the tango under a purple moon of cheese"),
    "no-quote": ("page=1", "$x^2$"),
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The quotes that were really held against a PDF."""
    made: list[str] = []
    check = quoted_module.check

    def counted(note, link, quote, book):  # type: ignore[no-untyped-def]
        made.append(note)
        return check(note, link, quote, book)

    monkeypatch.setattr(quoted_module, "check", counted)
    return made


@pytest.fixture
def many(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Notes with each kind of verdict, and a cache of their own."""
    monkeypatch.setenv("RUNNER_CACHE", str(tmp_path / "own"))
    home.write("paper.pdf", PAPER)
    for verdict, (place, text) in NOTES.items():
        home.write(f"{verdict}.md", quoted(f"[[paper.pdf#{place}]]", text))
    return home


def told(home: Home, *more: str) -> list[dict[str, object]]:
    return list(home.command("quotes", "check", ".", "--json", *more).json["links"])


def test_what_is_recalled_equals_what_was_said(many: Home, asked: list[str]) -> None:
    first = told(many)
    assert {link["note"]: link["verdict"] for link in first} == {f"{v}.md": v for v in NOTES}
    assert len(asked) == len(NOTES)
    assert told(many) == first
    assert len(asked) == len(NOTES)


def test_a_note_that_moved_keeps_its_verdict_and_gets_its_name(
    many: Home, asked: list[str]
) -> None:
    first = told(many)
    asked.clear()
    many.write("edited.md", "A line more.\n\n" + many.read("edited.md"))
    (many.vault / "edited.md").rename(many.vault / "renamed.md")
    before = next(link for link in first if link["note"] == "edited.md")
    after = next(link for link in told(many) if link["note"] == "renamed.md")
    assert after == before | {"note": "renamed.md", "line": 5}
    assert asked == []


@pytest.mark.parametrize(
    "change",
    [
        ("> Every", "> Each"),
        ("page=1", "page=7"),
        ("page=1", "page=1&selection=0,0,1,5"),
        ("]]", "]] and [[paper.pdf#page=2]]"),
    ],
    ids=["words", "page", "selection", "another link"],
)
def test_what_changed_is_asked_anew(many: Home, asked: list[str], change: tuple[str, str]) -> None:
    told(many)
    asked.clear()
    many.edit("exact.md", *change)
    told(many)
    assert set(asked) == {"exact.md"}


def test_another_pdf_is_asked_anew(many: Home, asked: list[str]) -> None:
    told(many)
    asked.clear()
    many.write("paper.pdf", EDITION)
    after = {link["note"]: link["verdict"] for link in told(many)}
    assert len(asked) == len(NOTES)
    assert after["exact.md"] == "other-page"


def test_each_pdfjs_has_verdicts_of_its_own(many: Home, asked: list[str]) -> None:
    told(many)
    told(many, "--profile", "5.5")
    assert len(asked) == 2 * len(NOTES)


@pytest.mark.parametrize("module", [pages, verdicts])
def test_another_edition_of_the_code_asks_anew(
    many: Home, asked: list[str], monkeypatch: pytest.MonkeyPatch, module: object
) -> None:
    told(many)
    monkeypatch.setattr(module, "edition", lambda *_: "another")
    told(many)
    assert len(asked) == 2 * len(NOTES)


def test_what_cannot_be_read_is_not_kept(many: Home) -> None:
    whole = (many.vault / "paper.pdf").read_bytes()
    many.write("paper.pdf", whole[: len(whole) // 3].replace(b"%PDF", b"%XXX"))
    assert {link["verdict"] for link in told(many)} == {"unreadable"}
    many.write("paper.pdf", whole)
    assert {link["note"]: link["verdict"] for link in told(many)}["exact.md"] == "exact"


@pytest.mark.parametrize(
    ("start", "sources"),
    [("quotes.py", verdicts.SOURCES), ("segments.py", pages.SOURCES)],
    ids=["verdicts", "pages"],
)
def test_an_edition_covers_all_that_decides(start: str, sources: tuple[str, ...]) -> None:
    decides = set(_reached(start)) - VOCABULARY
    covered = {name for name in decides if name in sources or name.partition("/")[0] in sources}
    assert decides == covered


def _reached(start: str) -> Iterator[str]:
    """The files of the package that ``start`` imports, and theirs, with itself."""
    left, seen = [start], set()
    while left:
        name = left.pop()
        if name in seen or not (PACKAGE / name).is_file():
            continue
        seen.add(name)
        yield name
        folder = name.rpartition("/")[0]
        for node in ast.walk(ast.parse((PACKAGE / name).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                parts = folder.split("/")[: len(folder.split("/")) - node.level + 1]
                base = "/".join([*(p for p in parts if p), *(node.module or "").split(".")])
                base = base.strip("/")
                left.append(f"{base}.py")
                left += [f"{base}/{alias.name}.py".lstrip("/") for alias in node.names]
