"""``export`` as a user calls it, and the way back."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest

from runner.atomic import WriteError
from runner.digest import derive_seed
from runner.errors import UserError
from runner.notebook import Notebook
from runner.notebook_commands import export, import_
from runner.notebooks.files import read_notebook
from tests.vaults import Home

LAYERS = """# Layers

```python {setup="imports"}
import random
SCALE = 2
```

```python {component="double"}
def double(x):
    return SCALE * x
```

```python {component="unused"}
def unused():
    raise RuntimeError
```
"""
MODEL = """---
paper: A paper
authors: A, B
year: 2020
arxiv: 2010.11929v2
pdf: paper.pdf
seed: 3
---
# Model

See [[Layers]] and [[paper.pdf#page=3|page 3]].

> [!quote] [[paper.pdf#page=2|Page 2]]
> doubled

```python {component="model"}
from vault.layers import double

def model(x):
    return double(x) + 1
```

```python {test="parity"}
#| kind: parity
import pytest

@pytest.mark.parametrize("n", [1, 2])
def test_model(n):
    assert model(n) == 2 * n + 1

def test_wrong():
    assert model(1) == 4, "never"
```

```python {run="draw"}
import random
print("drawn")
random.random()
```

```python {run="table"}
import pandas
pandas.DataFrame({"a": [1, 2]})
```

```python {run="long"}
print("\\n".join(map(str, range(200))))
```

```python {run="broken"}
double("x") / 2
```
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    home = Home(tmp_path, "a vault")
    for key in ("RUNNER_STATE", "RUNNER_CACHE"):
        monkeypatch.setenv(key, home.env[key])
    home.write(".obsidian/app.json", "{}")
    home.write("Layers.md", LAYERS)
    home.write("Deep/Model.md", MODEL)
    return home


def exported(home: Home, *arguments: str, note: str = "Deep/Model.md") -> Notebook:
    answer = export.main(
        [str(home.vault / note), "--to", "ipynb", *arguments], standalone_mode=False
    )
    (made,) = answer.data["notebooks"]
    data = json.loads(Path(made["notebook"]).read_text(encoding="utf-8"))
    nbformat.validate(nbformat.from_dict(data))
    return read_notebook(Path(made["notebook"]))


def cell(notebook: Notebook, id: str) -> Any:
    return next(cell for cell in notebook.cells if cell.id == id)


def test_a_note_before_it_ran(home: Home) -> None:
    made = exported(home)
    assert [c.id for c in made.cells] == [
        *("below-top", "paper", "setup", "model", "parity", "draw", "table", "long", "broken"),
    ]
    drawing = "\n".join(
        f'        "{id}": "{hashlib.blake2b(cell(made, id).source.encode(), digest_size=4).hexdigest()}",'
        for id in ("draw", "table", "long", "broken")
    )
    assert cell(made, "setup").source == (
        "# @title Setup of “Deep/Model”: run this cell first\n"
        "# The cells below need pandas, pytest, runner.\n"
        "import runner\n"
        "from runner.notebooks.kernel import NoteMagics\n\n"
        "runner.install('..')  # allows this process to execute the vault's notes\n"
        "_magics = NoteMagics(\n"
        "    note_seed=3,\n"
        "    cells={\n"
        f"{drawing}\n"
        "    },\n"
        ")"
    )
    assert cell(made, "paper").source == (
        "*A paper*, A, B, 2020, [arXiv:2010.11929v2](https://arxiv.org/abs/2010.11929v2)"
    )
    assert cell(made, "below-top").source == (
        "# Model\n\nSee [Layers](../Layers.md) and "
        "[page 3](https://arxiv.org/pdf/2010.11929v2#page=3).\n\n"
        "> **Quote:** [Page 2](https://arxiv.org/pdf/2010.11929v2#page=2)\n>\n> doubled"
    )
    assert cell(made, "parity").source.startswith("%%test parity\n#| kind: parity\nimport pytest\n")
    assert cell(made, "parity").ours["options"] == {"kind": "parity"}
    assert cell(made, "draw").source.startswith("import random\n")
    assert not any(c.outputs for c in made.cells)


def test_standing_alone_it_brings_what_it_imports(home: Home) -> None:
    made = exported(home, "--standalone")
    ids = [c.id for c in made.cells]
    assert ids[:6] == [
        "below-top",
        "paper",
        "setup",
        "from-layers",
        "layers-imports",
        "layers-double",
    ]
    assert "class NoteMagics:" in cell(made, "setup").source
    assert "import runner" not in cell(made, "setup").source
    seed = derive_seed(0, "double")  # the other note has no seed of its own
    assert cell(made, "layers-double").source == (
        f"%%module layers double seed={seed}\ndef double(x):\n    return SCALE * x"
    )


def test_results_from_the_store_and_without_it(home: Home) -> None:
    home.run()
    before = home.files().data
    rich = exported(home)
    (tests,) = cell(rich, "parity").outputs
    outcomes = tests["data"]["application/vnd.runner.tests+json"]
    assert [(t["name"], t["status"]) for t in outcomes] == [
        ("test_model[1]", "passed"),
        ("test_model[2]", "passed"),
        ("test_wrong", "failed"),
    ]
    printed, value = cell(rich, "draw").outputs
    assert printed["text"] == "drawn\n"
    assert value["output_type"] == "execute_result"
    assert cell(rich, "table").outputs[0]["data"]["text/markdown"].startswith("|     | a   |")
    assert cell(rich, "long").outputs[0]["text"].count("\n") == 200
    (error,) = cell(rich, "broken").outputs
    assert error["ename"] == "TypeError"
    assert "Model.md:" in error["traceback"]
    assert "Layers.md" not in error["traceback"]

    assert returned(home) == {"model-long.txt": before["model-long.txt"]}

    shutil.rmtree(home.env["RUNNER_CACHE"])
    plain = exported(home)
    assert cell(plain, "parity").outputs[0]["data"]["text/plain"].startswith("1 failed, 2 passed")
    assert cell(plain, "draw").outputs[0]["text"] == "drawn\n"
    assert cell(plain, "long").outputs[0]["text"].count("\n") == 200
    assert cell(plain, "broken").outputs[0]["ename"] == "TypeError"

    assert returned(home) == {"model-long.txt": before["model-long.txt"]}


def returned(home: Home) -> dict[str, bytes]:
    """Imports the export into an empty vault, where the note has to be the same; the other files."""
    other = home.vault.parent / "other vault"
    shutil.rmtree(other, ignore_errors=True)
    (other / ".obsidian").mkdir(parents=True)
    import_.main([str(home.vault / "Deep" / "Model.ipynb"), str(other)], standalone_mode=False)
    assert (other / "Model.md").read_bytes() == (home.vault / "Deep/Model.md").read_bytes()
    return {
        file.name: file.read_bytes()
        for file in other.iterdir()
        if file.is_file() and file.suffix != ".md"
    }


def test_untrusted_and_unread_nothing_executes(home: Home) -> None:
    home.write("Evil.md", "```python {run=\"a\"}\nopen('ran', 'w')\n```\n")
    home.write(".runner.toml", 'python = "/bin/false"\n')
    before = home.files().data
    exported(home, "--standalone", note="Evil.md")
    assert home.files().data.keys() - before.keys() == {"Evil.ipynb"}


def test_the_same_twice_writes_nothing(home: Home) -> None:
    exported(home)
    before = home.files()
    answer = export.main(
        [str(home.vault / "Deep/Model.md"), "--to", "ipynb"], standalone_mode=False
    )
    assert [made["changed"] for made in answer.data["notebooks"]] == [False]
    assert home.files() == before


def test_an_export_is_renewed(home: Home) -> None:
    exported(home)
    home.edit("Deep/Model.md", "doubled", "tripled")
    assert "tripled" in cell(exported(home), "below-top").source


def test_what_somebody_typed_is_not_written_over(home: Home) -> None:
    exported(home)
    file = home.vault / "Deep" / "Model.ipynb"
    data = json.loads(file.read_text(encoding="utf-8"))
    data["cells"][0]["source"] = ["mine"]
    file.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(WriteError, match="was changed since it was exported: import it under"):
        exported(home)
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(WriteError, match=r"is there already and no export of Deep/Model\.md"):
        exported(home)
    assert file.read_text(encoding="utf-8") == "{}"


def test_into_another_folder(home: Home, tmp_path: Path) -> None:
    home.edit("Deep/Model.md", "#| kind: parity", "#| kind: parity\n#| data: [x.csv]")
    answer = export.main(
        [str(home.vault), "--to", "ipynb", "-o", str(tmp_path / "new" / "out")],
        standalone_mode=False,
    )
    made = {n["note"]: n for n in answer.data["notebooks"]}
    assert made["Deep/Model.md"]["remarks"] == [
        "its blocks read x.csv: put these beside the notebook"
    ]
    notebook = read_notebook(tmp_path / "new" / "out" / "Model.ipynb")
    assert "[Layers](Layers.ipynb)" in cell(notebook, "below-top").source
    assert (
        f"runner.install('{Path('..', '..', 'a vault').as_posix()}')"
        in cell(notebook, "setup").source
    )


def test_never_into_a_dot_folder_of_the_vault(home: Home) -> None:
    with pytest.raises(WriteError, match="hidden by a dot"):
        exported(home, "-o", str(home.vault / ".obsidian"))


def test_what_cannot_be_exported(home: Home, tmp_path: Path) -> None:
    home.write("Latin.md", b'```python {run="a"}\n\xe9\n```\n')
    with pytest.raises(UserError, match=r"Latin\.md cannot be exported: the note is not UTF-8"):
        exported(home, note="Latin.md")
    with pytest.raises(UserError, match="does not exist"):
        exported(home, note="Gone.md")
    home.write("a.txt", "x")
    with pytest.raises(UserError, match=r"a\.txt is no note of the vault"):
        exported(home, note="a.txt")
    home.write("Other/Model.md", "x")
    with pytest.raises(UserError, match="would both become"):
        exported(home, "-o", str(tmp_path / "out"), note="")


def test_pictures_of_the_text_come_along(home: Home) -> None:
    home.write("Files/a b.png", b"\x89PNG\r\n\x1a\nx")
    home.write("Note.md", "![[a b.png|200]] ![[gone.png]]\n")
    made = exported(home, note="Note.md")
    assert made.cells[0].source == "![a b.png](attachment:a_b.png) gone.png"
    assert list(made.cells[0].attachments) == ["a_b.png"]
    other = home.vault.parent / "other"
    (other / ".obsidian").mkdir(parents=True)
    import_.main([str(home.vault / "Note.ipynb"), str(other)], standalone_mode=False)
    assert (other / "Note.md").read_text() == "![[a b.png|200]] ![[gone.png]]\n"
    assert (other / "a b.png").read_bytes() == b"\x89PNG\r\n\x1a\nx"


def test_no_picture_from_outside_the_vault_comes_along(home: Home) -> None:
    (home.vault.parent / "outside.png").write_bytes(b"secret")
    try:
        (home.vault / "leads out.png").symlink_to(home.vault.parent / "outside.png")
    except OSError:
        pytest.skip("this system lets no ordinary user make links")
    home.write("Note.md", "![[leads out.png]]\n")
    made = exported(home, note="Note.md")
    assert made.cells[0].source == "[leads out.png](leads%20out.png)"
    assert not made.cells[0].attachments
