"""Secrets and the home folder taken out of what a block printed, before anything is kept."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote, quote_plus

from .environment import is_secret
from .patterns import regex
from .records import replace
from .result import Figure, Output, Result, replace_texts

SHORTEST = 8  # characters of a value that can be a secret: shorter ones stand in any text

# Forms of tokens as their issuers document them; each begins with a mark of its own.
_TOKENS = regex(
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
_IN_URL = regex(r"(?<=://)[^\s/@:]+:[^\s/@]+(?=@)")  # user:password


class Redaction:
    """What of one user's environment must not stand in a note.

    ``environ``: values of secret-looking names are replaced by the name in angle brackets.
    ``homes``: absolute paths of the user's folder, shown as ``~``.
    """

    def __init__(self, environ: Mapping[str, str], homes: Sequence[str] = ()) -> None:
        values = {
            form: f"‹{name}›"
            for name, value in sorted(environ.items())
            if is_secret(name) and len(value.strip()) >= SHORTEST
            for form in _forms(value)
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
        self._known = re.compile("|".join(branches))

    def text(self, text: str) -> str:
        """``text`` without the secrets and the home folder's name."""
        if any(word in text for word in self._words):
            text = self._known.sub(lambda match: self._words[match[0]], text)
        if any(mark in text for mark in _MARKS):
            text = _TOKENS.sub("‹token›", text)
        return _IN_URL.sub("‹user:password›", text) if "://" in text else text

    def of(self, result: Result) -> Result:
        """``result`` with every text that a note may show redacted, in drawings too."""
        shown = (result.outputs, result.failure, result.tests, result.reason)
        changed = replace_texts(shown, self.text)
        if any(map(_is_drawing, result.outputs)):
            changed = (tuple(map(self._drawing, changed[0])), *changed[1:])
        if changed is shown:
            return result
        outputs, failure, tests, reason = changed
        return replace(result, outputs=outputs, failure=failure, tests=tests, reason=reason)

    def _drawing(self, output: Output) -> Output:
        """SVG holds the words of a figure as text, or as comments on the shapes of letters."""
        if not _is_drawing(output):
            return output
        assert isinstance(output, Figure)
        return replace(output, data=self.text(output.data.decode("utf-8", "replace")).encode())


def _is_drawing(output: Output) -> bool:
    return isinstance(output, Figure) and output.mime == "image/svg+xml"


def _forms(value: str) -> set[str]:
    """``value`` as it stands in text, in source, JSON and URLs, and inside of base64."""
    bare = value.strip()
    data = bare.encode("utf-8", "surrogatepass")
    forms = {bare, repr(bare)[1:-1], ascii(bare)[1:-1]}
    forms |= {json.dumps(bare, ensure_ascii=pure)[1:-1] for pure in (True, False)}
    forms |= {quote(data), quote(data, safe=""), quote_plus(data)}
    for before in range(3):  # bytes of a group that belong to what stands before the value
        encoded = base64.b64encode(bytes(before) + data).decode()
        whole = encoded[(0, 2, 3)[before] : (before + len(data)) * 8 // 6]
        forms |= {whole, whole.translate(_URL_SAFE)}
    return {form for form in forms if len(form) >= SHORTEST}


_URL_SAFE = str.maketrans("+/", "-_")
