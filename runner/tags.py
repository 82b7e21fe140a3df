"""The info string of a fence: ```` ```python {role="id"} ```` and what people write instead."""

from __future__ import annotations

import re

from .note import Role
from .patterns import regex
from .records import dataclass

KNOWN_OPTIONS = (
    "needs quotes kind device timeout seed raises slow output data env cache".split()
)  # fmt: skip

_LONGEST = 1000  # characters; no hand-written tag comes near it
_EXACT = regex(r'python \{(setup|component|test|run)="([A-Za-z][A-Za-z0-9_-]*)"\}(?:\s.*)?', re.S)
_OURS = regex(r"python \{(?:setup|component|test|run)=")
_LANGUAGE = regex(r"[\w+#-]*")
_PYTHON = frozenset({"python", "py", "python3", "py3"})
_SHELLS = frozenset({"ipython", "ipython3"})  # they may hold magics
_BRACES = regex(r"""\{((?:"[^"]*"|'[^']*'|[^{}"'])*)\}""")
_ATTRIBUTE = regex(
    r"""(?P<key>[A-Za-z_][\w-]*)\s*[=:]\s*(?P<value>"[^"]*"|'[^']*'|\[[^\]]*\]|[^\s,;"'\[]+)"""
    r"""|[^\s,;]+"""
)
_UNBRACED = regex(r"""(?:^|\s)(setup|component|test|run)=["']""")
_ID = regex(r"[A-Za-z][A-Za-z0-9_-]*")
_SLIPS = {Role.RUN: 1, Role.TEST: 1, Role.SETUP: 2, Role.COMPONENT: 2}


@dataclass(frozen=True, slots=True)
class Tag:
    """What an info string says.

    ``fault``: what is wrong and its remedy; such a fence is no block. ``hint``: what works but is
    better written otherwise, with how; without a role it tells why this is no block.
    ``attributes`` are option keys given on the fence, with their values as text.
    """

    role: Role | None = None
    id: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    hint: tuple[str, str] | None = None
    fault: tuple[str, str] | None = None


_TOO_LONG = Tag(fault=(f"the tag is longer than {_LONGEST:,} characters", "write a shorter id"))


def read_tag(info: str) -> Tag | None:
    """The tag in ``info``, or ``None`` where the fence is none of ours."""
    info = info.strip()
    if len(info) > _LONGEST:
        return _TOO_LONG if _OURS.match(info) else None
    if exact := _EXACT.fullmatch(info):
        return Tag(Role(exact[1]), exact[2])
    groups = [m[1] for m in _BRACES.finditer(info)]
    attributes = [pair for group in groups for pair in _attributes(group)]
    language = _language(info, groups)
    if language not in _PYTHON:
        return _of_no_python(language, attributes)
    roles = [(key, value) for key, value in attributes if key in _SLIPS]
    if not roles:
        return _near_miss(attributes) or _unbraced(info)
    if len(roles) > 1:
        names = " and ".join(f"`{key}`" for key, _ in roles)
        return Tag(fault=(f"a fence has one role, this one has {names}", "keep one of them"))
    return _one_role(info, Role(roles[0][0]), roles[0][1], attributes)


def _language(info: str, groups: list[str]) -> str:
    """The language word, lower case: before the braces, or first in them (with a dot or not)."""
    match = _LANGUAGE.match(info)
    word = match[0] if match else ""
    if not word and groups and info.startswith("{"):
        first = re.match(r"\s*\.?([\w+#-]+)(?=[\s,]|$)", groups[0])
        word = first[1] if first else ""
    return word.lower()


def _attributes(group: str) -> list[tuple[str, str]]:
    """The ``key=value`` pairs between two braces; words without a value are not ours."""
    return [
        (m["key"], _unquoted(m["value"]))
        for m in _ATTRIBUTE.finditer(group)
        if m["key"] is not None
    ]


def _unquoted(value: str) -> str:
    return value[1:-1] if value[:1] in "\"'" and value[:1] == value[-1:] else value


def _one_role(info: str, role: Role, id: str, attributes: list[tuple[str, str]]) -> Tag:
    if not _ID.fullmatch(id):
        legal = legal_id(id)
        what = f'`{role}="{_short(id)}"` has no id: a letter, then letters, digits, `-` and `_`'
        return Tag(fault=(what, f'write `{{{role}="{legal}"}}`'))
    options = tuple((key, value) for key, value in attributes if key in KNOWN_OPTIONS)
    return Tag(role, id, options, hint=_better(info, role, id, attributes))


def _better(info: str, role: Role, id: str, attributes: list[tuple[str, str]]) -> tuple[str, str]:
    """Why ``info`` is not the form to write, and that form."""
    form = f'write ```python {{{role}="{id}"}}'
    others = [(key, value) for key, value in attributes if key != role]
    if not others:
        what = f"not every program reads the fence `{_short(info)}` as tagged Python"
        return what, form
    lines = ", ".join(f"`#| {key}: {value}`" for key, value in others if key in KNOWN_OPTIONS)
    below = f", and below it {lines}" if lines else ""
    return "a fence takes one attribute, its role", f"{form}{below}"


def _short(info: str) -> str:
    return info if len(info) <= 60 else info[:57] + "..."


def _near_miss(attributes: list[tuple[str, str]]) -> Tag | None:
    for key, value in attributes:
        if (role := _meant(key)) and key not in KNOWN_OPTIONS:
            what = f"`{key}` is no role, so this block does not run"
            hint = f'write `{{{role}="{legal_id(value)}"}}` if it is a {role} block'
            return Tag(fault=(what, hint))
    return None


def _meant(key: str) -> Role | None:
    slips = {role: distance(key.lower(), role.value) for role in _SLIPS}
    near = [role for role, count in slips.items() if count <= _SLIPS[role]]
    return min(near, key=lambda role: slips[role], default=None)


def _unbraced(info: str) -> Tag | None:
    if not (match := _UNBRACED.search(_BRACES.sub(" ", info))):
        return None
    what = f"the role `{match[1]}` stands without braces, so this block does not run"
    return Tag(hint=(what, f'write ```python {{{match[1]}="id"}}'))


def _of_no_python(language: str, attributes: list[tuple[str, str]]) -> Tag | None:
    roles = [(key, value) for key, value in attributes if key in _SLIPS]
    if not roles or (language and language not in _SHELLS):
        return None
    role, id = roles[0]
    names = f"the language `{language}`" if language else "no language"
    what = f"the fence names {names}, so this block does not run"
    return Tag(hint=(what, f'write ```python {{{role}="{legal_id(id)}"}}'))


def legal_id(text: str) -> str:
    """A block id as close to ``text`` as the rules for ids allow."""
    id = re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-").lstrip("0123456789_-")
    return id or "my-block"


def distance(left: str, right: str) -> int:
    """Damerau's distance: insertions, deletions, substitutions and swaps of neighbours.

    Words that differ in length by more than 3 count as that difference.
    """
    if abs(len(left) - len(right)) > 3:
        return abs(len(left) - len(right))
    rows = [list(range(len(right) + 1))]
    for i, a in enumerate(left, 1):
        row = [i]
        for j, b in enumerate(right, 1):
            best = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]
