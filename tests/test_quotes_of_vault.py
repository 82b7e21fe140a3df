"""The quotes of the project's own vault, held against the papers they are from."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from quote_homes import home, pages_kept_once
from vaults import Home

__all__ = ["home", "pages_kept_once"]  # fixtures

VAULT = Path(__file__).parents[1] / "vault"
PAPERS = Path(os.environ.get("RUNNER_PAPERS", Path(__file__).parents[1] / ".." / "shared/papers"))
# A note that calls a paper otherwise than arXiv does.
NAMES = {
    "2010.11929v2": "VIT image is worth 16x16 words transformer for images recognition at scale",
}


def test_every_quote_is_true_but_the_one_its_author_misplaced(home: Home) -> None:
    files = sorted(PAPERS.glob("*.pdf"))
    if not files:
        pytest.skip(f"no papers in {PAPERS}: name their folder in RUNNER_PAPERS")
    shutil.copytree(VAULT, home.vault, dirs_exist_ok=True)
    for file in files:
        home.write(f"{file.stem}.pdf", file.read_bytes())
        home.write(f"{NAMES.get(file.stem, file.stem)}.pdf", file.read_bytes())
    told = home.command("quotes", "check", ".", "--json").json["links"]
    untrue = [link for link in told if link["verdict"] != "exact"]
    assert len(told) > 40
    assert [(link["note"], link["page"], link["verdict"]) for link in untrue] == [
        ("Reading list.md", 3, "other-page")
    ]
    pages = {piece["page"]: piece["text"] for piece in untrue[0]["pieces"]}
    assert pages[4] == "The MLP contains two layers with a GELU non-linearity"
