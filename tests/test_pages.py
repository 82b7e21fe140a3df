"""Pages of PDFs: read by a process with limits, kept by content, page and pdf.js."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import small_pdfs
from small_pdfs import lines, pdf

from runner import pages, pdf_process
from runner.kept import Kept
from runner.pages import Paper, Papers, Unread
from runner.pdf_process import Limits, PdfError, ask
from runner.verdict import Profile, Verdict

THREE = pdf(lines("one fish", "two fish"), lines("red fish"), lines("blue fish"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Which pages each child was asked for."""
    calls: list[list[int]] = []

    def counted(request: Any, data: bytes, limits: Limits) -> Iterator[dict[str, Any]]:
        calls.append(list(request["pages"]))
        return ask(request, data, limits)

    monkeypatch.setattr(pages, "ask", counted)
    return calls


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path)
    yield shelf
    shelf.papers.close()


class Shelf:
    """A folder of PDFs, and what is known of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.papers = self.opened()

    def opened(self, **limits: float) -> Papers:
        return Papers(Kept("pages", self.folder / "cache"), Limits(**limits))  # type: ignore[arg-type]

    def put(self, data: bytes, name: str = "a.pdf") -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path


def texts(paper: Paper) -> list[str]:
    return [_text(paper, number) for number in range(1, paper.count + 1)]


def _text(paper: Paper, number: int) -> str:
    return " ".join(item.text for item in paper.page(number).items if item.text)


# --- reading and keeping ----------------------------------------------------------------------


def test_pages_are_read_once_for_all_processes(shelf: Shelf, asked: list[list[int]]) -> None:
    path = shelf.put(THREE)
    assert texts(shelf.papers.paper(path)) == ["one fish two fish", "red fish", "blue fish"]
    before = len(asked)
    other = shelf.opened()
    assert texts(other.paper(path)) == ["one fish two fish", "red fish", "blue fish"]
    other.close()
    assert len(asked) == before


def test_line_ends_and_empty_items_come_through(shelf: Shelf) -> None:
    paper = shelf.papers.paper(shelf.put(THREE))
    first = paper.page(1)
    again = shelf.opened().paper(shelf.folder / "a.pdf").page(1)
    assert first == again
    assert any(item.ends_line for item in first.items)


def test_what_is_prepared_is_read_together(shelf: Shelf, asked: list[list[int]]) -> None:
    paper = shelf.papers.paper(shelf.put(THREE))
    paper.prepare([3, 1, 900, 0])
    assert (paper.page(1).number, paper.page(3).number) == (1, 3)
    assert asked == [[0, 1, 3, 900]]


def test_a_page_nobody_prepared_brings_its_neighbours_then_all(
    shelf: Shelf, asked: list[list[int]]
) -> None:
    paper = shelf.papers.paper(shelf.put(pdf(*(lines(f"page {n}") for n in range(1, 8)))))
    paper.prepare([4])
    paper.page(5)
    paper.page(1)
    assert asked == [[4], [3, 5], [1, 2, 6, 7]]


def test_other_bytes_are_another_paper(shelf: Shelf) -> None:
    path = shelf.put(pdf(lines("first edition")))
    assert texts(shelf.papers.paper(path)) == ["first edition"]
    shelf.put(pdf(lines("second edition, revised")))
    assert texts(shelf.papers.paper(path)) == ["second edition, revised"]


def test_the_same_bytes_are_the_same_paper_wherever_they_are(
    shelf: Shelf, asked: list[list[int]]
) -> None:
    texts(shelf.papers.paper(shelf.put(THREE)))
    before = len(asked)
    assert texts(shelf.papers.paper(shelf.put(THREE, "论文 copy.pdf")))[1] == "red fish"
    assert len(asked) == before


def test_each_pdf_js_has_its_own_items(shelf: Shelf, asked: list[list[int]]) -> None:
    path = shelf.put(pdf(lines("words")))
    for profile in (Profile.OLD, Profile.NEW, Profile.OLD, Profile.NEW):
        shelf.papers.paper(path, profile).page(1)
    assert len(asked) == 2


def test_items_of_an_older_segmenter_are_read_anew(
    shelf: Shelf, asked: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shelf.put(pdf(lines("words")))
    shelf.papers.paper(path).page(1)
    monkeypatch.setattr(pages, "edition", lambda *_: "older")
    shelf.opened().paper(path).page(1)
    assert len(asked) == 2


def test_a_file_that_was_not_touched_is_not_read(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shelf.put(pdf(lines("words")))
    monkeypatch.setattr(pages, "_TICK", -1)
    texts(shelf.papers.paper(path))
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("the PDF was read"))
    assert texts(shelf.opened().paper(path)) == ["words"]


def test_a_pdf_that_changes_under_the_reader_is_told_and_not_kept(
    shelf: Shelf, asked: list[list[int]]
) -> None:
    path = shelf.put(pdf(lines("first edition")))
    paper = shelf.papers.paper(path)
    shelf.put(pdf(lines("second edition")))
    with pytest.raises(Unread, match="changed while it was being read"):
        paper.page(1)
    shelf.put(pdf(lines("first edition")))
    assert texts(shelf.opened().paper(path)) == ["first edition"]
    assert asked == [[1]]


# --- what cannot be read ----------------------------------------------------------------------

OTHERS = {
    "empty": (b"", Verdict.UNREADABLE, "the file is empty"),
    "html": (b"<html>log in</html>", Verdict.UNREADABLE, "the file is no PDF"),
    "lfs": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
        Verdict.NO_PDF,
        "pointer of Git LFS.*git lfs pull",
    ),
    "encrypted": (small_pdfs.locked(), Verdict.UNREADABLE, "encrypted .* password"),
    "cut": (THREE[:200], Verdict.UNREADABLE, "the PDF "),
    "noise": (b"%PDF-1.7\n" + bytes(range(256)) * 20, Verdict.UNREADABLE, "the PDF "),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_readable_pdf_has_its_verdict_and_words(shelf: Shelf, name: str) -> None:
    data, verdict, words = OTHERS[name]
    path = shelf.put(data)
    with pytest.raises(Unread, match=words) as told:
        shelf.papers.paper(path).page(1)
    assert told.value.fault.verdict is verdict


def test_what_is_not_there_is_no_pdf(shelf: Shelf) -> None:
    with pytest.raises(Unread) as told:
        shelf.papers.paper(shelf.folder / "none.pdf")
    assert told.value.fault.verdict is Verdict.NO_PDF
    with pytest.raises(Unread, match="no file that can be read"):
        shelf.papers.paper(shelf.folder)


def test_a_scan_has_a_page_without_items(shelf: Shelf) -> None:
    assert shelf.papers.paper(shelf.put(small_pdfs.scan())).page(1).items == ()


@pytest.mark.parametrize("trap", [small_pdfs.endless, small_pdfs.bomb])
def test_a_trap_costs_its_limit_once(shelf: Shelf, trap: Any, asked: list[list[int]]) -> None:
    path = shelf.put(trap())
    start = time.monotonic()
    for _ in range(2):
        papers = shelf.opened(silence=2.5)
        with pytest.raises(Unread) as told:
            papers.paper(path).page(1)
        papers.close()
        assert told.value.fault.verdict is Verdict.UNREADABLE
    assert len(asked) == 1
    assert time.monotonic() - start < 20


def test_what_ran_out_of_time_gets_another_try_later(
    shelf: Shelf, asked: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shelf.put(pdf(lines("words")))
    hurried = shelf.opened(silence=0.0)
    with pytest.raises(Unread, match="takes longer to read"):
        hurried.paper(path).page(1)
    with pytest.raises(Unread, match="takes longer to read"):
        shelf.opened().paper(path).page(1)
    assert len(asked) == 1
    later = time.time() + 2 * 3600
    monkeypatch.setattr("runner.kept.time.time", lambda: later)
    assert texts(shelf.opened().paper(path)) == ["words"]


def test_a_broken_page_leaves_the_others(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks_on_two(request: Any, data: bytes, limits: Limits) -> Iterator[dict[str, Any]]:
        for answer in ask(request, data, limits):
            if answer.get("page") == 2:
                raise PdfError("the PDF is odd")
            yield answer

    monkeypatch.setattr(pages, "ask", breaks_on_two)
    paper = shelf.papers.paper(shelf.put(THREE))
    assert (_text(paper, 1), _text(paper, 3)) == ("one fish two fish", "blue fish")
    with pytest.raises(Unread, match=r"the PDF is odd \(page 2\)"):
        paper.page(2)


# --- the process ------------------------------------------------------------------------------


def child(body: str) -> tuple[str, ...]:
    """A child that answers as ``body`` says, ``_answers`` of the real one replaced."""
    program = (
        f"import json, os, subprocess, sys, time\nfrom runner import pdf_child\n{body}\n"
        "pdf_child._answers = answers\npdf_child.main()"
    )
    return (sys.executable, "-P", "-c", program)


def answers_of(body: str, **limits: float) -> list[dict[str, Any]]:
    return list(ask({}, b"%PDF", Limits(**limits), child(body)))  # type: ignore[arg-type]


def test_answers_come_as_they_are_made() -> None:
    body = "def answers(request, pdf):\n print('noise')\n yield {'page': 1}\n yield {'n': len(pdf)}"
    assert answers_of(body) == [{"page": 1}, {"n": 4}]


FAILURES = {
    "a crash": ("os.kill(os.getpid(), 11)", "broke its reader .killed by SIGSEGV"),
    "an exit": ("os._exit(3)", "broke its reader .the process ended with exit code 3"),
    "a bug": ("raise KeyError('x')", "more than our reader can take .KeyError at <string>:4"),
    "a hang": ("time.sleep(60)", "takes longer to read than 2 s"),
    "memory": ("x = b'x' * (8 << 30)", "needs more memory than it should"),
    "nonsense": ("sys.setrecursionlimit(10**9); f = lambda: f(); f()", "the PDF "),
}


@pytest.mark.skipif(sys.platform == "win32", reason="signals and limits are POSIX's")
@pytest.mark.parametrize("name", FAILURES)
def test_whatever_ends_the_child_is_told(name: str) -> None:
    code, words = FAILURES[name]
    body = f"def answers(request, pdf):\n {code}\n yield {{}}"
    if name == "memory" and sys.platform != "linux":
        pytest.skip("only Linux refuses memory at once")
    with pytest.raises(PdfError, match=words):
        answers_of(body, silence=2.0)


def test_all_answers_together_have_a_limit_too() -> None:
    body = "def answers(request, pdf):\n while True:\n  time.sleep(0.1)\n  yield {}"
    start = time.monotonic()
    with pytest.raises(PdfError, match="takes longer to read"):
        answers_of(body, whole=1.5)
    assert time.monotonic() - start < 15


@pytest.mark.skipif(sys.platform == "win32", reason="kills by process group, as POSIX has them")
def test_what_the_child_started_is_ended_with_it(tmp_path: Path) -> None:
    beat, program = tmp_path / "beat", tmp_path / "busy.py"
    program.write_text(
        "import sys, time\nwhile True:\n    open(sys.argv[1], 'a').write('.')\n    time.sleep(0.02)",
        encoding="utf-8",
    )
    body = (
        "import subprocess\n"
        "def answers(request, pdf):\n"
        f" subprocess.Popen([sys.executable, {str(program)!r}, {str(beat)!r}])\n"
        " time.sleep(60)\n yield {}"
    )
    with pytest.raises(PdfError):
        answers_of(body, silence=2.0)
    assert beat.stat().st_size > 0
    time.sleep(0.2)
    size = beat.stat().st_size
    time.sleep(0.3)
    assert beat.stat().st_size == size


def test_a_vault_as_working_folder_executes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "pdfminer", "runner", "base64"):
        (tmp_path / f"{name}.py").write_text("open('ran', 'w')", encoding="utf-8")
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf(lines("words")))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    papers = Papers(Kept("pages", tmp_path / "cache"))
    assert texts(papers.paper(Path("a.pdf"))) == ["words"]
    papers.close()
    assert not (tmp_path / "ran").exists()


def test_the_request_reaches_the_child_with_its_limits() -> None:
    body = "def answers(request, pdf):\n yield request"
    (request,) = answers_of(body, memory=2**30, whole=9)
    assert json.dumps(request) and request["memory"] == 2**30 + 4 * 4
    assert request["seconds"] == 10
    assert pdf_process.Limits().memory == 2**30
