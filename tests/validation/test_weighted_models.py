"""Models of weighted answers against lavaan 0.6-14; the calls stand in tests/reference/scripts/weights_models.R."""

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit.statistics.bootstrap import resample_counts, resampled_covariances
from cxkit.survey.datasets import dataset_path
from cxkit.validation.correlations import moments
from cxkit.validation.invariance.measurement import measurement_invariance
from cxkit.validation.reliability.omega import omega
from cxkit.validation.reliability.ordinal import ordinal_reliability
from cxkit.validation.structure.comparison import compare_structures
from cxkit.validation.structure.confirmatory import confirm_structure
from cxkit.validation.validity.convergent import convergent_validity
from cxkit.validation.validity.discriminant import discriminant_validity
from tests.test_weights import made_up, with_weights

# As in test_structure.py: lavaan's search stops up to 1e-5 before the optimum.
ESTIMATE = FIT = 1e-5
ONE, TWO = ["agreeableness"], ["agreeableness", "conscientiousness"]
HANDLING = ["listwise", "fiml"]
INDICES = {
    "chi_square": "chisq.scaled", "df": "df", "p_value": "pvalue.scaled", "cfi": "cfi.robust", "tli": "tli.robust",
    "rmsea": "rmsea.robust", "rmsea_low": "rmsea.ci.lower.robust", "rmsea_high": "rmsea.ci.upper.robust",
    "srmr": "srmr", "aic": "aic", "bic": "bic",
}  # fmt: skip


@pytest.fixture(scope="module")
def weighted():
    survey = cx.load_survey("bfi")
    return with_weights(survey, made_up(survey.n))


@pytest.mark.parametrize("missing", HANDLING)
@pytest.mark.parametrize(("name", "dimensions"), [("one", ONE), ("two", TWO)])
def test_structure_equals_lavaan(reference, weighted, name, dimensions, missing):
    # R: cfa(model, bfi, std.lv = TRUE, estimator = "MLR", missing = , sampling.weights = "w"); standardizedSolution
    wanted = reference("weights_models")["continuous"][missing][name]
    found = confirm_structure(weighted, dimensions=dimensions, missing=missing)
    assert found.n == wanted["n"]
    assert found.frame["item"].tolist() == wanted["items"]
    for ours, theirs in (("loading", "loading"), ("se", "se"), ("estimate", "estimate")):
        np.testing.assert_allclose(found.frame[ours], wanted[theirs], atol=ESTIMATE)
    for ours, theirs in (("ci_low", "low"), ("ci_high", "high")):
        np.testing.assert_allclose(found.frame[ours], wanted[theirs], atol=3 * ESTIMATE)
    for ours, theirs in INDICES.items():
        assert found.indices[ours] == pytest.approx(wanted["fit"][theirs], rel=FIT, abs=FIT), ours


@pytest.mark.parametrize("missing", HANDLING)
def test_misfit_equals_lavaan(reference, weighted, missing):
    # R: modindices(f)
    wanted = pd.DataFrame(reference("weights_models")["continuous"][missing]["one"]["misfit"])
    found = confirm_structure(weighted, dimensions=ONE, missing=missing).misfit.frame
    pairs = {frozenset((row.item, row.other)): (row.mi, row.epc) for row in found.itertuples()}
    ours = [pairs[frozenset((row.lhs, row.rhs))] for row in wanted.itertuples()]
    np.testing.assert_allclose(ours, wanted[["mi", "sepc"]], rtol=1e-4, atol=ESTIMATE)


@pytest.mark.parametrize("missing", HANDLING)
def test_what_rests_on_the_model_equals_semtools(reference, weighted, missing):
    # R: compRelSEM(f), AVE(f), standardizedSolution(f)
    wanted = reference("weights_models")["continuous"][missing]
    converging = convergent_validity(weighted, dimensions=TWO, missing=missing).frame
    np.testing.assert_allclose(converging["ave"], wanted["two"]["ave"], atol=ESTIMATE)
    np.testing.assert_allclose(converging["omega"], wanted["two"]["omega"], atol=ESTIMATE)
    apart = discriminant_validity(weighted, dimensions=TWO, missing=missing, bootstraps=0).frame.iloc[0]
    r = wanted["two"]["r"]
    assert apart[["r", "ci_low", "ci_high"]].tolist() == pytest.approx(
        [r["est"], r["low"], r["high"]], abs=3 * ESTIMATE
    )
    alone = omega(weighted, dimensions=ONE, missing="complete" if missing == "listwise" else missing, bootstraps=0)
    assert alone.frame["omega"].item() == pytest.approx(wanted["one"]["omega"], abs=ESTIMATE)


def test_htmt_is_that_of_weighted_correlations(reference, weighted):
    # R: mean and geometric mean of abs(cov.wt(x, w, cor = TRUE)$cor), complete answers
    found = discriminant_validity(weighted, dimensions=TWO, missing="listwise", bootstraps=0).frame.iloc[0]
    wanted = reference("weights_models")["htmt"]
    assert found[["htmt", "htmt2"]].tolist() == pytest.approx([wanted["htmt"], wanted["htmt2"]], rel=1e-10)


@pytest.mark.parametrize("missing", HANDLING)
def test_difference_of_structures_equals_lavaan(reference, weighted, missing):
    # R: lavTestLRT(two, orthogonal)
    found = compare_structures(weighted, models=["first-order", "orthogonal"], dimensions=TWO, missing=missing)
    wanted = reference("weights_models")["continuous"][missing]["difference"]
    row = found.frame.set_index("model").loc["orthogonal"]
    assert row["chi_square_difference"] == pytest.approx(wanted["chisq"], rel=1e-4)
    assert row["df_difference"] == wanted["df"]
    assert "BIC" not in found.text  # that of a pseudo-likelihood chooses nothing


@pytest.mark.parametrize("missing", HANDLING)
def test_ladder_of_invariance_equals_lavaan(reference, weighted, missing):
    # R: cfa(model, bfi, group = "gender", group.equal = , estimator = "MLR", missing = , sampling.weights = "w")
    gender = pd.read_csv(dataset_path("bfi"))["gender"].set_axis(weighted.given.index)
    found = measurement_invariance(
        weighted, by=gender, dimensions=ONE, share=0, missing="complete" if missing == "listwise" else missing
    )
    frame = found.frame.set_index("level")
    wanted = reference("weights_models")["invariance"][missing]
    for level, fit in wanted["steps"].items():
        ours = frame.loc[level, ["chi_square", "df", "cfi", "rmsea", "srmr"]].astype(float)
        theirs = [fit[key] for key in ("chisq.scaled", "df", "cfi.robust", "rmsea.robust", "srmr")]
        assert ours.tolist() == pytest.approx(theirs, rel=FIT, abs=FIT), level
    for level in ("metric", "scalar"):
        difference = wanted["differences"][level]
        assert frame.loc[level, "d_chi_square"] == pytest.approx(difference["chisq"], rel=1e-4)
    assert "effective n" in found.note


@pytest.mark.parametrize(("name", "dimensions"), [("one", ONE), ("two", TWO)])
def test_ordered_structure_equals_lavaan(reference, weighted, name, dimensions):
    # R: cfa(model, bfi, std.lv = TRUE, ordered = TRUE, estimator = "WLSMV", sampling.weights = "w")
    wanted = reference("weights_models")["ordered"][name]
    found = confirm_structure(weighted, dimensions=dimensions, ordered=True, missing="listwise")
    for ours, theirs in (("loading", "loading"), ("se", "se")):
        np.testing.assert_allclose(found.frame[ours], wanted[theirs], atol=ESTIMATE)
    scaled = {"chi_square": "chisq.scaled", "df": "df", "cfi": "cfi.scaled", "tli": "tli.scaled", "srmr": "srmr",
              "rmsea": "rmsea.scaled", "rmsea_low": "rmsea.ci.lower.scaled"}  # fmt: skip
    for ours, theirs in scaled.items():
        assert found.indices[ours] == pytest.approx(wanted["fit"][theirs], rel=FIT, abs=FIT), ours
    if name == "two":
        assert found.correlations["r"].item() == pytest.approx(wanted["r"]["est"], abs=ESTIMATE)
    else:
        moments_of = found.fit.sample.groups[0].ordinal
        np.testing.assert_allclose(moments_of.th, wanted["thresholds"], atol=1e-10)
        np.testing.assert_allclose(moments_of.corr, wanted["polychoric"], atol=1e-6)
        np.testing.assert_allclose(np.diag(moments_of.gamma), wanted["gamma"], rtol=1e-5)
        reliable = ordinal_reliability(weighted, dimensions=ONE, missing="complete").frame
        assert reliable["omega_categorical"].item() == pytest.approx(wanted["omega"], abs=ESTIMATE)


def test_ordered_answers_with_holes_equal_lavaan(reference, weighted):
    # R: the same with missing = "pairwise"
    wanted = reference("weights_models")["ordered"]["pairwise"]
    found = confirm_structure(weighted, dimensions=ONE, ordered=True)
    for ours, theirs in (("loading", "loading"), ("se", "se")):
        np.testing.assert_allclose(found.frame[ours], wanted[theirs], atol=ESTIMATE)
    assert found.indices["chi_square"] == pytest.approx(wanted["fit"]["chisq.scaled"], rel=FIT)


def test_what_ordered_answers_do_not_take_with_weights_is_refused(weighted):
    with pytest.raises(cx.AnalysisError, match=r"beside numbers .*have weights.*ordered=True"):
        confirm_structure(weighted, dimensions=ONE, ordered=["A1"])
    with pytest.raises(cx.AnalysisError, match=r"by ULSMV .*have weights.*WLSMV"):
        confirm_structure(weighted, dimensions=ONE, estimator="ULSMV")
    answers = weighted.items_of("agreeableness").assign(w=weighted.weights, half=np.arange(weighted.n) % 2)
    model = "f =~ A1 + A2 + A3 + A4 + A5"
    with pytest.raises(cx.ModelError, match="one group"):
        cx.sem.cfa(model, answers, ordered=True, weights="w", group="half")
    with pytest.raises(cx.ModelError, match="'A2' is not"):
        cx.sem.cfa(model, answers, ordered=["A1"], weights="w")


def test_estimators_without_weights_are_refused_and_ml_becomes_mlr(weighted):
    with pytest.raises(cx.AnalysisError, match=r"by WLS .*have weights.*only MLR.*without_weights"):
        confirm_structure(weighted, dimensions=ONE, estimator="WLS", ordered=False)
    found = confirm_structure(weighted, dimensions=ONE, estimator="ML", missing="listwise")
    assert found.plan.estimator == "MLR"
    assert "instead of ML" in found.note


def test_resamples_bring_their_weights():
    """The covariances of a resample are those of its respondents with their weights, holes included."""
    rng = np.random.default_rng(8)
    weights = rng.uniform(0.5, 4, 40)
    for holes in (0.0, 0.2):
        answers = rng.normal(0, 1, (40, 3))
        answers[rng.random(answers.shape) < holes] = np.nan
        found = np.concatenate(list(resampled_covariances(answers, weights, resamples=5, seed=3)))
        counts = np.concatenate(list(resample_counts(40, resamples=5, seed=3)))
        for ours, times in zip(found, counts.astype(int), strict=True):
            drawn = np.repeat(np.arange(40), times)
            theirs = moments(pd.DataFrame(answers[drawn]), "pairwise", weights[drawn]).covariance
            np.testing.assert_allclose(ours, theirs, rtol=1e-10)


def test_bootstrap_of_omega_spreads_as_the_sandwich_has_it(weighted):
    """Two ways to the error of a weighted omega: resamples with their weights, and the delta method under MLR."""
    answers = weighted.items_of("agreeableness").dropna()
    labelled = " + ".join(f"l{i}*{item}" for i, item in enumerate(answers))
    residuals = "\n".join(f"{item} ~~ e{i}*{item}" for i, item in enumerate(answers))
    loadings, errors = ("+".join(f"{letter}{i}" for i in range(5)) for letter in "le")
    model = f"f =~ {labelled}\n{residuals}\nomega := ({loadings})^2 / (({loadings})^2 + {errors})"
    fit = cx.sem.cfa(model, answers.assign(w=weighted.weights[answers.index]), weights="w", std_lv=True)
    wanted = fit.estimates.set_index("lhs").loc["omega", "se"]
    row = omega(weighted, dimensions=ONE, missing="complete", bootstraps=1000).frame.iloc[0]
    assert (row["ci_high"] - row["ci_low"]) / (2 * 1.96) == pytest.approx(wanted, rel=0.1)
