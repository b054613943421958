"""Measurement invariance against lavaan 0.6-14 and semTools 0.5-6; calls in tests/reference/scripts/invariance.R."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cxkit as cx
from cxkit.errors import CxkitWarning
from cxkit.survey.datasets import dataset_path
from cxkit.validation.invariance.designs import design_of
from cxkit.validation.invariance.grouping import grouping
from cxkit.validation.invariance.judging import chosen_cutoffs
from cxkit.validation.invariance.measurement import measurement_invariance
from cxkit.validation.invariance.models import fit_level, in_words
from tests.validation.building import survey_of

A, N = "agreeableness", "neuroticism"
AN = ("agreeableness", "neuroticism")


def column(survey, name, dataset):
    """A column of the data file that the survey holds no role for."""
    values = pd.read_csv(dataset_path(dataset))[name]
    return values.set_axis(survey.given.index)


@pytest.fixture(scope="module")
def bfi(shipped):
    return shipped("bfi")


@pytest.fixture(scope="module")
def gender(bfi):
    return column(bfi, "gender", "bfi")


def planted(seed=1, *, n=400, intercept=0.0, loading=0.0, residual=0.0, items=6, ordered=False):
    """Two groups that answer alike, but for the first item of the second."""
    rng = np.random.default_rng(seed)
    second = np.arange(2 * n) >= n
    factor = rng.standard_normal(2 * n) + 0.4 * second
    answers = 0.8 * factor[:, None] + 0.6 * rng.standard_normal((2 * n, items))
    answers[:, 0] += second * (intercept + loading * factor + residual * rng.standard_normal(2 * n))
    if ordered:
        answers = np.digitize(answers, [-1.2, -0.3, 0.5, 1.4]) + 1.0
    survey = survey_of(answers)
    return survey, pd.Series(np.where(second, "two", "one"), index=survey.given.index, name="half")


CONTINUOUS = {
    "agree_gender_mlr": (A, "gender", {"missing": "complete"}),
    "agree_gender_ml": (A, "gender", {"estimator": "ML", "missing": "complete"}),
    "neuro_gender_fiml": (N, "gender", {}),
    "an_gender_mlr": (AN, "gender", {"together": True, "missing": "complete"}),
    "neuro_education_mlr": (N, "education", {"minimum": 50, "missing": "complete"}),
}


@pytest.mark.parametrize("case", CONTINUOUS)
def test_ladder_equals_lavaan(reference, bfi, case):
    # R: cfa(model, bfi, group = , group.equal = , estimator = "MLR"), lavTestLRT of neighbours
    dimensions, by, options = CONTINUOUS[case]
    result = measurement_invariance(bfi, by=column(bfi, by, "bfi"), dimensions=dimensions, share=0, **options)
    wanted = reference("invariance")["continuous"][case]
    frame = result.frame.set_index("level")
    assert list(frame.index) == list(wanted["steps"])
    for level, values in wanted["steps"].items():
        row = frame.loc[level]
        scaled, robust = (".scaled", ".robust") if "chisq.scaled" in values else ("", "")
        assert row["df"] == values["df"]
        assert row["chi_square"] == pytest.approx(values[f"chisq{scaled}"], rel=1e-5)
        assert row["cfi"] == pytest.approx(values[f"cfi{robust}"], abs=1e-6)
        assert row["rmsea"] == pytest.approx(values[f"rmsea{robust}"], abs=1e-6)
        assert row["srmr"] == pytest.approx(values["srmr"], abs=1e-6)
    for level, values in wanted["differences"].items():
        assert frame.loc[level, "d_chi_square"] == pytest.approx(values["chisq"], rel=1e-4)
        assert frame.loc[level, "d_df"] == values["df"]


def test_partial_invariance_of_holzinger_and_swineford_equals_lavaan(reference, shipped):
    # R: cfa(HS, group = "school", group.equal = c("loadings", "intercepts"), group.partial = c("x3 ~ 1", "x7 ~ 1"))
    survey = shipped("hs1939")
    result = measurement_invariance(survey, by=column(survey, "school", "hs1939"), together=True, estimator="ML")
    wanted = reference("invariance")["partial"]["hs_school"]
    steps = result.frame[result.frame["level"] == "scalar"]
    assert steps["freed"].tolist() == ["", "intercept of x3", "intercept of x7"]
    assert steps["score_test"].iloc[1] == pytest.approx(max(wanted["score_tests"]), rel=1e-4)
    last = steps.iloc[-1]
    assert last["chi_square"] == pytest.approx(wanted["measures"]["chisq"], rel=1e-6)
    assert last["cfi"] == pytest.approx(wanted["measures"]["cfi"], abs=1e-6)
    assert [last["d_chi_square"], last["d_df"]] == pytest.approx([5.37893615132876, 4], rel=1e-4)
    assert result.evidence.partial == {"visual": ("x3 ~ 1",), "speed": ("x7 ~ 1",)}
    assert result.evidence.level_of("textual") == "strict"
    assert result.evidence.level_of("visual") == "partial strict"


def test_ordinal_ladder_equals_semtools(reference, bfi, gender):
    # R: measEq.syntax(A, ID.fac = "std.lv", ID.cat = "Wu.Estabrook.2016", parameterization = "theta"), lavTestLRT
    result = measurement_invariance(bfi, by=gender, dimensions=A, ordinal=True, share=0, missing="complete")
    wanted = reference("invariance")["ordinal"]
    frame = result.frame.set_index("level")
    assert list(frame.index) == ["configural", "thresholds", "metric", "scalar", "strict"]
    for level in frame.index:
        row, values = frame.loc[level], wanted["steps"][level]
        assert row["df"] == values["df"]
        assert row["chi_square"] == pytest.approx(values["chisq.scaled"], rel=1e-6)
        assert row["cfi"] == pytest.approx(values["cfi.scaled"], abs=1e-6)
        assert row["rmsea"] == pytest.approx(values["rmsea.scaled"], abs=1e-6)
        assert row["srmr"] == pytest.approx(values["srmr"], abs=1e-6)
        if level != "configural":
            assert row["d_chi_square"] == pytest.approx(wanted["differences"][level]["chisq"], rel=1e-4)


def test_whole_ordinal_ladder_equals_semtools(bfi, gender):
    # R: measEq.syntax of A and N together, the values of 'bfi_AN_gender' in tests/reference/sem_lavaan.json
    options = {"dimensions": AN, "together": True, "ordinal": True, "missing": "complete", "share": 0}
    result = measurement_invariance(bfi, by=gender, **options)
    frame = result.frame.drop_duplicates("level").set_index("level")
    wanted = [726.222753538949, 837.123770432665, 802.084579848983, 1068.51522433329]
    assert frame["chi_square"].tolist()[:4] == pytest.approx(wanted, rel=1e-6)
    # R: lavTestLRT, default method for scaled and shifted tests
    assert frame["d_chi_square"].tolist()[1:4] == pytest.approx([28.2743461, 20.10102819, 199.0263956], rel=1e-4)


FREED = {
    "threshold_free": ("thresholds", ("A2 | t3",)),
    "loading_free": ("metric", ("agreeableness =~ A4",)),
    "intercept_free": ("scalar", ("A1 ~ 1",)),
    "residual_free": ("strict", ("A1 ~ 1", "A3 ~~ A3")),
}


@pytest.mark.parametrize("case", FREED)
def test_what_is_let_go_equals_semtools(reference, bfi, gender, case):
    # R: measEq.syntax(..., group.partial = ) for each kind of parameter of ordered answers
    options = {"estimator": "WLSMV", "missing": "listwise"}
    members = [bfi.instrument.dimension(A)]
    design, _ = design_of(bfi, members, grouping(bfi, gender), True, "refuse", options)
    fit = fit_level(design, *FREED[case])
    wanted = reference("invariance")["ordinal"]["steps"][case]
    assert fit.df == wanted["df"]
    assert fit.measures["chisq.scaled"] == pytest.approx(wanted["chisq.scaled"], rel=1e-6)
    assert fit.measures["cfi.scaled"] == pytest.approx(wanted["cfi.scaled"], abs=1e-6)


def test_the_search_for_ordered_answers_is_logged(bfi, gender):
    result = measurement_invariance(bfi, by=gender, dimensions=A, ordinal=True, missing="complete")
    verdicts = result.frame.set_index(["level", "freed"])["verdict"]
    assert verdicts["metric", ""] == "does not hold"
    assert verdicts["metric", "loading of A5"] == "holds in part"
    # Where a loading differs, an equal intercept means nothing.
    assert verdicts["scalar", "intercept of A5"] == "does not hold"
    assert result.evidence.level_of(A) == "partial metric"
    assert "let go: loading of A5; compare without these items too" in result.text
    assert {"wu2016", "xia2019", "byrne1989", "satorra2000", "holm1979"} == set(result.references)


@pytest.mark.parametrize(
    ("options", "level", "freed"),
    [
        ({}, "strict", ()),
        ({"intercept": 0.8}, "strict", ("q1 ~ 1",)),
        ({"loading": -0.6}, "strict", ("all =~ q1", "q1 ~ 1")),
        ({"residual": 1.2}, "strict", ("q1 ~~ q1",)),
    ],
)
@pytest.mark.parametrize("ordered", [False, True])
def test_what_was_planted_is_found(options, level, freed, ordered):
    survey, half = planted(**options, ordered=ordered)
    found = measurement_invariance(survey, by=half, ordinal=ordered).evidence
    assert found.levels == {"all": level}
    assert found.partial.get("all", ()) == freed


def test_the_search_is_bounded():
    survey, half = planted(intercept=1.0)
    answers = survey.given.copy()
    answers.loc[half == "two", ["q2", "q3"]] += [1.4, 0.6]
    survey = survey_of(answers)
    one = measurement_invariance(survey, by=half, share=0.2)
    assert one.evidence.level_of("all") == "metric"
    assert one.frame["freed"].tolist().count("") == len(one.frame) - 1
    assert one.frame["verdict"].iloc[-1] == "not reached"
    none = measurement_invariance(survey, by=half, share=0)
    assert (none.frame["freed"] == "").all()
    assert one.text.endswith("All reaches metric invariance, so relations may be compared, means may not.")


def test_group_sizes_choose_the_cutoffs():
    limits = {sizes: chosen_cutoffs(sizes).cfi.bands[-1][0] for sizes in [(150, 150), (200, 200), (200, 301)]}
    assert limits == {(150, 150): 0.005, (200, 200): 0.010, (200, 301): 0.005}
    assert [chosen_cutoffs((200, 200)).srmr_loadings.bands[-1][0], chosen_cutoffs((200, 200)).srmr.bands[-1][0]] == [
        0.030,
        0.010,
    ]
    strict = chosen_cutoffs((100, 100))
    assert [c.bands[-1][0] for c in (strict.rmsea, strict.srmr_loadings, strict.srmr)] == [0.010, 0.025, 0.005]
    assert chosen_cutoffs((200, 200)).rmsea.bands[-1][0] == 0.015


def test_verdicts_name_every_change_with_its_source(bfi, gender):
    result = measurement_invariance(bfi, by=gender, dimensions=A, share=0)
    table = result.verdicts.frame
    assert table["source"].unique().tolist() == ["holm1979", "chen2007"]
    fall = table[(table["subject"] == "Agreeableness, scalar") & (table["measure"] == "fall of CFI")].iloc[0]
    row = result.frame[result.frame["level"] == "scalar"].iloc[0]
    assert fall["value"] == pytest.approx(-row["d_cfi"])
    assert fall["verdict"] == "beyond the limit"
    assert row["verdict"].startswith("does not hold")


@settings(max_examples=5)
@given(order=st.permutations(range(6)), seed=st.integers(0, 50))
def test_order_of_items_rows_and_names_of_groups_are_irrelevant(order, seed):
    survey, half = planted(seed, n=150)
    straight = measurement_invariance(survey, by=half).frame
    rows = np.random.default_rng(seed).permutation(len(survey))
    shuffled = survey_of(survey.given.iloc[rows, list(order)])
    other = half.map({"one": "z", "two": "a"}).iloc[rows].reset_index(drop=True)
    found = measurement_invariance(shuffled, by=other).frame
    for name in ("chi_square", "cfi", "srmr", "d_chi_square"):
        assert found[name].to_numpy() == pytest.approx(straight[name].to_numpy(), rel=1e-4, abs=1e-6, nan_ok=True)


def test_a_figure_that_speaks_against_a_level_is_told_beside_what_may_be_compared(shipped):
    survey = shipped("bfi")
    education = pd.read_csv(dataset_path("bfi"))["education"].set_axis(survey.given.index)
    found = measurement_invariance(survey, by=education, dimensions="openness")
    assert "holds; CFI disagrees" in set(found.frame["verdict"])
    assert "so means may be compared. But CFI does not agree that metric invariance holds (Openness); CFI" in found.text
    assert found.text in cx.methods_paragraph(survey, found).results
    assert "But" not in measurement_invariance(survey, by=education, dimensions="agreeableness").text


def test_roles_serve_as_groups(shipped):
    survey = shipped("culture_synthetic")
    by_level = measurement_invariance(survey, dimensions="empowerment")
    assert by_level.evidence.groups == ("Staff", "Managers", "Executives")
    assert by_level.text == (
        "By level (3 groups: Staff, Managers, Executives): Empowerment reaches strict invariance, so means and "
        "variances may be compared."
    )
    note = cx.level_gap(survey, leaders=["Executives"], invariance=measurement_invariance(survey)).note
    assert note.startswith("Measurement invariance by level: strict (8 dimensions); culture_synthetic (synthetic)")
    with pytest.raises(cx.AnalysisError, match="examined by level, and these are groups by function"):
        cx.group_profile(survey, by="function", invariance=by_level)


def test_too_small_groups_are_refused_with_the_number_that_would_do(shipped):
    survey = shipped("culture_synthetic")
    with pytest.raises(cx.AnalysisError) as caught:
        measurement_invariance(survey, by="function", together=True, missing="complete")
    assert str(caught.value) == (
        "Too few respondents by function: 'Finance' has 144, 'Human resources' has 139; every group needs 149 (more "
        "than the 148 parameters that the model estimates in each). Only respondents who answered every item count "
        "here (missing='complete'): 'Finance' has 220 who answered some of the items, 'Human resources' has 201 who "
        "answered some of the items; missing='fiml' uses them too. Name the groups to compare (compared_groups in "
        "the notebook, groups=[...] in Python), join small ones in a Series of your own (by=series), or examine "
        "fewer dimensions in one model."
    )
    with pytest.raises(cx.AnalysisError, match=r"every group needs 5000 \(in smaller groups only large"):
        measurement_invariance(survey, by="unit", dimensions="empowerment", minimum=5000)


def test_the_same_shortage_of_several_dimensions_is_said_once_with_its_range():
    answers = np.random.default_rng(3).integers(1, 6, (120, 9)).astype(float)
    blocks = {"a": ["q1", "q2", "q3"], "b": ["q4", "q5", "q6"], "c": ["q7", "q8", "q9"]}
    group = pd.Series(["big"] * 80 + ["small"] * 40, name="group")
    answers[80:90, 0] = np.nan
    answers[80:95, 8] = np.nan
    survey = survey_of(answers, blocks)
    with pytest.raises(cx.AnalysisError) as caught:
        measurement_invariance(survey, by=group, minimum=60, missing="complete")
    titles = ", ".join(f"'{dimension.title}'" for dimension in survey.dimensions)
    assert str(caught.value) == (
        f"No dimension of '{survey.name}' could be examined. {titles} could not be examined: Too few respondents by "
        "group: 'small' has 25 to 40; every group needs 60 (in smaller groups only large differences are found). Only "
        "respondents who answered every item count here (missing='complete'): 'small' has 40 who answered some of the "
        "items; missing='fiml' uses them too. Name the groups to compare (compared_groups in the notebook, "
        "groups=[...] in Python), join small ones in a Series of your own (by=series), or set a smaller minimum "
        "(smallest_group in the notebook, minimum=... in Python), down to 10 for these models."
    )


def test_incomplete_answers_count_and_those_who_answered_are_told():
    survey, half = planted(n=150, items=4)
    answers = survey.given.to_numpy().copy()
    answers[np.arange(150, 260), np.arange(110) % 4] = np.nan  # 110 of the second half leave one item out
    holed = survey_of(answers)
    found = measurement_invariance(holed, by=half)
    assert found.group_sizes == {"one": 150, "two": 150}
    assert "one (n = 150), two (n = 150)" in found.note
    with pytest.raises(cx.AnalysisError) as caught:
        measurement_invariance(holed, by=half, minimum=100, missing="complete")
    assert "'two' has 40; every group needs 100" in str(caught.value)
    assert "count here (missing='complete'): 'two' has 150 who answered some of the items; missing='fiml'" in str(
        caught.value
    )


def test_groups_too_small_to_be_seen_are_named_without_numbers():
    survey, half = planted(n=100)
    half = half.copy()
    half.iloc[:3] = "few"
    with pytest.raises(cx.AnalysisError, match="'few' has fewer than 5, 'one' has 97; every group needs 100"):
        measurement_invariance(survey, by=half, minimum=100)
    assert "'few' has fewer than 5." in measurement_invariance(survey, by=half, up_to="configural").note
    with pytest.raises(cx.OptionError, match="minimum=3 must be a whole number, at least 5"):
        measurement_invariance(survey, by=half, minimum=3)
    kept = measurement_invariance(survey, by=half, groups=["one", "two"], minimum=90)
    assert kept.evidence.groups == ("one", "two")
    assert kept.n_dropped == 3


def test_a_smaller_minimum_is_advised_only_where_it_helps():
    """A model of three items estimates nine parameters in each group, so that minimum=5 alone lets nobody in."""
    survey, half = planted(n=60, items=3)
    small = half.copy()
    small.iloc[:7] = "seven"
    small.iloc[60:68] = "eight"
    found = measurement_invariance(survey, by=small, minimum=5, up_to="configural")
    assert found.evidence.groups == ("one", "two")
    assert "Left out, as a group needs 10 respondents: 'eight' has 8, 'seven' has 7." in found.note
    with pytest.raises(cx.AnalysisError, match="down to 10 for this model"):
        measurement_invariance(survey, by=half, minimum=100)
    with pytest.raises(cx.AnalysisError, match="every group needs 10 .*shorter dimensions: no smaller minimum helps"):
        measurement_invariance(survey, by=small, groups=["seven", "eight"], minimum=5)
    with pytest.raises(cx.AnalysisError, match="cannot be fitted in groups below 10, whatever the minimum") as refused:
        measurement_invariance(survey, by=small, groups=["seven", "eight"])
    assert "smallest_group" not in str(refused.value)


def test_answers_that_a_group_never_gave_are_explained_or_joined():
    survey, half = planted(ordered=True, items=4)
    answers = survey.given.copy()
    answers.loc[(half == "two") & (answers["q2"] == 1), "q2"] = 2
    survey = survey_of(answers)
    with pytest.raises(cx.AnalysisError) as caught:
        measurement_invariance(survey, by=half, ordinal=True)
    assert "some group lacks an answer that others give" in str(caught.value)
    assert "q2: nobody in 'two' answered 1" in str(caught.value)
    assert 'rare="join"' in str(caught.value)
    joined = measurement_invariance(survey, by=half, ordinal=True, rare="join")
    assert "joined with neighbours (q2: 1 with 2)" in joined.note
    by_hand = survey_of(answers.replace({"q2": {1.0: 2.0}}))
    again = measurement_invariance(by_hand, by=half, ordinal=True)
    pd.testing.assert_frame_equal(joined.frame, again.frame)


def test_one_dimension_that_cannot_be_examined_does_not_stop_the_others(bfi, gender):
    given = bfi.given.copy()
    given.loc[(gender == 1).to_numpy(), "A2"] = 4
    survey = cx.Survey(name="bfi", instrument=bfi.instrument, given=given, respondents=bfi.respondents)
    result = measurement_invariance(survey, by=gender, dimensions=AN)
    assert list(result.evidence.levels) == [N]
    assert "'Agreeableness' could not be examined: The data do not fit the model" in result.note
    assert "everyone in group '1' gave the same answer to 'A2'" in result.note


def test_items_that_hardly_correlate_have_no_structure_to_compare():
    rng = np.random.default_rng(5)
    survey = survey_of(rng.standard_normal((400, 4)))
    half = pd.Series(np.arange(400) % 2, index=survey.given.index, name="half")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CxkitWarning)
        result = measurement_invariance(survey, by=half)
    assert result.frame["verdict"].iloc[0] == "the items hardly correlate"
    assert result.evidence.levels == {"all": "none"}
    assert result.text == (
        "By half (2 groups: 0, 1): the model of All does not hold in every group, so nothing may be compared."
    )


def test_people_in_several_waves_are_noted():
    survey, half = planted(n=120)
    respondents = pd.DataFrame({"id": [str(i % 120) for i in range(240)]}, index=survey.given.index)
    survey = cx.Survey(name="w", instrument=survey.instrument, given=survey.given, respondents=respondents)
    note = measurement_invariance(survey, by=half).note
    assert "120 answer sheets come from people who answered more than once" in note


def test_what_cannot_be_asked_is_said(bfi, gender):
    refusals = {
        r"up_to='thresholds' is not known\. Known: configural, metric": {"up_to": "thresholds"},
        r"share=1 must be a number from 0 and below 1": {"share": 1},
        r"missing='pairwise' is for ordered answers": {"missing": "pairwise"},
        r"missing='fiml' is not for ordered answers": {"ordinal": True, "missing": "fiml"},
        r"rare='drop' is not known\. Known: refuse, join": {"ordinal": True, "rare": "drop"},
        r"'bfi' has no gender '3'\. Known: 1, 2": {"groups": ["3"]},
        r"1 group by gender among those asked for; a comparison needs two": {"groups": ["1"]},
        r"'DWLS' has no test of the difference .* use 'WLSMV'": {"estimator": "DWLS", "missing": "complete"},
        r"estimator='MLX' is not known\. Did you mean 'ML": {"estimator": "MLX"},
    }
    for words, options in refusals.items():
        with pytest.raises(cx.CxkitError, match=words):
            measurement_invariance(bfi, by=gender, dimensions=A, **options)
    with pytest.raises(cx.AnalysisError, match="does not say the level of its respondents"):
        measurement_invariance(bfi)
    with pytest.raises(cx.OptionError, match="must be a Series with the 2,800 row numbers of 'bfi'"):
        measurement_invariance(bfi, by=gender.iloc[1:])
    with pytest.raises(cx.OptionError, match=r"without a name; name it after what it tells: by\.rename"):
        measurement_invariance(bfi, by=gender.rename(None))
    with pytest.raises(cx.OptionError, match="by= is a int; give a role such as 'level', or a Series"):
        measurement_invariance(bfi, by=3)
    survey, half = planted()
    with pytest.raises(cx.AnalysisError, match="takes at most 12 different answers an item; q1"):
        measurement_invariance(survey, by=half, ordinal=True)


def test_formative_and_short_dimensions_are_left_out():
    survey, half = planted()
    items = list(survey.given.columns)
    survey = survey_of(survey.given, {"f": items[:3], "two": items[3:5], "one": items[5:]}, formative=["f"])
    with pytest.raises(cx.AnalysisError, match="'F' is left out: it is formative"):
        measurement_invariance(survey, by=half)
    with pytest.raises(cx.AnalysisError, match="'Two' is left out: measurement invariance needs 3 items, and it has 2"):
        measurement_invariance(survey, by=half)


def test_parameters_have_names():
    assert [in_words(text) for text in ("f =~ x", "x | t2", "x ~ 1", "x ~~ x")] == [
        "loading of x", "threshold 2 of x", "intercept of x", "residual variance of x",
    ]  # fmt: skip


GOLDEN = """\
Measurement invariance
Dimension      Level       Let go              χ²  df    CFI   Δ CFI  Δ RMSEA  Δ SRMR  p of Δ χ² (Holm)  Verdict
-----------------------------------------------------------------------------------------------------------------------------------------------
Agreeableness  configural                    85.3  10  0.968       –        –       –                 –  holds
Agreeableness  metric                        92.8  14  0.967  −0.001   −0.010   0.004              .113  holds
Agreeableness  scalar                       132.0  18  0.952  −0.015    0.004   0.007            < .001  does not hold; RMSEA disagrees
Agreeableness  scalar      intercept of A1  111.6  17  0.960  −0.007    0.000   0.003            < .001  does not hold; RMSEA and SRMR disagree
Agreeableness  strict                       153.4  23  0.945  −0.007   −0.004   0.005              .001  not reached
"""  # noqa: E501


def test_words_table_and_picture(bfi, gender):
    before = bfi.given.copy()
    result = measurement_invariance(bfi, by=gender, dimensions=A, estimator="ML", missing="complete")
    assert str(result).startswith(GOLDEN)
    assert result.text == (
        "By gender (2 groups: 1, 2): Agreeableness reaches metric invariance, so relations may be compared, means may "
        "not."
    )
    assert (
        "Groups: 1 (n = 896), 2 (n = 1,813). Only respondents who answered every item of a model count." in result.note
    )
    assert "A level does not hold if it fits worse than the level below" in result.note
    assert "by the chi-square difference test (5% for all 3 tests" in result.note
    assert "and CFI falls by 0.005 or more (Chen's rule for small or unequal groups)" in result.note
    assert result.alt.startswith("Adjusted p of the chi-square difference of every level")
    assert result.picture().png.startswith(b"\x89PNG")
    assert result.fits[A]["scalar"].df == 17
    pd.testing.assert_frame_equal(bfi.given, before)
