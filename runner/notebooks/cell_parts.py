"""One cell of a notebook as a part of a note: its text, and the block that it should be."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from urllib.parse import unquote

from .. import fences
from ..note import Problem, Role, Severity
from ..notebook import Cell, Notebook, fingerprint_of, plain_outputs, storable
from ..parse import parse
from ..records import dataclass, field, replace
from ..tags import legal_id
from .pieces import KeptCell, cut, is_separator, keeping, source_of, tagged
from .results import decoded
from .rewording import Change, undone

_LONGEST_ID = 58  # characters of an id that has to bear a number
_LONGEST_NAME = 40  # characters of an id made of a heading
_OUR_MAGIC = re.compile(r"%%test [A-Za-z][\w-]*(?: [^\n]*)?(?:\n|$)")
_NAMED = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
_UNNAMED = re.compile(r"[0-9a-f-]{8,}|cell(?:-id)?-?[0-9a-f]*")
_ATTACHED = re.compile(r"attachment:([^)\s\"'>]+)")
_KEPT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_UNFIT = re.compile("[\0\ud800-\udfff]")
_SENTINEL = '\n\n```python {run="x"}\n1\n```\n'


@dataclass(frozen=True, slots=True)
class Remark:
    """What was not brought in as it was; ``mark`` begins a line of the note, ``line`` counts on
    from there."""

    what: str
    hint: str
    mark: str = ""
    line: int = 0

    def located(self, text: str) -> Problem:
        start = text.find(self.mark) if self.mark else -1
        line = text.count("\n", 0, start) + 1 + self.line if start >= 0 else 1
        return Problem(line, Severity.WARNING, self.what, self.hint)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the new note, the cell that it comes from, and the block that it should be.

    ``after`` is what stood behind it, None where nothing is known. ``above`` counts the lines of
    the cell that the block does not have. ``kept``: the cell as a fence keeps it. ``region`` is
    what stands behind the block or fence at once, ``files`` what that shows.
    """

    cell: Cell
    text: str
    is_prose: bool = False
    after: str | None = None
    role: Role | None = None
    id: str = ""
    source: str = ""
    above: int = 0
    kept: KeptCell | None = None
    region: str = ""
    files: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def is_proven(self) -> bool:
        """Whether the outputs still are what we exported for this very block."""
        ours = self.cell.ours
        digest = ours.get("digest")
        return (
            self.role is not None
            and isinstance(digest, str)
            and re.fullmatch("[0-9a-f]{8}", digest) is not None
            and ours.get("id") == self.id
            and ours.get("outputs") == fingerprint_of(plain_outputs(self.cell.outputs))
        )


class Reader:
    """One import: the ids given so far, the last heading, and what there is to remark."""

    def __init__(
        self, notebook: Notebook, stem: str, attach: Callable[[str], str], runs: bool
    ) -> None:
        self.attachments: dict[str, bytes] = {}
        self.remarks: list[Remark] = []
        self._cells = [cell for cell in notebook.cells if not self._is_front(cell)]
        self._stem = stem
        self._attach = attach
        self._runs = runs and language(notebook) in ("python", "ipython")
        self._language = language(notebook)
        self._heading = ""
        self._ids: set[str] = set()
        self._is_own = False

    def _is_front(self, cell: Cell) -> bool:
        """Whether an export of ours put the cell before the note's own."""
        part = cell.ours.get("part")
        if part == "module" and not cell.has_source_of(cell.ours.get("shown")):
            note, block = cell.ours.get("note"), cell.ours.get("block")
            what = f"the cell of `{block}` was changed, which is a block of another note, {note}"
            self.remarks.append(Remark(what, "make the change there"))
        return part is not None

    def _remark(self, what: str, hint: str, mark: str = "", line: int = 0) -> None:
        self.remarks.append(Remark(what, hint, mark, line))

    # --- cells of our own export

    def own_parts(self) -> list[Part]:
        """Each cell as the text that it was made of; a cell that has none as any other."""
        self._is_own = True
        self._ids = {id for cell in self._cells if isinstance(id := cell.ours.get("id"), str)}
        return [part for cell in self._cells if (part := self._own(cell)).text]

    def _own(self, cell: Cell) -> Part:
        ours = cell.ours
        after = storable(ours.get("after"))
        after = after if after is not None and is_separator(after) else None
        raw = storable(ours.get("markdown")) if cell.has_source_of(ours.get("shown")) else None
        role = _role(ours.get("role"))
        if cell.kind == "code" and role is not None and isinstance(ours.get("id"), str):
            source, above = _without_magic(cell)
            source = self._fit(source)
            text = tagged(role, ours["id"], source) if raw is None else raw
            return Part(cell, text, False, after, role, ours["id"], source, above)
        if cell.kind == "markdown" and "cell" not in ours:
            if raw is not None:
                self._take_pictures(cell)
            return Part(cell, raw or self._markdown(cell, self._undone(cell)), True, after)
        part = replace(self._part(cell), after=after)
        return part if raw is None or part.kept is None else replace(part, text=raw)

    def _undone(self, cell: Cell) -> str:
        """The source of a cell that was edited, with all else of it as it was in the note."""
        original, changes = storable(cell.ours.get("markdown")), _changes(cell.ours.get("changes"))
        if original is None or not changes or "\r" in original:
            return cell.source
        self._take_pictures(cell)
        return undone(original, changes, cell.source)

    def _take_pictures(self, cell: Cell) -> None:
        """The attachments of a cell under the names that they had in the vault."""
        names = cell.ours.get("pictures")
        for name, original in names.items() if isinstance(names, Mapping) else ():
            if isinstance(original, str) and (data := _picture(cell, name)):
                self.attachments[original.rpartition("/")[2]] = data

    # --- cells of any notebook

    def parts(self) -> list[Part]:
        return [part for cell in self._cells if (part := self._part(cell)).text]

    def _part(self, cell: Cell) -> Part:
        if cell.kind == "markdown" and "cell" not in cell.ours:
            return self._prose(cell)
        if cell.kind != "code":
            return self._kept(cell, cell.kind)
        noted = cell.ours.get("language")
        if "cell" in cell.ours and isinstance(noted, str):
            return self._kept(cell, noted)
        return self._block(cell)

    def _block(self, cell: Cell) -> Part:
        source, above = _without_magic(cell)
        source = self._fit(source)
        if not (source.strip() or cell.outputs):
            return Part(cell, "")
        if not self._runs:
            return self._kept(cell, self._language)
        fault = _why_not_python(source)
        if fault is None:
            id = self._name(cell)
            role = _role(cell.ours.get("role")) or Role.RUN
            text = tagged(role, id, source)
            blocks = parse("x.md", text).blocks
            if len(blocks) == 1 and source_of(blocks[0]) == source and not blocks[0].fault:
                return Part(cell, text, False, None, role, id, source, above)
            self._ids.discard(id)
            fault = 0, (blocks[0].fault if blocks else None) or "it is indented as a whole"
        line, why = fault
        kept = self._kept(cell, self._language)
        what = f"this cell came in without a tag, so it does not run: {why}"
        mark = kept.text.partition("\n")[0]
        self._remark(what, "write it as plain Python, then put `run` for `cell`", mark, line)
        return kept

    def _kept(self, cell: Cell, language: str) -> Part:
        source = cell.source if cell.kind != "code" else _without_magic(cell)[0]
        kept = KeptCell(language, self._name(cell), self._fit(source))
        return Part(cell, keeping(kept), id=kept.id, source=kept.source, kept=kept)

    def _prose(self, cell: Cell) -> Part:
        text = self._markdown(cell, cell.source)
        if not text:
            return Part(cell, "")
        if _is_prose(text):
            headings = parse("x.md", text).headings
            self._heading = headings[-1].text if headings else self._heading
            return Part(cell, text, True)
        kept = self._kept(cell, "markdown")
        what = "this text came in as it is written: here it would be a block, a mark of ours, "
        what += "or would take in what follows"
        hint = "if it is meant as a note's text, take the fence away and mend it"
        self._remark(what, hint, kept.text.partition("\n")[0])
        return kept

    def _markdown(self, cell: Cell, source: str) -> str:
        text = _ATTACHED.sub(lambda match: self._attached(cell, match), source)
        lines = self._fit(text).split("\n")
        while lines and not lines[0].strip():
            del lines[0]
        return "\n".join(lines).rstrip()

    def _attached(self, cell: Cell, match: re.Match[str]) -> str:
        name = unquote(match[1])
        data = _picture(cell, name)
        if data is None:
            return match[0]
        saved = f"{self._stem}-{re.sub(r'[^A-Za-z0-9._-]+', '-', name)}"
        self.attachments[saved] = data
        return self._attach(saved)

    def _fit(self, text: str) -> str:
        """``text`` as a file can hold it and every reader cuts it into lines."""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if _UNFIT.search(text):
            hint = "look for \ufffd in the note"
            self._remark("characters that no text file can hold were replaced", hint)
        return _UNFIT.sub("\ufffd", text)

    def _name(self, cell: Cell) -> str:
        """An id for the cell: its own if it reads as a name, else after its heading."""
        noted = cell.ours.get("id", cell.ours.get("cell"))
        given = noted if isinstance(noted, str) else cell.id
        if self._is_own and given == noted and _KEPT_ID.fullmatch(given):
            return given
        is_name = _NAMED.fullmatch(given) and not _UNNAMED.fullmatch(given)
        if not (isinstance(noted, str) or is_name) or legal_id(given) != given:
            words = re.sub(r"[^a-z0-9]+", "-", self._heading.lower()).strip("-")
            given = legal_id(words[:_LONGEST_NAME].rstrip("-")) if words else "cell"
            given = "cell" if given == "my-block" else given
        id, number = given, 1
        while id in self._ids:
            number += 1
            id = f"{given[:_LONGEST_ID]}-{number}"
        self._ids.add(id)
        return id


def language(notebook: Notebook) -> str:
    """The notebook's language, a word in lower case; Python where it says none."""
    for key, name in (("language_info", "name"), ("kernelspec", "language")):
        facts = notebook.metadata.get(key)
        word = facts.get(name) if isinstance(facts, Mapping) else None
        if isinstance(word, str) and re.fullmatch(r"[\w+#.-]+", word):
            return word.lower()
    return "python"


def _changes(noted: object) -> list[Change]:
    """The changes that an export noted; none where they are not sorted and disjoint."""
    found: list[Change] = []
    for change in noted if isinstance(noted, list) else ():
        match change:
            case [int(start), int(end), str(new)] if storable(new) is not None:
                found.append((start, end, new))
            case _:
                return []
    offsets = [offset for start, end, _ in found for offset in (start, end)]
    return found if offsets == sorted(offsets) and min(offsets, default=0) >= 0 else []


def _role(word: object) -> Role | None:
    return Role(word) if isinstance(word, str) and word in list(Role) else None


def _without_magic(cell: Cell) -> tuple[str, int]:
    """The source without the line that an export of ours put above it, and how many that is."""
    if "role" in cell.ours and (match := _OUR_MAGIC.match(cell.source)):
        return cell.source[match.end() :], 1
    return cell.source, 0


def _picture(cell: Cell, name: str) -> bytes | None:
    bundle = cell.attachments.get(name)
    for data in bundle.values() if isinstance(bundle, Mapping) else ():
        if picture := decoded(data):
            return picture
    return None


def _is_prose(text: str) -> bool:
    """Whether ``text`` is text in a note too, all of it seen, and leaves a block below it one."""
    if "<!-- output:" in text:
        return False
    whole = f"x\n\n{text}"
    note = parse("x.md", f"{whole}{_SENTINEL}")
    if [(b.prefix, b.source) for b in note.blocks] != [("", "1\n")]:
        return False
    if [piece.span.of(note.text) for piece in cut(note)[1] if piece.is_prose] != [whole]:
        return False
    code = fences.merge(note.code)
    hidden = fences.comments(note.text, fences.merge(code, fences.inline_code(note.text, code)))
    has_faults = any(problem.severity is Severity.ERROR for problem in note.problems)
    has_marks = note.regions or note.matrices or not note.writable
    return not (hidden.spans or has_faults or has_marks)


_SHELL = re.compile(r"(?:[\w.,\s]+=\s*)?!|%%(?:bash|sh|script|cmd|system)\b")
_LINE_MAGIC = re.compile(r"(?:[\w.,\s]+=\s*)?%")


def _why_not_python(source: str) -> tuple[int, str] | None:
    """The line (from 1) that a note cannot run, and why; None where it can."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        number = error.lineno or 1
        lines = source.split("\n")
        line = lines[min(number, len(lines)) - 1].strip()
        return number, _word_for(line) or f"line {number} is no Python 3 ({error.msg})"
    except (ValueError, RecursionError, MemoryError) as error:
        return 1, f"Python cannot read it ({error})"
    for node in _at_top(tree):
        if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith):
            return node.lineno, f"line {node.lineno} awaits outside a function"
        if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom):
            return node.lineno, f"line {node.lineno} stands outside a function"
    return None


def _word_for(line: str) -> str:
    short = line if len(line) <= 60 else f"{line[:57]}..."
    if _SHELL.match(line):
        return f"`{short}` is for the shell"
    if _LINE_MAGIC.match(line):
        return f"`{short}` is a magic of IPython"
    if line.startswith("?") or line.endswith("?"):
        return f"`{short}` asks IPython for help"
    return ""


def _at_top(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that are in no function."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _at_top(child)
