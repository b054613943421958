"""Tables with a row per respondent keep the row numbers of the survey, whoever was left out before."""

from __future__ import annotations

import numpy as np
import pandas as pd

import cxkit as cx
from tests.conftest import tiny_survey


def survey_with_gaps() -> cx.Survey:
    """Every third respondent left out; one of those who stay answered nothing."""
    answers = np.random.default_rng(5).integers(1, 6, (90, 6)).astype(float)
    answers[7] = np.nan
    whole = tiny_survey(answers)
    return whole.subset(pd.Series(np.arange(90) % 3 != 0, index=whole.given.index))


def test_scores_of_a_part_of_a_survey_stand_beside_their_respondents() -> None:
    survey = survey_with_gaps()
    scores = survey.scores()
    assert scores.index.equals(survey.given.index)
    assert survey.answers.index.equals(survey.given.index)
    assert 0 not in scores.index
    for dimension in survey.dimensions:
        expected = survey.answers[dimension.item_keys].mean(axis=1)
        pd.testing.assert_series_equal(scores[dimension.key], expected, check_names=False)
