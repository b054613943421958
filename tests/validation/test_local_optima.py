"""A freer model that ends where it fits worse than its special case: searched from there, and no end of an analysis."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit import sem
from cxkit.sem.after.comparison import fits_worse
from cxkit.sem.after.finishing import finished
from cxkit.sem.after.nested import searched_from
from cxkit.validation.invariance import ladder
from cxkit.validation.invariance.measurement import measurement_invariance
from cxkit.validation.validity import method_models
from cxkit.validation.validity.common_method import common_method
from tests.validation.building import survey_of
from tests.validation.test_invariance import planted

DIMENSIONS = {key: [f"{key}{j}" for j in range(1, 5)] for key in "abc"}
EQUAL = "equal method loadings"


def plain_survey(seed=11):
    """Three correlated dimensions of four items, and no method."""
    rng = np.random.default_rng(seed)
    spread = np.array([[1, 0.5, 0.3], [0.5, 1, 0.6], [0.3, 0.6, 1]])
    factors = rng.multivariate_normal([0, 0, 0], spread, 300)
    answers = {}
    for k, items in enumerate(DIMENSIONS.values()):
        for item in items:
            answer = 0.7 * factors[:, k] + 0.7 * rng.standard_normal(300)
            answers[item] = np.digitize(answer, [-1.4, -0.5, 0.4, 1.2]) + 1.0
    return pd.DataFrame(answers)


def elsewhere(fit):
    """The same model, ended beside its optimum."""
    frame, z = fit.frame, fit.solution.z * 1.05
    states = frame.objective.states(z)
    ended = replace(fit.solution, z=z, states=states, value=frame.objective.value(states))
    kept = {"model": fit.model, "settings": fit.settings, "table": fit.table, "sample": fit.sample}
    return finished(type(fit), frame.objective, ended, frame.spaces, frame.estimator, kept)


def test_a_method_factor_is_searched_from_the_model_without():
    # Equal method loadings ended at .58 with a chi-square of 53.91, above that of the model without: 53.87.
    found = common_method(survey_of(plain_survey(), DIMENSIONS), estimator="ML")
    rows = found.frame.set_index("model")
    assert rows.loc[EQUAL, "chi_square"] == pytest.approx(rows.loc["dimensions only", "chi_square"], abs=1e-6)
    assert rows.loc[EQUAL, "method_share"] < 1e-6
    assert f"{EQUAL}: nothing to test" in found.note


@pytest.mark.parametrize("marker", [None, ["m1", "m2", "m3"]])
def test_a_method_factor_that_fits_worse_has_no_test_and_ends_nothing(monkeypatch, marker):
    answers = plain_survey()
    noise = np.random.default_rng(5).standard_normal((300, 4))
    answers[["m1", "m2", "m3"]] = noise[:, :3] + noise[:, 3:]
    cfa = sem.cfa

    def beside(model, *given, **how):
        fit = cfa(model, *given, **how)
        return elsewhere(fit) if "method_loading" in model else fit

    monkeypatch.setattr(sem, "cfa", beside)
    monkeypatch.setattr(method_models, "searched_from", lambda free, narrower: free)
    survey = survey_of(answers, DIMENSIONS | {"m": ["m1", "m2", "m3"]})
    found = common_method(survey, marker=marker, dimensions=list("abc"), estimator="ML")
    rows = found.frame[found.frame["model"] == EQUAL]
    assert rows["p_value"].isna().all()
    assert found.note.count("no difference test, as the search for the freer of the two models ended at a local") >= 1


@pytest.mark.parametrize("options", [{}, {"missing": "fiml"}, {"ordered": True}, {"estimator": "ML"}], ids=str)
def test_the_search_from_a_narrower_model_reaches_the_optimum(options):
    answers = plain_survey(3)[["a1", "a2", "a3", "a4", "b1", "b2", "b3", "b4"]]
    if "missing" in options:
        answers = answers.mask(np.random.default_rng(1).random(answers.shape) < 0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cx.CxkitWarning)
        free = sem.cfa("f =~ a1 + a2 + a3 + a4\ng =~ b1 + b2 + b3 + b4", answers, std_lv=True, **options)
        narrow = sem.cfa("f =~ a1 + a2 + a3 + k*a4\ng =~ b1 + b2 + b3 + b4\nf ~~ 0*g", answers, std_lv=True, **options)
        beside = elsewhere(free)
        assert beside.test.chisq > free.test.chisq + 0.1
        again = searched_from(beside, narrow)
    assert again.test.chisq == pytest.approx(free.test.chisq, abs=1e-6)
    assert again.estimates["est"].to_numpy() == pytest.approx(free.estimates["est"].to_numpy(), abs=1e-5)
    assert searched_from(free, narrow) is free


def test_a_level_of_invariance_is_searched_from_the_level_above(monkeypatch):
    survey, groups = planted()
    wanted = measurement_invariance(survey, by=groups, dimensions=["all"])
    fit_level, worse = ladder.fit_level, []

    def beside(design, level, freed):
        fit = fit_level(design, level, freed)
        if level == "metric" and not freed:
            fit = elsewhere(fit)
            worse.append(fits_worse(fit, fit_level(design, "scalar", freed)))
        return fit

    monkeypatch.setattr(ladder, "fit_level", beside)
    found = measurement_invariance(survey, by=groups, dimensions=["all"])
    assert worse == [True]
    pd.testing.assert_frame_equal(found.frame, wanted.frame, atol=1e-5)


@pytest.mark.parametrize("seed", [7, 13])
def test_a_survey_without_method_is_not_said_to_have_one(seed):
    # seed 13: a chi-square difference of 4.8 on one degree of freedom
    found = common_method(survey_of(plain_survey(seed), DIMENSIONS), estimator="ML")
    rows = found.frame.set_index("model")
    assert rows["p_value"].isna().all()
    assert np.isfinite(rows.loc[EQUAL, ["chi_square_difference", "df_difference", "d_bic", "d_cfi", "d_rmsea"]]).all()
    assert rows.loc[EQUAL, "d_bic"] == pytest.approx(rows.loc[EQUAL, "bic"] - rows.loc["dimensions only", "bic"])
    assert "An unmeasured method factor is not shown to fit better: BIC rises by " in found.text
    assert "its share of the items' variance is not determined" in found.text
    assert "would explain" not in found.text
    assert not found.better.any()
    assert "the difference has no chi-square distribution" in found.note


def method_frame(technique="unmeasured method factor"):
    return pd.DataFrame({
        "technique": technique,
        "model": ["dimensions only" if technique.startswith("un") else "marker unrelated", EQUAL,
                  "free method loadings"],
        "p_value": [np.nan, 0.001, 0.002],
        "d_bic": [np.nan, -10.1, -12.0],
        "method_share": [np.nan, 0.2, 0.3],
        "mean_correlation": [0.5, 0.4, 0.3],
        "proper": [True, True, False],
    })  # fmt: skip


def test_which_unmeasured_model_is_told_follows_from_bic():
    frame = method_frame()
    found = common_method(survey_of(plain_survey(7), DIMENSIONS), estimator="ML")
    told = replace(found, frame=frame).text
    assert f"fits better: BIC falls by 10.1 with {EQUAL} (a fall of more than 10 is very strong evidence" in told
    assert "it would explain 20% of" in told
    assert "With free method loadings its solution is improper: no verdict." in told
    told = replace(found, frame=frame.assign(proper=True)).text
    assert f"BIC falls by 12.0 with free method loadings and falls by 10.1 with {EQUAL}" in told
    assert "it would explain 30% of" in told
    told = replace(found, frame=frame.assign(d_bic=[np.nan, -9.9, -20.0])).text
    assert "is not shown to fit better: BIC falls by 9.9" in told
    told = replace(found, frame=frame.assign(proper=[True, False, False])).text
    assert "An unmeasured method factor has no verdict. With free method loadings and with equal method" in told
    told = replace(found, frame=frame, n_effective=200.0).text
    assert "has no verdict: weighted answers have no likelihood" in told
    assert "fits better" not in told


def test_which_model_of_a_marker_is_told_follows_from_the_tests():
    frame = method_frame("marker")
    found = common_method(survey_of(plain_survey(7), DIMENSIONS), estimator="ML")
    told = replace(found, frame=frame).text
    assert f"with {EQUAL} (chi-square difference (standard), p = .001) fits better and explains 20% of" in told
    assert "With free method loadings its solution is improper: no verdict." in told
    told = replace(found, frame=frame.assign(proper=True)).text
    assert "with free method loadings (chi-square difference (standard), p = .002) fits better and explains 30%" in told
    told = replace(found, frame=frame.assign(p_value=[np.nan, 0.04, 0.03], proper=True)).text  # by Holm .06 both
    assert "is not shown to fit better" in told
