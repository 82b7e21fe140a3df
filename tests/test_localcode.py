"""Python files beside the notes: what is seen through them, and what need not run when one changes.

Notes are written as in ``test_graph.py``.
"""

from __future__ import annotations

import ast

import pytest
from test_graph import deps, note
from vaults import Home, fence

from runner.codefacts import Import
from runner.graph import Graph, build
from runner.localcode import LocalCode, Place
from runner.neighbours import Neighbours
from runner.note import Note
from runner.sightings import Sightings
from runner.vault import Vault

B = "c1: def f(): return 1 | c2: def g(): return 2"


def graph(text: str, files: dict[str, str], *others: Note, path: str = "N.md") -> Graph:
    return build([note(text, path), *others], files.get)


def keys(made: Graph, id: str, path: str = "N.md") -> set[str]:
    return {"#".join(key) for key in made.nodes[path, id].deps}


SEEN_THROUGH = {
    "a function": ("from aid import go; go()", {"aid.py": "from vault.b import f\ndef go(): return f()"}),
    "an import in a function": ("import aid; aid.go()", {"aid.py": "def go():\n    from vault.b import f\n    return f()"}),
    "a second file": ("import aid", {"aid.py": "import more", "more.py": "from vault.b import f\nx = f()"}),
    "a package": ("import aid.part", {"aid/__init__.py": "from vault.b import f\nx = f()", "aid/part.py": ""}),
    "a part of a package": ("from aid import part", {"aid/part.py": "from vault.b import f\nx = f()"}),
    "a package's own import": ("import aid", {"aid/__init__.py": "from .part import x", "aid/part.py": "from vault.b import f\nx = f()"}),
    "an outer part": ("import aid.in_.part", {"aid/in_/part.py": "from ..top import x", "aid/top.py": "from vault.b import f\nx = f()"}),
    "a star": ("from aid import *", {"aid.py": "from vault.b import f\nx = f()"}),
    "a text": ("from importlib import import_module; import_module('aid')", {"aid.py": "from vault.b import f\nx = f()"}),
    "files that import each other": ("import aid", {"aid.py": "import more\nfrom vault.b import f\nx = f()", "more.py": "import aid"}),
    "an unusual search path": ("import sys, aid; sys.path.append('lib')", {"aid.py": "from vault.b import f\nx = f()"}),
}  # fmt: skip


@pytest.mark.parametrize(("source", "files"), SEEN_THROUGH.values(), ids=SEEN_THROUGH)
def test_notes_are_seen_through_files(source: str, files: dict[str, str]) -> None:
    made = graph(f"r1: {source}", files, note(B, "B.md", "b"))
    assert "B.md#c1" in keys(made, "r1")
    assert made.reachable("N.md") == {"N.md", "B.md"}
    assert set(made.notes) == set(made.by_note) == set(made.imports) == {"N.md", "B.md"}


def test_a_note_imports_another_relatively() -> None:
    for source in ("from .b import f", "from . import b"):
        made = graph(f"r1: {source}", {}, note(B, "B.md", "b"))
        assert "B.md#c1" in keys(made, "r1")


def test_the_digest_holds_what_notes_say_alone() -> None:
    def digest(**files: str) -> str:
        made = graph("r1: import aid", {f"{name}.py": text for name, text in files.items()})
        return made.nodes["N.md", "r1"].digest

    assert digest() == digest(aid="x = 1") == digest(aid="x = 2")


EDGES = {
    "state that a function changes": ("s1: import aid | r2: aid.put(1) | r3: print(aid.get())", True),
    "state by another name": ("r2: from aid import put; put(1) | r3: from aid import get; get()", True),
    "state that is changed": ("s1: import aid | r2: aid.log.append(1) | r3: print(aid.log)", True),
    "state by a text": ("s1: import aid | r2: aid.put(1) | r3: from importlib import import_module; print(import_module('aid').log)", True),
    "a function that changes nothing": ("s1: from aid import size | r2: size([1]) | r3: print(1)", False),
    "a function that spares its argument": ("s1: from aid import size | r1: x = [1] | r2: size(x) | r3: print(x)", False),
    "a function that changes its argument": ("s1: from aid import fill | r1: x = [1] | r2: fill(x) | r3: print(x)", True),
    "a setting": ("s1: from aid import deep | r2: deep() | r3: print(1)", True),
    "a counter of a class": ("s1: from aid import A | r2: A() | r3: print(A.n)", True),
    "an object": ("s1: from aid import A | r1: a = A() | r2: a.keep(1) | r3: print(a.kept)", True),
    "two objects": ("s1: from aid import B | r1: a = B(); b = B() | r2: a.keep(1) | r3: print(b.kept)", False),
    "nothing that is heard": ("r2: import aid | r3: import aid", False),
    "what importing does": ("r2: import loud | r3: import loud", True),
    "random numbers at its import": ("r2: import luck | r3: import luck", True),
}  # fmt: skip

AID = """
import sys
log = []
def put(x): log.append(x)
def get(): return log
def size(x): return len(x)
def fill(x): x.append(1)
def deep(): sys.setrecursionlimit(5000)
class A:
    n = 0
    def __init__(self): type(self).n += 1
    def keep(self, x): self.kept = x
if __name__ == "__main__":
    print(put(1))
"""
FILES = {
    "aid.py": AID,
    "loud.py": "print(1)",
    "luck.py": "import random\nx = random.random()",
}


@pytest.mark.parametrize(("text", "seen"), EDGES.values(), ids=EDGES)
def test_what_a_file_does_is_looked_for_as_in_a_note(text: str, seen: bool) -> None:
    quiet = "class B:\n    def keep(self, x): self.kept = x\n"
    files = {**FILES, "aid.py": AID if "import B" not in text else quiet}
    assert ("r2" in deps(graph(text, files), "r3")) is seen


def test_files_of_unknown_content_are_as_unknown_packages() -> None:
    text = "s1: from aid import size | r2: size([1]) | r3: print(1)"
    assert "r2" in deps(graph(text, {}), "r3")


SPARED = {
    "what does not reach it": ("s1: from aid import size | r2: print(1)", "r2", {"aid.py"}),
    "what uses it": ("s1: from aid import size | r2: print(size([]))", "r2", set()),
    "a file that is used by another": ("s1: import tops | r2: print(1)", "r2", {"tops.py", "aid.py"}),
    "what finds it by a text": ("s1: import aid | r2: import pickle; print(pickle.loads(b''))", "r2", set()),
    "what reads it": ("s1: import aid | r2: print(open('aid.py').read())", "r2", set()),
    "what reads all": ("s1: import aid | r2: import os; print([open(f).read() for f in os.listdir()])", "r2", set()),
    "what may read anything": ("s1: import aid | r2: exec('x')", "r2", set()),
    "an unusual search path": ("s0: import sys; sys.path.append('lib') | s1: import aid | r2: print(1)", "r2", set()),
}  # fmt: skip


@pytest.mark.parametrize(("text", "id", "spared"), SPARED.values(), ids=SPARED)
def test_what_a_file_is_nothing_to(text: str, id: str, spared: set[str]) -> None:
    made = graph(text, {**FILES, "tops.py": "from aid import size"})
    assert made.nodes["N.md", id].spared == spared


def test_a_note_of_another_folder_may_find_other_files() -> None:
    """A note's process looks beside that note, also for what the notes that it imports import."""
    files = {"sub/aid.py": "def size(x): return 1", "aid.py": "def size(x): x.append(1)"}
    there = note("c1: from aid import size | c2: def f(x): return size(x)", "sub/B.md", "b")
    made = graph("s1: from vault.b import f | r1: x = [] | r2: f(x) | r3: print(x)", files, there)
    assert "r2" in deps(made, "r3")
    assert not made.nodes["sub/B.md", "c2"].spared


PARTS = {
    "functions": "x = 1\ny = 2\ndef f():\n    pass\nclass A:\n    pass\nz = 3",
    "decorators": "@a\n@b(\n1)\ndef f():\n    pass\n# c\n@a\nasync def g(): pass",
    "branches": "try:\n    x = 1\nexcept E:\n    x = 2\nelse:\n    x = 3\ndef f(\n):\n    pass",
    "a text": "x = '''\ndef f():\n'''\ndef g(): pass",
    "nothing": "",
}


@pytest.mark.parametrize("source", PARTS.values(), ids=PARTS)
def test_a_file_is_cut_into_parts_that_parse(source: str) -> None:
    files = {"aid.py": source}
    code = LocalCode(files.get)
    code.named_in([Import("aid", "", "aid", 1)], Place(""))
    (found,) = code.notes.values()
    assert "\n".join(block.source for block in found.blocks) == source
    for block in found.blocks:
        ast.parse(block.source)
        assert source.split("\n")[block.line - 1] == block.source.split("\n")[0]


def test_each_function_of_a_file_stands_alone() -> None:
    files = {"aid.py": AID}
    code = LocalCode(files.get)
    code.named_in([Import("aid", "", "aid", 1)], Place(""))
    (found,) = code.notes.values()
    assert max(block.source.count("def ") for block in found.blocks) == 2  # of the class
    assert len(found.blocks) == 8


def test_notes_that_import_each_other_through_a_file_are_told() -> None:
    made = graph(
        "c1: import aid", {"aid.py": "import vault.b"}, note("c1: import vault.n", "B.md", "b")
    )
    assert "these notes import each other" in made.problems["N.md"][0].what
    assert "aid.py:1" in made.faults["N.md"]


# --- runs


def acted(home: Home) -> dict[str, str]:
    return {block.id: block.action for block in home.session().blocks()}


def test_a_changed_file_runs_what_uses_it(home: Home) -> None:
    home.write("aid.py", "def size(x): return len(x)\n")
    home.write(
        "N.md",
        fence("setup", "s", "from aid import size")
        + fence("component", "c", "def other(): return 1")
        + fence("test", "t", "def test_other(): assert other() == 1")
        + fence("run", "r", "print(size([1]))")
        + fence("run", "q", "print(other())"),
    )
    home.session()
    home.write("aid.py", "def size(x): return len(x) + 1\n")
    found = {block.id: (block.action, block.because) for block in home.session().blocks()}
    assert found["r"] == ("run", "aid.py changed")
    assert [id for id, (action, _) in found.items() if action == "run"] == ["s", "r"]
    assert "2\n" in home.read("N.md")
    assert set(acted(home).values()) == {"reuse"}


def test_a_file_that_begins_to_concern_everything_runs_everything(home: Home) -> None:
    home.write("aid.py", "def size(x): return len(x)\n")
    home.write(
        "N.md",
        fence("setup", "s", "from aid import size")
        + fence("run", "r", "import sys", "print(sys.getrecursionlimit())"),
    )
    home.session()
    for limit, action in (("sys.setrecursionlimit(5432)", "run"), ("", "reuse")):
        home.write("aid.py", f"import sys\n{limit}\ndef size(x): return len(x)\n")
        assert acted(home) == {"s": "run", "r": action}  # of the second, the first result is known
        assert ("5432" in home.read("N.md")) is bool(limit)


def test_a_note_behind_a_file_runs_what_uses_it(home: Home) -> None:
    home.write("aid.py", "from vault.b import f\ndef go(): return f()\n")
    home.write("N.md", fence("run", "r", "from aid import go", "print(go())"))
    for value in ("41", "42"):
        home.write("B.md", fence("component", "c", f"def f(): return {value}"))
        assert acted(home)["r"] == "run"
        assert f"{value}\n" in home.read("N.md")
    assert set(acted(home).values()) == {"reuse"}


def test_neighbours_are_found_through_files() -> None:
    notes = {n.path: n for n in (note("r1: import aid"), note(B, "B.md", "b"))}
    files = {"aid.py": "import more", "more.py": "from vault.b import f"}
    assert Neighbours(notes, files.get).affected(["B.md"]) == {"B.md", "N.md"}
    assert Neighbours(notes).affected(["B.md"]) == {"B.md"}


def test_a_watched_file_may_begin_to_import_a_note(home: Home) -> None:
    home.write("aid.py", "def f(): return 1\n")
    home.write("N.md", fence("run", "r", "import aid"))
    home.write("B.md", fence("component", "c", "def f(): return 1"))
    seen = Sightings(Vault(home.vault))
    seen.look_at_all()
    seen.rests_on("N.md", [str(home.vault / "aid.py")])
    home.write("aid.py", "from vault.b import f\n")
    assert seen.news(["aid.py"]).concerned == {"N.md"}
    home.write("B.md", fence("component", "c", "def f(): return 2"))
    assert seen.news(["B.md"]).concerned == {"B.md", "N.md"}
