"""Blocks that suffer from one before them in their process, though they do not rest on it.

What a run of everything leaves has to be what a run of the suffering block alone leaves: the
neighbour costs it nothing but a second start, and a warning names it.
"""

from __future__ import annotations

import sys

import pytest
from vaults import Home, fence, statuses

from runner.report import Report

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals")
linux = pytest.mark.skipif(sys.platform != "linux", reason="the system bounds data on Linux only")

THREAD = "threading.Thread(target=go, daemon=True).start()"
# Name: (what the neighbour does, the options and source of the block behind it, of the warning).
NEIGHBOURS = {
    "a thread that exits": (
        ["import os, threading", "threading.Timer(0.1, lambda: os._exit(9)).start()"],
        ["import time", "time.sleep(0.5)"],
        "ended the process in which `next` ran",
    ),
    "a thread that crashes": (
        [
            "import ctypes, threading, time",
            "def go():",
            "    time.sleep(0.1)",
            "    ctypes.string_at(0)",
            THREAD,
        ],
        ["import time", "time.sleep(0.5)"],
        "ended the process in which `next` ran",
    ),
    "a thread that kills the process": (
        [
            "import os, signal, threading",
            "threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGKILL)).start()",
        ],
        ["import time", "time.sleep(0.5)"],
        "ended the process in which `next` ran",
    ),
    "a thread that lets nobody else run": (
        [
            "import ctypes, threading, time",
            "def go():",
            "    time.sleep(0.1)",
            "    ctypes.PyDLL(None).sleep(60)",
            THREAD,
        ],
        ["#| timeout: 1", "import time", "time.sleep(0.5)"],
        "still ran beside `next`",
    ),
    "a thread that prints": (
        [
            "import threading, time",
            "def go():",
            "    while True: print('tick'); time.sleep(0.01)",
            THREAD,
        ],
        ["import time", "time.sleep(0.5)"],
        "went on printing while `next` ran",
    ),
    "a process that prints": (
        [
            "import subprocess, sys",
            "code = 'import time\\nwhile True: print(\"tick\", flush=True); time.sleep(0.01)'",
            "subprocess.Popen([sys.executable, '-c', code]);",
        ],
        ["import time", "time.sleep(0.5)"],
        "went on printing while `next` ran",
    ),
    "many open files": (
        [
            "import socket",
            "held = []",
            "try:",
            "    while True: held.append(socket.socket())",
            "except OSError: pass",
        ],
        ["open('N.md').close()"],
        "left too little",
    ),
}


def vault_with(home: Home, neighbour: list[str], suffering: list[str], answer: str) -> None:
    """The id `next` runs behind `bad`, of which it knows nothing."""
    options = [line for line in suffering if line.startswith("#|")]
    source = [line for line in suffering if not line.startswith("#|")]
    home.write(
        "N.md",
        fence("run", "bad", *neighbour)
        + fence("run", "next", *options, *source, f"print('{answer}')")
        + fence("run", "last", "print('last')"),
    )


def warnings(report: Report) -> list[str]:
    return [problem.what for note in report.notes for problem in note.problems]


def region(home: Home, id: str) -> str:
    return home.read("N.md").split(f"<!-- runner:{id} ")[1].split("<!-- /runner -->")[0]


@posix
@pytest.mark.parametrize("name", NEIGHBOURS)
def test_a_neighbour_costs_a_second_start_and_a_warning(home: Home, name: str) -> None:
    neighbour, suffering, words = NEIGHBOURS[name]
    vault_with(home, neighbour, suffering, "one")
    report = home.session(workers=1)
    assert statuses(report) == {"bad": "ok", "next": "ok", "last": "ok"}
    (warning,) = warnings(report)
    assert words in warning and "`next` was run again" in warning
    assert report.is_fine(stale_counts=False)
    whole = region(home, "next")
    assert "one" in whole and "tick" not in whole
    # The same text by an edit and back, which leaves the neighbour out.
    home.edit("N.md", "print('one')", "print('two')")
    assert statuses(home.session(workers=1))["next"] == "ok"
    home.edit("N.md", "print('two')", "print('one')")
    assert warnings(home.session(workers=1)) == []
    assert region(home, "next") == whole


@linux
def test_what_a_neighbour_holds_fails_nobody(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNNER_MEMORY", "1.5")
    vault_with(home, ["held = bytearray(10**9)"], ["big = bytearray(10**9)"], "enough")
    home.write("N.md", home.read("N.md") + fence("test", "t", "assert len(bytearray(10**9))"))
    report = home.session(workers=1)
    assert set(statuses(report).values()) == {"ok"}
    assert warnings(report) == [
        "`bad` left too little memory for `next`: "
        "`next` was run again in a process of its own"
    ]  # fmt: skip
    assert "enough" in region(home, "next")


@linux
def test_who_took_the_memory_that_a_block_needs_is_named(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNNER_MEMORY", "1.5")
    vault_with(home, ["held = b'x' * 10**9"], ["big = held + held"], "never")
    report = home.session(workers=1)
    assert statuses(report) == {"bad": "ok", "next": "failed", "last": "ok"}
    assert "`bad` had taken 1.0 GB of it" in region(home, "next")
    assert warnings(report) == []


@posix
def test_what_a_needed_block_left_is_told_with_its_line(home: Home) -> None:
    source = [
        "import os, threading, time",
        "def go():",
        "    time.sleep(0.2)",
        "    os._exit(9)",
        THREAD,
    ]
    vault_with(home, source, ["go", "time.sleep(1)"], "never")
    report = home.session(workers=1)
    assert statuses(report) == {"bad": "ok", "next": "crashed", "last": "ok"}
    assert "the process ended with exit code 9 at N.md:5" in region(home, "next")
    assert warnings(report) == []


@posix
def test_a_block_that_dies_by_itself_dies_twice_and_nobody_is_warned_of(home: Home) -> None:
    vault_with(
        home, ["print('fine')"], ["open('begun', 'a').write('x')", "import os", "os._exit(3)"], ""
    )
    report = home.session(workers=1)
    assert statuses(report) == {"bad": "ok", "next": "crashed", "last": "ok"}
    assert "the process ended with exit code 3 at N.md:" in region(home, "next")
    assert home.read("begun") == "xx"
    assert warnings(report) == []


@posix
def test_a_component_at_which_a_process_ended_is_not_replayed_for_others(home: Home) -> None:
    home.write(
        "N.md",
        fence("component", "deadly", "open('begun', 'a').write('x')", "import os", "os._exit(3)")
        + fence("run", "r", "print('fine')")
        + fence("test", "uses", "assert r'x'")
        + fence("test", "taints", "import builtins", "builtins.mark = 1", "assert True"),
    )
    found = statuses(home.session(workers=1))
    assert found == {"deadly": "crashed", "r": "ok", "uses": "ok", "taints": "ok"}
    assert home.read("begun") == "x"
