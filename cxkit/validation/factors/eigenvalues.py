"""Eigenvalues of many correlation matrices at once: of all variance, or of what the items share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cxkit.validation.factors.extraction import SMALLEST_UNIQUENESS

SETTLED = 2
"""Sweeps before Newton's method is tried: from far away it may go anywhere."""

FLAT = 1e-3
LENGTHS = (1.0, 0.5, 0.1)
"""Curvature taken for none at all, and how much of a step is tried."""

LARGEST = float(np.sqrt(1 - SMALLEST_UNIQUENESS))


def component_eigenvalues(correlations: np.ndarray) -> np.ndarray:
    """Eigenvalues of each correlation matrix, largest first: (matrices, items, items) to (matrices, items)."""
    return np.asarray(np.linalg.eigvalsh(correlations)[:, ::-1])


def factor_eigenvalues(correlations: np.ndarray) -> np.ndarray:
    """Eigenvalues of each matrix with the communalities of its one-factor solution on the diagonal, largest first."""
    reduced = correlations.copy()
    diagonal = np.arange(correlations.shape[1])
    reduced[:, diagonal, diagonal] = one_factor_loadings(correlations) ** 2
    return component_eigenvalues(reduced)


EIGENVALUES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "factor": factor_eigenvalues,
    "components": component_eigenvalues,
}


def one_factor_loadings(correlations: np.ndarray, *, tolerance: float = 1e-7, sweeps: int = 5000) -> np.ndarray:
    """Minres loadings on one factor for many matrices at once: (matrices, items, items) to (matrices, items).

    The original algorithm (Harman & Jones 1966) sets one loading after another to the value that leaves the smallest
    residuals, given the others; it never gets worse, and doing so for all matrices at once is what makes it quick. Once
    it has settled, a step of Newton's method is tried after each sweep and kept where it is better. Loadings are held
    to communalities below 1 - 0.005. A matrix is done when no loading moves by more than `tolerance` in a sweep.
    """
    r = correlations.copy()
    items = r.shape[1]
    r[:, np.arange(items), np.arange(items)] = 0.0
    values, vectors = np.linalg.eigh(r)
    loadings = vectors[:, :, -1] * np.sqrt(np.maximum(values[:, -1:], 1e-3))
    result = loadings.copy()
    going = np.arange(len(r))
    for done in range(sweeps):
        before = loadings.copy()
        _sweep(r, loadings)
        result[going] = loadings
        moving = np.abs(loadings - before).max(axis=1) > tolerance
        if not moving.any():
            break
        going, loadings, r = going[moving], loadings[moving], r[moving]
        if done >= SETTLED:
            loadings = _newton(r, loadings)
    return result


def _sweep(r: np.ndarray, loadings: np.ndarray) -> None:
    """Adjust every loading once, in place; `r` has an empty diagonal."""
    total = (loadings**2).sum(axis=1)
    for i in range(loadings.shape[1]):
        rest = total - loadings[:, i] ** 2
        wanted = (r[:, i] * loadings).sum(axis=1) / np.maximum(rest, 1e-12)
        loadings[:, i] = np.minimum(np.maximum(wanted, -LARGEST), LARGEST)
        total = rest + loadings[:, i] ** 2


def _newton(r: np.ndarray, loadings: np.ndarray) -> np.ndarray:
    """A step of Newton's method for the matrices that it makes better; the others as they are."""
    gradient, curvature = _slopes(r, loadings)
    least = _squared_residuals(r, loadings)
    try:
        step = np.linalg.solve(curvature, gradient[:, :, np.newaxis])[:, :, 0]
    except np.linalg.LinAlgError:
        step = np.zeros_like(gradient)
    tried = np.clip(loadings - step, -LARGEST, LARGEST)
    better = _squared_residuals(r, tried) < least
    best = np.where(better[:, np.newaxis], tried, loadings)
    hard = np.flatnonzero(~better)
    if len(hard):
        best[hard] = _downhill(r[hard], loadings[hard], gradient[hard], curvature[hard])
    return best


def _slopes(r: np.ndarray, loadings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and curvature of half the squared residuals; loadings that press against the bound are left out."""
    diagonal = np.arange(loadings.shape[1])
    rest = (loadings**2).sum(axis=1, keepdims=True) - loadings**2
    gradient = loadings * rest - (r @ loadings[:, :, np.newaxis])[:, :, 0]
    curvature = 2 * loadings[:, :, np.newaxis] * loadings[:, np.newaxis, :] - r
    curvature[:, diagonal, diagonal] = rest
    held = (np.abs(loadings) >= LARGEST) & (gradient * loadings < 0)
    gradient[held] = 0.0
    curvature *= ~held[:, :, np.newaxis] & ~held[:, np.newaxis, :]
    curvature[:, diagonal, diagonal] += held
    return gradient, curvature


def _downhill(r: np.ndarray, loadings: np.ndarray, gradient: np.ndarray, curvature: np.ndarray) -> np.ndarray:
    """The best of three lengths of a step that goes down along ridges too, or none."""
    values, vectors = np.linalg.eigh(curvature)
    along = (vectors.transpose(0, 2, 1) @ gradient[:, :, np.newaxis])[:, :, 0] / np.maximum(np.abs(values), FLAT)
    step = (vectors @ along[:, :, np.newaxis])[:, :, 0]
    best, least = loadings, _squared_residuals(r, loadings)
    for length in LENGTHS:
        tried = np.clip(loadings - length * step, -LARGEST, LARGEST)
        left = _squared_residuals(r, tried)
        best = np.where((left < least)[:, np.newaxis], tried, best)
        least = np.minimum(left, least)
    return best


def _squared_residuals(r: np.ndarray, loadings: np.ndarray) -> np.ndarray:
    """Of the correlations between different items; `r` has an empty diagonal."""
    left = r - loadings[:, :, np.newaxis] * loadings[:, np.newaxis, :]
    return np.asarray((left**2).sum(axis=(1, 2)) - (loadings**4).sum(axis=1))
