"""The saturated model's derivatives, and that models of one sample share them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxkit import sem
from cxkit.errors import CxkitWarning
from cxkit.sem.fit import Fit
from cxkit.sem.search.saturated import Saturated
from tests.sem import cases
from tests.sem.fits import fitted


def saturated(fit: Fit, group: int = 0) -> Saturated:
    return Saturated(data=fit.sample.groups[group], space=fit.frame.spaces[group])


def moved(space: object, mean: np.ndarray, cov: np.ndarray, k: int, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Means and covariances with the k-th moment of the space changed."""
    mean, cov, size = mean.copy(), cov.copy(), len(space.r)  # type: ignore[attr-defined]
    if k < size:
        i, j = space.r[k], space.c[k]  # type: ignore[attr-defined]
        cov[i, j] += step
        cov[j, i] = cov[i, j]
    else:
        mean[space.m[k - size]] += step  # type: ignore[attr-defined]
    return mean, cov


@pytest.mark.parametrize("name", ["hs_missing_mlr_fiml", "fiml_predictors_mlr", "weights_mlr", "hs_ml"])
def test_information_is_the_slope_of_the_scores(name: str) -> None:
    """At any moments, here those that the model implies: the numerical derivative of the casewise scores' average."""
    fit = fitted(name)
    model, data, at = saturated(fit), fit.sample.groups[0], fit.frame.states[0].at
    weights = np.ones(data.n) if data.weights is None else data.weights

    def average(mean: np.ndarray, cov: np.ndarray) -> np.ndarray:
        return np.asarray(weights @ model.scores(model.stack(mean, cov)) / weights.sum())

    step = 1e-5
    slopes = np.array([
        average(*moved(model.space, at.mu, at.sigma, k, step)) - average(*moved(model.space, at.mu, at.sigma, k, -step))
        for k in range(model.space.size)
    ]) / (2 * step)  # fmt: skip
    assert model.hessian(model.stack(at.mu, at.sigma)) == pytest.approx(-slopes, rel=1e-5, abs=1e-6)


def test_scores_vanish_on_average_at_the_samples_own_moments() -> None:
    model = saturated(fitted("hs_missing_mlr_fiml"))
    data = model.data
    assert model.scores(model.stack(data.mean, data.cov)).mean(0) == pytest.approx(0, abs=1e-8)


def test_models_of_one_sample_share_its_moments() -> None:
    data = cases.hs_holes()
    three, one = (sem.cfa(model, data, missing="fiml") for model in (cases.HS, cases.ONE))
    assert one.sample is three.sample
    before = one.measures
    again = sem.cfa(cases.ONE, data.copy(), missing="fiml")
    pd.testing.assert_series_equal(again.measures, before)


def test_other_row_labels_and_a_note_on_one_model_share_the_moments() -> None:
    data = cases.hs_holes()
    first = sem.cfa(cases.HS, data, missing="fiml")
    labelled = data.set_axis([f"person {k}" for k in range(len(data))])
    with pytest.warns(CxkitWarning, match="x2"):
        noted = sem.cfa(cases.ONE.replace("x3", "x2*x3", 1), labelled, missing="fiml")
    assert noted.sample.groups[0] is first.sample.groups[0]
    assert noted.scores().index.equals(labelled.index)
    assert first.scores().index.equals(data.index)


def test_another_answer_is_another_sample() -> None:
    data = cases.hs_holes()
    changed = data.copy()
    changed.loc[4, "x1"] += 1
    first, second = (sem.cfa(cases.HS, d, missing="fiml") for d in (data, changed))
    assert second.sample is not first.sample
    assert second.test.chisq != first.test.chisq
    by_school = sem.cfa(cases.HS, data, missing="fiml", group="school")
    assert by_school.sample is not first.sample


def test_what_is_shared_cannot_be_changed() -> None:
    answers = sem.cfa(cases.HS, cases.hs_holes(), missing="fiml").sample.groups[0].answers
    with pytest.raises(ValueError, match="read-only"):
        answers[0, 0] = 9.0  # type: ignore[index]
