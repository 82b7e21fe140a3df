"""Which vaults may execute code: the user's decision, kept outside every vault.

Trust is given to a folder for good (``always``: as long as it is that folder, at that path) or to
the present content of its notes (``pinned``). It is no sandbox: what a trusted vault runs can do
what its user can do.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from .errors import UserError, system_words
from .identity import identity
from .patterns import regex
from .records import dataclass
from .userdirs import state_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .note import Note

_ACCESS = "give yourself the right to it, or name another folder in RUNNER_STATE"
_ANEW = "delete it and trust your vaults again"


class TrustError(UserError):
    """The trust store cannot be read or written; names the file and the remedy."""


@dataclass(frozen=True, slots=True)
class Grant:
    """``pins`` maps note paths to the fingerprint they were trusted with; None means always."""

    pins: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """Notes of a pinned vault that are not as they were trusted."""

    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changed or self.added)


def _file() -> Path:
    return state_folder() / "trust.json"


def _place(root: Path) -> str:
    return Path(os.path.realpath(root)).as_posix()


def _load() -> dict[str, dict[str, object]]:
    file = _file()
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise TrustError(f"{file} cannot be read ({system_words(error)}): {_ACCESS}") from None
    except ValueError:
        raise TrustError(f"{file} is damaged: {_ANEW}") from None
    if not isinstance(data, dict) or not all(isinstance(v, dict) for v in data.values()):
        raise TrustError(f"{file} is damaged: {_ANEW}")
    return data


def _save(data: Mapping[str, object]) -> None:
    file = _file()
    temporary = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(data, stream, indent=1, ensure_ascii=False)
        os.replace(temporary, file)
    except OSError as error:
        raise TrustError(f"{file} cannot be written ({system_words(error)}): {_ACCESS}") from None


def granted(root: Path) -> Grant | None:
    """What the user decided about the vault at ``root``; None if never, or revoked.

    None too where another folder stands there than the one that was trusted for good.
    """
    entry = _load().get(_place(root))
    if entry is None:
        return None
    pins = entry.get("pins")
    if isinstance(pins, dict):
        return Grant({str(k): str(v) for k, v in pins.items()})
    return Grant() if entry.get("folder") == identity(root) else None


def is_replaced(root: Path) -> bool:
    """Whether the user trusted a folder that stood at ``root`` and no longer does."""
    return _place(root) in _load() and granted(root) is None


def grant(root: Path, pins: Mapping[str, str] | None = None) -> None:
    """Trust the vault for good, or, with ``pins``, as long as its notes stay as they are."""
    data = _load()
    data[_place(root)] = {"folder": identity(root)} if pins is None else {"pins": dict(pins)}
    _save(data)


def revoke(root: Path) -> bool:
    """Forget the decision; False if there was none."""
    data = _load()
    known = data.pop(_place(root), None) is not None
    if known:
        _save(data)
    return known


def fingerprints(notes: Iterable[Note], programs: Mapping[str, bytes]) -> dict[str, str]:
    """Content of each note without what we wrote into it, and of the other files that execute."""
    found = {note.path: _fingerprint(note) for note in notes}
    return found | {path: hashlib.sha256(data).hexdigest() for path, data in programs.items()}


def _fingerprint(note: Note) -> str:
    digest = hashlib.sha256()
    # The code again, for a block that stands between markers: it must not hide there.
    for piece in (*_by_the_author(note), *(block.source for block in note.blocks)):
        digest.update(piece.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()


_SEAM = regex(r"\A(?:[ \t>]*(?:\r\n|\r|\n|\Z))+|(?:(?:\r\n|\r|\n)[ \t>]*)+\Z")


def _by_the_author(note: Note) -> Iterator[str]:
    """The text between the places where we write, without blank lines at these seams."""
    places = [(span.start, span.end) for span in note.matrices]
    for block in note.blocks:
        region = note.region(block.id)
        end = region.span.end if region is not None else block.span.end
        places.append((block.span.end, max(end, block.span.end)))
    position = 0
    for start, end in [*sorted(places), (len(note.text), len(note.text))]:
        yield _SEAM.sub("", note.text[position:start])
        position = max(position, end)


def changes(pins: Mapping[str, str], now: Mapping[str, str]) -> Changes:
    """What differs between the notes as trusted and as they are."""
    return Changes(
        changed=tuple(sorted(p for p, f in now.items() if p in pins and pins[p] != f)),
        added=tuple(sorted(set(now) - set(pins))),
        gone=tuple(sorted(set(pins) - set(now))),
    )
