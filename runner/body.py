"""What stands between a region's markers: one block's result as Markdown lines, and its files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from .bounds import Markdown, Passage, Piece, bounded, stacked
from .clean import (
    NOTE_CHARACTERS,
    NOTE_LINES,
    clean,
    clean_line,
    fair,
    gap,
    shorten,
)
from .drawing import is_drawing
from .harmless import cell, markup, table
from .note import Block, Role
from .records import dataclass, field
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
_NAME_AND_PLACE = 2  # lines
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

    def bounded(self, pieces: Sequence[Piece], files: dict[str, bytes]) -> Body:
        """``pieces`` as a note holds them, beside ``files``."""
        lines, cut = bounded(pieces, f"{self.stem}.txt", self.link)
        return Body(lines, {**files, **cut})


@dataclass(frozen=True, slots=True)
class Body:
    """``lines`` carry no container prefix. ``files`` maps a name to its bytes."""

    lines: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)


def body(block: Block, result: Result, setting: Setting) -> Body | None:
    """What a note shows of ``result``, ``None`` where it needs no region."""
    if block.role in (Role.SETUP, Role.COMPONENT) and result.status is Status.OK:
        return None
    if block.role is Role.TEST:
        return _test_body(result, setting)
    files: dict[str, bytes] = {}
    pieces = [*_outputs(block, result, setting, files), *_faults(result, setting)]
    return setting.bounded(pieces, files)


# --- outputs ---------------------------------------------------------------------------------


def _outputs(
    block: Block, result: Result, setting: Setting, files: dict[str, bytes]
) -> Iterator[Piece]:
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
            if isinstance(piece, Markdown):
                lines_left -= len(piece.lines)
                characters_left -= sum(map(len, piece.lines))
                # Past the allowance Markdown is cut like text, which a table cannot be.
                if min(lines_left, characters_left) < 0:
                    piece = Passage(piece.lines)
            yield piece


def _joined(outputs: Iterable[Output]) -> Iterator[Output]:
    """``outputs`` with printed texts that follow each other as one."""
    printed = Text("")
    for output in outputs:
        if isinstance(output, Text) and output.stream != "value":
            left_out = printed.left_out + output.left_out
            printed = Text(printed.text + output.text, left_out=left_out)
            continue
        if printed.text:
            yield printed
            printed = Text("")
        yield output
    if printed.text:
        yield printed


def _figure(figure: Figure, setting: Setting, files: dict[str, bytes]) -> Iterator[Piece]:
    if figure.mime == "image/svg+xml" and not is_drawing(figure.data):
        yield Passage(["(an SVG figure is not shown: it is more than a drawing, or broken)"])
        return
    name = f"{setting.stem}-{len(files) + 1}.{_SUFFIX[figure.mime]}"
    if embed := setting.embed(name):
        files[name] = figure.data
        yield Markdown([embed])


def _piece(output: Text | Table | Markup | Figure, setting: Setting) -> Iterator[Piece]:
    match output:
        case Text():
            yield from _passage(output.text, setting, left_out=output.left_out)
        case Table():
            yield from _table(output, setting)
        case Markup():
            lines = markup("\n".join(setting.clean(output.text)))
            if lines is not None:
                yield Markdown(lines)
            else:
                yield from _passage(output.as_text, setting)


def _passage(
    text: str, setting: Setting, *, kept: bool = False, left_out: tuple[int, ...] = ()
) -> Iterator[Passage]:
    lines = setting.clean(text)
    if any(lines):
        yield Passage(lines, kept, left_out)


def _table(data: Table, setting: Setting) -> Iterator[Piece]:
    header = [cell(setting.clean_line(text)) for text in data.header]
    rows = [[cell(setting.clean_line(text)) for text in row] for row in data.rows]
    if header or rows:
        yield Markdown(table(header, rows))
    if data.cut:
        yield Markdown([cell(setting.clean_line(data.cut))])


# --- faults ----------------------------------------------------------------------------------


def _faults(result: Result, setting: Setting) -> Iterator[Piece]:
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
    return "\n".join([f"{where}: {failure.said}", *_stack(failure, setting)])


def _stack(failure: Failure | None, setting: Setting) -> list[str]:
    """Its frames, where there are more than the place that is named already."""
    several = failure is not None and len(failure.frames) > 1
    return _frames(failure.frames, setting) if failure and several else []


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
    texts = [setting.clean(_failing(test, on_several, setting)) for test in failing]
    tails = [len(_stack(test.failure, setting)) for test in failing]
    passages = [Passage(stacked(texts), brief=_brief(texts, tails))] if texts else []
    inside = setting.bounded([*passages, *faults], {})
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


def _brief(texts: Sequence[Sequence[str]], tails: Sequence[int]) -> Sequence[str]:
    """What a note shows of the failing tests, each of them a name, why below it, and ``tails``
    lines of frames.

    Where they are too long the longest are cut first, so that every test keeps its name and the
    place of its failure, on one line if there are many.
    """
    share = fair([len(text) for text in texts], NOTE_LINES - len(texts) + 1)
    if share > _NAME_AND_PLACE or share >= max(map(len, texts)):
        lines = stacked(map(partial(_beginning, share), texts, tails))
    else:
        lines = [": ".join(text[:_NAME_AND_PLACE]) for text in texts]
        if (left_out := len(lines) - NOTE_LINES + 1) > 1:
            half = (NOTE_LINES - 1) // 2
            between = f"… {left_out:,} failed tests left out …"
            lines = [*lines[:half], between, *lines[half + left_out :]]
    width = fair([len(line) + 1 for line in lines], NOTE_CHARACTERS) - 1
    return [shorten(line, width) for line in lines]


def _beginning(limit: int, text: Sequence[str], tail: int) -> Sequence[str]:
    """The first lines and at most as many of the last, its frames."""
    if len(text) <= limit:
        return text
    tail = min(tail, (limit - 1) // 2)
    head = limit - 1 - tail
    return [*text[:head], gap(len(text) - head - tail), *text[len(text) - tail :]]
