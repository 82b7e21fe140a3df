"""What the world does to a run: Ctrl-C, notes that cannot be written, full worker deaths."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from vaults import Home, fence, statuses

LONG = fence("run", "long", "import time", "open('begun', 'w').close()", "time.sleep(100)")


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT for a single process there")
def test_ctrl_c_writes_what_is_finished(home: Home) -> None:
    home.write("A.md", fence("run", "a", "print('finished')"))
    home.write("B.md", fence("run", "b", "print('finished too')") + LONG)
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "run", ".", "--trust", "--workers", "1"],
        cwd=home.vault,
        env={**home.env, "PYTHONPATH": str(Path(__file__).parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not (home.vault / "begun").exists():
            assert time.monotonic() < deadline, "the long block never began"
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 1
    assert "Traceback" not in err and "stopped" in out + err
    assert "finished" in home.read("A.md").split("runner:a")[1]
    assert "finished too" in home.read("B.md").split("runner:b")[1]
    assert "runner:long" not in home.read("B.md")
    again = home.check()
    assert {place: block["action"] for place, block in again.blocks().items()} == {
        "A.md#a": "reuse",
        "B.md#b": "reuse",
        "B.md#long": "run",
    }


def test_a_read_only_note_is_told_and_left(home: Home) -> None:
    note = home.write("N.md", fence("run", "a", "print(1)"))
    home.write("Other.md", fence("run", "b", "print(2)"))
    note.chmod(stat.S_IREAD)
    before = home.files()
    try:
        ran = home.run()
    finally:
        note.chmod(stat.S_IREAD | stat.S_IWRITE)
    assert ran.code == 1
    assert before.changed(home.files()) == {"Other.md"}
    (problem,) = [line for line in ran.problems() if line.startswith("N.md")]
    assert "read-only" in problem and ": error: " in problem
    assert str(home.vault) not in problem, "messages use root-relative paths"
    assert ran.blocks()["N.md#a"]["status"] == "ok"
    later = home.run()
    assert later.actions()["N.md#a"] == "reuse", "what it found is not lost"
    assert "runner:a" in home.read("N.md")


def test_a_read_only_note_is_written_once_it_may_be(home: Home) -> None:
    note = home.write("N.md", fence("run", "a", "print(1)"))
    note.chmod(stat.S_IREAD)
    try:
        assert [home.run().code for _ in range(3)] == [1, 1, 1]
    finally:
        note.chmod(stat.S_IREAD | stat.S_IWRITE)
    assert home.run().code == 0
    assert "runner:a" in home.read("N.md")


@pytest.mark.parametrize("name", ["PYTHONOPTIMIZE", "PYTHONWARNINGS", "PYTHONDEVMODE"])
def test_the_users_switches_of_python_do_not_reach_the_blocks(home: Home, name: str) -> None:
    home.write("N.md", fence("run", "asserts", "open('N.md').read()", "assert False"))
    value = {"PYTHONOPTIMIZE": "2", "PYTHONWARNINGS": "always", "PYTHONDEVMODE": "1"}[name]
    ran = home.run(**{name: value})
    assert ran.blocks()["N.md#asserts"]["status"] == "failed"
    assert "ResourceWarning" not in home.read("N.md")


DEATHS = {
    "exit": "import os; os._exit(0)",
    "segfault": "import ctypes; ctypes.string_at(0)",
    "abort": "import os; os.abort()",
    "closed streams": "import os\nfor n in range(3, 50):\n    try:\n        os.close(n)\n"
    "    except OSError:\n        pass",
    "killed": "import os, signal, time\ntime.sleep(0.3); os.kill(os.getpid(), signal.SIGKILL)",
    "ended": "import os, signal, time\ntime.sleep(0.3); os.kill(os.getpid(), signal.SIGTERM)",
    "recursion": "def f(): return f()\nf()",
}


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("source", DEATHS.values(), ids=DEATHS)
def test_a_dying_block_costs_itself(home: Home, source: str) -> None:
    home.write(
        "N.md",
        fence("component", "c", "X = 1")
        + fence("run", "before", "print('before', X)")
        + fence("run", "dies", "print('dying', flush=True)", *source.split("\n"))
        + fence("run", "after", "print('after', X)")
        + fence("test", "t", "assert X == 1"),
    )
    home.write("Other.md", fence("run", "other", "print('other')"))
    found = statuses(home.session())
    dead = found.pop("dies")
    assert dead in ("crashed", "failed", "ok")
    assert set(found.values()) == {"ok"}
    text = home.read("N.md")
    assert "before 1" in text and "after 1" in text
    if dead == "crashed":
        first = text.split("\n").index(source.split("\n")[0]) + 1
        lines = range(first - 1, first + len(source.split("\n")))  # from the line that prints
        assert any(f"N.md:{line}" in text for line in lines), "the parent says where it was"


def test_a_component_that_dies_skips_its_users(home: Home) -> None:
    home.write(
        "N.md",
        fence("component", "c", "import os", "os._exit(3)", "X = 1")
        + fence("run", "user", "print(X)")
        + fence("run", "apart", "print('apart')")
        + fence("test", "t", "assert 1"),
    )
    found = statuses(home.session())
    assert (found["c"], found["user"], found["apart"]) == ("crashed", "skipped", "ok")


def test_no_process_is_left_behind(home: Home) -> None:
    home.write(
        "N.md",
        fence(
            "run",
            "spawns",
            "import os, subprocess, sys",
            "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])",
            "print('pid', os.getpid())",
        ),
    )
    ran = home.run()
    assert ran.code == 0
    pid = int(home.read("N.md").split("pid ")[1].split()[0])
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_blocks_do_not_see_our_environment_or_files(home: Home) -> None:
    """A block's process has no names, arguments or folders of ours to stumble over."""
    home.write("test.py", "VALUE = 'mine'\n")
    home.write("result.py", "VALUE = 'also mine'\n")
    home.write(
        "N.md",
        fence("run", "names", "print(sorted(n for n in dir() if not n.startswith('__')))")
        + fence("run", "imports", "import result, test", "print(test.VALUE, result.VALUE)")
        + fence("run", "argv", "import sys", "print(sys.argv, __name__)"),
    )
    assert set(statuses(home.session()).values()) == {"ok"}
    text = home.read("N.md")
    assert "\n[]\n" in text
    assert "mine also mine" in text
    assert "vault.n" in text


def test_input_ends_at_once(home: Home) -> None:
    home.write("N.md", fence("run", "asks", "input('name? ')"))
    assert statuses(home.session()) == {"asks": "failed"}
    assert "EOFError" in home.read("N.md")


def test_the_matrix_is_filled_and_stays(home: Home) -> None:
    home.write(
        "ViT.md",
        "> Patches. [[p.pdf#page=3&selection=1,2,3,4]]\n\n^q-1\n\n"
        + fence("component", "patchify", "def patchify(x): return x")
        + fence("test", "t", "assert patchify(1) == 1")
        + "<!-- runner-matrix -->\n<!-- /runner -->\n",
    )
    home.write("other/Index.md", "<!-- runner-matrix -->\n\nold\n\n<!-- /runner -->\n")
    home.session()
    assert "| [[#^q-1\\|Patches.]] | `patchify` | `t` | ok |" in home.read("ViT.md")
    assert "old" not in home.read("other/Index.md"), "its folder has no quotes"
    before = home.files()
    home.session()
    assert home.files() == before
    home.edit("ViT.md", "assert patchify(1) == 1", "assert patchify(1) == 2")
    home.session()
    assert "| `t` | failed |" in home.read("ViT.md")


def test_a_matrix_that_a_formatter_padded_stays(home: Home) -> None:
    home.write(
        "N.md", fence("test", "t", "assert 1") + "<!-- runner-matrix -->\n<!-- /runner -->\n"
    )
    home.write(
        "Q.md", "> Patches.\n> [[paper.pdf#page=2]] ^q-1\n\n" + fence("component", "c", "X = 1")
    )
    home.session()
    text = home.read("N.md")
    row = next(line for line in text.splitlines() if "Patches" in line)
    quote, *cells = row.removeprefix("| ").removesuffix(" |").split(" | ")
    padded = f"| {quote} | {' | '.join(cell.ljust(12) for cell in cells)} |"
    home.write("N.md", text.replace(row, padded).replace("|---|---|", "| ----- | --- |"))
    before = home.files()
    home.session()
    assert home.files() == before
    home.edit("Q.md", "Patches", "Pieces")
    home.session()
    assert "Pieces" in home.read("N.md") and padded not in home.read("N.md")


def test_a_matrix_covers_its_folder_and_those_below(home: Home) -> None:
    quote = "> Words. [[p.pdf#page=3&selection=1,2,3,4]]\n\n^q-1\n\n"
    home.write("papers/Index.md", "<!-- runner-matrix -->\n<!-- /runner -->\n")
    home.write("papers/A.md", quote + fence("component", "a", "A = 1"))
    home.write("B.md", quote + fence("component", "b", "B = 1"))
    home.session()
    text = home.read("papers/Index.md")
    assert "[[A#^q-1\\|Words.]]" in text and "[[B#" not in text


def test_several_devices_of_a_machine_with_one(home: Home) -> None:
    home.write("N.md", fence("test", "t", "def test_a(): pass") + fence("run", "r", "print(1)"))
    ran = home.run("--device", "cpu,cpu")
    assert ran.code == 0
    assert ran.json["device"] == "cpu"
    assert "<!-- runner:t" in home.read("N.md")


def test_torch_loads_for_notes_that_name_the_device_alone(home: Home) -> None:
    home.write("Plain.md", fence("run", "plain", "import sys", "print('torch' in sys.modules)"))
    home.write(
        "Torch.md",
        fence("setup", "imports", "import torch")
        + fence("run", "names", "print(device, torch.zeros(1, device=device).device)")
        + fence("run", "draws", "print(torch.rand(1).item())")
        + fence(
            "test", "t", "def test_device(device):", "    assert device == torch.device('cpu')"
        ),
    )
    assert set(statuses(home.session(device="cpu")).values()) == {"ok"}
    assert "False" in home.read("Plain.md")
    assert "cpu cpu" in home.read("Torch.md")
    drawn = home.read("Torch.md")
    home.session(device="cpu", force=True)
    assert home.read("Torch.md") == drawn, "seeded"


def test_frames_of_files_beside_the_notes_are_named_from_the_root(home: Home) -> None:
    """The same vault in another folder shows the same."""
    home.write("papers/aid.py", "def inner(x):\n    return 1 / x\n")
    home.write("papers/N.md", fence("run", "a", "from aid import inner", "inner(0)"))
    printed = ["import sys, traceback", "from aid import inner", "try:", "    inner(0)"]
    printed += ["except ZeroDivisionError:", "    traceback.print_exc(file=sys.stdout)"]
    home.write("papers/M.md", fence("run", "b", *printed))
    home.session()
    text = home.read("papers/N.md") + home.read("papers/M.md")
    assert "papers/aid.py:2 in inner: return 1 / x" in text
    assert 'File "papers/aid.py", line 2' in text
    assert str(home.vault) not in text
