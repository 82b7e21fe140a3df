"""What stands between a region's markers: one block's result as Markdown lines, and its files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field

from .clean import (
    NOTE_CHARACTERS,
    NOTE_LINES,
    clean,
    clean_line,
    cut,
    cut_file,
    gap,
    shorten,
)
from .harmless import cell, fence, markup, table
from .note import Block, Role
from .records import dataclass
from .result import (
    Failure,
    Figure,
    Frame,
    Markup,
    Output,
    Place,
    Result,
    Status,
    Table,
    TestOutcome,
    Text,
    fill_places,
)

_FRAMES = 12
_KEPT_LINES, _KEPT_CHARACTERS = NOTE_LINES // 2, NOTE_CHARACTERS // 2
_SUFFIX = {"image/png": "png", "image/svg+xml": "svg"}


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a body will stand.

    ``stem`` begins the names of its files; ``here`` is the block's own place, ``locate`` names
    any other; ``embed`` and ``link`` turn a file's name into the vault's kind of link ("" where
    the file cannot be shown).
    """

    stem: str
    here: str
    locate: Callable[[Place], str]
    embed: Callable[[str], str]
    link: Callable[[str], str]

    def clean(self, text: str) -> list[str]:
        """The lines of captured text, its places named."""
        return clean(fill_places(text, self.locate)).split("\n")

    def clean_line(self, text: str) -> str:
        return clean_line(fill_places(text, self.locate))


@dataclass(frozen=True, slots=True)
class Body:
    """``lines`` carry no container prefix. ``files`` maps a name to its bytes."""

    lines: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Passage:
    """Lines to be shown in a ``text`` fence; what is ``kept`` is never crowded out by others."""

    lines: Sequence[str]
    kept: bool = False


@dataclass(frozen=True, slots=True)
class _Markdown:
    """Lines that are harmless as they stand."""

    lines: Sequence[str]


_Piece = _Passage | _Markdown


def body(block: Block, result: Result, setting: Setting) -> Body | None:
    """What a note shows of ``result``, ``None`` where it needs no region."""
    if block.role in (Role.SETUP, Role.COMPONENT) and result.status is Status.OK:
        return None
    if block.role is Role.TEST:
        return _test_body(result, setting)
    files: dict[str, bytes] = {}
    pieces = [*_outputs(block, result, setting, files), *_faults(result, setting)]
    return _bounded(pieces, setting, files)


# --- outputs ---------------------------------------------------------------------------------


def _outputs(
    block: Block, result: Result, setting: Setting, files: dict[str, bytes]
) -> Iterator[_Piece]:
    """The pieces of a block's outputs, in order; figures go into ``files``."""
    wanted = block.options.output
    lines_left, characters_left = 2 * NOTE_LINES, 2 * NOTE_CHARACTERS
    for output in _joined(result.outputs):
        is_figure = isinstance(output, Figure)
        if wanted == "none" or (wanted == "figures" and not is_figure):
            continue
        if isinstance(output, Figure):
            if wanted != "text":
                yield from _figure(output, setting, files)
            continue
        for piece in _piece(output, setting):
            if isinstance(piece, _Markdown):
                lines_left -= len(piece.lines)
                characters_left -= sum(map(len, piece.lines))
                # Past the allowance Markdown is cut like text, which a table cannot be.
                if min(lines_left, characters_left) < 0:
                    piece = _Passage(piece.lines)
            yield piece


def _joined(outputs: Iterable[Output]) -> Iterator[Output]:
    """``outputs`` with printed texts that follow each other as one."""
    printed = ""
    for output in outputs:
        if isinstance(output, Text) and output.stream != "value":
            printed += output.text
            continue
        if printed:
            yield Text(printed)
            printed = ""
        yield output
    if printed:
        yield Text(printed)


def _figure(figure: Figure, setting: Setting, files: dict[str, bytes]) -> Iterator[_Piece]:
    name = f"{setting.stem}-{len(files) + 1}.{_SUFFIX[figure.mime]}"
    if embed := setting.embed(name):
        files[name] = figure.data
        yield _Markdown([embed])


def _piece(output: Text | Table | Markup | Figure, setting: Setting) -> Iterator[_Piece]:
    match output:
        case Text():
            yield from _passage(output.text, setting)
        case Table():
            yield from _table(output, setting)
        case Markup():
            lines = markup("\n".join(setting.clean(output.text)))
            if lines is not None:
                yield _Markdown(lines)
            else:
                yield from _passage(output.plain or output.text, setting)


def _passage(text: str, setting: Setting, kept: bool = False) -> Iterator[_Passage]:
    lines = setting.clean(text)
    if any(lines):
        yield _Passage(lines, kept)


def _table(data: Table, setting: Setting) -> Iterator[_Piece]:
    header = [cell(setting.clean_line(text)) for text in data.header]
    rows = [[cell(setting.clean_line(text)) for text in row] for row in data.rows]
    if header or rows:
        yield _Markdown(table(header, rows))
    if data.cut:
        yield _Markdown([cell(setting.clean_line(data.cut))])


# --- faults ----------------------------------------------------------------------------------


def _faults(result: Result, setting: Setting) -> Iterator[_Piece]:
    """Why a block is not ``ok``: its failure and the reason, or at least its status."""
    texts = []
    broke = result.status in (Status.TIMEOUT, Status.CRASHED)
    if result.failure and not broke:
        texts.append(_failure(result.failure, setting))
    if result.reason and result.status is not Status.OK and not _is_said(result):
        texts.append(result.reason)
    if result.failure and broke and len(result.failure.frames) > 1:
        texts.extend(_frames(result.failure.frames, setting))
    if not texts and result.status is not Status.OK and not result.tests:
        texts.append(f"{setting.here}: {result.status}")
    yield from _passage("\n".join(texts), setting, kept=True)


def _is_said(result: Result) -> bool:
    """Whether the reason only repeats the failure or the tests."""
    if result.tests and result.status is Status.FAILED:
        return True
    return result.failure is not None and result.reason == result.failure.headline


def _failure(failure: Failure, setting: Setting) -> str:
    """``Note.md:LINE: Kind: message``, then the user's frames where there is more than one."""
    places = [setting.locate(frame.place) for frame in failure.frames if frame.place]
    where = places[-1] if places else setting.here
    message = f": {failure.message}" if failure.message else ""
    lines = [f"{where}: {failure.kind}{message}"]
    if len(failure.frames) > 1:
        lines += _frames(failure.frames, setting)
    return "\n".join(lines)


def _frames(frames: Sequence[Frame], setting: Setting) -> list[str]:
    lines = [_frame(frame, setting) for frame in frames]
    if len(lines) <= _FRAMES:
        return lines
    half = _FRAMES // 2
    left_out = f"  … {len(lines) - 2 * half:,} frames left out …"
    return [*lines[:half], left_out, *lines[-half:]]


def _frame(frame: Frame, setting: Setting) -> str:
    where = setting.locate(frame.place) if frame.place else f"{frame.file}:{frame.line}"
    inside = "" if frame.function == "<module>" else f" in {frame.function}"
    return f"  {where}{inside}: {' '.join(frame.code.split())}"


# --- tests -----------------------------------------------------------------------------------

_UNCOUNTED = {
    Status.OK: "no tests",
    Status.FAILED: "1 error",
    Status.TIMEOUT: "timed out",
    Status.CRASHED: "crashed",
    Status.SKIPPED: "skipped",
}
_COUNTED = ("failed", "error", "passed", "skipped", "xfailed", "xpassed")


def _test_body(result: Result, setting: Setting) -> Body:
    faults = list(_faults(result, setting))
    failing = [test for test in result.tests if test.status in ("failed", "error")]
    on_several = len({test.device for test in result.tests}) > 1
    texts = "\n\n".join(_failing(test, on_several, setting) for test in failing)
    inside = _bounded([*_passage(texts, setting), *faults], setting, {})
    under = ["", *inside.lines] if inside.lines else []
    lines = [f"> {line}".rstrip() for line in (_title(result), *under)]
    return Body(lines, inside.files)


def _title(result: Result) -> str:
    """The callout's first line: ``[!failure] 1 failed, 4 passed``."""
    counts = Counter(test.status for test in result.tests)
    words = [_counted(counts[status], status) for status in _COUNTED if counts[status]]
    if result.status is Status.SKIPPED:
        kind = "info"
    elif counts["failed"] or counts["error"] or result.status is not Status.OK:
        kind = "failure"
    else:
        kind = "info" if set(counts) <= {"skipped"} else "success"
    return f"[!{kind}] {', '.join(words) or _UNCOUNTED[result.status]}"


def _counted(count: int, status: str) -> str:
    plural = "s" if status == "error" and count > 1 else ""
    return f"{count} {status}{plural}"


def _failing(test: TestOutcome, on_several: bool, setting: Setting) -> str:
    name = f"{test.name} ({test.device})" if on_several else test.name
    what = _failure(test.failure, setting) if test.failure else test.message or test.status
    return f"{clean_line(name)}\n{what}"


# --- bounds ----------------------------------------------------------------------------------


def _bounded(pieces: Sequence[_Piece], setting: Setting, files: dict[str, bytes]) -> Body:
    """The pieces as lines, their text within the note's bounds; what is cut stands in a file."""
    passages = [piece for piece in pieces if isinstance(piece, _Passage)]
    shown = _shown(passages)
    name = f"{setting.stem}.txt"
    paragraphs = [
        fence(shown[id(p)]) if isinstance(p, _Passage) else list(p.lines)
        for p in pieces
        if isinstance(p, _Markdown) or shown[id(p)]
    ]
    whole = [list(passage.lines) for passage in passages]
    if whole != [shown[id(passage)] for passage in passages] and (link := setting.link(name)):
        count = sum(map(len, whole))
        paragraphs.append([f"All {count:,} lines: {link}" if count > 1 else f"All of it: {link}"])
        text = "\n\n".join("\n".join(lines) for lines in whole)
        files = {**files, name: cut_file(text)}
    return Body(_stacked(paragraphs), files)


def _shown(passages: Sequence[_Passage]) -> dict[int, list[str]]:
    """The lines to show of each passage, by its ``id``: those at the start and end of them all."""
    shown = {id(p): _cut_alone(p.lines) for p in passages if p.kept}
    lines = NOTE_LINES - sum(map(len, shown.values()))
    characters = NOTE_CHARACTERS - sum(len(line) + 1 for kept in shown.values() for line in kept)
    others = [p for p in passages if not p.kept]
    everything = [line for p in others for line in p.lines]
    head, tail = cut(everything, lines, characters)
    left_out = len(everything) - head - tail
    start = 0
    for passage in others:
        end = start + len(passage.lines)
        first = passage.lines[: max(0, head - start)]
        last = passage.lines[max(0, head + left_out - start) :]
        between = [gap(left_out)] if left_out and start <= head < end else []
        shown[id(passage)] = [*map(shorten, first), *between, *map(shorten, last)]
        start = end
    return shown


def _cut_alone(lines: Sequence[str]) -> list[str]:
    head, tail = cut(lines, _KEPT_LINES, _KEPT_CHARACTERS)
    left_out = len(lines) - head - tail
    between = [gap(left_out)] if left_out else []
    return [*map(shorten, [*lines[:head]]), *between, *map(shorten, lines[len(lines) - tail :])]


def _stacked(paragraphs: Iterable[Sequence[str]]) -> list[str]:
    """The paragraphs as lines, a blank line between them."""
    lines: list[str] = []
    for paragraph in paragraphs:
        if lines:
            lines.append("")
        lines.extend(paragraph)
    return lines
