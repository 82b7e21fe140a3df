"""Folding: what counts as the same words, and the way back to the characters."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.folding import fold, folded

# name -> two texts of the same words
SAME = {
    "case": ("The MODEL", "the model"),
    "spaces": ("the  model", "themodel\n"),
    "punctuation": ("the “model”, (its)", "the model its"),
    "ligature": ("ﬁne-tune, eﬃcient", "fine-tune, efficient"),
    "hyphen at a line end": ("Trans-\nformer", "Transformer"),
    "hyphen at a line end, as Obsidian copies it": ("Trans- former", "Transformer"),
    "soft hyphen": ("Trans\u00adformer", "Transformer"),
    "dashes": ("pre–training — and", "pre-training - and"),
    "superscript": ("P²", "P2"),
    "letters of mathematics": ("ℝ 𝜖 𝐱", "R ϵ x"),
    "composed and decomposed": ("café", "cafe\u0301"),
    "TeX's loose accent": ("Poincar´e, na¨ıve, H¨older", "Poincaré, naïve, Hölder"),
    "sharp s": ("Straße", "STRASSE"),
    "full width": ("ＡＢ１", "ab1"),
    "Korean": ("\u1112\u1161\u11ab", "한"),
    "nothing but signs": ("… – ()", ""),
    "private and control characters": ("a\ue000b\x00c", "abc"),
}
DIFFERENT = {
    "a letter": ("model", "modal"),
    "an accent": ("ano", "año"),
    "a voiced sound": ("か", "が"),
    "a vowel sign": ("कि", "की"),
    "a digit": ("1.5", "1.6"),
    "order": ("ab", "ba"),
    "scripts that look alike": ("a", "а"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_same(name: str) -> None:
    one, other = SAME[name]
    assert folded(one) == folded(other)


@pytest.mark.parametrize("name", DIFFERENT)
def test_different(name: str) -> None:
    one, other = DIFFERENT[name]
    assert folded(one) != folded(other)


texts = st.text(
    alphabet=st.one_of(
        st.sampled_from("aB c-\n1.ﬁﬃéß´¨ıe\u0301\u00ad𝐱²한\u1112\u1161ǰ\u0345"),
        st.characters(),
    ),
    max_size=60,
)


@given(texts)
def test_every_letter_leads_back_to_the_characters_it_comes_from(text: str) -> None:
    result = fold(text)
    assert len(result.text) == len(result.starts) == len(result.ends)
    assert list(result.starts) == sorted(result.starts)
    assert list(result.ends) == sorted(result.ends)
    spans = dict.fromkeys(zip(result.starts, result.ends, strict=True))
    assert "".join(folded(text[start:end]) for start, end in spans) == result.text
    assert all(0 <= start < end <= len(text) for start, end in spans)


@given(texts)
def test_nothing_is_left_to_fold(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@given(texts)
def test_characters_without_letters_between_words_change_nothing(text: str) -> None:
    words = [word for word in text.split() if not unicodedata.combining(word[0])]
    assert folded(" ".join(words)) == folded(" -\n".join(words))
