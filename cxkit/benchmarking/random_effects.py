"""One-way random effects: how much organisations truly differ, beside the noise of who happened to answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from cxkit.without_contents import without_contents


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
    sizes, means, n = groups.sizes, groups.means, groups.n

    def profile(ratio: float) -> tuple[float, float, float]:
        weights = sizes / (1 + sizes * ratio)
        mean = float(np.sum(weights * means) / np.sum(weights))
        within = (groups.ss_within + float(np.sum(weights * (means - mean) ** 2))) / (n - 1)
        deviance = (n - 1) * np.log(within) + np.sum(np.log1p(sizes * ratio)) + np.log(np.sum(weights))
        return float(deviance), mean, within

    # A coarse grid first: the profile can be flat near zero, where a bounded search alone would stop anywhere.
    grid = np.concatenate([[0.0], np.geomspace(1e-6, 1e3, 120)])
    best = int(np.argmin([profile(ratio)[0] for ratio in grid]))
    ends = (grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)])
    found = optimize.minimize_scalar(lambda r: profile(r)[0], bounds=ends, method="bounded", options={"xatol": 1e-12})
    ratio = float(found.x) if found.fun < profile(0.0)[0] else 0.0
    _, mean, within = profile(ratio)
    return VarianceComponents(mean=mean, between=ratio * within, within=within)


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
