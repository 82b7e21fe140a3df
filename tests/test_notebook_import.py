"""``import`` as a user calls it: notebooks of every version, and files that are none."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from runner.answer import Answer
from runner.errors import UserError
from runner.notebook_commands import export, import_
from runner.notebooks.files import read_notebook
from runner.parse import parse
from tests import notebooks as nb

CASES = Path(__file__).parent / "cases" / "notebooks"


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("RUNNER_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("RUNNER_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "my vault"
    (folder / ".obsidian").mkdir(parents=True)
    (folder / ".obsidian" / "app.json").write_text('{"attachmentFolderPath": "Files"}')
    yield folder


def bring_in(vault: Path, *paths: Path, tag: str = "run") -> Answer:
    arguments = [*map(str, paths), str(vault), "--tag", tag]
    answer = import_.main(arguments, standalone_mode=False)
    assert isinstance(answer, Answer)
    return answer


def put(folder: Path, name: str, data: object) -> Path:
    path = folder / name
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return path


def text_of(vault: Path, name: str) -> str:
    return (vault / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("minor", range(6))
def test_every_minor_version_of_4(vault: Path, minor: int) -> None:
    answer = bring_in(vault, CASES / f"v4.{minor}.ipynb")
    text = text_of(vault, f"v4.{minor}.md")
    note = parse("a.md", text)
    first = "imports" if minor == 5 else "a-study"
    last = "breaks" if minor == 5 else "the-data-2"
    assert [block.id for block in note.blocks] == [first, last]  # nothing of the empty cell
    assert {(r.digest, r.status) for r in note.regions} == {
        ("00000000", "ok"),
        ("00000000", "failed"),
    }
    assert '```python {cell="the-data"}\n%matplotlib inline\nplot()\n```\n\n<!-- output' in text
    assert '```raw {cell="' in text
    (line,) = [line for line in answer.lines if "warning" in str(line)]
    number = text.split("\n").index('```python {cell="the-data"}') + 2
    assert f"v4.{minor}.md:{number}: " in str(line)
    assert "`%matplotlib inline` is a magic of IPython" in str(line)
    figure = vault / "Files" / f"v4_{minor}-the-data-1.png"
    assert figure.read_bytes() == base64.b64decode(nb.PNG)
    if minor:
        assert f"![picture](Files/v4_{minor}-image.png) and $e = mc^2$" in text
        assert (vault / "Files" / f"v4_{minor}-image.png").exists()


def test_version_3(vault: Path) -> None:
    bring_in(vault, CASES / "v3.ipynb")
    text = text_of(vault, "v3.md")
    assert "## Old things\n\n<!-- cell -->\n\nSome *text*\nwith $x^2$." in text
    assert [b.id for b in parse("a.md", text).blocks] == ["old-things", "old-things-2"]
    assert (
        "<!-- runner:old-things 00000000 ok -->\n\n```text\n[1, 2]\n```\n\n```text\n[1, 2]" in text
    )
    assert "![[v3-old-things-2-1.png]]" in text
    assert "```python {cell=\"old-things-3\"}\nprint 'python 2'\n```" in text


def test_a_notebook_of_colab(vault: Path) -> None:
    answer = bring_in(vault, CASES / "colab.ipynb")
    text = text_of(vault, "colab.md")
    said = [str(line) for line in answer.lines]
    assert "`!pip install -q einops` is for the shell" in said[1]
    assert "line 1 awaits outside a function" in said[2]
    assert "[a widget, left out: 0%| | 0/3 [00:00<?, ?it/s]]" in text


def test_another_language_comes_in_as_it_is(vault: Path) -> None:
    bring_in(vault, CASES / "r.ipynb")
    text = text_of(vault, "r.md")
    assert not parse("a.md", text).blocks
    assert '```r {cell="in-r"}\nsummary(c(1, 2))\n```' in text
    assert 'kernel: "ir"\nlanguage: "r"' in text
    export.main(["--to", "ipynb", str(vault / "r.md")], standalone_mode=False)
    made = read_notebook(vault / "r.ipynb")
    assert made.metadata["kernelspec"]["name"] == "ir"
    assert [cell.source for cell in made.cells] == ["# In R", "summary(c(1, 2))"]


def test_nothing_hostile_becomes_a_block_or_a_mark(vault: Path) -> None:
    bring_in(vault, CASES / "hostile.ipynb")
    text = text_of(vault, "hostile.md")
    note = parse("hostile.md", text)
    assert [block.id for block in note.blocks] == ["e"]
    assert [(r.id, r.digest) for r in note.regions] == [("e", "00000000")]
    assert note.writable
    assert "dataviewjs" not in text


def test_without_tags_nothing_runs(vault: Path) -> None:
    bring_in(vault, CASES / "v4.5.ipynb", tag="none")
    text = text_of(vault, "v4.5.md")
    assert not parse("a.md", text).blocks
    assert '```python {cell="imports"}\nimport math\nmath.pi\n```' in text


def test_metadata_becomes_properties(vault: Path) -> None:
    bring_in(vault, CASES / "v4.5.ipynb")
    head = text_of(vault, "v4.5.md").partition("\n\n")[0].split("\n")
    assert head[1:-1] == [
        'notebook: "v4.5.ipynb"',
        'title: "A: study"',
        'authors: "Ada L., B"',
        'kernel: "python3"',
        'language: "python"',
    ]


def test_into_a_folder_of_the_vault_with_markdown_links(vault: Path) -> None:
    (vault / ".obsidian" / "app.json").write_text('{"useMarkdownLinks": true}')
    (vault / "in").mkdir()
    bring_in(vault / "in", CASES / "v4.5.ipynb")
    text = text_of(vault, "in/v4.5.md")
    assert "![](../v4_5-the-data-1.png)" in text
    assert "![picture](../v4_5-image.png)" in text


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.iterdir()))
def test_what_came_in_goes_out(vault: Path, name: str) -> None:
    before = read_notebook(CASES / name)
    bring_in(vault, CASES / name)
    note = vault / name.replace(".ipynb", ".md")
    export.main(["--to", "ipynb", str(note)], standalone_mode=False)
    data = json.loads((vault / name).read_text(encoding="utf-8"))
    nbformat.validate(nbformat.from_dict(data))
    after = nb.without_front(read_notebook(vault / name))
    sources = [cell.source.strip() for cell in after.cells]
    assert sources == [cell.source.strip() for cell in before.cells if cell.source]
    assert [cell.kind for cell in after.cells] == [c.kind for c in before.cells if c.source]
    pictures = [
        o["data"]["image/png"] for c in after.cells for o in c.outputs if "image/png" in o["data"]
    ]
    assert pictures == [nb.PNG] * len(pictures)


# --- what is refused -------------------------------------------------------------------------------

FAULTS: dict[str, tuple[object, str]] = {
    "broken.ipynb": ('{"cells": [', "is no JSON (line 1: Expecting value): save it again"),
    "empty.ipynb": ("", "is no JSON (line 1: Expecting value)"),
    "list.ipynb": ([], "is no notebook (it has no `nbformat`): name a file that Jupyter saved"),
    "text.ipynb": ("hello", "is no JSON"),
    "v2.ipynb": ({"nbformat": 2}, "is in nbformat 2, which is too old: open it in Jupyter"),
    "v5.ipynb": ({"nbformat": 5}, "is in nbformat 5, which is not known yet: save it as version 4"),
    "v3-damaged.ipynb": ({"nbformat": 3, "worksheets": 3}, "is damaged"),
    "no-cells.ipynb": ({"nbformat": 4, "nbformat_minor": 4}, "is damaged (`cells` is no list)"),
    "odd-cell.ipynb": (
        {"nbformat": 4, "cells": [3]},
        "is damaged (cell 1 is neither code, Markdown nor raw)",
    ),
    "no-source.ipynb": (
        {"nbformat": 4, "cells": [{"cell_type": "code", "source": 3}]},
        "is damaged (cell 1 has no source",
    ),
    "deep.ipynb": ("[" * 100_000, "nests too deeply"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_no_notebook(vault: Path, tmp_path: Path, name: str) -> None:
    data, said = FAULTS[name]
    path = put(tmp_path, name, data)
    with pytest.raises(UserError) as error:
        bring_in(vault, CASES / "v4.5.ipynb", path)
    assert str(error.value).startswith(f"{path} {said}")
    assert [file.name for file in vault.iterdir()] == [".obsidian"]


def test_bytes_that_are_no_text(vault: Path, tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match=r"is no text in UTF-8 \(byte 0\)"):
        bring_in(vault, tmp_path / "a.ipynb")


def test_a_missing_notebook_and_a_folder(vault: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be read .* name a notebook"):
        bring_in(vault, tmp_path / "gone.ipynb")
    with pytest.raises(UserError, match=r"cannot be read .* name a notebook"):
        bring_in(vault, tmp_path)


def test_the_last_path_has_to_be_a_folder(vault: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        bring_in(vault / "gone", CASES / "v4.5.ipynb")
    (vault / "a.md").write_text("x")
    with pytest.raises(UserError, match="is no folder: name a vault, or a folder of it"):
        bring_in(vault / "a.md", CASES / "v4.5.ipynb")


def test_no_note_is_written_over(vault: Path) -> None:
    (vault / "r.md").write_text("mine")
    with pytest.raises(UserError, match=r"r\.md is there already: rename the notebook"):
        bring_in(vault, CASES / "r.ipynb")
    assert text_of(vault, "r.md") == "mine"


def test_no_other_file_is_written_over(vault: Path) -> None:
    (vault / "Files").mkdir()
    (vault / "Files" / "v4_5-image.png").write_bytes(b"mine")
    with pytest.raises(UserError, match=r"would write over Files/v4_5-image\.png"):
        bring_in(vault, CASES / "v4.5.ipynb")
    assert [file.name for file in vault.iterdir() if file.suffix == ".md"] == []


def test_no_module_is_taken_twice(vault: Path, tmp_path: Path) -> None:
    (vault / "V4,5.md").write_text('```python {run="a"}\n1\n```\n')
    with pytest.raises(
        UserError, match=r"would be the module `vault\.v4_5`, which is that of V4,5\.md"
    ) as error:
        (tmp_path / "x").mkdir()
        shutil.copy(CASES / "v4.5.ipynb", tmp_path / "x" / "V4.5?.ipynb")
        bring_in(vault, tmp_path / "x" / "V4.5?.ipynb")
    assert "rename the notebook" in str(error.value)


def test_two_notebooks_of_one_name(vault: Path, tmp_path: Path) -> None:
    shutil.copy(CASES / "r.ipynb", tmp_path / "R.ipynb")
    with pytest.raises(UserError, match="would both become"):
        bring_in(vault, CASES / "r.ipynb", tmp_path / "R.ipynb")


def test_a_notebook_that_makes_too_long_a_note(vault: Path, tmp_path: Path) -> None:
    cell = {"cell_type": "markdown", "metadata": {}, "source": "word " * 500_000}
    path = put(tmp_path, "long.ipynb", {"nbformat": 4, "nbformat_minor": 4, "cells": [cell]})
    with pytest.raises(UserError, match="makes a note of more than 2 MB"):
        bring_in(vault, path)


def test_a_name_that_obsidian_refuses(vault: Path, tmp_path: Path) -> None:
    shutil.copy(CASES / "r.ipynb", tmp_path / "a#b [日本] 🦊.ipynb")
    bring_in(vault, tmp_path / "a#b [日本] 🦊.ipynb")
    assert (vault / "a b 日本 🦊.md").is_file()


def test_a_jpeg_is_drawn_anew(vault: Path, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="matplotlib brings Pillow")
    image.new("RGB", (2, 2), "red").save(tmp_path / "a.jpg")
    data = base64.b64encode((tmp_path / "a.jpg").read_bytes()).decode()
    cell = nb.code("x", nb.display(image_jpeg=data))
    path = put(
        tmp_path, "j.ipynb", {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]}
    )
    bring_in(vault, path)
    assert (vault / "Files" / "j-cell-1.png").read_bytes().startswith(b"\x89PNG")


def test_the_answer_in_json(vault: Path) -> None:
    data: Any = bring_in(vault, CASES / "v4.5.ipynb").data
    assert data["vault"] == str(vault)
    (note,) = data["notes"]
    problem = note.pop("problems")[0]
    assert note == {
        "notebook": str(CASES / "v4.5.ipynb"),
        "note": "v4.5.md",
        "blocks": 2,
        "files": ["v4_5-image.png", "v4_5-the-data-1.png"],
    }
    assert problem["severity"] == "warning"
