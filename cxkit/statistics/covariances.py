"""Covariances and correlations of columns: of complete rows, of pairs of answers, and weighted."""

from __future__ import annotations

import numpy as np

BLOCK = 65_536
"""Respondents at a time: a million of them then need no more memory than their own answers."""


SINGULAR = 1e-10
"""An eigenvalue of a correlation matrix below this is zero as far as floating-point numbers can tell."""


def weighted_covariances(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted covariances and correlations, each from the rows that hold both items; NaN where no two rows do.

    A covariance is n / (n - 1) times the weighted mean product of deviations, n being the rows of the pair.
    """
    centred = values - _centre(values)
    seen = ~np.isnan(centred)
    block, both = np.where(seen, centred, 0.0), seen.astype("float64")
    own = weights[:, None]
    counts, totals = both.T @ both, both.T @ (own * both)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = (own * block).T @ both / totals  # means[i, j]: of item i, over the rows that also hold item j
        small = counts / (counts - 1)
        covariance = small * (block.T @ (own * block) / totals - means * means.T)
        variance = small * ((own * block**2).T @ both / totals - means**2)
        correlation = covariance / np.sqrt(variance * variance.T)
    covariance[counts < 2] = np.nan
    return covariance, with_unit_diagonal(correlation, covariance)


def answered_together(answered: np.ndarray, weights: np.ndarray) -> float:
    """The harmonic mean, over pairs of items, of how many answered both; 0 where nobody answered some pair.

    With weights, the number of respondents of equal weight that they are worth (Kish's effective n).
    """
    both, own = answered.astype("float64"), weights[:, None]
    totals, squares = both.T @ (own * both), both.T @ (own**2 * both)
    pairs = np.triu_indices(both.shape[1], 1)
    if not len(pairs[0]) or not squares[pairs].min() > 0:
        return 0.0
    return float(len(pairs[0]) / (squares[pairs] / totals[pairs] ** 2).sum())


def complete_covariances(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Covariances and correlations of rows without gaps; NaN with fewer than two rows."""
    centre = _centre(values)
    products = np.zeros((values.shape[1],) * 2)
    for start in range(0, len(values), BLOCK):
        block = values[start : start + BLOCK] - centre
        products += block.T @ block
    covariance = products / (len(values) - 1) if len(values) > 1 else np.full_like(products, np.nan)
    spread = np.sqrt(np.diag(covariance))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = covariance / np.outer(spread, spread)
    return covariance, with_unit_diagonal(correlation, covariance)


def with_unit_diagonal(correlation: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Exactly 1 where an item varies, NaN where it does not."""
    np.fill_diagonal(correlation, np.where(np.diag(covariance) > 0, 1.0, np.nan))
    return correlation


def pairwise_covariances(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Covariances and correlations, each from the rows that hold both items; NaN where no two rows do."""
    width = values.shape[1]
    counts, sums, products, squares = (np.zeros((width, width)) for _ in range(4))
    centre = _centre(values)
    for start in range(0, len(values), BLOCK):
        block = values[start : start + BLOCK] - centre
        seen = ~np.isnan(block)
        block[~seen] = 0.0
        both = seen.astype("float64")
        counts += both.T @ both
        sums += block.T @ both  # sums[i, j]: of item i, over the rows that also hold item j
        products += block.T @ block
        squares += (block**2).T @ both
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = (products - sums * sums.T / counts) / (counts - 1)
        variance = (squares - sums**2 / counts) / (counts - 1)
        correlation = covariance / np.sqrt(variance * variance.T)
    return covariance, with_unit_diagonal(correlation, covariance)


def _centre(values: np.ndarray) -> np.ndarray:
    """Column means of the answers given (0 without any): centred numbers lose no digits when they are squared."""
    counts = np.maximum((~np.isnan(values)).sum(axis=0), 1)
    return np.asarray(np.nansum(values, axis=0) / counts)
