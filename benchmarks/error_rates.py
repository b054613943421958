"""How often do the tables of gaps find something in nothing, and how often what they promise to find?

    python benchmarks/error_rates.py [--surveys 300] [--permutations 499] [--public 0]

Simulates surveys with means of four items of five points (loading .8, dimensions correlated at .4) whose mean lies at
4.17, 3.81 or 3.00, and with normal scores, in groups of many sizes, and prints for each setting how many of 100 surveys

- name a finding although groups do not differ ("none"): at most 5 are promised,
- name one although groups differ only in spread ("wider", "narrower": the first group's SD times 1.5 or .6) or, with
  equal means, in spread and skew ("skew"): told, not promised,
- find a true gap of the first or the last group ("found"),

by the kit's test and, beside it, by Welch's t with Bonferroni's correction. `--public 100` runs the public analyses on
so many surveys too. The exit code is 1 if a rate of "none" lies above 5 of 100 by more than two standard errors.
"""

from __future__ import annotations

import argparse
import sys
from math import sqrt
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[1]))

import cxkit as cx
from cxkit.statistics.effect_sizes import TwoGroups, welch
from cxkit.statistics.multiplicity import FAMILY_ERROR
from cxkit.statistics.permutations import permuted_tables
from tests.conftest import tiny_survey
from tests.gaps.test_permutations import MEAN_300, MEAN_381, MEAN_417, scale_scores

MIXED = [5, 5, 6, 6, 7, 7, 8, 8, 30, 40, 50, 60]
SHAPES = {"4.17": MEAN_417, "3.81": MEAN_381, "3.00": MEAN_300}

# sizes of groups (of leaders and others, where there are two), dimensions, shape of the scores
NONE = [
    *((MIXED, 3, shape) for shape in ("4.17", "3.81", "3.00", "normal")),
    ([10] * 10 + [200], 3, "4.17"),
    ([9] * 16, 3, "3.81"),
    ([6] * 8, 3, "3.00"),
    *(([12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 30, 30], 3, shape) for shape in ("3.81", "3.00")),
    *(([leaders, others], 8, "4.17") for leaders, others in ((5, 150), (8, 150), (15, 150), (30, 300))),
    *(([8, 150], 8, shape) for shape in ("3.81", "3.00", "normal")),
]
SPREAD = [(sizes, 8, "normal") for sizes in ([5, 150], [8, 150], [15, 150], [40, 150])]


def skewed(z: np.ndarray) -> np.ndarray:
    """Skewed to the right, of mean 0 and SD 1: exponential, with the ranks of the normal scores."""
    return -stats.norm.logsf(z) - 1


def two_points(z: np.ndarray) -> np.ndarray:
    """94 of 100 at 5 and 6 at 1, less the mean of 4.76."""
    return np.where(z < stats.norm.ppf(0.06), 1.0, 5.0) - 4.76


# Both sides have mean 0: what is seen, sizes of the sides, and each side's scores from correlated normal ones.
SKEW = [
    ("skewed, 3 SD", [30, 30], lambda z: 3 * skewed(z), lambda z: z),
    ("skewed, 3 SD", [40, 30], lambda z: 3 * skewed(z), lambda z: z),
    ("94 at 5", [60, 40], two_points, lambda z: 0.95 * z),
    ("94 at 5", [60, 15], two_points, lambda z: 0.95 * z),
    ("opposite", [40, 40], skewed, lambda z: -skewed(z)),
    ("opposite", [10, 90], skewed, lambda z: -skewed(z)),
]
GAPS = [
    (MIXED, 3, "4.17", 0, -1.8),
    (MIXED, 3, "4.17", 0, 1.0),
    (MIXED, 3, "4.17", 11, -0.6),
    (MIXED, 3, "normal", 0, 1.8),
    (MIXED, 3, "normal", 11, 0.6),
    ([15, 150], 8, "normal", 0, 0.9),
]


class Table:
    """One table of gaps, by both tests: which cells are told apart."""

    def __init__(self, scores: np.ndarray, sizes: list[int], seed: int, permutations: int) -> None:
        groups = np.repeat(np.arange(len(sizes)), sizes)
        shown = 1 if len(sizes) == 2 else len(sizes)
        cells = np.ones((shown, scores.shape[1]), dtype=bool)
        table = permuted_tables(scores, groups, cells, None, permutations=permutations, seed=seed)
        pairs = [[TwoGroups.of(y[groups == g], y[groups != g]) for y in scores.T] for g in range(shown)]
        self.kit = np.array([[pair.distance > table.critical for pair in row] for row in pairs])
        self.welch = np.array([[welch(pair)[2] * cells.size < FAMILY_ERROR for pair in row] for row in pairs])


def draw(rng: np.random.Generator, people: int, dimensions: int, shape: str) -> np.ndarray:
    if shape in SHAPES:
        return scale_scores(rng, people, dimensions, SHAPES[shape])
    return sqrt(0.4) * rng.normal(size=(people, 1)) + sqrt(0.6) * rng.normal(size=(people, dimensions))


def show(name: str, sizes: list[int], shape: str, found: list[tuple[bool, bool]]) -> float:
    kit, old = np.mean(found, axis=0)
    error = sqrt(max(kit * (1 - kit), 0.0001) / len(found))
    print(
        f"{name:<14} {shape:<12} {','.join(map(str, sizes)):<48} {kit:.3f} (± {error:.3f})  Welch {old:.3f}", flush=True
    )
    return float(kit)


def rates(surveys: int, permutations: int) -> int:
    """All settings; how many promised rates are broken."""
    broken, rng = 0, np.random.default_rng(20260101)
    for sizes, dimensions, shape in NONE:
        found = []
        for seed in range(surveys):
            table = Table(draw(rng, sum(sizes), dimensions, shape), sizes, seed, permutations)
            found.append((table.kit.any(), table.welch.any()))
        kit = show("none", sizes, shape, found)
        broken += kit > FAMILY_ERROR + 2 * sqrt(FAMILY_ERROR * (1 - FAMILY_ERROR) / surveys)
    for (sizes, dimensions, shape), factor in ((one, by) for one in SPREAD for by in (1.5, 0.6)):
        found = []
        for seed in range(surveys):
            scores = draw(rng, sum(sizes), dimensions, shape)
            scores[: sizes[0]] *= factor
            table = Table(scores, sizes, seed, permutations)
            found.append((table.kit.any(), table.welch.any()))
        show("wider" if factor > 1 else "narrower", sizes, shape, found)
    unlike(surveys, permutations)
    for sizes, dimensions, shape, group, gap in GAPS:
        found = []
        own = np.repeat(np.arange(len(sizes)), sizes) == group
        for seed in range(surveys):
            scores = draw(rng, sum(sizes), dimensions, shape)
            scores[own, 0] += gap * scores[~own, 0].std()
            table = Table(scores, sizes, seed, permutations)
            found.append((table.kit[group, 0], table.welch[group, 0]))
        show(f"found, {gap:+.1f} SD", [sizes[group], sum(sizes) - sizes[group]], shape, found)
    return broken


def unlike(surveys: int, permutations: int) -> None:
    """How often sides with equal means, but unlike distributions, are told apart."""
    rng = np.random.default_rng(20260103)
    for name, sizes, first, second in SKEW:
        found = []
        for seed in range(surveys):
            z = draw(rng, sum(sizes), 8, "normal")
            scores = np.vstack([first(z[: sizes[0]]), second(z[sizes[0] :])])
            table = Table(scores, sizes, seed, permutations)
            found.append((table.kit.any(), table.welch.any()))
        show("skew", sizes, name, found)


def public(surveys: int) -> None:
    """The public analyses: alarms without any gap, and how often the detectable gap of normal scores is found."""
    rng, level = np.random.default_rng(20260102), np.array(["Boss"] * 20 + ["Staff"] * 100)
    alarms, cells, found, dimensions = 0, 0, 0, 8
    for _ in range(surveys):
        scores = draw(rng, 120, dimensions, "normal")
        first = gap_frame(scores, level)
        alarms += bool((first["p_adjusted"] < FAMILY_ERROR).any())
        function = rng.permutation(np.arange(120) % 6).astype(str)
        profile = cx.group_profile(tiny_survey(np.repeat(scores, 3, axis=1), function=function)).frame
        cells += bool((profile["p_adjusted"] < FAMILY_ERROR).any())
        scores[level == "Boss"] += float(first["smallest_detectable_g"].iloc[0])
        found += int((gap_frame(scores, level)["p_adjusted"] < FAMILY_ERROR).sum())
    print(f"level_gap, nothing to find: {alarms / surveys:.3f}; group_profile: {cells / surveys:.3f}")
    print(f"level_gap, detectable gap found: {found / surveys / dimensions:.3f} (promised: .80)")


def gap_frame(scores: np.ndarray, level: np.ndarray) -> pd.DataFrame:
    return cx.level_gap(tiny_survey(np.repeat(scores, 3, axis=1), level=level), leaders=["Boss"]).frame


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--surveys", type=int, default=300)
    options.add_argument("--permutations", type=int, default=499)
    options.add_argument("--public", type=int, default=0)
    given = options.parse_args()
    broken = rates(given.surveys, given.permutations)
    if given.public:
        public(given.public)
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
