"""Data as real surveys bring them: each fault ends in one clear sentence, never in a traceback or a silent number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cxkit import sem
from cxkit.errors import CxkitWarning, ModelError
from tests.sem import cases
from tests.sem.fits import fitted
from tests.sem.test_properties import MODEL, simulated

SEED_WITHOUT_OPTIMUM = 3


def broken(**columns: object) -> pd.DataFrame:
    return cases.hs().assign(**columns)


def test_nullable_and_categorical_columns_are_numbers() -> None:
    data = cases.customers()
    nullable = data.astype("Int64")
    likert = data.apply(lambda c: pd.Categorical(c, categories=range(1, 12), ordered=True))
    plain = fitted("customersat_2f_ml").test.chisq
    assert sem.cfa(cases.CS2, nullable).test.chisq == pytest.approx(plain)
    assert sem.cfa(cases.CS2, likert).test.chisq == pytest.approx(plain)
    nullable.loc[3, "q2"] = pd.NA
    assert sem.cfa(cases.CS2, nullable).n_dropped == 1


def test_numbers_as_text_are_numbers() -> None:
    data = cases.customers().astype(str)
    assert sem.cfa(cases.CS2, data).test.chisq == pytest.approx(fitted("customersat_2f_ml").test.chisq)


def test_ordered_words() -> None:
    """An ordered categorical of words is ordered answers; an unordered one is refused."""
    data, words = cases.bfi_complete(), ["never", "seldom", "sometimes", "often", "mostly", "always"]
    items = [f"A{i}" for i in range(1, 6)]
    said = pd.DataFrame({i: pd.Categorical.from_codes(data[i].astype(int) - 1, words, ordered=True) for i in items})
    fit = sem.cfa(cases.A5, said, ordered=True)
    assert fit.test.chisq == pytest.approx(fitted("bfi_agree_wlsmv").test.chisq)
    with pytest.raises(ModelError, match="the column 'A1' holds the categories never, seldom, sometimes"):
        sem.cfa(cases.A5, said)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (cases.hs().drop(columns="x4"), "the model speaks of 'x4', which is not a column of the data. Known: id, sex"),
        (broken(x2=["good"] * 3 + [1.0] * 298), "the column 'x2' holds text\n.*row 0: 'good'"),
        (broken(x2=4.0), "everyone gave the same answer to 'x2'"),
        (broken(x2=np.nan), "no respondent has complete answers"),
        (broken(x2=lambda d: 2 * d["x1"] + 1), "'x1' and 'x2' correlate perfectly"),
        (broken(x2=lambda d: d["x2"].where(d.index > 0, np.inf)), "infinite values in 'x2'"),
        (cases.hs().head(8), "8 respondents for 9 items"),
        (broken(x9=lambda d: d["x7"] + d["x8"]), "The covariance matrix is singular"),
        (broken(x2=pd.Timestamp("2024-03-01")), "the column 'x2' holds dates or times"),
        ([1, 2], "data is a list; expected a DataFrame"),
    ],
)
def test_faults_are_named(data: object, words: str) -> None:
    with pytest.raises(ModelError, match=f"(?s){words}"):
        sem.cfa(cases.HS, data)


def test_duplicated_column() -> None:
    data = cases.hs()
    data = pd.concat([data, data[["x1"]]], axis=1)
    with pytest.raises(ModelError, match="the column 'x1' occurs 2 times"):
        sem.cfa(cases.HS, data)


def test_nobody_answered_one_item_under_fiml() -> None:
    with pytest.raises(ModelError, match="nobody answered 'x2'"):
        sem.cfa(cases.HS, broken(x2=np.nan), missing="fiml")


def never_together() -> pd.DataFrame:
    data = cases.hs()
    data.loc[:149, "x1"] = np.nan
    data.loc[150:, "x2"] = np.nan
    return data


@pytest.mark.parametrize("estimator", ["ML", "MLR"])
def test_items_never_answered_together(reference: Callable[[str], Any], estimator: str) -> None:
    """R: cfa(HS, data, missing = "fiml", estimator = estimator); lavaan 0.6-14 warns of 0% coverage and fits."""
    wanted = reference("sem_apart")["apart"][estimator]
    with pytest.warns(CxkitWarning, match="Nobody answered both items of 1 pair: 'x1' and 'x2'") as caught:
        fit = sem.cfa(cases.HS, never_together(), missing="fiml", estimator=estimator)
    assert "there are 1 fewer, and p is lower" in str(caught[0].message)
    for name, value in wanted["measures"].items():
        assert fit.measures[name] == pytest.approx(value, abs=1e-5), name
    rows = fit.estimates.query("op == '=~' and se > 0")
    assert rows["est"].to_numpy() == pytest.approx(wanted["loadings"], abs=1e-5)
    assert rows["se"].to_numpy() == pytest.approx(wanted["errors"], abs=1e-5)
    reason = "a pair of items that nobody answered together has no covariance of its own, on which this rests"
    absent = fit.note.split(f": {reason}.")[0]
    assert all(name in absent for name in ("gfi", "cfi.robust", *(["chisq.scaled"] if estimator == "MLR" else [])))


@pytest.mark.filterwarnings("ignore:Nobody answered both items:cxkit.errors.CxkitWarning")
def test_what_only_items_never_answered_together_could_tell_is_refused() -> None:
    with pytest.raises(ModelError, match="the data say nothing of the value of 'x1 ~~ x2'. Fix it, or leave it out"):
        sem.cfa(cases.HS + "\nx1 ~~ x2", never_together(), missing="fiml")


def test_too_few_for_the_holes() -> None:
    with pytest.raises(ModelError, match="12 respondents are too few, or their answers too incomplete"):
        sem.cfa(cases.HS, cases.hs_holes().head(12), missing="fiml")


def test_missing_weights() -> None:
    with pytest.raises(ModelError, match="Every sampling weight in 'w' is missing"):
        sem.cfa(cases.HS, broken(w=np.nan), weights="w")


def test_empty_rows_are_dropped_and_counted() -> None:
    data = cases.hs()
    data.loc[[5, 7], [f"x{i}" for i in range(1, 10)]] = np.nan
    fit = sem.cfa(cases.HS, data, missing="fiml")
    assert (fit.n, fit.n_dropped) == (299, 2)
    assert fit.note == "n = 299, 2 dropped."


def test_fiml_without_holes_is_ml() -> None:
    fit = sem.cfa(cases.HS, cases.hs(), missing="fiml", information="expected")
    plain = fitted("hs_ml_meanstructure")
    assert fit.test.chisq == pytest.approx(plain.test.chisq)
    assert fit.estimates["se"].to_numpy() == pytest.approx(plain.estimates["se"].to_numpy(), abs=1e-7)


def test_groups_that_do_not_fit() -> None:
    data = cases.hs()
    with pytest.raises(
        ModelError, match="group= names 'schol', but there is no column 'schol' in the data. Did you mean 'school'"
    ):
        sem.cfa(cases.HS, data, group="schol")
    with pytest.raises(ModelError, match="respondents in group '3' for 9 items"):
        sem.cfa(cases.HS, data.assign(school=[3] * 5 + [1] * 296), group="school")
    with pytest.raises(ModelError, match="everyone in group 'Pasteur' gave the same answer to 'x2'"):
        sem.cfa(cases.HS, data.assign(x2=data["x2"].where(data["school"] != "Pasteur", 1)), group="school")
    missing = data.assign(school=data["school"].where(data.index > 3))
    assert sem.cfa(cases.HS, missing, group="school").n_dropped == 4


def test_category_seen_in_one_group_only() -> None:
    data = cases.bfi_an()
    data["A1"] = data["A1"].where((data["gender"] == 1) | (data["A1"] < 6), 5)
    with pytest.raises(ModelError, match=r"nobody in group '2' answered 6 on A1, but others did"):
        sem.cfa(cases.A5, data, ordered=True, group="gender")


def test_weights_must_be_positive() -> None:
    with pytest.raises(
        ModelError, match="weights in 'w' must be positive numbers, or 0 for rows to leave out; the smal"
    ):
        sem.cfa(cases.HS, broken(w=-1.0), weights="w")


@pytest.mark.parametrize("missing", ["listwise", "fiml"])
def test_rows_that_count_nothing_are_nobody(missing: str) -> None:
    answers = cases.hs().assign(w=np.random.default_rng(3).uniform(0.5, 2, len(cases.hs())))
    answers.loc[answers.index[:60], "w"] = 0.0
    wanted = sem.cfa(cases.HS, answers[answers["w"] > 0], weights="w", missing=missing)
    with pytest.warns(CxkitWarning, match="Left out: 60 respondents whose weight in 'w' is 0"):
        got = sem.cfa(cases.HS, answers, weights="w", missing=missing)
    assert (got.n, got.n_dropped) == (wanted.n, 60)
    for name in ("bic", "chisq", "rmsea", "ntotal"):
        assert got.measures[name] == pytest.approx(wanted.measures[name], rel=1e-9)
    assert "Left out: 60 respondents whose weight in 'w' is 0." in got.note
    assert "Left out" not in wanted.note
    with pytest.raises(ModelError, match="or 0 for rows to leave out; the smallest is 0, the largest 0"):
        sem.cfa(cases.HS, answers.assign(w=0.0), weights="w")


def test_heywood_case_warns_and_keeps_the_numbers() -> None:
    with pytest.warns(CxkitWarning, match=r"Heywood case: the variance of 'i3' is estimated at -0\.578"):
        fit = sem.cfa(MODEL, simulated(16, 40))
    assert any("Heywood" in warning for warning in fit.warnings)


def test_empty_cells_warn() -> None:
    rng = np.random.default_rng(1)
    base = rng.integers(1, 4, 300)
    data = pd.DataFrame({f"i{k}": np.clip(base + rng.integers(-1, 2, 300), 1, 4) for k in range(4)})
    with pytest.warns(CxkitWarning, match=r"pairs of items have combinations of answers that nobody gave: i\d x i\d"):
        sem.cfa("f =~ i0 + i1 + i2 + i3", data, ordered=True)


def test_ordered_predictors_are_refused_where_they_mean_nothing() -> None:
    data = cases.bfi_people()
    with pytest.raises(ModelError, match="'A1' only predicts others, so its order does not enter the model"):
        sem.sem("N =~ N1 + N2 + N3\nN ~ A1", data, ordered=["A1", "N1", "N2", "N3"])
    with pytest.raises(ModelError, match="The ordered item 'A1' predicts another variable.*parameterization='theta'"):
        sem.sem("A1 ~ age\nA3 ~ A1", data, ordered=["A1", "A3"])
    with pytest.raises(ModelError, match="Reliability of ordered items is covered without predictors"):
        fitted("mimic_wlsmv").reliability()


def test_arguments_are_not_changed() -> None:
    data = cases.hs_holes()
    before = data.copy(deep=True)
    sem.cfa(cases.HS, data, missing="fiml", group="school", equal="loadings")
    pd.testing.assert_frame_equal(data, before)


def test_no_convergence_says_what_was_tried() -> None:
    """Uncorrelated items have no factor; lavaan 0.6-14 does not converge on this sample either."""
    rng = np.random.default_rng(SEED_WITHOUT_OPTIMUM)
    data = pd.DataFrame(rng.normal(size=(40, 6)), columns=[f"i{i}" for i in range(6)])
    words = (
        "did not converge. Tried: Fisher scoring from data-based starts; L-BFGS from data-based starts; Fisher scoring"
    )
    with pytest.raises(ModelError, match=words):
        sem.cfa(MODEL, data)


CLUSTER = {
    "hs": (cases.HS, cases.hs, {"cluster": "cl"}),
    "hs_groups": (cases.HS, cases.hs, {"cluster": "cl", "group": "school", "equal": "loadings"}),
    "fiml": (cases.HS, cases.hs_holes, {"cluster": "cl", "missing": "fiml"}),
    "lq": (cases.L3W, cases.lq, {"cluster": "COMPID"}),
    "expected": (cases.HS, cases.hs, {"cluster": "cl", "information": "expected"}),
    "mimic": (cases.MIMIC, cases.hs, {"cluster": "cl"}),
}


@pytest.mark.filterwarnings("ignore:Only [0-9]+ units:cxkit.errors.CxkitWarning")
@pytest.mark.parametrize("name", CLUSTER)
def test_cluster_without_an_estimator(reference: Callable[[str], Any], name: str) -> None:
    """cfa(model, data, cluster = ): lavaan's scaled test then takes other information than with estimator = "MLR"."""
    model, data, options = CLUSTER[name]
    measures = sem.sem(model, data(), **options).measures
    for measure, value in reference("sem_measures")["cluster"][name].items():
        if value is not None:
            assert measures[measure] == pytest.approx(value, rel=1e-4), measure


def test_few_clusters_are_told() -> None:
    data = cases.hs().assign(cl=lambda d: np.arange(len(d)) % 12)
    with pytest.warns(CxkitWarning, match=r"Only 12 units \('cl'\) for 30 parameters"):
        fit = sem.cfa(cases.HS, data, cluster="cl")
    assert "Only 12 units" in fit.note


MATRIX = cases.hs()[[f"x{i}" for i in range(1, 10)]]


@pytest.mark.parametrize(
    ("moments", "options", "words"),
    [
        ({"cor": MATRIX.cov(), "n": 301}, {}, "cor= has 1.66.* on its diagonal.*covariances are given as cov="),
        ({"cor": MATRIX.corr(), "sd": MATRIX.std() * 0, "n": 301}, {}, "standard deviations are positive; sd= holds 0"),
        ({"cov": MATRIX.cov(), "sd": MATRIX.std(), "n": 301}, {}, "cov= together with cor= or sd="),
        ({"cov": MATRIX.cov(), "n": 9}, {}, "9 respondents for 9 items"),
        ({"cov": MATRIX.cov(), "n": 0}, {}, "0 respondents for 9 items"),
        ({"cov": MATRIX.cov(), "n": 30.5}, {}, "n is 30.5.*a whole number"),
        ({"cov": MATRIX.cov(), "n": "301"}, {}, "n is '301'"),
        ({"cov": MATRIX.cov(), "n": 301}, {"group": "school"}, "group='school' needs the answers.*a list of Moments"),
        ({"cov": MATRIX.cov(), "n": 301}, {"cluster": "cl"}, "Published moments allow"),
        ({"cov": MATRIX.cov(), "n": 301}, {"weights": "w"}, "Published moments allow"),
        ({"cov": MATRIX.cov(), "n": 301}, {"ordered": True}, "Published moments allow"),
    ],
)
def test_moments_that_cannot_be_meant(moments: dict[str, Any], options: dict[str, Any], words: str) -> None:
    with pytest.raises(ModelError, match=f"(?s){words}"):
        sem.cfa(cases.HS, sem.Moments(**moments), **options)


def test_means_that_are_given_are_used() -> None:
    """cfa(HS, sample.cov = cov(hs), sample.mean = colMeans(hs), sample.nobs = 301): npar, srmr, aic."""
    moments = sem.Moments(cov=MATRIX.cov(), mean=MATRIX.mean(), n=301)
    fit = sem.cfa(cases.HS, moments)
    assert fit.n_parameters == 30
    assert fit.measures["srmr"] == pytest.approx(0.05952, abs=5e-6)
    assert fit.measures["aic"] == pytest.approx(7535.490, abs=5e-4)
    assert sem.cfa(cases.HS, moments, meanstructure=False).n_parameters == 21


def test_correlations_without_standard_deviations_are_told() -> None:
    with pytest.warns(CxkitWarning, match="cor= without sd=: .*standard errors"):
        fit = sem.cfa(cases.HS, sem.Moments(cor=MATRIX.corr(), n=301))
    assert "cor= without sd=" in fit.note
    scaled = sem.cfa(cases.HS, sem.Moments(cor=MATRIX.corr(), sd=MATRIX.std(), n=301))
    assert scaled.test.chisq == pytest.approx(fitted("hs_ml").test.chisq)
    assert fit.test.chisq == pytest.approx(scaled.test.chisq)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_an_item_whose_variance_is_certain_is_refused_on_any_scale_and_no_other(scale: float) -> None:
    """Half of the people one above, half one below the mean: every squared deviation is the same."""
    data = cases.hs()[[f"x{k}" for k in range(1, 10)]] * scale
    with pytest.warns(CxkitWarning, match="treats the answers as continuous"):
        assert sem.cfa(cases.HS, data, estimator="DWLS").converged
    data["x1"] = scale * np.where(np.arange(len(data)) % 2, 1.0, -1.0)
    certain = "the variance of 'x1' does not: all answers lie as far from the mean"
    with pytest.raises(ModelError, match=certain):
        sem.cfa(cases.HS, data.iloc[:300], estimator="DWLS")
