"""How far thresholds and latent correlations of ordered and continuous variables would vary from sample to sample.

Two-step estimates are not independent: an item's thresholds enter the correlations of all its pairs. Muthen (1984)
stacks the scores of both steps and puts a sandwich around them. Here the sandwich is taken apart row by row: every
respondent has one influence on each statistic, and the covariance is the mean product of influences. For ordered items
the influence depends on nothing but the one or two categories chosen, so it is looked up in small tables.

Where answers are missing, thresholds rest on everybody who answered the item and correlations on everybody who answered
both: whoever did not answer has score 0 there, and can still move a correlation by the thresholds of the item answered
(lavaan's `missing = "pairwise"`).

The bread is the product of scores, not the second derivative, in both steps, as in lavaan's `lavInspect(fit, "gamma")`.
For ordered answers both agree; a continuous variable far from normal is where they part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cxkit.sem.ordinal.bivariate_normal import Array, cell_probabilities, cell_slopes, normal_density, row_cut_slopes
from cxkit.sem.ordinal.latent_correlations import SMALLEST_CELL, Codes, conditional_category, finite_bounds, item_pairs

ROWS_PER_CHUNK = 4096


@dataclass(frozen=True, kw_only=True, eq=False)
class LatentSample:
    """One group's answers and what the two steps made of them.

    Attributes
    ----------
    ordered, numeric
        Positions of the ordered and of the continuous variables among all variables.
    codes
        Categories from 0, -1 for a missing answer, shape (ordered, n).
    cuts
        Cut points from minus to plus infinity, shape (ordered, width + 1), filled up with plus infinity.
    tables
        Contingency tables, shape (ordered, width, ordered, width).
    z
        Continuous variables, standardised, NaN where missing, shape (numeric, n).
    spreads
        Their standard deviations (divisor n).
    weights
        Of the rows, with a mean of 1; None where every row counts alike.
    correlations
        Polychoric, polyserial and Pearson correlations, shape (variables, variables).
    """

    ordered: Codes
    numeric: Codes
    codes: Codes
    cuts: Array
    tables: Array
    z: Array
    spreads: Array
    correlations: Array
    weights: Array | None = None

    @property
    def n(self) -> int:
        """Number of respondents."""
        return int(self.codes.shape[1] if self.ordered.size else self.z.shape[1])

    @property
    def variables(self) -> int:
        """Number of variables."""
        return int(self.ordered.size + self.numeric.size)

    @property
    def first_threshold(self) -> Codes:
        """Position of each variable's first threshold (or mean) in the statistics, and the number of these last."""
        sizes = np.ones(self.variables, dtype=np.intp)
        sizes[self.ordered] = np.isfinite(self.cuts).sum(axis=1)
        return np.concatenate([[0], np.cumsum(sizes)])

    def correlation_rows(self, j: Codes, i: Codes) -> Codes:
        """Positions of the correlations of variables j and i in the statistics: strict lower triangle by columns."""
        low, high = np.minimum(j, i), np.maximum(j, i)
        before = self.first_threshold[-1] + self.numeric.size
        return before + low * (2 * self.variables - low - 1) // 2 + high - low - 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """Some statistics: their positions, and a function from a slice of respondents to influences (positions, rows)."""

    positions: Codes
    influence: Callable[[slice], Array]


def asymptotic_covariance(sample: LatentSample) -> Array:
    """N times the covariance matrix of thresholds, means (negative), variances and correlations or covariances.

    Agrees with R's `lavInspect(fit, "gamma")` for estimator WLSMV.

    Returns
    -------
    array, shape (statistics, statistics)
    """
    parts = _threshold_parts(sample)
    if sample.ordered.size > 1:
        parts.extend(_polychoric_parts(sample))
    if sample.numeric.size:
        parts.append(_moment_part(sample))
        parts.extend(_polyserial_part(sample, x, y) for x, y in np.ndindex(sample.numeric.size, sample.ordered.size))
        parts.extend(_pearson_part(sample, x, y) for x, y in zip(*item_pairs(sample.numeric.size), strict=True))
    count = sum(part.positions.size for part in parts)
    total = np.zeros((count, count))
    for start in range(0, sample.n, ROWS_PER_CHUNK):
        rows = slice(start, min(start + ROWS_PER_CHUNK, sample.n))
        influences = np.empty((count, rows.stop - rows.start))
        for part in parts:
            influences[part.positions] = part.influence(rows)
        if sample.weights is not None:
            influences *= sample.weights[rows]
        total += influences @ influences.T
    return total / sample.n


# Ordered items: every influence is an entry of a table


def threshold_influences(sample: LatentSample) -> Array:
    """Influence of an answer in category c on threshold s of its item, shape (ordered, width - 1, width).

    Influences are per respondent of the sample: where an item was answered by a share of them, each answer weighs more.
    """
    inner = sample.cuts[:, 1:-1]
    width = sample.cuts.shape[1] - 1
    answered = np.einsum("ikik->ik", sample.tables)
    count = answered.sum(axis=1, keepdims=True)
    below = np.cumsum(answered, axis=1)[:, :-1] / count
    at_or_below = np.arange(width)[None, :] <= np.arange(width - 1)[:, None]
    height = np.where(np.isfinite(inner), normal_density(inner), np.inf)
    return (at_or_below - below[:, :, None]) / height[:, :, None] * (sample.n / count)[:, :, None]


def _with_missing(table: Array) -> Array:
    """Influences by category, with a last column of zeros: that of a missing answer, which code -1 picks."""
    return np.concatenate([table, np.zeros((*table.shape[:-1], 1))], axis=-1)


def _threshold_parts(sample: LatentSample) -> list[Part]:
    """One part for each ordered item."""
    tables = threshold_influences(sample)
    parts = []
    for item, variable in enumerate(sample.ordered):
        positions = np.arange(*sample.first_threshold[variable : variable + 2])
        table = _with_missing(tables[item, : positions.size])
        parts.append(Part(positions=positions, influence=_look_up_one(table, sample.codes[item])))
    return parts


def _look_up_one(table: Array, codes: Codes) -> Callable[[slice], Array]:
    """Influences on several statistics from one item's categories."""
    return lambda rows: table[:, codes[rows]]


def _polychoric_parts(sample: LatentSample) -> list[Part]:
    """One part for each ordered item but the last: its correlations with the ordered items after it."""
    a, b = item_pairs(sample.ordered.size)
    tables = _polychoric_influences(sample, a, b)
    places = np.where(sample.codes < 0, tables.shape[1] - 1, sample.codes)
    parts = []
    for item in range(sample.ordered.size - 1):
        j, i = sample.ordered[a[a == item]], sample.ordered[b[a == item]]
        positions = sample.correlation_rows(j, i)
        parts.append(Part(positions=positions, influence=_look_up_two(tables[a == item], places, item)))
    return parts


def _look_up_two(tables: Array, codes: Codes, item: int) -> Callable[[slice], Array]:
    """Influences on the correlations of one item with every later one, from both categories (the last: missing)."""
    pairs, width = tables.shape[:2]
    flat, offset = tables.ravel(), width * width * np.arange(pairs)[:, None]

    def influence(rows: slice) -> Array:
        return flat.take(offset + width * codes[item, rows] + codes[item + 1 :, rows])

    return influence


def _polychoric_influences(sample: LatentSample, a: Codes, b: Codes) -> Array:
    """Influence of answering c in item a and d in item b on their correlation, shape (pairs, width + 1, width + 1).

    The last category of both is a missing answer.
    """
    rows, columns = sample.cuts[a], sample.cuts[b]
    rho = sample.correlations[sample.ordered[a], sample.ordered[b]]
    probability = cell_probabilities(rows, columns, rho)
    held = probability <= SMALLEST_CELL
    probability[held] = 1.0
    score = np.where(held, 0.0, cell_slopes(rows, columns, rho)[0] / probability)
    share = sample.tables[a, :, b, :] / sample.n
    pull = np.where(held, 0.0, share * score / probability)
    own = threshold_influences(sample)
    through_rows = _through_thresholds(pull, row_cut_slopes(rows, columns, rho), own[a])
    through_columns = _through_thresholds(pull.swapaxes(1, 2), row_cut_slopes(columns, rows, rho), own[b])
    information = np.sum(share * score * score, axis=(1, 2))
    score = _with_missing(_with_missing(score).swapaxes(1, 2)).swapaxes(1, 2)
    through_rows, through_columns = _with_missing(through_rows), _with_missing(through_columns)
    return (score - through_rows[:, :, None] - through_columns[:, None, :]) / information[:, None, None]


def _through_thresholds(pull: Array, cut_slopes: Array, own: Array) -> Array:
    """What an answer does to the score of a correlation by moving its item's thresholds, shape (pairs, width)."""
    cross = np.sum((pull[:, :-1] - pull[:, 1:]) * cut_slopes, axis=2)
    return np.einsum("ps,psc->pc", cross, own)


# Continuous variables: influences in standard units, scaled at the end, so that units cannot matter


def own_scores(z: Array) -> Array:
    """Scores of a continuous variable for its mean and its variance, shape (2, rows)."""
    return np.stack([z, 0.5 * (z * z - 1.0)])


def _own_influence(sample: LatentSample, x: int) -> Callable[[slice], Array]:
    """Influence on mean and variance, of a variable scaled to variance 1, shape (2, rows)."""
    scores = np.nan_to_num(own_scores(sample.z[x]))
    inverse = np.linalg.inv(scores @ scores.T / sample.n)
    return lambda rows: inverse @ scores[:, rows]


def _moment_part(sample: LatentSample) -> Part:
    """Negative means, then variances, of the continuous variables."""
    own = [_own_influence(sample, x) for x in range(sample.numeric.size)]
    means = sample.first_threshold[sample.numeric]
    variances = sample.first_threshold[-1] + np.arange(sample.numeric.size)

    def influence(rows: slice) -> Array:
        mean, variance = np.stack([one(rows) for one in own], axis=1)
        return np.concatenate([-sample.spreads[:, None] * mean, sample.spreads[:, None] ** 2 * variance])

    return Part(positions=np.concatenate([means, variances]), influence=influence)


def _polyserial_part(sample: LatentSample, x: int, y: int) -> Part:
    """Covariance of continuous variable x with ordered item y."""
    rho = float(sample.correlations[sample.numeric[x], sample.ordered[y]])
    cuts, codes = sample.cuts[y], sample.codes[y]
    width = cuts.size - 1
    both = (codes >= 0) & ~np.isnan(sample.z[x])
    chosen = codes[both]
    score, moments, upper, lower = polyserial_scores(sample.z[x, both], *finite_bounds(cuts, chosen), rho)
    cross = moments @ score / sample.n
    pull_up = np.bincount(chosen, weights=upper * score, minlength=width)[:-1]
    pull_down = np.bincount(chosen, weights=lower * score, minlength=width)[1:]
    through_thresholds = _with_missing((pull_up - pull_down) @ threshold_influences(sample)[y] / sample.n)
    information = score @ score / sample.n
    own = _own_influence(sample, x)
    own_score = _spread_out(score, both)

    def influence(rows: slice) -> Array:
        moved = own(rows)
        on_rho = (own_score[rows] - cross @ moved - through_thresholds[codes[rows]]) / information
        return sample.spreads[x] * (on_rho + 0.5 * rho * moved[1])[None, :]

    positions = sample.correlation_rows(sample.numeric[[x]], sample.ordered[[y]])
    return Part(positions=positions, influence=influence)


def _spread_out(values: Array, rows: np.ndarray) -> Array:
    """The values in their rows, 0 in all others."""
    out = np.zeros(rows.size)
    out[rows] = values
    return out


def polyserial_scores(z: Array, below: Array, above: Array, rho: float) -> tuple[Array, Array, Array, Array]:
    """Scores for the correlation, for mean and variance (2, rows), and for the cut above and the cut below."""
    lower, upper, probability = conditional_category(z, below, above, rho)
    spread = np.sqrt((1.0 - rho) * (1.0 + rho))
    at_upper = normal_density(upper) / (spread * probability)
    at_lower = normal_density(lower) / (spread * probability)
    # (rho * cut - z) / (1 - rho^2), written with the cut given z, which stays finite times its density.
    score = at_upper * (rho * upper / spread - z) - at_lower * (rho * lower / spread - z)
    shift = rho * (at_upper - at_lower)
    return score, np.stack([z + shift, 0.5 * (z * z - 1.0 + z * shift)]), at_upper, at_lower


def _pearson_part(sample: LatentSample, x: int, y: int) -> Part:
    """Covariance of two continuous variables."""
    both = ~np.isnan(sample.z[x]) & ~np.isnan(sample.z[y])
    first, second = sample.z[x, both], sample.z[y, both]
    rho = float(sample.correlations[sample.numeric[x], sample.numeric[y]])
    score, in_first = pearson_scores(first, second, rho)
    in_second = pearson_scores(second, first, rho)[1]
    cross_first, cross_second = in_first @ score / sample.n, in_second @ score / sample.n
    information = score @ score / sample.n
    own_first, own_second = _own_influence(sample, x), _own_influence(sample, y)
    own_score = _spread_out(score, both)

    def influence(rows: slice) -> Array:
        moved_first, moved_second = own_first(rows), own_second(rows)
        on_rho = (own_score[rows] - cross_first @ moved_first - cross_second @ moved_second) / information
        scale = sample.spreads[x] * sample.spreads[y]
        return scale * (on_rho + 0.5 * rho * (moved_first[1] + moved_second[1]))[None, :]

    positions = sample.correlation_rows(sample.numeric[[x]], sample.numeric[[y]])
    return Part(positions=positions, influence=influence)


def pearson_scores(first: Array, second: Array, rho: float) -> tuple[Array, Array]:
    """Scores for the correlation, and for the first variable's mean and variance (2, rows)."""
    free = (1.0 - rho) * (1.0 + rho)
    distance = (first * first - 2.0 * rho * first * second + second * second) / free
    score = (rho + first * second - rho * distance) / free
    residual = (first - rho * second) / free
    return score, np.stack([residual, 0.5 * (first * residual - 1.0)])
