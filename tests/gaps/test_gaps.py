"""Gaps between levels and functions against R; see tests/reference/scripts/gaps.R for the calls."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import cxkit as cx
from cxkit.statistics.effect_sizes import TwoGroups, smallest_detectable_g, standardised_difference, welch
from cxkit.statistics.multiplicity import holm
from cxkit.statistics.permutations import permuted_tables
from cxkit.survey.datasets import dataset_path
from tests.conftest import tiny_survey
from tests.validation.building import survey_of


@pytest.fixture(scope="module")
def soldiers():
    return cx.load_survey("univbct").subset(wave="0")


@pytest.fixture(scope="module")
def gap_by_rank(soldiers):
    return cx.level_gap(soldiers, leaders=["Officers"])


@pytest.mark.parametrize(
    ("dimension", "key"),
    [("job_satisfaction", "univbct_jsat"), ("commitment", "univbct_commit"), ("readiness", "univbct_ready")],
)
def test_gap_by_rank_equals_r(reference, soldiers, gap_by_rank, dimension, key):
    # R: t.test(officers, others); effectsize::hedges_g(officers, others, pooled_sd = TRUE)
    wanted = reference("gaps")["gaps"][key]
    found = gap_by_rank.frame.set_index("dimension").loc[dimension]
    assert [found["n_leaders"], found["n_others"]] == wanted["n"]
    assert [found["mean_leaders"], found["mean_others"]] == pytest.approx(wanted["mean"], rel=1e-12)
    assert found["p_value"] == pytest.approx(wanted["p"], rel=1e-8)
    assert found["g"] == pytest.approx(wanted["g"], rel=1e-10)
    groups = sides(soldiers, dimension)
    assert welch(groups)[:2] == pytest.approx(wanted["ci"], rel=1e-9)


def sides(soldiers, dimension):
    scores, level = soldiers.scores()[dimension], soldiers.role("level")
    known = scores.notna() & level.notna()
    officer = level.astype("str") == "Officers"
    return TwoGroups.of(scores[known & officer].to_numpy(), scores[known & ~officer].to_numpy())


def test_interval_p_and_detectable_gap_share_one_critical_value(soldiers, gap_by_rank):
    """Three dimensions, many people: near R's t.test(..., conf.level = 1 - .05/3) and p.adjust(p, "bonferroni")."""
    critical = set()
    for row in gap_by_rank.frame.to_dict("records"):
        groups = sides(soldiers, row["dimension"])
        half = (row["gap_high"] - row["gap_low"]) / 2
        critical.add(round(half / groups.cautious_error, 9))
        assert (row["gap_low"] + row["gap_high"]) / 2 == pytest.approx(row["gap"], abs=1e-12)
        assert half == pytest.approx(np.ptp(welch(groups, confidence=1 - 0.05 / 3)[:2]) / 2, rel=0.06)
        assert row["p_adjusted"] <= min(3 * row["p_value"], 1) + 0.02
        found = half / groups.cautious_error
        own = tuple((sd / groups.pooled_sd) ** 2 for sd in groups.sd)
        detectable = [smallest_detectable_g(*groups.n, critical=found, variances=v) for v in ((1.0, 1.0), own)]
        assert row["smallest_detectable_g"] == pytest.approx(max(detectable))
        assert row["g_low"] / row["gap_low"] == pytest.approx(row["g"] / row["gap"], rel=1e-9)
        assert row["g_high"] / row["gap_high"] == pytest.approx(row["g"] / row["gap"], rel=1e-9)
        assert (row["p_adjusted"] < 0.05) == (row["gap_low"] > 0 or row["gap_high"] < 0)
    assert len(critical) == 1
    assert "allow for 3 comparisons together" in gap_by_rank.note


def test_gap_with_many_respondents_equals_r(reference):
    # R: hedges_g(bfi$agree[gender == 1], bfi$agree[gender == 2]), complete answers
    wanted = reference("gaps")["gaps"]["bfi_agree_by_gender"]
    scores = cx.load_survey("bfi").scores(answered=1.0)["agreeableness"].reset_index(drop=True)
    gender = pd.read_csv(dataset_path("bfi"))["gender"]
    groups = TwoGroups.of(*(scores[(gender == g) & scores.notna()].to_numpy() for g in (1, 2)))
    assert list(groups.n) == wanted["n"]
    assert welch(groups)[:2] == pytest.approx(wanted["ci"], rel=1e-9)
    assert standardised_difference(groups) == pytest.approx(wanted["g"], rel=1e-10)


def test_holm_equals_p_adjust(reference):
    wanted = reference("gaps")["holm"]
    assert holm(np.array(wanted["p"])) == pytest.approx(wanted["adjusted"], rel=1e-12)
    assert np.isnan(holm(np.array([0.01, np.nan]))[1])


def of_one(n1, n2, alpha=0.05):
    """The critical value of one comparison of normal scores."""
    return stats.t.isf(alpha / 2, n1 + n2 - 2)


def test_detectable_gap_of_equal_groups_equals_r(reference):
    # R: power.t.test(n = 50, power = .8)$delta, which uniroot finds to within 1e-4
    wanted = reference("gaps")["detectable"]
    assert smallest_detectable_g(50, 50, critical=of_one(50, 50)) == pytest.approx(wanted["n_50"], rel=1e-4)
    assert smallest_detectable_g(5, 5, critical=of_one(5, 5)) == pytest.approx(wanted["n_5"], rel=1e-4)
    many = smallest_detectable_g(300, 300, critical=of_one(300, 300))
    assert many == pytest.approx((1.959964 + 0.841621) * np.sqrt(2 / 300), rel=2e-3)


@pytest.mark.parametrize(("n1", "n2", "alpha"), [(5, 50, 0.05), (10, 100, 0.05 / 8), (5, 5, 0.05 / 8), (40, 20, 0.01)])
def test_detectable_gap_is_detected_in_four_cases_of_five(n1, n2, alpha):
    """Simulation of the test: 4,000 surveys; three standard errors of 4,000 draws are .019."""
    rng = np.random.default_rng(20260104)
    critical = of_one(n1, n2, alpha)
    gap = smallest_detectable_g(n1, n2, critical=critical)
    leaders, others = rng.normal(gap, 1, (4000, n1)), rng.normal(0, 1, (4000, n2))
    pairs = [stats.ttest_ind(leaders, others, axis=1, equal_var=equal).statistic for equal in (True, False)]
    # the larger of both errors gives the smaller t
    assert np.mean(np.min(pairs, axis=0) > critical) == pytest.approx(0.80, abs=0.019)


@pytest.mark.parametrize(("n1", "n2", "normal"), [(5, 50, 1.31), (10, 100, 0.93), (20, 200, 0.66), (50, 500, 0.42)])
def test_few_leaders_need_a_wider_gap_than_the_normal_approximation_says(n1, n2, normal):
    approximate = (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * np.sqrt(1 / n1 + 1 / n2)
    assert round(approximate, 2) == normal
    found = smallest_detectable_g(n1, n2, critical=of_one(n1, n2))
    assert approximate * (1 + 0.5 / n1) < found < approximate * (1 + 1.5 / n1)


UNEQUAL = [(15, 200, 3.0), (15, 200, 0.4), (10, 40, 2.0), (60, 60, 2.5)]


@pytest.mark.parametrize(("n1", "n2", "ratio"), UNEQUAL)
def test_detectable_gap_holds_for_sides_that_spread_differently(n1, n2, ratio):
    """15 leaders of three times the SD of 200 others: what was called detectable in 80 of 100 was found in 29."""
    rng = np.random.default_rng(20260105)
    critical = of_one(n1, n2)
    pooled = np.sqrt(((n1 - 1) * ratio**2 + n2 - 1) / (n1 + n2 - 2))
    variances = ((ratio / pooled) ** 2, (1 / pooled) ** 2)
    gap = smallest_detectable_g(n1, n2, critical=critical, variances=variances) * pooled
    leaders, others = rng.normal(gap, ratio, (4000, n1)), rng.normal(0, 1, (4000, n2))
    pairs = [stats.ttest_ind(leaders, others, axis=1, equal_var=equal).statistic for equal in (True, False)]
    assert np.mean(np.min(pairs, axis=0) > critical) == pytest.approx(0.80, abs=0.019)


@pytest.mark.parametrize(("n1", "n2", "ratio"), UNEQUAL)
def test_interval_p_and_detectable_gap_agree_whatever_the_spread(n1, n2, ratio):
    """In standard deviations the interval left out 0 on 91 of 125 dimensions, of which 36 had p below .05."""
    rng = np.random.default_rng(20260106)
    spread = np.where(np.arange(n1 + n2) < n1, ratio, 1.0)[:, None]
    scores = rng.normal(size=(n1 + n2, 6)) * spread + np.where(spread == ratio, 0.5 * ratio, 0)
    gap = cx.level_gap(continuous(scores, level=["Boss"] * n1 + ["Staff"] * n2), leaders=["Boss"], permutations=999)
    frame = gap.frame
    outside = (frame["g_low"] > 0) | (frame["g_high"] < 0)
    assert outside.tolist() == (frame["p_adjusted"] < 0.05).tolist()
    assert (frame[["g_low", "g", "g_high"]].to_numpy() == pytest.approx(
        frame[["gap_low", "gap", "gap_high"]].to_numpy() * (frame["g"] / frame["gap"]).to_numpy()[:, None], rel=1e-9
    ))  # fmt: skip


def test_swapping_the_groups_turns_the_gap():
    rng = np.random.default_rng(3)
    a, b = rng.normal(0, 1, 30), rng.normal(0.4, 2, 80)
    there, back = TwoGroups.of(a, b), TwoGroups.of(b, a)
    assert standardised_difference(there) == pytest.approx(-standardised_difference(back), rel=1e-9)
    assert welch(there)[2] == pytest.approx(welch(back)[2], rel=1e-12)


def test_few_leaders_are_hidden():
    answers = np.random.default_rng(1).integers(1, 6, (30, 3))
    result = cx.level_gap(tiny_survey(answers, level=["Boss"] * 4 + ["Staff"] * 26), leaders=["Boss"])
    assert result.frame["hidden"].item()
    assert result.frame.select_dtypes("number").isna().to_numpy().all()
    assert "hidden" in str(result)
    assert result.text == "No gap can be shown: there are too few leaders or too few others."


def test_gaps_are_counted_among_the_dimensions_shown():
    answers = np.random.default_rng(2).integers(1, 6, (40, 8)).astype(float)
    levels = ["Boss"] * 10 + ["Staff"] * 30
    told = cx.level_gap(eight_items(answers, levels), leaders=["Boss"])
    assert "on 0 of 2 dimensions, allowing" in told.text
    answers[3:10, :4] = np.nan
    told = cx.level_gap(eight_items(answers, levels), leaders=["Boss"])
    assert told.frame["hidden"].tolist() == [True, False]
    assert "on 0 of 1 dimension shown." in told.text


def eight_items(answers, levels):
    blocks = {"a": ["q1", "q2", "q3", "q4"], "b": ["q5", "q6", "q7", "q8"]}
    survey = survey_of(answers, blocks, scale={"low": 1, "high": 5})
    return replace(survey, respondents=pd.DataFrame({"level": pd.Categorical(levels, ordered=True)}))


def test_misspelt_level_is_refused(soldiers):
    with pytest.raises(cx.OptionError, match="'univbct, wave 0' has no level 'Officer'. Did you mean 'Officers'"):
        cx.level_gap(soldiers, leaders=["Officer"])


def test_everyone_a_leader_is_refused():
    survey = tiny_survey(np.full((12, 3), 2), level=["a", "b"] * 6)
    with pytest.raises(cx.AnalysisError, match="makes everyone a leader"):
        cx.level_gap(survey, leaders=["a", "b"])
    with pytest.raises(cx.OptionError, match="makes nobody a leader. Levels: a, b"):
        cx.level_gap(survey, leaders=[])


def test_profile_hides_small_groups_and_what_gives_them_away():
    answers = np.random.default_rng(1).integers(1, 6, (41, 3))
    survey = tiny_survey(answers, function=["A"] * 3 + ["B"] * 8 + ["C"] * 30)
    profile = cx.group_profile(survey)
    assert profile.frame.set_index("group")["hidden"].to_dict() == {"A": True, "B": True, "C": False}
    assert profile.frame.loc[profile.frame["hidden"], ["n", "mean", "gap"]].isna().to_numpy().all()
    assert profile.table["n"].tolist() == ["hidden", "hidden", "30"]
    assert "2 of 3 cells are hidden" in profile.text


def test_profile_of_two_groups_compares_them_once():
    rng = np.random.default_rng(2)
    answers = rng.integers(1, 6, (40, 3)).astype(float)
    profile = cx.group_profile(tiny_survey(answers, function=["A"] * 15 + ["B"] * 25))
    of = profile.frame.set_index("group")
    scores = answers.mean(axis=1)
    assert profile.tests == 1
    # R: t.test(a, b), near which one comparison of 15 and 25 must come
    interval = stats.ttest_ind(scores[:15], scores[15:], equal_var=False).confidence_interval(0.95)
    assert of.loc["A", ["gap_low", "gap_high"]].to_list() == pytest.approx(list(interval), abs=0.04)
    assert of.loc["A", "gap"] == pytest.approx(-of.loc["B", "gap"], rel=1e-12)
    assert of.loc["A", "gap_low"] == pytest.approx(-of.loc["B", "gap_high"], rel=1e-12)
    assert of.loc["A", "p_adjusted"] == of.loc["B", "p_adjusted"]


def test_profile_takes_two_groups():
    with pytest.raises(cx.AnalysisError, match="'tiny' has 1 function; a comparison needs two"):
        cx.group_profile(tiny_survey(np.full((12, 3), 2), function=["a"] * 12))


def simulate(seed, surveys, gap, dimensions, leaders=20, others=100):
    """Scores of surveys in which every dimension has the same true gap, in standard deviations."""
    rng = np.random.default_rng(seed)
    for _ in range(surveys):
        scores = rng.normal(0, 1, (leaders + others, dimensions))
        scores[:leaders] += gap
        yield scores


def continuous(scores, **roles):
    """A survey whose three items of a dimension are all the score itself."""
    return tiny_survey(np.repeat(scores, 3, axis=1), **roles)


def test_profiles_of_surveys_without_differences_rarely_name_a_finding():
    """Eight dimensions and six groups: at least one finding in at most 5 % of surveys, not in 23 %."""
    function = np.repeat(list("abcdef"), 20)
    alarms, surveys = 0, 40
    for scores in simulate(20260105, surveys, 0.0, 8):
        alarms += "0 cells of 48" not in cx.group_profile(continuous(scores, function=function)).text
    assert alarms / surveys <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / surveys)


@pytest.mark.parametrize("dimensions", [1, 8])
def test_gaps_are_found_as_often_as_the_detectable_gap_promises(dimensions):
    """With the gap that one survey calls detectable, a dimension is named in 80 % of such surveys."""
    level = ["Boss"] * 20 + ["Staff"] * 100
    leader = np.where(np.array(level) == "Boss", 0, -1)
    nothing = next(simulate(20260106, 1, 0.0, dimensions))
    table = permuted_tables(nothing, leader, np.ones((1, dimensions), bool), None, permutations=1999, seed=1)
    gap = smallest_detectable_g(20, 100, critical=table.critical)
    something = np.stack(list(simulate(20260107, 2000, gap, dimensions)))
    pairs = [
        stats.ttest_ind(something[:, :20], something[:, 20:], axis=1, equal_var=e).statistic for e in (True, False)
    ]
    assert 0.78 <= np.mean(np.min(pairs, axis=0) > table.critical) <= 0.82
    shown = cx.level_gap(continuous(nothing, level=level), leaders=["Boss"], permutations=1999).frame
    # and with sides that spread as these do by chance it is no smaller, and not much larger
    assert shown["smallest_detectable_g"].between(gap * (1 - 1e-9), 1.35 * gap).all()


def test_nothing_found_names_no_widest_gap():
    scores = next(simulate(3, 1, 0.0, 8))
    gap = cx.level_gap(continuous(scores, level=["Boss"] * 20 + ["Staff"] * 100), leaders=["Boss"])
    assert "any gap is found in at most 5 of 100 surveys" in gap.note
    assert "on 0 of 8 dimensions" in gap.text
    assert "widest" not in gap.text
    assert "Whatever gaps are seen may be chance" in gap.text


def test_figures_say_what_they_show(soldiers, gap_by_rank):
    gap = gap_by_rank
    axes = gap.plot()
    assert axes.get_xlabel() == "Hedges g: leaders lower  ←  0  →  leaders higher"
    assert [t.get_text() for t in axes.get_yticklabels()] == ["Job satisfaction", "Commitment", "Readiness"]
    assert gap.picture().alt == gap.text


def test_a_profile_of_hidden_groups_alone_says_that_nothing_is_shown():
    survey = tiny_survey(np.random.default_rng(1).integers(1, 6, (8, 3)), function=["A"] * 4 + ["B"] * 4)
    text = cx.group_profile(survey).text
    assert text.startswith("Nothing is shown. 2 of 2 cells are hidden")
