"""Statistics of ordered answers given predictors: R's values, identities, a known truth, and refusals.

R values: tests/reference/scripts/sem_conditional_ordinal.R (lavaan 0.6-14).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from cxkit.errors import ModelError
from cxkit.sem.ordinal.conditional import ConditionalMoments, conditional_moments
from cxkit.sem.ordinal.moments import ordinal_moments

ROOT = Path(__file__).parents[2]
R: dict[str, Any] = json.loads((ROOT / "tests/reference/sem_conditional_ordinal.json").read_text(encoding="utf-8"))
# In centuries, as in the R script: in years lavaan leaves the oldest respondent out of some likelihoods.
BFI = pd.read_csv(ROOT / "datasets/bfi/data.csv").assign(age=lambda d: d["age"] / 100)
ORDERED = ["A1", "A3", "N2"]
MIXED = ["A1", "education", "A3", "N2", "C5"]
PREDICTORS = ["age", "gender"]


def moments_of(
    data: pd.DataFrame, names: list[str], ordered: list[str], exogenous: list[str], **options: Any
) -> ConditionalMoments:
    columns = {str(name): column.to_numpy(dtype=float) for name, column in data.items()}
    return conditional_moments(columns, names, ordered, exogenous, **options)


@pytest.fixture(scope="module")
def mixed() -> ConditionalMoments:
    return moments_of(BFI[[*MIXED, *PREDICTORS]].dropna(), MIXED, ORDERED, PREDICTORS)


@pytest.mark.parametrize("key", ["ordered", "group", "mixed"])
def test_statistics_and_gamma_are_lavaans(key: str) -> None:
    # R: lavInspect(cfa("f =~ ...; f ~ age + gender", ordered=), "wls.obs"), "gamma" and "sampstat". lavaan's optimiser
    # stops once its steps are around 1e-8; gamma is taken relative to the standard errors.
    given = R[key]
    exogenous = [given["exogenous"]] if isinstance(given["exogenous"], str) else given["exogenous"]
    found = moments_of(BFI[[*given["names"], *exogenous]].dropna(), given["names"], given["ordered"], exogenous)
    gamma = np.array(given["gamma"])
    scale = np.sqrt(np.outer(np.diag(gamma), np.diag(gamma)))
    assert found.n == given["n"]
    assert found.gamma is not None
    assert_allclose(found.statistics, given["obs"], rtol=0, atol=1e-7)
    assert_allclose(found.gamma / scale, gamma / scale, rtol=0, atol=1e-6)
    assert_allclose(found.corr, np.array(given["cov"]), rtol=0, atol=1e-7)
    assert_allclose(found.slopes, np.array(given["slopes"]), rtol=0, atol=1e-7)
    assert_allclose(found.exogenous_mean, np.atleast_1d(given["mean_x"]), rtol=0, atol=1e-11)
    assert_allclose(found.exogenous_cov, np.atleast_2d(given["cov_x"]), rtol=0, atol=1e-11)


def test_continuous_variables_are_regressed_by_least_squares() -> None:
    data = BFI[["education", "C5", *PREDICTORS]].dropna()
    found = moments_of(data, ["education", "C5"], [], PREDICTORS)
    design = np.column_stack([np.ones(len(data)), data[PREDICTORS]])
    expected = np.linalg.lstsq(design, data[["education", "C5"]].to_numpy(), rcond=None)[0]
    residuals = data[["education", "C5"]].to_numpy() - design @ expected
    assert_allclose(-found.th, expected[0], rtol=1e-10)
    assert_allclose(found.slopes, expected[1:].T, rtol=1e-10, atol=1e-12)
    assert_allclose(found.corr, residuals.T @ residuals / len(data), rtol=1e-10)


def test_another_unit_of_a_predictor_changes_its_slopes_alone(mixed: ConditionalMoments) -> None:
    data = BFI[[*MIXED, *PREDICTORS]].dropna()
    after = moments_of(data.assign(age=1e5 * data["age"]), MIXED, ORDERED, PREDICTORS)
    unit = np.ones(mixed.statistics.size)
    unit[mixed.th.size : mixed.th.size + len(MIXED)] = 1e-5
    assert mixed.gamma is not None
    assert after.gamma is not None
    assert_allclose(after.statistics, mixed.statistics * unit, rtol=1e-9, atol=1e-14)
    assert_allclose(after.gamma / np.outer(unit, unit), mixed.gamma, rtol=1e-7, atol=1e-8)


def test_shifting_a_predictor_moves_thresholds_along_the_slopes(mixed: ConditionalMoments) -> None:
    data = BFI[[*MIXED, *PREDICTORS]].dropna()
    after = moments_of(data.assign(gender=data["gender"] + 3), MIXED, ORDERED, PREDICTORS, covariance=False)
    assert_allclose(after.slopes, mixed.slopes, rtol=0, atol=1e-10)
    assert_allclose(after.corr, mixed.corr, rtol=0, atol=1e-9)
    for name in ORDERED:
        slope = mixed.slopes[MIXED.index(name), 1]
        assert_allclose(after.thresholds[name], mixed.thresholds[name] + 3 * slope, rtol=0, atol=1e-10)


def test_order_of_items_is_irrelevant(mixed: ConditionalMoments) -> None:
    turned = MIXED[::-1]
    after = moments_of(BFI[[*MIXED, *PREDICTORS]].dropna(), turned, ORDERED, PREDICTORS)
    back = [turned.index(name) for name in MIXED]
    assert mixed.gamma is not None
    assert after.gamma is not None
    assert_allclose(after.corr[np.ix_(back, back)], mixed.corr, rtol=0, atol=1e-9)
    assert_allclose(after.slopes[back], mixed.slopes, rtol=0, atol=1e-12)
    assert_allclose(np.linalg.slogdet(after.gamma), np.linalg.slogdet(mixed.gamma), rtol=1e-7)


def test_a_predictor_balanced_over_all_answers_changes_nothing() -> None:
    data = BFI[["A1", "education", "A3"]].dropna()
    doubled = pd.concat([data.assign(version=version) for version in (0, 1)])
    given = moments_of(doubled, ["A1", "education", "A3"], ["A1", "A3"], ["version"], covariance=False)
    columns = {name: column.to_numpy(dtype=float) for name, column in data.items()}
    plain = ordinal_moments(columns, list(columns), ["A1", "A3"], covariance=False)
    assert_allclose(given.slopes, 0.0, rtol=0, atol=1e-12)
    assert_allclose(given.corr, plain.corr, rtol=0, atol=1e-9)
    assert_allclose(given.th, plain.th, rtol=0, atol=1e-12)


def test_simulated_truth_is_recovered() -> None:
    rng = np.random.default_rng(4)
    n = 20_000
    x = np.column_stack([rng.normal(2, 3, n), rng.integers(0, 2, n)])
    residual = rng.multivariate_normal([0, 0, 0], [[1, 0.6, 0.4], [0.6, 1, -0.2], [0.4, -0.2, 1]], n)
    slopes = np.array([[0.2, -0.5], [-0.1, 0.3], [0.4, 0.0]])
    latent = x @ slopes.T + residual
    data = pd.DataFrame({"a": np.digitize(latent[:, 0], [-0.5, 0.6]), "b": latent[:, 1] > 0.2, "c": latent[:, 2]})
    found = moments_of(data.assign(p=x[:, 0], q=x[:, 1]).astype(float), ["a", "b", "c"], ["a", "b"], ["p", "q"])
    truth = np.concatenate([[-0.5, 0.6, 0.2, 0.0], slopes.T.ravel(), [1.0, 0.6, 0.4, -0.2]])
    assert found.gamma is not None
    errors = np.sqrt(np.diag(found.gamma) / n)
    assert np.all(np.abs(found.statistics - truth) < 4 * errors)
    assert np.all(errors < 0.05)


def test_dependent_predictors_are_refused() -> None:
    data = BFI[["A1", "A3", "age"]].dropna()
    with pytest.raises(ModelError, match="predictors are linearly dependent"):
        moments_of(data.assign(months=12 * data["age"]), ["A1", "A3"], ["A1", "A3"], ["age", "months"])


def test_a_predictor_that_foretells_an_item_is_refused() -> None:
    data = BFI[["A1", "A3"]].dropna()
    with pytest.raises(ModelError, match="foretells A1 without error"):
        moments_of(data.assign(copy=data["A1"]), ["A1", "A3"], ["A1", "A3"], ["copy"])


def test_perfectly_correlated_items_and_missing_answers_are_named() -> None:
    data = BFI[["A1", "A3", "age"]].dropna()
    with pytest.raises(ModelError, match="A1 and again are perfectly correlated"):
        moments_of(data.assign(again=data["A1"]), ["A1", "again"], ["A1", "again"], ["age"])
    with pytest.raises(ModelError, match="age has 3 missing answers"):
        moments_of(data.assign(age=[*[np.nan] * 3, *data["age"][3:]]), ["A1", "A3"], ["A1", "A3"], ["age"])
