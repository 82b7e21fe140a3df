"""What a note's block shows of values: data frames, the protocol of IPython, dying threads."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

import pytest
from lanes import Ran, a_pool, block, job, note, run

from runner.dataframes import table_of
from runner.representations import plain, represented
from runner.result import Figure, Markup, Output, Table, Text

ADDRESS = "<x.A object at 0x…>"


class Value:
    """Has the methods that it is given, and Python's own plain form unless ``text`` says more."""

    def __init__(self, text: str = "<x.A object at 0x7f0123456789>", **forms: Any) -> None:
        self._text = text
        for name, form in forms.items():
            setattr(self, f"_repr_{name}_", lambda form=form, **_: form)

    def __repr__(self) -> str:
        return self._text


def said(text: str) -> Text:
    return Text(text, "value")


PNG = b"\x89PNG\r\n\x1a\n"
VALUES: dict[str, tuple[object, Output]] = {
    "nothing": (Value(), said(ADDRESS)),
    "html": (Value(html="<h1>T</h1><p>a &lt; <b>b</b></p>"), said("T\na < b")),
    "html beside a text": (Value("A(1)", html="<b>z</b>"), said("A(1)")),
    "html of nothing to read": (Value(html="<img src='a'>"), said("<img src='a'>")),
    "a table": (
        Value(html="<style>a{}</style><table><tr><th>n<th>m</tr><tr><td>1<td>2</tr></table>"),
        Table(("n", "m"), (("1", "2"),)),
    ),
    "a table below words": (Value(html="<p>w</p><table><tr><td>1</table>"), said("w\n1")),
    "json": (Value(json={"é": [1]}), said('{\n  "é": [\n    1\n  ]\n}')),
    "json with metadata": (Value(json=([1], {"expanded": True})), said("[\n  1\n]")),
    "json beside a text": (Value("A(1)", json=[1]), said("A(1)")),
    "markdown": (Value(markdown="*m*", html="<i>m</i>"), Markup("*m*", ADDRESS)),
    "a bundle": (Value(mimebundle={"text/markdown": "*b*", "text/plain": "b"}), Markup("*b*", "b")),
    "a bundle with metadata": (Value(mimebundle=({"image/png": PNG}, {})), Figure("image/png", PNG)),
    "a bundle of text": (Value(mimebundle={"text/plain": "at 0x7f0123456789"}), said("at 0x…")),
    "a bundle of nothing": (Value(mimebundle=None, latex="$x$"), Markup("$x$", ADDRESS)),
    "a bundle beside methods": (
        Value(mimebundle={"text/html": "<b>b</b>"}, html="<b>h</b>", png=PNG),
        Figure("image/png", PNG),
    ),
    "html of a bundle": (Value(mimebundle={"text/html": "<b>b</b>"}), said("b")),
    "what no note can hold": (
        Value(mimebundle={"image/jpeg": b"", "text/plain": ADDRESS}),
        said("(image/jpeg, which a note cannot hold)"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_a_value(name: str) -> None:
    value, shown = VALUES[name]
    assert represented(value) == shown


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (Value(png=b"<html>"), ValueError),
        (Value(png="!"), ValueError),
        (Value(svg=b"<svg/>"), TypeError),
        (Value(html=5), TypeError),
        (Value(mimebundle={"text/plain": 5}), TypeError),
        (Value(json={1, 2}), TypeError),
    ],
)
def test_what_is_not_what_it_should_be(value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        represented(value)


def test_a_form_is_asked_for_only_where_it_is_shown() -> None:
    class Costly:
        def _repr_html_(self) -> str:
            raise AssertionError

        def __repr__(self) -> str:
            return "C"

    assert represented(Costly()) == said("C")


def test_a_class_is_not_one_of_its_values() -> None:
    class Shown:
        def _repr_markdown_(self) -> str:
            return "*m*"

    assert represented(Shown) == said(repr(Shown))


@pytest.mark.parametrize("root", ["/v/", "/home/somebody/with a long name/notes of years/"])
def test_lines_break_where_they_do_on_any_machine(root: str) -> None:
    names = [PurePosixPath(f"{root}figures/plot {n} of all.png") for n in range(3)]
    value = (*names, {str(name): [str(name)] * 2 for name in names}, "plain words " * 9)
    said = plain(value, lambda text: text.replace(root, ""))
    assert said == plain(
        (
            *(PurePosixPath(f"/{name.relative_to(root)}") for name in names),
            {f"/{name.relative_to(root)}": [f"/{name.relative_to(root)}"] * 2 for name in names},
            "plain words " * 9,
        ),
        lambda text: text.replace("'/", "'"),
    )
    assert all(len(line) <= 120 for line in said.text.split("\n"))
    assert root not in said.text and said.text.count("\n") > 4


def test_a_value_of_megabytes_says_what_is_missing() -> None:
    shown = plain("é" * 3_000_000)
    assert shown.left_out == (4_000_004,)
    assert "\n… 4,000,004 bytes left out …\n" in shown.text


# --- data frames -----------------------------------------------------------------------------

FRAMES = {
    "an index with a name": (
        "pd.DataFrame({'model': ['a', 'b'], 'v': [1, 2]}).groupby('model').mean()",
        [["model", "v"], ["a", "1.0"], ["b", "2.0"]],
    ),
    "an index of two levels": (
        "pd.DataFrame({'m': ['a', 'a'], 'k': [1, 2], 'v': [3, 4]}).set_index(['m', 'k'])",
        [["m", "k", "v"], ["a", "1", "3"], ["a", "2", "4"]],
    ),
    "levels without names": (
        "pd.DataFrame({'v': [3]}, index=pd.MultiIndex.from_tuples([('a', 1)]))",
        [["", "", "v"], ["a", "1", "3"]],
    ),
    "columns with a name": (
        "pd.DataFrame([[1]], columns=pd.Index(['x'], name='c'))",
        [["c", "x"], ["0", "1"]],
    ),
    "both with names": (
        "pd.DataFrame([[1]], pd.Index(['r'], name='i'), pd.Index(['x'], name='c'))",
        [["i \\ c", "x"], ["r", "1"]],
    ),
    "columns of two levels": (
        "pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_product([['a'], ['x', 'y']], names=['p', 'q']))",
        [["p / q", "a / x", "a / y"], ["0", "1", "2"]],
    ),
    "large floats": ("pd.DataFrame({'n': [86567656.0, 1.5]})", [["", "n"], ["0", "86567656.0"], ["1", "1.5"]]),
    "small floats": ("pd.DataFrame({'n': [1e-12, 0.5]})", [["", "n"], ["0", "1.000000e-12"], ["1", "5.000000e-01"]]),
    "dates": (
        "pd.DataFrame({'d': pd.to_datetime(['2020-01-01', None])}, index=pd.date_range('2021-01-01', periods=2))",
        [["", "d"], ["2021-01-01", "2020-01-01"], ["2021-01-02", "NaT"]],
    ),
    "dates as columns": (
        "pd.DataFrame([[1]], columns=pd.date_range('2021-01-01', periods=1))",
        [["", "2021-01-01"], ["0", "1"]],
    ),
    "texts": ("pd.DataFrame({'t': [' a\\nb', '', 'x' * 300]})", [["", "t"], ["0", "a\\nb"], ["1", ""], ["2", "x" * 300]]),
    "texts of a new kind": ("pd.DataFrame({'t': pd.array(['a\\nb', None], dtype='string')})", [["", "t"], ["0", "a\\nb"], ["1", "<NA>"]]),
    "categories": ("pd.DataFrame({'t': pd.Categorical(['a', None])})", [["", "t"], ["0", "a"], ["1", "NaN"]]),
    "mixed": ("pd.DataFrame({'t': [1, 'a', None, 2.5, (1, 2)]})", [["", "t"], ["0", "1"], ["1", "a"], ["2", "None"], ["3", "2.5"], ["4", "(1, 2)"]]),
    "names that are no texts": ("pd.DataFrame([[1]], pd.Index([0], name=5), [7])", [["5", "7"], ["0", "1"]]),
    "the same name twice": ("pd.DataFrame([[1, 2]], columns=['a', 'a'])", [["", "a", "a"], ["0", "1", "2"]]),
    "no rows": ("pd.DataFrame({'a': []})", [["", "a"]]),
    "no columns": ("pd.DataFrame(index=[1, 2])", [[""], ["1"], ["2"]]),
    "a series": ("pd.Series([0.25, 1], pd.Index(['a', 'b'], name='i'), name='s')", [["i", "s"], ["a", "0.25"], ["b", "1.00"]]),
    "addresses": ("pd.DataFrame({'o': [type('A', (), {'__repr__': lambda s: '<A at 0x7f0123456789>'})()]})", [["", "o"], ["0", "<A at 0x…>"]]),
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMES)
def test_a_data_frame(name: str) -> None:
    pd = pytest.importorskip("pandas")
    source, cells = FRAMES[name]
    table = table_of(eval(source, {"pd": pd}))
    assert table is not None
    assert [list(row) for row in (table.header, *table.rows)] == cells


@pytest.mark.parametrize(
    ("options", "cell"),
    [
        (("display.precision", 2), "3.14"),
        (("display.float_format", "{:.1%}".format), "314.2%"),
        (("display.max_rows", 0), "3.14159"),
        (("display.max_colwidth", 3), "3.14159"),
    ],
)
def test_the_options_of_pandas_count(options: tuple[Any, ...], cell: str) -> None:
    pd = pytest.importorskip("pandas")
    with pd.option_context(*options):
        table = table_of(pd.DataFrame({"v": [3.14159] * 3}))
    assert table is not None
    assert [row[1] for row in table.rows] == [cell] * 3


@pytest.mark.parametrize("value", [5, None, "a", [1]])
def test_what_is_no_data_frame(value: object) -> None:
    assert table_of(value) is None


# --- in a worker -----------------------------------------------------------------------------

BLOCKS = {
    "thread": (
        "import threading\ndef f():\n    raise ValueError('v')\n"
        "t = threading.Thread(target=f, name='T'); t.start(); t.join()",
        "Exception in thread T:\nTraceback (most recent call last):\n"
        '  File "\x02vault.shown#thread:3\x03", in f\n'
        "    raise ValueError('v')\nValueError: v\n",
    ),
    "library": (
        "import concurrent.futures as c, threading\n"
        "def g():\n    with c.ThreadPoolExecutor(1) as p:\n        p.submit(int, 'x').result()\n"
        "t = threading.Thread(target=g, name='T'); t.start(); t.join()",
        "Exception in thread T:\nTraceback (most recent call last):\n"
        '  File "\x02vault.shown#library:4\x03", in g\n'
        "    p.submit(int, 'x').result()\n"
        "ValueError: invalid literal for int() with base 10: 'x'\n",
    ),
    "nameless": (
        "t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()",
        "Exception in thread Thread (<lambda>):\nTraceback (most recent call last):\n"
        '  File "\x02vault.shown#nameless:1\x03", in <lambda>\n'
        "    t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()\n"
        "                                        ~~^~~\n"
        "ZeroDivisionError: division by zero\n",
    ),
    "quiet": (
        "import sys\nt = threading.Thread(target=sys.exit); t.start(); t.join()\nprint('fine')",
        "fine\n",
    ),
    "preloaded": (
        "from IPython.display import clear_output\nprint('gone')\nclear_output(wait=True)\nprint('kept')",
        "kept\n",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    pytest.importorskip("IPython")
    blocks = [block("run", id, source) for id, (source, _) in BLOCKS.items()]
    shown = note(tmp_path_factory.mktemp("vault"), "shown", *blocks)
    with a_pool() as pool:
        return run(pool, job(shown, imports=("IPython.display",)))


@pytest.mark.parametrize("id", BLOCKS)
def test_a_block(ran: Ran, id: str) -> None:
    text = "".join(o.text for o in ran[id].outputs if isinstance(o, Text))
    found, expected = (re.sub(r"\n *[~^]+(?=\n)", "", shown) for shown in (text, BLOCKS[id][1]))
    assert found == expected  # but for what each version of Python points at
