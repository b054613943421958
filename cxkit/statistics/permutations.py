"""One critical value for a whole table of gaps, found by permuting people among the groups.

Welch's t with Bonferroni's inequality promises more than it keeps: far out in the tails, where a table of 48 cells has
its critical value, skewed scores of five people follow no t distribution, and 10 to 30 of 100 tables without any
difference named one. The largest distance of all cells, each divided by its error, has a distribution that the data
themselves give: people keep their scores on all dimensions, their gaps and their weights, and change groups (Westfall
& Young 1993, single step). P-values, intervals and verdicts all come from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cxkit.errors import counted
from cxkit.statistics.multiplicity import FAMILY_ERROR
from cxkit.without_contents import without_contents

PERMUTATIONS = 4999
"""So many that a p-value of .05 is known to within .006 (two standard errors)."""

SOURCES = ("westfall1993", "phipson2010", "chung2013", "welch1947")
"""Of the table's critical value, the p-values, the studentised distances and the error of each."""

TIE = 1e-9
"""Sums of the same people in another order differ by rounding: distances this close are equal."""

LEAST_ERROR = 1e-6
"""Where no score varies within two different groups, their distance counts as a million errors, not infinitely many."""

AT_ONCE = 1_000_000
"""How many numbers of permuted tables are in memory at a time."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MaxT:
    """The largest distance in each permuted table, in standard errors, largest first."""

    largest: np.ndarray

    __repr__ = without_contents

    @cached_property
    def critical(self) -> float:
        """Beyond it a cell is told from the rest: just where its adjusted p falls below 5 %."""
        draws = len(self.largest)
        allowed = int(np.count_nonzero((np.arange(draws) + 1) / (draws + 1) < FAMILY_ERROR))
        return float(self.largest[allowed - 1]) / (1 - TIE) if allowed else np.inf

    def p_adjusted(self, distance: float) -> float:
        """The share of tables, this one included, with a cell at least that far out.

        Without counting the table itself p could be 0, and would be too small (Phipson & Smyth 2010).
        """
        reached = np.searchsorted(-self.largest, -distance * (1 - TIE), side="right")
        return float((1 + reached) / (1 + len(self.largest)))


UNLIKE = (
    "in 12 to 14 of 100 with 30 people beside 30 whose scores are skewed and of 3 times the SD, or 40 beside 40 skewed "
    "the other way; in 22 with 60 people of whom 94 in 100 give the highest answer beside 15; in 19 with five people "
    "of 1.5 times the SD of 150 others, in 11 with fifteen (simulated)"
)
"""Rates of benchmarks/error_rates.py on eight dimensions: .135, .120 and .225 of 200 surveys, .190 and .112 of 600."""


def permuted_tables(
    scores: np.ndarray,
    groups: np.ndarray,
    cells: np.ndarray,
    weights: np.ndarray | None,
    *,
    permutations: int,
    seed: int,
) -> MaxT:
    """Permute people among groups, and keep the largest distance of any cell from its rest.

    Exact where groups have the same distribution of scores: then all assignments of people to groups are equally
    likely. Where groups have equal means but not equal spread it holds for large groups, because the distances are
    studentised (Chung & Romano 2013). Where spread or skew differ, that is too often in groups of tens (`UNLIKE`).

    Parameters
    ----------
    scores
        People by dimensions; NaN where there is no score.
    groups
        The group of each person, a number from 0; any other number for people who are in no cell's group.
    cells
        Groups by dimensions: which cells the table shows. Only these count.
    weights
        A weight a person, or None.
    permutations, seed
        How many tables, and the seed. The order of rows does not matter: people are sorted first.
    """
    if not cells.any():
        return MaxT(largest=np.full(permutations, np.inf))
    answered = ~np.isnan(scores[:, cells.any(axis=0)]).all(axis=1)
    scores, groups = scores[answered], groups[answered]
    sums = _sorted_sums(scores, None if weights is None else weights[answered])
    places = _by_size(groups, cells)
    sizes = np.array([np.count_nonzero(groups == place) for place in places])
    shown, everybody = cells[places], sums.sum(axis=0)
    starts = np.r_[0, np.cumsum(sizes)[:-1]]
    rng, members, found = np.random.default_rng(seed), int(sizes.sum()), []
    for draws in _blocks(permutations, len(sizes) * sums.shape[1]):
        drawn = np.empty((draws, len(sizes), sums.shape[1]))
        for table in drawn:
            table[:] = np.add.reduceat(sums[rng.permutation(len(sums))[:members]], starts, axis=0)
        found.append(distances(drawn, everybody, scores.shape[1])[:, shown].max(axis=1))
    return MaxT(largest=np.sort(np.concatenate(found))[::-1])


def error_rate_note(tests: int, settings: Mapping[str, object], *, what: str, found: str) -> str:
    """What the numbers of a table allow for, and what is assumed; empty where nothing is compared."""
    if not tests:
        return ""
    together = f" allow for {counted(tests, 'comparison')} together and" if tests > 1 else ""
    return (
        f"{what}{together} rest on {int(str(settings['permutations'])):,} tables with people permuted between groups "
        f"(largest t of a table, seed {settings['seed']}): where the scores of all groups have the same distribution, "
        f"of whatever shape, {found} in at most 5 of 100 surveys. Where means are equal and only spread or skew "
        f"differ, that happens in more, of small and of large groups: {UNLIKE}."
    )


def _by_size(groups: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """The groups with a cell, smallest first: their names must not matter to what is drawn."""
    places = np.flatnonzero(cells.any(axis=1))
    return places[np.argsort([np.count_nonzero(groups == place) for place in places], kind="stable")]


def _blocks(permutations: int, numbers: int) -> Iterator[int]:
    """How many tables to draw at a time."""
    block = max(1, AT_ONCE // max(numbers, 1))
    for done in range(0, permutations, block):
        yield min(block, permutations - done)


def _sorted_sums(scores: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """What has to be added up over the members of a group: a row a person, the same whatever their order was.

    Scores are centred, because differences of sums of squares lose digits otherwise.
    """
    seen = ~np.isnan(scores)
    total = np.maximum(seen.sum(axis=0), 1)
    y = np.where(seen, scores - np.nansum(scores, axis=0) / total, 0.0)
    parts = [seen.astype(float), y, y * y]
    # Weights only tell apart people with equal scores: weights that hardly differ must not give other draws.
    order = np.lexsort(np.hstack([*_column(weights), seen, np.where(seen, scores, 0.0), *parts]).T)
    if weights is not None:
        w = np.where(seen, weights[:, None], 0.0)
        parts += [w, w * y, w * y * y, w * w, w * w * y, w * w * y * y]
    return np.hstack(parts)[order]


def _column(weights: np.ndarray | None) -> list[np.ndarray]:
    return [] if weights is None else [weights[:, None]]


def distances(own: np.ndarray, everybody: np.ndarray, dimensions: int) -> np.ndarray:
    """Distance of each group from everybody else in standard errors: |mean - mean| / error, as `TwoGroups` has it.

    `own` has the sums of each group in its last axis, all of the first dimension's kind together; 0 where a side has
    nobody.
    """
    shape = (*own.shape[:-1], -1, dimensions)
    first, second = (_Side.of(np.moveaxis(part.reshape(shape), -2, 0)) for part in (own, everybody - own))
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = np.abs(first.mean - second.mean)
        welch = np.nansum([first.error, second.error], axis=0)  # of one person alone there is no spread
        squares = np.nansum([(first.n - 1) * first.variance, (second.n - 1) * second.variance], axis=0)
        pooled = squares / (first.n + second.n - 2) * (1 / first.n_effective + 1 / second.n_effective)
        error = np.maximum(np.sqrt(np.maximum(welch, pooled)), LEAST_ERROR * gap)
        return np.nan_to_num(gap / error, nan=0.0, posinf=0.0)


@dataclass(frozen=True)
class _Side:
    """Means, variances and squared standard errors of many groups at once, as `mean_of` gives them for one."""

    n: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    error: np.ndarray
    n_effective: np.ndarray

    @classmethod
    def of(cls, sums: np.ndarray) -> _Side:
        """From sums of 1, y and y²; with weights also of w, wy, wy², w², w²y and w²y²."""
        n, y, yy = sums[:3]
        w, wy, wyy, w2, w2y, w2yy = sums[3:] if len(sums) > 3 else (n, y, yy, n, y, yy)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = wy / w
            small = n / (n - 1)
            variance = small * np.maximum(wyy / w - mean**2, 0.0)
            error = small * np.maximum(w2yy - 2 * mean * w2y + mean**2 * w2, 0.0) / w**2
            return cls(n, mean, variance, error, w**2 / w2)
