"""Bivariate normal probabilities: exact identities, and R's values."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import ndtr

from cxkit.sem.ordinal.bivariate_normal import (
    cdf,
    cell_probabilities,
    cell_slopes,
    density,
    density_slope,
    normal_density,
    row_cut_slopes,
)

CORRELATIONS = [-1 + 1e-12, -0.999, -0.95, -0.5, -0.01, 0.0, 0.3, 0.9, 0.99, 1 - 1e-9]
POINTS = np.array([-5.0, -2.3, -0.7, -1e-9, 0.0, 0.4, 1.1, 3.2])
H, K = (axis.ravel() for axis in np.meshgrid(POINTS, POINTS))
ROWS = np.array([-np.inf, -1.2, 0.1, 0.9, np.inf])
COLUMNS = np.array([-np.inf, -0.4, 0.6, np.inf])


@pytest.mark.parametrize("rho", CORRELATIONS)
def test_orthants_follow_sheppard(rho: float) -> None:
    assert_allclose(cdf(0.0, 0.0, rho), 0.25 + np.arcsin(rho) / (2 * np.pi), rtol=0, atol=1e-15)


@pytest.mark.parametrize("rho", CORRELATIONS)
def test_exchanging_the_variables_changes_nothing(rho: float) -> None:
    assert_allclose(cdf(H, K, rho), cdf(K, H, rho), rtol=0, atol=1e-15)


@pytest.mark.parametrize("rho", CORRELATIONS)
def test_mirroring_one_variable_turns_the_correlation(rho: float) -> None:
    assert_allclose(cdf(H, K, rho) + cdf(H, -K, -rho), ndtr(H), rtol=0, atol=1e-15)


@pytest.mark.parametrize("rho", CORRELATIONS)
def test_an_infinite_cut_leaves_the_margin(rho: float) -> None:
    assert_allclose(cdf(H, np.inf, rho), ndtr(H), rtol=0, atol=1e-15)
    assert_allclose(cdf(-np.inf, K, rho), 0.0, rtol=0, atol=1e-15)


def test_uncorrelated_variables_multiply() -> None:
    assert_allclose(cdf(H, K, 0.0), ndtr(H) * ndtr(K), rtol=0, atol=1e-15)


def test_perfect_correlation_is_the_smaller_margin() -> None:
    assert_allclose(cdf(H, K, 1.0), ndtr(np.minimum(H, K)), rtol=0, atol=1e-15)
    assert_allclose(cdf(H, K, -1.0), np.maximum(ndtr(H) - ndtr(-K), 0.0), rtol=0, atol=1e-15)


@pytest.mark.parametrize("rho", [-0.95, -0.5, 0.0, 0.3, 0.9, 0.99])
def test_conditioning_on_one_variable_gives_the_same_integral(rho: float) -> None:
    nodes, weights = np.polynomial.legendre.leggauss(400)
    for h, k in [(-2.3, 0.4), (0.4, 0.7), (1.1, -0.7), (3.2, 1.1)]:
        x = -9 + (h + 9) * (nodes + 1) / 2
        inner = normal_density(x) * ndtr((k - rho * x) / np.sqrt(1 - rho**2))
        assert_allclose(cdf(h, k, rho), (h + 9) / 2 * weights @ inner, rtol=0, atol=1e-13)


def test_r_values() -> None:
    # R: sprintf("%.15f", pbivnorm::pbivnorm(h, k, rho)), pbivnorm 0.6.0
    h, k = np.array([-1.5, 0.3, 1.2, -0.8, 2.0]), np.array([0.4, 0.9, -2.1, -0.8, 1.9])
    rho = np.array([0.35, -0.6, 0.85, 0.97, -0.99])
    expected = np.array([0.058310540315685, 0.449064588762542, 0.017864420535662, 0.183521187411340, 0.948533308235819])
    assert_allclose(cdf(h, k, rho), expected, rtol=0, atol=1e-14)


def test_the_density_is_the_slope_in_the_correlation() -> None:
    for rho in (-0.9, -0.2, 0.0, 0.6, 0.95):
        step = 1e-5
        numeric = (cdf(H, K, rho + step) - cdf(H, K, rho - step)) / (2 * step)
        assert_allclose(density(H, K, rho), numeric, rtol=0, atol=1e-6)
        numeric = (density(H, K, rho + step) - density(H, K, rho - step)) / (2 * step)
        assert_allclose(density_slope(H, K, rho), numeric, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("rho", [-0.999, -0.4, 0.0, 0.7, 0.999])
def test_cells_sum_to_their_margins(rho: float) -> None:
    cells = cell_probabilities(ROWS, COLUMNS, np.array(rho))
    assert cells.shape == (4, 3)
    assert cells.min() >= 0.0
    assert_allclose(cells.sum(axis=1), np.diff(ndtr(ROWS)), rtol=0, atol=1e-14)
    assert_allclose(cells.sum(axis=0), np.diff(ndtr(COLUMNS)), rtol=0, atol=1e-14)


def test_slopes_of_cells_are_their_differences() -> None:
    rho, step = np.array(0.45), 1e-6
    first, second = cell_slopes(ROWS, COLUMNS, rho)
    up, down = (cell_probabilities(ROWS, COLUMNS, rho + sign * step) for sign in (1, -1))
    assert_allclose(first, (up - down) / (2 * step), rtol=0, atol=1e-9)
    up, down = (cell_slopes(ROWS, COLUMNS, rho + sign * step)[0] for sign in (1, -1))
    assert_allclose(second, (up - down) / (2 * step), rtol=0, atol=1e-9)


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_slopes_in_a_cut_point_are_differences(cut: int) -> None:
    rho, step = np.array(-0.3), 1e-6
    moved = [ROWS + sign * step * (np.arange(5) == cut) for sign in (1, -1)]
    up, down = (cell_probabilities(rows, COLUMNS, rho) for rows in moved)
    numeric = (up - down) / (2 * step)
    slopes = row_cut_slopes(ROWS, COLUMNS, rho)[cut - 1]
    assert_allclose(numeric[cut - 1], slopes, rtol=0, atol=1e-9)
    assert_allclose(numeric[cut], -slopes, rtol=0, atol=1e-9)
    assert_allclose(np.delete(numeric, [cut - 1, cut], axis=0), 0.0, rtol=0, atol=1e-15)


def test_many_tables_at_once_are_the_tables_one_by_one() -> None:
    rho = np.array([-0.5, 0.2, 0.9])
    together = cell_probabilities(np.tile(ROWS, (3, 1)), np.tile(COLUMNS, (3, 1)), rho)
    for one, table in zip(rho, together, strict=True):
        assert_allclose(table, cell_probabilities(ROWS, COLUMNS, one), rtol=0, atol=0)
