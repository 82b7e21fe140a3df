"""The environment that blocks find: the same under `run` and `pytest`, and what is said of it."""

from __future__ import annotations

import os

import pytest
from test_pytest_plugin import Pytest
from vaults import Home, fence, ran

from runner import remedies
from runner.environment import worker_environment
from runner.variables import Curtain, revealed

OURS = ("WORD", "OTHER", "HF_HOME", "PYTEST_XDIST_WORKER")


@pytest.fixture(autouse=True)
def user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORD", "word")
    monkeypatch.setenv("OTHER", "other")
    monkeypatch.setenv("HF_HOME", "here")
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")


def there() -> set[str]:
    return {name for name in OURS if name in os.environ}


def test_behind_the_curtain_is_what_a_worker_would_not_find() -> None:
    curtain = Curtain(worker_environment(3))
    before = dict(os.environ)
    with curtain.drawn():
        assert there() == {"HF_HOME", "PYTEST_XDIST_WORKER"}
        assert os.environ["OMP_NUM_THREADS"] == "3"
        with curtain.drawn(), curtain.revealing(["WORD", "NO_SUCH"]):
            assert there() == {"HF_HOME", "PYTEST_XDIST_WORKER", "WORD"}
        assert there() == {"HF_HOME", "PYTEST_XDIST_WORKER"}
    assert dict(os.environ) == before
    with pytest.raises(ValueError), curtain.drawn():
        raise ValueError
    assert dict(os.environ) == before


def test_what_code_sets_itself_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HOME")
    with Curtain({}).drawn():
        os.environ |= {"HF_HOME": "there", "OTHER": "new"}
    assert (os.environ.pop("HF_HOME"), os.environ["OTHER"]) == ("there", "new")
    with revealed({"HF_HOME": "a", "WORD": "not this"}):
        assert (os.environ["HF_HOME"], os.environ["WORD"]) == ("a", "word")
        os.environ["HF_HOME"] = "b"
    assert os.environ["HF_HOME"] == "b"


# Code -> a part of the remedy, "" for none.
ERRORS = {
    "import os; os.environ['UNDECLARED']": "`#| env: [UNDECLARED]`",
    "import os; del os.environ['UNDECLARED']": "`#| env: [UNDECLARED]`",
    "import os; os.environ['DECLARED']": "not set where runner was started",
    "import os; os.environ.pop('HF_NO_SUCH')": "",
    "{}['UNDECLARED']": "",
    "raise KeyError": "",
    "raise EOFError('EOF when reading a line')": "nobody can type here",
    "import bdb; raise bdb.BdbQuit": "nobody can debug here",
    "compile('await x', 'f', 'exec')": "asyncio.run",
    "compile('def f(): await x', 'f', 'exec')": "asyncio.run",
    "compile('[x async for x in y]', 'f', 'exec')": "asyncio.run",
    "raise AssertionError('Torch not compiled with CUDA enabled')": "`device`",
    "raise AssertionError": "",
    "1 / 0": "",
}


@pytest.mark.parametrize("code", ERRORS)
def test_remedies(code: str) -> None:
    with pytest.raises(Exception) as caught:
        exec(code, {})
    for _ in range(2):
        remedies.explain(caught.value, ["DECLARED"])
    notes = getattr(caught.value, "__notes__", [])
    assert ERRORS[code] in " ".join(notes) and len(notes) == bool(ERRORS[code])


NOTE = (
    fence("setup", "s", "import os", "ALL = sorted(os.environ)", "SEEN = os.environ.get('OTHER')")
    + fence("component", "c", "#| env: [WORD]", "import os", "def word(): return os.environ['WORD']")
    + fence("run", "r", "import os", "unseen = os.environ.get('OTHER')")
    + fence("test", "hidden", "import os", "assert SEEN is None and 'OTHER' not in os.environ")
    + fence("test", "used", "assert word() == 'word'")
    + fence("test", "other", "import os", "assert 'WORD' not in os.environ")
    + fence("test", "of-run", "assert unseen is None")
    + fence("test", "set", "import os", "def test_a(monkeypatch):",
            "    monkeypatch.setenv('OTHER', 'mine')", "    assert os.environ['OTHER'] == 'mine'",
            "def test_b():", "    assert 'OTHER' not in os.environ")
    + fence("test", "threads", "import os", "assert os.environ['PYTHONHASHSEED'] == '0'")
    + fence("test", "told", "import os", "os.environ['OTHER']")
)  # fmt: skip
FAILING = fence("component", "needs", "import os", "token = os.environ['OTHER']") + fence(
    "test", "alone", "pass"
)
PLAIN = """
import os, vault.n
def test_untouched():
    assert os.environ['OTHER'] == 'other' and vault.n.SEEN is None
    assert 'OTHER' not in vault.n.ALL
"""


@pytest.mark.parametrize("several", [(), ("-n", "2")])
def test_run_and_pytest_show_the_same(home: Home, several: tuple[str, ...]) -> None:
    home.write("N.md", NOTE)
    home.write("Failing.md", FAILING)
    home.write("test_plain.py", PLAIN)
    user = {"WORD": "word", "OTHER": "other", "MPLBACKEND": "svg"}
    blocks = home.run(**user).blocks()
    outcomes = {id: block["status"] for id, block in blocks.items()}
    assert outcomes.pop("N.md#told") == outcomes.pop("Failing.md#needs") == "failed"
    assert set(outcomes.values()) == {"ok"}, blocks
    for note in ("N.md", "Failing.md"):
        assert "`#| env: [OTHER]`" in home.read(note)
    home.env |= user
    found = Pytest(home)
    results = found("vault", *several)
    bad = {place for place, status in results.items() if status != "passed"}
    assert {place.rpartition("::")[2] for place in bad} == {"told", "needs"}, found.out
    assert len(results) == 11 and found.out.count("`#| env: [OTHER]`") >= 2


def test_a_variable_that_changes_what_libraries_compute_counts_undeclared(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MKL_CBWR", raising=False)
    home.write("N.md", fence("run", "r", "import os", "print(os.environ.get('MKL_CBWR'))"))
    home.session()
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")
    report = home.session()
    assert ran(report) == {"r"}
    assert "MKL_CBWR changed" in next(report.blocks()).because
    assert "COMPATIBLE" in home.read("N.md")
    assert ran(home.session()) == set()
    monkeypatch.delenv("MKL_CBWR")
    assert ran(home.session()) == {"r"}
    assert "None" in home.read("N.md")
