"""A value as one output, by the protocol of IPython: a picture, Markdown, LaTeX, or text."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

from .capture import KEPT
from .frames import without_addresses
from .result import Figure, Markup, Output, Text, bytes_gap, names_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LINE = 88
_PRETTY_ITEMS = 10_000

# A value that has this has every attribute it is asked for, like a mock; IPython asks it too.
_ANY_NAME = "_ipython_canary_method_should_not_exist_"
_PICTURES = {"image/png": "_repr_png_", "image/svg+xml": "_repr_svg_"}
_MARKUP = {"text/markdown": "_repr_markdown_", "text/latex": "_repr_latex_"}
_INSTEAD = {"text/html": "_repr_html_", "application/json": "_repr_json_"}


def plain(value: object, portable: Callable[[str], str] = str) -> Text:
    """``value`` as text of bounded length, containers laid out, no addresses.

    ``portable`` says a text as any other machine would; lines break where they would there.
    Raises what ``repr`` raises.
    """
    said = repr(value)
    text = portable(said)
    large = isinstance(value, dict | list | tuple | set) and len(value) <= _PRETTY_ITEMS
    if large and len(text) > _LINE:
        text = _laid_out(value, portable, is_machines=text != said)
    return _bounded(text)


def _laid_out(value: object, portable: Callable[[str], str], *, is_machines: bool) -> str:
    """A container over several lines; ``is_machines``: there are paths of this machine in it."""
    import pprint

    if not is_machines:
        return pprint.pformat(value, width=_LINE, compact=True, sort_dicts=False)
    kinds: dict[object, object] = getattr(pprint.PrettyPrinter, "_dispatch", {})
    # Long strings stay whole: what is a path shows only there.
    kept = {kind: how for kind, how in kinds.items() if kind is not str.__repr__}

    class Portable(pprint.PrettyPrinter):
        _dispatch = kept

        def format(self, *given: Any) -> tuple[str, bool, bool]:
            text, is_readable, is_recursive = super().format(*given)
            return portable(text), is_readable, is_recursive

    return Portable(width=_LINE, compact=True, sort_dicts=False).pformat(value)


def represented(value: object, portable: Callable[[str], str] = str) -> Output:
    """``value`` in the richest form that a note can hold, its plain text as ``plain`` makes it.

    HTML and JSON count where its plain form says nothing but the name of its class; of HTML, what
    a reader would see. Raises what the value's methods raise, and ``TypeError`` or ``ValueError``
    where they return something else than they should.
    """
    if isinstance(value, type) or hasattr(value, _ANY_NAME):
        return plain(value, portable)
    bundle = _bundle(value)
    for mime, method in _PICTURES.items():
        if (found := _form(value, bundle, mime, method)) is not None:
            data = _png(found) if mime == "image/png" else _text(found, mime).encode("utf-8")
            return Figure(mime, data)
    said = (
        _bounded(_text(bundle["text/plain"])) if "text/plain" in bundle else plain(value, portable)
    )
    for mime, method in _MARKUP.items():
        if (found := _form(value, bundle, mime, method)) is not None:
            return Markup(_text(found, mime), said.text)
    if not names_object(said.text):
        return said
    for mime, method in _INSTEAD.items():
        if (found := _form(value, bundle, mime, method)) is not None:
            return _of_html(_text(found, mime)) if mime == "text/html" else _of_json(found)
    others = ", ".join(mime for mime in bundle if mime != "text/plain")
    return Text(f"({others}, which a note cannot hold)", "value") if others else said


def _bundle(value: Any) -> dict[str, Any]:
    """MIME type → representation, as far as the value tells all of them at once."""
    method = getattr(value, "_repr_mimebundle_", None)
    if not callable(method):
        return {}
    found = method(include=None, exclude=None)
    return dict(_without_metadata(found) or {})


def _form(value: object, bundle: dict[str, Any], mime: str, method: str) -> Any:
    """The representation of that type, None where there is none."""
    if mime in bundle:
        return bundle[mime]
    represent: Callable[[], Any] | None = getattr(value, method, None)
    return _without_metadata(represent()) if callable(represent) else None


def _without_metadata(found: Any) -> Any:
    """A representation may be a pair, with what is to be known of it."""
    return found[0] if isinstance(found, tuple) else found


def _bounded(text: str) -> Text:
    if len(text) <= 2 * KEPT:
        return Text(without_addresses(text), "value")
    missing = len(text[KEPT:-KEPT].encode("utf-8", "replace"))
    text = f"{text[:KEPT]}\n{bytes_gap(missing)}\n{text[-KEPT:]}"
    return Text(without_addresses(text), "value", (missing,))


def _of_html(source: str) -> Output:
    from .notebooks.html_text import table_of, text_of

    if not text_of(re.sub(r"<table.*</table>", "", source, flags=re.DOTALL | re.IGNORECASE)):
        table = table_of(source)
        if table is not None:
            return table
    return _bounded(text_of(source) or source)


def _of_json(data: object) -> Text:
    import json

    return _bounded(json.dumps(data, indent=2, ensure_ascii=False))


def _text(found: object, mime: str = "text/plain") -> str:
    """Raises ``TypeError`` where the representation is no text."""
    if not isinstance(found, str):
        raise TypeError(f"the {mime} representation is a {type(found).__name__}, not text")
    return found


def _png(picture: object) -> bytes:
    """PNG data; bundles may hold it as base64 text. Raises ``ValueError`` where it is neither."""
    data = picture
    if isinstance(picture, str) and picture.isascii():
        import base64

        with suppress(ValueError):
            data = base64.b64decode(picture)
    if not isinstance(data, bytes) or not data.startswith(b"\x89PNG\r\n"):
        raise ValueError("the image/png representation is no PNG")
    return data
