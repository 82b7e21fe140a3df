"""`pytest` over notes: node ids, options, fixtures; each test is a pytest of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from vaults import LIMIT, Home, fence

TWO = fence("component", "double", "def double(x):", "    return 2 * x") + fence(
    "test", "pair", "def test_one():", "    assert double(1) == 2", "", "def test_two():",
    "    assert double(2) == 4",
) + fence("test", "bare", "assert double(3) == 6")  # fmt: skip


INSTALLED = any(e.value == "runner.pytest_plugin" for e in entry_points(group="pytest11"))
PLUGIN = [] if INSTALLED else ["-p", "runner.pytest_plugin"]


class Pytest:
    """Runs pytest in the folder that holds the vault, and reads what it says of each test."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.folder = home.vault.parent
        (home.vault / ".obsidian").mkdir(exist_ok=True)
        (self.folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        self.out = ""
        self.code = 0

    def __call__(self, *arguments: str, trusted: bool = True) -> dict[str, str]:
        """Outcomes by the part of the node id behind ``vault/``."""
        report = self.folder / "report.xml"
        report.unlink(missing_ok=True)
        root = str(Path(__file__).parents[1])
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *PLUGIN, "-rA", "-v",
             f"--junitxml={report}", *(["--trust-vault"] * trusted), *arguments],
            cwd=self.folder,
            env={**self.home.env, "PYTHONPATH": f"{root}{os.pathsep}{self.folder}", "PYTHONWARNINGS": "", "COLUMNS": "200"},
            capture_output=True, encoding="utf-8", timeout=5 * LIMIT,
        )  # fmt: skip
        self.out, self.code = done.stdout + done.stderr, done.returncode
        return outcomes(report) if report.exists() else {}

    @property
    def passed(self) -> set[str]:
        return set(re.findall(r"^PASSED (\S+)", self.out, re.M))


def outcomes(report: Path) -> dict[str, str]:
    found = {}
    for case in ET.parse(report).iter("testcase"):
        kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        place = case.get("classname", "").removeprefix("vault.")
        found[f"{place}::{case.get('name')}"] = kinds[0] if kinds else "passed"
    return found


@pytest.fixture
def run_pytest(home: Home) -> Pytest:
    return Pytest(home)


def test_node_ids_and_outcomes(home: Home, run_pytest: Pytest) -> None:
    home.write("ViT.md", TWO)
    run_pytest("vault")
    assert run_pytest.passed == {
        "vault/ViT.md::pair::test_one",
        "vault/ViT.md::pair::test_two",
        "vault/ViT.md::bare",
    }
    assert run_pytest.code == 0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["vault/ViT.md::pair::test_two"], {"pair::test_two"}),
        (["vault/ViT.md::pair"], {"pair::test_one", "pair::test_two"}),
        (["vault/ViT.md::bare"], {"bare"}),
        (["vault/ViT.md"], {"pair::test_one", "pair::test_two", "bare"}),
        (["vault", "-k", "two or bare"], {"pair::test_two", "bare"}),
        (["vault", "-k", "not pair"], {"bare"}),
        (["vault", "-n", "2"], {"pair::test_one", "pair::test_two", "bare"}),
    ],
)
def test_selection(
    home: Home, run_pytest: Pytest, arguments: list[str], expected: set[str]
) -> None:
    home.write("ViT.md", TWO)
    run_pytest(*arguments)
    assert {place.removeprefix("vault/ViT.md::") for place in run_pytest.passed} == expected


def test_collecting_only(home: Home, run_pytest: Pytest) -> None:
    home.write("ViT.md", TWO)
    run_pytest("vault", "--collect-only", "-q", "-q")
    assert "vault/ViT.md::bare" in run_pytest.out
    assert "vault/ViT.md::pair::test_one" in run_pytest.out


def test_last_failed_and_first_failure(home: Home, run_pytest: Pytest) -> None:
    home.write("A.md", TWO.replace("== 4", "== 5").replace("== 6", "== 7"))
    run_pytest("vault", "-x")
    assert "1 failed, 1 passed" in run_pytest.out
    run_pytest("vault")
    found = run_pytest("vault", "--lf")
    assert set(found.values()) == {"failure"} and len(found) == 2


def test_failing_asserts_show_values_and_lines_of_the_note(home: Home, run_pytest: Pytest) -> None:
    home.write(
        "Deep/N o t é.md", "Words.\n\n" + TWO.replace("== 4", "== 5").replace("== 6", "== 7")
    )
    run_pytest("vault")
    assert "assert 4 == 5" in run_pytest.out
    assert "where 4 = double(2)" in run_pytest.out
    assert re.search(r"N o t é\.md:13: AssertionError", run_pytest.out)
    assert "assert 6 == 7" in run_pytest.out
    assert re.search(r"N o t é\.md:17: AssertionError", run_pytest.out)
    assert "pytest_plugin.py" not in run_pytest.out


EVERYTHING = fence(
    "test", "all",
    "import pytest", "@pytest.fixture", "def three():", "    return 3",
    "@pytest.fixture(scope='module')", "def shared(request):", "    return []",
    "def test_fixture(three, tmp_path, capsys, shared):", "    print('x')",
    "    shared.append(1)", "    assert three == 3 and capsys.readouterr().out == 'x\\n'",
    "@pytest.mark.parametrize('n', [1, 2])", "def test_n(n, shared):",
    "    assert n < 3 and shared == [1]",
    "class TestClass:", "    def test_method(self):", "        pass",
    "@pytest.mark.slowly", "def test_marked():", "    pass",
    "@pytest.mark.xfail", "def test_xfail():", "    assert 0",
    "@pytest.mark.xfail", "def test_xpass():", "    pass",
    "@pytest.mark.xfail(strict=True)", "def test_strict():", "    pass",
    "@pytest.mark.skip(reason='not now')", "def test_skip():", "    pass",
    "@pytest.fixture", "def broken():", "    raise ValueError('no')",
    "def test_error(broken):", "    pass",
    "def test_no_such_fixture(nothing):", "    pass",
)  # fmt: skip


def test_fixtures_marks_classes_and_parameters(home: Home, run_pytest: Pytest) -> None:
    home.write("A.md", EVERYTHING)
    found = run_pytest("vault", "-W", "ignore")
    assert {name.rpartition("::")[2]: outcome for name, outcome in found.items()} == {
        "test_fixture": "passed",
        "test_n[1]": "passed",
        "test_n[2]": "passed",
        "test_method": "passed",
        "test_marked": "passed",
        "test_xfail": "skipped",
        "test_xpass": "passed",
        "test_strict": "failure",
        "test_skip": "skipped",
        "test_error": "error",
        "test_no_such_fixture": "error",
    }
    run_pytest("vault", "-W", "ignore", "-m", "slowly")
    assert run_pytest.passed == {"vault/A.md::all::test_marked"}


def test_a_conftest_of_the_vault_counts(home: Home, run_pytest: Pytest) -> None:
    home.write("conftest.py", "import pytest\n@pytest.fixture\ndef four(): return 4\n")
    home.write("A.md", fence("test", "t", "def test_four(four):", "    assert four == 4"))
    assert set(run_pytest("vault").values()) == {"passed"}


def test_plain_test_files_beside_the_notes_are_as_ever(home: Home, run_pytest: Pytest) -> None:
    home.write("A.md", TWO)
    home.write(
        "test_plain.py", "import os\ndef test_plain():\n    assert 'plain' and os.getcwd()\n"
    )
    run_pytest("vault")
    assert "vault/test_plain.py::test_plain" in run_pytest.passed
    assert len(run_pytest.passed) == 4


# --- what fails, and what is skipped for it ---------------------------------------------------


def test_a_failing_component_is_an_item_and_its_tests_are_skipped(
    home: Home, run_pytest: Pytest
) -> None:
    home.write(
        "A.md",
        fence("component", "bad", "value = 1 / 0")
        + fence("component", "good", "fine = 1")
        + fence("test", "uses-bad", "assert value")
        + fence("test", "uses-good", "assert fine == 1"),
    )
    found = run_pytest("vault")
    assert {name.rpartition("::")[2]: what for name, what in found.items()} == {
        "bad": "failure",
        "uses-bad": "skipped",
        "uses-good": "passed",
    }
    assert "depends on `bad`, which failed" in run_pytest.out
    assert re.search(r"A\.md:2: ZeroDivisionError", run_pytest.out)


def test_faulty_text_is_a_failing_item(home: Home, run_pytest: Pytest) -> None:
    home.write("A.md", fence("test", "t", "#| nonsense: 1", "assert True") + TWO)
    found = run_pytest("vault")
    assert list(found.values()).count("failure") == 1
    assert list(found.values()).count("passed") == 3
    assert "A.md:2:" in run_pytest.out and "nonsense" in run_pytest.out


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["def test_x(:"], "SyntaxError"),
        (["import nothing_of_that_name", "def test_x(): pass"], "ModuleNotFoundError"),
        (["def helper():", "    pass"], "no test was collected"),
    ],
)
def test_a_broken_test_block_fails_alone(
    home: Home, run_pytest: Pytest, lines: list[str], told: str
) -> None:
    home.write("A.md", fence("test", "broken", *lines) + TWO)
    found = run_pytest("vault")
    assert sorted(found.values()) == ["failure", "passed", "passed", "passed"]
    assert "FAILED vault/A.md::broken" in run_pytest.out
    assert told in run_pytest.out


def test_time_limits_interrupt(home: Home, run_pytest: Pytest) -> None:
    loop = ("while True:", "    try:", "        time.sleep(0.01)", "    except Exception: pass")
    home.write(
        "A.md",
        fence("component", "endless", "#| timeout: 0.3", "import time", *loop)
        + fence("test", "uses", "assert time")
        + fence("test", "hangs", "#| timeout: 0.3", "import time", *loop)
        + fence("test", "fine", "assert True"),
    )
    found = {name.rpartition("::")[2]: what for name, what in run_pytest("vault").items()}
    assert found == {
        "endless": "failure",
        "uses": "skipped",
        "hangs": "failure",
        "fine": "passed",
    }
    assert "took longer than its limit of 0.3 s" in run_pytest.out


# --- options --------------------------------------------------------------------------------


def test_slow_blocks_run_on_request(home: Home, run_pytest: Pytest) -> None:
    home.write(
        "A.md",
        fence("run", "train", "#| slow: true", "loss = 1")
        + fence("test", "t", "#| slow: true", "assert True")
        + fence("test", "of-train", "assert loss == 1"),
    )
    assert set(run_pytest("vault").values()) == {"skipped"}
    assert "slow" in run_pytest.out
    assert set(run_pytest("vault", "--slow").values()) == {"passed"}


@pytest.mark.parametrize("arguments", [[], ["-n", "2"]])
def test_notes_are_updated_on_request(home: Home, run_pytest: Pytest, arguments: list[str]) -> None:
    home.write("A.md", TWO)
    home.write("B.md", fence("test", "t", "assert True"))
    before = home.files()
    run_pytest("vault", *arguments)
    assert {name for name in before.changed(home.files()) if name.endswith(".md")} == set()
    run_pytest("vault", "--update-notes", *arguments)
    assert "> [!success] 2 passed" in home.read("A.md")
    assert "> [!success] 1 passed" in home.read("B.md")
    assert "notes updated: 2 of 2 changed" in run_pytest.out


# --- projects without notes ------------------------------------------------------------------


def test_a_project_without_notes_pays_nothing(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("Read.\n\n```python\nx = 1\n```\n", encoding="utf-8")
    (tmp_path / "test_it.py").write_text(
        "import sys\n"
        "def test_it():\n"
        "    ours = {m for m in sys.modules if m.startswith('runner')}\n"
        "    assert ours == {'runner', 'runner.pytest_plugin'}\n"
        "    assert not {'torch', 'markdown_it', 'yaml', 'numpy'} & sys.modules.keys()\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *PLUGIN, "-q", str(tmp_path)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[1]), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, encoding="utf-8", timeout=5 * LIMIT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
