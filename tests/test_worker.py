"""Blocks that fail, expect to fail, are seeded, replayed or left out; and what is seen of them."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from lanes import Ran, a_pool, block, job, note, printed, run

from runner.job import Mode, Step
from runner.pool import LaneEnded, Pool
from runner.result import Figure, Frame, Place, Status, Text


@pytest.fixture(scope="module")
def pool() -> Pool:  # type: ignore[misc]  # a generator, as pytest takes it
    with a_pool() as pool:
        yield pool


def place(block: str, line: int) -> Place:
    return Place("vault.faulty", block, line)


# id: (source, kind, message, frames as (function, block, line))
FAULTS = {
    "raise": ("def f():\n    raise ValueError('v', 1)\n\nf()", "ValueError", "('v', 1)",
              [("<module>", "raise", 4), ("f", "raise", 2)]),
    "in-another": ("f()", "ValueError", "('v', 1)",
                   [("<module>", "in-another", 1), ("f", "raise", 2)]),
    "value": ("x = 1\nx.nope", "AttributeError", "'int' object has no attribute 'nope'",
              [("<module>", "value", 2)]),
    "syntax": ("x = 1\ny = (", "SyntaxError", "'(' was never closed", [("<module>", "syntax", 2)]),
    "indent": ("if 1:\nx", "IndentationError", "expected an indented block after 'if' statement on line 104",
               [("<module>", "indent", 2)]),
    "late-syntax": ("\nreturn 1", "SyntaxError", "'return' outside function",
                    [("<module>", "late-syntax", 1)]),
    "magic": ("%timeit 1", "SyntaxError", "invalid syntax (commands of IPython are no Python)",
              [("<module>", "magic", 1)]),
    "exit": ("import sys\nsys.exit(3)", "SystemExit", "the block asked Python to exit (code 3)",
             [("<module>", "exit", 2)]),
    "quit": ("raise SystemExit", "SystemExit", "the block asked Python to exit (code None)",
             [("<module>", "quit", 1)]),
    "interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt", "", [("<module>", "interrupt", 1)]),
    "address": ("raise ValueError(object())", "ValueError", "<object object at 0x…>",
                [("<module>", "address", 1)]),
    "caused": ("try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise KeyError('k') from e",
               "KeyError", "'k'\ncaused by ZeroDivisionError: division by zero",
               [("<module>", "caused", 4)]),
    "while-handling": ("try:\n    1 / 0\nexcept ZeroDivisionError:\n    raise KeyError('k')",
                       "KeyError", "'k'\ncaused by ZeroDivisionError: division by zero",
                       [("<module>", "while-handling", 4)]),
    "noted": ("e = ValueError('v')\ne.add_note('see above')\nraise e", "ValueError", "v\nsee above",
              [("<module>", "noted", 3)]),
    "group": ("raise ExceptionGroup('g', [ValueError('v'), KeyError('k')])", "ExceptionGroup",
              "g: ValueError: v; KeyError: 'k'", [("<module>", "group", 1)]),
    "unprintable": ("class Bad(Exception):\n    def __str__(self): 1 / 0\nraise Bad", "Bad",
                    "<its message cannot be shown: ZeroDivisionError>",
                    [("<module>", "unprintable", 3)]),
    "in-a-library": ("import json\njson.loads('{')", "JSONDecodeError",
                     "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
                     [("<module>", "in-a-library", 2)]),
    "repr": ("class B:\n    def __repr__(self): 1 / 0\nB()", "ZeroDivisionError", "division by zero",
             [("__repr__", "repr", 2)]),
    "recursion": ("def g(): g()\ntry:\n    g()\nexcept RecursionError:\n    raise MemoryError",
                  "MemoryError", "caused by RecursionError: maximum recursion depth exceeded",
                  [("<module>", "recursion", 5)]),
    "missing-note": ("import vault.nowhere", "ModuleNotFoundError", "No module named 'vault.nowhere'",
                     [("<module>", "missing-note", 1)]),
}  # fmt: skip


@pytest.fixture(scope="module")
def faulty(pool: Pool, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    blocks = [block("run", id, case[0]) for id, case in FAULTS.items()]
    return run(pool, job(note(tmp_path_factory.mktemp("v"), "faulty", *blocks)))


@pytest.mark.parametrize("id", FAULTS)
def test_faults_are_results_with_places_in_the_block(faulty: Ran, id: str) -> None:
    _, kind, message, frames = FAULTS[id]
    result = faulty[id]
    assert result.status is Status.FAILED
    assert result.failure is not None
    found = result.failure
    if id == "indent":  # its message counts lines of the note
        message = found.message
        assert message.startswith("expected an indented block after 'if' statement on line ")
    assert (found.kind, found.message.lstrip("\n")) == (kind, message)
    assert [(f.function, f.place) for f in found.frames] == [
        (name, place(*at)) for name, *at in frames
    ]
    assert result.reason.startswith(kind)


def test_frames_show_the_blocks_own_line(faulty: Ran) -> None:
    assert faulty["raise"].failure is not None
    assert [frame.code for frame in faulty["raise"].failure.frames] == [
        "f()",
        "raise ValueError('v', 1)",
    ]
    assert faulty["syntax"].failure == replace(
        faulty["syntax"].failure,  # type: ignore[type-var]  # checked above not to be None
        frames=(Frame("<module>", "y = (", place("syntax", 2)),),
    )


def test_a_local_file_is_the_users_own_code(pool: Pool, tmp_path: Path) -> None:
    helper = tmp_path / "helper.py"
    helper.write_text("def fail():\n    raise ValueError('h')\n", encoding="utf-8")
    main = note(tmp_path, "main", block("run", "a", "import helper\nhelper.fail()"))
    result = run(pool, job(main))["a"]
    assert result.failure is not None
    assert result.failure.frames[1] == Frame("fail", "raise ValueError('h')", None, "helper.py", 2)
    digest = hashlib.sha256(helper.read_bytes()).hexdigest()
    assert (str(helper), digest) in result.evidence.files
    assert not (tmp_path / "__pycache__").exists()


def test_expected_exceptions(pool: Pool, tmp_path: Path) -> None:
    cases = {
        "same": ("raise ValueError('v')", "ValueError", Status.OK),
        "base": ("[][1]", "LookupError", Status.OK),
        "dotted": ("import json; json.loads('{')", "json.JSONDecodeError", Status.OK),
        "exit": ("raise SystemExit(1)", "SystemExit", Status.OK),
        "other": ("1 / 0", "ValueError", Status.FAILED),
        "none": ("1", "ValueError", Status.FAILED),
    }
    main = note(tmp_path, "main", *(block("run", id, case[0]) for id, case in cases.items()))
    steps = tuple(Step(id, Mode.RUN, raises=case[1]) for id, case in cases.items())
    ran = run(pool, job(main, steps=steps))
    assert {id: ran[id].status for id in cases} == {id: case[2] for id, case in cases.items()}
    assert ran["same"].outputs == (Text("ValueError: v", "value"),)
    assert ran["none"].reason == "ValueError was expected, nothing was raised"
    assert ran["other"].failure is not None


DRAWS = """
import random, numpy, torch
random.random(), float(numpy.random.rand()), float(torch.rand(()))
"""


def test_seeds(pool: Pool, tmp_path: Path) -> None:
    """A block's numbers depend on its seed alone, not on when a library was first imported."""
    other = note(
        tmp_path,
        "other",
        block("component", "c", "import random, numpy, torch\nx = torch.rand(())"),
    )
    first = "import numpy, random\nnumpy.random.rand(); random.random()"
    main = note(
        tmp_path,
        "main",
        block("run", "cold", DRAWS, seed=1),
        block("run", "warm", DRAWS, seed=1),
        block("run", "moved", first + DRAWS, seed=2),
        block("run", "plain", "random.random()", seed=1),
        block(
            "run", "import", "a = random.random()\nimport vault.other\na, random.random()", seed=1
        ),
        block("run", "two", "random.random(), random.random()", seed=1),
        block("run", "torch", "torch.manual_seed(1)\nfloat(torch.rand(()))", seed=3),
        block("run", "imported", "float(vault.other.x)", seed=3),
        block("run", "seven", "float(torch.rand(()))", seed=7),
    )
    ran = run(pool, job(main, other))
    assert all(result.status is Status.OK for result in ran.results.values())
    assert printed(ran["cold"]) == printed(ran["warm"]) != printed(ran["moved"])
    assert printed(ran["cold"]).startswith(f"({printed(ran['plain'])}, ")
    assert printed(ran["import"]) == printed(ran["two"])
    assert printed(ran["cold"]).endswith(f", {printed(ran['torch'])})")
    assert printed(ran["imported"]) == printed(ran["seven"])


def test_a_library_that_arrives_with_an_imported_note_is_seeded_for_the_importer(
    pool: Pool, tmp_path: Path
) -> None:
    other = note(tmp_path, "other", block("component", "c", "import numpy\nnumpy.random.rand(3)"))
    main = note(
        tmp_path,
        "main",
        block("run", "a", "import vault.other, numpy\nfloat(numpy.random.rand())", seed=1),
        block("run", "b", "float(numpy.random.rand())", seed=1),
    )
    ran = run(pool, job(main, other))
    assert printed(ran["a"]) == printed(ran["b"])


def test_replayed_blocks_are_silent_unless_they_fail(pool: Pool, tmp_path: Path) -> None:
    main = note(
        tmp_path,
        "main",
        block("run", "a", "print('loud')\nimport matplotlib.pyplot as plt\nplt.plot([1])\nx = 2"),
        block("run", "bad", "print('loud')\n1 / 0"),
        block("run", "b", "x"),
        block("run", "c", "print('not reached')"),
        block("run", "d", "print('neither')"),
    )
    steps = (
        Step("a", Mode.REPLAY),
        Step("bad", Mode.REPLAY, needs=("a",)),
        Step("b", Mode.RUN, needs=("a",)),
        Step("c", Mode.RUN, needs=("bad",)),
        Step("d", Mode.RUN, needs=("c",)),
    )
    ran = run(pool, job(main, steps=steps))
    assert ran.finished
    assert set(ran.results) == {"bad", "b"}
    assert ran["bad"].status is Status.FAILED
    assert ran["b"].outputs == (Text("2", "value"),)


def test_a_block_may_fork_and_signal_itself(pool: Pool, tmp_path: Path) -> None:
    forks = "import os\npid = os.fork()\nprint('child' if pid == 0 else os.waitpid(pid, 0)[1]);"
    signals = "import signal\ntry:\n    signal.raise_signal(signal.SIGINT)\nexcept KeyboardInterrupt:\n    print('heard')"
    main = note(tmp_path, "main", block("run", "a", forks), block("run", "b", signals))
    ran = run(pool, job(main))
    assert printed(ran["a"]) == "child\n0\n"
    assert printed(ran["b"]) == "heard\n"


def test_what_is_large_is_cut(pool: Pool, tmp_path: Path) -> None:
    main = note(
        tmp_path,
        "main",
        block("run", "value", "'x' * 10_000_000"),
        block("run", "message", "raise ValueError('x' * 10_000_000)"),
    )
    ran = run(pool, job(main))
    assert "bytes left out" in printed(ran["value"])
    assert len(printed(ran["value"])) < 1_100_000
    assert ran["message"].failure is not None
    assert len(ran["message"].failure.message) < 30_000


def test_figures_of_tests_do_not_reach_the_next_block(pool: Pool, tmp_path: Path) -> None:
    draws = "import matplotlib.pyplot as plt\nplt.plot([1])\n"
    main = note(
        tmp_path,
        "main",
        block("test", "t", draws + "def test_d(): plt.figure()"),
        block("run", "r", "import matplotlib.pyplot as plt\nplt.get_fignums()"),
    )
    ran = run(pool, job(main))
    assert (ran["t"].outputs, printed(ran["r"])) == ((), "[]")


def test_output_that_is_not_wanted_is_not_kept(pool: Pool, tmp_path: Path) -> None:
    main = note(tmp_path, "main", block("run", "a", "print(1)\n2"))
    ran = run(pool, job(main, steps=(Step("a", Mode.RUN, cuts_output=True),)))
    assert (ran["a"].status, ran["a"].outputs) == (Status.OK, ())


def test_evidence(pool: Pool, tmp_path: Path) -> None:
    data = tmp_path / "data.csv"
    data.write_text("1,2", encoding="utf-8")
    source = """
    import yaml, PIL, pathlib, tempfile
    pathlib.Path('made.txt').write_text('x')
    open('made.txt').read(); open('data.csv').read(); open('main.md').read()
    with tempfile.TemporaryFile('w+') as f: f.read()
    """
    main = note(
        tmp_path, "main", block("run", "before", "1"), block("run", "a", source),
        block("run", "after", "2"),
    )  # fmt: skip
    ran = run(pool, job(main))
    evidence = ran["a"].evidence
    assert evidence.python == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert evidence.device == "cpu"
    assert {"pillow", "pyyaml"} <= {name.lower() for name, _ in evidence.dists}
    assert not {"runner", "vault"} & {name for name, _ in evidence.dists}
    assert evidence.files == ((str(data), hashlib.sha256(b"1,2").hexdigest()),)
    assert ran["before"].evidence.files == ()
    made = str(tmp_path / "made.txt")
    assert made in evidence.written and made not in ran["after"].evidence.written
    assert ran["after"].evidence.files == (), "it does not depend on who read the file"


def test_the_folder_of_the_note_is_where_blocks_work(pool: Pool, tmp_path: Path) -> None:
    folder = tmp_path / "日本 🙂 a b"
    folder.mkdir()
    source = "import os, sys\nprint((os.getcwd(), sys.path[0], __name__, __file__))"
    main = note(folder, "main", block("run", "a", source), block("run", "b", "import note, graph"))
    ran = run(pool, job(main))
    expected = (".", ".", "vault.main", "main.md")  # as seen from the vault, whose only note it is
    assert eval(printed(ran["a"])) == expected
    assert ran["b"].failure is not None, "our own modules are not on the search path"
    assert ran["b"].failure.message == "No module named 'note'"


def test_the_environment_of_blocks(pool: Pool, tmp_path: Path) -> None:
    names = ("PYTHONHASHSEED", "OMP_NUM_THREADS", "OMP_WAIT_POLICY", "MPLBACKEND")
    source = (
        f"import os\n*(os.environ[n] for n in {names}), hash('a') == hash('a'), len(os.sys.argv)"
    )
    main = note(tmp_path, "main", block("run", "a", source))
    assert printed(run(pool, job(main))["a"]) == "('0', '1', 'PASSIVE', 'agg', True, 1)"


def test_device(pool: Pool, tmp_path: Path) -> None:
    other = note(tmp_path, "other", block("component", "c", "where = device", names_device=True))
    silent = note(tmp_path, "silent", block("component", "c", "here = 'device' in globals()"))
    main = note(
        tmp_path,
        "main",
        block("setup", "s", "from vault import other, silent"),
        block("run", "a", "device, other.where, silent.here", names_device=True),
    )
    results = run(pool, job(main, other, silent)).results
    cpu = "device(type='cpu')"
    assert printed(results["a"]) == f"({cpu}, {cpu}, False)"
    assert results["a"].device == "cpu"


def test_what_we_import_does_not_count_for_the_time_limit(tmp_path: Path) -> None:
    slow = "import time\ntime.sleep(1.5)\nclass device:\n    def __init__(self, name): pass\n"
    seeds = "manual_seed = get_rng_state = lambda *_: None\n"
    (tmp_path / "torch.py").write_text(slow + seeds, encoding="utf-8")
    main = note(
        tmp_path,
        "main",
        block("run", "quick", "1"),
        block("run", "dv", "device", names_device=True),
    )
    steps = tuple(Step(id, Mode.RUN, timeout=1.0) for id in ("quick", "dv"))
    with a_pool() as pool:
        results = run(pool, job(main, steps=steps)).results
    assert [results[id].status for id in ("quick", "dv")] == [Status.OK, Status.OK]


def test_a_torch_that_is_broken_fails_the_block(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('half installed')", encoding="utf-8")
    main = note(tmp_path, "main", block("run", "dv", "device", names_device=True))
    with a_pool() as pool:
        result = run(pool, job(main))["dv"]
    assert (result.status, result.reason) == (Status.FAILED, "ImportError: half installed")


def test_figures_of_a_failing_savefig_fail_the_block(pool: Pool, tmp_path: Path) -> None:
    source = "import matplotlib.pyplot as plt\nplt.plot([1])\nplt.title('$\\\\nope{$')"
    main = note(tmp_path, "main", block("run", "a", source), block("run", "b", "plt.plot([1])"))
    ran = run(pool, job(main))
    assert ran["a"].status is Status.FAILED
    assert ran["a"].failure is not None
    assert "ParseException" in ran["a"].failure.message or ran["a"].failure.kind == "ValueError"
    assert [type(output) for output in ran["b"].outputs] == [Figure]


def test_a_worker_that_ends_between_blocks_says_why(tmp_path: Path) -> None:
    work = replace(job(note(tmp_path, "main", block("run", "a", "1"))), cwd=str(tmp_path / "gone"))
    with a_pool() as pool:
        (end,) = run(pool, work).events
    assert isinstance(end, LaneEnded) and not end.finished
    assert end.why == "gone, the folder of its note, was moved or deleted"
