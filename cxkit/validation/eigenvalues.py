"""Eigenvalues of many correlation matrices at once: of all variance, or of what the items share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cxkit.validation.extraction import SMALLEST_UNIQUENESS


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
    residuals, given the others; it never gets worse, and doing so for all matrices at once is what makes it quick.
    Loadings are held to communalities below 1 - 0.005. A matrix is done when no loading moves by more than `tolerance`.
    """
    r = correlations.copy()
    items = r.shape[1]
    r[:, np.arange(items), np.arange(items)] = 0.0
    values, vectors = np.linalg.eigh(r)
    loadings = vectors[:, :, -1] * np.sqrt(np.maximum(values[:, -1:], 1e-3))
    result = loadings.copy()
    going = np.arange(len(r))
    for _ in range(sweeps):
        before = loadings.copy()
        _sweep(r, loadings)
        result[going] = loadings
        moving = np.abs(loadings - before).max(axis=1) > tolerance
        if not moving.any():
            break
        going, loadings, r = going[moving], loadings[moving], r[moving]
    return result


def _sweep(r: np.ndarray, loadings: np.ndarray) -> None:
    """Adjust every loading once, in place; `r` has an empty diagonal."""
    largest = np.sqrt(1 - SMALLEST_UNIQUENESS)
    total = (loadings**2).sum(axis=1)
    for i in range(loadings.shape[1]):
        rest = total - loadings[:, i] ** 2
        wanted = (r[:, i] * loadings).sum(axis=1) / np.maximum(rest, 1e-12)
        loadings[:, i] = np.clip(wanted, -largest, largest)
        total = rest + loadings[:, i] ** 2
