"""Asking a process of its own about a PDF, with limits on its time and memory."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from .crash import exit_words
from .errors import UserError, system_words
from .processes import kill_tree, own_group
from .records import dataclass

_TOO_MUCH_MEMORY = 77  # the exit code of a child that ended itself
_PACKAGE = Path(__file__).resolve().parent
_COMMAND = (sys.executable, "-P", "-m", f"{_PACKAGE.name}.pdf_child")


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds without an answer, seconds for all of them, and bytes beyond four times the PDF."""

    silence: float = 20.0
    whole: float = 300.0
    memory: int = 2**30


class PdfError(UserError):
    """The PDF cannot be read; says why, and behind a semicolon what helps.

    ``passing``: not because of its bytes alone, so that another try may end otherwise.
    """

    def __init__(self, words: str, *, passing: bool = False) -> None:
        super().__init__(words)
        self.words = words
        self.passing = passing


def ask(
    request: Mapping[str, object],
    pdf: bytes,
    limits: Limits,
    command: tuple[str, ...] = _COMMAND,
) -> Iterator[dict[str, Any]]:
    """The answers to ``request`` as they come. Raises ``PdfError`` where one does not come.

    The process and all that it started are gone when this ends, however it ends.
    """
    limited = {
        **request,
        "memory": limits.memory + 4 * len(pdf),
        "seconds": int(limits.whole) + 1,
    }
    process = _start(command)
    answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    message = json.dumps(limited).encode("ascii") + b"\n"
    threads = [
        threading.Thread(target=_write, args=(process.stdin, message, pdf), daemon=True),
        threading.Thread(target=_read, args=(process.stdout, answers), daemon=True),
    ]
    try:
        for thread in threads:
            thread.start()
        yield from _until_end(process, answers, limits)
    finally:
        kill_tree(process.pid)
        process.wait()
        for thread in threads:
            thread.join()
        _close(process.stdout)


def _start(command: tuple[str, ...]) -> subprocess.Popen[bytes]:
    # Our own import path, since a vault may be the working folder and hold a `json.py`.
    path = [str(_PACKAGE.parent), *filter(None, sys.path)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONUTF8": "1"}
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_PACKAGE.parent,
            env=env,
            **own_group(),
        )
    except OSError as error:
        hint = "free some memory and processes, and try again"
        raise UserError(f"{command[0]} cannot be started ({system_words(error)}): {hint}") from None


def _until_end(
    process: subprocess.Popen[bytes], answers: queue.SimpleQueue[bytes | None], limits: Limits
) -> Iterator[dict[str, Any]]:
    deadline = time.monotonic() + limits.whole
    while True:
        patience = min(limits.silence, deadline - time.monotonic())
        try:
            line = answers.get(timeout=max(patience, 0))
        except queue.Empty:
            words = (
                f"the PDF takes longer to read than {patience:.0f} s: it is a trap, or far too rich"
            )
            raise PdfError(words, passing=True) from None
        if line is None:
            raise _broken_off(process)
        answer = json.loads(line)
        if "end" in answer:
            return
        if "fault" in answer:
            raise PdfError(_as_clause(answer["fault"]))
        if "bug" in answer:
            words = f"the PDF is more than our reader can take ({answer['bug']}); please report it"
            raise PdfError(words)
        yield answer


def _as_clause(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].removesuffix(".")


def _broken_off(process: subprocess.Popen[bytes]) -> PdfError:
    code = process.wait()
    if code == _TOO_MUCH_MEMORY:
        return PdfError("the PDF needs more memory than it should: a trap, or far too rich")
    return PdfError(f"the PDF broke its reader ({exit_words(code)})", passing=True)


def _write(pipe: IO[bytes], message: bytes, pdf: bytes) -> None:
    with suppress(OSError):  # a child that is gone is noticed by who reads
        pipe.write(message)
        pipe.write(pdf)
    _close(pipe)


def _read(pipe: IO[bytes], answers: queue.SimpleQueue[bytes | None]) -> None:
    for line in pipe:
        answers.put(line)
    answers.put(None)


def _close(pipe: IO[bytes] | None) -> None:
    with suppress(OSError):
        if pipe is not None:
            pipe.close()
