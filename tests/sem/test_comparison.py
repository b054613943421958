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
    with pytest.raises(ModelError, match="do not rest on the same answers"):
        fitted("hs_ml").compare(fitted("hs_missing_listwise"))
    with pytest.raises(ModelError, match="fitted by ML, the other by MLR"):
        fitted("hs_ml").compare(fitted("hs_mlr"))
    with pytest.raises(ModelError, match=r"needs a scaled test; ML has none"):
        fitted("hs_ml").compare(fitted("hs_1factor"), "satorra.2000")
    with pytest.raises(ModelError, match=r"does not know method='satorra2000'.*Did you mean 'satorra.2000'"):
        fitted("hs_ml").compare(fitted("hs_1factor"), "satorra2000")


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
