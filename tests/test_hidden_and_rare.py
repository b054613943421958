"""Sentences beside hidden cells, rare answers and groups without spread: what is not known is not told as 0."""

from __future__ import annotations

import re

import numpy as np
import pytest

import cxkit as cx
from cxkit.errors import AnalysisError
from cxkit.validation.factors.parallel import _compare
from tests.conftest import tiny_survey


@pytest.mark.parametrize("seed", range(40))
def test_the_item_with_most_answers_on_a_side_is_chosen_among_those_that_are_shown(seed):
    """Shares that are hidden, since fewer than five gave an answer, counted as 0."""
    rng = np.random.default_rng(seed)
    answers = np.clip(np.round(rng.normal(3, 0.9, (60, 6))), 1, 5)
    text = cx.answer_distribution(tiny_survey(answers)).text
    named = re.search(r"above the middle of the scale: (\S+) \((\d+)%\)", text)
    if named is None:
        assert "is not told" in text or "All answers lie" in text
        return
    above = {f"d{k // 3 + 1}_{k % 3 + 1}": (answers[:, k] > 3).mean() for k in range(6)}
    assert round(100 * above[named[1]]) == pytest.approx(int(named[2]), abs=1)
    whole = re.search(r"^Most answers", text)
    assert whole is None or above[named[1]] == max(above.values())


def test_hidden_answers_are_no_answers_at_the_middle():
    few = np.full((40, 3), 3.0)
    few[:4, 1], few[36:, 1] = 1, 5
    text = cx.answer_distribution(tiny_survey(few)).text
    assert text.startswith("Of the 2 items of 3 without hidden answers: most answers above")
    assert "All answers lie" not in text
    everywhere = np.tile(few[:, [1]], 3)
    text = cx.answer_distribution(tiny_survey(everywhere)).text
    assert text.startswith(
        "How many answers lie above and below the middle of the scale is not told: on every item fewer"
    )


@pytest.mark.parametrize("seed", range(6))
def test_chance_is_told_of_as_many_flags_as_the_answers(seed):
    """ "8 one or more" stood beside what chance gives of two or more."""
    rng = np.random.default_rng(seed)
    trait = rng.normal(size=(60, 1))
    answers = np.clip(np.round(3 + trait + rng.normal(0, 0.7, (60, 9))), 1, 5)
    answers[: 2 * seed] = rng.integers(1, 6, (2 * seed, 9))
    text = cx.screen_respondents(tiny_survey(answers), seed=1).text
    told = "one" if "one or more." in text.split(" If everybody")[0] else "two"
    assert f"would have {told} or more by chance" in text


def test_only_answers_that_a_group_lacks_are_named():
    rng = np.random.default_rng(1)
    answers = rng.integers(1, 6, (300, 3)).astype(float)
    second = np.arange(300) >= 150
    answers[second & (answers[:, 0] == 1), 0] = 2
    survey = tiny_survey(answers, function=np.where(second, "B", "A"))
    with pytest.raises(AnalysisError) as refused:
        cx.measurement_invariance(survey, by="function", ordinal=True, minimum=50, rare="refuse")
    assert re.findall(r"(d\S+): nobody in '(.)' answered (\d)", str(refused.value)) == [("d1_1", "B", "1")]


def test_a_gap_between_groups_that_agree_wholly_within_themselves_is_told():
    """g has no value there; the gap was left out of the sentence although its test found it."""
    rng = np.random.default_rng(2)
    leads = np.arange(40) < 12
    answers = np.column_stack([np.repeat(np.where(leads, 5.0, 2.0)[:, None], 3, axis=1), rng.integers(1, 6, (40, 3))])
    survey = tiny_survey(answers, level=np.where(leads, "Boss", "Staff"))
    found = cx.level_gap(survey, leaders=["Boss"])
    assert found.frame.loc[0, "p_adjusted"] < 0.05
    assert "can be told apart on 1 of 2 dimensions" in found.text
    assert "This gap is on Dimension 1: leaders score 3.00 points higher" in found.text
    assert "without a g, since within both groups everybody scores the same" in found.text
    alone = cx.level_gap(tiny_survey(answers[:, :3], level=np.where(leads, "Boss", "Staff")), leaders=["Boss"])
    assert "can be told apart on 1 of 1 dimension" in alone.text
    assert "nan" not in found.text + alone.text
    same = cx.level_gap(tiny_survey(np.full((40, 3), 4.0), level=np.where(leads, "Boss", "Staff")), leaders=["Boss"])
    assert same.text == "No gap can be shown: within both groups everybody scores the same."


def test_dimensions_of_unlike_length_compare_by_the_index_that_does_not_rise_with_it():
    found = cx.within_group_agreement(cx.load_survey("lq2002"), by="organisation")
    assert found.frame["items"].nunique() > 1
    star = found.frame.set_index("title")["rwg_j_star_median"]
    assert f"highest on {star.idxmax()} (median r*wg(J)" in found.text
    assert f"lowest on {star.idxmin()} (" in found.text
    assert "The medians of r_wg(J), which rises with the number of items, lie between" in found.text


def test_two_items_have_no_second_factor():
    """The second eigenvalue is 0 but for rounding, and so is that of random data."""
    rounding = np.array([[0.4, 1e-17], [0.3, -2e-17], [0.35, 3e-18]])
    assert _compare(np.array([0.6, 5e-17]), rounding, 0.95)["stands_out"].tolist() == [True, False]
