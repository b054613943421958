"""What cannot be told apart is said before any search, and nothing that is identified is refused."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from cxkit import sem
from cxkit.errors import ModelError
from cxkit.sem.search import identification, searching
from tests.sem import fits, modification_cases
from tests.sem.cases import HS, bfi_an, hs, hs_holes

A5 = "A =~ A1+A2+A3+A4+A5"
GENERAL = HS + "\nG =~ visual+textual+speed\nH =~ " + "+".join(f"x{i}" for i in range(1, 10)) + "\nH ~~ G + visual"
GROUPS = {"ordered": True, "group": "gender"}
UNIDENTIFIED: dict[str, tuple[str, Any, dict[str, Any], str]] = {
    "two items": (
        "f =~ x1+x2", hs, {},
        "apart 'f =~ x2', 'x1 ~~ x1', 'x2 ~~ x2', 'f ~~ f'. It has 4 free parameters for 3 moments. One restriction is",
    ),
    "no unit": ("visual =~ NA*x1+x2+x3+x4\ntextual =~ x5+x6+x7", hs, {}, "'visual =~ x1', 'visual =~ x2'"),
    "two factors below one": (
        "visual =~ x1+x2+x3\ntextual =~ x4+x5+x6\nG =~ visual+textual", hs, {}, "'G =~ textual', 'visual ~~ visual'"
    ),
    "two general factors": (GENERAL, hs, {}, "2 restrictions are missing"),
    "a circle": ("x1 ~ x2\nx2 ~ x1", hs, {}, "'x1 ~ x2', 'x2 ~ x1', 'x1 ~~ x1', 'x2 ~~ x2'"),
    "a mean too many": ("visual =~ x1+x2+x3\nvisual ~ 1", hs, {}, "'visual ~ 1', 'x1 ~ 1', 'x2 ~ 1', 'x3 ~ 1'"),
    "one group's mean": (
        "visual =~ x1+x2+x3\nvisual ~ c(0,NA)*1", hs_holes, {"group": "school", "missing": "fiml"},
        "'visual ~ 1' (group 2), 'x1 ~ 1' (group 2)",
    ),
    "ordered intercepts": (
        A5, bfi_an, {**GROUPS, "equal": "intercepts"},
        'Hold the thresholds equal first: without them nothing ties the scale of ordered answers of one group to that '
        'of another. Give equal=("thresholds", "intercepts").',
    ),
    "ordered scales": (
        A5, bfi_an, {**GROUPS, "equal": ("loadings", "intercepts")},
        'Give equal=("thresholds", "loadings", "intercepts").',
    ),
}  # fmt: skip
IDENTIFIED = [
    "hs_ml", "hs_second_order", "hs_bifactor", "politicaldemocracy_free", "talor_parallel_mediation", "mimic_groups",
    "constraint_linear", "single_indicator", "latent_means_known", "covariate_correlated", "weights_cluster",
    "hs_school_ml.strict_means", "moments_groups", "random_predictors", "wide_effect_coding", "wide_feedback",
    "wide_measured_with_error", "gls_predictors", "fiml_predictors_mlr", "mimic_direct", "probit", "binary_theta",
    "mixed_wlsmv", "ordinal_delta_groups",
]  # fmt: skip


@pytest.mark.parametrize("name", UNIDENTIFIED)
def test_it_is_told_before_any_search(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, data, options, words = UNIDENTIFIED[name]
    monkeypatch.setattr(searching, "minimise", lambda *_: pytest.fail("a search was begun"))
    with pytest.raises(ModelError, match="The model is not identified: no answers can tell apart") as caught:
        sem.sem(model, data(), **options)
    assert words in str(caught.value)


@pytest.mark.filterwarnings("ignore::cxkit.errors.CxkitWarning")
def test_the_remedy_works() -> None:
    fit = sem.sem(A5, bfi_an(), ordered=True, group="gender", equal=("thresholds", "loadings", "intercepts"))
    assert fit.df > 0


@pytest.mark.parametrize("name", [*IDENTIFIED, *(n for n in modification_cases.CASES if not n.startswith("wlsmv"))])
def test_no_identified_model_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At random points far from the estimates as well as near them, with the short way closed."""
    monkeypatch.setattr(identification, "_plainly_identified", lambda *_: False)
    source = modification_cases if name in modification_cases.CASES else fits
    fit = source.fitted(name)
    z = fit.solution.z
    for start in (z, np.full(len(z), 0.5), z + np.random.default_rng(2).standard_normal(len(z))):
        identification.refuse_unidentified(fit.frame.objective, fit.frame.spaces, start, fit.settings)


NESTED = "g =~ x1 + x2 + x3 + x4 + x5 + x6\nv =~ x1 + x2 + x3\nt =~ x4 + x5 + x6\nageyr ~ g + v + t"


@pytest.mark.parametrize(("loadings", "words"), [("1*", "no answers can tell apart"), ("", "did not converge")])
def test_why_general_and_specific_factors_cannot_all_predict_one_outcome(loadings: str, words: str) -> None:
    """Equal loadings leave it open; free ones of three specific factors end where lavaan has negative variances."""
    model = re.sub(r"\b(x\d)\b", loadings + r"\1", NESTED)
    if not loadings:
        model = model.replace(" + x6\nv", " + x6 + x7 + x8 + x9\ns =~ x7 + x8 + x9\nv") + " + s"
    with pytest.raises(ModelError, match=words) as caught:
        sem.sem(model, hs(), orthogonal=True)
    said = str(caught.value)
    assert "'ageyr' is predicted by 'g' and by 'v', 't'" in said
    assert "'ageyr ~ g', 'ageyr ~ v', 'ageyr ~ t'" in said
    assert "whose items measure 'g' as well" in said
    assert "leave out one specific factor altogether" in said
    assert "give the factor more items" not in said
    assert "items with loadings near 0" not in said
