"""The shape of the package: imports point strictly down, and the core touches nothing.

Names of files are their paths in `runner/`, without `.py`.
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
    "0--": [
        "patterns",  # how all regular expressions below and above are made
    ],
    "0-": [
        "records",  # how all facts below and above are made
    ],
    "0": [
        "note",
        "result",
        "job",
        "verdict",
        "errors",  # the exception that is the user's to mend
    ],
    "0b": [
        "answer",  # what a command says, as facts
        "clean",  # control characters out of printed text
        "codefacts",  # what is known of a block's Python: the words of names
        "environment",  # which of the user's variables a worker finds
        "effects",  # which calls are harmless: tables for names
        "folding",  # text without its typesetting, for comparison
        "fences",  # where Markdown blocks stand
        "frontmatter",  # the properties' lines
        "drawing",  # whether an SVG figure is one
        "harmless",  # what an output may be in Markdown
        "options",  # the `#|` lines
        "passage",  # the lines of a quoted passage
        "report",  # what a command found, as facts
        "scopes",  # which names a scope makes its own
        "tags",  # the info string of a fence
        "vaultpaths",  # which file a link means
        "wish",  # what the user asks for: options, `-k` expressions
    ],
    "0b+": [
        "bounds",  # how much of a text a note holds: part of body
        "holding",  # which names may lead to one object: part of touching
    ],
    "0c": [
        "redaction",  # secrets out of what a block printed
        "touching",  # what code may change in place: part of names
        "pagesearch",  # a PDF's pages, searched and selected
        "shapes",  # block structure, once for all texts of one shape: part of parse
        "notebooks/rewording",  # a translation undone in a text that was edited since
        "quotetext",  # the sentences of a quote, and its author's marks
    ],
    "0d": [
        "pagebreaks",  # passages that a page break or a footnote parts
        "wording",  # how a quote differs in words
    ],
    "0e": [
        "placing",  # where the sentences of a quote stand
        "requoting",  # new digits for links
    ],
    "0f": [
        "judging",  # the verdict of each sentence: part of quotes
    ],
    "1": [
        "parse",
        "links",
        "names",
        "digest",
        "linking",  # links made from words
        "notebooks/__init__",
        "notebooks/pieces",  # a note cut into what becomes cells
        "quotes",
        "views",  # one note while its graph is made: the blocks above, for resolve
    ],
    "1b": [
        "notebooks/showable",  # Obsidian's Markdown for readers elsewhere
        "neighbours",  # which notes import which, for watch
        "resolve",  # one block's dependencies: the step that graph repeats
    ],
    "2": ["graph"],
    "2b": [
        "body",  # what stands between a region's markers: part of render
        "gradual",  # long results in small steps
        "lanes",  # decisions cut into steps of one process each: part of plan
        "notebooks/html_text",  # tables and text out of a notebook's HTML
        "notebooks/region_text",  # a region read back: the inverse of body
    ],
    "3": [
        "plan",
        "render",
        "trace",  # quote, component, test: the matrix, read off the graph
        "notebook",
    ],
    "3a": [
        "notebooks/front_cells",  # what an export puts before a note's own cells
        "notebooks/outputs",  # results and regions as outputs of cells
        "notebooks/results",  # outputs of cells as results
    ],
    "3a+": [
        "notebooks/cell_parts",  # a cell as a part of a note
        "notebooks/to_notebook",  # a note as a notebook
    ],
    "3b": [
        "outcome",  # plans and results of one run, and what follows for each note
        "notebooks/from_notebook",  # a notebook as a note
    ],
    # ------------------------ pure core above, the world below ------------------------
    "3c-": [
        "portable",  # paths of one machine as any other would say them
        "strays",  # worker: processes that left its group
    ],
    "3c": [
        "notecode",  # the Python of a note, for those that execute it
        "identity",  # one folder told from the next at its path
        "attributes",  # what a file is besides its bytes
        "deadline",  # a time limit for code of this process, under pytest
        "channel",  # messages between worker and parent
        "devices",  # what the machine has
        "events",  # what a pool says of its lanes
        "forks",  # processes forked by a template, for child
        "notebooks/kernel",  # what an exported notebook's first cell gives its kernel
        "frames",  # worker: tracebacks in the user's terms
        "freshcode",  # worker: the user's modules from their source alone
        "memory",  # worker: what it may take, and the error when that is reached
        "pace",  # when a watched note may be written
        "premises",  # files and variables that results rest on
        "seeds",  # worker: random generators
        "storable",  # worker: values in files without pickled objects
        "template",  # worker: imports once, forks workers
        "untouched",  # worker: what a function changes besides returning
        "rewritten",  # compiled test blocks, kept between pytest runs
        "exits",  # worker: how a block may end processes
        "remedies",  # worker: what helps against errors of the place where a block runs
        "variables",  # worker: the environment that a block finds
        "userdirs",  # the state and cache folders
        "pdf/__init__",
        "pdf/bidi",  # right-to-left text as pdf.js gives it
        "pdf/contenttokens",  # tokens of a page
        "pdf/glyphnames",  # encodings and what glyph names mean
        "pdf/glyphs",  # what a font shows
        "pdf/unreadable",  # why one is not read, and its limits
        "processes",  # child processes as trees
        "shots",  # a passage of a PDF drawn
    ],
    "3c+": [
        "crash",  # exit codes, dumped stacks, last words, read by child and pool
        "doubles",  # files that are a note over again
        "atomic",  # bytes into a file, all or nothing
        "lacking",  # worker: modules that were not found: part of evidence
        "database",  # a file of what can be found again, for cache and kept
    ],
    "3d": [
        "journal",  # what notes held before our writes
        "interpreter",  # the vault's Python, asked what it has
        "capture",  # worker: the standard streams
        "dataframes",  # worker: those of pandas as tables
        "threadfaults",  # worker: what a dying thread says
        "claims",  # one watch and one run at a time on a vault
        "switches",  # global settings that code may switch, under pytest
        "evidence",  # worker: what a result rests on
        "modules",  # worker: notes as modules
        "testreports",  # worker: pytest's reports as outcomes
        "pdf/contentstream",  # operators of a page
        "pdf/charmaps",  # codes to glyph numbers and texts
        "pdf/fontprograms",  # encodings inside font files
        "pdf/textstate",  # fonts, spacings, matrices
        "pdf/pdffile",  # pages, objects, faults, by pdfminer
        "pdf/standardfonts",  # the fourteen fonts it need not bring
        "kept",  # what was found once, by key
        "launch",  # starting the process of a worker, before all else is imported
        "pdf_process",  # asking a limited process about a PDF
    ],
    "3e": [
        "inplace",  # bytes into a file that no other can stand in for
        "edition",  # which code made what is kept
        "representations",  # worker: one value as an output
        "testing",  # worker: test blocks through pytest
        "pdf/bitmapfonts",  # Type 3 fonts
        "pdf/itemizing",  # glyphs to text items
        "pdf/unicodemaps",  # ToUnicode
    ],
    "3e+": [
        "display",  # worker: values and figures
    ],
    "3ea": [
        "pdf/simplefonts",  # fonts of one-byte codes
    ],
    "3eb": [
        "pdf/pdffonts",  # all fonts
    ],
    "3ec": [
        "pdf/pagetext",  # content streams run for their text
    ],
    "3ed": [
        "segments",  # the text items of pages, for pages
    ],
    "3f": [
        "checkpoints",  # worker: `runner.checkpoint`
    ],
    "3g": [
        "children",  # worker: what multiprocessing starts from a block
    ],
    "4": [
        "worker",
        "store",
        "trust",
        "cache",  # stored results, beside the store of files
        "child",  # one worker process seen from the parent
        "vault",  # a vault's files and settings
        "world",  # the environment that a stored result is compared with
        "pages",  # the texts of PDF pages
        "verdicts",  # what was said of a quote before
        "pdf_child",  # that limited process
        "fetching",  # papers from arXiv
    ],
    "4a": [
        "quoted",  # a vault's quotes held against its PDFs
    ],
    "4b": [
        "changes",  # file events of a vault
        "sightings",  # a watched vault as it was last seen
        "memo",  # a run that found nothing to do, remembered
        "keptshapes",  # the shapes of notes that earlier runs met
        "admission",  # a vault held against what the user trusted
        "notebooks/files",  # notebooks read and written
        "undo",  # a note as it was before our last writes
        "findings",  # links and quotes of a vault's notes
        "writing",  # rendered notes into the vault
        "repairs",  # new digits for links
        "pictures",  # passages to be linked and drawn
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
    "5c": [
        "runs",  # a run under way, over a pool that it may share
        "settling",  # what a run has to execute once more, for session
        "notebooks/exporting",  # notes of a vault as notebooks
        "notebooks/importing",  # notebooks into a vault
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
        "arguments",  # the plain command line, read without click
    ],
    "7b+": [
        "door",  # what `run` and `watch` do, and what they answer
        "parameters",  # the parameters that commands share, as click has them
    ],
    "7c": [
        "notebook_commands",
        "run_commands",
        "trust_commands",
        "passage_commands",
    ],
    "7d": [
        "look_commands",
        "quote_commands",
    ],
    "7e": [
        "commands",  # all commands, as click has them
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
    __future__ ast base64 bisect builtins collections contextlib dataclasses difflib enum functools
    hashlib itertools json keyword math operator posixpath re types typing unicodedata urllib.parse
    binascii html html.parser xml.etree.ElementTree frontmatter.default_handlers markdown_it markdown_it.token rapidfuzz yaml
    """.split()
)
PURE_NAMES = {"pathlib": {"PurePath", "PurePosixPath", "PureWindowsPath"}}
IMPURE_CALLS = {"open", "print", "input", "breakpoint", "exec", "eval", "__import__"}
HARMLESS_CALLS = {"records": {"exec"}}  # compiles constructors, as the standard library does

# The child's side: runs under an interpreter where this project need not be installed.
WORKER = {"worker", "capture", "display", "evidence", "frames", "modules", "seeds"}
WORKER |= {"template", "testing", "rewritten", "testreports", "children", "channel", "memory"}
WORKER |= {
    "freshcode",
    "checkpoints",
    "storable",
    "untouched",
    "premises",
    "remedies",
    "variables",
    "portable",
    "strays",
}
WORKER |= {"exits", "dataframes", "representations", "threadfaults", "lacking"}
WORKER_WORDS = {"job", "result", "records", "environment", "patterns"}
WORKER_WORDS |= {"notebooks/html_text"}  # for a value whose form is HTML

# Files that end a process besides cli.
EXITS = {
    "worker": {"sys.exit"},  # a process of its own: refuses an interpreter that is too old
}
MOST_LINES = 400


def modules() -> list[str]:
    files = (path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
    return sorted(file.with_suffix("").as_posix() for file in files)


@cache
def tree_of(name: str) -> ast.Module:
    return ast.parse((PACKAGE / f"{name}.py").read_text(encoding="utf-8"))


def imports_of(name: str, *, at_start: bool = False) -> Iterator[tuple[str, str]]:
    """Module and name ("" for the module whole); ours have the module ``runner.<file>``.

    ``at_start``: only what importing the file imports, not what its functions do.
    """
    nodes = tree_of(name).body if at_start else ast.walk(tree_of(name))
    folders = ["runner", *name.split("/")[:-1]]
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            inside = folders[: len(folders) + 1 - node.level] if node.level else []
            source = ".".join([*inside, *filter(None, [node.module])])
            for alias in node.names:
                if own_name(whole := f"{source}.{alias.name}") in LEVEL:
                    yield whole, ""
                else:
                    yield source, alias.name


def own_name(source: str) -> str:
    """``pdf/bidi`` for ``runner.pdf.bidi``, "" for what is not ours."""
    return source.removeprefix("runner.").replace(".", "/") if source.startswith("runner.") else ""


def own_imports(name: str, *, at_start: bool = False) -> set[str]:
    sources = {source for source, _ in imports_of(name, at_start=at_start)}
    return {own for source in sources if (own := own_name(source))}


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
    assert calls_of(name) & IMPURE_CALLS - HARMLESS_CALLS.get(name, set()) == set()


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
