"""Cronbach's alpha of columns of points or answers, with its interval."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy import stats

from cxkit.statistics.bootstrap import resampled_covariances, resampled_variances


def alpha_from_covariance(covariance: np.ndarray) -> float:
    """Cronbach's alpha of items with these covariances (of correlations: standardised alpha); NaN without variance."""
    k = len(covariance)
    total = covariance.sum()
    if k < 2 or not total > 0:
        return float("nan")
    return float(k / (k - 1) * (1 - np.trace(covariance) / total))


def bootstrap_alphas(values: np.ndarray, weights: np.ndarray | None = None, *, resamples: int, seed: int) -> np.ndarray:
    """Alpha of every resample of respondents, (resamples,), from pairwise covariances; NaN where nothing varies."""
    k = values.shape[1]
    found: Iterable[tuple[np.ndarray, np.ndarray]]
    if weights is not None or np.isnan(values).any() or len(values) < 2:
        covariances = resampled_covariances(values, weights, resamples=resamples, seed=seed)
        found = ((np.trace(c, axis1=1, axis2=2), c.sum(axis=(1, 2))) for c in covariances)
    else:
        found = resampled_variances(values, resamples=resamples, seed=seed)
    shares = [np.divide(own, all_, out=np.full(len(own), np.nan), where=all_ > 1e-12 * own) for own, all_ in found]
    return k / (k - 1) * (1 - np.concatenate(shares))


def feldt_interval(alpha: float, *, n: float, items: int, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of alpha from the F distribution: (1 - alpha population) / (1 - alpha) follows F with these df.

    NaN with fewer than two respondents. Equal to R's `psych::alpha.ci(alpha, n.obs = n, n.var = items)`.
    """
    if n < 2:
        return float("nan"), float("nan")
    tail = (1 - confidence) / 2
    df = (n - 1, (n - 1) * (items - 1))
    low, high = (1 - (1 - alpha) * stats.f.ppf(p, *df) for p in (1 - tail, tail))
    return float(low), float(high)
