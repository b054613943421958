"""Surveys with holes keep everybody: the same verdicts as without, and intervals that cover what they should."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit.errors import OptionError
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import Missing, alpha_from_covariance, moments
from cxkit.validation.reliability.alpha import feldt_interval

PEOPLE = 500


@cache
def culture(share: float) -> Survey:
    """Complete respondents of the synthetic culture survey, this share of whose answers is then deleted at random."""
    survey = cx.load_survey("culture_synthetic")
    whole = survey.given.notna().all(axis=1)
    survey = survey.subset(whole & (whole.cumsum() <= PEOPLE))
    values = survey.given.to_numpy(dtype="float64").copy()
    values[np.random.default_rng(11).random(values.shape) < share] = np.nan
    return replace(survey, given=pd.DataFrame(values, index=survey.given.index, columns=survey.given.columns))


def test_one_sample_is_estimated_once() -> None:
    """All models of one survey share the saturated moments of its answers."""
    survey = culture(0.03)
    first = cx.confirm_structure(survey, missing="fiml")
    second = cx.confirm_structure(survey, model="one-factor", missing="fiml")
    assert second.fit.sample.groups[0] is first.fit.sample.groups[0]


@pytest.mark.parametrize("missing", ["fiml", "pairwise", "complete"])
def test_three_treatments_agree_where_nothing_is_missing(missing: Missing) -> None:
    answers = culture(0.0).answers.iloc[:, :10]
    found = moments(answers, missing)
    assert found.covariance == pytest.approx(answers.cov().to_numpy(), abs=1e-10)
    assert found.n == PEOPLE
    assert found.n_pairs == pytest.approx(PEOPLE)


def test_factor_solution_from_all_answers_is_near_that_without_holes() -> None:
    whole = cx.exploratory_factors(culture(0.0), n_factors=8)
    holes = cx.exploratory_factors(culture(0.10), n_factors=8, missing="fiml")
    assert holes.n == PEOPLE
    assert "maximum likelihood from all answers" in holes.note
    assert (holes.frame["main_factor"] == whole.frame["main_factor"]).mean() > 0.9


def test_ordered_answers_say_who_is_left_out_and_an_asked_for_estimator_is_refused() -> None:
    survey = culture(0.03)
    few = [d.key for d in survey.dimensions][:1]
    with pytest.warns(cx.CxkitWarning, match="cut-offs"):
        found = cx.confirm_structure(survey, dimensions=few, ordered=True, missing="fiml")
    assert any("WLSMV uses complete answers only" in note for note in found.notes)
    with pytest.raises(OptionError, match="goes with estimator='ML' or 'MLR'"):
        cx.confirm_structure(survey, dimensions=few, estimator="WLSMV", missing="fiml")


@pytest.mark.parametrize(("items", "n", "missing"), [(5, 200, 0.3), (10, 100, 0.3), (4, 400, 0.5)])
def test_feldts_interval_covers_with_missing_answers(items: int, n: int, missing: float) -> None:
    """The interval of alpha with the harmonic mean of the pairs' n covers 93 to 98.5 %; complete rows are few."""
    rng = np.random.default_rng([items, n])
    truth = items / (items + 1)  # of equal loadings and residual variances of 1
    hits, complete = [], []
    for _ in range(400):
        values = rng.standard_normal((n, 1)) + rng.standard_normal((n, items))
        values[rng.random(values.shape) < missing] = np.nan
        found = moments(pd.DataFrame(values), "pairwise")
        low, high = feldt_interval(alpha_from_covariance(found.covariance), n=found.n_pairs, items=items)
        hits.append(low <= truth <= high)
        complete.append(found.n_complete)
    assert 0.93 <= np.mean(hits) <= 0.985
    assert np.mean(complete) < 0.3 * n
