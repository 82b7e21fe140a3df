"""Hostile names, notes and outputs on a terminal: nothing steers it, hides or forges a line."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vaults import LIMIT, Home, fence

from runner.answer import spelled, spelled_json

CLIPBOARD = "\x1b]52;c;aGk=\x07"
HOSTILE = f"{CLIPBOARD}\x1b[2J\x9b31m\u202eRTL\u200b\nforged ok"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("Note Ä 注 🙂.md:3: plain — words", "Note Ä 注 🙂.md:3: plain — words"),
        (click.style("ok", fg="green") + click.style("x", bold=True),) * 2,
        ("a\x1b[2Jb\x1b[8mc", r"a\x1b[2Jb\x1b[8mc"),
        (CLIPBOARD, r"\x1b]52;c;aGk=\x07"),
        ("\x1b]8;;http://e\x1b\\link", r"\x1b]8;;http://e\x1b" + "\\link"),
        ("\x9b31m\x7f\r\b", r"\x9b31m\x7f\r\x08"),
        ("one\ntwo\u2028three", r"one\ntwo\u2028three"),
        ("a\u202eb\u2066c\u200bd\ufeff", r"a\u202eb\u2066c\u200bd\ufeff"),
        ("\U0001f468\u200d\U0001f469 a\tb\u00a0c",) * 2,
        ("\U000e0041\ud800", r"\U000e0041\ud800"),
    ],
)
def test_a_line(line: str, shown: str) -> None:
    assert spelled(line) == shown


@given(st.text() | st.text("\x1b[]0;m\x07\\\r\n\x9b8\u202e2J"))
def test_no_line_steers_a_terminal(line: str) -> None:
    bare = click.unstyle(spelled(line))
    odd = {char for char in bare if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert odd <= {"\t", "\u200c", "\u200d"}


@given(st.text() | st.text('\x1b\x9b\ud800\U000e0041\u202e\\"\n'))
def test_a_document_keeps_its_meaning(text: str) -> None:
    document = spelled_json(json.dumps({text: [text]}, ensure_ascii=False))
    assert json.loads(document) == {text: [text]}
    assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in document)


def test_what_a_hostile_vault_makes_the_commands_say(home: Home) -> None:
    windows = sys.platform == "win32"  # where no file can bear such a name
    home.write(
        "N.md" if windows else f"N{HOSTILE}.md",
        '---\ndevice: "\\e]52;c;aGk=\\a"\n---\n'
        f"[[gone{CLIPBOARD}]] ![[gone\u202e.png]]\n\n"
        + fence("run", "a", f"raise ValueError({HOSTILE!r})")
        + fence("run", "b", f"#| {CLIPBOARD}: 1", "1")
        + fence("run", f"c{CLIPBOARD}", "1")
        + fence("test", "t", "def test_it():", f"    assert False, {HOSTILE!r}"),
    )
    runs = [("run", ".", "--trust"), ("check", "."), ("explain", "."), ("status", ".")]
    for command in runs:
        for ran in (home.command(*command), home.command(*command, "--json")):
            told = ran.out + ran.err
            assert not {"\x1b", "\x07", "\x9b", "\u202e", "\u200b"} & {*told}
            assert not any(line.startswith("forged") for line in told.splitlines())
            assert "52;c;aGk=" in told or (windows and command[0] == "status")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such shells and devices")
@pytest.mark.parametrize(
    ("streams", "code", "said"),
    [
        (">/dev/full", 2, "runner: the output cannot be written: no space left on device\n"),
        (">/dev/full 2>/dev/full", 2, ""),
        (">&-", 0, ""),
        ("2>&-", 0, ""),
        ("2>/dev/full", 0, ""),
    ],
)
def test_streams_that_take_nothing(home: Home, streams: str, code: int, said: str) -> None:
    if "full" in streams and not Path("/dev/full").exists():
        pytest.skip("has no disk that is always full")
    home.write("N.md", fence("run", "a", "1"))
    done = subprocess.run(
        f'"{sys.executable}" -m runner explain . {streams}',
        shell=True,
        cwd=home.vault,
        env={**home.env, "PYTHONPATH": str(Path(__file__).parents[1])},
        stderr=subprocess.PIPE,
        encoding="utf-8",
        timeout=LIMIT,
    )
    assert (done.returncode, done.stderr) == (code, said)
