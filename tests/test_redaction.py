"""What a note may show of its user's environment, and what a worker gets of it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.environment import declared, handed_on, is_secret
from runner.redaction import SHORTEST, Redaction
from runner.result import (
    Evidence,
    Failure,
    Figure,
    Frame,
    Result,
    Status,
    Table,
    TestOutcome,
    Text,
)

ENVIRON = {
    "HOME": "/home/ann",
    "API_KEY": "correct horse battery",
    "SHORT_TOKEN": "1234567",
    "LONGER_SECRET": "correct horse battery staple",
    "KEYBOARD": "querty-layout",
}
redaction = Redaction(ENVIRON, ["/home/ann", "/"])


@pytest.mark.parametrize(
    "name",
    "API_KEY OPENAI_API_KEY HF_TOKEN GITHUB_PAT AWS_SECRET_ACCESS_KEY DB_PASSWORD PGPASSWORD "
    "GPG_PASSPHRASE my_token KEY KEY_ID MYSQL_PWD GOOGLE_APPLICATION_CREDENTIALS KEY2".split(),
)
def test_names_behind_which_secrets_stand(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", "PATH PWD OLDPWD KEYBOARD MONKEY_ISLAND HOME PATTERN".split())
def test_names_behind_which_none_stands(name: str) -> None:
    assert not is_secret(name)


def test_a_worker_gets_what_programs_need_and_no_secret() -> None:
    environ = dict.fromkeys(
        "PATH HOME Path LC_ALL CUDA_VISIBLE_DEVICES OMP_NUM_THREADS TORCH_HOME HF_HOME".split(), "x"
    )
    secret = dict.fromkeys(
        "HF_TOKEN SLACK_URL GIT_AUTHOR_EMAIL AWS_PROFILE SSH_AUTH_SOCK".split(), "x"
    )
    assert handed_on(environ | secret) == environ


def test_a_declared_variable_reaches_its_blocks() -> None:
    assert declared({"B": "2", "A": "1", "C": "3"}, ["B", "A", "A", "gone"]) == (
        ("A", "1"),
        ("B", "2"),
    )


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("key=correct horse battery.", "key=‹API_KEY›."),
        ("correct horse battery staple", "‹LONGER_SECRET›"),
        ("1234567", "1234567"),
        ("querty-layout", "querty-layout"),
        ("in /home/ann/notes and /home/ann", "in ~/notes and ~"),
        ("/home/annette/notes", "/home/annette/notes"),
        ("'/home/ann'", "'~'"),
        ("ghp_" + "a1" * 18, "‹token›"),
        ("hf_" + "aB3" * 11, "‹token›"),
        ("sk-proj-" + "x" * 24, "‹token›"),
        ("AKIA" + "ABCD1234" * 2, "‹token›"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----!", "‹token›!"),
        ("http://ann:hunter2@host/x", "http://‹user:password›@host/x"),
        ("http://host:80/a@b", "http://host:80/a@b"),
        ("task-1 risk-free half_baked", "task-1 risk-free half_baked"),
    ],
)
def test_what_a_note_shows(printed: str, shown: str) -> None:
    assert redaction.text(printed) == shown


HARD = "p@ss/word \"ä\\n?&=+ 'x"


@pytest.mark.parametrize(
    "shown",
    [
        HARD,
        repr(HARD),
        json.dumps(HARD),
        json.dumps(HARD, indent=1),
        f"https://host/?key={quote(HARD)}&b=1",
        quote_plus(HARD),
        quote(HARD, safe=""),
        base64.b64encode(HARD.encode()).decode(),
        base64.urlsafe_b64encode(HARD.encode()).decode().rstrip("="),
        *(base64.b64encode(f"{'u' * n}:{HARD}".encode()).decode() for n in range(1, 7)),
        *(base64.b64encode(f"{'u' * n}:{HARD}{'v' * n}".encode()).decode() for n in range(1, 7)),
        f"Text(HARD + chr(10)): {HARD}\n",
    ],
)
def test_other_forms_of_a_secret(shown: str) -> None:
    said = Redaction({"MY_TOKEN": f"{HARD}\n"}).text(shown)
    assert "‹MY_TOKEN›" in said
    assert len(said) < len(shown) - len(HARD) + 20


def test_short_values_and_what_looks_alike_shred_no_text() -> None:
    words = Redaction({"A_KEY": "1234567", "B_KEY": "        ", "C_TOKEN": "aaaa" * 4})
    text = "1234567 is 7 digits,         blanks, MTIzNDU2Nw== and aaaa"
    assert words.text(text) == text


def test_a_drawing_holds_no_secret() -> None:
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg"><!-- correct horse battery --></svg>'
    result = redaction.of(
        Result(Status.OK, (Figure("image/svg+xml", drawing), Figure("image/png", b"\x89\xff")))
    )
    assert "‹API_KEY›".encode() in result.outputs[0].data  # type: ignore[union-attr]
    assert result.outputs[1] == Figure("image/png", b"\x89\xff")


def test_every_text_of_a_result_is_redacted_and_nothing_else() -> None:
    word = ENVIRON["API_KEY"]
    evidence = Evidence(files=((f"/home/ann/{word}", "0"),))
    told = Result(
        Status.FAILED,
        (Text(word), Table((word,), ((word, "1"),))),
        Failure("ValueError", word, (Frame("f", f"x = {word!r}"),)),
        (TestOutcome("test_x", "failed", word),),
        reason=word,
        evidence=evidence,
    )
    result = redaction.of(told)
    assert result.evidence == evidence
    assert word not in repr(replace(result, evidence=Evidence()))
    assert repr(result).count("‹API_KEY›") == 7


def test_a_result_without_secrets_stays_the_same_object() -> None:
    result = Result(Status.OK, (Text("loss 0.1"), Table(("a",), (("1",),))))
    assert redaction.of(result) is result


@given(
    st.text(min_size=SHORTEST, max_size=20).filter(
        lambda value: len(value.strip()) >= SHORTEST and value.strip() not in "‹TOKEN›"
    ),
    st.text(max_size=20),
    st.text(max_size=20),
)
def test_no_text_shows_a_secret_whole(secret: str, before: str, after: str) -> None:
    shown = Redaction({"TOKEN": secret}).text(before + secret + after)
    assert secret not in shown.replace("‹TOKEN›", "\0")


@given(st.text(max_size=200))
def test_redacting_twice_is_redacting_once(text: str) -> None:
    once = redaction.text(text)
    assert redaction.text(once) == once
