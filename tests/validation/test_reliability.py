"""Alpha and its interval against R's psych 2.2.9; the calls stand in tests/reference/scripts/validation.R."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxkit as cx
from cxkit.statistics.alpha import bootstrap_alphas, feldt_interval
from cxkit.validation.reliability.alpha import alpha_from_covariance
from tests.validation.building import factor_answers, survey_of, with_gaps

SURVEYS = ["bfi", "lq2002", "customersat", "hs1939"]


@pytest.mark.parametrize("name", SURVEYS)
def test_alpha_equals_psych(reference, shipped, name):
    # R: alpha(x, check.keys = FALSE)$total and alpha.ci(raw_alpha, n.obs = sum(complete.cases(x)), n.var = ncol(x))
    frame = cx.cronbach_alpha(shipped(name)).frame.set_index("dimension")
    narrow = cx.cronbach_alpha(shipped(name), confidence=0.90).frame.set_index("dimension")
    wanted = reference("validation_items")["alpha"][name]
    assert list(frame.index) == list(wanted)
    for dimension, values in wanted.items():
        found = frame.loc[dimension]
        assert found["alpha"] == pytest.approx(values["raw_alpha"], abs=1e-12)
        assert found["alpha_standardized"] == pytest.approx(values["std_alpha"], abs=1e-12)
        assert found["mean_r"] == pytest.approx(values["average_r"], abs=1e-12)
        assert found["n_complete"] == values["n_complete"]
        # R's call with n_complete is the interval of complete respondents; with missing answers n is that of the pairs.
        low, high = feldt_interval(found["alpha"], n=values["n_complete"], items=found["items"])
        assert [low, high] == pytest.approx(values["ci_n_complete"], abs=1e-10)
        assert low - 1e-10 <= found["ci_low"] <= found["ci_high"] <= high + 1e-10
        ninety = narrow.loc[dimension, ["ci_low", "ci_high"]].tolist()
        low, high = values["ci90_n_complete"]
        assert low - 1e-10 <= ninety[0] <= ninety[1] <= high + 1e-10


@pytest.mark.parametrize("name", SURVEYS)
def test_alpha_of_complete_answers_equals_psych(reference, shipped, name):
    # R: alpha(na.omit(x), check.keys = FALSE)$total$raw_alpha
    result = cx.cronbach_alpha(shipped(name), missing="complete")
    for values, (_, found) in zip(
        reference("validation_items")["alpha"][name].values(), result.frame.iterrows(), strict=True
    ):
        assert found["alpha"] == pytest.approx(values["raw_alpha_listwise"], abs=1e-12)
        assert found["n"] == found["n_complete"] == values["n_complete"]


@pytest.mark.parametrize("name", SURVEYS)
def test_with_every_row_counted_the_interval_is_that_of_psych_alpha(reference, name):
    # R: alpha(x)$feldt, which is alpha.ci(raw_alpha, n.obs = nrow(x), n.var = ncol(x))
    for values in reference("validation_items")["alpha"][name].values():
        found = feldt_interval(values["raw_alpha"], n=values["n_rows"], items=len(values["item"]))
        assert found == pytest.approx(values["ci_n_rows"], abs=1e-10)


@given(r=st.floats(0.01, 0.95), items=st.integers(2, 30))
def test_alpha_of_parallel_items_is_spearman_brown(r, items):
    covariance = np.full((items, items), r * 2.5) + np.eye(items) * (1 - r) * 2.5
    assert alpha_from_covariance(covariance) == pytest.approx(items * r / (1 + (items - 1) * r), abs=1e-12)


@given(seed=st.integers(0, 10_000), order=st.permutations(range(6)))
def test_the_order_of_items_is_irrelevant(seed, order):
    answers = pd.DataFrame(with_gaps(factor_answers(seed), seed))
    straight, shuffled = (
        cx.cronbach_alpha(survey_of(a.to_numpy())).frame.iloc[0] for a in (answers, answers.iloc[:, list(order)])
    )
    assert shuffled["alpha"] == pytest.approx(straight["alpha"], abs=1e-12)
    assert shuffled["sem"] == pytest.approx(straight["sem"], abs=1e-12)


@given(seed=st.integers(0, 10_000), factor=st.floats(0.1, 50), shift=st.floats(-100, 100))
def test_units_do_not_matter_to_alpha_and_scale_the_error_of_measurement(seed, factor, shift):
    answers = factor_answers(seed)
    one, other = (cx.cronbach_alpha(survey_of(a)).frame.iloc[0] for a in (answers, answers * factor + shift))
    assert other["alpha"] == pytest.approx(one["alpha"], abs=1e-9)
    assert other["sem"] == pytest.approx(one["sem"] * factor, rel=1e-6)


def test_error_of_measurement_is_that_of_the_mean_score():
    answers = factor_answers(3)
    row = cx.cronbach_alpha(survey_of(answers)).frame.iloc[0]
    assert row["sem"] == pytest.approx(answers.mean(axis=1).std(ddof=1) * np.sqrt(1 - row["alpha"]), rel=1e-12)


def test_what_is_left_out_and_why():
    survey = survey_of(
        factor_answers(1), {"audit": ["q1", "q2"], "one": ["q3"], "rest": ["q4", "q5", "q6"]}, formative=["audit"]
    )
    result = cx.cronbach_alpha(survey)
    assert result.frame["dimension"].tolist() == ["rest"]
    assert result.notes == (
        "'Audit' is left out: it is formative. Its items make the score up, as courses make up a menu, and need not go "
        "together; alpha takes items as signs of one thing behind them and would mislead. formative_profile says what "
        "can be said instead.",
        "'One' is left out: alpha needs 2 items, and it has 1.",
    )
    assert result.note.startswith("'Audit' is left out")
    with pytest.raises(cx.AnalysisError, match=r"No dimension of 'small' is left for alpha\. 'One' is left out"):
        cx.cronbach_alpha(survey, dimensions=["one"])
    with pytest.raises(cx.AnalysisError, match="it is formative"):
        cx.cronbach_alpha(survey, dimensions="audit")


def test_negative_alpha_is_told():
    answers = factor_answers(2, items=2)
    answers[:, 1] *= -1
    with pytest.warns(cx.CxkitWarning, match=r"Alpha of 'All' is negative \(−\d+\.\d\d\): its items work against"):
        result = cx.cronbach_alpha(survey_of(answers))
    assert result.frame["alpha"].item() < 0


def test_a_constant_item_is_told_and_answers_that_do_not_vary_are_refused():
    answers = np.round(factor_answers(2, items=3))
    answers[:, 2] = 4
    found = cx.cronbach_alpha(survey_of(answers))
    assert "Everybody who answered gave the same answer to q3 of 'All', which is left out of alpha." in found.note
    with pytest.raises(
        cx.AnalysisError, match="Alpha of 'All' cannot be computed. Everybody who answered gave the same"
    ):
        cx.cronbach_alpha(survey_of(np.ones((5, 3))))
    with pytest.raises(cx.AnalysisError, match="Alpha of 'All' cannot be computed: nobody answered any of its items"):
        cx.cronbach_alpha(survey_of(np.full((5, 3), np.nan)))


def test_five_respondents_get_the_wide_interval_they_deserve():
    answers = np.array([[1.0, 2, 2], [3, 3, 1], [3, 4, 5], [2, 2, 4], [4, 1, 3]])
    row = cx.cronbach_alpha(survey_of(answers)).frame.iloc[0]
    assert row["n"] == 5
    assert row["ci_low"] < 0 < row["alpha"] < row["ci_high"]


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_confidence_is_a_probability(confidence):
    with pytest.raises(cx.OptionError, match=r"must lie between 0 and 1, such as 0\.95"):
        cx.cronbach_alpha(survey_of(factor_answers(1)), confidence=confidence)


def test_missing_is_one_of_two_words():
    with pytest.raises(cx.OptionError, match=r"missing='pairwize' is not known\. Did you mean 'pairwise'\?"):
        cx.cronbach_alpha(survey_of(factor_answers(1)), missing="pairwize")


def test_words_table_and_picture(shipped):
    result = cx.cronbach_alpha(shipped("customersat"), confidence=0.9)
    assert result.text == (
        "Alpha runs from Effectiveness (0.89, 90 % interval 0.88 to 0.90) to Price (0.90, 90 % interval 0.89 to 0.91); "
        "2 of 2 dimensions reach 0.70 (Nunnally & Bernstein 1994)."
    )
    assert str(result).splitlines()[:5] == [
        "Reliability: Cronbach's alpha",
        "Dimension      Items      n  n complete     α  90 % interval  α standardised  Mean r   SEM",
        "------------------------------------------------------------------------------------------",
        "Price              3  1,811       1,811  0.90   0.89 to 0.91            0.90    0.75  0.77",
        "Effectiveness      6  1,811       1,811  0.89   0.88 to 0.90            0.89    0.58  0.63",
    ]
    assert "'Overall satisfaction' is left out: alpha needs 2 items" in result.note
    assert [v.verdict for v in result.verdicts] == ["enough for comparing groups"] * 2
    assert result.alt.startswith("Alpha by dimension, with a line at 0.70: Price (0.90, 90 % interval 0.89 to 0.91)")
    assert result.picture().png.startswith(b"\x89PNG")


def test_the_survey_is_left_as_it_was(shipped):
    survey = shipped("bfi")
    before = survey.given.copy()
    cx.cronbach_alpha(survey)
    pd.testing.assert_frame_equal(survey.given, before)


def test_bootstrapped_alpha_is_that_of_the_rows_drawn():
    for answers in (factor_answers(1, n=60, items=4), with_gaps(factor_answers(1, n=60, items=4), 1)):
        found = bootstrap_alphas(answers, resamples=5, seed=2)
        rng = np.random.default_rng(2)
        for value in found:
            drawn = pd.DataFrame(answers[rng.integers(0, 60, size=60)])
            assert value == pytest.approx(alpha_from_covariance(drawn.cov().to_numpy()), abs=1e-12)


def test_bootstrap_interval_is_near_feldts_for_normal_answers():
    # 2,000 resamples of 2,000 normal answers with one factor: both intervals hold, within simulation error.
    survey = survey_of(factor_answers(7, n=2000, items=6))
    exact = cx.cronbach_alpha(survey).frame.iloc[0]
    result = cx.cronbach_alpha(survey, interval="bootstrap", bootstraps=2000, seed=4)
    drawn = result.frame.iloc[0]
    assert drawn["alpha"] == exact["alpha"]
    assert drawn["ci_low"] == pytest.approx(exact["ci_low"], abs=0.003)
    assert drawn["ci_high"] == pytest.approx(exact["ci_high"], abs=0.003)
    assert "Intervals: percentiles of 2,000 resamples of respondents, seed 4." in result.note
    assert "Efron & Tibshirani 1993" in result.note
    assert "Feldt" not in result.note


def test_bootstrap_options_are_checked():
    survey = survey_of(factor_answers(1))
    with pytest.raises(cx.OptionError, match=r"interval='boot' is not known\. Did you mean 'bootstrap'\?"):
        cx.cronbach_alpha(survey, interval="boot")
    with pytest.raises(cx.OptionError, match="bootstraps=1 must be a whole number, at least 2"):
        cx.cronbach_alpha(survey, interval="bootstrap", bootstraps=1)


@pytest.mark.parametrize("analysis", [cx.cronbach_alpha, cx.split_half])
def test_the_note_says_whose_n_it_gives_where_dimensions_differ(analysis):
    answers = factor_answers(5, n=120, items=6)
    answers[:30, 0] = np.nan
    survey = survey_of(answers, {"few": ["q1", "q2", "q3"], "most": ["q4", "q5", "q6"]})
    own = "n = 120. "
    found = analysis(survey, missing="complete")
    assert own in found.note
    assert "n and who is left out are those of 'Most', which has most answers." in found.note
    assert "n and who" not in analysis(survey).note
