"""How often do the tables of gaps find something in nothing, and how often what they promise to find?

    python benchmarks/error_rates.py [--surveys 1000] [--leaders 20] [--others 100]

Simulates surveys with normal scores on 1, 5 and 8 dimensions and runs the public analyses on each: `level_gap` without
any gap (family-wise error), with the gap that it calls detectable (power of one dimension), and `group_profile` with
six groups that do not differ. Printed is each rate with its Monte Carlo standard error; the exit code is 1 if an error
rate lies above 5 % by more than two of them, or a power outside 78 to 82 %. Welch's test is lenient with very few
people in a group; the error rate that the note of `level_gap` tells is printed beside the simulated one.
"""

from __future__ import annotations

import argparse
import sys
from math import sqrt
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import cxkit as cx
from cxkit.gaps.effect_sizes import family_error, smallest_detectable_g
from cxkit.results.multiplicity import FAMILY_ERROR
from tests.conftest import tiny_survey

GROUPS = 6


def rates(dimensions: int, surveys: int, leaders: int, others: int) -> list[tuple[str, float, int, float, float]]:
    """What was measured: name, rate, how many draws, and the range in which it should lie."""
    rng = np.random.default_rng(20260101 + dimensions)
    level = ["Boss"] * leaders + ["Staff"] * others
    rate = FAMILY_ERROR / dimensions
    gap = smallest_detectable_g(leaders, others, alpha=rate)
    alarms, found, cells = 0, 0, 0
    for _ in range(surveys):
        scores = rng.normal(0, 1, (leaders + others, dimensions))
        alarms += bool((level_gap(scores, level) < FAMILY_ERROR).any())
        function = rng.permutation(np.arange(len(scores)) % GROUPS).astype(str)
        profile = cx.group_profile(tiny_survey(np.repeat(scores, 3, axis=1), function=function)).frame
        cells += bool((profile["p_adjusted"] < FAMILY_ERROR).any())
        scores[:leaders] += gap
        found += int((level_gap(scores, level) < FAMILY_ERROR).sum())
    told = family_error([(leaders, others)] * dimensions, alpha=rate)
    most = 0.05 + 2 * sqrt(0.05 * 0.95 / surveys)
    return [
        (f"level_gap, nothing to find (note says {told:.3f})", alarms / surveys, surveys, 0.0, most),
        ("group_profile, nothing to find", cells / surveys, surveys, 0.0, most),
        (f"level_gap, detectable gap g = {gap:.2f}", found / surveys / dimensions, surveys * dimensions, 0.78, 0.82),
    ]


def level_gap(scores: np.ndarray, level: list[str]) -> np.ndarray:
    survey = tiny_survey(np.repeat(scores, 3, axis=1), level=level)
    return cx.level_gap(survey, leaders=["Boss"]).frame["p_adjusted"].to_numpy()


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--surveys", type=int, default=1000)
    options.add_argument("--leaders", type=int, default=20)
    options.add_argument("--others", type=int, default=100)
    given = options.parse_args()
    outside = 0
    for dimensions in (1, 5, 8):
        for name, value, draws, low, high in rates(dimensions, given.surveys, given.leaders, given.others):
            error = sqrt(value * (1 - value) / draws)
            ok = low <= value <= high
            outside += not ok
            print(f"{dimensions} dimensions: {name}: {value:.3f} (± {error:.3f}) {'' if ok else 'OUTSIDE'}", flush=True)
    return int(outside > 0)


if __name__ == "__main__":
    sys.exit(main())
