"""Wrong use, and what is said of it: one line with the remedy, and the exit code that fits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from vaults import Home, fence

from runner.answer import UNTRUSTED, Refusal
from runner.opening import open_to_execute


@pytest.fixture
def vault(home: Home) -> Home:
    home.write(".runner.toml", "")
    home.write("sub/A.md", fence("run", "a", "print(1)") + fence("run", "b", "print(2)"))
    home.write("sub/x.txt", "text")
    return home


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", ".", "--trust", "--timeout", "nan"), "nan is no number of seconds"),
        (("run", ".", "--trust", "--timeout", "inf"), "inf is no number of seconds"),
        (("watch", ".", "--trust", "--quiet", "inf"), "inf is no number of seconds"),
        (("run", ".", "--trust", "--device", ""), "names none"),
        (("check", ".", "--device", " "), "names none"),
        (("watch", "sub/x.txt", "--trust"), "sub/x.txt cannot be run or checked: it is no note"),
        (("explain", "sub/A.md#zz"), "sub/A.md has no block `zz`: name one of `a`, `b`"),
        (("quotes", "link", "no.pdf", "words"), "no.pdf does not exist: name a PDF"),
        (("undo", "sub"), "is no file: name a note"),
    ],
)
def test_refusals(vault: Home, arguments: tuple[str, ...], words: str) -> None:
    ran = vault.command(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err and "Traceback" not in ran.err


def test_explain_answers_for_the_block_that_was_named(vault: Home) -> None:
    assert list(vault.command("explain", "sub/A.md#b", "--json").blocks()) == ["sub/A.md#b"]


def test_a_selection_that_matches_nothing_is_told(vault: Home) -> None:
    assert "no block matches -k `zz`" in vault.command("run", ".", "--trust", "-k", "zz").err
    assert vault.command("run", ".", "--trust", "-k", "sub").err == ""


def test_undo_says_what_becomes_of_later_words(vault: Home) -> None:
    vault.run()
    written = vault.read("sub/A.md") + "typed since\n"
    vault.write("sub/A.md", written)
    last = vault.command("undo", str(vault.vault / "sub" / "A.md")).out.splitlines()[-1]
    assert last.startswith("sub/A.md is as it was before the last writes, without what was changed")
    assert vault.command("undo", "sub/A.md").code == 0
    assert vault.read("sub/A.md") == written


@pytest.mark.parametrize("ending", [click.Abort, None])
def test_a_question_that_is_not_answered_yes(
    home: Home, monkeypatch: pytest.MonkeyPatch, ending: type[Exception] | None
) -> None:
    def asked(*_: object, **__: object) -> bool:
        if ending is not None:  # Ctrl-D
            raise ending
        return False

    monkeypatch.setattr(click, "confirm", asked)
    for stream in (sys.stdin, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    with pytest.raises(Refusal) as refused:
        open_to_execute([home.vault], leave=False)
    assert refused.value.code == UNTRUSTED


def test_a_second_watch_says_only_why_it_ends(vault: Home) -> None:
    first = subprocess.Popen(
        [sys.executable, "-m", "runner", "watch", ".", "--trust"],
        cwd=vault.vault,
        env={**vault.env, "PYTHONPATH": str(Path(__file__).parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    try:
        assert first.stdout is not None
        lines = iter(first.stdout.readline, "")
        assert any("1 ran" in line or "2 ran" in line for line in lines)
        second = vault.command("watch", ".", "--trust")
    finally:
        first.kill()
        first.communicate()
    assert (second.code, second.out) == (2, "")
    assert len(second.err.splitlines()) == 1 and "already watched" in second.err
