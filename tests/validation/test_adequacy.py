"""KMO and tests of uncorrelated items against R's psych 2.2.9 (validation.R) and lavaan (uncorrelated_items.R)."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxkit as cx
from cxkit.validation.correlations import moments
from cxkit.validation.factors.adequacy import bartlett
from tests.validation.building import each_case, factor_answers, survey_of, with_gaps


@each_case
def test_equals_psych(reference, shipped, case):
    # R: r <- cor(x, use = "pairwise"); KMO(r); cortest.bartlett(r, n = nrow(x))
    wanted = reference("validation_factors")["sets"][case.key]
    result = cx.sampling_adequacy(shipped(case.name), **case.options)
    assert result.frame["item"].tolist() == wanted["items"]
    assert result.kmo == pytest.approx(wanted["kmo"], abs=1e-12)
    assert result.frame["kmo"].to_numpy() == pytest.approx(wanted["kmo_items"], abs=1e-12)
    assert result.df == wanted["bartlett"]["df"]
    assert result.n == wanted["n"]
    if case.missing == "pairwise":  # R's call takes everybody as n, and its chi-square is none
        assert not result.test
        assert np.isnan([result.chi_square, result.p_value]).all()
        found = moments(shipped(case.name).answers[wanted["items"]], "pairwise")
        assert bartlett(found.correlation, found.n)[0] == pytest.approx(wanted["bartlett"]["chi_square"], rel=1e-11)
        return
    assert result.test == "Bartlett's test"
    assert result.chi_square == pytest.approx(wanted["bartlett"]["chi_square"], rel=1e-11)
    assert result.p_value == pytest.approx(wanted["bartlett"]["p"], rel=1e-8)


@given(seed=st.integers(0, 10_000), order=st.permutations(range(6)))
def test_order_and_reversal_are_irrelevant(seed, order):
    answers = pd.DataFrame(factor_answers(seed), columns=list("abcdef"))
    straight = cx.sampling_adequacy(survey_of(answers))
    other = cx.sampling_adequacy(survey_of(-answers.iloc[:, list(order)]))
    assert other.kmo == pytest.approx(straight.kmo, abs=1e-12)
    assert other.chi_square == pytest.approx(straight.chi_square, rel=1e-10)
    by_item = straight.frame.set_index("item")["kmo"]
    assert other.frame.set_index("item")["kmo"].to_dict() == pytest.approx(by_item.to_dict(), abs=1e-12)


def test_two_items_always_have_half():
    # Two items have no others to hold constant: the partial correlation is the correlation.
    assert cx.sampling_adequacy(survey_of(factor_answers(4, items=2))).kmo == pytest.approx(0.5, abs=1e-12)


def refused(answers, message, **options):
    with pytest.raises(cx.AnalysisError, match=message):
        cx.sampling_adequacy(survey_of(answers), **options)


def test_constant_items_are_named():
    answers = factor_answers(1)
    answers[:, [1, 4]] = 3
    refused(answers, "these have one answer from everybody: q2, q5")


def test_an_item_that_is_constant_among_complete_answers_is_named():
    answers = factor_answers(1, n=20)
    answers[:10, 0] = np.nan
    answers[10:, 1] = 2
    refused(answers, "one answer from everybody: q2", missing="complete")


def test_items_that_follow_from_others_are_named():
    answers = factor_answers(1, items=8)
    answers[:, 7] = answers[:, 2] + answers[:, 5]
    refused(answers, "follow exactly from one another: q3, q6, q8")
    answers[:, 7] = answers[:, 0]
    refused(answers, "follow exactly from one another: q1, q8")


def test_more_respondents_than_items():
    complete = {"missing": "complete"}
    refused(factor_answers(1, n=6), "'small' has 6 items, and 6 respondents answered all of them", **complete)
    refused(factor_answers(1, n=6), "'small' has 6 items, and 6 respondents answered any of them")
    nothing = np.full((9, 3), np.nan)
    refused(nothing, "0 respondents answered all of them. missing='pairwise' uses the incomplete", **complete)
    refused(nothing, "0 respondents answered any of them. Or choose fewer", missing="pairwise")
    refused(nothing, "0 respondents answered any of them. Or choose fewer")
    refused(factor_answers(1, items=1), "needs two items; 'small' has 1")


def test_pairs_without_common_respondents_are_named():
    answers = factor_answers(1, n=40, items=3)
    answers[:20, 0] = np.nan
    answers[20:, 2] = np.nan
    refused(answers, "because too few respondents answered both .*: q1 and q3", missing="pairwise")


def test_pairwise_correlations_that_contradict_one_another():
    # Three pairs from three groups: r12 = r13 = 1 but r23 = -1 cannot hold for the same people.
    line, gap = np.arange(10.0), np.full(10, np.nan)
    answers = np.vstack([np.c_[line, line, gap], np.c_[line, gap, line], np.c_[gap, line, -line]])
    refused(answers, r"contradict one another \(smallest eigenvalue -1\)\. Use missing='fiml'", missing="pairwise")


def test_words_and_picture(shipped):
    result = cx.sampling_adequacy(shipped("hs1939"))
    assert result.text == (
        "KMO is 0.75, which Kaiser (1974) called middling; the lowest item is x7 with 0.59. Bartlett's test: χ²(36) = "
        "904.1, p < .001: the items are correlated, which says nothing of how strongly."
    )
    assert result.note.startswith("Overall KMO 0.75. Bartlett's test: χ²(36) = 904.1, p < .001. n = 301. Data: hs1939")
    assert result.verdicts.items[0].subject == "all items"
    assert "overall 0.75. x1 0.81, x2 0.78" in result.alt
    assert result.picture().png.startswith(b"\x89PNG")


def test_uncorrelated_items_are_not_called_correlated():
    answers = np.random.default_rng(3).standard_normal((60, 4))
    assert "not shown to be correlated" in cx.sampling_adequacy(survey_of(answers)).text


def test_gaps_are_never_filled():
    answers = with_gaps(factor_answers(7, n=200), 7)
    complete = answers[~np.isnan(answers).any(axis=1)]
    result = cx.sampling_adequacy(survey_of(answers), missing="complete")
    assert result.kmo == pytest.approx(cx.sampling_adequacy(survey_of(complete)).kmo, abs=1e-13)
    assert (result.n, result.n_dropped) == (len(complete), 200 - len(complete))


@pytest.mark.parametrize("dimension", ["neuroticism", "openness"])
def test_incomplete_answers_have_the_likelihood_ratio_of_lavaan(reference, shipped, dimension):
    # R: cfa("N1 ~~ N1; N2 ~~ N2; ...", missing = "fiml"): chi-square against the saturated model
    wanted = reference("uncorrelated_items")[dimension]
    result = cx.sampling_adequacy(shipped("bfi"), dimensions=[dimension])
    factor = 1 - (2 * 5 + 11) / (6 * wanted["together"])
    assert (result.n, result.df, result.test) == (wanted["n"], wanted["df"], "likelihood-ratio test of independence")
    assert result.chi_square == pytest.approx(factor * wanted["chisq"], rel=1e-8)
    assert "Likelihood-ratio test of independence: χ²(10) = " in result.text
    assert "Bartlett's test" not in result.text + result.note


def test_one_hole_hardly_moves_the_test():
    answers = factor_answers(5, n=400)
    holed = answers.copy()
    holed[0, 0] = np.nan
    whole, result = (cx.sampling_adequacy(survey_of(each)) for each in (answers, holed))
    assert result.chi_square == pytest.approx(whole.chi_square, rel=0.01)


def rejections(share, seed, **options):
    """In how many of 60 surveys of 200 people, six items and no correlation the test finds one."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(60):
        answers = np.digitize(rng.standard_normal((200, 6)), (-1.2, -0.4, 0.4, 1.2)) + 1.0
        answers[rng.random(answers.shape) < share] = np.nan
        found.append(cx.sampling_adequacy(survey_of(answers), **options).p_value < 0.05)
    return sum(found)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3])
def test_uncorrelated_items_are_rarely_called_correlated(share):
    # 5 % of 60 are 3; more than 8 have a chance of 1 in 300. With everybody as n, 47 of 60 were at .3.
    assert rejections(share, seed=6) <= 8


def test_weights_do_not_make_uncorrelated_items_correlated():
    rng = np.random.default_rng(9)
    found = 0
    for _ in range(60):
        answers = rng.standard_normal((200, 6))
        answers[rng.random(answers.shape) < 0.2] = np.nan
        survey = replace(survey_of(answers), respondents=pd.DataFrame({"weight": rng.gamma(0.8, 1, 200) + 0.05}))
        found += cx.sampling_adequacy(survey).p_value < 0.05
    assert found <= 8


def test_pairwise_and_polychoric_correlations_have_no_test():
    rng = np.random.default_rng(2)
    whole = np.digitize(factor_answers(2, n=200), (-1.0, 0.0, 1.0)) + 1.0
    holed = np.where(rng.random(whole.shape) < 0.1, np.nan, whole)
    for answers, options, why in (
        (holed, {"missing": "pairwise"}, "each pairwise correlation rests on other respondents"),
        (holed, {"correlation": "polychoric"}, "of polychoric correlations Bartlett's statistic has no chi-square"),
        (whole, {"correlation": "polychoric"}, "of polychoric correlations Bartlett's statistic has no chi-square"),
    ):
        result = cx.sampling_adequacy(survey_of(answers), **options)
        assert np.isnan([result.chi_square, result.p_value]).all()
        assert not result.test
        for words in (result.text, result.note, cx.methods_paragraph(survey_of(answers), result).results):
            assert "KMO" in words
            assert why in words
            assert "nan" not in words
            assert "χ²" not in words
        assert "bartlett1951" not in result.references
        assert result.kmo > 0.5
    pairs = cx.sampling_adequacy(survey_of(whole), missing="pairwise")
    assert pairs.test == "Bartlett's test"
