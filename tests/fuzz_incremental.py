"""Law 3 at length: random vaults, random edits, an incremental run beside a run of everything.

    python tests/fuzz_incremental.py --sequences 2000

A sequence is a vault made up from its seed and one to four edits; after each edit an incremental
run has to leave in the notes what a run of everything in fresh processes leaves, byte for byte,
figures included. Each divergence is printed with its seed and made smaller; a fixed one becomes a
case of ``test_plan_hidden.py`` or ``test_law_cases.py``. About two sequences a second on an idle
machine; Ctrl-C ends it with its report. Exits with 1 if there were divergences.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this tree, whatever is installed

from law_runs import Court, minimise
from law_vaults import Author, Written


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sequences", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="the seed of the first sequence")
    parser.add_argument("--whole", action="store_true", help="do not make divergences smaller")
    chosen = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="runner-law-") as name, Court(Path(name)) as court:
        found: list[int] = []
        with suppress(KeyboardInterrupt):  # the report is for what was done
            for seed in range(chosen.first, chosen.first + chosen.sequences):
                if try_one(court, seed, smaller=not chosen.whole):
                    found.append(seed)
                if court.tally.sequences % 50 == 0:
                    rate = court.tally.sequences / (time.monotonic() - started)
                    said = f"{court.tally.sequences} sequences, {len(found)} divergences"
                    print(f"{said}, {rate:.2f}/s", file=sys.stderr)
        report(court, found, time.monotonic() - started)
    return 1 if found else 0


def try_one(court: Court, seed: int, *, smaller: bool) -> bool:
    """Try one sequence, and print its divergence if it has one."""
    divergence = court.try_sequence(seed)
    if divergence is None:
        return False
    print(f"\n{'-' * 80}\n{divergence}", flush=True)
    if smaller and (small := minimise(court, divergence, Author(seed).needs_torch)):
        print(f"\nSmaller:\n{shown(small)}", flush=True)
    return True


def shown(vaults: Iterable[Written]) -> str:
    return "\n=== then ===\n".join(
        "\n".join(
            f"{name}.md {vault.properties.get(name, '')}\n{''.join(b.fence() for b in blocks)}"
            for name, blocks in vault.notes.items()
        )
        for vault in vaults
    )


def report(court: Court, found: list[int], seconds: float) -> None:
    tally = court.tally
    edits = sum(tally.edits.values())
    blocks = sum(tally.actions.values())
    print(f"\n{tally.sequences} sequences with {edits} edits in {seconds / 60:.1f} minutes")
    print(f"divergences: {len(found)}", *(f"(seed {seed})" for seed in found))
    print(f"blocks of the incremental runs: {blocks}, {_shares(tally.actions)}")
    print(f"their results: {_shares(tally.statuses)}")
    for kind, count in tally.edits.most_common():
        print(f"{count:6}  {kind}")


def _shares(counts: Counter[str]) -> str:
    total = sum(counts.values()) or 1
    return ", ".join(f"{name} {count / total:.1%}" for name, count in counts.most_common())


if __name__ == "__main__":
    sys.exit(main())
