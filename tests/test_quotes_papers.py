"""Quotes of real papers, where they are at hand: the vault's own, a new edition, another pdf.js."""

import os
import random
import re
import unicodedata
from functools import cache
from pathlib import Path

import pytest
from printed import Bound, core, quoted, verdict

from runner.pagesearch import selected_text
from runner.quotes import Book, check
from runner.requoting import migrated, rewritten
from runner.segments import page_texts
from runner.verdict import Profile, Selection, Verdict

ROOT = Path(__file__).parent.parent
PAPERS = Path(os.environ.get("RUNNER_PAPERS", ROOT.parent / "shared" / "papers"))
FILES = {"1706.03762v7.pdf": "1706.03762v7.pdf", "VIT image": "2010.11929v2.pdf"}
SENTENCE = re.compile(r"(?<=[.!?])\s+([A-Z][^.!?]{60,300}[.!?])(?=\s)")


@cache
def paper(name: str, profile: Profile = Profile.OLD) -> Book:
    path = PAPERS / name
    if not path.is_file():
        pytest.skip(f"needs {name} in the folder that RUNNER_PAPERS names")
    return Book(Bound(list(page_texts(path.read_bytes(), profile))))


@pytest.mark.parametrize("note", ["Attention Is All You Need", "ViT", "Reading list"])
def test_the_quotes_of_the_vault(note: str) -> None:
    links = quoted((ROOT / "vault" / f"{note}.md").read_text(encoding="utf-8"))
    assert len(links) >= 5
    untrue = []
    for link, quote in links:
        book = paper(next(file for name, file in FILES.items() if link.target.startswith(name)))
        said = check(note, link, quote, book)
        if said.verdict is not Verdict.EXACT:
            untrue.append((said.verdict, said.pieces[-1].text, said.pieces[-1].page))
    gelu = "The MLP contains two layers with a GELU non-linearity"
    assert untrue == ([(Verdict.OTHER_PAGE, gelu, 4)] if note == "Reading list" else [])


# The papers' own sentences that a page break parts: over footnotes, columns, figures and tables.
BREAKS = [
    ("1512.03385v1.pdf", 1, "unable to find solutions that are comparably good or better"),
    ("1512.03385v1.pdf", 2, "In addition, highway networks have not demonstrated accuracy gains"),
    ("1512.03385v1.pdf", 4, "the degradation problem - the 34-layer plain net has higher training"),
    ("1512.03385v1.pdf", 5, "compared to its plain counterpart, the 34-layer ResNet reduces"),
    ("1512.03385v1.pdf", 7, "It has fewer parameters than other deep and thin networks such as"),
    ("1810.04805v2.pdf", 1, "predict the original vocabulary id of the masked word based only"),
    ("1810.04805v2.pdf", 2, "Left-to-right language modeling and auto-encoder objectives have"),
    ("1810.04805v2.pdf", 6, "Without TriviaQA fine-tuning data, we only lose 0.1-0.4 F1"),
    ("2010.11929v2.pdf", 1, "some of the inductive biases inherent to CNNs, such as translation"),
    ("2010.11929v2.pdf", 6, "Figure 3 also shows the performance region spanned by BiT models"),
    ("2010.11929v2.pdf", 8, "self-supervised pre-training (Devlin et al., 2019; Radford et al."),
]


@pytest.mark.parametrize(("name", "page", "text"), BREAKS)
def test_a_sentence_over_a_page_break(name: str, page: int, text: str) -> None:
    book = paper(name)
    first = verdict(core(text, f"page={page}"), book)
    second = verdict(core(text, f"page={page + 1}"), book)
    assert (first.verdict, first.message) == (Verdict.EXACT, f"it continues on page {page + 1}")
    assert (second.verdict, second.message) == (Verdict.EXACT, f"it begins on page {page}")


def sentences(book: Book, count: int) -> list[tuple[int, Selection, str]]:
    """Random sentences with the link that Obsidian would make of them."""
    found = []
    for number in range(1, book.count + 1):
        page = book.page(number).page
        text, places = "", []
        for index, item in enumerate(page.items):
            units = 0
            for letter in item.text:
                places.append((index, units, units + len(letter.encode("utf-16-le")) // 2))
                units = places[-1][2]
            text += item.text
            if item.ends_line:
                text += "\n"
                places.append((index, units, units))
        for match in SENTENCE.finditer(text):
            first, last = places[match.start(1)], places[match.end(1) - 1]
            words = " ".join(re.sub(r"-\n", "- ", match[1]).split())
            found.append((number, (*first[:2], last[0], last[2]), words))
    random.Random(7).shuffle(found)
    return found[:count]


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).lower()))


def link_of(page: int, selection: Selection) -> str:
    return f"page={page}&selection={','.join(map(str, selection))}"


@pytest.mark.parametrize(
    ("old", "new"),
    [("1706.03762v5.pdf", "1706.03762v7.pdf"), ("1706.03762v7.pdf", "1706.03762v5.pdf")],
)
def test_links_into_another_edition_are_repaired(old: str, new: str) -> None:
    was, now = paper(old), paper(new)
    pages = [letters(now.page(number).text) for number in range(1, now.count + 1)]
    repaired = broken = 0
    for number, selection, text in sentences(was, 120):
        note = core(text, link_of(number, selection))
        assert verdict(note, was).verdict is Verdict.EXACT
        said = verdict(note, now)
        if not any(letters(text) in page for page in pages):
            assert said.found is None or said.message
            continue
        broken += said.verdict is not Verdict.EXACT
        if said.found:
            ((link, _),) = quoted(note)
            mended = verdict(rewritten(note, [(link, said.found)]), now)
            assert mended.verdict is Verdict.EXACT
            covered = selected_text(now.page(said.found.page).page, said.found.selection)
            assert covered is not None
            assert letters(covered) == letters(text)
            repaired += 1
    assert repaired == broken
    assert broken >= 100


def test_quotes_of_another_paper_are_never_placed() -> None:
    other = paper("1512.03385v1.pdf")
    for number, selection, text in sentences(paper("2010.11929v2.pdf"), 60):
        said = verdict(core(text, link_of(number, selection)), other)
        stands = any(letters(text) in letters(other.page(n).text) for n in range(1, 13))
        assert (said.found is not None) == stands


@pytest.mark.parametrize("name", ["1706.03762v7.pdf", "1810.04805v2.pdf"])
def test_links_migrate_to_another_pdfjs_and_back(name: str) -> None:
    old, new = paper(name), paper(name, Profile.NEW)
    moved = 0
    for number, selection, _ in sentences(old, 120):
        here, there = old.page(number).page, new.page(number).page
        text = selected_text(here, selection)
        assert text is not None
        moved += selected_text(there, selection) != text
        digits = migrated(selection, here, there)
        assert digits is not None
        again = selected_text(there, digits)
        assert again is not None
        assert letters(again) == letters(text)
        assert migrated(digits, there, here) == selection
    assert moved >= 20
