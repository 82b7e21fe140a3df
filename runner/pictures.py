"""Passages of PDFs found by their words or by a note's links, to be linked and pictured."""

from __future__ import annotations

import hashlib
import os
import posixpath
import urllib.parse
from pathlib import Path

from .answer import FAILED, Refusal
from .cache import Results
from .linking import Spot, spots
from .note import Note
from .pages import Unread
from .pdf_process import PdfError
from .quoted import Checker, Judged
from .quotes import selected_text
from .records import dataclass
from .store import Ownership, write_files
from .vault import Vault
from .verdict import Found, PageText, Verdict

_NAMED_BY = 8  # hexadecimal digits of the words' digest, in the name of a picture


class PassageError(Refusal):
    """A passage that cannot be linked or pictured; says why."""

    def __init__(self, message: str) -> None:
        super().__init__(message, FAILED)


@dataclass(frozen=True, slots=True)
class Passage:
    """Words on a page of the PDF ``path``; ``around``: how far down its text, from 0 to 1."""

    path: str
    page: int
    words: str
    around: float


def places(checker: Checker, path: str, text: str, page: int | None) -> tuple[Spot, ...]:
    """Where the PDF has the words of ``text``: at least one place. Raises ``PassageError``."""
    try:
        paper = checker.paper(path)
        book = checker.book(paper)
        if page is not None and page > paper.count:
            raise PassageError(f"{path} has no page {page}, only {paper.count}")
        found = spots(text, book, page)
        if not found and not any(other.letters for other in book.outward(page)):
            raise PassageError(f"{path} has no text (a scan?): nothing in it can be linked")
    except Unread as error:
        raise PassageError(f"{path}: {error.fault.words}") from None
    if not found:
        where = f" on page {page}" if page else ""
        hint = "copy them as they stand there, from one passage"
        raise PassageError(f"{path} does not have these words{where}: {hint}")
    return found


def passage_at(checker: Checker, path: str, found: Found) -> Passage:
    """The words that a selection covers. Raises ``PassageError``."""
    page = _page(checker, path, found.page)
    words = selected_text(page, found.selection)
    if words is None:
        raise PassageError(f"page {found.page} of {path} has no such selection")
    return Passage(path, found.page, words, _down(page, found.selection[0]))


def passage_of(checker: Checker, note: Note, judged: Judged) -> Passage:
    """The words of a quote, where they stand. Raises ``PassageError``."""
    verdict = judged.verdict
    path = checker.resolver.resolve(judged.link.target, note.path)
    usable = verdict.found or verdict.verdict in (Verdict.EXACT, Verdict.EDITED)
    if path is None or not usable:
        where = f"{note.path}:{verdict.line}"
        raise PassageError(f"{where} cannot be pictured ({verdict.verdict}): {verdict.message}")
    if verdict.found:
        return passage_at(checker, path, verdict.found)
    if verdict.page is not None and verdict.selection is not None:
        return passage_at(checker, path, Found(verdict.page, verdict.selection))
    pages = [piece.page for piece in verdict.pieces if piece.page]
    page = verdict.page or next(iter(pages), 1)
    return Passage(path, page, verdict.quote, 0.0)


def picture(checker: Checker, passage: Passage) -> bytes:
    """The PNG of a passage. Raises ``PassageError``."""
    try:
        paper = checker.paper(passage.path)
        return paper.picture(passage.page, passage.words, passage.around)
    except PdfError as error:
        raise PassageError(f"{passage.path}: {error.words}") from None
    except Unread as error:
        raise PassageError(f"{passage.path}: {error.fault.words}") from None


def file_name(stem: str, passage: Passage, id: str | None = None) -> str:
    """The name of a picture: module name, and the quote's id or its words' digest.

    A dot in the middle keeps it apart from the figures of blocks, whose ids have none.
    """
    digest = hashlib.sha256(passage.words.encode("utf-8", "replace")).hexdigest()
    return f"{stem}.quote-{id or f'p{passage.page}-{digest[:_NAMED_BY]}'}.png"


def place(
    vault: Vault, results: Results, source: str, name: str, png: bytes, folder: Path | None
) -> tuple[str, str]:
    """Write a picture; its path, from the root where it is in the vault, and then its embed.

    It goes into ``folder`` or the attachment folder of ``source``, over no file but one that we
    wrote. Raises ``PassageError``.
    """
    root = Path(os.path.realpath(vault.root))
    target = Path(os.path.realpath(folder)) if folder else root / _attachments(vault, source)
    inside = target.is_relative_to(root)
    results.remember_files([png])
    ownership = Ownership(frozenset(), results.known_file, lambda _: True)
    errors = write_files(target, {name: png}, ownership, root if inside else target)
    for error in errors:
        hint = "move it away, or name another folder with -o"
        raise PassageError(f"{error.path} {error.what}: {hint}")
    if not inside:
        return str(target / name), ""
    path = (target / name).relative_to(root).as_posix()
    return path, _embed(vault, path, source)


def _attachments(vault: Vault, source: str) -> str:
    try:
        return vault.attachments(source)
    except ValueError as error:
        raise PassageError(f"{error}: name a folder with -o") from None


def _embed(vault: Vault, path: str, source: str) -> str:
    if vault.app_settings().get("useMarkdownLinks") is True:
        relative = posixpath.relpath(path, posixpath.dirname(source) or ".")
        return f"![]({urllib.parse.quote(relative)})"
    name = path.rpartition("/")[2]
    same = [other for other, _ in vault.files() if other.rpartition("/")[2].lower() == name.lower()]
    return f"![[{name}]]" if len(same) == 1 else f"![[{path}]]"


def _page(checker: Checker, path: str, number: int) -> PageText:
    try:
        paper = checker.paper(path)
        if not 1 <= number <= paper.count:
            raise PassageError(f"{path} has no page {number}, only {paper.count}")
        return paper.page(number)
    except Unread as error:
        raise PassageError(f"{path}: {error.fault.words}") from None


def _down(page: PageText, first: int) -> float:
    lengths = [len(item.text) for item in page.items]
    return sum(lengths[:first]) / max(sum(lengths), 1)
