"""The moments that maximum likelihood gives a whole sample with missing answers: EM, finished by Newton's method.

EM never lowers the likelihood, but where much is missing it creeps: hundreds of steps, and whoever stops at a small
change stops far from the optimum. Newton's method on the same likelihood ends it in a few steps and shows, by its
decrement, how far the optimum still is. It is tried every few steps and taken only where it is an improvement.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dposv

from cxkit.kept import Kept, fingerprint
from cxkit.sem.sample.patterns import MOST_MOMENTS, AllMoments, IncompleteNormal, Patterns, find_patterns
from cxkit.without_contents import without_contents

MOST_STEPS = 1000
# Largest change of a standardised moment at which EM ends.
SETTLED = 1e-10
# Newton decrement, per respondent, below which the step that is being taken is the last: its error is the square.
LAST = 1e-12
# Cycles of EM before Newton's method is tried, and between two attempts that failed.
BETWEEN = 5
# Smallest eigenvalue of the estimated correlations, as a share of the largest, below which they count as singular.
SINGULAR = 1e-8
# The share above which a search that found no optimum still gives covariances to begin another search from.
WELL_CONDITIONED = 1e-4


@dataclass(frozen=True, kw_only=True)
class SaturatedMoments:
    """Means and covariances, in how many steps, and whether they are the optimum (`change`: the last step's).

    Where `converged` is False they are no estimates: a place on the way, good for starting values alone.
    """

    mean: np.ndarray
    cov: np.ndarray
    steps: int = 0
    converged: bool = True
    change: float = 0.0

    __repr__ = without_contents


RECENT: Kept[bytes, tuple[Patterns, SaturatedMoments]] = Kept(4)


def moments_of_answers(
    values: np.ndarray, weights: np.ndarray | None = None, *, once: bool = False
) -> tuple[Patterns, SaturatedMoments]:
    """The patterns of these answers and their moments: computed once for all analyses of the same answers.

    `once` says that nobody will ask for them again, as of a resample.
    """

    def compute() -> tuple[Patterns, SaturatedMoments]:
        patterns = find_patterns(values, weights)
        return patterns, saturated_moments(patterns)

    if once:
        return compute()
    return RECENT.get(fingerprint((), (values, weights)), compute)


def saturated_moments(patterns: Patterns, most: int = MOST_STEPS) -> SaturatedMoments:
    """Maximum-likelihood means and covariances of incomplete answers under missing at random.

    Covariances that tend to a singular matrix, since the likelihood has no maximum, and a search that does not settle
    are one case, `converged=False`: which of the two shows first depends on the last bits of every step, and so on the
    processor.

    Notes
    -----
    Agrees with R's `lavInspect(cfa(model, x, missing = "fiml", em.h1.tol = 1e-13, em.h1.iter.max = 1e5), "sampstat")`;
    with its default tolerance of 1e-5 lavaan stops earlier. EM: Little & Rubin (2020), chapter 11; extrapolation of its
    steps: Varadhan & Roland (2008, https://doi.org/10.1111/j.1467-9469.2007.00585.x).
    """
    if len(patterns.counts) == 1:
        return SaturatedMoments(mean=patterns.mean[0], cov=patterns.cov[0])
    units = _Units(patterns)
    search = _Search(units.patterns)
    try:
        done = search.run(most) and not search.is_singular()
    except np.linalg.LinAlgError:  # a step led beyond the positive definite matrices
        done = False
    mean, cov = units.restore(search.here if done else search.last_well_conditioned())
    return SaturatedMoments(mean=mean, cov=cov, steps=search.steps, converged=done, change=search.change)


class _Units:
    """Items in units of their own standard deviation, so that one tolerance suits items of any unit."""

    def __init__(self, patterns: Patterns) -> None:
        weight = patterns.share[:, None] * patterns.seen
        self.mean = (weight * patterns.mean).sum(0) / weight.sum(0)
        within = np.einsum("kii->ki", patterns.cov) + (patterns.mean - self.mean) ** 2
        self.sd = np.sqrt((weight * within).sum(0) / weight.sum(0))
        z = np.where(patterns.seen, (patterns.mean - self.mean) / self.sd, 0.0)
        self.patterns = Patterns(
            seen=patterns.seen, counts=patterns.counts, mean=z, cov=patterns.cov / np.outer(self.sd, self.sd),
            rows=patterns.rows,
        )  # fmt: skip

    def restore(self, at: _Point) -> tuple[np.ndarray, np.ndarray]:
        """Means and covariances in the items' own units."""
        return self.mean + at.mean * self.sd, at.cov * np.outer(self.sd, self.sd)


class _Point:
    """Moments with the likelihood there."""

    def __init__(self, patterns: Patterns, mean: np.ndarray, cov: np.ndarray) -> None:
        self.mean, self.cov = mean, 0.5 * (cov + cov.T)
        self.normal = IncompleteNormal(patterns, self.mean, self.cov)

    @property
    def value(self) -> float:
        return self.normal.value

    def moved(self, patterns: Patterns, mean: np.ndarray, cov: np.ndarray) -> _Point | None:
        """Another point, or None where the covariances are not positive definite or the likelihood is lower."""
        try:
            other = _Point(patterns, mean, cov)
        except np.linalg.LinAlgError:
            return None
        # Rounding hides what is gained near the optimum.
        return other if other.value <= self.value + 1e-13 * max(1.0, abs(self.value)) else None


class _Search:
    """EM with extrapolated steps and Newton's method, from uncorrelated items with their own means and variances."""

    def __init__(self, patterns: Patterns) -> None:
        p = patterns.seen.shape[1]
        self.patterns, self.cells = patterns, AllMoments(p)
        self.here = self.well = _Point(patterns, np.zeros(p), np.eye(p))
        self.steps, self.change = 0, np.inf

    def run(self, most: int) -> bool:
        """Search for the optimum in at most so many steps; whether it was found."""
        while self.steps < most:
            for _ in range(BETWEEN):
                self._em_cycle()
                if self.change < SETTLED:
                    return True
            if self.is_singular():
                return False
            if self.cells.size <= MOST_MOMENTS and self._newton(most):
                return True
        return False

    def is_singular(self) -> bool:
        """Whether the likelihood grows without bound because the covariances lose a dimension."""
        roots = np.linalg.eigvalsh(self.here.cov)
        if roots[0] > WELL_CONDITIONED * roots[-1]:
            self.well = self.here
        return not roots[0] > SINGULAR * roots[-1]

    def last_well_conditioned(self) -> _Point:
        """Where the covariances were last far from singular, and one step of EM on, which makes those of x exact."""
        try:
            return self._em(self.well)  # given predictors are complete, and their moments are taken from here
        except np.linalg.LinAlgError:  # that step is the one that leads beyond the positive definite matrices
            return self.well

    def _em(self, at: _Point) -> _Point:
        cov, shift = at.cov, at.cov @ at.normal.mean_pull
        return _Point(self.patterns, at.mean + shift, cov - cov @ at.normal.lean @ cov - np.outer(shift, shift))

    def _em_cycle(self) -> None:
        """Two steps of EM, and the point that they aim at where it is better than both."""
        here = self.here
        first = self._em(here)
        second = self._em(first)
        self.steps += 2
        gap_mean, gap_cov = first.mean - here.mean, first.cov - here.cov
        bend_mean, bend_cov = second.mean - first.mean - gap_mean, second.cov - first.cov - gap_cov
        self.change = float(max(np.abs(second.cov - first.cov).max(), np.abs(second.mean - first.mean).max()))
        self.here = second
        bend = np.hypot(np.linalg.norm(bend_mean), np.linalg.norm(bend_cov))
        reach = np.hypot(np.linalg.norm(gap_mean), np.linalg.norm(gap_cov)) / max(float(bend), 1e-300)
        if 1 < reach < 1e3 and self.change >= SETTLED:
            ahead = second.moved(
                self.patterns, here.mean + 2 * reach * gap_mean + reach**2 * bend_mean,
                here.cov + 2 * reach * gap_cov + reach**2 * bend_cov,
            )  # fmt: skip
            self.here = ahead or second

    def _newton(self, most: int) -> bool:
        """Newton's steps as long as each is an improvement; whether they ended at the optimum."""
        while self.steps < most:
            step, decrement = self._newton_step()
            if step is None:
                return False
            self.steps += 1
            found = self._along(step)
            if found is None:
                return False
            self.here, self.change = found, float(np.abs(step).max())
            if decrement < LAST:
                return True
        return False

    def _newton_step(self) -> tuple[np.ndarray | None, float]:
        """The step and its decrement, or None where the likelihood is not curved as at a maximum."""
        normal, cells = self.here.normal, self.cells
        gradient = np.concatenate([cells.w * normal.lean[cells.r, cells.c], -normal.mean_pull])
        _, step, failed = dposv(normal.curvature(cells), -gradient)
        return (None, np.inf) if failed else (step, float(-gradient @ step))

    def _along(self, step: np.ndarray) -> _Point | None:
        cells, k = self.cells, len(self.cells.r)
        turn = np.zeros_like(self.here.cov)
        turn[cells.r, cells.c] = turn[cells.c, cells.r] = step[:k]
        for length in (1.0, 0.5, 0.25):
            found = self.here.moved(self.patterns, self.here.mean + length * step[k:], self.here.cov + length * turn)
            if found is not None:
                return found
        return None
