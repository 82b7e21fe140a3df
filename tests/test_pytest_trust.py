"""Which vaults `pytest` executes: only those that somebody outside of them trusts."""

from __future__ import annotations

import pytest
from test_pytest_plugin import TWO, Pytest
from vaults import Home, fence


@pytest.fixture
def run_pytest(home: Home) -> Pytest:
    return Pytest(home)


EFFECT = fence("component", "c", "open('effect', 'w').close()") + fence("test", "t", "pass")


def test_an_untrusted_vault_executes_nothing_and_says_so(home: Home, run_pytest: Pytest) -> None:
    home.write("A.md", EFFECT)
    run_pytest("vault", trusted=False)
    assert run_pytest.code == 2
    assert "--trust-vault" in run_pytest.out
    assert "ERROR vault" in run_pytest.out
    assert not (home.vault / "effect").exists()


@pytest.mark.parametrize("place", ["vault", ".", "vault/deep", "vault/A.md::t"])
def test_not_even_its_conftest_or_test_files(home: Home, run_pytest: Pytest, place: str) -> None:
    home.write("A.md", EFFECT)
    home.write("deep/B.md", EFFECT)
    for name in ("conftest.py", "deep/conftest.py", "test_x.py", "deep/test_y.py"):
        home.write(name, f"open({str(home.vault / 'effect')!r}, 'w').close()\n")
    run_pytest(place, trusted=False)
    assert run_pytest.code != 0
    assert "--trust-vault" in run_pytest.out
    assert not (home.vault / "effect").exists()
    run_pytest(place)
    assert (home.vault / "effect").exists()


@pytest.mark.parametrize(
    ("file", "entry", "arguments", "trusted"),
    [
        ("pytest.ini", "vault", [], True),
        ("pytest.ini", "other", [], False),
        ("pytest.ini", "..", [], False),
        ("vault/pytest.ini", ".", ["-c", "vault/pytest.ini"], False),
        ("vault/pytest.ini", "../vault", ["-c", "vault/pytest.ini"], False),
    ],
)
def test_the_ini_key_counts_outside_the_vault_alone(
    home: Home, run_pytest: Pytest, file: str, entry: str, arguments: list[str], trusted: bool
) -> None:
    home.write("A.md", EFFECT)
    (run_pytest.folder / file).write_text(f"[pytest]\nrunner_trust = {entry}\n", encoding="utf-8")
    run_pytest("vault", *arguments, trusted=False)
    assert (home.vault / "effect").exists() is trusted
    assert run_pytest.code == (0 if trusted else 2)


ASKING = {
    "vault/pytest.ini": "[pytest]\naddopts = --trust-vault\n",
    "vault/pyproject.toml": '[tool.pytest.ini_options]\naddopts = "--trust-vault"\n',
    "vault/tox.ini": "[pytest]\naddopts = -q --trust-vault\n",
}


@pytest.mark.parametrize("more", [[], ["-n", "1"]], ids=["alone", "xdist"])
@pytest.mark.parametrize("file", ASKING)
def test_a_vault_cannot_ask_to_be_trusted(
    home: Home, run_pytest: Pytest, file: str, more: list[str]
) -> None:
    home.write("A.md", EFFECT)
    (run_pytest.folder / "pytest.ini").unlink()
    (run_pytest.folder / file).write_text(ASKING[file], encoding="utf-8")
    run_pytest("vault", "-c", file, *more, trusted=False)
    assert not (home.vault / "effect").exists()
    assert run_pytest.code != 0 and "is not trusted" in run_pytest.out, run_pytest.out
    run_pytest("vault", "-c", file, *more)
    assert (home.vault / "effect").exists()


def test_options_outside_the_vault_are_the_users(home: Home, run_pytest: Pytest) -> None:
    home.write("A.md", EFFECT)
    (run_pytest.folder / "pytest.ini").write_text(ASKING["vault/pytest.ini"], encoding="utf-8")
    run_pytest("vault", "-n", "1", trusted=False)
    assert run_pytest.code == 0 and (home.vault / "effect").exists()
    (run_pytest.folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    home.env["PYTEST_ADDOPTS"] = "-q --trust-vault"
    run_pytest("vault", trusted=False)
    assert run_pytest.code == 0


def test_the_trust_store_counts_and_pins_hold(home: Home, run_pytest: Pytest) -> None:
    home.write("A.md", EFFECT)
    assert home.command("trust", ".", "--pin").code == 0
    run_pytest("vault", trusted=False)
    assert run_pytest.code == 0
    home.edit("A.md", "pass", "assert True")
    run_pytest("vault", trusted=False)
    assert run_pytest.code == 2


def test_two_vaults_in_one_run_are_refused(home: Home, run_pytest: Pytest) -> None:
    home.write("A.md", TWO)
    other = home.vault.parent / "other"
    (other / ".obsidian").mkdir(parents=True)
    (other / "B.md").write_text(fence("test", "t", "assert True"), encoding="utf-8")
    run_pytest("vault", "other")
    assert run_pytest.code == 2
    assert "are different vaults: run pytest once for each" in run_pytest.out


def test_vaults_beside_the_one_that_runs_are_left_alone(home: Home, run_pytest: Pytest) -> None:
    home.write("A.md", TWO)
    (run_pytest.folder / "README.md").write_text(EFFECT, encoding="utf-8")
    run_pytest("vault")
    assert (run_pytest.code, len(run_pytest.passed)) == (0, 3)
    assert not (run_pytest.folder / "effect").exists()
