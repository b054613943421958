"""A statistic bears the name that its source gives it: headings of the tables against the formula of that name."""

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit.results.columns import find_column
from cxkit.statistics.lower_bounds import guttman_bounds
from cxkit.survey.survey import typed_role
from tests.conftest import tiny_survey


@pytest.fixture(scope="module")
def answers():
    rng = np.random.default_rng(12)
    return np.clip(np.round(3 + rng.normal(0, 1, (60, 1)) + rng.normal(0, 0.9, (60, 3))), 1, 5)


def test_retest_names_both_intraclass_correlations_by_shrout_and_fleiss(answers):
    survey = tiny_survey(np.vstack([answers, answers[:, [1, 2, 0]] * 0.9 + 0.3]))
    row = pd.Series(range(120), index=survey.given.index)
    survey = tiny_survey(survey.given, id=typed_role("id", row % 60).tolist(), wave=(row // 60).tolist())
    found = cx.retest_reliability(survey).frame.iloc[0]
    scores = survey.scores()["d1"].to_numpy().reshape(2, 60).T
    raters = cx.rater_reliability(scores).frame.set_index("type")["icc"]
    assert found["agreement"] == pytest.approx(raters[find_column("agreement").heading], rel=1e-12)
    assert found["consistency"] == pytest.approx(raters[find_column("consistency").heading], rel=1e-12)


def test_bounds_bear_the_numbers_that_guttman_gave_them(answers):
    """Guttman (1945): 2 from all squared covariances, 3 is alpha, 6 from squared multiple correlations."""
    c = np.cov(answers.T)
    total, off = c.sum(), c - np.diag(np.diag(c))
    bounds = guttman_bounds(c)
    assert bounds.lambda2 == pytest.approx((off.sum() + np.sqrt(3 / 2 * (off**2).sum())) / total, rel=1e-12)
    assert bounds.lambda3 == pytest.approx(cx.cronbach_alpha(tiny_survey(answers)).frame["alpha"].item(), rel=1e-12)
    left = [
        c[i, i] - c[i, r] @ np.linalg.solve(c[np.ix_(r, r)], c[r, i])
        for i, r in ((0, [1, 2]), (1, [0, 2]), (2, [0, 1]))
    ]
    assert bounds.lambda6 == pytest.approx(1 - sum(left) / total, rel=1e-12)
    split = cx.split_half(tiny_survey(answers)).frame.iloc[0]
    halves = [4 * c[i, r].sum() / total for i, r in ((0, [1, 2]), (1, [0, 2]), (2, [0, 1]))]
    assert split["lambda4"] == pytest.approx(max(halves), rel=1e-12)  # 4 is of one split; the table holds the largest
    assert find_column("lambda4").heading == "Largest λ4"


def test_agreement_within_groups_by_hand(answers):
    """James, Demaree & Wolf (1984) and Lindell, Brandt & Whitney (1999), five options: random variance 2."""
    table = cx.within_group_agreement(tiny_survey(answers, unit=["a"] * 60)).frame.iloc[0]
    v = answers.var(axis=0, ddof=1).mean() / 2
    assert table["rwg_j"] == pytest.approx(3 * (1 - v) / (3 * (1 - v) + v), rel=1e-12)
    assert table["rwg_j_star"] == pytest.approx(1 - v, rel=1e-12)
    assert (find_column("rwg_j").heading, find_column("rwg_j_star").heading) == ("Mean r_wg(J)", "Mean r*wg(J)")


def test_hedges_g_is_the_pooled_difference_with_the_exact_correction(answers):
    """Hedges (1981): d by the pooled SD, times gamma(df/2) / (sqrt(df/2) gamma((df - 1)/2))."""
    from math import exp, lgamma, sqrt

    level = ["Boss"] * 20 + ["Staff"] * 40
    found = cx.level_gap(tiny_survey(answers, level=level), leaders=["Boss"]).frame.iloc[0]
    own = answers.mean(axis=1)
    pooled = sqrt((19 * own[:20].var(ddof=1) + 39 * own[20:].var(ddof=1)) / 58)
    exact = exp(lgamma(29) - lgamma(28.5)) / sqrt(29)
    assert found["g"] == pytest.approx((own[:20].mean() - own[20:].mean()) / pooled * exact, rel=1e-12)
