"""What a block writes, shows and draws, in the order in which it did."""

from __future__ import annotations

from pathlib import Path

import pytest
from lanes import Ran, a_pool, block, job, note, run

from runner.capture import KEPT, Recorder
from runner.result import Figure, Markup, Output, Table, Text


def out(text: str) -> Text:
    return Text(text)


def err(text: str) -> Text:
    return Text(text, "stderr")


def value(text: str) -> Text:
    return Text(text, "value")


def at(id: str, line: int) -> str:
    return f"\x02vault.shown#{id}:{line}\x03"


FIGURE = Figure("image/png", b"")  # stands for any PNG

CASES: dict[str, tuple[str, tuple[Output, ...]]] = {
    "nothing": ("x = 1", ()),
    "printed": ("print('a'); print('b', end='')", (out("a\nb"),)),
    "number": ("1 + 1", (value("2"),)),
    "none": ("None", ()),
    "muted": ("1 + 1;", ()),
    "muted-in-brackets": ("(1 +\n 1) ;  # quiet", ()),
    "not-muted": ("'a;'", (value("'a;'"),)),
    "unicode": ("print('日本 ∑ 🙂'); '日本'", (out("日本 ∑ 🙂\n"), value("'日本'"))),
    "surrogate": ("print('\\udc80')", (out("\\udc80\n"),)),
    "address": ("object()", (value("<object object at 0x…>"),)),
    "two-streams": (
        "import sys\nprint('o')\nprint('e', file=sys.stderr)\nprint('p')",
        (out("o\n"), err("e\n"), out("p\n")),
    ),
    "warning": (
        "import warnings\nprint(1)\nwarnings.warn('careful')\nprint(2)",
        (
            out("1\n"),
            err(f"{at('warning', 3)}: UserWarning: careful\n  warnings.warn('careful')\n"),
            out("2\n"),
        ),
    ),
    "logging": ("import logging\nlogging.warning('w')", (err("WARNING:root:w\n"),)),
    "below-python": (
        "import os, subprocess, sys, ctypes\n"
        "print(1)\n"
        "os.write(1, b'2\\n')\n"
        "subprocess.run([sys.executable, '-c', 'print(3)'])\n"
        "print(4)\n"
        "ctypes.CDLL(None).puts(b'5')\n"
        "print(6);",
        (out("1\n2\n3\n4\n5\n6\n"),),
    ),
    "binary": ("import sys\nsys.stdout.buffer.write(b'raw\\n');", (out("raw\n"),)),
    "stdin": (
        "try:\n    input()\nexcept EOFError:\n    print('no input')",
        (out("no input\n"),),
    ),
    "no-terminal": ("import sys\nsys.stdout.isatty(), sys.stderr.fileno()", (value("(False, 2)"),)),
    "reconfigured": ("import sys\nsys.stdout.reconfigure(encoding='utf-8')", ()),
    "closed": ("import os, sys\nos.close(1)\nsys.stdout.close()\nprint('still')", (out("still\n"),)),
    "healed": ("import os\nos.system('echo back');", (out("back\n"),)),
    "replaced": ("import io, sys\nsys.stdout = io.StringIO()\nprint('lost')", ()),
    "again": ("print('found')", (out("found\n"),)),
    "redirected": (
        "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as f:\n"
        "    print('in')\nf.getvalue()",
        (value("'in\\n'"),),
    ),
    "traceback": (
        "import traceback\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    traceback.print_exc(0)",
        (err("ZeroDivisionError: division by zero\n"),),
    ),
    "traceback-place": (
        "import re, traceback\ndef f():\n    raise ValueError('v')\ntry:\n    f()\n"
        "except ValueError:\n    print(re.sub(r'\\n *[~^]+', '', traceback.format_exc()))",
        (
            out(
                "Traceback (most recent call last):\n"
                f'  File "{at("traceback-place", 5)}", in <module>\n    f()\n'
                f'  File "{at("traceback-place", 3)}", in f\n    raise ValueError(\'v\')\n'
                "ValueError: v\n\n"
            ),
        ),
    ),
    "shown": ("print('a')\ndisplay(1, 'two')\nprint('b')", (out("a\n"), value("1"), value("'two'"), out("b\n"))),
    "long-list": ("list(range(40))", (value(f"{list(range(24))}"[:-1] + ",\n " + f"{list(range(24, 40))}"[1:]),)),
    "markdown": (
        "class M:\n    def _repr_markdown_(self): return '**m**'\n    def __repr__(self): return 'M'\nM()",
        (Markup("**m**", "M"),),
    ),
    "latex": (
        "class L:\n    def _repr_latex_(self): return '$x$'\n    def __repr__(self): return 'L'\nL()",
        (Markup("$x$", "L"),),
    ),
    "svg": (
        "class S:\n    def _repr_svg_(self): return '<svg/>'\nS()",
        (Figure("image/svg+xml", b"<svg/>"),),
    ),
    "markdown-no-text": (
        "class N:\n    def _repr_markdown_(self): return 5\n    def __repr__(self): return 'N'\nN()",
        (err("TypeError: the text/markdown representation is a int, not text\n"), value("N")),
    ),
    "png-no-png": (
        "class P:\n    def _repr_png_(self): return b'<html>'\n    def __repr__(self): return 'P'\nP()",
        (err("ValueError: the image/png representation is no PNG\n"), value("P")),
    ),
    "any-attribute": (
        "class A:\n    def __getattr__(self, name): return lambda *a, **k: self\n"
        "    def __repr__(self): return 'A'\nA()",
        (value("A"),),
    ),
    "raising-repr": (
        "class R:\n    def _repr_html_(self): return 1 / 0\n"
        "    def _repr_latex_(self): return 1 / 0\n    def __repr__(self): return 'R'\nR()",
        (
            err(
                "Traceback (most recent call last):\n"
                f'  File "{at("raising-repr", 3)}", in _repr_latex_\n'
                "    def _repr_latex_(self): return 1 / 0\n"
                "                                   ~~^~~\n"
                "ZeroDivisionError: division by zero\n"
            ),
            value("R"),
        ),
    ),
    "ipython": (
        "from IPython.display import Markdown, clear_output, display\nprint('gone')\nclear_output()\n"
        "h = display(1, display_id=True)\ndisplay(Markdown('*m*'))\nh.update(2)",
        (value("2"), Markup("*m*", "<IPython.core.display.Markdown object>")),
    ),
    "frame": (
        "import pandas as pd\npd.DataFrame({'a': [1, 2], 'b': [0.5, float('nan')]}, index=['x', 'y'])",
        (Table(("", "a", "b"), (("x", "1", "0.5"), ("y", "2", "NaN"))),),
    ),
    "series": ("pd.Series([1, 2], name='s')", (Table(("", "s"), (("0", "1"), ("1", "2"))),)),
    "figures": (
        "import matplotlib.pyplot as plt\nprint('a')\nplt.figure(9); plt.plot([1])\nplt.show()\n"
        "print('b')\nplt.figure(5); plt.plot([1])\nplt.figure(2); plt.plot([1])\nprint('c')",
        (out("a\n"), FIGURE, out("b\nc\n"), FIGURE, FIGURE),
    ),
    "artists": ("plt.plot([1, 2])", (FIGURE,)),
    "histogram": ("plt.hist([1, 2])", (FIGURE,)),
    "axes": ("fig, axes = plt.subplots(2, 2)\naxes", (FIGURE,)),
    "not-doubled": ("fig, ax = plt.subplots()\nfig", (FIGURE,)),
    "not-doubled-after-show": ("fig, ax = plt.subplots()\nplt.show()\nfig", (FIGURE,)),
    "shown-by-hand": ("fig, ax = plt.subplots()\ndisplay(fig)\nprint('after')", (FIGURE, out("after\n"))),
    "closed-figure": ("fig, ax = plt.subplots()\nplt.close(fig)\nfig", (FIGURE,)),
    "figure-of-before": ("fig", (FIGURE,)),
    "no-figure-left": ("plt.get_fignums()", (value("[]"),)),
    "partial": ("print('before')\nplt.plot([1])\n1 / 0", (out("before\n"), FIGURE)),
}  # fmt: skip


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Every case as a block of one note, run in one process."""
    blocks = [block("run", id, source) for id, (source, _) in CASES.items()]
    shown = note(tmp_path_factory.mktemp("vault"), "shown", *blocks)
    with a_pool() as pool:
        return run(pool, job(shown))


@pytest.mark.parametrize("id", CASES)
def test_outputs(ran: Ran, id: str) -> None:
    outputs = tuple(
        FIGURE if isinstance(o, Figure) and o.data.startswith(b"\x89PNG") else o
        for o in ran[id].outputs
    )
    assert outputs == CASES[id][1]


def test_figures_are_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    source = "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2])\nplt.title('t')"
    drawn = note(tmp_path, "drawn", block("run", "a", source), block("run", "b", source))
    with a_pool() as pool:
        png = [run(pool, job(drawn)).results for _ in range(2)]
        svg = [run(pool, job(drawn, figures="svg")).results for _ in range(2)]
    assert len({r.outputs for results in png for r in results.values()}) == 1
    assert len({r.outputs for results in svg for r in results.values()}) == 1
    assert b"Date" not in svg[0]["a"].outputs[0].data  # type: ignore[union-attr]


def test_large_tables_are_cut(tmp_path: Path) -> None:
    source = "import pandas as pd\npd.DataFrame([[n] * 30 for n in range(100)])"
    with a_pool() as pool:
        result = run(pool, job(note(tmp_path, "big", block("run", "a", source))))["a"]
    (table,) = result.outputs
    assert isinstance(table, Table)
    assert (len(table.rows), len(table.header)) == (60, 21)
    assert table.rows[0][1] == "0"
    assert table.rows[-1][-1] == "99"
    assert table.cut == "40 of 100 rows and 10 of 30 columns left out"


def test_a_hundred_megabytes_keep_their_ends(tmp_path: Path) -> None:
    flood = note(
        tmp_path,
        "flood",
        block("run", "many", "for n in range(1000):\n    print(f'{n:06}' + 'x' * 99_993)"),
        block("run", "one", "print('start' + 'x' * 100_000_000 + 'end')"),
        block("run", "after", "print('fine')"),
    )
    with a_pool() as pool:
        ran = run(pool, job(flood))
    for id, first, last in (("many", "000000x", "x\n"), ("one", "startx", "xend\n")):
        (text,) = ran[id].outputs
        assert isinstance(text, Text)
        assert text.text.startswith(first)
        assert text.text.endswith(last)
        assert len(text.text) < 2 * KEPT + 100
        assert text.left_out == ({"many": 99_000_000, "one": 99_000_009}[id],)
        cut = int(text.text.partition("… ")[2].partition(" bytes")[0].replace(",", ""))
        assert cut + 2 * KEPT == {"many": 100_000_000, "one": 100_000_009}[id]
    assert ran["after"].outputs == (out("fine\n"),)


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(str(tmp_path / "output"))


def test_marks_lie_between_what_was_written_around_them(recorder: Recorder) -> None:
    recorder.write(b"a", "stdout")
    recorder.show((value("1"),))
    recorder.write(b"b", "stderr")
    recorder.write(b"c", "stderr")
    recorder.show((value("2"),))
    assert recorder.take() == (out("a"), value("1"), err("bc"), value("2"))
    assert recorder.take() == ()


def test_what_lay_in_a_cut_middle_stands_at_the_cut(recorder: Recorder) -> None:
    recorder.write(b"h" * KEPT, "stdout")
    recorder.write(b"m" * 4_000_000, "stderr")
    recorder.show((value("1"),))
    recorder.write(b"t" * 8_000_000, "stdout")
    outputs = recorder.take()
    assert value("1") in outputs
    text = "".join(o.text for o in outputs if isinstance(o, Text) and o.stream != "value")
    assert text.startswith("h" * KEPT)
    assert text.endswith("t" * KEPT)


def test_the_latest_line(recorder: Recorder) -> None:
    assert recorder.last_line() == ""
    recorder.write(b"one\n 10%\r 20%\r\n\n", "stdout")
    assert recorder.last_line() == "20%"


def test_each_take_begins_where_the_last_one_ended(recorder: Recorder) -> None:
    for text in ("one", "two"):
        recorder.write(text.encode(), "stderr")
        recorder.show((value(text),))
        assert recorder.last_line() == text
        assert recorder.take() == (err(text), value(text))
    recorder.write(b"gone", "stdout")
    recorder.clear()
    recorder.write(b"kept", "stdout")
    assert Path(recorder.path).read_bytes()[recorder.begins :] == b"kept"
    assert recorder.take() == (out("kept"),)


def test_the_file_of_many_blocks_stays_small(recorder: Recorder) -> None:
    for number in range(40):
        recorder.write(b"%d" % (number % 10) * 100_000, "stdout")
        assert recorder.take() == (out(str(number % 10) * 100_000),)
        assert Path(recorder.path).stat().st_size <= 1_100_000


def test_the_middle_is_cut_out_behind_an_earlier_block(recorder: Recorder) -> None:
    recorder.write(b"first", "stdout")
    recorder.take()
    recorder.write(b"h" * KEPT + b"m" * 9_000_000 + b"t" * KEPT, "stdout")
    (text,) = recorder.take()
    assert isinstance(text, Text)
    assert text.text == f"{'h' * KEPT}\n… 9,000,000 bytes left out …\n{'t' * KEPT}"


def test_a_dead_block_leaves_what_it_wrote_itself(tmp_path: Path) -> None:
    before = block("run", "before", "print('earlier')")
    dying = block("run", "dying", "import os\nprint('last words')\nos._exit(3)")
    with a_pool() as pool:
        ran = run(pool, job(note(tmp_path, "shown", before, dying)))
    assert ran["before"].outputs == (out("earlier\n"),)
    assert ran["dying"].outputs == (out("last words\n"),)
