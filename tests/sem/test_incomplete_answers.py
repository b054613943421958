"""Saturated moments and fit under full information against lavaan, from 5 to 40 items and 5 to 40 % missing.

References: tests/reference/scripts/sem_saturated.R, `cfa(model, x, missing = "fiml", std.lv = TRUE, em.h1.tol = 1e-13,
em.h1.iter.max = 1e5)`.
"""

from __future__ import annotations

import json
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from cxkit import sem
from cxkit.errors import CxkitWarning, ModelError
from cxkit.sem.fit import Fit
from cxkit.sem.sample.patterns import IncompleteNormal, find_patterns
from cxkit.sem.sample.saturated_moments import saturated_moments
from tests.sem import cases
from tests.sem.incomplete import CASES, LARGE, answers, name_of

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "sem_saturated.json").read_text())["results"]


@cache
def fitted(items: int, n: int, missing: float) -> Fit:
    data = answers(items, n, missing)
    return sem.cfa(f"f =~ {' + '.join(data.columns)}", data, missing="fiml", std_lv=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: name_of(*case))
def test_saturated_moments_are_lavaans(case: tuple[int, int, float]) -> None:
    fit, expected = fitted(*case), REFERENCE[name_of(*case)]
    data = fit.sample.groups[0]
    assert fit.n == expected["n"]
    assert data.mean == pytest.approx(expected["mean"], abs=1e-7)
    assert data.cov[0] == pytest.approx(expected["first"], abs=1e-7)
    assert np.diag(data.cov) == pytest.approx(expected["variance"], abs=1e-7)
    assert np.linalg.slogdet(data.cov)[1] == pytest.approx(expected["logdet"], abs=1e-6)
    assert data.cov.sum() == pytest.approx(expected["total"], rel=1e-7)


@pytest.mark.parametrize("case", CASES, ids=lambda case: name_of(*case))
def test_fit_is_lavaans(case: tuple[int, int, float]) -> None:
    fit, expected = fitted(*case), REFERENCE[name_of(*case)]["measures"]
    for name in ("chisq", "df", "cfi", "tli", "rmsea", "unrestricted.logl"):
        assert fit.measures[name] == pytest.approx(expected[name], rel=1e-6, abs=1e-6), name


@pytest.mark.parametrize("case", CASES + LARGE, ids=lambda case: name_of(*case))
def test_the_search_ends_at_a_symmetric_maximum(case: tuple[int, int, float]) -> None:
    """The covariances are symmetric to the last bit, positive definite, and reached in few steps."""
    found = saturated_moments(find_patterns(answers(*case).to_numpy()))
    assert found.converged
    assert found.steps < 60
    np.testing.assert_array_equal(found.cov, found.cov.T)
    assert np.linalg.eigvalsh(found.cov)[0] > 0


@pytest.mark.parametrize("most", [2, 10])
def test_a_search_that_was_too_short_says_so(most: int) -> None:
    found = saturated_moments(find_patterns(answers(12, 200, 0.3).to_numpy()), most=most)
    assert not found.converged
    assert found.steps >= most
    assert found.change > 0


def test_newton_and_em_alone_end_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than 53 items are left to EM; on fewer it must come to the same."""
    patterns = find_patterns(answers(12, 200, 0.3).to_numpy())
    newton = saturated_moments(patterns)
    monkeypatch.setattr("cxkit.sem.sample.saturated_moments.MOST_MOMENTS", 0)
    alone = saturated_moments(patterns)
    assert alone.converged
    assert alone.steps > newton.steps
    assert alone.cov == pytest.approx(newton.cov, abs=1e-7)


def test_units_of_the_items_do_not_matter() -> None:
    values = answers(12, 200, 0.3).to_numpy()
    units = 10.0 ** np.arange(-6, 6)
    plain, scaled = (saturated_moments(find_patterns(v)) for v in (values, values * units))
    assert scaled.cov / np.outer(units, units) == pytest.approx(plain.cov, abs=1e-9)


def test_a_likelihood_without_maximum_is_refused() -> None:
    """20 items, 40 % missing, 30 people: the covariances lose a dimension."""
    with pytest.raises(ModelError, match="too few, or their answers too incomplete"):
        fitted(20, 30, 0.4)


def test_a_further_model_of_the_same_answers_takes_few_hessians(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moments, their curvature and the independence model belong to the answers; its own is the Hessian at the end.

    Counted, since times depend on the machine: second derivatives over all patterns are what costs. One more is allowed
    for the search of a model that fits so badly that the curvature of the moments does not lead there.
    """
    data = answers(20, 200, 0.2)
    first, second = (" + ".join(part) for part in (data.columns[:10], data.columns[10:]))
    calls = []
    for name in ("curvature", "expected_curvature"):
        plain = getattr(IncompleteNormal, name)
        monkeypatch.setattr(
            IncompleteNormal, name, lambda self, cells, plain=plain: (calls.append(1), plain(self, cells))[1]
        )
    sem.cfa(f"f =~ {first} + {second}", data, missing="fiml", estimator="MLR", std_lv=True).measures  # noqa: B018
    fours = [" + ".join(data.columns[k : k + 4]) for k in range(0, 20, 4)]
    for model in ("\n".join(f"f{k} =~ {items}" for k, items in enumerate(fours)), f"f =~ {first}\ng =~ {second}"):
        calls.clear()
        fit = sem.cfa(model, data, missing="fiml", estimator="MLR", std_lv=True)
        assert np.isfinite(fit.measures["cfi.robust"])
        assert len(calls) <= 2


def test_many_patterns_and_few_come_to_the_same_derivatives() -> None:
    """Second derivatives through the moments equal those summed over patterns by the parameters."""
    fit = fitted(12, 200, 0.3)
    part, state = fit.frame.objective.parts[0], fit.frame.states[0]
    assert part.by_moments
    through = part.hessian(state), part.information(state)
    part.cells = type("Few", (), {"size": 10**9, "r": part.cells.r, "c": part.cells.c, "w": part.cells.w})
    assert not part.by_moments
    assert part.hessian(state) == pytest.approx(through[0], abs=1e-9)
    assert part.information(state) == pytest.approx(through[1], abs=1e-9)


def test_who_lacks_a_predictor_that_is_given_is_named() -> None:
    """lavaan warns as well: cases "deleted due to missing values in exogenous variable(s), while fixed.x = TRUE"."""
    data = cases.hs()
    data = data.assign(ageyr=data["ageyr"].astype(float).where(np.arange(len(data)) % 10 > 0))
    model = "visual =~ x1 + x2 + x3\nvisual ~ ageyr + sex"
    with pytest.warns(
        CxkitWarning, match=r"Left out: 31 respondents without an answer to 'ageyr'\. Predictors are taken"
    ):
        fit = sem.sem(model, data, missing="fiml")
    assert (fit.n, fit.n_dropped) == (270, 31)
    whole = sem.sem(model, data, missing="fiml", fixed_x=False)
    assert (whole.n, whole.n_dropped) == (301, 0)
    assert not any("Left out" in warning for warning in whole.warnings)
    # Who is left out for another reason as well would not be kept by it.
    others = data.assign(
        school=data["school"].where(np.arange(len(data)) % 20 > 0), w=1.0 + (np.arange(len(data)) % 30 > 0)
    )
    others["w"] = others["w"].where(np.arange(len(data)) % 30 != 10, 0.0)
    counted = int((others["school"].notna() & (others["w"] > 0) & others["ageyr"].isna()).sum())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CxkitWarning)
        fit = sem.sem(model, others, missing="fiml", cluster="school", weights="w", estimator="MLR")
    assert f"Left out: {counted} respondents without an answer to 'ageyr'." in " ".join(fit.warnings)
    assert 0 < counted < 31
    assert fit.n == int((others["school"].notna() & (others["w"] > 0) & others["ageyr"].notna()).sum())
