"""A note's properties: found, read with limits, and edited one line at a time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from .note import Span
from .patterns import regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST = 64 * 1024  # characters
DEEPEST = 5

_OPENING = regex(r"\ufeff?(?=---\r?\n)")
_CLOSING = regex(r"^---(?=\r?\n|\r?\Z)", re.M)
# DESIGN 2.4; any other property is the author's own and costs nothing.
_INTERESTING = regex(
    r"""^["']?(?:paper|authors|year|arxiv|pdf|field|module|device|timeout|seed|runner_\w+)["']?"""
    r"""[ \t]*:|^[ \t]*[{?]""",
    re.M,
)


class YamlFault(ValueError):
    """Text that is no YAML of the kind we read; ``line`` counts from 0 within it."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


def locate(text: str) -> Span:
    """The frontmatter of ``text``, both its ``---`` lines included, or an empty span.

    As in Obsidian the first line is ``---`` and nothing else, and so is the closing one.
    """
    opening = _OPENING.match(text)
    if not opening:
        return Span(0, 0)
    closing = _CLOSING.search(text, opening.end() + 4)
    return Span(opening.end(), closing.end()) if closing else Span(0, 0)


def is_interesting(text: str, span: Span) -> bool:
    """Whether the frontmatter may hold a property that the tool knows."""
    return _INTERESTING.search(text, span.start, span.end) is not None


def read(text: str, span: Span) -> Mapping[str, object]:
    """The properties in ``span``; none where it holds no mapping.

    Raises ``YamlFault`` for broken YAML and for more than ``LONGEST`` characters.
    """
    if span.end - span.start > LONGEST:
        raise YamlFault(f"they are longer than {LONGEST // 1024} kB")
    inner = text[span.start + 3 : span.end - 3]  # keeps the first newline, so that lines agree
    loaded = load_yaml(inner)
    if not isinstance(loaded, dict):
        return {}
    properties = {str(key): value for key, value in loaded.items()}
    if isinstance(properties.get("arxiv"), int | float):
        # 2010.10000 is the name of a paper, not a number.
        properties["arxiv"] = _texts(inner).get("arxiv")
    return properties


def _texts(inner: str) -> dict[object, object]:
    loaded = load_yaml(inner, typed=False)
    return loaded if isinstance(loaded, dict) else {}


def load_yaml(text: str, typed: bool = True) -> object:
    """``text`` as plain data: YAML 1.2 numbers, booleans and null; dates stay text.

    Without ``typed`` every scalar is text. Raises ``YamlFault`` for broken YAML, aliases, anchors,
    merge keys, tags and nesting deeper than ``DEEPEST``.
    """
    import yaml
    from frontmatter.default_handlers import YAMLHandler

    try:
        return YAMLHandler().load(text, Loader=_loader(typed))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "it cannot be read"
        raise YamlFault(problem, mark.line if mark else 0) from None
    except yaml.YAMLError as error:
        raise YamlFault(str(error).splitlines()[0]) from None


@cache
def _loader(typed: bool) -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        depth = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs lack it
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise yaml.MarkedYAMLError(
                    problem="anchors and aliases (& and *) are not read",
                    problem_mark=event.start_mark,
                )
            if getattr(event, "tag", None):
                raise yaml.MarkedYAMLError(
                    problem="tags (!) are not read", problem_mark=event.start_mark
                )
            if self.depth > DEEPEST:
                raise yaml.MarkedYAMLError(
                    problem=f"it nests deeper than {DEEPEST}", problem_mark=event.start_mark
                )
            self.depth += 1
            node = super().compose_node(parent, index)
            self.depth -= 1
            return node

    Loader.yaml_implicit_resolvers = {}
    if typed:
        _add_core_schema(Loader)
    return Loader


def _add_core_schema(loader: Any) -> None:
    """YAML 1.2's core schema: Obsidian's, which reads ``yes``, ``10:08`` and dates as text."""
    rules = {
        "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
        "int": (r"[-+]?[0-9]{1,18}", "-+0123456789"),
        "float": (
            r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
            "-+.0123456789",
        ),
        "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    }
    for name, (pattern, first) in rules.items():
        tag = f"tag:yaml.org,2002:{name}"
        loader.add_implicit_resolver(tag, re.compile(f"(?:{pattern})\\Z"), list(first))
    loader.add_constructor("tag:yaml.org,2002:int", _decimal)


def _decimal(_loader: Any, node: Any) -> int:
    """YAML 1.1 would read ``010`` as 8."""
    return int(node.value)


def set_property(text: str, frontmatter: Span, key: str, value: str) -> str:
    """``text`` with the value of the property line ``key`` replaced, all else untouched.

    The text comes back as it is where the frontmatter has no such line, or where the value runs
    over several lines. ``value`` is plain YAML (no quotes, colons or ``#`` needed).
    """
    if text.find(key, frontmatter.start, frontmatter.end) < 0:
        return text
    line = re.compile(rf"^{re.escape(key)}[ \t]*:([^\r\n]*)(?=\r?\n(?![ \t]+\S|- ))", re.M)
    match = line.search(text, frontmatter.start, frontmatter.end)
    if match is None:
        return text
    start, end = _value_in(match[1])
    old = match[1][start:end]
    if old.startswith(("|", ">")) or old.strip("\"'") == value:
        return text
    space = "" if match[1][:start] else " "
    gap = " " if match[1][end : end + 1] == "#" else ""
    start, end = match.start(1) + start, match.start(1) + end
    return f"{text[:start]}{space}{value}{gap}{text[end:]}"


def _value_in(rest: str) -> tuple[int, int]:
    """Where the value stands in what follows a key's colon; its comment is none of it."""
    start = len(rest) - len(rest.lstrip())
    if rest[start : start + 1] in ("'", '"'):
        closing = rest.find(rest[start], start + 1)
        return start, closing + 1 if closing >= 0 else len(rest)
    comment = re.search(r"(?:^|[ \t])#", rest)
    value = rest[: comment.start()] if comment else rest
    if not value.strip():
        return min(start, 1), min(start, 1)
    return start, len(value.rstrip())
