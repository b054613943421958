"""Differences between two groups in units of their spread, with the intervals that belong to them."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, lgamma, log, sqrt

import numpy as np
from scipy import optimize, stats
from scipy.special import ndtr


@dataclass(frozen=True, kw_only=True)
class TwoGroups:
    """Sizes, means and standard deviations of two independent groups."""

    n: tuple[int, int]
    mean: tuple[float, float]
    sd: tuple[float, float]

    @classmethod
    def of(cls, first: np.ndarray, second: np.ndarray) -> TwoGroups:
        """Summarise two arrays of scores, which must have no NaN."""
        return cls(
            n=(len(first), len(second)),
            mean=(float(first.mean()), float(second.mean())),
            sd=(float(first.std(ddof=1)), float(second.std(ddof=1))),
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


def welch(groups: TwoGroups, *, confidence: float = 0.95) -> tuple[float, float, float]:
    """Interval of the difference of means and its p-value, without assuming equal variances.

    Equal to R's `t.test(x, y)`.
    """
    v1, v2 = (s**2 / n for s, n in zip(groups.sd, groups.n, strict=True))
    error = sqrt(v1 + v2)
    if error == 0:
        return groups.difference, groups.difference, 1.0 if groups.difference == 0 else 0.0
    df = (v1 + v2) ** 2 / (v1**2 / (groups.n[0] - 1) + v2**2 / (groups.n[1] - 1))
    half = float(stats.t.ppf(0.5 + confidence / 2, df)) * error
    p = 2 * float(stats.t.sf(abs(groups.difference) / error, df))
    return groups.difference - half, groups.difference + half, p


def hedges_g(groups: TwoGroups, *, confidence: float = 0.95) -> tuple[float, float, float]:
    """Hedges' g and its interval from the noncentral t distribution.

    Equal to R's `effectsize::hedges_g(x, y, pooled_sd = TRUE)`. NaN where neither group varies.
    """
    n1, n2 = groups.n
    if groups.pooled_sd == 0:
        return np.nan, np.nan, np.nan
    df = n1 + n2 - 2
    scale = sqrt(1 / n1 + 1 / n2)
    t = groups.difference / groups.pooled_sd / scale
    low, high = _noncentrality(t, df, confidence)
    unbiased = small_sample_correction(df) * scale
    return t * unbiased, low * unbiased, high * unbiased


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


def noncentral_t_cdf(t: float, df: int, noncentrality: float) -> float:
    """The chance that a noncentral t variable is at most t.

    `scipy.stats.nct` gives NaN in the tails that an interval needs (t = -1, df = 140, noncentrality 9, for one), so
    this integrates the normal distribution over that of the estimated standard deviation, by Gauss's rule.
    """
    spread = stats.chi(df)
    low, high = spread.ppf(1e-17), spread.isf(1e-17)
    nodes, weights = np.polynomial.legendre.leggauss(160)
    x = low + (high - low) * (nodes + 1) / 2
    return float(np.sum(weights * spread.pdf(x) * ndtr(t * x / sqrt(df) - noncentrality)) * (high - low) / 2)


def smallest_detectable_g(n1: int, n2: int, *, power: float = 0.80, alpha: float = 0.05) -> float:
    """The smallest true difference, in standard deviations, that a two-sided t test would find with that power.

    Equal to R's `power.t.test(n, power = .8)` for equal sizes: being significant on the wrong side does not count.
    """
    df = n1 + n2 - 2
    critical = float(stats.t.ppf(1 - alpha / 2, df))
    scale = sqrt(1 / n1 + 1 / n2)

    def surplus(noncentrality: float) -> float:
        return 1 - noncentral_t_cdf(critical, df, noncentrality) - power

    enough = critical
    while surplus(enough) < 0:
        enough *= 1.5
    return float(optimize.brentq(surplus, 0.0, enough)) * scale
