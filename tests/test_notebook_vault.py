"""This project's own notes as notebooks: valid, shown by nbconvert, executed, and back again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from runner.notebook_commands import export, import_
from tests.vaults import Home, without_training

VAULT = Path(__file__).parents[1] / "vault"
NOTES = sorted(path.name for path in VAULT.glob("*.md"))

# ipykernel and its friends warn of their own future; nothing of it is ours.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = Home(tmp_path_factory.mktemp("home"))
    shutil.copytree(VAULT, home.vault, dirs_exist_ok=True)
    without_training(home.vault, "ViT.md")
    with pytest.MonkeyPatch.context() as patch:
        for key in ("RUNNER_STATE", "RUNNER_CACHE"):
            patch.setenv(key, home.env[key])
        patch.setenv("PYTHONPATH", str(VAULT.parent))
        yield home


@pytest.fixture(scope="module")
def notebooks(home: Home) -> Path:
    """All notes, each standing alone."""
    folder = home.vault.parent / "notebooks"
    arguments = [str(home.vault), "--to", "ipynb", "--standalone", "-o", str(folder)]
    export.main(arguments, standalone_mode=False)
    return folder


@pytest.mark.parametrize("note", NOTES)
def test_every_note_is_a_valid_notebook_that_renders(notebooks: Path, note: str) -> None:
    made: Any = nbformat.read(notebooks / f"{note[:-3]}.ipynb", as_version=4)
    nbformat.validate(made)
    page, _ = HTMLExporter().from_notebook_node(made)
    assert "<html" in page


def test_every_note_comes_back_byte_for_byte(home: Home, notebooks: Path, tmp_path: Path) -> None:
    shutil.copytree(home.vault / ".obsidian", tmp_path / "vault" / ".obsidian")
    files = [str(path) for path in sorted(notebooks.glob("*.ipynb"))]
    import_.main([*files, str(tmp_path / "vault")], standalone_mode=False)
    for note in NOTES:
        assert (tmp_path / "vault" / note).read_bytes() == (home.vault / note).read_bytes(), note
    for figure in (home.vault / "Attachments").glob("*.png"):
        there = tmp_path / "vault" / "Attachments" / figure.name
        assert there.read_bytes() == figure.read_bytes()


def test_vit_alone_tests_what_a_run_tests(home: Home, notebooks: Path, tmp_path: Path) -> None:
    """About half a minute: the note's parity tests load transformers, here and in the kernel."""
    made: Any = nbformat.read(notebooks / "ViT.ipynb", as_version=4)
    made.cells = [cell for cell in made.cells if not _is_of_training(cell)]
    for cell in made.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(made, timeout=120, resources=resources).execute()
    found = {
        cell.metadata["runner"]["id"]: [
            (test["name"], test["status"])
            for output in cell.outputs
            for test in output["data"]["application/vnd.runner.tests+json"]
        ]
        for cell in made.cells
        if cell.metadata.get("runner", {}).get("role") == "test"
    }
    ran = home.command("run", "ViT.md", "--trust", "--json", "--force")
    expected = {
        block["id"]: [(test["name"], test["status"]) for test in block["tests"]]
        for block in ran.blocks().values()
        if block["role"] == "test" and block["status"] != "skipped"
    }
    assert found == expected
    assert sum(map(len, found.values())) > 50


def _is_of_training(cell: Any) -> bool:
    told = cell.metadata.get("runner", {})
    return told.get("role") == "run" or str(told.get("id")).endswith("-phenomenon")


def test_it_runs_with_the_vault_beside_it(home: Home) -> None:
    folder = home.vault / "out"
    arguments = [str(home.vault / "Figure style.md"), "--to", "ipynb", "-o", str(folder)]
    export.main(arguments, standalone_mode=False)
    made: Any = nbformat.read(folder / "Figure style.ipynb", as_version=4)
    made.cells.append(
        nbformat.v4.new_code_cell(
            "from vault.how_these_notes_run import softmax\nsum(softmax([1, 2]))"
        )
    )
    NotebookClient(made, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    assert json.loads(made.cells[-1].outputs[0]["data"]["text/plain"]) == pytest.approx(1)
