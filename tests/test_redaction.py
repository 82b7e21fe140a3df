"""What a note may show of its user's environment, and what a worker gets of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.environment import declared, handed_on, is_secret
from runner.redaction import SHORTEST, Redaction
from runner.result import Evidence, Failure, Frame, Result, Status, Table, TestOutcome, Text

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
    st.text(min_size=SHORTEST, max_size=20).filter(lambda value: value not in "‹TOKEN›"),
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
