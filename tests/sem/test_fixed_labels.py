"""Definitions and bounds that name a parameter that is fixed: lavaan stops, or warns, and so does this kit.

R: the models and calls of tests/reference/scripts/sem_fixed_labels.R, run by lavaan 0.6-14.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from cxkit import sem
from cxkit.errors import CxkitWarning, ModelError
from tests.sem import cases

LAVAAN = json.loads(Path("tests/reference/sem_fixed_labels.json").read_text(encoding="utf-8"))["results"]
IDLE = {name for name in LAVAAN if " alone" in name or name == "equality of two markers"}
"""Constraints that restrict nothing, or nothing could keep: lavaan estimates all the same or fails, here all stop."""


def fit(case: dict[str, Any]) -> sem.Fit:
    options = {name.replace(".", "_"): value for name, value in dict(case["options"]).items()}
    function = sem.growth if options.pop("growth", False) else sem.sem
    return function(case["model"], cases.hs(), **options)


@pytest.mark.parametrize("name", [name for name, case in LAVAAN.items() if case["error"]])
def test_a_definition_of_a_fixed_parameter_is_refused_as_by_lavaan(name: str) -> None:
    case = LAVAAN[name]
    label = case["error"].partition("definition(s): ")[2].split()[0]
    with pytest.raises(ModelError, match=f"computes from '{label}', which is not estimated: ") as caught:
        fit(case)
    remedy = "put NA* before the label" if "marker" in name or "equality" in name else "NA in place of the number"
    assert remedy in str(caught.value)


@pytest.mark.parametrize("name", [name for name, case in LAVAAN.items() if not case["error"] and name not in IDLE])
def test_other_definitions_and_constraints_are_as_in_lavaan(name: str) -> None:
    case = LAVAAN[name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CxkitWarning)
        found = fit(case).estimates
    told = [str(warning.message) for warning in caught if issubclass(warning.category, CxkitWarning)]
    assert told == (["The bound 'r < 2*a' names 'a', which is fixed at 1."] if case["warning"] else [])
    rows = found[(found["label"] == "r") | ((found["lhs"] == "r") & (found["op"] == ":="))]
    assert rows["est"].iloc[0] == pytest.approx(case["r"], rel=1e-5)


@pytest.mark.parametrize("name", sorted(IDLE))
def test_constraints_on_fixed_parameters_alone_are_refused(name: str) -> None:
    assert LAVAAN[name]["warning"]
    with pytest.raises(ModelError, match="(always holds|can never hold), for no free parameter stands in it"):
        fit(LAVAAN[name])


def test_the_remedy_for_a_marker_gives_the_estimate() -> None:
    with pytest.raises(ModelError) as caught:
        sem.cfa("f =~ a*x1 + b*x2 + x3 + x4\nr := a", cases.hs())
    assert "(NA*x1 + a*x1) and fix the variance (f ~~ 1*f), or use std_lv=True" in str(caught.value)
    freed = sem.cfa("f =~ NA*x1 + a*x1 + b*x2 + x3 + x4\nf ~~ 1*f\nr := a", cases.hs()).estimates
    assert freed.loc[freed["op"] == ":=", "se"].item() > 0


def test_the_heritability_of_a_model_with_markers_is_refused() -> None:
    """Paths of twins, labelled alike and fixed by default: h2 came out as 1 / (1 + 1 + e2)."""
    twins = "A =~ c(a, a)*x1\nC =~ c(k, k)*x1\nx1 ~~ c(e, e)*x1\nh := a^2 / (a^2 + k^2 + e)"
    with pytest.raises(ModelError, match="line 4: .* computes from 'a', which is not estimated: the loading of 'x1'"):
        sem.sem(twins, cases.hs(), group="school")
