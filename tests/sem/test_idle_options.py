"""No option changes nothing in silence, and no default of growth() moves a mean without a word."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cxkit import sem
from cxkit.errors import CxkitWarning, ModelError
from tests.sem import cases

ONE = "f =~ x1 + x2 + x3 + x4"
TWO = "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6"
PATHS = "x1 ~ x2 + x3"
GROUPS: dict[str, Any] = {"group": "school"}
IDLE = [
    (ONE, {"orthogonal": True}),
    (TWO + "\nf ~~ g", {"orthogonal": True}),
    (PATHS, {"orthogonal": True}),
    (PATHS, {"std_lv": True}),
    (TWO, {"parameterization": "theta"}),
    (TWO, {"fixed_x": True}),
    (TWO, {"fixed_x": False}),
]
ACTIVE = [
    (TWO, {"orthogonal": True}),
    (TWO, {"std_lv": True}),
    (PATHS, {"fixed_x": False}),
    *((TWO, {**GROUPS, "equal": kind}) for kind in ("loadings", "intercepts", "residuals", "lv_variances")),
    (TWO, {**GROUPS, "equal": ("loadings", "intercepts", "means")}),
    (TWO, {**GROUPS, "equal": ("loadings", "lv_variances"), "std_lv": True}),
    (PATHS, {**GROUPS, "equal": "regressions"}),
]


@pytest.mark.parametrize(("model", "options"), IDLE, ids=str)
def test_an_option_that_changes_nothing_is_refused(model: str, options: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=r"changes nothing: .*(Leave it out|ordered=)"):
        sem.sem(model, cases.hs(), **options)


@pytest.mark.parametrize(("model", "options"), ACTIVE, ids=str)
def test_an_option_that_changes_something_is_not(model: str, options: dict[str, Any]) -> None:
    plain = sem.sem(model, cases.hs(), **{name: options[name] for name in ("group",) if name in options})
    assert sem.sem(model, cases.hs(), **options).estimates["est"].tolist() != plain.estimates["est"].tolist()


def test_the_mean_of_a_modelled_predictor_is_its_own() -> None:
    """lavaan's growth(fixed.x = FALSE) fixes it at 0 and warns; `z ~ 0*1` gives lavaan's values."""
    answers = cases.hs().rename(columns={"x4": "z", "x5": "y"})
    model = "i =~ 1*x1 + 1*x2 + 1*x3\ni ~ z"
    with pytest.warns(CxkitWarning, match="means of modelled predictors are free: z"):
        fit = sem.growth(model, answers, fixed_x=False)
    mean = fit.estimates.query("lhs == 'z' and op == '~1'").iloc[0]
    assert mean["est"] == pytest.approx(answers["z"].mean(), rel=1e-6)
    assert "The means of modelled predictors are free: z; lavaan's growth() fixes them at 0, as 'z ~ 0*1'" in fit.note
    given = sem.growth(model, answers)
    for fitted in (fit, given):
        slope = fitted.estimates.query("lhs == 'i' and op == '~'").iloc[0]
        assert slope["est"] == pytest.approx(given.estimates.query("lhs == 'i' and op == '~'").iloc[0]["est"], rel=1e-5)
        assert fitted.test.chisq == pytest.approx(given.test.chisq, rel=1e-6)
    held = sem.growth(f"{model}\nz ~ 0*1", answers, fixed_x=False)
    assert held.estimates.query("lhs == 'z' and op == '~1'")["est"].tolist() == [0.0]
    assert "free: z" not in held.note
    with pytest.warns(CxkitWarning, match="intercepts of observed outcomes"):
        outcome = sem.growth("i =~ 1*x1 + 1*x2 + 1*x3\ny ~ i", answers)
    assert "growth() fixes the intercepts of observed outcomes at 0, as lavaan's does: y." in outcome.note
    assert "observed outcomes" not in sem.growth("i =~ 1*x1 + 1*x2 + 1*x3\ny ~ i\ny ~ 1", answers).note


def test_a_definition_without_a_value_has_no_error() -> None:
    with pytest.warns(CxkitWarning, match="Definitions without a finite value"):
        fit = sem.cfa("f =~ x1 + l*x2 + x3 + x4\nd := log(-l)\ne := 1/(l - l)\nk := 2*l", cases.hs())
    for table in (fit.estimates, fit.standardized):
        rows = table[table["op"] == ":="].set_index("lhs")
        assert np.isnan(rows.loc["d", ["se", "z", "p", "ci_low", "ci_high"]].astype(float)).all()
        assert np.isnan(rows.loc["e", ["se", "z", "p", "ci_low", "ci_high"]].astype(float)).all()
        assert rows.loc["k", "se"] > 0


def test_advice_is_given_once() -> None:
    fit = sem.cfa(ONE, cases.hs())
    with pytest.raises(ModelError) as refusal:
        fit.scores("ten")
    assert str(refusal.value).count("Known:") == 1
