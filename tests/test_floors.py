"""The shape of the package: imports point strictly down, and the core touches nothing.

Names of files are those of `runner/`, without `.py`.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "runner"

# Lowest first: a file imports only from floors that stand before its own in this table. A floor
# with a letter lies between two floors of the design.
FLOORS: dict[str, list[str]] = {
    "0": [
        "note",
        "result",
        "job",
        "errors",  # the exception that is the user's to mend
    ],
    "0b": [
        "answer",  # what a command says, as facts
        "clean",  # control characters out of printed text
        "codefacts",  # what is known of a block's Python: the words of names
        "effects",  # which calls are harmless: tables for names
        "fences",  # where Markdown blocks stand
        "frontmatter",  # the properties' lines
        "harmless",  # what an output may be in Markdown
        "options",  # the `#|` lines
        "passage",  # the lines of a quoted passage
        "report",  # what a command found, as facts
        "scopes",  # which names a scope makes its own
        "tags",  # the info string of a fence
        "vaultpaths",  # which file a link means
        "wish",  # what the user asks for: options, `-k` expressions
    ],
    "0c": [
        "touching",  # what code may change in place: part of names
    ],
    "1": [
        "parse",
        "links",
        "names",
        "digest",
    ],
    "1b": [
        "resolve",  # one block's dependencies: the step that graph repeats
    ],
    "2": ["graph"],
    "2b": [
        "body",  # what stands between a region's markers: part of render
        "gradual",  # long results in small steps
    ],
    "3": [
        "plan",
        "render",
        "trace",  # quote, component, test: the matrix, read off the graph
    ],
    "3b": [
        "outcome",  # plans and results of one run, and what follows for each note
    ],
    # ------------------------ pure core above, the world below ------------------------
    "3c": [
        "atomic",  # bytes into a file, all or nothing
        "crash",  # exit codes and dumped stacks, read by child and pool
        "deadline",  # a time limit for code of this process, under pytest
        "forks",  # processes forked by a template, for child
        "frames",  # worker: tracebacks in the user's terms
        "pace",  # when a watched note may be written
        "seeds",  # worker: random generators
        "template",  # worker: imports once, forks workers
        "rewritten",  # compiled test blocks, kept between pytest runs
        "userdirs",  # the state and cache folders
    ],
    "3d": [
        "capture",  # worker: the standard streams
        "switches",  # global settings that code may switch, under pytest
        "evidence",  # worker: what a result rests on
        "modules",  # worker: notes as modules
    ],
    "3e": [
        "display",  # worker: values and figures
        "testing",  # worker: test blocks through pytest
    ],
    "4": [
        "worker",
        "store",
        "trust",
        "cache",  # stored results, beside the store of files
        "child",  # one worker process seen from the parent
        "devices",  # what the machine has
        "vault",  # a vault's files and settings
        "world",  # the environment that a stored result is compared with
    ],
    "4b": [
        "changes",  # file events of a vault
        "sightings",  # a watched vault as it was last seen
        "memo",  # a run that found nothing to do, remembered
        "admission",  # a vault held against what the user trusted
        "undo",  # a note as it was before our last writes
        "findings",  # links and quotes of a vault's notes
        "writing",  # rendered notes into the vault
    ],
    "5": ["pool"],
    "5b": [
        "workers",  # how many processes and threads a run gets
        "keeping",  # results put away for the next run
        "execution",  # a plan carried out by the pool
        "pytest_trust",  # which vaults a pytest run may execute
        "pytest_items",  # what pytest shows of a note besides tests
        "pytest_modules",  # the modules of many notes in one process
    ],
    "6": [
        "session",
        "pytest_blocks",  # a test block under pytest
        "library",  # `runner.install`: notes as modules of a plain program
    ],
    "6b": [
        "pytest_notes",  # the notes of one pytest session, for the plugin
    ],
    "7": [
        "watch",
        "pytest_plugin",
        "console",  # reports in words
        "status",  # the table of notes
        "ticker",  # the one line of progress
        "__init__",  # the door of a plain program
    ],
    "7b": [
        "opening",  # the vault of a command's paths, and the leave to execute it
    ],
    "7c": [
        "run_commands",
        "trust_commands",
    ],
    "7d": [
        "look_commands",
    ],
    "8": ["cli"],
    "8b": [
        "__main__",  # `python -m runner`
    ],
}
LEVEL = {name: level for level, floor in enumerate(FLOORS.values()) for name in floor}
CORE = {name for name, level in LEVEL.items() if level <= list(FLOORS).index("3b")}

# All that the core may import. No clock, no files, no processes, no chance: what is not listed
# needs a decision, and a reason here.
PURE = set(
    """
    __future__ ast base64 bisect builtins collections contextlib dataclasses enum functools
    hashlib itertools json keyword math posixpath re types typing unicodedata urllib.parse
    frontmatter.default_handlers markdown_it markdown_it.token yaml
    """.split()
)
PURE_NAMES = {"pathlib": {"PurePath", "PurePosixPath", "PureWindowsPath"}}
IMPURE_CALLS = {"open", "print", "input", "breakpoint", "exec", "eval", "__import__"}

# The child's side: runs under an interpreter where this project need not be installed.
WORKER = {"worker", "capture", "display", "evidence", "frames", "modules", "seeds"}
WORKER |= {"template", "testing", "rewritten"}
WORKER_WORDS = {"job", "result"}

# Files that end a process besides cli.
EXITS = {
    "worker": {"sys.exit"},  # a process of its own: refuses an interpreter that is too old
}
MOST_LINES = 400


def modules() -> list[str]:
    return sorted(path.stem for path in PACKAGE.glob("*.py"))


@cache
def tree_of(name: str) -> ast.Module:
    return ast.parse((PACKAGE / f"{name}.py").read_text(encoding="utf-8"))


def imports_of(name: str, *, at_start: bool = False) -> Iterator[tuple[str, str]]:
    """Module and name ("" for the module whole); ours have the module ``runner.<file>``.

    ``at_start``: only what importing the file imports, not what its functions do.
    """
    nodes = tree_of(name).body if at_start else ast.walk(tree_of(name))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = ".".join(filter(None, ["runner" if node.level else "", node.module]))
            for alias in node.names:
                if source == "runner" and alias.name in LEVEL:
                    yield f"runner.{alias.name}", ""
                else:
                    yield source, alias.name


def own_imports(name: str, *, at_start: bool = False) -> set[str]:
    sources = {source for source, _ in imports_of(name, at_start=at_start)}
    return {source.split(".")[1] for source in sources if source.startswith("runner.")}


def foreign_imports(name: str, *, at_start: bool = False) -> set[str]:
    tops = {source.split(".")[0] for source, _ in imports_of(name, at_start=at_start)}
    return tops - {"runner"} - sys.stdlib_module_names


def calls_of(name: str) -> set[str]:
    calls = (node for node in ast.walk(tree_of(name)) if isinstance(node, ast.Call))
    return {ast.unparse(call.func) for call in calls}


def reached_from(name: str, *, at_start: bool) -> set[str]:
    reached: set[str] = set()
    waiting = {name}
    while waiting:
        reached |= waiting
        waiting = {
            other for one in waiting for other in own_imports(one, at_start=at_start)
        } - reached
    return reached


def test_every_file_is_on_a_floor_and_every_floor_is_built() -> None:
    assert sorted(LEVEL) == modules()
    assert sum(map(len, FLOORS.values())) == len(LEVEL), "a file is on two floors"


@pytest.mark.parametrize("name", modules())
def test_imports_point_strictly_down(name: str) -> None:
    level = LEVEL.get(name, -1)
    assert {other for other in own_imports(name) if LEVEL.get(other, 99) >= level} == set()


@pytest.mark.parametrize("name", sorted(CORE))
def test_the_core_imports_only_what_is_pure(name: str) -> None:
    foreign = {
        (source, what)
        for source, what in imports_of(name)
        if not source.startswith("runner")
        and source not in PURE
        and source.partition(".")[0] != "collections"
        and what not in PURE_NAMES.get(source, set())
    }
    assert foreign == set()


@pytest.mark.parametrize("name", sorted(CORE))
def test_the_core_calls_nothing_that_reaches_out(name: str) -> None:
    assert calls_of(name) & IMPURE_CALLS == set()


@pytest.mark.parametrize("name", [name for name in modules() if name != "cli"])
def test_only_the_command_line_prints_or_exits(name: str) -> None:
    telling = {"print", "input", "exit", "quit", "sys.exit", "click.echo", "SystemExit"}
    telling |= {f"sys.{stream}.write" for stream in ("stdout", "stderr")}
    assert calls_of(name) & telling - EXITS.get(name, set()) == set()


def test_the_worker_reaches_only_its_siblings_and_the_vocabulary() -> None:
    assert reached_from("worker", at_start=False) == WORKER | WORKER_WORDS


def test_the_worker_starts_with_the_standard_library_alone() -> None:
    started = reached_from("worker", at_start=True)
    assert {
        name: found for name in started if (found := foreign_imports(name, at_start=True))
    } == {}


@pytest.mark.parametrize("name", sorted(set(modules()) - WORKER))
def test_the_parent_never_imports_torch(name: str) -> None:
    assert "torch" not in foreign_imports(name)


@pytest.mark.parametrize("name", modules())
def test_files_are_short(name: str) -> None:
    text = (PACKAGE / f"{name}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES


def test_no_file_is_a_drawer() -> None:
    drawers = ("util", "helper", "common", "misc", "stuff")
    assert [name for name in modules() if any(word in name for word in drawers)] == []
