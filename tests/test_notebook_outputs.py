"""Every type of output that notebooks hold, as what stands in a note, and the other way."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from runner.clean import FILE_BYTES
from runner.notebooks.outputs import of_result
from runner.parse import parse
from runner.result import Figure, Markup, Output, Result, Status
from tests import notebooks as nb

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><rect width="1"/></svg>'
FRAME = """<style>td {color: red}</style><table border="1" class="dataframe"><thead>
<tr style="text-align: right;"><th></th><th>a</th><th>b|c</th></tr></thead><tbody>
<tr><th>0</th><td>1</td><td><b>x</b> &amp; y</td></tr><tr><th>1</th><td>2</td><td></td></tr>
</tbody></table><p>2 rows</p>"""
WIDGET = {"model_id": "8", "version_major": 2, "version_minor": 0}

# What a cell shows, and the lines that stand in the note.
CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "stream": (nb.stream("one\ntwo\n"), ["```text", "one", "two", "```"]),
    "stderr": (nb.stream("warned\n", "stderr"), ["```text", "warned", "```"]),
    "lines as a list": ({**nb.stream(""), "text": ["a\n", "b\n"]}, ["```text", "a", "b", "```"]),
    "colours and progress": (nb.stream("\x1b[31mred\x1b[0m\r 50%\r100%\n"), ["```text", "100%", "```"]),
    "value": (nb.display(text_plain="{'a': 1}"), ["```text", "{'a': 1}", "```"]),
    "png": (nb.display(image_png=nb.PNG, text_plain="<Figure>"), ["![[my_note-cell-1.png]]"]),
    "svg": (nb.display(**{"image_svg+xml": SVG}), ["![[my_note-cell-1.svg]]"]),
    "damaged png": (nb.display(image_png="AAAA"), ["```text", "[a damaged picture, left out]", "```"]),
    "png that is no text": (nb.display(image_png={"a": 1}), ["```text", "[a damaged picture, left out]", "```"]),
    "jpeg": (nb.display(image_jpeg=nb.PNG), ["```text", "[image/jpeg, left out]", "```"]),
    "table": (
        nb.display(text_html=FRAME, text_plain="   a  b|c"),
        ["|     | a   | b\\|c      |", "| --- | --- | --------- |", "| 0   | 1   | x &amp; y |", "| 1   | 2   |           |"],
    ),
    "html with text": (nb.display(text_html="<b>x</b>", text_plain="x = 1"), ["```text", "x = 1", "```"]),
    "html alone": (
        nb.display(text_html="<h1>T</h1><p>a<br>b</p><script>x</script>", text_plain="<IPython.core.display.HTML object>"),
        ["```text", "T", "a", "b", "```"],
    ),
    "markdown": (nb.display(text_markdown="some *text*", text_plain="<Markdown>"), ["some *text*"]),
    "hostile markdown": (
        nb.display(text_markdown="```dataviewjs\nx\n```", text_plain="a value"),
        ["```text", "a value", "```"],
    ),
    "latex": (nb.display(text_latex="$x^2$", text_plain="x**2"), ["$x^2$"]),
    "json": (nb.display(application_json={"a": [1]}), ["```text", "{", '  "a": [', "    1", "  ]", "}", "```"]),
    "widget": (
        nb.display(**{"application_vnd.jupyter.widget-view+json": WIDGET, "text_plain": "IntSlider(value=3)"}),
        ["```text", "[a widget, left out: IntSlider(value=3)]", "```"],
    ),
    "javascript": (
        nb.display(application_javascript="alert(1)", text_plain="<IPython.core.display.Javascript object>"),
        ["```text", "[JavaScript, left out: <IPython.core.display.Javascript object>]", "```"],
    ),
    "plotly": (
        nb.display(**{"application_vnd.plotly.v1+json": {"data": []}}),
        ["```text", "[application/vnd.plotly.v1+json, left out]", "```"],
    ),
    "error": (
        {"output_type": "error", "ename": "ValueError", "evalue": "no\nmore", "traceback": [
            "\x1b[0;31m---------\x1b[0m", "Cell \x1b[0;32mIn[1], line 2\x1b[0m", "\x1b[0;32m----> 2\x1b[0m raise ValueError", "ValueError: no"]},
        ["```text", "My note.md:9: ValueError: no", "more", "```"],
    ),
    "an older error": (
        {"output_type": "error", "ename": "KeyError", "evalue": "'a'", "traceback": [
            "KeyError   Traceback", "<ipython-input-3-abc> in <module>\n      1 x = {}\n----> 2 x['a']\n"]},
        ["```text", "My note.md:9: KeyError: 'a'", "```"],
    ),
    "nothing": (nb.display(), ["```text", "[HTML, left out]", "```"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_an_output_in_a_note(name: str) -> None:
    output, lines = CASES[name]
    text, _ = nb.bring_in(nb.notebook(nb.code("x = 1\ny = 2", output)))
    note = parse(nb.PATH, text)
    (region,) = note.regions
    shown = region.span.of(text).split("\n")
    status = "failed" if output["output_type"] == "error" else "ok"
    assert shown[0] == f"<!-- runner:cell 00000000 {status} -->"
    assert shown[2:-2] == lines


@pytest.mark.parametrize("name", ["stream", "png", "svg", "table", "markdown", "error"])
def test_an_output_comes_back(name: str) -> None:
    output, _ = CASES[name]
    text, made = nb.bring_in(nb.notebook(nb.code("x = 1\ny = 2", output)))
    again = nb.without_front(nb.export(text, nb.figures(made))).cells[0].outputs
    (found,) = again
    wanted = nb.notebook(nb.code("", output)).cells[0].outputs[0]
    if name == "error":
        assert (found["ename"], found["evalue"]) == ("ValueError", "no")
    elif name == "table":
        assert found["data"]["text/markdown"].startswith("|     | a   | b\\|c")
        assert found["data"]["text/plain"].split("\n")[1].split() == ["0", "1", "x", "&", "y"]
    elif name == "stream":
        assert found["text"] == wanted["text"]
    else:
        mime = next(iter(wanted["data"]))
        assert found["data"][mime] == wanted["data"][mime]


def test_figures_are_files_beside_the_note() -> None:
    png, svg = nb.display(image_png=nb.PNG), nb.display(**{"image_svg+xml": SVG})
    _, made = nb.bring_in(nb.notebook(nb.code("x", png, svg, id="plot")))
    assert nb.figures(made) == {
        "my_note-plot-1.png": base64.b64decode(nb.PNG),
        "my_note-plot-2.svg": SVG.encode(),
    }


def test_a_long_output_is_cut_and_stands_whole_in_a_file() -> None:
    said = "".join(f"line {n}\n" for n in range(5_000))
    text, made = nb.bring_in(nb.notebook(nb.code("x", nb.stream(said))))
    assert "All 5,000 lines: [[my_note-cell.txt]]" in text
    assert nb.figures(made)["my_note-cell.txt"].decode() == said
    (output,) = nb.without_front(nb.export(text, nb.figures(made))).cells[0].outputs
    assert output["text"] == said


def test_a_huge_output_is_bounded() -> None:
    said = "x" * 50 + "\n"
    _, made = nb.bring_in(nb.notebook(nb.code("x", nb.stream(said * 1_000_000))))
    (data,) = nb.figures(made).values()
    assert len(data) <= FILE_BYTES
    assert b"left out" in data


def test_a_cell_that_cannot_run_keeps_its_outputs() -> None:
    outputs = (nb.stream("done\n"), nb.display(image_png=nb.PNG))
    text, made = nb.bring_in(nb.notebook(nb.code("!ls", *outputs, id="shell")))
    assert not parse(nb.PATH, text).blocks
    assert "<!-- output:shell ok -->\n\n```text\ndone\n```\n\n![[my_note-shell-1.png]]" in text
    (cell,) = nb.export(text, nb.figures(made)).cells
    assert (cell.kind, cell.source, cell.id) == ("code", "!ls", "shell")
    assert [o.get("text") for o in cell.outputs] == ["done\n", None]
    assert cell.outputs[1]["data"] == {"image/png": nb.PNG}


TESTS = "application/vnd.runner.tests+json"


def test_outcomes_of_a_test_cell_stand_under_its_block() -> None:
    note = '```python {test="t"}\ndef test_a(): assert 1 == 2\n```\n'
    made = nb.export(note)
    *_, cell = made.cells
    assert cell.source.startswith("%%test t\n")
    tests = [
        {"name": "test_a", "status": "failed", "message": "assert 1 == 2"},
        {"name": "test_b", "status": "passed", "message": ""},
        {"name": "test_c", "status": "made up"},
    ]
    executed = nb.notebook(
        {"cell_type": "code", "source": cell.source, "metadata": dict(cell.metadata), "outputs": [
            {"output_type": "execute_result", "data": {TESTS: tests, "text/plain": "…"}}]},
        runner=dict(made.ours),
    )  # fmt: skip
    text, _ = nb.bring_in(executed)
    assert "<!-- runner:t 00000000 failed -->\n\n> [!failure] 1 failed, 1 passed" in text
    assert "> test_a\n> assert 1 == 2" in text


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        (Markup("**m**", "M"), {"text/markdown": "**m**", "text/plain": "M"}),
        (Markup("$x$", "M"), {"text/latex": "$x$", "text/plain": "M"}),
        (Markup("<script>x</script>", "M"), {"text/plain": "M"}),
        (Markup("[a](javascript:x)", "M"), {"text/plain": "M"}),
        (Markup(r"$\href{javascript:x}{y}$", "M"), {"text/plain": "M"}),
        (Figure("image/svg+xml", SVG.encode()), {"image/svg+xml": SVG}),
        (
            Figure("image/svg+xml", b"<svg onload='x'/>"),
            {"text/plain": "(an SVG figure that is more than a drawing, or broken)"},
        ),
    ],
)
def test_an_exported_cell_shows_no_more_than_a_note(found: Output, shown: dict[str, str]) -> None:
    (block,) = parse("n.md", '```python {run="a"}\n1\n```\n').blocks
    (output,) = of_result(block, Result(Status.OK, (found,)), lambda place: place.block)
    assert output["data"] == shown
