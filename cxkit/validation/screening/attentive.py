"""How would attentive people look to the indices? Surveys simulated from the answers' own distributions.

Nobody in a simulated survey is careless: each respondent's answers come from a multivariate normal distribution with
latent correlations, cut at thresholds so that every item keeps the shares of its answers and every pair of items its
correlation (Cario & Nelson 1997). What the indices do there is what they do to honest people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from cxkit.without_contents import without_contents

TERMS = 40
"""Terms of the Hermite series; for a latent correlation of .95 the rest is below .001."""
LARGEST_LATENT = 0.99
STEPS = 30  # of bisection: 2 x .99 / 2^30 is below 1e-8
SMALLEST_EIGENVALUE = 1e-6

ENOUGH = 2_000
"""Simulated respondents: the standard error of a rate of 1 % is then .2 points."""
MOST_SURVEYS = 40


@dataclass(frozen=True)
class AttentiveModel:
    """Answers of attentive people: the possible answers of each item, their thresholds, and latent correlations.

    `answered` holds who answered which items; simulated respondents leave out what real ones did.
    """

    values: tuple[np.ndarray, ...]
    thresholds: tuple[np.ndarray, ...]
    latent: np.ndarray
    answered: np.ndarray

    __repr__ = without_contents

    def surveys(self, seed: int) -> Iterator[np.ndarray]:
        """Simulated surveys as large as the real one (at most 2,000 respondents), some 2,000 respondents in all.

        As large as the real one, because the indices compare people with one another: Mahalanobis distances in a small
        sample are shorter than the chi-square distribution says.
        """
        rng = np.random.default_rng(seed)
        n = len(self.answered)
        root = _square_root(self.latent)
        for _ in range(min(MOST_SURVEYS, -(-ENOUGH // n))):
            who = np.arange(n) if n <= ENOUGH else rng.choice(n, ENOUGH, replace=False)
            yield self._one(rng.standard_normal((len(who), len(root))) @ root.T, self.answered[who])

    def _one(self, latent: np.ndarray, answered: np.ndarray) -> np.ndarray:
        simulated = np.full(latent.shape, np.nan)
        for j, (values, thresholds) in enumerate(zip(self.values, self.thresholds, strict=True)):
            if len(values):
                simulated[:, j] = values[np.searchsorted(thresholds, latent[:, j])]
        return np.where(answered, simulated, np.nan)


def fit_attentive(answers: np.ndarray) -> AttentiveModel:
    """The model from answers (a row a respondent, NaN where missing): shares by item, correlations by pair of items."""
    margins = [_margin(answers[:, j]) for j in range(answers.shape[1])]
    values = tuple(margin[0] for margin in margins)
    thresholds = tuple(margin[1] for margin in margins)
    observed = np.nan_to_num(pd.DataFrame(answers).corr().to_numpy())  # no variance, or nobody in common: unrelated
    series = np.array([_hermite(*margin) for margin in margins])
    return AttentiveModel(values, thresholds, _latent(observed, series), ~np.isnan(answers))


def _margin(column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different answers of an item, and the normal thresholds between them."""
    values, counts = np.unique(column[~np.isnan(column)], return_counts=True)
    shares = np.cumsum(counts)[:-1] / max(counts.sum(), 1)
    return values, stats.norm.ppf(shares)


def _hermite(values: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """The item's coefficients on the normalised Hermite polynomials, in units of its standard deviation.

    With them the correlation of two items is the sum of a_k b_k rho^k over k = 1, 2, ... (Mehler's formula). The k-th
    coefficient of a step function is the sum over its steps of step x density x He_(k-1)(threshold) / sqrt(k!).
    """
    coefficients = np.zeros(TERMS)
    if len(values) < 2:
        return coefficients
    steps = np.diff(values) * stats.norm.pdf(thresholds)
    before, now = np.zeros(len(thresholds)), np.ones(len(thresholds))
    for k in range(1, TERMS + 1):
        coefficients[k - 1] = (steps * now).sum() / np.sqrt(k)
        before, now = now, (thresholds * now - np.sqrt(k - 1) * before) / np.sqrt(k)
    shares = np.diff(np.concatenate([[0.0], stats.norm.cdf(thresholds), [1.0]]))
    mean = (shares * values).sum()
    return coefficients / np.sqrt((shares * (values - mean) ** 2).sum())


def _latent(observed: np.ndarray, series: np.ndarray) -> np.ndarray:
    """The latent correlations that give the observed ones, by bisection for all pairs at once."""
    first, second = np.triu_indices(len(observed), 1)
    products = series[first] * series[second]
    wanted = observed[first, second]
    low, high = np.full(len(wanted), -LARGEST_LATENT), np.full(len(wanted), LARGEST_LATENT)
    for _ in range(STEPS):
        middle = (low + high) / 2
        reached = np.zeros(len(middle))
        for k in range(TERMS - 1, -1, -1):  # Horner's rule
            reached = (reached + products[:, k]) * middle
        too_low = reached < wanted
        low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
    latent = np.eye(len(observed))
    has_series = products.any(axis=1)
    latent[first, second] = latent[second, first] = np.where(has_series, (low + high) / 2, 0.0)
    return latent


def _square_root(correlation: np.ndarray) -> np.ndarray:
    """A root of the nearest correlation matrix: pairs of different people need not make one by themselves."""
    eigenvalues, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(eigenvalues, SMALLEST_EIGENVALUE))
    return np.asarray(root / np.linalg.norm(root, axis=1, keepdims=True))
