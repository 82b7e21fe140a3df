"""What a dead process leaves, read: its exit code, the stack that it dumped."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import pytest
from lanes import block, note

from runner.crash import dumped_stack, exit_words
from runner.result import Place

DUMP = """Fatal Python error: Segmentation fault

Current thread 0x00007f (most recent call first):
  File "/lib/python3.11/ctypes/__init__.py", line 519 in string_at
  File "{path}", line 6 in f
  File "{path}", line 10 in <module>
  File "/runner/modules.py", line 1 in execute

Thread 0x00007e (most recent call first):
  File "/runner/worker.py", line 300 in _watch
"""


def test_a_dump_names_places_in_notes_of_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "日本 🙂"
    folder.mkdir()
    made = note(
        folder, "crash", block("run", "a", "def f():\n    die()"), block("run", "b", "x\ny\nf()")
    )
    made = replace(made, blocks=(made.blocks[0], replace(made.blocks[1], line=8)))
    dumped = DUMP.format(path=made.path).encode("ascii", "backslashreplace").decode()
    frames = dumped_stack(dumped, [made]).frames
    assert [(f.function, f.code, f.place) for f in frames] == [
        ("<module>", "f()", Place("vault.crash", "b", 3)),
        ("f", "die()", Place("vault.crash", "a", 2)),
    ]
    assert dumped_stack("no dump at all", [made]).frames == ()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-signal.SIGSEGV, "killed by SIGSEGV"),
        (-signal.SIGTERM, "killed by SIGTERM"),
        (-250, "killed by signal 250"),
        (1, "the process ended with exit code 1"),
    ],
)
def test_exit_codes_in_words(code: int, words: str) -> None:
    assert exit_words(code) == words


THREADS = """{head}Thread 0x01 (most recent call first):
  File "{path}", line 5 in young

{mark} 0x02 (most recent call first):
  File "{path}", line 6 in middle

Thread 0x03 (most recent call first):
  File "{path}", line 7 in <module>

Thread 0x04 (most recent call first):
  File "/runner/worker.py", line 1 in serve
"""


@pytest.mark.parametrize(
    ("head", "mark", "named"),
    [
        ("Fatal Python error: Aborted\n\n", "Current thread", "middle"),
        ("", "Current thread", "middle"),
        ("Timeout (0:00:01)!\n", "Thread", "<module>"),
    ],
    ids=["a crash", "an exit", "a stuck block"],
)
def test_the_thread_that_ended_is_named_else_the_oldest(
    tmp_path: Path, head: str, mark: str, named: str
) -> None:
    made = note(tmp_path, "threads", block("run", "a", "x\ny\nz"))
    text = THREADS.format(head=head, mark=mark, path=made.path)
    (frame,) = dumped_stack(text, [made]).frames
    assert frame.function == named
