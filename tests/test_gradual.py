"""Law 4, exhaustively: a character typed anywhere while a step lands is still there afterwards.

The merge is the model of an editor in ``fuzz_editor``; the notes are shaped like those in which its
rounds once lost typing, and these rounds stand here by number.
"""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from runner.gradual import step
from runner.note import Note
from runner.parse import parse
from runner.render import Shown, Surroundings, render
from runner.result import Result, Status, Text

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


@pytest.mark.parametrize("number", [345, 1114, 1244, 1362, 2760, 3364, 3552])
def test_rounds_that_lost_typing(number: int) -> None:
    assert fuzz_editor.fuzz([number], seed=0).lost == []
