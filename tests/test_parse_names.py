"""Module names, properties, and the one line of them that the tool edits."""

import pytest

from runner.frontmatter import LONGEST, set_property
from runner.parse import module_name, parse

BLOCK = '```python {run="a"}\n```\n'


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("ViT", "vit"),
        ("Attention Is All You Need", "attention_is_all_you_need"),
        ("An image is worth 16x16 words: ViT", "an_image_is_worth_16x16_words_vit"),
        ("2010.11929", "n2010_11929"),
        ("class", "class_"),
        ("None", "none"),
        ("GELU – a note (v2)", "gelu_a_note_v2_"),
        ("注意力 機構", "注意力_機構"),
        ("Größe", "größe"),
        ("Gro\u0308\u00dfe", "größe"),  # written with a combining mark
        ("ﬁne", "fine"),  # a ligature
        ("Ⅳ", "iv"),
        ("🙂", "_"),
        ("a🙂b", "a_b"),
        ("a__b", "a__b"),
        (" x ", "_x_"),
        ("", "n"),
        ("\u0301a", "n\u0301a"),
        ("match", "match"),  # only sometimes a keyword, and a fine name
    ],
)
def test_module_name(stem: str, name: str) -> None:
    assert module_name(stem) == name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("ViT.md", "vit"),
        ("Papers/2020/ViT v1.2.md", "vit_v1_2"),
        ("Papers/ViT.MD", "vit"),
    ],
)
def test_a_note_is_named_after_its_file(path: str, name: str) -> None:
    assert parse(path, BLOCK).name == name
    assert parse(path, BLOCK).module == f"vault.{name}"


def test_the_module_property_names_the_note() -> None:
    assert parse("a.md", f"---\nmodule: attention\n---\n{BLOCK}").name == "attention"


def test_properties_that_are_too_long_are_an_error_of_a_note_with_blocks() -> None:
    text = f"---\nseed: 1\nabout: {'x' * LONGEST}\n---\n{BLOCK}"
    (problem,) = parse("a.md", text).problems
    assert problem.what == "the properties cannot be read: they are longer than 64 kB"
    assert parse("a.md", text.replace('{run="a"}', "")).problems == ()


@pytest.mark.parametrize("number", ["2010.11929", "1706.10000", "9901001"])
def test_the_name_of_a_paper_is_no_number(number: str) -> None:
    assert parse("a.md", f"---\narxiv: {number}\n---\n").properties["arxiv"] == number


@pytest.mark.parametrize(
    "text",
    ["", "--- \nseed: 1\n---\n", "\n---\nseed: 1\n---\n", "---\nseed: 1\n --- \n",
     "----\nseed: 1\n----\n",
     "---\nseed: 1\n...\n", "{\n\"seed\": 1\n}\n", "text\n---\nseed: 1\n---\n"],
)  # fmt: skip
def test_what_is_no_frontmatter(text: str) -> None:
    note = parse("a.md", text)
    assert note.properties == {}
    assert not note.frontmatter.end


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("runner_status: failed", "runner_status: ok"),
        ("runner_status:", "runner_status: ok"),
        ("runner_status:   failed  ", "runner_status:   ok  "),
        ("runner_status: ", "runner_status: ok"),
        ("runner_status: failed # mine", "runner_status: ok # mine"),
        ('runner_status: "failed # x" # mine', "runner_status: ok # mine"),
        ("runner_status: # mine", "runner_status: ok # mine"),
        ("a: 1\nrunner_status: stale\nb: 2", "a: 1\nrunner_status: ok\nb: 2"),
        ("runner_status: ok", None),
        ('runner_status: "ok"', None),
        ("other: failed", None),
        ("nested:\n  runner_status: failed", None),
        ("about: |\n  runner_status: failed", None),
        ("runner_status: |\n  failed", None),
        ("runner_status:\n  - failed", None),
        ("runner_status:\n- failed", None),
        ("runner_status_old: failed", None),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_set_property(before: str, after: str | None, newline: str, mark: str) -> None:
    def whole(rows: str) -> str:
        return mark + f"---\n{rows}\n---\nrunner_status: body\n".replace("\n", newline)

    text = whole(before)
    expected = whole(before if after is None else after)
    assert set_property(text, parse("a.md", text).frontmatter, "runner_status", "ok") == expected


def test_set_property_without_frontmatter_changes_nothing() -> None:
    text = "runner_status: failed\n"
    assert set_property(text, parse("a.md", text).frontmatter, "runner_status", "ok") == text
