"""A named version of an arXiv paper, downloaded into a file that was not there."""

from __future__ import annotations

import http.client
import os
import re
import socket
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from . import __version__
from .atomic import explained, sweep
from .errors import UserError, system_words
from .records import dataclass

ARXIV = "https://arxiv.org"
_AGENT = f"runner/{__version__} (checks quotes in notes; one request a paper)"
_PATIENCE = 30.0  # seconds without a byte
_CHUNK = 2**16
_LARGEST = 2**29  # bytes
# Identifiers since 2007 and before: https://info.arxiv.org/help/arxiv_identifier.html
_ID = re.compile(
    r"(?:arxiv:|https?://arxiv\.org/(?:abs|pdf)/)?"
    r"(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(v[1-9]\d*)?(?:\.pdf)?/?",
    re.IGNORECASE,
)

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are there, and how many there will be if the server says."""


class FetchError(UserError):
    """The paper did not come: place, fault and remedy in a sentence. No file was touched."""


@dataclass(frozen=True, slots=True)
class Edition:
    """One version of one paper: its text no longer changes."""

    id: str
    version: str

    def __str__(self) -> str:
        return f"{self.id}{self.version}"

    def url(self, base: str = ARXIV) -> str:
        return f"{base.rstrip('/')}/pdf/{urllib.parse.quote(str(self))}"


def edition(arxiv: object) -> Edition:
    """The edition that an ``arxiv:`` property names. Raises ``FetchError``.

    One without a version is refused: quotes are true of an edition, and the newest one changes.
    """
    match = _ID.fullmatch(str(arxiv).strip())
    if match is None:
        hint = "write it as on arXiv, such as `arxiv: 2010.11929v2`"
        raise FetchError(f"`arxiv: {arxiv}` is no arXiv identifier: {hint}")
    if match[2] is None:
        hint = f"add the one that the quotes are from, such as `arxiv: {match[1]}v1`"
        raise FetchError(f"`arxiv: {arxiv}` names no version: {hint}")
    return Edition(match[1], match[2].lower())


def fetch(paper: Edition, path: Path, base: str, progress: Progress) -> int:
    """Download ``paper`` into ``path``, a file that is not there; returns its bytes.

    The file appears whole or not at all. Raises ``FetchError``, and ``WriteError`` where it
    cannot be written.
    """
    url = paper.url(base)
    _refuse_other_schemes(base)
    if path.exists() or path.is_symlink():
        raise FetchError(f"{path} is there already: nothing was downloaded")
    with explained(path, "written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path.parent)
        temporary = path.with_name(f".{path.name[:60]}.runner-{os.getpid()}.tmp")
        try:
            with _response(url) as response:
                size = _receive(response, temporary, url, progress)
            _appear(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    return size


def _refuse_other_schemes(base: str) -> None:
    """``urllib`` opens files too."""
    parts = urllib.parse.urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise FetchError(f"{base} is no address of a server: write one with https://")


@contextmanager
def _response(url: str) -> Iterator[http.client.HTTPResponse]:
    request = urllib.request.Request(url, headers={"User-Agent": _AGENT})
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as response:
            yield response
    except urllib.error.HTTPError as error:
        error.close()
        raise FetchError(_refused(url, error.code)) from None
    except urllib.error.URLError as error:
        raise FetchError(_unreachable(url, error.reason)) from None
    except (TimeoutError, ConnectionError, ssl.SSLError, http.client.HTTPException) as error:
        raise FetchError(_unreachable(url, error)) from None


def _refused(url: str, code: int) -> str:
    if code == 404:
        return f"{url} does not exist: correct the note's `arxiv:`, its version too"
    if code in (403, 429, 503):
        return f"{url} is refused for now (HTTP {code}): wait some minutes and try again"
    return f"{url} cannot be had (HTTP {code}): try again later, or download it by hand"


def _unreachable(url: str, reason: object) -> str:
    hint = "look at your connection, or download it by hand"
    if isinstance(reason, TimeoutError):
        return f"{url} did not answer for {_PATIENCE:.0f} s: {hint}"
    if isinstance(reason, socket.gaierror):
        return f"{url} cannot be reached (the name of the server is not known): {hint}"
    words = system_words(reason) if isinstance(reason, OSError) else str(reason)
    return f"{url} cannot be reached ({words}): {hint}"


def _receive(
    response: http.client.HTTPResponse, temporary: Path, url: str, progress: Progress
) -> int:
    """Write the body into ``temporary``; its size, if it is a whole PDF."""
    announced = response.headers.get("Content-Length")
    whole = int(announced) if announced and announced.isdecimal() else None
    size = 0
    with temporary.open("xb") as file:
        for chunk in iter(lambda: response.read(_CHUNK), b""):
            if size == 0 and not chunk.startswith(b"%PDF-"):
                raise FetchError(_no_pdf(response, url))
            size += len(chunk)
            if size > _LARGEST:
                raise FetchError(f"{url} is larger than {_LARGEST // 2**20} MB: get it by hand")
            file.write(chunk)
            progress(size, whole)
        _sync(file)
    if whole is not None and size != whole:
        words = f"{url} broke off after {size} of {whole} bytes"
        raise FetchError(f"{words}: try again; nothing was written")
    if size == 0:
        raise FetchError(_no_pdf(response, url))
    return size


def _no_pdf(response: http.client.HTTPResponse, url: str) -> str:
    kind = response.headers.get_content_type()
    return f"{url} gave no PDF ({kind}): open it in a browser, and download it by hand"


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _appear(temporary: Path, path: Path) -> None:
    """Give the file its name unless that is taken. Raises ``FetchError`` then.

    Windows renames over no file; elsewhere a hard link does the same, and where there are none,
    as on FAT, the name is taken by an empty file first. Tested on Linux.
    """
    try:
        if sys.platform == "win32":
            temporary.rename(path)
        elif not _linked(temporary, path):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            temporary.replace(path)
    except FileExistsError:
        raise FetchError(f"{path} appeared meanwhile: it was left as it is") from None


def _linked(temporary: Path, path: Path) -> bool:
    """False where the file system has no hard links."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        return False
    return True
