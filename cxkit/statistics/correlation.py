"""A correlation's interval."""

from __future__ import annotations

import numpy as np

from cxkit.statistics.normal import Z_95


def fisher_interval(r: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 95 % intervals of correlations by Fisher's z; NaN with fewer than four respondents, or at -1 and 1.

    Equal to R's `psych::r.con(r, n)`, which gives an interval without width at -1 and 1, where z is infinite.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        half = np.where(n > 3, Z_95 / np.sqrt(np.maximum(n - 3, 0)), np.nan)
        z = np.arctanh(np.where(np.abs(r) < 1 - 1e-12, r, np.nan))
    return np.tanh(z - half), np.tanh(z + half)
