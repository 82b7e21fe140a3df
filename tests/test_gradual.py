"""Law 4, exhaustively: a character typed anywhere while a step lands is still there afterwards,
also where the author has cut a block or its results before.

The merge is the model of an editor in ``fuzz_editor``; the notes are shaped like those in which its
rounds once lost typing, and these rounds stand here by number.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from itertools import pairwise

import pytest

from runner.gradual import step
from runner.note import Note, Span
from runner.parse import parse
from runner.partway import SEAM
from runner.render import Shown, Surroundings, render
from runner.result import Figure, Output, Result, Status, Table, Text

pytest.importorskip("diff_match_patch", reason="merges as the editor does")

import fuzz_editor
from diff_match_patch import diff_match_patch

TYPED = "丁"
NOWHERE = Surroundings(str, str, str)


def note_of(prefix: str, gap: str, blocks: int = 3) -> str:
    """Blocks with prose around them, ``gap`` behind each."""
    words = "the model attends to every patch of the image and adds what it found".split()
    chance = random.Random(7)
    pieces = []
    for number in range(blocks):
        prose = " ".join(chance.choices(words, k=12))
        code = [f'```python {{run="b{number}"}}', f"print({number})", "```"]
        pieces.append(f"{prose}\n\n" + "\n".join(f"{prefix}{line}" for line in code) + gap)
    return "".join([*pieces, " ".join(words), "\n"])


def shown(text: str, lines: int) -> str:
    note = parse("note.md", text)
    result = Result(
        Status.OK, (Text("some line of text\n" * lines),) if lines else (), device="cpu"
    )
    return render(note, {b.id: Shown("0" * 8, result) for b in note.blocks}, NOWHERE).text


def steps(old: str, new: str) -> list[str]:
    texts = [old]
    target: Note = parse("note.md", new)
    while texts[-1] != new:
        texts.append(step(parse("note.md", texts[-1]), target))
    return texts


def lost(before: str, after: str) -> list[int]:
    """Where in ``before`` a character typed while it becomes ``after`` would be lost."""
    regions = [region.span for region in parse("note.md", before).regions]
    merging = diff_match_patch()
    places = []
    for place in range(len(before) + 1):
        if any(region.start < place <= region.end for region in regions):
            continue
        typed = merging.patch_make(before, before[:place] + TYPED + before[place:])
        if TYPED not in fuzz_editor._REGION.sub("", merging.patch_apply(typed, after)[0]):
            places.append(place)
    return places


@pytest.mark.parametrize("lines", [1, 4, 20])
@pytest.mark.parametrize(
    ("prefix", "gap"), [("", "\n\n"), ("> ", "\n\n"), ("", "\n"), ("", "\n\n\n")]
)
def test_no_step_loses_typing(prefix: str, gap: str, lines: int) -> None:
    bare = note_of(prefix, gap)
    full = shown(bare, lines)
    for texts in (steps(bare, full), steps(full, bare), steps(full, shown(full, lines + 3))):
        for before, after in pairwise(texts):
            assert lost(before, after) == [], after


def test_regions_that_come_together_would_lose_typing() -> None:
    """What the steps are for: the merge of the model is no better than it was measured."""
    bare = note_of("", "\n\n")
    assert lost(bare, shown(bare, 1))


# --- typing below what was cut --------------------------------------------------------------


def log(lines: int, seed: int) -> tuple[Output, ...]:
    chance = random.Random(seed)
    return (Text("".join(f"epoch {n:3} loss {chance.uniform(0, 5):.4f}\n" for n in range(lines))),)


def digests(lines: int, seed: int) -> tuple[Output, ...]:
    chance = random.Random(seed)
    return (Text("".join(f"{chance.randbytes(30).hex()} {n}\n" for n in range(lines))),)


def table(lines: int, seed: int) -> tuple[Output, ...]:
    chance = random.Random(seed)
    rows = tuple(tuple(f"{chance.random():.6f}" for _ in range(3)) for _ in range(lines))
    return (Table(("step", "loss", "accuracy"), rows, ""),)


def several(lines: int, seed: int) -> tuple[Output, ...]:
    figure = Figure("image/png", f"{seed}".encode())
    return (*table(lines, seed), figure, *digests(lines, seed + 1), *log(lines, seed + 2))


def one_line(words: int, seed: int) -> tuple[Output, ...]:
    return (Text(random.Random(seed).randbytes(40 * words).hex()),)


Made = Callable[[int, int], tuple[Output, ...]]
CHANGES: list[tuple[str, Made, int, Made, int]] = [
    ("", digests, 0, digests, 3),
    ("> ", digests, 3, digests, 3),
    ("", digests, 12, digests, 12),
    ("", digests, 12, log, 0),
    ("> ", table, 0, table, 30),
    ("", table, 30, table, 3),
    ("", table, 30, log, 5),
    ("", several, 3, several, 9),
    ("> ", several, 9, several, 3),
    ("", log, 30, log, 30),
    ("", log, 3, log, 0),
    ("", one_line, 20, one_line, 20),
    ("", one_line, 0, one_line, 20),
]


def long_note(prefix: str) -> str:
    """One block, and enough below it to be lost."""
    words = [f"word{n}" for n in range(400)]
    random.Random(7).shuffle(words)
    code = "\n".join(prefix + line for line in ('```python {run="b0"}', "print(0)", "```"))
    prose = "\n\n".join(" ".join(words[n : n + 25]) for n in range(0, 400, 25))
    return f"Before it.\n\n{code}\n\n{prose}\n"


def with_result(text: str, outputs: tuple[Output, ...]) -> str:
    note = parse("note.md", text)
    digest = hashlib.sha256(repr(outputs).encode()).hexdigest()[:8]
    result = Result(Status.OK, outputs, device="cpu")
    surroundings = Surroundings(lambda name: f"![[{name}]]", lambda name: f"[[{name}]]", str)
    return render(note, {"b0": Shown(digest, result)}, surroundings).text


def lost_below_a_cut(before: str, after: str) -> list[tuple[str, int]]:
    """What was cut, and how far below it a character would be lost."""
    note = parse("note.md", before)
    block, region = note.blocks[0].span, note.regions[0].span if note.regions else None
    cuts = {"block": block}
    if region:
        cuts |= {"results": region, "both": Span(block.start, region.end)}
    merging = diff_match_patch()
    merging.Diff_Timeout = 60
    below = max(region.end if region else 0, block.end)
    found = []
    for what, cut in cuts.items():
        for place in [*range(below, below + 12, 2), *range(below + 12, len(before), 700)]:
            typed = before[cut.end : place] + TYPED + before[place:]
            patches = merging.patch_make(before, before[: cut.start] + typed)
            if TYPED not in merging.patch_apply(patches, after)[0]:
                found.append((what, place - below))
    return found


@pytest.mark.parametrize(("prefix", "old", "many", "new", "more"), CHANGES)
def test_no_step_loses_what_is_typed_below_a_cut(
    prefix: str, old: Made, many: int, new: Made, more: int
) -> None:
    bare = long_note(prefix)
    before = with_result(bare, old(many, 1)) if many else bare
    after = with_result(before, new(more, 2))
    for here, there in pairwise(steps(before, after)):
        assert lost_below_a_cut(here, there) == [], there


def test_a_result_that_is_replaced_at_once_would_lose_it() -> None:
    before = with_result(long_note(""), digests(12, 1))
    assert lost_below_a_cut(before, with_result(before, digests(12, 2)))


@pytest.mark.parametrize(
    ("old", "many", "new", "more", "writes"),
    [
        (log, 0, log, 1, 2),
        (log, 30, log, 30, 1),
        (digests, 30, digests, 30, 4),
        (table, 30, table, 30, 4),
        (log, 0, log, 40, 9),
        (digests, 30, digests, 3, 12),
    ],
)
def test_steps_are_few(old: Made, many: int, new: Made, more: int, writes: int) -> None:
    """A result that is much like the one before lands at once."""
    bare = long_note("")
    before = with_result(bare, old(many, 1)) if many else bare
    assert len(steps(before, with_result(before, new(more, 2)))) - 1 <= writes


def test_what_was_there_stays_below_a_seam_until_it_makes_way() -> None:
    before = with_result(long_note(""), digests(30, 1))
    after = with_result(before, digests(30, 2))
    old_lines, new_lines = (str(digests(30, n)[0].text).splitlines() for n in (1, 2))
    shown = steps(before, after)[1].splitlines()
    seam = shown.index(SEAM)
    assert shown.index(new_lines[0]) < seam < shown.index(old_lines[-1])
    assert shown.count("```text") == 1, "one fence"


@pytest.mark.parametrize("number", [345, 1114, 1244, 1362, 2760, 3364, 3552, 4725, 4798])
def test_rounds_that_lost_typing(number: int) -> None:
    assert fuzz_editor.fuzz([number], seed=0).lost == []
