"""Reports in words, for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .note import Problem, Severity
from .report import BlockReport, NoteReport, Report
from .result import Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .graph import Graph

_STYLES = {"bold": 1, "red": 31, "green": 32, "yellow": 33}  # as terminals have them (ECMA-48)
_COLOURS = {"ok": "green", "skipped": "yellow", "stale": "yellow"}
_WARNINGS_SHOWN = 5


def describe(report: Report, *, checked: bool) -> Iterator[str]:
    """Lines for each note with news, then the sum. ``checked``: stale outputs are news."""
    for note in report.notes:
        yield from _note(note, checked)
    yield _sum(report, checked)


def _note(note: NoteReport, checked: bool) -> Iterator[str]:
    lines = [*_problems(note), *_blocks(note, checked)]
    ran = 0 if checked else sum(block.action == "run" for block in note.blocks)
    if not lines and not ran and not note.changed:
        return
    words = [f"{ran} ran"] if ran else []
    words += ["written"] if note.changed else []
    yield _styled(note.note, "bold") + (f"  {', '.join(words)}" if words else "")
    yield from lines


def _styled(text: str, style: str) -> str:
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def _problems(note: NoteReport) -> Iterator[str]:
    """Errors one by one; warnings that say the same of several lines together."""
    for problem in note.errors:
        yield _problem(note.note, problem, 0)
    same: dict[tuple[str, str], list[Problem]] = {}
    for problem in note.warnings:
        same.setdefault((problem.what, problem.hint), []).append(problem)
    groups = list(same.values())
    for group in groups[:_WARNINGS_SHOWN]:
        yield _problem(note.note, group[0], len(group) - 1)
    rest = sum(map(len, groups[_WARNINGS_SHOWN:]))
    if rest:
        yield f"  … and {rest} more warning{'s' * (rest > 1)} (--json lists them all)"


def _problem(path: str, problem: Problem, others: int) -> str:
    colour = "red" if problem.severity is Severity.ERROR else "yellow"
    hint = f" — {problem.hint}" if problem.hint else ""
    severity = _styled(problem.severity.value, colour)
    more = f" (and {others} line{'s' * (others > 1)} more)" if others else ""
    return f"  {severity} {path}:{problem.line}: {problem.what}{hint}{more}"


def _blocks(note: NoteReport, checked: bool) -> Iterator[str]:
    for block in note.blocks:
        stale = checked and block.stale
        quiet = block.status in (Status.OK, None) and not stale
        if quiet or (block.status is Status.SKIPPED and block.action == "reuse" and not stale):
            continue
        word = "stale" if stale else (block.status.value if block.status else "stale")
        place = f"{note.note}:{block.line}"
        colour = _COLOURS.get(word, "red")
        yield f"  {_styled(word, colour)} {place} `{block.id}`{_why(block, word)}"
        yield from _tests(block)


def _why(block: BlockReport, word: str) -> str:
    if word == "stale":
        return f": {block.because}"
    if word == "skipped":
        return f": {block.reason or block.because}"
    return f": {block.reason}" if block.reason else ""


def _tests(block: BlockReport) -> Iterator[str]:
    for test in block.tests:
        if test.status in ("failed", "error"):
            message = test.message.split("\n", 1)[0]
            place = f"{test.where}: " if test.where else ""
            yield f"      {place}{test.name} {test.status}: {message}"


def _sum(report: Report, checked: bool) -> str:
    summary = report.summary()
    names = ("ok", "failed", "timeout", "crashed", "skipped", "stale", "errors", "warnings")
    parts = [_counted(summary[name], name) for name in names if summary[name]]
    if not any(report.blocks()):
        parts.insert(0, "no tagged blocks")
        work = ""
    else:
        work = "" if checked else f"{summary['ran']} ran, {summary['reused']} reused: "
    words = work + (", ".join(parts) or "nothing to do")
    return f"{words} (stopped by Ctrl-C)" if report.interrupted else words


def _counted(count: int, name: str) -> str:
    return f"{count} {name.removesuffix('s') if count == 1 else name}"


_ACTIONS = {
    "run": "would run",
    "replay": "would be replayed silently",
    "reuse": "would be reused",
    "skip": "would be left",
}


def explain(report: Report) -> Iterator[str]:
    """A sentence a block: what would happen, and why."""
    if not any(report.blocks()):
        yield "no tagged blocks"
    for note in report.notes:
        for block in note.blocks:
            what = _ACTIONS[block.action]
            yield f"{note.note}:{block.line} `{block.id}` {what}: {block.because.rstrip('.')}."


def first_contact(root: Path, graph: Graph) -> Iterator[str]:
    """What trusting a vault would let run."""
    modules = sorted({name for node in graph.nodes.values() for name in node.packages})
    blocks, notes = len(graph.nodes), len(graph.notes)
    yield f"{root} is not trusted yet. Running it executes {blocks} blocks of {notes} notes."
    yield f"They import: {', '.join(modules) or 'nothing'}."
    yield "Trust is no sandbox: the code can do what you can do."
