"""Downloads of papers, from a server on this machine: whole or not at all, and over no file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from paper_server import Answer, Server, sends, serving

from runner import fetching
from runner.atomic import WriteError
from runner.fetching import Edition, FetchError, edition, fetch

PDF = b"%PDF-1.4\n" + bytes(range(256)) * 1000
PAPER = Edition("2010.11929", "v2")


def sends_without_length(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(PDF)


def sends_nothing(_: BaseHTTPRequestHandler) -> None:
    threading.Event().wait(1)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    with serving() as server:
        server.answer = sends(PDF)
        yield server


def silent(_: int, __: int | None) -> None:
    """No progress."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2010.11929v2", "2010.11929v2"),
        ("arXiv:1706.03762v7", "1706.03762v7"),
        ("https://arxiv.org/abs/1512.03385v1", "1512.03385v1"),
        ("https://arxiv.org/pdf/1512.03385V1.pdf", "1512.03385v1"),
        (" math.GT/0309136v1 ", "math.GT/0309136v1"),
        ("hep-th/9901001v3", "hep-th/9901001v3"),
    ],
)
def test_an_edition_is_read_in_the_forms_people_write(text: str, expected: str) -> None:
    assert str(edition(text)) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2010.11929", "names no version"),
        ("https://arxiv.org/abs/2010.11929", "names no version"),
        ("2010.11929v0", "is no arXiv identifier"),
        ("../../etc/passwd", "is no arXiv identifier"),
        ("2010.11929v2?x=/..", "is no arXiv identifier"),
        ("", "is no arXiv identifier"),
        (None, "is no arXiv identifier"),
        (["2010.11929v2"], "is no arXiv identifier"),
    ],
)
def test_what_names_no_edition_is_refused(text: object, words: str) -> None:
    with pytest.raises(FetchError, match=words):
        edition(text)


def test_a_paper_comes_with_its_progress(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    target = tmp_path / "new folder" / "ViT 视觉.pdf"
    assert fetch(PAPER, target, server.base + "/", lambda *at: seen.append(at)) == len(PDF)
    assert target.read_bytes() == PDF
    assert [entry.name for entry in target.parent.iterdir()] == [target.name]
    assert seen[-1] == (len(PDF), len(PDF)) and seen == sorted(seen)
    assert [path for path, _ in server.asked] == ["/pdf/2010.11929v2"]
    assert server.asked[0][1].startswith("runner/")


def test_a_server_may_be_silent_about_the_length(server: Server, tmp_path: Path) -> None:
    server.answer = sends_without_length
    seen: list[int | None] = []
    fetch(PAPER, tmp_path / "a.pdf", server.base, lambda _, whole: seen.append(whole))
    assert (tmp_path / "a.pdf").read_bytes() == PDF
    assert set(seen) == {None}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (sends(b"gone", code=404), "does not exist: correct the note's `arxiv:`"),
        (sends(b"slow down", code=429), "refused for now .HTTP 429.: wait some minutes"),
        (sends(b"oh", code=500), "cannot be had .HTTP 500."),
        (sends(b"<html>log in</html>"), "gave no PDF .application/pdf."),
        (sends(b""), "gave no PDF"),
        (sends(PDF, announced=len(PDF) + 5), "broke off after 256009 of 256014 bytes"),
    ],
)
def test_a_download_that_fails_leaves_nothing(
    server: Server, tmp_path: Path, answer: Answer, words: str
) -> None:
    server.answer = answer
    with pytest.raises(FetchError, match=words):
        fetch(PAPER, tmp_path / "a.pdf", server.base, silent)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_says_nothing_is_given_up(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answer = sends_nothing
    monkeypatch.setattr(fetching, "_PATIENCE", 0.1)
    with pytest.raises(FetchError, match="did not answer for 0 s"):
        fetch(PAPER, tmp_path / "a.pdf", server.base, silent)


@pytest.mark.parametrize(
    ("base", "words"),
    [
        ("http://127.0.0.1:9", "cannot be reached"),
        ("http://no-such-host.invalid", "cannot be reached"),
        ("file:///etc", "is no address of a server"),
        ("arxiv.org", "is no address of a server"),
    ],
)
def test_what_is_no_server_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: str, words: str
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(FetchError, match=words):
        fetch(PAPER, tmp_path / "a.pdf", base, silent)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_left_alone(server: Server, tmp_path: Path) -> None:
    mine = tmp_path / "a.pdf"
    mine.write_bytes(b"mine")
    with pytest.raises(FetchError, match="is there already"):
        fetch(PAPER, mine, server.base, silent)
    assert (mine.read_bytes(), server.asked) == (b"mine", [])


@pytest.mark.parametrize("has_links", [True, False])
def test_a_file_that_appears_meanwhile_is_left_alone(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    mine = tmp_path / "a.pdf"
    if not has_links:
        monkeypatch.setattr(fetching.os, "link", _no_links)

    def arrive(*_: object) -> None:
        mine.write_bytes(b"mine")

    with pytest.raises(FetchError, match="appeared meanwhile"):
        fetch(PAPER, mine, server.base, arrive)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.pdf"]
    assert mine.read_bytes() == b"mine"


def test_it_works_where_there_are_no_hard_links(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching.os, "link", _no_links)
    fetch(PAPER, tmp_path / "a.pdf", server.base, silent)
    assert (tmp_path / "a.pdf").read_bytes() == PDF


def _no_links(*_: object) -> None:
    raise OSError(95, "Operation not supported")


def test_a_full_disk_is_said_and_leaves_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetching, "_sync", full)
    with pytest.raises(WriteError, match=r"no space left on device.*free some space"):
        fetch(PAPER, tmp_path / "a.pdf", server.base, silent)
    assert list(tmp_path.iterdir()) == []
