"""Probabilities of rectangles under the standard bivariate normal distribution, for many rectangles at once.

The distribution function goes through Owen's T function (Owen 1956), which stays accurate for every correlation up to
-1 and 1, where quadrature over the correlation would need ever more nodes. The slopes need no integral at all: the
derivative of the distribution function in the correlation is the density (Plackett 1954), and in a cut point it is a
univariate density times a univariate probability.

All functions broadcast. Cut points may be infinite. `rho` is the correlation, from -1 to 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, owens_t

Array = NDArray[np.float64]

# Beyond 38 standard deviations the normal tail is below the smallest positive double, so this is infinity.
FAR = 38.0
# Stands for a zero that something is divided by; its square must still be a double.
NEAR_ZERO = 1e-150
ROOT_TWO_PI = np.sqrt(2.0 * np.pi)


def normal_density(x: ArrayLike) -> Array:
    """Density of the standard normal distribution; 0 at plus and minus infinity."""
    return np.exp(-0.5 * np.square(np.asarray(x, dtype=float))) / ROOT_TWO_PI


def cdf(h: ArrayLike, k: ArrayLike, rho: ArrayLike) -> Array:
    """How probable is X <= h and Y <= k, when X and Y are standard normal with correlation rho?

    Absolute error below 1e-15 for every rho from -1 to 1. Agrees with R's `pbivnorm::pbivnorm(h, k, rho)`.

    Parameters
    ----------
    h, k : array_like
        Cut points, possibly infinite; broadcast against each other and rho.
    rho : array_like
        Correlations, from -1 to 1.

    Notes
    -----
    Owen, D. B. (1956). Tables for computing bivariate normal probabilities. Annals of Mathematical Statistics, 27.
    """
    h, k, rho = _away_from_zero(h), _away_from_zero(k), np.asarray(rho, dtype=float)
    # Near -1 and 1 the digits lie in the distance from there, so that distance enters k - rho h and the spread.
    sign = np.where(rho < 0.0, -1.0, 1.0)
    short = 1.0 - np.abs(rho)
    spread = np.maximum(np.sqrt(short * (2.0 - short)), NEAR_ZERO)
    apart, short = k - sign * h, sign * short
    first = owens_t(h, (apart + short * h) / (h * spread))
    second = owens_t(k, (short * k - sign * apart) / (k * spread))
    opposite = 0.5 * ((h < 0.0) != (k < 0.0))
    return np.maximum(0.5 * (ndtr(h) + ndtr(k)) - first - second - opposite, 0.0)


def _away_from_zero(cut: ArrayLike) -> Array:
    """The cut point, finite and never exactly zero, so that it can be divided by."""
    finite = np.clip(np.asarray(cut, dtype=float), -FAR, FAR)
    return np.where(np.abs(finite) < NEAR_ZERO, NEAR_ZERO, finite)


def density(h: ArrayLike, k: ArrayLike, rho: ArrayLike) -> Array:
    """Density of (X, Y) at (h, k); also the slope of `cdf` in rho. 0 where h or k is infinite; |rho| < 1."""
    return _density_and_exponent_slope(h, k, rho)[0]


def density_slope(h: ArrayLike, k: ArrayLike, rho: ArrayLike) -> Array:
    """Slope of the density in rho, that is the second derivative of `cdf` in rho; |rho| < 1."""
    value, relative_slope = _density_and_exponent_slope(h, k, rho)
    return value * relative_slope


def _density_and_exponent_slope(h: ArrayLike, k: ArrayLike, rho: ArrayLike) -> tuple[Array, Array]:
    """The density, and the slope of its logarithm in rho."""
    x, y = (np.clip(np.asarray(cut, dtype=float), -FAR, FAR) for cut in (h, k))
    r = np.asarray(rho, dtype=float)
    free = (1.0 - r) * (1.0 + r)
    product = x * y
    distance = (x * x - 2.0 * r * product + y * y) / free
    value = np.exp(-0.5 * distance) / (2.0 * np.pi * np.sqrt(free))
    return value, (r + product - r * distance) / free


def cell_probabilities(rows: Array, columns: Array, rho: Array) -> Array:
    """How probable is each cell of a table that cuts X at `rows` and Y at `columns`?

    Parameters
    ----------
    rows : array, shape (..., r + 1)
        Ascending cut points, the first minus infinity and the last plus infinity (further infinities give empty rows).
    columns : array, shape (..., c + 1)
        The same for the columns.
    rho : array, shape (...)
        One correlation for each table.

    Returns
    -------
    array, shape (..., r, c)
        Non-negative; the row sums are the normal probabilities of the rows, and so for the columns.
    """
    inner_rows, inner_columns = rows[..., 1:-1], columns[..., 1:-1]
    corners = np.zeros((*np.broadcast_shapes(rows.shape[:-1], columns.shape[:-1]), rows.shape[-1], columns.shape[-1]))
    corners[..., 1:-1, 1:-1] = cdf(inner_rows[..., :, None], inner_columns[..., None, :], rho[..., None, None])
    corners[..., -1, 1:-1] = ndtr(inner_columns)
    corners[..., 1:-1, -1] = ndtr(inner_rows)
    corners[..., -1, -1] = 1.0
    return np.maximum(_cells(corners), 0.0)


def cell_slopes(rows: Array, columns: Array, rho: Array) -> tuple[Array, Array]:
    """First and second derivative of `cell_probabilities` in rho, each of shape (..., r, c)."""
    shape = (*np.broadcast_shapes(rows.shape[:-1], columns.shape[:-1]), rows.shape[-1], columns.shape[-1])
    first, second = np.zeros(shape), np.zeros(shape)
    value, relative = _density_and_exponent_slope(
        rows[..., 1:-1, None], columns[..., None, 1:-1], np.asarray(rho)[..., None, None]
    )
    first[..., 1:-1, 1:-1] = value
    second[..., 1:-1, 1:-1] = value * relative
    return _cells(first), _cells(second)


def row_cut_slopes(rows: Array, columns: Array, rho: Array) -> Array:
    """How fast do cells grow when an inner cut point of the rows moves up?

    Element [..., s, c] is the derivative, in the cut point between row s and row s + 1, of the probability of cell
    (s, c); that of cell (s + 1, c) is its negative, and every other cell stays.

    Returns
    -------
    array, shape (..., r - 1, c)
    """
    cut, rho = rows[..., 1:-1, None], np.asarray(rho)[..., None, None]
    spread = np.sqrt((1.0 - rho) * (1.0 + rho))
    below = ndtr((columns[..., None, :] - rho * np.clip(cut, -FAR, FAR)) / spread)
    return normal_density(cut) * np.diff(below, axis=-1)


def _cells(corners: Array) -> Array:
    """Differences over both axes: from values at the corners of cells to values of the cells."""
    across = corners[..., 1:] - corners[..., :-1]
    return across[..., 1:, :] - across[..., :-1, :]
