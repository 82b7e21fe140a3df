"""The one kind of exception that is not a bug of ours."""

from __future__ import annotations


class UserError(Exception):
    """Something the user can put right: the message names place, fault and remedy in a line.

    The doors show it without a traceback and end with exit code 2; anything else is our bug.
    """


def system_words(error: OSError) -> str:
    """What the system says of ``error``, fit for the middle of a sentence."""
    words = error.strerror or str(error)
    return words[:1].lower() + words[1:]
