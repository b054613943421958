"""Sample statistics of ordered answers given observed predictors: probit regressions and what correlates beyond them.

Where a model lets age or a treatment act on ordered items, nothing is assumed about the predictors: thresholds, slopes
and residual correlations are estimated given them (Muthen 1984). Every respondent then has cut points of his own, so
that nothing can be looked up in tables: this takes longer than `ordinal_moments`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from cxkit.errors import ModelError
from cxkit.sem.ordinal.asymptotic_covariance import pearson_scores, polyserial_scores
from cxkit.sem.ordinal.bivariate_normal import Array, cdf, density, density_slope, normal_density
from cxkit.sem.ordinal.correlations import refuse_twins
from cxkit.sem.ordinal.latent_correlations import (
    POLYCHORIC_LIMIT,
    POLYSERIAL_LIMIT,
    SMALLEST_CELL,
    Codes,
    climb_each,
    item_pairs,
    polyserial_slopes,
)
from cxkit.sem.ordinal.moments import PEARSON_LIMIT, coded_answers, usable_columns
from cxkit.sem.ordinal.probit import Bounds, Margin, least_squares, probit
from cxkit.without_contents import without_contents


@dataclass(frozen=True, kw_only=True, eq=False)
class ConditionalMoments:
    """Statistics of one group, given predictors, that a model of ordered and continuous variables is fitted to.

    Attributes
    ----------
    names, ordered, exogenous
        Variables of the model, those of them that are ordered, and the predictors, in the order of the arrays.
    thresholds
        Cut points of each ordered item where all predictors are 0, in units of its residual.
    th
        Thresholds of ordered and negative intercepts of continuous variables, variable by variable.
    slopes
        Regression slopes on the predictors, shape (variables, predictors); probit for ordered items.
    variances
        Residual variances; 1 for ordered items.
    corr
        Residual correlations between ordered items, covariances where a continuous variable takes part, and residual
        variances on the diagonal.
    statistics
        `th`, then `slopes` predictor by predictor, then residual variances of continuous variables, then the strict
        lower triangle of `corr` column by column.
    gamma
        n times the covariance matrix of `statistics` over samples; None if it was not asked for.
    exogenous_mean, exogenous_cov
        Means and covariances of the predictors (divisor n - 1, as in lavaan, unlike everything else here).
    n
        Number of respondents.
    """

    names: tuple[str, ...]
    ordered: tuple[str, ...]
    exogenous: tuple[str, ...]
    thresholds: dict[str, Array]
    th: Array
    slopes: Array
    variances: Array
    corr: Array
    statistics: Array
    gamma: Array | None
    exogenous_mean: Array
    exogenous_cov: Array
    n: int

    __repr__ = without_contents


def conditional_moments(
    columns: Mapping[str, ArrayLike],
    names: Sequence[str],
    ordered: Sequence[str],
    exogenous: Sequence[str],
    *,
    covariance: bool = True,
    categories: Mapping[str, ArrayLike] | None = None,
    label: str = "",
) -> ConditionalMoments:
    """What do ordered answers say about the normal variables behind them, given predictors, and how surely?

    As `ordinal_moments`, with `exogenous` the names of the predictors, none of them in `names`. Rows must be complete.

    Raises
    ------
    ModelError
        As `ordinal_moments`; and if predictors are linearly dependent, or foretell an item without error.

    Notes
    -----
    Agrees with R's lavaan 0.6-14 for `conditional.x = TRUE`, its default for ordered variables with predictors:
    `lavInspect(fit, "sampstat")`, `"wls.obs"` and `"gamma"` of a WLSMV fit.
    """
    where = f"Statistics of ordered answers given predictors{f' in {label}' if label else ''}"
    data = usable_columns(columns, [*names, *exogenous], where)
    order = tuple(name for name in names if name in set(ordered))
    known = {name: values for name, values in (categories or {}).items() if name in order}
    answers = coded_answers(data, order, known, where, label)
    raw = np.array([data[name] for name in exogenous]).reshape(len(exogenous), -1).T
    x = _standardised(raw, where)
    margins = [
        probit(name, *answers[name], x, where) if name in answers else least_squares(data[name], x) for name in names
    ]
    correlations = _residual_correlations(margins, names, where)
    moments = _moments(names, exogenous, margins, correlations, raw)
    return replace(moments, gamma=_gamma(margins, correlations, raw)) if covariance else moments


def _standardised(raw: Array, where: str) -> Array:
    """Predictors with mean 0 and variance 1, which keeps the equations well conditioned."""
    x: Array = (raw - raw.mean(axis=0)) / raw.std(axis=0)
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise ModelError(f"{where}: the predictors are linearly dependent. Leave out one that follows from the others.")
    return x


# Second step: correlations of what the predictors leave


def _residual_correlations(margins: Sequence[Margin], names: Sequence[str], where: str) -> Array:
    """Of all pairs, in the order of the strict lower triangle column by column."""
    pairs = list(zip(*item_pairs(len(margins)), strict=True))
    found = [_residual_correlation(margins[j], margins[i]) for j, i in pairs]
    refuse_twins([(names[j], names[i]) for (j, i), (_, perfect) in zip(pairs, found, strict=True) if perfect], where)
    return np.array([rho for rho, _ in found])


def _residual_correlation(first: Margin, second: Margin) -> tuple[float, bool]:
    """The estimate, and whether it is perfect."""
    start = np.array([np.corrcoef(first.z, second.z)[0, 1]])
    if first.bounds is None and second.bounds is None:
        return float(start[0]), bool(abs(start[0]) > PEARSON_LIMIT)
    if first.bounds is not None and second.bounds is not None:
        slopes, limit = _rectangle_slopes(first, second), POLYCHORIC_LIMIT
    else:
        z, bounds = (first.z, second.bounds) if first.bounds is None else (second.z, first.bounds)
        assert bounds is not None
        slopes, limit = (lambda _, rho: polyserial_slopes(z, *bounds, rho)), POLYSERIAL_LIMIT
    rho, perfect = climb_each(slopes, start, limit)
    return float(rho[0]), bool(perfect[0])


def _distinct(first: Margin, second: Margin) -> tuple[Bounds, Bounds, Codes, Codes]:
    """Cut points of two ordered items, once for all respondents alike; which of them each has; how many share them."""
    assert first.alike is not None
    assert second.alike is not None
    alike = first.alike * (second.alike.max() + 1) + second.alike
    _, one, place, counts = np.unique(alike, return_index=True, return_inverse=True, return_counts=True)
    return _bounds(first, one), _bounds(second, one), place, counts


def _bounds(margin: Margin, rows: Codes) -> Bounds:
    """Cut points below and above the answers of some respondents to an ordered item."""
    assert margin.bounds is not None
    return margin.bounds[0][rows], margin.bounds[1][rows]


def _rectangle_slopes(first: Margin, second: Margin) -> Callable[[int, float], tuple[float, float]]:
    """Derivatives of the log-likelihood of two ordered items."""
    one, other, _, counts = _distinct(first, second)

    def slopes(_: int, rho: float) -> tuple[float, float]:
        probability, held = _rectangle_probability(one, other, rho)
        score = np.where(held, 0.0, over_corners(density, one, other, rho) / probability)
        curvature = np.where(held, 0.0, over_corners(density_slope, one, other, rho) / probability)
        return float(counts @ score), float(counts @ (curvature - score * score))

    return slopes


def over_corners(function: Callable[[Array, Array, float], Array], one: Bounds, other: Bounds, rho: float) -> Array:
    """A function of two cut points, differenced over both sides of each rectangle."""
    (left, right), (low, high) = one, other
    return function(right, high, rho) - function(left, high, rho) - function(right, low, rho) + function(left, low, rho)


def _rectangle_probability(one: Bounds, other: Bounds, rho: float) -> tuple[Array, NDArray[np.bool_]]:
    """Probability of each rectangle, and which are so small that they are held constant (their probability then 1)."""
    probability = over_corners(cdf, one, other, rho)
    held = probability <= SMALLEST_CELL
    return np.where(held, 1.0, probability), held


@dataclass(frozen=True, kw_only=True, eq=False)
class PairScores:
    """Each respondent's scores in the likelihood of a pair.

    Attributes
    ----------
    rho
        For the correlation, shape (n,).
    local
        For the two local quantities of the first, and of the second variable (see `Margin`), arrays (n,).
    """

    rho: Array
    local: tuple[tuple[Array, Array], tuple[Array, Array]]


def _pair_scores(first: Margin, second: Margin, rho: float) -> PairScores:
    """Scores at the estimate."""
    if first.bounds is not None and second.bounds is not None:
        return _rectangle_scores(first, second, rho)
    if first.bounds is None and second.bounds is None:
        score, (mean, variance) = pearson_scores(first.z, second.z, rho)
        other_mean, other_variance = pearson_scores(second.z, first.z, rho)[1]
        return PairScores(rho=score, local=((mean, variance), (other_mean, other_variance)))
    if first.bounds is not None:
        mirrored = _pair_scores(second, first, rho)
        return PairScores(rho=mirrored.rho, local=mirrored.local[::-1])
    assert second.bounds is not None
    score, (mean, variance), at_upper, at_lower = polyserial_scores(first.z, *second.bounds, rho)
    return PairScores(rho=score, local=((mean, variance), (-at_lower, at_upper)))


def _rectangle_scores(first: Margin, second: Margin, rho: float) -> PairScores:
    """Scores of two ordered items."""
    one, other, place, _ = _distinct(first, second)
    probability, held = _rectangle_probability(one, other, rho)
    weight = np.where(held, 0.0, 1.0 / probability)
    (below, above), (other_below, other_above) = _sides(one, other, rho), _sides(other, one, rho)
    local = (
        ((weight * below)[place], (weight * above)[place]),
        ((weight * other_below)[place], (weight * other_above)[place]),
    )
    return PairScores(rho=(weight * over_corners(density, one, other, rho))[place], local=local)


def _sides(own: Bounds, other: Bounds, rho: float) -> tuple[Array, Array]:
    """Slope of each rectangle in its lower and in its upper cut point of one variable."""
    spread = np.sqrt((1.0 - rho) * (1.0 + rho))
    lower, upper = (
        normal_density(cut) * (ndtr((other[1] - rho * cut) / spread) - ndtr((other[0] - rho * cut) / spread))
        for cut in own
    )
    return -lower, upper


# Results, in units of the predictors as they came


def _moments(
    names: Sequence[str], exogenous: Sequence[str], margins: Sequence[Margin], correlations: Array, raw: Array
) -> ConditionalMoments:
    """Arrange everything in lavaan's order; gamma still missing."""
    spreads = np.array([margin.spread for margin in margins])
    slopes = np.array([margin.slopes for margin in margins]) / raw.std(axis=0) * spreads[:, None]
    th = [margin.th * margin.spread + slope @ raw.mean(axis=0) for margin, slope in zip(margins, slopes, strict=True)]
    corr, pairs = np.eye(len(names)), item_pairs(len(names))
    corr[pairs] = corr[pairs[::-1]] = correlations
    corr *= np.outer(spreads, spreads)
    numeric = [margin.bounds is None for margin in margins]
    thresholds = {name: cuts for name, cuts, continuous in zip(names, th, numeric, strict=True) if not continuous}
    return ConditionalMoments(
        names=tuple(names),
        ordered=tuple(thresholds),
        exogenous=tuple(exogenous),
        thresholds=thresholds,
        th=np.concatenate(th),
        slopes=slopes,
        variances=spreads**2,
        corr=corr,
        statistics=np.concatenate([*th, slopes.T.ravel(), spreads[numeric] ** 2, corr[pairs]]),
        gamma=None,
        exogenous_mean=raw.mean(axis=0),
        exogenous_cov=np.atleast_2d(np.cov(raw.T)),
        n=len(raw),
    )


def _gamma(margins: Sequence[Margin], correlations: Array, raw: Array) -> Array:
    """Mean product of the influences on all statistics (see asymptotic_covariance)."""
    own = [margin.influence() for margin in margins]
    on_pairs = np.empty((len(raw), correlations.size))
    for pair, (j, i, rho) in enumerate(zip(*item_pairs(len(margins)), correlations, strict=True)):
        on_pairs[:, pair] = _correlation_influence((margins[j], margins[i]), (own[j], own[i]), float(rho))
    predictors = raw.shape[1]
    th, slopes, variances = [], [], []
    for margin, influence in zip(margins, own, strict=True):
        count = margin.th.size
        on_slopes = margin.spread * influence[:, count : count + predictors] / raw.std(axis=0)
        th.append(margin.spread * influence[:, :count] + (on_slopes @ raw.mean(axis=0))[:, None])
        slopes.append(on_slopes)
        variances.append(margin.spread**2 * influence[:, count + predictors :])
    by_predictor = np.stack(slopes, axis=2).reshape(len(raw), -1)
    influences = np.hstack([*th, by_predictor, *variances, on_pairs])
    return influences.T @ influences / len(raw)


def _correlation_influence(margins: tuple[Margin, Margin], own: tuple[Array, Array], rho: float) -> Array:
    """Influence of each respondent on a residual correlation or covariance, shape (n,)."""
    scores = _pair_scores(*margins, rho)
    moved = scores.rho.copy()
    for margin, influence, local in zip(margins, own, scores.local, strict=True):
        weighted = [(scores.rho * slope) @ design for slope, design in zip(local, margin.designs, strict=True)]
        moved -= influence @ (weighted[0] + weighted[1]) / moved.size
    moved /= np.mean(scores.rho**2)
    for margin, influence in zip(margins, own, strict=True):
        if margin.bounds is None:
            moved += 0.5 * rho * influence[:, -1]
    return margins[0].spread * margins[1].spread * moved
