"""What is wrong with the links and quotes of a note, apart from its blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .links import Resolver, find_links, find_quotes, has_subpath
from .note import Link, Note, Problem, Severity
from .trace import unknown_quotes as missing_quotes
from .vault import Vault, is_note


def dead_links(vault: Vault, note: Note, files: Sequence[str]) -> Iterator[Problem]:
    """A warning for every link or embed whose file, heading or block does not exist."""
    resolver = Resolver(files)
    for link in find_links(note):
        fault = _fault(vault, note, link, resolver)
        if fault:
            what, hint = fault
            yield Problem(link.line, Severity.WARNING, what, hint)


def _fault(vault: Vault, note: Note, link: Link, resolver: Resolver) -> tuple[str, str] | None:
    kind = "embed" if link.embed else "link"
    found = resolver.resolve(link.target, note.path) if link.target else note.path
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


def unknown_quotes(note: Note) -> Iterator[Problem]:
    """An error for every quote id in ``#| quotes:`` that no quote of the note bears."""
    if not any(block.options.quotes for block in note.blocks):
        return
    for line, block, id in missing_quotes(note, find_quotes(note, find_links(note))):
        what = f"`{block}` implements the quote `{id}`, which this note does not have"
        hint = f"write `^{id}` behind the quote, or correct the id"
        yield Problem(line, Severity.ERROR, what, hint)
