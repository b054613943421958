"""Surveys with holes keep everybody: the same verdicts as without, and intervals that cover what they should."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import cache, partial

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit.errors import OptionError
from cxkit.statistics.alpha import alpha_from_covariance, feldt_interval
from cxkit.survey.survey import Survey
from cxkit.validation.correlations import Missing, moments
from cxkit.validation.structure.fit import FITS
from tests.validation.building import factor_answers, survey_of, with_gaps

PEOPLE = 500


@cache
def culture(share: float) -> Survey:
    """Complete respondents of the synthetic culture survey, this share of whose answers is then deleted at random."""
    survey = cx.load_survey("culture_synthetic")
    whole = survey.given.notna().all(axis=1)
    survey = survey.subset(whole & (whole.cumsum() <= PEOPLE))
    values = survey.given.to_numpy(dtype="float64").copy()
    values[np.random.default_rng(11).random(values.shape) < share] = np.nan
    return replace(survey, given=pd.DataFrame(values, index=survey.given.index, columns=survey.given.columns))


def verdicts(share: float) -> dict[str, list[tuple[str, str, float]]]:
    survey = culture(share)
    results = [
        cx.cronbach_alpha(survey),
        cx.sampling_adequacy(survey, missing="fiml"),
        cx.confirm_structure(survey, missing="fiml"),
        cx.convergent_validity(survey, missing="fiml"),
        cx.discriminant_validity(survey, missing="fiml", bootstraps=0),
    ]
    for result in results:
        assert (result.n, result.n_dropped) == (PEOPLE, 0), result.title
    return {r.title: [(v.subject, v.verdict, v.value) for v in r.verdicts.items] for r in results}


@pytest.mark.parametrize("share", [0.03, 0.10])
def test_holes_lose_nobody_and_change_no_verdict_of_the_structure(share: float) -> None:
    """Fit, loadings, AVE, discriminant validity and KMO are judged alike; an alpha beside .80 may cross it by .01.

    The KMO of single items is not compared: with a tenth of the answers gone its partial correlations are noisier, and
    grades at .90 change by up to .03 (6 of 40 items).
    """
    whole, holes = verdicts(0.0), verdicts(share)
    for title, expected in whole.items():
        for before, after in zip(expected, holes[title], strict=True):
            assert before[0] == after[0]
            if title.startswith("Sampling adequacy") and before[0] != "all items":
                continue
            near = title.startswith("Reliability") and abs(before[2] - after[2]) < 0.01
            assert before[1] == after[1] or near, (title, before, after)


def test_one_sample_is_estimated_once() -> None:
    """All models of one survey share the saturated moments of its answers."""
    survey = culture(0.03)
    FITS.clear()  # a fit of another test may hold moments that have made room since
    first = cx.confirm_structure(survey, missing="fiml")
    second = cx.confirm_structure(survey, model="one-factor", missing="fiml")
    assert second.fit.sample.groups[0] is first.fit.sample.groups[0]


def test_one_model_of_one_sample_is_fitted_once_and_warns_every_time() -> None:
    few = [d.key for d in culture(0.0).dimensions][:2]
    first = cx.confirm_structure(culture(0.03), dimensions=few)
    assert cx.confirm_structure(culture(0.03), dimensions=few).fit is first.fit
    for other in (
        cx.confirm_structure(culture(0.10), dimensions=few),
        cx.confirm_structure(culture(0.03), dimensions=few, missing="listwise"),
        cx.confirm_structure(culture(0.03), dimensions=few, estimator="ML"),
        cx.confirm_structure(culture(0.03), dimensions=few, model="orthogonal"),
    ):
        assert other.fit is not first.fit
    for _ in range(2):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            cx.confirm_structure(culture(0.03), dimensions=few[:1], ordered=True)
        assert any("combinations of answers that nobody gave" in str(one.message) for one in caught)


@pytest.mark.parametrize("missing", ["fiml", "pairwise", "complete"])
def test_three_treatments_agree_where_nothing_is_missing(missing: Missing) -> None:
    answers = culture(0.0).answers.iloc[:, :10]
    found = moments(answers, missing)
    assert found.covariance == pytest.approx(answers.cov().to_numpy(), abs=1e-10)
    assert found.n == PEOPLE
    assert found.n_pairs == pytest.approx(PEOPLE)


def test_factor_solution_from_all_answers_is_near_that_without_holes() -> None:
    whole = cx.exploratory_factors(culture(0.0), n_factors=8)
    holes = cx.exploratory_factors(culture(0.10), n_factors=8, missing="fiml")
    assert holes.n == PEOPLE
    assert "maximum likelihood from all answers" in holes.note
    # Factors of equal size may change places: which items are together is what counts.
    one, other = (f.frame["main_factor"].to_numpy() for f in (whole, holes))
    together, still = (f[:, None] == f for f in (one, other))
    assert (together == still).all()


def test_by_default_nobody_is_left_out_and_the_note_says_what_stands_in_for_whom() -> None:
    """Every analysis of correlations: as with complete answers asked for where nothing is missing, all people else."""
    few = [d.key for d in culture(0.0).dimensions][:3]
    analyses = {
        cx.sampling_adequacy: {}, cx.exploratory_factors: {"n_factors": 3}, cx.hierarchical_omega: {},
        cx.minimum_average_partial: {}, cx.parallel_analysis: {"simulations": 3},
        cx.number_of_factors: {"simulations": 3},
    }  # fmt: skip
    for analysis, options in analyses.items():
        found = analysis(culture(0.10), dimensions=few, **options)
        assert (found.n, found.n_dropped) == (PEOPLE, 0), analysis
        complete = analysis(culture(0.10), dimensions=few, missing="complete", **options)
        assert complete.n < PEOPLE / 2 < complete.n_dropped, analysis
        assert f"{PEOPLE} respondents gave some answers, {complete.n} of them all" in found.note, analysis
        whole = (analysis(culture(0.0), dimensions=few, **options, **how) for how in ({}, {"missing": "complete"}))
        one, other = (result.frame.select_dtypes("number") for result in whole)
        pd.testing.assert_frame_equal(one, other)


def test_bifactor_from_all_answers_is_that_of_full_information() -> None:
    """The general factor's loadings are those of `confirm_structure(model="bifactor", missing="fiml")`."""
    survey = culture(0.10)
    few = [d.key for d in survey.dimensions][:3]
    found = cx.hierarchical_omega(survey, method="bifactor", dimensions=few)
    model = cx.confirm_structure(survey, model="bifactor", dimensions=few)
    assert found.n == model.n == PEOPLE
    general = model.frame[model.frame["factor"] == model.frame["factor"].iloc[0]].set_index("item")["loading"]
    ours = found.loadings.set_index("item")["general"]
    assert ours.to_numpy() == pytest.approx(general.loc[ours.index].to_numpy(), abs=1e-4)


@pytest.mark.filterwarnings("ignore::cxkit.CxkitWarning")  # of empty cells and of cut-offs, tested elsewhere
@pytest.mark.parametrize("missing", [None, "fiml", "pairwise"])
def test_ordered_answers_keep_everybody_too(missing: str | None) -> None:
    survey = culture(0.10)
    few = [d.key for d in survey.dimensions][:1]
    found = cx.confirm_structure(survey, dimensions=few, ordered=True, missing=missing)
    answered = int(survey.answers[list(found.blueprint.items)].notna().any(axis=1).sum())
    assert found.n == answered > 0.99 * PEOPLE
    assert found.settings["missing"] == "pairwise"
    assert "correlations from all who answered both" in found.note
    whole = cx.confirm_structure(culture(0.0), dimensions=few, ordered=True)
    assert found.frame["loading"].to_numpy() == pytest.approx(whole.frame["loading"].to_numpy(), abs=0.05)
    assert cx.confirm_structure(survey, dimensions=few, ordered=True, missing="listwise").n < 0.7 * PEOPLE


def test_a_handling_that_the_estimator_cannot_give_is_refused() -> None:
    survey = culture(0.03)
    few = [d.key for d in survey.dimensions][:1]
    for options, message in (
        ({"estimator": "WLSMV", "missing": "fiml"}, "goes with estimator='ML' or 'MLR', not 'WLSMV'. Use 'pairwise'"),
        ({"missing": "pairwise", "ordered": False}, "missing='pairwise' is for items treated as ordered"),
    ):
        with pytest.raises(OptionError, match=message):
            cx.confirm_structure(survey, dimensions=few, **options)
    with pytest.raises(OptionError, match="missing='pairwise' is for ordered answers"):
        cx.measurement_invariance(survey, missing="pairwise")


@pytest.mark.filterwarnings("ignore::cxkit.CxkitWarning")
def test_omega_and_what_rests_on_it_count_everybody_who_answered() -> None:
    whole, holes = culture(0.0), culture(0.10)
    few = [d.key for d in whole.dimensions][:2]
    for analysis, column in (
        (lambda s: cx.omega(s, dimensions=few, bootstraps=0), "omega"),
        (lambda s: cx.ordinal_reliability(s, dimensions=few), "omega_categorical"),
        (lambda s: cx.measurement_error(s, dimensions=few, coefficient="omega"), "sem"),
    ):
        found, wanted = analysis(holes), analysis(whole)
        assert (found.frame["n"] > 0.99 * PEOPLE).all()
        assert found.n == PEOPLE
        assert found.frame[column].to_numpy() == pytest.approx(wanted.frame[column].to_numpy(), abs=0.02)
    assert "Respondents with some answers take part" in cx.omega(holes, dimensions=few, bootstraps=0).note
    assert (cx.omega(holes, dimensions=few, missing="complete", bootstraps=0).frame["n"] < 0.7 * PEOPLE).all()


def test_omega_with_missing_answers_is_semtools(shipped, reference) -> None:
    # R: tests/reference/scripts/omega_missing.R: compRelSEM(cfa("f =~ ...", x, std.lv = TRUE, missing = "fiml"))
    frame = cx.omega(shipped("bfi"), bootstraps=0).frame.set_index("dimension")
    for dimension, wanted in reference("omega_missing")["bfi"].items():
        assert frame.loc[dimension, "n"] == wanted["n"]
        assert frame.loc[dimension, "omega"] == pytest.approx(wanted["omega"], abs=1e-5)
        assert frame.loc[dimension, "omega_implied"] == pytest.approx(wanted["implied"], abs=1e-5)


def test_omegas_interval_covers_with_missing_answers() -> None:
    """Of 60 samples (n = 150, 5 items, 20 % missing) the interval of 90 % holds the true omega in 48 or more."""
    rng = np.random.default_rng(3)
    truth = 25 / 30
    hits = 0
    for _ in range(60):
        values = rng.standard_normal((150, 1)) + rng.standard_normal((150, 5))
        values[rng.random(values.shape) < 0.2] = np.nan
        row = cx.omega(survey_of(values), confidence=0.9, bootstraps=200).frame.iloc[0]
        hits += row["ci_low"] <= truth <= row["ci_high"]
    assert hits >= 48


@pytest.mark.parametrize(("items", "n", "missing"), [(5, 200, 0.3), (10, 100, 0.3), (4, 400, 0.5)])
def test_feldts_interval_covers_with_missing_answers(items: int, n: int, missing: float) -> None:
    """The interval of alpha with the harmonic mean of the pairs' n covers 93 to 98.5 %; complete rows are few."""
    rng = np.random.default_rng([items, n])
    truth = items / (items + 1)  # of equal loadings and residual variances of 1
    hits, complete = [], []
    for _ in range(400):
        values = rng.standard_normal((n, 1)) + rng.standard_normal((n, items))
        values[rng.random(values.shape) < missing] = np.nan
        found = moments(pd.DataFrame(values), "pairwise")
        low, high = feldt_interval(alpha_from_covariance(found.covariance), n=found.n_pairs, items=items)
        hits.append(low <= truth <= high)
        complete.append(found.n_complete)
    assert 0.93 <= np.mean(hits) <= 0.985
    assert np.mean(complete) < 0.3 * n


def test_polychoric_correlations_are_named_and_never_said_to_be_of_all_answers():
    """KMO, factors and partials of ordered answers come from pairs of answers, whatever `missing` says."""
    answers = with_gaps(np.clip(np.round(factor_answers(3, n=300, items=6, factors=2) + 3), 1, 5), 5, 0.05)
    survey = survey_of(answers, scale={"low": 1, "high": 5})
    for ask in (cx.sampling_adequacy, cx.minimum_average_partial, partial(cx.exploratory_factors, n_factors=2)):
        found = ask(survey, correlation="polychoric")
        assert found.settings["missing"] == "pairwise"
        assert (
            "Polychoric correlations. Each correlation rests on the respondents who answered both items" in found.note
        )
        assert "EM" not in found.note
        assert "Polychoric" not in ask(survey).note


@pytest.mark.parametrize("share", [0.03, 0.10])
def test_holes_change_no_level_of_invariance(share: float) -> None:
    one, other = (cx.measurement_invariance(culture(s), by="level", missing="fiml").evidence for s in (0.0, share))
    assert set(one.levels.values()) == {"strict"}
    assert (one.levels, one.partial) == (other.levels, other.partial)
