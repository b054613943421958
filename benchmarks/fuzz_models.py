"""Random models from the grammar, fitted and asked everything: only a value or a CxkitError may come out.

    python benchmarks/fuzz_models.py --seconds 3600 --seed 1

prints every failure with its seed, model and options, and at the end how many models were fitted and refused.
`--only 17` repeats one seed.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from time import monotonic

sys.path.insert(0, str(Path(__file__).parent.parent))

import matplotlib as mpl

mpl.use("Agg")

from tests.sem.random_models import SECONDS, Outcome, RandomModel, attempt, random_model


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="how long")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--only", type=int, help="this seed alone")
    parser.add_argument("--limit", type=float, default=SECONDS, help="computing time allowed for one model")
    chosen = parser.parse_args()
    first = chosen.seed if chosen.only is None else chosen.only
    begin, seed, outcomes = monotonic(), first, []
    while monotonic() - begin < chosen.seconds and (chosen.only is None or seed == first):
        model = random_model(seed)
        outcomes.append(attempt(model, chosen.limit))
        _report(model, outcomes[-1], chosen.only is not None)
        seed += 1
    return _summary(first, outcomes)


def _report(model: RandomModel, outcome: Outcome, always: bool) -> None:
    if not outcome.failures and not always:
        return
    print(f"--- seed {model.seed}, {len(model.data)} rows, {model.options}\n{model.text}")
    print("\n".join(f"    {failure}" for failure in outcome.failures or [outcome.refusal or "no failure"]), flush=True)


def _summary(first: int, outcomes: list[Outcome]) -> int:
    failed = [outcome for outcome in outcomes if outcome.failures]
    fitted = sum(outcome.fitted for outcome in outcomes)
    print(f"seeds {first} to {first + len(outcomes) - 1}: {len(outcomes)} models, {fitted} fitted, "
          f"{len(outcomes) - fitted} refused, {len(failed)} with failures")  # fmt: skip
    kinds = Counter(failure.split(": ", 1)[1] for outcome in failed for failure in outcome.failures)
    for kind, count in kinds.most_common(40):
        print(f"{count:6d}  {kind}")
    refusals = Counter(outcome.refusal.split(".")[0][:60] for outcome in outcomes if outcome.refusal)
    for reason, count in refusals.most_common(15):
        print(f"{count:6d}  refused: {reason}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
