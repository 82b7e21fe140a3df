"""The project's own vault: every sentence has code, all code a sentence, a reference and a mutant."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runner.graph import Node, build
from runner.links import find_links, find_quotes
from runner.note import Role
from runner.parse import parse
from runner.trace import Row, rows

VAULT = Path(__file__).parents[1] / "vault"
NOTES = {p.name: parse(p.name, p.read_text(encoding="utf-8")) for p in sorted(VAULT.glob("*.md"))}
GRAPH = build(NOTES.values())
ROWS = rows(NOTES.values(), GRAPH)

# The manual shows how blocks work. Of the papers behind the other two no PDF is here to quote.
MANUAL = "How these notes run.md"
UNQUOTED = {MANUAL, "Choosing papers.md", "Triplet loss and Siamese networks.md"}
INDEPENDENT = {"parity", "paper-number", "closed-form"}


def nodes(role: Role) -> list[Node]:
    found = [node for path in sorted(GRAPH.notes) for node in GRAPH.of_note(path)]
    return [node for node in found if node.block.role is role]


def name(node: Node) -> str:
    return f"{node.key[0]}#{node.key[1]}"


COMPONENTS = [node for node in nodes(Role.COMPONENT) if node.key[0] != MANUAL]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.note}:{row.quote.line}")
def test_a_quote_has_a_component_or_says_why_not(row: Row) -> None:
    assert bool(row.components) is (row.quote.no_code is None)


@pytest.mark.parametrize("component", COMPONENTS, ids=name)
def test_a_component_has_a_quote_a_reference_and_a_mutant(component: Node) -> None:
    note, _ = component.key
    kinds = {
        str(test.block.options.kind)
        for test in nodes(Role.TEST)
        if test.key[0] == note and component.key in test.deps
    }
    assert "mutant" in kinds
    assert kinds & INDEPENDENT
    assert note in UNQUOTED or any(component.key in row.components for row in ROWS)


def test_every_test_states_its_kind() -> None:
    assert [name(test) for test in nodes(Role.TEST) if test.block.options.kind is None] == []


def test_notes_without_quotes_say_so() -> None:
    for path in UNQUOTED - {MANUAL}:
        assert not find_quotes(NOTES[path], find_links(NOTES[path]))
        assert "PDF" in NOTES[path].text


def test_the_map_knows_what_a_note_imports() -> None:
    """The column "rests on" has no cycle, and leads to every note that code is imported from."""
    stem = {Path(path).stem for path in NOTES}
    rests: dict[str, set[str]] = {}
    for line in NOTES["Start here.md"].text.splitlines():
        cells = line.strip("|").split(" | ")
        if line.startswith("| [[") and len(cells) == 3:
            links = ({part.split("]]")[0] for part in cell.split("[[")[1:]} for cell in cells)
            ((note,), _, below) = links
            rests[note] = below
    assert set(rests) == stem - {"Start here"}

    def reached(note: str, above: tuple[str, ...] = ()) -> set[str]:
        assert note not in above, f"{' -> '.join([*above, note])} is a circle"
        return rests[note].union(*(reached(below, (*above, note)) for below in rests[note]))

    for note in rests:
        reachable = reached(note) | {note, "Figure style"}
        for node in GRAPH.of_note(f"{note}.md") if f"{note}.md" in GRAPH.notes else []:
            if node.block.role in (Role.SETUP, Role.COMPONENT):
                imported = {Path(path).stem for path, _ in node.deps}
                assert imported <= reachable, name(node)


PROMISED = {
    "attention": """
        scaled_dot_product_attention(q, k, v, mask=None)
        MultiHeadAttention(dim, heads)
        MultiHeadAttention.forward(query, key=None, value=None, mask=None)
        sinusoidal_positions(length, dim)
        EncoderLayer()
        DecoderLayer()
        Transformer(vocab, dim=512, depth=6, heads=8, mlp_dim=2048)
        noam_rate(step, dim, warmup)
        label_smoothing_loss()""",
    "vit": """
        patchify(images, patch)
        unpatchify()
        ViT(image_size, patch_size, dim, depth, heads, mlp_dim, classes, channels=3, dropout=0.0, norm_eps=1e-06, gelu='erf')
        vit_base_16()
        vit_large_16()
        vit_huge_14()
        resize_positions(table, grid)
        load_reference_weights(model, state_dict)""",
    "resnet": """
        BasicBlock()
        Bottleneck()
        ResNet(depths, block, classes=1000)
        resnet18()
        resnet34()
        resnet50()
        resnet101()
        resnet152()
        CifarResNet(n, residual=True)""",
    "bert": """
        BertEncoder(vocab, dim, depth, heads, mlp_dim, positions=512)
        bert_base()
        bert_large()
        mask_tokens()""",
    "triplet": """
        triplet_loss(anchor, positive, negative, margin=0.2)
        semi_hard_negatives()
        hardest_negatives()
        Siamese()""",
    "local_attention": """
        LocalAttention()
        NonLocalBlock()
        AxialAttention()""",
    "choosing_papers": """
        tfidf(documents)
        svm_rank(matrix, liked)""",
    "linear_algebra": "",
    "probability": "",
    "calculus": "",
}

ASK = """
import importlib, inspect, json, sys
import runner
runner.install(sys.argv[1], device="cpu")
told = {}
for module, names in json.loads(sys.argv[2]).items():
    there = importlib.import_module(f"vault.{module}")
    for name in names:
        thing = there
        for part in name.split("."):
            thing = getattr(thing, part)
        parameters = inspect.signature(thing).parameters.values()
        told[f"{module}.{name}"] = [str(p) for p in parameters if p.name != "self"]
print(json.dumps(told))
"""


def test_the_promised_names_and_signatures(tmp_path: Path) -> None:
    promised = {
        module: dict(line.strip(" )").split("(", 1) for line in lines.strip().splitlines())
        for module, lines in PROMISED.items()
    }
    arguments = [str(VAULT), json.dumps({module: [*names] for module, names in promised.items()})]
    env = os.environ | {f"RUNNER_{what}": str(tmp_path / what) for what in ("STATE", "CACHE")}
    env["PYTHONPATH"] = str(VAULT.parent)
    asked = subprocess.run(
        [sys.executable, "-c", ASK, *arguments], env=env, capture_output=True, text=True
    )
    assert asked.returncode == 0, asked.stderr
    told = json.loads(asked.stdout)
    for module, names in promised.items():
        for called, parameters in names.items():
            expected = parameters.split(", ") if parameters else []
            has = told[f"{module}.{called}"]
            assert has[: len(expected)] == expected, called
            if expected:  # more parameters may follow, if a call need not give them
                more = has[len(expected) :]
                assert all("=" in p or p.startswith("*") for p in more), called
