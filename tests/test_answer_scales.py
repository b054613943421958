"""What is named as the widest, the highest or the largest does not depend on how many points an answer scale has."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit.results.rounding import TWO_DIGITS
from cxkit.results.scales import share_one_scale
from cxkit.survey.instrument_file import instrument_from
from cxkit.survey.survey import Survey

TITLES = ("Alpine", "Boreal", "Coastal")
GAPS = {"a": 0.4, "b": 0.5, "c": 0.3}


def stretched_survey(stretch: dict[str, int], *, open_ended: bool = False) -> Survey:
    """Three dimensions of four items; the answers of one are spread over a longer scale: 1, 2, 3 become 1, 4, 7."""
    rng = np.random.default_rng(11)
    leads = np.repeat([True, False], [80, 160])
    answers, dimensions, scales = {}, [], {}
    for key, title in zip("abc", TITLES, strict=True):
        trait = rng.normal(0, 0.9, 240) + GAPS[key] * leads
        factor = stretch.get(key, 1)
        scales[key] = {"continuous": True} if open_ended else {"low": 1, "high": 1 + 4 * factor}
        items = [f"{key}{i}" for i in range(4)]
        for item in items:
            noise = rng.normal(0, {"a": 0.7, "b": 0.9, "c": 0.8}[key], 240)
            answers[item] = 1 + factor * (np.clip(np.round(3.2 + trait + noise), 1, 5) - 1)
        dimensions.append({"key": key, "title": title, "scale": key, "items": [{"key": i, "text": i} for i in items]})
    described = {"name": "x", "title": "X", "citation": "a test", "licence": "CC0-1.0", "scales": scales}
    instrument = instrument_from({**described, "dimension": dimensions}, where="test")
    level = pd.Categorical(np.where(leads, "Managers", "Staff"), categories=["Staff", "Managers"], ordered=True)
    respondents = pd.DataFrame({"level": level, "function": pd.Categorical(np.where(leads, "Sales", "Service"))})
    return Survey(name="x", instrument=instrument, given=pd.DataFrame(answers), respondents=respondents)


def named(text: str) -> str:
    """The first dimension that a sentence names."""
    return min((title for title in TITLES if title in text), key=text.index)


def exclusion(survey):
    return cx.exclusion_effect(survey, cx.screen_respondents(survey, seed=1), flags=1)


ANALYSES = {
    "measurement_error": cx.measurement_error,
    "dimension_scores": cx.dimension_scores,
    "level_gap": lambda survey: cx.level_gap(survey, leaders=["Managers"]),
    "group_profile": lambda survey: cx.group_profile(survey, by="function"),
    "exclusion_effect": exclusion,
}


@pytest.mark.parametrize("analysis", ANALYSES)
def test_a_longer_scale_does_not_make_a_dimension_the_widest(analysis):
    texts = [ANALYSES[analysis](stretched_survey({key: 3})).text for key in "abc"]
    assert len({named(text) for text in texts}) == 1, texts


@pytest.mark.parametrize("analysis", ["measurement_error", "level_gap", "group_profile"])
def test_points_of_scales_without_ends_do_not_compare_either(analysis):
    texts = [ANALYSES[analysis](stretched_survey({key: 3}, open_ended=True)).text for key in "abc"]
    assert len({named(text) for text in texts}) == 1, texts
    assert " SD" in texts[0] or "g = " in texts[0]


def test_the_unit_of_the_comparison_is_said():
    survey = stretched_survey({"c": 3})
    assert "the widest margin for its answer scale (" in cx.measurement_error(survey).text
    profile = cx.group_profile(survey, by="function")
    assert "in standard deviations, because the answer scales differ" in profile.text
    assert "hedges1981" in profile.references
    same = stretched_survey({})
    assert ", the widest margin, itself an estimate from 240" in cx.measurement_error(same).text
    assert "g = " not in cx.group_profile(same, by="function").text


def test_gaps_that_may_be_chance_have_one_reach_in_standard_deviations():
    rng = np.random.default_rng(2)
    survey = stretched_survey({"a": 3})
    shuffled = survey.respondents.sample(frac=1, random_state=rng.integers(99)).set_axis(survey.respondents.index)
    alike = Survey(name="x", instrument=survey.instrument, given=survey.given, respondents=shuffled)
    gap = cx.level_gap(alike, leaders=["Managers"])
    low, high = gap.frame["g_low"].min(), gap.frame["g_high"].max()
    assert f"which reach from g = {TWO_DIGITS(low)} to {TWO_DIGITS(high)}." in gap.text


def test_the_heat_map_colours_distances_in_standard_deviations():
    colours = []
    for key in "abc":
        axes = cx.group_profile(stretched_survey({key: 3}), by="function").plot()
        colours.append(axes.collections[0].get_facecolors())
        assert "colour: distance in standard deviations" in axes.get_xlabel()
    for other in colours[1:]:
        np.testing.assert_allclose(other, colours[0])


def test_g_of_a_group_is_hedges_g():
    """The function's two groups are the two levels, so that both tables hold the same difference."""
    survey = stretched_survey({"b": 2})
    of_level = cx.level_gap(survey, leaders=["Managers"]).frame
    of_group = cx.group_profile(survey, by="function").frame
    sales = of_group[of_group["group"] == "Sales"]
    np.testing.assert_allclose(sales["g"].to_numpy(), of_level["g"].to_numpy(), rtol=1e-12)


def test_scales_are_the_same_where_both_ends_are():
    assert share_one_scale([(1, 5), (1.0, 5.0)])
    assert share_one_scale([(None, None)])
    assert not share_one_scale([(1, 5), (0, 4)])
    assert not share_one_scale([(None, None), (None, None)])
    assert not share_one_scale([(float("nan"), 5), (float("nan"), 5)])
