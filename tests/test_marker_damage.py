"""A marker that was damaged, as backspacing and autosave leave it, never costs text of the author's.

Where nothing tells the damage, rendering may replace what stands between two markers: so every way
to damage one or two marker lines of a note is tried, and every word outside regions must be there
after.
"""

from __future__ import annotations

from itertools import combinations

import pytest

from runner.parse import parse
from runner.render import Shown, Surroundings, matrix, render
from runner.result import Result, Status, Text

SURROUNDINGS = Surroundings(
    embed=lambda name: f"![[{name}]]",
    link=lambda name: f"[[{name}]]",
    locate=lambda place: f"N.md:{place.line}",
)
BEFORE, AFTER = (
    {
        id: Shown("3f9a1c0d", Result(Status.OK, (Text(f"{said} {id}\n", "stdout"),)))
        for id in ("one", "two", "three")
    }
    for said in ("before", "after")
)
WORDS = ("alpha", "beta", "gamma", "delta", "source_one", "source_two", "source_three")
NOTE = """alpha

```python {run="one"}
source_one = 1
```

beta

```python {run="two"}
source_two = 2
```

gamma

```python {component="three"}
source_three = 3
```

<!-- runner-matrix -->
| old |
|-----|
<!-- /runner -->

delta
"""


def written(note: str) -> str:
    return render(parse("N.md", note), BEFORE, SURROUNDINGS).text


def rewritten(text: str) -> str:
    """What the next run leaves, whose results are others."""
    note = parse("N.md", text)
    if not note.writable:
        return text
    return matrix(parse("N.md", render(note, AFTER, SURROUNDINGS).text), "| new |")


def in_callout(note: str) -> str:
    return "".join(f"> {line}" for line in note.splitlines(keepends=True))


def lost(damaged: str) -> list[str]:
    after = rewritten(damaged)
    return [word for word in WORDS if word in damaged and word not in after]


TEXTS = {
    "plain": written(NOTE),
    "in a callout": written("> [!note]\n" + in_callout(NOTE)),
    "CRLF": written(NOTE.replace("\n", "\r\n")),
}
TYPED = ["%%", "<!--", "-->", "<div>", "`", "```", "~~~", "$$", "x", "\n"]
PLACES = [("plain", typed) for typed in TYPED] + [("in a callout", "%%"), ("in a callout", "```")]


@pytest.fixture(params=TEXTS)
def lines(request: pytest.FixtureRequest) -> list[str]:
    return lines_of(request.param)


def lines_of(name: str) -> list[str]:
    text = TEXTS[name]
    assert rewritten(text).count("after") == 2 and "new" in rewritten(text)
    return text.splitlines(keepends=True)


def markers(lines: list[str]) -> list[int]:
    found = [index for index, line in enumerate(lines) if "<!--" in line]
    assert len(found) == 6
    return found


def test_any_characters_of_a_marker_gone(lines: list[str]) -> None:
    for index in markers(lines):
        line = lines[index]
        for first, last in combinations(range(len(line) + 1), 2):
            damaged = [*lines[:index], line[:first] + line[last:], *lines[index + 1 :]]
            assert not lost("".join(damaged)), "".join(damaged)


@pytest.mark.parametrize(("name", "typed"), PLACES)
def test_something_typed_in_two_places(name: str, typed: str) -> None:
    """At the start of any two lines: before one, and on a line of its own above another."""
    lines = lines_of(name)
    for first, last in combinations(range(len(lines) + 1), 2):
        damaged = [*lines[:first], typed, *lines[first:last], typed, "\n", *lines[last:]]
        assert not lost("".join(damaged)), "".join(damaged)


def test_two_markers_shortened(lines: list[str]) -> None:
    cut = [(0, 4), (4, 0), (0, 8), (8, 0), (0, 99), (0, 1), (1, 0)]
    for one, other in combinations(markers(lines), 2):
        for left, right in cut:
            for start, end in cut:
                damaged = list(lines)
                for index, (head, tail) in ((one, (left, right)), (other, (start, end))):
                    body = damaged[index].rstrip("\r\n")
                    newline = damaged[index][len(body) :]
                    damaged[index] = body[head : max(len(body) - tail, 0)] + newline
                assert not lost("".join(damaged)), "".join(damaged)
