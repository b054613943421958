"""Who compares means asks for evidence of invariance: what it accepts, what it refuses, and what it then says."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit.results.invariance import NOT_EXAMINED, InvarianceEvidence
from cxkit.statistics.multiplicity import benjamini_hochberg, holm
from cxkit.survey.survey import typed_role
from tests.conftest import tiny_survey

N = 240
STATED = cx.About(population="test", period="2026", selection="random draws")


@pytest.fixture(scope="module")
def survey():
    rng = np.random.default_rng(3)
    answers = np.clip(np.round(rng.normal(3, 1, (N, 1)) + rng.normal(0, 0.7, (N, 6))), 1, 5)
    return tiny_survey(
        answers,
        about=STATED,
        level=["Boss", "Staff", "Staff"] * (N // 3),
        function=list("abcd") * (N // 4),
        organisation=[str(i) for i in range(12)] * (N // 12),
    )


def evidence(survey, by, groups, levels=("scalar", "strict"), **changes):
    found = InvarianceEvidence(
        by=by, groups=tuple(groups), levels=dict(zip(["d1", "d2"], levels, strict=False)),
        instrument=survey.instrument.name, data=survey.stamp,
    )  # fmt: skip
    return replace(found, **changes)


ASKING = {
    "level_gap": ("level", ["Boss", "Staff"], lambda s, **o: cx.level_gap(s, leaders=["Boss"], **o)),
    "group_profile": ("function", list("abcd"), lambda s, **o: cx.group_profile(s, by="function", **o)),
    "build_norm": ("organisation", [str(i) for i in range(12)], cx.build_norm),
}
each = pytest.mark.parametrize("name", ASKING)


@each
def test_without_evidence_the_note_says_so(survey, name):
    _, _, compare = ASKING[name]
    result = compare(survey)
    assert result.comparability == NOT_EXAMINED
    assert result.note.startswith("Measurement invariance has not been examined. ")
    assert NOT_EXAMINED in str(result)


@each
def test_enough_evidence_changes_nothing_but_the_note(survey, name):
    by, groups, compare = ASKING[name]
    result = compare(survey, invariance=evidence(survey, by, groups))
    plain = compare(survey)
    assert result.frame.equals(plain.frame)
    assert result.note.startswith(
        f"Measurement invariance by {by}: scalar (Dimension 1); strict (Dimension 2); tiny, answers {survey.hash}. "
    )


@each
def test_partial_scalar_is_enough_and_the_note_asks_for_a_second_look(survey, name):
    by, groups, compare = ASKING[name]
    found = evidence(survey, by, groups, partial={"d1": ("d1_2 ~ 1",)})
    note = compare(survey, invariance=found).note
    assert f"Measurement invariance by {by}: partial scalar (Dimension 1); strict (Dimension 2)" in note
    assert "Where it holds in part, compare without the items that differ too." in note


@each
@pytest.mark.parametrize("level", ["none", "configural", "thresholds", "metric"])
def test_below_scalar_is_refused_unless_a_reason_is_given(survey, name, level):
    by, groups, compare = ASKING[name]
    found = evidence(survey, by, groups, levels=(level, "scalar"))
    words = "not even configural" if level == "none" else level
    with pytest.raises(cx.AnalysisError, match=f"takes scalar invariance, and Dimension 1 reaches {words} invariance"):
        compare(survey, invariance=found)
    with pytest.raises(cx.AnalysisError, match=r'say why: override="<reason>"'):
        compare(survey, invariance=found, override="  ")
    result = compare(survey, invariance=found, override="the items were translated twice")
    assert result.frame.equals(compare(survey).frame)
    assert result.settings["override"] == "the items were translated twice"
    assert f"Dimension 1 reaches {words} invariance.) Reason given: the items were translated twice." in result.note


@each
def test_evidence_of_something_else_is_refused(survey, name):
    by, groups, compare = ASKING[name]
    good = evidence(survey, by, groups)
    cases = {
        "examined by wave, and these are groups by": replace(good, by="wave"),
        "is of the instrument 'other', these are answers to 'tiny'": replace(good, instrument="other"),
        f"not examined for 1 group: '{groups[-1]}'": replace(good, groups=tuple(groups[:-1])),
        "none of these dimensions was examined": replace(good, levels={"x": "strict"}),
    }
    for words, found in cases.items():
        with pytest.raises(cx.AnalysisError, match=words):
            compare(survey, invariance=found)
    with pytest.raises(cx.OptionError, match=rf"invariance= is a str; give that of .*by='{by}'"):
        compare(survey, invariance="scalar")
    with pytest.raises(cx.OptionError, match="give invariance= too"):
        compare(survey, override="no reason")


def test_what_was_not_examined_is_named(survey):
    found = evidence(survey, "level", ["Boss", "Staff"], levels=("strict",))
    note = cx.level_gap(survey, leaders=["Boss"], invariance=found).note
    assert note.startswith("Measurement invariance by level: strict (Dimension 1); tiny, answers")
    assert "Not examined: Dimension 2." in note


def test_evidence_of_more_groups_than_are_compared_is_enough(survey):
    found = evidence(survey, "function", [*"abcd", "e"])
    assert "Measurement invariance by function" in cx.group_profile(survey, invariance=found).note


def test_groups_too_small_to_be_shown_need_no_evidence(survey):
    function = ["e"] * 4 + ["a", "b"] * ((N - 4) // 2)
    respondents = survey.respondents.assign(function=typed_role("function", pd.Series(function)))
    tiny = replace(survey, respondents=respondents)
    found = evidence(tiny, "function", "ab")
    assert "Measurement invariance by function" in cx.group_profile(tiny, invariance=found).note


def test_evidence_must_cover_every_group_that_is_shown(survey):
    found = evidence(survey, "function", "abc")
    with pytest.raises(cx.AnalysisError, match="not examined for 1 group: 'd'"):
        cx.group_profile(survey, invariance=found)


def test_adjusted_p_values_equal_p_adjust(reference):
    # R: p.adjust(p, "holm"), p.adjust(p, "BH")
    wanted = reference("invariance")["adjust"]
    p = np.array(wanted["p"])
    assert holm(p) == pytest.approx(wanted["holm"], rel=1e-12)
    assert benjamini_hochberg(p) == pytest.approx(wanted["BH"], rel=1e-12)
    for adjust in (holm, benjamini_hochberg):
        with_gap = adjust(np.append(p, np.nan))
        assert np.isnan(with_gap[-1])
        assert with_gap[:-1] == pytest.approx(adjust(p), rel=1e-12)
        assert len(adjust(np.array([]))) == 0
        assert np.isnan(adjust(np.array([np.nan]))).all()
