"""`pytest` over notes, beside the same tests in .py files and pytest-markdown-docs.

    python tests/benchmarks/bench_pytest.py --peers FOLDER

Ten notes of ten test blocks, each with two tests on a component of its note. pytest-markdown-docs,
which knows blocks but no test functions, runs the same functions called at the end of each block.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from harness import COMPARED, Case, compared, environment, options, peers_in, run_in_turns, show

NOTES, BLOCKS = 10, 10
TESTS = 2 * NOTES * BLOCKS
COMPONENT = "def double(x):\n    return 2 * x\n"


def tests(number: int) -> str:
    return (
        f"def test_value_{number}():\n    assert double({number}) == {2 * number}\n\n"
        f"def test_sum_{number}(tmp_path):\n"
        f"    assert double({number}) + double(1) == {2 * number + 2}\n"
    )


def module() -> str:
    return COMPONENT + "\n\n".join(tests(number) for number in range(BLOCKS))


def note() -> str:
    fences = (f'```python {{test="t{n}"}}\n{tests(n)}```\n' for n in range(BLOCKS))
    return f'# Bench\n\n```python {{component="double"}}\n{COMPONENT}```\n\n' + "\n".join(fences)


def note_of_peer() -> str:
    calls = (
        f"```python continuation fixture:tmp_path\n{tests(n)}\n"
        f"test_value_{n}()\ntest_sum_{n}(tmp_path)\n```\n"
        for n in range(BLOCKS)
    )
    return f"# Bench\n\n```python\n{COMPONENT}```\n\n" + "\n".join(calls)


def write_all(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True)
    for number in range(NOTES):
        (folder / name.format(number)).write_text(text, encoding="utf-8")
    return folder


def cases(scratch: Path, peers: Path | None) -> Iterator[Case]:
    vault = write_all(scratch / "vault", "Note {}.md", note())
    files = write_all(scratch / "files", "test_module_{}.py", module())
    ours = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    known = [] if is_installed() else ["-p", "runner.pytest_plugin"]
    without = [*ours, "-p", "no:runner_notes"]
    for task, more in (("pytest", []), ("pytest -n 2", ["-n", "2"])):
        notes = [*ours, *more, *known, "--trust-vault", str(vault)]
        yield from (
            case(task, "runner", notes, scratch, f"{TESTS} passed"),
            case(task, ".py files", [*without, *more, str(files)], scratch, f"{TESTS} passed"),
        )
    if peers:
        theirs = write_all(scratch / "peer", "Note {}.md", note_of_peer())
        python = str(peers / "python")
        command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--markdown-docs"]
        blocks = f"{NOTES * (BLOCKS + 1)} passed"  # it counts blocks
        yield case("pytest", "pytest-markdown-docs", [*command, str(theirs)], scratch, blocks)


def is_installed() -> bool:
    """Whether pytest finds the plugin by its entry point."""
    return bool(metadata.entry_points(group="pytest11", name="runner_notes"))


def case(task: str, tool: str, command: list[str], scratch: Path, expects: str) -> Case:
    return Case(task, tool, command, lambda: None, str, expects, environment(scratch))


def main() -> None:
    chosen = options("pytest over notes", rounds=7).parse_args()
    peers = peers_in(chosen.peers) if chosen.peers else None
    with tempfile.TemporaryDirectory(prefix="runner-bench-") as name:
        measured = list(cases(Path(name), peers))
        run_in_turns(measured, chosen.rounds)
        show(f"{TESTS} tests in {NOTES} notes", COMPARED, compared(measured))


if __name__ == "__main__":
    main()
