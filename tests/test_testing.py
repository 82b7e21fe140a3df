"""Test blocks through a real pytest inside a worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lanes import Ran, a_pool, block, job, note, printed, run

from runner.job import Mode, Step
from runner.pool import Pool
from runner.result import Place, Result, Status, TestOutcome
from runner.testing import NO_TEST


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with a_pool() as pool:
        yield pool


SETUP = """
import pytest

@pytest.fixture
def base(): return 10

def test_helper(): assert False, "not a test of any block"

class TestNothing:
    def test_it(self): assert False
"""

COMPONENT = """
def double(x): return 2 * x

class Box:
    def __init__(self, n): self.n = n
    def __eq__(self, other): return self.n == other.n
"""

# id: (source, {test: (status, message)})
BLOCKS: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "functions": (
        "def test_ok(): assert double(2) == 4\n"
        "def test_bad():\n    x = [1, 2]\n    assert double(x[1]) == 5",
        {"test_ok": ("passed", ""), "test_bad": ("failed", "assert 4 == 5\n +  where 4 = double(2)")},
    ),
    "message": (
        "def test_m():\n    n = 3\n    assert n == 4, f'n is {n}'",
        {"test_m": ("failed", "n is 3\nassert 3 == 4")},
    ),
    "address": (
        "def test_a():\n    assert Box(1) == Box(2)",
        {
            "test_a": (
                "failed",
                "assert <vault.tests.Box object at 0x…> == <vault.tests.Box object at 0x…>\n"
                " +  where <vault.tests.Box object at 0x…> = Box(1)\n"
                " +  and   <vault.tests.Box object at 0x…> = Box(2)",
            )
        },
    ),
    "raises-in-test": (
        "def test_r(): {}['k']",
        {"test_r": ("failed", "KeyError: 'k'")},
    ),
    "fixtures": (
        "@pytest.fixture\ndef own(base): return base + 1\n"
        "def test_f(own, base, tmp_path, monkeypatch, request, cache, recwarn, caplog):\n"
        "    monkeypatch.setenv('X', '1'); cache.set('a/b', 1)\n"
        "    (tmp_path / 'f').write_text('t')\n"
        "    assert (own, base, cache.get('a/b', 0)) == (11, 10, 1)",
        {"test_f": ("passed", "")},
    ),
    "capturing": (
        "import os, sys, subprocess\n"
        "def test_sys(capsys):\n    print('a'); print('b', file=sys.stderr)\n"
        "    assert tuple(capsys.readouterr()) == ('a\\n', 'b\\n')\n"
        "def test_fd(capfd):\n    print('a', flush=True); os.system('echo c')\n"
        "    assert capfd.readouterr().out == 'a\\nc\\n'\n",
        {"test_sys": ("passed", ""), "test_fd": ("passed", "")},
    ),
    "parametrized": (
        "@pytest.mark.parametrize('n', [1, pytest.param(2, id='two')])\n"
        "@pytest.mark.parametrize('s', ['a'])\ndef test_p(n, s): assert n == 1",
        {"test_p[a-1]": ("passed", ""), "test_p[a-two]": ("failed", "assert 2 == 1")},
    ),
    "classes": (
        "class TestA:\n    x = 1\n"
        "    def test_m(self): assert self.x == 1\n"
        "    class TestB:\n        def test_n(self): pass\n"
        "import unittest\nclass Case(unittest.TestCase):\n    def test_u(self): self.assertEqual(1, 2)",
        {
            "TestA::test_m": ("passed", ""),
            "TestA::TestB::test_n": ("passed", ""),
            "Case::test_u": ("failed", "1 != 2"),
        },
    ),
    "marks": (
        "@pytest.mark.xfail(reason='known')\ndef test_x(): assert 0\n"
        "@pytest.mark.xfail(reason='thought')\ndef test_xp(): pass\n"
        "@pytest.mark.xfail(strict=True, reason='sure')\ndef test_strict(): pass\n"
        "@pytest.mark.skip(reason='later')\ndef test_s(): pass\n"
        "def test_dynamic(): pytest.skip('now')\n"
        "@pytest.mark.usefixtures('base')\ndef test_u(): pass",
        {
            "test_x": ("xfailed", "known"),
            "test_xp": ("xpassed", "thought"),
            "test_strict": ("failed", "[XPASS(strict)] sure"),
            "test_s": ("skipped", "later"),
            "test_dynamic": ("skipped", "now"),
            "test_u": ("passed", ""),
        },
    ),
    "errors": (
        "@pytest.fixture\ndef broken(): raise ValueError('f')\n"
        "@pytest.fixture\ndef torn():\n    yield\n    1 / 0\n"
        "def test_b(broken): pass\ndef test_t(torn): pass\ndef test_n(no_such): pass",
        {
            "test_b": ("error", "ValueError: f"),
            "test_t": ("error", "ZeroDivisionError: division by zero"),
            "test_n": ("error", "FixtureLookupError: fixture 'no_such' not found"),
        },
    ),
    "bare-fine": ("y = double(3)\nassert y == 6", {"bare-fine": ("passed", "")}),
    "bare-bad": (
        "from math import pi\ny = double(3)\nassert y == 7",
        {"bare-bad": ("failed", "assert 6 == 7")},
    ),
    "bare-raises": ("double(None)", {"bare-raises": ("passed", "")}),
    "bare-raises-not": (
        "double(1)",
        {"bare-raises-not": ("failed", "Failed: TypeError was expected, nothing was raised")},
    ),
    "whole-skipped": (
        "pytest.importorskip('no_such_module')\ndef test_x(): pass",
        {"whole-skipped": ("skipped", "could not import 'no_such_module': No module named 'no_such_module'")},
    ),
    "pickles": (
        "import pickle\nfrom dataclasses import dataclass\n@dataclass\nclass Own:\n    n: 'int' = 1\n"
        "def test_p(): assert pickle.loads(pickle.dumps(Own(2))) == Own(2)",
        {"test_p": ("passed", "")},
    ),
    "exits": ("import sys\ndef test_e(): sys.exit(3)", {"test_e": ("failed", "SystemExit: the block asked Python to exit (code 3)")}),
    "warns": (
        "import warnings\ndef test_w():\n    with pytest.warns(UserWarning): warnings.warn('w')\n"
        "@pytest.mark.filterwarnings('error')\ndef test_e():\n    warnings.warn('x')",
        {"test_w": ("passed", ""), "test_e": ("failed", "UserWarning: x")},
    ),
}  # fmt: skip

RAISES = {"bare-raises": "TypeError", "bare-raises-not": "TypeError"}


@pytest.fixture(scope="module")
def ran(pool: Pool, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("v")
    (folder / "conftest.py").write_text("raise RuntimeError('not for us')", encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --nonsense", encoding="utf-8")
    blocks = [block("setup", "s", SETUP), block("component", "c", COMPONENT)]
    blocks += [block("test", id, source) for id, (source, _) in BLOCKS.items()]
    main = note(folder, "tests", *blocks)
    steps = tuple(Step(code.id, Mode.RUN, raises=RAISES.get(code.id)) for code in main.blocks)
    ran = run(pool, job(main, steps=steps))
    assert {path.name for path in folder.iterdir()} == {"conftest.py", "pytest.ini", "tests.md"}
    return ran


@pytest.mark.parametrize("id", BLOCKS)
def test_outcomes(ran: Ran, id: str) -> None:
    expected = BLOCKS[id][1]
    result = ran[id]
    assert {test.name: (test.status, test.message) for test in result.tests} == expected, result
    bad = any(status in ("failed", "error") for status, _ in expected.values())
    assert result.status is (Status.FAILED if bad else Status.OK)
    assert result.outputs == ()


def outcome(result: Result, name: str) -> TestOutcome:
    return next(test for test in result.tests if test.name == name)


@pytest.mark.parametrize(
    ("id", "name", "function", "line"),
    [
        ("functions", "test_bad", "test_bad", 4),
        ("errors", "test_b", "broken", 2),
        ("errors", "test_t", "torn", 6),
        ("bare-bad", "bare-bad", "<module>", 3),
        ("classes", "Case::test_u", "test_u", 8),
    ],
)
def test_failures_name_the_line(ran: Ran, id: str, name: str, function: str, line: int) -> None:
    failure = outcome(ran[id], name).failure
    assert failure is not None
    assert (failure.frames[-1].function, failure.frames[-1].place) == (
        function,
        Place("vault.tests", id, line),
    )


def test_frames_go_through_the_component(pool: Pool, tmp_path: Path) -> None:
    main = note(
        tmp_path,
        "main",
        block("component", "c", "def f(x):\n    assert x > 0\n    return x"),
        block("test", "t", "def test_f(): f(0)"),
    )
    failure = run(pool, job(main))["t"].tests[0].failure
    assert failure is not None
    assert [frame.place for frame in failure.frames] == [
        Place("vault.main", "t", 1),
        Place("vault.main", "c", 2),
    ]


# id: (source, kind of failure, reason)
BROKEN = {
    "empty": ("", None, NO_TEST),
    "definitions": ("def helper(): pass\nx = 1\ndel x", None, None),
    "only-definitions": ("import math\ndef tset_it(): assert 0", None, NO_TEST),
    "empty-class": ("class TestA: pass", None, NO_TEST),
    "syntax": ("def test_a(:", "SyntaxError", "SyntaxError: invalid syntax"),
    "at-once": ("1 / 0\ndef test_a(): pass", "ZeroDivisionError", "ZeroDivisionError: division by zero"),
    "stops": ("import pytest\ndef test_a(): pytest.exit('enough')", "Exit", "Exit: enough"),
    "interrupts": ("def test_a(): raise KeyboardInterrupt", "KeyboardInterrupt", "KeyboardInterrupt"),
}  # fmt: skip


def test_blocks_without_a_verdict_fail(pool: Pool, tmp_path: Path) -> None:
    main = note(tmp_path, "main", *(block("test", id, b[0]) for id, b in BROKEN.items()))
    ran = run(pool, job(main))
    for id, (_, kind, reason) in BROKEN.items():
        result = ran[id]
        if reason is None:
            assert result.status is Status.OK
            continue
        assert (result.status, result.reason) == (Status.FAILED, reason)
        assert (result.failure and result.failure.kind) == kind
    assert ran["syntax"].failure is not None
    assert ran["syntax"].failure.frames[-1].place == Place("vault.main", "syntax", 1)


def test_tests_feed_nothing_and_see_what_stands_above(pool: Pool, tmp_path: Path) -> None:
    main = note(
        tmp_path,
        "main",
        block("component", "c", "x = 1\nseen = []"),
        block(
            "test", "t", "x = 2\nnew = 3\ndef test_a(): assert x == 2 and 'late' not in globals()"
        ),
        block("component", "d", "late = 1"),
        block("test", "u", "def test_b(): assert x == 1 and late == 1 and 'new' not in globals()"),
        block("run", "r", "x, 'new' in globals()"),
    )
    ran = run(pool, job(main))
    assert [t.status for id in "tu" for t in ran[id].tests] == ["passed", "passed"]
    assert printed(ran["r"]) == "(1, False)"


def test_each_test_is_seeded_before_its_fixtures(pool: Pool, tmp_path: Path) -> None:
    source = """
    import random, pytest
    @pytest.fixture(autouse=True)
    def draw(): print(random.random())
    def test_a(): print(random.random())
    def test_b(): print(random.random())
    """
    main = note(
        tmp_path,
        "main",
        block("run", "r", "import random\nprint(random.random())\nprint(random.random())", seed=5),
        block("test", "t", source, seed=5),
    )
    ran = run(pool, job(main))
    assert printed(ran["t"]) == printed(ran["r"]) * 2


def test_device_is_a_fixture_and_a_global(pool: Pool, tmp_path: Path) -> None:
    source = (
        "def test_d(device): assert device.type == 'cpu'\ndef test_g(): assert device.type == 'cpu'"
    )
    main = note(tmp_path, "main", block("test", "t", source, names_device=True))
    assert [t.status for t in run(pool, job(main))["t"].tests] == ["passed", "passed"]


def test_what_a_test_prints_is_kept(pool: Pool, tmp_path: Path) -> None:
    main = note(tmp_path, "main", block("test", "t", "def test_a(): print('said')"))
    assert printed(run(pool, job(main))["t"]) == "said\n"
