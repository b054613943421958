"""Reliability of sums of ordered answers against semTools, and identities."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from cxkit.errors import ModelError
from cxkit.sem.after.categorical_omega import answer_covariances, omega_categorical

R: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "reference/sem_categorical_omega.json").read_text(encoding="utf-8")
)
CUTS = [[-1.0, 0.2, 1.1], [-0.5, 0.6], [0.3]]


@pytest.mark.parametrize("factor", list(R["factors"]))
def test_bfi_scales_are_semtools(factor: str) -> None:
    # R: semTools 0.5-6, compRelSEM(cfa(..., ordered =), obs.var = TRUE and FALSE).
    given = R["factors"][factor]
    observed = omega_categorical(given["loadings"], given["thresholds"], corr=given["observed"])
    implied = omega_categorical(given["loadings"], given["thresholds"])
    assert_allclose(observed, given["omega"], rtol=0, atol=1e-10)
    assert_allclose(implied, given["omega_implied"], rtol=0, atol=1e-10)
    again = omega_categorical(given["loadings"], given["thresholds"], corr=given["implied"])
    assert_allclose(again, implied, rtol=1e-9)


def test_perfect_items_are_perfectly_reliable() -> None:
    assert_allclose(omega_categorical([1.0, 1.0, 1.0], CUTS), 1.0, rtol=0, atol=1e-14)


def test_items_without_loading_have_no_reliability() -> None:
    assert_allclose(omega_categorical([0.0, 0.0, 0.0], CUTS), 0.0, rtol=0, atol=1e-14)


def test_fine_categories_approach_the_omega_of_continuous_items() -> None:
    loadings = np.array([0.5, 0.7, 0.8])
    fine = [np.linspace(-5, 5, 201)] * 3
    continuous = loadings.sum() ** 2 / (loadings.sum() ** 2 + (1 - loadings**2).sum())
    assert_allclose(omega_categorical(loadings, fine), continuous, rtol=2e-4)


def test_one_factor_split_into_two_perfectly_correlated_ones_is_one_factor() -> None:
    pattern = np.array([[0.6, 0.0], [0.0, 0.7], [0.5, 0.0]])
    assert_allclose(
        omega_categorical(pattern, CUTS, phi=np.ones((2, 2))), omega_categorical([0.6, 0.7, 0.5], CUTS), rtol=1e-14
    )


def test_covariances_of_answers_are_those_of_simulated_answers() -> None:
    rng = np.random.default_rng(2)
    rho = np.array([[1.0, 0.6, -0.3], [0.6, 1.0, 0.2], [-0.3, 0.2, 1.0]])
    latent = rng.multivariate_normal(np.zeros(3), rho, size=400_000)
    answers = np.stack([np.digitize(latent[:, item], CUTS[item]) for item in range(3)])
    padded = np.array([[*cuts, *[np.inf] * (3 - len(cuts))] for cuts in CUTS])
    assert_allclose(answer_covariances(padded, rho), np.cov(answers), rtol=0, atol=0.006)


def test_arguments_are_left_as_they_were() -> None:
    corr = np.full((3, 3), 0.4)
    omega_categorical([0.6, 0.7, 0.5], CUTS, corr=corr)
    assert np.all(corr == 0.4)


def test_refusals() -> None:
    with pytest.raises(ModelError, match="loadings are 2 x 1, with thresholds for 3 items"):
        omega_categorical([0.5, 0.6], CUTS)
    with pytest.raises(ModelError, match="corr is 2 x 2 for 3 items"):
        omega_categorical([0.5, 0.6, 0.7], CUTS, corr=np.eye(2))
    with pytest.raises(ModelError, match="Heywood case"):
        omega_categorical([0.5, 1.2, 0.7], CUTS)
