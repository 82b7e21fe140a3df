"""Re-running after an edit: how often the results are wrong, and how much runs again.

    python tests/benchmarks/bench_edits.py [--peers FOLDER]

Five notes of training code (``tests/cases/training``) are run, then one number in them is edited;
48 times. The truth is the whole edited note in a fresh process. A result is *wrong* if any block's
text or figure differs from it afterwards. The strategies that keep a live namespace get what they
need to do well: every block seeds the generators from its id before it runs, whenever that is.

``marimo`` is its own dataflow graph (names defined and used) asked which cells an edit concerns,
which are then run in the live namespace as it does.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import PROJECT, options, show

sys.path.insert(0, str(PROJECT))

from runner.digest import derive_seed
from runner.job import Mode
from runner.outcome import Outcome
from runner.parse import parse
from runner.plan import Plan
from runner.pool import Pool
from runner.session import Session
from runner.vault import Vault
from runner.wish import Wish

NOTES = Path(__file__).parents[1] / "cases" / "training"
EDITS = 48

Blocks = Mapping[str, str]  # id: source, in document order


@dataclass(frozen=True, slots=True)
class Edit:
    note: str
    block: str
    before: Blocks
    after: Blocks
    text: str  # the whole note after the edit


# --- edits -------------------------------------------------------------------------------------


def edits() -> list[Edit]:
    """``EDITS`` numbers of the notes, one at a time, spread evenly over their blocks."""
    every = [list(_edits_of(path)) for path in sorted(NOTES.glob("*.md"))]
    chosen: list[Edit] = []
    rng = random.Random(1)
    for found in every:
        rng.shuffle(found)
    while len(chosen) < EDITS and any(every):
        chosen += [found.pop() for found in every if found]
    return chosen[:EDITS]


def _edits_of(path: Path) -> Iterator[Edit]:
    text = path.read_text(encoding="utf-8")
    before = blocks_of(text)
    for id, source in before.items():
        lines = source.split("\n")
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.Constant) or type(node.value) not in (int, float):
                continue
            line = lines[node.lineno - 1]
            new = repr(node.value + 1 if isinstance(node.value, int) else node.value * 1.5)
            changed = line[: node.col_offset] + new + line[node.end_col_offset :]
            edited = "\n".join([*lines[: node.lineno - 1], changed, *lines[node.lineno :]])
            after = {**before, id: edited}
            edit = Edit(path.name, id, before, after, text.replace(source, edited, 1))
            if all(not said.startswith("!") for said in in_child(run_whole, after).values()):
                yield edit  # one that breaks the note would compare error messages


def blocks_of(text: str) -> dict[str, str]:
    return {block.id: block.source for block in parse("note.md", text).blocks}


# --- running blocks in a namespace ------------------------------------------------------------


def run_block(namespace: dict[str, object], id: str, source: str) -> str:
    """What the block prints, with all generators seeded from its id; "!" where it fails."""
    import numpy
    import torch

    seed = derive_seed(0, id)
    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
        try:
            exec(compile(source, id, "exec"), namespace)
        except Exception as error:
            print("!", error)
    return said.getvalue()


def run_whole(blocks: Blocks) -> dict[str, str]:
    namespace: dict[str, object] = {"__name__": "note"}
    return {id: run_block(namespace, id, source) for id, source in blocks.items()}


def run_live(before: Blocks, after: Blocks, again: Sequence[str]) -> dict[str, str]:
    """The whole note, then some of its edited blocks in the namespace that it left."""
    namespace: dict[str, object] = {"__name__": "note"}
    said = {id: run_block(namespace, id, source) for id, source in before.items()}
    said.update({id: run_block(namespace, id, after[id]) for id in again})
    return said


def in_child(work: Callable[..., object], *arguments: object) -> dict[str, str]:
    """``work`` in a process forked from this one, which has only imported torch."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(work, arguments)  # type: ignore[return-value]


# --- which blocks a strategy runs ----------------------------------------------------------------


def definitions_and_uses(source: str) -> tuple[set[str], set[str]]:
    """Names that a block binds for others, and those it uses, in its functions too."""
    import symtable

    top = symtable.symtable(source, "block", "exec")
    binds = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned()}
    binds |= {symbol.get_name() for symbol in top.get_symbols() if symbol.is_imported()}
    uses: set[str] = set()
    pending = [top]
    while pending:
        table = pending.pop()
        pending += table.get_children()
        inside = table.get_type() != "module"
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (symbol.is_global() or not inside):
                uses.add(symbol.get_name())
    return binds, uses


def descendants(blocks: Blocks, edited: str) -> list[str]:
    """The edited block and those that use, directly or not, what it binds."""
    facts = {id: definitions_and_uses(source) for id, source in blocks.items()}
    found = [edited]
    for id in list(blocks)[list(blocks).index(edited) + 1 :]:
        if any(facts[id][1] & facts[other][0] for other in found):
            found.append(id)
    return found


def ancestors(blocks: Blocks, wanted: Iterable[str]) -> set[str]:
    facts = {id: definitions_and_uses(source) for id, source in blocks.items()}
    found, order = set(wanted), list(blocks)
    for id in reversed(order):
        if id in found:
            above = order[: order.index(id)]
            found |= {other for other in above if facts[other][0] & facts[id][1]}
    return found


def below(blocks: Blocks, edited: str) -> list[str]:
    return list(blocks)[list(blocks).index(edited) :]


_ASK_MARIMO = """
import json, sys
from marimo._ast.compiler import compile_cell
from marimo._runtime.dataflow import DirectedGraph
answers = []
for blocks, edited in json.load(sys.stdin):
    graph = DirectedGraph()
    for id, source in blocks.items():
        graph.register_cell(id, compile_cell(source, cell_id=id))
    found = graph.descendants(edited) | {edited}
    answers.append([id for id in blocks if id in found])
json.dump(answers, sys.stdout)
"""


def ask_marimo(every: Iterable[Edit], peers: Path) -> list[list[str]]:
    """Which cells marimo would run after each edit; installs it in ``peers`` if need be."""
    python = peers / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(peers)], check=True)
    if subprocess.run([str(python), "-c", "import marimo"], capture_output=True).returncode:
        subprocess.run([str(python), "-m", "pip", "install", "-q", "marimo"], check=True)
    question = json.dumps([(edit.after, edit.block) for edit in every])
    told = subprocess.run(
        [str(python), "-c", _ASK_MARIMO], input=question, capture_output=True, text=True
    )
    if told.returncode:
        raise RuntimeError(f"marimo does not answer: {told.stderr[-500:]}")
    answers: list[list[str]] = json.loads(told.stdout)
    return answers


# --- ours -----------------------------------------------------------------------------------------


def ours(every: Iterable[Edit], scratch: Path) -> Iterator[tuple[bool, int, int]]:
    """Of each edit: whether the note is wrong, blocks run for a result, blocks run at all."""
    with Pool(sys.executable, preload=("torch", "numpy")) as pool:
        for number, edit in enumerate(every):
            folder = scratch / str(number)
            folder.mkdir()
            note = folder / edit.note
            note.write_text((NOTES / edit.note).read_text(encoding="utf-8"), encoding="utf-8")
            _update(folder, scratch / "cache", pool)
            shown = note.read_text(encoding="utf-8")
            note.write_text(
                shown.replace(edit.before[edit.block], edit.after[edit.block], 1), encoding="utf-8"
            )
            steps = [
                step
                for lane in _update(folder, scratch / "cache", pool).lanes
                for step in lane.steps
            ]
            incremental = note.read_text(encoding="utf-8")
            note.write_text(edit.text, encoding="utf-8")
            _update(folder, scratch / f"fresh-{number}", pool)
            wrong = incremental != note.read_text(encoding="utf-8")
            yield wrong, sum(step.mode is Mode.RUN for step in steps), len(steps)


def _update(folder: Path, cache: Path, pool: Pool) -> Plan:
    os.environ["RUNNER_CACHE"] = str(cache)
    session = Session(Vault(folder, trusted=True))
    try:
        graph, scope = session.graph(), session.scope([""])
        outcome = Outcome(graph, scope, session.plan(graph, Wish(device="cpu"), scope))
        session.execute(outcome, Wish(device="cpu"), lambda _: None, lambda _: None, pool=pool)
        writer = session.writer(graph)
        for path in scope:
            session.write(outcome, path, writer)
        statuses = {str(outcome.result(node).status) for node in graph.nodes.values()}
        assert statuses == {"ok"}, f"{folder}: not all blocks ran: {statuses}"
        return outcome.plans["cpu"]
    finally:
        session.close()


# --- the table --------------------------------------------------------------------------------


def compared(every: Sequence[Edit], peers: Path | None, scratch: Path) -> Iterator[list[str]]:
    truths = [in_child(run_whole, edit.after) for edit in every]
    blocks = sum(len(edit.after) for edit in every)

    def live(name: str, chosen: Iterable[Sequence[str]]) -> list[str]:
        tried = list(zip(every, chosen, truths, strict=True))
        wrong = sum(
            in_child(run_live, edit.before, edit.after, again) != truth
            for edit, again, truth in tried
        )
        return _line(name, wrong, sum(len(again) for _, again, _ in tried), blocks)

    yield live("the edited block, live (Jupyter)", ([edit.block] for edit in every))
    yield live("its users by name, live", (descendants(edit.after, edit.block) for edit in every))
    if peers is not None:
        yield live("its users by marimo's graph, live", ask_marimo(every, peers))
    yield live("all from the edited block on, live", (below(e.after, e.block) for e in every))
    wrong = executed = 0
    for edit, truth in zip(every, truths, strict=True):
        again = descendants(edit.after, edit.block)
        needed = ancestors(edit.after, again)
        old = in_child(run_whole, edit.before)
        fresh = in_child(run_whole, {id: s for id, s in edit.after.items() if id in needed})
        wrong += {**old, **{id: fresh[id] for id in again}} != truth
        executed += len(needed)
    yield _line("its users by name and what they use, fresh", wrong, executed, blocks)
    yield _line("the whole note, fresh", 0, blocks, blocks)
    found = list(ours(every, scratch))
    wrong, renewed, executed = (sum(one[place] for one in found) for place in range(3))
    line = _line("runner", wrong, executed, blocks)
    yield [*line[:-1], f"{line[-1]} ({renewed / blocks:.0%} for their result)"]


def _line(name: str, wrong: int, executed: int, blocks: int) -> list[str]:
    return [name, f"{wrong / EDITS:.0%}", f"{executed / blocks:.0%}"]


def main() -> None:
    chosen = options("wrong results after an edit", rounds=1).parse_args()
    import torch

    torch.set_num_threads(1)  # this process forks, which a pool of threads would not survive
    torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    every = edits()
    with tempfile.TemporaryDirectory(prefix="runner-bench-") as name:
        os.environ["RUNNER_STATE"] = f"{name}/state"
        lines = list(compared(every, chosen.peers, Path(name)))
    notes = len({edit.note for edit in every})
    title = f"{len(every)} edits of one number in {notes} notes of training code"
    show(title, ("what runs again", "wrong results", "blocks run"), lines)


if __name__ == "__main__":
    main()
