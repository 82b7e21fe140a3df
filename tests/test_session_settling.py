"""A run that is right at its own end: what read a file that the run changed later runs once more."""

from __future__ import annotations

import pytest
from vaults import Home, actions, fence, ran, statuses


def writer(value: int, name: str = "made.txt") -> str:
    return fence("run", "writes", f"open({name!r}, 'w').write('{value}')", "pass")


def reader(role: str, id: str, expected: str, name: str = "made.txt") -> str:
    return fence(role, id, f"found = open({name!r}).read()", f"assert found == {expected!r}, found")


def agrees(home: Home) -> None:
    """Another run finds nothing to do, and a run of everything leaves the same."""
    left = home.files().data
    assert ran(home.session()) == set()
    home.session(force=True)
    assert home.files().data == left


def test_a_test_reads_what_a_run_block_writes(home: Home) -> None:
    home.write("N.md", reader("test", "check", "1") + writer(1))
    assert statuses(home.session()) == {"check": "ok", "writes": "ok"}
    agrees(home)
    home.edit("N.md", "write('1')", "write('2')")
    report = home.session()
    assert statuses(report) == {"check": "failed", "writes": "ok"}
    assert ran(report) == {"check", "writes"}
    because = {block.id: block.because for block in report.blocks()}
    assert because["check"] == "made.txt changed"
    assert "found == '1'" in home.read("N.md")
    agrees(home)


def test_a_block_above_the_one_that_writes(home: Home) -> None:
    home.write("made.txt", "0")
    home.write("N.md", fence("run", "shows", "print(open('made.txt').read())") + writer(5))
    home.session()
    assert "5\n```" in home.read("N.md")
    agrees(home)


def test_a_note_that_stands_before_the_one_that_writes(home: Home) -> None:
    home.write("A.md", fence("run", "shows", "print(open('made.txt').read())"))
    home.write("B.md", writer(5))
    assert statuses(home.session(workers=2)) == {"shows": "ok", "writes": "ok"}
    agrees(home)


def test_dependents_follow(home: Home) -> None:
    home.write("made.txt", "0")
    home.write(
        "A.md",
        fence("run", "apart", "print('apart')")
        + fence("run", "reads", "found = open('made.txt').read()")
        + fence("run", "shows", "print('found', found)"),
    )
    home.write("B.md", writer(5))
    home.session()
    assert "found 5" in home.read("A.md")
    home.edit("B.md", "write('5')", "write('6')")
    report = home.session()
    assert ran(report) == {"reads", "shows", "writes"}
    assert actions(report)["apart"] == "reuse"
    assert "found 6" in home.read("A.md")
    agrees(home)


def test_a_chain_through_files(home: Home) -> None:
    for name in "abc":
        home.write(f"{name}.txt", "0")
    for number, (source, target) in enumerate((("b", "c"), ("a", "b"))):
        home.write(
            f"{number}.md",
            fence(
                "run",
                f"copy{number}",
                f"text = open('{source}.txt').read()",
                f"open('{target}.txt', 'w').write(text); print(text)",
            ),
        )
    home.write("2.md", writer(7, "a.txt"))
    home.session()
    assert "7\n```" in home.read("0.md")
    agrees(home)


def test_a_folder_that_is_listed(home: Home) -> None:
    home.write("made/a.txt", "")
    home.write(
        "N.md",
        fence("test", "counts", "import os", "assert len(os.listdir('made')) == 2")
        + writer(1, "made/b.txt"),
    )
    assert statuses(home.session())["counts"] == "ok"
    agrees(home)


def test_declared_data(home: Home) -> None:
    home.write("made.txt", "0")
    home.write(
        "N.md",
        fence(
            "test",
            "check",
            "#| data: [made.txt]",
            "import os",
            "assert os.path.getsize('made.txt') == 2",
        )
        + writer(10),
    )
    assert statuses(home.session())["check"] == "ok"
    agrees(home)


def test_what_never_comes_to_rest_is_told(home: Home) -> None:
    def adds(source: str, target: str) -> list[str]:
        return [
            f"n = int(open('{source}.txt').read())",
            f"open('{target}.txt', 'w').write(str(n + 1))",
        ]

    home.write("a.txt", "0")
    home.write("b.txt", "0")
    home.write("A.md", fence("run", "there", *adds("a", "b")))
    home.write("B.md", fence("run", "back", *adds("b", "a")) + fence("run", "apart", "print(1)"))
    report = home.session(workers=1)
    told = [problem for note in report.notes for problem in note.problems]
    assert told and all("never comes to rest" in problem.what for problem in told)
    assert {str(problem.severity) for problem in told} == {"warning"}
    assert int(home.read("a.txt")) <= 8
    assert set(statuses(report).values()) == {"ok"}


@pytest.mark.parametrize("option", ["cache: false", "slow: true"])
def test_no_block_runs_twice_for_its_options_alone(home: Home, option: str) -> None:
    home.write("log.txt", "")
    home.write(
        "N.md",
        fence("run", "logs", f"#| {option}", "open('log.txt', 'a').write('x')")
        + fence("test", "check", "assert open('log.txt').read() == 'x'"),
    )
    assert statuses(home.session(slow=True)) == {"logs": "ok", "check": "ok"}
