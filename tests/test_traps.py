"""Traps in the libraries underneath that no other test names; the rest stand with what they concern.

Elsewhere: factor-analyzer on new scikit-learn, its order of factor correlations and its silent imputation
(tests/validation/test_factors.py), KMO with gaps (test_adequacy.py), misspelt parameters and papermill's "completed"
(tests/running), html that differs at every render (tests/results).
"""

import numpy as np
import pytest

import cxkit as cx
from cxkit import sem
from tests.conftest import tiny_survey

THREE_FACTORS = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"


def test_the_textbook_model_has_the_textbook_fit():
    """semopy's forks and newer packages give other figures; lavaan and every textbook: 85.306 on 24 df."""
    measures = sem.cfa(THREE_FACTORS, cx.load_survey("hs1939").answers).measures
    assert measures["chisq"] == pytest.approx(85.306, abs=5e-4)
    assert measures["df"] == 24


def test_the_interval_of_alpha_does_not_count_rows_that_were_dropped():
    """pingouin's interval counts them: forty rows with gaps must leave it as it was."""
    answers = np.random.default_rng(1).integers(1, 6, (60, 1)) + np.random.default_rng(2).integers(0, 2, (60, 3))
    gaps = np.full((40, 3), np.nan)
    complete = cx.cronbach_alpha(tiny_survey(np.minimum(answers, 5)), missing="complete").frame
    padded = cx.cronbach_alpha(tiny_survey(np.vstack([np.minimum(answers, 5), gaps])), missing="complete").frame
    columns = ["alpha", "ci_low", "ci_high", "n_complete"]
    assert complete[columns].to_numpy().tolist() == padded[columns].to_numpy().tolist()


@pytest.mark.filterwarnings("ignore:Alpha of:cxkit.errors.CxkitWarning")
def test_an_item_that_was_not_reversed_is_named():
    """pingouin does not warn of one."""
    trait, noise = np.random.default_rng(3).integers(1, 6, 200), np.random.default_rng(4).integers(-1, 2, (200, 3))
    answers = np.clip(np.column_stack([trait, trait, 6 - trait]) + noise, 1, 5)
    with pytest.warns(cx.CxkitWarning) as warned:
        cx.item_analysis(tiny_survey(answers))
    assert any("d1_3" in str(warning.message) and "revers" in str(warning.message) for warning in warned)


def test_a_scaled_difference_that_has_no_value_is_none_and_no_error():
    """R: lavTestLRT(metric, scalar, method = ...) gives negative scaling factors here: -0.400 (2001), -2.292 (2010)."""
    data = cx.load_survey("hs1939").answers.assign(school=cx.load_survey("hs1939").role("organisation").astype(str))
    metric, scalar = (
        sem.cfa("visual =~ x1 + x2 + x3", data, group="school", equal=equal, estimator="MLR", std_lv=True)
        for equal in (("loadings",), ("loadings", "intercepts"))
    )
    for method, factor in (("satorra.bentler.2001", -0.40038), ("satorra.bentler.2010", -20.98706 / 9.1556375)):
        difference = metric.compare(scalar, method)
        assert difference.scaling_factor == pytest.approx(factor, rel=1e-4)
        assert np.isnan(difference.chisq_diff)
