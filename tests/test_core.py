"""What files of `runner/` may do: the core touches nothing, only the command line speaks."""

from __future__ import annotations

import pytest
from source_imports import PACKAGE, calls_of, imports_of, modules
from test_floors import CORE

# All that the core may import. No clock, no files, no processes, no chance: what is not listed
# needs a decision, and a reason here.
PURE = set(
    """
    __future__ ast base64 bisect builtins collections contextlib dataclasses difflib enum functools
    hashlib itertools json keyword math operator posixpath re types typing unicodedata urllib.parse
    binascii html html.parser xml.etree.ElementTree frontmatter.default_handlers markdown_it markdown_it.token rapidfuzz yaml
    """.split()
)
PURE_NAMES = {
    "pathlib": {"PurePath", "PurePosixPath", "PureWindowsPath"},
    "sys": {"modules"},  # where the names in a class's annotations mean something
}
IMPURE_CALLS = {"open", "print", "input", "breakpoint", "exec", "eval", "__import__"}
HARMLESS_CALLS = {"records": {"exec", "eval"}}  # constructors and annotations, our own code

# Files that end a process besides cli.
EXITS = {
    "worker": {"sys.exit"},  # a process of its own: refuses an interpreter that is too old
}
MOST_LINES = 400


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
    assert calls_of(name) & IMPURE_CALLS - HARMLESS_CALLS.get(name, set()) == set()


@pytest.mark.parametrize("name", [name for name in modules() if name != "cli"])
def test_only_the_command_line_prints_or_exits(name: str) -> None:
    telling = {"print", "input", "exit", "quit", "sys.exit", "click.echo", "SystemExit"}
    telling |= {f"sys.{stream}.write" for stream in ("stdout", "stderr")}
    assert calls_of(name) & telling - EXITS.get(name, set()) == set()


@pytest.mark.parametrize("name", modules())
def test_facts_are_made_without_the_standard_library(name: str) -> None:
    """Importing `dataclasses` takes a tenth of a command; PDFs take seconds anyway."""
    used = {what for source, what in imports_of(name, at_start=True) if source == "dataclasses"}
    assert used == set() or name.startswith("pdf/")


@pytest.mark.parametrize("name", modules())
def test_files_are_short(name: str) -> None:
    text = (PACKAGE / f"{name}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES


def test_no_file_is_a_drawer() -> None:
    drawers = ("util", "helper", "common", "misc", "stuff")
    assert [name for name in modules() if any(word in name for word in drawers)] == []
