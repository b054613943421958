"""Item analysis against R's psych 2.2.9; the calls stand in tests/reference/scripts/validation.R."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxkit as cx
from cxkit.validation.correlations import moments
from tests.validation.building import factor_answers, survey_of, with_gaps

SURVEYS = ["bfi", "lq2002", "customersat", "hs1939"]


@pytest.mark.parametrize("name", SURVEYS)
def test_correlations_equal_psych(reference, shipped, name):
    # R: alpha(x, check.keys = FALSE)$item.stats$r.drop and $alpha.drop$raw_alpha
    frame = cx.item_analysis(shipped(name)).frame.set_index("item")
    for wanted in reference("validation_items")["alpha"][name].values():
        found = frame.loc[wanted["item"]]
        assert found["item_rest_r"].to_numpy() == pytest.approx(wanted["r_drop"], abs=1e-12)
        assert found["alpha_if_dropped"].to_numpy() == pytest.approx(wanted["alpha_drop"], abs=1e-12)


@pytest.mark.parametrize("name", SURVEYS)
def test_moments_equal_psych(reference, shipped, name):
    # R: describe(x, type = 3)
    wanted = reference("validation_items")["describe"][name]
    frame = cx.item_analysis(shipped(name)).frame.set_index("item").loc[wanted["item"]]
    for column in ("n", "mean", "median", "sd", "skew", "kurtosis"):
        assert frame[column].to_numpy() == pytest.approx(wanted[column], abs=1e-11), column


def test_an_unreversed_item_is_named(reference, shipped):
    # R: alpha(bfi[, A1:A5], check.keys = FALSE), A1 left as it was answered
    wanted = reference("validation_items")["unreversed"]
    wrong = survey_of(shipped("bfi").given[wanted["item"]])
    with pytest.warns(cx.CxkitWarning, match=r"probably not reversed: item A1 of 'All' correlates −0\.31 with"):
        found = cx.item_analysis(wrong)
    assert found.frame["item_rest_r"].to_numpy() == pytest.approx(wanted["r_drop"], abs=1e-12)
    assert found.frame["alpha_if_dropped"].to_numpy() == pytest.approx(wanted["alpha_drop"], abs=1e-12)
    assert found.verdicts.items[0].verdict == "works against the dimension"


def test_an_item_marked_reversed_by_mistake_is_named(shipped):
    answers = shipped("bfi").given[["N1", "N2", "N3", "N4", "N5"]]
    survey = survey_of(answers, reversed_items=["N5"], scale={"low": 1, "high": 6})
    with pytest.warns(cx.CxkitWarning, match="marked reversed, though it is probably not worded so: item N5"):
        cx.item_analysis(survey)


def test_floor_and_ceiling_are_shares_of_the_answers_given():
    answers = pd.DataFrame({"a": [1, 1, 5, np.nan] * 5, "b": [5, 4, 3, 1] * 5, "c": [1, 2, 2, 5] * 5})
    frame = cx.item_analysis(survey_of(answers, reversed_items=["b"], scale={"low": 1, "high": 5})).frame
    assert frame["floor"].tolist() == pytest.approx([2 / 3, 1 / 4, 1 / 4])
    assert frame["ceiling"].tolist() == pytest.approx([1 / 3, 1 / 4, 1 / 4])
    assert frame["missing"].tolist() == [0.25, 0, 0]
    assert frame["mean"].tolist() == pytest.approx([7 / 3, 11 / 4, 10 / 4])


def test_answers_of_fewer_than_five_are_shown_by_no_table_of_items():
    # Of 40: one person ticked 1 at a, which 39 others and the rarest of their answers would tell; three ticked 5 at c.
    a = [1] + [2] * 9 + [3] * 20 + [4] * 10
    b = [5] + [4] * 9 + [3] * 20 + [2] * 10
    c = [1] * 6 + [2] * 6 + [3] * 13 + [4] * 12 + [5] * 3
    survey = survey_of(pd.DataFrame({"a": a, "b": b, "c": c}), reversed_items=["b"], scale={"low": 1, "high": 5})
    items = cx.item_analysis(survey)
    floors, ceilings = items.frame["floor"], items.frame["ceiling"]
    assert np.isnan(floors[:2]).all()
    assert (ceilings[0], ceilings[1]) == (0, 0)
    assert np.isnan(ceilings[2])
    assert np.isnan(floors[2])  # six, and as rare as the answer that stands for the three: 40 less the others
    assert "Floor and ceiling are left out where fewer than 5 respondents gave that answer" in items.note
    shown = cx.answer_distribution(survey)
    for key, answers in shown.frame.groupby("item", sort=False):
        counts = answers["count"]
        assert not ((counts > 0) & (counts < 5)).any(), key
        assert counts.isna().sum() == 2  # neither is the total less the others
        assert answers["share"].isna().equals(counts.isna())
    assert shown.table.iloc[0].tolist()[2:] == ["40", "hidden", "hidden", "50%", "25%", "0%"]
    assert "a: 25% below, 25% above" in shown.alt
    assert "c: hidden below, hidden above" in shown.alt
    assert "fewer than 5 respondents gave to an item are hidden" in shown.note
    assert shown.picture().png.startswith(b"\x89PNG")
    assert "fewer" not in cx.answer_distribution(survey.subset(survey.given["a"] > 1)).text


def test_scores_of_fewer_than_five_at_an_end_are_not_shown():
    answers = pd.DataFrame({"a": [1] * 3 + [3] * 37 + [5] * 10, "b": [1] * 3 + [4] * 37 + [5] * 10})
    found = cx.score_distribution(survey_of(answers, scale={"low": 1, "high": 5}))
    assert np.isnan(found.frame["floor"].iloc[0])
    assert found.frame["ceiling"].iloc[0] == pytest.approx(0.2)
    assert "Shares of fewer than 5 respondents are left out." in found.note
    assert found.text.startswith("On 1 of 1 dimension")


def test_without_ends_of_the_scale_there_is_no_floor(shipped):
    result = cx.item_analysis(shipped("hs1939"))
    assert result.frame[["floor", "ceiling"]].isna().all(axis=None)
    assert {verdict.measure for verdict in result.verdicts} == {"item-rest correlation"}
    assert "scale" not in result.text


def test_formative_and_one_item_dimensions_have_no_correlation_and_the_note_says_why():
    answers = factor_answers(1, items=5)
    survey = survey_of(answers, {"audit": ["q1", "q2"], "one": ["q3"], "two": ["q4", "q5"]}, formative=["audit"])
    result = cx.item_analysis(survey)
    assert result.frame["item_rest_r"].isna().tolist() == [True, True, True, False, False]
    assert result.frame["alpha_if_dropped"].isna().all()  # of two items, one alone is left
    assert "'Audit' is formative: its items need not correlate" in result.note
    assert "'One' has one item" in result.note


@given(seed=st.integers(0, 10_000), order=st.permutations(range(6)))
def test_the_order_of_items_is_irrelevant(seed, order):
    answers = pd.DataFrame(with_gaps(factor_answers(seed), seed), columns=list("abcdef"))
    straight = cx.item_analysis(survey_of(answers)).frame.set_index("item")
    shuffled = cx.item_analysis(survey_of(answers.iloc[:, list(order)])).frame.set_index("item").loc[straight.index]
    numbers = straight.select_dtypes("number").columns
    np.testing.assert_allclose(shuffled[numbers], straight[numbers], atol=1e-12)


@given(seed=st.integers(0, 10_000))
def test_reversing_twice_is_nothing(seed):
    answers = pd.DataFrame(np.clip(np.round(factor_answers(seed, items=4) + 3), 1, 5), columns=list("abcd"))
    backwards = answers.assign(b=6 - answers["b"])
    scale = {"low": 1, "high": 5}
    straight = cx.item_analysis(survey_of(answers, scale=scale)).frame.drop(columns="reversed")
    turned = cx.item_analysis(survey_of(backwards, reversed_items=["b"], scale=scale)).frame.drop(columns="reversed")
    pd.testing.assert_frame_equal(straight, turned)


@given(seed=st.integers(0, 10_000))
def test_pairwise_moments_equal_pandas(seed):
    answers = pd.DataFrame(with_gaps(factor_answers(seed) + 1e4, seed, 0.3))
    found = moments(answers, "pairwise")
    np.testing.assert_allclose(found.covariance, answers.cov(), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(found.correlation, answers.corr(), rtol=1e-8, atol=1e-9)


def test_item_rest_is_the_plain_correlation_where_nothing_is_missing():
    answers = factor_answers(5)
    found = cx.item_analysis(survey_of(answers)).frame["item_rest_r"]
    plain = [np.corrcoef(answers[:, i], np.delete(answers, i, axis=1).sum(axis=1))[0, 1] for i in range(6)]
    assert found.to_numpy() == pytest.approx(plain, abs=1e-13)


def test_an_item_without_answers_or_without_variance_leaves_the_numbers_empty_not_wrong():
    answers = pd.DataFrame({"a": [1.0, 2, 3, 2, 1], "b": [np.nan] * 5, "c": [2.0] * 5})
    frame = cx.item_analysis(survey_of(answers)).frame
    assert frame["hidden"].tolist() == [False, True, False]
    assert frame["mean"].isna().tolist() == [False, True, False]
    assert frame["skew"].isna().tolist() == [False, True, True]
    assert frame["item_rest_r"].isna().all()


def test_an_item_that_few_answered_is_hidden_and_shows_through_no_other_item():
    answers = factor_answers(3, n=60, items=4)
    answers[4:, 1] = np.nan
    result = cx.item_analysis(survey_of(answers))
    without = cx.item_analysis(survey_of(answers[:, [0, 2, 3]]))
    hidden = result.frame[result.frame["hidden"]]
    assert hidden["item"].tolist() == ["q2"]
    assert hidden.drop(columns=["hidden", "reversed"]).select_dtypes("number").isna().all(axis=None)
    others = result.frame.loc[~result.frame["hidden"], ["mean", "item_rest_r", "alpha_if_dropped"]]
    np.testing.assert_array_equal(others, without.frame[["mean", "item_rest_r", "alpha_if_dropped"]])
    assert "1 of 4 items is hidden: fewer than 5 respondents" in result.note
    assert result.text.startswith("Item-rest correlations of the 3 items shown: they run from ")
    assert without.text.startswith("Item-rest correlations run from ")
    assert "hidden" in str(result)


def test_unknown_dimension_and_no_dimension():
    survey = survey_of(factor_answers(1))
    with pytest.raises(cx.OptionError, match=r"'small' has no dimension 'al'\. Did you mean 'all'\?"):
        cx.item_analysis(survey, dimensions=["al"])
    with pytest.raises(cx.OptionError, match=r"dimensions=\[\] names nothing"):
        cx.item_analysis(survey, dimensions=[])


def test_words_and_picture(shipped):
    result = cx.item_analysis(shipped("bfi"), dimensions=["openness", "agreeableness"])
    assert result.text == (
        "Item-rest correlations run from 0.22 (O4) to 0.59 (A3); 1 of 10 items falls below 0.30 (O4)."
    )
    assert result.note.startswith("Reversed items are turned round. n = 2,800. Data: bfi, answers ")
    assert "Openness: O1 0.39, O2 0.33, O3 0.45, O4 0.22, O5 0.42" in result.alt
    assert result.picture().png.startswith(b"\x89PNG")
    labels = [label.get_text() for label in result.plot().get_yticklabels()]
    assert labels[:2] == ["O1", "O2 (reversed)"]


def test_correlations_that_are_all_the_same_are_said_once_and_have_no_interval_at_the_end():
    """Six people, two items that mirror each other: r is -1 for both, where Fisher's z is infinite."""
    answers = pd.DataFrame({"q1": [1, 2, 3, 4, 5, 2], "q2": [5, 4, 3, 2, 1, 4], "q3": [3] * 6})
    with pytest.warns(cx.CxkitWarning, match=r"correlates −1\.00 with the dimension's other items\. Read"):
        found = cx.item_analysis(survey_of(answers))
    assert found.text.startswith("All item-rest correlations are −1.00 (q1, q2); 2 of 2 items fall below 0.30")
    assert found.frame[["item_rest_low", "item_rest_high"]].isna().to_numpy().all()
    assert {verdict.verdict for verdict in found.verdicts} == {"works against the dimension"}


def test_why_there_is_no_alpha():
    with pytest.raises(cx.AnalysisError, match="the variance of their sum is not above 0, although the items vary"):
        cx.cronbach_alpha(survey_of(pd.DataFrame({"q1": [1, 2, 3, 4, 5, 2], "q2": [5, 4, 3, 2, 1, 4]})))
