"""Means, standard deviations and errors of weighted answers, as in R's package survey."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Mean:
    """The mean of one group with its spread and its standard error.

    `n_effective` is Kish's: so many respondents of equal weight would give the same precision.
    """

    n: int
    mean: float
    sd: float
    error: float
    n_effective: float


def mean_of(values: np.ndarray, weights: np.ndarray | None = None) -> Mean:
    """Summarise the answers of one group, which must have no NaN.

    Without finite population correction. Equal to R's `svymean(~x, d)` and `sqrt(svyvar(~x, d))` of
    `d <- svydesign(ids = ~1, weights = ~w, data)`; the standard error is that of the linearised ratio
    (Lumley 2010). NaN for the spread of one respondent. Weights that are all equal change nothing.
    """
    w = np.ones(len(values)) if weights is None else weights
    n, total = len(values), float(w.sum())
    if not n:
        return Mean(n=0, mean=np.nan, sd=np.nan, error=np.nan, n_effective=0.0)
    mean = float(w @ values) / total if weights is not None else float(values.mean())
    squares = (values - mean) ** 2
    small = n / (n - 1) if n > 1 else np.nan
    return Mean(
        n=n,
        mean=mean,
        sd=float(np.sqrt(small * (w @ squares) / total)),
        error=float(np.sqrt(small * (w**2 @ squares)) / total),
        n_effective=effective_n(w),
    )


def weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """The value with half of the weight on either side; between two such values, their mean."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    # sums of weights are rounded: what lies within that of one half is one half
    low, high = np.searchsorted(reached, [0.5 - 1e-12, 0.5 + 1e-12])
    return float(values[order][min(low, len(values) - 1)] + values[order][min(high, len(values) - 1)]) / 2


def effective_n(weights: np.ndarray) -> float:
    """Kish's effective number of respondents: (sum of weights)^2 / sum of squared weights."""
    return float(weights.sum() ** 2 / (weights**2).sum())
