"""`pytest` over notes: what the tests of many notes in one process see of each other."""

from __future__ import annotations

import multiprocessing

import pytest
from test_pytest_plugin import Pytest
from vaults import Home, fence

COUNTER = fence("component", "counter", "class Counter:", "    count = 0", "LOG = []")


@pytest.fixture
def run_pytest(home: Home) -> Pytest:
    return Pytest(home)


# fmt: off
CASES: dict[str, str] = {
    "only the run blocks that a test uses are executed": (
        fence("run", "used", "value = 1")
        + fence("run", "unused", "other = 2", "raise SystemExit")
        + fence("test", "t", "assert value == 1")
    ),
    "needs: is use": (
        fence("run", "writes", "LOG = ['ran']")
        + fence("test", "t", "#| needs: [writes]", "assert globals()['LOG'] == ['ran']")
    ),
    "definitions may need a run block": (
        fence("run", "cases", "cases = [1, 2]")
        + fence(
            "test", "t", "import pytest", "@pytest.mark.parametrize('n', cases)",
            "def test_n(n): assert n < 3",
        )
    ),
    "what a run block changes in components is seen by its tests alone": (
        COUNTER
        + fence("run", "bump", "Counter.count += 1", "LOG.append('bump')", "done = True")
        + fence("test", "with-it", "assert done and Counter.count == 1 and LOG == ['bump']")
        + fence("test", "without", "assert Counter.count == 0 and LOG == []")
    ),
    "what a test changes in components is not seen by the next": (
        COUNTER
        + fence("test", "first", "LOG.append(1)", "Counter.count = 5", "assert len(LOG) == 1")
        + fence("test", "second", "assert LOG == [] and Counter.count == 0")
    ),
    "what a block does besides defining is seen by its own tests and no others": (
        COUNTER
        + fence("test", "first", "LOG.append('first')", "Counter.count = 5",
                "def test_a(): assert LOG == ['first'] and Counter.count == 5")
        + fence("test", "second", "def test_b(): assert LOG == [] and Counter.count == 0")
    ),
    "what a class body does is seen by its own tests and no others": (
        COUNTER
        + fence("test", "first", "class TestIt:", "    LOG.append('first')",
                "    def test_a(self): assert LOG == ['first']")
        + fence("test", "second", "def test_b(): assert LOG == []")
    ),
    "a mode that a block sets holds for its own tests and no others": (
        fence("setup", "model", "import torch", "model = torch.nn.Dropout(0.5)")
        + fence("test", "first", "model.eval()", "def test_a(): assert not model.training")
        + fence("test", "second", "def test_b(): assert model.training")
    ),
    "global settings of a run block are seen by its tests alone": (
        fence("run", "switch", "import sys, os, torch", "torch.set_default_dtype(torch.float64)",
              "os.environ['SWITCHED'] = '1'", "sys.setrecursionlimit(1234)", "on = True")
        + fence("test", "with-it", "import os, sys, torch",
                "def test_a(): assert on and torch.ones(1).dtype == torch.float64",
                "def test_b(): assert 'SWITCHED' in os.environ and sys.getrecursionlimit() == 1234")
        + fence("test", "without", "import os, sys, torch",
                "assert torch.ones(1).dtype == torch.float32",
                "assert 'SWITCHED' not in os.environ and sys.getrecursionlimit() != 1234")
    ),
    "what a test switches is not seen by the next": (
        fence("test", "first", "import os", "os.environ['FIRST'] = '1'")
        + fence("test", "second", "import os", "assert 'FIRST' not in os.environ")
    ),
    "what a block does to the process is seen by its own tests and no others": (
        fence("test", "first", "import builtins, sys", "builtins.zz = 1",
              "sys.path.insert(0, 'zz')", "sys.path.append('yy')",
              "def test_a(): assert zz == 1 and sys.path[0] == 'zz' and sys.path[-1] == 'yy'")
        + fence("test", "second", "import builtins, sys",
                "def test_b(): assert not hasattr(builtins, 'zz')",
                "def test_c(): assert not {'zz', 'yy'} & set(sys.path)")
    ),
    "what a setup does to the process is there for its tests": (
        fence("setup", "s", "import builtins, sys, torch", "builtins.zz = torch.ones(2)",
              "sys.path.insert(0, 'zz')", "sys.path.append('yy')")
        + fence("test", "first", "import sys", "sys.path.remove('zz')",
                "def test_a(): assert zz.sum() == 2 and 'zz' not in sys.path")
        + fence("test", "second", "import sys",
                "def test_b(): assert zz.sum() == 2",
                "def test_c(): assert 'zz' in sys.path[:2] and sys.path[-1] == 'yy'")
    ),
    "a run block may end as it says": (
        fence("run", "raises", "#| raises: ValueError", "value = 3", "raise ValueError('meant')")
        + fence("test", "t", "assert value == 3")
    ),
    "figures and values of run blocks have no place": (
        fence("run", "plot", "import matplotlib.pyplot as plt", "plt.plot([1])", "plt.show()",
              "display(3)", "drawn = True", "drawn")
        + fence("test", "t", "import matplotlib.pyplot as plt",
                "assert drawn and plt.get_fignums() == []")
    ),
    "the module of the note is the one of its tests": (
        COUNTER
        + fence("run", "bump", "Counter.count += 1")
        + fence("test", "t", "#| needs: [bump]", "import sys, pickle",
                "assert sys.modules[Counter.__module__].Counter is Counter",
                "assert pickle.loads(pickle.dumps(Counter)) is Counter")
    ),
    "blocks work in the folder of their note": (
        fence("component", "here", "import os", "HERE = os.getcwd()")
        + fence("test", "t", "import os", "def test_here(): assert os.getcwd() == HERE",
                "AT = os.getcwd()", "def test_at(): assert AT == HERE")
    ),
}
# fmt: on


@pytest.mark.parametrize("name", CASES)
def test_case(home: Home, run_pytest: Pytest, name: str) -> None:
    home.write("deep/A.md", CASES[name])
    found = run_pytest("vault", "-W", "ignore")
    assert found and set(found.values()) == {"passed"}, run_pytest.out
    tests = {
        f"{block['id']}::{test['name']}": test["status"]
        for block in home.run("--no-write").blocks().values()
        for test in block["tests"]
    }
    assert len(tests) == len(found) and set(tests.values()) == {"passed"}


def test_a_run_block_that_fails_skips_its_tests(home: Home, run_pytest: Pytest) -> None:
    home.write(
        "A.md",
        fence("run", "bad", "value = 1", "raise ValueError('no')")
        + fence("test", "t", "def test_a(): assert value", "def test_b(): assert value"),
    )
    assert set(run_pytest("vault").values()) == {"skipped"}
    assert "depends on `bad`, which failed: ValueError: no" in run_pytest.out


def test_settings_of_one_note_do_not_reach_the_next(home: Home, run_pytest: Pytest) -> None:
    switch = fence("setup", "s", "import torch", "torch.set_default_dtype(torch.float64)")
    is_double = "import torch\nassert torch.ones(1).dtype == torch.float64"
    is_float = "import torch\nassert torch.ones(1).dtype == torch.float32"
    home.write("A.md", switch + fence("test", "t", is_double))
    home.write("B.md", fence("test", "t", is_float))
    home.write("C.md", fence("setup", "s", "import vault.a") + fence("test", "t", is_double))
    assert list(run_pytest("vault").values()) == ["passed"] * 3, run_pytest.out


def test_what_a_note_does_to_the_process_does_not_reach_the_next(
    home: Home, run_pytest: Pytest
) -> None:
    change = "import builtins, sys\nbuiltins.zz = 1\nsys.path.insert(0, 'zz')"
    there = "import builtins, sys\nassert builtins.zz == 1 and 'zz' in sys.path"
    gone = "import builtins, sys\nassert not hasattr(builtins, 'zz') and 'zz' not in sys.path"
    beside = "import helper\nassert helper.where == 'C'"
    home.write("A.md", fence("setup", "s", change) + fence("test", "t", there))
    home.write("B.md", fence("test", "t", gone))
    home.write("deep/helper.py", "where = 'C'\n")
    home.write("deep/C.md", fence("setup", "s", "import vault.a") + fence("test", "t", there)
               + fence("test", "own", beside))  # fmt: skip
    assert list(run_pytest("vault").values()) == ["passed"] * 4, run_pytest.out


def test_an_imported_note_never_shows_what_its_run_blocks_define(
    home: Home, run_pytest: Pytest
) -> None:
    home.write(
        "A.md",
        fence("component", "c", "X = 1")
        + fence("run", "r", "def extra(): return X")
        + fence("test", "t", "assert extra() == 1"),
    )
    home.write("B.md", fence("test", "t", "import vault.a", "assert not hasattr(vault.a, 'extra')"))
    assert list(run_pytest("vault").values()) == ["passed"] * 2, run_pytest.out


def test_modules_beside_notes_are_those_of_their_folder(home: Home, run_pytest: Pytest) -> None:
    for folder in ("one", "two"):
        home.write(f"{folder}/helper.py", f"NAME = '{folder}'\n")
        code = ("import helper", f"assert helper.NAME == '{folder}'")
        home.write(f"{folder}/N{folder}.md", fence("test", "t", *code))
    assert list(run_pytest("vault").values()) == ["passed"] * 2, run_pytest.out


def test_tools_see_of_other_notes_what_is_imported(home: Home, run_pytest: Pytest) -> None:
    home.write(
        "A.md",
        fence("component", "c", "def part(): pass")
        + fence("run", "r", "print('of A')")
        + fence("test", "t", "import inspect, sys", "text = inspect.getsource(sys.modules['vault.a'])",
                "assert 'def part' in text and 'of A' in text and 'inspect' in text"),
    )  # fmt: skip
    home.write(
        "B.md",
        fence("test", "t", "import inspect, warnings, vault.a",
              "text = inspect.getsource(vault.a)",
              "warnings.warn('shown with its line')",
              "assert text.split() == 'def part(): pass'.split(), text"),
    )  # fmt: skip
    assert list(run_pytest("vault").values()) == ["passed"] * 2, run_pytest.out
    assert "\n    warnings.warn('shown with its line')" in run_pytest.out


def test_seeds_are_those_of_run(home: Home, run_pytest: Pytest) -> None:
    draw = ["import random, numpy, torch", "def draw():"]
    draw += ["    return random.random(), float(numpy.random.rand()), float(torch.rand(1))"]
    home.write(
        "A.md",
        fence("component", "weights", *draw, "W = draw()")
        + fence("run", "lucky", "luck = draw()")
        + fence("test", "bare", "assert (W, draw()) == 0")
        + fence("test", "of-run", "assert (luck, draw()) == 0")
        + fence("test", "two", "import pytest", "@pytest.fixture", "def drawn(): return draw()",
                "def test_x(drawn): assert (drawn, draw()) == 2",
                "def test_y(drawn): assert (drawn, draw()) == 2"),
    )  # fmt: skip
    run_pytest("vault")
    tests = [test for block in home.run().blocks().values() for test in block["tests"]]
    messages = {test["message"].split("\n")[0] for test in tests}
    assert len(tests) == 4 and len(messages) == 3  # test_x and test_y draw the same
    for message in messages:
        assert message.startswith("assert (") and message in run_pytest.out


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_that_tests_start_know_the_note(
    home: Home, run_pytest: Pytest, method: str
) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} on this system")
    spread = (
        "import multiprocessing as mp",
        "from vault.other import Base",
        "def spread(function):",
        f"    with mp.get_context('{method}').Pool(1) as pool:",
        "        return pool.map(function, [1, 2])",
    )
    home.write("Other.md", fence("component", "base", "class Base:", "    step = 1"))
    home.write(
        "N.md",
        fence("component", "spread", *spread)
        + fence(
            "run", "made", "class Made(Base):", "    def __call__(self, n): return n + self.step"
        )
        + fence(
            "test",
            "own",
            "class Own(Base):",
            "    def __call__(self, n): return n * 10",
            "def test_own(): assert spread(Own()) == [10, 20]",
            "def test_of_a_run_block(): assert spread(Made()) == [2, 3]",
        )
        + fence("test", "unrelated", "import no_such_module"),
    )
    assert list(run_pytest("vault", "-k", "own").values()) == ["passed"] * 2, run_pytest.out
