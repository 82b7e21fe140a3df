"""From quote to component to test: the rows of the matrix, and their status."""

from __future__ import annotations

import pytest

from runner.graph import build
from runner.note import Note
from runner.parse import parse
from runner.resolve import Key
from runner.result import Status
from runner.trace import matrix, rows

LINK = "[[paper.pdf#page=2&selection=1,2,3,4]]"


def quote(text: str, id: str = "", behind: str = "") -> str:
    anchor = f"^{id}\n\n" if id else ""
    return f"> {text} {LINK}\n\n{anchor}{behind}"


def component(id: str, source: str = "", options: str = "") -> str:
    return f'```python {{component="{id}"}}\n{options}{source or f"{id} = 1"}\n```\n\n'


def test_block(id: str, source: str) -> str:
    return f'```python {{test="{id}"}}\n{source}\n```\n\n'


test_block.__test__ = False  # type: ignore[attr-defined]

IMPLEMENTS = {
    "the quote above": (quote("One.") + component("a"), [["a"]]),
    "all quotes above in the section": (
        quote("One.") + quote("Two.") + component("a"),
        [["a"], ["a"]],
    ),
    "not the quote of another section": (
        "# A\n\n" + quote("One.") + "# B\n\n" + component("a"),
        [[]],
    ),
    "not the quote below": (component("a") + quote("One."), [[]]),
    "the one it lists": (
        quote("One.", "q-1") + quote("Two.", "q-2") + component("a", options="#| quotes: [q-2]\n"),
        [[], ["a"]],
    ),
    "one it lists in another section": (
        "# A\n\n" + quote("One.", "q-1") + "# B\n\n" + component("a", options="#| quotes: q-1\n"),
        [["a"]],
    ),
    "two components": (quote("One.") + component("a") + component("b"), [["a", "b"]]),
    "none for an excused quote": (
        quote("One.", behind="no-code: prose\n\n") + component("a"),
        [[]],
    ),
}


@pytest.mark.parametrize(("text", "expected"), IMPLEMENTS.values(), ids=IMPLEMENTS)
def test_components_of_quotes(text: str, expected: list[list[str]]) -> None:
    note = parse("N.md", text)
    found = [[id for _, id in row.components] for row in rows([note], build([note]))]
    assert found == expected


COVERS = {
    "a test that uses it": (test_block("t", "assert a"), ["t"]),
    "a test that uses what uses it": (
        component("b", "def b(): return a") + test_block("t", "assert b()"),
        ["t"],
    ),
    "a test of something else": (
        "# B\n\n" + component("c", "c = 2") + test_block("t", "assert c"),
        [],
    ),
    "several": (test_block("t", "assert a") + test_block("u", "assert a + 1"), ["t", "u"]),
}


@pytest.mark.parametrize(("text", "expected"), COVERS.values(), ids=COVERS)
def test_tests_of_components(text: str, expected: list[str]) -> None:
    note = parse("N.md", quote("One.") + component("a") + text)
    row = rows([note], build([note]))[0]
    assert [id for _, id in row.tests] == expected


def test_a_test_in_another_note_covers() -> None:
    base = parse("Base.md", quote("One.") + component("a"))
    other = parse("Other.md", test_block("t", "from vault.base import a\nassert a"))
    row = rows([base, other], build([base, other]))[0]
    assert row.tests == (("Other.md", "t"),)


# --- the table -------------------------------------------------------------------------------

FULL = quote("One | two.", "q-1") + component("a") + test_block("t", "assert a")


def table(*notes: Note, **statuses: Status | None) -> list[str]:
    graph = build(notes)
    known: dict[Key, Status | None] = dict.fromkeys(graph.nodes, Status.OK)
    known |= {key: statuses[key[1]] for key in graph.nodes if key[1] in statuses}
    return matrix(rows(notes, graph), known, notes[0].path).split("\n")


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ({}, "ok"),
        ({"t": Status.FAILED}, "failed"),
        ({"a": Status.FAILED, "t": Status.SKIPPED}, "failed"),
        ({"t": Status.SKIPPED}, "skipped"),
        ({"t": Status.TIMEOUT}, "timeout"),
        ({"t": Status.CRASHED}, "crashed"),
        ({"t": None}, "stale"),
        ({"a": None, "t": Status.FAILED}, "failed"),
    ],
)
def test_status(statuses: dict[str, Status | None], expected: str) -> None:
    assert table(parse("N.md", FULL), **statuses)[2:] == [
        f"| [[#^q-1\\|One two.]] | `a` | `t` | {expected} |"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (quote("One."), "| One. | – | – | no component |"),
        (quote("One.") + component("a"), "| One. | `a` | – | no test |"),
        (
            quote("One.", behind="no-code: a | `b` <c>\n\n"),
            "| One. | – | – | no code: a b c |",
        ),
    ],
)
def test_rows_that_lack_something(text: str, expected: str) -> None:
    assert table(parse("N.md", text))[2:] == [expected]


def test_rows_of_other_notes_link_to_them() -> None:
    notes = parse("a/Index.md", "# Index\n"), parse("a/ViT.md", FULL)
    assert table(*notes)[2:] == ["| [[ViT#^q-1\\|One two.]] | `a` | `t` | ok |"]


def test_a_table_is_one_row_a_line() -> None:
    hostile = "![[embed]] <b>x</b> `code` a\\|b ^anchor #tag %%hidden%% $x$ " + "long " * 60
    (row,) = table(parse("N.md", quote(hostile)))[2:]
    assert row.count("|") == 5 and len(row) < 150
    assert not set("<>`[]%") & set(row)


def test_a_file_name_that_no_link_can_hold_is_no_link() -> None:
    notes = parse("Index.md", "# Index\n"), parse("a]] ![[b.md", FULL)
    assert table(*notes)[2:] == ["| One two. | `a` | `t` | ok |"]


def test_no_quotes_no_table() -> None:
    assert matrix(rows([parse("N.md", component("a"))], build([])), {}, "N.md") == ""
