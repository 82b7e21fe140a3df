"""ToUnicode maps: what the codes of a font say, where the PDF tells.

As `PartialEvaluator.readToUnicode` in `src/core/evaluator.js` of pdf.js 4.10 (Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Mapping

from .charmaps import CharMap, embedded_map, predefined_map, text_of
from .pdffile import name_of, stream_bytes, stream_of, tolerant

LAST_CODE = 0xFFFF


class IdentityTexts(dict[int, str]):
    """Every code up to the last one is its own character."""

    def __bool__(self) -> bool:
        return True

    def __missing__(self, code: int) -> str:
        raise KeyError(code)

    def get(self, code: int, default: str | None = None) -> str | None:  # type: ignore[override]
        return chr(code) if 0 <= code <= LAST_CODE else default


def to_unicode(value: object) -> Mapping[int, str] | None:
    """The texts by code that a ToUnicode entry gives; None for none, and for an empty map."""
    name = name_of(value)
    if name is not None:
        named = predefined_map(name)
        return None if named is None else _texts(named)
    stream = stream_of(value)
    data = None if stream is None else tolerant(stream_bytes, stream)
    return None if data is None else _texts(embedded_map(data))


def _texts(found: CharMap) -> Mapping[int, str] | None:
    if found.identity:
        return IdentityTexts()
    texts = {code: text_of(target) for code, target in found.targets.items()}
    if None in texts.values():
        return None
    return {code: text for code, text in texts.items() if text is not None} or None
