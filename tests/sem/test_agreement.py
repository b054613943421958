"""Every model against lavaan 0.6-14: estimates 1e-5, standard errors and fit 1e-4, scaled and robust 1e-3.

What is computed from a fit as well: residual correlations 2e-5 (with missing answers lavaan's EM stops that early),
scores 1e-4, modification indices 1e-3 (an index moves by up to that much between where lavaan stops and its optimum;
test_modification.py holds smaller models to 1e-4).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cxkit import sem
from cxkit.sem.indices.corrections import missing_answers, ordered_answers
from cxkit.sem.indices.fit_measures import cfi
from tests.sem.after_fit import after, deviations_after
from tests.sem.cases import CASES, HS, ROOT, deviations, expected, hs, hs_cut, hs_holes, optima, references
from tests.sem.fits import fitted
from tests.sem.versions import differences, versions

MEASURES = 1e-4
SCALED = 1e-3
LIMITS = {
    "estimates": 1e-5,
    "se": 1e-4,
    "standardised": 1e-5,
    "standardised se": 1e-4,
    "scaled and robust": SCALED,
}
AFTER = {"modification indices": 1e-3, "residual correlations": 2e-5, "factor scores": 1e-4}
OTHER_AFTER = {
    # Without a mean structure lavaan gives factors with an observed outcome a mean that is not 0.
    "customersat_sem": ("factor scores",),
    "user_fixed_reliability": ("factor scores",),
    # The change between two error-free scores is their difference, which lavaan's scores are not.
    "user_change_score": ("factor scores",),
    "user_change_score_covariate": ("factor scores",),
    # A predictor with a free covariance: lavaan's scores weigh a variable that says nothing of the factor given the
    # predictor; the candidates are freed in the test below.
    "covariate_correlated": ("factor scores", "modification indices"),
    # A Heywood case that lavaan leaves before its optimum; likewise.
    "hs_crossloading_mlr": ("modification indices",),
}
SLOPE = 1e-13
# lavaan joins a correction made for 2 degrees of freedom with the model's 3; the test below shows it.
OTHER_CONVENTION = {
    "wide_threshold_fixed": ("cfi.robust", "tli.robust", "nnfi.robust", "rni.robust"),
    # Its scaled df of 1 is a rounding error below 1 there, for which lavaan writes an upper bound of 0.
    "user_growth_mlr_fiml": ("rmsea.ci.upper.scaled",),
    "user_growth_cluster": ("rmsea.ci.upper.scaled",),
    # Missing answers and random predictors: docs/sem.md says by how much.
    "user_panel_cross_lagged_fiml": (
        "cfi.robust", "tli.robust", "nnfi.robust", "rni.robust", "rmsea.robust", "rmsea.ci.lower.robust",
        "rmsea.ci.upper.robust", "rmsea.pvalue.robust", "rmsea.notclose.pvalue.robust",
    ),
}  # fmt: skip
# Without degrees of freedom no critical n exists; lavaan writes 1.
NOT_DEFINED = ("cn_01", "cn_05")


def compared_measures(name: str, reference: Mapping[str, Any]) -> dict[str, Any]:
    """lavaan's fit measures of a model but for those where the two differ for the reasons above."""
    left_out = (*OTHER_CONVENTION.get(name, ()), *(NOT_DEFINED if reference["fit"]["df"] == 0 else ()))
    return {measure: value for measure, value in reference["fit"].items() if measure not in left_out}


@pytest.mark.parametrize("name", CASES)
def test_agrees_with_lavaan(name: str) -> None:
    reference = expected(name)
    found = deviations(fitted(name), {**reference, "fit": compared_measures(name, reference)})
    assert not found.missing
    for kind, distance in found.largest.items():
        assert distance <= LIMITS.get(kind, MEASURES), f"{kind} of {found.place[kind]}: {distance:.1e}"


@pytest.mark.parametrize("name", after())
def test_what_is_computed_from_a_fit_agrees_with_lavaan(name: str) -> None:
    for kind, (distance, place) in deviations_after(fitted(name), after()[name]).items():
        if kind in OTHER_AFTER.get(name, ()):
            continue
        assert distance <= AFTER[kind], f"{kind} of {place}: {distance:.1e}"


@pytest.mark.filterwarnings("ignore::cxkit.errors.CxkitWarning")  # Heywood cases, tested where warnings are
@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("hs_crossloading_mlr", "visual =~ x7"),
        ("hs_crossloading_mlr", "visual =~ x8"),
        ("hs_crossloading_mlr", "visual =~ x4"),
        ("covariate_correlated", "x1 ~~ sex"),
        ("covariate_correlated", "x3 ~~ sex"),
        ("covariate_correlated", "x2 ~~ ageyr"),
    ],
)
def test_indices_that_differ_from_lavaan_foretell_the_fall_of_chi_square(name: str, line: str) -> None:
    fit = fitted(name)
    table = fit.modification_indices()
    lhs, op, rhs = line.split()
    index = table.loc[(table["lhs"] == lhs) & (table["op"] == op) & (table["rhs"] == rhs), "mi"].item()
    freed = sem.sem(f"{CASES[name].model}\n{line}", CASES[name].data(), estimator="ML")
    fall = fit.test.chisq - freed.test.chisq
    assert fall == pytest.approx(index, rel=0.15, abs=0.05)


@pytest.mark.parametrize("name", CASES)
def test_newer_versions_differ_for_known_reasons(name: str) -> None:
    found = [one for one in differences(name, CASES[name], fitted(name)) if not one.reason]
    assert not found


def test_newer_versions_were_given_most_models() -> None:
    assert {version: listed["models"] for version, listed in versions().items()} == {"0.6.21": 199, "0.7.2": 149}


@pytest.mark.parametrize("name", optima())
def test_where_lavaan_stops_short_the_optimum_is_its_own(name: str) -> None:
    """Its gradient is zero there, its chi-square no larger than where it stopped, and ours is the same point."""
    optimum = optima()[name]
    assert optimum["slope"] < SLOPE
    assert optimum["chisq"] <= references()[name]["fit"]["chisq"] * (1 + 1e-9)
    # Polychoric correlations are themselves found by iteration, so chi-squares of ordered answers agree to 1e-7.
    slack = 1e-7 if CASES[name].options.get("ordered") else 1e-9
    assert fitted(name).test.chisq == pytest.approx(optimum["chisq"], rel=slack)


def test_robust_cfi_with_a_restricted_threshold() -> None:
    """lavaan's RMSEA counts the correlations' own degrees of freedom, its CFI and TLI mix both; here all count them."""
    fit, theirs = fitted("wide_threshold_fixed"), references()["wide_threshold_fixed"]["fit"]
    found = ordered_answers(fit)
    assert found is not None
    model, base = found
    assert base is not None
    assert (fit.df, model.df) == (3, 2)
    pairs = 6
    mixed = cfi(model.chisq, fit.df, base.chisq, pairs, model.c, base.c)
    assert mixed == pytest.approx(theirs["cfi.robust"], rel=1e-6)
    own = cfi(model.chisq, 2, base.chisq, pairs, model.c, base.c)
    assert fit.measures["cfi.robust"] == pytest.approx(own, rel=1e-12)
    assert fit.measures["rmsea.robust"] == pytest.approx(theirs["rmsea.robust"], rel=1e-5)


ROBUST = ("cfi.robust", "tli.robust", "rmsea.robust", "rmsea.ci.lower.robust", "rmsea.ci.upper.robust")


@pytest.mark.parametrize("sample", ["bfi_agree_gender", "datCat_simulated"])
def test_equal_thresholds_do_not_make_correlations_fit_better(sample: str) -> None:
    """Thresholds equal over groups restrict no correlation (Wu & Estabrook, 2016), so robust indices stay."""
    before, after = fitted(f"{sample}.configural"), fitted(f"{sample}.thresholds")
    assert after.df > before.df
    for name in ROBUST:
        assert after.measures[name] == pytest.approx(before.measures[name], abs=1e-6)


@pytest.mark.parametrize(
    ("name", "rmsea", "upper", "tli"),
    [
        ("bfi_agree_gender.configural", 0.09330220765, 0.1087857151, 0.9276654232),
        ("bfi_agree_gender.strict", 0.08393781055, 0.09710400385, None),
        ("datCat_simulated.configural", 0.0, 0.08399329097, 1.003835523),
        ("datCat_simulated.strict", 0.0, 0.07890271544, None),
        ("ordinal_delta_groups", 0.08113721444, 0.09437793313, 0.9452981149),
    ],
)
def test_robust_rmsea_of_groups_of_ordered_answers(name: str, rmsea: float, upper: float, tli: float | None) -> None:
    """fitMeasures(fit) of lavaan 0.6-21, where it counts the degrees of freedom of the correlations as here.

    Under equal thresholds it counts too few for RMSEA (.1319 for .0933 of bfi_agree_gender) and all for CFI and TLI.
    """
    measures = fitted(name).measures
    assert measures["rmsea.robust"] == pytest.approx(rmsea, abs=1e-6)
    assert measures["rmsea.ci.upper.robust"] == pytest.approx(upper, abs=1e-6)
    if tli is not None:
        assert measures["tli.robust"] == pytest.approx(tli, abs=1e-6)


TWO = "visual =~ x1+x2+x3\ntextual =~ x4+x5+x6"
MIXED = {"ordered": ["x1", "x2", "x4"]}


def holes_and_weights() -> pd.DataFrame:
    return hs_holes().assign(w=0.5 + np.arange(1, 302) % 5 / 4)


FURTHER: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "fiml_weights": (
        HS,
        lambda: hs_holes().assign(w=0.5 + np.arange(1, 302) % 5 / 4),
        {"missing": "fiml", "weights": "w"},
    ),
    "mixed_mean": (TWO + "\nx3 ~ 2*1", hs_cut, MIXED),
    "mixed_variance": (TWO + "\nx3 ~~ .7*x3", hs_cut, MIXED),
    "mixed_groups": (TWO, hs_cut, MIXED | {"group": "school", "equal": "loadings"}),
}


@pytest.mark.filterwarnings("ignore:.*combinations of answers that nobody gave:cxkit.errors.CxkitWarning")
@pytest.mark.parametrize("name", FURTHER)
def test_measures_of_weights_and_of_mixed_items(reference: Callable[[str], Any], name: str) -> None:
    """fitMeasures(fit): GFI under FIML with weights; SRMR and its relatives where means or variances do not fit."""
    model, data, options = FURTHER[name]
    measures = sem.cfa(model, data(), **options).measures
    for measure, value in reference("sem_measures")["fit"][name].items():
        assert measures[measure] == pytest.approx(value, abs=1e-6), measure


def holes_in_whole_thirds() -> pd.DataFrame:
    schools = [own.head(len(own) // 3 * 3) for _, own in hs().groupby("school")]
    data = pd.concat(schools, ignore_index=True)
    row = np.arange(1, len(data) + 1)
    data = data.assign(whole=np.array([0.5, 1, 1.5])[(row - 1) % 3], broken=0.5 + row % 5 / 4)
    for j in range(1, 10):
        data.loc[row % 11 == j, f"x{j}"] = np.nan
    return data


def group_chi_squares(fit: sem.Fit) -> list[float]:
    """Per respondent, of the moments that all answers estimate as if they had been complete."""
    out = []
    for part, state in zip(fit.frame.objective.parts, fit.frame.states, strict=True):
        gap, sigma = part.data.mean - state.at.mu, state.at.sigma
        ratio = np.linalg.solve(sigma, part.data.cov)
        out.append(np.trace(ratio) - np.linalg.slogdet(ratio)[1] - len(sigma) + gap @ np.linalg.solve(sigma, gap))
    return out


@pytest.mark.parametrize("weights", ["whole", "broken"])
def test_robust_measures_of_weighted_groups_with_missing_answers(reference: Callable[[str], Any], weights: str) -> None:
    """fitMeasures(cfa(HS, missing = "fiml", sampling.weights = w, group = "school")): sem_apart.R.

    A group counts by the sum of its weights. lavaan cuts that to a whole number in the robust measures (`sample.nobs`
    of published moments), and there alone: 144.5 and 155.5 become 144 and 155. Where sums are whole both agree.
    """
    wanted = reference("sem_apart")["weights"][weights]["MLR"]
    fit = sem.cfa(HS, holes_in_whole_thirds(), missing="fiml", estimator="MLR", weights=weights, group="school")
    sizes = fit.frame.objective.shares * fit.n
    assert sizes.tolist() == pytest.approx(wanted["sizes"])
    assert fit.measures["chisq"] == pytest.approx(wanted["measures"]["chisq"], abs=1e-5)
    own = group_chi_squares(fit)
    assert np.floor(sizes + 1e-9) @ own == pytest.approx(wanted["chisq"], abs=2e-3)  # lavaan's EM stops earlier
    corrected, _ = missing_answers(fit)
    assert corrected.chisq == pytest.approx(sizes @ own, rel=1e-9)
    assert corrected.c == pytest.approx(wanted["c"], abs=5e-6)
    if weights == "whole":
        for name, value in wanted["measures"].items():
            assert fit.measures[name] == pytest.approx(value, abs=5e-6), name


def test_page_shows_every_model() -> None:
    """docs/sem.md holds the table that tools/sem_agreement.py writes, of as many models as are tested here."""
    page = (ROOT / "docs" / "sem.md").read_text(encoding="utf-8")
    assert sum(int(count) for count in re.findall(r"\((\d+) models\)", page)) == len(CASES)
