"""Regressions of ordered and continuous variables on observed predictors, with every respondent's scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from cxkit.errors import ModelError
from cxkit.sem.ordinal.asymptotic_covariance import own_scores
from cxkit.sem.ordinal.bivariate_normal import FAR, Array, normal_density
from cxkit.sem.ordinal.latent_correlations import Codes, interval_probability

# Two arrays: each respondent's cut points below and above the answer.
Bounds = tuple[Array, Array]

MOST_STEPS = 100
SMALLEST_STEP = 1e-10
# A standardised probit slope beyond this only happens where the predictors foretell the answers without error.
STEEPEST_SLOPE = 20.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Margin:
    """One variable's regression on the standardised predictors.

    Attributes
    ----------
    th
        Thresholds, or the negative intercept.
    slopes
        One per predictor; of a continuous variable in units of its residual standard deviation.
    spread
        Residual standard deviation; 1 for an ordered item.
    bounds
        Each respondent's cut points below and above the answer, as a distance from the prediction; None if continuous.
    alike
        Numbers that are equal where `bounds` are; None if continuous.
    z
        Each respondent's standardised residual; of an ordered item its expectation given the answer.
    designs
        How the two local quantities (cut point below and above, or mean and variance) move with th, slopes and, if
        continuous, the variance: two arrays (n, parameters).
    scores
        Scores of the regression, shape (n, parameters).
    """

    th: Array
    slopes: Array
    spread: float
    bounds: Bounds | None
    alike: Codes | None
    z: Array
    designs: tuple[Array, Array]
    scores: Array

    def influence(self) -> Array:
        """Influence of each respondent on th, slopes and variance, shape (n, parameters)."""
        information = self.scores.T @ self.scores / len(self.scores)
        return np.asarray(np.linalg.solve(information, self.scores.T).T, dtype=float)


def probit(name: str, codes: Codes, width: int, x: Array, where: str) -> Margin:
    """Ordered probit regression, by Newton's method from the thresholds without predictors."""
    lower, upper = _cut_designs(codes, width, x)
    start = ndtri(np.cumsum(np.bincount(codes, minlength=width))[:-1] / codes.size)
    theta = np.concatenate([start, np.zeros(x.shape[1])])
    for _ in range(MOST_STEPS):
        scores, curvature, _ = _probit_scores(theta, codes, x, (lower, upper))
        step = np.linalg.solve(curvature, scores.sum(axis=0))
        theta = theta + step / max(1.0, float(np.max(np.abs(step))))
        if np.max(np.abs(step)) < SMALLEST_STEP or np.max(np.abs(theta[width - 1 :])) > STEEPEST_SLOPE:
            break
    if np.max(np.abs(step)) >= SMALLEST_STEP:
        raise ModelError(
            f"{where}: the regression of {name} on the predictors has no finite solution, most likely because a "
            f"predictor foretells {name} without error. Leave that predictor out, or join categories of {name}."
        )
    scores, _, bounds = _probit_scores(theta, codes, x, (lower, upper))
    return Margin(
        th=theta[: width - 1],
        slopes=theta[width - 1 :],
        spread=1.0,
        bounds=bounds,
        alike=np.unique(x, axis=0, return_inverse=True)[1].ravel() * width + codes,
        z=-scores[:, : width - 1].sum(axis=1),
        designs=(lower, upper),
        scores=scores,
    )


def _cut_designs(codes: Codes, width: int, x: Array) -> tuple[Array, Array]:
    """How the cut points below and above each answer move with thresholds and slopes."""
    cuts = np.arange(width - 1)
    lower: Array = np.hstack([(codes[:, None] - 1 == cuts).astype(float), -x])
    upper: Array = np.hstack([(codes[:, None] == cuts).astype(float), -x])
    return lower, upper


def _probit_scores(theta: Array, codes: Codes, x: Array, designs: tuple[Array, Array]) -> tuple[Array, Array, Bounds]:
    """Scores, the information observed, and the cut points of each respondent."""
    (lower, upper), thresholds = designs, theta.size - x.shape[1]
    cuts = np.concatenate([[-np.inf], theta[:thresholds], [np.inf]])
    prediction = x @ theta[thresholds:]
    below, above = (np.clip(cut - prediction, -FAR, FAR) for cut in (cuts[codes], cuts[codes + 1]))
    probability = interval_probability(below, above)
    at_above, at_below = normal_density(above) / probability, normal_density(below) / probability
    scores = at_above[:, None] * upper - at_below[:, None] * lower
    information = scores.T @ scores + (upper.T * (above * at_above)) @ upper - (lower.T * (below * at_below)) @ lower
    return scores, information, (below, above)


def least_squares(y: Array, x: Array) -> Margin:
    """Linear regression; slopes and intercept in units of the residual standard deviation."""
    design = np.hstack([np.ones((len(x), 1)), x])
    coefficients = np.asarray(np.linalg.lstsq(design, y, rcond=None)[0], dtype=float)
    residual = y - design @ coefficients
    spread = float(np.sqrt(np.mean(residual**2)))
    z = residual / spread
    nothing = np.zeros((len(x), 1))
    mean, variance = np.hstack([-design[:, :1], x, nothing]), np.hstack([0.0 * design, nothing + 1.0])
    in_mean, in_variance = own_scores(z)
    return Margin(
        th=-coefficients[:1] / spread,
        slopes=coefficients[1:] / spread,
        spread=spread,
        bounds=None,
        alike=None,
        z=z,
        designs=(mean, variance),
        scores=in_mean[:, None] * mean + in_variance[:, None] * variance,
    )
