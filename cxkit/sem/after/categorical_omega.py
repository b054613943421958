"""Reliability of a sum of ordered answers, as the sum is used: categories and all (Green and Yang 2009)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from cxkit.errors import ModelError
from cxkit.sem.ordinal.bivariate_normal import Array, cdf


def omega_categorical(
    loadings: ArrayLike,
    thresholds: Sequence[ArrayLike],
    *,
    phi: ArrayLike | None = None,
    corr: ArrayLike | None = None,
) -> float:
    """Which share of the variance of a sum score of ordered items is due to the factors behind them?

    The sum is that of the answers numbered 1, 2, 3, ... as respondents gave them, not of the normal variables behind
    them: two items with the same loadings but skewed thresholds share less of their answers.

    Parameters
    ----------
    loadings : array, shape (items,) or (items, factors)
        Standardised: in units of the standard deviation of each normal variable. Items must point one way; with
        loadings of mixed sign the sum cancels what it should measure, and omega with it.
    thresholds : sequence of arrays, one per item
        Cut points on the same standardised scale.
    phi : array, shape (factors, factors), optional
        Correlations of the factors; uncorrelated if left out.
    corr : array, shape (items, items), optional
        Correlations of the normal variables that make up the whole variance. The polychoric correlations give the
        variance observed (semTools' `obs.var = TRUE`); by default, those implied by the loadings.

    Returns
    -------
    float

    Raises
    ------
    ModelError
        If shapes disagree, or a correlation lies beyond -1 or 1 (a Heywood case).

    Notes
    -----
    Agrees with R's `semTools::compRelSEM(fit)` and `reliability(fit)["omega3", ]` for a WLSMV fit of ordered items.
    Source: Green and Yang (2009), Psychometrika 74, equation 21.
    """
    pattern = np.asarray(loadings, dtype=float)
    pattern = pattern[:, None] if pattern.ndim == 1 else pattern
    between = np.eye(pattern.shape[1]) if phi is None else np.asarray(phi, dtype=float)
    cuts = _padded(thresholds)
    if pattern.shape[0] != cuts.shape[0] or between.shape != (pattern.shape[1],) * 2:
        raise ModelError(
            f"loadings are {pattern.shape[0]} x {pattern.shape[1]}, with thresholds for {cuts.shape[0]} items and "
            f"phi {' x '.join(map(str, between.shape))}. Give one row of loadings and one array of thresholds per item."
        )
    common = pattern @ between @ pattern.T
    whole = common.copy() if corr is None else np.array(corr, dtype=float)
    if whole.shape != common.shape:
        raise ModelError(f"corr is {' x '.join(map(str, whole.shape))} for {common.shape[0]} items.")
    np.fill_diagonal(whole, 1.0)
    return float(answer_covariances(cuts, common).sum() / answer_covariances(cuts, whole).sum())


def answer_covariances(cuts: Array, correlations: Array, steps: Array | None = None) -> Array:
    """Covariances of answers whose normal variables have these correlations.

    Parameters
    ----------
    cuts : array, shape (items, most thresholds)
        Filled up with plus infinity.
    correlations : array, shape (items, items)
        The diagonal holds the correlation of an item with its own repetition; 1 gives its variance.
    steps : array, shape (items, most thresholds), optional
        By how much the answer rises at each threshold; 1 if left out, which numbers the answers 1, 2, 3, ...
    """
    if np.max(np.abs(correlations)) > 1.0 + 1e-9:
        raise ModelError(
            "A correlation implied by the loadings lies beyond 1 (a Heywood case), so that a share of variance has no "
            "meaning. Look for an item with a negative residual variance and leave it out or fix it."
        )
    rho = np.clip(correlations, -1.0, 1.0)[:, :, None, None]
    together = cdf(cuts[:, None, :, None], cuts[None, :, None, :], rho)
    below = ndtr(cuts)
    apart = below[:, None, :, None] * below[None, :, None, :]
    if steps is None:
        return (together - apart).sum(axis=(2, 3))
    # An answer is its lowest value plus its steps, so that its covariances are those of Green & Yang, weighted.
    return np.einsum("ia,jb,ijab->ij", steps, steps, together - apart)


def _padded(thresholds: Sequence[ArrayLike]) -> Array:
    """Thresholds as one matrix, filled up with plus infinity, which no answer exceeds."""
    rows = [np.atleast_1d(np.asarray(cuts, dtype=float)) for cuts in thresholds]
    matrix = np.full((len(rows), max((row.size for row in rows), default=1)), np.inf)
    for place, row in enumerate(rows):
        matrix[place, : row.size] = row
    return matrix
