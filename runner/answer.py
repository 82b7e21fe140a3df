"""What a command says and how it ends, as facts; ``cli`` prints them and exits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .errors import UserError
from .records import dataclass

FINE, FAILED, MISUSED, UNTRUSTED = range(4)
"""Exit codes: fine; failed, stale or in error; wrong use or environment; vault not trusted."""


class Refusal(UserError):
    """Ends the command with a message and an exit code."""

    def __init__(self, message: str, code: int = MISUSED) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """``data`` is the one JSON document of ``--json``, ``lines`` the same for people.

    Without ``data`` it is a word for people alone, beside what the command answers.
    """

    data: Mapping[str, object] | None
    lines: Iterable[str]
    code: int = FINE
