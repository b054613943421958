"""One-way random effects: how much organisations truly differ, beside the noise of who happened to answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from cxkit.without_contents import without_contents

_PRECISION = float(np.finfo(float).eps)


@dataclass(frozen=True, kw_only=True)
class Groups:
    """What a one-way analysis needs of each group: sizes, means, and the sum of squares within all of them.

    Where respondents have weights, the sizes are effective ones, and `respondents` says how many there are.
    """

    sizes: np.ndarray
    means: np.ndarray
    ss_within: float
    respondents: int = 0

    __repr__ = without_contents

    @property
    def n(self) -> float:
        """Size of all groups together: respondents, or respondents of equal weight."""
        return self.sizes.sum()

    @property
    def variance_within(self) -> float:
        """Variance of respondents within their group, pooled."""
        return self.ss_within / (self.n - len(self.sizes))


@dataclass(frozen=True, kw_only=True)
class VarianceComponents:
    """Mean of the groups' true means, their variance, and the variance of respondents within a group."""

    mean: float
    between: float
    within: float

    def reliability(self, n: float) -> float:
        """How reliable the mean of n respondents is as a measure of their organisation (0 to 1)."""
        return self.between / (self.between + self.within / n) if self.between > 0 else 0.0


def restricted_maximum_likelihood(groups: Groups) -> VarianceComponents:
    """Estimate the variance components by REML.

    Equal to R's `lme4::lmer(y ~ 1 + (1 | group))`. The likelihood is profiled over the ratio of the variances, which
    leaves one dimension to search; a between variance of 0 is found where the data say so.
    """
    # A coarse grid first: the deviance can have two valleys, one of them at 0
    grid = np.concatenate([[0.0], np.geomspace(1e-6, 1e3, 120)])
    best = int(np.argmin([_Profile.at(ratio, groups).deviance for ratio in grid]))
    low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, len(grid) - 1)])
    found = _Profile.at(_valley(groups, low, high), groups)
    none = _Profile.at(0.0, groups)
    found = found if found.deviance < none.deviance else none
    return VarianceComponents(mean=found.mean, between=found.ratio * found.within, within=found.within)


def _valley(groups: Groups, low: float, high: float) -> float:
    """Where the deviance is lowest between two ratios: the root of its slope, or the end to which it falls.

    A search by the values themselves cannot come nearer than the square root of the machine's precision, and where
    within that it ends depends on the processor.
    """
    slopes = [_Profile.at(end, groups).slope for end in (low, high)]
    if slopes[0] >= 0 or slopes[1] <= 0:
        return low if slopes[0] >= 0 else high
    return float(
        optimize.brentq(lambda ratio: _Profile.at(ratio, groups).slope, low, high, xtol=1e-16, rtol=4 * _PRECISION)
    )


@dataclass(frozen=True, kw_only=True)
class _Profile:
    """The restricted deviance at a ratio of the variances, mean and variance within at their best, and its slope."""

    ratio: float
    deviance: float
    slope: float
    mean: float
    within: float

    @classmethod
    def at(cls, ratio: float, groups: Groups) -> _Profile:
        sizes, degrees = groups.sizes, groups.n - 1
        weights = sizes / (1 + sizes * ratio)
        total = float(np.sum(weights))
        mean = float(np.sum(weights * groups.means) / total)
        squares = (groups.means - mean) ** 2
        within = (groups.ss_within + float(np.sum(weights * squares))) / degrees
        # The weights fall by their squares; the mean is at its best, so that its own change does not count
        slope = total - float(np.sum(weights**2 * squares)) / within - float(np.sum(weights**2)) / total
        deviance = degrees * np.log(within) + np.sum(np.log1p(sizes * ratio)) + np.log(total)
        return cls(ratio=ratio, deviance=float(deviance), slope=slope, mean=mean, within=within)


def posterior_draws(
    groups: Groups, own_mean: float, own_n: float, *, draws: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draws of the population's mean and SD of true means, and of one further organisation's true mean.

    The hierarchical normal model with the within variance taken as known (it rests on all respondents): a flat prior
    on the population mean and on the between SD, whose posterior is laid out on a grid (Gelman et al., Bayesian Data
    Analysis, section 5.4). Unlike one estimate plugged in, the draws carry how little a few organisations say.

    Returns
    -------
    tuple of three arrays of length `draws`
        Population mean, between SD, and the true mean of the organisation observed at `own_mean` with `own_n`
        respondents.
    """
    error = groups.variance_within / groups.sizes
    spread = max(float(groups.means.std(ddof=1)), float(np.sqrt(error.min())), 1e-9)
    grid = (np.arange(400) + 0.5) / 400 * 4 * spread
    precision = 1 / (grid[:, None] ** 2 + error[None, :])
    total = precision.sum(axis=1)
    centre = (precision * groups.means).sum(axis=1) / total
    log_density = 0.5 * (
        np.log(precision).sum(axis=1) - np.log(total) - (precision * (groups.means - centre[:, None]) ** 2).sum(axis=1)
    )
    chance = np.exp(log_density - log_density.max())
    pick = rng.choice(len(grid), size=draws, p=chance / chance.sum())
    between = grid[pick]
    mean = centre[pick] + rng.standard_normal(draws) / np.sqrt(total[pick])
    own_error = groups.variance_within / own_n
    kept = between**2 / (between**2 + own_error)
    own = mean + kept * (own_mean - mean) + rng.standard_normal(draws) * np.sqrt(kept * own_error)
    return mean, between, own
