"""A watch on a real folder: when and what it writes."""

from __future__ import annotations

import time
from itertools import pairwise

from vaults import Home, actions, fence
from watches import A, Watching, watching, watching_nothing

SLOW = fence("run", "slow", "import time", "open('began', 'w').close()", "time.sleep(1.5)")


def test_typing_postpones_writing_and_loses_nothing(home: Home) -> None:
    home.write("A.md", A)
    with watching(home, quiet=0.6) as watch:
        home.edit("A.md", "'one',", "'typed',")
        for count in range(8):
            time.sleep(0.2)
            assert "typed 1" not in home.read("A.md")
            home.write("A.md", home.read("A.md") + f"word {count}\n")
        watch.until(lambda: "typed 1" in home.read("A.md"))
        assert home.read("A.md").endswith("".join(f"word {count}\n" for count in range(8)))


def test_running_does_not_wait(home: Home) -> None:
    home.write("A.md", A + fence("run", "mark", "open('mark', 'a').write('x')"))
    with watching(home, quiet=1.5) as watch:
        home.edit("A.md", ".write('x')", ".write('y')")
        watch.until(lambda: home.read("mark").endswith("y"))
        assert "write('y')" in home.read("A.md")
        assert len(watch.reports) == 1


def test_a_save_during_a_run_plans_again_and_keeps_what_did_not_change(home: Home) -> None:
    quick = fence("run", "quick", "print('quick')")
    home.write("A.md", "Nothing yet.\n")
    with watching_nothing(home) as watch:
        home.write("A.md", quick + SLOW)
        watch.until(lambda: (home.vault / "began").exists())
        home.edit("A.md", "time.sleep(1.5)", "time.sleep(0.01)\nprint('soon')")
        watch.until(lambda: "\nsoon\n" in home.read("A.md"))
        assert "\nquick\n" in home.read("A.md")
        watch.until(lambda: len(watch.reports) == 2)
        assert actions(watch.reports[0])["slow"] == "skip"
        assert actions(watch.reports[1]) == {"quick": "reuse", "slow": "run"}


def test_a_result_never_lands_under_a_block_that_changed_meanwhile(home: Home) -> None:
    home.write("A.md", fence("run", "slow", "import time", "time.sleep(0.1)", "print('old')"))
    with watching(home, quiet=0.0) as watch:
        before = home.read("A.md")
        home.write("A.md", before.replace("time.sleep(0.1)", "time.sleep(0.8)"))
        time.sleep(0.4)
        home.write("A.md", home.read("A.md").replace("print('old')", "print('new')"))
        watch.until(lambda: "\nnew\n" in home.read("A.md"))
        watch.until(watch.rests)
        assert "\nold\n" not in home.read("A.md")


def test_a_block_that_does_not_parse_keeps_its_region_and_so_do_its_dependents(home: Home) -> None:
    home.write("A.md", A)
    with watching(home) as watch:
        home.edit("A.md", "base = 1", "base = (1")
        watch.next()
        assert "one 1" in home.read("A.md")
        assert "SyntaxError" not in home.read("A.md")
        home.edit("A.md", "base = (1", "base = (7)")
        watch.until(lambda: "one 7" in home.read("A.md"))


def test_in_obsidian_vaults_long_results_grow_in_small_steps(home: Home) -> None:
    home.write(".obsidian/app.json", "{}")
    home.write("A.md", "Words.\n\n" + fence("run", "long", "for i in range(30): print('x' * 30)"))
    lengths = [len(home.read("A.md"))]
    watch = Watching(home, quiet=0.1)
    try:
        while not watch.reports:
            assert watch.failure is None
            length = len(home.read("A.md"))
            if length != lengths[-1]:
                lengths.append(length)
            time.sleep(0.005)
        assert max(abs(b - a) for a, b in pairwise(lengths)) <= 200
        assert home.read("A.md").count("x" * 30) == 30
    finally:
        watch.stop()


def test_the_matrix_follows(home: Home) -> None:
    quote = "> A sentence.\n> [[paper.pdf#page=1]]\n\n"
    blocks = fence("component", "c", "X = 1") + fence("test", "t", "assert X == 1")
    home.write("paper.pdf", b"%PDF-1.4\n")
    home.write("N.md", quote + blocks)
    home.write("Table.md", "<!-- runner-matrix -->\n<!-- /runner -->\n")
    with watching(home) as watch:
        watch.until(lambda: "| ok |" in home.read("Table.md"))
        home.edit("N.md", "X = 1\n", "X = 2\n")
        watch.until(lambda: "| failed |" in home.read("Table.md"))
        home.write("Late.md", "> Another sentence.\n> [[paper.pdf#page=2]]\n")
        watch.until(lambda: "Another sentence" in home.read("Table.md"))


def test_stopping_writes_what_is_finished(home: Home) -> None:
    home.write("A.md", A + fence("run", "mark", "open('mark', 'a').write('x')"))
    with watching(home, quiet=1.0) as watch:
        text = home.read("A.md").replace("'one',", "'last',")
        home.write("A.md", text.replace(".write('x')", ".write('y')"))
        watch.until(lambda: home.read("mark").endswith("y"))
        time.sleep(0.3)  # for the worker's word of it to arrive
    assert "last 1" in home.read("A.md")
    assert actions(watch.reports[-1])["one"] == "run"
