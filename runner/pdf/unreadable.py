"""Why a PDF cannot be read, in words, and how much of one is read at most.

The limits stop what a file can do to us by its structure alone: loops, bombs, endless nesting.
They are far above every real paper; time and memory as such are the business of the process that
reads.
"""

from __future__ import annotations

from ..errors import UserError

MOST_STREAM_BYTES = 64 * 1024 * 1024
"""Of one decompressed stream; a content stream of a dense paper has about half a megabyte."""

MOST_OPERATORS = 2_000_000
"""Run for one page, those of repeated forms included; a dense map has about half a million."""

MOST_GLYPHS = 1_000_000
"""Shown on one page; a full page of text has about six thousand."""

MOST_FORM_DEPTH = 64
"""Forms in forms; drawing programs nest three or four."""

MOST_PAGES = 50_000

MOST_REFERENCES = 32
"""Objects that are only a reference to the next."""

MOST_CODES = 1 << 18
"""Character codes that one character map may list."""


class UnreadablePdf(UserError):
    """A PDF that cannot be read: encrypted, broken, or beyond a limit. The message says which."""
