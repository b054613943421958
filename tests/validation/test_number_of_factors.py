"""Average partials and what the methods say, against R's psych 2.2.9 and lavaan 0.6-14.

The calls stand in tests/reference/scripts/reliability.R.
"""

from dataclasses import replace

import numpy as np
import pytest

import cxkit as cx
from cxkit.errors import AnalysisError, OptionError
from cxkit.validation.factors.average_partial import average_partials, minimum_average_partial
from cxkit.validation.factors.number_of_factors import most_agreed, number_of_factors, optimal_coordinates
from tests.validation.building import each_case, factor_answers, survey_of

SHARED = ["agreeableness", "conscientiousness", "extraversion"]


@each_case
def test_average_partials_equal_psych(reference, shipped, case):
    # R: vss(cor(x), n = 8)$map begins with one component; its last value, of items - 1 components, is always 1
    wanted = reference("validation_reliability")["numbers"][case.key]
    frame = minimum_average_partial(shipped(case.name), **case.options).frame
    found = frame["squared"].to_numpy()[1:]
    shared = min(len(found), len(wanted["map"]))
    assert found[:shared] == pytest.approx(wanted["map"][:shared], abs=1e-10)
    fourth = frame["fourth_power"].to_numpy()[1:]
    assert fourth == pytest.approx(wanted["map4"][: len(fourth)], abs=1e-10)


@each_case
def test_scree_and_kaiser_equal_the_rules_in_r(reference, shipped, case):
    wanted = reference("validation_reliability")["numbers"][case.key]
    found = number_of_factors(shipped(case.name), **case.options, simulations=5).frame.set_index("method")["n_factors"]
    assert found["Scree, optimal coordinates"] == wanted["optimal"]
    assert found["Eigenvalues above 1 (Kaiser)"] == wanted["kaiser"]


def test_polychoric_eigenvalues_equal_r(reference, shipped):
    # R: rho <- lavCor(x, ordered = names(x)); eigen(rho)$values; fa(rho, 1, fm = "minres")$values; vss(rho, n = 8)$map
    wanted = reference("validation_reliability")["polychoric"]
    options = {"dimensions": SHARED, "correlation": "polychoric", "missing": "complete"}
    for method, key in (("components", "pc_values"), ("factor", "fa_values")):
        found = cx.parallel_analysis(shipped("bfi"), **options, method=method, simulations=2).frame["observed"]
        assert found.to_numpy() == pytest.approx(wanted[key], abs=2e-5)
    partial = minimum_average_partial(shipped("bfi"), **options).frame["squared"].to_numpy()
    assert partial[1:9] == pytest.approx(wanted["map"], abs=1e-5)


@pytest.mark.parametrize("random_data", ["resampled", "normal"])
def test_polychoric_parallel_analysis_agrees_with_psych(reference, shipped, random_data):
    # R: set.seed(1); fa.parallel(x, fm = "minres", fa = "both", cor = "poly", n.iter = 20, quant = .95): the same
    # numbers of factors, and mean random eigenvalues within 0.01 (their standard deviation over draws is about 0.02,
    # which 20 and 40 draws leave as 0.005).
    wanted = reference("validation_reliability")["polychoric"]
    options = {"dimensions": SHARED, "correlation": "polychoric", "random_data": random_data, "simulations": 40}
    options |= {"missing": "complete"}
    components = cx.parallel_analysis(shipped("bfi"), **options, method="components")
    assert components.n_factors == wanted["ncomp"]
    assert components.frame["random_mean"].to_numpy() == pytest.approx(wanted["pc_resampled_mean"], abs=0.015)
    factors = cx.parallel_analysis(shipped("bfi"), **options)
    assert factors.n_factors == wanted["nfact"]
    assert "Polychoric correlations." in factors.note
    assert "Olsson 1979" in factors.note


def test_one_component_that_explains_all_leaves_nothing():
    # Items that share one component and nothing else: the average is zero after it, exactly.
    frame = average_partials(np.full((4, 4), 0.5) + 0.5 * np.eye(4))
    assert frame["squared"].iloc[0] == pytest.approx(0.25)
    assert frame["squared"].iloc[1] == pytest.approx(1 / 9)  # what a component takes too much: -1/3 each


def test_finds_the_factors_that_were_put_in():
    for factors in (1, 2, 3):
        survey = survey_of(factor_answers(factors, n=400, items=12, factors=factors))
        result = number_of_factors(survey, simulations=40)
        assert result.n_factors == factors
        assert minimum_average_partial(survey).n_factors == factors


def test_the_vote():
    assert most_agreed([3, 2, 2]) == 2
    assert most_agreed([3, 2, 2, 3]) == 3  # a tie goes to the first, parallel analysis of factors
    assert most_agreed([5, 2, 2, 4, 4]) == 4  # or to the larger number


def test_optimal_coordinates_by_hand():
    # Line from eigenvalue 3 to the last has slope -0.1, so that 0.6 is predicted for the second: 1.2 lies above it.
    assert optimal_coordinates(np.array([2.6, 1.2, 0.5, 0.4, 0.3])) == 2
    assert optimal_coordinates(np.array([0.9, 0.8, 0.7])) == 0
    assert optimal_coordinates(np.array([1.5, 0.5])) == 0


def test_contrasts_do_not_count(shipped):
    result = number_of_factors(shipped("customersat"), simulations=20)
    outside = result.frame[~result.frame["counts"]]
    assert outside["method"].tolist() == ["Eigenvalues above 1 (Kaiser)", "Dimensions of the instrument"]
    votes = result.frame.loc[result.frame["counts"], "n_factors"].tolist()
    assert result.n_factors == most_agreed(votes)
    assert (result.lowest, result.highest) == (min(votes), max(votes))


def test_ordinal_adds_polychoric_methods(shipped):
    result = number_of_factors(shipped("bfi"), dimensions=SHARED, ordinal=True, simulations=10, missing="complete")
    polychoric = [m for m in result.frame["method"] if m.endswith("polychoric")]
    assert len(polychoric) == 4
    assert result.n_factors == 3
    # One vote a method: the same rule on the same answers as numbers stands beside it and does not count.
    voting = result.frame.loc[result.frame["counts"], "method"].str.removesuffix(", polychoric")
    assert voting.is_unique
    assert set(polychoric) <= set(result.frame.loc[result.frame["counts"], "method"])


def test_the_seed_decides():
    options = {"correlation": "polychoric", "random_data": "normal", "simulations": 5}
    survey = survey_of(np.round(factor_answers(1)))
    one, same, other = (cx.parallel_analysis(survey, **options, seed=seed).frame["random"] for seed in (5, 5, 6))
    assert one.equals(same)
    assert not one.equals(other)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda s: minimum_average_partial(s, correlation="poly"),
            "correlation='poly' is not known. Known: pearson, polychoric",
        ),
        (
            lambda s: minimum_average_partial(s, correlation="polychoric"),
            "(?s)with polychoric correlations is not poss",
        ),
        (lambda s: number_of_factors(s, simulations=0), "simulations=0 must be a whole number, at least 1"),
        (lambda s: number_of_factors(s, dimensions=["al"]), "has no dimension 'al'"),
    ],
)
def test_options_are_checked(call, message):
    with pytest.raises((AnalysisError, OptionError), match=message):
        call(survey_of(factor_answers(1)))


def test_two_items_are_too_few():
    with pytest.raises(AnalysisError, match="The minimum average partial needs three items; there are 2"):
        minimum_average_partial(survey_of(factor_answers(1, items=2)))


def test_an_answer_too_rare_to_be_drawn_again():
    answers = np.round(factor_answers(1, n=30)).clip(-2, 2)
    answers[:, 0] = 1
    answers[0, 0] = 2
    with pytest.raises(AnalysisError, match=r"some item no longer varies.*random_data='normal'"):
        cx.parallel_analysis(survey_of(answers), correlation="polychoric")
    with pytest.raises(AnalysisError, match=r"some item no longer varies.*correlation='pearson'"):
        cx.parallel_analysis(survey_of(answers), correlation="polychoric", random_data="normal")


def test_words_and_pictures(shipped):
    result = number_of_factors(shipped("hs1939"))
    assert result.text == (
        "3 of 5 methods suggest 3 factors; the suggestions range from 2 to 3. The instrument has 3 dimensions. "
        "Kaiser's rule would say 3, and is known to be a poor guide."
    )
    assert "Minimum average partial: 2" in result.alt
    assert result.picture().png.startswith(b"\x89PNG")
    partial = minimum_average_partial(shipped("hs1939"))
    assert partial.text == (
        "The average squared partial correlation is smallest (0.063) after 2 components, the average fourth power "
        "after 2 components."
    )
    assert partial.alt.startswith("Average squared partial correlation by number of components taken out. 0: 0.1")
    assert partial.picture().png.startswith(b"\x89PNG")


def test_methods_of_which_no_two_agree_agree_on_nothing(shipped):
    result = number_of_factors(shipped("hs1939"), simulations=20)
    apart = result.frame.copy()
    apart.loc[apart["counts"], "n_factors"] = [3, 1, 2, 5, 4]
    told = replace(result, frame=apart, n_factors=3, lowest=1, highest=5)
    assert told.text.startswith(
        "The methods do not agree: 1, 2, 3, 4 and 5 factors, one method each. n_factors is 3, that of parallel analysis"
    )
    assert "most agree" not in told.text + told.alt
    assert "most agree on" in result.alt
