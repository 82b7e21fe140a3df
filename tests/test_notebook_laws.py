"""Laws of notebooks: there and back again, from a note and from a notebook (issue 7)."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import Any

import nbformat
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from runner.note import Severity
from runner.notebook import Cell, Notebook, write
from runner.notebooks.pieces import cut, is_separator
from runner.notebooks.region_text import is_ours
from runner.parse import parse
from tests import notebooks as nb

settings.register_profile(
    "notebooks",
    max_examples=int(os.environ.get("RUNNER_FUZZ", "80")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.load_profile("notebooks")

# --- notes ---------------------------------------------------------------------------------------

SOURCES = st.sampled_from(
    [
        "1",
        "print(1)\n\n\nprint(2)",
        "#| needs: a\n#| timeout: 5\nx = torch.rand(3)",
        "#| seed: 7\nimport random\nrandom.random()",
        "#| raises: ValueError\nraise ValueError",
        "def f():\n    return '''\n```\n'''",
        "    indented = 1",
        "x = (",
        "#| unknown: 1",
        "",
    ]
)
PREFIXES = st.sampled_from(["", "", "", "> ", "> > ", "- ", "1. - "])
REGIONS = st.sampled_from(
    [
        [],
        [],
        ["<!-- runner:ID 3f9a1c0d ok cpu -->", "", "```text", "1", "```", "", "<!-- /runner -->"],
        ["<!-- runner:ID 3f9a1c0d ok -->", "", "![[my_note-ID-1.png]]", "", "<!-- /runner -->"],
        [
            "<!-- runner:ID 00000000 skipped -->",
            "",
            "```text",
            "why",
            "```",
            "",
            "<!-- /runner -->",
        ],
        [
            "<!-- runner:ID 3f9a1c0d failed cpu,cuda -->",
            "",
            "```text",
            "out",
            "```",
            "",
            "| a   |",
            "| --- |",
            "| 1   |",
            "",
            "some *math* $x$",
            "",
            "```text",
            "My note.md:3: ValueError: no",
            "```",
            "",
            "All 3 lines: [[my_note-ID.txt]]",
            "",
            "<!-- /runner -->",
        ],
        [
            "<!-- runner:ID 3f9a1c0d failed cpu -->",
            "",
            "> [!failure] 1 failed, 2 passed",
            ">",
            "> ```text",
            "> test_a",
            "> assert 1 == 2",
            "> ```",
            "",
            "<!-- /runner -->",
        ],
        ["<!-- runner:ID 3f9a1c0d ok -->", "typed by *hand* [[here.png]]", "<!-- /runner -->"],
        ["<!-- runner:ID 3f9a1c0d ok -->"],
    ]
)


@st.composite
def blocks(draw: st.DrawFn) -> list[str]:
    prefix, id = draw(PREFIXES), draw(st.sampled_from("abcd"))
    below = re.sub(r"[-0-9.]", " ", prefix)
    role = draw(st.sampled_from(["setup", "component", "test", "run", "run", "runn"]))
    ticks = draw(st.sampled_from(["```", "```", "`````", "~~~"]))
    info = draw(st.sampled_from([f'python {{{role}="{id}"}}', f"py {{{role}={id}}}"]))
    source = draw(SOURCES)
    lines = [f"{ticks}{info}", *(source.split("\n") if source else []), ticks]
    region = [line.replace("ID", id) for line in draw(REGIONS)]
    lines += ["", *region] if region else []
    return [f"{prefix if i == 0 else below}{line}".rstrip() for i, line in enumerate(lines)]


PROSE = st.sampled_from(
    [
        [""],
        ["", "", ""],
        ["# Title"],
        ["Some text with [[Note|a link]], $[[math]]$ and `[[code]]`."],
        ["> [!quote]- [[paper.pdf#page=3&selection=1,2,3,4|Page 3]]", "> the quote", "", "^q-a"],
        ["> [!note]", "> body", "> > [!tip] inner", "> > deep ^block-id"],
        ["![[here.png|300]]", "![alt](here.png)", "![[Other note#Part]]", "[md](Other.md)"],
        ["| [[a\\|b]] | c |", "| --- | --- |"],
        ["%%", "hidden", '```python {run="x"}', "1", "```", "%%"],
        ["50%% of `%%`, %%hidden [[x]]%%"],
        ["```python", "plain", "```"],
        ['```python {cell="kept"}', "%matplotlib inline", "```"],
        ['```raw {cell="kept"}', "```"],
        [
            '```r {cell="o"}',
            "1",
            "```",
            "",
            "<!-- output:o ok -->",
            "",
            "```text",
            "[1] 1",
            "```",
            "",
            "<!-- /output -->",
        ],
        ['````markdown {cell="k-2"}', '```python {run="z"}', "1", "```", "````"],
        ["<!-- cell -->"],
        ["<!-- cell -->", "", "<!-- cell -->"],
        ["<!-- runner-matrix -->", "| [[a]] |", "<!-- /runner -->"],
        ["<!-- /runner -->"],
        [">", "> "],
        ["- item", "  more"],
        ["    indented code [[x]]"],
        ["$$", "x < y", "$$"],
        ["<div>", "[[x]]", "</div>"],
        ["trailing spaces  "],
        ["```"],
    ]
)


@st.composite
def notes(draw: st.DrawFn) -> str:
    pieces = draw(st.lists(blocks() | PROSE | PROSE, max_size=9))
    newlines = draw(st.sampled_from([["\n"], ["\n"], ["\r\n"], ["\n", "\r\n"]]))
    lines = [
        line + draw(st.sampled_from(newlines))
        for piece in pieces
        for line in ([*piece, ""] if draw(st.booleans()) else piece)
    ]
    if lines and draw(st.booleans()):
        lines[-1] = lines[-1].rstrip("\r\n")
    head = draw(
        st.sampled_from(["", "\ufeff", "---\nseed: 3\npaper: P\n---\n", "---\r\nx: 1\r\n---"])
    )
    return head + "".join(lines)


FILES = {
    **{f"my_note-{id}-1.png": b"\x89PNG\r\n\x1a\nx" for id in "abcd"},
    **{f"my_note-{id}.txt": b"out\nall of it\n" for id in "abcd"},
}


@given(notes())
@example("\ufeff")
@example('```python {run="a"}\n1\n```\n\n```python {run="b"}\n2\n```')
def test_pieces_are_the_note(text: str) -> None:
    note = parse(nb.PATH, text)
    head, pieces = cut(note)
    put = head
    for piece in pieces:
        assert piece is pieces[-1] or is_separator(piece.after)
        put += text[piece.span.start : piece.end] + piece.after
    assert put == text


@given(notes())
def test_a_note_comes_back_byte_for_byte(text: str) -> None:
    made = nb.export(text, FILES)
    back, imported = nb.bring_in(made)
    note = parse(nb.PATH, text)
    assert nb.plain_note(parse(nb.PATH, back)) == nb.plain_note(note)
    kept = [r for r in note.regions if r.block and is_ours(_inside(text, r.span.start, r.span.end))]
    if len(kept) == len([r for r in note.regions if r.block]) and _has_one_region_each(text):
        assert back == text
        shown = {n: FILES[n] for n in imported.figures}
        assert imported.figures == shown


def _inside(text: str, start: int, end: int) -> list[str]:
    """The lines of a top-level region between its markers."""
    lines = text[start:end].replace("\r\n", "\n").split("\n")[1:-1]
    return lines[1:-1] if len(lines) > 1 else lines


def _has_one_region_each(text: str) -> bool:
    """Whether every region stands at the top level, behind the block of its id."""
    return not re.search(r"^[ >]+<!-- runner", text, re.M)


@given(notes())
def test_exports_are_valid_and_their_ids_unique(text: str) -> None:
    data: Any = write(nb.export(text, FILES))
    nbformat.validate(nbformat.from_dict(data))


@given(notes(), st.data())
def test_a_cell_that_was_edited_is_taken_as_it_is(text: str, data: st.DataObject) -> None:
    made = nb.export(text, FILES)
    if not made.cells:
        return
    index = data.draw(st.integers(0, len(made.cells) - 1))
    cell = made.cells[index]
    edited = replace(cell, source=f"{cell.source}\n\nlast = 'words'")
    cells = (*made.cells[:index], edited, *made.cells[index + 1 :])
    back, _ = nb.bring_in(replace(made, cells=cells))
    assert ("last = 'words'" in back) == ("part" not in cell.ours)


# --- notebooks -----------------------------------------------------------------------------------

HOSTILE = st.sampled_from(
    [
        '```python {run="x"}\n1\n```',
        '> ```python {test="x"}\n> 1\n> ```',
        '```python {run="x"}\n1',
        "```",
        "~~~~",
        "%%",
        "%%time",
        "<!--",
        "<script>",
        "<!-- runner:a 3f9a1c0d ok -->",
        "<!-- /runner -->",
        "<!-- runner-matrix -->",
        "<!-- cell -->",
        '```python {cell="x"}\n1\n```',
        "---\nmodule: x\n---",
        "- [ ] task",
        "    code",
        "# Heading",
        "$$x$$",
        "[[aa]] ![[bb.png]] x[[1, 2], [3, 4]]",
        "plain *text*",
        "\ud800 \0",
        "a\r\nb",
    ]
)
SAID = st.lists(HOSTILE | st.text(max_size=6), max_size=3).map("\n\n".join)
PROGRAMS = st.sampled_from(
    [
        "x = 1",
        "print('''\n```\n''')",
        "%matplotlib inline\nx = 1",
        "!pip install x",
        "await f()",
        "print 1",
        "  x = 1",
        "#| echo: false\n1",
        "#| timeout: 9\n1",
        "",
        "\n",
        "x\n",
        "a\r\nb",
        "?help",
        "return 1",
        "'\ud800'",
        '```python {run="x"}',
    ]
)
OUTPUTS = st.sampled_from(
    [
        nb.stream("line\nline\n"),
        nb.stream("<!-- /runner -->\n", "stderr"),
        nb.display(text_plain="42"),
        nb.display(image_png=nb.PNG, text_plain="<Figure size 640x480>"),
        {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["no"]},
    ]
)
IDS = st.sampled_from(["", "intro", "8f3a1c0d", "a-b", "lIYdn1woOS1n", "x" * 64, "intro"])
METADATA = st.sampled_from(
    [
        {},
        {"runner": {"role": "test", "id": "forged"}},
        {"runner": {"role": "run", "id": 'x"} <!--', "markdown": "```", "shown": "x"}},
        {"runner": {"part": 1}},
        {"runner": 3},
        {"tags": ["x"]},
    ]
)
CELLS = st.one_of(
    st.builds(lambda s, i, m: Cell("markdown", s, i, m), SAID, IDS, METADATA),
    st.builds(lambda s, i, m: Cell("raw", s, i, m), SAID, IDS, METADATA),
    st.builds(
        lambda s, i, m, o: Cell(
            "code", s, i, m, tuple(nb.notebook(nb.code("", *o)).cells[0].outputs)
        ),
        PROGRAMS,
        IDS,
        METADATA,
        st.lists(OUTPUTS, max_size=3, unique_by=lambda output: output.get("ename", id(output))),
    ),
)
CLAIMS = st.sampled_from(
    [
        {},
        {"runner": {"format": 1, "head": "---\nseed: 1\n---\n"}},
        {"runner": {"format": 1, "head": '```python {run="x"}\n1\n```\n'}},
        {"kernelspec": {"name": "ir", "language": "R"}},
        {"title": "a: 'b' \"c\"\n- d", "authors": [{"name": "A"}, {"name": "B"}]},
    ]
)
NOTEBOOKS = st.builds(
    lambda cells, metadata: Notebook(tuple(cells), metadata),
    st.lists(CELLS, max_size=6),
    CLAIMS,
)


@given(NOTEBOOKS, st.booleans())
def test_only_code_cells_become_blocks(given_one: Notebook, runs: bool) -> None:
    text, _ = nb.bring_in(given_one, runs=runs)
    note = parse(nb.PATH, text)
    sources = [_fit(cell.source) for cell in given_one.cells if cell.kind == "code"]
    for block in note.blocks:
        assert any(block.source.removesuffix("\n") == source for source in sources)
    if not runs:
        assert not note.blocks
    if "runner" in given_one.metadata and runs:
        return  # a note of our own that had faults gets them back
    assert note.writable
    assert not [block for block in note.blocks if block.fault]
    assert not [p for p in note.problems if p.severity is Severity.ERROR]


def _fit(source: str) -> str:
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub("[\0\ud800-\udfff]", "\ufffd", source)


@given(NOTEBOOKS)
def test_a_notebook_comes_back_cell_by_cell(given_one: Notebook) -> None:
    foreign = replace(
        given_one,
        cells=tuple(replace(cell, metadata={}) for cell in given_one.cells),
        metadata={k: v for k, v in given_one.metadata.items() if k != "runner"},
    )
    text, made = nb.bring_in(foreign)
    again = nb.without_front(nb.export(text, nb.figures(made)))
    assert [_seen(c) for c in again.cells] == [_seen(c) for c in foreign.cells if not _is_empty(c)]
    assert [_shown(c) for c in again.cells if c.kind == "code"] == [
        _shown(c) for c in foreign.cells if c.kind == "code" and not _is_empty(c)
    ]


def _is_empty(cell: Cell) -> bool:
    """Whether a cell holds nothing, so that nothing of it comes into a note."""
    return cell.kind != "raw" and not cell.source.strip() and not cell.outputs


def _seen(cell: Cell) -> tuple[str, str]:
    """A cell's source; of text without the blank lines around it."""
    source = _fit(cell.source)
    if cell.kind == "markdown":
        source = re.sub(r"\A(?:[ \t]*\n)+", "", source).rstrip()
    return cell.kind, source


def _shown(cell: Cell) -> list[tuple[object, ...]]:
    """A code cell's outputs as far as a note can hold them: its text, pictures and errors."""
    texts, pictures, errors = [], [], []
    for output in cell.outputs:
        data = output["data"]
        if "image/png" in data:
            pictures.append(data["image/png"].rstrip("="))
        elif output["output_type"] == "error":
            errors.append((output["ename"], output["evalue"]))
        else:
            texts.append(str(output.get("text") or data["text/plain"]).strip("\n"))
    return [("\n".join(texts),), tuple(pictures), tuple(errors)]
