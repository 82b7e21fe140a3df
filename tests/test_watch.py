"""A watch on a real folder with real file events; the watch runs in a thread of its own."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from vaults import Home, actions, fence, ran, statuses

from runner.changes import Changes
from runner.report import Report
from runner.session import Session
from runner.vault import Vault
from runner.watch import watch_vault
from runner.wish import Wish

LIMIT = 30.0  # seconds after which an expected event counts as missing
A = fence("setup", "start", "base = 1") + fence("run", "one", "print('one', base)")
SLOW = fence("run", "slow", "import time", "open('began', 'w').close()", "time.sleep(1.5)")


class Stoppable(Changes):
    """Changes whose waiting ends like the main thread's at Ctrl-C."""

    stopped = False

    def wait(self, timeout: float) -> None:
        if not self.stopped:
            super().wait(timeout)
        if self.stopped:
            raise KeyboardInterrupt

    def stop(self) -> None:
        self.stopped = True
        with self._news:
            self._paths.add("a-path-to-wake-up.txt")
            self._news.notify_all()


class Watching:
    """A running watch and its reports so far."""

    def __init__(self, home: Home, **options: object) -> None:
        self.home = home
        self.reports: list[Report] = []
        self.changes = Stoppable(home.vault)
        self.failure: BaseException | None = None
        self._options = options
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self) -> None:
        options = dict(self._options)
        paths = options.pop("paths", [""])
        session = Session(Vault(self.home.vault, trusted=True))
        try:
            for report in watch_vault(
                session,
                paths,  # type: ignore[arg-type]  # tests pass what fits
                Wish(workers=1),
                lambda _: None,
                changes=self.changes,
                **options,  # type: ignore[arg-type]
            ):
                self.reports.append(report)
        except BaseException as error:  # told by the test's thread
            self.failure = error
        finally:
            session.close()

    def until(self, met: Callable[[], object], what: str = "") -> None:
        """Wait for a condition; every event of these tests ends in one."""
        end = time.monotonic() + LIMIT
        while not met():
            if self.failure is not None:
                raise self.failure
            assert time.monotonic() < end, f"{what or 'it'} did not happen: {self.reports}"
            time.sleep(0.01)

    def next(self) -> Report:
        """The report that comes next."""
        known = len(self.reports)
        self.until(lambda: len(self.reports) > known, "a report")
        return self.reports[known]

    def first(self) -> Report:
        self.until(lambda: self.reports, "the first report")
        return self.reports[0]

    def rests(self) -> bool:
        """Whether no report comes for a while, in which one would have come."""
        known = len(self.reports)
        time.sleep(0.8)
        return len(self.reports) == known

    def stop(self) -> None:
        self.changes.stop()
        self.thread.join(LIMIT)
        assert not self.thread.is_alive()
        if self.failure is not None:
            raise self.failure


@contextmanager
def watching(home: Home, **options: object) -> Iterator[Watching]:
    watch = Watching(home, **options)
    try:
        watch.first()
        yield watch
    finally:
        watch.stop()


@contextmanager
def watching_nothing(home: Home) -> Iterator[Watching]:
    """A watch with nothing to run at first, hence without a first report."""
    watch = Watching(home)
    watch.until(lambda: watch.thread.is_alive())
    time.sleep(0.5)
    try:
        yield watch
    finally:
        watch.stop()


def replace_by_rename(path: Path, text: str) -> None:
    temporary = path.with_name(".tmp-save")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def save_as_vim(path: Path, text: str) -> None:
    backup = path.with_name(path.name + "~")
    path.rename(backup)
    path.write_text(text, encoding="utf-8")
    backup.unlink()


def unlink_and_write(path: Path, text: str) -> None:
    path.unlink()
    time.sleep(0.15)
    path.write_text(text, encoding="utf-8")


def truncate_and_write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.flush()
        time.sleep(0.25)
        stream.write(text)


def write_torn(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.write(text[: len(text) // 2])
        stream.flush()
        time.sleep(0.05)
        stream.write(text[len(text) // 2 :])


def write_in_place(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def test_the_first_run_brings_everything_up_to_date(home: Home) -> None:
    home.write("A.md", A)
    with watching(home) as watch:
        assert ran(watch.first()) == {"start", "one"}
        assert "one 1" in home.read("A.md")


@pytest.mark.parametrize(
    "save",
    [
        write_in_place,
        replace_by_rename,
        save_as_vim,
        unlink_and_write,
        truncate_and_write,
        write_torn,
    ],
)
def test_every_way_to_save_runs_what_changed_once(
    home: Home, save: Callable[[Path, str], None]
) -> None:
    home.write("A.md", A)
    home.write("B.md", fence("run", "other", "print('other')"))
    with watching(home) as watch:
        save(home.vault / "A.md", home.read("A.md").replace("'one',", "'new',"))
        watch.until(lambda: "new 1" in home.read("A.md"), "the new output")
        watch.until(lambda: any("one" in ran(report) for report in watch.reports[1:]))
        assert "other" not in {id for report in watch.reports[1:] for id in ran(report)}
        assert watch.rests()
        assert [ran(report) for report in watch.reports[1:]].count({"one"}) == 1


def test_what_we_write_triggers_nothing(home: Home) -> None:
    figure = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nprint('drawn')"
    home.write("A.md", fence("run", "fig", figure))
    with watching(home) as watch:
        assert "![[a-fig-1.png]]" in home.read("A.md")
        assert watch.rests()
        assert len(watch.reports) == 1


def test_prose_runs_nothing(home: Home) -> None:
    home.write("A.md", A)
    with watching(home) as watch:
        home.write("A.md", "More words.\n\n" + home.read("A.md"))
        assert ran(watch.next()) == set()


def test_a_touch_or_the_same_text_again_is_no_news(home: Home) -> None:
    home.write("A.md", A)
    with watching(home) as watch:
        home.write("A.md", home.read("A.md"))
        os.utime(home.vault / "A.md")
        assert watch.rests()


def test_an_imported_note_runs_its_importers_again(home: Home) -> None:
    home.write("Base.md", fence("component", "value", "VALUE = 1"))
    home.write("User.md", fence("run", "use", "from vault.base import VALUE", "print(VALUE)"))
    with watching(home) as watch:
        home.edit("Base.md", "VALUE = 1", "VALUE = 2")
        watch.until(lambda: "```text\n2\n```" in home.read("User.md"))
        assert ran(watch.next() if len(watch.reports) < 2 else watch.reports[1]) == {"value", "use"}


def test_a_note_that_goes_and_comes_back_concerns_its_importers(home: Home) -> None:
    base = home.write("Base.md", fence("component", "value", "VALUE = 1"))
    home.write("User.md", fence("run", "use", "from vault.base import VALUE", "print(VALUE)"))
    with watching(home) as watch:
        text = base.read_bytes()
        base.unlink()
        assert statuses(watch.next()) == {"use": "failed"}
        base.write_bytes(text)
        watch.until(lambda: "```text\n1\n```" in home.read("User.md"))


@pytest.mark.parametrize(
    ("file", "before", "after", "code"),
    [
        ("helper.py", "WORD = 'old'\n", "WORD = 'fresh'\n", "import helper\nprint(helper.WORD)"),
        ("words.txt", "old", "fresh", "#| data: [words.txt]\nprint(open('words.txt').read())"),
        ("deep/words.txt", "old", "fresh", "print(open('deep/words.txt').read())"),
    ],
)
def test_a_file_that_a_block_uses_runs_it_again(
    home: Home, file: str, before: str, after: str, code: str
) -> None:
    home.write(file, before)
    home.write("A.md", fence("run", "other", "print('other')") + fence("run", "use", code))
    with watching(home) as watch:
        home.write(file, after)
        watch.until(lambda: "fresh" in home.read("A.md"))
        assert ran(watch.reports[1] if len(watch.reports) > 1 else watch.next()) == {"use"}


def test_a_block_that_changes_the_file_it_reads_comes_to_rest(home: Home) -> None:
    home.write("n.txt", "1")
    code = "n = int(open('n.txt').read())\nopen('n.txt', 'w').write(str(n + 1))\nprint(n)"
    home.write("A.md", fence("run", "count", code))
    with watching(home) as watch:
        watch.until(watch.rests)
        assert int(home.read("n.txt")) <= 3


def test_many_notes_saved_at_once_are_one_batch(home: Home) -> None:
    for number in range(20):
        home.write(f"N{number}.md", fence("run", f"r{number}", f"print({number})"))
    with watching(home) as watch:
        for number in range(20):
            home.write(f"N{number}.md", fence("run", f"r{number}", f"print('x{number}')"))
        assert ran(watch.next()) == {f"r{number}" for number in range(20)}
        assert watch.rests()


def test_new_folders_moved_folders_and_renamed_ones(home: Home) -> None:
    home.write("A.md", A)
    with watching(home) as watch:
        outside = home.vault.parent / "outside"
        (outside / "deep").mkdir(parents=True)
        (outside / "deep" / "New.md").write_text(fence("run", "new", "print('new')"))
        shutil.move(outside, home.vault / "came")
        assert ran(watch.next()) == {"new"}
        (home.vault / "came").rename(home.vault / "renamed")
        watch.until(
            lambda: any(r.notes[0].note == "renamed/deep/New.md" for r in watch.reports[2:])
        )
        home.edit("renamed/deep/New.md", "print('new')", "print('newer')")
        watch.until(lambda: "\nnewer\n" in home.read("renamed/deep/New.md"))


def test_lost_events_are_made_good_by_looking(home: Home) -> None:
    home.write("A.md", A)
    with watching(home) as watch:
        watch.changes.add = lambda _: None  # type: ignore[method-assign]  # nothing arrives
        home.edit("A.md", "'one',", "'found',")
        home.write("b/New.md", fence("run", "new", "print('new')"))
        time.sleep(0.3)
        watch.changes.lose()
        watch.until(lambda: "found 1" in home.read("A.md"))
        watch.until(lambda: "\nnew\n" in home.read("b/New.md"))


def test_polling_finds_what_changed(home: Home) -> None:
    home.write("A.md", A)
    with watching(home, polling=True) as watch:
        home.edit("A.md", "'one',", "'polled',")
        watch.until(lambda: "polled 1" in home.read("A.md"))
        assert ran(watch.reports[-1] if len(watch.reports) > 1 else watch.next()) == {"one"}


@pytest.mark.parametrize(
    "name",
    [
        "A.sync-conflict-20260101-120000-ABC.md",
        "A (Conflicted copy laptop 202601011200).md",
        "A (Ann's conflicted copy 2026-01-01).md",
        ".A.md.swp",
        "A.md~",
        "A.md.tmp",
        "4913",
        ".trash/A.md",
        ".obsidian/A.md",
        "node_modules/A.md",
    ],
)
def test_what_is_no_note_of_the_vault_is_left_alone(home: Home, name: str) -> None:
    home.write("A.md", A)
    with watching(home, quiet=0.0) as watch:
        home.write(name, fence("run", "copy", "print('copy')"))
        time.sleep(0.2)
        home.edit("A.md", "'one',", "'two',")
        watch.until(lambda: "two 1" in home.read("A.md"))
        assert {block.id for report in watch.reports for block in report.blocks()} == {
            "start",
            "one",
        }


# --- writing --------------------------------------------------------------------------------


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
        home.edit("A.md", "'one',", "'last',")
        home.edit("A.md", ".write('x')", ".write('y')")
        watch.until(lambda: home.read("mark").endswith("y"))
    assert "last 1" in home.read("A.md")
    assert actions(watch.reports[-1])["one"] == "run"
