"""Bounds below which the reliability of a sum cannot lie, from the covariances of its items alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cxkit.statistics.covariances import SINGULAR

CLOSE_ENOUGH = 1e-9
"""Of the greatest lower bound, as a share of the variance of the sum."""


@dataclass(frozen=True, kw_only=True)
class Guttman:
    """Guttman's lambda 1, 2, 3 (alpha), 5 and 6. Lambda 4 is the best of all splits into halves."""

    lambda1: float
    lambda2: float
    lambda3: float
    lambda5: float
    lambda6: float


def guttman_bounds(covariance: np.ndarray) -> Guttman:
    """Guttman's bounds of the reliability of the sum; lambda 6 is NaN where an item follows from the others.

    Agrees with R's `psych::guttman(r)` for correlations.
    """
    k = len(covariance)
    total = covariance.sum()
    variances = np.diag(covariance)
    squared = (covariance - np.diag(variances)) ** 2
    first = 1 - variances.sum() / total
    return Guttman(
        lambda1=float(first),
        lambda2=float(first + np.sqrt(k / (k - 1) * squared.sum()) / total),
        lambda3=float(first * k / (k - 1)),
        lambda5=float(first + 2 * np.sqrt(squared.sum(axis=0).max()) / total),
        lambda6=float(1 - _unpredicted(covariance).sum() / total),
    )


def _unpredicted(covariance: np.ndarray) -> np.ndarray:
    """What the other items leave of each item's variance."""
    spread = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(spread, spread)
    if np.linalg.eigvalsh(correlation)[0] < SINGULAR:
        return np.full(len(covariance), np.nan)
    return np.asarray(spread**2 / np.diag(np.linalg.inv(correlation)))


def greatest_lower_bound(covariance: np.ndarray) -> float:
    """The smallest reliability that the covariances allow, whatever the factors behind them.

    Takes as much error variance from the diagonal as leaves true scores a possible covariance matrix (no negative
    eigenvalue, no negative error), by steps along the inside of that region; they stop when the best that could still
    be reached is within 1e-9 of the variance of the sum. NaN where the covariances are not positive definite. In
    samples it lies above the population's value, the more so with few respondents and many items.
    """
    k = len(covariance)
    spread = np.sqrt(np.diag(covariance))
    lowest = np.linalg.eigvalsh(covariance / np.outer(spread, spread))[0]
    if not lowest > SINGULAR:
        return float("nan")
    total = float(covariance.sum())
    error = spread**2 * lowest / 2
    weight = float(error.sum())
    while weight * 2 * k > CLOSE_ENOUGH * total:
        weight /= 4
        error = _centre(covariance, error, weight)
    return float(1 - error.sum() / total)


def _centre(covariance: np.ndarray, error: np.ndarray, weight: float) -> np.ndarray:
    """Newton's method for: sum of errors + weight * (log determinant of the rest + sum of log errors) at its largest.

    At that point the sum lies within weight * 2 * items of the largest possible one.
    """
    for _ in range(50):
        inverse = np.linalg.inv(covariance - np.diag(error))
        gradient = 1 - weight * np.diag(inverse) + weight / error
        step = np.linalg.solve(weight * (inverse**2 + np.diag(1 / error**2)), gradient)
        decrement = float(gradient @ step) / weight
        if decrement < 1e-12:
            break
        length = 1 / (1 + np.sqrt(decrement)) if decrement > 0.06 else 1.0
        error = error + length * step
    return error
