"""The command line: the only place that prints and exits.

Exit codes: 0 fine, 1 failed, stale or in error, 2 wrong use or environment, 3 vault not trusted.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import sys
from collections.abc import Generator, Sequence
from contextlib import suppress

from . import door, notices
from .answer import FAILED, FINE, MISUSED, Answer, Misuse, Refusal, spelled, spelled_json
from .arguments import plain_run
from .errors import UserError, system_words
from .opening import answer_in_json, answers_in_json
from .patterns import regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn, TextIO

_COLOUR = regex(r"\x1b\[[;?0-9]*[a-zA-Z]")


def main() -> None:
    """The script ``runner`` and ``python -m runner``."""
    sys.stdout, sys.stderr = (stream or _nowhere() for stream in (sys.stdout, sys.stderr))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    arguments = sys.argv[1:]
    as_json = "--json" in arguments
    try:
        sys.exit(_say(_answer(arguments)))
    except Misuse as error:
        if as_json:
            _fail(str(error), MISUSED, as_json)
        _print(error.shown.removesuffix("\n"), to_error=True)
        sys.exit(MISUSED)
    except UserError as error:
        _fail(str(error), error.code if isinstance(error, Refusal) else MISUSED, as_json)
    except KeyboardInterrupt:
        _print("stopped", to_error=True)
        sys.exit(FAILED)
    finally:
        for notice in notices.take():
            _print(f"runner: {spelled(notice.words)}", to_error=True)
        gc.freeze()  # or the interpreter looks through every object once more before it ends


def leave(end: SystemExit) -> NoReturn:
    """End the process as ``end`` would, without taking it apart first, which takes as long as to
    read a note. What waits for other threads, or has words of its own to say, is Python's."""
    if not isinstance(end.code, int) or len(sys._current_frames()) > 1:
        raise end
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "flush"):  # a program without a console has none
            stream.flush()
    os._exit(end.code)


def _answer(arguments: Sequence[str]) -> Answer | Generator[Answer]:
    asked = plain_run(arguments)
    if asked is not None:
        answer_in_json(asked.in_json)
        return door.run(asked.paths, asked.trust, asked.wish)
    from .commands import answer

    return answer(arguments)


def _say(answer: Answer | Generator[Answer]) -> int:
    """The exit code of a command, that of its last answer; what it says printed."""
    if isinstance(answer, Answer):
        return _tell(answer)
    code = FINE
    try:
        for one in answer:
            code = _tell(one)
    except KeyboardInterrupt as interrupt:
        with suppress(StopIteration):  # a command that goes on for ever ends so
            answer.throw(interrupt)
    return code


def _tell(answer: Answer) -> int:
    if not answers_in_json():
        for line in answer.lines:
            _print(spelled(line), to_error=answer.data is None)
    elif answer.data is not None:
        _print(_document(answer.data))
    return answer.code


def _document(data: object) -> str:
    return spelled_json(json.dumps(data, ensure_ascii=False))


def _print(line: str, *, to_error: bool = False) -> None:
    """A line with colours where a terminal shows them."""
    stream = sys.stderr if to_error else sys.stdout
    if sys.platform == "win32" and stream.isatty():
        import click  # it knows the consoles there

        click.echo(line, err=to_error)
        return
    try:
        print(line if stream.isatty() else _plain(line), file=stream, flush=True)
    except OSError as error:  # nothing of ours is to complain again, at the end
        with _nowhere() as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())
        if isinstance(error, BrokenPipeError):  # who read it has gone
            sys.exit(FAILED)
        _fail(f"the output cannot be written: {system_words(error)}", MISUSED, as_json=False)


def _nowhere() -> TextIO:
    """A stream for what nobody can read, in place of one that is closed."""
    return open(os.devnull, "w", encoding="utf-8")


def _plain(line: str) -> str:
    return _COLOUR.sub("", line) if "\x1b" in line else line


def _fail(message: str, code: int, as_json: bool) -> NoReturn:
    if as_json:
        _print(_document({"error": message}))
    else:
        _print(f"runner: {spelled(message)}", to_error=True)
    sys.exit(code)
