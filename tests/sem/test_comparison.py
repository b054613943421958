"""Nested models, modification indices, released equalities: against lavTestLRT, modindices and lavTestScore."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from cxkit import sem
from cxkit.errors import CxkitWarning, ModelError
from tests.sem import cases
from tests.sem.fits import fitted

Read = Callable[[str], Any]
STEPS = list(cases.LADDER)
ORDINAL = list(cases.ORDINAL_LADDER)


@pytest.mark.parametrize(
    "name", ["hs_school_ml", "hs_school_mlr", "hs_sex_ml", "bfi_AN_gender_ml", "bfi_AN_gender_mlr"]
)
def test_invariance_ladder(reference: Read, name: str) -> None:
    """lavTestLRT(configural, metric, scalar, strict, strict_means): plain, or Satorra-Bentler 2001 under MLR."""
    wanted = reference("sem_results")["ladder_lrt"][name]
    for k, (free, tight) in enumerate(pairwise(STEPS), start=1):
        got = fitted(f"{name}.{free}").compare(fitted(f"{name}.{tight}"))
        assert got.chisq_diff == pytest.approx(wanted["Chisq diff"][k], rel=1e-4)
        assert got.df_diff == wanted["Df diff"][k]
        if "RMSEA" in wanted:
            assert got.frame["rmsea_diff"].iloc[1] == pytest.approx(wanted["RMSEA"][k], rel=1e-4)


def test_changes_of_indices(reference: Read) -> None:
    wanted = reference("sem_results")["ladder_delta"]["hs_school_ml"]
    got = fitted("hs_school_ml.configural").compare(fitted("hs_school_ml.metric"))
    assert got.d_cfi == pytest.approx(wanted["cfi"]["metric.cfi"], rel=1e-4)
    assert got.d_rmsea == pytest.approx(wanted["rmsea"]["metric.rmsea"], rel=1e-4)
    assert got.d_srmr == pytest.approx(wanted["srmr"]["metric.srmr"], rel=1e-4)


@pytest.mark.parametrize("method", ["satorra.2000", "satorra.bentler.2001", "satorra.bentler.2010"])
def test_scaled_differences(reference: Read, method: str) -> None:
    """lavTestLRT(configural, metric, method = ) under MLM."""
    with_mlm = [
        sem.cfa(cases.HS, cases.hs(), estimator="MLM", group="school", equal=equal) for equal in ((), ("loadings",))
    ]
    got = with_mlm[0].compare(with_mlm[1], method)
    assert got.chisq_diff == pytest.approx(reference("sem_results")["mlm_lrt"][method], rel=1e-4)
    assert got.method == method


@pytest.mark.parametrize("name", ["bfi_agree_gender", "bfi_AN_gender", "datCat_simulated", "bfi25_gender"])
def test_ordinal_ladder(reference: Read, name: str) -> None:
    """Wu & Estabrook (2016) by measEq.syntax; lavTestLRT by Satorra 2000, scaled and shifted."""
    pairs = reference("sem_results")["ordinal_lrt"][name]
    for free, tight in pairwise(ORDINAL):
        value, df = pairs[f"{free}_vs_{tight}"]
        got = fitted(f"{name}.{free}").compare(fitted(f"{name}.{tight}"))
        assert got.chisq_diff == pytest.approx(value, rel=1e-4)
        assert got.df_diff == df


def test_difference_with_missing_answers(reference: Read) -> None:
    got = fitted("fiml_groups_mlr").compare(fitted("fiml_groups_mlr_configural"))
    assert got.chisq_diff == pytest.approx(reference("sem_results")["fiml_lrt"]["Chisq diff"], rel=1e-4)


def test_difference_of_wlsm(reference: Read) -> None:
    data = cases.bfi_an()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CxkitWarning)
        fits = [
            sem.cfa(model, data, ordered=True, estimator="WLSM")
            for model in (cases.A5, "A =~ A1 + a*A2 + a*A3 + A4 + A5")
        ]
    got = fits[0].compare(fits[1])
    assert got.chisq_diff == pytest.approx(reference("sem_results")["ordinal_wlsm_lrt"]["Chisq diff"], rel=1e-4)


def test_a_model_does_not_differ_from_itself() -> None:
    for name in ("hs_ml", "hs_mlr", "bfi_agree_wlsmv"):
        got = fitted(name).compare(fitted(name))
        assert (got.chisq_diff, got.df_diff, got.d_cfi) == (0.0, 0, 0.0)


def test_order_of_arguments_does_not_matter() -> None:
    a, b = fitted("hs_ml"), fitted("hs_1factor")
    assert a.compare(b).chisq_diff == b.compare(a).chisq_diff


def test_incomparable_models_are_refused() -> None:
    with pytest.raises(ModelError, match="cannot be compared: they hold 301 and 123 respondents"):
        fitted("hs_ml").compare(fitted("hs_missing_listwise"))
    with pytest.raises(ModelError, match="one was fitted by ML, the other by MLR"):
        fitted("hs_ml").compare(fitted("hs_mlr"))
    with pytest.raises(ModelError, match=r"needs a scaled test; ML has none"):
        fitted("hs_ml").compare(fitted("hs_1factor"), "satorra.2000")
    with pytest.raises(ModelError, match=r"does not know method='satorra2000'.*Did you mean 'satorra.2000'"):
        fitted("hs_ml").compare(fitted("hs_1factor"), "satorra2000")


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("hs_ml", "hs_school_ml.configural", "one has 1 group, the other 2"),
        ("hs_school_ml.configural", "hs_sex_ml.metric", "groups were formed by school in one and sex in the other"),
        ("hs_mlr", "cluster_groups", "one has 1 group, the other 2"),
        ("lq2002_3f_mlr_noncluster", "lq2002_3f_cluster_robust", "units are those of nothing in one and COMPID"),
        ("weights_mlr", "weights_cluster", "units are those of nothing in one and COMPID in the other"),
        ("hs_ml", "hs_ml_expected_wishart", "the likelihood is normal in one and wishart in the other"),
        ("random_x", "path_means_mlr", "one was fitted by ML"),
        ("wlsmv_cont", "mixed_wlsmv", "they hold 6 and 9 variables; 'x7', 'x8', 'x9' in one of them only"),
        ("hs_missing_fiml", "hs_missing_listwise", "missing answers were treated by fiml in one and listwise"),
        ("hs_missing_mlr_fiml", "cluster_fiml", "units are those of nothing in one and cl in the other"),
    ],
)
def test_samples_that_differ_are_refused_with_the_reason(first: str, second: str, words: str) -> None:
    with pytest.raises(ModelError, match=f"The two models cannot be compared: {words}"):
        fitted(first).compare(fitted(second))


def test_a_fit_knows_its_rows() -> None:
    data = cases.hs()
    model, tight = "f =~ x1 + x2 + x3 + x4", "f =~ x1 + a*x2 + a*x3 + x4"
    fit = sem.cfa(model, data)
    shuffled = sem.cfa(tight, data.sample(frac=1, random_state=1))
    assert fit.compare(shuffled).df_diff == 1
    other = data.assign(x1=np.where(data.index == 5, data["x1"] + 1, data["x1"]))
    for changed in (other, data.iloc[[1, *range(1, 301)]]):
        with pytest.raises(ModelError, match="their answers are not the same, though as many"):
            fit.compare(sem.cfa(tight, changed))
    upside_down = data.assign(w=data["w"].to_numpy()[::-1])
    weighted = [sem.cfa(model, data, weights="w"), sem.cfa(tight, upside_down, weights="w")]
    with pytest.raises(ModelError, match="their answers are not the same"):
        weighted[0].compare(weighted[1])
    given = [sem.sem("x1 ~ x2 + x3", data, fixed_x=fixed) for fixed in (True, False)]
    with pytest.raises(ModelError, match="fixed_x is True in one and False in the other|False in one and True"):
        given[0].compare(given[1])
    pairs = ((model, ["x1", "x2"]), (tight, ["x1"]))
    ordered = [sem.cfa(text, cases.hs_cut(), ordered=items) for text, items in pairs]
    with pytest.raises(ModelError, match="the ordered items are x1, x2 in one and x1 in the other"):
        ordered[0].compare(ordered[1])


def test_models_that_are_not_nested_are_refused() -> None:
    """A restriction cannot fit better than what it restricts."""
    data = cases.hs()
    wide = sem.cfa("f =~ x1 + x2 + x4\ng =~ x3 + x5 + x6", data)
    close = sem.cfa("f =~ x1 + x2 + x3\ng =~ x4 + a*x5 + a*x6", data)
    with pytest.raises(ModelError, match="not nested: the one with 9 degrees of freedom fits better"):
        wide.compare(close)


def test_equal_degrees_of_freedom_are_told() -> None:
    text = fitted("hs_ml").compare(fitted("hs_ml")).text
    assert text.startswith("The two models have the same degrees of freedom, so there is nothing to test")


@pytest.mark.parametrize("name", ["hs_ml", "politicaldemocracy_free", "bfi5_wlsmv"])
def test_modification_indices(reference: Read, name: str) -> None:
    """The largest 40 of modindices(fit, sort. = TRUE), with expected changes and their standardised values."""
    wanted = reference("sem_results")["mi"][name]
    table = fitted(name).modification_indices()
    mine = {cases._key(row.op, row.lhs, row.rhs): row for row in table.itertuples()}
    for k in range(len(wanted["lhs"])):
        row = mine[cases._key(wanted["op"][k], wanted["lhs"][k], wanted["rhs"][k])]
        got = (row.mi, row.epc, row.sepc_lv, row.sepc_all)
        assert got == pytest.approx([wanted[c][k] for c in ("mi", "epc", "sepc.lv", "sepc.all")], rel=1e-4)
    assert list(table["mi"]) == sorted(table["mi"], reverse=True)


def test_modification_indices_of_groups(reference: Read) -> None:
    wanted = reference("sem_results")["mi"]["groups"]
    table = fitted("hs_school_ml.metric").modification_indices().head(len(wanted["mi"]))
    assert table["mi"].to_numpy() == pytest.approx(np.array(wanted["mi"]), rel=1e-4)
    assert fitted("hs_school_ml.metric").modification_indices(20)["mi"].min() >= 20


def test_released_equalities(reference: Read) -> None:
    """lavTestScore(scalar)$uni: x3 and x7 have intercepts of their own."""
    wanted = sorted(reference("sem_results")["release"]["X2"], reverse=True)
    table = fitted("hs_school_ml.scalar").score_tests()
    assert table["mi"].to_numpy() == pytest.approx(np.array(wanted), rel=1e-4)
    assert list(table["lhs"].head(2)) == ["x3", "x7"]


def test_text_of_a_comparison() -> None:
    got = fitted("hs_school_ml.configural").compare(fitted("hs_school_ml.metric"))
    assert got.text == (
        "Chi-square difference (standard) = 8.19 on 6 degrees of freedom, p = 0.224; change in CFI = -0.002, "
        "RMSEA = -0.004, SRMR = 0.004."
    )
    assert got._repr_html_().startswith("<p>Chi-square difference")
    assert str(got).startswith(got.text)


def test_a_scaled_comparison_names_the_variant_of_every_number() -> None:
    """d_cfi and d_rmsea are those of lavaan's cfi.robust and rmsea.robust, as in the sentence of each fit."""
    free, tight = fitted("hs_school_mlr.configural"), fitted("hs_school_mlr.metric")
    got = free.compare(tight)
    assert got.variant == "robust"
    assert got.d_cfi == pytest.approx(tight.measures["cfi.robust"] - free.measures["cfi.robust"])
    assert got.d_rmsea == pytest.approx(tight.measures["rmsea.robust"] - free.measures["rmsea.robust"])
    assert got.text.startswith("Scaled chi-square difference (Satorra-Bentler 2001) = ")
    assert "; change in robust CFI = " in got.text
    assert ", robust RMSEA = " in got.text
    for shown in (str(got), got._repr_html_()):
        assert "chisq: unscaled; chisq_diff: scaled chi-square difference (Satorra-Bentler 2001)" in shown
    ordered = fitted("bfi_agree_gender.configural").compare(fitted("bfi_agree_gender.thresholds"))
    assert "caled and shifted chi-square difference (Satorra 2000)" in ordered.text


WITHOUT_METHOD = "A =~ A2 + A3 + A5\nN =~ N1 + N2 + N3"
EQUAL_METHOD = f"{WITHOUT_METHOD}\nm =~ k*A2 + k*A3 + k*A5 + k*N1 + k*N2 + k*N3\nm ~~ 0*A + 0*N"


def opposed(order: int) -> Any:
    """Agreeableness and neuroticism correlate negatively, which no common method could make them."""
    return cases.bfi_an().iloc[:400].sample(frac=1, random_state=order)


@pytest.mark.parametrize("estimator", ["ML", "MLR", "MLM", "MLMV"])
def test_a_freed_parameter_that_vanished_leaves_nothing_to_test(estimator: str) -> None:
    """Equal method loadings at 0: the difference was one rounding over another, and followed the order of rows."""
    said = set()
    for order in range(2):
        free, tight = (
            sem.cfa(model, opposed(order), estimator=estimator, std_lv=True) for model in (EQUAL_METHOD, WITHOUT_METHOD)
        )
        loading = free.estimates.query("label == 'k'")["est"].iloc[0]
        assert loading == pytest.approx(0, abs=1e-4)
        found = free.compare(tight)
        assert found.vanished
        assert np.isnan(found.p)
        assert found.chisq_diff == 0
        said.add(found.text)
    assert len(said) == 1  # whatever the order of the rows
    assert said.pop().startswith("There is nothing to test: what the freer model adds is estimated at 0, a boundary")


def test_no_order_of_the_rows_leaves_the_search_at_a_local_optimum() -> None:
    """By the last bit of the moments it ended at loadings of .52 and a chi-square above that of the model without."""
    tight = sem.cfa(WITHOUT_METHOD, opposed(0), std_lv=True)
    for order in range(12):
        free = sem.cfa(EQUAL_METHOD, opposed(order), std_lv=True)
        assert free.test.chisq == pytest.approx(tight.test.chisq, abs=1e-6)  # lavaan 0.6-14: 27.729, loadings 0.000


def test_a_restriction_that_costs_nothing_is_still_tested() -> None:
    """Equal loadings of two groups of the same answers: a difference of 0, p = 1, and no sign before it."""
    import pandas as pd

    half = cases.hs()
    data = pd.concat([half.assign(half="one"), half.assign(half="two")], ignore_index=True)
    fits = [sem.cfa("v =~ x1 + x2 + x3", data, group="half", equal=equal) for equal in ((), ("loadings", "intercepts"))]
    found = fits[0].compare(fits[1])
    assert not found.vanished
    assert found.p == pytest.approx(1)
    assert "-0.0" not in found.text


TWO = "f =~ x1 + a*x2 + b*x3\ng =~ x4 + x5 + x6"


@pytest.mark.parametrize("estimator", ["ULS", "ULSMV"])
def test_no_p_depends_on_the_units_of_unweighted_moments(estimator: str) -> None:
    """lavTestLRT and lavTestScore give a p under ULS that any other unit turns into another one."""
    for unit in (0.1, 10.0):
        answers = cases.hs().copy()
        answers[["x1", "x2", "x3", "x4", "x5", "x6"]] *= unit
        free, tight = (sem.cfa(model, answers, estimator=estimator) for model in (TWO, f"{TWO}\na == b"))
        got = free.compare(tight, "standard")
        assert got.chisq_diff > 0
        assert np.isnan([got.p, got.frame["rmsea_diff"].iloc[1], *tight.score_tests()["p"]]).all()
        assert "without p: under ULS, whose moments are not weighted, a difference has no chi-square" in got.text
        assert "nan" not in got.text
        rests = "Standard errors, z and p of plain ULS rest on no distribution"
        assert (rests in free.note) == (estimator == "ULS")
        if estimator == "ULSMV":
            assert free.compare(tight).p == pytest.approx(robust_p(), rel=1e-4)


def robust_p() -> float:
    """The p of the scaled and shifted difference of the answers as they are."""
    return (
        sem.cfa(TWO, cases.hs(), estimator="ULSMV").compare(sem.cfa(f"{TWO}\na == b", cases.hs(), estimator="ULSMV")).p
    )


def test_a_whole_factor_more_is_no_test() -> None:
    """Loadings of 0 identify no factor: the text says so where one was added, and of no other pair of models."""
    method = "\nm =~ x1 + x2 + x3 + x4 + x5 + x6\nm ~~ 0*f + 0*g"
    plain = sem.cfa("f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6", cases.hs(), std_lv=True)
    some = "\nm =~ x1 + x2 + x4 + x5\nm ~~ 0*f + 0*g"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CxkitWarning)
        added = [sem.cfa(plain.model + more, cases.hs(), std_lv=True) for more in (method, some)]
    for fit in added:
        got = fit.compare(plain)
        assert got.added_factors == ("m",)
        assert "'m' has no loadings, a boundary where nothing identifies a factor" in got.text
    assert not added[0].compare(added[1]).added_factors
    one = sem.cfa("f =~ x1 + x2 + x3 + x4 + x5 + x6", cases.hs(), std_lv=True)
    assert not plain.compare(one).added_factors
    assert "boundary" not in plain.compare(one).text


def test_models_of_which_neither_holds_the_other_have_no_p() -> None:
    """One degree of freedom and p < .001 stood for two models with different residual covariances."""
    base = "A =~ x1 + x2 + x3 + x4 + x5 + x6\n"
    one, other = (sem.cfa(base + more, cases.hs()) for more in ("x1 ~~ x2\nx3 ~~ x5", "x4 ~~ x6"))
    found = one.compare(other)
    assert found.df_diff == 1
    assert np.isnan(found.p)
    assert "without p: the models are not nested" in found.text


@pytest.mark.filterwarnings("ignore::cxkit.errors.CxkitWarning")
@pytest.mark.parametrize(
    ("free", "tight"),
    [
        (cases.HS, cases.HS + "\ng =~ visual + textual + speed"),  # the same model by other parameters has no test
        (cases.HS, "f =~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9"),
        (cases.HS, cases.HS.replace("x2 + x3", "a*x2 + a*x3")),
        (cases.HS, "v =~ x1 + x2 + x3\nt =~ x4 + x5 + x6 + x7 + x8 + x9"),
        (cases.HS + "\nx1 ~~ x2", cases.HS + "\nx1 ~~ 0.2*x2"),
    ],
)
def test_special_cases_by_other_parameters_keep_their_test(free: str, tight: str) -> None:
    assert "not nested" not in sem.cfa(free, cases.hs()).compare(sem.cfa(tight, cases.hs())).text
