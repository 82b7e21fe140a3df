"""``--json``: one document, every key of the contract, no others."""

from __future__ import annotations

import json
from typing import Any

import pytest
from vaults import Home, Ran, fence

TOP = {"vault", "device", "notes", "summary"}
NOTE = {"note", "changed", "problems", "blocks"}
PROBLEM = {"line", "severity", "what", "hint"}
BLOCK = {
    *("id", "role", "line", "action", "because", "status", "seconds", "device", "tests"),
    *("figures", "digest", "stale"),
}
TEST = {"name", "status", "message", "device"}
SUMMARY = {
    *("ran", "replayed", "reused", "ok", "failed", "timeout", "crashed", "skipped", "stale"),
    *("errors", "warnings"),
}
ACTIONS = {"run", "replay", "reuse", "skip"}
STATUSES = {"ok", "failed", "timeout", "crashed", "skipped", None}
TEST_STATUSES = {"passed", "failed", "error", "skipped", "xfailed", "xpassed"}

PLOT = (
    "import matplotlib.pyplot as plt",
    "plt.figure(figsize=(1, 1))",
    "plt.show()",
)
FULL = (
    fence("component", "c", "def f():", "    return 1")
    + fence("run", "fine", "print(f())")
    + fence("run", "plot", *PLOT)
    + fence("run", "bad", "1 / 0")
    + fence("run", "after-bad", "#| needs: bad", "1")
    + fence("run", "slow", "#| slow: true", "1")
    + fence("run", "ends", "import os", "os._exit(1)")
    + fence("run", "faulty", "#| nonsense: 1", "1")
    + fence(
        "test",
        "t",
        "import pytest",
        "def test_right():",
        "    assert f() == 1",
        "def test_wrong():",
        "    assert f() == 2",
        "@pytest.mark.xfail",
        "def test_xfails():",
        "    assert False",
        "def test_skips():",
        "    pytest.skip('not now')",
        "def test_breaks(nothing):",
        "    pass",
    )
    + "[[Nowhere]]\n"
)


def check_form(document: Any) -> None:
    """The document has the form of the contract, key by key and type by type."""
    assert set(document) == TOP
    assert set(document["summary"]) == SUMMARY
    assert all(type(count) is int and count >= 0 for count in document["summary"].values())
    for note in document["notes"]:
        assert set(note) == NOTE
        assert isinstance(note["note"], str) and type(note["changed"]) is bool
        for problem in note["problems"]:
            assert set(problem) == PROBLEM
            assert type(problem["line"]) is int and problem["line"] >= 1
            assert problem["severity"] in ("warning", "error")
            assert problem["what"] and isinstance(problem["hint"], str)
        for block in note["blocks"]:
            check_block(block)


def check_block(block: Any) -> None:
    assert set(block) == BLOCK
    assert block["role"] in ("setup", "component", "test", "run")
    assert type(block["line"]) is int and block["line"] >= 1
    assert block["action"] in ACTIONS
    assert block["status"] in STATUSES
    assert block["because"] and isinstance(block["because"], str)
    assert type(block["seconds"]) in (int, float) and block["seconds"] >= 0
    assert block["device"] == "cpu"
    assert all(isinstance(name, str) for name in block["figures"])
    assert len(block["digest"]) == 8 and int(block["digest"], 16) >= 0
    assert type(block["stale"]) is bool
    for test in block["tests"]:
        assert set(test) == TEST
        assert test["status"] in TEST_STATUSES
        assert test["device"] == "cpu"
    # places are for readers: no marks of ours around them
    assert "\x02" not in json.dumps(block, ensure_ascii=False)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ran]:
    """check, run, check and run again on one vault that has a bit of everything."""
    home = Home(tmp_path_factory.mktemp("json"))
    home.write("papers/Full note.md", FULL)
    home.write("Plain.md", "text\n")
    device = ("--device", "cpu")
    return {
        "check before": home.check(*device),
        "run": home.run(*device),
        "check after": home.check(*device),
        "run again": home.run(*device),
        "vault": Ran(0, json.dumps({"vault": str(home.vault)}), ""),
    }


@pytest.mark.parametrize("which", ["check before", "run", "check after", "run again"])
def test_the_form(told: dict[str, Ran], which: str) -> None:
    ran = told[which]
    assert ran.code == 1
    assert ran.err == ""
    check_form(ran.json)
    assert ran.json["vault"] == told["vault"].json["vault"]
    assert ran.json["device"] == "cpu"
    assert [note["note"] for note in ran.json["notes"]] == ["papers/Full note.md"]
    assert ran.out.count("\n") == 1 and ran.out.endswith("\n")


def by_id(ran: Ran, key: str) -> dict[str, Any]:
    (note,) = ran.json["notes"]
    return {block["id"]: block[key] for block in note["blocks"]}


def test_run_says_what_it_did(told: dict[str, Ran]) -> None:
    ran = told["run"]
    assert by_id(ran, "status") == {
        "c": "ok",
        "fine": "ok",
        "plot": "ok",
        "bad": "failed",
        "after-bad": "skipped",
        "slow": "skipped",
        "ends": "crashed",
        "faulty": "skipped",
        "t": "failed",
    }
    assert by_id(ran, "action") == {
        "c": "run",
        "fine": "run",
        "plot": "run",
        "bad": "run",
        "after-bad": "skip",
        "slow": "skip",
        "ends": "run",
        "faulty": "skip",
        "t": "run",
    }
    because = by_id(ran, "because")
    assert because["after-bad"] == "depends on `bad`, which failed"
    assert because["slow"] == "slow: runs only with --slow"
    assert by_id(ran, "figures")["plot"] == ["full_note-plot-1.png"]
    (note,) = ran.json["notes"]
    assert note["changed"]
    summary = ran.json["summary"]
    assert summary == {
        "ran": 6,
        "replayed": 0,
        "reused": 0,
        "ok": 3,
        "failed": 2,
        "timeout": 0,
        "crashed": 1,
        "skipped": 3,
        "stale": 0,
        "errors": 1,
        "warnings": 0,
    }


def test_run_tells_every_test(told: dict[str, Ran]) -> None:
    tests = {test["name"]: test for test in by_id(told["run"], "tests")["t"]}
    assert {name: test["status"] for name, test in tests.items()} == {
        "test_right": "passed",
        "test_wrong": "failed",
        "test_xfails": "xfailed",
        "test_skips": "skipped",
        "test_breaks": "error",
    }
    assert "assert 1 == 2" in tests["test_wrong"]["message"]
    assert tests["test_skips"]["message"] == "not now"
    assert "nothing" in tests["test_breaks"]["message"]


def test_check_says_what_run_would_do(told: dict[str, Ran]) -> None:
    before, after = told["check before"], told["check after"]
    assert by_id(before, "status") == dict.fromkeys(by_id(before, "status"))
    assert by_id(before, "action")["fine"] == "run"
    assert by_id(after, "action") == {
        "c": "reuse",
        "fine": "reuse",
        "plot": "reuse",
        "bad": "reuse",
        "after-bad": "reuse",
        "slow": "skip",
        "ends": "run",
        "faulty": "skip",
        "t": "reuse",
    }
    shown = by_id(after, "status")
    assert (shown["bad"], shown["ends"], shown["c"]) == ("failed", "crashed", None)
    assert not any(by_id(after, "stale").values())
    assert before.json["summary"]["stale"] == 7, "not the component and the faulty block"
    assert after.json["summary"]["warnings"] == 1, "check finds dead links"


def test_run_again_reuses(told: dict[str, Ran]) -> None:
    again = told["run again"]
    assert by_id(again, "status") == by_id(told["run"], "status")
    assert {id for id, action in by_id(again, "action").items() if action == "run"} == {"ends"}
    assert by_id(again, "tests") == by_id(told["run"], "tests")
    (note,) = again.json["notes"]
    assert not note["changed"]


def test_the_other_commands_answer_in_json_too(home: Home) -> None:
    home.write("N.md", fence("component", "c", "X = 1") + fence("run", "r", "print(X)"))
    explained = home.command("explain", "N.md#r", "--json")
    assert explained.code == 0
    check_form(explained.json)
    status = home.command("status", ".", "--json")
    assert status.code == 0
    (note,) = status.json["notes"]
    assert note["note"] == "N.md"
    trusted = home.command("trust", ".", "--json")
    assert trusted.json["vault"] == str(home.vault)


WRONG_USE = [
    ("run",),
    ("run", ".", "--frob"),
    ("run", "nowhere", "--trust"),
    ("run", ".", "--trust", "--workers", "0"),
    ("run", ".", "--trust", "--timeout", "-1"),
    ("run", ".", "--trust", "--device", "gpu"),
    ("run", ".", "--trust", "--device", "cuda:77"),
    ("run", ".", "--trust", "-k", "a and"),
    ("run", ".", "--trust", "-k", "(a"),
    ("run", ".", "..", "--trust"),
    ("explain", "N.md#nothing"),
    ("trust", ".", "--pin", "--revoke"),
    ("trust", ".", "--diff"),
    ("frobnicate", "."),
]


@pytest.mark.parametrize("arguments", WRONG_USE, ids=" ".join)
def test_wrong_use(home: Home, arguments: tuple[str, ...]) -> None:
    home.write("N.md", fence("run", "r", "print(1)"))
    before = home.files()
    ran = home.command(*arguments, "--json")
    assert (ran.code, ran.err) == (2, "")
    assert set(ran.json) == {"error"} and ran.json["error"]
    assert home.files() == before


def test_wrong_use_in_words(home: Home) -> None:
    home.write("N.md", fence("run", "r", "print(1)"))
    for arguments in (("run",), ("run", "nowhere", "--trust"), ("explain", "N.md#nothing")):
        ran = home.command(*arguments)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err and "Traceback" not in ran.err


def test_version_and_help(home: Home) -> None:
    version = home.command("--version")
    assert version.code == 0, version
    assert any(char.isdigit() for char in version.out)
    commands = ("run", "watch", "check", "status", "explain", "trust")
    words = home.command("--help")
    assert words.code == 0
    assert all(f"  {command}" in words.out for command in commands)
    for command in commands:
        assert home.command(command, "--help").code == 0


def test_several_notes_and_folders_at_once(home: Home) -> None:
    home.write(".obsidian/app.json", "{}")
    for path in ("a/One.md", "a/Two.md", "b/Three.md", "Four.md"):
        home.write(path, fence("run", "r", "print(1)"))
    ran = home.command("run", "a", "Four.md", "--trust", "--json")
    assert ran.code == 0
    assert [note["note"] for note in ran.json["notes"]] == ["Four.md", "a/One.md", "a/Two.md"]


def test_the_root_is_found_from_a_note(home: Home) -> None:
    home.write(".obsidian/app.json", "{}")
    home.write("deep/er/N.md", fence("run", "r", "print(1)"))
    ran = home.command("run", "deep/er/N.md", "--trust", "--json")
    assert ran.json["vault"] == str(home.vault)
    assert [note["note"] for note in ran.json["notes"]] == ["deep/er/N.md"]
