"""What helps against errors that come from where a block runs: without a terminal, a debugger, an
event loop or the user's environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from types import CodeType, TracebackType

from .environment import is_handed_on

_PROGRAM = "a program can do that after runner.install(…), and `pytest --pdb` in tests"


def explain(error: BaseException, env: Collection[str] = ()) -> None:
    """Add what helps, once. ``env``: the environment variables that the block declares."""
    found = (remedy(error) for remedy in _REMEDIES)
    hint = _of_variable(error, env) or next(filter(None, found), None)
    if hint is not None and hint not in getattr(error, "__notes__", ()):
        error.add_note(hint)


def _of_variable(error: BaseException, env: Collection[str]) -> str | None:
    """The same whether it is set or not: a result must not depend on what is not declared."""
    if not isinstance(error, KeyError) or _raiser(error.__traceback__) not in _LOOK_UPS:
        return None
    name = error.args[0]
    if name in env:
        return f"the block declares {name}, but it was not set where runner was started"
    if not isinstance(name, str) or is_handed_on(name):
        return None
    return f"blocks find few environment variables that they do not declare: `#| env: [{name}]`"


_LOOK_UPS = {type(os.environ).__getitem__.__code__, type(os.environ).__delitem__.__code__}


def _raiser(tb: TracebackType | None) -> CodeType | None:
    """The code that raised what has this traceback."""
    while tb is not None and tb.tb_next is not None:
        tb = tb.tb_next
    return tb.tb_frame.f_code if tb is not None else None


def _of_input(error: BaseException) -> str | None:
    if isinstance(error, EOFError) and str(error) == "EOF when reading a line":
        return "nobody can type here: give the value in the block"
    return None


def _of_debugger(error: BaseException) -> str | None:
    if type(error).__name__ == "BdbQuit":
        return f"nobody can debug here: {_PROGRAM}"
    return None


def _of_await(error: BaseException) -> str | None:
    if isinstance(error, SyntaxError) and error.msg in _NO_LOOP:
        return "blocks have no event loop: use asyncio.run(…)"
    return None


_NO_LOOP = tuple(
    f"{what} outside {where}"
    for what in ("'await'", "'async for'", "'async with'", "asynchronous comprehension")
    for where in ("function", "async function", "of an asynchronous function")
)


def _of_gpu(error: BaseException) -> str | None:
    text = str(error) if isinstance(error, (AssertionError, RuntimeError)) else ""
    if "not compiled with CUDA" in text or "Found no NVIDIA driver" in text:
        return (
            "use the global `device`, which is what this machine has, "
            "or `#| device: cuda` to leave the block out where there is none"
        )
    return None


_REMEDIES: tuple[Callable[[BaseException], str | None], ...] = (
    _of_input,
    _of_debugger,
    _of_await,
    _of_gpu,
)
