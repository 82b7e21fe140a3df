"""Printed text as a note shows it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.clean import (
    FILE_BYTES,
    NOTE_CHARACTERS,
    NOTE_LINES,
    clean,
    clean_line,
    cut,
    cut_file,
    fair,
    shorten,
)
from runner.harmless import cell, fence, markup, table


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb\n", "a\nb"),
        ("\n\n  a  \n\n\tb\t\n\n\n", "  a\n\n\tb"),
        ("", ""),
        ("\x1b[1;31mred\x1b[0m \x1b[2K\x1b[1Aup", "red up"),
        ("\x1b]0;title\x07a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "alink"),
        ("\x1b]52;c;never ended\nnext", "\nnext".strip("\n")),
        ("\x1bPdcs\x1b\\a\x1b(Bb\x1b7c", "abc"),
        ("\x9b31mred \x9dtitle\x9cend", "red end"),
        ("a\x00\x07\x0b\x0c\x7f\x80b", "ab"),
        ("a\u202eb\u2066c\u200bd\ufeffe", "abcde"),
        ("\U0001f468\u200d\U0001f469 stays", "\U0001f468\u200d\U0001f469 stays"),
        ("a\ud800b", "a\ufffdb"),
        ("one\u2028two", "one\ntwo"),
        ("a\r\nb\r\r\nc", "a\nb\nc"),
        ("  0%\r 50%\r100%\ndone", "100%\ndone"),
        ("100%\r", "100%"),
        ("100%\r     \r\nafter", "after"),
        ("12\b3\b\b\b4", "4"),
        ("<A at 0x7f12ab34cd56> <B at 0x10ab34cd0> 0xff", "<A at 0x…> <B at 0x…> 0xff"),
        ("<% tp.x %>", "< % tp.x %>"),
        ("<\u200b% tp.x %>", "< % tp.x %>"),
    ],
)
def test_clean(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_clean_line_is_one_line() -> None:
    assert clean_line(" a\n\tb\r\nc ") == "a b c"


@given(st.text() | st.text("\x1b[]0;m\x07\\\r\n\b \tx\x9b<%\u200b0x7fa"))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]|<%", once)


@given(st.lists(st.text("x", max_size=3000)), st.integers(3, 50), st.integers(200, 5000))
def test_cut_keeps_the_bounds(lines: Sequence[str], limit: int, characters: int) -> None:
    head, tail, width = cut(lines, limit, characters)
    assert head >= 0 <= tail
    assert head + tail <= len(lines)
    left_out = len(lines) - head - tail
    assert head + tail + bool(left_out) <= limit
    kept = [*lines[:head], *lines[len(lines) - tail :]]
    assert sum(len(shorten(line, width)) + 1 for line in kept) <= characters
    if sum(map(len, lines)) + len(lines) <= characters and len(lines) <= limit:
        assert not left_out
        assert all(len(line) <= width for line in kept)


def test_what_a_note_holds_of_a_long_text() -> None:
    lines = [f"line {i}" for i in range(1000)]
    head, tail, _ = cut(lines)
    assert head + tail + 1 == NOTE_LINES
    assert abs(head - tail) <= 1
    assert cut(["x" * 3_900]) == (1, 0, NOTE_CHARACTERS)  # one line is as good as forty
    assert cut(["x" * 3_900, "y"] * 2) == (4, 0, NOTE_CHARACTERS // 2 - 50)
    assert shorten("x" * 1000, 1000) == "x" * 1000
    assert len(shorten("x" * 100_000, 1000)) <= 1000


@given(st.lists(st.integers(0, 50)), st.integers(0, 200))
def test_the_small_leave_room_to_the_large(sizes: list[int], total: int) -> None:
    share = fair(sizes, total)
    taken = [min(size, share) for size in sizes]
    assert sum(taken) <= total
    if taken != sizes:
        assert sum(min(size, share + 1) for size in sizes) > total


def test_a_long_file_keeps_its_first_and_last_half() -> None:
    data, size = cut_file("é" * FILE_BYTES)
    assert size == 2 * FILE_BYTES + 1
    assert FILE_BYTES - 200 < len(data) <= FILE_BYTES
    first, gap, last = data.decode("utf-8").split("\n", 2)
    said = re.fullmatch(r"… ([\d,]+) bytes left out …", gap)
    assert said is not None
    assert {*first, *last} == {"é", "\n"}
    kept = len(first.encode()) + len(last.encode())
    assert kept + int(said[1].replace(",", "")) == size
    assert cut_file("short") == (b"short\n", 6)


LONG = "x" * 600_000


@pytest.mark.parametrize(
    ("text", "left_out"),
    [
        ("a\n… 5,000 bytes left out …\nb", (5_000,)),
        (f"{LONG}\n… 5,000 bytes left out …\n{LONG}", (5_000,)),
        (f"a\n… 70 bytes left out …\n{LONG}{LONG}", (70,)),
        (f"a\n… 70 bytes left out …\nb\n… 70 bytes left out …\n{LONG}{LONG}", (70, 70)),
        (f"{LONG}{LONG}\n… 70 bytes left out …\nb", (70,)),
        (f"{'x' * (FILE_BYTES // 2 - 60)}\n… 70 bytes left out …\n{LONG}", (70,)),
        (f"{LONG}\n… 70 bytes left out …\n{'x' * (FILE_BYTES // 2 - 60)}", (70,)),
    ],
)
def test_what_is_missing_already_is_counted_once(text: str, left_out: tuple[int, ...]) -> None:
    """Lines that say what is missing say the truth, however often the text is cut."""
    data, size = cut_file(text, left_out)
    assert len(data) <= FILE_BYTES
    gaps = re.findall(r"\n(… ([\d,]+) bytes left out …\n)", data.decode("utf-8"))
    said = sum(int(count.replace(",", "")) for _, count in gaps)
    words = sum(len(f"\n{line}".encode()) for line, _ in gaps)
    assert len(data) - words + said == size
    marked = sum(len(f"\n… {count:,} bytes left out …\n".encode()) for count in left_out)
    assert size == len(text.encode()) + 1 - marked + sum(left_out)


def test_a_line_that_only_looks_like_what_is_missing_is_text() -> None:
    text = "a\n… 5,000 bytes left out …\nb"
    assert cut_file(text)[1] == len(text.encode()) + 1


@pytest.mark.parametrize(
    ("lines", "ticks"),
    [(["a"], "```"), (["``"], "```"), (["a ``` b"], "````"), (["`" * 9], "`" * 10)],
)
def test_a_fence_is_longer_than_what_it_holds(lines: list[str], ticks: str) -> None:
    assert fence(lines) == [f"{ticks}text", *lines, ticks]


def test_a_table_is_aligned_by_display_width() -> None:
    assert table(["a", "注意"], [["1"], ["longer", "2"]]) == [
        "| a      | 注意 |",
        "| ------ | ---- |",
        "| 1      |      |",
        "| longer | 2    |",
    ]


def test_a_long_table_keeps_its_ends() -> None:
    lines = table(["n"], [[str(i)] for i in range(100)])
    assert len(lines) == 2 + 41
    assert lines[21:24] == ["| 19  |", "| …   |", "| 80  |"]


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("snake_case 1.5e-3 50% (a, b) x^2", "snake_case 1.5e-3 50% (a, b) x^2"),
        ("a|b", r"a\|b"),
        ("_x_ *y* `z`", r"\_x\_ \*y\* \`z\`"),
        ("<b> &amp;", "&lt;b&gt; &amp;amp;"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_cell(text: str, escaped: str) -> None:
    assert cell(text) == escaped


@pytest.mark.parametrize(
    "text",
    [
        "plain, *em*, **strong**",
        "two\nlines\n\nand a paragraph",
        "$x_1 < y$ costs \\$5",
        "$$\na = [b] \\\\\n\\sum_i c_i\n$$",
        "$\\left[a\\right]$",
    ],
)
def test_harmless_markup_is_shown(text: str) -> None:
    assert markup(text) == text.split("\n")


@pytest.mark.parametrize(
    "text",
    [
        *("", "`code`", "```\nx\n```", "~~~\nx", "    <b>", "a <b>x</b>", "a <!-- x -->", "<?x"),
        *(
            "[a](b)",
            "[a]",
            "[[a]]",
            "![[a]]",
            "![a](b)",
            "[a]: b",
            "https://a.b",
            "www.a.b",
            "<a@b.c>",
        ),
        *(
            "- [ ] task",
            "- item",
            "+ x",
            "1. x",
            "# h",
            "h\n===",
            "h\n---",
            "***",
            "> q",
            "a | b\n- | -",
        ),
        *("%%c%%", "<% tp %>", "key:: v", "#tag", "x #tag", "x ^id", "$open", "$$open", "{{date}}"),
        *("$$a\n\nb$$", "a $b$ $", "$[[a]]$", "$x$ [a]"),
    ],
)
def test_markup_that_could_be_more_is_refused(text: str) -> None:
    assert markup(text) is None
