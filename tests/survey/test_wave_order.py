"""Waves by time, as far as their names tell it: what is sorted as text puts "after" before "before"."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

import cxkit as cx
from cxkit.errors import AnalysisError, OptionError
from cxkit.survey.wave_order import in_time
from tests.conftest import tiny_survey

TOLD = [
    ["before", "after"],
    ["Pre", "Post"],
    ["pre", "post", "follow-up"],
    ["wave 9", "wave 10"],
    ["9", "10"],
    ["2024-03", "2024-11", "2025-01"],
    ["2023-12-31", "2024-01-02"],
    ["2025 Spring", "2025 Autumn"],
    ["Jan 2025", "Apr 2026"],
    ["December 2024", "January 2025"],
    ["baseline", "6 months", "1 year"],
    ["31.01.2025", "15.06.2025"],
    ["Q4 2024", "Q1 2025"],
    ["2024-Q4", "2025-Q1"],
    ["T1", "T2", "T10"],
    ["only"],
]
NOT_TOLD = [["here", "there"], ["03/04/2025", "01/05/2025"], ["5/2023", "3/2024"], ["north 1", "south 2"], ["pre", "x"]]


@pytest.mark.parametrize("names", TOLD, ids=lambda names: names[0])
def test_names_that_tell_a_time(names):
    for shuffled in list(permutations(names))[:6]:
        assert in_time(shuffled) == names


@pytest.mark.parametrize("names", NOT_TOLD, ids=lambda names: names[0])
def test_names_that_do_not(names):
    assert in_time(names) is None
    assert in_time(names[::-1]) is None


def waves_of(first: str, second: str):
    """Twenty people whose answers rise by one from the first wave to the second."""
    rng = np.random.default_rng(4)
    before = rng.integers(1, 4, (20, 1)) + rng.integers(0, 2, (20, 3))
    people = [f"p{k}" for k in range(20)]
    return tiny_survey(np.vstack([before + 1, before]), id=people * 2, wave=[second] * 20 + [first] * 20)


@pytest.mark.parametrize("names", [one[:2] for one in TOLD if len(one) > 1], ids=lambda names: names[0])
def test_the_latest_wave_is_taken_and_change_has_its_sign(names):
    survey = waves_of(*names)
    chosen = cx.one_wave(survey)
    assert f"Only wave {names[1]} is analysed, the latest of {names[0]}, {names[1]}" in chosen.notes[0]
    assert cx.retest_reliability(survey).frame["change"].tolist() == [1.0]


def test_where_names_do_not_tell_somebody_is_asked():
    survey = waves_of("here", "there")
    with pytest.raises(OptionError, match="do not tell which is the latest: here, there"):
        cx.one_wave(survey)
    assert cx.one_wave(survey, wave="here").n == 20
    with pytest.raises(AnalysisError, match="do not tell which comes first: here, there"):
        cx.retest_reliability(survey)
    assert cx.retest_reliability(survey, waves=["here", "there"]).frame["change"].tolist() == [1.0]
    assert cx.retest_reliability(survey, waves=["there", "here"]).frame["change"].tolist() == [-1.0]
