"""``quotes shot``: pictures of a note's quotes, beside its other attachments and over no file."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from quote_homes import EDITION, TWO_LINES, home, link_to, pages_kept_once, quoted, vault
from vaults import Home

__all__ = ["home", "pages_kept_once", "vault"]  # fixtures


def shot(home: Home, *arguments: str) -> dict[str, str]:
    ran = home.command("quotes", "shot", *arguments, "--json")
    assert ran.code == 0, ran.out
    (made,) = ran.json["shots"]
    return dict(made)


def test_a_quote_is_pictured_by_its_id_and_embedded(vault: Home) -> None:
    made = shot(vault, "N.md#^q-place")
    assert (made["file"], made["embed"]) == ("n.quote-q-place.png", "![[n.quote-q-place.png]]")
    assert (made["pdf"], made["page"]) == ("paper.pdf", 1)
    assert " ".join(made["text"].split()) == TWO_LINES
    image = Image.open(io.BytesIO((vault.vault / made["file"]).read_bytes()))
    assert image.width > 200 and 60 < image.height < 120
    said = vault.command("quotes", "shot", "N.md#^q-place")
    assert said.out.splitlines() == [made["file"], made["embed"]]


def test_the_same_picture_is_written_once(vault: Home) -> None:
    made = shot(vault, "N.md:3")
    before = vault.files()
    assert shot(vault, "N.md:5") == made
    assert before.times == vault.files().times


def test_it_goes_where_attachments_go(vault: Home) -> None:
    vault.write(".obsidian/app.json", '{"attachmentFolderPath": "./pictures of it"}')
    vault.write("sub/N 笔记.md", vault.read("N.md"))
    made = shot(vault, "sub/N 笔记.md#^q-place")
    assert made["file"] == "sub/pictures of it/n_笔记.quote-q-place.png"
    assert made["embed"] == "![[n_笔记.quote-q-place.png]]"
    vault.write(".obsidian/app.json", '{"useMarkdownLinks": true, "attachmentFolderPath": "a b"}')
    assert shot(vault, "N.md#^q-place")["embed"] == "![](a%20b/n.quote-q-place.png)"


def test_a_dot_folder_is_no_place(vault: Home) -> None:
    vault.write(".obsidian/app.json", '{"attachmentFolderPath": ".hidden"}')
    ran = vault.command("quotes", "shot", "N.md")
    assert ran.code == 1 and "dot-folder" in ran.err and "-o" in ran.err
    assert vault.command("quotes", "shot", "N.md", "-o", ".obsidian/x").code == 1
    assert not (vault.vault / ".hidden").exists()


def test_a_file_that_is_not_ours_is_left_alone(vault: Home) -> None:
    vault.write("n.quote-q-place.png", b"mine")
    ran = vault.command("quotes", "shot", "N.md")
    assert ran.code == 1 and "n.quote-q-place.png is a file that we did not write" in ran.err
    assert (vault.vault / "n.quote-q-place.png").read_bytes() == b"mine"


def test_a_folder_outside_can_be_named(vault: Home, tmp_path: Path) -> None:
    made = shot(vault, "N.md", "-o", str(tmp_path / "elsewhere"))
    assert made["embed"] == ""
    assert Path(made["file"]).parent == (tmp_path / "elsewhere").resolve()
    assert Path(made["file"]).read_bytes().startswith(b"\x89PNG")


def test_words_of_a_pdf_are_pictured_without_a_note(vault: Home) -> None:
    made = shot(vault, "paper.pdf", "all is well")
    assert made["file"].startswith("paper.quote-p2-") and made["text"] == "all is well"
    assert Image.open(io.BytesIO((vault.vault / made["file"]).read_bytes())).height < 60


def test_all_quotes_of_a_note_and_what_cannot_be(vault: Home) -> None:
    wrong = quoted("[[paper.pdf#page=1]]", "It says something that it does not say at all.")
    other = quoted(link_to(vault, "all is well"), "all is well")
    vault.write("N.md", vault.read("N.md") + wrong + other)
    ran = vault.command("quotes", "shot", "N.md", "--json")
    assert ran.code == 1
    assert [made["text"].split()[0] for made in ran.json["shots"]] == ["Every", "all"]
    (lost,) = ran.json["failed"]
    assert lost.startswith("N.md:9 cannot be pictured")


def test_a_quote_that_moved_is_pictured_where_it_stands(vault: Home) -> None:
    vault.write("paper.pdf", EDITION)
    made = shot(vault, "N.md")
    assert made["page"] == 2 and " ".join(made["text"].split()) == TWO_LINES


@pytest.mark.parametrize("page", [[], ["--page", "1"]])
def test_ambiguous_words_are_refused(vault: Home, page: list[str]) -> None:
    ran = vault.command("quotes", "shot", "paper.pdf", "a", *page)
    assert ran.code == 1 and ran.out == "" and ran.err.startswith("runner: ")
