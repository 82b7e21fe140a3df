"""The texts of PDF pages: what is kept of a PDF's content, else read by a limited process."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .edition import edition
from .errors import system_words
from .kept import Kept
from .pdf_process import Limits, PdfError, ask
from .records import dataclass, replace
from .verdict import Item, PageText, Profile, Verdict

SOURCES = ("segments.py", "pdf", "pdf_child.py", "verdict.py")
"""What the texts of pages are made by."""
LIBRARIES = ("pdfminer.six",)

_HEAD = 1024  # bytes in which a PDF says that it is one
_LARGEST = 2**29  # bytes
_LFS = b"version https://git-lfs.github.com/spec/"
_RETRY = 3600  # seconds until a fault that may pass is looked into again
_TICK = 2 * 10**9  # ns in which a file system may give two writes the same time
_ANOTHER = "put another copy of the PDF in its place"
_TRIES = 3  # pages that may be traps before the rest is given up


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a PDF, or a page of it, has no text for us, and what to do about it."""

    verdict: Verdict
    what: str
    remedy: str

    @property
    def words(self) -> str:
        return f"{self.what}: {self.remedy}"


class Unread(Exception):
    """A PDF that should be read cannot be: says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.words)
        self.fault = fault


class Paper:
    """One PDF as it was when it was opened, seen by one pdf.js; ``pagesearch.Pages`` for a book.

    Every method raises ``Unread`` where the PDF or the page cannot be read.
    """

    def __init__(self, papers: Papers, path: Path, sha: str, profile: Profile) -> None:
        self.sha = sha
        self._papers = papers
        self._path = path
        self._profile = profile
        self._known: dict[int, PageText | Fault] = {}
        self._whole: int | Fault | None = None
        self._looked_beside = False

    @property
    def identity(self) -> str:
        """The same for texts of the same bytes, made by the same code for the same pdf.js."""
        return f"{self.sha} {self._profile.value} {edition(SOURCES, LIBRARIES)}"

    @property
    def count(self) -> int:
        """How many pages it has."""
        return self._counted([1])

    def page(self, number: int) -> PageText:
        """The text of a page, from 1 to ``count``."""
        if number not in self._known:
            self.prepare(self._likely(number))
        if number not in self._known:
            self.prepare(range(1, self.count + 1))
        page = self._known[number]
        if isinstance(page, Fault):
            raise Unread(page)
        return page

    def _likely(self, number: int) -> set[int]:
        """A passage that is not on its page may run on beyond it, or else be anywhere."""
        if not self._known:
            return {number}
        if self._looked_beside:
            return set(range(1, self.count + 1))
        self._looked_beside = True
        return {beside for known in self._known for beside in (known - 1, known + 1)}

    def prepare(self, numbers: Iterable[int]) -> None:
        """Have those of ``numbers`` ready that there are; pages read together cost least."""
        asked = sorted(set(numbers))
        count = self._counted(asked)
        wanted = {number for number in asked if 1 <= number <= count}
        keys = {self._key(number): number for number in wanted - self._known.keys()}
        for key, body in self._papers.kept.get_many(keys).items():
            self._known[keys[key]] = _page_from(body)
        for _ in range(_TRIES):
            if missing := sorted(wanted - self._known.keys()):
                self._ask(missing)
        what = "several pages of the PDF cannot be read, so the rest was not looked at"
        for number in wanted - self._known.keys():
            self._known[number] = Fault(Verdict.UNREADABLE, what, _ANOTHER)

    def _counted(self, numbers: list[int]) -> int:
        """How many pages there are; where a child has to count them, it reads ``numbers`` too."""
        if self._whole is None:
            kept = self._papers.kept.get_many([self._key(0)])
            self._whole = next(map(_whole_from, kept.values()), None)
        if self._whole is None:
            self._ask(numbers)
        assert self._whole is not None
        if isinstance(self._whole, Fault):
            raise Unread(self._whole)
        return self._whole

    def picture(self, number: int, words: str, around: float) -> bytes:
        """The PNG of a passage, as ``shots.crop`` makes it. Raises ``PdfError``."""
        request = {"do": "picture", "page": number, "words": words, "around": around}
        (answer,) = ask(request, self._bytes(), self._papers.limits)
        return base64.b64decode(answer["png"])

    def _ask(self, numbers: list[int]) -> None:
        """Have a child read ``numbers``, until the first that breaks it."""
        request = {"do": "texts", "profile": self._profile.value, "pages": numbers}
        found: dict[str, str] = {}
        try:
            data = self._bytes()
        except PdfError as error:
            self._blame(error, numbers)
            return
        try:
            for answer in ask(request, data, self._papers.limits):
                number = answer.get("page", 0)
                found[self._key(number)] = json.dumps(answer)
                if number:
                    self._known[number] = _page(answer)
                else:
                    self._whole = answer["count"]
        except PdfError as error:
            broken, fault = self._blame(error, numbers)
            kept = {"fault": fault.what, "remedy": fault.remedy}
            body = {self._key(broken): json.dumps(kept)}
            self._papers.kept.put_many(body, _RETRY if error.passing else None)
        self._papers.kept.put_many(found)  # with the count, where that was not to blame

    def _blame(self, error: PdfError, numbers: list[int]) -> tuple[int, Fault]:
        """Note what cannot be read: the document (0) before its pages are counted, then a page."""
        what, _, remedy = error.words.partition("; ")
        fault = Fault(Verdict.UNREADABLE, what, remedy or _ANOTHER)
        if not isinstance(self._whole, int):
            self._whole = fault
            return 0, fault
        missing = (n for n in numbers if 1 <= n <= self._whole and n not in self._known)
        broken = next(missing, 0)
        if broken:
            fault = replace(fault, what=f"{what} (page {broken})")
            self._known[broken] = fault
        return broken, fault

    def _key(self, number: int) -> str:
        """Of a page, or of the document (0), which is the same for every profile."""
        profile = self._profile.value if number else ""
        return f"page {self.sha} {number} {profile} {edition(SOURCES, LIBRARIES)}"

    def _bytes(self) -> bytes:
        try:
            data = self._path.read_bytes()
        except OSError as error:
            raise PdfError(
                f"the PDF cannot be read ({system_words(error)})", passing=True
            ) from None
        if hashlib.sha256(data).hexdigest() != self.sha:
            raise PdfError("the PDF changed while it was being read; try again", passing=True)
        return data


class Papers:
    """PDFs by path, each read once. Close it to give its file back."""

    def __init__(self, kept: Kept | None = None, limits: Limits | None = None) -> None:
        self.kept = kept or Kept("pages")
        self.limits = limits or Limits()
        self._open: dict[tuple[Path, str, Profile], Paper] = {}

    def close(self) -> None:
        self.kept.close()

    def paper(self, path: Path, profile: Profile = Profile.OLD) -> Paper:
        """The PDF at ``path`` as it is now. Raises ``Unread``."""
        sha = self._sha(path)
        for other in [other for other in self._open if other[0] == path and other[1] != sha]:
            del self._open[other]
        key = (path, sha, profile)
        if key not in self._open:
            self._open[key] = Paper(self, path, sha, profile)
        return self._open[key]

    def _sha(self, path: Path) -> str:
        """The digest of the file's bytes, which are read only if it seems to have changed."""
        try:
            status = path.stat()
        except OSError:
            raise _unread(Verdict.NO_PDF, "the PDF is not in the vault", "put it there") from None
        key = f"file {json.dumps(os.path.realpath(path))}"
        state = [status.st_size, status.st_mtime_ns]
        kept = self.kept.get_many([key]).get(key)
        if kept is not None and (known := json.loads(kept))[:2] == state:
            return str(known[2])
        if not stat.S_ISREG(status.st_mode):
            raise _unread(Verdict.UNREADABLE, "it is no file that can be read")
        if status.st_size > _LARGEST:
            raise _unread(Verdict.UNREADABLE, f"the PDF is larger than {_LARGEST // 2**20} MB")
        try:
            data = path.read_bytes()
        except OSError as error:
            raise _unread(
                Verdict.UNREADABLE, f"the PDF cannot be read ({system_words(error)})"
            ) from None
        _refuse_others(data)
        sha = hashlib.sha256(data).hexdigest()
        if time.time_ns() - status.st_mtime_ns > _TICK:
            self.kept.put_many({key: json.dumps([*state, sha])})
        return sha


def _unread(verdict: Verdict, what: str, remedy: str = _ANOTHER) -> Unread:
    return Unread(Fault(verdict, what, remedy))


def _refuse_others(data: bytes) -> None:
    """Raise where a file is no PDF, as its first bytes say."""
    if data.startswith(_LFS):
        what = "it is a pointer of Git LFS and not the PDF"
        raise _unread(Verdict.NO_PDF, what, "run `git lfs pull`")
    if not data:
        raise _unread(Verdict.UNREADABLE, "the file is empty", "put the PDF in its place")
    if b"%PDF-" not in data[:_HEAD]:
        raise _unread(Verdict.UNREADABLE, "the file is no PDF, whatever its name says")


# --- what is kept -----------------------------------------------------------------------------


def _whole_from(body: str) -> int | Fault:
    kept = json.loads(body)
    return kept["count"] if "count" in kept else _fault(kept)


def _page_from(body: str) -> PageText | Fault:
    kept = json.loads(body)
    return _page(kept) if "items" in kept else _fault(kept)


def _fault(kept: Mapping[str, Any]) -> Fault:
    return Fault(Verdict.UNREADABLE, kept["fault"], kept["remedy"])


def _page(answer: Mapping[str, Any]) -> PageText:
    ends = set(answer["ends"])
    items = (Item(text, index in ends) for index, text in enumerate(answer["items"]))
    return PageText(answer["page"], tuple(items))
