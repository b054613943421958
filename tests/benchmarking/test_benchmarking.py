"""Norms against R's lme4, percentiles against published figures and by simulation."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm as normal

import cxkit as cx
from cxkit.benchmarking.percentiles import mid_rank, rank_interval, smoothed_rank
from cxkit.benchmarking.scores import _ends_differ
from cxkit.results.rounding import share_of_draws
from cxkit.statistics.random_effects import (
    Groups,
    VarianceComponents,
    posterior_draws,
    restricted_maximum_likelihood,
)
from cxkit.survey.instrument_file import instrument_from
from cxkit.survey.survey import Survey
from tests.conftest import tiny_survey

STATED = cx.About(population="test", period="2026", selection="random draws")


def groups_of(survey, key):
    scores = survey.scores()[key]
    by = scores.groupby(survey.role("organisation"), observed=True)
    return Groups(
        sizes=by.size().to_numpy(),
        means=by.mean().to_numpy(),
        ss_within=float(((by.size() - 1) * by.var()).sum()),
    )


@pytest.mark.parametrize(
    ("data", "dimension", "key"),
    [("lq2002", "leadership", "lq2002_lead"), ("bhr2000", "leadership", "bhr2000_climate")],
)
def test_variance_components_equal_lme4(reference, data, dimension, key):
    # R: lmer(y ~ 1 + (1 | g)), REML; its optimiser stops at about 1e-6 relative
    wanted = reference("gaps")["components"][key]
    found = restricted_maximum_likelihood(groups_of(cx.load_survey(data), dimension))
    assert found.between == pytest.approx(wanted["between"], rel=1e-5)
    assert found.within == pytest.approx(wanted["within"], rel=1e-6)
    assert found.mean == pytest.approx(wanted["mean"], rel=1e-8)


def test_equal_groups_give_the_textbook_estimates():
    """With equal sizes REML is the analysis of variance: within = MSW, between = (MSB - MSW) / n."""
    groups = Groups(sizes=np.full(4, 10), means=np.array([1.0, 2.0, 3.0, 4.0]), ss_within=36.0)
    found = restricted_maximum_likelihood(groups)
    assert found.within == pytest.approx(1.0, rel=1e-6)
    assert found.between == pytest.approx((10 * 5 / 3 - 1.0) / 10, rel=1e-6)


def test_no_true_differences_give_zero():
    groups = Groups(sizes=np.full(20, 5), means=np.linspace(-0.01, 0.01, 20), ss_within=80.0)
    assert restricted_maximum_likelihood(groups).between == 0.0
    assert VarianceComponents(mean=0, between=0, within=1).reliability(10) == 0.0


def known_population(n: int, own_z: float):
    """A norm so large that nothing about the population is uncertain: between SD .5, within SD 1."""
    rng = np.random.default_rng(5)
    truth = normal.ppf((np.arange(4000) + 0.5) / 4000) * 0.5
    sizes = np.full(4000, 4000)
    groups = Groups(sizes=sizes, means=truth, ss_within=float(sizes.sum() - 4000))
    own = own_z * np.sqrt(0.25 + 1 / n)
    mean, between, draws = posterior_draws(groups, own, n, draws=200_000, rng=rng)
    return 100 * normal.cdf((draws - mean) / between)


@pytest.mark.parametrize(("n", "published"), [(10, 0.43), (30, 0.54), (100, 0.69)])
def test_chance_of_the_top_tenth_when_seen_at_the_92nd_percentile(n, published):
    """With a between SD of .5 and a within SD of 1; worked out by hand from Bayes' theorem."""
    standing = known_population(n, normal.ppf(0.92))
    assert np.mean(standing > 90) == pytest.approx(published, abs=0.008)


def test_shrinkage_when_seen_at_the_82nd_percentile_with_thirty_respondents():
    low, middle, high = np.percentile(known_population(30, normal.ppf(0.82)), [2.5, 50, 97.5])
    assert (low, middle, high) == pytest.approx((57, 80, 94), abs=1.0)


def test_interval_covers_the_true_standing():
    """Simulation: norms of 30 organisations with 8 to 60 respondents; 1,500 further organisations."""
    rng = np.random.default_rng(20260102)
    covered, trials, between, within = 0, 1500, 0.5, 1.0
    for _ in range(trials):
        sizes = rng.integers(8, 60, 30)
        means = rng.normal(0, between, 30) + rng.normal(0, 1, 30) * within / np.sqrt(sizes)
        ss = within**2 * rng.chisquare(sizes.sum() - 30)
        n, truth = int(rng.integers(8, 60)), rng.normal(0, between)
        own = truth + rng.normal() * within / np.sqrt(n)
        groups = Groups(sizes=sizes, means=means, ss_within=float(ss))
        mean, sd, draws = posterior_draws(groups, own, n, draws=800, rng=rng)
        low, high = np.percentile(normal.cdf((draws - mean) / sd), [2.5, 97.5])
        covered += low <= normal.cdf(truth / between) <= high
    assert 0.93 <= covered / trials <= 0.97  # three and a half standard errors of 1,500 draws are .02


def test_mid_rank_counts_half_of_the_equals():
    assert mid_rank(np.array([1.0, 2.0, 2.0, 3.0]), 2.0) == 50.0
    assert mid_rank(np.array([1.0, 2.0]), 5.0) == 100.0


@pytest.fixture(scope="module")
def companies():
    return cx.load_survey("lq2002")


def test_company_against_the_other_forty_eight(companies):
    norm = cx.build_norm(companies, leave_out="2")
    assert norm.frame["organisations"].tolist() == [48, 48, 48]
    own = companies.subset(organisation="2")
    result = cx.percentile_benchmark(own, norm, seed=1)
    # The norm's other companies by hand: how many of the 48 means lie below company 2's?
    means = companies.scores().groupby(companies.role("organisation"), observed=True).mean()["leadership"]
    below = (means.drop("2") < means["2"]).mean()
    assert result.frame.set_index("dimension").loc["leadership", "percentile"] == pytest.approx(100 * below)
    assert (result.frame["percentile_low"] < result.frame["likely_percentile"]).all()
    assert "48 organisations" in result.note


def precise_norm(means, within=0.02, size=200):
    """Organisations whose means are known almost exactly: respondents' error can move nothing."""
    rng = np.random.default_rng(7)
    noise = rng.normal(0, within, (len(means), size))
    noise -= noise.mean(axis=1, keepdims=True)
    scores = (np.asarray(means)[:, None] + noise).reshape(-1, 1)
    return tiny_survey(np.repeat(scores, 3, axis=1), about=STATED, organisation=np.repeat(np.arange(len(means)), size))


def test_a_move_from_ranks_to_a_smooth_curve_is_not_called_shrinkage():
    """A skewed norm with reliable means: the number moves far although there is hardly any error to take off."""
    means = 2 + np.random.default_rng(9).exponential(0.5, 40)
    survey = precise_norm(means)
    middle = str(np.argsort(means)[16])
    result = cx.percentile_benchmark(
        survey.subset(organisation=middle), cx.build_norm(survey, leave_out=middle), seed=1
    )
    row = result.frame.iloc[0]
    assert row["reliability"] > 0.96
    assert row["percentile"] == pytest.approx(100 * 16 / 39)
    assert abs(row["moved_by_smoothing"]) > 3
    assert abs(row["moved_by_error"]) < 1
    assert "It is mostly smoothing that moves it." in result.text
    assert not any("hrunken" in heading for heading in result.table.columns)


def test_error_moves_the_number_where_the_norm_is_smooth_and_few_answered():
    """Normal true means, ten respondents: smoothing changes little, and error pulls to the middle."""
    rng = np.random.default_rng(10)
    truth = normal.ppf((np.arange(60) + 0.5) / 60) * 0.3
    scores = (3 + np.repeat(truth, 10) + rng.normal(0, 1, 600)).reshape(-1, 1)
    survey = tiny_survey(np.repeat(scores, 3, axis=1), about=STATED, organisation=np.repeat(np.arange(60), 10))
    result = cx.percentile_benchmark(survey.subset(organisation="58"), cx.build_norm(survey, leave_out="58"), seed=1)
    row = result.frame.iloc[0]
    assert abs(row["moved_by_error"]) > abs(row["moved_by_smoothing"])
    assert "It is mostly error that moves it." in result.text


def test_the_two_moves_add_up_and_the_norms_own_interval_is_jeffreys(companies):
    result = cx.percentile_benchmark(
        companies.subset(organisation="2"), cx.build_norm(companies, leave_out="2"), seed=1
    )
    frame = result.frame
    moves = frame["moved_by_smoothing"] + frame["moved_by_error"]
    assert (frame["percentile"] + moves).tolist() == pytest.approx(frame["likely_percentile"].tolist())
    # R: 100 * qbeta(c(.025, .975), 20 + .5, 48 - 20 + .5)
    assert rank_interval(100 * 20 / 48, 48, 0.95) == pytest.approx((28.543401, 55.761662), abs=1e-6)
    assert ((frame["norm_low"] < frame["percentile"]) & (frame["percentile"] < frame["norm_high"])).all()


def test_smoothed_percentile_by_hand():
    """One organisation of 4 and one of 16, true SD 1, SD within 2: half of each normal curve below."""
    groups = Groups(sizes=np.array([4, 16]), means=np.array([0.0, 1.0]), ss_within=72.0)
    components = VarianceComponents(mean=0.5, between=1.0, within=4.0)
    wanted = 50 * (normal.cdf(1 / np.sqrt(2)) + normal.cdf(1 / np.sqrt(1.25)))
    assert smoothed_rank(groups, components, 1.5) == pytest.approx(wanted, rel=1e-12)


def test_same_seed_same_digits_other_seed_close(companies):
    norm, own = cx.build_norm(companies, leave_out="2"), companies.subset(organisation="2")
    one, again, other = (cx.percentile_benchmark(own, norm, seed=seed).frame for seed in (1, 1, 2))
    assert one.equals(again)
    ends = ["percentile_low", "percentile_high", "likely_percentile"]
    assert not one.equals(other)
    np.testing.assert_allclose(one[ends], other[ends], atol=1.0)


def random_companies(organisations, size, about=STATED):
    rng = np.random.default_rng(8)
    answers = rng.integers(1, 6, (organisations * size, 3))
    return tiny_survey(answers, about=about, organisation=np.repeat(np.arange(organisations), size))


def test_norm_without_origin_is_refused():
    with pytest.raises(cx.AnalysisError, match="does not state its population, period, selection"):
        cx.build_norm(random_companies(12, 6, about=cx.About()))


@pytest.mark.parametrize("survey", [random_companies(1, 30), tiny_survey(np.ones((30, 3)))], ids=["one", "unknown"])
def test_one_organisation_alone_is_told_what_that_means(survey):
    with pytest.raises(cx.AnalysisError) as refused:
        cx.build_norm(survey)
    said = str(refused.value)
    assert "a percentile says where one stands among others: there is no norm to compare with" in said
    assert "norm_data in the notebook" in said


def with_small_organisations(sizes, seed=4):
    """Organisations of these sizes, A, B and so on, with a role beside that two people do not state."""
    rng = np.random.default_rng(seed)
    organisation = np.repeat([chr(65 + place) for place in range(len(sizes))], sizes)
    level = rng.choice(["Boss", "Staff"], len(organisation)).astype(object)
    level[-2:] = None
    answers = rng.integers(1, 6, (len(organisation), 3))
    about = cx.About(population="made up", period="never", selection="drawn")
    return tiny_survey(answers, about=about, organisation=organisation, level=level)


def test_the_norm_is_made_of_what_tables_of_groups_show():
    """The spread of all means beside the means of all but one gives that one, and with the total a smaller one."""
    survey = with_small_organisations([3, 6, *range(8, 20)])
    norm = cx.build_norm(survey)
    profile = cx.group_profile(survey, by="organisation").frame
    shown = profile[~profile["hidden"].astype(bool)]
    assert set(profile["group"]) - set(shown["group"]) == {"A", "B"}
    assert norm.groups["d1"].means == pytest.approx(shown["mean"].to_numpy())
    assert norm.frame["observed_sd"][0] == pytest.approx(shown["mean"].std())
    assert norm.frame["n"][0] == shown["n"].sum()
    assert norm.n + norm.n_dropped == survey.n
    assert sum(norm.by_rule.values()) == norm.n_dropped


def test_a_norm_that_is_too_small_for_what_it_must_hide_says_so():
    sizes = [3, 6, *range(8, 17)]
    with pytest.raises(cx.AnalysisError, match="Only 9 organisations .*, not counting 1 organisation hidden to"):
        cx.build_norm(with_small_organisations(sizes))


def test_norm_of_few_organisations_is_refused():
    with pytest.raises(cx.AnalysisError, match="Only 9 organisations with 5 or more scores on 'Dimension 1'; .* 10"):
        cx.build_norm(random_companies(9, 6))
    with pytest.raises(cx.AnalysisError, match="Only 0 organisations"):
        cx.build_norm(random_companies(30, 4))


def test_unknown_organisation_is_refused(companies):
    with pytest.raises(cx.OptionError, match="No organisation '999' in 'lq2002'"):
        cx.build_norm(companies, leave_out="999")


def test_small_organisation_is_refused(companies):
    norm = cx.build_norm(companies)
    own = companies.subset(organisation="2")
    four = own.subset(own.given.index.to_series().isin(own.given.index[:4]))
    with pytest.raises(cx.AnalysisError, match="Fewer than 5 respondents of .* Means of so few people are not shown"):
        cx.percentile_benchmark(four, norm, seed=1)


def test_other_instrument_is_refused(companies):
    with pytest.raises(cx.AnalysisError, match="The norm from 'lq2002' does not measure d1"):
        cx.percentile_benchmark(random_companies(1, 10), cx.build_norm(companies), seed=1)


def test_scores_and_intervals_by_hand():
    answers = np.array([[1, 2, 3], [2, 3, 4], [3, 4, 5], [5, 5, 5], [3, 3, 3], [4, np.nan, np.nan]])
    result = cx.dimension_scores(tiny_survey(answers)).frame.iloc[0]
    scores = np.array([2, 3, 4, 5, 3])  # one item of three is too few for a score
    half = 2.7764451051977987 * scores.std(ddof=1) / 5**0.5  # R: qt(.975, 4)
    assert (result["n"], result["score"]) == (5, 3.4)
    assert (result["ci_low"], result["ci_high"]) == pytest.approx((3.4 - half, 3.4 + half), rel=1e-12)


def scores_of_two(gap, within, n=60, seed=1):
    """Scores of two dimensions that differ by `gap` on average: people spread widely, their differences by `within`."""
    rng = np.random.default_rng(seed)
    person = rng.normal(3, 1, (n, 1))
    steps = rng.normal(0, within, (n, 1))
    return tiny_survey(np.repeat(np.hstack([person, person + gap + steps]), 3, axis=1))


def test_the_highest_and_the_lowest_score_are_compared_within_respondents():
    # Intervals overlap widely, and yet everybody is higher on the second: t of the differences is what tells.
    found = cx.dimension_scores(scores_of_two(0.3, 0.3))
    assert found.frame["ci_low"].max() < found.frame["ci_high"].min()
    assert found.ends_differ is True
    assert found.text.endswith("; the two differ by more than chance (paired t-test, allowing for the choice among all "
                               "pairs of dimensions).")  # fmt: skip
    alike = cx.dimension_scores(scores_of_two(0.0, 1.0))
    assert "; their difference may be chance (paired t-test" in alike.text
    assert not any("interval" in words for words in (found.text, alike.text))


def test_scores_that_do_not_differ_are_seldom_said_to():
    # 8 dimensions without any difference: at most 5 % of surveys, 200 of them allow for 18 at p = .01.
    rng = np.random.default_rng(7)
    frame = pd.DataFrame({"dimension": [f"d{i}" for i in range(8)], "scale_low": 1.0, "scale_high": 5.0})
    survey = tiny_survey(np.ones((40, 6)))
    wrong = 0
    for _ in range(200):
        scores = pd.DataFrame(rng.normal(3, 1, (40, 1)) + rng.normal(0, 0.5, (40, 8)), columns=frame["dimension"])
        wrong += bool(_ends_differ(survey, scores, frame.assign(score=scores.mean().to_numpy()), 0.95))
    assert wrong <= 18


def test_scores_on_different_scales_compare_by_how_far_up_they_are():
    """3.4 of 5 is higher up than 4.0 of 7."""
    scales = {"short": {"low": 1, "high": 5}, "long": {"low": 1, "high": 7}}
    described = {"name": "two", "title": "Two", "citation": "made in a test", "licence": "CC0-1.0", "scales": scales}
    described["dimension"] = [
        {"key": key, "title": key.title(), "scale": key, "items": [{"key": key[0], "text": "?"}]} for key in scales
    ]
    instrument = instrument_from(described, where="test")
    rng = np.random.default_rng(1)
    given = pd.DataFrame({"s": rng.permutation([3.0] * 60 + [4.0] * 40), "l": rng.permutation([3.0, 5.0] * 50)})
    survey = Survey(name="two", instrument=instrument, given=given, respondents=pd.DataFrame(index=given.index))
    text = cx.dimension_scores(survey).text
    assert "By how far up its scale a score is, Short is highest (60% of the way), Long lowest (50%)" in text
    assert "The highest score is" not in text


@pytest.mark.parametrize(
    ("value", "draws", "said"),
    [
        (0.0, 20_000, "< 0.1%"),
        (0.00005, 20_000, "< 0.1%"),
        (0.0, 100, "< 3%"),
        (0.3, 100, "30%"),
        (0.996, 20_000, "99.6%"),
        (0.99995, 20_000, "99.9%"),
        (1.0, 20_000, "> 99.9%"),
        (1.0, 100, "> 97.0%"),
    ],
)
def test_what_no_draw_or_every_draw_had_is_not_called_impossible_or_certain(value, draws, said):
    assert share_of_draws(value, draws) == said


def test_moves_add_up_to_the_printed_percentiles_and_the_best_tenth_is_never_impossible(companies):
    for organisation in ("2", "5", "9"):
        norm = cx.build_norm(companies, leave_out=organisation)
        result = cx.percentile_benchmark(companies.subset(organisation=organisation), norm, seed=1, draws=2000)
        assert not {"0%", "100%"} & set(result.table["P(best tenth)"])
        # any percentiles, the halves and thirds that rounding parts among them
        for step in np.linspace(0, 11, 34):
            frame = result.frame.assign(
                percentile=46.6 - step / 7, smoothed_percentile=36.4, likely_percentile=35.6 - step
            )
            moved = replace(result, frame=frame)
            start, end, smoothing, error = map(int, MOVES.search(moved.text.replace("−", "-")).groups())
            assert start + smoothing + error == end


MOVES = re.compile(r"from (\d+) as observed to (\d+): ([+-]?\d+) by .* and ([+-]?\d+) by taking")
