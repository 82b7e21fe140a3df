"""A plain command line means the same with and without click."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.arguments import PlainRun, plain_run
from runner.opening import answers_in_json
from runner.run_commands import run
from runner.wish import Wish

HERE, TESTS = __file__, str(Path(__file__).parent)
FLAGS = ["--force", "--json", "--no-write", "--slow", "--trust"]
OTHERS = [
    "--",
    "-",
    "-k",
    "x",
    "--device",
    "cpu",
    "--workers=2",
    "--forc",
    "-h",
    "--help",
    "",
    "-f",
]


def by_click(words: list[str]) -> PlainRun | None:
    """What click makes of them, None where it refuses them or shows help."""
    try:
        given = run.make_context("run", list(words)).params
    except (click.ClickException, click.exceptions.Exit):
        return None
    paths, trust, write = given.pop("paths"), given.pop("trust"), not given.pop("no_write")
    return PlainRun(paths, trust, answers_in_json(), Wish(write=write, **given))


@given(st.lists(st.sampled_from([HERE, TESTS, *FLAGS, *OTHERS]), max_size=6))
def test_what_is_plain_is_read_as_click_reads_it(words: list[str]) -> None:
    plain = plain_run(["run", *words])
    assert plain is None or plain == by_click(words)


@given(st.lists(st.sampled_from(FLAGS), max_size=5), st.permutations([HERE, TESTS]))
def test_paths_and_flags_are_plain(flags: list[str], paths: list[str]) -> None:
    words = [paths[0], *flags, paths[1]]
    plain = plain_run(["run", *words])
    assert plain is not None
    assert plain == by_click(words)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["run"],
        ["run", "--force"],
        ["run", "-k", "x", HERE],
        ["run", HERE, "--help"],
        ["run", HERE, "no such file"],
        ["check", HERE],
        ["--json", "run", HERE],
    ],
)
def test_the_rest_is_left_to_click(words: list[str]) -> None:
    assert plain_run(words) is None
