"""A block that takes too much memory: told with the limit, and the others go on."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from lanes import a_pool, block, job, note, run
from vaults import Home, fence, statuses

from runner import memory
from runner.job import Mode, Step
from runner.result import Status

GB = 10**9
SAID = "a worker may take 1.5 GB of memory: set the environment variable RUNNER_MEMORY to more GB"
linux = pytest.mark.skipif(sys.platform != "linux", reason="the system bounds data on Linux only")


# --- how much ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "bytes_"), [("2", 2 * GB), ("0.5", GB // 2), ("0", 0), ("-1", 0), (" 3 ", 3 * GB)]
)
def test_the_limit_that_the_user_states(
    stated: str, bytes_: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNNER_MEMORY", stated)
    assert memory.limit() == bytes_


@pytest.mark.parametrize("stated", ["", "a lot", "2GB", "inf", "nan"])
def test_a_limit_that_is_no_number(stated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNNER_MEMORY", stated)
    with pytest.raises(ValueError, match="RUNNER_MEMORY"):
        memory.limit()


def test_nonsense_is_a_wrong_use_of_the_command(home: Home) -> None:
    home.write("N.md", fence("run", "r", "1"))
    ran = home.command("run", ".", "--trust", RUNNER_MEMORY="much")
    assert ran.code == 2
    assert "RUNNER_MEMORY is `much`, which is no number: give" in ran.err


def test_without_a_word_it_is_a_share_of_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNNER_MEMORY", raising=False)
    assert 0 < memory.resident() < 1.1 * memory.peak() < memory.limit()  # kernels count roughly
    monkeypatch.setattr(memory, "_machine", lambda: 16 * GB)
    assert memory.limit() == 12 * GB


@linux
@pytest.mark.parametrize(
    ("cgroup", "files", "limits"),
    [
        ("0::/\n", {"memory.max": "max\n"}, []),
        ("0::/\n", {"memory.max": "5000\n"}, [5000]),
        ("0::/a/b\n", {"a/b/memory.max": "700", "a/memory.max": "600", "memory.max": "max"}, [700]),
        (
            "5:cpu:/x\n4:memory:/box\n",
            {"memory/box/memory.limit_in_bytes": "800", "cpu/x/memory.max": "1"},
            [800],
        ),
        ("nonsense", {}, []),
    ],
)
def test_a_container_has_less_than_the_machine(
    cgroup: str,
    files: dict[str, str],
    limits: list[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listing, tree = tmp_path / "cgroup", tmp_path / "fs"
    listing.write_text(cgroup)
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    monkeypatch.setattr(memory, "_MEMBERSHIP", str(listing))
    monkeypatch.setattr(memory, "_CGROUPS", str(tree))
    found = list(memory._container_limits())
    assert found[: len(limits)] == limits
    assert bool(found) == bool(limits)


# --- what happens at the limit -------------------------------------------------------------------


@linux
def test_who_asks_for_too_much_fails_and_the_others_go_on(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNNER_MEMORY", "1.5")
    home.write(
        "Big.md",
        fence("run", "at_once", "x = bytearray(10 * 10**9)")
        + fence("run", "by_and_by", "held = []", "while True: held.append(bytearray(10**7))")
        + fence("run", "caught", "try: bytearray(10**10)", "except MemoryError: print('caught')")
        + fence("test", "tested", "def test_it(): bytearray(10**10)")
        + fence("run", "after", "print('after')"),
    )
    home.write("Other.md", fence("run", "other", "print('other')"))
    assert statuses(home.session()) == {
        "at_once": "failed",
        "by_and_by": "failed",
        "caught": "ok",
        "tested": "failed",
        "after": "ok",
        "other": "ok",
    }
    text = home.read("Big.md")
    assert text.count(SAID) == 3
    assert "Big.md:2: MemoryError" in text


@linux
def test_what_follows_has_all_the_memory_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The traceback, and what the block stored, would hold it for as long as the process lives."""
    monkeypatch.setenv("RUNNER_MEMORY", "1.5")
    home.write(
        "N.md",
        fence("setup", "start", "held = []", "size = 10**9")
        + fence("run", "hoard", "while True: held.append(bytearray(10**7))")
        + fence("run", "big", "print('has', len(bytearray(size)), 'of', len(held))")
        + fence("run", "of_hoard", "#| needs: [hoard]", "print(len(held))")
        + fence("run", "again", "other = []", "while True: other.append(bytearray(10**7))")
        + fence("run", "last", "print('has', len(bytearray(size)))"),
    )
    home.write("Other.md", fence("run", "other", "print('other')"))
    assert statuses(home.session()) == {
        "start": "ok",
        "hoard": "failed",
        "big": "skipped",
        "of_hoard": "skipped",
        "again": "failed",
        "last": "ok",
        "other": "ok",
    }
    text = home.read("N.md")
    assert "has 1000000000 of" not in text and "has 1000000000" in text
    assert text.count(SAID) == 2


@linux
def test_torch_is_told_the_limit_too(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setenv("RUNNER_MEMORY", "1.5")
    home.write("N.md", fence("run", "r", "import torch", "torch.empty(10**10)"))
    home.session()
    assert SAID in home.read("N.md")


@linux
def test_it_is_tried_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNNER_MEMORY", "1.5")
    home.write("N.md", fence("run", "r", "print(len(bytearray(2 * 10**9)))"))
    assert statuses(home.session()) == {"r": "failed"}
    (found,) = home.session().blocks()
    assert (found.action, found.because) == ("run", "memory ran out in the last run")
    monkeypatch.setenv("RUNNER_MEMORY", "0")
    assert statuses(home.session()) == {"r": "ok"}


def test_an_error_of_another_kind_says_nothing_of_memory() -> None:
    for error in (ValueError("cannot allocate memory"), RuntimeError("no"), RecursionError()):
        memory.explain(error)
        assert not hasattr(error, "__notes__")


@pytest.mark.skipif(sys.platform == "win32", reason="looked at on POSIX")
def test_where_the_system_sets_no_bound_the_process_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CUDA needs address space without bound, so a lane for a GPU is watched instead."""
    monkeypatch.setenv("RUNNER_MEMORY", "0.4")
    code = note(
        tmp_path,
        "main",
        block("run", "small", "print('small')"),
        block("run", "big", "held = []\nwhile True:\n    held.append(bytearray(b'x' * 10**6))"),
    )
    steps = tuple(Step(id, Mode.RUN, device="cuda", timeout=60) for id in ("small", "big"))
    with a_pool() as pool:
        ran = run(pool, job(code, steps=steps))
    assert ran["small"].status is Status.OK
    assert ran["big"].status is Status.CRASHED
    assert "its memory grew over 0.4 GB (RUNNER_MEMORY sets the limit)" in ran["big"].reason
    assert "#big:3" in ran["big"].reason or "#big:2" in ran["big"].reason, "it names the line"


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is always full")
def test_a_full_disk_is_told_and_tried_again(home: Home) -> None:
    source = ["with open('/dev/full', 'w') as file: file.write('x')"]
    home.write("N.md", fence("run", "before", "print(1)") + fence("run", "r", *source))
    assert statuses(home.session()) == {"before": "ok", "r": "failed"}
    assert "free some room; the variable TMPDIR names" in home.read("N.md")
    found = {block.id: block.because for block in home.session().blocks()}
    assert found["r"] == "the room on the disk ran out in the last run"
