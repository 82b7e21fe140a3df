"""What the user asks for on the command line: options, and what ``-k`` picks."""

from __future__ import annotations

import re

from .records import dataclass


@dataclass(frozen=True, slots=True)
class Wish:
    """The options of ``run`` and ``watch``; ``timeout`` in seconds, ``device`` "" for the usual."""

    device: str = ""
    force: bool = False
    slow: bool = False
    write: bool = True
    select: str = ""
    workers: int | None = None
    timeout: float | None = None


class Selection:
    """A ``-k`` expression as pytest knows it: words, ``and``, ``or``, ``not``, parentheses.

    A word matches where it stands in the text, case left aside. Raises ``ValueError`` on nonsense.
    """

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens = re.findall(r"\(|\)|[^\s()]+", expression) if expression else []
        if self._tokens:
            self("")

    def __call__(self, text: str) -> bool:
        if not self._tokens:
            return True
        tokens = list(reversed(self._tokens))
        value = self._either(tokens, text.lower())
        if tokens:
            raise self._nonsense(tokens[-1])
        return value

    def picks(self, note: str, id: str, role: str) -> bool:
        """Whether the block is one of those asked for."""
        return self(f"{note} {id} {role}")

    def _either(self, tokens: list[str], text: str) -> bool:
        value = self._both(tokens, text)
        while tokens and tokens[-1] == "or":
            tokens.pop()
            value = self._both(tokens, text) or value
        return value

    def _both(self, tokens: list[str], text: str) -> bool:
        value = self._one(tokens, text)
        while tokens and tokens[-1] == "and":
            tokens.pop()
            value = self._one(tokens, text) and value
        return value

    def _one(self, tokens: list[str], text: str) -> bool:
        token = tokens.pop() if tokens else ""
        if token == "not":
            return not self._one(tokens, text)
        if token == "(":
            value = self._either(tokens, text)
            closing = tokens.pop() if tokens else ""
            if closing != ")":
                raise self._nonsense(closing)
            return value
        if token in ("", ")", "and", "or"):
            raise self._nonsense(token)
        return token.lower() in text

    def _nonsense(self, token: str) -> ValueError:
        place = f"`{token}`" if token else "its end"
        fault = f"-k `{self._expression}` is no expression near {place}"
        return ValueError(f"{fault}: use words with and, or, not and parentheses")
