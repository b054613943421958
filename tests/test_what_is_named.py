"""What a sentence names as the largest is the largest by the measure that it tells, and of those that it speaks of."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit.results.result import Result
from cxkit.survey.instrument_file import instrument_from
from cxkit.survey.survey import Survey

TITLES = {"a": "Alpine", "b": "Boreal", "c": "Coastal"}


@pytest.fixture(scope="module")
def survey() -> Survey:
    """Three dimensions of three items, 240 people in six units; leaders and Sales score higher."""
    rng = np.random.default_rng(3)
    leads = np.repeat([True, False], 120)
    unit = np.tile(np.repeat(np.arange(6), 5), 8)
    trait = rng.normal(size=(240, 3)) + 0.9 * leads[:, None] + 0.3 * unit[:, None]
    answers = np.repeat(trait, 3, axis=1) + rng.normal(size=(240, 9))
    names = [f"{key}{i}" for key in TITLES for i in range(3)]
    dimensions = [
        {"key": key, "title": title, "items": [{"key": f"{key}{i}", "text": f"{key}{i}"} for i in range(3)]}
        for key, title in TITLES.items()
    ]
    described = {"name": "x", "title": "X", "citation": "a test", "licence": "CC0-1.0", "dimension": dimensions}
    respondents = pd.DataFrame(
        {
            "level": pd.Categorical(np.where(leads, "Managers", "Staff"), ["Staff", "Managers"], ordered=True),
            "function": pd.Categorical(np.where(leads, "Sales", "Service")),
            "unit": pd.Categorical([f"u{k}" for k in unit]),
        }
    )
    given = pd.DataFrame(np.clip(np.round(answers + 4), 1, 7), columns=names)
    instrument = instrument_from(described | {"scale": {"low": 1, "high": 7}}, where="test")
    return Survey(name="x", instrument=instrument, given=given, respondents=respondents)


def with_columns(result: Result, **columns: object) -> Result:
    return dataclasses.replace(result, frame=result.frame.assign(**columns))


def test_the_widest_gap_in_points_is_named_by_its_points(survey):
    found = cx.level_gap(survey, leaders=["Managers"], permutations=999)
    text = with_columns(found, gap=[0.5, 0.8, 0.6], g=[0.9, 0.7, 0.5], p_adjusted=0.001).text
    assert "The widest of these gaps is on Boreal: leaders score 0.80 points higher" in text
    of_scales = dataclasses.replace(with_columns(found, g=[0.9, 0.7, 0.5], p_adjusted=0.001), one_scale=False)
    assert "in standard deviations, because the answer scales differ, is on Alpine" in of_scales.text


def test_a_wider_cell_that_may_be_chance_does_not_make_another_the_widest(survey):
    found = cx.group_profile(survey, by="function", permutations=999)
    first = found.frame.index == found.frame.index[0]
    shares = {"gap": np.where(first, 1.5, 0.4), "g": np.where(first, 1.5, 0.4)}
    p = np.where(first, 0.2, 0.01)
    assert (
        "told from the rest of the organisation, allowing for all of them; the widest of these is"
        in with_columns(found, p_adjusted=p, **shares).text
    )
    alone = with_columns(found, p_adjusted=np.where(first, 0.01, 0.2), **shares).text
    assert "1 cell of 6 shown" in alone
    assert "; it is " in alone


def test_the_largest_share_is_of_the_dimensions_that_stand_out(survey):
    found = with_columns(cx.group_reliability(survey), icc1=[0.3, 0.2, 0.1], p_adjusted=[0.2, 0.01, 0.01])
    assert "it is 20% (" in found.text
    assert "on Boreal, the largest of these" in found.text


def test_the_closest_pair_by_its_interval_is_not_said_to_correlate_most(survey):
    found = cx.discriminant_validity(survey)
    pairs = found.frame["pair"].tolist()
    told = with_columns(
        found, r=[0.6, 0.5, 0.1], ci_low=[0.5, 0.2, 0.0], ci_high=[0.7, 0.8, 0.2], htmt2=[0.6, 0.5, 0.1]
    ).text
    assert f"Closest: {pairs[1]}, r = 0.50" in told
    assert f"by the end of its interval; {pairs[0]} correlate most, r = 0.60." in told
    assert f"HTMT2 is at most 0.60 ({pairs[0]})." in told
    same = with_columns(
        found, r=[0.6, 0.5, 0.1], ci_low=[0.5, 0.2, 0.0], ci_high=[0.9, 0.8, 0.2], htmt2=[0.6, 0.5, 0.1]
    ).text
    assert "correlate most" not in same
    assert "HTMT2 is at most 0.60. " in same
