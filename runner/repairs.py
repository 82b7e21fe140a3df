"""Links of a note whose place moved: where they should lead, and the note with new digits."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import unified_diff

from .journal import Journal
from .note import Link, Note
from .pages import Unread
from .parse import parse
from .quoted import Checker, Judged
from .records import dataclass
from .requoting import migrated, refusal, rewritten
from .store import update
from .vault import Vault
from .verdict import Found, LinkVerdict, Verdict


@dataclass(frozen=True, slots=True)
class Repair:
    """What becomes of one link: new digits, or why there are none ("" where none are needed)."""

    judged: Judged
    found: Found | None
    why_not: str

    @property
    def verdict(self) -> LinkVerdict:
        return self.judged.verdict

    @property
    def leaves_error(self) -> bool:
        return self.verdict.verdict.is_error and self.found is None


@dataclass(frozen=True, slots=True)
class Repaired:
    """A note's links with what became of them; ``diff`` is what changes, or would."""

    note: str
    repairs: tuple[Repair, ...]
    diff: tuple[str, ...]
    changed: bool


class Repairer:
    """Renews the digits of links, so that ``checker`` finds their quotes exact.

    ``before`` sees the PDFs as the pdf.js does that the digits may still be for: what is right
    there is carried over, letter by letter.
    """

    def __init__(self, vault: Vault, checker: Checker, before: Checker | None = None) -> None:
        self._vault = vault
        self._checker = checker
        self._before = before
        self._journal = Journal()

    def repair(self, note: Note, write: bool) -> Repaired:
        """Work out what a note needs and, if ``write``, put it into the text that is there then.

        Raises ``WriteError``.
        """
        made = self._repairs(note)
        text = _with(note.text, made)
        changed = False
        if write and text != note.text:

            def change(data: bytes) -> bytes:
                nonlocal made, text
                now = data.decode("utf-8")
                if now != note.text:
                    made = self._repairs(parse(note.path, now))
                text = _with(now, made)
                return text.encode("utf-8")

            root = self._vault.root
            changed = update(root / note.path, change, root, self._journal)
        return Repaired(note.path, tuple(made), _difference(note.path, note.text, text), changed)

    def _repairs(self, note: Note) -> list[Repair]:
        now = self._checker.judge(note)
        if self._before is None:
            return [Repair(one, one.verdict.found, refusal(one.verdict)) for one in now]
        both = zip(now, self._before.judge(note), strict=True)
        return [self._migration(note, one, then) for one, then in both]

    def _migration(self, note: Note, now: Judged, then: Judged) -> Repair:
        verdict = now.verdict.verdict
        if verdict is Verdict.EXACT or verdict is Verdict.EDITED:
            return Repair(now, None, refusal(now.verdict))
        was_right = then.verdict.verdict in (Verdict.EXACT, Verdict.EDITED)
        if was_right and (found := self._carried_over(note, then.link)):
            return Repair(now, found, "")
        if verdict is Verdict.NO_QUOTE and now.link.selection:
            why = "no quote tells for which pdf.js its digits are: select the words anew"
            return Repair(now, None, why)
        return Repair(now, now.verdict.found, refusal(now.verdict))

    def _carried_over(self, note: Note, link: Link) -> Found | None:
        """The place that ``checker`` gives to the words that ``before`` sees selected."""
        path = self._checker.resolver.resolve(link.target, note.path)
        if self._before is None or path is None or link.page is None or link.selection is None:
            return None
        try:
            old = self._before.paper(path).page(link.page)
            new = self._checker.paper(path).page(link.page)
        except Unread:
            return None  # the verdict says so
        selection = migrated(link.selection, old, new)
        return Found(link.page, selection) if selection else None


def _with(text: str, made: Sequence[Repair]) -> str:
    """``text``, which the repairs were worked out for, with the digits of its links renewed."""
    return rewritten(text, [(repair.judged.link, repair.found) for repair in made if repair.found])


def _difference(path: str, old: str, new: str) -> tuple[str, ...]:
    before, after = old.splitlines(), new.splitlines()
    return tuple(unified_diff(before, after, f"a/{path}", f"b/{path}", n=1, lineterm=""))
