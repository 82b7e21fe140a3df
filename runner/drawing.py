"""Whether an SVG figure is nothing but a drawing.

In a note it is shown as an image, in which no script runs; but files are opened by themselves.
"""

from __future__ import annotations

import re
from functools import lru_cache

from .patterns import regex

_SVG = "http://www.w3.org/2000/svg"
_SHAPES = frozenset(
    """
    svg g defs symbol use title desc metadata style switch
    path rect circle ellipse line polyline polygon text tspan textPath image
    clipPath mask pattern marker linearGradient radialGradient stop filter
    feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting
    feDisplacementMap feDistantLight feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR
    feGaussianBlur feMerge feMergeNode feMorphology feOffset fePointLight feSpecularLighting
    feSpotLight feTile feTurbulence
    """.split()
)
_FOREIGN = ("http://www.w3.org/1999/xhtml", "http://www.w3.org/1998/Math/MathML", "")
_INSIDE = regex(r"\s*(?:#|data:image/(?:png|jpeg|gif|webp);base64,)")
_PLACES = r"javascript:|url\((?!\s*['\"]?#)"
_ELSEWHERE = regex(_PLACES, re.I)
# In a style sheet more can name another place, and escapes can hide it.
_STYLE = regex(rf"\\|@|/\*|expression|{_PLACES}", re.I)


@lru_cache(maxsize=32)  # a region is rendered more than once
def is_drawing(svg: bytes) -> bool:
    """Whether the file holds shapes alone: no script, link or animation, no other document,
    nothing that is fetched from elsewhere."""
    from xml.etree.ElementTree import ParseError, fromstring

    # Entities can stand for anything, and for very much of it.
    if b"<!ENTITY" in svg or b"<?xml-stylesheet" in svg or b"\0" in svg:
        return False
    try:
        root = fromstring(svg)
    except (ParseError, ValueError, LookupError):  # the last two: its encoding
        return False
    return root.tag == f"{{{_SVG}}}svg" and all(
        _is_shape(element.tag)
        and not (element.tag.endswith("}style") and _STYLE.search("".join(element.itertext())))
        and all(_is_still(*item) for item in element.attrib.items())
        for element in root.iter()
    )


def _is_shape(tag: str) -> bool:
    """Whether it is drawn, or is of a vocabulary that no browser acts on."""
    space, _, name = tag.rpartition("}")
    space = space.removeprefix("{")
    return name in _SHAPES if space == _SVG else space not in _FOREIGN


def _is_still(attribute: str, value: str) -> bool:
    name = attribute.rpartition("}")[2]
    if name.lower().startswith("on"):
        return False
    if name in ("href", "src"):
        return _INSIDE.match(value) is not None
    return not (_STYLE if name == "style" else _ELSEWHERE).search(value)
