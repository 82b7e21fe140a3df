"""A file that is read counts for those blocks that it may have reached, and for no other."""

from __future__ import annotations

import pytest
from vaults import Home, fence, ran

SHOW = fence("run", "other", "print(1)")
READ = "open('data.txt').read()"

# What names the file, reads it or shows what it holds runs again after it changed.
WAYS: dict[str, tuple[str, set[str]]] = {
    "a block": (fence("run", "plot", f"print({READ})") + SHOW, {"plot"}),
    "a library, for a block": (
        fence("run", "plot", "import numpy as np", "print(np.loadtxt('data.txt'))") + SHOW,
        {"plot"},
    ),
    "a name, for another block": (
        fence("run", "load", f"text = {READ}") + fence("run", "plot", "print(text)") + SHOW,
        {"load", "plot"},
    ),
    "an open file, for another block": (
        fence("run", "load", "file = open('data.txt')")
        + fence("run", "plot", "print(file.read())", "file.close()")
        + SHOW,
        {"load", "plot"},
    ),
    "a generator, for another block": (
        fence("component", "lines", "def lines():", "    with open('data.txt') as f: yield from f")
        + fence("run", "load", "left = lines()")
        + fence("run", "plot", "print(next(left))")
        + SHOW,
        {"lines", "load", "plot"},
    ),
    "a component": (
        fence("component", "load", f"def load(): return {READ}")
        + fence("run", "plot", "print(load())")
        + SHOW,
        {"load", "plot"},
    ),
    "a component that remembers": (
        fence("setup", "s", "from functools import cache")
        + fence("component", "load", "@cache", f"def load(): return {READ}")
        + fence("run", "plot", "print(load())")
        + fence("run", "again", "print(load())")
        + SHOW,
        {"load", "plot", "again"},
    ),
    "a helper that remembers": (
        fence("run", "plot", "import helper", "print(helper.load())")
        + fence("run", "other", "import helper", "print(helper.load())"),
        {"plot", "other"},
    ),
    "a helper, while it is imported": (
        fence("run", "plot", "import reading", "print(reading.TEXT)")
        + fence("run", "other", "import reading", "print(reading.TEXT)"),
        {"plot", "other"},
    ),
    "another note, while it is imported": (
        fence("run", "plot", "from vault.n0 import TEXT", "print(TEXT)")
        + fence("run", "other", "from vault.n0 import TEXT", "print(TEXT)"),
        {"plot", "other"},
    ),
    "a thread": (
        fence("setup", "s", "import threading", "found = []")
        + fence(
            "run",
            "load",
            f"thread = threading.Thread(target=lambda: found.append({READ}))",
            "thread.start()",
        )
        + fence("run", "plot", "thread.join()", "print(found)"),
        {"load", "plot"},
    ),
    "a test": (
        fence("test", "t", f"def test_t(): assert {READ} in '12'")
        + fence("test", "u", "def test_u(): assert True"),
        {"t"},
    ),
}


@pytest.mark.parametrize(("text", "concerned"), WAYS.values(), ids=WAYS)
def test_what_a_file_may_have_reached_runs_again(
    home: Home, text: str, concerned: set[str]
) -> None:
    home.write("data.txt", "1")
    home.write(
        "helper.py",
        f"from functools import cache\n@cache\ndef load():\n    return {READ}\n",
    )
    home.write("reading.py", f"TEXT = {READ}\n")
    home.write("N0.md", fence("component", "text", f"TEXT = {READ}"))
    home.write("N.md", text)
    home.session()
    assert ran(home.session()) == set()
    home.write("data.txt", "2")
    assert ran(home.session()) == concerned | {"text"}
    found = home.read("N.md")
    home.session(force=True)
    assert home.read("N.md") == found


def test_a_result_is_announced_as_unsure_while_its_file_is_made_anew(home: Home) -> None:
    home.write("N.md", fence("run", "w", "with open(f'{1}.txt', 'w') as f: print('a', file=f)"))
    home.write("R.md", fence("run", "r", "print(open('1.txt').read())"))
    home.session()
    assert "unchanged." in home.command("explain", str(home.vault / "R.md")).out
    home.edit("N.md", "'a'", "'b'")
    said = home.command("explain", str(home.vault)).out
    assert "`r` would be reused: unchanged, if `w` in N.md writes 1.txt as before." in said
    assert ran(home.session()) == {"w", "r"}
