"""The commands of ``quotes`` about passages and papers: links, pictures and downloads made."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .answer import FAILED, FINE, MISUSED, Answer, Refusal
from .errors import UserError
from .opening import answers_in_json, looking_at
from .parameters import JSON, PATHS
from .verdict import Found, Profile

if TYPE_CHECKING:
    from .fetching import Progress
    from .linking import Spot
    from .note import Note
    from .pictures import Passage
    from .quoted import Absent, Checker, Judged
    from .session import Session

PROFILE = click.option(
    "--profile",
    type=click.Choice([profile.value for profile in Profile]),
    help="The viewer's pdf.js: 3.6 (to 5.4, as in Obsidian today) or 5.5 (and later).",
)
_SPOTS_SHOWN = 10  # of the places that have an ambiguous text
_PAGE = click.option("--page", type=click.IntRange(1), help="Look for TEXT on this page alone.")


def profile_of(name: str | None) -> Profile:
    """What ``--profile`` chooses: Obsidian's own pdf.js where it says nothing."""
    return Profile(name or Profile.OLD)


def found_json(found: Found) -> dict[str, object]:
    return {"page": found.page, "selection": list(found.selection)}


# --- link -------------------------------------------------------------------------------------


@click.command()
@click.argument("pdf", type=click.Path(path_type=Path))
@click.argument("text")
@_PAGE
@PROFILE
@JSON
def link(pdf: Path, text: str, page: int | None, profile: str | None) -> Answer:
    """Print the links to TEXT in PDF: Obsidian's own forms, and PDF++'s."""
    from .linking import link_forms
    from .pictures import places

    if not pdf.exists():
        raise Refusal(f"{pdf} does not exist: name a PDF of a vault")
    with looking_at((pdf,)) as (session, scope):
        checker = session.checker(profile_of(profile))
        spots = places(checker, _file(session, scope), text, page)
        name = checker.name_for(scope[0])
    if len(spots) > 1:
        return _choice(scope[0], spots)
    (spot,) = spots
    forms = link_forms(name, spot.found, spot.text, pdf.stem)
    data = {
        "pdf": scope[0],
        "found": found_json(spot.found),
        "text": spot.text,
        "link": forms.link,
        "quote": forms.quote,
        "callout": forms.callout,
    }
    lines = [forms.link, "", *forms.quote.splitlines(), "", *forms.callout.splitlines()]
    return Answer(data, lines)


def _file(session: Session, scope: Sequence[str]) -> str:
    """The file that was named, which a folder is not."""
    (path,) = scope
    if not (session.vault.root / path).is_file():
        raise Refusal(f"{path or session.vault.root} is a folder: name a PDF")
    return path


def _choice(path: str, spots: Sequence[Spot]) -> Answer:
    """Several places: whoever asks has to choose, by more words or by the page."""
    data = {
        "pdf": path,
        "places": [
            {"found": found_json(s.found), "before": s.before, "text": s.text, "after": s.after}
            for s in spots
        ],
    }
    several = len({spot.found.page for spot in spots}) > 1
    hint = "quote more of them, or add --page" if several else "quote more of them"
    lines = [f"{path} has these words {len(spots)} times: {hint}"]
    lines += [
        f"  page {spot.found.page}: … {spot.before} "
        f"{click.style(' '.join(spot.text.split()), bold=True)} {spot.after} …"
        for spot in spots[:_SPOTS_SHOWN]
    ]
    if len(spots) > _SPOTS_SHOWN:
        lines.append(f"  … and {len(spots) - _SPOTS_SHOWN} more (--json lists them all)")
    return Answer(data, lines, FAILED)


# --- shot -------------------------------------------------------------------------------------


@click.command()
@click.argument("place")
@click.argument("text", required=False)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the pictures; else the attachment folder of the note.",
)
@_PAGE
@PROFILE
@JSON
def shot(
    place: str, text: str | None, folder: Path | None, page: int | None, profile: str | None
) -> Answer:
    """Picture quotes: PLACE is NOTE, NOTE#^ID or NOTE:LINE, or a PDF followed by TEXT of it."""
    path, id, line = _parted(place)
    if path.suffix.lower() == ".pdf" and not text:
        raise Refusal(f"{path} is a PDF: add the words to picture")
    if path.suffix.lower() != ".pdf" and (text or page):
        raise Refusal("TEXT and --page go with a PDF: for a note add #^ID or :LINE to its name")
    with looking_at((path,)) as (session, scope):
        source = _file(session, scope)
        checker = session.checker(profile_of(profile))
        lost: list[str] = []
        if text:
            taken = [_of_words(checker, source, text, page)]
        else:
            taken, lost = _of_note(session, checker, source, id, line)
        shots = [_taken(session, checker, source, name, one, folder) for name, one in taken]
    lines = [str(line) for made in shots for line in (made["file"], made["embed"]) if line]
    return Answer({"shots": shots, "failed": lost}, [*lines, *lost], FAILED if lost else FINE)


def _parted(place: str) -> tuple[Path, str, int | None]:
    """File, quote id and line of NOTE, NOTE#^ID or NOTE:LINE."""
    if Path(place).exists():
        return Path(place), "", None
    path, mark, rest = place.rpartition("#")
    if mark:
        return Path(path), rest.removeprefix("^"), None
    path, mark, rest = place.rpartition(":")
    if mark and rest.isdecimal():
        return Path(path), "", int(rest)
    return Path(place), "", None


def _of_words(checker: Checker, source: str, text: str, page: int | None) -> tuple[str, Passage]:
    from .parse import module_name
    from .pictures import file_name, passage_at, places

    spots = places(checker, source, text, page)
    if len(spots) > 1:
        pages = ", ".join(str(spot.found.page) for spot in spots)
        hint = "give more of them, or --page"
        raise Refusal(f"{source} has these words {len(spots)} times (page {pages}): {hint}", FAILED)
    passage = passage_at(checker, source, spots[0].found)
    return file_name(module_name(Path(source).stem), passage), passage


def _of_note(
    session: Session, checker: Checker, source: str, id: str, line: int | None
) -> tuple[list[tuple[str, Passage]], list[str]]:
    """File names and passages of a note's quotes, and why others have none.

    Raises ``Refusal`` where there is no such quote, or none that can be pictured.
    """
    from .pictures import PassageError, file_name, passage_of

    note = session.vault.citing(source)
    asked = [judged for judged in checker.judge(note) if judged.quote] if note else []
    asked = [judged for judged in asked if _is_meant(note, judged, id, line)]
    if note is None or not asked:
        what = f"a quote `{id}`" if id else f"a quote at line {line}" if line else "a quote"
        raise Refusal(f"{source} does not have {what} with a PDF link", FAILED)
    taken: dict[str, Passage] = {}
    lost: list[str] = []
    for judged in asked:
        try:
            passage = passage_of(checker, note, judged)
        except PassageError as error:
            lost.append(str(error))
            continue
        only = sum(other.quote is judged.quote for other in asked) == 1
        quote_id = judged.quote.id if judged.quote and only else None
        taken[file_name(note.name, passage, quote_id)] = passage
    if not taken:
        raise Refusal("; ".join(lost), FAILED)
    return list(taken.items()), lost


def _is_meant(note: Note | None, judged: Judged, id: str, line: int | None) -> bool:
    """Whether a quote has the id, or stands on the line, its links included; none: any quote."""
    if note is None or judged.quote is None:
        return False
    if line is None:
        return not id or judged.quote.id == id
    last = judged.quote.line + judged.quote.span.of(note.text).count("\n")
    return judged.quote.line <= line <= last


def _taken(
    session: Session,
    checker: Checker,
    source: str,
    name: str,
    passage: Passage,
    folder: Path | None,
) -> dict[str, object]:
    """Draw a passage and write the picture; what ``--json`` tells of it."""
    from .pictures import picture, place

    png = picture(checker, passage)
    file, embed = place(session.vault, session.store, source, name, png, folder)
    return {
        "pdf": passage.path,
        "page": passage.page,
        "text": passage.words,
        "file": file,
        "embed": embed,
    }


# --- fetch ------------------------------------------------------------------------------------


@click.command()
@PATHS
@click.option("--base-url", default="https://arxiv.org", show_default=True, help="The server.")
@JSON
def fetch(paths: tuple[Path, ...], base_url: str) -> Answer:
    """Download the papers of the notes in PATHS that name one (`arxiv:`, `pdf:`) and lack it."""
    from .fetching import edition
    from .fetching import fetch as download

    fetched: list[dict[str, object]] = []
    failed: list[tuple[str, str]] = []
    with looking_at(paths) as (session, scope):
        checker = session.checker(Profile.OLD)
        absent = _absent(session, checker, scope)
        for one in absent:
            try:
                paper = edition(one.arxiv)
                path = checker.place_for(one)
                with _progress(str(paper)) as progress:
                    size = download(paper, session.vault.root / path, base_url, progress)
            except UserError as error:
                failed.append((one.note, str(error)))
            else:
                fetched.append({"note": one.note, "pdf": path, "arxiv": str(paper), "bytes": size})
    if failed and not fetched and len(failed) == 1:
        raise Refusal(failed[0][1])
    data = {
        "fetched": fetched,
        "failed": [{"note": note, "error": error} for note, error in failed],
    }
    lines = [f"{f['pdf']}: arXiv {f['arxiv']}, {f['bytes']:,} bytes" for f in fetched]
    lines += [f"{note}: {error}" for note, error in failed]
    return Answer(data, lines or ["every paper is there"], MISUSED if failed else FINE)


def _absent(session: Session, checker: Checker, scope: Sequence[str]) -> list[Absent]:
    """The papers to fetch. Raises ``Refusal`` where a note was named that names none."""
    from .quoted import names_paper

    found = []
    for path in session.scope(scope):
        note = session.vault.untagged(path)
        absent = checker.absent(note) if note else None
        if absent is not None:
            found.append(absent)
        elif path in scope and note is not None and not names_paper(note):
            hint = "add them, such as `arxiv: 2010.11929v2` and `pdf: ViT.pdf`"
            raise Refusal(f"{path} has no properties `arxiv` and `pdf`: {hint}")
    unique = {absent.target.casefold(): absent for absent in reversed(found)}
    return list(unique.values())[::-1]


@contextmanager
def _progress(name: str) -> Iterator[Progress]:
    """What came so far, in one line on a terminal; silent elsewhere."""
    if answers_in_json() or not sys.stderr.isatty():
        yield lambda _, __: None
        return
    from .ticker import Ticker

    with Ticker() as ticker:

        def show(size: int, whole: int | None) -> None:
            of = f" of {whole / 1e6:.1f}" if whole else ""
            ticker.show(name, "", f"{size / 1e6:.1f}{of} MB")

        yield show
