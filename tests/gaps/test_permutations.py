"""One error rate for a table of gaps: by simulation, by enumeration, and in everything that is told of a table."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import cxkit as cx
from cxkit.statistics.effect_sizes import TwoGroups, simultaneous_interval
from cxkit.statistics.multiplicity import FAMILY_ERROR
from cxkit.statistics.permutations import PERMUTATIONS, MaxT, distances, permuted_tables
from tests.conftest import tiny_survey

CUTS = np.array([-1.5, -0.5, 0.5, 1.5])
MEAN_417, MEAN_381, MEAN_300 = 1.3, 0.9, 0.0
"""How far answers of five points are moved to the right, by the mean that they get."""


def scale_scores(rng: np.random.Generator, people: int, dimensions: int, moved: float) -> np.ndarray:
    """Means of four items of five points with loadings of .8, of correlated dimensions."""
    general = rng.normal(size=(people, 1))
    factors = np.sqrt(0.4) * general + np.sqrt(0.6) * rng.normal(size=(people, dimensions))
    latent = 0.8 * factors[:, :, None] + 0.6 * rng.normal(size=(people, dimensions, 4)) + moved
    return (1 + np.digitize(latent, CUTS)).mean(axis=2)


def observed(
    scores: np.ndarray, groups: np.ndarray, cells: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Distances of the shown cells, one at a time."""
    found = []
    for group, dimension in zip(*np.nonzero(cells), strict=True):
        seen = ~np.isnan(scores[:, dimension])
        own, rest = seen & (groups == group), seen & (groups != group)
        both = None if weights is None else (weights[own], weights[rest])
        found.append(TwoGroups.of(scores[own, dimension], scores[rest, dimension], both).distance)
    return np.array(found)


def at_once(scores: np.ndarray, groups: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """The same for complete scores, by sums over the members of all groups."""
    y = scores - scores.mean(axis=0)
    sums = np.hstack([np.ones_like(y), y, y * y])
    own = (np.arange(len(cells))[:, None] == groups) @ sums
    return distances(own, sums.sum(axis=0), scores.shape[1])[cells]


SETTINGS = [
    # sizes of groups, dimensions, answers moved by, only leaders against the others
    ([5, 5, 6, 6, 7, 7, 8, 8, 30, 40, 50, 60], 3, MEAN_417, False),
    ([10] * 10 + [200], 3, MEAN_417, False),
    ([9] * 16, 3, MEAN_381, False),
    ([6] * 8, 3, MEAN_300, False),
    ([5, 150], 8, MEAN_417, True),
    ([8, 150], 8, MEAN_417, True),
]


@pytest.mark.parametrize(("sizes", "dimensions", "moved", "leaders"), SETTINGS)
def test_skewed_scores_and_small_groups_keep_the_promised_error_rate(sizes, dimensions, moved, leaders):
    """Without any difference at most 5 of 100 tables name one; Welch's t by Bonferroni named one in 10 to 31."""
    surveys = 150
    rng = np.random.default_rng(20261129)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    cells = np.ones((1 if leaders else len(sizes), dimensions), dtype=bool)
    alarms = 0
    for seed in range(surveys):
        scores = scale_scores(rng, len(groups), dimensions, moved)
        table = permuted_tables(scores, groups, cells, None, permutations=199, seed=seed)
        alarms += at_once(scores, groups, cells).max() > table.critical
    assert alarms / surveys <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / surveys)


@pytest.mark.parametrize(("group", "down"), [(0, 1.8), (11, 0.65)])
def test_differences_are_found_whatever_the_size_of_the_smallest_group(group, down):
    """Welch's errors of five people at the end of a scale are at times next to nothing; by them 8 and 1 of 100."""
    sizes, surveys = SETTINGS[0][0], 60
    rng = np.random.default_rng(20261130)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    cells = np.ones((len(sizes), 3), dtype=bool)
    found = 0
    for seed in range(surveys):
        scores = scale_scores(rng, len(groups), 3, MEAN_417)
        scores[groups == group, 0] -= down * scores[:, 0].std()
        table = permuted_tables(scores, groups, cells, None, permutations=199, seed=seed)
        found += at_once(scores, groups, cells)[3 * group] > table.critical
    assert found / surveys > 0.55


def test_p_equals_that_of_all_possible_tables():
    """Five against five on two dimensions: all 252 ways to divide ten people; 20,000 draws are within .01 of them."""
    rng = np.random.default_rng(4)
    scores = np.column_stack([rng.integers(1, 6, 10), rng.integers(1, 6, 10)]).astype(float)
    scores[:5] += [1.5, 0.75]
    groups, cells = np.repeat([0, 1], 5), np.ones((1, 2), dtype=bool)
    every = []
    for own in combinations(range(10), 5):
        divided = np.where(np.isin(np.arange(10), own), 0, 1)
        every.append(observed(scores, divided, cells).max())
    table = permuted_tables(scores, groups, cells, None, permutations=20000, seed=1)
    for distance in observed(scores, groups, cells):
        exact = np.mean(np.array(every) >= distance - 1e-9)
        assert 0.01 < exact < 0.999
        assert table.p_adjusted(distance) == pytest.approx(exact, abs=0.01)


def test_distances_at_once_are_those_of_one_pair_at_a_time():
    scores = scale_scores(np.random.default_rng(3), 60, 2, MEAN_417)
    groups, cells = np.repeat([0, 1, 2], [5, 15, 40]), np.ones((3, 2), dtype=bool)
    np.testing.assert_allclose(at_once(scores, groups, cells), observed(scores, groups, cells), rtol=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_largest_distances_equal_those_of_a_slow_permutation(weighted):
    """Sums of many permuted tables at once, against one table at a time; gaps in the answers, and a hidden cell."""
    rng = np.random.default_rng(5)
    scores = rng.integers(1, 6, (40, 3)).astype(float)
    scores[rng.random(scores.shape) < 0.15] = np.nan
    groups = np.repeat([0, 1, 2, 3], [6, 7, 12, 15])
    cells = np.ones((4, 3), dtype=bool)
    cells[0, 1] = cells[3] = False
    weights = rng.uniform(0.5, 3, 40) if weighted else None
    fast = permuted_tables(scores, groups, cells, weights, permutations=3000, seed=6).largest
    slow = []
    for _ in range(500):
        order = rng.permutation(40)
        slow.append(observed(scores[order], groups, cells, None if weights is None else weights[order]).max())
    # two samples of one distribution; this fails for a wrong one, which the next line shows for two cells fewer
    assert stats.ks_2samp(fast, slow).pvalue > 0.01
    cells[1] = False
    fewer = permuted_tables(scores, groups, cells, weights, permutations=3000, seed=6).largest
    assert stats.ks_2samp(fewer, slow).pvalue < 1e-6


@pytest.mark.parametrize("kind", ["plain", "weighted", "two-valued", "gaps"])
def test_interval_p_and_verdict_say_the_same(kind):
    rng = np.random.default_rng(7)
    both = set()
    for seed in range(25):
        scores = scale_scores(rng, 60, 2, MEAN_417)
        if kind == "two-valued":
            scores = np.where(scores > 4.2, 5.0, 1.0)
        if kind == "gaps":
            scores[rng.random(scores.shape) < 0.2] = np.nan
        scores[:8, 0] -= 0.15 * seed
        weights = rng.uniform(0.5, 2, 60) if kind == "weighted" else None
        groups, cells = np.repeat([0, 1, 2], [8, 22, 30]), np.ones((3, 2), dtype=bool)
        table = permuted_tables(scores, groups, cells, weights, permutations=299, seed=seed)
        seen = ~np.isnan(scores[:, 0])
        own, rest = seen & (groups == 0), seen & (groups != 0)
        sides = TwoGroups.of(
            scores[own, 0], scores[rest, 0], (weights[own], weights[rest]) if weights is not None else None
        )
        low, high, p = simultaneous_interval(sides, table)
        clear = p < FAMILY_ERROR
        assert clear == (low > 0 or high < 0) == (sides.distance > table.critical)
        both.add(bool(clear))
    assert both == {True, False}


def test_critical_value_is_where_p_falls_below_five_percent():
    largest = np.sort(np.random.default_rng(8).normal(size=999) ** 2)[::-1]
    for permutations in (99, 100, 199, 500, 999):
        table = MaxT(largest=largest[-permutations:])
        assert table.p_adjusted(table.critical * (1 + 1e-6)) < FAMILY_ERROR <= table.p_adjusted(table.critical)
    assert table.p_adjusted(1e9) == 1 / 1000  # never 0
    assert table.p_adjusted(0.0) == 1.0


def test_groups_without_any_spread_are_told_apart_by_how_rare_that_is():
    """Nobody varies within two groups that differ: 2 of the 252 ways to divide ten people do that."""
    scores, groups = np.repeat([[2.0], [4.0]], 5, axis=0), np.repeat([0, 1], 5)
    table = permuted_tables(scores, groups, np.ones((1, 1), dtype=bool), None, permutations=20000, seed=2)
    low, high, p = simultaneous_interval(TwoGroups.of(scores[:5, 0], scores[5:, 0]), table)
    assert p == pytest.approx(2 / 252, abs=0.002)
    assert (low, high) == pytest.approx((-2, -2), abs=1e-4)
    same = permuted_tables(np.full((10, 1), 3.0), groups, np.ones((1, 1), dtype=bool), None, permutations=99, seed=2)
    assert same.p_adjusted(0.0) == 1.0


@pytest.fixture(scope="module")
def organisation():
    rng = np.random.default_rng(9)
    answers = np.clip(np.round(rng.normal(4, 1, (90, 9)) + np.repeat(rng.normal(0, 0.5, (90, 3)), 3, axis=1)), 1, 5)
    function = np.repeat(list("abcd"), [7, 13, 30, 40])
    answers[:7, :3] = np.clip(answers[:7, :3] - 1, 1, 5)
    answers[rng.random(answers.shape) < 0.05] = np.nan
    return answers, function, np.where(np.arange(90) % 6 == 0, "Boss", "Staff")


def test_numbers_do_not_depend_on_the_order_of_rows_or_on_names(organisation):
    answers, function, level = organisation
    order = np.random.default_rng(10).permutation(90)
    one = tiny_survey(answers, function=function, level=level)
    named = np.char.add("z", function[order])
    other = tiny_survey(answers[order], function=named, level=level[order])
    columns = ["gap", "gap_low", "gap_high", "p_adjusted"]
    for analysis in (cx.group_profile, lambda survey: cx.level_gap(survey, leaders=["Boss"])):
        first, second = analysis(one).frame, analysis(other).frame
        np.testing.assert_allclose(first[columns], second[columns], rtol=1e-9, atol=1e-12)


def test_seed_and_permutations_are_told_and_matter_little(organisation):
    answers, function, level = organisation
    survey = tiny_survey(answers, function=function, level=level)
    one, other = (cx.group_profile(survey, seed=seed) for seed in (1, 2))
    assert f"{PERMUTATIONS:,} tables with people permuted between groups (largest t of a table, seed 1)" in one.note
    assert "where the scores of all groups have the same distribution, of whatever shape, any cell is" in one.note
    assert (
        "in at most 5 of 100 surveys. Where means are equal and only spread or skew differ, that happens in" in one.note
    )
    assert "in 12 to 14 of 100 with 30 people beside 30 whose scores are skewed and of 3 times the SD" in one.note
    assert not one.frame.equals(other.frame)
    np.testing.assert_allclose(one.frame["p_adjusted"], other.frame["p_adjusted"], atol=0.03)
    assert cx.level_gap(survey, leaders=["Boss"], permutations=199, seed=3).settings["permutations"] == 199
    with pytest.raises(cx.OptionError, match="permutations=50 must be a whole number, at least 99"):
        cx.group_profile(survey, permutations=50)


def test_tables_use_the_table_of_permuted_people(organisation):
    """What the two analyses show is what the core gives for the cells that they show."""
    answers, function, _ = organisation
    survey = tiny_survey(answers, function=function)
    profile = cx.group_profile(survey, seed=4)
    scores = survey.scores().to_numpy()
    cells = np.ones((4, 3), dtype=bool)
    group = pd.factorize(function)[0]
    table = permuted_tables(scores, group, cells, None, permutations=PERMUTATIONS, seed=4)
    distances = observed(scores, group, cells)
    assert profile.frame["p_adjusted"].tolist() == [table.p_adjusted(distance) for distance in distances]
    half = (profile.frame["gap_high"] - profile.frame["gap_low"]) / 2
    np.testing.assert_allclose(half, table.critical * profile.frame["gap"].abs() / distances, rtol=1e-9)
