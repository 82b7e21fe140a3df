"""Laws of rendering, for any note and any output (DESIGN section 5, laws 2 and 6)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import assume, example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from runner.clean import clean
from runner.gradual import step
from runner.harmless import cell, markup, table
from runner.note import Note
from runner.parse import parse
from runner.render import Shown, Surroundings, render
from runner.result import (
    Failure,
    Figure,
    Frame,
    Markup,
    Output,
    Place,
    Result,
    Status,
    Table,
    TestOutcome,
    Text,
    bytes_gap,
)

SURROUNDINGS = Surroundings(
    embed=lambda name: f"![[{name}]]",
    link=lambda name: f"[[{name}]]",
    locate=lambda place: f"Other.md:{place.line}",
)
PARSERS = [
    MarkdownIt("commonmark", {"maxNesting": 100}),
    MarkdownIt("js-default", {"html": True, "maxNesting": 100}),
]

# --- outputs ---------------------------------------------------------------------------------

HOSTILE = st.sampled_from(
    [
        *"``` ```` ```text ```dataviewjs ~~~ <!-- --> <!--/runner--> <% %> %% $$ $ > >>".split(),
        *"- * + 1. # ## --- === *** [x] [[ ]] ![[ ]( [a]: :: | || \\ ` `= & &lt; _ ~~ ==".split(),
        *"<div> </div> <script> http:// www.a.b a@b.c #tag ^id {{ }} 0x7f0123456789 x".split(),
        *("\x1b[2J", "\x1b]8;;x\x07", "\x9b31m", "\x02vault.note#a:1\x03", "\x02", "\x03"),
        *("\r", "\0", "\b", "\v", "\f", "\x85", "\u2028", "\u202e", "\u200b", "\ufeff", "\ud800"),
        *(" ", "    ", "\t", "\n", "\n\n", "\r\n", "- [ ] task", "<!-- /runner -->"),
    ]
)
TEXTS = st.lists(HOSTILE | st.text(max_size=5), max_size=30).map("".join)
PLACES = st.builds(
    Place, st.sampled_from(["vault.note", "vault.o"]), st.sampled_from("ab"), st.just(1)
)
FRAMES = st.builds(Frame, TEXTS, TEXTS, st.none() | PLACES, TEXTS, st.just(1))
FAILURES = st.builds(Failure, TEXTS, TEXTS, st.lists(FRAMES, max_size=3).map(tuple))
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
COUNTS = st.integers(1, 10**9)
CELLS = st.lists(TEXTS, min_size=1, max_size=3).map(tuple)
OUTPUTS: st.SearchStrategy[Output] = st.one_of(
    st.builds(Text, TEXTS, st.sampled_from(["stdout", "stderr", "value"])),
    st.builds(
        lambda a, n, b: Text(f"{a}\n{bytes_gap(n)}\n{b}", "value", (n,)), TEXTS, COUNTS, TEXTS
    ),
    st.builds(Text, st.integers(0, 200).map(lambda n: "line\n" * n)),
    st.builds(Table, CELLS, st.lists(CELLS, max_size=3).map(tuple), TEXTS),
    st.builds(Markup, TEXTS, TEXTS),
    st.builds(Figure, st.just("image/png"), st.binary(max_size=3)),
    st.builds(Figure, st.just("image/svg+xml"), st.just(DRAWING) | st.binary(max_size=3)),
)
TESTS = st.builds(
    TestOutcome,
    TEXTS,
    st.sampled_from("passed failed error skipped xfailed xpassed".split()),
    TEXTS,
    st.sampled_from(["cpu", "cuda"]),
    st.none() | FAILURES,
)
RESULTS = st.builds(
    Result,
    st.sampled_from(list(Status)),
    st.lists(OUTPUTS, max_size=4).map(tuple),
    st.none() | FAILURES,
    st.lists(TESTS, max_size=3).map(tuple),
    device=st.sampled_from(["", "cpu", "cpu,cuda", "cuda:1"]),
    reason=TEXTS,
)

# --- notes -----------------------------------------------------------------------------------

PREFIXES = ["", "> ", "> > ", "- ", "1. - "]
ROLES = ["setup", "component", "test", "run"]


def fenced(prefix: str, role: str, id: str, ticks: str) -> list[str]:
    """A tagged block, in the containers that its first line's ``prefix`` opens."""
    below = re.sub(r"[-0-9.]", " ", prefix)
    return [f'{prefix}{ticks}python {{{role}="{id}"}}', f"{below}1", f"{below}{ticks}"]


PIECES = st.one_of(
    st.builds(
        fenced,
        st.sampled_from(PREFIXES),
        st.sampled_from(ROLES),
        st.sampled_from("abcd"),
        st.sampled_from(["```", "`````", "~~~"]),
    ),
    st.sampled_from(
        [
            [""],
            [">"],
            ["text"],
            ["> quote"],
            ["- item"],
            ["```", "code", "```"],
            [
                "<!-- runner:a 00000000 ok cpu -->",
                "",
                "```text",
                "old",
                "```",
                "",
                "<!-- /runner -->",
            ],
            ["", "<!-- runner:b 00000000 failed -->", "", "<!-- /runner -->"],
            ["<!-- runner-matrix -->", "<!-- /runner -->"],
            ["%%"],
            ["$$"],
        ]
    ),
)


@st.composite
def notes(draw: st.DrawFn) -> str:
    pieces = draw(st.lists(PIECES, min_size=1, max_size=8))
    newlines = draw(st.sampled_from([["\n"], ["\r\n"], ["\n", "\r\n"]]))
    lines = [line + draw(st.sampled_from(newlines)) for piece in pieces for line in piece]
    lines[-1] = lines[-1].rstrip("\r\n") if draw(st.booleans()) else lines[-1]
    return draw(st.sampled_from(["", "\ufeff", "---\na: b\n---\n"])) + "".join(lines)


def show(text: str, results: dict[str, Result], surroundings: Surroundings = SURROUNDINGS) -> str:
    shown = {id: Shown("0123abcd", result) for id, result in results.items()}
    return render(parse("note.md", text), shown, surroundings).text


def without_regions(note: Note) -> str:
    """The note's text without the regions of its blocks and the blank lines above them."""
    kept, position = [], 0
    for block in note.blocks:
        region = note.region(block.id)
        if block.fault is None and region is not None:
            assert not note.text[block.span.end : region.span.start].strip("\r\n\t >")
            kept.append(note.text[position : block.span.end])
            position = region.span.end
    return "".join([*kept, note.text[position:]])


# A region in no container, behind a block in a list and an empty quote.
APART = """1. - ```python {setup="b"}
     1
     ```
>

<!-- runner:b 00000000 failed -->

<!-- /runner -->
"""


@given(notes(), st.dictionaries(st.sampled_from("abcd"), RESULTS))
@example(APART, {"b": Result(Status.FAILED)})
def test_nothing_but_regions_changes(text: str, results: dict[str, Result]) -> None:
    note = parse("note.md", text)
    # Results left behind by a block that moved are an error; writing a second set is another.
    homeless = {region.id for region in note.regions if region.block is None}
    rendered = show(text, {id: r for id, r in results.items() if id not in homeless})
    again = parse("note.md", rendered)
    assert without_regions(again) == without_regions(note)
    assert again.writable == note.writable
    assert [b.source for b in again.blocks] == [b.source for b in note.blocks]


@given(notes(), st.dictionaries(st.sampled_from("abcd"), RESULTS))
def test_rendering_twice_is_rendering_once(text: str, results: dict[str, Result]) -> None:
    once = show(text, results)
    assert show(once, results) == once


@given(notes())
def test_without_results_the_text_stays_the_same_object(text: str) -> None:
    note = parse("note.md", text)
    assert render(note, {}, SURROUNDINGS).text is note.text


@given(notes(), RESULTS)
def test_a_region_taken_away_leaves_the_bytes_it_came_to(text: str, result: Result) -> None:
    note = parse("note.md", text)
    ids = {b.id for b in note.blocks if b.role in ("setup", "component")} - {
        r.id for r in note.regions
    }
    shown = show(text, dict.fromkeys(ids, result))
    assert show(shown, dict.fromkeys(ids, Result(Status.OK))) == text


LONG = st.builds(
    Result,
    st.just(Status.FAILED),
    st.lists(
        st.builds(Text, st.integers(0, 60).map(lambda n: "some line\n" * n))
        | st.builds(Table, st.just(("a" * 300,)), st.just((("b" * 50,),) * 9))
        | st.just(Figure("image/png", b"")),
        max_size=5,
    ).map(tuple),
    reason=st.text("x\n", max_size=1000),
)
LONG_OR_OK = st.dictionaries(st.sampled_from("abcd"), LONG | st.just(Result(Status.OK)))


@example(
    '```python {setup="a"}\n1\n```\n',
    {"a": Result(Status.FAILED, (Text("some line\n" * 16),))},
    {"a": Result(Status.OK)},
)
@given(notes(), LONG_OR_OK, LONG_OR_OK)
def test_steps_are_small_and_arrive(
    text: str, before: dict[str, Result], after: dict[str, Result]
) -> None:
    """Law 4: one write into an open note changes its length by at most 200 characters."""
    homeless = {r.id for r in parse("note.md", text).regions if r.block is None}
    before, after = ({i: r for i, r in d.items() if i not in homeless} for d in (before, after))
    note = parse("note.md", show(text, before))
    target = parse("note.md", show(note.text, after))
    steps = 0
    while note.text != target.text:
        near = parse("note.md", step(note, target))
        assert abs(len(near.text) - len(note.text)) <= 200
        assert near.text != note.text
        assert near.writable == target.writable
        assert without_regions(near) == without_regions(note)
        note, steps = near, steps + 1
        assert steps < 300


# --- nothing breaks out ----------------------------------------------------------------------


def structure(text: str) -> list[list[tuple[str, int, str]]]:
    """What each parser sees: block tokens, without what a fence or paragraph holds."""
    return [[(t.type, t.level, t.info) for t in p.parse(text)] for p in PARSERS]


def hostile_result(text: str) -> Result:
    """A result that shows ``text`` wherever a result holds text that goes into a fence."""
    frames = tuple(Frame(text, text, None, text) for _ in range(2))
    failure = Failure(text, text, frames)
    test = TestOutcome(text, "failed", text, "cpu", failure)
    outputs = (Text(text), Figure("image/png", b""), Text(text, "value"))
    return Result(Status.FAILED, outputs, failure, (test,), device="cpu", reason=text)


@given(TEXTS, st.sampled_from(PREFIXES), st.sampled_from(["run", "test", "component"]))
def test_no_output_ends_its_fence_or_region(text: str, prefix: str, role: str) -> None:
    note = "\n".join([*fenced(prefix, role, "a", "```"), "after", ""])
    # Without a link to the whole text, which is there or not depending on its length.
    around = replace(SURROUNDINGS, link=lambda _: "")
    plain, hostile = (show(note, {"a": hostile_result(t)}, around) for t in ("x", f"x\n{text}\nx"))
    assert re.sub("`{3,}", "```", str(structure(hostile))) == re.sub(
        "`{3,}", "```", str(structure(plain))
    )
    seen = parse("note.md", hostile)
    assert (len(seen.regions), seen.headings, seen.tasks, seen.problems) == (1, (), (), ())
    assert "<%" not in hostile
    hostile.encode("utf-8")


INLINE = {"text", "text_special", "softbreak", "hardbreak"}
EMPHASIS = {f"{name}_{end}" for name in ("em", "strong", "s") for end in ("open", "close")}


def inline_types(text: str) -> set[str]:
    return {
        child.type for p in PARSERS for token in p.parse(text) for child in token.children or ()
    }


def block_types(text: str) -> set[str]:
    return {token.type for parser in PARSERS for token in parser.parse(text)}


def has_plugin_code(text: str) -> bool:
    return bool(re.search(r"<%|%%|\[\[|(?<!\\)`=|::|(?<!\S)#\w|- \[.\]", text))


@given(st.lists(CELLS, min_size=1, max_size=3))
def test_a_cell_is_nothing_but_text(rows: Sequence[Sequence[str]]) -> None:
    lines = table(["a"], [[cell(" ".join(text.split())) for text in row] for row in rows])
    text = "\n".join(lines)
    assert inline_types(text) <= INLINE
    assert not has_plugin_code(text)
    (tokens,) = [p.parse(text) for p in PARSERS[1:]]
    assert [t.type for t in tokens].count("tr_open") == len(rows) + 1
    assert tokens[-1].type == "table_close"


@given(TEXTS)
def test_markup_is_paragraphs_of_emphasis_and_math(text: str) -> None:
    lines = markup(clean(text))
    assume(lines is not None)
    shown = "\n".join(lines or [])
    assert block_types(shown) <= {"paragraph_open", "inline", "paragraph_close"}
    assert inline_types(shown) <= INLINE | EMPHASIS
    assert not has_plugin_code(shown)
