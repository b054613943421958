"""How far would a coefficient move with other respondents? Their covariances in many resamples, without redoing any.

A resample counts how often each respondent is drawn. Sums of answers and of their products under these counts are one
matrix product for many resamples at once; nobody's answers are copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

MOST_LOST = 0.05
"""Share of resamples without a value, up to which the others still stand for all: those that fail are not like those
that do not."""

ROWS = 16_384
"""Respondents whose products of answers are held at a time."""

NUMBERS = 8_000_000
"""Counts held at a time: the number of resamples in a block times the number of respondents."""


def resample_counts(n: int, *, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """How often each of n respondents is drawn, in blocks of (resamples, n); the same for the same seed."""
    rng = np.random.default_rng(seed)
    at_once = max(1, NUMBERS // max(n, 1))
    for start in range(0, resamples, at_once):
        counts = np.empty((min(at_once, resamples - start), n))
        for row in counts:
            row[:] = np.bincount(rng.integers(0, n, size=n), minlength=n)
        yield counts


def resampled_covariances(
    values: np.ndarray, weights: np.ndarray | None = None, *, resamples: int, seed: int
) -> Iterator[np.ndarray]:
    """Covariances of items in resamples of respondents, pairwise where answers are missing.

    Respondents are drawn alike and bring their weights with them: the spread over resamples is then that of a design
    of unequal selection probabilities without strata or clusters, as the linearised errors of R's `svydesign(ids = ~1,
    weights = ~w)` have it (Rust & Rao 1996).

    Parameters
    ----------
    values
        Respondents by items, NaN where not answered.
    weights
        Of the respondents; None where everybody counts alike.
    resamples, seed
        How many, and of the random numbers: the same seed draws the same respondents.

    Yields
    ------
    Arrays of (resamples of a block, items, items); NaN where fewer than two drawn respondents answered both items.
    """
    centred = values - np.nan_to_num(np.nanmean(values, axis=0)) if len(values) else values
    for counts in resample_counts(len(values), resamples=resamples, seed=seed):
        yield _covariances(counts, centred) if weights is None else _weighted(counts, centred, weights)


def resampled_variances(values: np.ndarray, *, resamples: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of complete answers, the sum of the items' variances and the variance of their sum, in each resample of a block.

    All that alpha needs, without the covariances.
    """
    n = len(values)
    centred = values - values.mean(axis=0)
    total = centred.sum(axis=1)
    for counts in resample_counts(n, resamples=resamples, seed=seed):
        sums = counts @ centred
        own = counts @ (centred**2).sum(axis=1) - (sums**2).sum(axis=1) / n
        yield own / (n - 1), (counts @ total**2 - sums.sum(axis=1) ** 2 / n) / (n - 1)


@dataclass
class _Sums:
    """Numbers of answers to both items, sums of the first over these, and sums of products."""

    both: np.ndarray
    first: np.ndarray
    products: np.ndarray


def _covariances(counts: np.ndarray, values: np.ndarray) -> np.ndarray:
    sums = _sums(counts, values)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (sums.products - sums.first * sums.first.transpose(0, 2, 1) / sums.both) / (sums.both - 1)
    return np.where(sums.both > 1, found, np.nan)


def _weighted(counts: np.ndarray, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Each n / (n - 1) times the weighted mean product of deviations, n being the drawn rows of the pair."""
    sums = _sums(counts * weights, values)
    drawn = _sums(counts, values).both if np.isnan(values).any() else np.full(sums.both.shape, float(len(values)))
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums.first / sums.both
        found = (sums.products / sums.both - means * means.transpose(0, 2, 1)) * drawn / (drawn - 1)
    return np.where(drawn > 1, found, np.nan)


def _sums(counts: np.ndarray, values: np.ndarray) -> _Sums:
    complete = ~np.isnan(values).any(axis=1)
    size, k = len(counts), values.shape[1]
    sums = _Sums(*(np.zeros((size, k, k)) for _ in range(3)))
    all_complete = bool(complete.all())
    _add_complete(sums, *((counts, values) if all_complete else (counts[:, complete], values[complete])))
    if not all_complete:
        _add_incomplete(sums, counts[:, ~complete], values[~complete])
    return sums


def _add_complete(sums: _Sums, counts: np.ndarray, values: np.ndarray) -> None:
    """Respondents without gaps: one sum an item, and the products of each pair of items once."""
    sums.both += counts.sum(axis=1)[:, np.newaxis, np.newaxis]
    sums.first += (counts @ values)[:, :, np.newaxis]
    for start in range(0, len(values), ROWS):
        rows = slice(start, start + ROWS)
        _add_products(sums.products, counts[:, rows], values[rows])


def _add_incomplete(sums: _Sums, counts: np.ndarray, values: np.ndarray) -> None:
    """Respondents with gaps: everything by pairs of items."""
    for start in range(0, len(values), ROWS):
        block, drawn = values[start : start + ROWS], counts[:, start : start + ROWS]
        seen = (~np.isnan(block)).astype("float64")
        given = np.nan_to_num(block)
        _add_products(sums.both, drawn, seen)
        _add_products(sums.products, drawn, given)
        n, k = block.shape
        one_with_other = (given[:, :, np.newaxis] * seen[:, np.newaxis, :]).reshape(n, k * k)
        sums.first += (drawn @ one_with_other).reshape(-1, k, k)


def _add_products(out: np.ndarray, drawn: np.ndarray, columns: np.ndarray) -> None:
    """Add each resample's sums of the products of two columns, each pair of columns multiplied once."""
    i, j = np.triu_indices(columns.shape[1])
    pairs = drawn @ (columns[:, i] * columns[:, j])
    out[:, i, j] += pairs
    off = i != j
    out[:, j[off], i[off]] += pairs[:, off]


def lost_too_many(replicates: np.ndarray) -> bool:
    """Whether so many resamples have no value that no interval may be made of the others."""
    return float((~np.isfinite(replicates)).mean() if len(replicates) else 0.0) > MOST_LOST


def percentile_interval(
    replicates: np.ndarray, confidence: float, method: Literal["linear", "inverted_cdf"] = "linear"
) -> tuple[float, float]:
    """The middle share of the replicates; NaN with fewer than two that have a value, or where too many have none.

    `method` is that of `numpy.quantile`: "inverted_cdf" gives ends that were drawn.
    """
    found = replicates[np.isfinite(replicates)]
    if len(found) < 2 or lost_too_many(replicates):
        return float("nan"), float("nan")
    low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2], method=method)
    return float(low), float(high)


def percentile_intervals(
    replicates: np.ndarray, confidence: float, method: Literal["linear", "inverted_cdf"] = "linear"
) -> np.ndarray:
    """The interval of each column, shape (2, columns): the lower ends, then the upper ones."""
    ends = [percentile_interval(column, confidence, method) for column in replicates.T]
    return np.array(ends, dtype="float64").reshape(-1, 2).T


def bootstrap_note(bootstraps: int, seed: int, failed: int = 0, *, of: str = "") -> str:
    """How the intervals (`of` what, where a table has others too) were made, in a sentence."""
    without = (
        f"; {failed:,} in which a coefficient could not be computed are left out, and where these are more than "
        f"{MOST_LOST:.0%} there is no interval"
        if failed
        else ""
    )
    return (
        f"Intervals{of and f' of {of}'}: percentiles of {bootstraps:,} resamples of respondents, seed {seed}{without}."
    )
