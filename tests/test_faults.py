"""Blocks that do their worst: the other notes finish, the note says what happened, nobody stays.

Every process that a command starts, and all that these start, inherit a mark in their environment;
after the command none with that mark may be left.
"""

from __future__ import annotations

import os
import sys
import time
import uuid
from pathlib import Path

import pytest
from vaults import Home, Ran, fence

MARK = "RUNNER_TEST_MARK"
SLEEPER = "import time; time.sleep(600)"

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="finds what is left through /proc"
)


def left_behind(mark: str) -> list[str]:
    """The command lines of processes that carry the mark."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:  # it ended meanwhile, or is another user's
            continue
    return found


def run_marked(home: Home, *arguments: str, **env: str) -> tuple[Ran, list[str]]:
    """What a run left, and the processes that are left a moment after it."""
    mark = uuid.uuid4().hex
    ran = home.run("--workers", "2", *arguments, **{MARK: mark, **env})
    deadline = time.monotonic() + 5
    while (left := left_behind(mark)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return ran, left


def vault_with(home: Home, *source: str, options: tuple[str, ...] = ()) -> None:
    """A note whose middle block is the bad one, and another note."""
    bad = [f"#| {option}" for option in options]
    home.write(
        "Bad.md",
        fence("run", "before", "print('before', 1 + 1)")
        + fence("run", "bad", *bad, "print('begins', flush=True)", *source)
        + fence("run", "after", "print('after', 2 + 2)")
        + fence("test", "t", "assert True"),
    )
    home.write("Good.md", fence("run", "good", "print('good', 3 + 3)") + fence("test", "g", "pass"))


DAEMON = (
    "import os, time",
    "if os.fork() == 0:",
    "    os.setsid()",
    "    if os.fork() == 0: time.sleep(600)",
    "    os._exit(0)",
    "os.wait()",
)

# Name: (source, options, status, words of the note). `LINE`: that line's number is in the note.
FAULTS = {
    "an infinite loop": (
        ["while True: pass  # LINE"],
        ["timeout: 1"],
        "timeout",
        "time limit of 1 s",
    ),
    "an exit": (["import os", "os._exit(7)  # LINE"], [], "crashed", "exit code 7"),
    "a segfault": (["import ctypes", "ctypes.string_at(0)  # LINE"], [], "crashed", "SIGSEGV"),
    "an abort": (["import os", "os.abort()  # LINE"], [], "crashed", "SIGABRT"),
    "no end of recursion": (
        ["def f(n): return f(n + 1)  # LINE", "f(0)"],
        [],
        "failed",
        "RecursionError",
    ),
    "recursion in C": (
        [
            "import sys",
            "sys.setrecursionlimit(10**9)",
            "class A: __repr__ = lambda self: repr([self])  # LINE",
            "repr(A())",
        ],
        [],
        *(("crashed", "SIGSEGV") if sys.version_info < (3, 12) else ("failed", "RecursionError")),
    ),
    "signals that are ignored": (
        [
            "import signal, time",
            "for s in (signal.SIGINT, signal.SIGTERM): signal.signal(s, signal.SIG_IGN)",
            "while True: time.sleep(0.1)  # LINE",
        ],
        ["timeout: 1"],
        "timeout",
        "time limit of 1 s",
    ),
    "an interrupt that is swallowed": (
        [
            "import time",
            "while True:",
            "    try: time.sleep(60)  # LINE",
            "    except BaseException: pass",
        ],
        ["timeout: 1"],
        "timeout",
        "time limit of 1 s",
    ),
    "closed descriptors": (
        ["import os", "os.closerange(0, 5000)", "print('gone')"],
        [],
        "crashed",
        "it closed the streams of its process",
    ),
    "closed descriptors as daemons close them": (
        ["import os", "os.closerange(0, 256)", "print('there')"],
        [],
        "ok",
        "there",
    ),
    "100 MB printed": (
        ["for _ in range(100): print('x' * 99, end='\\n' * 1); print('y' * 10**6)"],
        [],
        "ok",
        ".txt",
    ),
    "threads that never end": (
        [
            "import threading, time",
            "for _ in range(300): threading.Thread(target=time.sleep, args=(600,)).start()",
        ],
        [],
        "ok",
        "begins",
    ),
    "a bomb of threads": (
        [
            "import threading, time",
            "def bomb():",
            "    threading.Thread(target=bomb).start(); time.sleep(600)",
            "bomb(); time.sleep(600)  # LINE",
        ],
        ["timeout: 1"],
        "timeout",
        "time limit of 1 s",
    ),
    "a child left behind": (
        ["import subprocess, sys", f"subprocess.Popen([sys.executable, '-c', {SLEEPER!r}])"],
        [],
        "ok",
        "begins",
    ),
    "a child that ignores the end": (
        [
            "import subprocess, sys",
            "code = 'import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)'",
            "subprocess.Popen([sys.executable, '-c', code])",
        ],
        [],
        "ok",
        "begins",
    ),
    "a grandchild that holds our pipes": (
        [
            "import os, time",
            "if os.fork() == 0:",
            "    if os.fork() == 0: time.sleep(600)",
            "    os._exit(0)",
        ],
        [],
        "ok",
        "begins",
    ),
    "a daemon in a session of its own": (
        [
            "import subprocess, sys",
            f"subprocess.Popen([sys.executable, '-c', {SLEEPER!r}], start_new_session=True)",
        ],
        [],
        "ok",
        "begins",
    ),
    "a daemon that forked twice": (DAEMON, [], "ok", "begins"),
    "a daemon of a block that hangs": (
        [*DAEMON, "while True: pass  # LINE"],
        ["timeout: 1"],
        "timeout",
        "time limit of 1 s",
    ),
    "a daemon of a block that crashes": (
        [*DAEMON, "import ctypes", "ctypes.string_at(0)  # LINE"],
        [],
        "crashed",
        "SIGSEGV",
    ),
    "a daemon of a block that is killed": (
        [*DAEMON, "import signal", "os.kill(os.getpid(), signal.SIGKILL)"],
        [],
        "crashed",
        "SIGKILL",
    ),
    "a daemon of a block that exits": (
        [*DAEMON, "os._exit(7)  # LINE"],
        [],
        "crashed",
        "exit code 7",
    ),
    "the end of the process that runs it": (
        ["import os, signal", "os.kill(os.getppid(), signal.SIGKILL)  # LINE"],
        [],
        "failed",
        "cannot be ended here",
    ),
    "a process that stops itself": (
        ["import os, signal", "os.kill(os.getpid(), signal.SIGSTOP)  # LINE"],
        ["timeout: 1"],
        "timeout",
        "still running at Bad.md",
    ),
    "nobody to ask": (["input('who? ')  # LINE"], [], "failed", "nobody can type here"),
    "nobody to debug": (["x = 1", "breakpoint()", "print(x)"], [], "failed", "pytest --pdb"),
    "no event loop": (
        ["import asyncio", "await asyncio.sleep(0)  # LINE"],
        [],
        "failed",
        "asyncio.run(…)",
    ),
    "an end by a message": (["import sys", "sys.exit('enough')  # LINE"], [], "failed", "enough"),
    "an interrupt of its own": (
        ["raise KeyboardInterrupt  # LINE"],
        [],
        "failed",
        "KeyboardInterrupt",
    ),
    "a thread that goes on printing": (
        [
            "import threading, time",
            "def go():",
            "    while True: print('tick', flush=True); time.sleep(0.01)",
            "threading.Thread(target=go).start()",
            "time.sleep(0.1)",
        ],
        [],
        "ok",
        "tick",
    ),
    "pools left open": (
        [
            "import multiprocessing as m",
            "from concurrent.futures import ProcessPoolExecutor",
            "pools = [m.get_context(kind).Pool(1) for kind in ('fork', 'spawn')]",
            "print([pool.map(abs, [-1]) for pool in pools])",
            "print(list(ProcessPoolExecutor(1).map(abs, [-2])))",
        ],
        [],
        "ok",
        "[[1], [1]]",
    ),
    "a lock held at the end": (
        [
            "import threading",
            "lock = threading.Lock()",
            "def holds():",
            "    with lock: yield",
            "held = holds()",
            "next(held)",
        ],
        [],
        "ok",
        "begins",
    ),
    "an end by a timer of faulthandler": (
        [
            "import faulthandler, time",
            "faulthandler.dump_traceback_later(0.3, exit=True)",
            "time.sleep(60)  # LINE",
        ],
        [],
        "crashed",
        "exit code 1",
    ),
    "no faulthandler": (
        ["import ctypes, faulthandler", "faulthandler.disable()", "ctypes.string_at(0)"],
        [],
        "crashed",
        "SIGSEGV",
    ),
    "a fork that comes back": (
        ["import os", "pid = os.fork()", "print('parent' if pid else 'child')"],
        [],
        "ok",
        "parent",
    ),
    "no standard output": (["import sys", "sys.stdout = sys.stderr = None"], [], "ok", "begins"),
    "closed standard output": (["import sys", "sys.stdout.close()"], [], "", "begins"),
    "closed file descriptors of output": (
        ["import os", "os.close(1); os.close(2)"],
        [],
        "",
        "begins",
    ),
    "a deleted working folder": (
        [
            "import os, shutil, tempfile",
            "os.chdir(tempfile.mkdtemp())",
            "shutil.rmtree(os.getcwd())",
        ],
        [],
        "ok",
        "begins",
    ),
    "a broken builtin": (
        ["import builtins, os", "builtins.open = os.open = builtins.len = None"],
        [],
        "",
        "",
    ),
    "an exception that cannot be shown": (
        ["class E(Exception):", "    def __str__(self): raise self", "raise E  # LINE"],
        [],
        "failed",
        "E",
    ),
}
# These change something global before they die.
GLOBAL = {"signals that are ignored", "recursion in C", "a broken builtin", "no standard output"}
GLOBAL |= {"nobody to debug", "no faulthandler"}


@needs_proc
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_costs_its_block(home: Home, fault: str) -> None:
    source, options, status, words = FAULTS[fault]
    vault_with(home, *source, options=tuple(options))
    ran, left = run_marked(home)
    assert "Traceback" not in ran.err, ran.err
    found = {place: block["status"] for place, block in ran.blocks().items()}
    assert left == [], "processes are left"
    assert status in ("", found["Bad.md#bad"]), found
    others = {place: found[place] for place in found if place != "Bad.md#bad"}
    if fault in GLOBAL and found["Bad.md#bad"] != "ok":
        assert others.pop("Bad.md#after") == "skipped", "what rests on a lost global setting"
    assert set(others.values()) == {"ok"}, found
    note = home.read("Bad.md")
    assert "before 2" in note and "good 6" in home.read("Good.md")
    assert "after 4" in note or fault in GLOBAL
    region = note.split("<!-- runner:bad ")[1].split("<!-- /runner -->")[0]
    assert words in region, region
    marked = [n for n, line in enumerate(note.split("\n"), 1) if line.endswith("# LINE")]
    assert not marked or f"Bad.md:{marked[0]}" in region, region


@needs_proc
@pytest.mark.skipif(sys.platform != "linux", reason="where the limit is the system's")
def test_memory_that_the_machine_lacks(home: Home) -> None:
    vault_with(home, "hoard = [bytes(10**8) for _ in range(100)]  # LINE", "print(len(hoard))")
    ran, left = run_marked(home, RUNNER_MEMORY="1")
    found = {place: block["status"] for place, block in ran.blocks().items()}
    assert left == []
    assert found.pop("Bad.md#bad") in ("failed", "crashed")
    assert set(found.values()) == {"ok"}
    region = home.read("Bad.md").split("<!-- runner:bad ")[1].split("<!-- /runner -->")[0]
    line = (
        home.read("Bad.md").split("\n").index("hoard = [bytes(10**8) for _ in range(100)]  # LINE")
    )
    assert "memory" in region.lower() and f"Bad.md:{line + 1}" in region


@needs_proc
def test_bad_blocks_of_many_notes_at_once(home: Home) -> None:
    """Each costs its own note."""
    for number, source in enumerate(
        ("import os; os._exit(1)", "import os; os.kill(0, 9)", "1 / 0")
    ):
        home.write(f"{number}.md", fence("run", f"bad{number}", source) + fence("run", "fine", "7"))
    home.write("Good.md", fence("run", "good", "print('good')"))
    ran, left = run_marked(home)
    found = {place: block["status"] for place, block in ran.blocks().items()}
    assert left == []
    assert [found[f"{n}.md#bad{n}"] for n in range(3)] == ["crashed", "crashed", "failed"]
    assert {found[f"{n}.md#fine"] for n in range(3)} == {"ok"}
    assert found["Good.md#good"] == "ok"
