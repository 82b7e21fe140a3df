"""Law 7: `run` and `pytest` agree test by test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from test_pytest_plugin import EVERYTHING, Pytest
from vaults import Home, fence, without_training

VAULT = Path(__file__).parents[1] / "vault"

# What pytest's report calls it, by what `run` says.
REPORTED = {
    "passed": "passed",
    "failed": "failure",
    "error": "error",
    "skipped": "skipped",
    "xfailed": "skipped",
    "xpassed": "passed",
}


def compared(home: Home, *options: str) -> tuple[dict[str, str], dict[str, str]]:
    """The outcomes of every test under ``run`` and under pytest, by note, block and test."""
    ran = {}
    for place, block in home.run("--no-write", *options).blocks().items():
        note, _, id = place.partition("#")
        for test in block["tests"]:
            inner = [] if test["name"] == id else test["name"].split("::")
            ran["::".join([note, id, *inner])] = REPORTED[test["status"]]
        if block["role"] == "test" and not block["tests"]:
            skipped = block["status"] in ("skipped", None)
            ran[f"{note}::{id}"] = "skipped" if skipped else "failure"
    run_pytest = Pytest(home)
    run_pytest(
        "vault", "-W", "ignore", "-p", "no:cacheprovider", "-p", "agreement_report", *options
    )
    found = dict(
        line.split("\t") for line in (run_pytest.folder / "outcomes.txt").read_text().splitlines()
    )
    return ran, found


REPORTER = """
from pathlib import Path

FILE = Path(__file__).with_name("outcomes.txt")
FOUND = {}

def pytest_runtest_logreport(report):
    place = report.nodeid.removeprefix("vault/")
    known = FOUND.get(place, "passed")
    if report.failed:
        FOUND[place] = "failure" if report.when == "call" else "error"
    elif report.skipped and known == "passed":
        FOUND[place] = "skipped"
    else:
        FOUND.setdefault(place, known)

def pytest_sessionfinish():
    FILE.write_text("".join(f"{k}\\t{v}\\n" for k, v in FOUND.items()), encoding="utf-8")
"""


@pytest.fixture(autouse=True)
def reporter(home: Home) -> None:
    """A plugin that writes down how each test ended, by its node id."""
    (home.vault.parent / "agreement_report.py").write_text(REPORTER, encoding="utf-8")


# Notes that train for half a minute and more; CI runs them once, as a test-suite.
LONG = ["Choosing papers.md", "Triplet*.md", "ViT under the lens.md"]
TRAINING = ["BERT.md", "ResNet.md", "ViT.md"]  # what others import is quick


def test_over_the_vault_of_the_repository(home: Home) -> None:
    shutil.rmtree(home.vault)
    shutil.copytree(VAULT, home.vault, ignore=shutil.ignore_patterns(".obsidian", *LONG))
    without_training(home.vault, *TRAINING)
    ran, found = compared(home)
    assert len(ran) > 50
    assert {place: status for place, status in found.items() if place in ran} == ran
    assert found.keys() == ran.keys()


def test_over_every_kind_of_outcome(home: Home) -> None:
    home.write("Everything.md", EVERYTHING)
    home.write(
        "folder/Mixed.md",
        fence("component", "good", "GOOD = []")
        + fence("component", "broken", "BROKEN = 1 / 0")
        + fence("component", "after", "AFTER = BROKEN + 1")
        + fence("run", "made", "made = 4", "GOOD.append(1)")
        + fence("run", "failing", "lost = 4", "raise ValueError")
        + fence("run", "slowly", "#| slow: true", "late = 4")
        + fence("test", "passes", "assert GOOD == []")
        + fence("test", "fails", "assert GOOD == [1]")
        + fence("test", "raises", "raise ValueError('no')")
        + fence("test", "meant", "#| raises: ValueError", "raise ValueError('yes')")
        + fence("test", "not-raised", "#| raises: ValueError", "pass")
        + fence("test", "of-broken", "assert BROKEN")
        + fence("test", "of-after", "assert AFTER")
        + fence("test", "of-made", "assert made == 4 and GOOD == [1]")
        + fence("test", "of-failing", "assert lost == 4")
        + fence("test", "of-slow", "assert late")
        + fence("test", "slow-test", "#| slow: true", "assert True")
        + fence("test", "elsewhere", "#| device: cuda", "assert True")
        + fence("test", "syntax", "def test_x(:")
        + fence("test", "empty", "def helper():", "    pass")
        + fence("test", "hangs", "#| timeout: 0.3", "while True: pass")
        + fence("test", "skips", "import pytest", "pytest.skip('here')")
        + fence("test", "lacks", "import pytest", "pytest.importorskip('no_such')",
                "def test_x(): pass")
        + fence("test", "exits", "import sys", "sys.exit(3)")
        + fence("test", "last", "assert GOOD == []"),
    )  # fmt: skip
    home.write("Imports.md", fence("component", "c", "from vault.mixed import GOOD")
               + fence("test", "t", "assert GOOD == []"))  # fmt: skip
    ran, found = compared(home)
    tests = {place: status for place, status in found.items() if place in ran}
    assert tests == ran
    assert found.keys() - ran.keys() <= {"folder/Mixed.md::broken", "Imports.md::c"}
    slow, found = compared(home, "--slow")
    assert {place: status for place, status in found.items() if place in slow} == slow
    assert slow["folder/Mixed.md::of-slow"] == slow["folder/Mixed.md::slow-test"] == "passed"
