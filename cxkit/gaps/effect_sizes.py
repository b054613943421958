"""Differences between two groups in units of their spread, with the intervals that belong to them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import exp, lgamma, log, sqrt

import numpy as np
from scipy import optimize, stats
from scipy.special import ndtr

from cxkit.gaps.permutations import LEAST_ERROR, MaxT
from cxkit.results.weighted import mean_of
from cxkit.without_contents import without_contents


@dataclass(frozen=True, kw_only=True)
class TwoGroups:
    """Sizes, means, standard deviations, and standard errors of the means, of two independent groups.

    `effective` is the number of respondents of equal weight that would give the same precision; without weights it is
    the number of respondents.
    """

    n: tuple[int, int]
    mean: tuple[float, float]
    sd: tuple[float, float]
    error: tuple[float, float]
    effective: tuple[float, float]

    __repr__ = without_contents

    @classmethod
    def of(
        cls,
        first: np.ndarray,
        second: np.ndarray,
        weights: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> TwoGroups:
        """Summarise two arrays of scores, which must have no NaN, and their weights."""
        w1, w2 = weights or (None, None)
        a, b = mean_of(first, w1), mean_of(second, w2)
        return cls(
            n=(a.n, b.n),
            mean=(a.mean, b.mean),
            sd=(a.sd, b.sd),
            error=(a.error, b.error),
            effective=(a.n_effective, b.n_effective),
        )

    @property
    def difference(self) -> float:
        """First mean minus second."""
        return self.mean[0] - self.mean[1]

    @property
    def pooled_sd(self) -> float:
        """The standard deviation within groups, both together."""
        (n1, n2), (s1, s2) = self.n, self.sd
        return sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / (n1 + n2 - 2))

    @property
    def cautious_error(self) -> float:
        """The standard error of the difference: the larger of Welch's and the pooled one.

        Welch's alone can be next to nothing where a few people happen to agree, and then a small distance looks
        enormous; the pooled one alone is too small where a small group spreads more widely than the rest.
        """
        welch_error = sqrt(self.error[0] ** 2 + self.error[1] ** 2)
        pooled_error = self.pooled_sd * sqrt(1 / self.effective[0] + 1 / self.effective[1])
        return max(welch_error, pooled_error, LEAST_ERROR * abs(self.difference))

    @property
    def distance(self) -> float:
        """The difference in standard errors, without its sign; 0 where nothing differs."""
        return abs(self.difference) / self.cautious_error if self.difference else 0.0


def simultaneous_interval(groups: TwoGroups, table: MaxT) -> tuple[float, float, float]:
    """Interval of the difference of means and its p-value, both for all cells of the table at once.

    The interval excludes 0 just where p is below 5 %.
    """
    half = table.critical * groups.cautious_error
    return groups.difference - half, groups.difference + half, table.p_adjusted(groups.distance)


def welch(groups: TwoGroups, *, confidence: float = 0.95) -> tuple[float, float, float]:
    """Interval of the difference of means and its p-value, without assuming equal variances.

    Of one comparison alone, and of normal scores or large groups. Equal to R's `t.test(x, y)`. With weights the
    standard errors are design-based, as R's `svymean` gives them.
    """
    v1, v2 = (error**2 for error in groups.error)
    error = sqrt(v1 + v2)
    if error == 0:
        return groups.difference, groups.difference, 1.0 if groups.difference == 0 else 0.0
    df = (v1 + v2) ** 2 / (v1**2 / (groups.n[0] - 1) + v2**2 / (groups.n[1] - 1))
    half = float(stats.t.ppf(0.5 + confidence / 2, df)) * error
    p = 2 * float(stats.t.sf(abs(groups.difference) / error, df))
    return groups.difference - half, groups.difference + half, p


def matching_confidence(groups: TwoGroups, critical: float) -> float:
    """The confidence of one interval of Student's t that reaches as many standard errors as the table's do."""
    tail = 2 * float(stats.t.sf(critical, sum(groups.n) - 2))
    return 1 - max(tail, 1e-12)  # beyond, the noncentral t has no digits left


def hedges_g(groups: TwoGroups, *, confidence: float = 0.95) -> tuple[float, float, float]:
    """Hedges' g and its interval from the noncentral t distribution.

    Equal to R's `effectsize::hedges_g(x, y, pooled_sd = TRUE)`. With weights the interval is that of the effective
    numbers of respondents. NaN where neither group varies.
    """
    if groups.pooled_sd == 0:
        return np.nan, np.nan, np.nan
    df = sum(groups.n) - 2
    scale = sqrt(1 / groups.effective[0] + 1 / groups.effective[1])
    t = groups.difference / groups.pooled_sd / scale
    low, high = _noncentrality(t, df, confidence)
    unbiased = small_sample_correction(df) * scale
    return t * unbiased, low * unbiased, high * unbiased


def standardised_difference(groups: TwoGroups) -> float:
    """Hedges' g without an interval; NaN where neither group varies."""
    if groups.pooled_sd == 0:
        return float("nan")
    return groups.difference / groups.pooled_sd * small_sample_correction(sum(groups.n) - 2)


def small_sample_correction(df: int) -> float:
    """The factor that makes Cohen's d unbiased (Hedges 1981, exact form)."""
    return exp(lgamma(df / 2) - log(sqrt(df / 2)) - lgamma((df - 1) / 2))


def _noncentrality(t: float, df: int, confidence: float) -> tuple[float, float]:
    """The noncentral t distributions under which t is just not unusual."""
    tail = (1 - confidence) / 2

    def solve(probability: float) -> float:
        width = 12 + abs(t)
        return float(optimize.brentq(lambda nc: noncentral_t_cdf(t, df, nc) - probability, t - width, t + width))

    return solve(1 - tail), solve(tail)


@lru_cache(maxsize=4)
def _gauss(points: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights between -1 and 1; finding them takes longer than using them."""
    return np.polynomial.legendre.leggauss(points)


def noncentral_t_cdf(t: float, df: int, noncentrality: float) -> float:
    """The chance that a noncentral t variable is at most t.

    `scipy.stats.nct` gives NaN in the tails that an interval needs (t = -1, df = 140, noncentrality 9, for one), so
    this integrates the normal distribution over that of the estimated standard deviation, by Gauss's rule.
    """
    x, density = _chi_nodes(df)
    return float(np.sum(density * ndtr(t * x / sqrt(df) - noncentrality)))


@lru_cache(maxsize=64)
def _chi_nodes(df: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights that integrate over a chi distribution; an interval asks for the same ones some 40 times."""
    spread = stats.chi(df)
    low, high = spread.ppf(1e-17), spread.isf(1e-17)
    nodes, weights = _gauss(160)
    x = low + (high - low) * (nodes + 1) / 2
    return x, weights * spread.pdf(x) * (high - low) / 2


@dataclass(frozen=True)
class PlannedTest:
    """The test of two normal groups of the same spread against a critical value, before any data are seen.

    Its error is the larger of Welch's and the pooled one, which depend on the two observed variances, so its power is
    integrated over both chi-square distributions by Gauss's rule. With groups of equal size both errors are the same,
    and the test is Student's, as in R's `power.t.test`.
    """

    scale: float
    borders: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, n1: float, n2: float, *, critical: float) -> PlannedTest:
        """Lay out the differences that are just significant, over both observed variances."""
        (s1, w1), (s2, w2) = _variance_nodes(n1 - 1), _variance_nodes(n2 - 1)
        s1, s2 = s1[:, None], s2[None, :]
        pooled = ((n1 - 1) * s1 + (n2 - 1) * s2) / (n1 + n2 - 2)
        variances = np.maximum(s1 / n1 + s2 / n2, pooled * (1 / n1 + 1 / n2))
        return cls(sqrt(1 / n1 + 1 / n2), critical * np.sqrt(variances), np.outer(w1, w2))

    def power(self, g: float) -> float:
        """The chance to find a true difference of g standard deviations, on the right side."""
        return float(np.sum(self.weights * ndtr((g - self.borders) / self.scale)))


def _variance_nodes(df: float) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights that integrate over the distribution of a sample variance around 1."""
    nodes, weights = _gauss(40)
    return stats.chi2.ppf((nodes + 1) / 2, df) / df, weights / 2


def smallest_detectable_g(n1: float, n2: float, *, critical: float, power: float = 0.80) -> float:
    """The smallest true difference, in standard deviations, that the table's test finds with that power.

    Being significant on the wrong side does not count. For one comparison of equal sizes and the critical value of
    Student's t it equals R's `power.t.test(n, power = .8)$delta`.

    Parameters
    ----------
    n1, n2
        The sizes of both groups; with weights the effective ones.
    critical
        How many standard errors a difference must reach; see `MaxT`.
    power
        How often it should be found.

    Returns
    -------
    float
        NaN without a critical value: where no score varies, every permuted table has the distance 0.
    """
    if not 0 < critical < np.inf:
        return np.nan
    test = PlannedTest.of(n1, n2, critical=critical)
    enough = float(test.borders.max())
    while test.power(enough) < power:
        enough *= 1.5
    return float(optimize.brentq(lambda g: test.power(g) - power, 0.0, enough, xtol=1e-9))
