"""Where there is one dimension, one pair, one item or one split, no sentence picks or compares."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit.survey.survey import Survey
from tests.validation.building import factor_answers, survey_of

COMPARING = re.compile(
    r"\b(most closely|closest|widest|lowest|highest|largest|smallest|moves most|most often|together|at most|"
    r"runs from|keeps? (its|their) rank|1 splits|equally good|cannot tell them apart)\b",
    re.IGNORECASE,
)


def survey(dimensions: int = 1, items: int = 5) -> Survey:
    """160 people, of whom the leaders score higher, and whose answers are given in part."""
    rng = np.random.default_rng(4)
    traits = [factor_answers(k, n=160, items=items) for k in range(dimensions)]
    leads = np.repeat([True, False], 80)
    answers = np.clip(np.round(np.column_stack(traits) + 4 + 0.8 * leads[:, None]), 1, 7)
    answers[rng.random(answers.shape) < 0.03] = np.nan
    names = [f"{key}{i}" for key in "abc"[:dimensions] for i in range(items)]
    keys = {key: [name for name in names if name[0] == key] for key in "abc"[:dimensions]}
    made = survey_of(pd.DataFrame(answers, columns=names), keys, scale={"low": 1, "high": 7})
    groups = np.where(leads, "Managers", "Staff")
    respondents = pd.DataFrame(
        {
            "level": pd.Categorical(groups, ["Staff", "Managers"], ordered=True),
            "unit": pd.Categorical(np.tile(["u1", "u2", "u3", "u4"], 40)),
        }
    )
    return dataclasses.replace(made, respondents=respondents)


def criterion(of: Survey) -> pd.Series:
    noise = np.random.default_rng(2).normal(size=of.n)
    return pd.Series(of.scores().iloc[:, 0].fillna(4.0).to_numpy() + noise, index=of.answers.index, name="sales")


ONE_DIMENSION = {
    "cronbach_alpha": cx.cronbach_alpha,
    "omega": lambda s: cx.omega(s, bootstraps=50),
    "split_half": cx.split_half,
    "measurement_error": cx.measurement_error,
    "convergent_validity": cx.convergent_validity,
    "compare_structures": cx.compare_structures,
    "criterion_validity": lambda s: cx.criterion_validity(s, criterion=criterion(s)),
    "exclusion_effect": lambda s: cx.exclusion_effect(s, cx.screen_respondents(s, seed=1), flags=1),
    "dimension_scores": cx.dimension_scores,
    "level_gap": lambda s: cx.level_gap(s, leaders=["Managers"], permutations=999),
    "group_reliability": cx.group_reliability,
    "within_group_agreement": lambda s: cx.within_group_agreement(s, by="unit"),
}


@pytest.fixture(scope="module")
def one() -> Survey:
    return survey()


@pytest.mark.parametrize("analysis", ONE_DIMENSION)
def test_one_dimension_is_compared_with_none(analysis, one):
    text = ONE_DIMENSION[analysis](one).text
    assert not COMPARING.search(text), text


def test_the_only_gap_is_told_without_being_picked_among_others(one):
    text = cx.level_gap(one, leaders=["Managers"], permutations=999).text
    assert "This gap is on A: leaders score" in text


def test_one_dimension_has_one_structure(one):
    found = cx.compare_structures(one)
    assert "There is one proper model, one-factor, and nothing to compare it with (" in found.text
    assert "Not fitted: correlated dimensions. Of one dimension it is the model of one factor." in found.note
    assert found.frame.set_index("model").loc["first-order", "verdict"] == "not fitted"


@pytest.mark.parametrize("analysis", [cx.answer_distribution, cx.missing_pattern])
def test_one_item_is_compared_with_none(analysis):
    text = analysis(survey(items=1)).text
    assert not COMPARING.search(text), text


def test_two_items_have_one_split():
    text = cx.split_half(survey(2, items=2)).text
    assert text.startswith("There is one way to halve each dimension; the halves agree with a reliability of A 0.")
    assert not COMPARING.search(text), text


def test_one_pair_of_dimensions_is_not_the_closest():
    text = cx.discriminant_validity(survey(2, items=4)).text
    assert "A – B, r = " in text
    assert not COMPARING.search(text), text


def test_several_are_compared_as_before():
    three = survey(3, items=4)
    assert "Closest: " in cx.discriminant_validity(three).text
    assert "goes most closely with sales" in cx.criterion_validity(three, criterion=criterion(three)).text
    assert "The lowest lambda 2 is that of" in cx.split_half(three).text
