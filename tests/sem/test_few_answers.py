"""An item that few answered: robust indices have no value, and every sentence names the item and how many answered it.

Most covariances are unknown then. lavaan 0.6-14 gives numbers all the same: `cfa(model, bfi, missing = "fiml",
estimator = "MLR")` with 18 answers to N5, CFI 1.000, TLI -.235, RMSEA .000 beside a scaled chi-square of 182.1 (74).
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cxkit import sem
from cxkit.errors import CxkitWarning, ModelError
from cxkit.sem.fit import Fit
from cxkit.sem.indices.corrections import _square_as_if_complete, missing_answers
from cxkit.sem.indices.variants import index_variant
from cxkit.sem.sample.coverage import scarcest
from cxkit.sem.search import searching
from cxkit.sem.search.discrepancy import FullInformation, Objective
from cxkit.sem.search.estimation import _advice
from tests.sem.cases import bfi
from tests.sem.unsettled import late_wave

MODEL = "A =~ A1 + A2 + A3 + A4 + A5\nN =~ N1 + N2 + N3 + N4 + N5\nC =~ C1 + C2 + C3 + C4"
SHORT = "A =~ A1 + A2 + A3 + A4 + A5"
ROBUST = ("cfi.robust", "tli.robust", "nnfi.robust", "rni.robust", "rmsea.robust", "rmsea.ci.upper.robust")


@cache
def with_few(answered: int, estimator: str = "MLR", model: str = MODEL) -> Fit:
    data = bfi().sample(320, random_state=8).reset_index(drop=True)
    data.loc[answered:, "N5"] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CxkitWarning)
        return sem.cfa(model, data, missing="fiml", estimator=estimator)


@pytest.mark.parametrize(("answered", "estimator"), [(15, "MLR"), (15, "ML"), (18, "MLR"), (18, "ML")])
def test_no_value_with_a_reason_that_names_the_item(answered: int, estimator: str) -> None:
    fit = with_few(answered, estimator)
    assert fit.measures[list(ROBUST)].isna().all()
    assert f"'N5' was answered by {answered} of 320 respondents" in fit.text
    assert "nan" not in fit.text
    assert f"'N5' was answered by {answered} of 320" in fit.note
    assert index_variant([fit]) == "robust"  # the others do not stand in for them
    if fit.sample.settled:
        assert "robust CFI, TLI and RMSEA have no value" in fit.text
        assert fit.text.endswith("; SRMR is of the same covariances, and as uncertain.")
    else:
        assert "chi-square, robust CFI, TLI and RMSEA, and SRMR have no value" in fit.text


def test_a_search_that_did_not_settle_is_reason_enough() -> None:
    fit = with_few(15)
    assert not fit.sample.settled
    assert fit.doubt is not None
    assert "did not settle" in fit.doubt.reason
    assert "'N5' was answered by 15 of 320 respondents: leave that out." in fit.note


@pytest.mark.parametrize("answered", [60, 120, 320])
def test_enough_answers_have_their_values(answered: int) -> None:
    fit = with_few(answered)
    assert fit.doubt is None
    assert 0.85 < fit.measures["cfi.robust"] < 0.95
    assert fit.measures["rmsea.robust"] == pytest.approx(0.078, abs=0.01)


def growth(answered: int) -> Fit:
    rng = np.random.default_rng(3)
    level, slope, noise = rng.normal(3, 1, 300), rng.normal(0.5, 0.4, 300), rng.normal(0, 0.7, (300, 4))
    data = pd.DataFrame(level[:, None] + slope[:, None] * np.arange(4) + noise, columns=["t1", "t2", "t3", "t4"])
    data.loc[answered:, "t4"] = np.nan
    return sem.growth(
        "i =~ 1*t1 + 1*t2 + 1*t3 + 1*t4\ns =~ 0*t1 + 1*t2 + 2*t3 + 3*t4", data, missing="fiml", estimator="MLR"
    )


def test_a_last_wave_of_few() -> None:
    few, many = growth(6), growth(150)
    assert "'t4' was answered by 6 of 300" in few.text
    assert few.measures[list(ROBUST)].isna().all()
    assert many.measures[list(ROBUST)].notna().all()


def test_a_baseline_without_misfit_gives_no_comparison() -> None:
    """lavaan's 1 says nothing there; RMSEA, which needs no baseline, keeps its value."""
    rng = np.random.default_rng(2)
    data = pd.DataFrame(rng.normal(size=(250, 6)), columns=[f"x{k}" for k in range(6)]).mask(rng.random((250, 6)) < 0.1)
    fits = []
    for order in range(6):  # the first draw whose baseline has no misfit
        shuffled = pd.DataFrame({c: rng.permutation(data[c]) for c in data})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CxkitWarning)
            fits.append(sem.sem("x0 ~~ x1\nx2 ~~ x3\nx4 ~~ x5", shuffled, missing="fiml", estimator="MLR"))
        chisq = fits[order]._as_if_complete[1]
        if chisq is not None and chisq.scaled < 15:
            break
    fit = fits[-1]
    assert fit.measures[["cfi.robust", "tli.robust", "rni.robust"]].isna().all()
    assert np.isfinite(fit.measures["rmsea.robust"])
    assert "robust CFI and TLI have no value: corrected for missing answers, the baseline model" in fit.text
    assert "robust RMSEA = " in fit.text


def test_differences_of_what_has_no_value() -> None:
    free, tight = with_few(18), with_few(18, model=MODEL + "\nA ~~ 0*C")
    assert "(robust CFI and robust RMSEA: no value)" in free.compare(tight).text
    assert "nan" not in free.compare(tight).text


def test_the_weights_of_the_corrected_chi_square() -> None:
    """Their sum and sum of squares over two groups, against the whole matrix U Gamma written out."""
    from scipy.linalg import block_diag

    from cxkit.sem.search.saturated import Saturated

    data = bfi().sample(300, random_state=1)
    data.loc[data.index[:150], "A5"] = np.nan
    fit = sem.cfa(SHORT, data, missing="fiml", estimator="MLR", group="gender", equal=["loadings"])
    frame, shares = fit.frame, fit.frame.objective.shares
    free = [Saturated(data=p.data, space=s) for p, s in zip(frame.objective.parts, frame.spaces, strict=True)]
    pairs = list(zip(shares, free, strict=True))
    j = np.concatenate(frame.jacobians())
    known, complete = (
        block_diag(*[f * getattr(own, name) for f, own in pairs]) for name in ("information", "complete")
    )
    rest = np.eye(len(j)) - j @ np.linalg.inv(j.T @ known @ j) @ j.T @ known
    product = rest.T @ complete @ rest @ block_diag(*[own.spread / f for f, own in pairs])
    assert missing_answers(fit)[0].c * fit.df == pytest.approx(np.trace(product))
    assert _square_as_if_complete(frame) == pytest.approx(np.trace(product @ product))


@pytest.mark.parametrize("answered", [5, 12])
def test_a_refusal_names_the_item(answered: int) -> None:
    with pytest.raises(ModelError, match=f"'N5' was answered by {answered} of 320 respondents. Leave that out"):
        with_few(answered)


def test_the_scarcest() -> None:
    answers = np.ones((40, 4))
    assert scarcest(answers, "abcd") == ""
    answers[20:, 3] = np.nan
    assert scarcest(answers, "abcd") == "'d' was answered by 20 of 40 respondents"
    answers[20:, 2] = np.nan
    assert scarcest(answers, "abcd") == "'c', 'd' were each answered by 20 of 40 respondents"
    answers[3:, 2:] = np.nan
    assert "fewer than 5 of 40" in scarcest(answers, "abcd")  # no number of so few people
    apart = np.ones((40, 4))
    apart[:18, 0] = apart[19:37, 1] = np.nan
    assert scarcest(apart, "abcd") == "'a' and 'b' were answered together by fewer than 5 of 40 respondents"


@pytest.mark.parametrize("failing", [False, True])
def test_growth_with_a_last_wave_of_few_is_found(monkeypatch: pytest.MonkeyPatch, failing: bool) -> None:
    """Where the search from the estimated moments fails (here it is made to), it begins once more from the data."""
    searched: list[np.ndarray] = []
    plain = searching.minimise

    def counted(objective: Objective, start: np.ndarray, *args: Any, **options: Any) -> Any:
        if isinstance(objective.parts[0], FullInformation):
            searched.append(start)
            if failing and len(searched) == 1:
                raise ModelError("The model did not converge.")
        return plain(objective, start, *args, **options)

    monkeypatch.setattr(searching, "minimise", counted)
    loadings = [" + ".join(f"{w}*y{t}" for t, w in enumerate(weights)) for weights in ([1] * 6, range(6))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CxkitWarning)
        fit = sem.growth(f"i =~ {loadings[0]}\ns =~ {loadings[1]}", late_wave(9), missing="fiml")
    assert fit.measures["df"] == 16
    means = fit.estimates.query("op == '~1' and lhs in ['i', 's']")["est"].to_numpy()
    assert means == pytest.approx([-2.5, 0.6], abs=0.15)
    assert len(searched) <= 2
    assert len(searched) == 2 or not failing
    assert np.isnan(fit.measures["gfi"]) == ("answered together by one person" in fit.note)


def test_advice_suits_a_model_of_growth() -> None:
    data = late_wave(9)
    model = sem.growth("i =~ 1*y0 + 1*y1 + 1*y2 + 1*y3\ns =~ 0*y0 + 1*y1 + 2*y2 + 3*y3", data, missing="fiml")
    assert "loadings" not in _advice(model.frame.objective)
    assert "variances near 0" in _advice(model.frame.objective)
    assert "loadings near 0" in _advice(with_few(60).frame.objective)
    assert "'N5' was answered by 60 of 320 respondents" in _advice(with_few(60).frame.objective)
