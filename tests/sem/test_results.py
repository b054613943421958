"""What a fit holds beside estimates and measures: moments, residuals, scores, text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, is_dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cxkit import sem
from cxkit.errors import ModelError
from tests.sem import cases
from tests.sem.fits import fitted

Read = Callable[[str], Any]


def table(reference: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(reference["values"], index=reference["rows"], columns=reference["cols"], dtype=float)


def distance(mine: pd.DataFrame, theirs: pd.DataFrame) -> float:
    return float(np.nanmax(np.abs(mine.loc[theirs.index, theirs.columns].to_numpy() - theirs.to_numpy())))


def test_moments_and_residuals(reference: Read) -> None:
    """fitted(f), residuals(f), residuals(f, type = "cor"), lavInspect(f, "cor.lv"), vcov(f)."""
    values, fit = reference("sem_results"), fitted("hs_ml")
    assert distance(fit.implied().cov, table(values["implied_cov"])) < 1e-5
    assert distance(fit.residuals().cov, table(values["residuals_raw"])) < 1e-5
    assert distance(fit.residuals("cor").cov, table(values["resid_cor"])) < 1e-5
    assert distance(fit.latent_correlations, table(values["cor_lv"])) < 1e-5
    assert distance(fit.vcov, table(values["vcov"])) < 1e-6
    for name, share in values["r2"].items():
        assert float(fit.r_squared[name]) == pytest.approx(np.ravel(share)[0], abs=1e-5)


@pytest.mark.parametrize(("name", "key"), [("hs_ml", "residuals_z"), ("hs_mlr", "residuals_z_mlr")])
def test_standardised_residuals(reference: Read, name: str, key: str) -> None:
    """lavResiduals(f, type = "raw")$cov.z; variances fit exactly and are left out."""
    theirs = table(reference("sem_results")[key])
    mine = fitted(name).residuals("standardized").cov.loc[theirs.index, theirs.columns]
    apart = ~np.eye(len(mine), dtype=bool)
    assert np.abs(mine.to_numpy() - theirs.to_numpy())[apart].max() < 1e-4


def test_standardised_residuals_of_means(reference: Read) -> None:
    mine = fitted("hs_school_ml.scalar").residuals("standardized")["Pasteur"].mean
    for name, z in reference("sem_results")["residuals_z_means"].items():
        assert mine[name] == pytest.approx(z, abs=1e-4)


@pytest.mark.parametrize("method", ["regression", "bartlett"])
def test_factor_scores(reference: Read, method: str) -> None:
    """head(lavPredict(f, method = )), complete and with holes."""
    values = reference("sem_results")
    complete = np.array(values[f"factor_scores_{method}_first5"]["values"])
    assert np.abs(fitted("hs_ml").scores(method).to_numpy()[:5] - complete).max() < 1e-5
    holes = np.array(values["fiml_scores" if method == "regression" else "fiml_scores_bartlett"]["values"])
    assert np.abs(fitted("hs_missing_fiml").scores(method).to_numpy()[:8] - holes).max() < 1e-5


def test_thresholds_are_among_the_moments() -> None:
    implied = fitted("bfi_agree_wlsmv").implied()
    assert list(implied.thresholds.index[:2]) == ["A1|t1", "A1|t2"]
    assert np.diag(implied.cov) == pytest.approx(np.ones(5))
    assert fitted("bfi_agree_wlsmv").residuals().thresholds.abs().max() < 1e-8
    assert np.isfinite(fitted("bfi_agree_wlsmv").residuals("standardized").cov.to_numpy()[1, 0])


def test_columns_and_counts() -> None:
    fit = fitted("hs_missing_fiml")
    assert list(fit.estimates.columns) == [
        "lhs", "op", "rhs", "group", "label", "est", "se", "z", "p", "ci_low", "ci_high", "std_lv", "std_all",
    ]  # fmt: skip
    assert (fit.n, fit.n_dropped, fit.converged) == (301, 0, True)
    assert fit.patterns["n"].sum() == 301
    assert fitted("hs_missing_listwise").n_dropped == 301 - fitted("hs_missing_listwise").n
    fixed = fit.estimates.iloc[0]
    assert (fixed["est"], fixed["se"]) == (1.0, 0.0)
    assert np.isnan(fixed["z"])


def test_text() -> None:
    assert fitted("hs_ml").text == (
        "ML: chi-square(24, n = 301) = 85.31, p < .001; CFI = 0.931, TLI = 0.896, RMSEA = 0.092 90 % CI "
        "[0.071, 0.114], SRMR = 0.065."
    )
    assert "saturated (0 degrees of freedom)" in fitted("talor_simple_mediation").text
    assert fitted("hs_mlr").text.startswith("MLR: scaled chi-square(24, n = 301) = ")
    assert str(fitted("hs_ml")).count("\n") > 24
    assert repr(fitted("hs_ml")) == "<Fit ML, n = 301, df = 24>"
    assert fitted("hs_ml")._repr_html_().count("<tr>") + fitted("hs_ml")._repr_html_().count("<tr ") >= 25


@pytest.mark.parametrize(
    ("name", "test", "indices"),
    [("hs_mlr", "scaled ", "robust "), ("hs_missing_fiml", "", "robust "), ("bfi_agree_wlsmv", "scaled ", "robust ")],
)
def test_each_measure_of_the_sentence_names_its_variant(name: str, test: str, indices: str) -> None:
    """Under FIML the test is not scaled, and CFI and RMSEA are those corrected for missing answers."""
    m, text = fitted(name).measures, fitted(name).text
    assert f": {test}chi-square(" in text
    assert f"; {indices}CFI = {m['cfi.robust']:.3f}, {indices}TLI = {m['tli.robust']:.3f}, " in text
    assert f"{indices}RMSEA = {m['rmsea.robust']:.3f} 90 % CI [{m['rmsea.ci.lower.robust']:.3f}, " in text


def test_a_fit_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        fitted("hs_ml").model = ""  # type: ignore[misc]


def test_groups_give_dicts() -> None:
    fit = fitted("hs_school_ml.metric")
    assert set(fit.implied()) == {"Pasteur", "Grant-White"}
    assert set(fit.r_squared) == {"Pasteur", "Grant-White"}
    assert set(fit.scores()["group"]) == {"Pasteur", "Grant-White"}


def test_what_is_not_known_is_refused() -> None:
    fit = fitted("hs_ml")
    with pytest.raises(ModelError, match="does not know kind='z'"):
        fit.residuals("z")


def test_std_lv_invariance_ladder(reference: Read) -> None:
    """measEq.syntax(ID.fac = "std.lv"): the same fit as with markers."""
    for wanted, equal in zip(reference("sem_results")["measeq"], cases.LADDER.values(), strict=False):
        fit = sem.cfa(cases.HS, cases.hs(), group="school", equal=equal, std_lv=True)
        for name in ("chisq", "df", "cfi", "rmsea", "srmr", "bic"):
            assert fit.measures[name] == pytest.approx(wanted[name], rel=1e-4)


@pytest.mark.filterwarnings("ignore:.*combinations of answers that nobody gave:cxkit.errors.CxkitWarning")
def test_robust_indices_are_missing_where_only_thresholds_are_restricted() -> None:
    """Three items of one factor leave the correlations free, so that their chi-square is 0 on no restriction."""
    data = cases.bfi_an().dropna(subset=["A2", "A3", "A5", "gender"])
    model = "f =~ A2 + A3 + A5"
    fit = sem.cfa(model, data, ordered=True, group="gender", equal="thresholds", parameterization="theta", std_lv=True)
    assert fit.df > 0
    assert fit.measures.filter(regex="^(cfi|tli|rmsea).*robust").isna().all()
    assert np.isfinite(fit.measures[["cfi.scaled", "rmsea.scaled", "rmsea.ci.upper.scaled"]]).all()


def test_a_standardised_constant_has_no_error_and_no_z() -> None:
    """The variance of a latent variable is 1 by definition; an error of rounding must not become a huge z."""
    table = sem.cfa("visual =~ x1 + x2 + x3", cases.hs()).standardized
    variance = table[(table["lhs"] == "visual") & (table["op"] == "~~")].iloc[0]
    assert variance["est_std"] == pytest.approx(1.0, abs=1e-12)
    assert variance["se"] == 0.0
    assert np.isnan(variance["z"])
    assert np.isnan(variance["p"])


def test_every_result_of_a_fit_says_itself_in_a_sentence() -> None:
    """Whatever a public method returns that is neither a table, nor moments, nor a figure."""
    fit = fitted("hs_ml")
    arguments: dict[str, tuple[Any, ...]] = {"compare": (fitted("hs_ml"),), "bootstrap": (5,)}
    said = {}
    for name in sorted(member for member in dir(type(fit)) if not member.startswith("_")):
        found = getattr(fit, name)
        if callable(found) and name != "plot":
            try:
                found = found(*arguments.get(name, ()))
            except ModelError:  # a model is not compared with itself
                continue
        if is_dataclass(found) and hasattr(found, "_repr_html_"):
            said[name] = found.text
    assert said["reliability"] == (
        "Omega (share of the sum score's variance that its factor explains): visual 0.61, textual 0.89, speed 0.69."
    )
    assert {"reliability", "bootstrap"} <= set(said)
    assert all(len(words) > 20 for words in said.values())
