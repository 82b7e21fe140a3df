"""``runner.checkpoint``: a long computation is made once for each state of what it rests on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from longnotes import Notes, trained
from vaults import Home, actions, fence


@pytest.fixture
def notes(home: Home, tmp_path: Path) -> Notes:
    return Notes(home, tmp_path / "log")


# --- when it is taken and when it is made --------------------------------------------------------


def test_an_edit_below_the_training_takes_what_was_trained(notes: Notes) -> None:
    notes.write(*trained(notes))
    assert notes.run() == {"imports": "ok", "train": "ok", "plot": "ok"}
    notes.home.edit("N.md", "print('loss',", "print('the loss is',")
    assert notes.run()["plot"] == "ok"
    assert "the loss is 1.5" in notes.text
    assert notes.made == 1


def test_what_keeps_it_is_no_data_of_the_block(
    notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where somebody has the cache in the vault."""
    monkeypatch.setenv("RUNNER_CACHE", str(notes.home.vault / "cache"))
    notes.write(*trained(notes))
    notes.run()
    notes.home.edit("N.md", "print('loss',", "print('the loss is',")
    report = notes.home.session()
    assert actions(report) == {"imports": "replay", "train": "replay", "plot": "run"}
    assert notes.made == 1
    (notes.home.vault / "cache" / "results.sqlite3").unlink()
    notes.run()
    assert set(actions(notes.home.session()).values()) == {"reuse"}


def rewrite_the_function(notes: Notes) -> None:
    notes.home.edit("N.md", "'steps': 2", "'steps': 3")


def rewrite_what_it_depends_on(notes: Notes) -> None:
    notes.home.edit("N.md", "import random\n", "import random\nRATE = 1\n")


def rewrite_the_rest_of_its_block(notes: Notes) -> None:
    notes.home.edit("N.md", "print(random.random())", "print(random.random() + 1)")


def rename_the_block(notes: Notes) -> None:
    notes.home.edit("N.md", 'run="train"', 'run="training"')


def add_a_comment(notes: Notes) -> None:
    notes.home.edit("N.md", "def make():", "# a word\n\ndef make():")


def move_it_down(notes: Notes) -> None:
    notes.home.edit("N.md", '```python {run="train"}', 'Prose.\n\n```python {run="train"}')


@pytest.mark.parametrize(
    ("change", "made"),
    [
        (rewrite_the_function, 2),
        (rewrite_what_it_depends_on, 2),
        (rewrite_the_rest_of_its_block, 2),
        (rename_the_block, 2),
        (add_a_comment, 1),
        (move_it_down, 1),
    ],
)
def test_it_is_kept_for_the_text_of_its_block(
    notes: Notes, change: Callable[[Notes], None], made: int
) -> None:
    notes.write(*trained(notes))
    notes.run()
    change(notes)
    notes.lose_results()
    notes.run()
    assert notes.made == made


def test_an_edit_taken_back_finds_the_old_value(notes: Notes) -> None:
    notes.write(*trained(notes))
    notes.run()
    rewrite_the_function(notes)
    notes.run()
    notes.home.edit("N.md", "'steps': 3", "'steps': 2")
    notes.lose_results()
    notes.run()
    assert notes.made == 2


def test_force_makes_it_anew_once_for_all_processes_of_the_run(notes: Notes) -> None:
    train, plot = trained(notes)
    notes.write(train, plot, fence("test", "check", "assert kept['steps'] == 2"))
    notes.run()
    assert notes.made == 1, "the test's process replays the training"
    notes.run(force=True)
    assert notes.made == 2
    notes.home.edit("N.md", "print('loss',", "print('the loss is',")
    notes.run()
    assert notes.made == 2


def test_a_process_waits_for_one_that_makes_the_same(notes: Notes) -> None:
    lines = notes.long("[1]", "import time", "time.sleep(1.5)")
    train = fence("run", "train", *lines, "kept = runner.checkpoint('slow', make)")
    notes.write(train, fence("test", "check", "assert kept == [1]"))
    assert notes.run(workers=2) == {"imports": "ok", "train": "ok", "check": "ok"}
    assert notes.made == 1


# --- what it rests on besides text ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "body"),
    [
        (["#| data: [numbers.txt]"], []),
        ([], ["open('numbers.txt').read()"]),
        ([], ["import helper"]),
        (["#| env: [WORD]"], []),
    ],
    ids=["declared data", "opened file", "local module", "declared variable"],
)
def test_what_a_result_rests_on_counts_for_a_checkpoint(
    notes: Notes, options: list[str], body: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    notes.home.write("numbers.txt", "1")
    notes.home.write("helper.py", "VALUE = 1\n")
    monkeypatch.setenv("WORD", "first")
    call = "kept = runner.checkpoint('x', make)"
    notes.write(fence("run", "train", *options, *notes.long("[1]", *body), call))
    notes.run()
    notes.lose_results()
    notes.run()
    assert notes.made == 1
    notes.home.write("numbers.txt", "22")
    notes.home.write("helper.py", "VALUE = 22\n")
    monkeypatch.setenv("WORD", "second")
    notes.lose_results()
    notes.run()
    assert notes.made == 2


def test_what_it_read_counts_for_the_results_of_those_who_take_it(notes: Notes) -> None:
    notes.home.write("numbers.txt", "1")
    lines = notes.long("open('numbers.txt').read()")
    notes.write(fence("run", "train", *lines, "kept = runner.checkpoint('x', make)", "print(kept)"))
    notes.run()
    notes.lose_results()
    notes.run()
    assert notes.made == 1, "the second result was found with a checkpoint"
    notes.home.write("numbers.txt", "22")
    notes.run()
    assert notes.made == 2
    assert "22" in notes.text


# --- a hit is as a miss --------------------------------------------------------------------------


def test_taking_it_leaves_the_note_as_making_it_does(notes: Notes) -> None:
    lines = notes.long(
        "[random.random(), {'a': (1, None)}]",
        "print('epoch 1')",
        "display('a value')",
        "import sys; print('careful', file=sys.stderr)",
    )
    notes.write(
        fence(
            "run",
            "train",
            "print('before')",
            *lines,
            "first = runner.checkpoint('first', make)",
            "print(first, random.random())",
            "second = runner.checkpoint('second', lambda: random.random())",
            "print(second, random.random())",
        )
    )
    notes.run()
    made, text = notes.made, notes.text
    assert "epoch 1" in text and "a value" in text
    notes.lose_results()
    notes.run()
    assert (notes.made, notes.text) == (made, text)
    notes.run(force=True)
    assert (notes.made, notes.text) == (made + 1, text)


def test_trained_weights_and_the_generators_of_torch(notes: Notes) -> None:
    pytest.importorskip("torch")
    lines = notes.long(
        "{'net': net.state_dict(), 'opt': opt.state_dict(), 'loss': loss.item()}",
        "net = torch.nn.Linear(3, 1)",
        "opt = torch.optim.Adam(net.parameters())",
        "loss = net(torch.randn(4, 3)).square().mean()",
        "loss.backward()",
        "opt.step()",
    )
    notes.write(
        fence("run", "train", "import torch", *lines, "kept = runner.checkpoint('net', make)"),
        fence(
            "run",
            "use",
            "net = torch.nn.Linear(3, 1)",
            "net.load_state_dict(kept['net'])",
            "print(net.weight.tolist(), kept['loss'], torch.rand(2))",
        ),
        fence("run", "draw", "print(kept['loss'], torch.rand(2))"),
    )
    assert set(notes.run().values()) == {"ok"}
    text = notes.text
    notes.lose_results()
    notes.run()
    assert (notes.made, notes.text) == (1, text)
    notes.run(force=True)
    assert (notes.made, notes.text) == (2, text)


def test_what_is_drawn_after_it_differs_from_what_was_drawn_in_it(notes: Notes) -> None:
    notes.write(
        fence(
            "run",
            "r",
            "inside = runner.checkpoint('x', random.random)",
            "print(inside == random.random())",
        )
    )
    notes.run()
    assert "False" in notes.text


def test_the_first_value_is_a_copy_too(notes: Notes) -> None:
    notes.write(
        fence(
            "run",
            "r",
            "inner = [1]",
            "outer = runner.checkpoint('x', lambda: inner)",
            "inner.append(2)",
            "print(outer)",
        )
    )
    notes.run()
    assert "[1]\n" in notes.text


def test_after_any_edits_the_note_is_what_a_clean_run_leaves(
    notes: Notes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes.home.write("numbers.txt", "7")
    lines = notes.long("[len(open('numbers.txt').read()), random.random()]", "print('long')")
    notes.write(
        fence("run", "train", *lines, "kept = runner.checkpoint('x', make)", "print(kept)"),
        fence("run", "draw", "print(kept, random.random())"),
        fence("test", "check", "assert len(kept) == 2"),
    )
    edits = [
        ("N.md", "print(kept)", "print(*kept)"),
        ("numbers.txt", "7", "777"),
        ("N.md", "print('long')", "print('longer')"),
        ("N.md", "print('longer')", "print('long')"),
        ("numbers.txt", "777", "7"),
        ("N.md", "print(*kept)", "print(kept)"),
    ]
    notes.run()
    for number, (path, old, new) in enumerate(edits):
        notes.home.edit(path, old, new)
        notes.run()
        incremental = notes.text
        with monkeypatch.context() as clean:
            clean.setenv("RUNNER_CACHE", str(tmp_path / f"clean{number}"))
            notes.run(force=True)
        assert notes.text == incremental


# --- what cannot work ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            ["runner.checkpoint('a', list)", "runner.checkpoint('a', dict)"],
            "the checkpoint `a` is made twice in this block: give each a name of its own",
        ),
        (
            ["runner.checkpoint('a', lambda: {'model': [1, object()]})"],
            "the value's ['model'][1] is a object, neither plain data nor a tensor",
        ),
        (["runner.checkpoint('a', 5)"], "call it as runner.checkpoint(name, make)"),
        (["runner.checkpoint('', list)"], "call it as runner.checkpoint(name, make)"),
        (["runner.checkpoint('a', lambda: 1 / 0)"], "division by zero"),
    ],
)
def test_misuse_is_told_at_its_line(notes: Notes, lines: list[str], said: str) -> None:
    notes.write(fence("run", "r", *lines))
    assert notes.run()["r"] == "failed"
    assert said in notes.text
    assert "N.md:" in notes.text
    assert notes.kept == [] or lines[0].endswith("list)")


def test_a_function_that_changes_something_else_is_not_kept(notes: Notes) -> None:
    notes.write(
        fence(
            "run",
            "r",
            "history = []",
            *notes.long("[1]", "history.append(1)"),
            "runner.checkpoint('x', make)",
            "print(history)",
        )
    )
    notes.run()
    text = notes.text
    assert "the checkpoint `x` is not kept: its function changed `history`" in text
    assert "N.md:12: UserWarning" in text, "the warning names the line of the call"
    notes.lose_results()
    notes.run()
    assert (notes.made, notes.text) == (2, text)


def test_the_same_name_in_two_tests_of_a_block(notes: Notes) -> None:
    notes.write(
        fence(
            "test",
            "t",
            "import pytest",
            "def test_one(): assert runner.checkpoint('x', lambda: 1) == 1",
            "@pytest.mark.parametrize('n', [2, 3])",
            "def test_other(n): assert runner.checkpoint('x', lambda: n) == n",
        )
    )
    assert notes.run()["t"] == "ok"
    notes.run(force=True)
    assert "3 passed" in notes.text
