"""``quotes fetch`` and the one message that names it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from paper_server import Server, sends, serving
from quote_homes import TWO_LINES, home, pages_kept_once, vault
from small_pdfs import lines, pdf
from vaults import Home

__all__ = ["home", "pages_kept_once", "vault"]  # fixtures

PAPER = pdf(lines("a paper from afar"))
NEEDS = "---\narxiv: 2010.11929v2\npdf: {}\n---\n\n> a paper from afar\n\n[[ViT.pdf#page=1]]\n\n![[ViT.pdf]]\n"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    with serving() as server:
        server.answer = sends(PAPER)
        yield server


def fetch(home: Home, server: Server, *paths: str) -> tuple[int, list[str], list[str]]:
    ran = home.command("quotes", "fetch", *paths, "--base-url", server.base, "--json")
    return (
        ran.code,
        [paper["pdf"] for paper in ran.json.get("fetched", [])],
        [failed["error"] for failed in ran.json.get("failed", [])],
    )


def test_a_missing_paper_gets_one_message_that_names_the_download(home: Home) -> None:
    home.write("My note.md", NEEDS.format("ViT.pdf"))
    (problem,) = home.check().problems()
    remedy = "`python -m runner quotes fetch 'My note.md'` downloads it"
    assert problem == f"My note.md:3: warning: `ViT.pdf` is not in the vault — {remedy}"
    ran = home.command("quotes", "check", ".")
    assert ran.code == 0
    assert [line for line in ran.out.splitlines() if remedy in line] == [
        f"  no-pdf My note.md:8: `ViT.pdf` is not in the vault — {remedy}"
    ]


def test_a_note_without_links_gets_it_too(home: Home) -> None:
    home.write("N.md", "---\narxiv: 2010.11929v2\npdf: '[[ViT.pdf]]'\n---\n")
    ran = home.command("quotes", "check", ".")
    assert ran.code == 0 and "N.md:3: `ViT.pdf` is not in the vault" in ran.out


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("ViT.pdf", "files/ViT.pdf"),
        ("'[[ViT.pdf]]'", "files/ViT.pdf"),
        ("[[ViT.pdf]]", "files/ViT.pdf"),
        ("papers/2020/ViT.pdf", "papers/2020/ViT.pdf"),
        ("./ViT.pdf", "notes/ViT.pdf"),
        ("../ViT.pdf", "ViT.pdf"),
    ],
)
def test_a_paper_comes_to_where_the_note_looks_for_it(
    home: Home, server: Server, written: str, place: str
) -> None:
    home.write(".obsidian/app.json", '{"attachmentFolderPath": "files"}')
    home.write("notes/N.md", NEEDS.format(written))
    assert fetch(home, server, "notes/N.md") == (0, [place], [])
    assert (home.vault / place).read_bytes() == PAPER
    checked = home.command("quotes", "check", ".", "--json").json
    assert [link["verdict"] for link in checked["links"]] == ["exact"]
    assert fetch(home, server, ".") == (0, [], [])
    assert len(server.asked) == 1


def test_notes_that_share_a_paper_fetch_it_once(home: Home, server: Server) -> None:
    for name in ("A.md", "B.md"):
        home.write(name, NEEDS.format("ViT.pdf"))
    assert fetch(home, server, ".") == (0, ["ViT.pdf"], [])
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ("arxiv: '2010.11929'\npdf: ViT.pdf", "names no version"),
        ("arxiv: 2010.11929\npdf: ViT.pdf", "names no version"),
        ("arxiv: ViT\npdf: ViT.pdf", "is no arXiv identifier"),
        ("arxiv: 2010.11929v2\npdf: ViT.txt", "a file of the vault that ends in .pdf"),
        ("arxiv: 2010.11929v2\npdf: ../../ViT.pdf", "a file of the vault that ends in .pdf"),
        ("arxiv: 2010.11929v2\npdf: .hidden/ViT.pdf", "a file of the vault that ends in .pdf"),
        ("arxiv: 2010.11929v2", "has no properties `arxiv` and `pdf`"),
    ],
)
def test_what_cannot_be_fetched_is_said(
    home: Home, server: Server, properties: str, words: str
) -> None:
    home.write("N.md", f"---\n{properties}\n---\n")
    before = home.files()
    ran = home.command("quotes", "fetch", "N.md", "--base-url", server.base)
    assert ran.code == 2 and words in ran.err
    assert server.asked == [] and before.changed(home.files()) == set()


def test_one_that_fails_does_not_stop_the_others(home: Home, server: Server) -> None:
    home.write("A.md", "---\narxiv: nonsense\npdf: A.pdf\n---\n")
    home.write("B.md", NEEDS.format("ViT.pdf"))
    code, fetched, failed = fetch(home, server, ".")
    assert (code, fetched) == (2, ["ViT.pdf"])
    assert len(failed) == 1 and "is no arXiv identifier" in failed[0]


def test_a_refusal_of_the_server_leaves_the_vault_as_it_is(home: Home, server: Server) -> None:
    server.answer = sends(b"gone", code=404)
    home.write("N.md", NEEDS.format("ViT.pdf"))
    before = home.files()
    ran = home.command("quotes", "fetch", ".", "--base-url", server.base)
    assert ran.code == 2 and "/pdf/2010.11929v2 does not exist" in ran.err
    assert before.changed(home.files()) == set()


def test_a_pointer_of_git_lfs_is_not_written_over(home: Home, server: Server) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\n"
    home.write("ViT.pdf", pointer)
    home.write("N.md", NEEDS.format("ViT.pdf"))
    assert fetch(home, server, ".") == (0, [], [])
    assert (home.vault / "ViT.pdf").read_bytes() == pointer
    checked = home.command("quotes", "check", ".", "--json").json
    assert "git lfs pull" in checked["links"][0]["message"]


def test_a_vault_that_has_all_its_papers_is_left_alone(vault: Home, server: Server) -> None:
    assert TWO_LINES in vault.read("N.md")
    before = vault.files()
    ran = vault.command("quotes", "fetch", ".", "--base-url", server.base)
    assert (ran.code, ran.out) == (0, "every paper is there\n")
    assert before.changed(vault.files()) == set() and server.asked == []
