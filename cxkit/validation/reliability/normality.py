"""Do answers allow an interval of alpha that takes them as normal? Two standard errors say how far it is off."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

TOO_NARROW = 1.2
"""From this ratio on, a 95 % interval holds the population's alpha in fewer than 90 % of samples. At n = 60, sampling
error alone brings one normal sample in a hundred here."""


def spread_ratio(values: np.ndarray) -> float:
    """How many times as large alpha's standard error is without the assumption of normal answers as with it.

    `values` are complete answers, (respondents, items). Without: Maydeu-Olivares, Coffman & Hartmann (2007,
    https://doi.org/10.1037/1082-989X.12.2.157); with: van Zyl, Neudecker & Nel (2000,
    https://doi.org/10.1007/BF02296146). NaN where alpha has no error or fewer than 30 answered everything.
    """
    n, _ = values.shape
    if n < 30:
        return float("nan")
    gaps = values - values.mean(axis=0)
    cov = gaps.T @ gaps / (n - 1)
    own, everything = np.trace(cov), cov.sum()
    # What one respondent's squares change in trace / total, whose k / (k - 1)-fold is 1 - alpha.
    pull = (gaps**2).sum(axis=1) / everything - own * gaps.sum(axis=1) ** 2 / everything**2
    normal = 2 * (everything * (np.trace(cov @ cov) + own**2) - 2 * own * (cov @ cov).sum()) / everything**3
    if not normal > 0:
        return float("nan")
    return float(np.sqrt(pull.var() / normal))


def note_on_normality(ratios: dict[str, float], confidence: float) -> str:
    """The sentence on dimensions too far from normal for Feldt's interval, by title; empty if there are none."""
    far = {title: ratio for title, ratio in ratios.items() if ratio > TOO_NARROW}
    if not far:
        return ""
    found = ", ".join(f"{title} ({ratio:.1f} times as large)" for title, ratio in far.items())
    held = 2 * ndtr(ndtri((1 + confidence) / 2) / max(far.values())) - 1
    return (
        "Feldt's interval takes answers as normal and is too narrow where they pile up at one end of the scale. A "
        f"standard error of alpha that supposes nothing of the kind is larger for {found}; with an error of "
        f"{max(far.values()):.1f} times the assumed one a {confidence:.0%} interval holds in {held:.0%} of samples. "
        "interval='bootstrap' comes nearer."
    )
