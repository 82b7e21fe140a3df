"""Law 3 on dependencies that no reader of names sees: after one edit, incremental equals clean.

All rows of ``law_rows.py`` stand in one vault, each in a folder of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from law_rows import ROWS, TORCH, Row
from vaults import Home, fence

EVERY = {**ROWS, **{f"torch: {name}": row for name, row in TORCH.items()}}
_ROLES = {"s": "setup", "c": "component", "t": "test", "r": "run"}
_EDIT = re.compile(r"<<(.*?)\|(.*?)>>")
_SHOWN = re.compile(r"<!-- runner:([rt]3) \w+ (\w+).*?<!-- /runner -->", re.DOTALL)


@dataclass(frozen=True)
class Left:
    """What the runs left of the notes: the first, the one after the edit, one of everything."""

    first: Mapping[str, bytes]
    incremental: Mapping[str, bytes]
    clean: Mapping[str, bytes]


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Left]:
    with pytest.MonkeyPatch.context() as patch:
        home = Home(tmp_path_factory.mktemp("law"))
        for name in ("RUNNER_STATE", "RUNNER_CACHE", "OMP_NUM_THREADS"):
            patch.setenv(name, home.env[name])
        home.write(".obsidian/app.json", "{}")
        found = []
        for version, force in ((1, False), (2, False), (2, True)):
            _write(home, version)
            home.session(force=force)
            found.append(_notes(home))
        yield Left(*found)


def _write(home: Home, version: int) -> None:
    for number, row in enumerate(EVERY.values()):
        for name, text in _files(row, number, version):
            old = home.read(name) if (home.vault / name).exists() else ""
            if name.endswith(".md"):
                home.write(name, _with_regions(text, old))
            elif not old or name.endswith(".py"):
                home.write(name, text)


def _files(row: Row, number: int, version: int) -> Iterator[tuple[str, str]]:
    """The files of a row; what they import of each other bears the row's number."""
    parts = row if isinstance(row, dict) else {"Main": row}
    for name, text in parts.items():
        filled = _EDIT.sub(lambda match: match[version], text)
        filled = re.sub(r"\bother\b", f"other{number}", filled)
        if "." in name:
            yield f"{number}/{name}", filled
        else:
            yield f"{number}/{name}{number}.md", "".join(map(_block, filled.split(" | ")))


def _block(entry: str) -> str:
    id, _, source = entry.strip().partition(": ")
    return fence(_ROLES[id[0]], id, re.sub(r"; ?", "\n", source))


def _with_regions(text: str, old: str) -> str:
    """``text`` with what stands under the blocks of ``old``, as an editor would leave it."""
    regions = {m[1]: m[0] for m in re.finditer(r"(?s)<!-- runner:(\w+) .*?<!-- /runner -->", old)}
    return re.sub(
        r'(?s)```python \{\w+="(\w+)"\}\n.*?\n```\n\n',
        lambda m: m[0] + (f"{regions[m[1]]}\n\n" if m[1] in regions else ""),
        text,
    )


def _notes(home: Home) -> dict[str, bytes]:
    return {name: data for name, data in home.files().data.items() if name.endswith(".md")}


@pytest.mark.parametrize("number", range(len(EVERY)), ids=list(EVERY))
def test_incremental_equals_clean(left: Left, number: int) -> None:
    notes = [name for name in left.clean if Path(name).parent.name == str(number)]
    assert {n: left.incremental[n].decode() for n in notes} == {
        n: left.clean[n].decode() for n in notes
    }


@pytest.mark.parametrize("number", range(len(EVERY)), ids=list(EVERY))
def test_the_edit_shows(left: Left, number: int) -> None:
    """A row whose edit changes nothing, or that fails for another reason, would prove nothing."""
    name = f"{number}/Main{number}.md"
    first, last = (_SHOWN.search(notes[name].decode()) for notes in (left.first, left.clean))
    assert first and last and first[0].partition("\n")[2] != last[0].partition("\n")[2]
    assert last[2] == "ok" or "assert" in list(EVERY.values())[number]
