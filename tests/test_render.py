"""Results into notes: cases as folders, and what holds for every note."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from runner import result as vocabulary
from runner.parse import parse
from runner.render import Rendered, Shown, Surroundings, linked_files, matrix, properties, render
from runner.result import Figure, Place, Result, Status, Table, Text, bytes_gap

CASES = Path(__file__).parent / "cases" / "render"
DIGEST = "0123abcd"
SURROUNDINGS = Surroundings(
    embed=lambda name: f"![[{name}]]",
    link=lambda name: f"[[{name}]]",
    locate=lambda place: f"Other.md:{10 + place.line}",
)


def show(
    text: str, results: Mapping[str, Result], surroundings: Surroundings = SURROUNDINGS
) -> Rendered:
    shown = {id: Shown(DIGEST, result) for id, result in results.items()}
    return render(parse("folder/note.md", text), shown, surroundings)


def read(path: Path) -> str:
    return path.read_bytes().decode("utf-8")


def results_of(case: Path) -> dict[str, Result]:
    """The dictionary that ``results.py`` writes in the words of ``runner.result``."""
    results = eval(read(case / "results.py"), dict(vars(vocabulary)))
    assert isinstance(results, dict)
    return results


FORMS: dict[str, Callable[[str], str]] = {
    "lf": lambda text: text,
    "crlf": lambda text: text.replace("\n", "\r\n"),
    "cr": lambda text: text.replace("\n", "\r"),
    "bom": lambda text: f"\ufeff{text}",
    "no-final-newline": lambda text: text.removesuffix("\n"),
    "crlf-bom-no-final-newline": lambda text: (
        "\ufeff" + text.removesuffix("\n").replace("\n", "\r\n")
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda path: path.name)
def test_case(case: Path, form: str) -> None:
    """``expected.md`` is what rendering makes of ``note.md``; absent means it must not change."""
    expected = case / "expected.md"
    text = FORMS[form](read(case / "note.md"))
    rendered = show(text, results_of(case)).text
    assert rendered == FORMS[form](read(expected if expected.exists() else case / "note.md"))
    assert show(rendered, results_of(case)).text is rendered


# --- lines, files, surroundings --------------------------------------------------------------

BLOCK = '```python {run="a"}\n1\n```\n'


def test_figures_and_long_texts_are_files() -> None:
    outputs = (
        Figure("image/png", b"one"),
        Text("\n" * 2 + "x\n" * 100),
        Figure("image/png", b"two"),
    )
    files = show(BLOCK, {"a": Result(Status.OK, outputs)}).files
    assert files == {"note-a-1.png": b"one", "note-a-2.png": b"two", "note-a.txt": b"x\n" * 100}


def gapped(start: str, missing: int, end: str, stream: str = "stdout") -> Text:
    return Text(f"{start}\n{bytes_gap(missing)}\n{end}", stream, (missing,))


HALF = 500_000


@pytest.mark.parametrize(
    ("outputs", "size", "shown"),
    [
        # one line of 5,000,000 characters, as the recorder keeps it
        ((gapped("x" * HALF, 4_000_001, "x" * (HALF - 1) + "\n"),), 5_000_001, "4,000,001"),
        ((gapped("line\n" * 99_999 + "line", 5, "\nline" * 99_999),), 1_000_000, "999,805"),
        ((Text("x\n" * HALF), gapped("y" * HALF, 7, "y\n", "value")), 1_500_010, None),
        ((Text("x\n" * 600_000),), 1_200_000, None),
    ],
)
def test_a_text_of_more_than_its_file_holds_says_so(
    outputs: tuple[Text, ...], size: int, shown: str | None
) -> None:
    rendered = show(BLOCK, {"a": Result(Status.OK, outputs)})
    assert f"\n\nFirst and last half of {size:,} bytes: [[note-a.txt]]\n" in rendered.text
    (data,) = rendered.files.values()
    assert len(data) <= 1_000_000
    gaps = re.findall(r"\n… ([\d,]+) bytes left out …\n", data.decode())
    assert len(gaps) <= len(outputs)
    words = sum(len(f"\n… {count} bytes left out …\n".encode()) for count in gaps)
    assert len(data) - words + sum(int(count.replace(",", "")) for count in gaps) == size
    assert shown is None or f"\n… {shown} bytes left out …\n" in rendered.text


def test_a_printed_line_that_looks_like_a_gap_is_a_line() -> None:
    text = f"a\n{bytes_gap(5)}\nb\n" * 20
    rendered = show(BLOCK, {"a": Result(Status.OK, (Text(text),))})
    assert "All 60 lines: [[note-a.txt]]" in rendered.text
    assert "\n… 21 lines left out …\n" in rendered.text


def test_the_region_of_a_block_that_shows_many_tables_is_bounded() -> None:
    table = Table(("a",), (("1",),) * 30)
    rendered = show(BLOCK, {"a": Result(Status.OK, (table,) * 20)})
    assert rendered.text.count("\n") < 150
    assert rendered.files["note-a.txt"].count(b"| 1   |") == 18 * 30


def test_what_cannot_be_stored_is_neither_embedded_nor_a_file() -> None:
    nowhere = Surroundings(embed=lambda _: "", link=lambda _: "", locate=lambda _: "")
    outputs = (Text("x\n" * 100), Figure("image/png", b"one"))
    rendered = show(BLOCK, {"a": Result(Status.OK, outputs)}, nowhere)
    assert rendered.files == {}
    assert "note-a" not in rendered.text


def test_a_place_is_named_by_its_line_after_the_write() -> None:
    last = BLOCK.replace('"a"', '"z"').replace("1", "2")
    blocks = [BLOCK.replace('"a"', f'"b{i}"') for i in range(12)]
    place = Place("vault.note", "z", 1)
    results = {f"b{i}": Result(Status.OK, (Text(f"at {place.token()}"),)) for i in range(12)}
    text = show("\n".join([*blocks, last]), results).text
    line = text.split("\n").index("2") + 1
    assert text.count(f"at note.md:{line}\n") == 12


def test_linked_files_are_those_outside_what_the_block_printed() -> None:
    outputs = (Figure("image/png", b"one"), Text("![[mine-a-7.png]]\n" + "x\n" * 99))
    text = show(BLOCK, {"a": Result(Status.OK, outputs)}).text
    text = text.replace(
        "<!-- /runner -->", "![[cat.png]] ![](img/old%20name-a-2.svg)\n\n<!-- /runner -->"
    )
    assert linked_files(parse("note.md", text), "a") == {
        "note-a-1.png",
        "note-a.txt",
        "old name-a-2.svg",
    }
    assert linked_files(parse("note.md", text), "b") == frozenset()


def test_a_region_that_is_kept_keeps_its_files() -> None:
    text = show(BLOCK, {"a": Result(Status.OK, (Figure("image/png", b"one"),))}).text
    assert show(text, {"a": Result(Status.SKIPPED)}).linked == frozenset()
    assert show(text, {"a": Result(Status.OK)}).linked == {"note-a-1.png"}


MATRIX = "# x\n\n> <!-- runner-matrix -->\n> old\n> <!-- /runner -->\n\ntext"


def test_matrix_is_filled_between_its_markers() -> None:
    table = "| a   |\n| --- |"
    text = matrix(parse("note.md", MATRIX), table)
    assert text == (
        "# x\n\n> <!-- runner-matrix -->\n>\n> | a   |\n> | --- |\n>\n> <!-- /runner -->\n\ntext"
    )
    assert matrix(parse("note.md", text), table) is not None
    note = parse("note.md", text)
    assert matrix(note, table) is note.text
    assert matrix(note, "") == "# x\n\n> <!-- runner-matrix -->\n>\n> <!-- /runner -->\n\ntext"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("runner_status: stale", "runner_status: ok"),
        ("runner_status:", "runner_status: ok"),
        ("runner_status :   'stale'  # seen", "runner_status :   ok  # seen"),
        ('runner_status: ""', "runner_status: ok"),
        ("runner_status: ok", "runner_status: ok"),
        ("runner_status: |", "runner_status: |"),
        ("my_runner_status: stale", "my_runner_status: stale"),
    ],
)
def test_only_a_property_that_is_there_is_set(before: str, after: str) -> None:
    text = "---\r\ntitle: x\r\n{}\r\n---\r\nrunner_status: prose\r\n"
    note = parse("note.md", text.format(before))
    assert properties(note, {"runner_status": "ok", "runner_tests": "1/2"}) == text.format(after)
