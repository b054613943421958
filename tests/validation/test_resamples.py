"""Intervals from resamples: one rule for how many may have no value, whichever coefficient it is."""

from __future__ import annotations

import numpy as np
import pytest

import cxkit as cx
from cxkit.sem.after import bootstrap as of_models
from cxkit.statistics import bootstrap
from cxkit.statistics.bootstrap import percentile_interval, percentile_intervals
from cxkit.validation.content.weighting import quantiles
from tests.validation.building import survey_of


@pytest.mark.parametrize("lost", [0, 5, 6, 99])
def test_too_many_lost_resamples_leave_no_interval(lost: int) -> None:
    """The others were taken for all, however few they were; up to a twentieth may be lost."""
    replicates = np.arange(100.0)
    replicates[:lost] = np.nan
    found = [percentile_interval(replicates, 0.9), tuple(percentile_intervals(replicates[:, None], 0.9)[:, 0])]
    if lost <= 5:
        assert found == [pytest.approx(np.quantile(np.arange(lost, 100.0), [0.05, 0.95]))] * 2
    else:
        assert np.isnan(found).all()
    assert np.isnan(quantiles(replicates[:, None], 0.9)).all() == (lost > 5)
    assert of_models.MOST_LOST == bootstrap.MOST_LOST


@pytest.mark.filterwarnings("ignore::cxkit.errors.CxkitWarning")
def test_a_ratio_that_many_resamples_lack_has_no_interval() -> None:
    """Two of 40 people differ on an item: in a tenth of the resamples nobody does, and it correlates with nothing."""
    rng = np.random.default_rng(4)
    common = np.repeat(rng.standard_normal((40, 2)), 3, axis=1)
    common[:2, 3:] = [[-2.0] * 3, [2.0] * 3]
    answers = common + 0.7 * rng.standard_normal((40, 6))
    answers[:, 5] = [2.0, 4.0, *[3.0] * 38]
    dimensions = {"one": ["q1", "q2", "q3"], "other": ["q4", "q5", "q6"]}
    found = cx.discriminant_validity(survey_of(answers, dimensions), bootstraps=400)
    assert found.frame[["htmt_low", "htmt_high"]].isna().all(axis=None)
    assert "where these are more than 5% there is no interval" in found.note
