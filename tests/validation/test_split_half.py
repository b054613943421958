"""Split halves and lower bounds against R's psych 2.2.9; the calls stand in tests/reference/scripts/reliability.R."""

import numpy as np
import pytest

from cxkit.errors import AnalysisError, OptionError
from cxkit.statistics.lower_bounds import greatest_lower_bound, guttman_bounds
from cxkit.validation.reliability.split_half import halves, split_half, split_reliabilities
from cxkit.validation.reliability.total_score import stratified_alpha
from tests.validation.building import factor_answers, survey_of

SURVEYS = ["bfi", "lq2002", "customersat"]


@pytest.mark.parametrize("name", SURVEYS)
def test_all_splits_equal_those_counted_in_r(reference, shipped, name):
    # R: 4 * sum(C[a, -a]) / sum(C) over combn(p, p %/% 2), C = cov(x, use = "pairwise")
    found = split_half(shipped(name))
    for row in found.frame.itertuples():
        wanted = reference("validation_reliability")["splits"][name][row.dimension]
        assert row.n_splits == wanted["n_splits"] == len(found.splits[row.dimension])
        assert row.lambda4 == pytest.approx(wanted["max"], abs=1e-12)
        assert row.lowest == pytest.approx(wanted["min"], abs=1e-12)
        assert row.mean == pytest.approx(wanted["mean"], abs=1e-12)
        quantiles = [row.quantile_low, row.median, row.quantile_high]
        assert quantiles == pytest.approx(wanted["q"], abs=1e-12)
        for bound in ("lambda1", "lambda2", "lambda5", "lambda6"):
            assert getattr(row, bound) == pytest.approx(wanted["bounds"][bound], abs=1e-12)
        assert row.alpha == pytest.approx(wanted["bounds"]["lambda3"], abs=1e-12)


@pytest.mark.parametrize("name", SURVEYS)
def test_standardised_bounds_equal_psych(reference, shipped, name):
    # R: splitHalf(R, covar = FALSE, check.keys = FALSE) and guttman(R), R = cov2cor(cov(x, use = "pairwise")). Of an
    # odd number of items psych looks at half of the splits, so its extremes lie within ours.
    for row in split_half(shipped(name), standardized=True).frame.itertuples():
        wanted = reference("validation_reliability")["splits"][name][row.dimension]
        for bound, key in (("lambda1", "lambda.1"), ("lambda2", "lambda.2"), ("lambda5", "lambda.5"),
                           ("lambda6", "lambda.6"), ("alpha", "lambda.3")):  # fmt: skip
            assert getattr(row, bound) == pytest.approx(wanted["guttman"][key], abs=1e-12)
        assert row.lambda4 >= wanted["psych"]["maxrb"] - 1e-12
        assert row.lowest <= wanted["psych"]["minrb"] + 1e-12
        if row.items % 2 == 0:
            assert row.lambda4 == pytest.approx(wanted["psych"]["maxrb"], abs=1e-12)
            assert row.mean == pytest.approx(wanted["psych"]["meanr"], abs=1e-12)


def test_mean_of_all_splits_is_alpha_for_an_even_number_of_items():
    # Cronbach (1951): exact.
    covariance = np.cov(factor_answers(3, items=8).T)
    sides, sampled = halves(8, 10_000, 1)
    assert not sampled
    assert len(sides) == 35
    assert split_reliabilities(covariance, sides).mean() == pytest.approx(guttman_bounds(covariance).lambda3, abs=1e-12)


@pytest.mark.parametrize("items", [2, 3, 4, 5, 7])
def test_every_split_occurs_once(items):
    sides, _ = halves(items, 10_000, 1)
    distinct = {tuple(side) for side in sides} | {tuple(-side) for side in sides}
    assert len(distinct) == 2 * len(sides)
    assert (np.abs(sides.sum(axis=1)) == items % 2).all()


def test_many_splits_are_sampled_and_the_note_says_so():
    survey = survey_of(factor_answers(2, items=20))
    result = split_half(survey, most_splits=500, seed=3)
    assert result.frame["sampled"].all()
    assert "Splits of All are a random sample, seed 3." in result.note
    again = split_half(survey, most_splits=500, seed=3)
    assert result.splits["all"].tolist() == again.splits["all"].tolist()
    exact = guttman_bounds(np.cov(survey.answers.to_numpy().T)).lambda3
    assert result.frame["mean"].iloc[0] == pytest.approx(exact, abs=4 * result.splits["all"].std() / np.sqrt(500))


@pytest.mark.parametrize("seed", range(6))
def test_greatest_lower_bound_is_certified_by_duality(seed):
    # For any Y without negative eigenvalues and with diagonal of at least 1, trace(S Y) is at least the largest error
    # variance. A nearly optimal Y comes from the same search: the two must meet.
    covariance = np.cov(factor_answers(seed, items=4 + seed).T)
    total = covariance.sum()
    error_sum = (1 - greatest_lower_bound(covariance)) * total
    assert error_sum <= dual_value(covariance) + 1e-9 * total
    assert error_sum >= dual_value(covariance) - 1e-5 * total
    bounds = guttman_bounds(covariance)
    sides, _ = halves(len(covariance), 10_000, 1)
    best = max(bounds.lambda2, bounds.lambda5, bounds.lambda6, split_reliabilities(covariance, sides).max())
    assert 1 - error_sum / total >= best - 1e-9


def dual_value(covariance):
    """The smallest trace(S V V') over V with rows of length 1 or more: another problem, solved by another method."""
    from scipy.optimize import minimize

    k = len(covariance)

    def value(flat):
        v = flat.reshape(k, k)
        length = np.linalg.norm(v, axis=1, keepdims=True)
        unit = v / length
        gradient = 2 * covariance @ unit
        gradient = (gradient - unit * (gradient * unit).sum(axis=1, keepdims=True)) / length
        return float(np.trace(covariance @ unit @ unit.T)), gradient.ravel()

    starts = np.random.default_rng(0).standard_normal((4, k * k))
    return min(minimize(value, s, jac=True, options={"gtol": 1e-9, "maxiter": 5000}).fun for s in starts)


def test_one_factor_reaches_its_reliability():
    # Covariances of exactly one factor: the greatest lower bound is the reliability of the sum.
    loadings = np.array([0.9, 0.7, 0.6, 0.8])
    covariance = np.outer(loadings, loadings) + np.diag([0.4, 0.5, 0.6, 0.3])
    assert greatest_lower_bound(covariance) == pytest.approx(loadings.sum() ** 2 / covariance.sum(), abs=1e-7)


def test_items_that_follow_from_one_another_have_no_bound_that_inverts():
    covariance = np.ones((3, 3))
    assert np.isnan(guttman_bounds(covariance).lambda6)
    assert np.isnan(greatest_lower_bound(covariance))


def test_items_that_do_not_vary_are_dropped_and_two_must_be_left():
    answers = factor_answers(1, items=4)
    answers[:, 0] = 3
    assert split_half(survey_of(answers)).frame["items"].tolist() == [3]
    answers[:, 1:3] = 3
    with pytest.raises(AnalysisError, match="It takes 2 items that vary, and there is 1"):
        split_half(survey_of(answers))
    with pytest.raises(OptionError, match="most_splits=0 must be a whole number, at least 1"):
        split_half(survey_of(answers), most_splits=0)


def test_words_and_picture(shipped):
    result = split_half(shipped("bfi"))
    assert result.text.startswith(
        "Splits differ most in Openness: its halves agree with a reliability between 0.49 and 0.65, 0.58 on average "
        "over 10 splits."
    )
    assert "Openness: 0.49 to 0.65, mean 0.58, alpha 0.60" in result.alt
    assert result.picture().png.startswith(b"\x89PNG")


@pytest.mark.parametrize("name", [*SURVEYS, "hs1939"])
def test_stratified_alpha_equals_the_formula_in_r(reference, shipped, name):
    # R: 1 - sum(v * (1 - alpha(each)$total$raw_alpha)) / var(rowSums(x)), complete rows
    wanted = reference("validation_reliability")["stratified"][name]
    found = stratified_alpha(shipped(name))
    assert found.n == wanted["n"]
    assert found.stratified == pytest.approx(wanted["stratified"], abs=1e-12)
    assert found.alpha == pytest.approx(wanted["alpha"], abs=1e-12)


def test_dimensions_without_relation_add_their_errors():
    # Exact: two dimensions of uncorrelated sums.
    rng = np.random.default_rng(4)
    raw = rng.standard_normal((50, 4))
    raw -= raw.mean(axis=0)
    block = np.kron(np.eye(2), np.array([[1, 0.5], [0.5, 1]]))
    exact = raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw.T))).T @ np.linalg.cholesky(block).T
    found = stratified_alpha(survey_of(exact, {"a": ["q1", "q2"], "b": ["q3", "q4"]}))
    assert found.frame["alpha"].tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3], abs=1e-12)  # 2 .5 / (1 + .5)
    assert found.frame["share_of_variance"].tolist() == pytest.approx([0.5, 0.5, 1], abs=1e-12)
    assert found.alpha == pytest.approx(4 / 3 * (1 - 4 / 6), abs=1e-12)
    assert found.text == (
        "The total of 2 dimensions has a stratified alpha of 0.67; Cronbach's alpha, which takes all items for one "
        "dimension, gives 0.44."
    )
    assert found.picture().png.startswith(b"\x89PNG")


def test_stratified_alpha_takes_two_dimensions():
    with pytest.raises(AnalysisError, match=r"Stratified alpha needs two dimensions; 'small' has 1\."):
        stratified_alpha(survey_of(factor_answers(1)))
