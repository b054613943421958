"""Correlations between the normal variables that are thought to stand behind ordered answers.

Two-step maximum likelihood (Olsson 1979; Olsson, Drasgow and Dorans 1982): thresholds come from each item alone, and
given these each correlation maximises the likelihood of its own pair. All pairs climb at once; each has its bracket, so
that a Newton step that overshoots becomes a bisection.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from cxkit.sem.ordinal.bivariate_normal import FAR, Array, cell_probabilities, cell_slopes, normal_density

Codes = NDArray[np.intp]
# Derivatives of the log-likelihood of some pairs: (rho, positions of these pairs) -> first and second derivative.
Derivatives = Callable[[Array, Codes], tuple[Array, Array]]

# A cell less probable than this is held constant, as lavaan does (the square root of R's machine epsilon): rounding
# would otherwise decide about one answer in a hundred million.
SMALLEST_CELL = 2.0**-26
SMALLEST_CATEGORY = 2.0**-52
# lavaan searches to these limits; an estimate beyond them means that the items are one and the same.
POLYCHORIC_LIMIT = 0.999
POLYSERIAL_LIMIT = 0.995
CONVERGED_STEP = 1e-8
MOST_STEPS = 100
ROWS_PER_CHUNK = 8192


def category_codes(column: Array) -> tuple[Codes, Array]:
    """Categories from 0 in ascending order (-1 for a missing answer), and the values they stand for."""
    present = column[~np.isnan(column)]
    whole = present.astype(np.int64) if present.size and np.abs(present).max() < 2**31 else None
    if whole is not None and np.array_equal(whole, present) and whole.max() - whole.min() < 4096:
        # Counting is faster than sorting, and survey answers are small whole numbers.
        used = np.bincount(whole - whole.min()) > 0
        values = np.flatnonzero(used) + whole.min()
        codes = (np.cumsum(used) - 1)[whole - whole.min()]
    else:
        values, codes = np.unique(present, return_inverse=True)
    if present.size == column.size:
        return codes.astype(np.intp), values.astype(float)
    everyone = np.full(column.shape, -1, dtype=np.intp)
    everyone[~np.isnan(column)] = codes
    return everyone, values.astype(float)


def cut_points(counts: Array) -> Array:
    """Thresholds with minus and plus infinity around them, from the number of answers in each category (last axis)."""
    cumulated = np.cumsum(counts, axis=-1)
    shares = cumulated[..., :-1] / cumulated[..., -1:]
    ends = np.full((*counts.shape[:-1], 1), np.inf)
    return np.concatenate([-ends, ndtri(np.minimum(shares, 1.0)), ends], axis=-1)


def item_pairs(variables: int) -> tuple[Codes, Codes]:
    """Positions (j, i) of all pairs of variables, i below j in the matrix, column by column."""
    return np.triu_indices(variables, 1)


def contingency_tables(codes: Codes, width: int, weights: Array | None = None) -> Array:
    """How often do any two answers occur together?

    Parameters
    ----------
    codes : int array, shape (items, n)
        Category of each answer from 0; -1 for a missing answer, which is then left out of the tables of its item only.
    width : int
        Number of categories of the item that has most.
    weights : array, shape (n,)
        How much each row counts; 1 where None.

    Returns
    -------
    array, shape (items, width, items, width)
        Counts; the tables of an item with itself hold its margins on the diagonal.
    """
    items, n = codes.shape
    total = np.zeros((items * width, items * width))
    category = np.arange(width)[None, :, None]
    for start in range(0, n, ROWS_PER_CHUNK):
        # Single precision counts exactly up to 2**24 rows, and a chunk has far fewer.
        chunk = codes[:, None, start : start + ROWS_PER_CHUNK]
        chosen = (chunk == category).astype(np.float32).reshape(items * width, chunk.shape[2])
        own = chosen if weights is None else chosen * weights[start : start + ROWS_PER_CHUNK]
        total += own @ chosen.T
    return total.reshape(items, width, items, width)


def share_empty_cell(tables: Array, rows: Array, columns: Array) -> Array:
    """Move half an answer into the one empty cell of a two by two table, its margins kept, as lavaan does.

    Without this the correlation would be perfect for no better reason than a small sample. A table with two empty
    cells stays as it is: there the correlation is perfect indeed.
    """
    two_by_two = (np.isfinite(rows).sum(axis=1) == 1) & (np.isfinite(columns).sum(axis=1) == 1)
    corner = tables[:, :2, :2]
    empty = corner == 0.0
    lone = two_by_two & (empty.sum(axis=(1, 2)) == 1)
    diagonal = np.where((empty[:, 0, 0] | empty[:, 1, 1]) & lone, 0.5, -0.5) * lone
    shared = tables.copy()
    shared[:, :2, :2] += diagonal[:, None, None] * np.array([[1.0, -1.0], [-1.0, 1.0]])
    return shared


def polychoric_estimates(tables: Array, rows: Array, columns: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Polychoric correlations of many pairs, given the thresholds.

    Parameters
    ----------
    tables : array, shape (pairs, r, c)
        Counts.
    rows, columns : array, shape (pairs, r + 1) and (pairs, c + 1)
        Cut points from minus to plus infinity; a pair with fewer categories has empty rows or columns at the end.

    Returns
    -------
    rho : array, shape (pairs,)
    perfect : bool array, shape (pairs,)
        True where the likelihood still rises at +-0.999.
    """

    def derivatives(rho: Array, pairs: Codes) -> tuple[Array, Array]:
        probability = cell_probabilities(rows[pairs], columns[pairs], rho)
        slope, curvature = cell_slopes(rows[pairs], columns[pairs], rho)
        held = probability <= SMALLEST_CELL
        probability[held] = 1.0
        counts = np.where(held, 0.0, tables[pairs])
        score = slope / probability
        second = curvature / probability - score * score
        return np.sum(counts * score, axis=(1, 2)), np.sum(counts * second, axis=(1, 2))

    return climb(derivatives, polychoric_start(tables, rows, columns), POLYCHORIC_LIMIT)


def polychoric_start(tables: Array, rows: Array, columns: Array) -> Array:
    """Correlation of the category numbers, freed from most of its attenuation (Olsson, Drasgow and Dorans 1982)."""
    n = tables.sum(axis=(1, 2))
    x, y = np.arange(tables.shape[1]), np.arange(tables.shape[2])
    in_rows, in_columns = tables.sum(axis=2), tables.sum(axis=1)
    covariance = np.einsum("pxy,x,y->p", tables, x, y) / n - (in_rows @ x) * (in_columns @ y) / n**2
    height = normal_density(rows).sum(axis=1) * normal_density(columns).sum(axis=1)
    return covariance / np.maximum(height, 1e-8)


def polyserial_estimates(z: Array, codes: Codes, cuts: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Polyserial correlations of one continuous variable with several ordered items, given the thresholds.

    Parameters
    ----------
    z : array, shape (n,)
        Standardised (mean 0, variance 1 with divisor n).
    codes : int array, shape (items, n)
        Categories from 0, none missing.
    cuts : array, shape (items, r + 1)
        Cut points from minus to plus infinity.

    Returns
    -------
    rho : array, shape (items,)
    perfect : bool array, shape (items,)
        True where the likelihood still rises at +-0.995.
    """
    bounds = [finite_bounds(cuts[item], codes[item]) for item in range(len(codes))]
    start = codes @ z / z.size / normal_density(cuts).sum(axis=1)
    return climb_each(lambda item, rho: polyserial_slopes(z, *bounds[item], rho), start, POLYSERIAL_LIMIT)


def finite_bounds(cuts: Array, codes: Codes) -> tuple[Array, Array]:
    """Cut points below and above the category that each respondent chose; infinite ones far out but finite."""
    finite = np.clip(cuts, -FAR, FAR)
    return finite[codes], finite[codes + 1]


def polyserial_slopes(z: Array, below: Array, above: Array, rho: float) -> tuple[float, float]:
    """First and second derivative in rho of the log-likelihood of one ordered item given one continuous variable."""
    lower, upper, probability = conditional_category(z, below, above, rho)
    free = (1.0 - rho) * (1.0 + rho)
    first, second = np.zeros_like(z), np.zeros_like(z)
    for sign, point, cut in ((1.0, upper, above), (-1.0, lower, below)):
        height = sign * normal_density(point)
        pace = (rho * cut - z) / free**1.5
        first += height * pace
        second += height * (cut / free**1.5 + 3.0 * rho * pace / free - point * pace * pace)
    score = first / probability
    return float(np.sum(score)), float(np.sum(second / probability - score * score))


def conditional_category(z: Array, below: Array, above: Array, rho: float) -> tuple[Array, Array, Array]:
    """Bounds of the category chosen, and its probability, given a continuous variable with correlation rho."""
    spread = np.sqrt((1.0 - rho) * (1.0 + rho))
    lower, upper = (below - rho * z) / spread, (above - rho * z) / spread
    return lower, upper, interval_probability(lower, upper)


def interval_probability(lower: Array, upper: Array) -> Array:
    """Probability between two points, from the smaller of both tails, which keeps its digits; never quite zero."""
    mirrored = lower > 0.0
    probability = ndtr(np.where(mirrored, -lower, upper)) - ndtr(np.where(mirrored, -upper, lower))
    return np.maximum(probability, SMALLEST_CATEGORY)


def climb_each(
    slopes: Callable[[int, float], tuple[float, float]], start: Array, limit: float
) -> tuple[Array, NDArray[np.bool_]]:
    """`climb` for functions that are computed one by one: (position, rho) -> first and second derivative."""

    def derivatives(rho: Array, positions: Codes) -> tuple[Array, Array]:
        both = [slopes(int(position), float(r)) for position, r in zip(positions, rho, strict=True)]
        return np.array([first for first, _ in both]), np.array([second for _, second in both])

    return climb(derivatives, start, limit)


def climb(derivatives: Derivatives, start: Array, limit: float) -> tuple[Array, NDArray[np.bool_]]:
    """Maximise many functions of one correlation each, within -limit and limit.

    Returns
    -------
    rho : array
    perfect : bool array
        True where the function still rises at a limit; rho is then that limit.
    """
    low, high = np.full(start.shape, -limit), np.full(start.shape, limit)
    rho = np.clip(np.nan_to_num(start), -0.95, 0.95)
    active = np.arange(start.size)
    for _ in range(MOST_STEPS):
        here = rho[active]
        first, second = derivatives(here, active)
        low[active] = np.where(first > 0.0, here, low[active])
        high[active] = np.where(first > 0.0, high[active], here)
        step = first / np.where(second < 0.0, -second, np.inf)
        there = here + step
        outside = (second >= 0.0) | (there <= low[active]) | (there >= high[active])
        there = np.where(outside & (first != 0.0), 0.5 * (low[active] + high[active]), there)
        rho[active] = there
        active = active[np.abs(there - here) > CONVERGED_STEP]
        if not active.size:
            break
    perfect = np.abs(rho) > limit - 10.0 * CONVERGED_STEP
    return np.where(perfect, np.sign(rho) * limit, rho), perfect
