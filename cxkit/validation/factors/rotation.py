"""Rotations by gradient projection (Jennrich 2001, 2002; Bernaards & Jennrich 2005): geomin, quartimax, target.

What R's GPArotation does: a step against the slope of the criterion, projected back to axes of unit length (oblique) or
at right angles (orthogonal), halved until the criterion falls far enough.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

MOST_STEPS = 5000
MOST_HALVINGS = 10
GEOMIN_DELTA = 0.01
"""Keeps the geometric mean away from 0; the value of GPArotation and psych."""

Criterion = Callable[[np.ndarray], tuple[float, np.ndarray]]


def geomin(loadings: np.ndarray) -> tuple[float, np.ndarray]:
    """Geometric means of each item's squared loadings (Yates 1987), and the slope."""
    k = loadings.shape[1]
    squared = loadings**2 + GEOMIN_DELTA
    means = np.exp(np.log(squared).sum(axis=1) / k)
    return float(means.sum()), 2 / k * loadings / squared * means[:, np.newaxis]


def quartimax(loadings: np.ndarray) -> tuple[float, np.ndarray]:
    """Minus the sum of fourth powers, over 4, and the slope."""
    return float(-(loadings**4).sum() / 4), -(loadings**3)


def target_of(target: np.ndarray) -> Criterion:
    """Squared distances from a target; where it is NaN a loading is free (Browne 2001)."""
    fixed = ~np.isnan(target)

    def criterion(loadings: np.ndarray) -> tuple[float, np.ndarray]:
        away = np.where(fixed, loadings - target, 0.0)
        return float((away**2).sum()), 2 * away

    return criterion


def oblique(raw: np.ndarray, criterion: Criterion, tolerance: float) -> tuple[np.ndarray, np.ndarray, bool]:
    """Loadings, factor correlations and whether the search came to rest, as GPArotation's `GPFoblq`."""
    turn = np.eye(raw.shape[1])
    loadings = raw @ np.linalg.inv(turn).T
    value, slope = criterion(loadings)
    gradient = -(loadings.T @ slope @ np.linalg.inv(turn)).T
    step = 1.0
    for _ in range(MOST_STEPS):
        projected = gradient - turn * (turn * gradient).sum(axis=0)
        size = float(np.linalg.norm(projected))
        if size < tolerance:
            return loadings, turn.T @ turn, True
        step *= 2
        for _ in range(MOST_HALVINGS + 1):
            moved = turn - step * projected
            candidate = moved / np.linalg.norm(moved, axis=0)
            loadings = raw @ np.linalg.inv(candidate).T
            found, slope = criterion(loadings)
            if value - found > 0.5 * size**2 * step:
                break
            step /= 2
        turn, value = candidate, found
        gradient = -(loadings.T @ slope @ np.linalg.inv(turn)).T
    return loadings, turn.T @ turn, False


def orthogonal(raw: np.ndarray, criterion: Criterion, tolerance: float) -> tuple[np.ndarray, np.ndarray, bool]:
    """The same for uncorrelated factors, as GPArotation's `GPForth`."""
    turn = np.eye(raw.shape[1])
    loadings = raw @ turn
    value, slope = criterion(loadings)
    gradient = raw.T @ slope
    step = 1.0
    for _ in range(MOST_STEPS):
        inner = turn.T @ gradient
        projected = gradient - turn @ (inner + inner.T) / 2
        size = float(np.linalg.norm(projected))
        if size < tolerance:
            return loadings, np.eye(len(turn)), True
        step *= 2
        for _ in range(MOST_HALVINGS + 1):
            left, _, right = np.linalg.svd(turn - step * projected)
            candidate = left @ right
            loadings = raw @ candidate
            found, slope = criterion(loadings)
            if value - found > 0.5 * size**2 * step:
                break
            step /= 2
        turn, value = candidate, found
        gradient = raw.T @ slope
    return loadings, np.eye(len(turn)), False


def principal_axes(correlation: np.ndarray, n_factors: int) -> np.ndarray:
    """Loadings by iterated principal axes, from squared multiple correlations, as `psych::fa(fm = "pa")`.

    psych ends where the sum of communalities changes by less than .001, or after 50 rounds; carried on, the search ends
    at the minres loadings. With more factors than half the items it starts from communalities of 1.
    """
    reduced = correlation.copy()
    if n_factors <= len(correlation) / 2:
        np.fill_diagonal(reduced, 1 - 1 / np.diag(np.linalg.inv(correlation)))
    total = float(np.trace(reduced))
    for _ in range(50):
        values, vectors = np.linalg.eigh(reduced)
        largest = slice(-1, -n_factors - 1, -1)
        loadings = vectors[:, largest] * np.sqrt(np.maximum(values[largest], 0.0))
        communalities = (loadings**2).sum(axis=1)
        np.fill_diagonal(reduced, communalities)
        change = abs(total - float(communalities.sum()))
        total = float(communalities.sum())
        if change < 0.001:
            break
    return np.asarray(loadings)
