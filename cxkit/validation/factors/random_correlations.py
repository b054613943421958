"""Correlations of answers that have nothing in common: what parallel analysis compares with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import ndtri

from cxkit.errors import AnalysisError, ModelError
from cxkit.validation.correlations import Missing, moments

RandomData = Literal["resampled", "normal"]

ROUNDING = 1e-12
"""What is left of the sum of squares of equal numbers when their mean is taken off, as a share."""

TOO_RARE = (
    "In random data drawn from these answers some item no longer varies: too few respondents gave another answer than "
    "the rest. Leave such items out, or use parallel_analysis with random_data='normal'."
)


def resampled_correlations(
    answers: pd.DataFrame, missing: Missing, simulations: int, rng: np.random.Generator
) -> np.ndarray:
    """Correlations of answers drawn anew, each item by itself: (simulations, items, items)."""
    values = answers.to_numpy(dtype="float64")
    has_gaps = bool(np.isnan(values).any())
    if not has_gaps:
        values = values - values.mean(axis=0)  # numbers near zero lose no digits when they are squared
    columns = np.ascontiguousarray(values.T)
    matrices = np.empty((simulations, len(columns), len(columns)))
    for i in range(simulations):
        drawn = _drawn_anew(columns, rng)
        matrices[i] = (
            moments(pd.DataFrame(drawn.T, copy=False), missing).correlation if has_gaps else _correlation(drawn)
        )
    if not np.isfinite(matrices).all():
        raise AnalysisError(TOO_RARE)
    return matrices


def _correlation(columns: np.ndarray) -> np.ndarray:
    """Of complete answers near zero, (items, respondents); NaN where an item does not vary."""
    sums = columns.sum(axis=1)
    products = columns @ columns.T
    squares = np.diag(products).copy()
    products -= np.outer(sums, sums) / columns.shape[1]
    varies = np.diag(products) > ROUNDING * squares
    spread = np.sqrt(np.where(varies, np.diag(products), np.nan))
    products /= np.outer(spread, spread)
    np.fill_diagonal(products, np.where(np.isnan(spread), np.nan, 1.0))
    return np.asarray(products)


def normal_correlations(n: int, items: int, simulations: int, rng: np.random.Generator) -> np.ndarray:
    """Correlations of n independent normal answers to each item, without drawing them.

    Their sums of squares and products follow a Wishart distribution, whose triangular root has chi-distributed
    diagonal and standard normal entries below it (Bartlett's decomposition).
    """
    root = np.tril(rng.standard_normal((simulations, items, items)), -1)
    diagonal = np.arange(items)
    root[:, diagonal, diagonal] = np.sqrt(rng.chisquare(n - 1 - diagonal, size=(simulations, items)))
    root /= np.linalg.norm(root, axis=2, keepdims=True)
    return np.asarray(root @ root.transpose(0, 2, 1))


def resampled_polychoric(
    answers: pd.DataFrame, missing: Missing, simulations: int, rng: np.random.Generator
) -> np.ndarray:
    """Polychoric correlations of answers drawn anew, each item by itself."""
    columns = np.ascontiguousarray(answers.to_numpy(dtype="float64").T)
    return _polychoric_of((_drawn_anew(columns, rng).T for _ in range(simulations)), "resampled")


def thresholded_polychoric(
    answers: pd.DataFrame, missing: Missing, simulations: int, rng: np.random.Generator
) -> np.ndarray:
    """Polychoric correlations of independent normal numbers cut into the answers' shares, gaps where they were."""
    values = answers.to_numpy(dtype="float64")
    cuts = [_cuts(column[~np.isnan(column)]) for column in values.T]

    def drawn() -> np.ndarray:
        normal = rng.standard_normal(values.shape)
        coded = [np.searchsorted(cut, column).astype("float64") for cut, column in zip(cuts, normal.T, strict=True)]
        return np.where(np.isnan(values), np.nan, np.column_stack(coded))

    return _polychoric_of((drawn() for _ in range(simulations)), "normal")


def _drawn_anew(columns: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Every item's own answers, as many, drawn with replacement: (items, respondents), as given."""
    items, n = columns.shape
    place = rng.integers(0, n, size=columns.shape)
    place += np.arange(items)[:, np.newaxis] * n
    return np.asarray(columns.ravel().take(place))


def _cuts(given: np.ndarray) -> np.ndarray:
    """Where a standard normal variable is cut to give these shares of answers."""
    _, counts = np.unique(given, return_counts=True)
    return np.asarray(ndtri(np.cumsum(counts)[:-1] / counts.sum()))


def _polychoric_of(data: Iterable[np.ndarray], random_data: RandomData) -> np.ndarray:
    from cxkit.sem import polychoric

    try:
        return np.array([polychoric(values) for values in data])
    except ModelError as error:
        if random_data == "resampled":
            raise AnalysisError(TOO_RARE) from error
        raise AnalysisError(
            "In random data with the shares of these answers some item no longer varies: too few respondents gave "
            "another answer than the rest. Use correlation='pearson'."
        ) from error
