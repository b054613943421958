"""Items with two answers: what of their invariance can be tested, and by which degrees of freedom.

R's calls are in tests/reference/scripts/invariance_binary.R: semTools' measEq.syntax(ID.cat = "Wu.Estabrook.2016",
ID.fac = "std.lv") on neuroticism of bfi by gender, with the answers to two items, or to all, split at 3.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import cxkit as cx
from cxkit import sem
from cxkit.errors import ModelError
from cxkit.survey.datasets import dataset_path
from cxkit.validation.invariance.judging import difference
from cxkit.validation.invariance.models import BINARY, ORDERED
from tests.validation.building import survey_of

ITEMS = [f"N{i}" for i in range(1, 6)]
SPLIT = {"mixed": ["N4", "N5"], "binary": ITEMS}
MODEL = f"all =~ {' + '.join(ITEMS)}"
GAP = 0.5


@pytest.fixture(scope="module")
def answers():
    data = pd.read_csv(dataset_path("bfi"))[[*ITEMS, "gender"]].dropna()
    return {
        name: data.assign(**{item: (data[item] > 3).astype(int) for item in items}) for name, items in SPLIT.items()
    }


@pytest.mark.filterwarnings("ignore:. of 10 pairs of items:cxkit.errors.CxkitWarning")
@pytest.mark.parametrize("case", SPLIT)
@pytest.mark.parametrize("parameterization", ["theta", "delta"])
def test_every_set_of_equalities_equals_semtools(reference, answers, case, parameterization):
    # R: measEq.syntax(ID.cat = "Wu.Estabrook.2016", group.equal = ...); equal residuals under theta alone
    for level, wanted in reference("invariance_binary")["steps"][case][parameterization].items():
        fit = sem.cfa(MODEL, answers[case], group="gender", equal=ORDERED[level], ordered=True, std_lv=True,
                      parameterization=parameterization)  # fmt: skip
        assert [fit.measures["npar"], fit.df] == [wanted["npar"], wanted["df"]], level
        for name in ("chisq", "chisq.scaled"):
            assert fit.measures[name] == pytest.approx(wanted[name], rel=1e-5), (level, name)


def by_half(data, half, **options):
    survey = survey_of(data)
    by = pd.Series(np.asarray(half).astype(str), index=survey.given.index, name="half")
    return cx.measurement_invariance(survey, by=by, ordinal=True, share=0, **options)


@pytest.mark.parametrize("case", SPLIT)
def test_ladder_tests_what_can_be_tested(reference, answers, case):
    # R: lavTestLRT(fit below, fit); under metric with a free residual variance of items with two answers
    result = by_half(answers[case][ITEMS], answers[case]["gender"])
    wanted, frame = reference("invariance_binary")["ladders"][case], result.frame
    assert frame["level"].tolist() == wanted["level"] == list({"mixed": ORDERED, "binary": BINARY}[case])
    assert frame["df"].tolist() == wanted["df"]
    assert frame["chi_square"].to_numpy() == pytest.approx(np.array(wanted["chisq"]), rel=1e-4)
    rows = frame.iloc[1:]
    assert rows["d_df"].tolist() == wanted["d_df"]
    assert rows["d_chi_square"].to_numpy() == pytest.approx(np.array(wanted["d_chisq"]), rel=1e-4)
    assert rows["d_p"].to_numpy() == pytest.approx(np.array(wanted["p"]), rel=1e-3)
    assert "Wu & Estabrook 2016" in " ".join(result.notes)


def simulated(seed, *, people=400, cuts=(0.0, 0.1, 0.2, 0.3, 0.4), shift=0.0):
    """Items of one factor whose mean is `GAP` higher in the second half; `shift` is of the second item alone."""
    rng = np.random.default_rng(seed)
    half = np.arange(people) % 2
    factor = rng.standard_normal(people) + GAP * half
    latent = 0.8 * factor[:, None] + 0.6 * rng.standard_normal((people, len(cuts)))
    latent[:, 1] += shift * half
    return pd.DataFrame(latent > np.array(cuts), columns=[f"q{i}" for i in range(len(cuts))]).astype(int), half


def test_fair_items_with_two_answers_are_not_rejected_for_a_gap_of_the_means():
    reached = [by_half(*simulated(seed)).evidence.levels["all"] for seed in range(8)]
    # Two tests at 5 % together; before, the gap itself was taken for unequal thresholds in every survey.
    assert sum(level in ("scalar", "strict") for level in reached) >= 7


def test_a_shifted_item_with_two_answers_is_found_and_let_go():
    data, half = simulated(2, people=800, shift=0.7)
    survey = survey_of(data)
    by = pd.Series(half.astype(str), index=survey.given.index, name="half")
    result = cx.measurement_invariance(survey, by=by, ordinal=True)
    assert result.evidence.partial == {"all": ("q1 ~ 1",)}
    # Of three such items, two only give mean and variance of the factor: without the third nothing is tested.
    three = survey_of(data[["q0", "q1", "q2"]])
    few = cx.measurement_invariance(three, by=by, ordinal=True).frame
    assert few["df"].tolist() == [0, 1, 4]
    assert (few["freed"] == "").all()


def test_a_level_that_such_items_do_not_have_is_part_of_the_next():
    for level in ("thresholds", "metric"):
        assert by_half(*simulated(1), up_to=level).frame["level"].tolist() == ["configural"]
    assert by_half(*simulated(1), up_to="scalar").frame["level"].tolist() == ["configural", "scalar"]


def test_one_model_with_a_factor_of_such_items_alone():
    binary, half = simulated(3, people=900, cuts=(0.0, 0.1, 0.2, 0.3))
    ordered = sum(simulated(4, people=900, cuts=(low, low, low, low))[0] for low in (-0.8, 0.0, 0.8))
    data = pd.concat([binary, ordered.set_axis([f"p{i}" for i in range(4)], axis=1)], axis=1)
    survey = survey_of(data, {"two": list(data)[:4], "four": list(data)[4:]})
    by = pd.Series(half.astype(str), index=survey.given.index, name="half")
    result = cx.measurement_invariance(survey, by=by, ordinal=True, together=True, share=0)
    # 4 thresholds of the ordered items beyond origin and unit; 3 of their loadings; 3 intercepts and of the others 2.
    assert result.frame["d_df"].tolist()[1:] == [4, 3, 5, 8]
    fits = result.fits["together"]
    assert all(above.df >= below.df for below, above in pairwise(fits.values()))


def test_models_that_are_not_nested_are_not_compared(answers):
    options = {"group": "gender", "ordered": True, "std_lv": True}
    metric, scalar = (
        sem.cfa(MODEL, answers["binary"], equal=ORDERED[level], **options) for level in ("metric", "scalar")
    )
    assert (metric.df, scalar.df) == (14, 13)
    with pytest.raises(ModelError, match=r"fewer degrees of freedom \(13\)"):
        difference(metric, scalar)


def test_a_released_threshold_of_an_item_with_two_answers_needs_no_free_intercept(answers):
    options = {"group": "gender", "ordered": True, "std_lv": True, "equal": "thresholds"}
    held = sem.cfa(MODEL, answers["binary"], **options)
    released = sem.cfa(MODEL, answers["binary"], free=["N5 | t1"], **options)
    # The equality restricts nothing, so that releasing it changes nothing.
    assert released.df == held.df
    assert released.measures["chisq"] == pytest.approx(held.measures["chisq"], rel=1e-6)
