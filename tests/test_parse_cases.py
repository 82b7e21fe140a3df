"""Notes as data: each folder of ``cases/parse`` is a note and what is found in it, word by word.

Where ``expected.txt`` is missing the test fails; it is never written by the tests.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.note import Note
from runner.parse import might_have_blocks, parse

CASES = sorted((Path(__file__).parent / "cases" / "parse").iterdir())


def described(note: Note) -> Iterator[str]:
    """The facts of a note that were found, one a line, its problems with their remedies."""
    yield f"name: {note.name}"
    for key, value in note.properties.items():
        yield f"property: {key} = {value!r}"
    for heading in note.headings:
        yield f"heading: line {heading.line} level {heading.level} {heading.text}"
    for task in note.tasks:
        yield f"task: line {task.line} [{task.mark}] {task.text}"
    for block in note.blocks:
        fault = f" fault: {block.fault}" if block.fault else ""
        yield f"block: line {block.line} {block.role} {block.id}{fault}"
    for region in note.regions:
        end = note.text.count("\n", 0, region.span.end) + 1
        marker = f"{region.digest} {region.status} {region.device}"
        yield f"region: lines {region.line}-{end} {region.id} {marker} of {region.block}"
    for matrix in note.matrices:
        lines = [note.text.count("\n", 0, offset) + 1 for offset in (matrix.start, matrix.end)]
        yield f"matrix: lines {lines[0]}-{lines[1]}"
    for problem in note.problems:
        yield f"{problem.severity}: line {problem.line} {problem.what}"
        yield f"  {problem.hint}"
    if not note.writable:
        yield "not writable"


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_case(folder: Path) -> None:
    text = (folder / "note.md").read_bytes().decode()
    expected = (folder / "expected.txt").read_text(encoding="utf-8")
    assert "".join(f"{line}\n" for line in described(parse("Some note.md", text))) == expected


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_windows_newlines_change_nothing(folder: Path) -> None:
    text = (folder / "note.md").read_bytes().decode()
    unix, windows = (
        list(described(parse("Some note.md", t))) for t in (text, text.replace("\n", "\r\n"))
    )
    assert unix == windows


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_the_prefilter_passes_what_matters(folder: Path) -> None:
    data = (folder / "note.md").read_bytes()
    note = parse("Some note.md", data.decode())
    if note.blocks or note.regions or note.problems or note.matrices:
        assert might_have_blocks(data)


def test_the_prefilter_is_worth_having() -> None:
    for text in ("words", "```python\nx = 1\n```", "~~~js {a}\n~~~", "[[runner]]", "{run='a'}"):
        assert not might_have_blocks(text.encode())
