"""Notes as modules: imports, cycles, and what tools that read source see of them."""

from __future__ import annotations

import importlib
import json
import linecache
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from lanes import a_pool, block, chain, job, note, printed, run

from runner.job import Mode, NoteCode, Step
from runner.modules import NoteFinder, python_view
from runner.pool import Pool
from runner.result import Status, encode


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with a_pool() as pool:
        yield pool


@pytest.fixture
def install() -> Iterator[object]:
    """Makes notes importable in this process, and forgets them."""
    before, path = dict(sys.modules), list(sys.meta_path)

    def install(*notes: NoteCode) -> NoteFinder:
        finder = NoteFinder({n.module: n for n in notes}.get)
        finder.install()
        return finder

    yield install
    sys.meta_path[:] = path
    for name in set(sys.modules) - set(before):
        if name.partition(".")[0] == "vault":
            del sys.modules[name]


LAYER = """
from dataclasses import dataclass

@dataclass
class Layer:
    size: int = 1

    def double(self):
        return self.size * 2
"""


def test_an_import_runs_setup_and_components_in_order(install, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    steps = note(
        tmp_path,
        "steps",
        block("setup", "s", "seen = ['s']"),
        block("run", "r", "seen.append('r')"),
        block("component", "c", "seen.append('c')"),
        block("test", "t", "seen.append('t')"),
        block("component", "d", "seen.append('d')"),
    )
    install(steps)
    module = importlib.import_module("vault.steps")
    assert module.seen == ["s", "c", "d"]
    assert (module.__name__, module.__file__) == ("vault.steps", steps.path)
    assert importlib.import_module("vault").steps is module
    with pytest.raises(ModuleNotFoundError, match=r"vault\.unknown"):
        importlib.import_module("vault.unknown")


def test_tools_see_the_notes_own_lines(install, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    import inspect

    first = note(
        tmp_path,
        "tools",
        block("component", "broken", "def broken(:"),
        block("component", "layer", LAYER),
    )
    other = note(tmp_path, "fine", *(b for b in first.blocks if b.id == "layer"))
    install(other)
    module = importlib.import_module("vault.fine")
    lines, start = inspect.getsourcelines(module.Layer.double)
    assert (lines[0].strip(), start) == ("def double(self):", 11)
    assert inspect.getsource(module.Layer).startswith("@dataclass\nclass Layer:")
    assert inspect.getsource(module) == python_view(other, whole=False)
    linecache.checkcache(other.path)
    assert linecache.getline(other.path, 11).strip() == "def double(self):"
    assert module.__loader__.get_source("vault.fine") == python_view(other, whole=False)
    assert pickle.loads(pickle.dumps(module.Layer(3))) == module.Layer(3)
    assert "broken" not in python_view(first, whole=True), "one bad block does not blind the tools"


def test_a_program_that_imports_a_note_keeps_its_own_randomness(tmp_path: Path) -> None:
    """Twice the same program: what it draws itself differs, what the note draws does not."""
    drawing = note(
        tmp_path, "draw", block("component", "c", "import numpy\nx = numpy.random.rand()")
    )
    program = f"""
import json, random
from runner.modules import NoteFinder
from runner.result import decode
from runner.job import NoteCode
note = decode(NoteCode, json.loads({json.dumps(json.dumps(encode(drawing)))}))
NoteFinder({{note.module: note}}.get).install()
import vault.draw, numpy
print(vault.draw.x, numpy.random.rand(), random.random())
"""
    folder = Path(__file__).parent.parent
    texts = [
        subprocess.run(
            [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(2)
    ]
    assert [a == b for a, b in zip(*texts, strict=True)] == [True, False, False]


def test_the_view_has_the_lines_of_the_note(tmp_path: Path) -> None:
    made = note(
        tmp_path, "view", block("setup", "a", "x = '\x0c\u2028'\ny = 1"), block("run", "b", "z")
    )
    text = Path(made.path).read_text(encoding="utf-8").split("\n")
    for whole, shown in ((True, ["x = '\x0c\u2028'", "y = 1", "z"]), (False, text[4:6])):
        view = python_view(made, whole).split("\n")[:-1]
        assert all(line in ("", text[n]) for n, line in enumerate(view))
        assert [line for line in view if line] == shown


def test_a_note_shows_to_others_only_what_they_execute(pool: Pool, tmp_path: Path) -> None:
    """What they print of it is then the same until one of these lines changes."""
    other = note(
        tmp_path,
        "other",
        block("setup", "s", "size = 3"),
        block("run", "r", "print('run')"),
        block("component", "c", "def part(): return size"),
        block("test", "t", "assert part()"),
    )
    source = "import inspect, sys, vault.other\nprint(inspect.getsource(sys.modules[NAME]))"
    main = note(
        tmp_path,
        "main",
        block("run", "of-other", source.replace("NAME", "'vault.other'")),
        block("run", "of-itself", source.replace("NAME", "__name__")),
    )
    ran = run(pool, job(main, other))
    shown = {id: printed(result) for id, result in ran.results.items()}
    assert shown["of-other"].split() == "size = 3 def part(): return size".split()
    lines = Path(other.path).read_text(encoding="utf-8").split("\n")
    assert shown["of-other"].split("\n").index(lines[14]) == 14
    assert "of-other" not in shown["of-itself"] and "vault.other" in shown["of-itself"]


def test_a_cycle_names_both_notes_and_lines(install, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    ring = [
        note(tmp_path, "a", block("component", "c", "import vault.b")),
        note(tmp_path, "b", block("component", "c", "x = 1\nif x:\n    from vault.a import y")),
    ]
    install(*ring)
    with pytest.raises(ImportError) as raised:
        importlib.import_module("vault.a")
    assert str(raised.value) == (
        "import cycle: a.md:5 imports b.md, and b.md:7 imports a.md; "
        "move what both need into a third note"
    )
    assert not {"vault.a", "vault.b"} & set(sys.modules)


def test_an_import_inside_a_function_is_no_cycle(install, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    install(
        note(tmp_path, "a", block("component", "c", "from vault.b import late\ny = 3")),
        note(
            tmp_path,
            "b",
            block("component", "c", "def late():\n    from vault.a import y\n    return y"),
        ),
    )
    assert importlib.import_module("vault.a").late() == 3


def test_a_note_that_cannot_be_imported_says_why(install, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    install(note(tmp_path, "twice", fault="two notes are called twice: a/Twice.md and Twice.md"))
    with pytest.raises(ImportError, match="two notes are called twice"):
        importlib.import_module("vault.twice")


def test_a_cycle_through_the_running_note(pool: Pool, tmp_path: Path) -> None:
    other = note(tmp_path, "b", block("component", "c", "from vault.a import x"))
    main = note(
        tmp_path,
        "a",
        block("component", "closes", "x = 1\nimport vault.b"),
        block("run", "uses", "import vault.b\nvault.b.x"),
    )
    ran = run(pool, job(main, other))
    assert ran["closes"].failure is not None
    assert "a.md:6 imports b.md, and b.md:5 imports a.md" in ran["closes"].failure.message
    assert printed(ran["uses"]) == "1", "a run block is no part of an import"


def test_an_exception_through_two_notes(pool: Pool, tmp_path: Path) -> None:
    other = note(tmp_path, "b", block("component", "c", "def f(x):\n    return 1 / x"))
    broken = note(tmp_path, "d", block("component", "c", "y = 1\nundefined"))
    main = note(
        tmp_path,
        "a",
        block("run", "call", "from vault.b import f\nf(0)"),
        block("run", "load", "import vault.d"),
    )
    ran = run(pool, job(main, other, broken))
    places = {
        id: [
            (f.place.module, f.place.block, f.place.line) for f in ran[id].failure.frames if f.place
        ]  # type: ignore[union-attr]
        for id in ("call", "load")
    }
    assert places == {
        "call": [("vault.a", "call", 2), ("vault.b", "c", 2)],
        "load": [("vault.a", "load", 1), ("vault.d", "c", 2)],
    }


SHARED = """
class Shared:
    def __init__(self, n): self.n = n
    def __call__(self, x): return (type(self).__name__, self.n + x)
def plus(x): return x + 1
"""

SPREAD = """
import multiprocessing as mp
def spread(function, method):
    with mp.get_context(method).Pool(1) as pool:
        return pool.map(function, [1, 2])
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_children_import_what_blocks_define(
    pool: Pool, tmp_path: Path, method: str
) -> None:
    left = set(Path(tempfile.gettempdir()).glob("pymp-*"))
    main = note(
        tmp_path,
        "main",
        block("setup", "s", SPREAD),
        block("component", "c", SHARED),
        block("run", "values", "here = 5\nprint('once')"),
        block("run", "r", "from math import sqrt\nclass Run(Shared): pass\ndef root(x): return sqrt(x * x)"),
        block("run", "go", f"spread(Shared(1), '{method}'), spread(Run(1), '{method}'), spread(root, '{method}')"),
        block("test", "t", f"class Own(Shared): pass\ndef test_it(): assert spread(Own(1), '{method}') == [('Own', 2), ('Own', 3)]"),
    )  # fmt: skip
    ran = run(pool, job(main, steps=chain(main)))
    assert printed(ran["go"]) == (
        "([('Shared', 2), ('Shared', 3)], [('Run', 2), ('Run', 3)], [1.0, 2.0])"
    )
    assert [t.status for t in ran["t"].tests] == ["passed"], ran["t"]
    assert printed(ran["values"]) == "once\n"
    assert set(Path(tempfile.gettempdir()).glob("pymp-*")) <= left


def test_blocks_that_a_block_does_not_need_decide_nothing_in_its_children(
    pool: Pool, tmp_path: Path
) -> None:
    main = note(
        tmp_path,
        "main",
        block("setup", "s", SPREAD),
        block("run", "go", "def double(n): return 2 * n\nspread(double, 'spawn')"),
        block("component", "broken", "raise SystemExit(3)"),
        block("run", "below", "import no_such_module"),
    )
    needs = {"s": (), "go": ("s",), "broken": (), "below": ()}
    steps = tuple(Step(id, Mode.RUN, needed) for id, needed in needs.items())
    assert printed(run(pool, job(main, steps=steps))["go"]) == "[2, 4]"


TORCH = """
import torch
from torch.utils.data import DataLoader, Dataset

class Squares(Dataset):
    def __len__(self): return 4
    def __getitem__(self, n): return torch.tensor(n * n)

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(2, 2)
    def forward(self, x):
        return self.linear(x).relu()

@torch.jit.script
def twice(x: torch.Tensor) -> torch.Tensor:
    return x * 2
"""


@pytest.mark.filterwarnings("ignore")
def test_torch_reads_classes_of_notes(pool: Pool, tmp_path: Path) -> None:
    loads = "[b.tolist() for b in DataLoader(Squares(), batch_size=2, num_workers=2, multiprocessing_context='{}')]"
    main = note(
        tmp_path,
        "nets",
        block("component", "c", TORCH),
        block("run", "fork", loads.format("fork")),
        block("run", "spawn", loads.format("spawn")),
        block("run", "compile", "net = Net()\nx = torch.ones(1, 2)\ntorch.equal(torch.compile(net, backend='eager')(x), net(x))"),
        block("run", "jit", "twice(torch.ones(1)).tolist()"),
        block("run", "fx", "len(torch.fx.symbolic_trace(Net()).graph.nodes)"),
    )  # fmt: skip
    ran = run(pool, job(main, steps=chain(main)))
    assert all(result.status is Status.OK for result in ran.results.values()), ran.results
    assert printed(ran["fork"]) == printed(ran["spawn"]) == "[[0, 1], [4, 9]]"
    assert printed(ran["compile"]).endswith("True")
    assert printed(ran["jit"]).endswith("[2.0]")
    assert printed(ran["fx"]) == "4"


def test_debuggers_find_lines_of_notes(pool: Pool, tmp_path: Path) -> None:
    source = """
    import io, pdb
    def f():
        x = 1
        return x
    out = io.StringIO()
    debugger = pdb.Pdb(stdin=io.StringIO('b 8\\nc\\np x\\nq\\n'), stdout=out, nosigint=True)
    try:
        debugger.runcall(f)
    except pdb.bdb.BdbQuit:
        pass
    print(out.getvalue())
    """
    main = note(tmp_path, "main", block("run", "a", source))
    text = printed(run(pool, job(main))["a"])
    assert "Breakpoint 1 at " in text
    assert "return x" in text
    assert "(Pdb) 1\n" in text
