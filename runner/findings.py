"""What a note names and is not there, or not so: links, quotes, data. Apart from its code."""

from __future__ import annotations

import os
from collections.abc import Iterator

from .graph import Graph
from .knownfacts import facts
from .links import find_links, find_quotes, has_subpath
from .note import Link, Note, Problem, Severity
from .options import line_of
from .vault import Vault, is_note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .quoted import Checker, Judged


def findings(vault: Vault, note: Note, graph: Graph, checker: Checker) -> Iterator[Problem]:
    """All that ``check`` finds: dead links, untrue quotes, options that name what is not there."""
    yield from dead_links(vault, note, checker)
    yield from dead_options(vault, note, graph)
    if ".pdf" in note.text.lower():
        yield from untrue_quotes(note, checker)


def dead_links(vault: Vault, note: Note, checker: Checker) -> Iterator[Problem]:
    """A warning for every link or embed whose file, heading or block does not exist.

    The paper that can be downloaded gets one for all its links.
    """
    from .quoted import same_file

    absent = checker.absent(note)
    if absent is not None:
        what = f"`{absent.target}` is not in the vault"
        yield Problem(absent.line, Severity.WARNING, what, absent.remedy)
    for link in find_links(note):
        if absent is not None and same_file(link.target, absent.target):
            continue
        fault = _fault(vault, note, link, checker)
        if fault:
            what, hint = fault
            yield Problem(link.line, Severity.WARNING, what, hint)


def untrue_quotes(note: Note, checker: Checker) -> Iterator[Problem]:
    """What the PDFs say of the note's quotes, where that is not "exact".

    A missing PDF is a dead link already, and a link to a page without a quote only a reference.
    """
    from .verdict import Verdict

    for judged in checker.judge(note):
        told = judged.verdict
        if told.verdict is Verdict.EXACT or _is_told_elsewhere(judged, note, checker):
            continue
        severity = Severity.ERROR if told.verdict.is_error else Severity.WARNING
        yield Problem(told.line, severity, f"quote {told.verdict}: {told.what}", told.remedy)


def _is_told_elsewhere(judged: Judged, note: Note, checker: Checker) -> bool:
    from .verdict import Verdict

    if judged.verdict.verdict is Verdict.NO_PDF:
        return checker.resolver.resolve(judged.link.target, note.path) is None
    return judged.verdict.verdict is Verdict.NO_QUOTE and judged.link.selection is None


def _fault(vault: Vault, note: Note, link: Link, checker: Checker) -> tuple[str, str] | None:
    kind = "embed" if link.embed else "link"
    found = checker.resolver.resolve(link.target, note.path) if link.target else note.path
    if found is None and link.is_pdf:
        return f"the {kind} to `{link.target}` leads nowhere", "put the PDF into the vault"
    if found is None:
        return f"the {kind} to `{link.target}` leads nowhere", "create the file or correct the name"
    if not link.subpath or not is_note(found):
        return None
    other = note if found == note.path else vault.untagged(found)
    if other is None or has_subpath(other, link.subpath):
        return None
    what = f"the {kind} to `{link.target}#{link.subpath}` leads to nothing in {found}"
    return what, "correct the heading or block id"


def dead_options(vault: Vault, note: Note, graph: Graph) -> Iterator[Problem]:
    """What ``#| quotes:`` and ``#| data:`` name, but is not there."""
    yield from unknown_quotes(note)
    yield from missing_data(vault, note, graph)


def missing_data(vault: Vault, note: Note, graph: Graph) -> Iterator[Problem]:
    """A warning for every file in ``#| data:`` that does not exist, if no block before may make it.

    A result that waits for a misspelled file never becomes stale with the right one.
    """
    folder = (vault.root / note.path).parent
    for index, block in enumerate(note.blocks):
        absent = [name for name in block.options.data if not os.path.lexists(folder / name)]
        if not absent or _may_make_files(note, index, graph):
            continue
        for name in absent:
            what = f"`{block.id}` rests on the file `{name}`, which does not exist"
            hint = "correct the path, which begins at the note's folder, or put the file there"
            yield Problem(line_of(block, "data"), Severity.WARNING, what, hint)


def _may_make_files(note: Note, index: int, graph: Graph) -> bool:
    """Whether a block above works with files, or one of another note that is imported here."""
    node = graph.nodes.get((note.path, note.blocks[index].id))
    others = (graph.nodes[key].block for key in node.deps) if node else ()
    every = [facts(block.source) for block in (*note.blocks[:index], *others)]
    return any(found.files or found.late_files or found.dynamic for found in every)


def unknown_quotes(note: Note) -> Iterator[Problem]:
    """An error for every quote id in ``#| quotes:`` that no quote of the note bears."""
    if not any(block.options.quotes for block in note.blocks):
        return
    if not any(block.options.quotes for block in note.blocks):
        return
    from .trace import unknown_quotes as missing_quotes  # most runs show no chain of quotes

    for line, block, id in missing_quotes(note, find_quotes(note, find_links(note))):
        what = f"`{block}` implements the quote `{id}`, which this note does not have"
        hint = f"write `^{id}` behind the quote, or correct the id"
        yield Problem(line, Severity.ERROR, what, hint)
