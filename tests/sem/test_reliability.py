"""Reliability and HTMT against semTools 0.5-6."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cxkit import sem
from cxkit.errors import CxkitWarning, ModelError
from cxkit.sem.after.reliability import _ratios, higher_order_reliability
from tests.sem import cases
from tests.sem.fits import fitted

Read = Callable[[str], Any]
COLUMNS = {
    "omega": "compRelSEM_omega",
    "alpha": "compRelSEM_alpha",
    "omega_implied": "compRelSEM_obsvarFALSE",
    "ave": "AVE",
    "omega_latent": "compRelSEM_ordscaleFALSE",
}


def reversed_bfi() -> pd.DataFrame:
    data = cases.bfi_complete()
    worded = ["A1", "C4", "C5", "E1", "E2", "O2", "O5"]
    return data.assign(**{name: 7 - data[name] for name in worded})


@pytest.mark.parametrize(
    ("name", "model", "data", "options"),
    [
        ("hs9", cases.HS, cases.hs, {}),
        ("customersat", cases.CS2, cases.customers, {}),
        ("bfi25_unreversed_listwise", cases.B5, cases.bfi_complete, {}),
        ("bfi25_reversed_listwise", cases.B5, reversed_bfi, {}),
        ("bfi25_reversed_ordered", cases.B5, reversed_bfi, {"ordered": True}),
    ],
)
def test_agrees_with_semtools(
    reference: Read, name: str, model: str, data: Callable[[], pd.DataFrame], options: dict[str, Any]
) -> None:
    """compRelSEM(), AVE(), htmt(htmt2 = TRUE), which is the default of semTools 0.5-6."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CxkitWarning)
        got = sem.cfa(model, data(), **options).reliability()
    wanted, frame = reference("sem_results")["reliability"][name], got.frame.set_index("factor")
    for column, key in COLUMNS.items():
        for factor, value in (wanted[key] or {}).items():
            assert frame.loc[factor, column] == pytest.approx(value, abs=1e-5)
    assert np.abs(got.htmt2.to_numpy() - np.array(wanted["htmt"]["values"])).max() < 1e-7


def test_htmt_of_arithmetic_means(reference: Read) -> None:
    values, got = reference("sem_results"), fitted("hs_ml").reliability()
    assert np.abs(got.htmt.to_numpy() - np.array(values["htmt_arithmetic"]["values"])).max() < 1e-10
    assert np.abs(got.htmt2.to_numpy() - np.array(values["htmt_geometric"]["values"])).max() < 1e-10


def test_second_order(reference: Read) -> None:
    """reliabilityL2(fit, "G")."""
    wanted, got = reference("sem_results")["higher"], higher_order_reliability(fitted("hs_second_order"), "G")
    assert got.omega_l1 == pytest.approx(wanted["omegaL1"], abs=1e-5)
    assert got.omega_l2 == pytest.approx(wanted["omegaL2"], abs=1e-5)
    assert got.omega_partial == pytest.approx(wanted["partialOmegaL1"], abs=1e-5)
    with pytest.raises(ModelError, match="no factor 'g' in the model. Did you mean 'G'"):
        higher_order_reliability(fitted("hs_second_order"), "g")
    with pytest.raises(ModelError, match="no first-order factors"):
        higher_order_reliability(fitted("hs_second_order"), "visual")


def test_groups(reference: Read) -> None:
    wanted = reference("sem_results")["group_omega"]["values"]
    frame = fitted("hs_school_ml.metric").reliability().frame
    assert frame["omega"].to_numpy() == pytest.approx(np.array([row[1:] for row in wanted]).ravel(), abs=1e-5)
    assert "0.6" in str(fitted("hs_ml").reliability())


AVE = {
    "fiml": (cases.HS, cases.hs_holes, {"missing": "fiml"}),
    "uls": (cases.HS, cases.hs, {"estimator": "ULS"}),
    "groups": (cases.HS, cases.hs, {"group": "school", "equal": ("loadings", "residuals")}),
    "crossed": ("visual =~ x1+x2+x3+x9\ntextual =~ x4+x5+x6\nspeed =~ x7+x8+x9", cases.hs, {}),
}


@pytest.mark.parametrize("name", AVE)
def test_average_variance_extracted(reference: Read, name: str) -> None:
    """semTools::AVE(fit): a share of the observed variance, and none for factors that share an item."""
    model, data, options = AVE[name]
    frame = sem.cfa(model, data(), **options).reliability().frame
    for factor, values in reference("sem_measures")["ave"][name].items():
        wanted = np.array([np.nan if v is None else v for v in np.atleast_1d(values)], dtype=float)
        mine = frame.loc[frame["factor"] == factor, "ave"].to_numpy()
        assert np.allclose(mine, wanted, atol=1e-5, equal_nan=True)


@pytest.mark.filterwarnings("ignore:.*against its other items:cxkit.errors.CxkitWarning")
def test_factors_of_a_bifactor_model_have_no_average_variance_extracted() -> None:
    frame = fitted("hs_bifactor").reliability().frame
    assert frame["ave"].isna().all()
    assert frame["omega"].notna().all()


def test_reversed_items_are_told() -> None:
    data = cases.hs().assign(x2=lambda d: -d["x2"], x7=lambda d: -d["x7"], x8=lambda d: -d["x8"], x9=lambda d: -d["x9"])
    fit = sem.cfa(cases.HS, data)
    with pytest.warns(CxkitWarning, match="'x2' loads on 'visual' against its other items.*Turn reversed items round"):
        found = fit.reliability()
    # All three of speed are reversed, which harms no sum of them.
    assert len(found.warnings) == 1
    assert found.frame.set_index("factor").loc["speed", "omega"] == pytest.approx(
        fitted("hs_ml").reliability().frame.set_index("factor").loc["speed", "omega"], abs=1e-6
    )


def test_a_factor_of_ordered_and_continuous_items_has_none() -> None:
    """semTools leaves such factors out as well; a model of one of them alone is refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CxkitWarning)
        fit = sem.cfa("f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6", cases.hs_cut(), ordered=["x1", "x2"])
        alone = sem.cfa("f =~ x1 + x2 + x3", cases.hs_cut(), ordered=["x1", "x2"])
    with pytest.warns(CxkitWarning, match="Ordered and continuous items measure 'f' together.*it is left out"):
        frame = fit.reliability().frame
    assert list(frame["factor"]) == ["g"] * (len(frame) or 1)
    with pytest.raises(ModelError, match="Treat all its items as ordered, or all as continuous"):
        alone.reliability()
    with pytest.raises(ModelError, match="has no factor with observed items"):
        fitted("talor_simple_mediation").reliability()


@pytest.mark.filterwarnings("ignore::cxkit.errors.CxkitWarning")
def test_ordered_alpha_takes_the_codes_in_every_group() -> None:
    """With codes 1, 2, 4, 8 the observed sum is that of the codes; alpha follows from its covariances."""
    rng = np.random.default_rng(6)
    latent = rng.normal(size=(400, 1)) + rng.normal(size=(400, 3))
    data = pd.DataFrame(np.array([1.0, 2.0, 4.0, 8.0])[np.digitize(latent, [-1, 0, 1])], columns=["a", "b", "c"])
    data["half"] = np.where(np.arange(400) < 200, "one", "two")
    frame = sem.cfa("f =~ a + b + c", data, ordered=True, group="half").reliability().frame.set_index("group")
    for half, rows in data.groupby("half"):
        cov = rows[["a", "b", "c"]].cov().to_numpy()
        assert frame.loc[half, "alpha"] == pytest.approx(1.5 * (1 - np.trace(cov) / cov.sum()), abs=1e-12)


def test_htmt2_where_two_items_do_not_correlate_at_all() -> None:
    """A geometric mean with a 0 in it is 0; the value of a factor whose own items do not correlate is none."""
    x = np.array([1.0, -1, 1, -1, 1, -1, 1, -1])
    y = np.array([1.0, 1, -1, -1, 1, 1, -1, -1])
    r = np.corrcoef(np.stack([x, x, y, y, y]))
    assert _ratios(np.abs(r), [[0, 1], [2, 3]], True)[0, 1] == 0
    assert np.isnan(_ratios(np.abs(r), [[0, 2], [3, 4]], True)[0, 1])
