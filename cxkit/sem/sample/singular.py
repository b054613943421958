"""Inverses after a fit: what an improper solution leaves singular has none, and what rests on it stays empty."""

from __future__ import annotations

import numpy as np


def inverse(matrix: np.ndarray) -> np.ndarray:
    """The inverse; NaN everywhere if there is none. The note of the fit says which measures that leaves empty."""
    return solve(matrix, np.eye(matrix.shape[-1]))


def solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """matrix^-1 right; NaN everywhere if the matrix has no inverse."""
    try:
        return np.asarray(np.linalg.solve(matrix, right))
    except np.linalg.LinAlgError:
        return np.full(right.shape, np.nan)


def root(variance: np.ndarray) -> np.ndarray:
    """Standard deviations; NaN where a variance is negative."""
    return np.sqrt(np.where(variance >= 0, variance, np.nan))
