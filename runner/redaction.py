"""Secrets and the home folder taken out of what a block printed, before anything is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from .environment import is_secret
from .result import Result, replace_texts

SHORTEST = 8  # characters of a value that can be a secret: shorter ones stand in any text

# Forms of tokens as their issuers document them; each begins with a mark of its own.
_TOKENS = re.compile(
    r"""
      \bgh[pousr]_[A-Za-z0-9]{36,255}\b          # GitHub
    | \bgithub_pat_[A-Za-z0-9_]{22,255}\b
    | \bglpat-[A-Za-z0-9_-]{20,}                 # GitLab
    | \bhf_[A-Za-z0-9]{30,}\b                    # Hugging Face
    | \bsk-(?:[a-z]+-){0,3}[A-Za-z0-9_-]{20,}    # OpenAI, Anthropic
    | \b(?:AKIA|ASIA)[A-Z0-9]{16}\b              # AWS
    | \bxox[abeoprs]-[A-Za-z0-9-]{10,}           # Slack
    | \bAIza[A-Za-z0-9_-]{35}\b                  # Google
    | \bpypi-[A-Za-z0-9_-]{50,}                  # PyPI
    | \bnpm_[A-Za-z0-9]{36}\b                    # npm
    | \beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}   # JSON Web Token
    | -----BEGIN[ ][A-Z ]*PRIVATE[ ]KEY-----[^-]*(?:-----END[ ][A-Z ]*PRIVATE[ ]KEY-----)?
    """,
    re.X,
)
_MARKS = tuple("gh github_pat_ glpat- hf_ sk- AKIA ASIA xox AIza pypi- npm_ eyJ -----BEGIN".split())
_IN_URL = re.compile(r"(?<=://)[^\s/@:]+:[^\s/@]+(?=@)")  # user:password


class Redaction:
    """What of one user's environment must not stand in a note.

    ``environ``: values of secret-looking names are replaced by the name in angle brackets.
    ``homes``: absolute paths of the user's folder, shown as ``~``.
    """

    def __init__(self, environ: Mapping[str, str], homes: Sequence[str] = ()) -> None:
        values = {
            value: f"‹{name}›"
            for name, value in sorted(environ.items())
            if is_secret(name) and len(value) >= SHORTEST
        }
        words = dict(values)
        words |= {home.rstrip("/\\"): "~" for home in homes if len(home.rstrip("/\\")) > 1}
        # The longest first: a secret may hold another one, or the home folder.
        ordered = sorted(words, key=len, reverse=True)
        branches = [
            re.escape(word) if word in values else rf"{re.escape(word)}(?![^\s/\\:;,'\")\]>])"
            for word in ordered
        ]
        self._words = words
        self._known = re.compile("|".join(branches)) if branches else None

    def text(self, text: str) -> str:
        """``text`` without the secrets and the home folder's name."""
        if self._known is not None:
            text = self._known.sub(lambda match: self._words[match[0]], text)
        if any(mark in text for mark in _MARKS):
            text = _TOKENS.sub("‹token›", text)
        return _IN_URL.sub("‹user:password›", text) if "://" in text else text

    def of(self, result: Result) -> Result:
        """``result`` with every text that a note may show redacted."""
        shown = (result.outputs, result.failure, result.tests, result.reason)
        changed = replace_texts(shown, self.text)
        if changed is shown:
            return result
        outputs, failure, tests, reason = changed
        return replace(result, outputs=outputs, failure=failure, tests=tests, reason=reason)
