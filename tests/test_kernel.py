"""The magics of an exported notebook, in a process of IPython's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from runner.digest import derive_seed

ROOT = Path(__file__).parents[1]

# Runs each cell and writes down what it shows; the class alone, as its text stands in a notebook.
PROGRAM = """
import hashlib, inspect, json, sys
from IPython.core.interactiveshell import InteractiveShell
from runner.notebooks import kernel
shell = InteractiveShell.instance(colors="nocolor")
shell.run_cell(inspect.getsource(kernel.NoteMagics))
cells = json.load(open(sys.argv[1]))
digest = hashlib.blake2b(cells["dice"].encode(), digest_size=4).hexdigest()
shell.user_ns["known"] = {"dice": digest, "given seed=7": "00000000"}
shell.run_cell("_magics = NoteMagics(note_seed=3, device='a device', cells=known)")
found = {}
for name, source in cells.items():
    result = shell.run_cell(source, cell_id=name.partition(",")[0])
    bundle = getattr(result.result, "_repr_mimebundle_", dict)()
    found[name] = {
        "error": repr(result.error_in_exec or ""),
        "value": repr(result.result),
        "tests": bundle.get("application/vnd.runner.tests+json"),
    }
json.dump(found, open(sys.argv[2], "w"))
"""

CELLS = {
    "dice": "import random\nrandom.random()",
    "dice, edited": "random.random()  # edited",
    "elsewhere": "import random\nrandom.random()\n",
    "given": "random.random()",
    "not in the note": "random.random()",
    "dice, numpy": "import numpy\nfloat(numpy.random.rand())",
    "module": "%%module layers double\ndef double(x):\n    return 2 * x",
    "more": "%%module layers more\ndef four(x):\n    return double(double(x))\nwhere = device",
    "imported": "import inspect\nfrom vault.layers import double, four, where\nimport vault.layers\n"
    "four(1), where, inspect.getsource(double)",
    "own": "def helper():\n    return 1\ntest_data = 3\nclass TestLike: pass",
    "tests": """%%test cases
import pytest
inspect = 'mine'
helper_of_test = 1

@pytest.fixture
def three():
    return 3

@pytest.mark.parametrize("n", [3, 4])
def test_n(n, three, device, tmp_path):
    assert device == "a device"
    assert n == three, "not three"

class TestAll:
    def test_skip(self):
        pytest.skip("no reason")

@pytest.mark.xfail(reason="known")
def test_known():
    assert helper() == 2

def test_broken(gone):
    pass
""",
    "nothing stays": "'helper_of_test' in globals(), inspect.__name__, helper()",
    "drawn": "%%test drawn\nimport random\ndef test_a():\n    assert random.random() == SEEN",
    "drawn and raised": "%%test drawn raises=ValueError\n"
    "import random\nassert random.random() == SEEN\nraise ValueError",
    "given to a test": "%%test drawn seed=7 slow=no\nimport random\nassert random.random() == SEVEN",
    "bare": "%%test bare\nassert [1, 2] == [1, 3]",
    "bare and fine": "%%test bare\nassert helper() == 1",
    "raises": "%%test bare raises=ArithmeticError\n1 / 0",
    "raises not": "%%test bare raises=ValueError\n1",
    "does not collect": "%%test broken\n1 / 0\ndef test_a(): pass",
    "slow": "%%test long slow\ndef test_a(): pass",
    "no tests": "%%test none\nimport math",
    "does not parse": "%%test none\nassert (",
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    folder = tmp_path_factory.mktemp("kernel")
    cells = dict(CELLS)
    seen = {"SEEN": _random(derive_seed(3, "drawn")), "SEVEN": _random(7)}
    for word, number in seen.items():
        cells = {name: source.replace(word, repr(number)) for name, source in cells.items()}
    (folder / "cells.json").write_text(json.dumps(cells), encoding="utf-8")
    subprocess.run(
        [sys.executable, "-c", PROGRAM, "cells.json", "found.json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "IPYTHONDIR": str(folder)},
        check=True,
        capture_output=True,
    )
    found: Mapping[str, Any] = json.loads((folder / "found.json").read_text())
    return found


def _random(seed: int) -> float:
    import random

    return random.Random(seed).random()


def statuses(ran: Mapping[str, Any], name: str) -> dict[str, str]:
    return {test["name"]: test["status"] for test in ran[name]["tests"]}


def test_seeds_are_those_of_a_run(ran: Mapping[str, Any]) -> None:
    assert float(ran["dice"]["value"]) == _random(derive_seed(3, "dice"))
    assert ran["dice, edited"]["value"] == ran["dice"]["value"]
    assert ran["elsewhere"]["value"] == ran["dice"]["value"]
    assert float(ran["given"]["value"]) == _random(7)
    assert float(ran["not in the note"]["value"]) != _random(7)
    numpy = pytest.importorskip("numpy")
    expected = numpy.random.RandomState(derive_seed(3, "dice") % 2**32).rand()
    assert float(ran["dice, numpy"]["value"]) == expected


def test_modules_of_other_notes(ran: Mapping[str, Any]) -> None:
    source = "def double(x):\\n    return 2 * x"
    assert ran["imported"]["value"].startswith(f"(4, 'a device', '{source}")


def test_tests_end_as_pytest_says(ran: Mapping[str, Any]) -> None:
    assert statuses(ran, "tests") == {
        "test_n[3]": "passed",
        "test_n[4]": "failed",
        "TestAll::test_skip": "skipped",
        "test_known": "xfailed",
        "test_broken": "error",
    }
    messages = {test["name"]: test["message"] for test in ran["tests"]["tests"]}
    assert "assert 4 == 3" in messages["test_n[4]"]
    assert "<test cases>:12" in messages["test_n[4]"]
    assert messages["TestAll::test_skip"] == "no reason"
    assert messages["test_known"] == "known"
    assert "fixture 'gone' not found" in messages["test_broken"]
    assert ran["tests"]["value"].startswith("1 failed, 1 error, 1 passed, 1 skipped, 1 xfailed\n")


def test_what_a_test_defines_stays_in_it(ran: Mapping[str, Any]) -> None:
    assert ran["nothing stays"]["value"] == "(False, 'inspect', 1)"


def test_each_test_is_seeded(ran: Mapping[str, Any]) -> None:
    assert statuses(ran, "drawn") == {"test_a": "passed"}
    assert statuses(ran, "drawn and raised") == {"drawn": "passed"}
    assert statuses(ran, "given to a test") == {"drawn": "passed"}


def test_statements_are_one_test(ran: Mapping[str, Any]) -> None:
    assert statuses(ran, "bare") == {"bare": "failed"}
    assert "assert [1, 2] == [1, 3]" in ran["bare"]["value"]
    assert statuses(ran, "bare and fine") == {"bare": "passed"}
    assert statuses(ran, "raises") == {"bare": "passed"}
    assert statuses(ran, "raises not") == {"bare": "failed"}


def test_what_cannot_be_tested(ran: Mapping[str, Any]) -> None:
    assert statuses(ran, "does not collect") == {"broken": "error"}
    assert "ZeroDivisionError" in ran["does not collect"]["value"]
    assert statuses(ran, "slow") == {"long": "skipped"}
    assert ran["no tests"]["value"] == "no tests"
    assert "SyntaxError" in ran["does not parse"]["error"]
