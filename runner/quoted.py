"""The quotes of a vault's notes, held against its PDFs."""

from __future__ import annotations

import os
import posixpath
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress

from . import fences
from .links import Resolver, find_links, find_quotes
from .note import Link, Note, Quote, Span
from .pages import Paper, Papers, Unread
from .quotes import Book, check, unchecked
from .records import dataclass, replace
from .store import inside
from .vault import Vault, VaultError
from .verdict import LinkVerdict, Profile, Verdict
from .verdicts import Question, Verdicts


@dataclass(frozen=True, slots=True)
class Judged:
    """A link of a note, the quote it belongs to, and what its PDF says of that."""

    link: Link
    quote: Quote | None
    verdict: LinkVerdict


@dataclass(frozen=True, slots=True)
class Absent:
    """The paper of a note that has ``arxiv:`` and ``pdf:``, and whose file is not there."""

    note: str
    line: int
    target: str
    arxiv: str

    @property
    def what(self) -> str:
        return f"`{self.target}` is not in the vault"

    @property
    def remedy(self) -> str:
        return f"`python -m runner quotes fetch {shlex.quote(self.note)}` downloads it"


class Checker:
    """Holds notes against the PDFs of one vault, as they are now, for one pdf.js."""

    def __init__(
        self, vault: Vault, papers: Callable[[], Papers], profile: Profile = Profile.OLD
    ) -> None:
        """``papers`` opens what is known of PDFs, which takes a database, on the first one."""
        self._vault = vault
        self._papers = papers
        self._profile = profile
        self.resolver = Resolver(path for path, _ in vault.files())
        self._opened: dict[str, Paper | Unread] = {}
        self._books: dict[Paper, Book] = {}

    def judge(self, note: Note) -> list[Judged]:
        """Every link of a note to a place in a PDF, in the order of the text."""
        asked = _asked(note)
        questions = dict(self._questions(note, asked))
        verdicts = Verdicts(self._papers().kept) if questions else None
        known = verdicts.recall(note.path, questions.values()) if verdicts else {}
        answers = {
            link: known[question] for link, question in questions.items() if question in known
        }
        self._prepare(note, [link for link, quote in asked if quote and link not in answers])
        told = [
            Judged(link, quote, answers.get(link) or self._verdict(note, link, quote))
            for link, quote in asked
        ]
        if verdicts:
            verdicts.keep(
                {
                    questions[judged.link]: judged.verdict
                    for judged in told
                    if judged.link in questions and judged.link not in answers
                }
            )
        return told

    def truth(self, note: Note) -> tuple[int, int]:
        """How many quotes of a note are true, every link of theirs exact, and how many it has."""
        if ".pdf" not in note.text.lower():
            return 0, 0
        told: dict[int, bool] = {}
        for judged in self.judge(note):
            if judged.quote is not None:
                is_true = judged.verdict.verdict is Verdict.EXACT
                told[judged.quote.line] = told.get(judged.quote.line, True) and is_true
        return sum(told.values()), len(told)

    def lacks_papers(self, note: Note) -> bool:
        """Whether the PDF of one of its quotes is not in the vault."""
        targets = {
            link.target for quote in find_quotes(note, find_links(note)) for link in quote.links
        }
        return any(self.resolver.resolve(target, note.path) is None for target in targets)

    def absent(self, note: Note) -> Absent | None:
        """The paper that a note names and that can be downloaded."""
        target = pdf_property(note)
        if not names_paper(note) or self.resolver.resolve(target, note.path):
            return None
        return Absent(note.path, _line_of(note, "pdf"), target, str(note.properties["arxiv"]))

    def place_for(self, absent: Absent) -> str:
        """Where a paper goes so that Obsidian finds it: the path that ``pdf:`` gives, else its
        name in the note's attachment folder. Raises ``VaultError``."""
        name = absent.target.lstrip("/")
        if absent.target.startswith(("./", "../")):
            name = posixpath.normpath(posixpath.join(posixpath.dirname(absent.note), name))
        elif "/" not in name:
            try:
                name = posixpath.join(self._vault.attachments(absent.note), name)
            except ValueError as error:
                hint = "choose a folder of the vault in Obsidian's settings under Files and links"
                raise VaultError(f"{error}: {hint}") from None
        parts = name.split("/")
        if not name.lower().endswith(".pdf") or any(part.startswith(".") for part in parts):
            hint = "name a file of the vault that ends in .pdf"
            raise VaultError(f"{absent.note}: `pdf: {absent.target}` is no place for it: {hint}")
        return (
            inside(self._vault.root / name, self._vault.root)
            .relative_to(os.path.realpath(self._vault.root))
            .as_posix()
        )

    def name_for(self, path: str, source: str = "") -> str:
        """How a link in the note ``source`` calls a file: by its name, if that is enough."""
        name = path.rpartition("/")[2]
        return name if self.resolver.resolve(name, source) == path else path

    def paper(self, path: str) -> Paper:
        """The PDF at a root-relative path, looked at once. Raises ``Unread``."""
        if path not in self._opened:
            try:
                self._opened[path] = self._papers().paper(self._vault.root / path, self._profile)
            except Unread as error:
                self._opened[path] = error
        opened = self._opened[path]
        if isinstance(opened, Unread):
            raise opened
        return opened

    def book(self, paper: Paper) -> Book:
        if paper not in self._books:
            self._books[paper] = Book(paper)
        return self._books[paper]

    def _verdict(self, note: Note, link: Link, quote: Quote | None) -> LinkVerdict:
        path = self.resolver.resolve(link.target, note.path)
        if path is None:
            what, remedy = self._why_absent(note, link)
            return unchecked(note.path, link, quote, Verdict.NO_PDF, what, remedy)
        try:
            verdict = check(note.path, link, quote, self.book(self.paper(path)))
        except Unread as error:
            fault = error.fault
            verdict = unchecked(note.path, link, quote, fault.verdict, fault.what, fault.remedy)
        return replace(verdict, pdf=path)

    def _questions(
        self, note: Note, asked: Iterable[tuple[Link, Quote | None]]
    ) -> Iterator[tuple[Link, Question]]:
        """What is asked of PDFs that are there, by link."""
        for link, quote in asked:
            path = self.resolver.resolve(link.target, note.path)
            if path is not None and quote is not None:
                # A PDF that cannot be opened is told of where each of its links is judged.
                with suppress(Unread):
                    yield link, Question(link, quote, path, self.paper(path).identity)

    def _why_absent(self, note: Note, link: Link) -> tuple[str, str]:
        absent = self.absent(note)
        if absent is not None and same_file(link.target, absent.target):
            return absent.what, absent.remedy
        return f"`{link.target}` is not in the vault", "put it there, or correct the link"

    def _prepare(self, note: Note, links: Iterable[Link]) -> None:
        """Have the pages that the links name read together."""
        pages: dict[str, set[int]] = {}
        for link in links:
            path = self.resolver.resolve(link.target, note.path)
            if path is not None and link.page is not None:
                pages.setdefault(path, set()).add(link.page)
        for path, numbers in pages.items():
            # A PDF that cannot be read is told of where each of its links is judged.
            with suppress(Unread):
                self.paper(path).prepare(numbers)


def pdf_property(note: Note) -> str:
    """The file that ``pdf:`` names, as a plain name or as a link; "" where there is none.

    ``[[a.pdf]]`` without quotes is a list in a list to YAML.
    """
    value = note.properties.get("pdf")
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str):
        return ""
    target = value.strip().removeprefix("[[").removesuffix("]]")
    return target.partition("|")[0].partition("#")[0].strip()


def names_paper(note: Note) -> bool:
    return bool(pdf_property(note) and note.properties.get("arxiv"))


def same_file(one: str, other: str) -> bool:
    """Whether two link targets name a file of the same name."""
    return one.rpartition("/")[2].casefold() == other.rpartition("/")[2].casefold()


def _names_place(link: Link) -> bool:
    has_place = link.page is not None or link.selection is not None
    return link.is_pdf and not link.embed and has_place


def _asked(note: Note) -> list[tuple[Link, Quote | None]]:
    """The links that name a place in a PDF, or stand with a quote, and that quote."""
    links = find_links(note)
    owners = {link.span: quote for quote in find_quotes(note, links) for link in quote.links}
    asked = [
        (link, owners.get(link.span)) for link in links if link.span in owners or _names_place(link)
    ]
    if all(quote for _, quote in asked):
        return asked
    hidden = _not_shown(note)
    return [
        (link, quote)
        for link, quote in asked
        if quote or not fences.inside(hidden, link.span.start)
    ]


def _not_shown(note: Note) -> Sequence[Span]:
    """Where a link is no reader's: properties, comments, and what we wrote."""
    code = fences.merge(note.code, [note.frontmatter])
    comments = fences.comments(note.text, fences.merge(code, fences.inline_code(note.text, code)))
    written = [region.span for region in note.regions]
    return fences.merge([note.frontmatter], comments.spans, written, note.matrices)


def _line_of(note: Note, key: str) -> int:
    """The line of a property, 1 where it cannot be told."""
    lines = note.frontmatter.of(note.text).split("\n")
    at = (number for number, line in enumerate(lines, 1) if line.startswith(f"{key}:"))
    return next(at, 1)
