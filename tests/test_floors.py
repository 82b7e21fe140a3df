"""The shape of the package: imports point strictly down, and the core touches nothing.

Names of files are their paths in `runner/`, without `.py`.
"""

from __future__ import annotations

import pytest
from source_imports import modules, own_imports

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
        "notices",  # what is said beside it
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
        "partway",  # a region between two results: part of gradual
        "classes",  # what a class keeps for all its objects: part of names
        "filecalls",  # which calls work with files: part of touching
        "holding",  # which names may lead to one object: part of touching
        "insides",  # one function while it is looked at: part of sharing
        "sharedstate",  # which names share state, from when on: part of views
    ],
    "0b++": [
        "flows",  # where the objects of names go in an expression: part of sharing
    ],
    "0b+++": [
        "sharing",  # which names a statement or a function brings together: part of touching
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
        "defining",  # what functions and classes do to the names around them: part of names
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
    "1a": [
        "knownfacts",  # names.facts, remembered
    ],
    "1a-": [
        "localcode",  # Python files beside the notes, as notes
    ],
    "1a+": [
        "reach",  # what lies behind the names of functions: part of impact
    ],
    "1a++": [
        "impact",  # what one block does to others: part of resolve
    ],
    "1b": [
        "notebooks/showable",  # Obsidian's Markdown for readers elsewhere
        "neighbours",  # which notes import which, for watch
        "resolve",  # one block's dependencies: the step that graph repeats
    ],
    "1c": [
        "importing",  # which note imports which: the frame of graph
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
    "3b+": [
        "secondlook",  # which notes are run once more as a whole, and what that shows
    ],
    # ------------------------ pure core above, the world below ------------------------
    "3c--": [
        "scratch",  # worker: the folder for files of its own
    ],
    "3c-": [
        "portable",  # paths of one machine as any other would say them
        "strays",  # worker: processes that left its group
    ],
    "3c": [
        "notecode",  # the Python of a note, for those that execute it
        "distributions",  # what is installed
        "identity",  # one folder told from the next at its path
        "attributes",  # what a file is besides its bytes
        "ending",  # Ctrl-C between two steps of a watch, and a clock behind it
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
        "doubts",  # whether a block suffered from another of its process, for execution
        "crash",  # exit codes, dumped stacks, last words, read by child and pool
        "doubles",  # files that are a note over again
        "atomic",  # bytes into a file, all or nothing
        "namedfiles",  # worker: what a block's text names, for evidence
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
        "settings",  # what .runner.toml says
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
        "guests",  # worker: what blocks leave running
    ],
    "4": [
        "worker",
        "store",
        "trust",
        "cache",  # stored results, beside the store of files
        "child",  # one worker process seen from the parent
        "underway",  # a lane that a worker carries out, seen from the parent
        "vault",  # a vault's files and settings
        "world",  # the environment that a stored result is compared with
        "pages",  # the texts of PDF pages
        "verdicts",  # what was said of a quote before
        "pdf_child",  # that limited process
        "fetching",  # papers from arXiv
    ],
    "4a": [
        "beside",  # the Python files beside a vault's notes, read
        "quoted",  # a vault's quotes held against its PDFs
    ],
    "4b": [
        "changes",  # file events of a vault
        "sightings",  # a watched vault as it was last seen
        "memo",  # a run that found nothing to do, remembered
        "keptnotes",  # what earlier runs found out about the texts of notes
        "admission",  # a vault held against what the user trusted
        "notebooks/files",  # notebooks read and written
        "undo",  # a note as it was before our last writes
        "findings",  # links and quotes of a vault's notes
        "writing",  # rendered notes into the vault
        "repairs",  # new digits for links
        "pictures",  # passages to be linked and drawn
        "restoring",  # figures that somebody removes or overwrites under a watch
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
        "planning",  # what is asked of a plan, for session
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
        "batches",  # the runs of a watch, side by side
        "looking",  # second looks while a watch has nothing to do
        "outbox",  # results that wait to be written into watched notes
        "regime",  # the settings in force while a vault is watched
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
CORE = {name for name, level in LEVEL.items() if level <= list(FLOORS).index("3b+")}


def test_every_file_is_on_a_floor_and_every_floor_is_built() -> None:
    assert sorted(LEVEL) == modules()
    assert sum(map(len, FLOORS.values())) == len(LEVEL), "a file is on two floors"


@pytest.mark.parametrize("name", modules())
def test_imports_point_strictly_down(name: str) -> None:
    level = LEVEL.get(name, -1)
    assert {other for other in own_imports(name) if LEVEL.get(other, 99) >= level} == set()
