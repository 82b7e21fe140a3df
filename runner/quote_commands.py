"""The commands of ``quotes``: PDF links checked, repaired, made, pictured, and papers fetched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .answer import FAILED, FINE, Answer
from .opening import looking_at
from .parameters import JSON, PATHS
from .passage_commands import PROFILE, fetch, found_json, link, profile_of, shot
from .verdict import LinkVerdict, Profile, Verdict

if TYPE_CHECKING:
    from .note import Note
    from .quoted import Checker
    from .repairs import Repair
    from .session import Session


@click.group()
def quotes() -> None:
    """Check, repair, make and picture the links from quotes to PDFs; fetch papers."""


for _command in (link, shot, fetch):
    quotes.add_command(_command)


# --- check ------------------------------------------------------------------------------------


@quotes.command()
@PATHS
@PROFILE
@JSON
def check(paths: tuple[Path, ...], profile: str | None) -> Answer:
    """Hold every PDF link in PATHS against its PDF; change nothing."""
    with looking_at(paths) as (session, scope):
        checker = session.checker(profile_of(profile))
        told: list[LinkVerdict] = []
        lines: list[str] = []
        for note in _citing(session, scope):
            found = [judged.verdict for judged in checker.judge(note)]
            told += found
            lines += _described(note, found, checker)
    data = {"links": [link.to_json() for link in told], "summary": _summary(told)}
    bad = any(link.verdict.is_error for link in told)
    return Answer(data, [*lines, _sum(told)], FAILED if bad else FINE)


def _citing(session: Session, scope: Sequence[str]) -> Iterator[Note]:
    """The notes in ``scope`` that name a PDF."""
    for path in session.scope(scope):
        if (note := session.vault.citing(path)) is not None:
            yield note


def _summary(links: Sequence[LinkVerdict]) -> dict[str, int]:
    return {v.value: sum(link.verdict is v for link in links) for v in Verdict}


def _sum(links: Sequence[LinkVerdict]) -> str:
    counts = [f"{count} {verdict}" for verdict, count in _summary(links).items() if count]
    return ", ".join(counts) or "no links to places in PDFs"


def _described(note: Note, links: Sequence[LinkVerdict], checker: Checker) -> Iterator[str]:
    """A head and a line for what is not exact; links with the same message share a line."""
    groups: dict[tuple[Verdict, str, str], list[int]] = {}
    for told in links:
        if told.verdict is not Verdict.EXACT:
            groups.setdefault((told.verdict, told.what, told.remedy), []).append(told.line)
    absent = checker.absent(note)
    if not groups and absent is None:
        return
    yield click.style(note.path, bold=True)
    if absent is not None and not any(absent.remedy == remedy for _, _, remedy in groups):
        said = f"{absent.what} — {absent.remedy}"
        yield f"  {_coloured(Verdict.NO_PDF)} {note.path}:{absent.line}: {said}"
    for (verdict, what, remedy), lines in groups.items():
        more = len(lines) - 1
        others = f" (and {more} link{'s' * (more > 1)} more)" if more else ""
        said = f"{what} — {remedy}" if remedy else what
        yield f"  {_coloured(verdict)} {note.path}:{lines[0]}: {said}{others}"


def _coloured(verdict: Verdict) -> str:
    return click.style(verdict.value, fg="red" if verdict.is_error else "yellow")


# --- repair -----------------------------------------------------------------------------------


@quotes.command()
@PATHS
@click.option("--write", is_flag=True, help="Write it into the notes; `undo` takes it back.")
@PROFILE
@JSON
def repair(paths: tuple[Path, ...], write: bool, profile: str | None) -> Answer:
    """Show new digits for the links in PATHS whose place moved, or write them.

    With --profile links that are right for the other pdf.js get the digits of this one.
    """
    from .repairs import Repairer

    with looking_at(paths) as (session, scope):
        wanted = profile_of(profile)
        other = next(p for p in Profile if p is not wanted) if profile else None
        repairer = Repairer(
            session.vault,
            session.checker(wanted),
            session.checker(other) if other else None,
        )
        done = [repairer.repair(note, write) for note in _citing(session, scope)]
    made = [(one.note, repair) for one in done for repair in one.repairs]
    links = [repair.verdict for _, repair in made]
    data = {
        "links": [link.to_json() for link in links],
        "summary": _summary(links),
        "changes": [_change(path, repair) for path, repair in made if repair.found],
        "changed": [one.note for one in done if one.changed],
    }
    lines = [line for one in done for line in one.diff]
    lines += [line for path, repair in made for line in _left(path, repair)]
    count = sum(repair.found is not None for _, repair in made)
    left = sum(repair.leaves_error for _, repair in made)
    what = "written" if write else "to be written with --write"
    lines.append(f"{count} link{'s' * (count != 1)} {what}, {left} left in error")
    return Answer(data, lines, FAILED if left or (count and not write) else FINE)


def _change(path: str, repair: Repair) -> Mapping[str, object]:
    told = repair.verdict.to_json()
    return {
        "note": path,
        "line": repair.verdict.line,
        "from": {"page": told["page"], "selection": told["selection"]},
        "to": repair.found and found_json(repair.found),
    }


def _left(path: str, repair: Repair) -> Iterator[str]:
    if repair.found is None and repair.why_not:
        verdict = repair.verdict
        yield f"left {path}:{verdict.line}: {_coloured(verdict.verdict)}: {repair.why_not}"
