"""Differences between two groups in units of their spread, with the intervals that belong to them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import exp, lgamma, log, sqrt

import numpy as np
from scipy import optimize, stats
from scipy.special import ndtr

from cxkit.statistics.permutations import LEAST_ERROR, MaxT
from cxkit.statistics.weighted import mean_of
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


def in_standard_deviations(groups: TwoGroups, *points: float) -> list[float]:
    """Differences in points, or the ends of their interval, in units of Hedges' g; NaN where neither group varies.

    An interval excludes 0 in these units just where it does in points: the pooled SD is taken as known.
    """
    if groups.pooled_sd == 0:
        return [float("nan")] * len(points)
    unit = small_sample_correction(sum(groups.n) - 2) / groups.pooled_sd
    return [value * unit for value in points]


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


def standardised_difference(groups: TwoGroups) -> float:
    """Hedges' g, equal to R's `effectsize::hedges_g(x, y, pooled_sd = TRUE)`; NaN where neither group varies."""
    return in_standard_deviations(groups, groups.difference)[0]


def small_sample_correction(df: int) -> float:
    """The factor that makes Cohen's d unbiased (Hedges 1981, exact form)."""
    return exp(lgamma(df / 2) - log(sqrt(df / 2)) - lgamma((df - 1) / 2))


@lru_cache(maxsize=4)
def _gauss(points: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights between -1 and 1; finding them takes longer than using them."""
    return np.polynomial.legendre.leggauss(points)


@dataclass(frozen=True)
class PlannedTest:
    """The test of two normal groups against a critical value, before any data are seen.

    Its error is the larger of Welch's and the pooled one, which depend on the two observed variances, so its power is
    integrated over both chi-square distributions by Gauss's rule. With groups of equal size and spread both errors are
    the same, and the test is Student's, as in R's `power.t.test`.
    """

    scale: float
    borders: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, n1: float, n2: float, *, critical: float, variances: tuple[float, float]) -> PlannedTest:
        """Lay out the differences that are just significant, over both observed variances."""
        v1, v2 = variances
        (s1, w1), (s2, w2) = _variance_nodes(n1 - 1), _variance_nodes(n2 - 1)
        s1, s2 = v1 * s1[:, None], v2 * s2[None, :]
        pooled = ((n1 - 1) * s1 + (n2 - 1) * s2) / (n1 + n2 - 2)
        seen = np.maximum(s1 / n1 + s2 / n2, pooled * (1 / n1 + 1 / n2))
        return cls(sqrt(v1 / n1 + v2 / n2), critical * np.sqrt(seen), np.outer(w1, w2))

    def power(self, g: float) -> float:
        """The chance to find a true difference of g standard deviations, on the right side."""
        return float(np.sum(self.weights * ndtr((g - self.borders) / self.scale)))


def _variance_nodes(df: float) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights that integrate over the distribution of a sample variance around 1."""
    nodes, weights = _gauss(40)
    return stats.chi2.ppf((nodes + 1) / 2, df) / df, weights / 2


def detectable_in(groups: TwoGroups, *, critical: float) -> float:
    """The smallest true difference that is found in 80 of 100 surveys of such groups, in pooled standard deviations.

    The larger of two: for groups that spread alike, and for groups that spread as these do. A small group that spreads
    more widely than a large one makes the error larger than its pooled SD shows.
    """
    alike = smallest_detectable_g(*groups.effective, critical=critical)
    if groups.pooled_sd == 0:
        return alike
    first, second = ((sd / groups.pooled_sd) ** 2 for sd in groups.sd)
    return max(alike, smallest_detectable_g(*groups.effective, critical=critical, variances=(first, second)))


def smallest_detectable_g(
    n1: float, n2: float, *, critical: float, power: float = 0.80, variances: tuple[float, float] = (1.0, 1.0)
) -> float:
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
    variances
        The true variance of each group, in squares of the standard deviation that the difference is measured in.

    Returns
    -------
    float
        NaN without a critical value: where no score varies, every permuted table has the distance 0.
    """
    if not 0 < critical < np.inf:
        return np.nan
    test = PlannedTest.of(n1, n2, critical=critical, variances=variances)
    enough = float(test.borders.max())
    while test.power(enough) < power:
        enough *= 1.5
    return float(optimize.brentq(lambda g: test.power(g) - power, 0.0, enough, xtol=1e-9))
