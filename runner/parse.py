"""Text -> Note: every fact the author wrote, every fault of the text, and never an exception."""

from __future__ import annotations

import keyword
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import PurePosixPath

from . import fences, frontmatter, options, shapes, tags
from .note import OUTPUT_INFO, Block, Note, Problem, Region, Severity, Span
from .patterns import regex
from .records import dataclass, replace
from .result import Status

_FENCE_LINE = regex(
    rb"(?:^|[\r\n])(?:[ \t>*+\-\d.)]|\xc2\xa0|\xef\xbb\xbf)*(?:```|~~~)"
    rb"(?:[^\r\n{]*\{[^\r\n=:]*[=:]|[`~]*[ \t]*[pP][yY][^\r\n=]*=)"
)
_TAGGED_LINE = regex(r"^[ \t>]*(?:[-+*][ \t]+)?(`{3,}|~{3,})([^\r\n]*)", re.M)
_NBSP_FENCE = regex(r"^[ \t>]*\u00a0[ \t\u00a0]*(?:`{3,}|~{3,})([^\r\n]*)", re.M)
_TAB_AFTER_QUOTE = regex(r"[ ]{0,3}>[ >]*\t")
_MARKER = regex(r"<!--[ \t]*(/?runner(?:[:-]\S.*?)?)[ \t]*-->")
_LONGEST_MARKER = 500  # characters
_OPENER = regex(
    r"runner:([A-Za-z][A-Za-z0-9_-]*)[ \t]+([0-9a-f]{8})[ \t]+"
    rf"({'|'.join(Status)})(?:[ \t]+([a-z0-9:,]+))?"
)


def might_have_blocks(data: bytes) -> bool:
    """Whether the bytes of a note can hold a tagged fence, a slip of one, or a marker of ours.

    Or ``runner_quotes``, which is filled in without any. A note for which this is false has no
    block, no region and no problem.
    """
    if b"runner" in data and (b"<!--" in data or b"runner_quotes" in data):
        return True
    return (b"```" in data or b"~~~" in data) and _FENCE_LINE.search(data) is not None


def module_name(stem: str) -> str:
    """The module name of a note whose file name is ``stem`` (DESIGN 2.2)."""
    name = unicodedata.normalize("NFKC", stem).lower()
    # Lower case can leave NFKC, and Python normalises the names it reads.
    name = unicodedata.normalize("NFKC", name)
    name = "".join(char if ("a" + char).isidentifier() else " " for char in name)
    name = re.sub(" +", "_", name)
    if not name.isidentifier():
        name = f"n{name}"
    return f"{name}_" if keyword.iskeyword(name) else name


@lru_cache(maxsize=32)  # a note is read, planned and written with the same text
def parse(path: str, text: str) -> Note:
    """The note at ``path``, relative to the vault's root. Never raises on any text (law 1).

    ``text`` is the decoded file with its byte order mark and newlines; all spans are offsets in it.
    """
    return _Reader(path, text).note()


@dataclass(frozen=True, slots=True)
class _Marker:
    """A comment line of ours; ``opener`` is set for a well-formed ``runner:…``."""

    first: int
    word: str
    opener: re.Match[str] | None


class _Reader:
    """One parse: the text seen as lines, fences and comments, and the problems found so far."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.lines = fences.Lines(text)
        self.problems: list[Problem] = []
        self.writable = True
        self.frontmatter = frontmatter.locate(text)
        skip = self.lines.at(self.frontmatter.end) + 1 if self.frontmatter.end else 0
        self.outline = shapes.read(self.lines, skip)
        html = [self.lines.span(h.first, h.last) for h in self.outline.html]
        blocks = fences.merge([self.frontmatter], self.outline.code, html)
        # Without `%%` there is no comment, and inline code decides nothing.
        inline = fences.inline_code(text, blocks) if "%%" in text else ()
        self.comments = fences.comments(text, fences.merge(blocks, inline))

    def note(self) -> Note:
        found = self._tagged_fences()
        properties = self._properties(has_blocks=bool(found))
        blocks = self._without_duplicates([b for f, tag in found if (b := self._block(f, tag))])
        self._warn_of_what_does_not_run()
        regions, matrices = self._regions(blocks)
        return Note(
            path=self.path,
            text=self.text,
            name=self._name(properties, has_blocks=bool(found)),
            properties=properties,
            frontmatter=self.frontmatter,
            blocks=tuple(blocks),
            regions=tuple(regions),
            matrices=tuple(matrices),
            headings=tuple(h for h in self.outline.headings if not self._is_hidden(h.line - 1)),
            tasks=tuple(t for t in self.outline.tasks if not self._is_hidden(t.line - 1)),
            code=fences.merge(self.outline.code),
            problems=tuple(sorted(set(self.problems))),
            writable=self.writable,
        )

    def _error(self, index: int, what: str, hint: str) -> None:
        self.problems.append(Problem(index + 1, Severity.ERROR, what, hint))

    def _warn(self, index: int, what: str, hint: str) -> None:
        self.problems.append(Problem(index + 1, Severity.WARNING, what, hint))

    def _is_hidden(self, index: int) -> bool:
        return self.comments.cover(self.lines.starts[index])

    # --- properties ------------------------------------------------------------------------------

    def _properties(self, has_blocks: bool) -> Mapping[str, object]:
        span = self.frontmatter
        if not span.end or not (has_blocks or frontmatter.is_interesting(self.text, span)):
            return {}
        try:
            properties = frontmatter.read(self.text, span)
        except frontmatter.YamlFault as fault:
            if has_blocks:
                index = min(self.lines.at(span.start) + fault.line, self.lines.at(span.end))
                what = f"the properties cannot be read: {fault}"
                hint = "correct their YAML; until then the note runs without them"
                self._error(index, what, hint)
            return {}
        faulty = options.faulty_properties(properties)
        for key, form in faulty.items() if has_blocks else ():
            what = f"the property `{key}` cannot be `{_short(str(properties[key]))}`"
            self._error(self._property_line(key), what, f"write {form}; until then none is set")
        return {key: value for key, value in properties.items() if key not in faulty}

    def _name(self, properties: Mapping[str, object], has_blocks: bool) -> str:
        given = properties.get("module")
        default = module_name(PurePosixPath(self.path).stem)
        if given is None:
            return default
        if isinstance(given, str) and given.isidentifier() and not keyword.iskeyword(given):
            return unicodedata.normalize("NFKC", given)
        if not has_blocks:
            return default
        index = self._property_line("module")
        what = f"the property `module` cannot be `{_short(str(given))}`, which is no Python name"
        self._error(index, what, f"write letters, digits and `_`, for example `module: {default}`")
        return default

    def _property_line(self, key: str) -> int:
        pattern = re.compile(rf"""^["']?{key}["']?[ \t]*:""", re.M)
        match = pattern.search(self.text, self.frontmatter.start, self.frontmatter.end)
        return self.lines.at(match.start() if match else self.frontmatter.start)

    # --- blocks ----------------------------------------------------------------------------------

    def _tagged_fences(self) -> list[tuple[fences.Fence, tags.Tag]]:
        found = []
        for fence in self.outline.fences:
            tag = tags.read_tag(fence.info)
            if tag is None or fence.closed:
                self._warn_of_swallowed(fence)
            if tag is not None and not self._is_hidden(fence.first):
                found.append((fence, tag))
        return found

    def _block(self, fence: fences.Fence, tag: tags.Tag) -> Block | None:
        if tag.hint:
            self._warn(fence.first, *tag.hint)
        if tag.fault:
            self._error(fence.first, *tag.fault)
        if tag.role is None:
            return None
        if not fence.closed:
            what = f"the fence of `{tag.id}` is never closed, so the block does not run"
            self._error(fence.first, what, fences.how_to_close(fence))
            return None
        source = fences.dedented(fence.content)
        self._warn_of_odd_spaces(fence)
        given, faults = options.read_options(
            source, tag.role, tag.attributes, frontmatter.load_yaml
        )
        for fault in faults:
            report = self._error if fault.stops else self._warn
            report(fence.first + 1 + fault.line, fault.what, fault.hint)
        return Block(
            role=tag.role,
            id=tag.id,
            line=fence.first + 1,
            code_line=fence.first + 2,
            span=self.lines.span(fence.first, fence.last),
            source=source,
            options=given,
            prefix=fence.prefix,
            fault=next((fault.what for fault in faults if fault.stops), None),
        )

    def _without_duplicates(self, blocks: Sequence[Block]) -> list[Block]:
        """``blocks``, those that share an id with a fault."""
        lines: dict[str, list[int]] = {}
        for block in blocks:
            lines.setdefault(block.id, []).append(block.line)
        checked = []
        for block in blocks:
            first, *others = lines[block.id]
            if others:
                other = first if block.line != first else others[0]
                what = f"the id `{block.id}` is also the id of the block in line {other}"
                self._error(block.line - 1, what, "give each block of the note its own id")
                block = replace(block, fault=block.fault or what)
            checked.append(block)
        return checked

    def _warn_of_odd_spaces(self, fence: fences.Fence) -> None:
        if "\u00a0" in fence.content:
            index = fence.first + 1 + fence.content[: fence.content.index("\u00a0")].count("\n")
            what = "the code holds a no-break space, which Python refuses outside strings"
            self._warn(index, what, "replace it with a normal space")
        if ">" not in fence.prefix:
            return
        for index in range(fence.first, fence.last + 1):
            if _TAB_AFTER_QUOTE.match(self.lines[index]):
                what = "a tab after `>` shifts the code by a varying number of spaces"
                self._warn(index, what, "write a space after `>`, and indent the code by spaces")
                return

    def _warn_of_swallowed(self, fence: fences.Fence) -> None:
        """A fence left open takes in the next block; a longer one documents it on purpose."""
        for match in _TAGGED_LINE.finditer(fence.content):
            by_accident = not fence.closed or match[1].startswith(fence.marks)
            if by_accident and _is_tagged(match[2]) and not self._is_hidden(fence.first):
                what = "this fence holds a tagged block, which does not run"
                hint = "close it above the block; to show the block as text, open it longer"
                self._warn(fence.first, what, hint)
                return

    def _warn_of_what_does_not_run(self) -> None:
        opened = self.comments.open_at
        if opened is not None:
            tagged = (
                fence
                for fence in self.outline.fences
                if self.lines.starts[fence.first] > opened and _is_tagged(fence.info)
            )
            if next(tagged, None):
                what = "this `%%` is never closed, so the tagged blocks below it do not run"
                self._warn(self.lines.at(opened), what, "write `%%` where the comment ends")
        if "\u00a0" in self.text:
            self._warn_of_nbsp_fences()

    def _warn_of_nbsp_fences(self) -> None:
        for match in _NBSP_FENCE.finditer(self.text):
            start = match.start()
            hidden = self.comments.cover(start) or fences.inside(self.outline.code, start)
            if not hidden and _is_tagged(match[1]):
                what = "a no-break space stands before this fence, so its block does not run"
                self._warn(self.lines.at(start), what, "delete the space before the fence")

    # --- output regions --------------------------------------------------------------------------

    def _markers(self) -> Iterator[_Marker]:
        for html in self.outline.html:
            content = html.content.strip()
            match = _MARKER.fullmatch(content) if len(content) <= _LONGEST_MARKER else None
            if match and not self._is_hidden(html.first):
                yield _Marker(html.first, match[1], _OPENER.fullmatch(match[1]))

    def _regions(self, blocks: Sequence[Block]) -> tuple[list[Region], list[Span]]:
        regions: list[Region] = []
        matrices: list[Span] = []
        opened: _Marker | None = None
        owners = {self.lines.at(block.span.end): block for block in blocks}
        foreign = self._foreign_lines()
        for marker in self._markers():
            if marker.word != "/runner":
                if opened:
                    self._unclosed(opened)
                opened = marker if self._opens(marker) else None
                continue
            if opened is None:
                self._stop_writing(marker.first, "this closing marker has no opening one")
            elif what := _first_between(foreign, opened.first, marker.first):
                what = f"{what} stands between this marker and its end"
                remedy = "write `<!-- /runner -->` where the results end, or delete these"
                self._stop_writing(opened.first, what, remedy)
            elif opened.opener:
                regions.append(self._region(opened.first, opened.opener, marker.first, owners))
            elif opened.word == "runner-matrix":
                matrices.append(self.lines.span(opened.first, marker.first))
            opened = None
        if opened:
            self._unclosed(opened)
        self._report_homeless(regions)
        return regions, matrices

    def _foreign_lines(self) -> list[tuple[int, str]]:
        """Lines that no region of ours holds, with what begins there.

        A marker of which some characters are gone is an HTML comment that hides text of the
        author's, up to the next marker's end, and with it what would tell so; a stray fence hides
        it likewise.
        """
        others = (fence for fence in self.outline.fences if fence.info != OUTPUT_INFO)
        hidden = (self.lines.at(span.start) for span in self.comments.spans)
        return sorted(
            [
                *((f.first, "a block" if _is_tagged(f.info) else "a fence") for f in others),
                *((html.first, "a comment or HTML") for html in self.outline.html),
                *((first, "a comment") for first in hidden),
                *((heading.line - 1, "a heading") for heading in self.outline.headings),
            ]
        )

    def _opens(self, marker: _Marker) -> bool:
        if marker.word.startswith("runner:") and not marker.opener:
            self._stop_writing(marker.first, "this opening marker cannot be read")
        return marker.word.startswith("runner:") or marker.word == "runner-matrix"

    def _unclosed(self, opened: _Marker) -> None:
        if opened.opener or opened.word == "runner-matrix":
            self._stop_writing(opened.first, "this opening marker has no closing one")

    def _stop_writing(self, index: int, what: str, remedy: str = "") -> None:
        self.writable = False
        remedy = remedy or "delete these results with their markers"
        self._error(index, what, f"{remedy}; until then nothing is written to the note")

    def _region(
        self, first: int, opener: re.Match[str], last: int, owners: Mapping[int, Block]
    ) -> Region:
        above = self._line_above(first)
        owner = owners.get(above)
        if owner and self._is_in_quote(above + 1, first, owner.prefix.count(">")):
            owner = None
        return Region(
            id=opener[1],
            digest=opener[2],
            status=opener[3],
            device=opener[4] or "",
            line=first + 1,
            span=self.lines.span(first, last),
            block=owner.id if owner and owner.id == opener[1] else None,
        )

    def _is_in_quote(self, first: int, last: int, depth: int) -> bool:
        """Whether one of these blank lines begins a quote deeper than ``depth``."""
        return any(self.lines[index].count(">") > depth for index in range(first, last))

    def _line_above(self, index: int) -> int:
        """The last line above line ``index`` that is not blank, -1 if there is none."""
        index -= 1
        while index >= 0 and not self.lines[index].strip(" \t>"):
            index -= 1
        return index

    def _report_homeless(self, regions: Sequence[Region]) -> None:
        owned = {region.block for region in regions}
        # Below a fence that a fault keeps from being a block the fault has been told already.
        faulty = {
            fence.last
            for fence in self.outline.fences
            if (tag := tags.read_tag(fence.info)) is not None and tag.role is None
        }
        for region in regions:
            if region.block is not None or self._line_above(region.line - 1) in faulty:
                continue
            if region.id in owned:
                self._stop_writing(region.line - 1, f"the block `{region.id}` has two regions")
                continue
            what = f"these are results of `{region.id}`, which is not the block right above them"
            hint = "delete them with their markers, or move them right below their block"
            self._error(region.line - 1, what, hint)


def _first_between(lines: Sequence[tuple[int, str]], first: int, last: int) -> str:
    """What begins first on a line between these two, "" if nothing does."""
    index = bisect_left(lines, (first + 1, ""))
    return lines[index][1] if index < len(lines) and lines[index][0] < last else ""


def _is_tagged(info: str) -> bool:
    tag = tags.read_tag(info)
    return tag is not None and (tag.role is not None or tag.fault is not None)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
