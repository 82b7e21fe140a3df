"""Faults told at the line where they stand: options, imports, data, files that cannot be written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from vaults import Home, fence

from runner.graph import build
from runner.note import Problem
from runner.parse import parse
from runner.result import Failure

PLOT = fence("run", "x", "import matplotlib.pyplot as plt", "plt.plot([1, 2]);")


def problems(home: Home, *, checked: bool) -> list[tuple[int, str, str]]:
    report = home.checked() if checked else home.session()
    found = [problem for note in report.notes for problem in note.problems]
    return [(problem.line, problem.severity.value, problem.what) for problem in found]


# --- known from the text alone


def graph_problems(*texts: str) -> tuple[Problem, ...]:
    notes = [parse(f"N{index or ''}.md", text) for index, text in enumerate(texts)]
    return build(notes).problems["N.md"]


def test_raises_says_nothing_of_test_functions() -> None:
    text = fence("test", "a", "#| raises: ValueError", "def test_a(): int('a')")
    (problem,) = graph_problems(text)
    assert (problem.line, problem.severity) == (2, "error")
    assert problem.what == "`raises` has no effect on the tests of a block, such as `test_a`"
    assert "with pytest.raises(ValueError):" in problem.hint


@pytest.mark.parametrize(
    ("role", "source"),
    [("test", "int('a')"), ("run", "def test_a(): pass\nint('a')"), ("test", "def f(): pass\nf()")],
)
def test_raises_of_statements_counts(role: str, source: str) -> None:
    assert graph_problems(fence(role, "a", "#| raises: ValueError", source)) == ()


LIBRARY = fence("component", "l", "K = 1")


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("import vault.n12", "did you mean `vault.n1` (N1.md)?"),
        ("from vault import n12", "did you mean `vault.n1` (N1.md)?"),
        ("from vault.n12 import K", "did you mean `vault.n1` (N1.md)?"),
        (
            "import vault.something_else",
            "correct the name, or give the note a `module:` property",
        ),
    ],
)
def test_an_import_of_no_note(source: str, hint: str) -> None:
    (problem,) = graph_problems(fence("run", "a", "x = 1", source), LIBRARY)
    assert (problem.line, problem.severity, problem.hint) == (3, "warning", hint)


@pytest.mark.parametrize("source", ["import vault.n1", "from vault import n1", "import vault"])
def test_an_import_of_a_note(source: str) -> None:
    assert graph_problems(fence("run", "a", source), LIBRARY) == ()


def test_a_block_left_open_that_takes_in_the_next_one() -> None:
    note = parse("N.md", '```python {run="a"}\nprint(1)\n\n' + fence("run", "b", "2"))
    (problem,) = note.problems
    assert (problem.line, problem.severity) == (1, "warning")
    assert problem.what == "this fence holds a tagged block, which does not run"


def test_a_problem_of_a_block_that_a_write_moved(home: Home) -> None:
    home.write("N.md", fence("run", "a", "print(1)") + "\n" + fence("run", "b", "import vault.no"))
    ran = problems(home, checked=False)
    assert ran == problems(home, checked=True)
    (line,) = (line for line, _, _ in ran)
    assert home.read("N.md").splitlines()[line - 1] == "import vault.no"


# --- data


def test_data_that_is_not_there(home: Home) -> None:
    home.write("N.md", fence("run", "a", "x = 1") + fence("run", "b", "#| data: [no.csv]", "x"))
    what = "`b` rests on the file `no.csv`, which does not exist"
    for checked in (False, True):
        ((line, severity, said),) = problems(home, checked=checked)
        assert (severity, said) == ("warning", what)
        assert home.read("N.md").splitlines()[line - 1] == "#| data: [no.csv]"
    home.write("no.csv", "1")
    assert problems(home, checked=True) == []


def test_data_that_a_block_above_may_make(home: Home) -> None:
    made = fence("run", "a", "open('made.csv', 'w').close()")
    home.write("N.md", made + fence("run", "b", "#| data: [made.csv]", "1"))
    assert problems(home, checked=True) == []


# --- files beside a note


def test_a_file_in_the_way_of_a_figure(home: Home) -> None:
    home.write(".obsidian/app.json", "{}")
    home.write("N.md", "text\n\n" + fence("run", "p", "print(1)") + PLOT)
    home.write("n-x-1.png", b"foreign")
    told = problems(home, checked=False)
    ((line, severity, what),) = told
    assert (severity, what) == ("error", "n-x-1.png is a file that we did not write")
    assert home.read("N.md").splitlines()[line - 1] == '```python {run="x"}'
    assert problems(home, checked=True) == told
    assert home.files().data["n-x-1.png"] == b"foreign"
    (home.vault / "n-x-1.png").unlink()
    assert problems(home, checked=False) == problems(home, checked=True) == []


def test_an_attachment_folder_outside_the_vault(home: Home) -> None:
    home.write(".obsidian/app.json", json.dumps({"attachmentFolderPath": "../out"}))
    home.write("N.md", fence("run", "p", "print(1)") + PLOT)
    told = problems(home, checked=False)
    ((line, severity, what),) = told
    assert severity == "error" and what.endswith("leads outside the vault")
    assert home.read("N.md").splitlines()[line - 1] == '```python {run="x"}'
    assert problems(home, checked=True) == told


def attachments(home: Home, folder: str) -> None:
    home.write(".obsidian/app.json", json.dumps({"attachmentFolderPath": folder}))


def test_figures_follow_the_attachment_folder(home: Home) -> None:
    attachments(home, "/")
    home.write("N.md", PLOT)
    home.session()
    before = home.read("N.md")
    for folder in ("Att", "Other/deep", "/"):
        attachments(home, folder)
        home.session()
        assert home.read("N.md") == before, "a clean run links it by its name alone"
        pictures = [Path(name) for name in home.files().data if name.endswith(".png")]
        assert pictures == [Path(folder.strip("/"), "n-x-1.png")]


def test_a_figure_that_is_shown_elsewhere_stays_where_it_was(home: Home) -> None:
    attachments(home, "/")
    home.write("N.md", PLOT)
    home.session()
    home.write("Talk.md", "![[n-x-1.png]]\n")
    attachments(home, "Att")
    home.session()
    assert {"n-x-1.png", "Att/n-x-1.png"} <= home.files().data.keys()
    assert "![[Att/n-x-1.png]]" in home.read("N.md")


def test_a_file_of_others_in_the_old_folder_stays(home: Home) -> None:
    attachments(home, "/")
    home.write("N.md", PLOT)
    home.session()
    home.write("n-x-1.png", b"put there by hand")
    attachments(home, "Att")
    home.session()
    assert home.files().data["n-x-1.png"] == b"put there by hand"


# --- exceptions without words


@pytest.mark.parametrize(
    ("message", "said", "headline"),
    [
        ("", "E", "E"),
        ("words", "E: words", "E: words"),
        ("words\nmore", "E: words\nmore", "E: words"),
        ("\nwhat a note of it says", "E\nwhat a note of it says", "E"),
    ],
)
def test_no_colon_stands_before_nothing(message: str, said: str, headline: str) -> None:
    failure = Failure("E", message)
    assert (failure.said, failure.headline) == (said, headline)


def test_a_test_that_raises_without_words(home: Home) -> None:
    home.write("N.md", fence("test", "t", "def test_a(): raise ValueError"))
    (block,) = home.session().blocks()
    assert [test.message for test in block.tests] == ["ValueError"]
    assert "N.md:2: ValueError\n" in home.read("N.md")
