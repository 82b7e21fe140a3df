"""Translations undone in texts that were edited since."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runner.notebooks.rewording import Change, translated, undone
from tests import notebooks as nb


@st.composite
def translations(draw: st.DrawFn) -> tuple[str, list[Change]]:
    text = draw(st.text(alphabet="ab \n[]", max_size=40))
    offsets = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6, unique=True)))
    pairs = zip(offsets[::2], offsets[1::2], strict=False)
    return text, [(start, end, draw(st.text(alphabet="XY \n", max_size=4))) for start, end in pairs]


@given(translations())
def test_what_nobody_edited_comes_back(case: tuple[str, list[Change]]) -> None:
    text, changes = case
    assert undone(text, changes, translated(text, changes)) == text


@given(translations(), st.text(alphabet="c\n", max_size=5))
def test_what_was_added_at_the_end_stays(case: tuple[str, list[Change]], more: str) -> None:
    text, changes = case
    added = f"\n{more}."
    assert undone(text, changes, translated(text, changes) + added).endswith(added)


@given(translations(), st.text(alphabet="abXY \n", max_size=40))
def test_any_edit_is_survived(case: tuple[str, list[Change]], edited: str) -> None:
    undone(*case, edited)


NOTE = """# Title

> [!quote] [[paper.pdf#page=3&selection=1,2,3,4|Page 3]]
> the words

^q-words

%%a remark for me%%
A sentence with [[aaa]]. And ![[here.png|300]].
"""


def test_one_new_sentence_costs_no_link_and_no_remark() -> None:
    made = nb.export(NOTE)
    (cell,) = made.cells
    assert "[[" not in cell.source
    assert "remark" not in cell.source
    edited = cell.source.replace("A sentence", "A better sentence") + "\n\nMore."
    changed = nb.notebook(
        {"cell_type": "markdown", "source": edited, "metadata": dict(cell.metadata)},
        runner=dict(made.ours),
    )
    text, imported = nb.bring_in(changed)
    assert text == NOTE.replace("A sentence", "A better sentence").rstrip("\n") + "\n\nMore.\n"
    assert not imported.remarks
