"""Exports of survey systems as accidents leave them: nothing may change or be lost in silence, nothing may break.

    python benchmarks/fuzz_files.py --files 2000 --seed 0

prints every fault with its seed and mutation, and at the end how many files were refused, read as they were, or read
with a sentence on what is different. `--only 17` repeats one seed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.survey.mutated_files import attempt


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=2000, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--only", type=int, help="this seed alone")
    chosen = parser.parse_args()
    seeds = range(chosen.seed, chosen.seed + chosen.files) if chosen.only is None else [chosen.only]
    counts: Counter[str] = Counter()
    faults = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            outcome = attempt(seed, Path(folder))
            counts[f"{Path(outcome.name).suffix[1:]} {outcome.verdict}"] += 1
            faults += outcome.is_fault
            if outcome.is_fault or chosen.only is not None:
                print(f"seed {seed}: {outcome.name}, {outcome.mutation}: {outcome.verdict}: {outcome.words[:300]}")
    print(
        f"{len(seeds):,} files, {faults:,} faults: {', '.join(f'{n:,} {what}' for what, n in sorted(counts.items()))}"
    )
    return int(faults > 0)


if __name__ == "__main__":
    raise SystemExit(main())
